//! What an object uses up of a namespace's quota, and which quotas count it.
//!
//! Both the API server, which refuses what is too much, and the controller, which counts afresh, ask here.
//! Real Kubernetes: pkg/quota/v1/evaluator/core, apiserver/pkg/quota/v1/generic.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{PodSpec, ResourceQuotaSpec, ScopedResourceSelectorRequirement};

use super::kind::Subresource;
use super::kinds::{PersistentVolumeClaim, Pod, ResourceClaim, Service};
use super::object::Object;
use super::quantity::Quantity;
use super::resource_list::{self, ResourceList};
use super::{Time, pods};

/// Kinds that had a name of their own in quotas before every kind could be counted.
const OLD_NAMES: [&str; 6] =
    ["configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services"];
/// A pod under a quota of these must say how much it wants.
const MUST_BE_SAID: [&str; 6] = ["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];

fn one() -> Quantity {
    Quantity::from_units(1)
}

fn count(n: usize) -> Quantity {
    Quantity::from_units(i64::try_from(n).unwrap_or(i64::MAX))
}

/// What an object uses, under every name that a quota may have for it.
pub fn usage(o: &Object, now: Time) -> ResourceList {
    let mut used = ResourceList::from([(format!("count/{}", o.kind().group_resource()), one())]);
    let plural = o.kind().plural();
    if o.kind().group().is_empty() && OLD_NAMES.contains(&plural) {
        used.insert(plural.into(), one());
    }
    if let Some(p) = o.get::<Pod>() {
        resource_list::add(&mut used, &of_pod(p, now));
    } else if let Some(s) = o.get::<Service>() {
        resource_list::add(&mut used, &of_service(s));
    } else if let Some(c) = o.get::<PersistentVolumeClaim>() {
        resource_list::add(&mut used, &of_claim(c));
    } else if let Some(c) = o.get::<ResourceClaim>() {
        resource_list::add(&mut used, &of_devices(c));
    }
    used
}

/// A pod that has ended, or should have, uses nothing but its place.
fn of_pod(p: &Pod, now: Time) -> ResourceList {
    let grace = p.metadata.deletion_grace_period_seconds.unwrap_or(0);
    let overdue = p.metadata.deletion_timestamp.as_ref().is_some_and(|t| {
        let end = Time::from_meta(t) + super::Duration::from_secs(u64::try_from(grace).unwrap_or(0));
        now > end
    });
    match &p.spec {
        Some(spec) if !pods::is_terminal(p) && !overdue => {
            named(&resource_list::pod_requests(spec), &resource_list::pod_limits(spec))
        }
        _ => ResourceList::new(),
    }
}

/// Requests and limits under the names that quotas have for them, and the pod itself.
fn named(requests: &ResourceList, limits: &ResourceList) -> ResourceList {
    let mut out = ResourceList::from([("pods".to_string(), one())]);
    for (name, q) in requests {
        let native = matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
        if native {
            out.insert(name.clone(), *q);
        }
        out.insert(format!("requests.{name}"), *q);
    }
    for (name, q) in limits.iter().filter(|(n, _)| matches!(n.as_str(), "cpu" | "memory" | "ephemeral-storage")) {
        out.insert(format!("limits.{name}"), *q);
    }
    out
}

fn of_service(s: &Service) -> ResourceList {
    let Some(spec) = &s.spec else { return ResourceList::new() };
    let ports = spec.ports.as_ref().map_or(0, Vec::len);
    let (balancers, node_ports) = match spec.type_.as_deref() {
        Some("NodePort") => (0, ports),
        Some("LoadBalancer") if spec.allocate_load_balancer_node_ports == Some(false) => {
            let given = spec.ports.iter().flatten().filter(|p| p.node_port.is_some_and(|n| n != 0)).count();
            (1, given)
        }
        Some("LoadBalancer") => (1, ports),
        _ => (0, 0),
    };
    ResourceList::from([
        ("services.loadbalancers".into(), count(balancers)),
        ("services.nodeports".into(), count(node_ports)),
    ])
}

fn of_claim(c: &PersistentVolumeClaim) -> ResourceList {
    let spec = c.spec.as_ref();
    let class = spec.and_then(|s| s.storage_class_name.as_deref()).filter(|n| !n.is_empty());
    let mut out = ResourceList::new();
    if let Some(class) = class {
        out.insert(format!("{class}.storageclass.storage.k8s.io/persistentvolumeclaims"), one());
    }
    let requests = spec.and_then(|s| s.resources.as_ref()).and_then(|r| r.requests.as_ref());
    if let Some(size) = resource_list::read(requests).get("storage") {
        // What a resize has got already counts even if less is asked for now.
        let has = resource_list::read(c.status.as_ref().and_then(|s| s.allocated_resources.as_ref()));
        let size = has.get("storage").copied().filter(|h| h > size).unwrap_or(*size);
        out.insert("requests.storage".into(), size);
        if let Some(class) = class {
            out.insert(format!("{class}.storageclass.storage.k8s.io/requests.storage"), size);
        }
    }
    out
}

/// Behind the name of a class of devices.
const DEVICES_OF_CLASS: &str = ".deviceclass.resource.k8s.io/devices";
/// As many devices as one claim can get: what whoever wants all of them may use.
const MOST_DEVICES: i64 = 32;

/// Devices by their classes. Of several that would do, any may come.
fn of_devices(c: &ResourceClaim) -> ResourceList {
    let wanted = |mode: Option<&str>, number: Option<i64>| match mode {
        Some("ExactCount") => number.unwrap_or(0),
        Some("All") => MOST_DEVICES,
        _ => 0,
    };
    let devices = |n: i64| Quantity::from_units(n);
    let mut out = ResourceList::new();
    for request in c.spec.devices.iter().flat_map(|d| d.requests.iter().flatten()) {
        let mut most = ResourceList::new();
        for r in request.first_available.iter().flatten() {
            let n = devices(wanted(r.allocation_mode.as_deref(), r.count));
            let of_class = most.entry(format!("{}{DEVICES_OF_CLASS}", r.device_class_name)).or_insert(Quantity::ZERO);
            *of_class = n.max(*of_class);
        }
        if let Some(r) = request.exactly.as_ref().filter(|_| most.is_empty()) {
            let n = devices(wanted(r.allocation_mode.as_deref(), r.count));
            most.insert(format!("{}{DEVICES_OF_CLASS}", r.device_class_name), n);
        }
        resource_list::add(&mut out, &most);
    }
    out
}

/// How much more is used than before; what is given back, a controller finds out.
pub fn growth(now: &ResourceList, before: &ResourceList) -> ResourceList {
    let mut more = now.clone();
    resource_list::subtract(&mut more, before);
    more.into_iter().filter(|(_, q)| !q.is_negative()).collect()
}

/// What of a quota's resources has to do with an object, whatever it uses of them.
pub fn concerned<'a>(o: &'a Object, hard: &'a ResourceList) -> impl Iterator<Item = &'a String> {
    let counted = format!("count/{}", o.kind().group_resource());
    hard.keys().filter(move |name| {
        let name = name.as_str();
        let core = o.kind().group().is_empty();
        name == counted
            || core && OLD_NAMES.contains(&o.kind().plural()) && name == o.kind().plural()
            || o.get::<Pod>().is_some() && of_pods(name)
            || o.get::<ResourceClaim>().is_some() && name.ends_with(DEVICES_OF_CLASS)
            || o.get::<Service>().is_some() && matches!(name, "services.loadbalancers" | "services.nodeports")
            || o.get::<PersistentVolumeClaim>().is_some()
                && (name == "requests.storage" || name.contains(".storageclass.storage.k8s.io/"))
    })
}

fn of_pods(name: &str) -> bool {
    let bare = name.strip_prefix("requests.").or(name.strip_prefix("limits.")).unwrap_or(name);
    let native = matches!(bare, "cpu" | "memory" | "ephemeral-storage") || bare.starts_with("hugepages-");
    name == "pods" || native || name.starts_with("requests.") && bare.contains('/') && !bare.contains(".storageclass.")
}

/// What a pod fails to say though a quota wants it said.
pub fn unsaid(spec: &PodSpec, hard: &ResourceList) -> Option<String> {
    if spec.resources.as_ref().is_some_and(|r| r.requests.is_some() || r.limits.is_some()) {
        return None;
    }
    let wanted: Vec<&str> = MUST_BE_SAID.into_iter().filter(|name| hard.contains_key(*name)).collect();
    let mut missing = BTreeMap::<&str, BTreeSet<&str>>::new();
    for c in spec.containers.iter().chain(spec.init_containers.iter().flatten()) {
        let said = named(&resource_list::requests(c), &resource_list::limits(c));
        for name in wanted.iter().filter(|n| !said.contains_key(**n)) {
            missing.entry(name).or_default().insert(&c.name);
        }
    }
    let list = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(",");
    let parts: Vec<String> = missing.into_iter().map(|(name, of)| format!("{name} for: {}", list(of))).collect();
    (!parts.is_empty()).then(|| format!("must specify {}", parts.join("; ")))
}

/// Whether a quota is meant for an object at all: all its scopes must fit.
pub fn in_scope(quota: &ResourceQuotaSpec, o: &Object) -> bool {
    let plain = quota.scopes.iter().flatten().map(|s| fits(s, None, o));
    let selected = quota.scope_selector.iter().flat_map(|s| s.match_expressions.iter().flatten());
    plain.chain(selected.map(|e| fits(&e.scope_name, Some(e), o))).all(|fit| fit)
}

fn fits(scope: &str, term: Option<&ScopedResourceSelectorRequirement>, o: &Object) -> bool {
    if scope == "VolumeAttributesClass" {
        let Some(claim) = o.get::<PersistentVolumeClaim>() else { return false };
        let classes = attributes_classes(claim);
        return if classes.is_empty() { chosen(None, term) } else { classes.iter().any(|c| chosen(Some(c), term)) };
    }
    let Some(p) = o.get::<Pod>() else { return false };
    let Some(spec) = &p.spec else { return false };
    match scope {
        "Terminating" => spec.active_deadline_seconds.is_some(),
        "NotTerminating" => spec.active_deadline_seconds.is_none(),
        "BestEffort" => pods::qos_class(p) == "BestEffort",
        "NotBestEffort" => pods::qos_class(p) != "BestEffort",
        "PriorityClass" => chosen(spec.priority_class_name.as_deref().filter(|n| !n.is_empty()), term),
        "CrossNamespacePodAffinity" => reaches_other_namespaces(spec),
        _ => false,
    }
}

/// The classes of attributes that a claim wants, has, or is getting.
fn attributes_classes(c: &PersistentVolumeClaim) -> Vec<&str> {
    let status = c.status.as_ref();
    let all = [
        c.spec.as_ref().and_then(|s| s.volume_attributes_class_name.as_deref()),
        status.and_then(|s| s.current_volume_attributes_class_name.as_deref()),
        status.and_then(|s| s.modify_volume_status.as_ref()?.target_volume_attributes_class_name.as_deref()),
    ];
    all.into_iter().flatten().filter(|n| !n.is_empty()).collect()
}

/// A class against an expression; without one it is enough that there is a class.
fn chosen(class: Option<&str>, term: Option<&ScopedResourceSelectorRequirement>) -> bool {
    let Some(term) = term else { return class.is_some() };
    let listed = class.is_some_and(|c| term.values.iter().flatten().any(|v| v == c));
    match term.operator.as_str() {
        "In" => listed,
        "NotIn" => !listed,
        "Exists" => class.is_some(),
        "DoesNotExist" => class.is_none(),
        _ => false,
    }
}

fn reaches_other_namespaces(spec: &PodSpec) -> bool {
    let Some(affinity) = &spec.affinity else { return false };
    let mut terms = vec![];
    if let Some(a) = &affinity.pod_affinity {
        terms.extend(a.required_during_scheduling_ignored_during_execution.iter().flatten());
        let preferred = a.preferred_during_scheduling_ignored_during_execution.iter().flatten();
        terms.extend(preferred.map(|t| &t.pod_affinity_term));
    }
    if let Some(a) = &affinity.pod_anti_affinity {
        terms.extend(a.required_during_scheduling_ignored_during_execution.iter().flatten());
        let preferred = a.preferred_during_scheduling_ignored_during_execution.iter().flatten();
        terms.extend(preferred.map(|t| &t.pod_affinity_term));
    }
    terms.iter().any(|t| t.namespaces.as_ref().is_some_and(|n| !n.is_empty()) || t.namespace_selector.is_some())
}

/// Whether a change of an object, through a part of it or not, may change what a quota counts.
pub fn counts_update(new: &Object, old: &Object, part: Option<Subresource>) -> bool {
    let ends =
        |o: &Object| o.get::<Pod>().and_then(|p| p.spec.as_ref()).is_some_and(|s| s.active_deadline_seconds.is_some());
    match part {
        None if new.get::<Pod>().is_some() => ends(new) != ends(old),
        None => {
            let claims = new.get::<PersistentVolumeClaim>().is_some() || new.get::<ResourceClaim>().is_some();
            claims || new.get::<Service>().is_some()
        }
        Some(Subresource::Resize) => true,
        Some(Subresource::Status) => new.get::<PersistentVolumeClaim>().is_some(),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Resource;
    use serde_json::json;

    fn object<T: Resource>(v: serde_json::Value) -> Object {
        Object::new(serde_json::from_value::<T>(v).expect("an object"))
    }

    #[test]
    fn a_pod_uses_what_its_containers_ask_for_under_every_name_of_it() {
        let pod = object::<Pod>(json!({"metadata": {"name": "p"}, "spec": {"containers": [
            {"name": "a", "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": "200m", "memory": "1Gi"}}},
            {"name": "b", "resources": {"requests": {"cpu": "1", "example.com/gpu": "2"}}}]}}));
        let used = usage(&pod, Time::ZERO);
        let want = "count/pods=1,cpu=1100m,limits.cpu=200m,limits.memory=1Gi,pods=1,requests.cpu=1100m,requests.example.com/gpu=2";
        assert_eq!(resource_list::shown(&used), want);
        let ended = object::<Pod>(json!({"status": {"phase": "Succeeded"}, "spec": {"containers": [{"name": "a"}]}}));
        assert_eq!(resource_list::shown(&usage(&ended, Time::ZERO)), "count/pods=1");
    }

    #[test]
    fn what_a_quota_limits_must_be_said() {
        let spec: PodSpec = serde_json::from_value(json!({"containers": [{"name": "a"},
            {"name": "b", "resources": {"requests": {"cpu": "1"}}}]}))
        .expect("a spec");
        let hard = ["pods", "requests.cpu", "requests.memory"].map(|n| (n.to_string(), one())).into();
        assert_eq!(unsaid(&spec, &hard).as_deref(), Some("must specify requests.cpu for: a; requests.memory for: a,b"));
    }

    #[test]
    fn scopes_choose_pods() {
        let pod = object::<Pod>(json!({"spec": {"priorityClassName": "high", "containers": [{"name": "a"}]}}));
        let quota = |v| serde_json::from_value::<ResourceQuotaSpec>(v).expect("a quota");
        let selector = |values: &[&str]| json!({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": values}]}});
        assert!(in_scope(&quota(json!({})), &pod));
        assert!(in_scope(&quota(json!({"scopes": ["BestEffort", "NotTerminating"]})), &pod));
        assert!(!in_scope(&quota(json!({"scopes": ["NotBestEffort"]})), &pod));
        assert!(in_scope(&quota(selector(&["high", "low"])), &pod));
        assert!(!in_scope(&quota(selector(&["low"])), &pod));
    }
}
