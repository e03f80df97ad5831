//! Why a pod was put where it is, or nowhere.

use super::cycle::Choice;
use super::framework::Reason;
use crate::api::object::{Key, Name};
use crate::api::quantity::Quantity;
use crate::ledger::{Decision, Fact, Facts, by_reason};

#[derive(Clone, Debug)]
pub enum SchedulerDecision {
    Bound { pod: Key, node: Name, choice: Choice, rejected: Vec<(Name, Reason)> },
    Nowhere { pod: Key, rejected: Vec<(Name, Reason)>, nodes: usize },
}

impl SchedulerDecision {
    pub fn rejected(&self) -> &[(Name, Reason)] {
        match self {
            SchedulerDecision::Bound { rejected, .. } | SchedulerDecision::Nowhere { rejected, .. } => rejected,
        }
    }
}

/// One reason as a part of a sentence, about the nodes that share it.
fn phrase(r: &Reason, nodes: &[&Name], bound: bool) -> (&'static str, Facts) {
    let mut facts: Facts =
        vec![("names", nodes.iter().map(|n| n.to_string()).collect::<Vec<_>>().into()), ("count", nodes.len().into())];
    let id = match r {
        Reason::WrongName => "scheduler-not-name",
        Reason::Unschedulable => "scheduler-not-unschedulable",
        // Which taint matters to a pod that found no node; else it is the control plane's, mostly.
        Reason::Taint { .. } if bound => "scheduler-not-tolerated",
        Reason::Taint { taint } => {
            facts.push(("taint", taint.as_str().into()));
            "scheduler-not-taint"
        }
        Reason::Affinity => "scheduler-not-affinity",
        Reason::TooManyPods => "scheduler-not-full",
        Reason::Insufficient { resource, wants, free, .. } => {
            let show = |n: i64| match resource.as_str() {
                "cpu" => Quantity::from_milli(n).to_string(),
                "memory" | "ephemeral-storage" => Quantity::from_bytes(n).to_string(),
                _ => n.to_string(),
            };
            facts.push(("resource", resource.as_str().into()));
            facts.push(("wants", show(*wants).into()));
            facts.push(("free", show(*free).into()));
            "scheduler-not-enough"
        }
        Reason::Spread { key, .. } => {
            facts.push(("key", key.as_str().into()));
            "scheduler-not-spread"
        }
    };
    (id, facts)
}

/// Nodes with the same reason, together.
fn grouped(rejected: &[(Name, Reason)], bound: bool) -> Fact {
    let groups = by_reason(rejected.iter().map(|(node, r)| (r, node)));
    Fact::Phrases(groups.into_iter().map(|(r, nodes)| phrase(r, &nodes, bound)).collect())
}

impl Decision for SchedulerDecision {
    fn message(&self) -> &'static str {
        match self {
            SchedulerDecision::Bound { choice, rejected, .. } => match (choice.nodes.len(), rejected.is_empty()) {
                (1, true) => "scheduler-only",
                (1, false) => "scheduler-only-fit",
                (_, true) => "scheduler-best",
                (_, false) => "scheduler-best-of",
            },
            SchedulerDecision::Nowhere { .. } => "scheduler-nowhere",
        }
    }
    fn facts(&self) -> Facts {
        match self {
            SchedulerDecision::Bound { pod, node, choice, rejected } => {
                let mut fit: Vec<String> = choice.nodes.iter().map(Name::to_string).collect();
                fit.sort();
                vec![
                    ("pod", pod.name.to_string().into()),
                    ("node", node.to_string().into()),
                    ("score", choice.score.into()),
                    ("fit", fit.into()),
                    ("ties", choice.ties.into()),
                    ("rejected", grouped(rejected, true)),
                ]
            }
            SchedulerDecision::Nowhere { pod, rejected, nodes } => {
                vec![
                    ("pod", pod.name.to_string().into()),
                    ("nodes", (*nodes).into()),
                    ("rejected", grouped(rejected, false)),
                ]
            }
        }
    }
    fn about(&self) -> Option<Key> {
        match self {
            SchedulerDecision::Bound { pod, .. } | SchedulerDecision::Nowhere { pod, .. } => Some(pod.clone()),
        }
    }
}
