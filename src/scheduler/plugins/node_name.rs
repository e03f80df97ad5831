//! NodeName: a pod that names its node fits nowhere else.
//! Real Kubernetes: pkg/scheduler/framework/plugins/nodename.

use crate::api::pods;
use crate::scheduler::framework::{Filter, Objections, PodInfo, Reason, Snapshot};

pub struct NodeName;

impl Filter for NodeName {
    fn prepare<'a>(&self, pod: &'a PodInfo, _: &'a Snapshot<'a>) -> Option<Objections<'a>> {
        let wanted = Some(pods::node(pod.pod())).filter(|name| !name.is_empty())?;
        Some(Box::new(move |node| if node.name == wanted { vec![] } else { vec![Reason::WrongName] }))
    }
}
