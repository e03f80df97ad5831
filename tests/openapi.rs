//! The documents at `/openapi`, beside those of a real API server (`tests/reference/openapi`): to the byte. Where a document
//! differs, its parts tell which of them do.

use std::collections::BTreeMap;

use kubetutor::api::patch::PatchType;
use kubetutor::api::request::{Method, Request};
use kubetutor::api::user::MASTERS;
use kubetutor::api::{Duration, RecordId, Time, User, yaml};
use kubetutor::cluster::profile::Profile;
use kubetutor::cluster::{Cluster, Options};
use kubetutor::prompt::Session;
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

/// With metrics-server, whose paths come from another server.
#[test]
fn the_index_lists_what_that_of_a_real_server_lists() {
    let mut cluster = Cluster::new(&Options { profile: Profile::Bare, ..Options::default() });
    cluster.world.run_until(Time::ZERO + Duration::from_secs(30));
    let index: Value = serde_json::from_str(&document(&mut cluster, "openapi/v3")).expect("JSON");
    let path = format!("{FOLDER}/../discovery/openapi_v3_paths.json");
    let real: Vec<String> =
        serde_json::from_str(&std::fs::read_to_string(path).expect("a recording")).expect("a list of paths");
    let ours: Vec<&String> = index["paths"].as_object().expect("paths").keys().collect();
    assert_eq!(ours, real.iter().collect::<Vec<_>>());
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
        let post = Request::new(Method::Post, path);
        answer(cluster, &post.body(definition));
    }
    cluster.world.run_until(cluster.world.now + Duration::from_secs(20));
}

#[test]
fn a_hash_changes_with_its_document_only() {
    let mut cluster = cluster();
    let index = |c: &mut Cluster| serde_json::from_str::<Value>(&document(c, "openapi/v3")).expect("JSON");
    let before = index(&mut cluster);
    define(&mut cluster);
    let after = index(&mut cluster);
    let url = |v: &Value, path: &str| v["paths"][path]["serverRelativeURL"].as_str().map(String::from);
    assert_eq!(url(&before, "apis/apps/v1"), url(&after, "apis/apps/v1"));
    let first = url(&after, "apis/stable.example.com/v1").expect("a document");
    assert!(url(&before, "apis/stable.example.com/v1").is_none());
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/crontabs.stable.example.com";
    let patch = Request::new(Method::Patch(PatchType::Json), path);
    let described = "/spec/versions/0/schema/openAPIV3Schema/description";
    answer(&mut cluster, &patch.body(json!([{"op": "replace", "path": described, "value": "Another."}])));
    let changed = index(&mut cluster);
    assert_ne!(url(&changed, "apis/stable.example.com/v1").as_ref(), Some(&first));
    assert_eq!(url(&changed, "apis/stable.example.com/v1beta1"), url(&after, "apis/stable.example.com/v1beta1"));
    let request = Request::new(Method::Delete, path);
    answer(&mut cluster, &request);
    cluster.world.run_until(cluster.world.now + Duration::from_secs(20));
    assert!(url(&index(&mut cluster), "apis/stable.example.com/v1").is_none());
}

#[test]
fn whoever_is_known_may_read_the_documents() {
    let mut cluster = cluster();
    let mut ask = |user: &User, path: &str| {
        let answer = cluster.world.request(&Request::get(path), user, RecordId::default());
        answer.map(drop).map_err(|s| s.message)
    };
    let nobody = User { groups: vec!["system:unauthenticated".into()], ..User::of("system:anonymous", &[]) };
    let (bob, admin) = (User::of("bob", &[]), User::of("admin", &[MASTERS]));
    for path in ["/openapi/v2", "/openapi/v3", "/openapi/v3/apis/apps/v1"] {
        assert_eq!(ask(&bob, path), Ok(()));
        let refused = format!("forbidden: User \"system:anonymous\" cannot get path {path:?}");
        assert_eq!(ask(&nobody, path), Err(refused));
    }
    for path in ["/openapi/v3/apis/nope", "/openapi/v3/apis/apps/v9", "/openapi/v3/", "/openapi/v2/", "/openapi"] {
        let nowhere = "the server could not find the requested resource";
        assert_eq!(ask(&admin, path), Err(nowhere.into()), "{path}");
    }
}

#[test]
fn explain_prints_as_older_versions_did() {
    let recorded = std::fs::read_to_string(format!("{FOLDER}/explain.txt")).expect("a recording");
    let mut session = Session::in_memory(&Options::default());
    for page in recorded.split("$ ").filter(|p| !p.is_empty()) {
        let (line, want) = page.split_once('\n').expect("a line and its output");
        let o = session.eval(line);
        let errors: String = o.stderr.lines().map(|l| format!("! {l}\n")).collect();
        let code = if o.code == 0 { String::new() } else { format!("? {}\n", o.code) };
        assert_eq!(format!("{}{errors}{code}", o.stdout), want, "{line}");
    }
}
