//! One scheduling cycle: filter, score, choose. Pure but for the tie.
//! Real Kubernetes: pkg/scheduler/schedule_one.go.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cache::Cache;
use super::framework::{NodeInfo, PodInfo, Reason, Snapshot};
use super::plugins::TABLE;
use crate::api::object::Name;
use crate::apiserver::caller::{Chance, below};

/// The nodes that were possible, and how the best one was found among them.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Mostly the same for pod after pod, and then shared.
    pub nodes: Arc<[Name]>,
    pub score: i64,
    /// How many of them have the best score.
    pub ties: usize,
}

/// What is carried from one cycle to the next.
#[derive(Clone, Default)]
pub struct Memory {
    /// Where the search begins, so that all nodes get their turn.
    start: usize,
    /// The nodes that were possible for the last pod.
    feasible: Arc<[Name]>,
}

impl Memory {
    fn names(&mut self, feasible: &[&NodeInfo]) -> Arc<[Name]> {
        if !self.feasible.iter().eq(feasible.iter().map(|n| &n.name)) {
            self.feasible = feasible.iter().map(|n| n.name.clone()).collect();
        }
        self.feasible.clone()
    }
}

/// What came out of a cycle.
#[derive(Clone, Debug)]
pub enum Verdict {
    Fits { node: Name, choice: Choice, rejected: Vec<(Name, Reason)> },
    FitsNowhere { rejected: Vec<(Name, Reason)> },
}

/// In large clusters it is enough to look at some nodes.
fn enough(nodes: usize) -> usize {
    if nodes < 100 {
        return nodes;
    }
    let percent = 50usize.saturating_sub(nodes / 125).max(5);
    (nodes * percent / 100).max(100)
}

/// Looks for a node.
pub fn schedule(pod: &PodInfo, cache: &Cache, memory: &mut Memory, chance: &mut Chance) -> Verdict {
    let all = &cache.nodes;
    let snapshot = Snapshot { nodes: all, images: &cache.images };
    let filters: Vec<_> = TABLE.iter().filter_map(|p| p.filter?.prepare(pod, &snapshot)).collect();
    let wanted = enough(all.len());
    let (mut feasible, mut rejected) = (Vec::with_capacity(wanted.min(all.len())), vec![]);
    let mut looked = 0;
    for i in 0..all.len() {
        let n = &all[(memory.start + i) % all.len()];
        looked += 1;
        // The first plugin that objects ends the node; it may have several reasons.
        match filters.iter().map(|objections| objections(n)).find(|r| !r.is_empty()) {
            None => feasible.push(n),
            Some(reasons) => rejected.extend(reasons.into_iter().map(|r| (n.name.clone(), r))),
        }
        if feasible.len() >= wanted {
            break;
        }
    }
    if !all.is_empty() {
        memory.start = (memory.start + looked) % all.len();
    }
    rejected.sort();
    if feasible.is_empty() {
        return Verdict::FitsNowhere { rejected };
    }
    let mut totals = vec![0i64; feasible.len()];
    if feasible.len() > 1 {
        for p in TABLE {
            let Some(s) = p.score.filter(|s| s.applies(pod)) else { continue };
            for (t, s) in totals.iter_mut().zip(s.score(pod, &feasible, &snapshot)) {
                *t += s * p.weight;
            }
        }
    }
    let best = totals.iter().copied().max().unwrap_or(0);
    let winners: Vec<usize> = (0..totals.len()).filter(|i| totals[*i] == best).collect();
    let pick = winners[usize::try_from(below(chance, winners.len() as u64)).unwrap_or(0)];
    let choice = Choice { nodes: memory.names(&feasible), score: best, ties: winners.len() };
    Verdict::Fits { node: feasible[pick].name.clone(), choice, rejected }
}

/// The message of the event FailedScheduling.
pub fn failure_message(rejected: &[(Name, Reason)], nodes: usize) -> String {
    if nodes == 0 {
        return "no nodes available to schedule pods".into();
    }
    let histogram = |texts: &mut dyn Iterator<Item = String>| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for t in texts {
            *counts.entry(t).or_default() += 1;
        }
        let mut parts: Vec<String> = counts.into_iter().map(|(t, n)| format!("{n} {t}")).collect();
        parts.sort();
        parts.join(", ")
    };
    let reasons = histogram(&mut rejected.iter().map(|(_, r)| r.to_string()));
    // Could room be made by removing pods? Each node counts once.
    let mut by_node: BTreeMap<&str, bool> = BTreeMap::new();
    for (n, r) in rejected {
        let helps = by_node.entry(n).or_insert(true);
        *helps &= r.preemption_helps();
    }
    let preemption = histogram(&mut by_node.values().map(|helps| {
        if *helps {
            "No preemption victims found for incoming pod".to_string()
        } else {
            "Preemption is not helpful for scheduling".to_string()
        }
    }));
    format!(
        "0/{nodes} nodes are available: {reasons}. no new claims to deallocate, preemption: 0/{nodes} nodes are available: {preemption}."
    )
}
