//! What `kubectl describe` prints, a file for each kind that has its own page.
//! Real Kubernetes: k8s.io/kubectl/pkg/describe/describe.go.

mod autoscaler;
mod container;
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
use super::printers::{escaped, listed};
use super::resources::{Found, collection};
use super::tabwriter::align;
use super::verbs::events::interval;
use crate::api::go_text::plain;
use crate::api::request::Request;
use crate::api::{Resource, Status, Time, kinds};

pub use pod::template;

/// What tells of an object of a kind.
type Page = fn(&Found, &mut Env<'_>) -> Result<String, Failure>;

/// Whether the events of an object follow on its page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Events {
    Seen,
    /// Without them there is no page.
    Needed,
    Unseen,
}
use Events::{Needed, Seen, Unseen};

/// Pages by group and kind; every other kind gets the general one. Real Kubernetes: describerMap.
const PAGES: &[(&str, &str, Page, Events)] = &[
    ("", "Pod", pod::page, Seen),
    ("apps", "Deployment", deployment::page, Seen),
    ("apps", "ReplicaSet", replicaset::page, Seen),
    ("", "ReplicationController", replicaset::of_replication_controller, Seen),
    ("batch", "Job", job::page, Seen),
    ("batch", "CronJob", job::cronjob, Seen),
    ("apps", "DaemonSet", daemonset::page, Seen),
    ("apps", "StatefulSet", statefulset::page, Seen),
    ("autoscaling", "HorizontalPodAutoscaler", autoscaler::page, Seen),
    ("", "Service", service::page, Seen),
    ("", "Endpoints", endpoints::endpoints, Seen),
    ("discovery.k8s.io", "EndpointSlice", endpoints::slice, Seen),
    ("networking.k8s.io", "Ingress", ingress::page, Seen),
    ("networking.k8s.io", "IngressClass", ingress::class, Seen),
    ("networking.k8s.io", "NetworkPolicy", networkpolicy::page, Unseen),
    ("networking.k8s.io", "IPAddress", policy::address, Seen),
    ("networking.k8s.io", "ServiceCIDR", policy::cidr, Seen),
    ("", "PersistentVolume", persistentvolume::page, Seen),
    ("", "PersistentVolumeClaim", persistentvolume::claim_page, Seen),
    ("storage.k8s.io", "StorageClass", storage::class, Seen),
    ("storage.k8s.io", "VolumeAttributesClass", storage::attributes_class, Seen),
    ("storage.k8s.io", "CSINode", storage::csi_node, Seen),
    ("policy", "PodDisruptionBudget", policy::budget, Seen),
    ("scheduling.k8s.io", "PriorityClass", policy::priority, Seen),
    ("certificates.k8s.io", "CertificateSigningRequest", csr::page, Seen),
    ("", "Node", node::page, Seen),
    ("", "Namespace", generic::namespace, Unseen),
    ("", "ConfigMap", generic::configmap, Needed),
    ("", "Secret", generic::secret, Unseen),
    ("", "ServiceAccount", generic::service_account, Seen),
    ("", "ResourceQuota", limits::quota, Unseen),
    ("", "LimitRange", limits::limit_range, Unseen),
    ("rbac.authorization.k8s.io", "Role", rbac::role, Unseen),
    ("rbac.authorization.k8s.io", "ClusterRole", rbac::role, Unseen),
    ("rbac.authorization.k8s.io", "RoleBinding", rbac::binding, Unseen),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", rbac::binding, Unseen),
];

pub fn describe(f: &Found, events: bool, env: &mut Env<'_>) -> Result<String, Failure> {
    let own = PAGES.iter().find(|(group, kind, ..)| *group == f.kind.group() && *kind == f.kind.name());
    let (page, shown) = own.map_or((generic::page as Page, Seen), |(.., page, shown)| (*page, *shown));
    let mut text = page(f, env)?;
    if events && shown != Unseen {
        match events_of(f, env) {
            Ok(items) => text.push_str(&event_table(items, env.now())),
            Err(s) if shown == Needed => return Err(Failure::status(&s)),
            // Whoever may not read them sees none.
            Err(_) => text.push_str(NO_EVENTS),
        }
    }
    Ok(align(&escaped(&text), 0, 2))
}

const NO_EVENTS: &str = "Events:\t<none>\n";

/// The events of an object.
fn events_of(f: &Found, env: &mut Env<'_>) -> Result<Vec<Value>, Status> {
    let uid = f.object["metadata"]["uid"].as_str().unwrap_or("");
    let mut items = events_with(f, uid, env)?;
    // A kubelet takes its node's name for its UID.
    if f.kind == kinds::Node::kind_ref() {
        items.extend(events_with(f, &f.name, env).unwrap_or_default());
    }
    Ok(items)
}

fn events_with(f: &Found, uid: &str, env: &mut Env<'_>) -> Result<Vec<Value>, Status> {
    let mut selector = format!("involvedObject.kind={},involvedObject.name={}", f.kind.name(), f.name);
    for (field, value) in [("namespace", f.namespace.as_str()), ("uid", uid)] {
        if !value.is_empty() {
            selector.push_str(&format!(",involvedObject.{field}={value}"));
        }
    }
    let path = collection(kinds::Event::kind_ref(), &f.namespace);
    let list = env.try_call(&Request::get(path).query("fieldSelector", selector))?;
    Ok(list["items"].as_array().cloned().unwrap_or_default())
}

fn event_table(mut items: Vec<Value>, now: Time) -> String {
    if items.is_empty() {
        return NO_EVENTS.into();
    }
    // kubectl sorts by `lastTimestamp` alone, which the scheduler's events do not have: they stand first.
    items.sort_by_key(|e| e["lastTimestamp"].as_str().and_then(Time::parse).unwrap_or_default());
    let mut out = String::from("Events:\n  Type\tReason\tAge\tFrom\tMessage\n  ----\t------\t----\t----\t-------\n");
    for e in &items {
        let from = match text(&e["source"]["component"]) {
            "" => text(&e["reportingComponent"]),
            component => component,
        };
        // What happens in a container says in which one.
        let message = match text(&e["involvedObject"]["fieldPath"]) {
            "" => text(&e["message"]).trim().to_string(),
            path => format!("{path}: {}", text(&e["message"]).trim()),
        };
        let (kind, reason) = (text(&e["type"]), text(&e["reason"]));
        out.push_str(&format!("  {kind}\t{reason}\t{}\t{from}\t{message}\n", interval(e, now)));
    }
    out
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
    listed(&pairs, ",")
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

/// What an object's pods are doing: those that it manages and its selector chooses.
fn pods_status(f: &Found, selector: String, env: &mut Env<'_>) -> Result<String, Status> {
    let pods = collection(kinds::Pod::kind_ref(), &f.namespace);
    let list = env.try_call(&Request::get(pods).query("labelSelector", selector))?;
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

/// Conditions without when they changed, if there are any.
fn short_conditions(v: &Value) -> String {
    let list = v.as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |c: &Value| format!("  {} \t{}\t{}\n", text(&c["type"]), text(&c["status"]), text(&c["reason"]));
    let head = if list.is_empty() { "" } else { "Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------\n" };
    head.to_string() + &list.iter().map(row).collect::<String>()
}

fn head(f: &Found) -> String {
    format!("Name:\t{}\nNamespace:\t{}\n", f.name, f.namespace)
}

/// `ReplicaSet/web-1` of whoever manages the object.
fn controlled_by(v: &Value) -> Option<String> {
    let owner = v["metadata"]["ownerReferences"].as_array()?.iter().find(|r| r["controller"] == true)?;
    Some(format!("{}/{}", text(&owner["kind"]), text(&owner["name"])))
}
