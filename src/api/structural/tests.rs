//! What is made of custom resources, beside the answers of a real server (`tests/reference/structural`).

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::{Value, json};

use super::*;
use crate::api::cel::rules;
use crate::api::{go_text, yaml};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/structural");
/// What the server gives, or the record adds.
const CUT: [&str; 6] = ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "name"];

/// An object as the API server reads it: what does not belong is dropped, what is missing is filled in.
fn read(o: &mut Value, s: &Structural) -> Result<Vec<String>, String> {
    let mut unknown = vec![];
    unknown.extend(coerce_metadata(o)?);
    unknown.extend(prune(o, s));
    prune_nulls(o, s);
    unknown.extend(coerce(o, s, &Path::root()).map_err(|e| e.to_string())?);
    default(o, s);
    Ok(unknown)
}

/// The answer as the record has it, without what is the server's own.
fn answer(case: &Value, i: usize, group: &str, s: &Structural) -> Value {
    let full = |o: &Value| {
        let mut o = o.clone();
        o["apiVersion"] = format!("{group}.structural.example.com/v1").into();
        o["kind"] = "Thing".into();
        o["metadata"]["name"] = format!("thing-{i}").into();
        o
    };
    let mut o = full(&case["object"]);
    let unknown = match read(&mut o, s) {
        Ok(unknown) => unknown,
        Err(why) => return json!({"code": 400, "why": why}),
    };
    let mut errors = FieldErrors::default();
    let old = case.get("stored").map(|old| {
        let mut old = full(old);
        read(&mut old, s).expect("what was stored");
        old
    });
    validate(&o, old.as_ref(), s, &Path::root(), &mut errors);
    let mut warnings: Vec<String> = unknown.iter().map(|f| format!("unknown field \"{f}\"")).collect();
    if let Some(rules) = rules::Validator::new(s) {
        if blocks_rules(&errors) {
            rules_not_checked(&mut errors);
        } else {
            let before = old.as_ref().map(|old| rules::Before { old });
            rules::validate(&rules, s, &o, before.as_ref(), &Path::root(), &mut errors, &mut warnings);
        }
    }
    let mut out = if errors.is_empty() {
        go_text::plain_numbers(&mut o);
        CUT.iter().for_each(|k| drop(o["metadata"].as_object_mut().map(|m| m.remove(*k))));
        json!({"code": if old.is_some() { 200 } else { 201 }, "object": o})
    } else {
        // Kubernetes looks at properties in no order.
        let mut causes: Vec<_> =
            errors.list().iter().map(|e| e.cause()).map(|c| [c.reason, c.field, c.message]).collect();
        causes.sort();
        json!({"code": 422, "causes": causes})
    };
    warnings.sort();
    if !warnings.is_empty() {
        out["warnings"] = warnings.into();
    }
    out
}

#[test]
fn custom_resources_are_read_and_judged_as_a_real_server_does() {
    check("cases");
}

#[test]
fn rules_in_schemas_are_run_as_a_real_server_runs_them() {
    check("rules");
}

fn check(file: &str) {
    let text = |name: &str| std::fs::read_to_string(format!("{FOLDER}/{name}")).expect("file");
    let groups = yaml::parse_all(&text(&format!("{file}.yaml"))).expect("cases").remove(0);
    let answers: Value = serde_json::from_str(&text(&format!("{file}.answers.json"))).expect("answers");
    let mut all = vec![];
    for (group, recorded) in groups.as_array().expect("groups").iter().zip(answers.as_array().expect("answers")) {
        let name = group["name"].as_str().expect("name");
        let schema: JSONSchemaProps = serde_json::from_value(group["schema"].clone()).expect("schema");
        let s = Structural::new(&schema).expect("structural");
        for (i, (case, want)) in group["cases"]
            .as_array()
            .expect("cases")
            .iter()
            .zip(recorded["answers"].as_array().expect("answers"))
            .enumerate()
        {
            assert_eq!(case["case"], want["case"], "record the answers anew");
            let got = answer(case, i, name, &s);
            let mut want = want.clone();
            let map = want.as_object_mut().expect("an answer");
            map.remove("case");
            map.remove("reason");
            let message = map.remove("message").unwrap_or_default();
            if want["code"] == 400 {
                let why = got["why"].as_str().unwrap_or("");
                if why.is_empty() || !message.as_str().is_some_and(|m| m.contains(why)) {
                    all.push(format!("{name}: {}\n  real {message}\n  ours {got}", case["case"]));
                }
                continue;
            }
            for name in ["causes", "warnings"] {
                if let Some(all) = want.get_mut(name).and_then(Value::as_array_mut) {
                    all.sort_by_key(ToString::to_string);
                }
            }
            if got != want {
                all.push(format!("{name}: {}\n  real {want}\n  ours {got}", case["case"]));
            }
        }
    }
    assert!(all.is_empty(), "{}\n{} differ", all.join("\n"), all.len());
}

/// The parts of one error in a map: of a list, of a set.
#[test]
fn paths_lead_through_a_schema() {
    let schema = json!({"type": "object", "properties": {
        "a": {"type": "object", "additionalProperties": {"type": "object", "properties": {"b": {"type": "string"}}}},
        "c.d": {"type": "string"},
    }});
    let s = Structural::new(&serde_json::from_value(schema).expect("schema")).expect("structural");
    let follow = |path: &str| field_path::follow(path, &s, true).map(|f| f.path);
    assert_eq!(follow(".a.x.b"), Ok("a[x].b".into()));
    assert_eq!(follow("['c.d']"), Ok("c.d".into()));
    assert_eq!(follow(".a['it\\'s'].b"), Ok("a[it's].b".into()));
    for (path, why) in [
        ("a", "expected [ or . but got: a"),
        (".", "unexpected end of JSON path"),
        (".x", "does not refer to a valid field"),
        ("[a]", "expected single quoted string but got a"),
        ("['c.d'", "unexpected end of JSON path"),
        ("['\\q']", "invalid string literal: invalid escape char \\q"),
    ] {
        assert_eq!(follow(path), Err(why.into()), "{path}");
    }
}
