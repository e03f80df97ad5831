use super::placement::{Fit, KeptOut, Placement, node_of, pod_for, template};
use super::plan::{Because, Plan, manage};
use super::rolling::roll;
use super::seen::Observed;
use super::status::{Numbers, count};
use crate::api::kinds::{DaemonSet, Node, Pod};
use crate::api::{Duration, Time};
use serde_json::{Value, json};

fn set(strategy: Value, spec: Value) -> DaemonSet {
    serde_json::from_value(json!({
        "metadata": {"name": "agent", "namespace": "d", "uid": "set", "annotations": {"deprecated.daemonset.template.generation": "2"}},
        "spec": {"selector": {"matchLabels": {"app": "agent"}}, "updateStrategy": strategy,
                 "template": {"metadata": {"labels": {"app": "agent"}}, "spec": spec}}
    }))
    .unwrap()
}

fn rolling(unavailable: i32, surge: i32) -> DaemonSet {
    let how = json!({"maxUnavailable": unavailable, "maxSurge": surge});
    set(json!({"type": "RollingUpdate", "rollingUpdate": how}), json!({"containers": []}))
}

fn node(name: &str, taints: Value) -> Node {
    serde_json::from_value(json!({"metadata": {"name": name, "labels": {"name": name}}, "spec": {"taints": taints}}))
        .unwrap()
}

/// `p-NODE-AGE`, of the revision `new` or another, ready or not.
fn pod(on: &str, age: u32, hash: &str, ready: bool) -> Pod {
    serde_json::from_value(json!({
        "metadata": {"name": format!("p-{on}-{age}"), "creationTimestamp": format!("2026-01-01T00:00:{:02}Z", 59 - age),
            "labels": {"app": "agent", "controller-revision-hash": hash}},
        "spec": {"nodeName": on, "containers": []},
        "status": {"phase": "Running", "conditions": [
            {"type": "Ready", "status": if ready { "True" } else { "False" }, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}
    }))
    .unwrap()
}

fn ended(mut p: Pod, phase: &str) -> Pod {
    p.status.get_or_insert_default().phase = Some(phase.into());
    p
}

fn see<'a>(set: &'a DaemonSet, nodes: &'a [Node], pods: &'a [Pod]) -> Observed<'a> {
    Observed::gather(set, "new", nodes.iter(), pods.iter(), Time::parse("2026-01-01T01:00:00Z").unwrap())
}

fn manages(set: &DaemonSet, nodes: &[Node], pods: &[Pod]) -> Plan {
    manage(&see(set, nodes, pods), &|_| None)
}

fn victims(plan: &Plan) -> Vec<(&str, Because)> {
    plan.delete.iter().map(|v| (v.name.as_str(), v.because.clone())).collect()
}

fn three() -> Vec<Node> {
    ["a", "b", "c"].map(|n| node(n, json!([]))).to_vec()
}

#[test]
fn nodes_that_fit_run_a_pod_and_others_do_not() {
    let taint = |effect: &str| json!([{"key": "k", "effect": effect}]);
    let kept_out = |effect: &str| KeptOut::Taint(format!("k:{effect}"));
    let plain = Placement::of(&rolling(1, 0));
    assert_eq!(plain.fit(&node("a", json!([]))), Fit::Runs);
    assert_eq!(plain.fit(&node("a", taint("PreferNoSchedule"))), Fit::Runs);
    assert_eq!(plain.fit(&node("a", taint("NoSchedule"))), Fit::Stays(kept_out("NoSchedule")));
    assert_eq!(plain.fit(&node("a", taint("NoExecute"))), Fit::Leaves(kept_out("NoExecute")));
    let unreachable = json!([{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}, {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]);
    assert_eq!(plain.fit(&node("a", unreachable)), Fit::Runs, "daemons stay where others flee");
    let no_network = json!([{"key": "node.kubernetes.io/network-unavailable", "effect": "NoSchedule"}]);
    assert!(matches!(plain.fit(&node("a", no_network.clone())), Fit::Stays(_)));
    let on = |spec: Value| Placement::of(&set(json!({"type": "OnDelete"}), spec));
    assert_eq!(on(json!({"hostNetwork": true, "containers": []})).fit(&node("a", no_network)), Fit::Runs);
    assert_eq!(on(json!({"nodeName": "b", "containers": []})).fit(&node("a", json!([]))), Fit::Leaves(KeptOut::Name));
    let chosen = on(json!({"nodeSelector": {"name": "b"}, "containers": []}));
    assert_eq!(chosen.fit(&node("a", json!([]))), Fit::Leaves(KeptOut::Affinity));
    assert_eq!(chosen.fit(&node("b", json!([]))), Fit::Runs);
}

#[test]
fn a_pod_is_made_for_one_node() {
    let affinity = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "x", "operator": "Exists"}]}]}}});
    let spec = json!({"containers": [], "affinity": affinity, "tolerations": [
        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}]});
    let set = set(json!({"type": "OnDelete"}), spec);
    let p = pod_for(&set, &template(&set, "new"), "b");
    assert_eq!(node_of(&p), Some("b"));
    let labels = p.metadata.labels.unwrap();
    assert_eq!((labels["controller-revision-hash"].as_str(), labels["pod-template-generation"].as_str()), ("new", "2"));
    let tolerations = p.spec.unwrap().tolerations.clone().unwrap();
    assert_eq!(tolerations.len(), 6);
    assert_eq!(tolerations[0].toleration_seconds, None, "for ever, whatever the template says");
    assert_eq!(node_of(&Pod::default()), None);
}

#[test]
fn one_pod_for_each_node_no_more_and_no_less() {
    let set = rolling(1, 0);
    let nodes = [three(), vec![node("t", json!([{"key": "k", "effect": "NoExecute"}]))]].concat();
    let pods =
        [pod("a", 1, "new", true), pod("a", 9, "new", true), pod("t", 1, "new", true), pod("gone", 1, "new", true)];
    let plan = manages(&set, &nodes, &pods);
    assert_eq!(plan.create, ["b", "c"]);
    let taint = KeptOut::Taint("k:NoExecute".into());
    assert_eq!(victims(&plan), [("p-a-1", Because::Excess), ("p-t-1", Because::NotHere(taint))], "the oldest stays");
    assert_eq!(
        count(&see(&set, &nodes, &pods)),
        Numbers { desired: 3, current: 1, misscheduled: 1, ready: 1, updated: 1, available: 1 }
    );
    let mut waiting = pod_for(&set, &template(&set, "new"), "gone");
    waiting.metadata.name = Some("w".into());
    assert_eq!(victims(&manages(&set, &[], &[waiting])), [("w", Because::NodeGone)]);
}

#[test]
fn what_ended_is_made_anew_but_not_at_once_again_and_again() {
    let set = rolling(1, 0);
    let nodes = three();
    let pods = [
        ended(pod("a", 1, "new", false), "Failed"),
        ended(pod("a", 2, "new", false), "Failed"),
        ended(pod("b", 1, "new", false), "Succeeded"),
        pod("c", 1, "new", true),
    ];
    assert_eq!(victims(&manages(&set, &nodes, &pods)), [("p-a-2", Because::Failed), ("p-b-1", Because::Succeeded)]);
    let wait = Duration::from_secs(4);
    let held = manage(&see(&set, &nodes, &pods), &|n| (n == "a").then_some(wait));
    assert_eq!((victims(&held), held.again), (vec![("p-b-1", Because::Succeeded)], Some(wait)));
}

#[test]
fn old_pods_go_as_many_at_a_time_as_may_be_missing() {
    let nodes = three();
    let old = |n: &str| pod(n, 9, "old", true);
    let gone = |unavailable: i32, pods: &[Pod]| {
        let set = rolling(unavailable, 0);
        let plan = roll(&see(&set, &nodes, pods));
        assert!(plan.create.is_empty());
        plan.delete.into_iter().map(|v| v.name).collect::<Vec<_>>()
    };
    assert_eq!(gone(1, &[old("a"), old("b"), old("c")]), ["p-a-9"]);
    assert_eq!(gone(2, &[old("a"), old("b"), old("c")]), ["p-a-9", "p-b-9"]);
    assert_eq!(gone(0, &[old("a"), old("b"), old("c")]), ["p-a-9"], "else nothing could ever move");
    assert!(gone(1, &[pod("a", 1, "new", false), old("b"), old("c")]).is_empty(), "one is missing already");
    assert_eq!(gone(1, &[pod("a", 1, "new", true), old("b"), old("c")]), ["p-b-9"]);
    assert_eq!(gone(1, &[old("a"), pod("b", 9, "old", false), old("c")]), ["p-b-9"], "what does not work goes first");
    assert!(gone(1, &[old("b"), old("c")]).is_empty(), "a comes first");
}

#[test]
fn with_a_surge_the_new_pod_comes_before_the_old_one_goes() {
    let nodes = three();
    let set = rolling(0, 1);
    let old = |n: &str| pod(n, 9, "old", true);
    let plan = roll(&see(&set, &nodes, &[old("a"), old("b"), old("c")]));
    assert_eq!((plan.create, plan.delete), (vec!["a".to_string()], vec![]));
    let starting = [old("a"), pod("a", 1, "new", false), old("b"), old("c")];
    assert_eq!(roll(&see(&set, &nodes, &starting)), Plan::default());
    assert_eq!(manages(&set, &nodes, &starting), Plan::default(), "both may be there for a while");
    let started = [old("a"), pod("a", 1, "new", true), old("b"), old("c")];
    assert_eq!(victims(&manages(&set, &nodes, &started)), [("p-a-9", Because::Replaced)]);
    let broken = [pod("a", 9, "old", false), old("b"), old("c")];
    assert_eq!(roll(&see(&set, &nodes, &broken)).create, ["a", "b"], "what does not work is no loss");
    let tainted = vec![node("a", json!([{"key": "k", "effect": "NoSchedule"}])), node("b", json!([]))];
    assert!(roll(&see(&set, &tainted, &[old("a")])).delete.is_empty(), "nobody else is there yet");
    let moved = roll(&see(&set, &tainted, &[old("a"), pod("b", 1, "new", true)]));
    assert_eq!(victims(&moved), [("p-a-9", Because::Moved)]);
}
