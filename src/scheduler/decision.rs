//! Why a pod was put where it is, or nowhere.

use super::framework::Reason;
use crate::api::object::{Key, Name};
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub enum SchedulerDecision {
    Bound { pod: Key, node: Name, score: i64, scores: Box<[(Name, i64)]>, rejected: Vec<(Name, Reason)> },
    Nowhere { pod: Key, rejected: Vec<(Name, Reason)>, nodes: usize },
}

impl SchedulerDecision {
    pub fn rejected(&self) -> &[(Name, Reason)] {
        match self {
            SchedulerDecision::Bound { rejected, .. } | SchedulerDecision::Nowhere { rejected, .. } => rejected,
        }
    }
}

/// A reason as facts for the story: its key, and what it names.
fn reason_text(r: &Reason) -> String {
    match r {
        Reason::Taint { taint } => format!("taint {taint}"),
        Reason::Insufficient { resource, wants, free, .. } => {
            let show = |n: i64| match resource.as_str() {
                "cpu" => crate::api::quantity::Quantity::from_milli(n).to_string(),
                "memory" | "ephemeral-storage" => crate::api::quantity::Quantity::from_bytes(n).to_string(),
                _ => n.to_string(),
            };
            format!("{resource} {} > {}", show(*wants), show(*free))
        }
        other => other.to_string(),
    }
}

/// Nodes with the same reason, together.
pub fn grouped(rejected: &[(Name, Reason)]) -> Vec<String> {
    let mut groups: Vec<(String, Vec<&str>)> = vec![];
    for (node, r) in rejected {
        let text = reason_text(r);
        match groups.iter_mut().find(|(t, _)| *t == text) {
            Some((_, nodes)) => nodes.push(node),
            None => groups.push((text, vec![node])),
        }
    }
    groups
        .into_iter()
        .map(|(text, nodes)| {
            let shown = if nodes.len() > 3 {
                format!("{} +{}", nodes[..2].join(", "), nodes.len() - 2)
            } else {
                nodes.join(", ")
            };
            format!("{shown}: {text}")
        })
        .collect()
}

impl Decision for SchedulerDecision {
    fn message(&self) -> &'static str {
        match self {
            SchedulerDecision::Bound { scores, rejected, .. } => match (scores.len(), rejected.is_empty()) {
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
            SchedulerDecision::Bound { pod, node, score, scores, rejected } => {
                let ties = scores.iter().filter(|(_, s)| s == score).count();
                let mut best: Vec<&(Name, i64)> = vec![];
                for s in scores.iter().filter(|(n, _)| n != node) {
                    let at = best.partition_point(|b| (b.1, &s.0) > (s.1, &b.0));
                    if at < 3 {
                        best.insert(at, s);
                        best.truncate(3);
                    }
                }
                let others: Vec<String> = best.iter().map(|(n, s)| format!("{n} {s}")).collect();
                vec![
                    ("pod", pod.name.to_string().into()),
                    ("node", node.to_string().into()),
                    ("score", (*score).into()),
                    ("count", scores.len().into()),
                    ("ties", ties.into()),
                    ("others", others.into()),
                    ("rejected", grouped(rejected).into()),
                ]
            }
            SchedulerDecision::Nowhere { pod, rejected, nodes } => {
                vec![
                    ("pod", pod.name.to_string().into()),
                    ("nodes", (*nodes).into()),
                    ("rejected", grouped(rejected).into()),
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
