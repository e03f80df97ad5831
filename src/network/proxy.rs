//! What kube-proxy programs on every node, as data: for each Service's address and port, where packets go.
//! Real Kubernetes: pkg/proxy/iptables, the chains KUBE-SERVICES, KUBE-SVC-…, KUBE-SEP-….

use std::collections::BTreeMap;

use crate::api::endpoints::SERVICE_NAME;
use crate::api::kinds::{EndpointSlice, Service};
use crate::api::object::Resource;

/// One rule: packets to this address go to one of these, by chance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    pub service: String,
    pub protocol: String,
    pub destination: Destination,
    /// Empty: the packet is rejected.
    pub backends: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Destination {
    ClusterIp(String, i32),
    /// On every node's own address.
    NodePort(i32),
}

impl Rule {
    /// Which packets it is about: `10.96.12.7:80/TCP`.
    pub fn address(&self) -> String {
        match &self.destination {
            Destination::ClusterIp(ip, port) => format!("{ip}:{port}/{}", self.protocol),
            Destination::NodePort(port) => format!("*:{port}/{}", self.protocol),
        }
    }
}

/// All rules of a cluster, ordered by Service.
pub fn rules<'a>(
    services: impl Iterator<Item = &'a Service>,
    slices: impl Iterator<Item = &'a EndpointSlice>,
) -> Vec<Rule> {
    let mut by_service: BTreeMap<(String, String), Vec<&EndpointSlice>> = BTreeMap::new();
    for s in slices {
        if let Some(name) = s.label(SERVICE_NAME) {
            by_service.entry((s.namespace().into(), name.into())).or_default().push(s);
        }
    }
    let mut out = vec![];
    for s in services {
        let Some(spec) = &s.spec else { continue };
        let ip = spec.cluster_ip.clone().filter(|ip| !ip.is_empty() && ip != "None");
        let Some(ip) = ip else { continue };
        let slices = by_service.get(&(s.namespace().to_string(), s.name().to_string()));
        for p in spec.ports.iter().flatten() {
            let name = p.name.clone().unwrap_or_default();
            let backends: Vec<String> = slices
                .into_iter()
                .flatten()
                .flat_map(|s| {
                    let port = s
                        .ports
                        .iter()
                        .flatten()
                        .find(|q| q.name.clone().unwrap_or_default() == name)
                        .and_then(|q| q.port);
                    let ready = s
                        .endpoints
                        .iter()
                        .flatten()
                        .filter(|e| e.conditions.as_ref().is_none_or(|c| c.ready != Some(false)));
                    ready.flat_map(move |e| e.addresses.iter().filter_map(move |a| Some(format!("{a}:{}", port?))))
                })
                .collect();
            let service = format!(
                "{}/{}{}",
                s.namespace(),
                s.name(),
                if name.is_empty() { String::new() } else { format!(":{name}") }
            );
            let protocol = p.protocol.clone().unwrap_or_else(|| "TCP".into());
            let rule = |destination| Rule {
                service: service.clone(),
                protocol: protocol.clone(),
                destination,
                backends: backends.clone(),
            };
            out.push(rule(Destination::ClusterIp(ip.clone(), p.port)));
            if let Some(n) = p.node_port.filter(|n| *n != 0) {
                out.push(rule(Destination::NodePort(n)));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_service_becomes_rules_to_its_ready_endpoints() {
        let s: Service = serde_json::from_value(json!({"metadata": {"name": "web", "namespace": "d"},
            "spec": {"clusterIP": "10.96.0.5", "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}]}}))
        .unwrap();
        let e: EndpointSlice = serde_json::from_value(json!({"metadata": {"name": "web-x", "namespace": "d", "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": "IPv4", "ports": [{"name": "", "port": 8080}], "endpoints": [{"addresses": ["10.244.0.2"], "conditions": {"ready": true}},
            {"addresses": ["10.244.0.3"], "conditions": {"ready": false}}]})).unwrap();
        let got = rules([&s].into_iter(), [&e].into_iter());
        assert_eq!(got.len(), 2);
        assert_eq!(got[0].backends, ["10.244.0.2:8080"]);
        assert_eq!(got[1].destination, Destination::NodePort(30080));
    }
}
