//! What kinds share that make pods of a template: their selector and the template under it.
//! Real Kubernetes: pkg/apis/apps/validation/validation.go.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::pod_spec;
use crate::api::field::{FieldErrors, Path};
use crate::api::names;
use crate::api::selector::Selector;

/// A selector that is there but empty is not the same as none. The typed shape has one for both, so the former gets an
/// empty list of labels. (Neither is ever stored.)
pub fn mark_empty_selector(json: &mut serde_json::Value) {
    if let Some(selector) = json.pointer_mut("/spec/selector").and_then(|s| s.as_object_mut())
        && selector.is_empty()
    {
        selector.insert("matchLabels".into(), serde_json::json!({}));
    }
}

/// What ReplicaSets and Deployments demand of their selector and template together.
pub fn validate_selector_and_template(
    selector: &LabelSelector,
    template: Option<&PodTemplateSpec>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let missing = selector.match_labels.is_none() && selector.match_expressions.is_none();
    let empty = !missing
        && selector.match_labels.as_ref().is_none_or(BTreeMap::is_empty)
        && selector.match_expressions.as_ref().is_none_or(Vec::is_empty);
    let before = errors.list().len();
    validate_label_selector(selector, &at.child("selector"), errors);
    let broken = errors.list().len() > before;
    if broken {
        let shown = serde_json::to_value(selector).unwrap_or_default();
        errors.invalid(&at.child("selector"), shown, "invalid label selector");
    } else if missing {
        errors.required(&at.child("selector"), "");
    } else if empty {
        errors.invalid(&at.child("selector"), serde_json::json!({}), "empty selector is invalid for deployment");
    }
    let at = at.child("template");
    let Some(t) = template else {
        errors.required(&at, "");
        return;
    };
    let labels = t.metadata.as_ref().and_then(|m| m.labels.as_ref());
    // No selector selects nothing, an empty one everything.
    if missing || (!empty && !broken && !Selector::of(selector).matches(labels)) {
        errors.invalid(
            &at.child("metadata").child("labels"),
            serde_json::to_value(labels).unwrap_or_default(),
            "`selector` does not match template `labels`",
        );
    }
    pod_spec::validate_template(t, None, &at, errors);
    let Some(spec) = &t.spec else { return };
    let policy = spec.restart_policy.as_deref().unwrap_or("Always");
    if policy != "Always" {
        errors.not_supported(&at.child("spec").child("restartPolicy"), policy, &["Always"]);
    }
    if spec.active_deadline_seconds.is_some() {
        errors.forbidden(
            &at.child("spec").child("activeDeadlineSeconds"),
            "activeDeadlineSeconds in ReplicaSet is not Supported",
        );
    }
}

/// What the author of pods' names and of `spec.template` should know; on update only where the generation has changed.
pub fn warnings(template: Option<&PodTemplateSpec>, new: &ObjectMeta, old: Option<&ObjectMeta>) -> Vec<String> {
    let mut out = vec![];
    if old.is_none() {
        out.extend(pod_spec::warnings::name_warning(new.name.as_deref().unwrap_or(""), "Pod names and hostnames"));
    }
    if let Some(t) = template.filter(|_| old.is_none_or(|o| o.generation != new.generation)) {
        out.extend(pod_spec::template_warnings(t, &Path::new("spec").child("template")));
    }
    out
}

pub fn validate_label_selector(s: &LabelSelector, at: &Path<'_>, errors: &mut FieldErrors) {
    for (k, v) in s.match_labels.iter().flatten() {
        errors.invalid_each(&at.child("matchLabels"), k, names::qualified_name(k));
        errors.invalid_each(&at.child("matchLabels"), v, names::label_value(v));
    }
    for (i, e) in s.match_expressions.iter().flatten().enumerate() {
        let list = at.child("matchExpressions");
        let here = list.index(i);
        let count = e.values.as_ref().map_or(0, Vec::len);
        match e.operator.as_str() {
            "In" | "NotIn" if count == 0 => {
                errors.required(&here.child("values"), "must be specified when `operator` is 'In' or 'NotIn'")
            }
            "Exists" | "DoesNotExist" if count > 0 => {
                errors.forbidden(
                    &here.child("values"),
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                );
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.invalid(&here.child("operator"), other, "not a valid selector operator"),
        }
        errors.invalid_each(&here.child("key"), &e.key, names::qualified_name(&e.key));
        for (i, v) in e.values.iter().flatten().enumerate() {
            errors.invalid_each(&here.child("values").index(i), v, names::label_value(v));
        }
    }
}
