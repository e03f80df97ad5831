//! v1 ReplicationController: names, defaults, validation, columns, update rules. A ReplicaSet's forerunner, which selects by
//! labels alone.
//! Real Kubernetes: pkg/apis/core/v1/defaults.go SetDefaults_ReplicationController, pkg/apis/core/validation
//! ValidateReplicationController, pkg/registry/core/replicationcontroller.

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec, ReplicationControllerStatus};

use super::ReplicationController;
use super::updates::keep;
use super::{pod_spec, workload};
use crate::api::field::{FieldErrors, Path};
use crate::api::go_text;
use crate::api::kind::{Kind, Scale, Subresource};
use crate::api::names;
use crate::api::selector::{Labels, Selector, labels_text};
use crate::api::table::{Cell, Column};

pub static KIND: Kind<ReplicationController> = Kind {
    short_names: &["rc"],
    categories: &["all"],
    subresources: &[Subresource::Scale, Subresource::Status],
    generation: true,
    leaves_owned: true,
    defaults,
    prepare_create: |r| {
        r.status = Some(ReplicationControllerStatus::default());
        pod_spec::drop_disabled_of_template(template_mut(r), None);
    },
    prepare_update: |new, old| {
        new.status.clone_from(&old.status);
        pod_spec::drop_disabled_of_template(template_mut(new), template(old));
    },
    prepare_status: |new, old| keep(&mut new.spec, &old.spec),
    spec_changed: |new, old| new.spec != old.spec,
    validate: |r, errors| validate(r, None, errors),
    validate_update,
    update_judges_alone: true,
    validate_status: |new, _, errors| {
        let Some(s) = &new.status else { return };
        let counts = workload::ReplicaCounts {
            replicas: s.replicas,
            fully_labeled: s.fully_labeled_replicas.unwrap_or(0),
            ready: s.ready_replicas.unwrap_or(0),
            available: s.available_replicas.unwrap_or(0),
            observed_generation: s.observed_generation.unwrap_or(0),
            terminating: 0,
        };
        workload::validate_replica_counts(&counts, errors);
    },
    warnings: |new, old| workload::warnings(template(new), &new.metadata, old.map(|o| &o.metadata)),
    columns: &[
        Column::name(),
        Column::int("Desired", "Replicas is the number of desired replicas. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller", |r, _| Cell::from(wanted(r))),
        Column::int("Current", "Replicas is the most recently observed number of replicas. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller", |r, _| Cell::from(r.status.as_ref().map_or(0, |s| s.replicas))),
        Column::int("Ready", "The number of ready replicas for this replication controller.", |r, _| Cell::from(r.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or(0))),
        Column::age(),
        Column::wide_text("Containers", "Names of each container in the template.", |r, _| Cell::from(pod_spec::container_names(pod(r)))),
        Column::wide_text("Images", "Images referenced by each container in the template.", |r, _| Cell::from(pod_spec::images(pod(r)))),
        Column::wide_text("Selector", "Selector is a label query over pods that should match the Replicas count. If Selector is empty, it is defaulted to the labels present on the Pod template. Label keys and values that must match in order to be controlled by this replication controller, if empty defaulted to labels on Pod template. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors", |r, _| Cell::from(labels_text(selector(r), "<none>"))),
    ],
    selectable: &["status.replicas"],
    field: |r, _| Some(r.status.as_ref().map_or(0, |s| s.replicas).to_string()),
    scale: Some(Scale {
        replicas: wanted,
        set_replicas: |r, n| r.spec.get_or_insert_default().replicas = Some(n),
        current: |r| r.status.as_ref().map_or(0, |s| s.replicas),
        selector: |r| selector(r).map(|l| Selector::of_labels(l).to_string()).unwrap_or_default(),
    }),
    ..Kind::new(("", "v1"), "ReplicationController", "replicationcontrollers", "replicationcontroller")
};

pub fn wanted(r: &ReplicationController) -> i32 {
    r.spec.as_ref().and_then(|s| s.replicas).unwrap_or(0)
}

pub fn selector(r: &ReplicationController) -> Option<&Labels> {
    r.spec.as_ref()?.selector.as_ref()
}

fn template(r: &ReplicationController) -> Option<&PodTemplateSpec> {
    r.spec.as_ref()?.template.as_ref()
}

fn template_mut(r: &mut ReplicationController) -> Option<&mut PodTemplateSpec> {
    r.spec.as_mut()?.template.as_mut()
}

fn pod(r: &ReplicationController) -> Option<&PodSpec> {
    template(r)?.spec.as_ref()
}

fn defaults(r: &mut ReplicationController) {
    let spec = r.spec.get_or_insert_default();
    if let Some(labels) = spec.template.as_ref().and_then(|t| t.metadata.as_ref()?.labels.clone()) {
        let empty = |l: &Option<Labels>| l.as_ref().is_none_or(Labels::is_empty);
        if empty(&r.metadata.labels) {
            r.metadata.labels = Some(labels.clone());
        }
        if empty(&spec.selector) {
            spec.selector = Some(labels);
        }
    }
    spec.replicas.get_or_insert(1);
    if let Some(t) = &mut spec.template {
        workload::default_template(t);
    }
}

fn validate(r: &ReplicationController, old: Option<&ReplicationController>, errors: &mut FieldErrors) {
    let Some(spec) = &r.spec else { return };
    let at = Path::new("spec");
    errors.non_negative(&at.child("minReadySeconds"), i64::from(spec.min_ready_seconds.unwrap_or(0)));
    let chosen = spec.selector.as_ref().filter(|l| !l.is_empty());
    if chosen.is_none() {
        errors.required(&at.child("selector"), "");
    }
    errors.non_negative(&at.child("replicas"), i64::from(spec.replicas.unwrap_or(0)));
    let at = at.child("template");
    let Some(t) = &spec.template else {
        errors.required(&at, "");
        return;
    };
    if let Some(labels) = chosen {
        workload::validate_selected(&Selector::of_labels(labels), t, &at, errors);
    }
    workload::validate_lasting_template(t, old.and_then(template), "ReplicationController", &at, errors);
}

fn validate_update(new: &ReplicationController, old: &ReplicationController, errors: &mut FieldErrors) {
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
    validate(new, Some(old), errors);
    // A selector that labels alone cannot say was given to a ReplicaSet that is shown as this kind.
    for (key, value) in old.metadata.annotations.iter().flatten() {
        let parts: Vec<&str> = key.split('/').collect();
        let [prefix, field] = parts.as_slice() else { continue };
        if !prefix.starts_with("non-convertible.kubernetes.io") {
            continue;
        }
        if !field.contains("selector") {
            errors.not_found_among(&Path::new(field), value.as_str(), "unknown non-convertible field");
        } else if selector(new) != selector(old) {
            let shown = go_text::json(&serde_json::to_value(selector(new)).unwrap_or_default());
            errors.invalid_struct(&Path::new("spec").child("selector"), shown, "cannot update non-convertible selector");
        }
    }
}
