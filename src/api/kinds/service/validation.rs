//! What a Service may not say.
//! Real Kubernetes: pkg/apis/core/validation validateService, ValidateLoadBalancerStatus.

use k8s_openapi::api::core::v1::{LoadBalancerIngress, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{cluster_ips, is_headless, is_reachable_from_outside, needs_health_check, port_name, port_number, type_of};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::Service;
use crate::api::object::Resource;
use crate::api::{ip, names};

/// What hints of the topology were called, and are called.
pub const OLD_HINTS: &str = "service.kubernetes.io/topology-aware-hints";
pub const HINTS: &str = "service.kubernetes.io/topology-mode";
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// `old` is there for an update: what was accepted once is accepted again.
pub fn validate(s: &Service, old: Option<&Service>, errors: &mut FieldErrors) {
    if let (Some(mode), Some(hints)) = (s.annotation(HINTS), s.annotation(OLD_HINTS))
        && mode != hints
    {
        let metadata = Path::new("metadata");
        let why = format!("must match annotations[{OLD_HINTS}] when both are specified");
        errors.invalid(&metadata.child("annotations").key(HINTS), mode, why);
    }
    let Some(spec) = &s.spec else { return };
    let before = old.and_then(|o| o.spec.as_ref());
    let at = Path::new("spec");
    validate_type_fields(spec, &at, errors);
    validate_ports(spec, &at, errors);
    names::validate_labels(spec.selector.as_ref(), &at.child("selector"), errors);
    validate_affinity(spec, &at, errors);
    cluster_ips::validate(spec, before, errors);
    validate_external_ips(spec, before, &at, errors);
    errors.one_of(&at.child("type"), type_of(spec), &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
    validate_equal_ports(spec, &at, errors);
    validate_source_ranges(s, old, &at, errors);
    if spec.allocate_load_balancer_node_ports.is_some() && type_of(spec) != "LoadBalancer" {
        let why = "may only be used when `type` is 'LoadBalancer'";
        errors.forbidden(&at.child("allocateLoadBalancerNodePorts"), why);
    }
    validate_class(spec, &at, errors);
    validate_policies(spec, &at, errors);
}

/// What the type demands or excludes.
fn validate_type_fields(spec: &ServiceSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let kind = type_of(spec);
    if spec.ports.as_ref().is_none_or(Vec::is_empty) && !is_headless(spec) && kind != "ExternalName" {
        errors.required(&at.child("ports"), "");
    }
    if matches!(kind, "LoadBalancer" | "NodePort") && is_headless(spec) {
        let why = format!("may not be set to 'None' for {kind} services");
        errors.invalid(&at.child("clusterIPs").index(0), "None", why);
    }
    if kind != "ExternalName" {
        return;
    }
    let filled = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|l| !l.is_empty());
    for (name, set) in [
        ("clusterIPs", filled(&spec.cluster_ips)),
        ("ipFamilies", filled(&spec.ip_families)),
        ("ipFamilyPolicy", spec.ip_family_policy.is_some()),
    ] {
        if set {
            errors.forbidden(&at.child(name), "may not be set for ExternalName services");
        }
    }
    let name = spec.external_name.as_deref().unwrap_or("");
    match name.strip_suffix('.').unwrap_or(name) {
        "" => errors.required(&at.child("externalName"), ""),
        name => errors.invalid_each(&at.child("externalName"), name, names::dns1123_subdomain(name, false)),
    }
}

fn validate_ports(spec: &ServiceSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let ports = spec.ports.as_deref().unwrap_or_default();
    let list = at.child("ports");
    let mut names_seen = vec![];
    for (i, p) in ports.iter().enumerate() {
        validate_port(p, ports.len() > 1, &mut names_seen, &list.index(i), errors);
    }
}

fn validate_port<'a>(
    p: &'a ServicePort,
    named: bool,
    seen: &mut Vec<&'a str>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    match p.name.as_deref().unwrap_or("") {
        "" if named => errors.required(&at.child("name"), ""),
        "" => {}
        name => {
            errors.invalid_each(&at.child("name"), name, names::dns1123_label(name, false));
            if seen.contains(&name) {
                errors.duplicate(&at.child("name"), name);
            }
            seen.push(name);
        }
    }
    port_number(p.port, &at.child("port"), errors);
    errors.one_of(&at.child("protocol"), p.protocol.as_deref().unwrap_or(""), &["SCTP", "TCP", "UDP"]);
    match &p.target_port {
        Some(IntOrString::Int(n)) => port_number(*n, &at.child("targetPort"), errors),
        Some(IntOrString::String(n)) => errors.invalid_each(&at.child("targetPort"), n, port_name(n)),
        None => {}
    }
    if let Some(a) = p.app_protocol.as_deref() {
        errors.invalid_each(&at.child("appProtocol"), a, names::qualified_name(a));
    }
}

fn validate_affinity(spec: &ServiceSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let affinity = spec.session_affinity.as_deref().unwrap_or("");
    errors.one_of(&at.child("sessionAffinity"), affinity, &["ClientIP", "None"]);
    let client = spec.session_affinity_config.as_ref().and_then(|c| c.client_ip.as_ref());
    let seconds = client.and_then(|c| c.timeout_seconds).unwrap_or(0);
    if affinity == "ClientIP" && !(1..=86_400).contains(&seconds) {
        let config = at.child("sessionAffinityConfig");
        let client = config.child("clientIP");
        errors.invalid(&client.child("timeoutSeconds"), seconds, "must be greater than 0 and less than 86400");
    }
}

/// Addresses that mean something else everywhere cannot lead to a Service.
fn validate_external_ips(spec: &ServiceSpec, old: Option<&ServiceSpec>, at: &Path<'_>, errors: &mut FieldErrors) {
    let kept = old.and_then(|o| o.external_ips.as_deref()).unwrap_or_default();
    let list = at.child("externalIPs");
    for (i, text) in spec.external_ips.iter().flatten().enumerate() {
        let here = list.index(i);
        let before = errors.list().len();
        if !kept.contains(text) {
            ip::validate(text, &here, errors);
        }
        if errors.list().len() == before {
            ip::validate_endpoint(text, &here, errors);
        }
    }
}

/// Node ports that the type excludes, and ports of which there are two.
fn validate_equal_ports(spec: &ServiceSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let ports = spec.ports.as_deref().unwrap_or_default();
    let list = at.child("ports");
    let node_port = |p: &ServicePort| p.node_port.filter(|n| *n != 0);
    for (i, _) in ports.iter().enumerate().filter(|(_, p)| type_of(spec) == "ClusterIP" && node_port(p).is_some()) {
        errors.forbidden(&list.index(i).child("nodePort"), "may not be used when `type` is 'ClusterIP'");
    }
    for (i, p) in ports.iter().enumerate() {
        let Some(n) = node_port(p) else { continue };
        if ports[..i].iter().any(|b| (node_port(b), &b.protocol) == (Some(n), &p.protocol)) {
            errors.duplicate(&list.index(i).child("nodePort"), n);
        }
    }
    for (i, p) in ports.iter().enumerate() {
        if ports[..i].iter().any(|b| (b.port, &b.protocol) == (p.port, &p.protocol)) {
            // What makes ports equal, in a struct of which the rest is left empty.
            let protocol = p.protocol.as_deref().unwrap_or("");
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":{protocol:?},\"AppProtocol\":null,\"Port\":{},\"TargetPort\":0,\"NodePort\":0}}",
                p.port
            );
            errors.duplicate_struct(&list.index(i), shown);
        }
    }
}

/// Who may come through the balancer, as a field or, of old, as an annotation. Spaces around a range do not matter.
fn validate_source_ranges(s: &Service, old: Option<&Service>, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(spec) = &s.spec else { return };
    let elsewhere = "may only be used when `type` is 'LoadBalancer'";
    let ranges = spec.load_balancer_source_ranges.as_deref().unwrap_or_default();
    if !ranges.is_empty() {
        let here = at.child("LoadBalancerSourceRanges");
        if type_of(spec) != "LoadBalancer" {
            errors.forbidden(&here, elsewhere);
        }
        let before = old.and_then(|o| o.spec.as_ref()?.load_balancer_source_ranges.as_deref()).unwrap_or_default();
        for (i, range) in ranges.iter().enumerate() {
            if !before.iter().any(|b| b.trim() == range.trim()) {
                ip::validate_block(range.trim(), &here.index(i), errors);
            }
        }
        return;
    }
    let Some(ranges) = s.annotation(SOURCE_RANGES) else { return };
    let metadata = Path::new("metadata");
    let annotations = metadata.child("annotations");
    let here = annotations.key(SOURCE_RANGES);
    if type_of(spec) != "LoadBalancer" {
        errors.forbidden(&here, elsewhere);
    }
    if old.is_none_or(|o| o.annotation(SOURCE_RANGES) != Some(ranges)) && !ranges.trim().is_empty() {
        for range in ranges.trim().split(',') {
            ip::validate_block(range.trim(), &here, errors);
        }
    }
}

pub fn validate_class(spec: &ServiceSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(class) = &spec.load_balancer_class else { return };
    let at = at.child("loadBalancerClass");
    if type_of(spec) == "LoadBalancer" {
        errors.invalid_each(&at, class, names::qualified_name(class));
    } else {
        errors.forbidden(&at, "may only be used when `type` is 'LoadBalancer'");
    }
}

fn validate_policies(spec: &ServiceSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let outside = spec.external_traffic_policy.as_deref().unwrap_or("");
    let here = at.child("externalTrafficPolicy");
    if is_reachable_from_outside(spec) {
        errors.one_of(&here, outside, &["Cluster", "Local"]);
    } else if !outside.is_empty() {
        errors.invalid(&here, outside, "may only be set for externally-accessible services");
    }
    let (check, here) = (spec.health_check_node_port.unwrap_or(0), at.child("healthCheckNodePort"));
    match (needs_health_check(spec), check) {
        (true, 0) => errors.required(&here, ""),
        (true, port) => port_number(port, &here, errors),
        (false, 0) => {}
        (false, port) => {
            let why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
            errors.invalid(&here, port, why);
        }
    }
    if let Some(policy) = &spec.internal_traffic_policy {
        errors.one_of(&at.child("internalTrafficPolicy"), policy, &["Cluster", "Local"]);
    }
    if let Some(wish) = &spec.traffic_distribution {
        let known = ["PreferClose", "PreferSameZone", "PreferSameNode"];
        errors.one_of(&at.child("trafficDistribution"), wish, &known);
    }
}

pub fn validate_status(new: &Service, old: &Service, errors: &mut FieldErrors) {
    let ingress = |s: &'_ Service| -> Vec<LoadBalancerIngress> {
        s.status.iter().filter_map(|s| s.load_balancer.as_ref()?.ingress.clone()).flatten().collect()
    };
    let (now, before) = (ingress(new), ingress(old));
    let status = Path::new("status");
    let balancer = status.child("loadBalancer");
    let at = balancer.child("ingress");
    if super::kind(new) != "LoadBalancer" && !now.is_empty() {
        errors.forbidden(&at, "may only be used when `spec.type` is 'LoadBalancer'");
        return;
    }
    for (i, entry) in now.iter().enumerate() {
        let known = before.iter().any(|b| b.ip == entry.ip);
        validate_ingress(entry, known, &at.index(i), errors);
    }
}

fn validate_ingress(entry: &LoadBalancerIngress, known: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    let address = entry.ip.as_deref().unwrap_or("");
    if !address.is_empty() && !known {
        ip::validate(address, &at.child("ip"), errors);
    }
    match entry.ip_mode.as_deref() {
        None if !address.is_empty() => errors.required(&at.child("ipMode"), "must be specified when `ip` is set"),
        None => {}
        Some(_) if address.is_empty() => {
            errors.forbidden(&at.child("ipMode"), "may not be specified when `ip` is not set");
        }
        Some(mode) => errors.one_of(&at.child("ipMode"), mode, &["Proxy", "VIP"]),
    }
    let host = entry.hostname.as_deref().unwrap_or("");
    if !host.is_empty() {
        errors.invalid_each(&at.child("hostname"), host, names::dns1123_subdomain(host, false));
        if ip::parse(host).is_some() {
            errors.invalid(&at.child("hostname"), host, "must be a DNS name, not an IP address");
        }
    }
}
