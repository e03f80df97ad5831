//! policy/v1 PodDisruptionBudget: names, validation, columns, update rules.
//! Real Kubernetes: pkg/apis/policy/validation, pkg/registry/policy/poddisruptionbudget.

use k8s_openapi::api::policy::v1::{PodDisruptionBudgetSpec, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::PodDisruptionBudget;
use super::meta_conditions::{mark_absent_times, validate_conditions};
use super::updates::keep;
use super::workload;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::conditions::set_meta;
use crate::api::table::{Cell, Column};
use crate::api::{Time, canonical, int_or_string, internal, names};

pub static KIND: Kind<PodDisruptionBudget> = Kind {
    short_names: &["pdb"],
    subresources: &[Subresource::Status],
    generation: true,
    unconditional_update: false,
    name_rule: names::path_segment,
    before_decoding: |json| {
        if let Some(conditions) = json.pointer_mut("/status/conditions") {
            mark_absent_times(conditions);
        }
    },
    prepare_create: |p| p.status = Some(Default::default()),
    prepare_update: |new, old| new.status.clone_from(&old.status),
    prepare_status: |new, old| keep(&mut new.spec, &old.spec),
    spec_changed: |new, old| !canonical::equal(&new.spec, &old.spec, SPEC),
    validate: |p, errors| {
        if let Some(spec) = &p.spec {
            validate_spec(spec, &Path::new("spec"), errors);
        }
    },
    validate_status,
    columns: &[
        Column::name(),
        Column::text("Min Available", "The minimum number of pods that must be available.", |p, _| Cell::from(bound(p, |s| s.min_available.as_ref()))),
        Column::text("Max Unavailable", "The maximum number of pods that may be unavailable.", |p, _| Cell::from(bound(p, |s| s.max_unavailable.as_ref()))),
        Column::int("Allowed Disruptions", "Calculated number of pods that may be disrupted at this time.", |p, _| Cell::from(p.status.as_ref().and_then(|s| s.disruptions_allowed).unwrap_or(0))),
        Column::age(),
    ],
    ..Kind::new(("policy", "v1"), "PodDisruptionBudget", "poddisruptionbudgets", "poddisruptionbudget")
};

const SPEC: &str = "policy/v1.PodDisruptionBudgetSpec";

fn bound(p: &PodDisruptionBudget, pick: impl Fn(&PodDisruptionBudgetSpec) -> Option<&IntOrString>) -> String {
    p.spec.as_ref().and_then(pick).map_or_else(|| "N/A".into(), int_or_string::text)
}

fn validate_spec(spec: &PodDisruptionBudgetSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    if spec.min_available.is_some() && spec.max_unavailable.is_some() {
        errors.invalid_struct(at, internal::shown(spec, SPEC), "minAvailable and maxUnavailable cannot be both set");
    }
    for (name, bound) in [("minAvailable", &spec.min_available), ("maxUnavailable", &spec.max_unavailable)] {
        if let Some(v) = bound {
            int_or_string::validate(v, &at.child(name), errors);
            int_or_string::validate_not_above_all(v, &at.child(name), errors);
        }
    }
    if let Some(s) = &spec.selector {
        workload::validate_label_selector(s, &at.child("selector"), errors);
    }
    if let Some(policy) = &spec.unhealthy_pod_eviction_policy {
        errors.one_of(&at.child("unhealthyPodEvictionPolicy"), policy, &["AlwaysAllow", "IfHealthyBudget"]);
    }
}

fn validate_status(new: &PodDisruptionBudget, _: &PodDisruptionBudget, errors: &mut FieldErrors) {
    let at = Path::new("status");
    let Some(s) = &new.status else { return };
    validate_conditions(s.conditions.as_deref().unwrap_or_default(), &at.child("conditions"), errors);
    let counts = [
        ("disruptionsAllowed", s.disruptions_allowed.map(i64::from)),
        ("currentHealthy", s.current_healthy.map(i64::from)),
        ("desiredHealthy", s.desired_healthy.map(i64::from)),
        ("expectedPods", s.expected_pods.map(i64::from)),
    ];
    workload::validate_counts(&counts, &at, errors);
}

/// Whether a budget allows a disruption, as one of its conditions.
pub const DISRUPTION_ALLOWED: &str = "DisruptionAllowed";

/// The condition that follows from a status's numbers.
/// Real Kubernetes: component-helpers/apps/poddisruptionbudget/helpers.go.
fn allowed_condition(status: &PodDisruptionBudgetStatus, now: Time) -> Condition {
    let allowed = status.disruptions_allowed.unwrap_or(0) > 0;
    let (holds, reason) = if allowed { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    Condition {
        type_: DISRUPTION_ALLOWED.into(),
        status: holds.into(),
        reason: reason.into(),
        message: String::new(),
        observed_generation: status.observed_generation,
        last_transition_time: now.meta(),
    }
}

pub fn tell_whether_allowed(status: &mut PodDisruptionBudgetStatus, now: Time) {
    let condition = allowed_condition(status, now);
    set_meta(status.conditions.get_or_insert_default(), condition, now);
}

/// Whether the condition says what the numbers say.
pub fn tells_whether_allowed(status: &PodDisruptionBudgetStatus) -> bool {
    let wanted = allowed_condition(status, Time::ZERO);
    let told = status.conditions.iter().flatten().find(|c| c.type_ == DISRUPTION_ALLOWED);
    told.is_some_and(|c| c.status == wanted.status && c.reason == wanted.reason)
}
