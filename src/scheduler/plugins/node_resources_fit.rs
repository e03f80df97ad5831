//! NodeResourcesFit: what is asked for must be free; nodes with more left are better.
//! Real Kubernetes: pkg/scheduler/framework/plugins/noderesources/fit.go, least_allocated.go.

use crate::scheduler::framework::{Filter, MAX_SCORE, NodeInfo, PodInfo, Prepared, Reason, Score, Snapshot};
use crate::scheduler::hints::{Happening, Help};

pub struct NodeResourcesFit;

/// A node, or any pod that leaves one or takes less of it.
pub fn helped<'a>(what: &'a Happening<'a>) -> Help<'a> {
    match what {
        Happening::Node | Happening::PodGone(_) | Happening::PodShrunk => Help::All,
        _ => Help::Nobody,
    }
}

impl Filter for NodeResourcesFit {
    fn prepare<'a>(&self, pod: &'a PodInfo, _: &'a Snapshot<'a>) -> Prepared<'a> {
        Ok(Some(Box::new(move |node| missing(pod, node))))
    }
}

/// What the node has too little of.
fn missing(pod: &PodInfo, node: &NodeInfo) -> Vec<Reason> {
    let mut out = vec![];
    if node.pod_count + 1 > node.max_pods {
        out.push(Reason::TooManyPods);
    }
    let (want, used, all) = (&pod.requests, &node.requested, &node.allocatable);
    let mut check = |resource: &str, wants: i64, used: i128, all: i64| {
        let free = i128::from(all) - used;
        if wants > 0 && i128::from(wants) > free {
            let free = i64::try_from(free).unwrap_or(i64::MIN);
            out.push(Reason::Insufficient { resource: resource.into(), wants, free, all });
        }
    };
    check("cpu", want.milli_cpu, used.milli_cpu, all.milli_cpu);
    check("memory", want.memory, used.memory, all.memory);
    check("ephemeral-storage", want.ephemeral, used.ephemeral, all.ephemeral);
    for (k, v) in &want.others {
        check(k, *v, used.others.get(k).copied().unwrap_or(0), all.others.get(k).copied().unwrap_or(0));
    }
    out
}

impl Score for NodeResourcesFit {
    fn score(&self, pod: &PodInfo, nodes: &[&NodeInfo], _: &Snapshot<'_>) -> Vec<i64> {
        let left = |used: i128, own: i64, all: i64| {
            let free = i128::from(all) - used - i128::from(own);
            if all == 0 || free < 0 {
                return 0;
            }
            // Every node is divided for every pod, and small numbers are divided much faster.
            if let Some(many) = i64::try_from(free).ok().and_then(|free| free.checked_mul(MAX_SCORE)) {
                return many / all;
            }
            i64::try_from(free * i128::from(MAX_SCORE) / i128::from(all)).unwrap_or(MAX_SCORE)
        };
        nodes
            .iter()
            .map(|n| {
                let cpu = left(n.scored.0, pod.scored.0, n.allocatable.milli_cpu);
                let memory = left(n.scored.1, pod.scored.1, n.allocatable.memory);
                (cpu + memory) / 2
            })
            .collect()
    }
}
