//! The cluster's names, as CoreDNS' plugin `kubernetes` answers for them.
//! Real Kubernetes: kubernetes/dns docs/specification.md; coredns plugin/kubernetes.

use std::net::Ipv4Addr;

use super::network::{Named, Names, Protocol, Record};

/// What a question asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    A,
    Aaaa,
    Ptr,
    Srv,
    Other,
}

impl Kind {
    pub fn parse(text: &str) -> Kind {
        match text.to_ascii_uppercase().as_str() {
            "A" => Kind::A,
            "AAAA" => Kind::Aaaa,
            "PTR" => Kind::Ptr,
            "SRV" => Kind::Srv,
            _ => Kind::Other,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Kind::A => "A",
            Kind::Aaaa => "AAAA",
            Kind::Ptr => "PTR",
            Kind::Srv => "SRV",
            Kind::Other => "ANY",
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Data {
    Address(Ipv4Addr),
    Name(String),
    Service { port: u16, target: String },
}

/// One line of an answer: whose, and what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    pub name: String,
    pub data: Data,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// The name is there; it may have nothing of the kind that was asked for.
    Found(Vec<Line>),
    NoSuchName,
    /// The name belongs to somebody else, who would have to be asked.
    Elsewhere,
    /// Somebody else was asked, and could not be reached.
    Failed,
}

pub const DOMAIN: &str = "cluster.local";
const SECONDS: u32 = 30;

/// How long an answer may be kept.
pub const TTL: u32 = SECONDS;

pub fn answer(names: &Names, question: &str, kind: Kind) -> Answer {
    let name = question.trim_end_matches('.').to_ascii_lowercase();
    if let Some(reversed) = name.strip_suffix(".in-addr.arpa") {
        return pointer(names, &name, reversed);
    }
    let Some(rest) = name.strip_suffix(DOMAIN) else { return Answer::Elsewhere };
    if !rest.is_empty() && !rest.ends_with('.') {
        return Answer::Elsewhere;
    }
    let labels: Vec<&str> = rest.trim_end_matches('.').split('.').filter(|l| !l.is_empty()).collect();
    match labels.as_slice() {
        [] | ["svc" | "pod"] => Answer::Found(vec![]),
        [ns, "svc"] if names.namespaces.contains(*ns) => Answer::Found(vec![]),
        [service, ns, "svc"] => match find(names, ns, service) {
            Some(r) => of_service(r, &name, kind),
            None => Answer::NoSuchName,
        },
        [port, protocol, service, ns, "svc"] if port.starts_with('_') && protocol.starts_with('_') => {
            match find(names, ns, service) {
                Some(r) => {
                    of_port(r, &name, (&port[1..], &protocol[1..]), &format!("{service}.{ns}.svc.{DOMAIN}"), kind)
                }
                None => Answer::NoSuchName,
            }
        }
        [host, service, ns, "svc"] => match find(names, ns, service).map(|r| &r.named) {
            Some(Named::Headless(all)) => of_host(all, host, &name, kind),
            _ => Answer::NoSuchName,
        },
        // Whoever knows the address gets it back: `10-244-0-5.default.pod.cluster.local`.
        [dashed, ns, "pod"] if names.namespaces.contains(*ns) => match dashed.replace('-', ".").parse::<Ipv4Addr>() {
            Ok(ip) => addresses(&name, kind, [ip]),
            Err(_) => Answer::NoSuchName,
        },
        _ => Answer::NoSuchName,
    }
}

fn find<'a>(names: &'a Names, ns: &str, service: &str) -> Option<&'a Record> {
    names.services.get(&(ns.into(), service.into())).map(|r| &**r)
}

fn addresses(name: &str, kind: Kind, all: impl IntoIterator<Item = Ipv4Addr>) -> Answer {
    let line = |ip| Line { name: name.into(), data: Data::Address(ip) };
    Answer::Found(if kind == Kind::A { all.into_iter().map(line).collect() } else { vec![] })
}

fn of_service(r: &Record, name: &str, kind: Kind) -> Answer {
    match &r.named {
        Named::Cluster(ips) => addresses(name, kind, ips.iter().copied()),
        // A name without anybody behind it is not there.
        Named::Headless(all) if all.is_empty() => Answer::NoSuchName,
        Named::Headless(all) => {
            let mut ips: Vec<Ipv4Addr> = all.iter().map(|(ip, _)| *ip).collect();
            ips.sort();
            ips.dedup();
            addresses(name, kind, ips)
        }
        Named::External(to) => Answer::Found(vec![Line { name: name.into(), data: Data::Name(to.clone()) }]),
    }
}

/// How an endpoint is called: by its own name, or by its address.
fn called(ip: Ipv4Addr, host: Option<&String>) -> String {
    host.cloned().unwrap_or_else(|| ip.to_string().replace('.', "-"))
}

fn of_host(all: &[(Ipv4Addr, Option<String>)], host: &str, name: &str, kind: Kind) -> Answer {
    let found: Vec<Ipv4Addr> =
        all.iter().filter(|(ip, h)| called(*ip, h.as_ref()) == host).map(|(ip, _)| *ip).collect();
    if found.is_empty() { Answer::NoSuchName } else { addresses(name, kind, found) }
}

fn of_port(r: &Record, name: &str, (port, protocol): (&str, &str), service: &str, kind: Kind) -> Answer {
    let wanted = Protocol::parse(&protocol.to_ascii_uppercase());
    let Some((_, _, number)) = r.ports.iter().find(|(n, p, _)| n == port && *p == wanted) else {
        return Answer::NoSuchName;
    };
    if kind != Kind::Srv {
        return Answer::Found(vec![]);
    }
    let line = |target| Line { name: name.into(), data: Data::Service { port: *number, target } };
    Answer::Found(match &r.named {
        Named::Headless(all) => {
            all.iter().map(|(ip, h)| line(format!("{}.{service}", called(*ip, h.as_ref())))).collect()
        }
        _ => vec![line(service.into())],
    })
}

/// Who has an address.
fn pointer(names: &Names, question: &str, reversed: &str) -> Answer {
    let parts: Vec<&str> = reversed.split('.').rev().collect();
    let Ok(ip) = parts.join(".").parse::<Ipv4Addr>() else { return Answer::NoSuchName };
    let line = |to: String| Answer::Found(vec![Line { name: question.into(), data: Data::Name(to) }]);
    for ((ns, service), r) in &names.services {
        match &r.named {
            Named::Cluster(ips) if ips.contains(&ip) => return line(format!("{service}.{ns}.svc.{DOMAIN}")),
            Named::Headless(all) => {
                if let Some((ip, h)) = all.iter().find(|(a, _)| *a == ip) {
                    return line(format!("{}.{service}.{ns}.svc.{DOMAIN}", called(*ip, h.as_ref())));
                }
            }
            _ => {}
        }
    }
    Answer::NoSuchName
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_answered_as_the_specification_says() {
        let record = |named, ports| std::sync::Arc::new(Record { named, ports });
        let ip = |t: &str| t.parse::<Ipv4Addr>().unwrap();
        let mut names = Names::default();
        names.namespaces.insert("default".into());
        let key = |s: &str| ("default".into(), s.into());
        names.services.insert(
            key("web"),
            record(Named::Cluster(vec![ip("10.96.0.5")]), vec![("http".into(), Protocol::Tcp, 80)]),
        );
        let all = vec![(ip("10.244.0.5"), Some("db-0".into())), (ip("10.244.0.6"), None)];
        names.services.insert(key("db"), record(Named::Headless(all), vec![]));
        names.services.insert(key("ext"), record(Named::External("example.com".into()), vec![]));
        names.services.insert(key("nobody"), record(Named::Headless(vec![]), vec![]));
        let data = |q: &str, k| match answer(&names, q, k) {
            Answer::Found(lines) => lines.into_iter().map(|l| format!("{:?}", l.data)).collect::<Vec<_>>().join(" "),
            other => format!("{other:?}"),
        };
        for (q, k, want) in [
            ("web.default.svc.cluster.local", Kind::A, "Address(10.96.0.5)"),
            ("WEB.default.svc.cluster.local.", Kind::A, "Address(10.96.0.5)"),
            ("web.default.svc.cluster.local", Kind::Aaaa, ""),
            ("web.other.svc.cluster.local", Kind::A, "NoSuchName"),
            ("db.default.svc.cluster.local", Kind::A, "Address(10.244.0.5) Address(10.244.0.6)"),
            ("db-0.db.default.svc.cluster.local", Kind::A, "Address(10.244.0.5)"),
            ("10-244-0-6.db.default.svc.cluster.local", Kind::A, "Address(10.244.0.6)"),
            ("db-1.db.default.svc.cluster.local", Kind::A, "NoSuchName"),
            ("ext.default.svc.cluster.local", Kind::A, "Name(\"example.com\")"),
            ("nobody.default.svc.cluster.local", Kind::A, "NoSuchName"),
            ("10-244-0-9.default.pod.cluster.local", Kind::A, "Address(10.244.0.9)"),
            ("default.svc.cluster.local", Kind::A, ""),
            ("5.0.96.10.in-addr.arpa", Kind::Ptr, "Name(\"web.default.svc.cluster.local\")"),
            (
                "_http._tcp.web.default.svc.cluster.local",
                Kind::Srv,
                "Service { port: 80, target: \"web.default.svc.cluster.local\" }",
            ),
            ("example.com", Kind::A, "Elsewhere"),
            ("web.default", Kind::A, "Elsewhere"),
        ] {
            assert_eq!(data(q, k), want, "{q}");
        }
    }
}
