//! Reading an object and writing it back changes nothing, whatever it is.

use std::collections::BTreeSet;

use kubetutor::api::patch::PatchType;
use kubetutor::api::request::Method;
use kubetutor::api::{KindRef, yaml};
use serde_json::{Value, json};

use crate::objects::{FOLDER, Server, base, files, fresh};

/// The good objects of a file of cases, each with what must be there before it.
fn good(file: &str) -> Vec<(Value, Value)> {
    let read = |name: String| std::fs::read_to_string(format!("{FOLDER}/{name}")).expect("file");
    let documents = yaml::parse_all(&read(format!("{file}.yaml"))).expect("cases");
    let answers: Vec<Value> = serde_json::from_str(&read(format!("{file}.answers.json"))).expect("answers");
    let cases: Vec<Value> = documents[0].as_array().expect("a list").clone();
    let cases = cases.into_iter().filter(|c| c.get("defaults").is_none());
    cases
        .zip(&answers)
        .filter(|(_, a)| a["create"]["object"]["metadata"]["name"].is_string())
        .map(|(c, _)| (c["before"].clone(), c["create"].clone()))
        .collect()
}

/// Where two objects differ, and how.
fn changed(a: &Value, b: &Value, at: &str, out: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            let keys: BTreeSet<&String> = x.keys().chain(y.keys()).collect();
            keys.into_iter().for_each(|k| changed(&a[k], &b[k], &format!("{at}.{k}"), out));
        }
        _ if a != b => out.push(format!("{at} was {a}, is {b}")),
        _ => {}
    }
}

/// A kind of the object; it may be another version than that of the file.
fn kind_of(o: &Value) -> Option<KindRef> {
    KindRef::by_gvk(o["apiVersion"].as_str()?, o["kind"].as_str()?)
}

#[test]
fn what_was_read_may_be_written_back_and_nothing_changes() {
    let start = fresh();
    let (mut tried, mut wrong) = (0, vec![]);
    // Policies would judge what is written back anew.
    for file in files().into_iter().filter(|f| !f.starts_with("policy_")) {
        for (before, o) in good(&file) {
            let mut server = Server { cluster: start.clone(), revision: None };
            for other in before.as_array().into_iter().flatten() {
                let kind = kind_of(other).expect("kind");
                server.call(Method::Post, base(kind), Some(other.clone())).expect("what must be there");
            }
            let Some(kind) = kind_of(&o) else { continue };
            let Ok(made) = server.call(Method::Post, base(kind), Some(o.clone())) else { continue };
            let path = format!("{}/{}", base(kind), made.body["metadata"]["name"].as_str().unwrap_or_default());
            // What is only answered, as a review, cannot be read.
            let Ok(mut read) = server.call(Method::Get, path.clone(), None) else { continue };
            tried += 1;
            let nothing = Some(json!({}));
            let merge = Method::Patch(PatchType::Merge);
            for (how, body) in [(Method::Put, Some((*read.body).clone())), (merge, nothing)] {
                match server.call(how, path.clone(), body) {
                    Ok(answer) if answer.body == read.body => {}
                    Ok(answer) => {
                        let mut changes = vec![];
                        changed(&read.body, &answer.body, "", &mut changes);
                        wrong.push(format!("{file}: {} {path} of {o}: {}", how.name(), changes.join(", ")));
                        read = answer;
                    }
                    Err(s) => wrong.push(format!("{file}: {} {path}: {}", how.name(), s.message)),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong[..wrong.len().min(60)].join("\n"));
    assert!(tried > 400, "{tried}");
}
