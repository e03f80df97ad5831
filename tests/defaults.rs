//! What becomes of small objects, beside what became of them in a real cluster (`tests/reference/defaults`): what the API server
//! fills in, who owns which fields, and what the cluster has made of it ten seconds later.

use std::fs;

use kubetutor::api::request::Request;
use kubetutor::api::user::MASTERS;
use kubetutor::api::{Duration, KindRef, RecordId, User, yaml};
use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
use kubetutor::prompt::Session;
use kubetutor::prompt::session::Pace;
use serde_json::{Value, json};

use super::compare::{Known, Masks, differences, unexpected};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/defaults");

/// What has to be there before others, or after them: a pod that comes after the LimitRange gets its limits.
const FIRST: [&str; 2] = ["pod", "customresourcedefinition"];
const LAST: [&str; 2] = ["resourcequota", "limitrange"];
/// Of these the recording tells what has become of them a little later: they are looked at every fifteen seconds.
const AUTOSCALER: &str = "horizontalpodautoscaler";

/// The recording does not say which one it was.
const CERTIFICATE_REQUEST: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISk1IRUNBUUF3RHpFTk1Bc0dBMVVFQXd3RWFtRnVaVEJaTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSApBMElBQkkrbENUMEZiQkZoNjBwdlBiR0pPUnVES3E2U2pmTnBIeVREVWVpYWU1dlEzeExmTStDelE1OGI5bzRkClF1cExFU2d2Y0dmR244NHFuNkdueHIyOS8rYWdBREFLQmdncWhrak9QUVFEQWdOSUFEQkZBaUVBb2E3RGpwY04KOEVzSXV5MUdqVVZFc29VTFcxQldzMm1iazdBOUpRR0ZXNGdDSUNLbGg1d2NCQTdwZm9GU1lBWGpSdlFJRlprYgpGWjFJUThRczFTd0VYV2dOCi0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=";

/// What controllers made, and where they put it.
const MADE: [(&str, &str); 9] = [
    ("made-daemonset-pod", "/api/v1/namespaces/default/pods?labelSelector=app=demo-ds"),
    ("made-deployment-pod", "/api/v1/namespaces/default/pods?labelSelector=app=demo-deploy"),
    ("made-deployment-replicaset", "/apis/apps/v1/namespaces/default/replicasets?labelSelector=app=demo-deploy"),
    ("made-events-of-pod", "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=demo"),
    ("made-job-pod", "/api/v1/namespaces/default/pods?labelSelector=job-name=demo-job"),
    ("made-service-endpoints", "/api/v1/namespaces/default/endpoints/demo-clusterip"),
    (
        "made-service-endpointslice",
        "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name=demo-clusterip",
    ),
    (
        "made-statefulset-controllerrevision",
        "/apis/apps/v1/namespaces/default/controllerrevisions?labelSelector=app=demo-sts",
    ),
    ("made-statefulset-pod", "/api/v1/namespaces/default/pods/demo-sts-0"),
];

/// What is known to differ, and why.
const KNOWN: &[Known] = &[];

fn read(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(format!("{FOLDER}/{name}.yaml")).expect("file");
    yaml::parse_all(&text.replace("<base64 PKCS#10>", CERTIFICATE_REQUEST)).expect("YAML")
}

/// The recordings of what people created, in the order in which to create it.
fn created() -> Vec<String> {
    let place = |n: &String| (!FIRST.contains(&n.as_str()), LAST.contains(&n.as_str()), n.clone());
    let mut names: Vec<String> = fs::read_dir(FOLDER)
        .expect("folder")
        .filter_map(|e| e.ok()?.file_name().to_str()?.strip_suffix(".yaml").map(Into::into))
        .filter(|n: &String| !n.starts_with("made-"))
        .collect();
    names.sort_by_key(place);
    names
}

fn get(session: &mut Session, path: &str) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut request = Request::get(path);
    if let Some((key, value)) = query.split_once('=') {
        request = request.query(key, value);
    }
    let user = User::of("kubernetes-admin", &[MASTERS]);
    match session.cluster.world.request(&request, &user, RecordId::default()) {
        Ok(answer) => (*answer.body).clone(),
        Err(status) => json!(status.message),
    }
}

/// A list as kubectl shows one: each object says what it is.
fn as_kubectl_lists(mut list: Value, want: &Value) -> Value {
    let (version, kind) = (&want["items"][0]["apiVersion"], &want["items"][0]["kind"]);
    for item in list["items"].as_array_mut().into_iter().flatten() {
        item["apiVersion"] = version.clone();
        item["kind"] = kind.clone();
    }
    json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": list["items"]})
}

/// The cluster in which everything has been created, ten seconds after the first object. metrics-server's rounds fall so that the
/// next one finds pods that run for twelve to fifteen seconds.
fn cluster_with_everything() -> Session {
    let mut session = Session::in_memory(&Options { profile: Profile::Bare, ..Options::default() });
    session.pace = Pace::Manual;
    let begin = session.cluster.world.now + Duration::from_secs(8);
    session.cluster.world.run_until(begin);
    let end = begin + Duration::from_secs(10);
    for name in created() {
        let manifest = read(&name).remove(0);
        let told = session.eval(&format!("kubectl create -f - <<'END'\n{manifest}\nEND\n"));
        assert_eq!(told.code, 0, "{name}: {}", told.stderr);
    }
    session.cluster.world.run_until(end);
    session
}

/// Where an object of a manifest is found.
fn path_of(session: &Session, o: &Value) -> String {
    let text = |v: &Value| v.as_str().expect("text").to_string();
    let (version, name) = (text(&o["apiVersion"]), text(&o["metadata"]["name"]));
    let kind: KindRef = session.cluster.world.api.kind_named(&version, &text(&o["kind"])).expect("kind");
    let root = if version.contains('/') { "apis" } else { "api" };
    let namespace = if kind.namespaced() { "/namespaces/default" } else { "" };
    format!("/{root}/{version}{namespace}/{}/{name}", kind.plural())
}

#[test]
fn small_objects_become_what_they_become_in_a_real_cluster() {
    let mut session = cluster_with_everything();
    let mut wrong = vec![];
    let (late, soon): (Vec<String>, Vec<String>) = created().into_iter().partition(|n| n.starts_with(AUTOSCALER));
    let look = |session: &mut Session, name: &String| {
        let [manifest, real] = <[Value; 2]>::try_from(read(name)).expect("a manifest and an object");
        let path = path_of(session, &manifest);
        let ours = get(session, &path);
        unexpected(name, &differences(&Masks::apply(&real), &Masks::apply(&ours)), KNOWN)
    };
    wrong.extend(soon.iter().flat_map(|name| look(&mut session, name)));
    for (name, path) in MADE {
        let real = read(name).remove(0);
        let mut ours = get(&mut session, path);
        if real["kind"] == "List" {
            ours = as_kubectl_lists(ours, &real);
        }
        wrong.extend(unexpected(name, &differences(&Masks::apply(&real), &Masks::apply(&ours)), KNOWN));
    }
    let later = session.cluster.world.now + Duration::from_secs(10);
    session.cluster.world.run_until(later);
    wrong.extend(late.iter().flat_map(|name| look(&mut session, name)));
    assert!(wrong.is_empty(), "{}\n{} differences", wrong.join("\n"), wrong.len());
}
