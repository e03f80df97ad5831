//! NodeRestriction: a kubelet changes its own node and the pods on it, and of these only what a kubelet has to.
//!
//! The node authorizer sees paths only; what stands in an object is judged here. [`pods`] is about pods and what is asked of them.
//! Real Kubernetes: plugin/pkg/admission/noderestriction.

mod pods;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use super::{Ask, Plugin};
use crate::api::kind::Subresource;
use crate::api::kinds::certificatesigningrequest::subject;
use crate::api::kinds::{
    CSINode, CertificateSigningRequest, Lease, Node, PersistentVolumeClaim, Pod, ResourceSlice, ServiceAccount,
};
use crate::api::object::{Key, Resource};
use crate::api::{KindRef, Object, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { status: true, mutate, delete, ask, ..Plugin::new("NodeRestriction") };

const NODE_LEASES: &str = "kube-node-lease";

/// The name of the node that asks; `None` if somebody else does.
fn node_of<'a>(who: &Caller<'a>, kind: KindRef, name: &str) -> Result<Option<&'a str>, Status> {
    let user = who.user;
    match user.node_name() {
        Some("") => {
            let why = format!("could not determine node from user {:?}", user.name.as_str());
            Err(Status::forbidden(kind, name, &why))
        }
        node => Ok(node),
    }
}

fn mutate(api: &ApiServer, o: &mut Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    let Some(node) = node_of(who, o.kind(), o.name())? else { return Ok(()) };
    let allowed = if let Some(pod) = o.get::<Pod>() {
        pods::judge_write(api, node, pod, old.and_then(|o| o.get::<Pod>()), who.subresource)?
    } else if let Some(new) = o.get::<Node>() {
        judge_node(node, new, old.and_then(|o| o.get::<Node>()))
    } else if let Some(claim) = o.get::<PersistentVolumeClaim>() {
        judge_claim(node, claim, old.and_then(|o| o.get::<PersistentVolumeClaim>()), who.subresource)
    } else if o.get::<Lease>().is_some() {
        judge_lease(node, o.namespace(), o.name())
    } else if o.get::<CSINode>().is_some() {
        judge_csi_node(node, o.name())
    } else if let Some(slice) = o.get::<ResourceSlice>().filter(|_| old.is_none()) {
        judge_slice(node, slice, "create")
    } else if let Some(request) = o.get::<CertificateSigningRequest>().filter(|_| old.is_none()) {
        judge_request(node, request)
    } else {
        Ok(())
    };
    allowed.map_err(|why| Status::forbidden(o.kind(), o.name(), &why))
}

fn delete(api: &ApiServer, key: &Key, who: &mut Caller<'_>) -> Result<(), Status> {
    let Some(node) = node_of(who, key.kind, &key.name)? else { return Ok(()) };
    let kind = key.kind;
    let allowed = if kind == Pod::kind_ref() {
        pods::judge_delete(api, node, key)?
    } else if kind == Node::kind_ref() && key.name != node {
        Err(format!("node {node:?} is not allowed to modify node {:?}", key.name.as_str()))
    } else if kind == PersistentVolumeClaim::kind_ref() {
        Err(CLAIM_STATUS_ONLY.into())
    } else if kind == Lease::kind_ref() {
        judge_lease(node, &key.namespace, &key.name)
    } else if kind == CSINode::kind_ref() {
        judge_csi_node(node, &key.name)
    } else {
        let slice = api.store().get(key).and_then(|o| o.get::<ResourceSlice>());
        slice.map_or(Ok(()), |s| judge_slice(node, s, "delete"))
    };
    allowed.map_err(|why| Status::forbidden(kind, &key.name, &why))
}

fn ask(api: &ApiServer, asked: &Ask<'_>, who: &mut Caller<'_>) -> Result<(), Status> {
    let key = asked.key;
    let Some(node) = node_of(who, key.kind, &key.name)? else { return Ok(()) };
    let allowed = if key.kind == Pod::kind_ref() {
        match asked.part {
            Subresource::Eviction => pods::judge_eviction(api, node, key)?,
            other => Err(unexpected_part(other)),
        }
    } else if key.kind == ServiceAccount::kind_ref() && asked.part == Subresource::Token {
        tokens::judge(api, node, asked, who)?
    } else {
        Ok(())
    };
    allowed.map_err(|why| Status::forbidden(key.kind, &key.name, &why))
}

fn unexpected_part(part: Subresource) -> String {
    format!("unexpected pod subresource {:?}, only 'status' and 'eviction' are allowed", part.name())
}

/// Whether a kubelet may do it; if not, why not.
type Judgement = Result<(), String>;

fn judge_node(node: &str, new: &Node, old: Option<&Node>) -> Judgement {
    if new.name() != node {
        return Err(format!("node {node:?} is not allowed to modify node {:?}", new.name()));
    }
    let spec = new.spec.clone().unwrap_or_default();
    let none = BTreeMap::new();
    let labels = new.metadata.labels.as_ref().unwrap_or(&none);
    let Some(old) = old else {
        if spec.config_source.is_some() {
            return Err(format!("node {node:?} is not allowed to create pods with a non-nil configSource"));
        }
        let forbidden = forbidden_labels(labels, &none);
        if !forbidden.is_empty() {
            return Err(format!("node {node:?} is not allowed to set the following labels: {}", forbidden.join(", ")));
        }
        return Ok(());
    };
    let before = old.spec.clone().unwrap_or_default();
    if spec.config_source.is_some() && spec.config_source != before.config_source {
        return Err(format!("node {node:?} is not allowed to update configSource to a new non-nil configSource"));
    }
    if spec.taints.unwrap_or_default() != before.taints.unwrap_or_default() {
        return Err(format!("node {node:?} is not allowed to modify taints"));
    }
    if new.metadata.owner_references.clone().unwrap_or_default()
        != old.metadata.owner_references.clone().unwrap_or_default()
    {
        return Err(format!("node {node:?} is not allowed to modify ownerReferences"));
    }
    let forbidden = forbidden_labels(labels, old.metadata.labels.as_ref().unwrap_or(&none));
    match forbidden.is_empty() {
        true => Ok(()),
        false => Err(format!("is not allowed to modify labels: {}", forbidden.join(", "))),
    }
}

type Labels = BTreeMap<String, String>;

/// Of the labels that differ, those that say what may run on a node.
fn forbidden_labels<'a>(new: &'a Labels, old: &'a Labels) -> Vec<&'a str> {
    let changed =
        |a: &'a Labels, b: &'a Labels| a.iter().filter(|(k, v)| b.get(*k) != Some(v)).map(|(k, _)| k.as_str());
    let all: BTreeSet<&str> = changed(new, old).chain(changed(old, new)).collect();
    all.into_iter().filter(|key| is_forbidden(key)).collect()
}

fn is_forbidden(key: &str) -> bool {
    let namespace = key.split_once('/').map_or("", |(namespace, _)| namespace);
    let within =
        |domain: &str| namespace == domain || namespace.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    let kubernetes = within("kubernetes.io") || within("k8s.io");
    let own = OWN_LABELS.contains(&key) || within("kubelet.kubernetes.io") || within("node.kubernetes.io");
    within("node-restriction.kubernetes.io") || kubernetes && !own
}

/// What a kubelet knows itself of its machine.
const OWN_LABELS: [&str; 11] = [
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
];

const CLAIM_STATUS_ONLY: &str = "may only update PVC status";

fn judge_claim(
    node: &str,
    new: &PersistentVolumeClaim,
    old: Option<&PersistentVolumeClaim>,
    part: Option<Subresource>,
) -> Judgement {
    let Some(old) = old.filter(|_| part == Some(Subresource::Status)) else { return Err(CLAIM_STATUS_ONLY.into()) };
    let without_growth = |claim: &PersistentVolumeClaim| {
        let mut claim = claim.clone();
        claim.metadata.resource_version = None;
        claim.metadata.managed_fields = None;
        let status = claim.status.get_or_insert_default();
        status.capacity = None;
        status.conditions = None;
        status.allocated_resources = None;
        status.allocated_resource_statuses = None;
        claim
    };
    // Real Kubernetes goes on with the difference of the two.
    let why =
        || format!("node {node:?} is not allowed to update fields other than status.quantity and status.conditions: ");
    if without_growth(new) == without_growth(old) { Ok(()) } else { Err(why()) }
}

fn judge_lease(node: &str, namespace: &str, name: &str) -> Judgement {
    if namespace != NODE_LEASES {
        return Err(format!("can only access leases in the {NODE_LEASES:?} system namespace"));
    }
    match name == node {
        true => Ok(()),
        false => Err("can only access node lease with the same name as the requesting node".into()),
    }
}

fn judge_csi_node(node: &str, name: &str) -> Judgement {
    match name == node {
        true => Ok(()),
        false => Err("can only access CSINode with the same name as the requesting node".into()),
    }
}

fn judge_slice(node: &str, slice: &ResourceSlice, verb: &str) -> Judgement {
    match slice.spec.node_name.as_deref() == Some(node) {
        true => Ok(()),
        false => Err(format!("can only {verb} ResourceSlice with the same NodeName as the requesting node")),
    }
}

fn judge_request(node: &str, request: &CertificateSigningRequest) -> Judgement {
    let signer = request.spec.signer_name.as_str();
    if !matches!(signer, "kubernetes.io/kubelet-serving" | "kubernetes.io/kube-apiserver-client-kubelet") {
        return Ok(());
    }
    match subject(request).common_name == format!("system:node:{node}") {
        true => Ok(()),
        false => Err(format!("can only create a node CSR with CN=system:node:{node}")),
    }
}
