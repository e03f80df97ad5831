//! Plugins, as tables of (pod, nodes) → (reasons, scores).

mod neighbours;
mod preemption;
mod resizing;
mod volumes;

use super::cache::Cache;
use super::cycle::{Judges, Memory, Verdict, failure_message, refusal_message, schedule};
use super::framework::{NodeInfo, PodInfo, Reason, Refusal, Rejected};
use super::hints::{Happening, Seen, Waiter};
use super::known::Known;
use super::nominated::Rivals;
use super::plugins::dynamic_resources::NOTHING_TO_TAKE_BACK;
use super::plugins::{Id, TABLE};
use super::preemption::Outcome;
use super::special::Special;
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

fn cycle(info: &PodInfo, cache: &Cache, memory: &mut Memory, chance: &mut Chance) -> Verdict {
    schedule(info, &cache.snapshot(&Known::default()), &Rivals::default(), memory, chance)
}

/// What is said against each node, in their order; or against all at once.
fn objections(pod: &Arc<Object>, cache: &Cache, known: &Known) -> Result<Vec<Vec<String>>, String> {
    let info = PodInfo::new(pod.clone());
    let snapshot = cache.snapshot(known);
    let judges = Judges::of(&info, &snapshot).map_err(|r| r.to_string())?;
    Ok(cache.nodes.iter().map(|n| judges.objections(n).iter().map(Reason::to_string).collect()).collect())
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
        let mut cache = Cache::default();
        cache.set_node(&node("n", n, json!({})));
        let want: Vec<String> = want.into_iter().map(String::from).collect();
        assert_eq!(objections(&pod("p", p.clone()), &cache, &Known::default()), Ok(vec![want]), "{p}");
    }
}

#[test]
fn a_pod_that_names_nodes_is_looked_at_there_only() {
    let mut cache = Cache::default();
    cache.set_node(&node("a", json!({"unschedulable": true}), json!({})));
    for name in ["b", "c"] {
        cache.set_node(&node(name, json!({}), json!({})));
    }
    let named = |terms: Value| {
        let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}});
        let info = PodInfo::new(pod("p", json!({"affinity": {"nodeAffinity": required}})));
        cycle(&info, &cache, &mut Memory::default(), &mut Chance::seed_from_u64(1))
    };
    let is = |name: &str| json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]});
    let Verdict::Fits { node, choice, rejected } = named(json!([is("b")])) else { panic!() };
    assert_eq!((&*node, choice.nodes.len()), ("b", 1));
    assert_eq!(rejected, Rejected { nodes: vec![], not_named: 2 }, "nothing is kept of nodes that are not looked at");
    let Verdict::FitsNowhere { rejected } = named(json!([is("a"), is("gone")])) else { panic!() };
    assert_eq!(rejected, Rejected { nodes: vec![("a".into(), Reason::Unschedulable)], not_named: 2 });
    assert_eq!(rejected.plugins(), [Id::NodeUnschedulable, Id::NodeAffinity].into());
    assert_eq!(
        failure_message(&rejected, 3, NOTHING_TO_TAKE_BACK, &Outcome::Never),
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. no new \
         claims to deallocate, preemption: not eligible due to preemptionPolicy=Never."
    );
    let on_both = json!([{"matchFields": [is("a")["matchFields"][0], is("b")["matchFields"][0]]}]);
    assert!(matches!(named(on_both), Verdict::Refused(Refusal::Contradiction)));
    let or_any = json!([is("a"), {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "Exists"}]}]);
    let Verdict::Fits { choice, rejected, .. } = named(or_any) else { panic!() };
    assert_eq!((choice.nodes.len(), rejected.nodes.len(), rejected.not_named), (2, 1, 0));
}

#[test]
fn a_port_of_the_host_is_had_once() {
    let with = |port: Value| json!({"containers": [{"name": "c", "image": "nginx", "ports": [port]}]});
    let taken = || vec![vec!["node(s) didn't have free ports for the requested pod ports".to_string()]];
    for (there, wanted, free) in [
        (json!({"hostPort": 80}), json!({"hostPort": 80}), false),
        (json!({"hostPort": 80}), json!({"hostPort": 81}), true),
        (json!({"hostPort": 80}), json!({"containerPort": 80}), true),
        (json!({"hostPort": 80}), json!({"hostPort": 80, "protocol": "UDP"}), true),
        (json!({"hostPort": 80, "hostIP": "10.0.0.1"}), json!({"hostPort": 80, "hostIP": "10.0.0.2"}), true),
        (json!({"hostPort": 80, "hostIP": "10.0.0.1"}), json!({"hostPort": 80}), false),
        (json!({"hostPort": 80}), json!({"hostPort": 80, "hostIP": "10.0.0.2"}), false),
    ] {
        let told = format!("{there} {wanted}");
        let mut cache = Cache::default();
        cache.set_node(&node("n", json!({}), json!({})));
        let (mut there, mut wanted) = (there, wanted);
        for port in [&mut there, &mut wanted] {
            port["containerPort"] = json!(80);
        }
        cache.place(&pod("old", with(there)), "n");
        let said = objections(&pod("new", with(wanted)), &cache, &Known::default());
        assert_eq!(said, Ok(if free { vec![vec![]] } else { taken() }), "{told}");
    }
}

#[test]
fn only_what_can_help_wakes_a_pod() {
    let wish = |kind: &str, app: &str| {
        let term = json!({"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": app}}});
        (kind.to_string(), json!({"requiredDuringSchedulingIgnoredDuringExecution": [term]}))
    };
    let affinity: serde_json::Map<_, _> =
        [wish("podAffinity", "y"), wish("podAntiAffinity", "x")].into_iter().collect();
    let volume = json!({"name": "v", "persistentVolumeClaim": {"claimName": "mine"}});
    let spread = json!({"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"});
    let object = pod("p", json!({"affinity": affinity, "volumes": [volume], "topologySpreadConstraints": [spread]}));
    let p = object.get::<Pod>().unwrap();
    let mut other = pod("other", json!({})).get::<Pod>().unwrap().clone();
    other.metadata.labels = Some([("app".to_string(), "y".to_string())].into());
    let other = &other;
    let (special, known) = (Special::of(p).unwrap(), Known::default());
    let waiter = Waiter { pod: p, special: &special, known: &known };
    let zoned = node("z", json!({}), json!({"zone": "1"}));
    let plain = node("y", json!({}), json!({}));
    let (zoned, plain) = (zoned.get::<Node>().unwrap(), plain.get::<Node>().unwrap());
    let gone = |pod| Happening::PodGone(Seen::new(pod));
    let placed = |pod| Happening::PodPlaced { now: Seen::new(pod), before: None };
    let claim = |name| Happening::Claim { namespace: "d", name };
    for (what, by, helps) in [
        (Happening::Node, Id::TaintToleration, true),
        (Happening::NodeGone(zoned), Id::TaintToleration, false),
        (Happening::NodeGone(zoned), Id::PodTopologySpread, true),
        (Happening::NodeGone(plain), Id::PodTopologySpread, false),
        (gone(other), Id::TaintToleration, false),
        (gone(other), Id::NodeResourcesFit, true),
        (gone(other), Id::InterPodAffinity, false),
        (gone(p), Id::InterPodAffinity, true),
        (gone(p), Id::VolumeRestrictions, true),
        (gone(other), Id::VolumeRestrictions, false),
        (placed(p), Id::NodeResourcesFit, false),
        (placed(p), Id::InterPodAffinity, false),
        (placed(other), Id::InterPodAffinity, true),
        (claim("mine"), Id::VolumeBinding, true),
        (claim("other"), Id::VolumeBinding, false),
        (claim("mine"), Id::NodeResourcesFit, false),
        (Happening::Volume, Id::VolumeBinding, true),
        (Happening::Attachment, Id::NodeVolumeLimits, true),
    ] {
        assert_eq!((by.plugin().helped)(&what).reaches(&waiter), helps, "{by:?}");
    }
}

#[test]
fn each_plugin_stands_in_the_table_under_its_own_name() {
    for (i, plugin) in TABLE.iter().enumerate() {
        assert_eq!(plugin.id as usize, i, "{:?}", plugin.id);
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
    let v = cycle(&PodInfo::new(pod("q", json!({}))), &cache, &mut memory, &mut Chance::seed_from_u64(1));
    let Verdict::FitsNowhere { rejected } = v else { panic!("{v:?}") };
    assert_eq!(rejected.nodes, [("n".into(), Reason::TooManyPods)]);
    cache.remove(Uid::of("p0"));
    assert!(matches!(
        cycle(&PodInfo::new(pod("q", json!({}))), &cache, &mut memory, &mut Chance::seed_from_u64(1)),
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
fn a_pod_that_changes_while_its_node_is_away_counts_once() {
    let mut cache = Cache::default();
    let (n, p) = (node("n", json!({}), json!({})), pod("p", json!({})));
    cache.set_node(&n);
    cache.place(&p, "n");
    cache.remove_node("n");
    let mut leaving = (*p).clone();
    leaving.meta_mut().deletion_timestamp = Some(crate::api::Time::ZERO.meta());
    cache.place(&Arc::new(leaving), "n");
    cache.set_node(&n);
    assert_eq!(cache.nodes.iter().map(|n| n.pod_count).collect::<Vec<_>>(), [1]);
    cache.remove(Uid::of("p"));
    assert_eq!(cache.nodes.iter().map(|n| n.pod_count).collect::<Vec<_>>(), [0]);
}

#[test]
fn a_pod_that_asks_for_more_than_there_is_anywhere_upsets_no_sum() {
    let mut cache = Cache::default();
    cache.set_node(&node("n", json!({}), json!({})));
    cache.place(&pod("small", asks("500m")), "n");
    for huge in ["one", "other"] {
        cache.place(&pod(huge, asks("9P")), "n");
    }
    let text = || vec![vec!["Too many pods".to_string(), "Insufficient cpu".to_string()]];
    assert_eq!(objections(&pod("p", asks("1")), &cache, &Known::default()), Ok(text()));
    cache.remove(Uid::of("one"));
    cache.remove(Uid::of("other"));
    assert_eq!(cache.nodes[0].requested.milli_cpu, 500);
    let huge = json!({"containers": [asks("4P")["containers"][0], asks("5P")["containers"][0]]});
    assert_eq!(objections(&pod("p", huge), &cache, &Known::default()), Ok(vec![vec!["Insufficient cpu".to_string()]]));
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
        let Verdict::Fits { node, .. } = cycle(&info, &cache, &mut memory, &mut chance) else { panic!() };
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
    let known = Known::default();
    let snapshot = cache.snapshot(&known);
    let spread = TABLE.iter().find(|p| p.id == Id::PodTopologySpread).unwrap();
    let objections = spread.filter.unwrap().prepare(&info, &snapshot).unwrap().unwrap();
    let said = |n: &NodeInfo| objections(n).first().map(ToString::to_string);
    snapshot.each().map(said).collect()
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
    let v = cycle(&info, &cache, &mut Memory::default(), &mut Chance::seed_from_u64(1));
    assert!(matches!(v, Verdict::Fits { ref node, .. } if node == "a"), "{v:?}");
}

#[test]
fn the_message_counts_reasons_and_tells_of_preemption() {
    let taint = Reason::Taint { taint: "k:NoSchedule".into() };
    let cpu = Reason::Insufficient { resource: "cpu".into(), wants: 1500, free: 1000, all: 2000 };
    let nodes = vec![("a".into(), taint), ("b".into(), cpu.clone()), ("c".into(), cpu)];
    let rejected = Rejected { nodes, not_named: 0 };
    let nobody = || vec!["No preemption victims found for incoming pod".into()];
    let vain = Outcome::Vain { tried: vec![("b".into(), nobody()), ("c".into(), nobody())], hopeless: 1 };
    assert_eq!(
        failure_message(&rejected, 3, NOTHING_TO_TAKE_BACK, &vain),
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to deallocate, preemption: \
         0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."
    );
    assert_eq!(
        failure_message(&rejected, 3, NOTHING_TO_TAKE_BACK, &Outcome::Never),
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to deallocate, preemption: \
         not eligible due to preemptionPolicy=Never."
    );
    let refusal = Refusal::Unbound { claims: vec!["c".into()] };
    assert_eq!(
        refusal_message(&refusal, 1, &Outcome::Never),
        "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
    );
}
