//! v1 Pod: names, defaults, validation, update rules, columns. Its spec is judged in [`pod_spec`](super::pod_spec).
//! [`update`] tells what of a pod may change, [`status`] what its status may not say, [`resize`] and [`ephemeral`] are the
//! subresources of these names, [`columns`] what `kubectl get` shows.
//! Real Kubernetes: pkg/apis/core/v1/defaults.go SetDefaults_Pod, pkg/registry/core/pod/strategy.go, printers printPod.

pub mod columns;
pub mod ephemeral;
pub mod resize;
pub mod status;
pub mod update;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{AppArmorProfile, PodCondition, PodSpec, PodStatus, SecurityContext};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Pod;
use super::pod_spec::profiles::{APP_ARMOR, app_armor_of, of_container, validate_app_armor, validate_match};
use super::pod_spec::template::validate_pod_annotations;
use super::pod_spec::validation::validate as validate_pod_spec;
use super::pod_spec::{self, Options, Subject, containers, items, text, warnings};
use super::shared_pod::Spec;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::pods;

pub use ephemeral::{prepare_ephemeral_containers, validate_ephemeral_containers};
pub use resize::{prepare_resize, validate_resize};

pub static KIND: Kind<Pod> = Kind {
    short_names: &["po"],
    categories: &["all"],
    subresources: &[
        Subresource::Attach, Subresource::Binding, Subresource::EphemeralContainers, Subresource::Eviction, Subresource::Exec,
        Subresource::Log, Subresource::PortForward, Subresource::Proxy, Subresource::Resize, Subresource::Status,
    ],
    generation: true,
    defaults,
    prepare_create,
    early_warnings: app_armor_warnings,
    prepare_update,
    prepare_status: status::prepare,
    spec_changed: |new, old| !update::same(new.spec.as_ref(), old.spec.as_ref()),
    validate,
    validate_update: update::validate,
    update_judges_alone: true,
    validate_status: status::validate,
    warnings: all_warnings,
    status_warnings: status::warnings,
    columns: columns::COLUMNS,
    selectable: &[
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        // It may be asked for, but no pod has it.
        "status.podIPs",
        "status.nominatedNodeName",
    ],
    field,
    returns_deleted: true,
    grace: |p| p.spec.as_ref().and_then(|s| s.termination_grace_period_seconds),
    ..Kind::new(("", "v1"), "Pod", "pods", "pod")
};

fn defaults(p: &mut Pod) {
    pod_spec::defaults::drop_old_annotations(&mut p.metadata.annotations);
    let spec = p.spec.get_or_insert_default();
    pod_spec::default_pod_spec(spec);
    pod_spec::default_spec(spec);
    // Whatever is less than nothing is one second.
    if spec.termination_grace_period_seconds.is_some_and(|s| s < 0) {
        spec.termination_grace_period_seconds = Some(1);
    }
}

fn prepare_create(p: &mut Pod) {
    let mut status = PodStatus {
        phase: Some("Pending".into()),
        qos_class: Some(pods::qos_class(p).into()),
        ..PodStatus::default()
    };
    let metadata = &p.metadata;
    if let Some(spec) = &mut p.spec {
        pod_spec::drop_disabled(spec, None);
        if !items(&spec.scheduling_gates).is_empty() {
            status.conditions = Some(vec![gated(metadata)]);
        }
        if let Some(labels) = metadata.labels.as_ref().filter(|_| pod_spec::spread::has_label_keys(spec)) {
            pod_spec::spread::merge_label_keys(spec, labels);
        }
        confine_as_annotated(spec, metadata);
    }
    p.status = Some(status.into());
}

fn gated(meta: &ObjectMeta) -> PodCondition {
    PodCondition {
        type_: "PodScheduled".into(),
        status: "False".into(),
        reason: Some("SchedulingGated".into()),
        message: Some("Scheduling is blocked due to non-empty scheduling gates".into()),
        last_transition_time: meta.creation_timestamp.clone(),
        ..PodCondition::default()
    }
}

/// What annotations say of containers that have no AppArmor profile of their own: `None` if it makes no sense.
/// Real Kubernetes: applyAppArmorVersionSkew in pkg/registry/core/pod/strategy.go.
fn annotated_profiles(s: &PodSpec, meta: &ObjectMeta) -> Vec<(String, Option<AppArmorProfile>)> {
    let windows = s.os.as_ref().is_some_and(|o| o.name == "windows");
    let annotations = meta.annotations.as_ref().filter(|a| !windows && a.keys().any(|k| k.starts_with(APP_ARMOR)));
    let Some(annotations) = annotations else { return vec![] };
    let read = |annotation: &str| {
        app_armor_of(annotation).filter(|p| {
            let mut errors = FieldErrors::default();
            validate_app_armor(Some(p), &Path::new(""), &mut errors);
            errors.is_empty()
        })
    };
    let bare = containers::all(s).filter(|(_, _, c)| c.security_context.is_none_or(|s| s.app_armor_profile.is_none()));
    bare.filter_map(|(_, _, c)| Some((c.name.to_string(), read(of_container(annotations, APP_ARMOR, c.name)?)))).collect()
}

/// A container without an AppArmor profile gets the one that its annotation names, unless the pod has it already.
fn confine_as_annotated(spec: &mut Spec, meta: &ObjectMeta) {
    let named: BTreeMap<String, Option<AppArmorProfile>> = annotated_profiles(spec, meta).into_iter().collect();
    if named.is_empty() {
        return;
    }
    let spec: &mut PodSpec = spec;
    let of_pod = profile_of_pod(spec).cloned();
    for c in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        let named = named.get(&c.name).cloned().flatten().filter(|p| of_pod.as_ref() != Some(p));
        if named.is_some() {
            c.security_context.get_or_insert_with(SecurityContext::default).app_armor_profile = named;
        }
    }
}

fn prepare_update(new: &mut Pod, old: &Pod) {
    new.status = old.status.clone();
    if let Some(spec) = &mut new.spec {
        pod_spec::drop_disabled(spec, old.spec.as_deref());
    }
}

fn validate(p: &Pod, errors: &mut FieldErrors) {
    validate_meta_and_spec(p, Options::for_pod(None, None), errors);
    let Some(s) = &p.spec else { return };
    let at = Path::new("spec");
    if !items(&s.ephemeral_containers).is_empty() {
        errors.forbidden(&at.child("ephemeralContainers"), "cannot be set on create");
    }
    if s.node_name.as_deref().is_some_and(|n| !n.is_empty()) && !items(&s.scheduling_gates).is_empty() {
        errors.forbidden(&at.child("nodeName"), "cannot be set until all schedulingGates have been cleared");
    }
    if let Some(a) = &p.metadata.annotations {
        validate_match(a, s, &at, errors);
    }
}

/// What holds of every pod, new or changed. The metadata that all kinds have was judged before.
fn validate_meta_and_spec(p: &Pod, options: Options, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let Some(s) = &p.spec else {
        return errors.required(&at.child("containers"), "");
    };
    let node_name = s.node_name.as_deref().unwrap_or("");
    if let Some(a) = &p.metadata.annotations {
        let metadata = Path::new("metadata");
        validate_pod_annotations(a, s, node_name, options, &metadata.child("annotations"), errors);
    }
    validate_pod_spec(s, Subject { node_name, meta: Some(&p.metadata), options }, &at, errors);
    if text(&s.service_account_name).is_empty() {
        forbid_tokens(s, &at.child("volumes"), errors);
    }
    containers::validate_images(&s.containers, &at.child("containers"), errors);
    containers::validate_images(items(&s.init_containers), &at.child("initContainers"), errors);
}

/// Without an account there is nobody whose token could be asked for.
fn forbid_tokens(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, v) in items(&s.volumes).iter().enumerate() {
        for (j, source) in v.projected.iter().flat_map(|p| items(&p.sources)).enumerate() {
            if source.service_account_token.is_some() {
                let here = at.index(i);
                let here = here.child("projected");
                let here = here.child("sources");
                let why = "must not be specified when serviceAccountName is not set";
                errors.forbidden(&here.index(j).child("serviceAccountToken"), why);
            }
        }
    }
}

/// Only a new pod is looked at: changes of pods are many, and few of them are made by people.
fn all_warnings(p: &Pod, old: Option<&Pod>) -> Vec<String> {
    let Some(s) = p.spec.as_ref().filter(|_| old.is_none()) else { return vec![] };
    let mut out = vec![];
    out.extend(warnings::name_warning(p.metadata.name.as_deref().unwrap_or(""), "the Pod's hostname"));
    out.extend(warnings::pod_warnings(s, p.metadata.annotations.as_ref()));
    out
}

/// Annotations that are to be turned into profiles, or cannot be.
fn app_armor_warnings(p: &Pod) -> Vec<String> {
    let Some(s) = p.spec.as_ref() else { return vec![] };
    let metadata = Path::new("metadata");
    let at = metadata.child("annotations");
    let old = annotated_profiles(s, &p.metadata);
    // What the pod as a whole has already is not said again.
    let said_anew = old.into_iter().filter(|(_, named)| named.is_none() || named.as_ref() != profile_of_pod(s));
    said_anew.map(|(container, _)| warnings::old_app_armor(&at, &container)).collect()
}

fn profile_of_pod(s: &PodSpec) -> Option<&AppArmorProfile> {
    s.security_context.as_ref().and_then(|c| c.app_armor_profile.as_ref())
}

fn field(p: &Pod, name: &str) -> Option<String> {
    let spec = p.spec.as_ref();
    let status = p.status.as_ref();
    match name {
        "spec.nodeName" => spec.and_then(|s| s.node_name.as_ref().map(ToString::to_string)),
        "spec.restartPolicy" => spec.and_then(|s| s.restart_policy.clone()),
        "spec.schedulerName" => spec.and_then(|s| s.scheduler_name.clone()),
        "spec.serviceAccountName" => spec.and_then(|s| s.service_account_name.clone()),
        "spec.hostNetwork" => Some(spec.and_then(|s| s.host_network).unwrap_or(false).to_string()),
        "status.phase" => status.and_then(|s| s.phase.clone()),
        "status.podIP" => status.and_then(|s| s.pod_ip.clone()),
        "status.nominatedNodeName" => status.and_then(|s| s.nominated_node_name.clone()),
        _ => None,
    }
    .or_else(|| Some(String::new()))
}
