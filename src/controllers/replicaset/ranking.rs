//! Which pod goes first when there are too many.
//! Real Kubernetes: pkg/controller/controller_utils.go ActivePodsWithRanks.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

use crate::api::kinds::Pod;
use crate::api::object::Resource;
use crate::api::{Time, pods};
use crate::client::ranking::Standing;

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
    let candidate = |p: &&'_ Pod| -> Candidate { Candidate::of(p, on_node.get(pods::node(p)).copied().unwrap_or(0)) };
    let mut order: Vec<(Candidate, &Pod)> = active.iter().map(|p| (candidate(p), *p)).collect();
    order.sort_by(|(a, _), (b, _)| compare(a, b, now).0);
    // What set it apart is told against the pod that is safest.
    let kept = order.last().map(|(c, _)| c);
    let victim = |(c, p): &(Candidate, &Pod)| {
        let because = kept.map_or(Because::Name, |kept| compare(c, kept, now).1);
        Victim { name: p.name().to_string(), because }
    };
    order.iter().take(count).map(victim).collect()
}

/// What of a pod is compared.
struct Candidate {
    standing: Standing,
    cost: i32,
    /// How many of the set are on its node.
    crowd: usize,
    uid: String,
}

impl Candidate {
    fn of(p: &Pod, crowd: usize) -> Candidate {
        let cost = p.annotation("controller.kubernetes.io/pod-deletion-cost").and_then(|c| c.parse().ok());
        Candidate { standing: Standing::of(p), cost: cost.unwrap_or(0), crowd, uid: p.uid().to_string() }
    }
}

/// Ages count in powers of two, so that a scale-down does not always take the newest: of two about as old it takes any. `None`
/// where the ages are the same and say nothing.
fn by_age(a: Option<Reverse<Time>>, b: Option<Reverse<Time>>, now: Time) -> Option<Ordering> {
    let bucket = |t: Time| now.since(t).as_nanos().checked_ilog2();
    match (a, b) {
        _ if a == b => None,
        (Some(Reverse(a)), Some(Reverse(b))) => Some(bucket(a).cmp(&bucket(b))),
        _ => Some(a.cmp(&b)),
    }
}

fn compare(a: &Candidate, b: &Candidate, now: Time) -> (Ordering, Because) {
    let (s, t) = (&a.standing, &b.standing);
    let rules = [
        (s.assigned.cmp(&t.assigned), Because::Unassigned),
        (s.phase.cmp(&t.phase), Because::Phase),
        (s.ready.cmp(&t.ready), Because::NotReady),
        (a.cost.cmp(&b.cost), Because::DeletionCost),
        (b.crowd.cmp(&a.crowd), Because::Crowded),
    ];
    let any = || (a.uid.cmp(&b.uid), Because::Name);
    let told = |order: Ordering, because: Because| if order == Ordering::Equal { any() } else { (order, because) };
    if let Some(first) = rules.into_iter().find(|(o, _)| *o != Ordering::Equal) {
        return first;
    }
    if let Some(order) = by_age(s.ready_since, t.ready_since, now) {
        return told(order, Because::ReadyShorter);
    }
    match s.restarts.cmp(&t.restarts) {
        Ordering::Equal => by_age(s.created, t.created, now).map_or_else(any, |order| told(order, Because::Newer)),
        order => (order, Because::Restarts),
    }
}
