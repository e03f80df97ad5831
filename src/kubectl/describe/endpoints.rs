//! describe endpoints, describe endpointslice, and the addresses on the pages of Services and Ingresses.
//! Real Kubernetes: k8s.io/kubectl/pkg/describe/describe.go describeEndpoints, describeEndpointSliceV1, formatEndpointSlices.

use serde_json::Value;

use super::{annotations, head, labels, listed, strings, text};
use crate::api::request::Request;
use crate::api::{Resource, Status, kinds};
use crate::kubectl::resources::{Found, collection};
use crate::kubectl::{Env, Failure};

pub fn endpoints(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let mut out = top(f) + "Subsets:\n";
    f.object["subsets"].as_array().into_iter().flatten().for_each(|s| out.push_str(&subset(s)));
    Ok(out)
}

fn top(f: &Found) -> String {
    let meta = &f.object["metadata"];
    head(f) + &labels("Labels", &meta["labels"]) + &annotations("Annotations", &meta["annotations"])
}

fn subset(s: &Value) -> String {
    let mut out = String::new();
    for (title, key) in [("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")] {
        let ips: Vec<&str> = s[key].as_array().into_iter().flatten().map(|a| text(&a["ip"])).collect();
        out.push_str(&format!("  {title}:\t{}\n", listed(&ips, ",")));
    }
    if let Some(ports) = s["ports"].as_array().filter(|p| !p.is_empty()) {
        out.push_str("  Ports:\n    Name\tPort\tProtocol\n    ----\t----\t--------\n");
        for p in ports {
            out.push_str(&format!("    {}\t{}\t{}\n", or_unset(text(&p["name"])), p["port"], text(&p["protocol"])));
        }
    }
    out + "\n"
}

fn or_unset(text: &str) -> &str {
    if text.is_empty() { "<unset>" } else { text }
}

pub fn slice(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    Ok(format!("{}AddressType:\t{}\n", top(f), text(&f.object["addressType"])) + &slice_body(&f.object))
}

fn slice_body(slice: &Value) -> String {
    let list = |key: &str| slice[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut out = String::from(match list("ports") {
        [] => "Ports: <unset>\n",
        _ => "Ports:\n  Name\tPort\tProtocol\n  ----\t----\t--------\n",
    });
    for p in list("ports") {
        let port = p["port"].as_i64().map_or_else(|| "<unset>".into(), |n| n.to_string());
        out.push_str(&format!("  {}\t{port}\t{}\n", or_unset(text(&p["name"])), text(&p["protocol"])));
    }
    out.push_str(if list("endpoints").is_empty() { "Endpoints: <none>\n" } else { "Endpoints:\n" });
    list("endpoints").iter().for_each(|e| out.push_str(&endpoint(e)));
    out
}

fn endpoint(e: &Value) -> String {
    let addresses = strings(&e["addresses"]);
    let addresses = listed(&addresses, ", ");
    let ready = e["conditions"]["ready"].as_bool().map_or_else(|| "<unset>".into(), |b| b.to_string());
    let unset = |key: &str| e[key].as_str().unwrap_or("<unset>").to_string();
    let mut out = format!("  - Addresses:\t{addresses}\n    Conditions:\n      Ready:\t{ready}\n");
    out.push_str(&format!("    Hostname:\t{}\n", unset("hostname")));
    let target = &e["targetRef"];
    if target.is_object() {
        out.push_str(&format!("    TargetRef:\t{}/{}\n", text(&target["kind"]), text(&target["name"])));
    }
    out + &format!("    NodeName:\t{}\n    Zone:\t{}\n", unset("nodeName"), unset("zone"))
}

/// The slices of a Service.
pub fn slices_of(namespace: &str, service: &str, env: &mut Env<'_>) -> Result<Vec<Value>, Status> {
    let slices = collection(kinds::EndpointSlice::kind_ref(), namespace);
    let list =
        env.try_call(&Request::get(slices).query("labelSelector", format!("kubernetes.io/service-name={service}")))?;
    Ok(list["items"].as_array().cloned().unwrap_or_default())
}

/// How many addresses are named.
const SHOWN: usize = 3;

/// The first addresses that take traffic for a port of that name; `<none>` if there is not even a slice.
pub fn addresses(slices: &[Value], port: &str) -> String {
    if slices.is_empty() {
        return "<none>".into();
    }
    let mut all: Vec<String> = vec![];
    for s in slices {
        let list = |key: &str| s[key].as_array().map(Vec::as_slice).unwrap_or_default();
        let ready = list("endpoints").iter().filter(|e| e["conditions"]["ready"] != false);
        let ready: Vec<&str> = ready.map(|e| text(&e["addresses"][0])).collect();
        if list("ports").is_empty() {
            all.extend(ready.iter().map(|a| a.to_string()));
        }
        for p in list("ports").iter().filter(|p| text(&p["name"]) == port) {
            all.extend(ready.iter().map(|a| joined(a, &p["port"])));
        }
    }
    let shown = all[..all.len().min(SHOWN)].join(",");
    match all.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} + {more} more..."),
    }
}

/// An address of IPv6 stands in brackets.
fn joined(address: &str, port: &Value) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_three_addresses_are_named() {
        let one = |a: &str, ready: bool| json!({"addresses": [a], "conditions": {"ready": ready}});
        let slice = |n: usize| {
            let endpoints: Vec<Value> = (0..n).map(|i| one(&format!("10.0.0.{i}"), i != 1)).collect();
            json!({"ports": [{"name": "", "port": 80}, {"name": "other", "port": 81}], "endpoints": endpoints})
        };
        assert_eq!(addresses(&[], ""), "<none>");
        assert_eq!(addresses(&[slice(0)], ""), "");
        assert_eq!(addresses(&[slice(3)], "other"), "10.0.0.0:81,10.0.0.2:81");
        assert_eq!(addresses(&[slice(6)], ""), "10.0.0.0:80,10.0.0.2:80,10.0.0.3:80 + 2 more...");
        assert_eq!(
            addresses(&[json!({"ports": [{"name": "", "port": 80}], "endpoints": [one("fd00::1", true)]})], ""),
            "[fd00::1]:80"
        );
        assert_eq!(addresses(&[json!({"ports": [], "endpoints": [one("10.0.0.9", true)]})], ""), "10.0.0.9");
    }

    #[test]
    fn an_empty_slice_has_neither_ports_nor_endpoints() {
        assert_eq!(slice_body(&json!({"ports": null, "endpoints": null})), "Ports: <unset>\nEndpoints: <none>\n");
        let e = json!({"addresses": ["10.0.0.1"], "conditions": {}, "targetRef": {"kind": "Pod", "name": "p"}, "nodeName": "n"});
        assert_eq!(
            endpoint(&e),
            "  - Addresses:\t10.0.0.1\n    Conditions:\n      Ready:\t<unset>\n    Hostname:\t<unset>\n    TargetRef:\tPod/p\n    \
             NodeName:\tn\n    Zone:\t<unset>\n"
        );
    }

    #[test]
    fn a_subset_tells_who_is_not_ready() {
        let s = json!({"notReadyAddresses": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}], "ports": [{"port": 80, "protocol": "TCP"}]});
        assert_eq!(
            subset(&s),
            "  Addresses:\t<none>\n  NotReadyAddresses:\t10.0.0.1,10.0.0.2\n  Ports:\n    Name\tPort\tProtocol\n    ----\t----\t--------\n    \
             <unset>\t80\tTCP\n\n"
        );
    }
}
