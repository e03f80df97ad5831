//! Endpoints of a Service, from its pods. Pure.

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::api::kinds::{EndpointSlice, Pod, Service, service};
use crate::api::object::Resource;
use crate::api::pods;
use crate::api::selector::Labels;

pub fn has_selector(s: &Service) -> bool {
    service::kind(s) != "ExternalName"
        && s.spec.as_ref().and_then(|s| s.selector.as_ref()).is_some_and(|l| !l.is_empty())
}

pub fn selects(s: &Service, labels: Option<&Labels>) -> bool {
    has_selector(s)
        && s.spec
            .iter()
            .flat_map(|s| s.selector.iter().flatten())
            .all(|(k, v)| labels.and_then(|l| l.get(k)) == Some(v))
}

pub fn takes_traffic(e: &Endpoint) -> bool {
    e.conditions.as_ref().is_some_and(|c| c.ready == Some(true))
}

/// Addresses that take traffic, in all slices.
pub fn addresses(slices: &[EndpointSlice]) -> Vec<String> {
    slices
        .iter()
        .flat_map(|s| s.endpoints.iter().flatten())
        .filter(|e| takes_traffic(e))
        .flat_map(|e| e.addresses.clone())
        .collect()
}

fn endpoint(p: &Pod, publish_unready: bool) -> Endpoint {
    let (ready, deleting) = (pods::is_ready(p) || publish_unready, p.is_deleting());
    Endpoint {
        addresses: vec![pods::ip(p).to_string()],
        conditions: Some(EndpointConditions {
            ready: Some(ready && !deleting),
            serving: Some(ready),
            terminating: Some(deleting),
        }),
        node_name: Some(pods::node(p).to_string()),
        target_ref: Some(ObjectReference {
            kind: Some("Pod".into()),
            namespace: Some(p.namespace().into()),
            name: Some(p.name().into()),
            uid: Some(p.uid().into()),
            ..ObjectReference::default()
        }),
        ..Endpoint::default()
    }
}

/// The number behind a target port; a name is looked up in the pod.
fn target(port: &IntOrString, pod: Option<&Pod>) -> Option<i32> {
    match port {
        IntOrString::Int(n) => Some(*n),
        IntOrString::String(name) => pod?
            .spec
            .iter()
            .flat_map(|s| s.containers.iter())
            .flat_map(|c| c.ports.iter().flatten())
            .find(|p| p.name.as_deref() == Some(name))
            .map(|p| p.container_port),
    }
}

/// The slices a Service should have: their endpoints and ports. There is always at least one, and one without endpoints
/// has no ports either.
pub fn slices(s: &Service, all: &[&Pod], limit: usize) -> Vec<(Vec<Endpoint>, Option<Vec<EndpointPort>>)> {
    let publish = s.spec.as_ref().and_then(|s| s.publish_not_ready_addresses) == Some(true);
    // A pod counts from the moment it has an address until it has ended.
    let mut with_ip: Vec<&&Pod> = all.iter().filter(|p| !pods::ip(p).is_empty() && !pods::is_terminal(p)).collect();
    with_ip.sort_by_key(|p| pods::ip(p).split('.').map(|n| n.parse::<u8>().unwrap_or(0)).collect::<Vec<_>>());
    let endpoints: Vec<Endpoint> = with_ip.iter().map(|p| endpoint(p, publish)).collect();
    let ports: Vec<EndpointPort> = s
        .spec
        .iter()
        .flat_map(|s| s.ports.iter().flatten())
        .filter_map(|p| {
            let number = target(p.target_port.as_ref()?, with_ip.first().map(|p| **p));
            let numeric = matches!(p.target_port, Some(IntOrString::Int(_)));
            (numeric || number.is_some()).then(|| EndpointPort {
                name: Some(p.name.clone().unwrap_or_default()),
                port: number,
                protocol: p.protocol.clone(),
                app_protocol: p.app_protocol.clone(),
            })
        })
        .collect();
    if endpoints.is_empty() {
        return vec![(vec![], None)];
    }
    endpoints.chunks(limit).map(|c| (c.to_vec(), Some(ports.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_is_in_the_slice_from_its_address_on_and_takes_traffic_when_ready() {
        let s: Service = serde_json::from_value(json!({"metadata": {"name": "s"}, "spec": {"selector": {"app": "x"}, "ports": [{"port": 80, "targetPort": 8080, "protocol": "TCP"}]}})).unwrap();
        let pod = |ip: &str, ready: bool| -> Pod {
            serde_json::from_value(json!({"metadata": {"name": ip, "namespace": "d", "labels": {"app": "x"}}, "spec": {"containers": []},
                "status": {"podIP": ip, "phase": "Running", "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]}}))
            .unwrap()
        };
        let (a, b, c) = (pod("10.0.0.9", true), pod("10.0.0.10", false), pod("", false));
        let out = slices(&s, &[&a, &b, &c], 100);
        assert_eq!(out.len(), 1);
        assert_eq!(out[0].0.iter().map(takes_traffic).collect::<Vec<_>>(), [true, false]);
        assert_eq!(out[0].1.as_ref().and_then(|p| p[0].port), Some(8080));
        assert_eq!(slices(&s, &[], 100), [(vec![], None)]);
        assert!(!selects(&s, None));
    }
}
