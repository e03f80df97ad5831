use super::rolling::{Move, plan};
use super::scaling::spread;
use super::{DESIRED, MAX, Sets};
use crate::api::kinds::{Deployment, ReplicaSet};
use serde_json::json;

fn deployment(replicas: i32, surge: &str, unavailable: &str) -> Deployment {
    let value = |s: &str| s.parse::<i32>().map_or_else(|_| json!(s), |n| json!(n));
    serde_json::from_value(json!({"metadata": {"name": "d"}, "spec": {"replicas": replicas, "selector": {}, "template": {},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": value(surge), "maxUnavailable": value(unavailable)}}}}))
    .unwrap()
}

fn set(name: &str, replicas: i32, available: i32) -> ReplicaSet {
    serde_json::from_value(json!({"metadata": {"name": name, "annotations": {DESIRED: "10", MAX: "13"}},
        "spec": {"replicas": replicas, "selector": {}}, "status": {"replicas": replicas, "availableReplicas": available}}))
    .unwrap()
}

#[test]
fn a_rolling_update_moves_step_by_step_within_its_limits() {
    // (wanted, surge, unavailable), old (size, available), new (size, available) → the next move
    for (d, old, new, want) in [
        ((4, "25%", "25%"), (4, 4), (0, 0), Move::New { from: 0, to: 1 }),
        ((4, "25%", "25%"), (4, 4), (1, 0), Move::Old(vec![("old".into(), 4, 3)])),
        ((4, "25%", "25%"), (3, 3), (1, 0), Move::New { from: 1, to: 2 }),
        ((4, "25%", "25%"), (3, 3), (2, 0), Move::Nothing),
        ((4, "25%", "25%"), (3, 3), (2, 1), Move::Old(vec![("old".into(), 3, 2)])),
        ((1, "25%", "25%"), (1, 1), (0, 0), Move::New { from: 0, to: 1 }),
        ((1, "25%", "25%"), (1, 1), (1, 0), Move::Nothing),
        ((1, "25%", "25%"), (1, 1), (1, 1), Move::Old(vec![("old".into(), 1, 0)])),
        ((4, "3", "3"), (4, 4), (3, 0), Move::Old(vec![("old".into(), 4, 1)])),
        ((2, "0", "0"), (2, 2), (0, 0), Move::Old(vec![("old".into(), 2, 1)])),
        // A pod that never became available goes without a replacement having to wait for it.
        ((3, "1", "0"), (3, 2), (1, 1), Move::Old(vec![("old".into(), 3, 2)])),
    ] {
        let d = deployment(d.0, d.1, d.2);
        let sets = Sets { new: Some(set("new", new.0, new.1)), old: vec![set("old", old.0, old.1)] };
        assert_eq!(plan(&d, &sets), want, "{old:?} {new:?}");
    }
}

#[test]
fn scaling_in_the_middle_of_a_rollout_is_spread_in_proportion() {
    let d = deployment(15, "3", "2");
    let sets = Sets { new: Some(set("new", 5, 0)), old: vec![set("old", 8, 8)] };
    let sizes = spread(&d, &sets);
    assert_eq!(sizes, vec![("old".to_string(), 8, 11), ("new".to_string(), 5, 7)]);
}
