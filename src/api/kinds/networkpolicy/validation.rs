//! What a NetworkPolicy may say.
//! Real Kubernetes: pkg/apis/networking/validation ValidateNetworkPolicy.

use k8s_openapi::api::networking::v1::{IPBlock, NetworkPolicyPeer, NetworkPolicyPort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::service::{port_name, port_number};
use super::super::workload::validate_label_selector;
use super::NetworkPolicy;
use crate::api::field::{FieldErrors, Path};
use crate::api::ip::{self, Block};

const TYPES: [&str; 2] = ["Ingress", "Egress"];

pub fn validate(p: &NetworkPolicy, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let Some(spec) = &p.spec else { return };
    if let Some(s) = &spec.pod_selector {
        validate_label_selector(s, &at.child("podSelector"), errors);
    }
    for (i, rule) in spec.ingress.iter().flatten().enumerate() {
        let rules = at.child("ingress");
        let here = rules.index(i);
        validate_rule(rule.ports.as_deref(), (rule.from.as_deref(), &here.child("from")), &here, errors);
    }
    for (i, rule) in spec.egress.iter().flatten().enumerate() {
        let rules = at.child("egress");
        let here = rules.index(i);
        validate_rule(rule.ports.as_deref(), (rule.to.as_deref(), &here.child("to")), &here, errors);
    }
    let types = spec.policy_types.clone().unwrap_or_default();
    let at = at.child("policyTypes");
    if types.len() > TYPES.len() {
        errors.invalid(&at, types, "may not specify more than two policyTypes");
        return;
    }
    for (i, t) in types.iter().enumerate() {
        errors.one_of(&at.index(i), t, &TYPES);
    }
}

fn validate_rule(
    ports: Option<&[NetworkPolicyPort]>,
    peers: (Option<&[NetworkPolicyPeer]>, &Path<'_>),
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    for (i, port) in ports.unwrap_or_default().iter().enumerate() {
        validate_port(port, &at.child("ports").index(i), errors);
    }
    for (i, peer) in peers.0.unwrap_or_default().iter().enumerate() {
        validate_peer(peer, &peers.1.index(i), errors);
    }
}

fn validate_port(p: &NetworkPolicyPort, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(protocol) = &p.protocol {
        errors.one_of(&at.child("protocol"), protocol, &["TCP", "UDP", "SCTP"]);
    }
    let (port_at, end_at) = (at.child("port"), at.child("endPort"));
    match (&p.port, p.end_port) {
        (Some(IntOrString::Int(first)), end) => {
            port_number(*first, &port_at, errors);
            let Some(last) = end else { return };
            if last < *first {
                // The value that the real server shows is the other end.
                errors.invalid(&end_at, *first, "must be greater than or equal to `port`");
            }
            port_number(last, &end_at, errors);
        }
        (Some(IntOrString::String(name)), end) => {
            if let Some(last) = end {
                errors.invalid(&end_at, last, "may not be specified when `port` is non-numeric");
            }
            errors.invalid_each(&port_at, name, port_name(name));
        }
        (None, Some(last)) => errors.invalid(&end_at, last, "may not be specified when `port` is not specified"),
        (None, None) => {}
    }
}

fn validate_peer(p: &NetworkPolicyPeer, at: &Path<'_>, errors: &mut FieldErrors) {
    let selectors = [("podSelector", &p.pod_selector), ("namespaceSelector", &p.namespace_selector)];
    for (field, selector) in &selectors {
        if let Some(s) = selector {
            validate_label_selector(s, &at.child(field), errors);
        }
    }
    let selects = selectors.iter().any(|(_, s)| s.is_some());
    match &p.ip_block {
        Some(block) => {
            validate_block(block, &at.child("ipBlock"), errors);
            if selects {
                errors.forbidden(at, "may not specify both ipBlock and another peer");
            }
        }
        None if !selects => errors.required(at, "must specify a peer"),
        None => {}
    }
}

fn validate_block(b: &IPBlock, at: &Path<'_>, errors: &mut FieldErrors) {
    let cidr_at = at.child("cidr");
    if b.cidr.is_empty() {
        errors.required(&cidr_at, "");
        return;
    }
    ip::validate_block(&b.cidr, &cidr_at, errors);
    let Some(whole) = Block::parse(&b.cidr) else { return };
    for (i, text) in b.except.iter().flatten().enumerate() {
        let list = at.child("except");
        let at = list.index(i);
        ip::validate_block(text, &at, errors);
        if Block::parse(text).is_some_and(|part| !whole.strictly_contains(part)) {
            errors.invalid(&at, text.as_str(), "must be a strict subset of `cidr`");
        }
    }
}
