//! Who owns which fields after random writes, beside what Kubernetes' own field manager makes of them
//! (`tools/field-manager`).

use kubetutor::api::Time;
use kubetutor::api::kind::Subresource;
use kubetutor::api::managed::{Custom, CustomVersion, Writer, on_apply, on_update};
use serde_json::{Value, json};

use super::managed::{put, recorded, without_nulls};

/// A history a line; the first line is the schema.
const RANDOM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/managed/random.jsonl");

/// Owners as the histories have them; all that was written before was written at the same time.
fn brief(o: &Value) -> Value {
    let brief = |e: &Value| {
        json!([
            e["manager"],
            e["operation"],
            e["apiVersion"],
            e["subresource"].as_str().unwrap_or(""),
            e["time"].is_string(),
            e["fieldsV1"]
        ])
    };
    let entries = recorded(o, false);
    entries
        .iter()
        .zip(o["metadata"]["managedFields"].as_array().into_iter().flatten())
        .map(|(e, raw)| {
            let mut e = e.clone();
            e["time"] = raw["time"].clone();
            brief(&e)
        })
        .collect()
}

/// The lines of an error, whose order is chance.
fn lines(error: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = error.lines().collect();
    lines.sort_unstable();
    lines
}

fn wander(schema: &Value, line: &str) -> Vec<String> {
    let steps: Vec<Value> = serde_json::from_str(line).unwrap();
    let (mut live, mut out) = (None::<Value>, vec![]);
    for (i, step) in steps.iter().enumerate() {
        let flag = |k: &str| step[k].as_bool().unwrap();
        let version = format!("x.io/{}", step["version"].as_str().unwrap());
        let of = |v: &str| CustomVersion { api_version: format!("x.io/{v}"), schema, status: true };
        let kind = Custom {
            api_version: &version,
            kind: "Gadget",
            versions: vec![of("v1"), of("v2")],
            subresource: flag("status").then_some(Subresource::Status),
            preserve_unknown_fields: false,
            converter: None,
        };
        let subresource = if flag("status") { "status" } else { "" };
        let writer = Writer { manager: step["by"].as_str().unwrap(), subresource, time: Time::ZERO };
        let result = if flag("apply") {
            on_apply(live.as_ref(), &step["body"], &kind, &writer, flag("force"))
        } else {
            let mut new = step["body"].clone();
            on_update(live.as_ref(), &mut new, &kind, &writer);
            Ok(new)
        };
        let mut differ = |what: &str, want: &Value, got: &Value| {
            if want != got {
                out.push(format!("step {}: {what}\n  real {want}\n  ours {got}\n  of {line}", i + 1));
            }
        };
        match result {
            Err(status) => {
                let want = step["error"].as_str().unwrap_or("none");
                differ("error", &json!(lines(want)), &json!(lines(&status.message)));
            }
            Ok(mut object) => {
                differ("error", step.get("error").unwrap_or(&Value::Null), &Value::Null);
                differ("owners", &step["owners"], &brief(&object));
                let owners = object["metadata"].as_object_mut().and_then(|m| m.remove("managedFields"));
                differ("object", &step["after"], &object);
                without_nulls(&mut object);
                object["metadata"]["uid"] = "1".into();
                put(&mut object, "/metadata/managedFields", owners);
                for e in object["metadata"]["managedFields"].as_array_mut().into_iter().flatten() {
                    if e["time"].is_string() {
                        e["time"] = "1970-01-01T00:00:01Z".into();
                    }
                }
                live = Some(object);
            }
        }
        if !out.is_empty() {
            break;
        }
    }
    out
}

#[test]
fn random_writes_go_as_with_the_real_field_manager() {
    let file = std::fs::read_to_string(RANDOM).expect("histories");
    let (schema, histories) = file.split_once('\n').expect("a schema");
    let schema: Value = serde_json::from_str(schema).expect("a schema");
    let wrong: Vec<String> = histories.lines().flat_map(|line| wander(&schema, line)).collect();
    assert!(wrong.is_empty(), "{}\n{} histories differ", wrong[..wrong.len().min(5)].join("\n"), wrong.len());
}
