//! `path FROM TO`: the way of the packet that would open a connection, step by step. Nothing is sent.

use std::net::Ipv4Addr;

use super::builtins::wrong;
use super::session::{Output, Session};
use crate::api::dns::{self, Answer, Data, Kind};
use crate::api::kinds::{Pod, Service};
use crate::api::network::{Address, Protocol};
use crate::api::object::{Key, Resource};
use crate::api::{Uid, pods};
use crate::explain::texts::message;
use crate::ledger::Fact;
use crate::network::rules::Mode;
use crate::network::{DataPlane, Hop, Place, Stop};

/// How many names may stand for one another.
const MOST_ALIASES: usize = 8;

/// A line of the answer: a message with its facts.
type Told = (&'static str, Vec<(&'static str, Fact)>);

fn text(s: impl ToString) -> Fact {
    Fact::Text(s.to_string())
}

pub fn word(s: &mut Session, _: &str, words: &[String]) -> Output {
    let [_, from, to] = words else { return wrong(s, "path") };
    let told = match begin(s, from) {
        Some((place, name)) => way(s, &place, &name, to),
        None => vec![("path-no-source", vec![("from", text(from))])],
    };
    let lines: Vec<String> = told.iter().map(|(id, facts)| format!("  {}", message(s.language, id, facts))).collect();
    Output { story: format!("{}\n", lines.join("\n")), ..Output::default() }
}

/// Who sends: a pod, a node, or the learner's own machine.
fn begin(s: &Session, from: &str) -> Option<(Place, String)> {
    if let Some(node) = from.strip_prefix("node/") {
        let found = s.cluster.plan.nodes.iter().find(|n| n.name == node)?;
        return Some((Place::Node(found.name.as_str().into()), from.into()));
    }
    if ["me", "laptop"].contains(&from) {
        let host = s.cluster.own_host();
        return Some((if host.is_empty() { Place::Outside } else { Place::Node(host) }, from.into()));
    }
    let name = from.strip_prefix("pod/").or_else(|| from.strip_prefix("pods/")).unwrap_or(from);
    let pod = pod(s, name)?;
    Some((Place::Pod(Uid::of(pod.uid())), format!("pod/{name}")))
}

fn pod(s: &Session, name: &str) -> Option<Pod> {
    let key = Key::of::<Pod>(s.config.namespace(), name);
    s.cluster.world.api.store().get(&key).and_then(|o| o.get::<Pod>().cloned())
}

/// `http://web:8080/x`: whom, and which port.
fn target(to: &str) -> (String, Option<u16>) {
    let bare = to.split_once("://").map_or(to, |(_, rest)| rest);
    let authority = match bare.strip_prefix("pod/").or_else(|| bare.strip_prefix("svc/")) {
        Some(rest) => rest,
        None => bare.split('/').next().unwrap_or(bare),
    };
    match authority.rsplit_once(':') {
        Some((host, port)) => (host.into(), port.parse().ok()),
        None => (authority.into(), None),
    }
}

fn way(s: &Session, from: &Place, name: &str, to: &str) -> Vec<Told> {
    let Some(network) = s.cluster.network() else { return vec![] };
    let (host, port) = target(to);
    let mut told = vec![];
    let ip = match host.parse::<Ipv4Addr>() {
        Ok(ip) => Some(ip),
        Err(_) if to.starts_with("pod/") => pod(s, &host).and_then(|p| pods::ip(&p).parse().ok()),
        Err(_) => resolve(s, from, &host, &mut told),
    };
    let Some(ip) = ip else {
        told.push(("path-no-name", vec![("name", text(&host))]));
        return told;
    };
    let port = port.or_else(|| first_port(s, ip)).unwrap_or(80);
    // A copy walks: no turn is taken, no chance drawn.
    let mut copy: DataPlane = network.clone();
    let way = copy.walk(from, Protocol::Tcp, Address { ip, port }, s.cluster.world.now);
    for hop in &way.hops {
        told.extend(tell(s, hop, name));
    }
    told
}

/// The port of the Service that has an address, if it has one only.
fn first_port(s: &Session, ip: Ipv4Addr) -> Option<u16> {
    let all = s.cluster.objects::<Service>();
    let found =
        all.iter().find_map(|v| v.spec.as_ref().filter(|spec| spec.cluster_ip.as_deref() == Some(&ip.to_string())))?;
    found.ports.as_ref()?.first().and_then(|p| u16::try_from(p.port).ok())
}

/// What CoreDNS would answer to a pod, through its search list.
fn resolve(s: &Session, from: &Place, host: &str, told: &mut Vec<Told>) -> Option<Ipv4Addr> {
    // Only pods ask the cluster's DNS.
    let Place::Pod(_) = from else { return None };
    let names = s.cluster.names()?;
    let ns = s.config.namespace();
    let search = [format!("{ns}.svc.{}", dns::DOMAIN), format!("svc.{}", dns::DOMAIN), dns::DOMAIN.to_string()];
    let candidates = search.iter().map(|d| format!("{host}.{d}")).chain([host.to_string()]);
    for full in candidates {
        let mut asked = full.clone();
        for _ in 0..MOST_ALIASES {
            let Answer::Found(lines) = dns::answer(names, &asked, Kind::A) else { break };
            let addresses: Vec<Ipv4Addr> =
                lines.iter().filter_map(|l| if let Data::Address(ip) = l.data { Some(ip) } else { None }).collect();
            if let Some(ip) = addresses.first() {
                let all = addresses.iter().map(ToString::to_string).collect();
                told.push((
                    "path-name",
                    vec![("name", text(host)), ("full", text(&asked)), ("addresses", Fact::Names(all))],
                ));
                return Some(*ip);
            }
            let Some(to) =
                lines.iter().find_map(|l| if let Data::Name(to) = &l.data { Some(to.clone()) } else { None })
            else {
                break;
            };
            told.push(("path-alias", vec![("name", text(&asked)), ("to", text(&to))]));
            asked = to;
        }
    }
    None
}

fn called(s: &Session, p: &Place) -> String {
    match p {
        Place::Pod(uid) => {
            let all = s.cluster.objects::<Pod>();
            let found = all.iter().find(|p| Uid::of(p.uid()) == *uid);
            found.map_or_else(|| "pod".into(), |p| format!("pod/{}", p.name()))
        }
        Place::Node(n) => format!("node/{n}"),
        Place::Outside => "laptop".into(),
    }
}

fn tell(s: &Session, hop: &Hop, from: &str) -> Vec<Told> {
    match hop {
        Hop::Leaves { source, to, .. } => {
            vec![("path-leaves", vec![("from", text(from)), ("source", text(source)), ("to", text(to))])]
        }
        Hop::Rules { node, mode, passed, dnat, masquerade } => {
            let mut all: Vec<Told> =
                passed.iter().map(|p| ("path-rule", vec![("node", text(node)), ("rule", text(&p.rule))])).collect();
            if let Some(to) = dnat {
                let facts = vec![("node", text(node)), ("mode", text(mode.name())), ("to", text(to))];
                all.push((if *masquerade { "path-dnat-masquerade" } else { "path-dnat" }, facts));
            }
            all
        }
        Hop::Policy { pod, incoming, policies, allowed_by } => {
            let names = policies.iter().map(ToString::to_string).collect();
            let mut facts = vec![("pod", text(pod)), ("policies", Fact::Names(names))];
            let id = match (incoming, allowed_by) {
                (true, Some(_)) => "path-let-in",
                (false, Some(_)) => "path-let-out",
                (true, None) => "path-not-let-in",
                (false, None) => "path-not-let-out",
            };
            facts.push(("policy", text(allowed_by.as_deref().unwrap_or(""))));
            vec![(id, facts)]
        }
        Hop::Wire { from, to } => vec![("path-wire", vec![("from", text(from)), ("to", text(to))])],
        Hop::Arrives { at, port } => {
            let id = if s.cluster.listens(at, *port) { "path-arrives" } else { "path-nobody-listens" };
            vec![(id, vec![("at", text(called(s, at))), ("port", text(port))])]
        }
        Hop::Stopped { why, what } => vec![(stopped(*why, what), vec![])],
    }
}

/// `proxy-mode`: how kube-proxy works from now on, or the rules of the first node.
pub fn mode_word(s: &mut Session, _: &str, words: &[String]) -> Output {
    match words.get(1).map(|w| Mode::parse(w)) {
        None => {
            let node = s.cluster.plan.nodes.first().map_or("", |n| n.name.as_str());
            let listing = s.cluster.network().and_then(|n| n.listing(node)).unwrap_or_default();
            Output { story: listing, ..Output::default() }
        }
        Some(Some(mode)) => {
            s.remember(&words.join(" "));
            s.cluster.set_proxy_mode(mode);
            let text = message(s.language, "proxy-mode", &[("mode", Fact::Text(mode.name().into()))]);
            Output { story: format!("{text}\n"), ..Output::default() }
        }
        Some(None) => wrong(s, "proxy-mode"),
    }
}

fn stopped(why: Stop, what: &str) -> &'static str {
    match (what, why) {
        ("no-endpoints", _) => "path-no-endpoints",
        ("no-local-endpoints", _) => "path-no-local-endpoints",
        ("policy", _) => "path-dropped",
        ("node-down", _) => "path-node-down",
        ("network-cut", _) => "path-network-cut",
        ("not-routable", _) => "path-not-routable",
        ("nobody-has-it", _) => "path-nobody-has-it",
        ("no-rule", _) => "path-no-rule",
        _ => "path-lost",
    }
}
