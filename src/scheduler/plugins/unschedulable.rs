//! NodeUnschedulable: a cordoned node takes nothing, unless the pod tolerates that.
//! Real Kubernetes: pkg/scheduler/framework/plugins/nodeunschedulable.

use k8s_openapi::api::core::v1::Taint;

use super::taint_toleration::tolerations;
use crate::api::taints::tolerates;
use crate::scheduler::framework::{Filter, PodInfo, Prepared, Reason, Snapshot};

pub struct Unschedulable;

impl Filter for Unschedulable {
    fn prepare<'a>(&self, pod: &'a PodInfo, _: &'a Snapshot<'a>) -> Prepared<'a> {
        let taint =
            Taint { key: "node.kubernetes.io/unschedulable".into(), effect: "NoSchedule".into(), ..Taint::default() };
        if tolerations(pod).iter().any(|t| tolerates(t, &taint)) {
            return Ok(None);
        }
        Ok(Some(Box::new(|node| if node.unschedulable { vec![Reason::Unschedulable] } else { vec![] })))
    }
}
