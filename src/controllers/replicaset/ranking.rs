//! Which pod goes first when there are too many.
//! Real Kubernetes: pkg/controller/controller_utils.go ActivePodsWithRanks.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::api::kinds::Pod;
use crate::api::kinds::pod_spec::template::DELETION_COST;
use crate::api::object::Resource;
use crate::api::{Time, pods};
use crate::client::ranking::{Phase, Standing};

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

/// How many pods of the same owner there are on each node, those of its other sets among them.
pub type Crowds = BTreeMap<String, usize>;

/// The pods that go, the first one first.
pub fn first_to_go(active: &[&Pod], crowds: &Crowds, count: usize, now: Time) -> Vec<Victim> {
    let standings: Vec<Standing> = active.iter().map(|p| Standing::of(p)).collect();
    let mut lots: BTreeMap<Time, &str> = BTreeMap::new();
    for (p, s) in active.iter().zip(&standings) {
        if let Some(Reverse(since)) = s.ready_since {
            let lot = lots.entry(since).or_insert(p.uid());
            *lot = p.uid().min(lot);
        }
    }
    let mut order: Vec<(Rank<'_>, &Pod)> = active
        .iter()
        .zip(&standings)
        .map(|(p, s)| {
            let rank = Rank {
                assigned: s.assigned,
                phase: s.phase,
                ready: s.ready,
                cost: deletion_cost(p),
                crowd: Reverse(crowds.get(pods::node(p)).copied().unwrap_or(0)),
                ready_for: s.ready_since.map(|Reverse(since)| (age(since, now), lots.get(&since).copied())),
                restarts: s.restarts,
                created: s.created.map(|Reverse(at)| age(at, now)),
                uid: p.uid(),
            };
            (rank, *p)
        })
        .collect();
    order.sort_by(|(a, _), (b, _)| a.cmp(b));
    // What set it apart is told against the pod that is safest.
    let kept = order.last().map(|(rank, _)| rank);
    let victim = |(rank, p): &(Rank<'_>, &Pod)| {
        let because = kept.map_or(Because::Name, |kept| rank.because(kept));
        Victim { name: p.name().to_string(), because }
    };
    order.iter().take(count).map(victim).collect()
}

fn deletion_cost(p: &Pod) -> i32 {
    p.annotation(DELETION_COST).and_then(|cost| cost.parse().ok()).unwrap_or(0)
}

/// Ages count in powers of two, so that a scale-down does not always take the newest.
fn age(since: Time, now: Time) -> Option<u32> {
    now.since(since).as_nanos().checked_ilog2()
}

/// What of a pod is compared: the least goes first, and the first difference decides.
///
/// Of pods that have been ready about as long it takes any, whatever their restarts: those of the same instant have drawn one lot,
/// the least of their UIDs. (The real controller compares the UIDs of each two, which puts no three of them in order.)
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank<'a> {
    assigned: bool,
    phase: Phase,
    ready: bool,
    cost: i32,
    crowd: Reverse<usize>,
    ready_for: Option<(Option<u32>, Option<&'a str>)>,
    restarts: Reverse<(i32, i32)>,
    created: Option<Option<u32>>,
    uid: &'a str,
}

impl Rank<'_> {
    /// The first rule by which it goes before another.
    fn because(&self, other: &Rank<'_>) -> Because {
        let age = |r: &Rank<'_>| r.ready_for.map(|(age, _)| age);
        let rules = [
            (self.assigned != other.assigned, Because::Unassigned),
            (self.phase != other.phase, Because::Phase),
            (self.ready != other.ready, Because::NotReady),
            (self.cost != other.cost, Because::DeletionCost),
            (self.crowd != other.crowd, Because::Crowded),
            (age(self) != age(other), Because::ReadyShorter),
            (self.ready_for != other.ready_for, Because::Name),
            (self.restarts != other.restarts, Because::Restarts),
            (self.created != other.created, Because::Newer),
        ];
        rules.into_iter().find(|(differs, _)| *differs).map_or(Because::Name, |(_, because)| because)
    }
}
