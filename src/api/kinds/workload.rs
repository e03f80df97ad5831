//! What kinds share that make pods of a template: their selector and the template under it.
//! Real Kubernetes: pkg/apis/apps/validation/validation.go.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::pod_spec::{self, validate_spec};
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
        refuse_labels(labels, &at, errors);
    }
    validate_lasting_template(t, "ReplicaSet", &at, errors);
}

/// The selector does not select the pods that the template makes.
pub fn refuse_labels(labels: Option<&BTreeMap<String, String>>, template: &Path<'_>, errors: &mut FieldErrors) {
    let shown = serde_json::to_value(labels).unwrap_or_default();
    let why = "`selector` does not match template `labels`";
    errors.invalid(&template.child("metadata").child("labels"), shown, why);
}

/// A template of which every field has its value, also one that its author left empty.
pub fn default_template(t: &mut PodTemplateSpec) {
    t.spec.get_or_insert_default();
    pod_spec::default_template(t);
}

/// What a template may not say, whoever makes pods of it.
pub fn validate_template(t: &PodTemplateSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let meta = t.metadata.as_ref();
    names::validate_labels(meta.and_then(|m| m.labels.as_ref()), &at.child("labels"), errors);
    names::validate_annotations(meta.and_then(|m| m.annotations.as_ref()), &at.child("annotations"), errors);
    let Some(spec) = &t.spec else {
        errors.required(&at.child("spec").child("containers"), "");
        return;
    };
    validate_spec(spec, spec.node_name.as_deref(), &at.child("spec"), errors);
    if spec.ephemeral_containers.as_ref().is_some_and(|e| !e.is_empty()) {
        let spec = at.child("spec");
        errors.forbidden(&spec.child("ephemeralContainers"), "ephemeral containers not allowed in pod template");
    }
}

/// The template of a kind whose pods do not end; `of` is how the kind is called.
pub fn validate_lasting_template(t: &PodTemplateSpec, of: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_template(t, at, errors);
    let Some(spec) = &t.spec else { return };
    let policy = spec.restart_policy.as_deref().unwrap_or("Always");
    if policy != "Always" {
        errors.not_supported(&at.child("spec").child("restartPolicy"), policy, &["Always"]);
    }
    if spec.active_deadline_seconds.is_some() {
        let why = format!("activeDeadlineSeconds in {of} is not Supported");
        errors.forbidden(&at.child("spec").child("activeDeadlineSeconds"), why);
    }
}

/// What a status counts of a kind that keeps a number of pods.
pub struct ReplicaCounts {
    pub replicas: i32,
    pub fully_labeled: i32,
    pub ready: i32,
    pub available: i32,
    pub observed_generation: i64,
}

/// Some are not more than all.
pub fn validate_replica_counts(c: &ReplicaCounts, at: &Path<'_>, errors: &mut FieldErrors) {
    let parts =
        [("fullyLabeledReplicas", c.fully_labeled), ("readyReplicas", c.ready), ("availableReplicas", c.available)];
    errors.non_negative(&at.child("replicas"), i64::from(c.replicas));
    for (name, count) in parts {
        errors.non_negative(&at.child(name), i64::from(count));
    }
    errors.non_negative(&at.child("observedGeneration"), c.observed_generation);
    for (name, count) in parts.iter().filter(|(_, count)| *count > c.replicas) {
        errors.invalid(&at.child(name), *count, "cannot be greater than status.replicas");
    }
    if c.available > c.ready {
        errors.invalid(&at.child("availableReplicas"), c.available, "cannot be greater than readyReplicas");
    }
}

/// A name with dots makes odd hostnames.
pub fn name_warnings(meta: &ObjectMeta) -> Vec<String> {
    let found = names::dns1123_label(meta.name.as_deref().unwrap_or(""), false);
    if found.is_empty() {
        return vec![];
    }
    vec![format!(
        "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is \
         recommended: [{}]",
        found.join(" ")
    )]
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
