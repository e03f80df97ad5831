//! apps/v1 ReplicaSet: names, defaults, validation, columns, update rules.
//! Real Kubernetes: pkg/apis/apps/v1/defaults.go SetDefaults_ReplicaSet, pkg/apis/apps/validation, pkg/registry/apps/replicaset.

use super::ReplicaSet;
use super::updates::status_only;
use super::{pod_spec, workload};
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
        if let Some(t) = r.spec.as_mut().and_then(|s| s.template.as_mut()) {
            pod_spec::drop_disabled_of_template(t, None);
        }
    },
    prepare_update: |new, old| {
        new.status = old.status.clone();
        if let Some(t) = new.spec.as_mut().and_then(|s| s.template.as_mut()) {
            pod_spec::drop_disabled_of_template(t, old.spec.as_ref().and_then(|s| s.template.as_ref()));
        }
    },
    prepare_status: |new, old| status_only((&mut new.metadata, &mut new.spec), (&old.metadata, &old.spec)),
    spec_changed: |new, old| new.spec != old.spec,
    validate,
    validate_update: |new, old, errors| {
        if let (Some(n), Some(o)) = (&new.spec, &old.spec) {
            errors.immutable(&Path::new("spec").child("selector"), &n.selector, &o.selector);
        }
    },
    warnings: |new, old| {
        let template = new.spec.as_ref().and_then(|s| s.template.as_ref());
        workload::warnings(template, &new.metadata, old.map(|o| &o.metadata))
    },
    columns: &[
        Column::name(),
        Column::int("Desired", "Replicas is the number of desired pods. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset", |r, _| Cell::from(wanted(r))),
        Column::int("Current", "Replicas is the most recently observed number of non-terminating pods. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset", |r, _| Cell::from(r.status.as_ref().map_or(0, |s| s.replicas))),
        Column::int("Ready", "The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition.", |r, _| Cell::from(r.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or(0))),
        Column::age(),
        Column::wide_text("Containers", "Names of each container in the template.", |r, _| Cell::from(pod_spec::container_names(template(r)))),
        Column::wide_text("Images", "Images referenced by each container in the template.", |r, _| Cell::from(pod_spec::images(template(r)))),
        Column::wide_text("Selector", "Selector is a label query over pods that should match the replica count. Label keys and values that must match in order to be controlled by this replica set. It must match the pod template's labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors", |r, _| Cell::from(selector(r).to_string())),
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

fn template(r: &ReplicaSet) -> Option<&k8s_openapi::api::core::v1::PodSpec> {
    r.spec.as_ref()?.template.as_ref()?.spec.as_ref()
}

fn defaults(r: &mut ReplicaSet) {
    let spec = r.spec.get_or_insert_default();
    spec.replicas.get_or_insert(1);
    if let Some(t) = &mut spec.template {
        pod_spec::default_template(t);
    }
}

fn validate(r: &ReplicaSet, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let Some(spec) = &r.spec else { return };
    errors.non_negative(&at.child("replicas"), i64::from(spec.replicas.unwrap_or(0)));
    errors.non_negative(&at.child("minReadySeconds"), i64::from(spec.min_ready_seconds.unwrap_or(0)));
    workload::validate_selector_and_template(&spec.selector, spec.template.as_ref(), &at, errors);
}
