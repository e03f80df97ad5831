//! describe service.

use serde_json::Value;

use super::endpoints::{addresses, slices_of};
use super::{annotations, head, labels, strings, text, the_pairs};
use crate::kubectl::env::Env;
use crate::kubectl::failure::Failure;
use crate::kubectl::resources::Found;

pub fn page(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    let s = &*f.object;
    let spec = &s["spec"];
    let mut out = head(f);
    out.push_str(&labels("Labels", &s["metadata"]["labels"]));
    out.push_str(&annotations("Annotations", &s["metadata"]["annotations"]));
    out.push_str(&format!("Selector:\t{}\n", the_pairs(&spec["selector"])));
    out.push_str(&format!("Type:\t{}\n", text(&spec["type"])));
    if let Some(p) = spec["ipFamilyPolicy"].as_str() {
        out.push_str(&format!("IP Family Policy:\t{p}\n"));
    }
    let join = |v: &Value| match strings(v).as_slice() {
        [] => "<none>".to_string(),
        all => all.join(","),
    };
    out.push_str(&format!("IP Families:\t{}\n", join(&spec["ipFamilies"])));
    out.push_str(&format!("IP:\t{}\nIPs:\t{}\n", text(&spec["clusterIP"]), join(&spec["clusterIPs"])));
    if spec["externalIPs"].as_array().is_some_and(|l| !l.is_empty()) {
        out.push_str(&format!("External IPs:\t{}\n", join(&spec["externalIPs"])));
    }
    for (title, key) in [("Desired LoadBalancer IP", "loadBalancerIP"), ("External Name", "externalName")] {
        if let Some(v) = spec[key].as_str().filter(|v| !v.is_empty()) {
            out.push_str(&format!("{title}:\t{v}\n"));
        }
    }
    let ingress: Vec<String> =
        s["status"]["loadBalancer"]["ingress"].as_array().into_iter().flatten().map(point).collect();
    if !ingress.is_empty() {
        out.push_str(&format!("LoadBalancer Ingress:\t{}\n", ingress.join(", ")));
    }
    let slices = slices_of(&f.namespace, &f.name, env).unwrap_or_default();
    for p in spec["ports"].as_array().into_iter().flatten() {
        let name = p["name"].as_str().filter(|n| !n.is_empty()).unwrap_or("<unset>");
        let protocol = text(&p["protocol"]);
        out.push_str(&format!("Port:\t{name}\t{}/{protocol}\n", p["port"]));
        let target = p["targetPort"].as_str().map_or_else(|| p["targetPort"].to_string(), Into::into);
        out.push_str(&format!("TargetPort:\t{target}/{protocol}\n"));
        if let Some(a) = p["appProtocol"].as_str() {
            out.push_str(&format!("AppProtocol:\t{a}\n"));
        }
        if let Some(n) = p["nodePort"].as_i64().filter(|n| *n != 0) {
            out.push_str(&format!("NodePort:\t{name}\t{n}/{protocol}\n"));
        }
        out.push_str(&format!("Endpoints:\t{}\n", addresses(&slices, text(&p["name"]))));
    }
    out.push_str(&format!("Session Affinity:\t{}\n", text(&spec["sessionAffinity"])));
    for (title, key) in
        [("External Traffic Policy", "externalTrafficPolicy"), ("Internal Traffic Policy", "internalTrafficPolicy")]
    {
        if let Some(p) = spec[key].as_str().filter(|p| !p.is_empty()) {
            out.push_str(&format!("{title}:\t{p}\n"));
        }
    }
    if let Some(n) = spec["healthCheckNodePort"].as_i64().filter(|n| *n != 0) {
        out.push_str(&format!("HealthCheck NodePort:\t{n}\n"));
    }
    if spec["loadBalancerSourceRanges"].as_array().is_some_and(|l| !l.is_empty()) {
        out.push_str(&format!("LoadBalancer Source Ranges:\t{}\n", join(&spec["loadBalancerSourceRanges"])));
    }
    if let Some(d) = spec["trafficDistribution"].as_str() {
        out.push_str(&format!("Traffic Distribution:\t{d}\n"));
    }
    Ok(out)
}

/// Where a load balancer takes traffic.
fn point(p: &Value) -> String {
    match (text(&p["ip"]), p["ipMode"].as_str()) {
        ("", _) => text(&p["hostname"]).into(),
        (ip, Some(mode)) => format!("{ip} ({mode})"),
        (ip, None) => ip.into(),
    }
}
