//! v1 Service: names, defaults, validation, columns. Addresses and node ports come from `apiserver::addresses`.
//! Real Kubernetes: pkg/apis/core/v1/defaults.go SetDefaults_Service, pkg/apis/core/validation ValidateService, pkg/registry/core/service.

use k8s_openapi::api::core::v1::{ClientIPConfig, LoadBalancerStatus, ServiceSpec, ServiceStatus, SessionAffinityConfig};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Service;
use super::updates::status_only;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::names;
use crate::api::selector::labels_text;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<Service> = Kind {
    short_names: &["svc"],
    categories: &["all"],
    subresources: &[Subresource::Proxy, Subresource::Status],
    name_rule: names::dns1123_label,
    defaults,
    prepare_create: |s| s.status = Some(empty_status()),
    prepare_update: |new, old| new.status = old.status.clone(),
    prepare_status: |new, old| status_only((&mut new.metadata, &mut new.spec), (&old.metadata, &old.spec)),
    validate,
    validate_update: |new, old, errors| {
        let ip = |s: &Service| s.spec.as_ref().and_then(|s| s.cluster_ip.clone()).unwrap_or_default();
        let external = |s: &Service| kind(s) == "ExternalName";
        if !external(new) && !external(old) && !ip(old).is_empty() && ip(new) != ip(old) {
            errors.invalid(&Path::new("spec").child("clusterIPs").index(0), vec![ip(new)], "may not change once set");
        }
    },
    columns: &[
        Column::name(),
        Column::text("Type", "type determines how the Service is exposed. Defaults to ClusterIP. Valid options are ExternalName, ClusterIP, NodePort, and LoadBalancer. \"ClusterIP\" allocates a cluster-internal IP address for load-balancing to endpoints. Endpoints are determined by the selector or if that is not specified, by manual construction of an Endpoints object or EndpointSlice objects. If clusterIP is \"None\", no virtual IP is allocated and the endpoints are published as a set of endpoints rather than a virtual IP. \"NodePort\" builds on ClusterIP and allocates a port on every node which routes to the same endpoints as the clusterIP. \"LoadBalancer\" builds on NodePort and creates an external load-balancer (if supported in the current cloud) which routes to the same endpoints as the clusterIP. \"ExternalName\" aliases this service to the specified externalName. Several other fields do not apply to ExternalName services. More info: https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types", |s, _| Cell::from(kind(s))),
        Column::text("Cluster-IP", "clusterIP is the IP address of the service and is usually assigned randomly.", |s, _| Cell::from(cluster_ip(s))),
        Column::text("External-IP", "externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this service.", |s, _| Cell::from(external_ip(s))),
        Column::text("Port(s)", "The list of ports that are exposed by this service. More info: https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies", |s, _| Cell::from(ports(s))),
        Column::age(),
        Column::wide_text("Selector", "Route service traffic to pods with label keys and values matching this selector.", |s, _| Cell::from(labels_text(s.spec.as_ref().and_then(|s| s.selector.as_ref()), "<none>"))),
    ],
    selectable: &["spec.clusterIP", "spec.type"],
    field: |s, f| Some(if f == "spec.type" { kind(s).to_string() } else { s.spec.as_ref().and_then(|s| s.cluster_ip.clone()).unwrap_or_default() }),
    ..Kind::new(("", "v1"), "Service", "services", "service")
};

fn empty_status() -> ServiceStatus {
    ServiceStatus { load_balancer: Some(LoadBalancerStatus::default()), ..ServiceStatus::default() }
}

pub fn kind(s: &Service) -> &str {
    s.spec.as_ref().and_then(|s| s.type_.as_deref()).unwrap_or("ClusterIP")
}

fn cluster_ip(s: &Service) -> &str {
    match s.spec.as_ref().and_then(|s| s.cluster_ip.as_deref()).unwrap_or("") {
        "" => "<none>",
        ip => ip,
    }
}

fn external_ip(s: &Service) -> String {
    let spec = s.spec.as_ref();
    let own: Vec<String> = spec.and_then(|s| s.external_ips.clone()).unwrap_or_default();
    let balancer: Vec<String> = s
        .status
        .iter()
        .flat_map(|s| s.load_balancer.iter())
        .flat_map(|l| l.ingress.iter().flatten())
        .filter_map(|i| i.ip.clone().or_else(|| i.hostname.clone()))
        .collect();
    match kind(s) {
        "ExternalName" => spec.and_then(|s| s.external_name.clone()).unwrap_or_default(),
        "LoadBalancer" => {
            let all: Vec<String> = balancer.into_iter().chain(own).collect();
            if all.is_empty() { "<pending>".into() } else { all.join(",") }
        }
        _ if own.is_empty() => "<none>".into(),
        _ => own.join(","),
    }
}

fn ports(s: &Service) -> String {
    let all: Vec<String> = s
        .spec
        .iter()
        .flat_map(|s| s.ports.iter().flatten())
        .map(|p| {
            let protocol = p.protocol.as_deref().unwrap_or("TCP");
            match p.node_port.unwrap_or(0) {
                0 => format!("{}/{protocol}", p.port),
                n => format!("{}:{n}/{protocol}", p.port),
            }
        })
        .collect();
    if all.is_empty() { "<none>".into() } else { all.join(",") }
}

fn defaults(s: &mut Service) {
    let spec = s.spec.get_or_insert_default();
    spec.session_affinity.get_or_insert_with(|| "None".into());
    if spec.session_affinity.as_deref() == Some("None") {
        spec.session_affinity_config = None;
    } else {
        let config = spec.session_affinity_config.get_or_insert_with(SessionAffinityConfig::default);
        config.client_ip.get_or_insert_with(ClientIPConfig::default).timeout_seconds.get_or_insert(10_800);
    }
    if spec.type_.as_deref().unwrap_or("").is_empty() {
        spec.type_ = Some("ClusterIP".into());
    }
    for p in spec.ports.iter_mut().flatten() {
        if p.protocol.as_deref().unwrap_or("").is_empty() {
            p.protocol = Some("TCP".into());
        }
        let unset = match &p.target_port {
            None | Some(IntOrString::Int(0)) => true,
            Some(IntOrString::String(t)) => t.is_empty(),
            Some(IntOrString::Int(_)) => false,
        };
        if unset {
            p.target_port = Some(IntOrString::Int(p.port));
        }
    }
    let kind = spec.type_.clone().unwrap_or_default();
    if is_reachable_from_outside(spec) && spec.external_traffic_policy.as_deref().unwrap_or("").is_empty() {
        spec.external_traffic_policy = Some("Cluster".into());
    }
    if kind != "ExternalName" {
        spec.internal_traffic_policy.get_or_insert_with(|| "Cluster".into());
    }
    if kind == "LoadBalancer" {
        spec.allocate_load_balancer_node_ports.get_or_insert(true);
    }
}

fn validate(s: &Service, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let Some(spec) = &s.spec else { return };
    let kind = kind(s);
    let headless = spec.cluster_ip.as_deref() == Some("None");
    let ports = spec.ports.as_deref().unwrap_or_default();
    if ports.is_empty() && !headless && kind != "ExternalName" {
        errors.required(&at.child("ports"), "");
    }
    if headless && matches!(kind, "NodePort" | "LoadBalancer") {
        let why = format!("may not be set to 'None' for {kind} services");
        errors.invalid(&at.child("clusterIPs").index(0), "None", why);
    }
    errors.one_of(&at.child("type"), kind, &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
    if kind == "ExternalName" {
        match spec.external_name.as_deref().unwrap_or("").trim_end_matches('.') {
            "" => errors.required(&at.child("externalName"), ""),
            name => errors.invalid_each(&at.child("externalName"), name, names::dns1123_subdomain(&name.to_lowercase(), false)),
        }
    }
    let mut seen_names: Vec<&str> = vec![];
    let mut seen_ports = vec![];
    for (i, p) in ports.iter().enumerate() {
        let list = at.child("ports");
        let here = list.index(i);
        match p.name.as_deref().unwrap_or("") {
            "" if ports.len() > 1 => errors.required(&here.child("name"), ""),
            "" => {}
            name => {
                errors.invalid_each(&here.child("name"), name, names::dns1123_label(name, false));
                if seen_names.contains(&name) {
                    errors.duplicate(&here.child("name"), name);
                }
                seen_names.push(name);
            }
        }
        port_number(p.port, &here.child("port"), errors);
        let protocol = p.protocol.as_deref().unwrap_or("");
        errors.one_of(&here.child("protocol"), protocol, &["SCTP", "TCP", "UDP"]);
        match &p.target_port {
            Some(IntOrString::Int(n)) => port_number(*n, &here.child("targetPort"), errors),
            Some(IntOrString::String(n)) => errors.invalid_each(&here.child("targetPort"), n, port_name(n)),
            None => {}
        }
        if let Some(a) = p.app_protocol.as_deref() {
            errors.invalid_each(&here.child("appProtocol"), a, names::qualified_name(a));
        }
        if p.node_port.unwrap_or(0) != 0 && kind != "NodePort" && kind != "LoadBalancer" {
            errors.forbidden(&here.child("nodePort"), "may not be used when `type` is 'ClusterIP'");
        }
        if seen_ports.contains(&(p.port, protocol)) {
            // What makes ports equal, in a struct of which the rest is left empty.
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":{protocol:?},\"AppProtocol\":null,\"Port\":{},\"TargetPort\":0,\"NodePort\":0}}",
                p.port
            );
            errors.duplicate_struct(&here, shown);
        }
        seen_ports.push((p.port, protocol));
    }
    names::validate_labels(spec.selector.as_ref(), &at.child("selector"), errors);
    if let Some(a) = &spec.session_affinity {
        errors.one_of(&at.child("sessionAffinity"), a, &["ClientIP", "None"]);
    }
    let affinity = spec.session_affinity_config.as_ref().and_then(|c| c.client_ip.as_ref());
    if let Some(seconds) = affinity.and_then(|c| c.timeout_seconds).filter(|s| !(1..=86_400).contains(s)) {
        let config = at.child("sessionAffinityConfig");
        let client = config.child("clientIP");
        errors.invalid(&client.child("timeoutSeconds"), seconds, "must be greater than 0 and less than 86400");
    }
    for (i, ip) in spec.external_ips.iter().flatten().enumerate() {
        validate_external_ip(ip, &at.child("externalIPs").index(i), errors);
    }
    if let Some(policy) = spec.external_traffic_policy.as_deref().filter(|p| !p.is_empty()) {
        let at = at.child("externalTrafficPolicy");
        if is_reachable_from_outside(spec) {
            errors.one_of(&at, policy, &["Cluster", "Local"]);
        } else {
            errors.invalid(&at, policy, "may only be set for externally-accessible services");
        }
    }
    if let Some(policy) = &spec.internal_traffic_policy {
        errors.one_of(&at.child("internalTrafficPolicy"), policy, &["Cluster", "Local"]);
    }
}

fn is_reachable_from_outside(spec: &ServiceSpec) -> bool {
    matches!(spec.type_.as_deref(), Some("NodePort" | "LoadBalancer"))
        || spec.external_ips.as_ref().is_some_and(|ips| !ips.is_empty())
}

/// Addresses that mean something else everywhere cannot lead to a Service.
fn validate_external_ip(text: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    use std::net::IpAddr;
    let Ok(ip) = text.parse::<IpAddr>() else {
        errors.invalid(at, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        return;
    };
    let (link_local, link_local_multicast) = match ip {
        IpAddr::V4(v4) => (v4.is_link_local(), v4.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(v6) => (v6.is_unicast_link_local(), v6.segments()[0] == 0xff02),
    };
    for (hit, why) in [
        (ip.is_unspecified(), format!("may not be unspecified ({text})")),
        (ip.is_loopback(), "may not be in the loopback range (127.0.0.0/8, ::1/128)".into()),
        (link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)".into()),
        (link_local_multicast, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".into()),
    ] {
        if hit {
            errors.invalid(at, text, why);
        }
    }
}

pub fn port_number(n: i32, at: &Path<'_>, errors: &mut FieldErrors) {
    if !(1..=65_535).contains(&n) {
        errors.invalid(at, n, "must be between 1 and 65535, inclusive");
    }
}

/// A port's name, as IANA wants service names.
pub fn port_name(name: &str) -> Vec<String> {
    let mut out = vec![];
    if name.len() > 15 {
        out.push("must be no more than 15 characters".to_string());
    }
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') || name.is_empty() {
        out.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into());
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        out.push("must contain at least one letter (a-z)".into());
    }
    if name.contains("--") {
        out.push("must not contain consecutive hyphens".into());
    }
    if name.starts_with('-') || name.ends_with('-') {
        out.push("must not begin or end with a hyphen".into());
    }
    out
}
