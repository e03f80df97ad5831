//! The node authorizer: a kubelet may do what kubelets do, and reads only what its own pods need.
//!
//! Real Kubernetes keeps a graph of nodes, pods and what they refer to; here the pods of the node are looked through.
//! Source: plugin/pkg/auth/authorizer/node.

use super::{Attributes, Verdict, policy, rbac};
use crate::api::kinds::{Pod, ResourceSlice, pod_spec};
use crate::api::object::{Key, Resource};
use crate::api::pods;
use crate::api::selector::FieldTerm;
use crate::apiserver::ApiServer;
use crate::store::Scope;

const NODE_LEASES: &str = "kube-node-lease";

pub fn judge(api: &ApiServer, node: &str, wish: &Attributes<'_>) -> Verdict {
    if node.is_empty() {
        return Verdict::no("unknown node for user \"system:node:\"");
    }
    if wish.path.is_none() {
        match (wish.group, wish.resource) {
            ("", "secrets" | "configmaps") => return read(api, node, wish),
            ("", "persistentvolumeclaims") if wish.subresource == "status" => {
                return match wish.verb {
                    "update" | "patch" => related(api, node, wish),
                    _ => Verdict::no("can only get/update/patch this type"),
                };
            }
            ("", "persistentvolumeclaims" | "persistentvolumes") | ("resource.k8s.io", "resourceclaims") => {
                return get(api, node, wish);
            }
            ("storage.k8s.io", "volumeattachments") => return get(api, node, wish),
            ("", "serviceaccounts") => return service_account(api, node, wish),
            ("coordination.k8s.io", "leases") => return lease(node, wish),
            ("storage.k8s.io", "csinodes") => return own("CSINode", node, wish),
            ("resource.k8s.io", "resourceslices") => return slice(api, node, wish),
            ("", "nodes") => return of_nodes(node, wish),
            ("", "pods") => return of_pods(api, node, wish),
            _ => {}
        }
    }
    match policy::node_rules().iter().any(|rule| rbac::allows(rule, wish)) {
        true => yes(),
        false => Verdict::no(""),
    }
}

/// Why, is not told.
fn yes() -> Verdict {
    Verdict::yes("")
}

/// Single objects of a namespace, read in any way.
fn read(api: &ApiServer, node: &str, wish: &Attributes<'_>) -> Verdict {
    match wish.verb {
        "get" | "list" | "watch" if !wish.subresource.is_empty() => Verdict::no("cannot read subresource"),
        "get" | "list" | "watch" if wish.namespace.is_empty() => {
            Verdict::no("can only read namespaced object of this type")
        }
        "get" | "list" | "watch" => related(api, node, wish),
        _ => Verdict::no("can only read resources of this type"),
    }
}

fn get(api: &ApiServer, node: &str, wish: &Attributes<'_>) -> Verdict {
    match wish.verb {
        "get" if wish.subresource.is_empty() => related(api, node, wish),
        "get" => Verdict::no("cannot get subresource"),
        _ => Verdict::no("can only get individual resources of this type"),
    }
}

fn service_account(api: &ApiServer, node: &str, wish: &Attributes<'_>) -> Verdict {
    match (wish.verb, wish.subresource) {
        ("get", "") => read(api, node, wish),
        ("create", "token") if !wish.name.is_empty() => related(api, node, wish),
        ("create", _) if !wish.name.is_empty() => Verdict::no("can only create token subresource of serviceaccount"),
        _ => Verdict::no("can only create tokens for individual service accounts"),
    }
}

fn lease(node: &str, wish: &Attributes<'_>) -> Verdict {
    match wish.verb {
        "get" | "create" | "update" | "patch" | "delete" => {}
        _ => return Verdict::no("can only get, create, update, patch, or delete a node lease"),
    }
    if wish.namespace != NODE_LEASES {
        return Verdict::no(format!("can only access leases in the {NODE_LEASES:?} system namespace"));
    }
    // On create the name is not known yet; admission looks at it.
    if wish.verb != "create" && wish.name != node {
        return Verdict::no("can only access node lease with the same name as the requesting node");
    }
    yes()
}

fn own(kind: &str, node: &str, wish: &Attributes<'_>) -> Verdict {
    match wish.verb {
        "get" | "create" | "update" | "patch" | "delete" if !wish.subresource.is_empty() => {
            Verdict::no(format!("cannot authorize {kind} subresources"))
        }
        "create" => yes(),
        "get" | "update" | "patch" | "delete" if wish.name == node => yes(),
        "get" | "update" | "patch" | "delete" => {
            Verdict::no(format!("can only access {kind} with the same name as the requesting node"))
        }
        _ => Verdict::no(format!("can only get, create, update, patch, or delete a {kind}")),
    }
}

/// What a kubelet tells of its devices.
fn slice(api: &ApiServer, node: &str, wish: &Attributes<'_>) -> Verdict {
    let selected = |f: &FieldTerm| f.field == "spec.nodeName" && f.equal && f.value == node;
    let found = || api.store().get(&Key::of::<ResourceSlice>("", wish.name)).and_then(|o| o.get::<ResourceSlice>());
    match wish.verb {
        _ if !wish.subresource.is_empty() => Verdict::no("cannot authorize ResourceSlice subresources"),
        // Admission looks at what stands in it.
        "create" => yes(),
        "get" | "update" | "patch" | "delete" => match found().and_then(|s| s.spec.node_name.as_deref()) {
            _ if wish.name.is_empty() => Verdict::no("No Object name found"),
            Some(owner) if owner == node => yes(),
            _ => Verdict::no(format!("no relationship found between node '{node}' and this object")),
        },
        "watch" | "list" | "deletecollection" if wish.fields.iter().any(selected) => yes(),
        "watch" | "list" | "deletecollection" => {
            Verdict::no("can only list/watch/deletecollection resourceslices with nodeName field selector")
        }
        _ => Verdict::no(
            "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection",
        ),
    }
}

fn of_nodes(node: &str, wish: &Attributes<'_>) -> Verdict {
    match (wish.subresource, wish.verb) {
        ("", "create" | "update" | "patch") | ("status", "update" | "patch") => yes(),
        ("", "get" | "list" | "watch") if wish.name == node => yes(),
        ("", "get" | "list" | "watch") if wish.name.is_empty() => {
            Verdict::no(format!("node '{node}' cannot read all nodes, only its own Node object"))
        }
        ("", "get" | "list" | "watch") => {
            Verdict::no(format!("node '{node}' cannot read '{}', only its own Node object", wish.name))
        }
        _ => Verdict::no(""),
    }
}

fn of_pods(api: &ApiServer, node: &str, wish: &Attributes<'_>) -> Verdict {
    match (wish.subresource, wish.verb) {
        ("", "get") => get(api, node, wish),
        ("", "list" | "watch") => {
            let own = wish.fields.iter().any(|f| f.field == "spec.nodeName" && f.equal && f.value == node);
            match own {
                true => yes(),
                false if !wish.name.is_empty() => related(api, node, wish),
                false => Verdict::no("can only list/watch pods with spec.nodeName field selector"),
            }
        }
        ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => yes(),
        _ => Verdict::no(""),
    }
}

/// Whether a pod of the node has to do with the object.
fn related(api: &ApiServer, node: &str, wish: &Attributes<'_>) -> Verdict {
    if wish.name.is_empty() {
        return Verdict::no("No Object name found");
    }
    let scope = Scope {
        kind: Pod::kind_ref(),
        namespace: (wish.resource != "persistentvolumes").then(|| wish.namespace.into()),
    };
    let mut own = api.store().list(&scope).filter_map(|o| o.get::<Pod>()).filter(|p| pods::node(p) == node);
    match own.any(|p| needs(api, p, wish)) {
        true => yes(),
        false => Verdict::no(format!("no relationship found between node '{node}' and this object")),
    }
}

fn needs(api: &ApiServer, pod: &Pod, wish: &Attributes<'_>) -> bool {
    let Some(spec) = &pod.spec else { return false };
    let name = wish.name;
    match wish.resource {
        "pods" => pod.name() == name,
        "serviceaccounts" => spec.service_account_name.as_deref() == Some(name),
        "secrets" => pod_spec::references::secrets(spec).any(|n| n == name),
        "configmaps" => pod_spec::references::config_maps(spec).any(|n| n == name),
        "persistentvolumeclaims" => pod_spec::references::claims(spec).any(|n| n == name),
        "persistentvolumes" => pod_spec::references::claims(spec).any(|claim| volume_of(api, pod, claim) == Some(name)),
        _ => false,
    }
}

/// The volume that a claim of a pod is bound to.
fn volume_of<'a>(api: &'a ApiServer, pod: &Pod, claim: &str) -> Option<&'a str> {
    use crate::api::kinds::PersistentVolumeClaim as Claim;
    let claim = api.store().get(&Key::of::<Claim>(pod.namespace(), claim))?.get::<Claim>()?;
    claim.spec.as_ref()?.volume_name.as_deref()
}
