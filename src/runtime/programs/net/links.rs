//! The interfaces, routes and neighbours of a machine: what `ip`, `ifconfig`, `route` and `arp` show follows from its address and
//! its place in the network.
//!
//! Pods are wired as kindnet wires them: a pair of interfaces for each, one of which stays on the node, and no bridge.

use std::net::Ipv4Addr;

use sha2::{Digest, Sha256};

use crate::api::network::{Fabric, NodeNet, Range};
use crate::runtime::kernel::Sys;
use crate::runtime::kernel::net::MachineId;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    Loopback,
    /// One end of a pair.
    Ethernet,
    Bridge,
    /// Only there to have addresses.
    Dummy,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    pub index: u32,
    pub name: String,
    /// The index of the other end, in another namespace.
    pub peer: Option<u32>,
    pub sort: Sort,
    pub mac: [u8; 6],
    pub addresses: Vec<Inet>,
}

/// An address of an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inet {
    pub ip: Ipv4Addr,
    pub bits: u8,
    pub broadcast: Option<Ipv4Addr>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    pub to: Range,
    pub via: Option<Ipv4Addr>,
    pub dev: String,
    /// The kernel has made it, with the address.
    pub by_kernel: bool,
    pub scope: Option<&'static str>,
    pub source: Option<Ipv4Addr>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Neighbour {
    pub ip: Ipv4Addr,
    pub dev: String,
    pub mac: [u8; 6],
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wiring {
    pub links: Vec<Link>,
    pub routes: Vec<Route>,
    pub neighbours: Vec<Neighbour>,
}

const DOCKER: Range = Range { base: Ipv4Addr::new(172, 17, 0, 0), bits: 16 };
const EVERYWHERE: Range = Range { base: Ipv4Addr::UNSPECIFIED, bits: 0 };

pub fn mac_text(mac: [u8; 6]) -> String {
    mac.map(|b| format!("{b:02x}")).join(":")
}

impl Link {
    pub fn mtu(&self) -> u32 {
        if self.sort == Sort::Loopback { 65_536 } else { 1500 }
    }

    /// Its own address of IPv6.
    pub fn inet6(&self) -> Option<String> {
        let [a, b, c, d, e, f] = self.mac;
        let pair = |x: u8, y: u8| u16::from_be_bytes([x, y]);
        match self.sort {
            Sort::Loopback => Some("::1".into()),
            Sort::Dummy => None,
            Sort::Ethernet | Sort::Bridge => {
                let parts = [0xfe80, 0, 0, 0, pair(a ^ 2, b), pair(c, 0xff), pair(0xfe, d), pair(e, f)];
                Some(std::net::Ipv6Addr::from(parts).to_string())
            }
        }
    }

    pub fn is_up(&self) -> bool {
        self.sort != Sort::Dummy
    }
}

impl Route {
    pub fn is_default(&self) -> bool {
        self.to.bits == 0
    }

    /// `UG`
    pub fn flags(&self) -> String {
        format!("U{}{}", if self.via.is_some() { "G" } else { "" }, if self.to.bits == 32 { "H" } else { "" })
    }
}

impl Wiring {
    pub fn of(sys: &Sys<'_>) -> Wiring {
        let Some(ip) = sys.machine.address.filter(|ip| !ip.is_loopback()) else { return Wiring::bare() };
        let f = &sys.sockets.fabric;
        let mut w = match (&sys.machine.id, f.nodes.iter().find(|(_, n)| n.ip == ip), f.pods.get(&ip)) {
            (MachineId::Host(name), ..) if name.is_empty() => Wiring::of_laptop(ip, f),
            (_, Some((name, node)), _) => Wiring::of_node(name, node, f),
            (MachineId::Pod(_), None, Some((_, name))) => match f.nodes.get(name) {
                Some(node) => Wiring::of_pod(ip, name, node),
                None => Wiring::bare(),
            },
            (MachineId::Pod(_), None, None) => Wiring::of_docker(ip),
            (MachineId::Host(_), None, _) => Wiring::bare(),
        };
        w.routes.sort_by_key(|r| (r.to.bits != 0, r.to.base, r.to.bits));
        w
    }

    /// The interfaces of a name, or all.
    pub fn link(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|l| l.name == name)
    }

    /// The route that a packet takes.
    pub fn towards(&self, ip: Ipv4Addr) -> Option<&Route> {
        self.routes.iter().filter(|r| r.to.contains(ip)).max_by_key(|r| r.to.bits)
    }

    fn bare() -> Wiring {
        let local = Inet { ip: Ipv4Addr::LOCALHOST, bits: 8, broadcast: None };
        let mut w = Wiring::default();
        w.add("lo", None, Sort::Loopback, [0; 6], vec![local], 1);
        w
    }

    fn add(&mut self, name: &str, peer: Option<u32>, sort: Sort, mac: [u8; 6], addresses: Vec<Inet>, index: u32) {
        self.links.push(Link { index, name: name.into(), peer, sort, mac, addresses });
    }

    fn route(&mut self, to: Range, via: Option<Ipv4Addr>, dev: &str) -> &mut Route {
        let scope = via.is_none().then_some("link");
        let route = Route { to, via, dev: dev.into(), by_kernel: false, scope, source: None };
        self.routes.push(route);
        let last = self.routes.len() - 1;
        &mut self.routes[last]
    }

    /// What the kernel adds to an address.
    fn own_net(&mut self, ip: Ipv4Addr, net: Range, dev: &str) {
        let r = self.route(net, None, dev);
        (r.by_kernel, r.source) = (true, Some(ip));
    }

    fn of_pod(ip: Ipv4Addr, name: &str, node: &NodeNet) -> Wiring {
        let mut w = Wiring::bare();
        let range = node.pods.unwrap_or(only(ip));
        let gateway = range.gateway();
        w.add("eth0", Some(index_of(ip, range)), Sort::Ethernet, mac_of_pod(ip), vec![inet(ip, range)], 2);
        w.route(EVERYWHERE, Some(gateway), "eth0");
        w.route(range, Some(gateway), "eth0").source = Some(ip);
        w.route(only(gateway), None, "eth0").source = Some(ip);
        w.neighbours.push(Neighbour { ip: gateway, dev: "eth0".into(), mac: drawn(&veth(name, ip)) });
        w
    }

    fn of_node(name: &str, node: &NodeNet, f: &Fabric) -> Wiring {
        let mut w = Wiring::bare();
        let net = net_of_nodes(node.ip, f);
        w.add("eth0", Some(peer_of_node(node.ip)), Sort::Ethernet, mac_of_docker(node.ip), vec![inet(node.ip, net)], 2);
        w.own_net(node.ip, net, "eth0");
        if let Some(out) = f.outside {
            w.route(EVERYWHERE, Some(out), "eth0");
            w.neighbours.push(Neighbour { ip: out, dev: "eth0".into(), mac: mac_of_docker(out) });
        }
        for (_, other) in f.nodes.iter().filter(|(_, n)| n.ip != node.ip) {
            if let Some(range) = other.pods {
                w.route(range, Some(other.ip), "eth0");
            }
            w.neighbours.push(Neighbour { ip: other.ip, dev: "eth0".into(), mac: mac_of_docker(other.ip) });
        }
        if !f.held.is_empty() {
            let mut held: Vec<Ipv4Addr> = f.held.values().flat_map(|s| s.addresses().collect::<Vec<_>>()).collect();
            held.sort();
            held.dedup();
            let all = held.into_iter().map(|ip| Inet { ip, bits: 32, broadcast: None }).collect();
            w.add("kube-ipvs0", None, Sort::Dummy, drawn(&format!("kube-ipvs0 {name}")), all, 3);
        }
        let Some(range) = node.pods else { return w };
        for (ip, _) in f.pods.range(range.base..=range.last()) {
            let dev = veth(name, *ip);
            let own = Inet { ip: range.gateway(), bits: 32, broadcast: None };
            w.add(&dev, Some(2), Sort::Ethernet, drawn(&dev), vec![own], index_of(*ip, range));
            w.route(only(*ip), None, &dev).scope = Some("host");
            w.neighbours.push(Neighbour { ip: *ip, dev, mac: mac_of_pod(*ip) });
        }
        w
    }

    /// Docker's two networks: its own, and the nodes'.
    fn of_laptop(ip: Ipv4Addr, f: &Fabric) -> Wiring {
        let mut w = Wiring::bare();
        let net = net_of_nodes(ip, f);
        let bridge = format!("br-{}", &hex(&format!("network {net}"))[..12]);
        for (i, dev, ip, net) in [(2, "docker0", DOCKER.gateway(), DOCKER), (3, bridge.as_str(), ip, net)] {
            w.add(dev, None, Sort::Bridge, mac_of_docker(ip), vec![inet(ip, net)], i);
            w.own_net(ip, net, dev);
        }
        for n in f.nodes.values() {
            let dev = format!("veth{}", &hex(&format!("node {}", n.ip))[..7]);
            w.add(&dev, Some(2), Sort::Ethernet, drawn(&dev), vec![], peer_of_node(n.ip));
            w.neighbours.push(Neighbour { ip: n.ip, dev: bridge.clone(), mac: mac_of_docker(n.ip) });
        }
        w
    }

    fn of_docker(ip: Ipv4Addr) -> Wiring {
        let mut w = Wiring::bare();
        let index = 100 + u32::from(ip.octets()[3]);
        w.add("eth0", Some(index), Sort::Ethernet, mac_of_docker(ip), vec![inet(ip, DOCKER)], 2);
        w.route(EVERYWHERE, Some(DOCKER.gateway()), "eth0");
        w.own_net(ip, DOCKER, "eth0");
        let mac = mac_of_docker(DOCKER.gateway());
        w.neighbours.push(Neighbour { ip: DOCKER.gateway(), dev: "eth0".into(), mac });
        w
    }
}

fn only(ip: Ipv4Addr) -> Range {
    Range { base: ip, bits: 32 }
}

fn inet(ip: Ipv4Addr, net: Range) -> Inet {
    Inet { ip, bits: net.bits, broadcast: Some(net.last()) }
}

/// The network that nodes and the learner's machine share.
fn net_of_nodes(ip: Ipv4Addr, f: &Fabric) -> Range {
    let near = f.outside.map(|o| Range { base: Ipv4Addr::from(u32::from(o) & 0xffff_ff00), bits: 24 });
    near.filter(|r| r.contains(ip)).unwrap_or(Range { base: Ipv4Addr::from(u32::from(ip) & 0xff00_0000), bits: 8 })
}

/// What a node calls its end of a pod's pair: nobody knows that order but the node.
fn index_of(ip: Ipv4Addr, range: Range) -> u32 {
    2 + u32::from(ip).saturating_sub(u32::from(range.base))
}

fn peer_of_node(ip: Ipv4Addr) -> u32 {
    5 + u32::from(ip.octets()[3])
}

fn veth(node: &str, ip: Ipv4Addr) -> String {
    format!("veth{}", &hex(&format!("{node} {ip}"))[..8])
}

fn hex(text: &str) -> String {
    Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect()
}

/// An address that somebody has drawn, and that belongs to no maker.
fn drawn(text: &str) -> [u8; 6] {
    let d = Sha256::digest(format!("mac {text}"));
    [d[0] & 0xfc | 2, d[1], d[2], d[3], d[4], d[5]]
}

fn mac_of_pod(ip: Ipv4Addr) -> [u8; 6] {
    let [a, b, c, d] = ip.octets();
    [0x0a, 0x58, a, b, c, d]
}

fn mac_of_docker(ip: Ipv4Addr) -> [u8; 6] {
    let [a, b, c, d] = ip.octets();
    [0x02, 0x42, a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fabric() -> Fabric {
        let node = |ip: &str, range: &str| NodeNet { ip: ip.parse().unwrap(), pods: Range::parse(range), zone: None };
        let nodes: [(std::sync::Arc<str>, NodeNet); 2] =
            [("a".into(), node("192.168.58.2", "10.244.0.0/24")), ("b".into(), node("192.168.58.3", "10.244.1.0/24"))];
        let pod: (crate::api::Uid, std::sync::Arc<str>) = (crate::api::Uid::of("p"), "b".into());
        Fabric {
            nodes: nodes.into_iter().collect(),
            pods: [(Ipv4Addr::new(10, 244, 1, 5), pod)].into_iter().collect(),
            outside: "192.168.58.1".parse().ok(),
            ..Fabric::default()
        }
    }

    #[test]
    fn a_pod_and_its_node_hold_the_two_ends_of_a_pair() {
        let f = fabric();
        let node = f.nodes.get("b").unwrap();
        let (pod, node) = (Wiring::of_pod("10.244.1.5".parse().unwrap(), "b", node), Wiring::of_node("b", node, &f));
        let (inner, outer) = (pod.link("eth0").unwrap(), node.links.last().unwrap());
        assert_eq!((inner.peer, outer.peer), (Some(outer.index), Some(inner.index)));
        assert_eq!(mac_text(inner.mac), "0a:58:0a:f4:01:05");
        assert_eq!(inner.inet6().as_deref(), Some("fe80::858:aff:fef4:105"));
        assert_eq!(node.towards("10.244.0.9".parse().unwrap()).unwrap().via, "192.168.58.2".parse().ok());
        assert_eq!(node.towards("10.244.1.5".parse().unwrap()).unwrap().dev, outer.name);
        assert_eq!(node.towards("8.8.8.8".parse().unwrap()).unwrap().via, f.outside);
    }
}
