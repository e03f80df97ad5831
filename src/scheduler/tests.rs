//! Plugins, as tables of (pod, nodes) → (reasons, scores).

use super::cache::Cache;
use super::cycle::{Memory, Verdict, failure_message, schedule};
use super::framework::{NodeInfo, PodInfo, Reason, Snapshot};
use super::plugins::TABLE;
use crate::api::kinds::{Node, Pod};
use crate::api::object::Name;
use crate::api::{Object, Uid, selector::Selector};
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
        .filter_map(|p| p.filter?.prepare(&info, &snapshot))
        .flat_map(|objections| objections(node))
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
    cache.remove(Uid::of("p0"));
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
    cache.remove(Uid::of("p1"));
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
        info.spread = Selector::parse("app=x").ok().map(Arc::new);
        let Verdict::Fits { node, .. } = schedule(&info, &cache, &mut memory, &mut chance) else { panic!() };
        cache.place(&p, &node);
        used.push(node);
    }
    used.sort();
    assert_eq!(used, ["a", "b", "c"].map(Name::from));
}

/// Where a pod with that constraint may go: nodes a and b in zone 1, c in zone 2, d in none; with so many pods each.
fn open_to(constraint: Value, more: Value, pods: [usize; 4]) -> Vec<Option<String>> {
    let mut cache = Cache::default();
    for ((name, zone), pods) in [("a", Some("1")), ("b", Some("1")), ("c", Some("2")), ("d", None)].iter().zip(pods) {
        let labels = zone.map_or(json!({}), |z| json!({"zone": z}));
        cache.set_node(&node(name, json!({}), labels));
        for i in 0..pods {
            cache.place(&pod(&format!("{name}{i}"), json!({})), name);
        }
    }
    let mut c = json!({"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "x"}}});
    c.as_object_mut().unwrap().extend(constraint.as_object().unwrap().clone());
    let mut spec = json!({"topologySpreadConstraints": [c]});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let info = PodInfo::new(pod("p", spec));
    let snapshot = Snapshot { nodes: &cache.nodes, images: &cache.images };
    let spread = TABLE.iter().find(|p| p.name == "PodTopologySpread").unwrap();
    let objections = spread.filter.unwrap().prepare(&info, &snapshot).unwrap();
    let said = |n: &NodeInfo| objections(n).first().map(ToString::to_string);
    cache.nodes.iter().map(said).collect()
}

#[test]
fn a_required_spread_counts_domains_once_and_only_where_the_pod_could_stand() {
    let skewed = || Some("node(s) didn't match pod topology spread constraints".to_string());
    let missing = || Some("node(s) didn't match pod topology spread constraints (missing required label)".to_string());
    let none = || json!({});
    for (constraint, more, pods, want) in [
        (none(), none(), [0, 0, 0, 0], [None, None, None]),
        // Zone 1 has one more already; pods outside of every zone count nowhere.
        (none(), none(), [1, 0, 0, 2], [skewed(), skewed(), None]),
        (none(), none(), [1, 1, 1, 0], [skewed(), skewed(), None]),
        (json!({"maxSkew": 2}), none(), [1, 1, 1, 0], [None, None, None]),
        // The pods of another selector are no concern of it, not even the pod itself.
        (json!({"labelSelector": {"matchLabels": {"app": "y"}}}), none(), [2, 2, 0, 0], [None, None, None]),
        // Three zones are wanted and there are two: the emptiest one has none.
        (json!({"minDomains": 3}), none(), [1, 0, 1, 0], [skewed(), skewed(), skewed()]),
        // Zone 2 is out of reach, so it is not the emptiest one.
        (none(), json!({"nodeSelector": {"zone": "1"}}), [1, 1, 0, 0], [None, None, None]),
        (
            json!({"nodeAffinityPolicy": "Ignore"}),
            json!({"nodeSelector": {"zone": "1"}}),
            [1, 0, 0, 0],
            [skewed(), skewed(), None],
        ),
    ] {
        let told = format!("{constraint} {more} {pods:?}");
        let open = open_to(constraint, more, pods);
        assert_eq!(open[..3], want, "{told}");
        assert_eq!(open[3], missing(), "{told}");
    }
}

#[test]
fn nobody_is_spread_from_pods_that_leave() {
    let mut cache = Cache::default();
    for n in ["a", "b"] {
        cache.set_node(&node(n, json!({}), json!({})));
    }
    let leaving = pod("old", json!({}));
    cache.place(&leaving, "a");
    cache.place(&pod("young", json!({})), "b");
    let mut gone = (*leaving).clone();
    gone.meta_mut().deletion_timestamp = Some(crate::api::Time::ZERO.meta());
    cache.place(&Arc::new(gone), "a");
    assert_eq!(cache.nodes.iter().map(|n| n.pod_count).collect::<Vec<_>>(), [1, 1], "both still take room");
    let mut info = PodInfo::new(pod("new", json!({})));
    info.spread = Selector::parse("app=x").ok().map(Arc::new);
    let v = schedule(&info, &cache, &mut Memory::default(), &mut Chance::seed_from_u64(1));
    assert!(matches!(v, Verdict::Fits { ref node, .. } if node == "a"), "{v:?}");
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
