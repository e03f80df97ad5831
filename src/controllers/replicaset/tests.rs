use super::members::{Counts, Members, Tally};
use super::plan::{Observed, Plan, plan};
use super::ranking::{Because, Crowds, first_to_go};
use crate::api::kinds::{Pod, ReplicaSet};
use crate::api::{Object, Resource, Status, Time};
use crate::store::{Change, ChangeKind, Rev};
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;

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
fn a_failure_is_told_by_what_the_set_was_about_to_do() {
    let set: ReplicaSet =
        serde_json::from_value(json!({"metadata": {"name": "r"}, "spec": {"replicas": 2, "selector": {}}})).unwrap();
    let e = Status::internal("no");
    for (there, reason) in [(1, "FailedCreate"), (3, "FailedDelete")] {
        let tally = Tally { counts: Counts { replicas: there, ..Counts::default() }, ..Tally::default() };
        let told = super::status(&set, &tally, Some(&e), Time::ZERO).conditions.unwrap();
        assert_eq!((told[0].type_.as_str(), told[0].reason.as_deref()), ("ReplicaFailure", Some(reason)));
    }
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
        let crowds = || {
            pods.iter().fold(Crowds::new(), |mut all, p| {
                *all.entry(crate::api::pods::node(p).to_string()).or_default() += 1;
                all
            })
        };
        let got = plan(&Observed { wanted, had: pods.len(), active: &active, crowds: &crowds, now: Time::ZERO });
        match want {
            None => assert_eq!(got, Plan::Keep),
            Some((name, because)) => {
                let Plan::Delete { pods } = got else { panic!("{got:?}") };
                assert_eq!((pods[0].name.as_str(), pods[0].because), (name, because));
            }
        }
    }
    assert_eq!(
        plan(&Observed { wanted: 3, had: 0, active: &Vec::new, crowds: &Crowds::new, now: Time::ZERO }),
        Plan::Create { count: 3 }
    );
}

/// Real Kubernetes: logarithmicRankDiff, whose ages are nanoseconds.
#[test]
fn of_two_that_are_about_as_old_any_goes() {
    let now = Time::parse("2026-01-01T01:00:00Z").unwrap();
    let ready_for = |name: &str, seconds: u64, restarts: i32| {
        let mut p = pod(name, "n", "Running", true, restarts);
        let since = (now - crate::api::Duration::from_secs(seconds)).meta();
        p.status.as_mut().unwrap().conditions.as_mut().unwrap()[0].last_transition_time = Some(since);
        p
    };
    let first = |pods: &[Pod]| {
        let victims = first_to_go(&pods.iter().collect::<Vec<_>>(), &Crowds::new(), 1, now);
        (victims[0].name.clone(), victims[0].because)
    };
    let told = |name: &str, because: Because| (name.to_string(), because);
    assert_eq!(first(&[ready_for("a", 100, 0), ready_for("b", 5, 0)]), told("b", Because::ReadyShorter));
    assert_eq!(
        first(&[ready_for("a", 101, 0), ready_for("b", 100, 9)]),
        told("a", Because::Name),
        "restarts do not matter"
    );
    assert_eq!(first(&[ready_for("a", 100, 0), ready_for("b", 100, 9)]), told("b", Because::Restarts));
}

proptest! {
    /// Whatever pods there are, they go in one order: a scale-down by less takes the first of those that one by more takes.
    #[test]
    fn pods_go_in_one_order(
        ages in proptest::collection::vec((1..8u64, 0..3i32, 0..2u8), 21..80),
        few in 1..20usize,
    ) {
        let now = Time::parse("2026-01-01T01:00:00Z").unwrap();
        let pods: Vec<Pod> = ages.iter().enumerate().map(|(i, (seconds, restarts, node))| {
            let mut p = pod(&format!("{}", i * 7919 % 997), &format!("n{node}"), "Running", true, *restarts);
            let since = (now - crate::api::Duration::from_secs(*seconds)).meta();
            p.status.as_mut().unwrap().conditions.as_mut().unwrap()[0].last_transition_time = Some(since);
            p
        }).collect();
        let all: Vec<&Pod> = pods.iter().collect();
        let names = |count: usize, pods: &[&Pod]| -> Vec<String> {
            first_to_go(pods, &Crowds::new(), count, now).into_iter().map(|v| v.name).collect()
        };
        let whole = names(all.len(), &all);
        prop_assert_eq!(&names(few, &all)[..], &whole[..few]);
        let turned: Vec<&Pod> = pods.iter().rev().collect();
        prop_assert_eq!(names(all.len(), &turned), whole);
    }
}

#[test]
fn one_sync_deletes_five_hundred_pods_at_most() {
    let pods: Vec<Pod> = (0..600).map(|i| pod(&format!("p{i}"), "n", "Running", true, 0)).collect();
    let active = || pods.iter().collect();
    let Plan::Delete { pods } =
        plan(&Observed { wanted: 20, had: 600, active: &active, crowds: &Crowds::new, now: Time::ZERO })
    else {
        panic!()
    };
    assert_eq!(pods.len(), 500);
}

/// The first two have the same template.
fn set(generation: i64) -> ReplicaSet {
    let tier = if generation < 3 { "y" } else { "z" };
    serde_json::from_value(json!({
        "metadata": {"name": "s", "namespace": "d", "uid": "set", "generation": generation},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "x"}},
                 "template": {"metadata": {"labels": {"app": "x", "tier": tier}}, "spec": {"containers": []}}}
    }))
    .unwrap()
}

proptest! {
    /// What is kept up to date change by change is what a walk over all pods finds.
    #[test]
    fn counts_kept_up_to_date_are_the_counts_of_a_walk(
        // Which pod, gone or not, owned or not, labels, phase, ready, being deleted; and the set's generation then.
        steps in proptest::collection::vec((0..5u8, 0..5u8, any::<bool>(), 0..3u8, 0..3u8, any::<bool>(), any::<bool>(), 1..4i64), 1..60),
    ) {
        let mut members = Members::default();
        for (which, gone, owned, labels, phase, ready, deleting, generation) in steps {
            let mut p = pod(&format!("p{which}"), "n", ["Pending", "Running", "Failed"][usize::from(phase)], ready, 0);
            p.metadata.namespace = Some("d".into());
            let labels = [json!({"app": "x", "tier": "y"}), json!({"app": "x"}), json!({"app": "z"})][usize::from(labels)].clone();
            p.metadata.labels = serde_json::from_value(labels).unwrap();
            p.metadata.deletion_timestamp = deleting.then(|| Time::ZERO.meta());
            p.metadata.owner_references = owned.then(|| vec![crate::api::object::controller_ref(&set(1))]);
            let set = set(generation);
            let kind = if gone == 0 { ChangeKind::Deleted } else { ChangeKind::Modified };
            let (key, object) = (p.key(), Arc::new(Object::new(p)));
            let change = Change { rev: Rev(1), kind, key, object, previous: None, cause: Default::default() };
            members.apply(&change, owned.then_some(&set));
            let yardstick = members.yardstick(&set, Time::ZERO);
            let walked = yardstick.tally(members.of(&set).values());
            prop_assert_eq!(members.tally(&yardstick), walked);
        }
    }
}

#[test]
fn a_set_that_is_only_scaled_measures_its_pods_as_before() {
    let mut members = Members::default();
    let mut measure = |generation| members.yardstick(&set(generation), Time::ZERO).measure;
    let (first, scaled, other) = (measure(1), measure(2), measure(3));
    assert!(Arc::ptr_eq(&first, &scaled));
    assert!(!Arc::ptr_eq(&scaled, &other));
    assert!(Arc::ptr_eq(&other, &measure(3)));
}
