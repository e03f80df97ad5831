//! What answers operations: the network gives a sandbox its address, the runtime does the rest.

use std::sync::Arc;

use super::metrics_server;
use super::profile::Plan;
use crate::api::ops::{Answerer, Completion, Figures, RuntimeCall};
use crate::api::{Op, OpId, Time};
use crate::network::ipam::Ipam;
use crate::runtime::Simulated;

#[derive(Clone)]
pub struct Outside {
    runtime: Simulated,
    ipam: Ipam,
    nodes: Vec<Arc<str>>,
    /// When metrics-server began to ask around, if it runs.
    measuring_since: Option<Time>,
}

impl Outside {
    /// `measuring_since`: when metrics-server begins, where there is one.
    pub fn new(runtime: Simulated, plan: &Plan, measuring_since: Time) -> Outside {
        let mut ipam = Ipam::default();
        for n in &plan.nodes {
            ipam.add_node(&n.name, &n.pod_cidr);
        }
        let nodes = plan.nodes.iter().map(|n| n.name.as_str().into()).collect();
        Outside { runtime, ipam, nodes, measuring_since: plan.metrics_service.then_some(measuring_since) }
    }
}

impl Answerer for Outside {
    fn submit(&mut self, op: OpId, what: &Op, now: Time, out: &mut Vec<Completion>) {
        let Op::Runtime { node, call } = what;
        match call {
            RuntimeCall::CreateSandbox { pod, host_network: false, .. } => {
                let Some(ip) = self.ipam.allocate(node, pod.uid) else {
                    let message = format!(
                        "plugin type=\"bridge\" failed (add): failed to allocate for range 0: no IP addresses available in range set of {node}"
                    );
                    out.push(Completion { op, at: now, outcome: crate::api::Outcome::Failed { message } });
                    return;
                };
                let call = RuntimeCall::CreateSandbox { pod: pod.clone(), host_network: false, ip: Some(ip) };
                self.runtime.submit(op, &Op::Runtime { node: node.clone(), call }, now, out);
            }
            RuntimeCall::RemoveSandbox { pod } => {
                self.ipam.release(pod.uid);
                self.runtime.submit(op, what, now, out);
            }
            _ => self.runtime.submit(op, what, now, out),
        }
    }

    fn next_wake(&self) -> Option<Time> {
        self.runtime.next_wake()
    }

    fn wake(&mut self, now: Time, out: &mut Vec<Completion>) {
        self.runtime.wake(now, out);
    }

    fn fault(&mut self, what: &str, place: &str, broken: bool, now: Time, out: &mut Vec<Completion>) {
        if what == "metrics-server" {
            self.measuring_since = (!broken).then_some(now);
        }
        self.runtime.fault(what, place, broken, now, out);
    }

    fn figures(&self, now: Time) -> Figures {
        let of = |since| metrics_server::figures(since, now, &self.nodes, &self.runtime);
        self.measuring_since.map(of).unwrap_or_default()
    }

    fn stats(&self, now: Time) -> Figures {
        metrics_server::at_once(now, &self.runtime)
    }

    fn clone_box(&self) -> Box<dyn Answerer> {
        Box::new(self.clone())
    }
}
