use super::plan::{Observed, Plan, plan};
use super::ranking::Because;
use crate::api::Time;
use crate::api::kinds::Pod;
use serde_json::json;

/// name, node, phase, ready, restarts
fn pod(name: &str, node: &str, phase: &str, ready: bool, restarts: i32) -> Pod {
    serde_json::from_value(json!({
        "metadata": {"name": name, "uid": name, "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"nodeName": node, "containers": []},
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }, "lastTransitionTime": "2026-01-01T00:00:00Z"}],
                   "containerStatuses": [{"name": "c", "image": "", "imageID": "", "ready": ready, "restartCount": restarts}]}
    }))
    .unwrap()
}

#[test]
fn what_it_sees_and_what_it_wants_to_do() {
    let running = |n: &str, node: &str| pod(n, node, "Running", true, 0);
    let table = [
        (1, vec![running("a", "n1"), pod("b", "", "Pending", false, 0)], Some(("b", Because::Unassigned))),
        (1, vec![running("a", "n1"), pod("b", "n2", "Pending", false, 0)], Some(("b", Because::Phase))),
        (1, vec![running("a", "n1"), pod("b", "n2", "Running", false, 0)], Some(("b", Because::NotReady))),
        (2, vec![running("a", "n1"), running("b", "n2"), running("c", "n2")], Some(("b", Because::Crowded))),
        (1, vec![running("a", "n1"), pod("b", "n2", "Running", true, 3)], Some(("b", Because::Restarts))),
        (2, vec![running("a", "n1"), running("b", "n2")], None),
    ];
    for (wanted, pods, want) in table {
        let active = || pods.iter().collect();
        let got = plan(&Observed { wanted, had: pods.len(), active: &active, now: Time::ZERO });
        match want {
            None => assert_eq!(got, Plan::Keep),
            Some((name, because)) => {
                let Plan::Delete { pods } = got else { panic!("{got:?}") };
                assert_eq!((pods[0].name.as_str(), pods[0].because), (name, because));
            }
        }
    }
    assert_eq!(plan(&Observed { wanted: 3, had: 0, active: &Vec::new, now: Time::ZERO }), Plan::Create { count: 3 });
}

#[test]
fn one_sync_deletes_five_hundred_pods_at_most() {
    let pods: Vec<Pod> = (0..600).map(|i| pod(&format!("p{i}"), "n", "Running", true, 0)).collect();
    let active = || pods.iter().collect();
    let Plan::Delete { pods } = plan(&Observed { wanted: 20, had: 600, active: &active, now: Time::ZERO }) else {
        panic!()
    };
    assert_eq!(pods.len(), 500);
}
