//! The documents at `/openapi`, beside those of a real API server (`tests/reference/openapi`): to the byte. Where a document
//! differs, its parts tell which of them do.

use std::collections::BTreeMap;

use kubetutor::api::request::Request;
use kubetutor::api::user::MASTERS;
use kubetutor::api::{Duration, RecordId, Time, User, yaml};
use kubetutor::cluster::profile::Profile;
use kubetutor::cluster::{Cluster, Options};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/openapi");

fn cluster() -> Cluster {
    let mut cluster = Cluster::new(&Options { profile: Profile::Kubeadm, ..Options::default() });
    cluster.world.run_until(Time::ZERO + Duration::from_secs(5));
    cluster
}

fn answer(cluster: &mut Cluster, request: &Request) -> Value {
    let user = User::of("kubernetes-admin", &[MASTERS]);
    let answer = cluster.world.request(request, &user, RecordId::default());
    (*answer.unwrap_or_else(|s| panic!("{}: {}", request.path, s.message)).body).clone()
}

fn document(cluster: &mut Cluster, path: &str) -> String {
    answer(cluster, &Request::get(format!("/{path}"))).as_str().expect("a text").into()
}

/// A document of the recording: its path, the hash of its bytes, and a line for each of its parts.
struct Recorded {
    path: String,
    hash: String,
    parts: Vec<String>,
}

fn recorded(file: &str) -> Vec<Recorded> {
    let text = std::fs::read_to_string(format!("{FOLDER}/{file}")).expect("a recording");
    let mut all: Vec<Recorded> = vec![];
    for line in text.lines() {
        match line.strip_prefix("document ").and_then(|l| l.split_once(' ')) {
            Some((path, hash)) => all.push(Recorded { path: path.into(), hash: hash.into(), parts: vec![] }),
            None => all.last_mut().expect("a document").parts.push(line.into()),
        }
    }
    all
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn digest(part: &Value) -> String {
    hex(&Sha256::digest(part.to_string()))[..10].to_string()
}

/// The lines about a document, as `record.py` writes them.
fn parts(document: &Value, known: &mut BTreeMap<String, String>) -> Vec<String> {
    let map = |v: &Value| v.as_object().cloned().unwrap_or_default();
    let mut lines = vec![];
    for (path, item) in map(&document["paths"]) {
        let methods = map(&item).into_iter().map(|(method, o)| format!(" {method} {}", digest(&o)));
        lines.push(format!("path {path}{}", methods.collect::<String>()));
    }
    let v2 = map(&document["definitions"]);
    let definitions = if v2.is_empty() { map(&document["components"]["schemas"]) } else { v2 };
    let names: Vec<&String> = definitions.keys().collect();
    lines.push(format!("definitions {} {}", names.len(), digest(&json!(names))));
    for (name, schema) in &definitions {
        let now = digest(schema);
        if known.insert(name.clone(), now.clone()).as_ref() != Some(&now) {
            lines.push(format!("definition {name} {now}"));
        }
    }
    if let Some(parameters) = document.get("parameters") {
        lines.push(format!("parameters {} {}", map(parameters).len(), digest(parameters)));
    }
    let others = ["paths", "definitions", "components", "parameters"];
    let rest: Value = map(document).into_iter().filter(|(k, _)| !others.contains(&k.as_str())).collect();
    lines.push(format!("rest {}", digest(&rest)));
    lines
}

/// What differs between the documents of a cluster and those that a real server published.
fn differences(cluster: &mut Cluster, file: &str) -> Vec<String> {
    let (mut out, mut known) = (vec![], BTreeMap::new());
    for want in recorded(file) {
        let text = document(cluster, &want.path);
        if want.path == "openapi/v2" {
            known.clear();
        }
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let got = if want.parts.is_empty() { vec![] } else { parts(&value, &mut known) };
        if hex(&Sha512::digest(&text)) == want.hash.to_lowercase() {
            continue;
        }
        out.push(format!("{}: {} bytes", want.path, text.len()));
        out.extend(want.parts.iter().filter(|p| !got.contains(p)).map(|p| format!("  real {p}")));
        out.extend(got.iter().filter(|p| !want.parts.contains(p)).map(|p| format!("  ours {p}")));
    }
    out
}

#[test]
fn what_is_served_is_published_to_the_byte_as_by_a_real_server() {
    let found = differences(&mut cluster(), "server.txt");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn custom_resources_are_published_to_the_byte_as_by_a_real_server() {
    let mut cluster = cluster();
    define(&mut cluster);
    let found = differences(&mut cluster, "custom.txt");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Defines the custom resources of the recording.
fn define(cluster: &mut Cluster) {
    let text = std::fs::read_to_string(format!("{FOLDER}/definitions.yaml")).expect("definitions");
    for definition in yaml::parse_all(&text).expect("YAML") {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let post = Request::new(kubetutor::api::request::Method::Post, path);
        answer(cluster, &post.body(definition));
    }
    cluster.world.run_until(cluster.world.now + Duration::from_secs(20));
}
