//! Who has to go: pods on nodes, with CPU, priority and age → the victims.

use super::super::framework::priority;
use super::super::nominated::{Nominated, Nominee};
use super::super::preemption::consider;
use super::*;
use crate::api::kinds::PodDisruptionBudget;
use crate::api::{Duration, Time};
use crate::store::Change;

/// Name, node, CPU, priority, seconds of its start.
type Row = (&'static str, &'static str, &'static str, i32, u64);

fn weighs(name: &str, cpu: &str, priority: i32, more: Value) -> Arc<Object> {
    let mut spec = asks(cpu);
    spec["priority"] = json!(priority);
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    pod(name, spec)
}

fn cluster(rows: &[Row]) -> Cache {
    let mut cache = Cache::default();
    for n in ["a", "b"] {
        cache.set_node(&node(n, json!({}), json!({})));
    }
    for (name, node, cpu, priority, started) in rows {
        let mut pod = weighs(name, cpu, *priority, json!({})).get::<Pod>().unwrap().clone();
        pod.status.get_or_insert_default().start_time = Some((Time::ZERO + Duration::from_secs(*started)).meta());
        cache.place(&Arc::new(Object::new(pod)), node);
    }
    cache
}

fn outcome(rows: &[Row], incoming: &Arc<Object>, known: &Known, nominated: &Nominated) -> Outcome {
    let cache = cluster(rows);
    let info = PodInfo::new(incoming.clone());
    let rivals = nominated.rivals(incoming.marks().uid, &info);
    let snapshot = cache.snapshot(known);
    let (mut memory, mut chance) = (Memory::default(), Chance::seed_from_u64(1));
    let v = schedule(&info, &snapshot, &rivals, &mut memory, &mut chance);
    let Verdict::FitsNowhere { rejected } = v else { panic!("{v:?}") };
    let occupants = |node: &str| cache.below(priority(info.pod()), node);
    consider(&info, &rejected, &snapshot, &rivals, &occupants, &mut chance)
}

fn told(o: &Outcome) -> String {
    match o {
        Outcome::Room(c) => {
            let names: Vec<&str> = c.victims.iter().map(|v| v.pod.name.as_str()).collect();
            format!("{}: {} ({})", c.node, names.join(" "), c.violations)
        }
        other => other.message(2).unwrap(),
    }
}

#[test]
fn as_few_as_possible_go_and_the_least_important() {
    let vip = || weighs("vip", "1", 100, json!({}));
    let huge = || weighs("vip", "3", 100, json!({}));
    let never = || weighs("vip", "1", 100, json!({"preemptionPolicy": "Never"}));
    let table: Vec<(&[Row], Arc<Object>, &str)> = vec![
        (
            &[("x", "a", "2", 100, 0), ("y", "b", "2", 200, 0)],
            vip(),
            "0/2 nodes are available: 2 No preemption victims found for incoming pod.",
        ),
        (
            &[("x", "a", "2", 0, 0), ("y", "b", "2", 0, 0)],
            huge(),
            "0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
        ),
        (&[("x", "a", "2", 0, 0), ("y", "b", "2", 0, 0)], never(), "not eligible due to preemptionPolicy=Never."),
        // What goes must be enough.
        (
            &[("x", "a", "1500m", 100, 0), ("w", "a", "500m", 0, 0), ("y", "b", "2", 100, 0)],
            vip(),
            "0/2 nodes are available: 1 Insufficient cpu, 1 No preemption victims found for incoming pod.",
        ),
        // The more important of two is spared, then the older.
        (&[("x", "a", "1", 5, 0), ("w", "a", "1", 6, 0), ("y", "b", "2", 100, 0)], vip(), "a: x (0)"),
        (&[("x", "a", "1", 5, 0), ("w", "a", "1", 5, 9), ("y", "b", "2", 100, 0)], vip(), "a: w (0)"),
        // The node with the lowest priorities, then with fewer pods, then with younger ones.
        (&[("x", "a", "2", 5, 0), ("y", "b", "2", 4, 0)], vip(), "b: y (0)"),
        (
            &[("x", "a", "2", 5, 0), ("y", "b", "600m", 5, 0), ("z", "b", "900m", 5, 0), ("u", "b", "500m", 100, 0)],
            vip(),
            "a: x (0)",
        ),
        (&[("x", "a", "2", 5, 0), ("y", "b", "2", 5, 9)], vip(), "b: y (0)"),
    ];
    for (rows, incoming, want) in table {
        assert_eq!(told(&outcome(rows, &incoming, &Known::default(), &Nominated::default())), want, "{rows:?}");
    }
}

#[test]
fn pods_are_looked_at_only_on_nodes_where_it_may_help() {
    let cache = cluster(&[("x", "a", "2", 0, 0), ("y", "b", "2", 0, 0)]);
    let asked = |vip: &Arc<Object>, preempts: bool| {
        let (info, known) = (PodInfo::new(vip.clone()), Known::default());
        let (snapshot, mut chance) = (cache.snapshot(&known), Chance::seed_from_u64(1));
        let v = schedule(&info, &snapshot, &Rivals::default(), &mut Memory::default(), &mut chance);
        let Verdict::FitsNowhere { rejected } = v else { panic!("{v:?}") };
        let asked = std::cell::RefCell::new(vec![]);
        let occupants = |node: &str| {
            asked.borrow_mut().push(node.to_string());
            cache.below(100, node)
        };
        let outcome = consider(&info, &rejected, &snapshot, &Rivals::default(), &occupants, &mut chance);
        assert_eq!(matches!(outcome, Outcome::Room(_)), preempts);
        asked.into_inner()
    };
    assert_eq!(asked(&weighs("vip", "1", 100, json!({"preemptionPolicy": "Never"})), false), [""; 0]);
    assert_eq!(asked(&weighs("vip", "3", 100, json!({})), false), [""; 0], "no node has so much");
    assert_eq!(asked(&weighs("vip", "1", 100, json!({"nodeSelector": {"kubernetes.io/hostname": "b"}})), true), ["b"]);
}

#[test]
fn nobody_goes_from_nodes_that_the_pod_does_not_name() {
    let is_a = json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]});
    let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [is_a]}});
    let vip = weighs("vip", "1", 100, json!({"affinity": {"nodeAffinity": required}}));
    let rows: &[Row] = &[("x", "a", "2", 100, 0), ("y", "b", "2", 0, 0)];
    assert_eq!(
        told(&outcome(rows, &vip, &Known::default(), &Nominated::default())),
        "0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling."
    );
}

#[test]
fn budgets_are_broken_only_where_nothing_else_helps() {
    let mut known = Known::default();
    let budget: PodDisruptionBudget = serde_json::from_value(json!({"metadata": {"name": "b", "namespace": "d"},
        "spec": {"selector": {"matchLabels": {"app": "x"}}}, "status": {"disruptionsAllowed": 1, "currentHealthy": 1,
        "desiredHealthy": 1, "expectedPods": 1}}))
    .unwrap();
    known.apply(&Change::own(&Arc::new(Object::new(budget))));
    let vip = weighs("vip", "2", 100, json!({}));
    // On a two have to go, of which the budget lets one; on b one, though a more important one.
    let rows: &[Row] = &[("w", "a", "1", 1, 0), ("x", "a", "1", 1, 0), ("y", "b", "2", 50, 0)];
    assert_eq!(told(&outcome(rows, &vip, &known, &Nominated::default())), "b: y (0)");
    let rows: &[Row] = &[("w", "a", "1", 1, 0), ("x", "a", "1", 1, 0), ("y", "b", "2", 100, 0)];
    assert_eq!(told(&outcome(rows, &vip, &known, &Nominated::default())), "a: w x (1)");
}

#[test]
fn room_that_was_made_for_one_pod_is_not_for_a_lesser_one() {
    let mut cache = cluster(&[("y", "b", "2", 100, 0)]);
    let first = weighs("first", "2", 50, json!({}));
    let load = cache.load(first.get::<Pod>().unwrap());
    let mut nominated = Nominated::default();
    let nominee = Nominee { pod: crate::api::Key::of::<Pod>("d", "first"), node: "a".into(), load };
    nominated.add(first.marks().uid, nominee);
    let known = Known::default();
    let snapshot = cache.snapshot(&known);
    let fits = |p: &Arc<Object>| {
        let info = PodInfo::new(p.clone());
        let rivals = nominated.rivals(p.marks().uid, &info);
        let v = schedule(&info, &snapshot, &rivals, &mut Memory::default(), &mut Chance::seed_from_u64(1));
        matches!(v, Verdict::Fits { .. })
    };
    assert!(!fits(&weighs("lesser", "1", 50, json!({}))));
    assert!(fits(&weighs("greater", "1", 51, json!({}))));
    assert!(fits(&first));
    assert_eq!(nominated.lesser("a", 51).len(), 1, "who is greater takes it away");
}
