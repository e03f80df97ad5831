//! What a fresh cluster holds, beside a real one (`tests/reference/fresh`): each file names the command and has what it printed.

use std::fs;

use kubetutor::api::yaml;
use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
use kubetutor::prompt::Session;
use kubetutor::prompt::session::Pace;
use regex::Regex;
use serde_json::Value;

use super::compare::{Difference, Known, Masks, differences, unexpected};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/fresh");

const KNOWN: &[Known] = &[
    Known {
        file: "apiservices",
        places: &[".items./v1beta1.metrics.k8s.io"],
        why: "recorded of a control plane without add-ons",
    },
    Known {
        file: "servicecidrs",
        places: &[".items./kubernetes.metadata.managedFields"],
        why: "no ServiceCIDR controller: the API server writes what both would",
    },
    Known {
        file: "node-minikube",
        places: &[".metadata.managedFields.kubelet Update status"],
        why: "the recorded node had been without its runtime since it registered, so kubelet had news to write",
    },
    Known {
        file: "node-minikube",
        places: &[".status.nodeInfo.containerRuntimeVersion"],
        why: "the recorded machine's containerd was built without its commit",
    },
];

/// The recordings of one sort: name without ending, command, and what came of it.
fn recorded(ending: &str) -> Vec<(String, String, String)> {
    let mut all: Vec<(String, String, String)> = fs::read_dir(FOLDER)
        .expect("folder")
        .filter_map(|e| {
            let path = e.expect("entry").path();
            let name = path.file_name()?.to_str()?.strip_suffix(ending)?.to_string();
            let text = fs::read_to_string(&path).expect("file");
            let (command, output) = text.strip_prefix("# ")?.split_once('\n')?;
            Some((name, command.into(), output.into()))
        })
        .collect();
    all.sort();
    all
}

fn session() -> Session {
    let mut session = Session::in_memory(&Options { profile: Profile::Bare, ..Options::default() });
    session.pace = Pace::Manual;
    session
}

/// Certificates were cut out of the recordings, and the indentation with them.
fn parsed(text: &str) -> Value {
    let cut =
        Regex::new(r"\|\n\s+-----BEGIN CERTIFICATE-----\s+<certificate>\s+-----END CERTIFICATE-----").expect("regex");
    let whole = cut.replace_all(text, "\"-----BEGIN CERTIFICATE-----\\n-----END CERTIFICATE-----\\n\"");
    yaml::parse_all(&whole).expect("YAML").remove(0)
}

/// An object without what is drawn by chance; the objects of a list by their names, so that it shows which one differs.
fn masked(v: &Value) -> Value {
    let Some(items) = v["items"].as_array() else { return Masks::apply(v) };
    let word = |o: &Value, k: &str| o["metadata"][k].as_str().unwrap_or_default().to_string();
    let named = items.iter().map(Masks::apply).map(|o| (format!("{}/{}", word(&o, "namespace"), word(&o, "name")), o));
    let mut list = v.clone();
    list["items"] = Value::Object(named.collect());
    list
}

#[test]
fn the_first_objects_are_those_of_a_real_cluster_field_for_field() {
    let mut session = session();
    let mut wrong = vec![];
    for (name, command, real) in recorded(".yaml") {
        let told = session.eval(&command);
        let ours = if told.code == 0 { parsed(&told.stdout) } else { told.stderr.into() };
        wrong.extend(unexpected(&name, &differences(&masked(&parsed(&real)), &masked(&ours)), KNOWN));
    }
    assert!(wrong.is_empty(), "{}\n{} differences", wrong.join("\n"), wrong.len());
}

/// The rows of a table, each cell apart; ages differ, and the order of names that are drawn by chance.
fn rows(text: &str) -> Vec<String> {
    let gap = Regex::new("  +").expect("regex");
    let age = Regex::new(r"\b([0-9]+[dhms])+\b").expect("regex");
    let text = age.replace_all(text, "AGE");
    let masked = Masks::apply(&text.lines().map(|l| gap.replace_all(l.trim_end(), " | ").into_owned()).collect());
    let mut rows: Vec<String> =
        masked.as_array().into_iter().flatten().filter_map(|l| l.as_str().map(Into::into)).collect();
    rows.sort();
    rows
}

#[test]
fn a_fresh_cluster_lists_what_a_real_one_lists() {
    let mut session = session();
    let mut wrong = vec![];
    for (name, command, real) in recorded(".txt") {
        let told = session.eval(&command);
        // What went to stderr was recorded as a remark.
        let ours = told.stderr.lines().map(|l| format!("# {l}\n")).collect::<String>() + &told.stdout;
        let (real, ours) = (rows(&real), rows(&ours));
        let missing = real.iter().filter(|r| !ours.contains(r)).map(|r| Difference {
            at: r.clone(),
            real: "there".into(),
            ours: "not there".into(),
        });
        let more = ours.iter().filter(|r| !real.contains(r)).map(|r| Difference {
            at: r.clone(),
            real: "not there".into(),
            ours: "there".into(),
        });
        let found: Vec<Difference> = missing.chain(more).collect();
        wrong.extend(unexpected(&name, &found, &[]));
    }
    assert!(wrong.is_empty(), "{}\n{} differences", wrong.join("\n"), wrong.len());
}

#[test]
fn a_fresh_server_is_healthy_in_the_same_places() {
    let mut session = session();
    let text = fs::read_to_string(format!("{FOLDER}/healthz.txt")).expect("file");
    for part in text.split("\n\n") {
        let (path, real) = part.split_once('\n').expect("a path and an answer");
        let ours = session.eval(&format!("kubectl get --raw '{path}'"));
        assert_eq!(ours.stdout.trim_end(), real.trim_end(), "{path}");
    }
}
