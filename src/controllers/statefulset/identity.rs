//! Who a pod of a StatefulSet is: its ordinal, its name, its labels and host name, its volumes.
//! Real Kubernetes: pkg/controller/statefulset/stateful_set_utils.go.

use std::ops::Range;

use k8s_openapi::api::core::v1::{PersistentVolumeClaimVolumeSource, Volume};

use super::claims;
use crate::api::kinds::{Pod, StatefulSet};
use crate::api::object::Resource;
use crate::client::history::HASH_LABEL;
use crate::client::pod_control::pod_of;

const NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
const INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";

/// `db` and `2` of `db-2`.
fn parts(name: &str) -> Option<(&str, &str)> {
    name.rsplit_once('-').filter(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// A name may hold no greater number than an `i32`; the last ordinal that is wanted may be greater.
pub fn ordinal(pod: &Pod) -> Option<i64> {
    parts(pod.name())?.1.parse::<i32>().ok().map(i64::from)
}

/// Whether its name is one that the set gives.
pub fn is_member(set: &StatefulSet, pod: &Pod) -> bool {
    parts(pod.name()).is_some_and(|(parent, _)| parent == set.name())
}

pub fn name(set: &StatefulSet, ordinal: i64) -> String {
    format!("{}-{ordinal}", set.name())
}

pub fn start(set: &StatefulSet) -> i64 {
    set.spec.as_ref().and_then(|s| s.ordinals.as_ref()?.start).unwrap_or(0).into()
}

pub fn replicas(set: &StatefulSet) -> i32 {
    set.spec.as_ref().and_then(|s| s.replicas).unwrap_or(0)
}

/// The ordinals that should be there.
pub fn ordinals(set: &StatefulSet) -> Range<i64> {
    start(set)..start(set) + i64::from(replicas(set))
}

/// The revision that it is of.
pub fn revision(pod: &Pod) -> &str {
    pod.label(HASH_LABEL).unwrap_or("")
}

pub fn has_identity(set: &StatefulSet, pod: &Pod) -> bool {
    ordinal(pod).is_some_and(|n| name(set, n) == pod.name()) && pod.label(NAME_LABEL) == Some(pod.name())
}

pub fn give_identity(pod: &mut Pod) {
    let (name, index) = (pod.name().to_string(), ordinal(pod).unwrap_or(0).to_string());
    let labels = pod.metadata.labels.get_or_insert_default();
    labels.insert(NAME_LABEL.into(), name);
    labels.insert(INDEX_LABEL.into(), index);
}

/// Whether its volumes are the claims of the set's templates.
pub fn has_storage(set: &StatefulSet, pod: &Pod) -> bool {
    let Some(n) = ordinal(pod) else { return false };
    let volumes = pod.spec.as_ref().and_then(|s| s.volumes.as_deref()).unwrap_or_default();
    claims::templates(set).iter().all(|t| {
        let claim = claims::name(set, t, n);
        volumes
            .iter()
            .any(|v| v.name == t.name() && v.persistent_volume_claim.as_ref().is_some_and(|c| c.claim_name == claim))
    })
}

/// Claims take the place of volumes of the same name.
pub fn give_storage(set: &StatefulSet, pod: &mut Pod) {
    let n = ordinal(pod).unwrap_or(0);
    let volume = |t: &crate::api::kinds::PersistentVolumeClaim| {
        let source = PersistentVolumeClaimVolumeSource { claim_name: claims::name(set, t, n), read_only: None };
        Volume { name: t.name().into(), persistent_volume_claim: Some(source), ..Volume::default() }
    };
    let mut volumes: Vec<Volume> = claims::templates(set).iter().map(volume).collect();
    let Some(spec) = &mut pod.spec else { return };
    let own: Vec<Volume> =
        spec.volumes.iter().flatten().filter(|v| volumes.iter().all(|c| c.name != v.name)).cloned().collect();
    volumes.extend(own);
    spec.volumes = (!volumes.is_empty()).then_some(volumes);
}

/// The pod with that ordinal, as the set (which may be brought back to an older revision) wants it.
pub fn pod(set: &StatefulSet, ordinal: i64, revision: &str) -> Pod {
    let mut pod = pod_of(set, set.spec.as_ref().map(|s| &s.template));
    let name = name(set, ordinal);
    pod.metadata.name = Some(name.clone());
    give_identity(&mut pod);
    pod.metadata.labels.get_or_insert_default().insert(HASH_LABEL.into(), revision.into());
    if let Some(spec) = &mut pod.spec {
        spec.hostname = Some(name);
        spec.subdomain = set.spec.as_ref().and_then(|s| s.service_name.clone()).filter(|s| !s.is_empty());
    }
    give_storage(set, &mut pod);
    pod
}
