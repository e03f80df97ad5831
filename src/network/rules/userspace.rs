//! The userspace proxier, the first of all (until v1.25): rules send every packet to kube-proxy itself, which listens on a port for each
//! Service, takes the connection, and opens one of its own to a pod, in turn.
//! Real Kubernetes: pkg/proxy/userspace (v1.25), roundrobin.go.

use super::{Match, Program, Rule, Target, View, hash};
use crate::api::network::{Address, PortName, ServicePort};
use crate::network::services::usable;

/// Ports that kube-proxy listens on lie from here on.
const FIRST_PORT: u32 = 33_000;
const PORTS: u32 = 20_000;

fn proxy_port(n: &PortName, s: &ServicePort) -> u32 {
    let h = hash(&[&n.to_string(), s.protocol.lower()]);
    FIRST_PORT + h.bytes().fold(0u32, |a, b| a.wrapping_mul(31).wrapping_add(u32::from(b))) % PORTS
}

pub fn compile<'a>(services: impl Iterator<Item = (&'a PortName, &'a ServicePort)>, view: &View<'_>) -> Program {
    let mut p = Program::default();
    for (n, s) in services {
        let port = proxy_port(n, s);
        let proto = s.protocol.lower();
        let servers: Vec<Address> = usable(s, view.at, false).iter().map(|e| e.address).collect();
        let proxy = format!("kube-proxy:{port}");
        let ips = std::iter::once(s.cluster_ip)
            .chain(s.external_ips.iter().copied())
            .chain(s.load_balancer_ips.iter().copied());
        for ip in ips {
            let text = format!(
                "-A KUBE-PORTALS-CONTAINER -d {ip}/32 -p {proto} -m comment --comment \"{n}\" -m {proto} --dport {} -j REDIRECT --to-ports {port}",
                s.port
            );
            let matches = vec![Match::Destination(ip), Match::Protocol(s.protocol), Match::Port(s.port)];
            p.chain("nat", "KUBE-PORTALS").rules.push(Rule { matches, target: Target::Jump(proxy.clone()), text });
        }
        if let Some(np) = s.node_port {
            let text = format!(
                "-A KUBE-NODEPORT-CONTAINER -p {proto} -m comment --comment \"{n}\" -m {proto} --dport {np} -j REDIRECT --to-ports {port}"
            );
            let matches = vec![Match::ToNode, Match::Protocol(s.protocol), Match::Port(np)];
            p.chain("nat", "KUBE-PORTALS").rules.push(Rule { matches, target: Target::Jump(proxy.clone()), text });
        }
        let text = format!("kube-proxy takes the connection on port {port} and opens one of its own");
        let chain = p.chain("process", &proxy);
        chain.rules.push(Rule { matches: vec![], target: Target::Masquerade, text: text.clone() });
        let target = if servers.is_empty() { Target::Reject } else { Target::RoundRobin(servers) };
        chain.rules.push(Rule { matches: vec![], target, text });
    }
    p
}

/// The part that is rules, as `iptables-save` lists it.
pub fn listing(p: &Program) -> String {
    let mut out = String::from("*nat\n");
    p.chains
        .iter()
        .filter(|c| c.table == "nat")
        .flat_map(|c| &c.rules)
        .for_each(|r| out.push_str(&format!("{}\n", r.text)));
    out + "COMMIT\n"
}
