//! What a kubelet may do with pods: say how those on its node are, end and evict them, and show those that it runs by itself.
//! Real Kubernetes: plugin/pkg/admission/noderestriction admitPod, admitPodStatus, admitPodEviction.

use k8s_openapi::api::core::v1::{PodSpec, Volume, VolumeProjection};

use super::{Judgement, unexpected_part};
use crate::api::kind::Subresource;
use crate::api::kinds::{Node, Pod, pod_spec};
use crate::api::object::{Key, Resource};
use crate::api::{Status, pods};
use crate::apiserver::ApiServer;
use crate::apiserver::admission::service_account::MIRROR;

pub fn judge_write(
    api: &ApiServer,
    node: &str,
    new: &Pod,
    old: Option<&Pod>,
    part: Option<Subresource>,
) -> Result<Judgement, Status> {
    match (part, old) {
        (None, None) => judge_create(api, node, new),
        (None, Some(_)) => {
            Ok(Err(format!("unexpected operation \"UPDATE\", node {node:?} can only create and delete mirror pods")))
        }
        (Some(Subresource::Status), Some(old)) => Ok(judge_status(node, new, old)),
        (Some(other), _) => Ok(Err(unexpected_part(other))),
    }
}

fn judge_create(api: &ApiServer, node: &str, pod: &Pod) -> Result<Judgement, Status> {
    if pod.annotation(MIRROR).is_none() {
        let why = format!("pod does not have {MIRROR:?} annotation, node {node:?} can only create mirror pods");
        return Ok(Err(why));
    }
    if pods::node(pod) != node {
        return Ok(Err(format!("node {node:?} can only create pods with spec.nodeName set to itself")));
    }
    let owner = match pod.metadata.owner_references.as_deref().unwrap_or_default() {
        [] => return Ok(Err(format!("node {node:?} can only create pods with an owner reference set to itself"))),
        [one] => one,
        _ => return Ok(Err(format!("node {node:?} can only create pods with a single owner reference set to itself"))),
    };
    if owner.api_version != "v1" || owner.kind != "Node" || owner.name != node {
        return Ok(Err(format!("node {node:?} can only create pods with an owner reference set to itself")));
    }
    if owner.controller != Some(true) {
        let why = format!("node {node:?} can only create pods with a controller owner reference set to itself");
        return Ok(Err(why));
    }
    if owner.block_owner_deletion == Some(true) {
        return Ok(Err(format!("node {node:?} must not set blockOwnerDeletion on an owner reference")));
    }
    let Some(known) = api.store().get(&Key::of::<Node>("", node)) else {
        return Err(Status::not_found(Node::kind_ref(), node));
    };
    if owner.uid != known.uid() {
        return Ok(Err(format!("node {node} UID mismatch: expected {} got {}", owner.uid, known.uid())));
    }
    Ok(match pod.spec.as_ref().map(|s| reference(s)).unwrap_or(Ok(None)) {
        Err(why) => Err(format!("error checking mirror pod for API references: {why}")),
        Ok(Some(what)) => Err(format!("node {node:?} can not create pods that reference {what}")),
        Ok(None) => Ok(()),
    })
}

/// What of the API a pod needs to run. Real Kubernetes: pkg/api/pod/util.go HasAPIObjectReference.
fn reference(spec: &PodSpec) -> Result<Option<&'static str>, String> {
    if spec.service_account_name.as_ref().is_some_and(|n| !n.is_empty()) {
        return Ok(Some("serviceaccounts"));
    }
    if pod_spec::references::secrets(spec).next().is_some() {
        return Ok(Some("secrets"));
    }
    if pod_spec::references::config_maps(spec).next().is_some() {
        return Ok(Some("configmaps"));
    }
    if spec.resource_claims.as_ref().is_some_and(|c| !c.is_empty()) {
        return Ok(Some("resourceclaims"));
    }
    for v in spec.volumes.iter().flatten() {
        if let Some(what) = volume_reference(v)? {
            return Ok(Some(what));
        }
    }
    Ok(None)
}

fn volume_reference(v: &Volume) -> Result<Option<&'static str>, String> {
    let found = [
        (v.config_map.is_some(), "configmaps (via configmap volumes)"),
        (v.secret.is_some(), "secrets (via secret volumes)"),
        (v.csi.is_some(), "csidrivers (via CSI volumes)"),
        (v.glusterfs.is_some(), "endpoints (via glusterFS volumes)"),
        (v.persistent_volume_claim.is_some(), "persistentvolumeclaims"),
        (v.ephemeral.is_some(), "persistentvolumeclaims (via ephemeral volumes)"),
        (v.azure_file.is_some(), "secrets (via azureFile volumes)"),
    ];
    if let Some((_, what)) = found.into_iter().find(|(there, _)| *there) {
        return Ok(Some(what));
    }
    for source in v.projected.iter().flat_map(|p| p.sources.iter().flatten()) {
        match projected_reference(source) {
            None => return Err(format!("unknown source for projected volume {:?}", v.name)),
            Some("") => {}
            what => return Ok(what),
        }
    }
    Ok(None)
}

/// Empty if it needs nothing of the API.
fn projected_reference(s: &VolumeProjection) -> Option<&'static str> {
    let found = [
        (s.config_map.is_some(), "configmaps (via projected volumes)"),
        (s.secret.is_some(), "secrets (via projected volumes)"),
        (s.service_account_token.is_some(), "serviceaccounts (via projected volumes)"),
        (s.cluster_trust_bundle.is_some(), "clustertrustbundles"),
        (s.pod_certificate.is_some(), "podcertificates"),
        (s.downward_api.is_some(), ""),
    ];
    found.into_iter().find(|(there, _)| *there).map(|(_, what)| what)
}

fn judge_status(node: &str, new: &Pod, old: &Pod) -> Judgement {
    if pods::node(old) != node {
        return Err(format!("node {node:?} can only update pod status for pods with spec.nodeName set to itself"));
    }
    let labels = |p: &Pod| p.metadata.labels.clone().unwrap_or_default();
    if new.metadata.labels != old.metadata.labels && labels(new) != labels(old) {
        return Err(format!("node {node:?} cannot update labels through pod status"));
    }
    let claims = |p: &Pod| p.status.as_ref().and_then(|s| s.resource_claim_statuses.clone()).unwrap_or_default();
    if claims(new) != claims(old) {
        return Err(format!("node {node:?} cannot update resource claim statues"));
    }
    let extended = |p: &Pod| p.status.as_ref().and_then(|s| s.extended_resource_claim_status.clone());
    if extended(new) != extended(old) {
        return Err(format!("node {node:?} cannot update extended resource claim status"));
    }
    Ok(())
}

fn find<'a>(api: &'a ApiServer, key: &Key) -> Result<&'a Pod, Status> {
    let found = api.store().get(key).and_then(|o| o.get::<Pod>());
    found.ok_or_else(|| Status::not_found(key.kind, &key.name))
}

pub fn judge_delete(api: &ApiServer, node: &str, key: &Key) -> Result<Judgement, Status> {
    Ok(match pods::node(find(api, key)?) == node {
        true => Ok(()),
        false => Err(format!("node {node:?} can only delete pods with spec.nodeName set to itself")),
    })
}

pub fn judge_eviction(api: &ApiServer, node: &str, key: &Key) -> Result<Judgement, Status> {
    Ok(match pods::node(find(api, key)?) == node {
        true => Ok(()),
        false => Err(format!("node {node} can only evict pods with spec.nodeName set to itself")),
    })
}
