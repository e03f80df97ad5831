//! How pods stand behind a Service: which of them count, with which address, name and ports. Pure.
//!
//! [`set`] tells endpoints apart, as EndpointSlices group them; [`subsets`] packs them as Endpoints do.
//! Real Kubernetes: k8s.io/endpointslice/{utils.go,util}, pkg/api/v1/endpoints.

pub mod set;
pub mod subsets;

use k8s_openapi::api::core::v1::{ObjectReference, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::ip;
use super::kinds::{Pod, Service, service};
use super::object::Resource;
use super::pods;
use super::selector::Labels;

pub fn has_selector(s: &Service) -> bool {
    service::kind(s) != "ExternalName"
        && s.spec.as_ref().and_then(|s| s.selector.as_ref()).is_some_and(|l| !l.is_empty())
}

pub fn selects(s: &Service, labels: Option<&Labels>) -> bool {
    let wanted = s.spec.iter().flat_map(|s| s.selector.iter().flatten());
    has_selector(s) && wanted.into_iter().all(|(k, v)| labels.and_then(|l| l.get(k)) == Some(v))
}

/// Whom an EndpointSlice serves.
pub const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Who keeps it.
pub const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
/// When what is told changed for the last time.
pub const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";
/// The label of what is told of a headless Service.
pub const HEADLESS: &str = "service.kubernetes.io/headless";

/// Whether a Service has no address of its own, so that its slices say so.
pub fn is_headless(s: &Service) -> bool {
    let ip = s.spec.as_ref().and_then(|s| s.cluster_ip.as_deref()).unwrap_or("");
    matches!(ip, "" | "None")
}

/// A pod counts from the moment it has an address until it has ended; while it is ending, only for those who ask for that.
pub fn counts(p: &Pod, ending_too: bool) -> bool {
    let status = p.status.as_ref();
    let addressed =
        !pods::ip(p).is_empty() || status.and_then(|s| s.pod_ips.as_ref()).is_some_and(|all| !all.is_empty());
    addressed && !pods::is_terminal(p) && (ending_too || !p.is_deleting())
}

/// A pod's addresses of one family, canonically spelled.
pub fn addresses(p: &Pod, ipv6: bool) -> Vec<String> {
    let all = p.status.iter().flat_map(|s| s.pod_ips.iter().flatten());
    all.filter_map(|i| ip::parse(&i.ip)).filter(|a| a.is_ipv6() == ipv6).map(|a| a.to_string()).collect()
}

/// The number behind a Service's port in a pod; a name is looked up among the containers that keep running.
pub fn port_of(p: &Pod, port: &ServicePort) -> Option<i32> {
    let name = match port.target_port.as_ref()? {
        IntOrString::Int(number) => return Some(*number),
        IntOrString::String(name) => name,
    };
    let spec = p.spec.as_ref()?;
    let sidecars = spec.init_containers.iter().flatten().filter(|c| pods::is_sidecar(c));
    let lasting = spec.containers.iter().chain(sidecars);
    let named =
        |p: &&k8s_openapi::api::core::v1::ContainerPort| p.name.as_deref() == Some(name) && p.protocol == port.protocol;
    lasting.flat_map(|c| c.ports.iter().flatten()).find(named).map(|p| p.container_port)
}

/// The name that a pod has within a Service whose subdomain it says to be in.
pub fn hostname(p: &Pod, s: &Service) -> Option<String> {
    let spec = p.spec.as_ref()?;
    let within = spec.subdomain.as_deref() == Some(s.name()) && p.namespace() == s.namespace();
    spec.hostname.clone().filter(|h| within && !h.is_empty())
}

pub fn reference(p: &Pod) -> ObjectReference {
    ObjectReference {
        kind: Some("Pod".into()),
        namespace: Some(p.namespace().into()),
        name: Some(p.name().into()),
        uid: Some(p.uid().into()),
        ..ObjectReference::default()
    }
}

/// Whether something of a pod changed that its Services have to know: its labels and its name in the subdomain, which decide
/// behind which Services it stands, or its address and readiness.
pub fn is_news(new: &Pod, old: &Pod) -> (bool, bool) {
    let name = |p: &Pod| p.spec.as_ref().map(|s| (s.hostname.clone(), s.subdomain.clone()));
    let ips = |p: &Pod| p.status.as_ref().and_then(|s| s.pod_ips.clone()).unwrap_or_default();
    let moved = new.metadata.labels != old.metadata.labels || name(new) != name(old);
    let changed = new.metadata.deletion_timestamp != old.metadata.deletion_timestamp
        || pods::is_ready(new) != pods::is_ready(old)
        || ips(new) != ips(old);
    (moved, changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(v: serde_json::Value) -> Pod {
        serde_json::from_value(v).unwrap()
    }

    #[test]
    fn a_named_port_is_found_by_protocol_and_in_sidecars_too() {
        let p = pod(json!({"spec": {
            "containers": [{"name": "a", "ports": [{"name": "x", "containerPort": 53, "protocol": "UDP"}]}],
            "initContainers": [
                {"name": "once", "ports": [{"name": "y", "containerPort": 1, "protocol": "TCP"}]},
                {"name": "side", "restartPolicy": "Always", "ports": [{"name": "y", "containerPort": 9, "protocol": "TCP"}]}]}}));
        let port = |target: serde_json::Value, protocol: &str| -> ServicePort {
            serde_json::from_value(json!({"port": 80, "targetPort": target, "protocol": protocol})).unwrap()
        };
        assert_eq!(port_of(&p, &port(json!("x"), "UDP")), Some(53));
        assert_eq!(port_of(&p, &port(json!("x"), "TCP")), None);
        assert_eq!(port_of(&p, &port(json!("y"), "TCP")), Some(9));
        assert_eq!(port_of(&p, &port(json!(8080), "TCP")), Some(8080));
    }

    #[test]
    fn a_pod_counts_from_its_address_to_its_end() {
        let with = |phase: &str, ip: &str, deleted: bool| {
            let meta = if deleted { json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}) } else { json!({}) };
            pod(json!({"metadata": meta, "status": {"phase": phase, "podIP": ip}}))
        };
        assert!(counts(&with("Pending", "10.0.0.1", false), false));
        assert!(!counts(&with("Running", "", false), true));
        assert!(!counts(&with("Succeeded", "10.0.0.1", false), true));
        assert!(!counts(&with("Running", "10.0.0.1", true), false));
        assert!(counts(&with("Running", "10.0.0.1", true), true));
    }
}
