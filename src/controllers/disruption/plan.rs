//! How many pods a budget can spare. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::policy::v1::{PodDisruptionBudgetSpec, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::api::int_or_string::scaled;
use crate::api::kinds::{Pod, PodDisruptionBudget};
use crate::api::object::{Resource, controller_of};
use crate::api::{Duration, Time, Uid, pods};

/// A pod that was allowed to go is expected to be on its way within this time.
pub const DELETION_TIMEOUT: Duration = Duration::from_secs(120);

/// Finds what a pod's controller wants: who counts in the end, and how many pods it wants; `None` if nobody is there.
pub type Finder<'a> = dyn Fn(&Pod) -> Result<Option<(Uid, i32)>, String> + 'a;

/// What a budget has to guard.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Expected {
    pub pods: i32,
    pub healthy: i32,
    /// Pods that no controller wants, so that nobody knows how many there should be.
    pub unmanaged: bool,
}

/// # Errors
/// It can't be known how many pods there should be.
pub fn expected(spec: &PodDisruptionBudgetSpec, all: &[&Pod], find: &Finder<'_>) -> Result<Expected, String> {
    let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
    match (&spec.max_unavailable, &spec.min_available) {
        (Some(most), _) => {
            let (pods, unmanaged) = wanted(all, find)?;
            let healthy = pods.saturating_sub(scaled(most, pods, true)).max(0);
            Ok(Expected { pods, healthy, unmanaged })
        }
        (None, Some(IntOrString::Int(least))) => Ok(Expected { pods: count, healthy: *least, unmanaged: false }),
        (None, Some(share)) => {
            let (pods, unmanaged) = wanted(all, find)?;
            Ok(Expected { pods, healthy: scaled(share, pods, true), unmanaged })
        }
        (None, None) => Ok(Expected::default()),
    }
}

/// How many pods all controllers of these want together.
fn wanted(all: &[&Pod], find: &Finder<'_>) -> Result<(i32, bool), String> {
    let mut scales: BTreeMap<Uid, i32> = BTreeMap::new();
    let mut unmanaged = false;
    for p in all {
        let Some(owner) = controller_of(&p.metadata) else {
            unmanaged = true;
            continue;
        };
        if scales.contains_key(&Uid::of(&owner.uid)) {
            continue;
        }
        let (uid, replicas) = find(p)?.ok_or_else(|| format!("found no controllers for pod {:?}", p.name()))?;
        scales.insert(uid, replicas);
    }
    Ok((scales.values().fold(0, |sum: i32, n| sum.saturating_add(*n)), unmanaged))
}

/// The pods that were allowed to go and are still here.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Disrupted {
    pub expected: BTreeMap<String, Time>,
    /// Those whose time is over: they stay, it seems.
    pub stayed: Vec<String>,
    /// When the next one's time is over.
    pub next: Option<Time>,
}

pub fn disrupted(budget: &PodDisruptionBudget, all: &[&Pod], now: Time) -> Disrupted {
    let mut out = Disrupted::default();
    let noted = budget.status.as_ref().and_then(|s| s.disrupted_pods.as_ref());
    for p in all.iter().filter(|p| !p.is_deleting()) {
        let Some(since) = noted.and_then(|all| all.get(p.name())).map(Time::from_meta) else { continue };
        let end = since + DELETION_TIMEOUT;
        if end < now {
            out.stayed.push(p.name().to_string());
        } else {
            out.next = Some(out.next.map_or(end, |n| n.min(end)));
            out.expected.insert(p.name().to_string(), since);
        }
    }
    out
}

/// The status but for its conditions.
pub fn status(
    budget: &PodDisruptionBudget,
    all: &[&Pod],
    expected: &Expected,
    going: &Disrupted,
) -> PodDisruptionBudgetStatus {
    let here = |p: &&&Pod| !p.is_deleting() && !going.expected.contains_key(p.name()) && pods::is_ready(p);
    let healthy = i32::try_from(all.iter().filter(here).count()).unwrap_or(i32::MAX);
    let spare = if expected.pods <= 0 { 0 } else { (healthy - expected.healthy).max(0) };
    let going = going.expected.iter().map(|(name, since)| (name.clone(), since.meta())).collect::<BTreeMap<_, _>>();
    PodDisruptionBudgetStatus {
        current_healthy: Some(healthy),
        desired_healthy: Some(expected.healthy),
        expected_pods: Some(expected.pods),
        disruptions_allowed: Some(spare),
        disrupted_pods: (!going.is_empty()).then_some(going),
        observed_generation: Some(budget.generation()),
        conditions: budget.status.as_ref().and_then(|s| s.conditions.clone()),
    }
}

/// Whether a status says the same, its conditions aside.
pub fn same_numbers(a: &PodDisruptionBudgetStatus, b: &PodDisruptionBudgetStatus) -> bool {
    let n = |s: &PodDisruptionBudgetStatus| {
        [s.current_healthy, s.desired_healthy, s.expected_pods, s.disruptions_allowed].map(|n| n.unwrap_or(0))
    };
    let going = |s: &PodDisruptionBudgetStatus| s.disrupted_pods.clone().unwrap_or_default();
    n(a) == n(b) && going(a) == going(b) && a.observed_generation == b.observed_generation
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(name: &str, owner: Option<&str>, ready: bool) -> Pod {
        let owners = owner.map_or(
            json!([]),
            |u| json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": u, "controller": true}]),
        );
        serde_json::from_value(json!({"metadata": {"name": name, "namespace": "d", "ownerReferences": owners},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]}}))
        .unwrap()
    }

    fn budget(spec: Value, status: Value) -> PodDisruptionBudget {
        serde_json::from_value(
            json!({"metadata": {"name": "b", "namespace": "d", "generation": 3}, "spec": spec, "status": status}),
        )
        .unwrap()
    }

    /// expected, desired healthy, allowed
    fn numbers(spec: Value, pods: &[Pod]) -> (i32, i32, i32) {
        let b = budget(spec, json!({}));
        let all: Vec<&Pod> = pods.iter().collect();
        let four = |_: &Pod| Ok(Some((Uid::of("set"), 4)));
        let e = expected(b.spec.as_ref().unwrap(), &all, &four).unwrap();
        let s = status(&b, &all, &e, &Disrupted::default());
        (e.pods, e.healthy, s.disruptions_allowed.unwrap())
    }

    #[test]
    fn numbers_and_shares_are_rounded_up() {
        let three = [pod("a", Some("set"), true), pod("b", Some("set"), true), pod("c", Some("set"), true)];
        assert_eq!(numbers(json!({"minAvailable": 2}), &three), (3, 2, 1));
        assert_eq!(numbers(json!({"minAvailable": "30%"}), &three), (4, 2, 1));
        assert_eq!(numbers(json!({"maxUnavailable": 1}), &three), (4, 3, 0));
        assert_eq!(numbers(json!({"maxUnavailable": "50%"}), &three), (4, 2, 1));
        assert_eq!(numbers(json!({"maxUnavailable": 9}), &three), (4, 0, 3));
        assert_eq!(numbers(json!({"minAvailable": 0}), &[]), (0, 0, 0));
        assert_eq!(numbers(json!({}), &three), (0, 0, 0));
    }

    #[test]
    fn no_number_of_wanted_pods_is_too_great() {
        let all = [pod("a", Some("first"), true), pod("b", Some("second"), true)];
        let many = |p: &Pod| Ok(Some((Uid::of(p.name()), i32::MAX)));
        assert_eq!(wanted(&all.iter().collect::<Vec<_>>(), &many).unwrap().0, i32::MAX);
    }

    #[test]
    fn pods_without_a_controller_are_told_and_lost_controllers_are_an_error() {
        let (alone, owned) = (pod("alone", None, true), pod("owned", Some("set"), true));
        let b = budget(json!({"maxUnavailable": 1}), json!({}));
        let nobody = |_: &Pod| Ok(None);
        let spec = b.spec.as_ref().unwrap();
        assert!(expected(spec, &[&alone], &nobody).unwrap().unmanaged);
        assert_eq!(expected(spec, &[&owned], &nobody), Err("found no controllers for pod \"owned\"".into()));
    }

    #[test]
    fn a_pod_that_was_allowed_to_go_does_not_count_for_two_minutes() {
        let b = budget(json!({"minAvailable": 1}), json!({"disruptedPods": {"a": "2026-01-01T00:00:00Z"}}));
        let (a, c) = (pod("a", None, true), pod("c", None, true));
        let start = Time::parse("2026-01-01T00:00:00Z").unwrap();
        let d = disrupted(&b, &[&a, &c], start + Duration::from_secs(60));
        assert_eq!((d.expected.len(), d.next), (1, Some(start + DELETION_TIMEOUT)));
        let e = Expected { pods: 2, healthy: 1, unmanaged: false };
        assert_eq!(status(&b, &[&a, &c], &e, &d).disruptions_allowed, Some(0));
        let d = disrupted(&b, &[&a, &c], start + Duration::from_secs(121));
        assert_eq!((d.expected.len(), d.stayed, d.next), (0, vec!["a".to_string()], None));
    }
}
