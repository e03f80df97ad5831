//! The variables by which a container finds Services, for programs that do not ask DNS.
//! Real Kubernetes: pkg/kubelet/kubelet_pods.go getServiceEnvVarMap, pkg/kubelet/envvars/envvars.go.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::ServicePort;

use crate::api::kinds::Service;
use crate::api::object::{Name, Resource};
use crate::client::Cache;
use crate::store::Change;

pub type Environment = BTreeMap<String, String>;

/// The API server's own Service, which every container finds.
const API_SERVER: (&str, &str) = ("default", "kubernetes");

#[derive(Clone, Default)]
pub struct ServiceLinks {
    services: Cache<Service>,
    /// By namespace, and whether its other Services are wanted: made once, and anew after a Service has changed.
    made: BTreeMap<(Name, bool), Arc<Environment>>,
}

impl ServiceLinks {
    /// Takes a change in. Changes of other kinds are none of its business.
    pub fn apply(&mut self, c: &Change) -> bool {
        let is_service = self.services.apply(c);
        if is_service {
            self.made.clear();
        }
        is_service
    }

    /// What a container finds in a namespace. `all`: all its Services, not only the API server.
    pub fn of(&mut self, namespace: &str, all: bool) -> Arc<Environment> {
        let services = &self.services;
        let made = self.made.entry((namespace.into(), all)).or_insert_with(|| {
            let mut found: BTreeMap<&str, &Service> = BTreeMap::new();
            if let Some(api) = services.get(API_SERVER.0, API_SERVER.1) {
                found.insert(api.name(), api);
            }
            if all {
                found.extend(services.in_namespace(namespace).map(|s| (s.name(), s)));
            }
            let mut out = Environment::new();
            found.values().for_each(|s| link(s, &mut out));
            Arc::new(out)
        });
        made.clone()
    }
}

/// The variables of one Service; a headless one has none.
fn link(s: &Service, out: &mut Environment) {
    let Some(spec) = &s.spec else { return };
    let Some(ip) = spec.cluster_ip.as_deref().filter(|ip| !matches!(*ip, "" | "None")) else { return };
    let name = variable(s.name());
    let ports = spec.ports.as_deref().unwrap_or_default();
    out.insert(format!("{name}_SERVICE_HOST"), ip.to_string());
    if let Some(first) = ports.first() {
        out.insert(format!("{name}_SERVICE_PORT"), first.port.to_string());
        out.insert(format!("{name}_PORT"), address(ip, first));
    }
    for p in ports {
        if let Some(port) = p.name.as_deref().filter(|n| !n.is_empty()) {
            out.insert(format!("{name}_SERVICE_PORT_{}", variable(port)), p.port.to_string());
        }
        let protocol = p.protocol.as_deref().unwrap_or("TCP");
        let prefix = format!("{name}_PORT_{}_{}", p.port, protocol.to_uppercase());
        out.insert(format!("{prefix}_PROTO"), protocol.to_lowercase());
        out.insert(format!("{prefix}_PORT"), p.port.to_string());
        out.insert(format!("{prefix}_ADDR"), ip.to_string());
        out.insert(prefix, address(ip, p));
    }
}

fn variable(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}

/// `tcp://10.96.0.1:443`
fn address(ip: &str, p: &ServicePort) -> String {
    let protocol = p.protocol.as_deref().unwrap_or("TCP").to_lowercase();
    let host = if ip.contains(':') { format!("[{ip}]") } else { ip.to_string() };
    format!("{protocol}://{host}:{}", p.port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Object;
    use serde_json::json;

    fn service(namespace: &str, name: &str, ip: &str, ports: serde_json::Value) -> Change {
        let s: Service = serde_json::from_value(json!({"metadata": {"namespace": namespace, "name": name},
            "spec": {"clusterIP": ip, "ports": ports}}))
        .unwrap();
        Change::own(&Arc::new(Object::new(s)))
    }

    #[test]
    fn a_container_finds_the_services_of_its_namespace_and_the_api_server() {
        let mut links = ServiceLinks::default();
        for s in [
            service("default", "kubernetes", "10.96.0.1", json!([{"name": "https", "port": 443}])),
            service(
                "a",
                "my-db",
                "10.96.0.7",
                json!([{"name": "sql", "port": 3306}, {"name": "x-y", "port": 53, "protocol": "UDP"}]),
            ),
            service("a", "headless", "None", json!([{"port": 80}])),
            service("b", "other", "10.96.0.8", json!([{"port": 80}])),
        ] {
            assert!(links.apply(&s));
        }
        let api = [
            "KUBERNETES_PORT=tcp://10.96.0.1:443",
            "KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443",
            "KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1",
            "KUBERNETES_PORT_443_TCP_PORT=443",
            "KUBERNETES_PORT_443_TCP_PROTO=tcp",
            "KUBERNETES_SERVICE_HOST=10.96.0.1",
            "KUBERNETES_SERVICE_PORT=443",
            "KUBERNETES_SERVICE_PORT_HTTPS=443",
        ];
        let own = [
            "MY_DB_PORT=tcp://10.96.0.7:3306",
            "MY_DB_PORT_3306_TCP=tcp://10.96.0.7:3306",
            "MY_DB_PORT_3306_TCP_ADDR=10.96.0.7",
            "MY_DB_PORT_3306_TCP_PORT=3306",
            "MY_DB_PORT_3306_TCP_PROTO=tcp",
            "MY_DB_PORT_53_UDP=udp://10.96.0.7:53",
            "MY_DB_PORT_53_UDP_ADDR=10.96.0.7",
            "MY_DB_PORT_53_UDP_PORT=53",
            "MY_DB_PORT_53_UDP_PROTO=udp",
            "MY_DB_SERVICE_HOST=10.96.0.7",
            "MY_DB_SERVICE_PORT=3306",
            "MY_DB_SERVICE_PORT_SQL=3306",
            "MY_DB_SERVICE_PORT_X_Y=53",
        ];
        let mut seen = |ns, all| links.of(ns, all).iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>();
        assert_eq!(seen("a", true), [&api[..], &own[..]].concat());
        assert_eq!(seen("a", false), api);
        links.apply(&service("a", "later", "10.96.0.9", json!([{"port": 80}])));
        assert_eq!(links.of("a", true).get("LATER_SERVICE_HOST").map(String::as_str), Some("10.96.0.9"));
    }
}
