//! The data plane: what the nodes' kernels and wires do with the first packet of a connection. Everything about it was told by
//! somebody: addresses by the nodes, rules by kube-proxy, policies by the network plugin.
//!
//! Real Kubernetes: a bridge and a route for each node's pods (kindnet, flannel host-gw), netfilter's hooks in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::rules::{self, Kernel, Mode, Outcome, Packet, Passed, View};
use super::services::{Standpoint, usable};
use crate::api::network::{Address, Allowed, Fabric, Guards, NetworkCall, NodeNet, Protocol, Range, Services};
use crate::api::{Duration, Time, Uid};

/// Where a packet begins or ends.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    Pod(Uid),
    Node(Arc<str>),
    /// The learner's own machine, or whatever lies beyond the nodes.
    Outside,
}

/// Why a packet gets no further.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// It is answered: nobody is there.
    Refused,
    /// Nothing ever comes back.
    Lost,
    /// The machine on the way says that it cannot be reached.
    Unreachable,
}

/// One step of a packet's way.
#[derive(Clone, PartialEq, Debug)]
pub enum Hop {
    Leaves {
        from: Place,
        source: Ipv4Addr,
        to: Address,
    },
    /// The rules of a node changed where it goes, or refused it.
    Rules {
        node: Arc<str>,
        mode: Mode,
        passed: Vec<Passed>,
        dnat: Option<Address>,
        masquerade: bool,
    },
    /// The network plugin looked at policies.
    Policy {
        pod: Ipv4Addr,
        incoming: bool,
        policies: Vec<Arc<str>>,
        allowed_by: Option<Arc<str>>,
    },
    /// From one node to another.
    Wire {
        from: Arc<str>,
        to: Arc<str>,
    },
    Arrives {
        at: Place,
        port: u16,
    },
    Stopped {
        why: Stop,
        what: &'static str,
    },
}

/// A packet's way, and its end.
#[derive(Clone, PartialEq, Debug)]
pub struct Way {
    pub hops: Vec<Hop>,
    /// Where it arrives, and as whom it comes there.
    pub end: Result<(Place, u16, Ipv4Addr), Stop>,
    pub took: Duration,
    /// Where it begins.
    pub source: Ipv4Addr,
    /// Who passed it on, by the addresses that they answer from, and when.
    pub routers: Vec<(Ipv4Addr, Duration)>,
}

/// What a node's kernel remembers, and where it takes its chance from.
#[derive(Clone, Debug, Default)]
struct Memory {
    state: u64,
    turns: BTreeMap<(Arc<str>, Address), usize>,
    /// When a client was last sent to an endpoint, and for how long that counts.
    recent: BTreeMap<(Ipv4Addr, Address), Time>,
}

impl Memory {
    fn draw(&mut self, n: usize) -> usize {
        // xorshift: a chance that is the same again for the same cluster.
        let m = &mut self.state;
        *m ^= *m << 13;
        *m ^= *m >> 7;
        *m ^= *m << 17;
        usize::try_from(*m % u64::try_from(n.max(1)).unwrap_or(1)).unwrap_or(0)
    }
}

#[derive(Clone, Debug)]
pub struct DataPlane {
    nodes: imbl::OrdMap<Arc<str>, NodeNet>,
    by_ip: BTreeMap<Ipv4Addr, Arc<str>>,
    /// Pods with an address of their own: by address, and by themselves.
    pods: imbl::OrdMap<Ipv4Addr, (Uid, Arc<str>)>,
    of_pod: imbl::OrdMap<Uid, (Arc<str>, Ipv4Addr)>,
    /// All pods' addresses, and all Services'.
    pod_range: Range,
    service_range: Range,
    services: Services,
    /// Nodes whose kube-proxy does not run go on by what it wrote last.
    stale: BTreeMap<Arc<str>, Services>,
    guards: Arc<Guards>,
    pub mode: Mode,
    down: BTreeSet<Arc<str>>,
    cut: BTreeSet<(Arc<str>, Arc<str>)>,
    memory: Memory,
    outside: Ipv4Addr,
    /// Addresses of load balancers outside the cluster: to a node port of any node.
    balancers: BTreeSet<Ipv4Addr>,
}

struct NodeKernel<'a> {
    memory: &'a mut Memory,
    node: Arc<str>,
    now: Time,
    affinity: Duration,
}

impl Kernel for NodeKernel<'_> {
    fn draw(&mut self, n: usize) -> usize {
        self.memory.draw(n)
    }

    fn turn(&mut self, of: Address, n: usize) -> usize {
        let at = self.memory.turns.entry((self.node.clone(), of)).or_default();
        let now = *at % n.max(1);
        *at = now + 1;
        now
    }

    fn recent(&self, client: Ipv4Addr, to: Address) -> bool {
        self.memory.recent.get(&(client, to)).is_some_and(|t| self.now.since(*t) <= self.affinity)
    }
}

const SAME_NODE: Duration = Duration::from_micros(80);
const NEXT_NODE: Duration = Duration::from_micros(350);
const TO_GATEWAY: Duration = Duration::from_micros(30);
const FROM_OUTSIDE: Duration = Duration::from_micros(900);
/// How long a connection is tried before it is given up.
const PATIENCE: Duration = Duration::from_secs(127);
/// How soon a neighbour that does not answer is told of.
const NO_NEIGHBOUR: Duration = Duration::from_secs(3);

impl DataPlane {
    pub fn new(seed: u64, pod_range: Range, outside: Ipv4Addr) -> DataPlane {
        DataPlane {
            nodes: imbl::OrdMap::new(),
            by_ip: BTreeMap::new(),
            pods: imbl::OrdMap::new(),
            of_pod: imbl::OrdMap::new(),
            pod_range,
            service_range: Range { base: Ipv4Addr::new(10, 96, 0, 0), bits: 12 },
            services: Services::new(),
            stale: BTreeMap::new(),
            guards: Arc::default(),
            mode: Mode::default(),
            down: BTreeSet::new(),
            cut: BTreeSet::new(),
            memory: Memory { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, ..Memory::default() },
            outside,
            balancers: BTreeSet::new(),
        }
    }

    pub fn add_node(&mut self, name: &str, ip: &str, zone: Option<String>) {
        let Ok(ip) = ip.parse() else { return };
        let name: Arc<str> = name.into();
        self.by_ip.insert(ip, name.clone());
        self.nodes.insert(name, NodeNet { ip, pods: None, zone });
    }

    pub fn remove_node(&mut self, name: &str) {
        self.down.remove(name);
        if let Some(n) = self.nodes.remove(name) {
            self.by_ip.remove(&n.ip);
        }
    }

    pub fn add_pod(&mut self, uid: Uid, node: &Arc<str>, ip: &str) {
        if let Ok(ip) = ip.parse() {
            self.pods.insert(ip, (uid, node.clone()));
            self.of_pod.insert(uid, (node.clone(), ip));
        }
    }

    /// A pod of the node's own network.
    pub fn add_host_pod(&mut self, uid: Uid, node: &Arc<str>) {
        if let Some(n) = self.nodes.get(node) {
            self.of_pod.insert(uid, (node.clone(), n.ip));
        }
    }

    pub fn remove_pod(&mut self, uid: Uid) {
        if let Some((_, ip)) = self.of_pod.remove(&uid)
            && self.pods.get(&ip).is_some_and(|(u, _)| *u == uid)
        {
            self.pods.remove(&ip);
        }
    }

    pub fn has_pod(&self, uid: Uid) -> bool {
        self.of_pod.contains_key(&uid)
    }

    /// The pods of a node's own network.
    pub fn host_pods(&self, node: &str) -> Vec<Uid> {
        let ip = self.nodes.get(node).map(|n| n.ip);
        self.of_pod.iter().filter(|(_, (n, i))| **n == *node && Some(*i) == ip).map(|(u, _)| *u).collect()
    }

    pub fn program(&mut self, call: &NetworkCall) {
        match call {
            NetworkCall::ProgramServices { services, except } => {
                let before = std::mem::replace(&mut self.services, services.clone());
                let kept = std::mem::take(&mut self.stale);
                let old = |n: &Arc<str>| kept.get(n).cloned().unwrap_or_else(|| before.clone());
                self.stale = except.iter().map(|n| (n.clone(), old(n))).collect();
                let all = services.values().flat_map(|s| s.load_balancer_ips.iter().copied());
                self.balancers = all.collect();
            }
            NetworkCall::ProgramPolicies(guards) => self.guards = guards.clone(),
            NetworkCall::ProgramNode { node, range } => {
                self.nodes.get_mut(node).into_iter().for_each(|n| n.pods = Some(*range));
            }
            NetworkCall::ProgramNames(_) => {}
        }
    }

    /// Where each pod is that has a network of its own or its node's, and its address.
    pub fn pods(&self) -> impl Iterator<Item = (Uid, &str, Ipv4Addr)> {
        self.of_pod.iter().map(|(uid, (node, ip))| (*uid, &**node, *ip))
    }

    pub fn fault(&mut self, what: &str, place: &str, broken: bool) {
        match what {
            "node" if broken => drop(self.down.insert(place.into())),
            "node" => drop(self.down.remove(place)),
            "network" => {
                let Some((a, b)) = place.split_once(' ') else { return };
                for pair in [(a.into(), b.into()), (b.into(), a.into())] {
                    if broken {
                        self.cut.insert(pair)
                    } else {
                        self.cut.remove(&pair)
                    };
                }
            }
            _ => {}
        }
    }

    /// The Services as a node knows them.
    fn services_on(&self, node: &str) -> &Services {
        self.stale.get(node).unwrap_or(&self.services)
    }

    fn view<'a>(&'a self, node: &'a str) -> Option<View<'a>> {
        let n = self.nodes.get(node)?;
        let at = Standpoint { node, zone: n.zone.as_deref() };
        Some(View { at, node_ip: n.ip, pods: self.pod_range, mode: self.mode })
    }

    /// The rules of a node, as its tool lists them.
    pub fn listing(&self, node: &str) -> Option<String> {
        let view = self.view(node)?;
        let all = self.services_on(node).iter().map(|(n, s)| (n, &**s));
        let p = rules::compile(all, &view);
        Some(match self.mode {
            Mode::Iptables => rules::iptables::listing(&p),
            Mode::Ipvs => rules::ipvs::listing(&p),
            Mode::Nftables => rules::nftables::listing(&p),
            Mode::Userspace => rules::userspace::listing(&p),
        })
    }

    /// Where a place is: its node, and its address.
    fn locate(&self, p: &Place) -> Option<(Option<Arc<str>>, Ipv4Addr)> {
        match p {
            Place::Pod(uid) => self.of_pod.get(uid).map(|(n, ip)| (Some(n.clone()), *ip)),
            Place::Node(n) => self.nodes.get(n).map(|net| (Some(n.clone()), net.ip)),
            Place::Outside => Some((None, self.outside)),
        }
    }

    /// Lets the first packet of a connection go.
    pub fn walk(&mut self, from: &Place, protocol: Protocol, to: Address, now: Time) -> Way {
        let (hops, end, took) = (vec![], Err(Stop::Lost), Duration::ZERO);
        let mut way = Way { hops, end, took, source: Ipv4Addr::LOCALHOST, routers: vec![] };
        let Some((mut node, source)) = self.locate(from) else { return stopped(way, Stop::Unreachable, "no-source") };
        way.source = source;
        way.hops.push(Hop::Leaves { from: from.clone(), source, to });
        if node.as_ref().is_some_and(|n| self.down.contains(n)) {
            return stopped(way, Stop::Lost, "node-down");
        }
        let outside = node.is_none();
        if outside {
            way.took += FROM_OUTSIDE;
            if to.ip == self.outside {
                return arrived(way, Place::Outside, to.port, source);
            }
            match self.entrance(to) {
                Some(n) if self.down.contains(&n) => return stopped(way, Stop::Unreachable, "node-down"),
                Some(n) => node = Some(n),
                // Pods' and Services' addresses mean nothing out there.
                None => return stopped(way, Stop::Lost, "not-routable"),
            }
        }
        let Some(node) = node else { return way };
        self.passes(&node, from, source, &mut way);
        let is_host = matches!(from, Place::Node(_)) || self.nodes.get(&node).is_some_and(|n| n.ip == source);
        let (destination, source) =
            match self.rules(&node, (protocol, source, to), (is_host && !outside, now), &mut way) {
                Ok(changed) => changed,
                Err((why, what)) => return stopped(way, why, what),
            };
        // At a node port of another node, its rules have their turn, too.
        let is_node_port = |n: &Arc<str>| {
            let mut services = self.services_on(n).values();
            *n != node && services.any(|s| s.node_port == Some(destination.port))
        };
        if let Some(there) = self.by_ip.get(&destination.ip).filter(|n| is_node_port(n)).cloned() {
            if let Err((why, what)) = self.wire(&node, &there, &mut way) {
                return stopped(way, why, what);
            }
            return match self.rules(&there, (protocol, source, destination), (false, now), &mut way) {
                Ok((destination, source)) => self.deliver(&there, from, protocol, (source, destination), way),
                Err((why, what)) => stopped(way, why, what),
            };
        }
        self.deliver(&node, from, protocol, (source, destination), way)
    }

    /// From one node to another.
    fn wire(&self, node: &Arc<str>, there: &Arc<str>, way: &mut Way) -> Result<(), (Stop, &'static str)> {
        if self.cut.contains(&(node.clone(), there.clone())) {
            return Err((Stop::Lost, "network-cut"));
        }
        if self.down.contains(there) {
            way.took += NO_NEIGHBOUR;
            return Err((Stop::Unreachable, "node-down"));
        }
        way.hops.push(Hop::Wire { from: node.clone(), to: there.clone() });
        way.took += NEXT_NODE;
        if let Some(n) = self.nodes.get(there) {
            way.routers.push((n.ip, way.took));
        }
        Ok(())
    }

    /// The first who passes a packet on: a pod's own node, or the node that it comes into the cluster by.
    fn passes(&self, node: &str, from: &Place, source: Ipv4Addr, way: &mut Way) {
        let Some(n) = self.nodes.get(node) else { return };
        if matches!(from, Place::Outside) {
            way.routers.push((n.ip, way.took));
        } else if self.pods.contains_key(&source) {
            way.routers.extend(n.pods.map(|r| (r.gateway(), TO_GATEWAY)));
        }
    }

    /// The node that has part of the pods' range, and whether the address is its own in there.
    fn range_of(&self, ip: Ipv4Addr) -> Option<(&Arc<str>, bool)> {
        if !self.pod_range.contains(ip) {
            return None;
        }
        let its = |n: &NodeNet| n.pods.filter(|r| r.contains(ip)).map(|r| r.gateway() == ip);
        self.nodes.iter().find_map(|(name, n)| Some((name, its(n)?)))
    }

    /// The node through which a packet from outside comes in.
    fn entrance(&mut self, to: Address) -> Option<Arc<str>> {
        if let Some(n) = self.by_ip.get(&to.ip) {
            return Some(n.clone());
        }
        if !self.balancers.contains(&to.ip) {
            return None;
        }
        // A load balancer asks after the health of the nodes, and spreads over those that are well. Where traffic stays on the node
        // that it comes to (`externalTrafficPolicy: Local`), only nodes that have somebody to answer say that they are.
        let service = self.services.values().find(|s| s.port == to.port && s.load_balancer_ips.contains(&to.ip));
        let local = service.filter(|s| s.external_local);
        let answers =
            |n: &Arc<str>| local.is_none_or(|s| s.endpoints.iter().any(|e| e.ready && e.node.as_ref() == Some(n)));
        let up = || self.nodes.keys().filter(|n| !self.down.contains(*n));
        let well: Vec<&Arc<str>> = up().filter(|n| answers(n)).collect();
        // If none is, it tries all.
        let all = if well.is_empty() { up().collect() } else { well };
        all.get(self.memory.draw(all.len())).copied().cloned()
    }

    /// What the node's rules make of the packet: where it goes, and as whom.
    fn rules(
        &mut self,
        node: &Arc<str>,
        (protocol, source, to): (Protocol, Ipv4Addr, Address),
        (from_node, now): (bool, Time),
        way: &mut Way,
    ) -> Result<(Address, Ipv4Addr), (Stop, &'static str)> {
        let own_gateway = self.nodes.get(node).and_then(|n| n.pods).is_some_and(|r| r.gateway() == to.ip);
        let to_node = own_gateway || self.by_ip.get(&to.ip) == Some(node);
        let packet = Packet { protocol, source, destination: to, from_node, to_node };
        let services = self.services_on(node).clone();
        let concerned = rules::concerned(&services, &packet);
        if concerned.is_empty() {
            return Ok((to, source));
        }
        let Some(view) = self.view(node) else { return Ok((to, source)) };
        let (node_ip, mode) = (view.node_ip, view.mode);
        let affinity = concerned.iter().find_map(|(_, s)| s.affinity).unwrap_or_default();
        let program = rules::compile(concerned.into_iter(), &view);
        let mut memory = std::mem::take(&mut self.memory);
        let mut kernel = NodeKernel { memory: &mut memory, node: node.clone(), now, affinity };
        let out = run(&program, mode, &packet, &mut kernel);
        if let (Some(d), false) = (out.dnat, affinity.is_zero()) {
            memory.recent.insert((source, d), now);
        }
        self.memory = memory;
        if !out.passed.is_empty() {
            let (passed, dnat, masquerade) = (out.passed.clone(), out.dnat, out.masquerade);
            way.hops.push(Hop::Rules { node: node.clone(), mode, passed, dnat, masquerade });
        }
        match out {
            Outcome { rejected: true, .. } => Err((Stop::Refused, "no-endpoints")),
            Outcome { dropped: true, .. } => Err((Stop::Lost, "no-local-endpoints")),
            Outcome { dnat, masquerade, .. } => Ok((dnat.unwrap_or(to), if masquerade { node_ip } else { source })),
        }
    }

    /// Brings a packet to who has its address.
    fn deliver(
        &self,
        node: &Arc<str>,
        from: &Place,
        protocol: Protocol,
        (source, to): (Ipv4Addr, Address),
        mut way: Way,
    ) -> Way {
        let origin = self.locate(from).map(|(_, ip)| ip);
        if let Some(ip) = origin.filter(|ip| self.pods.contains_key(ip))
            && let Err(hop) = self.allowed(ip, false, to.ip, protocol, to.port, &mut way.hops)
        {
            way.hops.push(hop);
            return stopped(way, Stop::Lost, "policy");
        }
        let (place, there) = match (self.pods.get(&to.ip), self.by_ip.get(&to.ip), self.range_of(to.ip)) {
            (Some((uid, n)), ..) => (Place::Pod(*uid), n.clone()),
            (None, Some(n), _) | (None, None, Some((n, true))) => (Place::Node(n.clone()), n.clone()),
            // An address of a node's own range that nobody has.
            (None, None, Some((n, false))) => {
                if let Err((why, what)) = self.reach(node, &n.clone(), &mut way) {
                    return stopped(way, why, what);
                }
                way.took += NO_NEIGHBOUR;
                return stopped(way, Stop::Unreachable, "nobody-has-it");
            }
            (None, None, None) => return self.leave(node, protocol, (source, to), way),
        };
        if let Err((why, what)) = self.reach(node, &there, &mut way) {
            return stopped(way, why, what);
        }
        if matches!(place, Place::Pod(_))
            && let Err(hop) = self.allowed(to.ip, true, source, protocol, to.port, &mut way.hops)
        {
            way.hops.push(hop);
            return stopped(way, Stop::Lost, "policy");
        }
        arrived(way, place, to.port, source)
    }

    /// To a node, which may be the same.
    fn reach(&self, node: &Arc<str>, there: &Arc<str>, way: &mut Way) -> Result<(), (Stop, &'static str)> {
        if there != node {
            return self.wire(node, there, way);
        }
        way.took += SAME_NODE;
        Ok(())
    }

    /// What is neither a pod's address nor a node's: a Service's for which no rule was found, or one outside the cluster.
    fn leave(&self, node: &Arc<str>, protocol: Protocol, (source, to): (Ipv4Addr, Address), mut way: Way) -> Way {
        let held = || self.services_on(node).values().any(|s| s.addresses().any(|ip| ip == to.ip));
        match self.mode {
            // The address lies on an interface of the node: `kube-ipvs0`.
            Mode::Ipvs if protocol == Protocol::Icmp && held() => {
                way.took += SAME_NODE;
                return arrived(way, Place::Node(node.clone()), to.port, source);
            }
            // Whatever a Service does not have is refused: chain `cluster-ips-check`.
            Mode::Nftables if protocol == Protocol::Icmp && held() => {
                return stopped(way, Stop::Refused, "no-endpoints");
            }
            _ => {}
        }
        way.took += FROM_OUTSIDE;
        if to.ip == self.outside {
            // Out there pods have no addresses.
            let source = self.nodes.get(node).map_or(source, |n| n.ip);
            return arrived(way, Place::Outside, to.port, source);
        }
        way.routers.push((self.outside, way.took));
        stopped(way, Stop::Lost, if self.service_range.contains(to.ip) { "no-rule" } else { "beyond" })
    }

    /// Whether policies let a pod talk to somebody, or be talked to.
    fn allowed(
        &self,
        pod: Ipv4Addr,
        incoming: bool,
        peer: Ipv4Addr,
        protocol: Protocol,
        port: u16,
        hops: &mut Vec<Hop>,
    ) -> Result<(), Hop> {
        let Some(guard) = self.guards.get(&pod) else { return Ok(()) };
        let Some(list) = (if incoming { &guard.ingress } else { &guard.egress }) else { return Ok(()) };
        // A pod's own node may always reach it: kubelet probes it from there.
        let own_node = self.pods.get(&pod).and_then(|(_, n)| self.nodes.get(n)).is_some_and(|n| n.ip == peer);
        let found = list.iter().find(|a| allows(a, peer, protocol, port)).map(|a| a.policy.clone());
        let hop = Hop::Policy { pod, incoming, policies: guard.policies.clone(), allowed_by: found.clone() };
        if found.is_some() || (incoming && own_node) {
            hops.push(hop);
            return Ok(());
        }
        Err(hop)
    }
}

fn allows(a: &Allowed, peer: Ipv4Addr, protocol: Protocol, port: u16) -> bool {
    let fits = |(p, range): &(Protocol, Option<(u16, u16)>)| {
        *p == protocol && range.is_none_or(|(first, last)| (first..=last).contains(&port))
    };
    let is_peer = |(r, except): &(Range, Vec<Range>)| r.contains(peer) && !except.iter().any(|e| e.contains(peer));
    (a.anybody || a.peers.iter().any(is_peer)) && (a.ports.is_empty() || a.ports.iter().any(fits))
}

/// The hooks that a packet passes, in their order.
fn run(p: &rules::Program, mode: Mode, packet: &Packet, kernel: &mut dyn Kernel) -> Outcome {
    let entry = match mode {
        Mode::Iptables => "KUBE-SERVICES-NAT",
        Mode::Ipvs => "IPVS",
        Mode::Nftables => "services",
        Mode::Userspace => "KUBE-PORTALS",
    };
    let mut out = rules::execute(p, entry, packet, kernel);
    if mode == Mode::Iptables && out.dnat.is_none() {
        for filter in ["KUBE-EXTERNAL-SERVICES", "KUBE-SERVICES"] {
            let more = rules::execute(p, filter, packet, kernel);
            out.passed.extend(more.passed);
            (out.rejected, out.dropped) = (out.rejected | more.rejected, out.dropped | more.dropped);
        }
    }
    out
}

fn arrived(mut way: Way, at: Place, port: u16, source: Ipv4Addr) -> Way {
    // Who has the address answers himself, and passes nothing on.
    if matches!(at, Place::Node(_)) {
        way.routers.pop();
    }
    way.hops.push(Hop::Arrives { at: at.clone(), port });
    way.end = Ok((at, port, source));
    way
}

fn stopped(mut way: Way, why: Stop, what: &'static str) -> Way {
    way.hops.push(Hop::Stopped { why, what });
    way.end = Err(why);
    if why == Stop::Lost {
        way.took += PATIENCE;
    }
    way
}

/// What can be looked up.
impl DataPlane {
    /// Who has which address.
    pub fn fabric(&self) -> Fabric {
        Fabric {
            nodes: self.nodes.clone(),
            pods: self.pods.clone(),
            outside: Some(self.outside),
            held: if self.mode == Mode::Ipvs { self.services.clone() } else { Services::default() },
        }
    }

    /// Where kube-proxy has a Service lead: addresses as `10.96.0.5:80/TCP`, and the pods behind each.
    pub fn led(&self, namespace: &str, service: &str) -> Vec<(String, Vec<String>)> {
        let at = Standpoint { node: "", zone: None };
        let its = self.services.iter().filter(|(n, _)| *n.namespace == *namespace && *n.service == *service);
        its.flat_map(|(_, s)| {
            let to = |outside| usable(s, at, outside).iter().map(|e| e.address.to_string()).collect::<Vec<_>>();
            let inside = (format!("{}:{}/{}", s.cluster_ip, s.port, s.protocol.name()), to(false));
            let node_port = s.node_port.map(|n| (format!("*:{n}/{}", s.protocol.name()), to(true)));
            std::iter::once(inside).chain(node_port)
        })
        .collect()
    }

    pub fn node_of(&self, uid: Uid) -> Option<Arc<str>> {
        self.of_pod.get(&uid).map(|(n, _)| n.clone())
    }

    pub fn pod_at(&self, ip: Ipv4Addr) -> Option<Uid> {
        self.pods.get(&ip).map(|(u, _)| *u)
    }
}
