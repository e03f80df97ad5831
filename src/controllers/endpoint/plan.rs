//! The subsets that a Service's Endpoints should have. Pure.

use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset};

use super::{OVER_CAPACITY, labels};
use crate::api::endpoints::{addresses, counts, hostname, is_headless, port_of, reference, subsets};
use crate::api::kinds::{Endpoints, Pod, Service};
use crate::api::object::Resource;
use crate::api::pods;

/// All addresses, packed but not yet cut.
pub fn subsets(s: &Service, all: &[&Pod]) -> Vec<EndpointSubset> {
    let Some(spec) = &s.spec else { return vec![] };
    let unready_too = spec.publish_not_ready_addresses == Some(true);
    // One family only: the Service's first.
    let ipv6 = spec.ip_families.iter().flatten().next().is_some_and(|f| f == "IPv6");
    let mut out = vec![];
    for p in all.iter().filter(|p| counts(p, unready_too)) {
        let Some(ip) = addresses(p, ipv6).into_iter().next() else { continue };
        let address = EndpointAddress {
            ip,
            hostname: hostname(p, s),
            node_name: Some(pods::node(p).to_string()),
            target_ref: Some(reference(p)),
        };
        let ready = unready_too || pods::is_ready(p);
        let mut add = |port: Option<EndpointPort>| {
            let list = Some(vec![address.clone()]);
            let (addresses, not_ready_addresses) = if ready { (list, None) } else { (None, list) };
            out.push(EndpointSubset { addresses, not_ready_addresses, ports: port.map(|p| vec![p]) });
        };
        let ports = spec.ports.as_deref().unwrap_or_default();
        if ports.is_empty() && is_headless(s) {
            add(None);
        }
        for port in ports {
            let Some(number) = port_of(p, port) else { continue };
            add(Some(EndpointPort {
                name: port.name.clone(),
                port: number,
                protocol: port.protocol.clone(),
                app_protocol: port.app_protocol.clone(),
            }));
        }
    }
    subsets::repacked(&out)
}

/// Whether there is nothing to write. What had to be cut is written anew each time.
pub fn is_right(e: &Endpoints, s: &Service, wanted: &[EndpointSubset]) -> bool {
    let has = e.subsets.as_deref().unwrap_or_default();
    let mine = labels(s);
    (has == wanted || subsets::repacked(has) == wanted)
        && e.metadata.labels.as_ref() == Some(&mine)
        && subsets::count(has) <= subsets::CAPACITY
        && e.annotation(OVER_CAPACITY).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn ready(all: &[EndpointSubset]) -> Vec<&str> {
        all.iter().flat_map(|s| s.addresses.iter().flatten()).map(|a| a.ip.as_str()).collect()
    }

    fn pod(ip: &str, ready: bool, deleted: bool) -> Pod {
        let mut v = json!({"metadata": {"name": ip, "namespace": "d", "uid": ip}, "spec": {"nodeName": "n", "containers": []},
            "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]}});
        if deleted {
            v["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        }
        serde_json::from_value(v).unwrap()
    }

    fn service(spec: Value) -> Service {
        serde_json::from_value(json!({"metadata": {"name": "s", "namespace": "d"}, "spec": spec})).unwrap()
    }

    #[test]
    fn ready_pods_and_others_stand_apart_and_ending_ones_are_gone() {
        let s = service(json!({"clusterIP": "10.96.0.1", "ipFamilies": ["IPv4"], "selector": {"a": "b"},
            "ports": [{"port": 80, "targetPort": 8080, "protocol": "TCP"}]}));
        let all = [pod("10.0.0.1", true, false), pod("10.0.0.2", false, false), pod("10.0.0.3", true, true)];
        let out = subsets(&s, &all.iter().collect::<Vec<_>>());
        assert_eq!((out.len(), ready(&out)), (1, vec!["10.0.0.1"]));
        assert_eq!(out[0].not_ready_addresses.as_ref().map(Vec::len), Some(1));
        assert_eq!(out[0].ports.as_ref().map(|p| p[0].port), Some(8080));
        let s = service(json!({"clusterIP": "None", "publishNotReadyAddresses": true, "selector": {"a": "b"}}));
        let out = subsets(&s, &all.iter().collect::<Vec<_>>());
        assert_eq!((ready(&out).len(), out[0].ports.clone()), (3, None));
    }
}
