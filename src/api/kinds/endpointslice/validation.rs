//! What an EndpointSlice may say.
//! Real Kubernetes: pkg/apis/discovery/validation ValidateEndpointSlice.

use k8s_openapi::api::discovery::v1::{Endpoint, EndpointHints, EndpointPort};

use super::EndpointSlice;
use crate::api::field::{FieldErrors, Path};
use crate::api::{ip, names};

const MOST_ENDPOINTS: usize = 1000;
const MOST_ADDRESSES: usize = 100;
const MOST_PORTS: usize = 20_000;
const MOST_TOPOLOGY_LABELS: usize = 16;
const MOST_HINTS: usize = 8;

pub fn validate(s: &EndpointSlice, errors: &mut FieldErrors) {
    validate_frame(s, errors);
    validate_endpoints(s, errors);
}

/// Endpoints that have been let pass once are not judged again, whatever else changes.
pub fn validate_update(new: &EndpointSlice, old: &EndpointSlice, errors: &mut FieldErrors) {
    names::validate_meta(&new.metadata, true, names::dns1123_subdomain, errors);
    validate_frame(new, errors);
    if new.endpoints != old.endpoints {
        validate_endpoints(new, errors);
    }
    errors.immutable(&Path::new("addressType"), &new.address_type, &old.address_type);
}

fn validate_frame(s: &EndpointSlice, errors: &mut FieldErrors) {
    let at = Path::new("addressType");
    match s.address_type.as_str() {
        "" => errors.required(&at, ""),
        t => errors.one_of(&at, t, &["FQDN", "IPv4", "IPv6"]),
    }
    validate_ports(s.ports.as_deref().unwrap_or_default(), &Path::new("ports"), errors);
}

fn validate_endpoints(s: &EndpointSlice, errors: &mut FieldErrors) {
    let endpoints = s.endpoints.as_deref().unwrap_or_default();
    let at = Path::new("endpoints");
    if endpoints.len() > MOST_ENDPOINTS {
        errors.too_many(&at, endpoints.len(), MOST_ENDPOINTS);
        return;
    }
    for (i, e) in endpoints.iter().enumerate() {
        validate_endpoint(e, &s.address_type, &at.index(i), errors);
    }
}

fn validate_ports(ports: &[EndpointPort], at: &Path<'_>, errors: &mut FieldErrors) {
    if ports.len() > MOST_PORTS {
        errors.too_many(at, ports.len(), MOST_PORTS);
        return;
    }
    let mut seen: Vec<&str> = vec![];
    for (i, p) in ports.iter().enumerate() {
        let at = at.index(i);
        let name = p.name.as_deref().unwrap_or("");
        let name_at = at.child("name");
        if !name.is_empty() {
            errors.invalid_each(&name_at, name, names::dns1123_label(name, false));
        }
        if seen.contains(&name) {
            errors.duplicate(&name_at, name);
        } else {
            seen.push(name);
        }
        match p.protocol.as_deref() {
            None => errors.required(&at.child("protocol"), ""),
            Some(protocol) => errors.one_of(&at.child("protocol"), protocol, &["SCTP", "TCP", "UDP"]),
        }
        if let Some(app) = &p.app_protocol {
            errors.invalid_each(&at.child("appProtocol"), app, names::qualified_name(app));
        }
    }
}

fn validate_endpoint(e: &Endpoint, address_type: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    let list = at.child("addresses");
    match e.addresses.len() {
        0 => errors.required(&list, "must contain at least 1 address"),
        n if n > MOST_ADDRESSES => errors.too_many(&list, n, MOST_ADDRESSES),
        _ => {}
    }
    for (i, address) in e.addresses.iter().enumerate() {
        validate_address(address, address_type, (&list, &list.index(i)), errors);
    }
    if let Some(node) = &e.node_name {
        errors.invalid_each(&at.child("nodeName"), node, names::dns1123_subdomain(node, false));
    }
    let topology_at = at.child("deprecatedTopology");
    if let Some(topology) = e.deprecated_topology.as_ref().filter(|t| t.len() > MOST_TOPOLOGY_LABELS) {
        errors.too_many(&topology_at, topology.len(), MOST_TOPOLOGY_LABELS);
    }
    names::validate_labels(e.deprecated_topology.as_ref(), &topology_at, errors);
    if let Some(host) = &e.hostname {
        errors.invalid_each(&at.child("hostname"), host, names::dns1123_label(host, false));
    }
    if let Some(hints) = &e.hints {
        validate_hints(hints, &at.child("hints"), errors);
    }
}

/// `at` is the way to all addresses, and to this one.
fn validate_address(address: &str, address_type: &str, at: (&Path<'_>, &Path<'_>), errors: &mut FieldErrors) {
    let (list, here) = at;
    let before = errors.list().len();
    let (wants_v4, why) = match address_type {
        "IPv4" => {
            ip::validate(address, here, errors);
            (true, "must be an IPv4 address")
        }
        "IPv6" => {
            errors.invalid_each(here, address, ip::canonical_faults(address));
            (false, "must be an IPv6 address")
        }
        "FQDN" => return names::validate_full_domain(address, here, errors),
        _ => return,
    };
    if errors.list().len() > before {
        return;
    }
    if ip::parse(address).is_some_and(|ip| ip.is_ipv4() != wants_v4) {
        errors.invalid(list, address, why);
    }
    ip::validate_endpoint(address, here, errors);
}

fn validate_hints(h: &EndpointHints, at: &Path<'_>, errors: &mut FieldErrors) {
    let zones: Vec<&str> = h.for_zones.iter().flatten().map(|z| z.name.as_str()).collect();
    let nodes: Vec<&str> = h.for_nodes.iter().flatten().map(|n| n.name.as_str()).collect();
    if validate_hint_names(&zones, names::label_value, &at.child("forZones"), errors) {
        validate_hint_names(&nodes, |n| names::dns1123_subdomain(n, false), &at.child("forNodes"), errors);
    }
}

/// Tells whether there were few enough of them to look at each.
fn validate_hint_names(
    list: &[&str],
    rule: fn(&str) -> Vec<String>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) -> bool {
    if list.len() > MOST_HINTS {
        errors.too_many(at, list.len(), MOST_HINTS);
        return false;
    }
    for (i, name) in list.iter().enumerate() {
        let item = at.index(i);
        let at = item.child("name");
        if list[..i].contains(name) {
            errors.duplicate(&at, *name);
        }
        errors.invalid_each(&at, name, rule(name));
    }
    true
}
