//! One scheduling cycle: filter, score, choose. Pure but for the tie.
//! Real Kubernetes: pkg/scheduler/schedule_one.go.

use std::collections::{BTreeMap, BTreeSet};

use super::fitting::Fitting;
use super::framework::{NodeInfo, Objections, PodInfo, Reason, Refusal, Rejected, Snapshot};
use super::nominated::Rivals;
use super::plugins::dynamic_resources::NOTHING_TO_TAKE_BACK;
use super::plugins::{Id, TABLE};
use super::preemption::Outcome;
use crate::api::object::Name;
use crate::apiserver::caller::{Chance, below};

/// The nodes that were possible, and how the best one was found among them.
#[derive(Clone, Debug)]
pub struct Choice {
    pub nodes: Fitting,
    pub score: i64,
    /// How many of them have the best score.
    pub ties: usize,
    /// Room was kept for the pod there, so no other node was looked at.
    pub kept: bool,
}

/// What is carried from one cycle to the next.
#[derive(Clone, Default)]
pub struct Memory {
    /// Where the search begins, so that all nodes get their turn.
    start: usize,
}

/// What came out of a cycle.
#[derive(Clone, Debug)]
pub enum Verdict {
    Fits {
        node: Name,
        choice: Choice,
        rejected: Rejected,
    },
    FitsNowhere {
        rejected: Rejected,
    },
    /// No node was even looked at.
    Refused(Refusal),
}

/// In large clusters it is enough to look at some nodes.
fn enough(nodes: usize) -> usize {
    if nodes < 100 {
        return nodes;
    }
    let percent = 50usize.saturating_sub(nodes / 125).max(5);
    (nodes * percent / 100).max(100)
}

/// What all plugins have to say of a pod.
pub struct Judges<'a> {
    /// The only nodes that come into question, where the pod names them.
    pub among: Option<BTreeSet<Name>>,
    filters: Vec<Objections<'a>>,
}

impl<'a> Judges<'a> {
    /// # Errors
    /// Why the pod fits nowhere.
    pub fn of(pod: &'a PodInfo, all: &'a Snapshot<'a>) -> Result<Judges<'a>, Refusal> {
        let mut judges = Judges { among: None, filters: vec![] };
        for filter in TABLE.iter().filter_map(|p| p.filter) {
            if let Some(more) = filter.among(pod)? {
                judges.among = Some(more);
            }
            judges.filters.extend(filter.prepare(pod, all)?);
        }
        Ok(judges)
    }

    /// Where the only nodes are that come into question, where the pod names them.
    fn named(&self, all: &Snapshot<'a>) -> Option<Vec<usize>> {
        Some(self.among.as_ref()?.iter().filter_map(|name| all.find(name)).collect())
    }

    /// The first plugin that objects ends the node; it may have several reasons.
    pub fn objections(&self, node: &NodeInfo) -> Vec<Reason> {
        self.filters.iter().map(|objections| objections(node)).find(|r| !r.is_empty()).unwrap_or_default()
    }
}

/// Looks for a node.
pub fn schedule(
    pod: &PodInfo,
    all: &Snapshot<'_>,
    rivals: &Rivals,
    memory: &mut Memory,
    chance: &mut Chance,
) -> Verdict {
    let judges = match Judges::of(pod, all) {
        Ok(judges) => judges,
        Err(refusal) => return Verdict::Refused(refusal),
    };
    let judge = |n: &NodeInfo| {
        let reasons = rivals.objections(pod, n, all);
        if reasons.is_empty() { judges.objections(n) } else { reasons }
    };
    let at_once = pod.nominated().and_then(|name| all.find(name)).filter(|at| judge(&all.nodes[*at]).is_empty());
    let named = if at_once.is_some() { Some(vec![]) } else { judges.named(all) };
    let nodes = named.as_ref().map_or(all.nodes.len(), Vec::len);
    let not_named = if at_once.is_some() { 0 } else { all.nodes.len() - nodes };
    let mut rejected = Rejected { nodes: vec![], not_named };
    let wanted = enough(nodes);
    let mut feasible = Vec::with_capacity(wanted.max(1));
    let mut places = Vec::with_capacity(wanted.max(1));
    feasible.extend(at_once.map(|at| &*all.nodes[at]));
    places.extend(at_once);
    let mut looked = 0;
    while feasible.len() < wanted && looked < nodes {
        let at = (memory.start + looked) % nodes;
        let at = named.as_ref().map_or(at, |named| named[at]);
        let n = &*all.nodes[at];
        looked += 1;
        let reasons = judge(n);
        if reasons.is_empty() {
            feasible.push(n);
            places.push(at);
        } else {
            rejected.nodes.extend(reasons.into_iter().map(|r| (n.name.clone(), r)));
        }
    }
    if !all.nodes.is_empty() {
        memory.start = (memory.start + looked) % all.nodes.len();
    }
    rejected.nodes.sort();
    if feasible.is_empty() {
        return Verdict::FitsNowhere { rejected };
    }
    let mut totals = vec![0i64; feasible.len()];
    if feasible.len() > 1 {
        for (_, given) in scores(pod, &feasible, all) {
            totals.iter_mut().zip(given).for_each(|(t, s)| *t += s);
        }
    }
    let best = totals.iter().copied().max().unwrap_or(0);
    let winners: Vec<usize> = (0..totals.len()).filter(|i| totals[*i] == best).collect();
    let pick = winners[usize::try_from(below(chance, winners.len() as u64)).unwrap_or(0)];
    let choice = Choice {
        nodes: Fitting::new(all.names.clone(), places.into_iter()),
        score: best,
        ties: winners.len(),
        kept: at_once.is_some(),
    };
    Verdict::Fits { node: feasible[pick].name.clone(), choice, rejected }
}

/// What each plugin that has something to say gives each of the nodes, weighted.
pub fn scores<'a>(
    pod: &'a PodInfo,
    nodes: &'a [&NodeInfo],
    all: &'a Snapshot<'_>,
) -> impl Iterator<Item = (Id, Vec<i64>)> + 'a {
    TABLE.iter().filter_map(move |p| {
        let score = p.score.filter(|s| s.applies(pod, all))?;
        Some((p.id, score.score(pod, nodes, all).into_iter().map(|s| s * p.weight).collect()))
    })
}

/// Adds up how often each is said, in the order in which Kubernetes puts them.
pub fn histogram(texts: impl Iterator<Item = (String, usize)>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (t, n) in texts {
        *counts.entry(t).or_default() += n;
    }
    let mut parts: Vec<String> = counts.into_iter().map(|(t, n)| format!("{n} {t}")).collect();
    parts.sort();
    parts.join(", ")
}

/// The message of the event FailedScheduling. `outcome` is what became of the thought of preempting others, `of_devices` what
/// DynamicResources says, which is asked before that.
pub fn failure_message(rejected: &Rejected, nodes: usize, of_devices: &str, outcome: &Outcome) -> String {
    if nodes == 0 {
        return "no nodes available to schedule pods".into();
    }
    let reasons = histogram(rejected.texts());
    let mut message = format!("0/{nodes} nodes are available: {reasons}.");
    if let Some(told) = outcome.message(nodes) {
        message.push_str(&format!(" {of_devices}, preemption: {told}"));
    }
    message
}

/// The same for a pod that was refused before any node was looked at. If another than DynamicResources did, that finds nothing
/// of what it would have noted in this cycle, and says so: "not found" is all that is left of the thought of preemption.
pub fn refusal_message(refusal: &Refusal, nodes: usize, outcome: &Outcome) -> String {
    if nodes == 0 {
        return "no nodes available to schedule pods".into();
    }
    let told = outcome.message(nodes).filter(|_| refusal.plugin() == Id::DynamicResources);
    let rest = told.map_or("not found".into(), |told| format!("{NOTHING_TO_TAKE_BACK}, preemption: {told}"));
    format!("0/{nodes} nodes are available: {refusal}. {rest}")
}
