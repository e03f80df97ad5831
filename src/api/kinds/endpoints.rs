//! v1 Endpoints: defaults, validation, columns. Older clients' way to say what a Service leads to.
//! Real Kubernetes: pkg/apis/core/validation ValidateEndpoints, pkg/registry/core/endpoint.

use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset};

use super::Endpoints;
use super::service::port_number;
use crate::api::field::{FieldErrors, Path};
use crate::api::ip;
use crate::api::kind::Kind;
use crate::api::names;
use crate::api::object::Resource;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<Endpoints> = Kind {
    short_names: &["ep"],
    create_on_update: true,
    deprecated: Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
    defaults: |e| {
        for p in e.subsets.iter_mut().flatten().flat_map(|s| s.ports.iter_mut().flatten()) {
            if p.protocol.as_deref().unwrap_or("").is_empty() {
                p.protocol = Some("TCP".into());
            }
        }
    },
    validate: validate_subsets,
    validate_update: |new, old, errors| {
        names::validate_meta_update(&new.metadata, &old.metadata, errors);
        names::validate_meta(&new.metadata, true, names::dns1123_subdomain, errors);
        // What was accepted once stays accepted.
        if new.subsets != old.subsets {
            validate_subsets(new, errors);
        }
    },
    update_judges_alone: true,
    warnings: |e, _| warnings(e),
    columns: &[
        Column::name(),
        Column::text("Endpoints", "The set of all endpoints is the union of all subsets. Addresses are placed into subsets according to the IPs they share. A single address with multiple ports, some of which are ready and some of which are not (because they come from different containers) will result in the address being displayed in different subsets for the different ports. No address will appear in both Addresses and NotReadyAddresses in the same subset. Sets of addresses and ports that comprise a service.", |e, _| Cell::from(shortened(e))),
        Column::age(),
    ],
    ..Kind::new(("", "v1"), "Endpoints", "endpoints", "endpoints")
};

/// `10.0.0.1:80,10.0.0.2:80`, and how many more there are after the third.
fn shortened(e: &Endpoints) -> String {
    const SHOWN: usize = 3;
    let subsets = e.subsets.as_deref().unwrap_or_default();
    if subsets.is_empty() {
        return "<none>".into();
    }
    let all: Vec<String> = subsets.iter().flat_map(ready).collect();
    match all.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{} + {more} more...", all[..SHOWN].join(",")),
        _ => all.join(","),
    }
}

/// Each address with each port; a Service without an address may have no ports.
fn ready(s: &EndpointSubset) -> Vec<String> {
    let ips: Vec<&str> = s.addresses.iter().flatten().map(|a| a.ip.as_str()).collect();
    let ports = s.ports.as_deref().unwrap_or_default();
    if ports.is_empty() {
        return ips.into_iter().map(Into::into).collect();
    }
    let joined = |ip: &str, port: i32| if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") };
    ports.iter().flat_map(|p| ips.iter().map(|ip| joined(ip, p.port))).collect()
}

fn validate_subsets(e: &Endpoints, errors: &mut FieldErrors) {
    let list = Path::new("subsets");
    for (i, s) in e.subsets.iter().flatten().enumerate() {
        let at = list.index(i);
        let (ready, others) = (s.addresses.as_deref().unwrap_or_default(), s.not_ready_addresses.as_deref().unwrap_or_default());
        if ready.is_empty() && others.is_empty() {
            errors.required(&at, "must specify `addresses` or `notReadyAddresses`");
        }
        for (addresses, name) in [(ready, "addresses"), (others, "notReadyAddresses")] {
            let list = at.child(name);
            for (i, a) in addresses.iter().enumerate() {
                validate_address(a, &list.index(i), errors);
            }
        }
        let ports = s.ports.as_deref().unwrap_or_default();
        let list = at.child("ports");
        for (i, p) in ports.iter().enumerate() {
            validate_port(p, ports.len() > 1, &list.index(i), errors);
        }
    }
}

fn validate_address(a: &EndpointAddress, at: &Path<'_>, errors: &mut FieldErrors) {
    ip::validate(&a.ip, &at.child("ip"), errors);
    if let Some(host) = a.hostname.as_deref().filter(|h| !h.is_empty()) {
        errors.invalid_each(&at.child("hostname"), host, names::dns1123_label(host, false));
    }
    if let Some(node) = &a.node_name {
        errors.invalid_each(&at.child("nodeName"), node, names::dns1123_subdomain(node, false));
    }
    ip::validate_endpoint(&a.ip, &at.child("ip"), errors);
}

fn validate_port(p: &EndpointPort, named: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    match p.name.as_deref().unwrap_or("") {
        "" if named => errors.required(&at.child("name"), ""),
        "" => {}
        name => errors.invalid_each(&at.child("name"), name, names::dns1123_label(name, false)),
    }
    port_number(p.port, &at.child("port"), errors);
    errors.one_of(&at.child("protocol"), p.protocol.as_deref().unwrap_or(""), &["SCTP", "TCP", "UDP"]);
    if let Some(protocol) = &p.app_protocol {
        errors.invalid_each(&at.child("appProtocol"), protocol, names::qualified_name(protocol));
    }
}

fn warnings(e: &Endpoints) -> Vec<String> {
    // The controller spells addresses as they should be.
    if e.label("endpoints.kubernetes.io/managed-by") == Some("endpoint-controller") {
        return vec![];
    }
    let (list, mut out) = (Path::new("subsets"), vec![]);
    for (i, s) in e.subsets.iter().flatten().enumerate() {
        let at = list.index(i);
        for (addresses, name) in [(&s.addresses, "addresses"), (&s.not_ready_addresses, "notReadyAddresses")] {
            let list = at.child(name);
            for (i, a) in addresses.iter().flatten().enumerate() {
                out.extend(ip::warning(&a.ip, &list.index(i).child("ip")));
            }
        }
    }
    out
}
