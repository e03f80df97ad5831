//! What the parts of the network are told: where Services lead, which names there are, who may talk to whom. Plain data, worked out
//! from objects by components, and carried out by the data plane.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::time::Duration;
use super::uid::Uid;

/// Which of IP's protocols.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Protocol {
    Tcp,
    Udp,
    Sctp,
    /// What `ping` sends: it has no ports.
    Icmp,
}

impl Protocol {
    pub fn parse(text: &str) -> Protocol {
        match text {
            "UDP" => Protocol::Udp,
            "SCTP" => Protocol::Sctp,
            _ => Protocol::Tcp,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
            Protocol::Sctp => "SCTP",
            Protocol::Icmp => "ICMP",
        }
    }

    /// As rules write it.
    pub fn lower(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
            Protocol::Icmp => "icmp",
        }
    }
}

/// `10.96.0.10:53`
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Address {
    pub ip: Ipv4Addr,
    pub port: u16,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.ip, self.port)
    }
}

/// A range of addresses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Range {
    pub base: Ipv4Addr,
    pub bits: u8,
}

impl Range {
    /// `10.244.0.0/16`, or one address alone.
    pub fn parse(text: &str) -> Option<Range> {
        let (base, bits) = text.split_once('/').unwrap_or((text, "32"));
        Some(Range { base: base.parse().ok()?, bits: bits.parse().ok().filter(|b| *b <= 32)? })
    }

    pub fn contains(&self, ip: Ipv4Addr) -> bool {
        let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
        u32::from(self.base) & mask == u32::from(ip) & mask
    }

    /// Its first address, which the node has that the range is of.
    pub fn gateway(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.base).saturating_add(1))
    }

    /// `255.255.255.0`
    pub fn mask(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0))
    }

    pub fn last(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.base) | !u32::from(self.mask()))
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

/// A node in the network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeNet {
    pub ip: Ipv4Addr,
    /// Its part of the cluster's range, once it has one.
    pub pods: Option<Range>,
    pub zone: Option<String>,
}

/// Who has which address: what the interfaces and routes of machines follow from. A copy is free.
#[derive(Clone, Debug, Default)]
pub struct Fabric {
    pub nodes: imbl::OrdMap<Arc<str>, NodeNet>,
    /// Pods with networks of their own, and the nodes that they are on.
    pub pods: imbl::OrdMap<Ipv4Addr, (Uid, Arc<str>)>,
    /// The learner's own machine, beside the nodes.
    pub outside: Option<Ipv4Addr>,
    /// Services whose addresses the nodes themselves have: those of IPVS.
    pub held: Services,
}

/// One port of a Service: `default/web:http`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PortName {
    pub namespace: Arc<str>,
    pub service: Arc<str>,
    pub port: Arc<str>,
}

impl std::fmt::Display for PortName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.service)?;
        if self.port.is_empty() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// Where packets to a port of a Service go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServicePort {
    pub protocol: Protocol,
    pub cluster_ip: Ipv4Addr,
    pub port: u16,
    pub node_port: Option<u16>,
    pub external_ips: Vec<Ipv4Addr>,
    pub load_balancer_ips: Vec<Ipv4Addr>,
    /// Who may come through the load balancer, if not everybody.
    pub source_ranges: Vec<Range>,
    /// Who came once comes to the same endpoint again, for so long.
    pub affinity: Option<Duration>,
    /// Packets from outside go to endpoints of the node that they come to, or nowhere.
    pub external_local: bool,
    pub internal_local: bool,
    pub endpoints: Vec<Endpoint>,
}

impl ServicePort {
    /// The addresses that it can be reached at, beside those of nodes.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        std::iter::once(self.cluster_ip)
            .chain(self.external_ips.iter().copied())
            .chain(self.load_balancer_ips.iter().copied())
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    pub address: Address,
    pub node: Option<Arc<str>>,
    pub ready: bool,
    pub serving: bool,
    pub terminating: bool,
    /// Nodes and zones that are to prefer it.
    pub for_nodes: Vec<Arc<str>>,
    pub for_zones: Vec<Arc<str>>,
}

/// All Services, as kube-proxy knows them. A copy is free.
pub type Services = imbl::OrdMap<PortName, Arc<ServicePort>>;

/// What a Service's name stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Named {
    /// One address, whoever is behind it.
    Cluster(Vec<Ipv4Addr>),
    /// The endpoints themselves, and what they are called.
    Headless(Vec<(Ipv4Addr, Option<String>)>),
    /// Another name.
    External(String),
}

/// A Service in DNS, and its ports by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    pub named: Named,
    pub ports: Vec<(String, Protocol, u16)>,
}

/// The Services of all namespaces, as the cluster's DNS knows them. A copy is free.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Names {
    /// By namespace and name.
    pub services: imbl::OrdMap<(Arc<str>, Arc<str>), Arc<Record>>,
    /// Namespaces there are: names in others do not exist at all.
    pub namespaces: imbl::OrdSet<Arc<str>>,
}

/// Whom a pod may talk to, or who may talk to it, by one policy's rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allowed {
    /// The policy that allows it.
    pub policy: Arc<str>,
    /// Empty and `anybody`: everybody.
    pub peers: Vec<(Range, Vec<Range>)>,
    pub anybody: bool,
    /// Empty: every port.
    pub ports: Vec<(Protocol, Option<(u16, u16)>)>,
}

/// What the policies that select a pod say, taken together. `None`: nobody restricts it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Guard {
    pub ingress: Option<Vec<Allowed>>,
    pub egress: Option<Vec<Allowed>>,
    /// The policies that select it.
    pub policies: Vec<Arc<str>>,
}

/// By the addresses of pods that some policy selects.
pub type Guards = BTreeMap<Ipv4Addr, Guard>;

/// What components tell the data plane.
#[derive(Clone, Debug)]
pub enum NetworkCall {
    /// kube-proxy writes its rules, on every node but those where it does not run.
    ProgramServices { services: Services, except: Arc<[Arc<str>]> },
    /// The network plugin of a node has its range: pods there get their addresses from it, and other nodes' packets find the way.
    ProgramNode { node: Arc<str>, range: Range },
    /// CoreDNS has heard of changes.
    ProgramNames(Names),
    /// The network plugin has worked out who may talk to whom.
    ProgramPolicies(Arc<Guards>),
}

impl NetworkCall {
    pub fn name(&self) -> &'static str {
        match self {
            NetworkCall::ProgramServices { .. } => "ProgramServices",
            NetworkCall::ProgramNode { .. } => "ProgramNode",
            NetworkCall::ProgramNames(_) => "ProgramNames",
            NetworkCall::ProgramPolicies(_) => "ProgramPolicies",
        }
    }
}
