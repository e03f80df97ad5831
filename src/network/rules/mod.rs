//! What kube-proxy writes into a node's kernel, as a small program: chains of rules that a packet walks through. The four ways of
//! kube-proxy ([`iptables`], [`ipvs`], [`nftables`], [`userspace`]) write different programs; the same [`execute`] walks them all.
//! Real Kubernetes: pkg/proxy/iptables/proxier.go, pkg/proxy/ipvs, pkg/proxy/nftables.

pub mod iptables;
pub mod ipvs;
pub mod nftables;
pub mod userspace;

use std::net::Ipv4Addr;

use sha2::{Digest, Sha256};

use super::services::Standpoint;
use crate::api::network::{Address, PortName, Protocol, Range, ServicePort};

/// The ways in which kube-proxy can work.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    Userspace,
    #[default]
    Iptables,
    Ipvs,
    Nftables,
}

impl Mode {
    pub const ALL: [(Mode, &'static str); 4] = [
        (Mode::Userspace, "userspace"),
        (Mode::Iptables, "iptables"),
        (Mode::Ipvs, "ipvs"),
        (Mode::Nftables, "nftables"),
    ];

    pub fn parse(text: &str) -> Option<Mode> {
        Mode::ALL.iter().find(|(_, n)| *n == text).map(|(m, _)| *m)
    }

    pub fn name(self) -> &'static str {
        Mode::ALL.iter().find(|(m, _)| *m == self).map_or("", |(_, n)| n)
    }
}

/// A packet that opens a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet {
    pub protocol: Protocol,
    pub source: Ipv4Addr,
    pub destination: Address,
    /// It comes from the node itself, not from a pod or from outside.
    pub from_node: bool,
    /// It is addressed to the node itself.
    pub to_node: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Match {
    Protocol(Protocol),
    Source(Range),
    NotSource(Range),
    Destination(Ipv4Addr),
    Port(u16),
    ToNode,
    FromNode,
    /// One time in so many.
    Chance(usize),
    /// The client has been sent to this endpoint before, not too long ago.
    Recent(Address),
}

#[derive(Clone, PartialEq, Debug)]
pub enum Target {
    Jump(String),
    /// The answer has to come back this way: the source will be the node.
    Masquerade,
    Dnat(Address),
    /// One server after the other.
    RoundRobin(Vec<Address>),
    Reject,
    Drop,
    Accept,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Rule {
    pub matches: Vec<Match>,
    pub target: Target,
    /// As the tool lists it.
    pub text: String,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Chain {
    pub table: &'static str,
    pub name: String,
    pub rules: Vec<Rule>,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Program {
    pub chains: Vec<Chain>,
}

impl Program {
    pub fn chain(&mut self, table: &'static str, name: &str) -> &mut Chain {
        let at = match self.chains.iter().position(|c| c.table == table && c.name == name) {
            Some(i) => i,
            None => {
                self.chains.push(Chain { table, name: name.into(), rules: vec![] });
                self.chains.len() - 1
            }
        };
        &mut self.chains[at]
    }

    pub fn find(&self, name: &str) -> Option<&Chain> {
        self.chains.iter().find(|c| c.name == name)
    }
}

/// Everything that a program is made from.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub at: Standpoint<'a>,
    pub node_ip: Ipv4Addr,
    /// Where all pods' addresses lie.
    pub pods: Range,
    pub mode: Mode,
}

/// A line of a packet's way.
#[derive(Clone, PartialEq, Debug)]
pub struct Passed {
    pub chain: String,
    pub rule: String,
}

/// What becomes of a packet in a node's rules.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Outcome {
    pub passed: Vec<Passed>,
    pub dnat: Option<Address>,
    pub masquerade: bool,
    pub rejected: bool,
    pub dropped: bool,
}

/// What rules ask of the node's kernel.
pub trait Kernel {
    /// A number below `n`, by chance.
    fn draw(&mut self, n: usize) -> usize;
    /// The next of `n` servers, in turn.
    fn turn(&mut self, of: Address, n: usize) -> usize;
    /// Whether a client was sent to an endpoint before, and it still counts.
    fn recent(&self, client: Ipv4Addr, to: Address) -> bool;
}

/// How deep chains may call one another.
const MAX_DEPTH: usize = 16;

pub fn execute(p: &Program, entry: &str, packet: &Packet, kernel: &mut dyn Kernel) -> Outcome {
    let mut out = Outcome::default();
    walk(p, entry, packet, kernel, 0, &mut out);
    out
}

/// Whether the packet's fate is decided.
fn walk(p: &Program, chain: &str, packet: &Packet, kernel: &mut dyn Kernel, depth: usize, out: &mut Outcome) -> bool {
    let Some(chain) = p.find(chain).filter(|_| depth < MAX_DEPTH) else { return false };
    for rule in &chain.rules {
        if !rule.matches.iter().all(|m| matches(m, packet, kernel)) {
            continue;
        }
        out.passed.push(Passed { chain: chain.name.clone(), rule: rule.text.clone() });
        match &rule.target {
            Target::Jump(to) => {
                if walk(p, to, packet, kernel, depth + 1, out) {
                    return true;
                }
            }
            Target::Masquerade => out.masquerade = true,
            Target::Dnat(to) => {
                out.dnat = Some(*to);
                return true;
            }
            Target::RoundRobin(servers) => {
                let i = kernel.turn(packet.destination, servers.len());
                out.dnat = servers.get(i).copied();
                // Who calls himself through a Service has to be answered the same way.
                out.masquerade |= out.dnat.is_some_and(|d| d.ip == packet.source);
                return true;
            }
            Target::Reject => {
                out.rejected = true;
                return true;
            }
            Target::Drop => {
                out.dropped = true;
                return true;
            }
            Target::Accept => return true,
        }
    }
    false
}

fn matches(m: &Match, p: &Packet, kernel: &mut dyn Kernel) -> bool {
    match m {
        Match::Protocol(protocol) => p.protocol == *protocol,
        Match::Source(r) => r.contains(p.source),
        Match::NotSource(r) => !r.contains(p.source),
        Match::Destination(ip) => p.destination.ip == *ip,
        Match::Port(n) => p.destination.port == *n,
        Match::ToNode => p.to_node,
        Match::FromNode => p.from_node,
        Match::Chance(n) => kernel.draw(*n) == 0,
        Match::Recent(to) => kernel.recent(p.source, *to),
    }
}

/// The name of a chain: always the same for the same port of the same Service.
/// Real Kubernetes: pkg/proxy/iptables/proxier.go portProtoHash.
pub fn hash(parts: &[&str]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(parts.concat());
    // Sixteen letters of five bits each.
    let bits = digest.iter().take(10).fold(0u128, |n, b| n << 8 | u128::from(*b));
    (0..16).rev().map(|i| char::from(LETTERS[(bits >> (5 * i)) as usize & 31])).collect()
}

/// The Services that a packet could be meant for: no other's rules match it.
pub fn concerned<'a>(
    services: &'a crate::api::network::Services,
    packet: &Packet,
) -> Vec<(&'a PortName, &'a ServicePort)> {
    let ip = packet.destination.ip;
    let is_it = |s: &ServicePort| {
        s.cluster_ip == ip
            || s.external_ips.contains(&ip)
            || s.load_balancer_ips.contains(&ip)
            || (packet.to_node && s.node_port == Some(packet.destination.port))
    };
    services.iter().filter(|(_, s)| is_it(s)).map(|(n, s)| (n, &**s)).collect()
}

/// The program of a node for some Services.
pub fn compile<'a>(services: impl Iterator<Item = (&'a PortName, &'a ServicePort)>, view: &View<'_>) -> Program {
    match view.mode {
        Mode::Iptables => iptables::compile(services, view),
        Mode::Ipvs => ipvs::compile(services, view),
        Mode::Nftables => nftables::compile(services, view),
        Mode::Userspace => userspace::compile(services, view),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_named_as_kube_proxy_names_them() {
        // Known from any cluster.
        assert_eq!(hash(&["default/kubernetes:https", "tcp"]), "NPX46M4PTMTKRN6Y");
        assert_eq!(hash(&["kube-system/kube-dns:dns", "udp"]), "TCOU7JCQXEZGVUNU");
    }
}
