//! The Tables that the API server answers, beside those of a real one (`tests/reference/tables`).

use std::collections::BTreeSet;
use std::sync::Arc;

use kubetutor::api::request::{Method, Request};
use kubetutor::api::user::MASTERS;
use kubetutor::api::{KindRef, Object, RecordId, Time, User};
use kubetutor::apiserver::table::{self, Include};
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

fn read(file: &std::path::Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).expect("file")).expect("JSON")
}

fn files(folder: &str) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(format!("{FOLDER}/{folder}")).expect("folder").map(|e| e.expect("file").path()).collect();
    files.sort();
    files
}

/// Every recording of columns, by its group, version and resource.
fn recorded() -> Vec<(String, String, Value)> {
    let text = |v: &Value| v.as_str().expect("text").to_string();
    let all = files("columns").into_iter().map(|f| read(&f));
    all.map(|v| (text(&v["groupVersion"]), text(&v["resource"]), v["columnDefinitions"].clone())).collect()
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

/// The kind of a recording.
fn kind_of(cluster: &Cluster, recording: &Value) -> KindRef {
    let whole = recording["groupVersion"].as_str().expect("version");
    let (group, version) = whole.split_once('/').unwrap_or(("", "v1"));
    cluster.world.api.kind_of(group, version, recording["resource"].as_str().expect("resource")).expect("kind")
}

/// An object of a row, as the program holds it.
fn held(kind: KindRef, mut json: Value) -> Object {
    if let Some(custom) = kind.custom() {
        return custom.read(kind, json).expect("a custom object").0;
    }
    if let Some(conversion) = kind.conversion() {
        (conversion.to_hub)(&mut json);
        json["apiVersion"] = kind.stored().api_version().into();
    }
    kind.stored().decode(json).expect("an object")
}

/// A cluster in which the custom kinds of the recordings are defined.
fn cluster_with_definitions() -> Cluster {
    let mut cluster = Cluster::new(&Options { profile: Profile::Bare, ..Options::default() });
    let definitions = read(format!("{FOLDER}/cells/apiextensions.k8s.io_v1_customresourcedefinitions.json").as_ref());
    for row in definitions["rows"].as_array().expect("rows") {
        let mut definition = row["object"].clone();
        definition["metadata"] = serde_json::json!({"name": definition["metadata"]["name"]});
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let request = Request::new(Method::Post, path).body(definition);
        let user = User::of("kubernetes-admin", &[MASTERS]);
        cluster.world.request(&request, &user, RecordId::default()).expect("defined");
    }
    cluster.world.run_until(cluster.world.now + kubetutor::api::Duration::from_secs(10));
    cluster
}

#[test]
fn cells_are_filled_as_a_real_server_fills_them() {
    let cluster = cluster_with_definitions();
    let (mut rows, mut differences) = (0, vec![]);
    for file in files("cells") {
        let recording = read(&file);
        let kind = kind_of(&cluster, &recording);
        let now = Time::parse(recording["time"].as_str().expect("time")).expect("a moment");
        for row in recording["rows"].as_array().expect("rows") {
            rows += 1;
            let object = Arc::new(held(kind, row["object"].clone()));
            let table = table::table(kind, &[object], now, false, Include::None, Value::Null);
            let (real, ours) = (&row["cells"], &table["rows"][0]["cells"]);
            if real != ours {
                let name = &row["object"]["metadata"]["name"];
                differences.push(format!("{} {name}\n  real {real}\n  ours {ours}", kind.group_resource()));
            }
        }
    }
    assert!(differences.is_empty(), "{}\n{} of {rows} rows differ", differences.join("\n"), differences.len());
}

/// What is not created, or not without metrics-server.
const WITHOUT_CELLS: [&str; 3] =
    ["/api/v1/componentstatuses", "/apis/metrics.k8s.io/v1beta1/nodes", "/apis/metrics.k8s.io/v1beta1/pods"];

#[test]
fn every_kind_that_can_be_listed_has_cells_recorded() {
    let cluster = cluster_with_definitions();
    let listed = cluster.world.api.kinds().filter(|k| k.verbs().contains(&"list"));
    let wanted: BTreeSet<String> = listed.map(|k| path(&k.api_version(), k.plural())).collect();
    let of = |v: Value| path(v["groupVersion"].as_str().unwrap_or(""), v["resource"].as_str().unwrap_or(""));
    let mut there: BTreeSet<String> = files("cells").iter().map(|f| of(read(f))).collect();
    there.extend(WITHOUT_CELLS.map(String::from));
    assert_eq!(wanted, there);
}
