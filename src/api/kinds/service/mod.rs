//! v1 Service: names, defaults, columns. Addresses and node ports come from `apiserver::addresses`; [`validation`] and
//! [`cluster_ips`] say what is wrong with one, [`update`] what a change may do, [`warnings`] what its author should know.
//! Real Kubernetes: pkg/apis/core/v1/defaults.go SetDefaults_Service, pkg/registry/core/service.

pub mod cluster_ips;
mod update;
mod validation;
mod warnings;

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ClientIPConfig, LoadBalancerIngress, LoadBalancerStatus, ServiceSpec, ServiceStatus, SessionAffinityConfig};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Service;
use super::updates::keep;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::names;
use crate::api::selector::labels_text;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<Service> = Kind {
    short_names: &["svc"],
    categories: &["all"],
    subresources: &[Subresource::Proxy, Subresource::Status],
    create_on_update: true,
    returns_deleted: true,
    name_rule: names::dns1123_label,
    defaults,
    prepare_create: |s| {
        s.status = Some(empty_status());
        drop_inner_policy(s);
    },
    prepare_update: |new, old| {
        new.status = old.status.clone();
        drop_inner_policy(new);
        update::drop_type_dependent(new, old);
    },
    prepare_status: |new, old| {
        default_status(new);
        keep(&mut new.spec, &old.spec);
        new.status.get_or_insert_with(empty_status).load_balancer.get_or_insert_default();
    },
    validate: |s, errors| validation::validate(s, None, errors),
    validate_update: update::validate,
    update_judges_alone: true,
    validate_status: validation::validate_status,
    warnings: |new, _| warnings::of(new),
    status_warnings: warnings::of_status,
    columns: &[
        Column::name(),
        Column::text("Type", "type determines how the Service is exposed. Defaults to ClusterIP. Valid options are ExternalName, ClusterIP, NodePort, and LoadBalancer. \"ClusterIP\" allocates a cluster-internal IP address for load-balancing to endpoints. Endpoints are determined by the selector or if that is not specified, by manual construction of an Endpoints object or EndpointSlice objects. If clusterIP is \"None\", no virtual IP is allocated and the endpoints are published as a set of endpoints rather than a virtual IP. \"NodePort\" builds on ClusterIP and allocates a port on every node which routes to the same endpoints as the clusterIP. \"LoadBalancer\" builds on NodePort and creates an external load-balancer (if supported in the current cloud) which routes to the same endpoints as the clusterIP. \"ExternalName\" aliases this service to the specified externalName. Several other fields do not apply to ExternalName services. More info: https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types", |s, _| Cell::from(kind(s))),
        Column::text("Cluster-IP", "clusterIP is the IP address of the service and is usually assigned randomly. If an address is specified manually, is in-range (as per system configuration), and is not in use, it will be allocated to the service; otherwise creation of the service will fail. This field may not be changed through updates unless the type field is also being changed to ExternalName (which requires this field to be blank) or the type field is being changed from ExternalName (in which case this field may optionally be specified, as describe above).  Valid values are \"None\", empty string (\"\"), or a valid IP address. Setting this to \"None\" makes a \"headless service\" (no virtual IP), which is useful when direct endpoint connections are preferred and proxying is not required.  Only applies to types ClusterIP, NodePort, and LoadBalancer. If this field is specified when creating a Service of type ExternalName, creation will fail. This field will be wiped when updating a Service to type ExternalName. More info: https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies", |s, _| Cell::from(cluster_ip(s))),
        Column::text("External-IP", "externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this service.  These IPs are not managed by Kubernetes.  The user is responsible for ensuring that traffic arrives at a node with this IP.  A common example is external load-balancers that are not part of the Kubernetes system.", |s, _| Cell::from(external_ip(s))),
        Column::text("Port(s)", "The list of ports that are exposed by this service. More info: https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies", |s, _| Cell::from(ports(s))),
        Column::age(),
        Column::wide_text("Selector", "Route service traffic to pods with label keys and values matching this selector. If empty or not present, the service is assumed to have an external process managing its endpoints, which Kubernetes will not modify. Only applies to types ClusterIP, NodePort, and LoadBalancer. Ignored if type is ExternalName. More info: https://kubernetes.io/docs/concepts/services-networking/service/", |s, _| Cell::from(labels_text(s.spec.as_ref().and_then(|s| s.selector.as_ref()), "<none>"))),
    ],
    selectable: &["spec.clusterIP", "spec.type"],
    field: |s, f| Some(if f == "spec.type" { kind(s).to_string() } else { s.spec.as_ref().and_then(|s| s.cluster_ip.clone()).unwrap_or_default() }),
    ..Kind::new(("", "v1"), "Service", "services", "service")
};

fn empty_status() -> ServiceStatus {
    ServiceStatus { load_balancer: Some(LoadBalancerStatus::default()), ..ServiceStatus::default() }
}

pub fn kind(s: &Service) -> &str {
    s.spec.as_ref().map_or("ClusterIP", type_of)
}

/// The type that a spec names, and the default if it names none.
pub fn type_of(spec: &ServiceSpec) -> &str {
    spec.type_.as_deref().unwrap_or("ClusterIP")
}

/// It is reached by the addresses of its pods, not by one of its own.
pub fn is_headless(spec: &ServiceSpec) -> bool {
    spec.cluster_ips.as_deref().is_some_and(|ips| matches!(ips, [ip] if ip == "None"))
}

/// The addresses that a load balancer has given it.
pub fn external_addresses(s: &Service) -> impl Iterator<Item = &str> {
    let balancer = s.status.as_ref().and_then(|s| s.load_balancer.as_ref());
    balancer.and_then(|l| l.ingress.as_ref()).into_iter().flatten().filter_map(|i| i.ip.as_deref())
}

/// It has this one, or none any longer.
pub fn set_external_address(s: &mut Service, ingress: Option<LoadBalancerIngress>) {
    let status = LoadBalancerStatus { ingress: ingress.map(|i| vec![i]) };
    s.status.get_or_insert_default().load_balancer = Some(status);
}

pub fn needs_cluster_ip(spec: &ServiceSpec) -> bool {
    type_of(spec) != "ExternalName"
}

/// Load balancers that send traffic only where a pod is have to find out where that is.
/// Real Kubernetes: pkg/api/service NeedsHealthCheck.
pub fn needs_health_check(spec: &ServiceSpec) -> bool {
    type_of(spec) == "LoadBalancer" && spec.external_traffic_policy.as_deref() == Some("Local")
}

/// Real Kubernetes: pkg/api/service ExternallyAccessible.
fn is_reachable_from_outside(spec: &ServiceSpec) -> bool {
    match type_of(spec) {
        "NodePort" | "LoadBalancer" => true,
        "ClusterIP" => spec.external_ips.as_ref().is_some_and(|ips| !ips.is_empty()),
        _ => false,
    }
}

fn cluster_ip(s: &Service) -> &str {
    s.spec.as_ref().and_then(|s| s.cluster_ips.as_ref()?.first()).map_or("<none>", String::as_str)
}

fn external_ip(s: &Service) -> String {
    let spec = s.spec.as_ref();
    let own: Vec<String> = spec.and_then(|s| s.external_ips.clone()).unwrap_or_default();
    let ingress = s.status.iter().flat_map(|s| s.load_balancer.iter()).flat_map(|l| l.ingress.iter().flatten());
    let given = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
    let balancer: BTreeSet<String> = ingress.filter_map(|i| given(&i.ip).or_else(|| given(&i.hostname))).collect();
    match kind(s) {
        "ExternalName" => spec.and_then(|s| s.external_name.clone()).unwrap_or_default(),
        "LoadBalancer" => {
            let all: Vec<String> = balancer.into_iter().chain(own).collect();
            if all.is_empty() { "<pending>".into() } else { all.join(",") }
        }
        "ClusterIP" | "NodePort" if own.is_empty() => "<none>".into(),
        "ClusterIP" | "NodePort" => own.join(","),
        _ => "<unknown>".into(),
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
    if spec.session_affinity.as_deref().unwrap_or("").is_empty() {
        spec.session_affinity = Some("None".into());
    }
    match spec.session_affinity.as_deref() {
        Some("None") => spec.session_affinity_config = None,
        Some("ClientIP") => {
            let config = spec.session_affinity_config.get_or_insert_with(SessionAffinityConfig::default);
            config.client_ip.get_or_insert_with(ClientIPConfig::default).timeout_seconds.get_or_insert(10_800);
        }
        _ => {}
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
    if is_reachable_from_outside(spec) && spec.external_traffic_policy.as_deref().unwrap_or("").is_empty() {
        spec.external_traffic_policy = Some("Cluster".into());
    }
    if matches!(type_of(spec), "ClusterIP" | "NodePort" | "LoadBalancer") {
        spec.internal_traffic_policy.get_or_insert_with(|| "Cluster".into());
    }
    if type_of(spec) == "LoadBalancer" {
        spec.allocate_load_balancer_node_ports.get_or_insert(true);
    }
    default_status(s);
}

/// How a balancer's address is reached, if it has one.
fn default_status(s: &mut Service) {
    if kind(s) != "LoadBalancer" {
        return;
    }
    let ingress = s.status.iter_mut().flat_map(|s| s.load_balancer.iter_mut()).flat_map(|l| l.ingress.iter_mut().flatten());
    for i in ingress.filter(|i| i.ip.as_deref().is_some_and(|ip| !ip.is_empty())) {
        i.ip_mode.get_or_insert_with(|| "VIP".into());
    }
}

/// A name outside has no traffic inside. Kubernetes keeps a policy that somebody gave it, and shows it to nobody.
fn drop_inner_policy(s: &mut Service) {
    let Some(spec) = s.spec.as_mut().filter(|s| !needs_cluster_ip(s)) else { return };
    if matches!(spec.internal_traffic_policy.as_deref(), Some("Cluster" | "Local")) {
        spec.internal_traffic_policy = None;
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
