//! describe service.

use serde_json::Value;

use super::{annotations, head, labels, text};
use crate::api::request::Request;
use crate::api::{Resource, kinds};
use crate::kubectl::env::Env;
use crate::kubectl::failure::Failure;
use crate::kubectl::resources::{Found, collection};

pub fn page(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    let s = &*f.object;
    let spec = &s["spec"];
    let mut out = head(f);
    out.push_str(&labels("Labels", &s["metadata"]["labels"]));
    out.push_str(&annotations("Annotations", &s["metadata"]["annotations"]));
    let pairs: Vec<String> =
        spec["selector"].as_object().into_iter().flatten().map(|(k, v)| format!("{k}={}", text(v))).collect();
    out.push_str(&format!("Selector:\t{}\n", if pairs.is_empty() { "<none>".to_string() } else { pairs.join(",") }));
    out.push_str(&format!("Type:\t{}\n", text(&spec["type"])));
    if let Some(p) = spec["ipFamilyPolicy"].as_str() {
        out.push_str(&format!("IP Family Policy:\t{p}\n"));
    }
    let join = |v: &Value| -> String {
        let l: Vec<&str> = v.as_array().into_iter().flatten().map(text).collect();
        if l.is_empty() { "<none>".into() } else { l.join(",") }
    };
    if spec["ipFamilies"].is_array() {
        out.push_str(&format!("IP Families:\t{}\n", join(&spec["ipFamilies"])));
    }
    out.push_str(&format!("IP:\t{}\nIPs:\t{}\n", text(&spec["clusterIP"]), join(&spec["clusterIPs"])));
    if spec["externalIPs"].is_array() {
        out.push_str(&format!("External IPs:\t{}\n", join(&spec["externalIPs"])));
    }
    if let Some(n) = spec["externalName"].as_str().filter(|n| !n.is_empty()) {
        out.push_str(&format!("External Name:\t{n}\n"));
    }
    let ingress: Vec<String> = s["status"]["loadBalancer"]["ingress"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|i| text(&i["ip"]).to_string())
        .collect();
    if !ingress.is_empty() {
        out.push_str(&format!("LoadBalancer Ingress:\t{}\n", ingress.join(", ")));
    }
    let list = env.call(
        &Request::get(collection(kinds::EndpointSlice::kind_ref(), &f.namespace))
            .query("labelSelector", format!("kubernetes.io/service-name={}", f.name)),
    )?;
    let slices: Vec<&Value> = list["items"].as_array().into_iter().flatten().collect();
    for p in spec["ports"].as_array().into_iter().flatten() {
        let name = p["name"].as_str().filter(|n| !n.is_empty()).unwrap_or("<unset>");
        let protocol = text(&p["protocol"]);
        out.push_str(&format!("Port:\t{name}\t{}/{protocol}\n", p["port"]));
        let target = p["targetPort"].as_str().map_or_else(|| p["targetPort"].to_string(), Into::into);
        out.push_str(&format!("TargetPort:\t{target}/{protocol}\n"));
        if let Some(n) = p["nodePort"].as_i64().filter(|n| *n != 0) {
            out.push_str(&format!("NodePort:\t{name}\t{n}/{protocol}\n"));
        }
        out.push_str(&format!("Endpoints:\t{}\n", endpoints(&slices, p)));
    }
    out.push_str(&format!("Session Affinity:\t{}\n", text(&spec["sessionAffinity"])));
    for (title, key) in
        [("External Traffic Policy", "externalTrafficPolicy"), ("Internal Traffic Policy", "internalTrafficPolicy")]
    {
        if let Some(p) = spec[key].as_str().filter(|p| !p.is_empty()) {
            out.push_str(&format!("{title}:\t{p}\n"));
        }
    }
    Ok(out)
}

/// Up to three addresses that take traffic; `<none>` if there is not even a slice.
fn endpoints(slices: &[&Value], port: &Value) -> String {
    if slices.is_empty() {
        return "<none>".into();
    }
    let name = text(&port["name"]);
    let mut all = vec![];
    for s in slices {
        let numbers: Vec<i64> = s["ports"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|p| text(&p["name"]) == name)
            .filter_map(|p| p["port"].as_i64())
            .collect();
        for e in s["endpoints"].as_array().into_iter().flatten().filter(|e| e["conditions"]["ready"] != false) {
            for a in e["addresses"].as_array().into_iter().flatten() {
                all.extend(numbers.iter().map(|n| format!("{}:{n}", text(a))));
            }
        }
    }
    let shown: Vec<String> = all.iter().take(3).cloned().collect();
    let more = all.len().saturating_sub(3);
    if more > 0 { format!("{} + {more} more...", shown.join(",")) } else { shown.join(",") }
}
