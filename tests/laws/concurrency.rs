//! Many writers who look at one object at different times: nobody's acknowledged change is lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use kubetutor::api::Reason;
use kubetutor::api::patch::PatchType;
use kubetutor::api::request::{Method, Request};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::server::{GADGETS, Server, revision, seeds};

#[derive(Clone, Debug)]
enum Act {
    /// Looks at the object as it is now.
    Look(usize),
    /// Counts one more in what was seen last.
    Write(usize, How),
    /// Deletes the object if it is as it was seen, which another makes again.
    Replace(usize),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    Put,
    Merge,
    Strategic,
    Json,
    /// One's own field alone, whatever else has changed.
    Blind,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let how = prop::sample::select(vec![How::Put, How::Merge, How::Strategic, How::Json, How::Blind]);
    let act = prop_oneof![
        4 => (0..4usize).prop_map(Act::Look),
        8 => (0..4usize, how).prop_map(|(by, how)| Act::Write(by, how)),
        1 => (0..4usize).prop_map(Act::Replace),
    ];
    prop::collection::vec(act, 1..30)
}

fn count(o: &Value, by: usize) -> u64 {
    o["metadata"]["annotations"][format!("count-{by}")].as_str().and_then(|t| t.parse().ok()).unwrap_or(0)
}

fn write(path: &str, seen: &Value, by: usize, how: How) -> Request {
    let key = format!("count-{by}");
    let next = (count(seen, by) + 1).to_string();
    let version = seen["metadata"]["resourceVersion"].clone();
    let patch = |how, body| Request::new(Method::Patch(how), path).body(body);
    let named = json!({"metadata": {"resourceVersion": version, "annotations": {key.as_str(): next}}});
    match how {
        How::Put => {
            let mut body = seen.clone();
            body["metadata"]["annotations"][key] = next.into();
            Request::new(Method::Put, path).body(body)
        }
        How::Merge => patch(PatchType::Merge, named),
        How::Strategic => patch(PatchType::Strategic, named),
        How::Json => patch(
            PatchType::Json,
            json!([{"op": "test", "path": "/metadata/resourceVersion", "value": version},
                   {"op": "add", "path": format!("/metadata/annotations/{key}"), "value": next}]),
        ),
        How::Blind => patch(PatchType::Merge, json!({"metadata": {"annotations": {key: next}}})),
    }
}

fn check(base: &str, object: &Value, acts: &[Act]) -> Result<(), TestCaseError> {
    let mut server = Server::new();
    let path = format!("{base}/x");
    let mut newest = server.post(base, object.clone()).map_err(|s| TestCaseError::fail(s.message))?.body;
    let mut seen: Vec<Arc<Value>> = vec![newest.clone(); 4];
    let mut acknowledged: BTreeMap<usize, u64> = BTreeMap::new();
    for act in acts {
        match act {
            Act::Look(by) => seen[*by] = server.get(&path).expect("an object").body,
            Act::Write(_, How::Strategic) if base == GADGETS => {}
            Act::Write(by, how) => {
                let stale = revision(&seen[*by]) != revision(&newest);
                let next = count(&seen[*by], *by) + 1;
                match server.ask(write(&path, &seen[*by], *by, *how)) {
                    Ok(answer) => {
                        prop_assert!(!stale || *how == How::Blind, "{:?} knows nothing of what happened since", act);
                        prop_assert!(revision(&answer.body) >= revision(&newest));
                        acknowledged.insert(*by, next);
                        newest = answer.body;
                    }
                    Err(status) => {
                        prop_assert!(stale, "{}", status.message);
                        let want = if *how == How::Json { Reason::Invalid } else { Reason::Conflict };
                        prop_assert!(status.is(want), "{}", status.message);
                        prop_assert_eq!(&server.get(&path).expect("an object").body, &newest);
                    }
                }
            }
            Act::Replace(by) => {
                let wanted = json!({"preconditions": {"resourceVersion": seen[*by]["metadata"]["resourceVersion"]}});
                let stale = revision(&seen[*by]) != revision(&newest);
                match server.ask(Request::new(Method::Delete, &path).body(wanted)) {
                    Ok(_) => {
                        prop_assert!(!stale, "it was not the one to be deleted");
                        newest = server.post(base, object.clone()).expect("made again").body;
                        acknowledged.clear();
                    }
                    Err(status) => prop_assert!(stale && status.is(Reason::Conflict), "{}", status.message),
                }
            }
        }
        let now = server.get(&path).expect("an object").body;
        for by in 0..4 {
            prop_assert_eq!(
                count(&now, by),
                acknowledged.get(&by).copied().unwrap_or(0),
                "writer {} after {:?}",
                by,
                act
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(seeds())]

    #[test]
    fn no_acknowledged_change_of_a_config_map_is_lost(acts in acts()) {
        let o = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "annotations": {"a": "b"}}});
        check("/api/v1/namespaces/a/configmaps", &o, &acts)?;
    }

    #[test]
    fn no_acknowledged_change_of_a_deployment_is_lost(acts in acts()) {
        let o = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "annotations": {"a": "b"}}, "spec": {
            "selector": {"matchLabels": {"app": "x"}},
            "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}}});
        check("/apis/apps/v1/namespaces/a/deployments", &o, &acts)?;
    }

    #[test]
    fn no_acknowledged_change_of_a_custom_resource_is_lost(acts in acts()) {
        let o = json!({"apiVersion": "laws.example.com/v1", "kind": "Gadget", "metadata": {"name": "x", "annotations": {"a": "b"}}});
        check(GADGETS, &o, &acts)?;
    }
}
