//! What `kubectl describe` prints, a file for each kind that has its own page.
//! Real Kubernetes: k8s.io/kubectl/pkg/describe/describe.go.

mod autoscaler;
mod csr;
mod daemonset;
mod deployment;
mod endpoints;
mod generic;
mod ingress;
mod job;
mod limits;
mod networkpolicy;
mod node;
mod persistentvolume;
mod pod;
mod policy;
mod rbac;
mod replicaset;
mod service;
mod statefulset;
mod storage;
mod volumes;

use serde_json::Value;

use super::env::Env;
use super::failure::Failure;
use super::printers::escaped;
use super::resources::{Found, collection};
use super::tabwriter::align;
use super::verbs::events::interval;
use crate::api::go_text::plain;
use crate::api::request::Request;
use crate::api::{Resource, Time, kinds};

pub use pod::template;

/// Pages by kind; every other kind gets the general one.
type Page = fn(&Found, &mut Env<'_>) -> Result<String, Failure>;
const PAGES: &[(&str, Page)] = &[
    ("Pod", pod::page),
    ("Deployment", deployment::page),
    ("ReplicaSet", replicaset::page),
    ("ReplicationController", replicaset::of_replication_controller),
    ("Job", job::page),
    ("CronJob", job::cronjob),
    ("DaemonSet", daemonset::page),
    ("StatefulSet", statefulset::page),
    ("HorizontalPodAutoscaler", autoscaler::page),
    ("Service", service::page),
    ("Endpoints", endpoints::endpoints),
    ("EndpointSlice", endpoints::slice),
    ("Ingress", ingress::page),
    ("IngressClass", ingress::class),
    ("NetworkPolicy", networkpolicy::page),
    ("IPAddress", policy::address),
    ("ServiceCIDR", policy::cidr),
    ("PersistentVolume", persistentvolume::page),
    ("PersistentVolumeClaim", persistentvolume::claim_page),
    ("StorageClass", storage::class),
    ("VolumeAttributesClass", storage::attributes_class),
    ("CSINode", storage::csi_node),
    ("PodDisruptionBudget", policy::budget),
    ("PriorityClass", policy::priority),
    ("CertificateSigningRequest", csr::page),
    ("Node", node::page),
    ("Namespace", generic::namespace),
    ("ConfigMap", generic::configmap),
    ("Secret", generic::secret),
    ("ServiceAccount", generic::service_account),
    ("ResourceQuota", limits::quota),
    ("LimitRange", limits::limit_range),
    ("Role", rbac::role),
    ("ClusterRole", rbac::role),
    ("RoleBinding", rbac::binding),
    ("ClusterRoleBinding", rbac::binding),
];

/// Kinds whose pages tell no events.
const WITHOUT_EVENTS: &[&str] = &[
    "Namespace",
    "Secret",
    "ResourceQuota",
    "LimitRange",
    "NetworkPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
];

pub fn describe(f: &Found, events: bool, env: &mut Env<'_>) -> Result<String, Failure> {
    let page = PAGES.iter().find(|(k, _)| *k == f.kind.name()).map_or(generic::page as Page, |(_, p)| *p);
    let mut text = page(f, env)?;
    if events && !WITHOUT_EVENTS.contains(&f.kind.name()) {
        text.push_str(&events_of(f, env)?);
    }
    Ok(align(&escaped(&text), 0, 2))
}

/// The events of an object.
fn events_of(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    let ns = if f.namespace.is_empty() { "" } else { &f.namespace };
    let mut selector = format!("involvedObject.kind={},involvedObject.name={}", f.kind.name(), f.name);
    if !f.namespace.is_empty() {
        selector.push_str(&format!(",involvedObject.namespace={}", f.namespace));
    }
    if let Some(uid) = f.object["metadata"]["uid"].as_str() {
        selector.push_str(&format!(",involvedObject.uid={uid}"));
    }
    let list = env.call(&Request::get(collection(kinds::Event::kind_ref(), ns)).query("fieldSelector", selector))?;
    let mut items: Vec<Value> = list["items"].as_array().cloned().unwrap_or_default();
    if items.is_empty() {
        return Ok("Events:\t<none>\n".into());
    }
    // kubectl sorts by `lastTimestamp` alone, which the scheduler's events do not have: they stand first.
    items.sort_by_key(|e| e["lastTimestamp"].as_str().and_then(Time::parse).unwrap_or_default());
    let mut out = String::from("Events:\n  Type\tReason\tAge\tFrom\tMessage\n  ----\t------\t----\t----\t-------\n");
    let now = env.now();
    for e in &items {
        let s = |v: &Value| v.as_str().unwrap_or("").to_string();
        let component = s(&e["source"]["component"]);
        let from = if component.is_empty() { s(&e["reportingComponent"]) } else { component };
        // What happens in a container says in which one.
        let path = s(&e["involvedObject"]["fieldPath"]);
        let message = s(&e["message"]);
        let message = if path.is_empty() { message } else { format!("{path}: {message}") };
        out.push_str(&format!(
            "  {}\t{}\t{}\t{from}\t{}\n",
            s(&e["type"]),
            s(&e["reason"]),
            interval(e, now),
            message.trim()
        ));
    }
    Ok(out)
}

/// A text field, or nothing.
fn text(v: &Value) -> &str {
    v.as_str().unwrap_or("")
}

fn date(v: &Value) -> String {
    v.as_str().and_then(Time::parse).map(Time::rfc1123z).unwrap_or_default()
}

/// `Labels:` with one pair a line.
fn labels(title: &str, v: &Value) -> String {
    let pairs: Vec<String> = v.as_object().into_iter().flatten().map(|(k, v)| format!("{k}={}", text(v))).collect();
    if pairs.is_empty() { format!("{title}:\t<none>\n") } else { format!("{title}:\t{}\n", pairs.join("\n\t")) }
}

/// Longer notes stand on lines of their own, cut.
const NOTE_SHOWN: usize = 140;

/// `Annotations:`, without those that kubectl keeps for itself.
fn annotations(title: &str, v: &Value) -> String {
    let shown: Vec<String> = v
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(k, _)| *k != super::verbs::apply::LAST_APPLIED)
        .map(|(k, v)| {
            let value = text(v).strip_suffix('\n').unwrap_or_else(|| text(v));
            if value.contains('\n') || value.len() + k.len() + 2 > NOTE_SHOWN {
                let short = |line: &str| match line.char_indices().map(|(at, _)| at).find(|at| *at >= NOTE_SHOWN - 2) {
                    Some(at) if line.len() > NOTE_SHOWN - 2 => format!("\t  {}...", &line[..at]),
                    _ => format!("\t  {line}"),
                };
                let lines: Vec<String> = value.split('\n').map(short).collect();
                format!("{k}:\n{}", lines.join("\n"))
            } else {
                format!("{k}: {value}")
            }
        })
        .collect();
    if shown.is_empty() { format!("{title}:\t<none>\n") } else { format!("{title}:\t{}\n", shown.join("\n\t")) }
}

/// `a=1,b=2`, or that there are none.
fn the_pairs(v: &Value) -> String {
    let pairs: Vec<String> = v.as_object().into_iter().flatten().map(|(k, v)| format!("{k}={}", text(v))).collect();
    if pairs.is_empty() { "<none>".into() } else { pairs.join(",") }
}

/// The texts of a list.
fn strings(v: &Value) -> Vec<&str> {
    v.as_array().into_iter().flatten().map(text).collect()
}

/// `[a b]`, as Go prints a list, be there one or not.
fn go_list(v: &Value) -> String {
    if v.is_null() { "[]".into() } else { plain(v) }
}

/// Conditions with when they changed, if there are any.
fn conditions(v: &Value) -> String {
    let list = v.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return String::new();
    }
    let mut out = String::from("Conditions:\n  Type\tStatus\tLastTransitionTime\tReason\tMessage\n");
    out.push_str("  ----\t------\t------------------\t------\t-------\n");
    for c in list {
        let (kind, status, at) = (text(&c["type"]), text(&c["status"]), date(&c["lastTransitionTime"]));
        out.push_str(&format!("  {kind}\t{status}\t{at}\t{}\t{}\n", text(&c["reason"]), text(&c["message"])));
    }
    out
}

/// `app=web,tier in (a,b)` of a label selector.
fn selector(v: &Value) -> String {
    let s: k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector =
        serde_json::from_value(v.clone()).unwrap_or_default();
    match crate::api::selector::Selector::of(&s).to_string() {
        s if s.is_empty() => "<none>".into(),
        s => s,
    }
}

/// `Pods Status:` of the pods that an object manages and its selector chooses.
fn pods_status(f: &Found, selector: String, env: &mut Env<'_>) -> Result<String, Failure> {
    let pods = collection(kinds::Pod::kind_ref(), &f.namespace);
    let list = env.call(&Request::get(pods).query("labelSelector", selector))?;
    let uid = &f.object["metadata"]["uid"];
    let manages = |r: &Value| r["controller"] == true && r["uid"] == *uid;
    let owned = |p: &&Value| p["metadata"]["ownerReferences"].as_array().into_iter().flatten().any(manages);
    let pods: Vec<&Value> = list["items"].as_array().into_iter().flatten().filter(owned).collect();
    let count = |phase: &str| pods.iter().filter(|p| p["status"]["phase"] == phase).count();
    Ok(format!(
        "Pods Status:\t{} Running / {} Waiting / {} Succeeded / {} Failed\n",
        count("Running"),
        count("Pending"),
        count("Succeeded"),
        count("Failed")
    ))
}

fn head(f: &Found) -> String {
    format!("Name:\t{}\nNamespace:\t{}\n", f.name, f.namespace)
}

/// `ReplicaSet/web-1` of whoever manages the object.
fn controlled_by(v: &Value) -> Option<String> {
    let owner = v["metadata"]["ownerReferences"].as_array()?.iter().find(|r| r["controller"] == true)?;
    Some(format!("{}/{}", text(&owner["kind"]), text(&owner["name"])))
}
