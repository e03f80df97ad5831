//! Who owns which fields after a write, and what an apply makes of an object, beside the answers of a real server
//! (`tests/reference/managed`).
//!
//! The engine is asked, not the API server: the object that a request makes is taken from the recording, so that
//! nothing depends on defaults and admission.

use kubetutor::api::kind::Subresource;
use kubetutor::api::managed::{
    BuiltIn, Custom, CustomVersion, FieldSet, PathElement, Scale, ScaleOwners, Versions, Writer, entries_of,
    keep_times, on_apply, on_update, options,
};
use kubetutor::api::{Duration, KindRef, Status, Time};
use serde_json::{Value, json};

const ANSWERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/managed/answers.jsonl");

/// What the server fills in once owners are known: no request asked for it.
const FILLED: &[(&str, &[&str])] = &[
    (
        "Service",
        &[
            "/spec/clusterIP",
            "/spec/clusterIPs",
            "/spec/ipFamilies",
            "/spec/ipFamilyPolicy",
            "/spec/healthCheckNodePort",
        ],
    ),
    (
        "Pod",
        &[
            "/spec/serviceAccountName",
            "/spec/serviceAccount",
            "/spec/tolerations",
            "/spec/priority",
            "/spec/preemptionPolicy",
            "/spec/volumes",
            "/spec/containers/0/volumeMounts",
            "/spec/nodeName",
        ],
    ),
    ("PersistentVolumeClaim", &["/metadata/finalizers"]),
    ("Job", &["/spec/selector", "/spec/template/metadata/labels", "/metadata/labels"]),
];

struct Sequence {
    sentence: String,
    kind: String,
    group: String,
    definition: Value,
}

/// A recorded object with its owners as the API has them.
fn real(recorded: &Value) -> Value {
    let mut o = recorded.clone();
    for e in o["metadata"]["managedFields"].as_array_mut().into_iter().flatten() {
        if let Some(text) = e["fieldsV1"].as_str() {
            e["fieldsV1"] = FieldSet::from_json(text).unwrap().to_value();
        }
        if let Some(n) = e["time"].as_u64() {
            e["time"] = time(n).rfc3339().into();
        }
    }
    o
}

fn time(n: u64) -> Time {
    Time::ZERO + Duration::from_secs(n)
}

/// Owners as they are recorded, to be compared. Those of a custom resource lie in a map, and have lost their order.
pub fn recorded(o: &Value, custom: bool) -> Vec<Value> {
    let mut entries = o["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    for e in &mut entries {
        if e["fieldsV1"].is_object() {
            let set = FieldSet::from_value(&e["fieldsV1"]).unwrap();
            e["fieldsV1"] = if custom { set.to_value().to_string() } else { set.to_json() }.into();
        }
        if let Some(t) = e["time"].as_str().and_then(Time::parse) {
            e["time"] = t.since(Time::ZERO).as_secs().into();
        }
    }
    entries
}

impl Sequence {
    fn subresource(step: &Value) -> Option<Subresource> {
        use Subresource as S;
        let all = [S::Status, S::Scale, S::EphemeralContainers, S::Resize];
        all.into_iter().find(|s| Some(s.name()) == step["sub"].as_str())
    }

    /// Calls `f` with the kind of the step's request.
    fn with<R>(&self, step: &Value, f: impl FnOnce(&dyn Versions) -> R) -> R {
        let version = step["version"].as_str().unwrap();
        let subresource = Sequence::subresource(step);
        if subresource == Some(Subresource::Scale) {
            return f(&Scale);
        }
        if self.definition.is_null() {
            let kind = KindRef::by_gvk(version, &self.kind).unwrap();
            return f(&BuiltIn::new(kind, subresource));
        }
        let versions = self.definition["spec"]["versions"].as_array().unwrap().iter().map(|v| CustomVersion {
            api_version: format!("{}/{}", self.group, v["name"].as_str().unwrap()),
            schema: &v["schema"]["openAPIV3Schema"],
            status: v["subresources"]["status"].is_object(),
        });
        f(&Custom {
            api_version: version,
            kind: &self.kind,
            versions: versions.collect(),
            subresource,
            preserve_unknown_fields: false,
            converter: None,
        })
    }

    fn filled(&self) -> &'static [&'static str] {
        FILLED.iter().find(|(kind, _)| *kind == self.kind).map_or(&[], |(_, paths)| paths)
    }

    /// The object that the request asked for: what was stored, without what nobody asked for.
    fn asked(&self, step: &Value, live: Option<&Value>) -> Value {
        let (body, mut new) = (&step["body"], real(&step["after"]));
        let whole = matches!(step["do"].as_str(), Some("create" | "edit"));
        let source = if whole { Some(body) } else { live };
        for path in self.filled() {
            put(&mut new, path, source.and_then(|s| s.pointer(path)).cloned());
        }
        if self.kind == "Service" {
            for i in 0..new["spec"]["ports"].as_array().map_or(0, Vec::len) {
                let path = format!("/spec/ports/{i}/nodePort");
                put(&mut new, &path, source.and_then(|s| s.pointer(&path)).cloned());
            }
        }
        if matches!(step["do"].as_str(), Some("merge" | "strategic")) {
            ask_for_labels(&mut new, body, live);
        }
        let owners = if whole { body["metadata"].get("managedFields").cloned() } else { asked_owners(step, live) };
        put(&mut new, "/metadata/managedFields", owners);
        real(&new)
    }

    /// The object with what the API server adds to a merged one.
    fn complete(&self, step: &Value, merged: &Value) -> Value {
        let mut merged = merged.clone();
        let Some(kind) = KindRef::by_gvk(step["version"].as_str().unwrap(), &self.kind) else {
            // The only default of the definition.
            let ports = merged.pointer_mut("/spec/ports").and_then(Value::as_array_mut);
            for port in ports.into_iter().flatten().filter(|p| p["protocol"].is_null()) {
                port["protocol"] = "TCP".into();
            }
            return merged;
        };
        // Go reads null as the empty text.
        let data = merged.get_mut("data").and_then(Value::as_object_mut);
        data.into_iter().flat_map(|m| m.values_mut()).filter(|v| v.is_null()).for_each(|v| *v = "".into());
        without_nulls(&mut merged);
        let mut o = kind.decode(merged).unwrap();
        kind.defaults(&mut o);
        (**o.json()).clone()
    }
}

/// Labels and annotations that a patch sets, though the server may not let them through to the object.
fn ask_for_labels(new: &mut Value, body: &Value, live: Option<&Value>) {
    for field in ["/metadata/labels", "/metadata/annotations"] {
        let Some(asked) = body.pointer(field).and_then(Value::as_object) else { continue };
        let mut all = live.and_then(|l| l.pointer(field)?.as_object()).cloned().unwrap_or_default();
        all.extend(asked.clone());
        all.retain(|_, v| !v.is_null());
        put(new, field, (!all.is_empty()).then_some(Value::Object(all)));
    }
}

/// What a patch says of the owners; without a word it is what the object says.
fn asked_owners(step: &Value, live: Option<&Value>) -> Option<Value> {
    let (body, mut patched) = (&step["body"], live?.clone());
    if step["do"] == "json" {
        let mut operations = body.as_array()?.clone();
        operations.retain(|o| o["path"].as_str().is_some_and(|p| p.starts_with("/metadata/managedFields")));
        let patch: json_patch::Patch = serde_json::from_value(operations.into()).unwrap();
        json_patch::patch(&mut patched, &patch).unwrap();
    } else if let Some(own) = body["metadata"].get("managedFields") {
        return Some(own.clone());
    }
    patched["metadata"].get("managedFields").cloned()
}

pub fn put(o: &mut Value, path: &str, value: Option<Value>) {
    let (to, last) = path.rsplit_once('/').unwrap();
    let Some(parent) = o.pointer_mut(to) else { return };
    match (parent, value) {
        (Value::Object(m), Some(v)) => drop(m.insert(last.into(), v)),
        (Value::Object(m), None) => drop(m.remove(last)),
        _ => {}
    }
}

/// An error as it is recorded. Which of several causes comes first is chance there.
fn shown(status: &Status) -> Value {
    let s = status.to_json();
    let text = |c: &Value, k: &str| c[k].as_str().unwrap_or("").to_string();
    let causes = s["details"]["causes"].as_array().into_iter().flatten();
    let causes: Vec<[String; 3]> = causes.map(|c| ["reason", "field", "message"].map(|k| text(c, k))).collect();
    sorted(&json!({"code": s["code"], "reason": s["reason"], "message": s["message"], "causes": causes}))
}

fn sorted(error: &Value) -> Value {
    let mut e = error.clone();
    if e["reason"].is_null() {
        e["reason"] = "".into();
    }
    if let Some(causes) = e["causes"].as_array_mut() {
        causes.sort_by_key(ToString::to_string);
    }
    e
}

/// What field management says to the step: the object with its owners, or the error.
fn ours(seq: &Sequence, step: &Value, live: Option<&Value>) -> Result<Value, Status> {
    let (by, sub) = (step["by"].as_str().unwrap_or(""), step["sub"].as_str().unwrap_or(""));
    let manager = options::manager_of(by, step["agent"].as_str().unwrap_or(""));
    let writer = Writer { manager: &manager, subresource: sub, time: time(step["time"].as_u64().unwrap()) };
    let apply = step["do"] == "apply";
    let said = options::Options { manager: by, ..Default::default() };
    match step["do"].as_str().unwrap() {
        "create" => options::validate_write("CreateOptions", &said)?,
        "edit" => options::validate_write("UpdateOptions", &said)?,
        _ => options::validate_patch(apply, &said, step["force"].as_bool())?,
    }
    let force = step["force"].as_bool().unwrap_or(false);
    if sub == "scale" {
        return scaled(seq, step, live.unwrap(), &writer, force);
    }
    seq.with(step, |kind| {
        if apply {
            return on_apply(live, &step["body"], kind, &writer, force);
        }
        let mut new = if step.get("after").is_some() { seq.asked(step, live) } else { return Ok(Value::Null) };
        on_update(live, &mut new, kind, &writer);
        Ok(new)
    })
}

/// A write to the scale: the owners go there and back.
fn scaled(seq: &Sequence, step: &Value, live: &Value, writer: &Writer<'_>, force: bool) -> Result<Value, Status> {
    let version = step["version"].as_str().unwrap();
    let replicas = [(version, Some(vec![PathElement::field("spec"), PathElement::field("replicas")]))];
    let owners = ScaleOwners { api_version: version, replicas: &replicas };
    let entries = |o: &Value| entries_of(o).unwrap();
    let scale = |o: &Value, owners: &Value| {
        json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": o["spec"]["replicas"]}, "status": {"replicas": 0},
            "metadata": {"name": o["metadata"]["name"], "namespace": o["metadata"]["namespace"], "uid": o["metadata"]["uid"],
                "resourceVersion": o["metadata"]["resourceVersion"], "creationTimestamp": o["metadata"]["creationTimestamp"],
                "managedFields": owners}})
    };
    let before = json!(owners.of_scale(&entries(live)).unwrap());
    let old = scale(live, &before);
    let after = seq.with(step, |kind| match step["do"].as_str() {
        Some("apply") => on_apply(Some(&old), &step["body"], kind, writer, force),
        _ => {
            let mut new = scale(&step["after"], &before);
            on_update(Some(&old), &mut new, kind, writer);
            Ok(new)
        }
    })?;
    let mut object = real(&step["after"]);
    object["metadata"]["managedFields"] = json!(owners.of_parent(&entries(live), &entries(&after)).unwrap());
    Ok(object)
}

/// What was merged cannot be read as an object: that is found out later too.
fn is_unreadable(error: &Value) -> bool {
    error["message"].as_str().is_some_and(|m| m.starts_with("failed to convert new object"))
}

/// An object without what an apply has nothing to say about.
fn judged(seq: &Sequence, step: &Value, o: &Value) -> Value {
    let mut o = o.clone();
    for path in ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "namespace"] {
        put(&mut o, &format!("/metadata/{path}"), None);
    }
    for path in seq.filled() {
        put(&mut o, path, None);
    }
    if step["sub"] == "status" {
        return o["status"].clone();
    }
    put(&mut o, "/status", None);
    o
}

fn differences(line: &str) -> (usize, Vec<String>) {
    let doc: Value = serde_json::from_str(line).unwrap();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_string();
    let mut seq = Sequence {
        sentence: text(&doc["sequence"]),
        kind: text(&doc["kind"]),
        group: text(&doc["object"][0]),
        definition: doc["crd"].clone(),
    };
    let mut last = Value::Null;
    let mut out = vec![];
    let steps = doc["steps"].as_array().unwrap();
    for (i, step) in steps.iter().enumerate() {
        if step.get("crd").is_some() {
            seq.definition = step["crd"].clone();
            continue;
        }
        let before = step.get("before").unwrap_or(&last).clone();
        let live = (!before.is_null()).then(|| real(&before));
        let mut complain = |what: &str, real: &Value, ours: &Value| {
            let who = format!("{}, step {}", seq.sentence, i + 1);
            out.push(format!("{who}: {what}\n  real {real}\n  ours {ours}"));
        };
        match (ours(&seq, step, live.as_ref()), step.get("error")) {
            (Err(status), Some(error)) => {
                if shown(&status) != sorted(error) {
                    complain("error", &sorted(error), &shown(&status));
                }
            }
            (Err(status), None) => complain("error", &Value::Null, &shown(&status)),
            // Validation comes later and is none of this.
            (Ok(_), Some(error)) if error["code"] == 422 || is_unreadable(error) => {}
            (Ok(_), Some(error)) => complain("no error", error, &Value::Null),
            (Ok(object), None) => {
                let after = &step["after"];
                let mut stored = real(after);
                put(&mut stored, "/metadata/managedFields", object["metadata"].get("managedFields").cloned());
                if let Some(live) = &live {
                    keep_times(live, &mut stored);
                }
                let custom = !seq.definition.is_null();
                let (want, got) = (recorded(after, custom), recorded(&stored, custom));
                if want != got {
                    complain("owners", &json!(want), &json!(got));
                }
                if step["do"] == "apply" && step["sub"] != "scale" {
                    let got = judged(&seq, step, &seq.complete(step, &object));
                    let want = judged(&seq, step, after);
                    if got != want {
                        complain("object", &want, &got);
                    }
                }
            }
        }
        if let Some(after) = step.get("after") {
            last = after.clone();
        } else {
            last = before;
        }
    }
    (steps.len(), out)
}

/// Autoscalers are recorded in both of their versions, which says something here once the one is made of the other.
fn autoscalers_are_converted() -> bool {
    let kind = |version| KindRef::by_gvk(version, "HorizontalPodAutoscaler").unwrap();
    let v1 = json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "spec": {"targetCPUUtilizationPercentage": 5}});
    let v2 = BuiltIn::new(kind("autoscaling/v1"), None).convert(&v1, &kind("autoscaling/v2").api_version());
    v2.is_ok_and(|v2| v2["spec"]["metrics"].is_array())
}

/// `MANAGED=word` looks at the sequences with that word alone.
#[test]
#[allow(clippy::disallowed_methods, reason = "who works on one sequence wants to look at that one")]
fn fields_are_owned_as_a_real_server_has_it() {
    let only = std::env::var("MANAGED").unwrap_or_default();
    let file = std::fs::read_to_string(ANSWERS).expect("answers");
    let autoscalers = autoscalers_are_converted();
    let wanted = |l: &&str| l.contains(&only) && (autoscalers || !l.contains("\"kind\": \"HorizontalPodAutoscaler\""));
    let results: Vec<(usize, Vec<String>)> = file.lines().filter(wanted).map(differences).collect();
    let steps: usize = results.iter().map(|(n, _)| n).sum();
    let wrong: Vec<String> = results.into_iter().flat_map(|(_, d)| d).collect();
    assert!(wrong.is_empty(), "{}\n{} of {steps} steps differ", wrong.join("\n"), wrong.len());
}

pub fn without_nulls(v: &mut Value) {
    match v {
        Value::Object(m) => {
            m.retain(|_, v| !v.is_null());
            m.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => {
            items.retain(|v| !v.is_null());
            items.iter_mut().for_each(without_nulls);
        }
        _ => {}
    }
}
