//! The nftables proxier: one look into a map finds the Service's chain, however many Services there are, and a number by chance the
//! endpoint.
//! Real Kubernetes: pkg/proxy/nftables/proxier.go.

use super::{Match, Program, Rule, Target, View, hash};
use crate::api::network::{Endpoint, PortName, ServicePort};
use crate::network::services::usable;

pub fn compile<'a>(services: impl Iterator<Item = (&'a PortName, &'a ServicePort)>, view: &View<'_>) -> Program {
    let mut p = Program::default();
    p.chain("ip kube-proxy", "services");
    for (name, s) in services {
        of_port(&mut p, name, s, view);
    }
    p
}

/// `service-XXXX-default/web/tcp/http`
fn chain_name(kind: &str, n: &PortName, s: &ServicePort, more: &str) -> String {
    let proto = s.protocol.lower();
    let full = format!("{}/{}/{proto}/{}{more}", n.namespace, n.service, n.port);
    let h = hash(&[&full]);
    format!("{kind}-{}-{full}", &h[..8])
}

fn of_port(p: &mut Program, n: &PortName, s: &ServicePort, view: &View<'_>) {
    let proto = s.protocol.lower();
    let (inside, outside) = (usable(s, view.at, false), usable(s, view.at, true));
    let service = chain_name("service", n, s, "");
    let external = chain_name("external", n, s, "");
    let local = chain_name("local", n, s, "");
    let to = |ip| vec![Match::Destination(ip), Match::Protocol(s.protocol), Match::Port(s.port)];
    let verdict = |all: &[&Endpoint], chain: &str| match all.is_empty() {
        true => (Target::Reject, "goto reject-chain".to_string(), "no-endpoint-services"),
        false => (Target::Jump(chain.into()), format!("goto {chain}"), "service-ips"),
    };
    let (target, word, map) = verdict(&inside, &service);
    let text = format!("map {map} {{ {} . {proto} . {} : {word} }}", s.cluster_ip, s.port);
    p.chain("ip kube-proxy", "services").rules.push(Rule { matches: to(s.cluster_ip), target, text });
    for ip in s.external_ips.iter().chain(&s.load_balancer_ips) {
        let (target, word, map) = verdict(&outside, &external);
        let text = format!("map {map} {{ {ip} . {proto} . {} : {word} }}", s.port);
        p.chain("ip kube-proxy", "services").rules.push(Rule { matches: to(*ip), target, text });
    }
    if let Some(np) = s.node_port {
        let (target, word, _) = verdict(&outside, &external);
        let map = if outside.is_empty() { "no-endpoint-nodeports" } else { "service-nodeports" };
        let text = format!("map {map} {{ {proto} . {np} : {word} }}");
        let matches = vec![Match::ToNode, Match::Protocol(s.protocol), Match::Port(np)];
        p.chain("ip kube-proxy", "services").rules.push(Rule { matches, target, text });
    }
    if !inside.is_empty() {
        let matches = [vec![Match::NotSource(view.pods)], to(s.cluster_ip)].concat();
        let text = format!(
            "ip daddr {} {proto} dport {} ip saddr != {} jump mark-for-masquerade",
            s.cluster_ip, s.port, view.pods
        );
        p.chain("ip kube-proxy", &service).rules.push(Rule { matches, target: Target::Masquerade, text });
        endpoints(p, &service, n, s, &inside);
    }
    if outside.is_empty() {
        return;
    }
    let chain = p.chain("ip kube-proxy", &external);
    if s.external_local {
        let rules = [
            (
                vec![Match::Source(view.pods)],
                Target::Jump(service.clone()),
                format!("ip saddr {} goto {service}", view.pods),
            ),
            (vec![Match::FromNode], Target::Masquerade, "fib saddr type local jump mark-for-masquerade".into()),
            (vec![Match::FromNode], Target::Jump(service.clone()), format!("fib saddr type local goto {service}")),
            (vec![], Target::Jump(local.clone()), format!("goto {local}")),
        ];
        chain.rules.extend(rules.into_iter().map(|(matches, target, text)| Rule { matches, target, text }));
        endpoints(p, &local, n, s, &outside);
    } else {
        chain.rules.push(Rule { matches: vec![], target: Target::Masquerade, text: "jump mark-for-masquerade".into() });
        chain.rules.push(Rule {
            matches: vec![],
            target: Target::Jump(service.clone()),
            text: format!("goto {service}"),
        });
    }
}

fn endpoints(p: &mut Program, chain: &str, n: &PortName, s: &ServicePort, all: &[&Endpoint]) {
    let names: Vec<String> = all.iter().map(|e| chain_name("endpoint", n, s, &format!("__{}", e.address))).collect();
    let count = names.len();
    if s.affinity.is_some() {
        for (name, e) in names.iter().zip(all) {
            let text = format!("ip saddr @affinity-{} goto {name}", &name["endpoint-".len()..]);
            p.chain("ip kube-proxy", chain).rules.push(Rule {
                matches: vec![Match::Recent(e.address)],
                target: Target::Jump(name.clone()),
                text,
            });
        }
    }
    for (i, name) in names.iter().enumerate() {
        let left = count - i;
        let matches = if left > 1 { vec![Match::Chance(left)] } else { vec![] };
        let text = format!("numgen random mod {count} vmap {{ {i} : goto {name} }}");
        p.chain("ip kube-proxy", chain).rules.push(Rule { matches, target: Target::Jump(name.clone()), text });
    }
    for (name, e) in names.iter().zip(all) {
        let c = p.chain("ip kube-proxy", name);
        if !c.rules.is_empty() {
            continue;
        }
        let own = crate::api::network::Range { base: e.address.ip, bits: 32 };
        let text = format!("ip saddr {} jump mark-for-masquerade", e.address.ip);
        c.rules.push(Rule { matches: vec![Match::Source(own)], target: Target::Masquerade, text });
        let text = format!("meta l4proto {} dnat to {}", s.protocol.lower(), e.address);
        c.rules.push(Rule { matches: vec![Match::Protocol(s.protocol)], target: Target::Dnat(e.address), text });
    }
}

/// Near to what `nft list table ip kube-proxy` prints.
pub fn listing(p: &Program) -> String {
    let mut out = String::from("table ip kube-proxy {\n");
    for c in &p.chains {
        out.push_str(&format!("\tchain {} {{\n", c.name));
        c.rules.iter().for_each(|r| out.push_str(&format!("\t\t{}\n", r.text)));
        out.push_str("\t}\n");
    }
    out + "}\n"
}
