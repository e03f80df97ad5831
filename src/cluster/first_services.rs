//! The Services that a cluster begins with: of the API server itself, of DNS, of metrics-server.
//! Real Kubernetes: pkg/controlplane/controller/kubernetesservice, pkg/controlplane/reconcilers; kubeadm's addons.

use serde_json::{Value, json};

use super::profile::Plan;

/// Where programs listen that are no pods but processes of a machine.
pub const DNS_ON_HOST: u16 = 1053;
const METRICS_ON_HOST: u16 = 4443;
/// The first address of Services is the API server's.
pub const KUBERNETES_IP: &str = "10.96.0.1";

pub fn all(plan: &Plan) -> Vec<Value> {
    let mut all = kubernetes(&plan.api_address);
    all.extend(dns(plan));
    if plan.metrics_service {
        all.extend(metrics(plan));
    }
    all
}

/// A Service of the API server, and where it is found: told in both ways.
pub fn kubernetes(address: &str) -> Vec<Value> {
    let ports = json!([{"name": "https", "port": 6443, "protocol": "TCP"}]);
    vec![
        service(
            "default",
            "kubernetes",
            json!({"component": "apiserver", "provider": "kubernetes"}),
            json!({
                "type": "ClusterIP", "clusterIP": KUBERNETES_IP, "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None",
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
            }),
        ),
        json!({
            "apiVersion": "v1", "kind": "Endpoints",
            "metadata": {
                "name": "kubernetes", "namespace": "default",
                "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"},
            },
            "subsets": [{"addresses": [{"ip": address}], "ports": ports}],
        }),
        slice(
            "default",
            "kubernetes",
            "kubernetes",
            json!([{"addresses": [address], "conditions": {"ready": true}}]),
            ports,
        ),
    ]
}

fn dns(plan: &Plan) -> Vec<Value> {
    let port = if plan.on_host { DNS_ON_HOST } else { 53 };
    let mut spec = json!({
        "clusterIP": "10.96.0.10",
        "ports": [
            {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": port},
            {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": port},
        ],
    });
    if plan.system_pods {
        let metrics = json!({"name": "metrics", "port": 9153, "protocol": "TCP", "targetPort": 9153});
        if let Some(ports) = spec["ports"].as_array_mut() {
            ports.push(metrics);
        }
        spec["selector"] = json!({"k8s-app": "kube-dns"});
    }
    let labels = json!({
        "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS",
    });
    let mut all = vec![service("kube-system", "kube-dns", labels, spec)];
    if plan.on_host {
        let ports = json!([
            {"name": "dns", "port": port, "protocol": "UDP"},
            {"name": "dns-tcp", "port": port, "protocol": "TCP"},
        ]);
        all.push(on_host(plan, "kube-dns", ports));
    }
    all
}

fn metrics(plan: &Plan) -> Vec<Value> {
    let port = if plan.on_host { METRICS_ON_HOST } else { 10_250 };
    let spec = json!({"ports": [{"name": "https", "port": 443, "targetPort": port}]});
    let mut all = vec![service("kube-system", "metrics-server", Value::Null, spec)];
    if plan.on_host {
        let ports = json!([{"name": "https", "port": port, "protocol": "TCP"}]);
        all.push(on_host(plan, "metrics-server", ports));
    }
    all
}

fn service(namespace: &str, name: &str, labels: Value, spec: Value) -> Value {
    let metadata = json!({"name": name, "namespace": namespace, "labels": labels});
    json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
}

fn slice(namespace: &str, name: &str, service: &str, endpoints: Value, ports: Value) -> Value {
    let labels = json!({"kubernetes.io/service-name": service});
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "endpoints": endpoints, "ports": ports,
    })
}

/// Whoever starts a program on the machine says where it is.
fn on_host(plan: &Plan, service: &str, ports: Value) -> Value {
    slice("kube-system", &format!("{service}-host"), service, json!([{"addresses": [plan.api_address]}]), ports)
}
