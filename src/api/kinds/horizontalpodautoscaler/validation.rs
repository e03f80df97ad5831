//! What a HorizontalPodAutoscaler may not say.
//! Real Kubernetes: pkg/apis/autoscaling/validation/validation.go, strategy.go validationOptionsForHorizontalPodAutoscaler.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscalerSpec,
    HorizontalPodAutoscalerStatus,
};

use super::metrics::validate_metrics;
use crate::api::field::{FieldErrors, Path};
use crate::api::names;
use crate::api::quantity::{Quantity, canonical};

const LONGEST_PERIOD_SECONDS: i32 = 1800;
const LONGEST_STABILIZATION_SECONDS: i32 = 3600;

/// What a reference may leave out.
#[derive(Clone, Copy, PartialEq)]
pub enum Version {
    WithGroup,
    WithOrWithoutGroup,
    /// It was judged when it was written.
    Any,
}

pub fn validate_spec(
    spec: &HorizontalPodAutoscalerSpec,
    old: Option<&HorizontalPodAutoscalerSpec>,
    errors: &mut FieldErrors,
) {
    let at = Path::new("spec");
    let fewest = if old.is_some_and(|o| o.min_replicas == Some(0)) { 0 } else { 1 };
    if let Some(n) = spec.min_replicas.filter(|n| *n < fewest) {
        errors.invalid(&at.child("minReplicas"), n, format!("must be greater than or equal to {fewest}"));
    }
    let (most, here) = (spec.max_replicas, at.child("maxReplicas"));
    match most {
        0 => errors.required(&here, "must be set and greater than 0"),
        ..0 => errors.invalid(&here, most, "must be greater than or equal to 1"),
        _ => {}
    }
    if spec.min_replicas.is_some_and(|n| most < n) {
        errors.invalid(&here, most, "must be greater than or equal to `minReplicas`");
    }
    let target = &spec.scale_target_ref;
    let kept = old.map(|o| &o.scale_target_ref);
    let version = match kept {
        Some(o) if o.api_version == target.api_version && o.kind == target.kind => Version::Any,
        // The one thing that scales and is of no group.
        _ if target.kind == "ReplicationController" => Version::WithOrWithoutGroup,
        _ => Version::WithGroup,
    };
    validate_reference(target, version, &at.child("scaleTargetRef"), errors);
    validate_metrics(spec, old, &at.child("metrics"), errors);
    if let Some(b) = &spec.behavior {
        let at = at.child("behavior");
        for (name, rules) in [("scaleUp", &b.scale_up), ("scaleDown", &b.scale_down)] {
            if let Some(r) = rules {
                validate_rules(r, &at.child(name), errors);
            }
        }
    }
}

/// A kind, a name and a version, each of which can stand in a path.
pub fn validate_reference(
    r: &CrossVersionObjectReference,
    version: Version,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    for (field, text) in [("kind", &r.kind), ("name", &r.name)] {
        if text.is_empty() {
            errors.required(&at.child(field), "");
        } else {
            errors.invalid_each(&at.child(field), text, names::path_segment(text, false));
        }
    }
    let text = r.api_version.as_deref().unwrap_or("");
    if let Some(why) = version_problem(text, version) {
        errors.invalid(&at.child("apiVersion"), text, why);
    }
}

pub fn version_problem(text: &str, version: Version) -> Option<String> {
    let group = match text.matches('/').count() {
        _ if version == Version::Any => return None,
        0 => "",
        1 => text.split_once('/').map_or("", |(group, _)| group),
        _ => return Some(format!("unexpected GroupVersion string: {text}")),
    };
    (group.is_empty() && version == Version::WithGroup).then(|| "apiVersion must specify API group".into())
}

fn validate_rules(rules: &HPAScalingRules, at: &Path<'_>, errors: &mut FieldErrors) {
    let here = at.child("stabilizationWindowSeconds");
    match rules.stabilization_window_seconds {
        Some(n @ ..0) => errors.invalid(&here, n, "must be greater than or equal to zero"),
        Some(n) if n > LONGEST_STABILIZATION_SECONDS => {
            errors.invalid(&here, n, format!("must be less than or equal to {LONGEST_STABILIZATION_SECONDS}"));
        }
        _ => {}
    }
    if let Some(policy) = &rules.select_policy {
        errors.one_of(&at.child("selectPolicy"), policy, &["Disabled", "Max", "Min"]);
    }
    let (list, policies) = (at.child("policies"), rules.policies.as_deref().unwrap_or_default());
    if policies.is_empty() {
        errors.required(&list, "must specify at least one Policy");
    }
    for (i, policy) in policies.iter().enumerate() {
        validate_policy(policy, &list.index(i), errors);
    }
    if let Some(q) = rules.tolerance.as_ref().filter(|q| Quantity::parse(&q.0).is_some_and(Quantity::is_negative)) {
        errors.invalid(&at.child("tolerance"), canonical(&q.0), "must be greater than or equal to 0");
    }
}

fn validate_policy(policy: &HPAScalingPolicy, at: &Path<'_>, errors: &mut FieldErrors) {
    errors.one_of(&at.child("type"), &policy.type_, &["Percent", "Pods"]);
    for (name, n) in [("value", policy.value), ("periodSeconds", policy.period_seconds)] {
        if n <= 0 {
            errors.invalid(&at.child(name), n, "must be greater than zero");
        }
    }
    if policy.period_seconds > LONGEST_PERIOD_SECONDS {
        let why = format!("must be less than or equal to {LONGEST_PERIOD_SECONDS}");
        errors.invalid(&at.child("periodSeconds"), policy.period_seconds, why);
    }
}

pub fn validate_status(status: Option<&HorizontalPodAutoscalerStatus>, errors: &mut FieldErrors) {
    let at = Path::new("status");
    let Some(s) = status else { return };
    errors.non_negative(&at.child("currentReplicas"), s.current_replicas.unwrap_or(0).into());
    errors.non_negative(&at.child("desiredReplicas"), s.desired_replicas.into());
}
