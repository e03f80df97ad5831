//! From Services and their EndpointSlices to where packets go, and to names.
//! Real Kubernetes: pkg/proxy/servicechangetracker.go, endpointschangetracker.go, topology.go.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use crate::api::Duration;
use crate::api::kinds::{EndpointSlice, Service};
use crate::api::network::{Address, Endpoint, Named, PortName, Protocol, Range, Record, ServicePort};
use crate::api::object::Resource;

/// The label that names the proxy which is to care for a Service; kube-proxy leaves alone what has one.
const OTHER_PROXY: &str = "service.kubernetes.io/service-proxy-name";
/// Three hours.
const DEFAULT_AFFINITY: u64 = 10_800;

fn ips<'a>(texts: impl IntoIterator<Item = &'a String>) -> Vec<Ipv4Addr> {
    texts.into_iter().filter_map(|t| t.parse().ok()).collect()
}

/// The ports of a Service that a proxy cares for.
pub fn ports(s: &Service, slices: &[&EndpointSlice]) -> Vec<(PortName, ServicePort)> {
    let Some(spec) = &s.spec else { return vec![] };
    let Some(cluster_ip) = spec.cluster_ip.as_deref().and_then(|ip| ip.parse().ok()) else { return vec![] };
    if spec.type_.as_deref() == Some("ExternalName") || s.label(OTHER_PROXY).is_some() {
        return vec![];
    }
    let by_client = spec.session_affinity.as_deref() == Some("ClientIP");
    let seconds = spec.session_affinity_config.as_ref().and_then(|c| c.client_ip.as_ref()?.timeout_seconds);
    let affinity =
        by_client.then(|| Duration::from_secs(seconds.and_then(|s| u64::try_from(s).ok()).unwrap_or(DEFAULT_AFFINITY)));
    let ingress = s.status.iter().flat_map(|s| s.load_balancer.iter().flat_map(|l| l.ingress.iter().flatten()));
    let by_proxy = |mode: &Option<String>| mode.as_deref().unwrap_or("VIP") == "VIP";
    let load_balancer_ips = ips(ingress.filter(|i| by_proxy(&i.ip_mode)).filter_map(|i| i.ip.as_ref()));
    let ranges =
        spec.load_balancer_source_ranges.iter().flatten().filter_map(|r| Range::parse(r.trim())).collect::<Vec<_>>();
    let port = |n: i32| u16::try_from(n).unwrap_or_default();
    spec.ports
        .iter()
        .flatten()
        .map(|p| {
            let name = p.name.clone().unwrap_or_default();
            let key =
                PortName { namespace: s.namespace().into(), service: s.name().into(), port: name.as_str().into() };
            let made = ServicePort {
                protocol: Protocol::parse(p.protocol.as_deref().unwrap_or("TCP")),
                cluster_ip,
                port: port(p.port),
                node_port: p.node_port.map(port).filter(|n| *n != 0),
                external_ips: ips(spec.external_ips.iter().flatten()),
                load_balancer_ips: load_balancer_ips.clone(),
                source_ranges: ranges.clone(),
                affinity,
                external_local: spec.external_traffic_policy.as_deref() == Some("Local"),
                internal_local: spec.internal_traffic_policy.as_deref() == Some("Local"),
                endpoints: endpoints(&name, slices),
            };
            (key, made)
        })
        .collect()
}

/// What the slices say of a port: each address once.
fn endpoints(port: &str, slices: &[&EndpointSlice]) -> Vec<Endpoint> {
    let mut all: BTreeMap<Address, Endpoint> = BTreeMap::new();
    for s in slices.iter().filter(|s| s.address_type == "IPv4") {
        let found = s.ports.iter().flatten().find(|p| p.name.as_deref().unwrap_or("") == port);
        let Some(number) = found.and_then(|p| u16::try_from(p.port?).ok()) else { continue };
        for e in s.endpoints.iter().flatten() {
            let Some(ip) = e.addresses.first().and_then(|a| a.parse().ok()) else { continue };
            let c = e.conditions.as_ref();
            let ready = c.is_none_or(|c| c.ready != Some(false));
            let hints = e.hints.as_ref();
            let names = |all: Vec<&String>| all.into_iter().map(|n| n.as_str().into()).collect();
            let address = Address { ip, port: number };
            let made = Endpoint {
                address,
                node: e.node_name.as_deref().map(Into::into),
                ready,
                serving: c.and_then(|c| c.serving).unwrap_or(ready),
                terminating: c.and_then(|c| c.terminating) == Some(true),
                for_nodes: names(hints.iter().flat_map(|h| h.for_nodes.iter().flatten()).map(|n| &n.name).collect()),
                for_zones: names(hints.iter().flat_map(|h| h.for_zones.iter().flatten()).map(|n| &n.name).collect()),
            };
            all.entry(address).or_insert(made);
        }
    }
    all.into_values().collect()
}

/// Where a node stands.
#[derive(Clone, Copy, Debug)]
pub struct Standpoint<'a> {
    pub node: &'a str,
    pub zone: Option<&'a str>,
}

/// The endpoints that packets on a node go to, from inside the cluster or from outside.
/// Real Kubernetes: pkg/proxy/topology.go CategorizeEndpoints.
pub fn usable<'a>(p: &'a ServicePort, at: Standpoint<'_>, from_outside: bool) -> Vec<&'a Endpoint> {
    let local = if from_outside { p.external_local } else { p.internal_local };
    let here = |e: &&Endpoint| !local || e.node.as_deref() == Some(at.node);
    let ready: Vec<&Endpoint> = p.endpoints.iter().filter(|e| e.ready).filter(here).collect();
    if ready.is_empty() {
        // Those that end, but still serve, are better than none.
        return p.endpoints.iter().filter(|e| e.serving && e.terminating).filter(here).collect();
    }
    if local {
        return ready;
    }
    preferred(&ready, at).unwrap_or(ready)
}

/// Those that are nearest, if all say for whom they are.
fn preferred<'a>(ready: &[&'a Endpoint], at: Standpoint<'_>) -> Option<Vec<&'a Endpoint>> {
    let for_node: Vec<&Endpoint> =
        ready.iter().filter(|e| e.for_nodes.iter().any(|n| **n == *at.node)).copied().collect();
    if ready.iter().all(|e| !e.for_nodes.is_empty()) && !for_node.is_empty() {
        return Some(for_node);
    }
    let zone = at.zone?;
    let for_zone: Vec<&Endpoint> = ready.iter().filter(|e| e.for_zones.iter().any(|z| **z == *zone)).copied().collect();
    (ready.iter().all(|e| !e.for_zones.is_empty()) && !for_zone.is_empty()).then_some(for_zone)
}

/// What a Service is called in DNS.
pub fn record(s: &Service, slices: &[&EndpointSlice]) -> Option<Record> {
    let spec = s.spec.as_ref()?;
    let named = match (spec.type_.as_deref(), spec.cluster_ip.as_deref()) {
        (Some("ExternalName"), _) => Named::External(spec.external_name.clone().unwrap_or_default()),
        (_, Some("None")) => Named::Headless(hosts(slices, spec.publish_not_ready_addresses == Some(true))),
        (_, Some(ip)) => Named::Cluster(vec![ip.parse().ok()?]),
        (_, None) => return None,
    };
    let port = |p: &k8s_openapi::api::core::v1::ServicePort| {
        let protocol = Protocol::parse(p.protocol.as_deref().unwrap_or("TCP"));
        (p.name.clone().unwrap_or_default(), protocol, u16::try_from(p.port).unwrap_or_default())
    };
    Some(Record { named, ports: spec.ports.iter().flatten().map(port).collect() })
}

fn hosts(slices: &[&EndpointSlice], unready: bool) -> Vec<(Ipv4Addr, Option<String>)> {
    let all: BTreeSet<(Ipv4Addr, Option<String>)> = slices
        .iter()
        .filter(|s| s.address_type == "IPv4")
        .flat_map(|s| s.endpoints.iter().flatten())
        .filter(|e| unready || e.conditions.as_ref().is_none_or(|c| c.ready != Some(false)))
        .flat_map(|e| e.addresses.iter().filter_map(|a| Some((a.parse().ok()?, e.hostname.clone()))))
        .collect();
    all.into_iter().collect()
}
