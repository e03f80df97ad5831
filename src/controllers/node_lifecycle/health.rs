//! What a node's conditions mean for it, and how many nodes may be silent before the fault is taken to be elsewhere.
//! Pure.

use super::{NOT_READY, UNREACHABLE, UNSCHEDULABLE};
use crate::api::kinds::Node;

/// The taints that keep new pods away from a node in this condition.
/// Real Kubernetes: nodeConditionToTaintKeyStatusMap.
pub fn no_schedule(n: &Node) -> Vec<&'static str> {
    let conditions = n.status.iter().flat_map(|s| s.conditions.iter().flatten());
    let mut out: Vec<&str> = conditions
        .filter_map(|c| match (c.type_.as_str(), c.status.as_str()) {
            ("Ready", "False") => Some(NOT_READY),
            ("Ready", "Unknown") => Some(UNREACHABLE),
            ("MemoryPressure", "True") => Some("node.kubernetes.io/memory-pressure"),
            ("DiskPressure", "True") => Some("node.kubernetes.io/disk-pressure"),
            ("PIDPressure", "True") => Some("node.kubernetes.io/pid-pressure"),
            ("NetworkUnavailable", "True") => Some("node.kubernetes.io/network-unavailable"),
            _ => None,
        })
        .collect();
    if n.spec.as_ref().and_then(|s| s.unschedulable) == Some(true) {
        out.push(UNSCHEDULABLE);
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Zone {
    Normal,
    /// More than half are silent: in a small cluster eviction stops.
    Partial,
    /// All are silent: it is the network, or this controller.
    Full,
}

const UNHEALTHY_PERCENT: usize = 55;

pub fn zone(ready: usize, silent: usize) -> Zone {
    match () {
        () if ready == 0 && silent > 0 => Zone::Full,
        () if silent > 2 && silent * 100 >= (ready + silent) * UNHEALTHY_PERCENT => Zone::Partial,
        () => Zone::Normal,
    }
}
