//! NodeUnschedulable: a cordoned node takes nothing, unless the pod tolerates that.
//! Real Kubernetes: pkg/scheduler/framework/plugins/nodeunschedulable.

use k8s_openapi::api::core::v1::Taint;

use super::taint_toleration::tolerated;
use crate::scheduler::framework::{Filter, NodeInfo, PodInfo, Reason, Snapshot};

pub struct Unschedulable;

impl Filter for Unschedulable {
    fn filter(&self, pod: &PodInfo, node: &NodeInfo, _: &Snapshot<'_>) -> Vec<Reason> {
        if !node.unschedulable {
            return vec![];
        }
        let taint =
            Taint { key: "node.kubernetes.io/unschedulable".into(), effect: "NoSchedule".into(), ..Taint::default() };
        if tolerated(pod, &taint) { vec![] } else { vec![Reason::Unschedulable] }
    }
}
