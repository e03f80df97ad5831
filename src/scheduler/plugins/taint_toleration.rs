//! TaintToleration: a tainted node is for pods that tolerate the taint.
//! Real Kubernetes: pkg/scheduler/framework/plugins/tainttoleration.

use k8s_openapi::api::core::v1::Taint;

use crate::api::taints::{self, tolerates};
use crate::scheduler::framework::{Filter, NodeInfo, PodInfo, Prepared, Reason, Score, Snapshot, normalize};

pub struct TaintToleration;

pub fn tolerated(pod: &PodInfo, taint: &Taint) -> bool {
    pod.pod().spec.iter().flat_map(|s| s.tolerations.iter().flatten()).any(|t| tolerates(t, taint))
}

impl Filter for TaintToleration {
    fn prepare<'a>(&self, pod: &'a PodInfo, _: &'a Snapshot<'a>) -> Prepared<'a> {
        Ok(Some(Box::new(move |node| {
            let keeps_out = |t: &&Taint| matches!(t.effect.as_str(), "NoSchedule" | "NoExecute") && !tolerated(pod, t);
            let Some(t) = node.taints.iter().find(keeps_out) else { return vec![] };
            vec![Reason::Taint { taint: taints::text(t) }]
        })))
    }
}

impl Score for TaintToleration {
    fn score(&self, pod: &PodInfo, nodes: &[&NodeInfo], _: &Snapshot<'_>) -> Vec<i64> {
        let disliked =
            |n: &NodeInfo| n.taints.iter().filter(|t| t.effect == "PreferNoSchedule" && !tolerated(pod, t)).count();
        let mut raw: Vec<i64> = nodes.iter().map(|n| i64::try_from(disliked(n)).unwrap_or(0)).collect();
        normalize(&mut raw, true);
        raw
    }
}
