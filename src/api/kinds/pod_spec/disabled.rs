//! Fields that this version of Kubernetes knows but leaves switched off: what a client says in them is dropped, unless the
//! object has it already.
//! Real Kubernetes: pkg/api/pod/util.go dropDisabledFields, with the feature gates as v1.36 sets them.

use k8s_openapi::api::core::v1::{ContainerStatus, Lifecycle, PodSpec, PodStatus, PodTemplateSpec, VolumeProjection};

use super::{containers, items};

/// `old` is the spec as it was, if it was there. A spec that says nothing of the kind is not touched.
pub fn drop_disabled<S>(s: &mut S, old: Option<&PodSpec>)
where
    S: std::ops::DerefMut<Target = PodSpec>,
{
    let dropped = |in_use: fn(&PodSpec) -> bool, s: &PodSpec| in_use(s) && !old.is_some_and(in_use);
    // ClusterTrustBundleProjection
    if dropped(projects_trust_bundles, s) {
        for_projections(s, |source| source.cluster_trust_bundle = None);
    }
    // PodCertificateRequest
    if dropped(projects_certificates, s) {
        for_projections(s, |source| source.pod_certificate = None);
    }
    // GenericWorkload
    if dropped(|s| s.scheduling_group.is_some(), s) {
        s.scheduling_group = None;
    }
    // ContainerStopSignals
    if dropped(has_stop_signals, s) {
        drop_stop_signals(s);
    }
}

/// The same for a template.
pub fn drop_disabled_of_template(t: Option<&mut PodTemplateSpec>, old: Option<&PodTemplateSpec>) {
    if let Some(mut spec) = t.and_then(|t| t.spec.as_mut()) {
        drop_disabled(&mut spec, old.and_then(|t| t.spec.as_ref()));
    }
}

fn projections(s: &PodSpec) -> impl Iterator<Item = &VolumeProjection> {
    items(&s.volumes).iter().filter_map(|v| v.projected.as_ref()).flat_map(|p| items(&p.sources))
}

fn projects_trust_bundles(s: &PodSpec) -> bool {
    projections(s).any(|source| source.cluster_trust_bundle.is_some())
}

fn projects_certificates(s: &PodSpec) -> bool {
    projections(s).any(|source| source.pod_certificate.is_some())
}

fn for_projections(s: &mut PodSpec, change: impl FnMut(&mut VolumeProjection)) {
    let projected = s.volumes.iter_mut().flatten().filter_map(|v| v.projected.as_mut());
    projected.flat_map(|p| p.sources.iter_mut().flatten()).for_each(change);
}

fn has_stop_signals(s: &PodSpec) -> bool {
    containers::all(s).any(|(_, _, c)| c.lifecycle.is_some_and(|l| l.stop_signal.is_some()))
}

fn drop_stop_signals(s: &mut PodSpec) {
    let main = s.containers.iter_mut().map(|c| &mut c.lifecycle);
    let init = s.init_containers.iter_mut().flatten().map(|c| &mut c.lifecycle);
    let ephemeral = s.ephemeral_containers.iter_mut().flatten().map(|c| &mut c.lifecycle);
    for lifecycle in main.chain(init).chain(ephemeral) {
        let Some(l) = lifecycle.as_mut().filter(|l| l.stop_signal.is_some()) else { continue };
        l.stop_signal = None;
        if *l == Lifecycle::default() {
            *lifecycle = None;
        }
    }
}

/// The same for a status.
pub fn drop_disabled_status<S>(s: &mut S, old: Option<&PodStatus>)
where
    S: std::ops::DerefMut<Target = PodStatus>,
{
    let dropped = |in_use: fn(&PodStatus) -> bool, s: &PodStatus| in_use(s) && !old.is_some_and(in_use);
    // ImageVolumeWithDigest
    if dropped(|s| statuses(s).any(shows_volumes), s) {
        for c in statuses_mut(s) {
            c.volume_mounts.iter_mut().flatten().for_each(|m| m.volume_status = None);
        }
    }
    // DRANodeAllocatableResources
    if dropped(|s| !items(&s.node_allocatable_resource_claim_statuses).is_empty(), s) {
        s.node_allocatable_resource_claim_statuses = None;
    }
}

fn shows_volumes(c: &ContainerStatus) -> bool {
    items(&c.volume_mounts).iter().any(|m| m.volume_status.is_some())
}

/// The status of every container.
pub fn statuses(s: &PodStatus) -> impl Iterator<Item = &ContainerStatus> {
    [&s.container_statuses, &s.init_container_statuses, &s.ephemeral_container_statuses].into_iter().flatten().flatten()
}

fn statuses_mut(s: &mut PodStatus) -> impl Iterator<Item = &mut ContainerStatus> {
    [&mut s.container_statuses, &mut s.init_container_statuses, &mut s.ephemeral_container_statuses]
        .into_iter()
        .flatten()
        .flatten()
}
