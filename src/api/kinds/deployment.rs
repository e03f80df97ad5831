//! apps/v1 Deployment: names, defaults, validation, columns, update rules.
//! Real Kubernetes: pkg/apis/apps/v1/defaults.go SetDefaults_Deployment, pkg/apis/apps/validation, pkg/registry/apps/deployment.

use k8s_openapi::api::apps::v1::{DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Deployment;
use super::updates::status_only;
use super::{pod_spec, workload};
use crate::api::field::{FieldErrors, Path};
use crate::api::int_or_string;
use crate::api::kind::{Kind, Scale, Subresource};
use crate::api::selector::Selector;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<Deployment> = Kind {
    short_names: &["deploy"],
    categories: &["all"],
    subresources: &[Subresource::Status, Subresource::Scale],
    generation: true,
    before_decoding: workload::mark_empty_selector,
    defaults,
    prepare_create: |d| {
        d.status = Some(Default::default());
        if let Some(s) = &mut d.spec {
            pod_spec::drop_disabled_of_template(&mut s.template, None);
        }
    },
    prepare_update: |new, old| {
        new.status = old.status.clone();
        if let Some(s) = &mut new.spec {
            pod_spec::drop_disabled_of_template(&mut s.template, old.spec.as_ref().map(|s| &s.template));
        }
    },
    prepare_status: |new, old| status_only((&mut new.metadata, &mut new.spec), (&old.metadata, &old.spec)),
    spec_changed: |new, old| new.spec != old.spec || new.metadata.annotations != old.metadata.annotations,
    validate,
    validate_update: |new, old, errors| {
        if let (Some(n), Some(o)) = (&new.spec, &old.spec) {
            errors.immutable(&Path::new("spec").child("selector"), &n.selector, &o.selector);
        }
    },
    warnings: |new, old| {
        let template = new.spec.as_ref().map(|s| &s.template);
        workload::warnings(template, &new.metadata, old.map(|o| &o.metadata))
    },
    columns: &[
        Column::name(),
        Column::text("Ready", "Number of the pod with ready state", |d, _| Cell::from(format!("{}/{}", status(d, |s| s.ready_replicas), wanted(d)))),
        Column::text("Up-to-date", "Total number of non-terminated pods targeted by this deployment that have the desired template spec.", |d, _| Cell::from(status(d, |s| s.updated_replicas))),
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

fn validate(d: &Deployment, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let Some(spec) = &d.spec else { return };
    errors.non_negative(&at.child("replicas"), i64::from(spec.replicas.unwrap_or(0)));
    workload::validate_selector_and_template(&spec.selector, Some(&spec.template), &at, errors);
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
            Some(r) => {
                let at = at.child("rollingUpdate");
                for (name, v) in [("maxUnavailable", &r.max_unavailable), ("maxSurge", &r.max_surge)] {
                    if let Some(v) = v {
                        validate_count(v, &at.child(name), errors);
                    }
                }
                let zero = |v: &Option<IntOrString>| v.as_ref().is_none_or(|v| int_or_string::scaled(v, 100, true) == 0);
                if zero(&r.max_unavailable) && zero(&r.max_surge) {
                    errors.invalid(
                        &at.child("maxUnavailable"),
                        r.max_unavailable.as_ref().map(|v| serde_json::to_value(v).unwrap_or_default()).unwrap_or_default(),
                        "may not be 0 when `maxSurge` is 0",
                    );
                }
                if r.max_unavailable.as_ref().and_then(int_or_string::percent).is_some_and(|p| p > 100) {
                    errors.invalid(
                        &at.child("maxUnavailable"),
                        serde_json::to_value(&r.max_unavailable).unwrap_or_default(),
                        "must not be greater than 100%",
                    );
                }
            }
        },
        other => {
            // Kubernetes shows the whole strategy here, as its own struct.
            let count = |v: &Option<IntOrString>| match v {
                Some(v) => serde_json::to_string(v).unwrap_or_default(),
                None => "0".into(),
            };
            let rolling = s.rolling_update.as_ref().map_or("null".into(), |r| {
                format!(
                    "{{\"MaxUnavailable\":{},\"MaxSurge\":{}}}",
                    count(&r.max_unavailable),
                    count(&r.max_surge)
                )
            });
            let shown = format!("{{\"Type\":{other:?},\"RollingUpdate\":{rolling}}}");
            errors.not_supported_struct(at, shown, &["Recreate", "RollingUpdate"]);
        }
    }
}

/// A non-negative number or a percentage.
fn validate_count(v: &IntOrString, at: &Path<'_>, errors: &mut FieldErrors) {
    match v {
        IntOrString::Int(i) => errors.non_negative(at, i64::from(*i)),
        IntOrString::String(s) => {
            let digits = s.strip_suffix('%').unwrap_or("");
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                errors.invalid(
                    at,
                    s.as_str(),
                    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
                );
            }
        }
    }
}
