//! NodeName: a pod that names its node fits nowhere else.
//! Real Kubernetes: pkg/scheduler/framework/plugins/nodename.

use crate::api::pods;
use crate::scheduler::framework::{Filter, PodInfo, Prepared, Reason, Snapshot};

pub struct NodeName;

impl Filter for NodeName {
    fn prepare<'a>(&self, pod: &'a PodInfo, _: &'a Snapshot<'a>) -> Prepared<'a> {
        let wanted = pods::node(pod.pod());
        if wanted.is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(move |node| if node.name == wanted { vec![] } else { vec![Reason::WrongName] })))
    }
}
