//! The IPVS proxier: every address of a Service is put on a dummy interface of the node, and the kernel's load balancer, which knows a
//! table of virtual servers, hands connections to real ones in turn.
//! Real Kubernetes: pkg/proxy/ipvs/proxier.go.

use std::net::Ipv4Addr;

use super::{Match, Program, Rule, Target, View};
use crate::api::network::{Address, Endpoint, PortName, ServicePort};
use crate::network::services::usable;

pub fn compile<'a>(services: impl Iterator<Item = (&'a PortName, &'a ServicePort)>, view: &View<'_>) -> Program {
    let mut p = Program::default();
    for (_, s) in services {
        let (inside, outside) = (usable(s, view.at, false), usable(s, view.at, true));
        server(&mut p, s, s.cluster_ip, s.port, &inside, false, view);
        for ip in s.external_ips.iter().chain(&s.load_balancer_ips) {
            server(&mut p, s, *ip, s.port, &outside, !s.external_local, view);
        }
        if let Some(np) = s.node_port {
            server(&mut p, s, view.node_ip, np, &outside, !s.external_local, view);
        }
    }
    p
}

/// A virtual server: an address, and whom it hands connections to.
fn server(
    p: &mut Program,
    s: &ServicePort,
    ip: Ipv4Addr,
    port: u16,
    all: &[&Endpoint],
    masquerade: bool,
    view: &View<'_>,
) {
    let matches = vec![Match::Destination(ip), Match::Protocol(s.protocol), Match::Port(port)];
    let chain = p.chain("ipvs", "IPVS");
    let head = format!("{}  {ip}:{port} rr", s.protocol.name());
    let servers: Vec<Address> = all.iter().map(|e| e.address).collect();
    let mark = [vec![Match::NotSource(view.pods)], matches.clone()].concat();
    let text = "-A KUBE-SERVICES -m comment --comment \"Kubernetes service cluster ip + port for masquerade purpose\" -m set --match-set KUBE-CLUSTER-IP src,dst -j KUBE-MARK-MASQ";
    chain.rules.push(Rule {
        matches: if masquerade { matches.clone() } else { mark },
        target: Target::Masquerade,
        text: text.into(),
    });
    for a in &servers {
        if s.affinity.is_some() {
            let matches = [vec![Match::Recent(*a)], matches.clone()].concat();
            chain.rules.push(Rule { matches, target: Target::Dnat(*a), text: format!("{head} persistent -> {a}") });
        }
    }
    let target = if servers.is_empty() { Target::Reject } else { Target::RoundRobin(servers) };
    chain.rules.push(Rule { matches, target, text: head });
}

/// As `ipvsadm -Ln` lists it.
pub fn listing(p: &Program) -> String {
    let mut out = String::from(
        "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n",
    );
    for r in p.chains.iter().flat_map(|c| &c.rules) {
        let servers = match &r.target {
            Target::RoundRobin(servers) => servers.as_slice(),
            Target::Reject => &[],
            _ => continue,
        };
        out.push_str(&format!("{}\n", r.text));
        for a in servers {
            out.push_str(&format!("  -> {:<29} Masq    1      0          0\n", a.to_string()));
        }
    }
    out
}
