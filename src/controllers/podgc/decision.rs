//! Which pod is forced out, and why.

use super::plan::Why;
use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub struct Collected {
    pub pod: Key,
    pub node: String,
    pub why: Why,
}

impl Decision for Collected {
    fn message(&self) -> &'static str {
        match self.why {
            Why::TooMany => "podgc-too-many",
            Why::OutOfService => "podgc-out-of-service",
            Why::Lost => "podgc-lost",
            Why::Unscheduled => "podgc-unscheduled",
        }
    }
    fn facts(&self) -> Facts {
        vec![("pod", self.pod.name.to_string().into()), ("node", self.node.clone().into())]
    }
    fn about(&self) -> Option<Key> {
        Some(self.pod.clone())
    }
}
