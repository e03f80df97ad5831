//! How long a kubelet may keep what it was told.

use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub struct TtlDecision {
    pub node: Key,
    pub nodes: usize,
    pub seconds: u32,
}

impl Decision for TtlDecision {
    fn message(&self) -> &'static str {
        "node-ttl"
    }

    fn facts(&self) -> Facts {
        let (name, nodes) = (self.node.name.to_string(), self.nodes);
        vec![("node", name.into()), ("nodes", nodes.into()), ("seconds", (self.seconds as usize).into())]
    }

    fn about(&self) -> Option<Key> {
        Some(self.node.clone())
    }
}
