//! v1 Node: names, validation, columns.
//! Real Kubernetes: pkg/registry/core/node, pkg/printers/internalversion printNode.

use super::Node;
use super::updates::status_only;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::names;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<Node> = Kind {
    short_names: &["no"],
    namespaced: false,
    subresources: &[Subresource::Proxy, Subresource::Status],
    prepare_update: |new, old| new.status = old.status.clone(),
    prepare_status: |new, old| status_only((&mut new.metadata, &mut new.spec), (&old.metadata, &old.spec)),
    validate,
    validate_update: |new, old, errors| {
        if old.spec.as_ref().and_then(|s| s.pod_cidr.as_ref()).is_some_and(|c| !c.is_empty()) {
            let cidr = |n: &Node| n.spec.as_ref().and_then(|s| s.pod_cidr.clone());
            if cidr(new) != cidr(old) {
                errors.forbidden(&Path::new("spec").child("podCIDRs"), "node updates may not change podCIDR except from \"\" to valid");
            }
        }
    },
    columns: &[
        Column::name(),
        Column::text("Status", "The status of the node", |n, _| Cell::from(status(n))),
        Column::text("Roles", "The roles of the node", |n, _| Cell::from(roles(n))),
        Column::age(),
        Column::text("Version", "Kubelet Version reported by the node.", |n, _| Cell::from(info(n, |i| &i.kubelet_version))),
        Column::wide_text("Internal-IP", "List of addresses reachable to the node. Queried from cloud provider, if available. More info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field is declared as mergeable, but the merge key is not sufficiently unique, which can cause data corruption when it is merged. Callers should instead use a full-replacement patch. See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can change during the lifetime of a Node. However, there are some exceptions where this may not be possible, such as Pods that inherit a Node's address in its own status or consumers of the downward API (status.hostIP).", |n, _| Cell::from(address(n, "InternalIP").unwrap_or("<none>"))),
        Column::wide_text("External-IP", "List of addresses reachable to the node.", |n, _| Cell::from(address(n, "ExternalIP").unwrap_or("<none>"))),
        Column::wide_text("OS-Image", "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).", |n, _| Cell::from(info(n, |i| &i.os_image))),
        Column::wide_text("Kernel-Version", "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).", |n, _| Cell::from(info(n, |i| &i.kernel_version))),
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

fn validate(n: &Node, errors: &mut FieldErrors) {
    let spec = Path::new("spec");
    let at = spec.child("taints");
    let mut seen = vec![];
    for (i, t) in n.spec.iter().flat_map(|s| s.taints.iter().flatten()).enumerate() {
        let here = at.index(i);
        errors.invalid_each(&here.child("key"), &t.key, names::qualified_name(&t.key));
        errors.invalid_each(&here.child("value"), t.value.as_deref().unwrap_or(""), names::label_value(t.value.as_deref().unwrap_or("")));
        errors.one_of(&here.child("effect"), &t.effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
        if seen.contains(&(&t.key, &t.effect)) {
            errors.duplicate(&here, serde_json::to_value(t).unwrap_or_default());
        }
        seen.push((&t.key, &t.effect));
    }
}
