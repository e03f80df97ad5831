//! What answers operations: the network gives a sandbox its address and connections their way, the runtime does the rest.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::first_services::DNS_ON_HOST;
use super::metrics_server;
use super::profile::Plan;
use crate::api::network::{Names, NetworkCall};
use crate::api::ops::{Answerer, Completion, Figures, RuntimeCall, Stream, Talk};
use crate::api::served::{Served, ServedCall};
use crate::api::{Duration, Op, OpId, Outcome, Time, Uid};
use crate::kubelet::NodeConfig;
use crate::network::ipam::Ipam;
use crate::network::rules::Mode;
use crate::network::{DataPlane, Place, Stop, Way};
use crate::runtime::Simulated;
use crate::runtime::kernel::Errno;
use crate::runtime::kernel::net::{Dial, MachineId, Reached};
use crate::runtime::stores::DOCKER;

#[derive(Clone)]
pub struct Outside {
    runtime: Simulated,
    ipam: Ipam,
    network: DataPlane,
    nodes: Vec<Arc<str>>,
    /// When metrics-server began to ask around, if it runs.
    measuring_since: Option<Time>,
}

/// The name that the learner's own machine goes by.
pub const OUTSIDE: &str = "";
/// The address of the learner's machine on Docker's bridge, and how long a packet takes there.
const BRIDGE: Ipv4Addr = Ipv4Addr::new(172, 17, 0, 1);
const ON_BRIDGE: Duration = Duration::from_micros(60);

impl Outside {
    /// `measuring_since`: when metrics-server begins, where there is one.
    pub fn new(mut runtime: Simulated, plan: &Plan, seed: u64, measuring_since: Time) -> Outside {
        let mut network = DataPlane::new(seed, plan.pod_range(), plan.outside_address());
        for n in &plan.nodes {
            network.add_node(&n.name, &n.ip, None);
            runtime.add_host(&n.name, n.ip.parse().ok());
        }
        runtime.add_host(OUTSIDE, Some(plan.outside_address()));
        runtime.ask_upstream(!plan.on_host);
        if plan.on_host {
            let first = plan.nodes.first().map_or("", |n| n.name.as_str());
            let port = DNS_ON_HOST.to_string();
            runtime.start_on_host(first, &["coredns", "-dns.port", &port], Time::ZERO, &mut vec![]);
        }
        if let Some(first) = plan.nodes.first().filter(|n| n.statics.is_empty()) {
            runtime.start_on_host(&first.name, &["kube-apiserver"], Time::ZERO, &mut vec![]);
        }
        let nodes = plan.nodes.iter().map(|n| n.name.as_str().into()).collect();
        runtime.set_fabric(network.fabric());
        Outside {
            runtime,
            ipam: Ipam::default(),
            network,
            nodes,
            measuring_since: plan.metrics_service.then_some(measuring_since),
        }
    }

    /// A machine joins.
    pub fn add_node(&mut self, n: &NodeConfig) {
        self.network.add_node(&n.name, &n.ip, None);
        self.tell_fabric();
        self.runtime.add_host(&n.name, n.ip.parse().ok());
        self.nodes.push(n.name.as_str().into());
    }

    /// A machine leaves, and what lay on it.
    pub fn remove_node(&mut self, name: &str) {
        self.network.remove_node(name);
        self.tell_fabric();
        self.runtime.stores.forget(&name.into());
        self.nodes.retain(|n| &**n != name);
    }

    /// The pods in which a process runs at this moment, wherever that is.
    pub fn alive(&self) -> impl Iterator<Item = Uid> {
        self.runtime.alive()
    }

    fn program(&mut self, call: &NetworkCall) {
        match call {
            NetworkCall::ProgramNames(names) => self.runtime.set_names(names.clone()),
            NetworkCall::ProgramNode { node, range } => {
                self.ipam.set_range(node, *range);
                self.network.program(call);
            }
            other => self.network.program(other),
        }
        self.tell_fabric();
    }

    /// What programs see of the network follows from who has which address.
    fn tell_fabric(&mut self) {
        self.runtime.set_fabric(self.network.fabric());
    }

    /// Connections that programs want to open: the network says what becomes of them.
    fn route(&mut self, now: Time, out: &mut Vec<Completion>) {
        for Dial { connection, from, protocol, to, ttl, .. } in self.runtime.take_dials() {
            let reached = match self.on_bridge(&from, to.ip) {
                Some(machine) => {
                    Reached::Machine { machine, port: to.port, source: BRIDGE, after: ON_BRIDGE, routers: 0 }
                }
                None => {
                    let way = self.network.walk(&self.place(&from), protocol, to, now);
                    self.reached(&way, ttl)
                }
            };
            self.runtime.answered(connection, reached, now);
        }
        for (machine, pipe) in self.runtime.take_rule_questions() {
            let node = match self.place(&machine) {
                Place::Pod(uid) => self.network.node_of(uid).filter(|n| self.network.host_pods(n).contains(&uid)),
                Place::Node(node) => Some(node),
                Place::Outside => None,
            };
            let text = node.and_then(|n| self.network.listing(&n)).unwrap_or_default();
            self.runtime.tell_rules(&machine, pipe, &text, now, out);
        }
    }

    /// Who is called on Docker's bridge, by one who is there: a container, or the machine with the bridge.
    fn on_bridge(&self, from: &MachineId, to: Ipv4Addr) -> Option<MachineId> {
        let near = to.octets()[..2] == BRIDGE.octets()[..2] && self.place(from) == Place::Outside;
        if !near {
            return None;
        }
        if to == BRIDGE { Some(MachineId::Host(OUTSIDE.into())) } else { self.runtime.machine_at(to).cloned() }
    }

    /// Where a machine stands in the network of the cluster. What it does not know of is a container beside it.
    fn place(&self, machine: &MachineId) -> Place {
        match machine {
            MachineId::Pod(uid) if self.network.has_pod(*uid) => Place::Pod(*uid),
            MachineId::Host(name) if !name.is_empty() => Place::Node(name.clone()),
            MachineId::Pod(_) | MachineId::Host(_) => Place::Outside,
        }
    }

    pub fn runtime(&self) -> &Simulated {
        &self.runtime
    }

    pub fn runtime_mut(&mut self) -> &mut Simulated {
        &mut self.runtime
    }

    fn reached(&self, way: &Way, ttl: u8) -> Reached {
        let after = way.took;
        if let Some((by, after)) = way.routers.get(usize::from(ttl.max(1)) - 1) {
            return Reached::Failed { why: Errno::Expired, by: Some(*by), after: *after };
        }
        let routers = u8::try_from(way.routers.len()).unwrap_or(u8::MAX);
        // Who knows no way says so: the last who had it.
        let by = Some(way.routers.last().map_or(way.source, |(ip, _)| *ip));
        match &way.end {
            Ok((Place::Pod(uid), port, source)) => {
                Reached::Machine { machine: MachineId::Pod(*uid), port: *port, source: *source, after, routers }
            }
            // Whatever listens in the node's own network: a pod there, or a program of the node.
            Ok((Place::Node(node), port, source)) => {
                let pods = self.network.host_pods(node).into_iter().map(MachineId::Pod);
                let machine = pods.into_iter().find(|m| self.runtime.listens(m, *port));
                let machine = machine.unwrap_or_else(|| MachineId::Host(node.clone()));
                Reached::Machine { machine, port: *port, source: *source, after, routers }
            }
            Ok((Place::Outside, port, source)) => {
                let machine = MachineId::Host(OUTSIDE.into());
                Reached::Machine { machine, port: *port, source: *source, after, routers }
            }
            Err(Stop::Lost) => Reached::Failed { why: Errno::TimedOut, by: None, after },
            Err(Stop::Refused) => Reached::Failed { why: Errno::Refused, by, after },
            Err(Stop::Unreachable) => Reached::Failed { why: Errno::Unreachable, by, after },
        }
    }

    pub fn network(&self) -> &DataPlane {
        &self.network
    }

    pub fn names(&self) -> &Names {
        self.runtime.names()
    }

    /// Whether anybody listens there.
    pub fn listens(&self, at: &Place, port: u16) -> bool {
        match at {
            Place::Pod(uid) => self.runtime.listens(&MachineId::Pod(*uid), port),
            Place::Node(node) => {
                let own = MachineId::Host(node.clone());
                let pods = self.network.host_pods(node).into_iter().map(MachineId::Pod);
                pods.chain([own]).any(|m| self.runtime.listens(&m, port))
            }
            Place::Outside => self.runtime.listens(&MachineId::Host(OUTSIDE.into()), port),
        }
    }

    pub fn set_mode(&mut self, mode: Mode) {
        self.network.mode = mode;
        self.tell_fabric();
    }
}

impl Answerer for Outside {
    fn submit(&mut self, op: OpId, what: &Op, now: Time, out: &mut Vec<Completion>) {
        let (node, call) = match what {
            Op::Runtime { node, call } => (node, call),
            Op::Network(call) => {
                self.program(call);
                out.push(Completion { op, at: now, outcome: Outcome::Programmed });
                return;
            }
        };
        match call {
            // Docker's own network lies on the learner's machine.
            _ if &**node == DOCKER => self.runtime.submit(op, what, now, out),
            RuntimeCall::CreateSandbox { pod, host_network: false, .. } => {
                let Some(ip) = self.ipam.allocate(node, pod.uid) else {
                    let message = format!(
                        "plugin type=\"bridge\" failed (add): failed to allocate for range 0: no IP addresses available in range set of {node}"
                    );
                    out.push(Completion { op, at: now, outcome: Outcome::Failed { message } });
                    return;
                };
                self.network.add_pod(pod.uid, node, &ip);
                self.tell_fabric();
                let call = RuntimeCall::CreateSandbox { pod: pod.clone(), host_network: false, ip: Some(ip) };
                self.runtime.submit(op, &Op::Runtime { node: node.clone(), call }, now, out);
            }
            RuntimeCall::CreateSandbox { pod, host_network: true, .. } => {
                self.network.add_host_pod(pod.uid, node);
                self.runtime.submit(op, what, now, out);
            }
            RuntimeCall::RemoveSandbox { pod } => {
                self.ipam.release(pod.uid);
                self.network.remove_pod(pod.uid);
                self.tell_fabric();
                self.runtime.submit(op, what, now, out);
            }
            _ => self.runtime.submit(op, what, now, out),
        }
        self.route(now, out);
    }

    fn next_wake(&self) -> Option<Time> {
        self.runtime.next_wake()
    }

    fn wake(&mut self, now: Time, out: &mut Vec<Completion>) {
        self.runtime.wake(now, out);
        self.route(now, out);
    }

    fn fault(&mut self, what: &str, place: &str, broken: bool, now: Time, out: &mut Vec<Completion>) {
        if what == "metrics-server" {
            self.measuring_since = (!broken).then_some(now);
        }
        self.network.fault(what, place, broken);
        self.runtime.fault(what, place, broken, now, out);
        self.route(now, out);
    }

    fn talk(&mut self, op: OpId, what: &Talk, now: Time, out: &mut Vec<Completion>) {
        self.runtime.talk(op, what, now, out);
        self.route(now, out);
    }

    fn said(&mut self, op: OpId) -> Vec<(Stream, Vec<u8>)> {
        self.runtime.said(op)
    }

    fn goes_on(&self, op: OpId) -> bool {
        self.runtime.goes_on(op)
    }

    fn awaits_input(&self, op: OpId) -> bool {
        self.runtime.awaits_input(op)
    }

    fn take_calls(&mut self) -> Vec<(u64, ServedCall)> {
        self.runtime.take_calls()
    }

    fn reply(&mut self, call: u64, reply: Option<&Served>, now: Time, out: &mut Vec<Completion>) {
        self.runtime.reply(call, reply, now, out);
        self.route(now, out);
    }

    fn figures(&self, now: Time) -> Figures {
        let of = |since| metrics_server::figures(since, now, &self.nodes, &self.runtime);
        self.measuring_since.map(of).unwrap_or_default()
    }

    fn stats(&self, now: Time) -> Figures {
        metrics_server::at_once(now, &self.runtime)
    }

    fn image(&self, node: &str, full: &str, now: Time) -> Option<(u64, u32)> {
        self.runtime.image(node, full, now)
    }

    fn clone_box(&self) -> Box<dyn Answerer> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
