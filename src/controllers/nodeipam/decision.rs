//! Which addresses a node's pods get, and why there are none for it.

use crate::api::network::Range;
use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub enum NodeIpamDecision {
    Gave { node: Key, range: Range, of: Range, left: u32 },
    Full { node: Key, of: Range },
}

impl Decision for NodeIpamDecision {
    fn message(&self) -> &'static str {
        match self {
            NodeIpamDecision::Gave { .. } => "node-ipam-gave",
            NodeIpamDecision::Full { .. } => "node-ipam-full",
        }
    }

    fn facts(&self) -> Facts {
        match self {
            NodeIpamDecision::Gave { node, range, of, left } => vec![
                ("node", node.name.to_string().into()),
                ("range", range.to_string().into()),
                ("of", of.to_string().into()),
                ("left", (*left as usize).into()),
            ],
            NodeIpamDecision::Full { node, of } => {
                vec![("node", node.name.to_string().into()), ("of", of.to_string().into())]
            }
        }
    }

    fn about(&self) -> Option<Key> {
        match self {
            NodeIpamDecision::Gave { node, .. } | NodeIpamDecision::Full { node, .. } => Some(node.clone()),
        }
    }
}
