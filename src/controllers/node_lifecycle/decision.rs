//! What is thought of a node, and what follows.

use crate::api::Duration;
use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub enum NodeDecision {
    Silent { node: Key, silent: Duration, pods: usize },
    Tainted { node: Key, taint: String, effect: String },
    Untainted { node: Key, taint: String, effect: String },
    NoEviction { node: Key, ready: usize, all: usize },
    WillEvict { pod: Key, node: String, wait: Duration },
    WillNotEvict { pod: Key, node: String },
    Evicted { pod: Key, node: String },
}

impl Decision for NodeDecision {
    fn message(&self) -> &'static str {
        match self {
            NodeDecision::Silent { .. } => "node-silent",
            NodeDecision::Tainted { .. } => "node-tainted",
            NodeDecision::Untainted { .. } => "node-untainted",
            NodeDecision::NoEviction { .. } => "node-no-eviction",
            NodeDecision::WillEvict { .. } => "node-will-evict",
            NodeDecision::WillNotEvict { .. } => "node-will-not-evict",
            NodeDecision::Evicted { .. } => "node-evicted",
        }
    }
    fn facts(&self) -> Facts {
        match self {
            NodeDecision::Silent { node, silent, pods } => {
                vec![("node", node.name.to_string().into()), ("silent", (*silent).into()), ("pods", (*pods).into())]
            }
            NodeDecision::Tainted { node, taint, effect } | NodeDecision::Untainted { node, taint, effect } => {
                vec![("node", node.name.to_string().into()), ("taint", format!("{taint}:{effect}").into())]
            }
            NodeDecision::NoEviction { node, ready, all } => {
                vec![("node", node.name.to_string().into()), ("ready", (*ready).into()), ("all", (*all).into())]
            }
            NodeDecision::WillEvict { pod, node, wait } => {
                vec![("pod", pod.name.to_string().into()), ("node", node.as_str().into()), ("wait", (*wait).into())]
            }
            NodeDecision::WillNotEvict { pod, node } | NodeDecision::Evicted { pod, node } => {
                vec![("pod", pod.name.to_string().into()), ("node", node.as_str().into())]
            }
        }
    }
    fn about(&self) -> Option<Key> {
        match self {
            NodeDecision::Silent { node, .. }
            | NodeDecision::Tainted { node, .. }
            | NodeDecision::Untainted { node, .. }
            | NodeDecision::NoEviction { node, .. } => Some(node.clone()),
            NodeDecision::WillEvict { pod, .. }
            | NodeDecision::WillNotEvict { pod, .. }
            | NodeDecision::Evicted { pod, .. } => Some(pod.clone()),
        }
    }
}
