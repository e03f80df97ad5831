//! What a budget allows, and why.

use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub enum DisruptionDecision {
    Allows {
        budget: Key,
        healthy: i32,
        needed: i32,
        allowed: i32,
    },
    /// It can't be known how many pods there should be, so nothing is allowed.
    Failed {
        budget: Key,
        why: String,
    },
    /// A pod said that it goes, and did not.
    Stayed {
        pod: Key,
    },
}

impl Decision for DisruptionDecision {
    fn message(&self) -> &'static str {
        match self {
            DisruptionDecision::Allows { .. } => "disruption-allows",
            DisruptionDecision::Failed { .. } => "disruption-failed",
            DisruptionDecision::Stayed { .. } => "disruption-stayed",
        }
    }
    fn facts(&self) -> Facts {
        match self {
            DisruptionDecision::Allows { budget, healthy, needed, allowed } => vec![
                ("budget", budget.name.to_string().into()),
                ("healthy", (*healthy).into()),
                ("needed", (*needed).into()),
                ("allowed", (*allowed).into()),
            ],
            DisruptionDecision::Failed { budget, why } => {
                vec![("budget", budget.name.to_string().into()), ("why", why.clone().into())]
            }
            DisruptionDecision::Stayed { pod } => vec![("pod", pod.name.to_string().into())],
        }
    }
    fn about(&self) -> Option<Key> {
        let (DisruptionDecision::Allows { budget: key, .. }
        | DisruptionDecision::Failed { budget: key, .. }
        | DisruptionDecision::Stayed { pod: key }) = self;
        Some(key.clone())
    }
}
