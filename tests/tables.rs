//! The Tables that the API server answers, beside those of a real one (`tests/reference/tables`).

use std::collections::BTreeSet;

use kubetutor::api::request::Request;
use kubetutor::api::user::MASTERS;
use kubetutor::api::{RecordId, User};
use kubetutor::cluster::profile::Profile;
use kubetutor::cluster::{Cluster, Options};
use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/tables");

/// metrics-server tells the columns by the first row, and there was no pod.
const NOT_RECORDED: [&str; 1] = ["pods.metrics.k8s.io"];

fn path(group_version: &str, resource: &str) -> String {
    let root = if group_version.contains('/') { "apis" } else { "api" };
    format!("/{root}/{group_version}/{resource}")
}

fn table(cluster: &mut Cluster, path: &str) -> Value {
    let request = Request::get(path).table();
    let answer = cluster.world.request(&request, &User::of("kubernetes-admin", &[MASTERS]), RecordId::default());
    (*answer.expect("a table").body).clone()
}

/// Every recording of columns, by its group, version and resource.
fn recorded() -> Vec<(String, String, Value)> {
    let mut files: Vec<_> =
        std::fs::read_dir(format!("{FOLDER}/columns")).expect("folder").map(|e| e.expect("file").path()).collect();
    files.sort();
    let read = |file| -> Value { serde_json::from_str(&std::fs::read_to_string(file).expect("file")).expect("JSON") };
    let text = |v: &Value| v.as_str().expect("text").to_string();
    files
        .iter()
        .map(read)
        .map(|v| (text(&v["groupVersion"]), text(&v["resource"]), v["columnDefinitions"].clone()))
        .collect()
}

#[test]
fn columns_are_named_typed_and_described_as_a_real_server_does() {
    let mut cluster = Cluster::new(&Options { profile: Profile::Bare, ..Options::default() });
    let mut differences = vec![];
    for (group_version, resource, want) in recorded() {
        let got = table(&mut cluster, &path(&group_version, &resource))["columnDefinitions"].take();
        if got != want {
            differences.push(format!("{group_version} {resource}\n  real {want}\n  ours {got}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_kind_that_can_be_listed_has_its_columns_recorded() {
    let cluster = Cluster::new(&Options { profile: Profile::Bare, ..Options::default() });
    let listed = cluster.world.api.kinds().filter(|k| k.verbs().contains(&"list"));
    let served: BTreeSet<String> = listed
        .filter(|k| !NOT_RECORDED.contains(&k.group_resource().as_str()))
        .map(|k| path(&k.api_version(), k.plural()))
        .collect();
    let recorded: BTreeSet<String> = recorded().into_iter().map(|(gv, r, _)| path(&gv, &r)).collect();
    assert_eq!(served, recorded);
}
