//! describe ingress, describe ingressclass.
//! Real Kubernetes: k8s.io/kubectl/pkg/describe/describe.go describeIngressV1, describeIngressClassV1.

use std::collections::BTreeSet;

use serde_json::Value;

use super::endpoints::{addresses, slices_of};
use super::{annotations, labels, strings, text};
use crate::api::request::Request;
use crate::api::{Resource, Status, kinds};
use crate::kubectl::resources::{Found, object};
use crate::kubectl::{Env, Failure};

pub fn page(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    Ok(rules(f, &mut |backend| reached(&f.namespace, backend, env)))
}

/// The page; `reached` looks where a backend leads.
fn rules(f: &Found, reached: &mut dyn FnMut(&Value) -> String) -> String {
    let (meta, spec) = (&f.object["metadata"], &f.object["spec"]);
    let mut out = format!("Name:\t{}\n{}Namespace:\t{}\n", f.name, labels("Labels", &meta["labels"]), f.namespace);
    out.push_str(&format!("Address:\t{}\n", address(&f.object["status"]["loadBalancer"]["ingress"])));
    out.push_str(&format!("Ingress Class:\t{}\n", spec["ingressClassName"].as_str().unwrap_or("<none>")));
    let default = &spec["defaultBackend"];
    let default = if default.is_object() { reached(default) } else { "<default>".into() };
    out.push_str(&format!("Default backend:\t{default}\n"));
    if let Some(list) = spec["tls"].as_array().filter(|l| !l.is_empty()) {
        out.push_str("TLS:\n");
        for t in list {
            let hosts = strings(&t["hosts"]).join(",");
            out.push_str(&match text(&t["secretName"]) {
                "" => format!("  SNI routes {hosts}\n"),
                secret => format!("  {secret} terminates {hosts}\n"),
            });
        }
    }
    out.push_str("Rules:\n  Host\tPath\tBackends\n  ----\t----\t--------\n");
    let with_paths: Vec<&Value> =
        spec["rules"].as_array().into_iter().flatten().filter(|r| r["http"].is_object()).collect();
    for r in &with_paths {
        let host = text(&r["host"]);
        out.push_str(&format!("  {}\t\n", if host.is_empty() { "*" } else { host }));
        for p in r["http"]["paths"].as_array().into_iter().flatten() {
            out.push_str(&format!("    \t{} \t{}\n", text(&p["path"]), reached(&p["backend"])));
        }
    }
    if with_paths.is_empty() {
        out.push_str(&format!("  *\t*\t{default}\n"));
    }
    out + &annotations("Annotations", &meta["annotations"])
}

fn address(points: &Value) -> String {
    let one = |p: &Value| [text(&p["ip"]), text(&p["hostname"])].into_iter().find(|t| !t.is_empty()).map(String::from);
    let all: BTreeSet<String> = points.as_array().into_iter().flatten().filter_map(one).collect();
    all.into_iter().collect::<Vec<_>>().join(",")
}

/// `web:80 (10.244.0.5:80)`, or what stands in the way.
fn reached(namespace: &str, backend: &Value, env: &mut Env<'_>) -> String {
    let service = &backend["service"];
    if service.is_object() {
        let found = behind(namespace, service, env);
        let shown = found.unwrap_or_else(|s| format!("<error: {}>", s.message));
        return format!("{}:{} ({shown})", text(&service["name"]), port(service));
    }
    let resource = &backend["resource"];
    if !resource.is_object() {
        return String::new();
    }
    let group = resource["apiGroup"].as_str().unwrap_or("<none>");
    format!("APIGroup: {group}, Kind: {}, Name: {}", text(&resource["kind"]), text(&resource["name"]))
}

fn port(service: &Value) -> String {
    match service["port"]["number"].as_i64() {
        Some(n) if n != 0 => n.to_string(),
        _ => text(&service["port"]["name"]).into(),
    }
}

fn behind(namespace: &str, backend: &Value, env: &mut Env<'_>) -> Result<String, Status> {
    let name = text(&backend["name"]);
    let slices = slices_of(namespace, name, env)?;
    let service = env.try_call(&Request::get(object(kinds::Service::kind_ref(), namespace, name)))?;
    let wanted = &backend["port"];
    let is_meant = |p: &&Value| match wanted["number"].as_i64() {
        Some(n) if n != 0 && p["port"] == n => true,
        _ => !text(&wanted["name"]).is_empty() && p["name"] == wanted["name"],
    };
    let mut ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let port = ports.rfind(is_meant).map_or("", |p| text(&p["name"]));
    Ok(addresses(&slices, port))
}

pub fn class(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let (meta, spec) = (&f.object["metadata"], &f.object["spec"]);
    let mut out = format!("Name:\t{}\n", f.name);
    out.push_str(&labels("Labels", &meta["labels"]));
    out.push_str(&annotations("Annotations", &meta["annotations"]));
    out.push_str(&format!("Controller:\t{}\n", text(&spec["controller"])));
    let p = &spec["parameters"];
    if p.is_object() {
        out.push_str("Parameters:\n");
        if let Some(group) = p["apiGroup"].as_str() {
            out.push_str(&format!("  APIGroup:\t{group}\n"));
        }
        out.push_str(&format!("  Kind:\t{}\n  Name:\t{}\n", text(&p["kind"]), text(&p["name"])));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    #[test]
    fn certificates_hosts_and_paths_are_told() {
        let i = json!({"metadata": {"name": "web", "namespace": "ns"}, "spec": {
            "tls": [{"hosts": ["a.example", "b.example"], "secretName": "cert"}, {"hosts": ["c.example"]}],
            "rules": [{"host": "a.example", "http": {"paths": [{"path": "/x", "backend": {}}]}}, {"host": "b.example"},
                      {"http": {"paths": [{"path": "/", "backend": {}}]}}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "2.2.2.2"}, {"hostname": "lb"}, {"ip": "1.1.1.1"}]}}});
        let f = Found::of(kinds::Ingress::kind_ref(), Arc::new(i));
        assert_eq!(
            rules(&f, &mut |_| "web:80 ()".into()),
            "Name:\tweb\nLabels:\t<none>\nNamespace:\tns\nAddress:\t1.1.1.1,2.2.2.2,lb\nIngress Class:\t<none>\nDefault backend:\t<default>\n\
             TLS:\n  cert terminates a.example,b.example\n  SNI routes c.example\nRules:\n  Host\tPath\tBackends\n  ----\t----\t--------\n  \
             a.example\t\n    \t/x \tweb:80 ()\n  *\t\n    \t/ \tweb:80 ()\nAnnotations:\t<none>\n"
        );
    }
}
