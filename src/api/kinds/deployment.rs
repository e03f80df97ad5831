//! apps/v1 Deployment: names, defaults, validation, columns, update rules.
//! Real Kubernetes: pkg/apis/apps/v1/defaults.go SetDefaults_Deployment, pkg/apis/apps/validation, pkg/registry/apps/deployment.

use k8s_openapi::api::apps::v1::{DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Deployment;
use super::updates::keep;
use super::{pod_spec, workload};
use crate::api::field::{FieldErrors, Path};
use crate::api::{canonical, go_text, int_or_string, internal, names};
use crate::api::kind::{Kind, Scale, Subresource};
use crate::api::selector::Selector;
use crate::api::table::{Cell, Column};

/// Once a way to roll back.
const ROLLBACK_TO: &str = "deprecated.deployment.rollback.to";

pub static KIND: Kind<Deployment> = Kind {
    short_names: &["deploy"],
    categories: &["all"],
    subresources: &[Subresource::Status, Subresource::Scale],
    generation: true,
    before_decoding: workload::mark_empty_selector,
    unconvertible: |d| {
        let revision = d.metadata.annotations.as_ref()?.get(ROLLBACK_TO).filter(|r| !r.is_empty())?;
        let why = go_text::unreadable_int(revision)?;
        Some(format!("failed to parse annotation[{ROLLBACK_TO}]={revision} as int64: {why}"))
    },
    defaults,
    prepare_create: |d| {
        d.status = Some(Default::default());
        pod_spec::drop_disabled_of_template(template_mut(d), None);
    },
    prepare_update: |new, old| {
        new.status = old.status.clone();
        pod_spec::drop_disabled_of_template(template_mut(new), template(old));
    },
    prepare_status: |new, old| {
        keep(&mut new.spec, &old.spec);
        keep(&mut new.metadata.labels, &old.metadata.labels);
    },
    spec_changed: |new, old| {
        !canonical::equal(&new.spec, &old.spec, "apps/v1.DeploymentSpec")
            || annotations(new).ne(annotations(old))
    },
    validate: |d, errors| validate(d, None, errors),
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
        Column::text("Ready", "Number of the pod with ready state", |d, _| Cell::from(format!("{}/{}", status(d, |s| s.ready_replicas), wanted(d)))),
        Column::text("Up-to-date", "Total number of non-terminating pods targeted by this deployment that have the desired template spec.", |d, _| Cell::from(status(d, |s| s.updated_replicas))),
        Column::text("Available", "Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this deployment.", |d, _| Cell::from(status(d, |s| s.available_replicas))),
        Column::age(),
        Column::wide_text("Containers", "Names of each container in the template.", |d, _| Cell::from(pod_spec::container_names(d.spec.as_ref().and_then(|s| s.template.spec.as_ref())))),
        Column::wide_text("Images", "Images referenced by each container in the template.", |d, _| Cell::from(pod_spec::images(d.spec.as_ref().and_then(|s| s.template.spec.as_ref())))),
        Column::wide_text("Selector", "Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected by this deployment. It must match the pod template's labels.", |d, _| Cell::from(selector(d).to_string())),
    ],
    scale: Some(Scale {
        replicas: wanted,
        set_replicas: |d, n| d.spec.get_or_insert_default().replicas = Some(n),
        current: |d| status(d, |s| s.replicas),
        selector: |d| selector(d).to_string(),
    }),
    ..Kind::new(("apps", "v1"), "Deployment", "deployments", "deployment")
};

pub fn wanted(d: &Deployment) -> i32 {
    d.spec.as_ref().and_then(|s| s.replicas).unwrap_or(0)
}

fn status(d: &Deployment, pick: impl Fn(&k8s_openapi::api::apps::v1::DeploymentStatus) -> Option<i32>) -> i32 {
    d.status.as_ref().and_then(pick).unwrap_or(0)
}

pub fn selector(d: &Deployment) -> Selector {
    d.spec.as_ref().map_or(Selector::Nothing, |s| Selector::of(&s.selector))
}

/// They count as part of what is wanted, since ReplicaSets get a copy. None and an empty list are the same.
fn annotations(d: &Deployment) -> impl Iterator<Item = (&String, &String)> {
    d.metadata.annotations.iter().flatten()
}

fn defaults(d: &mut Deployment) {
    let spec = d.spec.get_or_insert_default();
    pod_spec::default_template(&mut spec.template);
    spec.replicas.get_or_insert(1);
    let strategy = spec.strategy.get_or_insert_with(DeploymentStrategy::default);
    if strategy.type_.as_deref().unwrap_or("").is_empty() {
        strategy.type_ = Some("RollingUpdate".into());
    }
    if strategy.type_.as_deref() == Some("RollingUpdate") {
        let rolling = strategy.rolling_update.get_or_insert_with(RollingUpdateDeployment::default);
        rolling.max_unavailable.get_or_insert_with(|| IntOrString::String("25%".into()));
        rolling.max_surge.get_or_insert_with(|| IntOrString::String("25%".into()));
    }
    spec.revision_history_limit.get_or_insert(10);
    spec.progress_deadline_seconds.get_or_insert(600);
}

fn template(d: &Deployment) -> Option<&PodTemplateSpec> {
    d.spec.as_ref().map(|s| &s.template)
}

fn template_mut(d: &mut Deployment) -> Option<&mut PodTemplateSpec> {
    d.spec.as_mut().map(|s| &mut s.template)
}

fn validate(d: &Deployment, old: Option<&Deployment>, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let Some(spec) = &d.spec else { return };
    errors.non_negative(&at.child("replicas"), i64::from(spec.replicas.unwrap_or(0)));
    workload::validate_selector_and_template(&spec.selector, &spec.template, old.and_then(template), &at, errors);
    if let Some(s) = &spec.strategy {
        validate_strategy(s, &at.child("strategy"), errors);
    }
    let min_ready = spec.min_ready_seconds.unwrap_or(0);
    errors.non_negative(&at.child("minReadySeconds"), i64::from(min_ready));
    if let Some(n) = spec.revision_history_limit {
        errors.non_negative(&at.child("revisionHistoryLimit"), i64::from(n));
    }
    if let Some(deadline) = spec.progress_deadline_seconds {
        errors.non_negative(&at.child("progressDeadlineSeconds"), i64::from(deadline));
        if deadline <= min_ready {
            errors.invalid(&at.child("progressDeadlineSeconds"), deadline, "must be greater than minReadySeconds");
        }
    }
}

fn validate_strategy(s: &DeploymentStrategy, at: &Path<'_>, errors: &mut FieldErrors) {
    match s.type_.as_deref().unwrap_or("") {
        "Recreate" => {
            if s.rolling_update.is_some() {
                errors.forbidden(&at.child("rollingUpdate"), "may not be specified when strategy `type` is 'Recreate'");
            }
        }
        "RollingUpdate" => match &s.rolling_update {
            None => errors.required(&at.child("rollingUpdate"), "this should be defaulted and never be nil"),
            Some(r) => validate_rolling_update(r, &at.child("rollingUpdate"), errors),
        },
        _ => {
            let shown = internal::shown(s, "apps/v1.DeploymentStrategy");
            errors.not_supported_struct(at, shown, &["Recreate", "RollingUpdate"]);
        }
    }
}

fn validate_rolling_update(r: &RollingUpdateDeployment, at: &Path<'_>, errors: &mut FieldErrors) {
    for (name, v) in [("maxUnavailable", &r.max_unavailable), ("maxSurge", &r.max_surge)] {
        if let Some(v) = v {
            int_or_string::validate(v, &at.child(name), errors);
        }
    }
    let none = IntOrString::Int(0);
    let unavailable = r.max_unavailable.as_ref().unwrap_or(&none);
    let here = at.child("maxUnavailable");
    if int_or_string::is_zero(unavailable) && r.max_surge.as_ref().is_none_or(int_or_string::is_zero) {
        let shown = serde_json::to_value(unavailable).unwrap_or_default();
        errors.invalid(&here, shown, "may not be 0 when `maxSurge` is 0");
    }
    int_or_string::validate_not_above_all(unavailable, &here, errors);
}

fn validate_status(new: &Deployment, old: &Deployment, errors: &mut FieldErrors) {
    let at = Path::new("status");
    let Some(s) = &new.status else { return };
    errors.non_negative(&at.child("observedGeneration"), s.observed_generation.unwrap_or(0));
    let counts = [
        ("replicas", s.replicas),
        ("updatedReplicas", s.updated_replicas),
        ("readyReplicas", s.ready_replicas),
        ("availableReplicas", s.available_replicas),
        ("unavailableReplicas", s.unavailable_replicas),
        ("terminatingReplicas", s.terminating_replicas),
        ("collisionCount", s.collision_count),
    ];
    workload::validate_counts(&counts.map(|(name, n)| (name, n.map(i64::from))), &at, errors);
    let counts = [counts[1], counts[2], counts[3]].map(|(name, n)| (name, n.unwrap_or(0)));
    workload::validate_no_more(&counts, s.replicas.unwrap_or(0), "status.replicas", &at, errors);
    workload::validate_no_more(&counts[2..], s.ready_replicas.unwrap_or(0), "readyReplicas", &at, errors);
    let before = old.status.as_ref().and_then(|s| s.collision_count);
    workload::validate_collisions(s.collision_count, before, &at, errors);
}
