//! NodeName: a pod that names its node fits nowhere else.
//! Real Kubernetes: pkg/scheduler/framework/plugins/nodename.

use crate::api::pods;
use crate::scheduler::framework::{Filter, NodeInfo, PodInfo, Reason, Snapshot};

pub struct NodeName;

impl Filter for NodeName {
    fn applies(&self, pod: &PodInfo) -> bool {
        !pods::node(pod.pod()).is_empty()
    }
    fn filter(&self, pod: &PodInfo, node: &NodeInfo, _: &Snapshot<'_>) -> Vec<Reason> {
        if pods::node(pod.pod()) == &*node.name { vec![] } else { vec![Reason::WrongName] }
    }
}
