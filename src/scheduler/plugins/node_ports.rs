//! NodePorts: a port of the host can be had once.
//! Real Kubernetes: pkg/scheduler/framework/plugins/nodeports.

use crate::scheduler::framework::{Filter, PodInfo, Prepared, Reason, Snapshot};
use crate::scheduler::hints::{Happening, Help};

pub struct NodePorts;

/// A node, or a pod that leaves one of the ports.
pub fn helped<'a>(what: &'a Happening<'a>) -> Help<'a> {
    match what {
        Happening::Node => Help::All,
        Happening::PodGone(gone) => {
            Help::those(|w| w.special.ports.iter().any(|p| gone.special().ports.iter().any(|t| p.collides(t))))
        }
        _ => Help::Nobody,
    }
}

impl Filter for NodePorts {
    fn prepare<'a>(&self, pod: &'a PodInfo, _: &'a Snapshot<'a>) -> Prepared<'a> {
        let Some(wanted) = pod.special.as_ref().map(|s| &s.ports).filter(|p| !p.is_empty()) else { return Ok(None) };
        Ok(Some(Box::new(move |node| {
            let taken = |port: &crate::scheduler::special::HostPort| {
                node.specials().any(|(_, s, _)| s.ports.iter().any(|other| port.collides(other)))
            };
            let ports: Vec<i32> = wanted.iter().filter(|p| taken(p)).map(|p| p.port).collect();
            if ports.is_empty() { vec![] } else { vec![Reason::Ports { ports }] }
        })))
    }
}
