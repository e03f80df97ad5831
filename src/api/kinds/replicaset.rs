//! apps/v1 ReplicaSet: names, defaults, validation, columns, update rules.
//! Real Kubernetes: pkg/apis/apps/v1/defaults.go SetDefaults_ReplicaSet, pkg/apis/apps/validation, pkg/registry/apps/replicaset.

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};

use super::ReplicaSet;
use super::updates::keep;
use super::{pod_spec, workload};
use crate::api::{canonical, names};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Scale, Subresource};
use crate::api::selector::Selector;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<ReplicaSet> = Kind {
    short_names: &["rs"],
    categories: &["all"],
    subresources: &[Subresource::Status, Subresource::Scale],
    generation: true,
    before_decoding: workload::mark_empty_selector,
    defaults,
    prepare_create: |r| {
        r.status = Some(Default::default());
        pod_spec::drop_disabled_of_template(template_mut(r), None);
    },
    prepare_update: |new, old| {
        new.status = old.status.clone();
        pod_spec::drop_disabled_of_template(template_mut(new), template(old));
    },
    prepare_status: |new, old| keep(&mut new.spec, &old.spec),
    spec_changed: |new, old| !canonical::equal(&new.spec, &old.spec, "apps/v1.ReplicaSetSpec"),
    validate: |r, errors| validate(r, None, errors),
    validate_update: |new, old, errors| {
        names::validate_meta_update(&new.metadata, &old.metadata, errors);
        validate(new, Some(old), errors);
        if let (Some(n), Some(o)) = (&new.spec, &old.spec) {
            let at = Path::new("spec");
            workload::validate_selector_stays(&n.selector, &o.selector, &at.child("selector"), errors);
        }
    },
    update_judges_alone: true,
    validate_status,
    warnings: |new, old| workload::warnings(template(new), &new.metadata, old.map(|o| &o.metadata)),
    columns: &[
        Column::name(),
        Column::int("Desired", "Replicas is the number of desired pods. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset", |r, _| Cell::from(wanted(r))),
        Column::int("Current", "Replicas is the most recently observed number of non-terminating pods. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset", |r, _| Cell::from(r.status.as_ref().map_or(0, |s| s.replicas))),
        Column::int("Ready", "The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition.", |r, _| Cell::from(r.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or(0))),
        Column::age(),
        Column::wide_text("Containers", "Names of each container in the template.", |r, _| Cell::from(pod_spec::container_names(pod(r)))),
        Column::wide_text("Images", "Images referenced by each container in the template.", |r, _| Cell::from(pod_spec::images(pod(r)))),
        Column::wide_text("Selector", "Selector is a label query over pods that should match the replica count. Label keys and values that must match in order to be controlled by this replica set. It must match the pod template's labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors", |r, _| Cell::from(workload::selector_text(r.spec.as_ref().map(|s| &s.selector)))),
    ],
    scale: Some(Scale {
        replicas: wanted,
        set_replicas: |r, n| r.spec.get_or_insert_default().replicas = Some(n),
        current: |r| r.status.as_ref().map_or(0, |s| s.replicas),
        selector: |r| selector(r).to_string(),
    }),
    ..Kind::new(("apps", "v1"), "ReplicaSet", "replicasets", "replicaset")
};

pub fn wanted(r: &ReplicaSet) -> i32 {
    r.spec.as_ref().and_then(|s| s.replicas).unwrap_or(0)
}

pub fn selector(r: &ReplicaSet) -> Selector {
    r.spec.as_ref().map_or(Selector::Nothing, |s| Selector::of(&s.selector))
}

fn pod(r: &ReplicaSet) -> Option<&PodSpec> {
    template(r)?.spec.as_ref()
}

fn defaults(r: &mut ReplicaSet) {
    let spec = r.spec.get_or_insert_default();
    spec.replicas.get_or_insert(1);
    if let Some(t) = &mut spec.template {
        pod_spec::default_template(t);
    }
}

fn template(r: &ReplicaSet) -> Option<&PodTemplateSpec> {
    r.spec.as_ref().and_then(|s| s.template.as_ref())
}

fn template_mut(r: &mut ReplicaSet) -> Option<&mut PodTemplateSpec> {
    r.spec.as_mut().and_then(|s| s.template.as_mut())
}

fn validate(r: &ReplicaSet, old: Option<&ReplicaSet>, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let Some(spec) = &r.spec else { return };
    errors.non_negative(&at.child("replicas"), i64::from(spec.replicas.unwrap_or(0)));
    errors.non_negative(&at.child("minReadySeconds"), i64::from(spec.min_ready_seconds.unwrap_or(0)));
    let none = PodTemplateSpec::default();
    let new = spec.template.as_ref().unwrap_or(&none);
    workload::validate_selector_and_template(&spec.selector, new, old.and_then(template), &at, errors);
}

fn validate_status(new: &ReplicaSet, _: &ReplicaSet, errors: &mut FieldErrors) {
    let Some(s) = &new.status else { return };
    let counts = workload::ReplicaCounts {
        replicas: s.replicas,
        fully_labeled: s.fully_labeled_replicas.unwrap_or(0),
        ready: s.ready_replicas.unwrap_or(0),
        available: s.available_replicas.unwrap_or(0),
        observed_generation: s.observed_generation.unwrap_or(0),
        terminating: s.terminating_replicas.unwrap_or(0),
    };
    workload::validate_replica_counts(&counts, errors);
}
