//! What the API server makes of objects, good and bad, beside the answers of a real one (`tests/reference/objects`).

use std::collections::BTreeMap;

use kubetutor::api::patch::PatchType;
use kubetutor::api::request::{Impersonation, Method, Request, Response};
use kubetutor::api::user::MASTERS;
use kubetutor::api::{Duration, KindRef, RecordId, Time, User, yaml};
use kubetutor::cluster::profile::Profile;
use kubetutor::cluster::{Cluster, Options};
use serde_json::{Value, json};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/objects");
const NAMESPACE: &str = "case";
/// What differs from server to server, or is drawn by chance.
const CUT: [&str; 5] = ["uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink"];

struct Server {
    cluster: Cluster,
    revision: Option<String>,
}

impl Server {
    fn call(&mut self, method: Method, path: String, body: Option<Value>) -> Response {
        let mut request = Request::new(method, path).query("fieldValidation", "Warn");
        request.body = body;
        self.ask(&request)
    }

    fn ask(&mut self, request: &Request) -> Response {
        self.cluster.world.request(request, &User::of("kubernetes-admin", &[MASTERS]), RecordId::default())
    }

    fn step(&mut self, step: &str, base: &str, name: &str, o: &Value) -> Value {
        let path = format!("{base}/{name}");
        let merge = Method::Patch(PatchType::Merge);
        let answer = match step {
            "create" => self.call(Method::Post, base.into(), Some(o.clone())),
            "update" => {
                let mut o = o.clone();
                if o["metadata"].is_null() {
                    o["metadata"] = json!({});
                }
                if o["metadata"]["name"].is_null() {
                    o["metadata"]["name"] = name.into();
                }
                if o["metadata"].get("resourceVersion").is_none()
                    && let Some(revision) = &self.revision
                {
                    o["metadata"]["resourceVersion"] = revision.as_str().into();
                }
                let path = format!("{base}/{}", o["metadata"]["name"].as_str().unwrap_or_default());
                self.call(Method::Put, path, Some(o))
            }
            "merge" | "again" => self.call(merge, path, Some(o.clone())),
            "status" => self.call(merge, format!("{path}/status"), Some(o.clone())),
            "subresource" => self.call(merge, format!("{path}/{}", o[0].as_str().unwrap()), Some(o[1].clone())),
            "table" => self.ask(&Request::get(path).table()).map(|mut a| {
                let columns = a.body["columnDefinitions"].as_array().cloned().unwrap_or_default();
                let cells = a.body["rows"][0]["cells"].as_array().cloned().unwrap_or_default();
                let ageless = |(c, h): (Value, &Value)| if h["name"] == "Age" { Value::Null } else { c };
                let cells: Vec<Value> = cells.into_iter().zip(&columns).map(ageless).collect();
                a.body = json!({"columns": columns, "cells": cells}).into();
                a
            }),
            "delete" => self.call(Method::Delete, path, None),
            other => panic!("no step {other}"),
        };
        if let Ok(a) = &answer
            && let Some(revision) = a.body["metadata"]["resourceVersion"].as_str()
        {
            self.revision = Some(revision.into());
        }
        shown(&answer)
    }

    /// A plain request, as somebody else if it says so.
    fn plain(&mut self, c: &Value) -> Value {
        let methods = [
            ("GET", Method::Get),
            ("POST", Method::Post),
            ("PUT", Method::Put),
            ("PATCH", Method::Patch(PatchType::Merge)),
            ("DELETE", Method::Delete),
        ];
        let (name, method) = methods.into_iter().find(|(name, _)| c.get(name).is_some()).expect("method");
        let (path, query) = c[name].as_str().and_then(|p| p.split_once('?')).unwrap_or((c[name].as_str().unwrap(), ""));
        let mut request = Request::new(method, path);
        for (key, value) in query.split('&').filter_map(|q| q.split_once('=')) {
            request = request.query(key, value);
        }
        request.body = c.get("body").cloned();
        if let Some(user) = c["as"].as_str() {
            let groups = c["groups"].as_array().into_iter().flatten().filter_map(|g| g.as_str().map(Into::into));
            let wanted = Impersonation { user: user.into(), groups: groups.collect(), ..Impersonation::default() };
            request.impersonate = Some(Box::new(wanted));
        }
        let mut answer = shown(&self.ask(&request));
        for part in c["without"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if let Some(o) = answer.get_mut("object").and_then(Value::as_object_mut) {
                o.remove(part);
            }
        }
        if c["quiet"] == true {
            answer.as_object_mut().map(|a| a.remove("object"));
        }
        answer
    }
}

/// An answer as `record.py` writes it, without the code of a good one.
fn shown(answer: &Response) -> Value {
    match answer {
        Ok(a) => {
            let mut out = json!({"object": *a.body});
            if let Some(meta) = out["object"].get_mut("metadata").and_then(Value::as_object_mut) {
                CUT.iter().for_each(|k| drop(meta.remove(*k)));
            }
            // The clock of a PersistentVolume's status.
            if let Some(status) = out["object"].get_mut("status").and_then(Value::as_object_mut) {
                status.remove("lastPhaseTransitionTime");
            }
            if !a.warnings.is_empty() {
                out["warnings"] = json!(a.warnings);
            }
            out
        }
        Err(status) => {
            let s = status.to_json();
            let mut out =
                json!({"code": s["code"], "reason": s["reason"].as_str().unwrap_or(""), "message": s["message"]});
            if let Some(causes) = s["details"]["causes"].as_array().filter(|c| !c.is_empty()) {
                let text = |c: &Value, k: &str| c[k].as_str().unwrap_or("").to_string();
                let list: Vec<[String; 3]> =
                    causes.iter().map(|c| ["reason", "field", "message"].map(|k| text(c, k))).collect();
                out["causes"] = json!(list);
            }
            if !status.warnings.is_empty() {
                out["warnings"] = json!(status.warnings);
            }
            if let Some(seconds) = s["details"].get("retryAfterSeconds") {
                out["retryAfterSeconds"] = seconds.clone();
            }
            out
        }
    }
}

/// What is made of an object's uid differs from server to server, too: a Job's selector.
fn without_uids(v: &Value) -> Value {
    let uid = regex::Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").expect("regex");
    serde_json::from_str(&uid.replace_all(&v.to_string(), "UID")).expect("JSON")
}

/// The fresh cluster that every case begins with.
fn fresh() -> Cluster {
    let mut cluster = Cluster::new(&Options { profile: Profile::Bare, ..Options::default() });
    cluster.world.run_until(Time::ZERO + Duration::from_secs(30));
    let mut server = Server { cluster, revision: None };
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    server.call(Method::Post, "/api/v1/namespaces".into(), Some(namespace)).expect("namespace");
    server.cluster.world.run_until(Time::ZERO + Duration::from_secs(40));
    server.cluster
}

fn base(kind: KindRef) -> String {
    let root = match kind.group() {
        "" => format!("/api/{}", kind.version()),
        group => format!("/apis/{group}/{}", kind.version()),
    };
    let namespace = if kind.namespaced() { format!("/namespaces/{NAMESPACE}") } else { String::new() };
    format!("{root}{namespace}/{}", kind.plural())
}

/// Runs one file of cases; gives the sentences of those that are answered differently, and how.
fn differences(file: &str, start: &Cluster) -> (usize, Vec<String>) {
    let read = |name: String| std::fs::read_to_string(format!("{FOLDER}/{name}")).expect("file");
    let documents = yaml::parse_all(&read(format!("{file}.yaml"))).expect("cases");
    let mut cases: Vec<Value> = documents[0].as_array().expect("a list").clone();
    let answers: Vec<Value> = serde_json::from_str(&read(format!("{file}.answers.json"))).expect("answers");
    let defaults = if cases[0].get("defaults").is_some() { cases.remove(0)["defaults"].clone() } else { Value::Null };
    assert_eq!(cases.len(), answers.len(), "{file}: record the answers anew");
    let mut out = vec![];
    for (case, answer) in cases.iter().zip(&answers) {
        assert_eq!(case["case"], answer["case"], "{file}: record the answers anew");
        let mut server = Server { cluster: start.clone(), revision: None };
        for o in case["before"].as_array().into_iter().flatten() {
            let text = |k: &str| o[k].as_str().unwrap_or("");
            let kind = KindRef::by_gvk(text("apiVersion"), text("kind")).expect("kind");
            server.call(Method::Post, base(kind), Some(o.clone())).expect("what must be there");
        }
        if let Some(calls) = case["calls"].as_array() {
            for (i, (call, want)) in calls.iter().zip(answer["calls"].as_array().expect("answers")).enumerate() {
                let (got, mut want) = (server.plain(call), want.clone());
                if want["reason"].is_null() {
                    want.as_object_mut().map(|m| m.remove("code"));
                }
                if without_uids(&got) != without_uids(&want) {
                    let sentence = case["case"].as_str().unwrap_or_default();
                    out.push(format!("{file}: {sentence}: call {}\n  real {want}\n  ours {got}", i + 1));
                }
            }
            continue;
        }
        let kind = case.get("kind").unwrap_or(&defaults["kind"]);
        let part = |i: usize| kind[i].as_str().unwrap_or("");
        let kind = KindRef::by_gvr(part(0), part(1), part(2)).expect("kind");
        let mut name = "None".to_string();
        for step in ["create", "update", "merge", "status", "again", "subresource", "table", "delete"] {
            let Some(o) = case.get(step) else { continue };
            let got = server.step(step, &base(kind), &name, o);
            if step == "create"
                && let Some(made) = got["object"]["metadata"]["name"].as_str()
            {
                name = made.into();
            }
            let mut want = answer[step].clone();
            if want.get("object").is_some() {
                want.as_object_mut().map(|m| m.remove("code"));
            }
            if without_uids(&got) != without_uids(&want) {
                let sentence = case["case"].as_str().unwrap_or_default();
                out.push(format!("{file}: {sentence}: {step}\n  real {want}\n  ours {got}"));
            }
        }
    }
    (cases.len(), out)
}

/// Files of cases, by their names without ending. `OBJECTS=job,pod` looks at those alone.
#[allow(clippy::disallowed_methods, reason = "who works on one kind wants to look at that one")]
fn files() -> Vec<String> {
    let only: Option<Vec<String>> =
        std::env::var("OBJECTS").ok().filter(|t| !t.is_empty()).map(|t| t.split(',').map(Into::into).collect());
    let mut names: Vec<String> = std::fs::read_dir(FOLDER)
        .expect("folder")
        .filter_map(|e| e.ok()?.file_name().to_str()?.strip_suffix(".yaml").map(Into::into))
        .filter(|n| only.as_ref().is_none_or(|o| o.contains(n)))
        .collect();
    names.sort();
    names
}

#[test]
fn objects_are_completed_and_refused_as_a_real_server_does() {
    let start = fresh();
    let mut counts = BTreeMap::new();
    let mut all = vec![];
    for file in files() {
        let (cases, differences) = differences(&file, &start);
        counts.insert(file, (cases, differences.len()));
        all.extend(differences);
    }
    assert!(all.is_empty(), "{}\n{counts:?}", all.join("\n"));
}
