//! Plugins, as tables of (pod, nodes) → (reasons, scores).

use super::cache::Cache;
use super::cycle::{Memory, Verdict, failure_message, schedule};
use super::framework::{NodeInfo, PodInfo, Reason, Snapshot};
use super::plugins::TABLE;
use crate::api::kinds::{Node, Pod};
use crate::api::object::Name;
use crate::api::{Object, selector::Selector};
use crate::apiserver::caller::Chance;
use rand::SeedableRng;
use serde_json::{Value, json};
use std::sync::Arc;

fn node(name: &str, spec: Value, labels: Value) -> Arc<Object> {
    let mut all = json!({"kubernetes.io/hostname": name});
    for (k, v) in labels.as_object().into_iter().flatten() {
        all[k] = v.clone();
    }
    let n: Node = serde_json::from_value(json!({"metadata": {"name": name, "labels": all}, "spec": spec,
        "status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "3"}}}))
    .unwrap();
    Arc::new(Object::new(n))
}

fn pod(name: &str, spec: Value) -> Arc<Object> {
    let mut spec = spec;
    if spec.get("containers").is_none() {
        spec["containers"] = json!([{"name": "c", "image": "nginx"}]);
    }
    let p: Pod = serde_json::from_value(
        json!({"metadata": {"name": name, "uid": name, "namespace": "d", "labels": {"app": "x"}}, "spec": spec}),
    )
    .unwrap();
    Arc::new(Object::new(p))
}

fn asks(cpu: &str) -> Value {
    json!({"containers": [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}]})
}

fn reasons(pod: &Arc<Object>, node: &NodeInfo) -> Vec<String> {
    let info = PodInfo::new(pod.clone());
    let snapshot = Snapshot { nodes: std::slice::from_ref(node), images: &Default::default() };
    TABLE
        .iter()
        .filter_map(|p| p.filter)
        .filter(|f| f.applies(&info))
        .flat_map(|f| f.filter(&info, node, &snapshot))
        .map(|r| r.to_string())
        .collect()
}

#[test]
fn each_filter_says_why() {
    let taint = json!({"taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]});
    for (p, n, want) in [
        (json!({}), json!({}), vec![]),
        (json!({"nodeName": "other"}), json!({}), vec!["node(s) didn't match the requested node name"]),
        (json!({}), json!({"unschedulable": true}), vec!["node(s) were unschedulable"]),
        (json!({}), taint.clone(), vec!["node(s) had untolerated taint(s)"]),
        (json!({"tolerations": [{"key": "k", "operator": "Exists"}]}), taint, vec![]),
        (
            json!({"nodeSelector": {"disk": "ssd"}}),
            json!({}),
            vec!["node(s) didn't match Pod's node affinity/selector"],
        ),
        (asks("3"), json!({}), vec!["Insufficient cpu"]),
    ] {
        let n = NodeInfo::new(node("n", n, json!({})));
        assert_eq!(reasons(&pod("p", p.clone()), &n), want, "{p}");
    }
}

#[test]
fn a_full_node_takes_no_more_pods() {
    let mut cache = Cache::default();
    cache.set_node(&node("n", json!({}), json!({})));
    for i in 0..3 {
        cache.place(&pod(&format!("p{i}"), json!({})), "n");
    }
    let mut memory = Memory::default();
    let v = schedule(&PodInfo::new(pod("q", json!({}))), &cache, &mut memory, &mut Chance::seed_from_u64(1));
    let Verdict::FitsNowhere { rejected } = v else { panic!("{v:?}") };
    assert_eq!(rejected, [("n".into(), Reason::TooManyPods)]);
    cache.remove("p0");
    assert!(matches!(
        schedule(&PodInfo::new(pod("q", json!({}))), &cache, &mut memory, &mut Chance::seed_from_u64(1)),
        Verdict::Fits { .. }
    ));
}

#[test]
fn a_node_that_comes_back_still_has_its_pods() {
    let mut cache = Cache::default();
    let n = node("n", json!({}), json!({}));
    cache.set_node(&n);
    cache.place(&pod("p0", json!({})), "n");
    cache.place(&pod("p1", json!({})), "n");
    cache.remove_node("n");
    cache.remove("p1");
    cache.set_node(&n);
    assert_eq!(cache.nodes.iter().map(|n| n.pod_count).collect::<Vec<_>>(), [1]);
}

#[test]
fn pods_of_one_set_are_spread_over_nodes() {
    let mut cache = Cache::default();
    for n in ["a", "b", "c"] {
        cache.set_node(&node(n, json!({}), json!({})));
    }
    let (mut memory, mut chance) = (Memory::default(), Chance::seed_from_u64(7));
    let mut used = vec![];
    for i in 0..3 {
        let p = pod(&format!("p{i}"), json!({}));
        let mut info = PodInfo::new(p.clone());
        info.spread = Selector::parse("app=x").ok();
        let Verdict::Fits { node, .. } = schedule(&info, &cache, &mut memory, &mut chance) else { panic!() };
        cache.place(&p, &node);
        used.push(node);
    }
    used.sort();
    assert_eq!(used, ["a", "b", "c"].map(Name::from));
}

#[test]
fn the_message_counts_reasons_and_judges_preemption() {
    let taint = Reason::Taint { taint: "k:NoSchedule".into() };
    let cpu = Reason::Insufficient { resource: "cpu".into(), wants: 1500, free: 1000, all: 2000 };
    let rejected = [("a".into(), taint), ("b".into(), cpu.clone()), ("c".into(), cpu)];
    assert_eq!(
        failure_message(&rejected, 3),
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to deallocate, preemption: \
         0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."
    );
}
