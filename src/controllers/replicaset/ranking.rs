//! Which pod goes first when there are too many.
//! Real Kubernetes: pkg/controller/controller_utils.go ActivePodsWithRanks.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::api::kinds::Pod;
use crate::api::object::Resource;
use crate::api::{Time, pods};

/// A pod that has to go, and the first rule that put it before the others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Victim {
    pub name: String,
    pub because: Because,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Because {
    Unassigned,
    Phase,
    NotReady,
    DeletionCost,
    Crowded,
    ReadyShorter,
    Restarts,
    Newer,
    Name,
}

impl Because {
    pub fn key(self) -> &'static str {
        match self {
            Because::Unassigned => "unassigned",
            Because::Phase => "phase",
            Because::NotReady => "not-ready",
            Because::DeletionCost => "deletion-cost",
            Because::Crowded => "crowded",
            Because::ReadyShorter => "ready-shorter",
            Because::Restarts => "restarts",
            Because::Newer => "newer",
            Because::Name => "name",
        }
    }
}

pub fn first_to_go(active: &[&Pod], count: usize, now: Time) -> Vec<Victim> {
    // How many of these pods share a node: the fuller node gives one up first.
    let mut on_node: BTreeMap<&str, usize> = BTreeMap::new();
    for p in active {
        *on_node.entry(pods::node(p)).or_default() += 1;
    }
    let mut order: Vec<&Pod> = active.to_vec();
    order.sort_by(|a, b| compare(a, b, &on_node, now).0);
    // What set it apart is told against the pod that is safest.
    let kept = order.last().copied();
    order
        .iter()
        .take(count)
        .map(|p| {
            let because = kept.map_or(Because::Name, |k| compare(p, k, &on_node, now).1);
            Victim { name: p.name().to_string(), because }
        })
        .collect()
}

/// Ages count in powers of two, so that a scale-down does not always take the newest.
fn bucket(t: Option<Time>, now: Time) -> u32 {
    t.map_or(0, |t| now.since(t).as_secs().checked_ilog2().map_or(0, |l| l + 1))
}

fn compare(a: &Pod, b: &Pod, on_node: &BTreeMap<&str, usize>, now: Time) -> (Ordering, Because) {
    let phase = |p: &Pod| match pods::phase(p) {
        "Pending" => 0,
        "Unknown" => 1,
        _ => 2,
    };
    let cost = |p: &Pod| {
        p.annotation("controller.kubernetes.io/pod-deletion-cost").and_then(|c| c.parse::<i32>().ok()).unwrap_or(0)
    };
    let crowd = |p: &Pod| on_node.get(pods::node(p)).copied().unwrap_or(0);
    let ready_since = |p: &Pod| {
        let c = p.status.as_ref().and_then(|s| pods::condition(s, "Ready"))?;
        c.last_transition_time.as_ref().map(Time::from_meta)
    };
    let restarts = |p: &Pod| {
        p.status.iter().flat_map(|s| s.container_statuses.iter().flatten()).map(|c| c.restart_count).max().unwrap_or(0)
    };
    let created = |p: &Pod| p.metadata.creation_timestamp.as_ref().map(Time::from_meta);
    let both_ready = pods::is_ready(a) && pods::is_ready(b);
    let rules = [
        (pods::node(b).is_empty().cmp(&pods::node(a).is_empty()), Because::Unassigned),
        (phase(a).cmp(&phase(b)), Because::Phase),
        (pods::is_ready(a).cmp(&pods::is_ready(b)), Because::NotReady),
        (cost(a).cmp(&cost(b)), Because::DeletionCost),
        (crowd(b).cmp(&crowd(a)), Because::Crowded),
        (
            if both_ready { bucket(ready_since(a), now).cmp(&bucket(ready_since(b), now)) } else { Ordering::Equal },
            Because::ReadyShorter,
        ),
        (restarts(b).cmp(&restarts(a)), Because::Restarts),
        (bucket(created(a), now).cmp(&bucket(created(b), now)), Because::Newer),
    ];
    rules.into_iter().find(|(o, _)| *o != Ordering::Equal).unwrap_or_else(|| (a.uid().cmp(b.uid()), Because::Name))
}
