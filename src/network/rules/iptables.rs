//! The iptables proxier: a chain for each Service's port, one for each of its endpoints, and chance.
//! Real Kubernetes: pkg/proxy/iptables/proxier.go syncProxyRules.

use super::{Match, Program, Rule, Target, View, hash};
use crate::api::network::{Address, Endpoint, PortName, ServicePort};
use crate::network::services::usable;

const MARK: &str = "KUBE-MARK-MASQ";

struct Names {
    service: String,
    external: String,
    local: String,
}

fn names(n: &PortName, p: &ServicePort) -> Names {
    let h = hash(&[&n.to_string(), p.protocol.lower()]);
    Names { service: format!("KUBE-SVC-{h}"), external: format!("KUBE-EXT-{h}"), local: format!("KUBE-SVL-{h}") }
}

fn rule(matches: Vec<Match>, target: Target, text: String) -> Rule {
    Rule { matches, target, text }
}

pub fn compile<'a>(services: impl Iterator<Item = (&'a PortName, &'a ServicePort)>, view: &View<'_>) -> Program {
    let mut p = Program::default();
    p.chain("filter", "KUBE-EXTERNAL-SERVICES");
    p.chain("filter", "KUBE-SERVICES");
    p.chain("nat", "KUBE-SERVICES-NAT");
    p.chain("nat", "KUBE-NODEPORTS");
    p.chain("nat", MARK).rules.push(rule(vec![], Target::Masquerade, format!("-A {MARK} -j MARK --or-mark 0x4000")));
    for (name, port) in services {
        of_port(&mut p, name, port, view);
    }
    // The last rule: what is addressed to the node itself may be for a node port.
    let text = "-A KUBE-SERVICES -m comment --comment \"kubernetes service nodeports; NOTE: this must be the last rule in this chain\" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS";
    let last = rule(vec![Match::ToNode], Target::Jump("KUBE-NODEPORTS".into()), text.into());
    p.chain("nat", "KUBE-SERVICES-NAT").rules.push(last);
    p
}

/// `-p tcp -m comment --comment "…" -m tcp --dport 80`
fn ports(protocol: &str, comment: &str, port: u16) -> String {
    format!("-p {protocol} -m comment --comment \"{comment}\" -m {protocol} --dport {port}")
}

fn of_port(p: &mut Program, name: &PortName, s: &ServicePort, view: &View<'_>) {
    let (title, proto) = (name.to_string(), s.protocol.lower());
    let n = names(name, s);
    let inside = usable(s, view.at, false);
    let outside = usable(s, view.at, true);
    let any = s.endpoints.iter().any(|e| e.ready || (e.serving && e.terminating));
    let to = |ip| vec![Match::Destination(ip), Match::Protocol(s.protocol), Match::Port(s.port)];
    let at_node = || vec![Match::ToNode, Match::Protocol(s.protocol), Match::Port(s.node_port.unwrap_or(0))];
    let others: Vec<_> = s
        .external_ips
        .iter()
        .map(|ip| (*ip, "external IP"))
        .chain(s.load_balancer_ips.iter().map(|ip| (*ip, "loadbalancer IP")))
        .collect();
    if inside.is_empty() {
        let (why, target, word) = match any {
            true => ("has no local endpoints", Target::Drop, "DROP".to_string()),
            false => ("has no endpoints", Target::Reject, "REJECT --reject-with icmp-port-unreachable".to_string()),
        };
        let text = format!(
            "-A KUBE-SERVICES -d {}/32 {} -j {word}",
            s.cluster_ip,
            ports(proto, &format!("{title} {why}"), s.port)
        );
        p.chain("filter", "KUBE-SERVICES").rules.push(rule(to(s.cluster_ip), target, text));
    } else {
        let text = format!(
            "-A KUBE-SERVICES -d {}/32 {} -j {}",
            s.cluster_ip,
            ports(proto, &format!("{title} cluster IP"), s.port),
            n.service
        );
        p.chain("nat", "KUBE-SERVICES-NAT").rules.push(rule(to(s.cluster_ip), Target::Jump(n.service.clone()), text));
    }
    if outside.is_empty() {
        let (why, target, word) = match any {
            true => ("has no local endpoints", Target::Drop, "DROP".to_string()),
            false => ("has no endpoints", Target::Reject, "REJECT --reject-with icmp-port-unreachable".to_string()),
        };
        for (ip, _) in &others {
            let text = format!(
                "-A KUBE-EXTERNAL-SERVICES -d {ip}/32 {} -j {word}",
                ports(proto, &format!("{title} {why}"), s.port)
            );
            p.chain("filter", "KUBE-EXTERNAL-SERVICES").rules.push(rule(to(*ip), target.clone(), text));
        }
        if let Some(np) = s.node_port {
            let text = format!(
                "-A KUBE-EXTERNAL-SERVICES -m addrtype --dst-type LOCAL {} -j {word}",
                ports(proto, &format!("{title} {why}"), np)
            );
            p.chain("filter", "KUBE-EXTERNAL-SERVICES").rules.push(rule(at_node(), target, text));
        }
    } else {
        for (ip, what) in &others {
            let text = format!(
                "-A KUBE-SERVICES -d {ip}/32 {} -j {}",
                ports(proto, &format!("{title} {what}"), s.port),
                n.external
            );
            p.chain("nat", "KUBE-SERVICES-NAT").rules.push(rule(to(*ip), Target::Jump(n.external.clone()), text));
        }
        if let Some(np) = s.node_port {
            let text = format!("-A KUBE-NODEPORTS {} -j {}", ports(proto, &title, np), n.external);
            let matches = vec![Match::Protocol(s.protocol), Match::Port(np)];
            p.chain("nat", "KUBE-NODEPORTS").rules.push(rule(matches, Target::Jump(n.external.clone()), text));
        }
        if s.node_port.is_some() || !others.is_empty() {
            external(p, &title, s, &n, view);
        }
    }
    if !inside.is_empty() {
        let matches = [vec![Match::NotSource(view.pods)], to(s.cluster_ip)].concat();
        let text = format!(
            "-A {} ! -s {} -d {}/32 {} -j {MARK}",
            n.service,
            view.pods,
            s.cluster_ip,
            ports(proto, &format!("{title} cluster IP"), s.port)
        );
        p.chain("nat", &n.service).rules.push(rule(matches, Target::Jump(MARK.into()), text));
        endpoints(p, &n.service, &title, s, &inside);
    }
    if s.external_local && !outside.is_empty() {
        endpoints(p, &n.local, &title, s, &outside);
    }
}

/// What comes from outside.
fn external(p: &mut Program, title: &str, s: &ServicePort, n: &Names, view: &View<'_>) {
    let chain = &n.external;
    let comment = |what: &str| format!("-m comment --comment \"{what}\"");
    let mut rules = vec![];
    if s.external_local {
        let text = format!(
            "-A {chain} -s {} {} -j {}",
            view.pods,
            comment(&format!("pod traffic for {title} external destinations")),
            n.service
        );
        rules.push(rule(vec![Match::Source(view.pods)], Target::Jump(n.service.clone()), text));
        let text = format!(
            "-A {chain} {} -m addrtype --src-type LOCAL -j {MARK}",
            comment(&format!("masquerade LOCAL traffic for {title} external destinations"))
        );
        rules.push(rule(vec![Match::FromNode], Target::Jump(MARK.into()), text));
        let text = format!(
            "-A {chain} {} -m addrtype --src-type LOCAL -j {}",
            comment(&format!("route LOCAL traffic for {title} external destinations")),
            n.service
        );
        rules.push(rule(vec![Match::FromNode], Target::Jump(n.service.clone()), text));
        rules.push(rule(vec![], Target::Jump(n.local.clone()), format!("-A {chain} -j {}", n.local)));
    } else {
        let text = format!(
            "-A {chain} {} -j {MARK}",
            comment(&format!("masquerade traffic for {title} external destinations"))
        );
        rules.push(rule(vec![], Target::Jump(MARK.into()), text));
        rules.push(rule(vec![], Target::Jump(n.service.clone()), format!("-A {chain} -j {}", n.service)));
    }
    p.chain("nat", chain).rules.extend(rules);
}

/// One of the endpoints, by chance: each rule takes its share of what the ones before it left.
fn endpoints(p: &mut Program, chain: &str, title: &str, s: &ServicePort, all: &[&Endpoint]) {
    let names: Vec<(String, Address)> = all
        .iter()
        .map(|e| (format!("KUBE-SEP-{}", hash(&[title, s.protocol.lower(), &e.address.to_string()])), e.address))
        .collect();
    let mut rules = vec![];
    if let Some(kept) = s.affinity {
        for (sep, address) in &names {
            let text = format!(
                "-A {chain} -m comment --comment \"{title} -> {address}\" -m recent --rcheck --seconds {} --reap --name {sep} --mask 255.255.255.255 --rsource -j {sep}",
                kept.as_secs()
            );
            rules.push(rule(vec![Match::Recent(*address)], Target::Jump(sep.clone()), text));
        }
    }
    let count = names.len();
    for (i, (sep, address)) in names.iter().enumerate() {
        let left = count - i;
        #[allow(clippy::cast_precision_loss, reason = "a count of endpoints")]
        let chance = match left {
            1 => String::new(),
            n => format!(" -m statistic --mode random --probability {:.11}", 1.0 / n as f64),
        };
        let matches = if left > 1 { vec![Match::Chance(left)] } else { vec![] };
        let text = format!("-A {chain} -m comment --comment \"{title} -> {address}\"{chance} -j {sep}");
        rules.push(rule(matches, Target::Jump(sep.clone()), text));
    }
    p.chain("nat", chain).rules.extend(rules);
    for (sep, address) in names {
        let c = p.chain("nat", &sep);
        if !c.rules.is_empty() {
            continue;
        }
        let own = crate::api::network::Range { base: address.ip, bits: 32 };
        let text = format!("-A {sep} -s {}/32 -m comment --comment \"{title}\" -j {MARK}", address.ip);
        c.rules.push(rule(vec![Match::Source(own)], Target::Jump(MARK.into()), text));
        let set = if s.affinity.is_some() {
            format!(" -m recent --set --name {sep} --mask 255.255.255.255 --rsource")
        } else {
            String::new()
        };
        let proto = s.protocol.lower();
        let text = format!(
            "-A {sep} -p {proto} -m comment --comment \"{title}\"{set} -m {proto} -j DNAT --to-destination {address}"
        );
        c.rules.push(rule(vec![Match::Protocol(s.protocol)], Target::Dnat(address), text));
    }
}

/// As `iptables-save` lists it.
pub fn listing(p: &Program) -> String {
    let mut out = String::new();
    for table in ["filter", "nat"] {
        out.push_str(&format!("*{table}\n"));
        let shown =
            |name: &str| if name == "KUBE-SERVICES-NAT" { "KUBE-SERVICES".to_string() } else { name.to_string() };
        let chains: Vec<_> = p.chains.iter().filter(|c| c.table == table).collect();
        chains.iter().for_each(|c| out.push_str(&format!(":{} - [0:0]\n", shown(&c.name))));
        chains.iter().flat_map(|c| &c.rules).for_each(|r| out.push_str(&format!("{}\n", r.text)));
        out.push_str("COMMIT\n");
    }
    out
}
