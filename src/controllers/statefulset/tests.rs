use super::claims::{owners_are_right, set_owners};
use super::identity;
use super::plan::{BURST, Because, Observed, Of, Plan, Step, plan};
use super::status::{differs, status};
use crate::api::Time;
use crate::api::kinds::{PersistentVolumeClaim, Pod, StatefulSet};
use serde_json::{Value, json};

fn set(replicas: i32, more: Value) -> StatefulSet {
    let mut spec = json!({"replicas": replicas, "selector": {"matchLabels": {"app": "db"}}, "serviceName": "db",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [], "volumes": [{"name": "data"}, {"name": "own"}]}}});
    for (k, v) in more.as_object().unwrap() {
        spec[k] = v.clone();
    }
    serde_json::from_value(
        json!({"metadata": {"name": "db", "namespace": "d", "uid": "set", "generation": 1}, "spec": spec}),
    )
    .unwrap()
}

fn with_claims(policy: (&str, &str)) -> StatefulSet {
    let policy = json!({"whenDeleted": policy.0, "whenScaled": policy.1});
    set(
        2,
        json!({"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}], "persistentVolumeClaimRetentionPolicy": policy}),
    )
}

fn member(set: &StatefulSet, ordinal: i64, revision: &str) -> Pod {
    let mut p = identity::pod(set, ordinal, revision);
    p.metadata.uid = Some(format!("uid-{ordinal}"));
    let ready = json!({"phase": "Running", "conditions": [
        {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]});
    p.status = serde_json::from_value(ready).unwrap();
    p
}

fn phase(mut p: Pod, phase: &str) -> Pod {
    p.status = serde_json::from_value(json!({"phase": phase})).unwrap();
    p
}

fn deleting(mut p: Pod) -> Pod {
    p.metadata.deletion_timestamp = Some(Time::ZERO.meta());
    p
}

fn later() -> Time {
    Time::parse("2026-01-01T01:00:00Z").unwrap()
}

fn rounds(set: &StatefulSet, pods: &[Pod]) -> Plan {
    plan(&Observed::gather(set, ("old", "new"), pods.iter(), &|_| None, later()))
}

fn steps(set: &StatefulSet, pods: &[Pod]) -> Vec<Step> {
    rounds(set, pods).concat().concat()
}

fn delete(ordinal: i64, because: Because) -> Step {
    Step::Delete { pod: format!("db-{ordinal}"), because }
}

#[test]
fn a_pod_knows_who_it_is() {
    let s = with_claims(("Retain", "Retain"));
    let mut p = identity::pod(&s, 7, "db-x");
    assert_eq!((p.metadata.name.as_deref(), identity::ordinal(&p)), (Some("db-7"), Some(7)));
    assert!(identity::is_member(&s, &p) && identity::has_identity(&s, &p) && identity::has_storage(&s, &p));
    let spec = p.spec.clone().unwrap();
    assert_eq!((spec.hostname.as_deref(), spec.subdomain.as_deref()), (Some("db-7"), Some("db")));
    let volumes = spec.volumes.clone().unwrap();
    assert_eq!(volumes.iter().map(|v| v.name.as_str()).collect::<Vec<_>>(), ["data", "own"]);
    assert_eq!(volumes[0].persistent_volume_claim.as_ref().unwrap().claim_name, "data-db-7");
    p.metadata.labels = None;
    assert!(!identity::has_identity(&s, &p));
    identity::give_identity(&mut p);
    assert!(identity::has_identity(&s, &p));
    for (name, ordinal) in [("db-", None), ("db", None), ("db-x-3", Some(3)), ("db-1x", None)] {
        p.metadata.name = Some(name.into());
        assert_eq!((identity::ordinal(&p), identity::is_member(&s, &p)), (ordinal, false), "{name}");
    }
}

#[test]
fn one_after_the_other_comes_and_each_waits_for_those_before() {
    let s = set(3, json!({}));
    let new = |n: i64| member(&s, n, "new");
    let create = |ordinal| vec![Step::Create { ordinal, of: Of::Update }];
    assert_eq!(steps(&s, &[]), create(0));
    assert_eq!(steps(&s, &[phase(new(0), "Pending")]), []);
    assert_eq!(steps(&s, &[new(0)]), create(1));
    assert_eq!(steps(&s, &[new(0), new(2)]), create(1));
    assert_eq!(steps(&s, &[new(0), deleting(new(1)), new(2)]), [], "it comes back when it is gone");
    assert_eq!(steps(&s, &[phase(new(0), "Succeeded"), new(1), new(2)]), [delete(0, Because::Ended)]);
    let slow = set(2, json!({"minReadySeconds": 7200}));
    assert_eq!(steps(&slow, &[member(&slow, 0, "new")]), [], "ready, but not long enough");
    let fifth = set(2, json!({"ordinals": {"start": 5}}));
    assert_eq!(steps(&fifth, &[member(&fifth, 5, "new")]), create(6));
    let mut lost = new(1);
    lost.metadata.labels.as_mut().unwrap().remove("statefulset.kubernetes.io/pod-name");
    assert_eq!(steps(&s, &[new(0), lost, new(2)]), [Step::Correct { pod: "db-1".into() }]);
}

#[test]
fn in_parallel_nobody_waits() {
    let s = set(3, json!({"podManagementPolicy": "Parallel"}));
    let new = |n: i64| member(&s, n, "new");
    let create = |ordinal| Step::Create { ordinal, of: Of::Update };
    assert_eq!(steps(&s, &[]), [create(0), create(1), create(2)]);
    assert_eq!(steps(&s, &[phase(new(0), "Pending")]), [create(1), create(2)]);
    let many = [phase(new(0), "Pending"), new(1), new(2), new(3), new(4)];
    assert_eq!(steps(&s, &many), [delete(4, Because::ScaledAway), delete(3, Because::ScaledAway)]);
}

#[test]
fn a_parallel_set_turns_to_twice_as_many_pods_each_round() {
    let s = set(10, json!({"podManagementPolicy": "Parallel"}));
    let sizes = |pods: &[Pod]| rounds(&s, pods).iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(sizes(&[]), [1, 2, 4, 3], "what fails ends the plan with its round");
    assert_eq!(
        sizes(&[member(&s, 0, "new"), member(&s, 2, "new")]),
        [1, 4, 3],
        "who has nothing to do takes a turn too"
    );
}

#[test]
fn no_number_of_replicas_is_too_great_to_plan_for() {
    let most = |more: Value| {
        let mut s = set(i32::MAX, more);
        s.spec.as_mut().unwrap().ordinals = serde_json::from_value(json!({"start": i32::MAX})).unwrap();
        s
    };
    let first = i64::from(i32::MAX);
    let create = |ordinal| Step::Create { ordinal, of: Of::Update };
    let s = most(json!({}));
    assert_eq!(steps(&s, &[]), [create(first)]);
    assert_eq!(steps(&s, &[member(&s, first, "new")]), [create(first + 1)]);
    assert_eq!(identity::ordinals(&s), first..2 * first);
    let s = most(json!({"podManagementPolicy": "Parallel"}));
    let many = steps(&s, &[member(&s, first, "old"), member(&s, 0, "old")]);
    assert_eq!((many.len(), many.first(), many.last()), (BURST, Some(&create(first + 1)), Some(&create(first + 500))));
    let none = |_: &str| None;
    assert_eq!(status(&Observed::gather(&s, ("old", "new"), [].into_iter(), &none, later()), 0, 0).replicas, 0);
}

#[test]
fn the_highest_goes_first_and_the_next_waits_until_it_is_gone() {
    let s = set(1, json!({}));
    let new = |n: i64| member(&s, n, "new");
    assert_eq!(steps(&s, &[new(0), new(1), new(2)]), [delete(2, Because::ScaledAway)]);
    assert_eq!(steps(&s, &[new(0), new(1), deleting(new(2))]), []);
    assert_eq!(steps(&s, &[new(0), phase(new(1), "Pending"), new(2)]), [delete(2, Because::ScaledAway)]);
    assert_eq!(
        steps(&s, &[new(0), phase(new(1), "Pending"), phase(new(2), "Pending")]),
        [],
        "the lower one holds it up"
    );
    assert_eq!(steps(&s, &[new(0), new(1), phase(new(2), "Pending")]), [delete(2, Because::ScaledAway)]);
    assert_eq!(steps(&s, &[phase(new(0), "Pending"), new(1)]), []);
    let mut gone = s.clone();
    gone.metadata.deletion_timestamp = Some(Time::ZERO.meta());
    assert_eq!(steps(&gone, &[new(0), new(1)]), [], "the garbage collector does the rest");
}

#[test]
fn an_update_goes_from_the_highest_down_to_the_partition() {
    let strategy = |v: Value| set(3, json!({"updateStrategy": v}));
    let to = |partition: i32| strategy(json!({"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}));
    let all = |s: &StatefulSet, of: [&str; 3]| [0, 1, 2].map(|n| member(s, n, of[usize::try_from(n).unwrap()]));
    let s = to(0);
    assert_eq!(steps(&s, &all(&s, ["old", "old", "old"])), [delete(2, Because::Outdated)]);
    assert_eq!(steps(&s, &all(&s, ["old", "old", "new"])), [delete(1, Because::Outdated)]);
    assert_eq!(steps(&s, &all(&s, ["new", "new", "new"])), []);
    let part = to(2);
    assert_eq!(steps(&part, &all(&part, ["old", "old", "new"])), []);
    assert_eq!(steps(&part, &all(&part, ["old", "old", "old"])), [delete(2, Because::Outdated)]);
    assert_eq!(steps(&part, &[]), [Step::Create { ordinal: 0, of: Of::Current }], "below the partition as before");
    let by_hand = strategy(json!({"type": "OnDelete"}));
    assert_eq!(steps(&by_hand, &all(&by_hand, ["old", "old", "old"])), []);
    assert_eq!(steps(&by_hand, &[]), [Step::Create { ordinal: 0, of: Of::Update }]);
}

#[test]
fn claims_belong_to_whom_the_policy_says() {
    // when deleted, when scaled; of a pod that stays, of one that is scaled away
    let table = [
        ("Retain", "Retain", &[][..], &[][..]),
        ("Delete", "Retain", &["set"], &["set"]),
        ("Retain", "Delete", &[], &["uid-2"]),
        ("Delete", "Delete", &["set"], &["uid-2"]),
    ];
    for (deleted, scaled, of_first, of_third) in table {
        let s = with_claims((deleted, scaled));
        for (n, want) in [(0, of_first), (2, of_third)] {
            let p = member(&s, n, "new");
            let mut c = PersistentVolumeClaim::default();
            assert_eq!(owners_are_right(&c, &s, &p), want.is_empty());
            set_owners(&mut c, &s, &p);
            assert!(owners_are_right(&c, &s, &p));
            let owners: Vec<&str> = c.metadata.owner_references.iter().flatten().map(|r| r.uid.as_str()).collect();
            assert_eq!(owners, want, "{deleted} {scaled} {n}");
            let stays = with_claims(("Retain", "Retain"));
            set_owners(&mut c, &stays, &p);
            assert_eq!(c.metadata.owner_references, None, "the policy may change");
        }
    }
    let s = with_claims(("Delete", "Delete"));
    let p = member(&s, 0, "new");
    let of = |v: Value| -> PersistentVolumeClaim {
        serde_json::from_value(json!({"metadata": {"ownerReferences": [v]}})).unwrap()
    };
    let stranger = of(json!({"apiVersion": "v1", "kind": "X", "name": "x", "uid": "x", "controller": true}));
    assert!(owners_are_right(&stranger, &s, &p), "what others manage is theirs");
    let stale = of(json!({"apiVersion": "v1", "kind": "Pod", "name": "db-0", "uid": "before", "controller": true}));
    assert!(owners_are_right(&stale, &s, &p));
    let seen_claim = |_: &str| Some(&stale);
    let seen = Observed::gather(&s, ("new", "new"), [].into_iter(), &seen_claim, later());
    assert_eq!(plan(&seen), Plan::new(), "its claim is about to go with the pod before");
}

#[test]
fn the_status_counts_and_an_update_ends() {
    let s = set(3, json!({}));
    let count = |of: [&str; 3]| {
        let pods = [0, 1, 2].map(|n| member(&s, n, of[usize::try_from(n).unwrap()]));
        let none = |_: &str| None;
        status(&Observed::gather(&s, ("old", "new"), pods.iter(), &none, later()), 0, 0)
    };
    let half = count(["old", "old", "new"]);
    assert_eq!(
        (half.replicas, half.ready_replicas, half.current_replicas, half.updated_replicas),
        (3, Some(3), Some(2), Some(1))
    );
    assert_eq!(half.current_revision.as_deref(), Some("old"));
    let whole = count(["new", "new", "new"]);
    assert_eq!((whole.current_revision.as_deref(), whole.current_replicas), (Some("new"), Some(3)));
    assert!(differs(&whole, &half) && !differs(&half, &half));
}
