//! v1 Node: names, defaults, columns; [`validation`] says what is wrong with one.
//! Real Kubernetes: pkg/apis/core/v1/defaults.go SetDefaults_NodeStatus, pkg/registry/core/node,
//! pkg/printers/internalversion printNode.

mod annotations;
mod validation;

use super::Node;
use super::resources::round_up;
use super::updates::keep;
use crate::api::field::Path;
use crate::api::ip;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::{Cell, Column};

pub static KIND: Kind<Node> = Kind {
    short_names: &["no"],
    namespaced: false,
    subresources: &[Subresource::Proxy, Subresource::Status],
    defaults,
    prepare_create: drop_configuration,
    prepare_update: |new, old| {
        new.status.clone_from(&old.status);
        drop_configuration(new);
    },
    prepare_status: |new, old| {
        keep(&mut new.spec, &old.spec);
        default_status(new);
        drop_configuration(new);
    },
    validate: validation::validate,
    validate_update: validation::validate_update,
    update_judges_alone: true,
    validate_status: |new, old, errors| validation::validate_change(new, old, errors),
    warnings: |n, _| warnings(n),
    columns: &[
        Column::name(),
        Column::text("Status", "The status of the node", |n, _| Cell::from(status(n))),
        Column::text("Roles", "The roles of the node", |n, _| Cell::from(roles(n))),
        Column::age(),
        Column::text("Version", "Kubelet Version reported by the node.", |n, _| Cell::from(version(n))),
        Column::wide_text("Internal-IP", "List of addresses reachable to the node. Queried from cloud provider, if available. More info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field is declared as mergeable, but the merge key is not sufficiently unique, which can cause data corruption when it is merged. Callers should instead use a full-replacement patch. See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can change during the lifetime of a Node. However, there are some exceptions where this may not be possible, such as Pods that inherit a Node's address in its own status or consumers of the downward API (status.hostIP).", |n, _| Cell::from(address(n, "InternalIP").unwrap_or("<none>"))),
        Column::wide_text("External-IP", "List of addresses reachable to the node. Queried from cloud provider, if available. More info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field is declared as mergeable, but the merge key is not sufficiently unique, which can cause data corruption when it is merged. Callers should instead use a full-replacement patch. See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can change during the lifetime of a Node. However, there are some exceptions where this may not be possible, such as Pods that inherit a Node's address in its own status or consumers of the downward API (status.hostIP).", |n, _| Cell::from(address(n, "ExternalIP").unwrap_or("<none>"))),
        Column::wide_text("OS-Image", "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).", |n, _| Cell::from(info(n, |i| &i.os_image))),
        Column::wide_text("Kernel-Version", "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).", |n, _| Cell::from(kernel(n))),
        Column::wide_text("Container-Runtime", "ContainerRuntime Version reported by the node through runtime remote API (e.g. containerd://1.4.2).", |n, _| Cell::from(info(n, |i| &i.container_runtime_version))),
    ],
    selectable: &["spec.unschedulable"],
    field: |n, _| Some(n.spec.as_ref().and_then(|s| s.unschedulable).unwrap_or(false).to_string()),
    ..Kind::new(("", "v1"), "Node", "nodes", "node")
};

pub fn address<'a>(n: &'a Node, kind: &str) -> Option<&'a str> {
    n.status.as_ref()?.addresses.iter().flatten().find(|a| a.type_ == kind).map(|a| a.address.as_str())
}

fn info(n: &Node, pick: impl Fn(&k8s_openapi::api::core::v1::NodeSystemInfo) -> &String) -> String {
    let text = n.status.as_ref().and_then(|s| s.node_info.as_ref()).map(|i| pick(i).clone()).unwrap_or_default();
    if text.is_empty() { "<unknown>".into() } else { text }
}

fn version(n: &Node) -> &str {
    n.status.as_ref().and_then(|s| s.node_info.as_ref()).map_or("", |i| i.kubelet_version.as_str())
}

/// `6.8.0 (amd64)`
fn kernel(n: &Node) -> String {
    let version = info(n, |i| &i.kernel_version);
    match n.status.as_ref().and_then(|s| s.node_info.as_ref()).map_or("", |i| i.architecture.as_str()) {
        "" => version,
        architecture => format!("{version} ({architecture})"),
    }
}

pub fn ready_condition(n: &Node) -> Option<&k8s_openapi::api::core::v1::NodeCondition> {
    n.status.as_ref()?.conditions.iter().flatten().find(|c| c.type_ == "Ready")
}

pub fn is_ready(n: &Node) -> bool {
    ready_condition(n).is_some_and(|c| c.status == "True")
}

fn status(n: &Node) -> String {
    let ready = match ready_condition(n).map(|c| c.status.as_str()) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    let cordoned = n.spec.as_ref().and_then(|s| s.unschedulable) == Some(true);
    if cordoned { format!("{ready},SchedulingDisabled") } else { ready.into() }
}

/// `control-plane,worker`, from the role labels.
pub fn roles(n: &Node) -> String {
    let mut roles: Vec<&str> = n
        .metadata
        .labels
        .iter()
        .flatten()
        .filter_map(|(k, v)| match k.strip_prefix("node-role.kubernetes.io/") {
            Some(role) if !role.is_empty() => Some(role),
            _ if k == "kubernetes.io/role" && !v.is_empty() => Some(v.as_str()),
            _ => None,
        })
        .collect();
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() { "<none>".into() } else { roles.join(",") }
}

fn defaults(n: &mut Node) {
    let spec = n.spec.get_or_insert_default();
    // The range is named twice: once for those that know one range only, which wins.
    let one = spec.pod_cidr.take().filter(|c| !c.is_empty());
    let first = spec.pod_cidrs.as_ref().and_then(|c| c.first()).cloned();
    if one.is_some() && one != first {
        spec.pod_cidrs = one.map(|c| vec![c]);
    }
    spec.pod_cidr = spec.pod_cidrs.as_ref().and_then(|c| c.first()).cloned();
    default_status(n);
}

/// Who does not say what may be had has all of it.
fn default_status(n: &mut Node) {
    let Some(status) = &mut n.status else { return };
    if status.allocatable.is_none() {
        status.allocatable.clone_from(&status.capacity);
    }
    round_up(&mut status.capacity);
    round_up(&mut status.allocatable);
}

/// Nodes are no longer configured by ConfigMaps.
fn drop_configuration(n: &mut Node) {
    if let Some(spec) = &mut n.spec {
        spec.config_source = None;
    }
    if let Some(status) = &mut n.status {
        status.config = None;
    }
}

fn warnings(n: &Node) -> Vec<String> {
    let Some(spec) = &n.spec else { return vec![] };
    let mut out = vec![];
    if spec.external_id.as_deref().is_some_and(|id| !id.is_empty()) {
        out.push("spec.externalID: this field is deprecated, and is unused by Kubernetes".into());
    }
    let at = Path::new("spec");
    let list = at.child("podCIDRs");
    let ranges = spec.pod_cidrs.iter().flatten().enumerate();
    out.extend(ranges.filter_map(|(i, range)| ip::block_warning(range, &list.index(i))));
    out
}
