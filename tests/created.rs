//! What is answered to whoever creates an object of any kind or writes its status, managed fields included, beside a real server's
//! answers (`tests/reference/tables/created.jsonl`, which `record.py` there writes).

use kubetutor::api::Duration;
use kubetutor::api::RecordId;
use kubetutor::api::patch::PatchType;
use kubetutor::api::request::{Method, Request};
use kubetutor::cluster::profile::Profile;
use kubetutor::cluster::{Cluster, Options};
use kubetutor::prompt::transport::administrator;
use serde_json::{Value, json};

use super::compare::{Known, Masks, differences, unexpected};

const STEPS: &str = include_str!("reference/tables/created.jsonl");

const EMPTY_LIST: &str = "a list that was sent empty is owned, and stored as none: here it is none from the beginning";
const KNOWN: &[Known] = &[
    Known {
        file: "/apis/discovery.k8s.io/v1/namespaces/cells/endpointslices?fieldManager=kubectl-create empty",
        places: &[".metadata.managedFields.kubectl-create Update.fieldsV1.f:endpoints"],
        why: EMPTY_LIST,
    },
    Known {
        file: "/apis/storage.k8s.io/v1/csinodes?fieldManager=kubectl-create none",
        places: &[".metadata.managedFields"],
        why: EMPTY_LIST,
    },
];

fn ask(cluster: &mut Cluster, method: Method, path: &str, body: Option<Value>) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut request = Request::new(method, path);
    for (key, value) in query.split('&').filter_map(|q| q.split_once('=')) {
        request = request.query(key, value);
    }
    request.body = body;
    match cluster.world.request(&request, &administrator(), RecordId::default()) {
        Ok(answer) => (*answer.body).clone(),
        Err(status) => status.to_json(),
    }
}

/// As the recorded server was: a namespace and an account in it, no class of volumes that is the default.
fn start() -> Cluster {
    let mut cluster = Cluster::new(&Options { profile: Profile::Bare, ..Options::default() });
    let named = |name: &str| Some(json!({"metadata": {"name": name}}));
    ask(&mut cluster, Method::Delete, "/apis/storage.k8s.io/v1/storageclasses/standard", None);
    ask(&mut cluster, Method::Post, "/api/v1/namespaces", named("cells"));
    ask(&mut cluster, Method::Post, "/api/v1/namespaces/cells/serviceaccounts", named("default"));
    cluster
}

#[test]
fn objects_of_every_kind_are_completed_and_owned_as_by_a_real_server() {
    let mut cluster = start();
    let mut wrong = vec![];
    for line in STEPS.lines() {
        let step: Value = serde_json::from_str(line).expect("JSON");
        let method = if step["method"] == "POST" { Method::Post } else { Method::Patch(PatchType::Merge) };
        let path = step["path"].as_str().expect("a path");
        let ours = ask(&mut cluster, method, path, Some(step["body"].clone()));
        // What is defined is served a little later.
        if path.contains("customresourcedefinitions") {
            cluster.world.run_until(cluster.world.now + Duration::from_secs(5));
        }
        let name = format!("{path} {}", step["body"]["metadata"]["name"].as_str().unwrap_or_default());
        wrong.extend(unexpected(&name, &differences(&Masks::apply(&step["answer"]), &Masks::apply(&ours)), KNOWN));
    }
    assert!(wrong.is_empty(), "{}\n{} differences in {} steps", wrong.join("\n"), wrong.len(), STEPS.lines().count());
}
