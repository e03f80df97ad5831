//! Which pods have to be forced out. Pure.

use std::collections::BTreeMap;

use crate::api::kinds::{Node, Pod, node};
use crate::api::object::{Key, Resource};
use crate::api::pods;

/// So many pods that have ended may stay.
pub const MOST_ENDED: usize = 12_500;
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// Too many pods that have ended.
    TooMany,
    /// It is being deleted, and somebody says that its node will not come back.
    OutOfService,
    /// Its node is gone.
    Lost,
    /// It is being deleted and never had a node, so no kubelet will end it.
    Unscheduled,
}

pub struct Seen<'a> {
    pub ended: Vec<&'a Pod>,
    pub leaving: Vec<&'a Pod>,
    /// Pods whose nodes have been gone for long enough.
    pub lost: Vec<&'a Pod>,
    pub node: &'a dyn Fn(&str) -> Option<&'a Node>,
}

pub fn plan(seen: &Seen<'_>) -> BTreeMap<Key, Why> {
    let mut out = BTreeMap::new();
    if let Some(more) = seen.ended.len().checked_sub(MOST_ENDED) {
        let mut order = seen.ended.clone();
        let evicted = |p: &Pod| p.status.as_ref().is_some_and(|s| s.reason.as_deref() == Some("Evicted"));
        let created = |p: &Pod| p.metadata.creation_timestamp.as_ref().map(|t| t.0);
        order.sort_by_key(|p| (!evicted(p), created(p), p.name().to_string()));
        out.extend(order.iter().take(more).map(|p| (p.key(), Why::TooMany)));
    }
    for p in &seen.leaving {
        let name = pods::node(p);
        if name.is_empty() {
            out.insert(p.key(), Why::Unscheduled);
        } else if (seen.node)(name).is_some_and(is_out_of_service) {
            out.insert(p.key(), Why::OutOfService);
        }
    }
    out.extend(seen.lost.iter().map(|p| (p.key(), Why::Lost)));
    out
}

fn is_out_of_service(n: &Node) -> bool {
    let mut taints = n.spec.iter().flat_map(|s| s.taints.iter().flatten());
    !node::is_ready(n) && taints.any(|t| t.key == OUT_OF_SERVICE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(name: &str, node: &str, evicted: bool) -> Pod {
        let reason = if evicted { "Evicted" } else { "" };
        serde_json::from_value(
            json!({"metadata": {"name": name, "namespace": "d", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"nodeName": node, "containers": []}, "status": {"phase": "Failed", "reason": reason}}),
        )
        .unwrap()
    }

    #[test]
    fn the_oldest_of_too_many_go_and_evicted_ones_first() {
        let mut all: Vec<Pod> = (0..MOST_ENDED).map(|i| pod(&format!("p{i:05}"), "n", false)).collect();
        all.push(pod("z-evicted", "n", true));
        all.push(pod("z-later", "n", false));
        let seen = Seen { ended: all.iter().collect(), leaving: vec![], lost: vec![], node: &|_| None };
        let names: Vec<String> = plan(&seen).into_keys().map(|k| k.name.to_string()).collect();
        assert_eq!(names, ["p00000", "z-evicted"]);
    }

    #[test]
    fn what_leaves_is_forced_out_where_no_kubelet_will_end_it() {
        let node = |ready: &str, taint: &str| -> Node {
            serde_json::from_value(json!({"spec": {"taints": [{"key": taint, "effect": "NoExecute"}]},
                "status": {"conditions": [{"type": "Ready", "status": ready}]}}))
            .unwrap()
        };
        let (dead, down, alive) = (node("Unknown", OUT_OF_SERVICE), node("Unknown", "x"), node("True", OUT_OF_SERVICE));
        let all = [pod("a", "dead", false), pod("b", "down", false), pod("c", "alive", false), pod("d", "", false)];
        let find = |n: &str| match n {
            "dead" => Some(&dead),
            "down" => Some(&down),
            "alive" => Some(&alive),
            _ => None,
        };
        let seen = Seen { ended: vec![], leaving: all.iter().collect(), lost: vec![], node: &find };
        let found: Vec<(String, Why)> = plan(&seen).into_iter().map(|(k, w)| (k.name.to_string(), w)).collect();
        assert_eq!(found, [("a".to_string(), Why::OutOfService), ("d".to_string(), Why::Unscheduled)]);
    }
}
