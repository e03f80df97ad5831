//! TaintToleration: a tainted node is for pods that tolerate the taint.
//! Real Kubernetes: pkg/scheduler/framework/plugins/tainttoleration.

use k8s_openapi::api::core::v1::{Taint, Toleration};

use crate::api::taints::{self, tolerates, untolerated};
use crate::scheduler::framework::{Filter, NodeInfo, PodInfo, Prepared, Reason, Score, Snapshot, normalize};

pub struct TaintToleration;

/// The effects that keep a pod off a node.
pub const KEEP_OUT: [&str; 2] = ["NoSchedule", "NoExecute"];

pub fn tolerations(pod: &PodInfo) -> &[Toleration] {
    pod.pod().spec.as_ref().and_then(|s| s.tolerations.as_deref()).unwrap_or_default()
}

impl Filter for TaintToleration {
    fn prepare<'a>(&self, pod: &'a PodInfo, _: &'a Snapshot<'a>) -> Prepared<'a> {
        Ok(Some(Box::new(move |node| {
            let keeps_out = untolerated(&node.taints, tolerations(pod), &KEEP_OUT);
            keeps_out.map(|t| Reason::Taint { taint: taints::text(t) }).into_iter().collect()
        })))
    }
}

impl Score for TaintToleration {
    fn score(&self, pod: &PodInfo, nodes: &[&NodeInfo], _: &Snapshot<'_>) -> Vec<i64> {
        let tolerated = |taint: &Taint| tolerations(pod).iter().any(|t| tolerates(t, taint));
        let disliked =
            |n: &NodeInfo| n.taints.iter().filter(|t| t.effect == "PreferNoSchedule" && !tolerated(t)).count();
        let mut raw: Vec<i64> = nodes.iter().map(|n| i64::try_from(disliked(n)).unwrap_or(0)).collect();
        normalize(&mut raw, true);
        raw
    }
}
