//! What a HorizontalPodAutoscaler scales by: each metric has one source, and each source a target.
//! Real Kubernetes: pkg/apis/autoscaling/validation/validation.go validateMetrics.

use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricSource, ExternalMetricSource, HorizontalPodAutoscalerSpec, MetricIdentifier, MetricSpec,
    MetricTarget, ObjectMetricSource, PodsMetricSource, ResourceMetricSource,
};

use super::validation::{Version, validate_reference, version_problem};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::resources::{User, validate_name_for};
use crate::api::names;
use crate::api::quantity::{Quantity, canonical};

pub fn validate_metrics(
    spec: &HorizontalPodAutoscalerSpec,
    old: Option<&HorizontalPodAutoscalerSpec>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let metrics = spec.metrics.as_deref().unwrap_or_default();
    // What was broken before need not be mended now.
    let broken = old.into_iter().flat_map(|o| o.metrics.iter().flatten()).filter_map(|m| m.object.as_ref()).any(|o| {
        let text = o.described_object.api_version.as_deref().unwrap_or("");
        version_problem(text, Version::WithOrWithoutGroup).is_some()
    });
    let version = if broken { Version::Any } else { Version::WithOrWithoutGroup };
    for (i, m) in metrics.iter().enumerate() {
        validate_metric(m, version, &at.index(i), errors);
    }
    let elsewhere = metrics.iter().any(|m| matches!(m.type_.as_str(), "Object" | "External"));
    if spec.min_replicas == Some(0) && !elsewhere {
        // Pods that are not there have nothing to measure.
        let why = "must specify at least one Object or External metric to support scaling to zero replicas";
        errors.forbidden(at, why);
    }
}

fn validate_metric(m: &MetricSpec, version: Version, at: &Path<'_>, errors: &mut FieldErrors) {
    const TYPES: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];
    let here = at.child("type");
    if m.type_.is_empty() {
        errors.required(&here, "must specify a metric source type");
    }
    errors.one_of(&here, &m.type_, &TYPES);
    let sources = [
        ("Object", "object", m.object.is_some()),
        ("External", "external", m.external.is_some()),
        ("Pods", "pods", m.pods.is_some()),
        ("Resource", "resource", m.resource.is_some()),
        ("ContainerResource", "containerResource", m.container_resource.is_some()),
    ];
    let there: Vec<&str> = sources.iter().filter(|(_, _, there)| *there).map(|(_, field, _)| *field).collect();
    // Of several sources only the first is judged.
    if let Some(first) = there.first() {
        validate_source(m, first, version, at, errors);
    }
    let expected = sources.iter().find(|(kind, _, _)| *kind == m.type_);
    match expected {
        Some((_, field, false)) => {
            errors.required(&at.child(field), "must populate information for the given metric source");
        }
        Some(_) => {}
        // Kubernetes says it twice.
        None => errors.not_supported(&here, &m.type_, &TYPES),
    }
    if there.len() > 1 {
        let expected = expected.map(|(_, field, _)| *field);
        for field in there.into_iter().filter(|f| Some(*f) != expected) {
            errors.forbidden(&at.child(field), "must populate the given metric source only");
        }
    }
}

fn validate_source(m: &MetricSpec, field: &str, version: Version, at: &Path<'_>, errors: &mut FieldErrors) {
    let at = at.child(field);
    match field {
        "object" => m.object.iter().for_each(|s| validate_object(s, version, &at, errors)),
        "external" => m.external.iter().for_each(|s| validate_external(s, &at, errors)),
        "pods" => m.pods.iter().for_each(|s| validate_pods(s, &at, errors)),
        "resource" => m.resource.iter().for_each(|s| validate_resource(s, &at, errors)),
        _ => m.container_resource.iter().for_each(|s| validate_container_resource(s, &at, errors)),
    }
}

fn validate_object(s: &ObjectMetricSource, version: Version, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_reference(&s.described_object, version, &at.child("describedObject"), errors);
    validate_identifier(&s.metric, &at.child("metric"), errors);
    let here = at.child("target");
    validate_target(&s.target, &here, errors);
    if s.target.value.is_none() && s.target.average_value.is_none() {
        errors.required(&here.child("averageValue"), "must set either a target value or averageValue");
    }
}

fn validate_external(s: &ExternalMetricSource, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_identifier(&s.metric, &at.child("metric"), errors);
    let here = at.child("target");
    validate_target(&s.target, &here, errors);
    match (&s.target.value, &s.target.average_value) {
        (None, None) => {
            let why = "must set either a target value for metric or a per-pod target";
            errors.required(&here.child("averageValue"), why);
        }
        (Some(_), Some(_)) => {
            let why = "may not set both a target value for metric and a per-pod target";
            errors.forbidden(&here.child("value"), why);
        }
        _ => {}
    }
}

fn validate_pods(s: &PodsMetricSource, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_identifier(&s.metric, &at.child("metric"), errors);
    let here = at.child("target");
    validate_target(&s.target, &here, errors);
    if s.target.average_value.is_none() {
        errors.required(&here.child("averageValue"), "must specify a positive target averageValue");
    }
}

fn validate_resource(s: &ResourceMetricSource, at: &Path<'_>, errors: &mut FieldErrors) {
    if s.name.is_empty() {
        errors.required(&at.child("name"), "must specify a resource name");
    }
    validate_resource_target(&s.target, &at.child("target"), errors);
}

fn validate_container_resource(s: &ContainerResourceMetricSource, at: &Path<'_>, errors: &mut FieldErrors) {
    if s.name.is_empty() {
        errors.required(&at.child("name"), "must specify a resource name");
    } else {
        validate_name_for(User::Container, &s.name, &at.child("name"), errors);
    }
    if s.container.is_empty() {
        errors.required(&at.child("container"), "must specify a container");
    } else {
        errors.invalid_each(&at.child("container"), &s.container, names::dns1123_label(&s.container, false));
    }
    validate_resource_target(&s.target, &at.child("target"), errors);
}

fn validate_resource_target(t: &MetricTarget, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_target(t, at, errors);
    match (t.average_utilization, &t.average_value) {
        (None, None) => {
            let why = "must set either a target raw value or a target utilization";
            errors.required(&at.child("averageUtilization"), why);
        }
        (Some(_), Some(_)) => {
            let why = "may not set both a target raw value and a target utilization";
            errors.forbidden(&at.child("averageValue"), why);
        }
        _ => {}
    }
}

fn validate_identifier(id: &MetricIdentifier, at: &Path<'_>, errors: &mut FieldErrors) {
    if id.name.is_empty() {
        errors.required(&at.child("name"), "must specify a metric name");
    } else {
        errors.invalid_each(&at.child("name"), &id.name, names::path_segment(&id.name, false));
    }
}

fn validate_target(t: &MetricTarget, at: &Path<'_>, errors: &mut FieldErrors) {
    let here = at.child("type");
    if t.type_.is_empty() {
        errors.required(&here, "must specify a metric target type");
    }
    if !matches!(t.type_.as_str(), "Utilization" | "Value" | "AverageValue") {
        errors.invalid(&here, t.type_.as_str(), "must be either Utilization, Value, or AverageValue");
    }
    for (name, amount) in [("value", &t.value), ("averageValue", &t.average_value)] {
        let amount = amount.as_ref().map(|q| q.0.as_str());
        if let Some(q) = amount.filter(|q| Quantity::parse(q).is_none_or(|q| q <= Quantity::ZERO)) {
            errors.invalid(&at.child(name), canonical(q), "must be positive");
        }
    }
    if let Some(n) = t.average_utilization.filter(|n| *n < 1) {
        errors.invalid(&at.child("averageUtilization"), n, "must be greater than 0");
    }
}
