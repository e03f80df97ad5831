//! NodeAffinity: `nodeSelector` and node affinity, required and preferred.
//! Real Kubernetes: pkg/scheduler/framework/plugins/nodeaffinity.

use crate::api::node_affinity::{allows, term};
use crate::scheduler::framework::{Filter, NodeInfo, Objections, PodInfo, Reason, Score, Snapshot, normalize};

pub struct NodeAffinity;

impl Filter for NodeAffinity {
    fn prepare<'a>(&self, pod: &'a PodInfo, _: &'a Snapshot<'a>) -> Option<Objections<'a>> {
        let spec = pod.pod().spec.as_deref()?;
        let says_so = spec.node_selector.as_ref().is_some_and(|n| !n.is_empty())
            || spec.affinity.as_ref().is_some_and(|a| a.node_affinity.is_some());
        says_so.then(|| -> Objections<'a> {
            Box::new(|node| if allows(spec, node.node()) { vec![] } else { vec![Reason::Affinity] })
        })
    }
}

impl Score for NodeAffinity {
    fn applies(&self, pod: &PodInfo) -> bool {
        pod.pod().spec.as_ref().and_then(|s| s.affinity.as_ref()?.node_affinity.as_ref()).is_some_and(|a| {
            a.preferred_during_scheduling_ignored_during_execution.as_ref().is_some_and(|p| !p.is_empty())
        })
    }
    fn score(&self, pod: &PodInfo, nodes: &[&NodeInfo], _: &Snapshot<'_>) -> Vec<i64> {
        let affinity = pod.pod().spec.as_ref().and_then(|s| s.affinity.as_ref()?.node_affinity.as_ref());
        let preferred = affinity
            .and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_deref())
            .unwrap_or_default();
        let weight = |n: &NodeInfo| {
            preferred.iter().filter(|p| term(&p.preference, n.node())).map(|p| i64::from(p.weight)).sum()
        };
        let mut raw: Vec<i64> = nodes.iter().map(|n| weight(n)).collect();
        normalize(&mut raw, false);
        raw
    }
}
