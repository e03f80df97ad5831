//! What kinds share that make pods of a template: their selector, the template under it, what is counted in their status.
//! Real Kubernetes: pkg/apis/apps/validation/validation.go, ValidatePodTemplateSpec of pkg/apis/core/validation/validation.go.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::pod_spec;
use crate::api::field::{FieldErrors, Path};
use crate::api::selector::Selector;
use crate::api::{canonical, internal, names};

/// A selector that is there but empty is not the same as none. The typed shape has one for both, so the former gets an
/// empty list of labels. (Neither is ever stored.)
pub fn mark_empty_selector(json: &mut serde_json::Value) {
    if let Some(selector) = json.pointer_mut("/spec/selector").and_then(|s| s.as_object_mut())
        && selector.is_empty()
    {
        selector.insert("matchLabels".into(), serde_json::json!({}));
    }
}

/// Whether there is no selector at all: it selects nothing.
pub fn is_missing(s: &LabelSelector) -> bool {
    s.match_labels.is_none() && s.match_expressions.is_none()
}

/// Whether it demands nothing, so that it would select everything.
pub fn is_empty(s: &LabelSelector) -> bool {
    s.match_labels.as_ref().is_none_or(BTreeMap::is_empty) && s.match_expressions.as_ref().is_none_or(Vec::is_empty)
}

/// A selector that was found to be well-formed; a missing one selects nothing.
pub fn selects(s: &LabelSelector) -> Selector {
    if is_missing(s) { Selector::Nothing } else { Selector::of(s) }
}

/// The selector as columns show it. Real Kubernetes: metav1.FormatLabelSelector.
pub fn selector_text(s: Option<&LabelSelector>) -> String {
    let text = s.map(|s| selects(s).to_string()).unwrap_or_default();
    if text.is_empty() { "<none>".into() } else { text }
}

pub fn selector_shown(s: &LabelSelector) -> String {
    if is_missing(s) { "null".into() } else { internal::shown(s, "meta/v1.LabelSelector") }
}

/// A selector is judged by itself; tells whether it can be used.
/// `whose`: what an empty selector is said to be invalid for.
pub fn validate_selector(s: &LabelSelector, whose: &str, at: &Path<'_>, errors: &mut FieldErrors) -> bool {
    if is_missing(s) {
        errors.required(at, "");
        return true;
    }
    let before = errors.list().len();
    validate_label_selector(s, at, errors);
    let usable = errors.list().len() == before;
    if is_empty(s) {
        errors.invalid_struct(at, selector_shown(s), format!("empty selector is invalid for {whose}"));
    }
    usable
}

/// A selector never becomes another one.
pub fn validate_selector_stays(new: &LabelSelector, old: &LabelSelector, at: &Path<'_>, errors: &mut FieldErrors) {
    if !canonical::equal(new, old, "meta/v1.LabelSelector") {
        errors.invalid_struct(at, selector_shown(new), "field is immutable");
    }
}

/// The template's labels must be such as the selector selects. `at` is the template's path.
pub fn validate_selected(selector: &Selector, t: &PodTemplateSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let labels = labels_of(t);
    if !selector.matches(labels) {
        errors.invalid(
            &at.child("metadata").child("labels"),
            serde_json::to_value(labels).unwrap_or_default(),
            "`selector` does not match template `labels`",
        );
    }
}

/// What ReplicaSets and Deployments demand of their selector and template together. `at` is their spec's path, `old` the
/// template as it was.
pub fn validate_selector_and_template(
    selector: &LabelSelector,
    template: &PodTemplateSpec,
    old: Option<&PodTemplateSpec>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let here = at.child("selector");
    if !validate_selector(selector, "deployment", &here, errors) {
        errors.invalid_struct(&here, selector_shown(selector), "invalid label selector");
        return;
    }
    let at = at.child("template");
    validate_selected(&selects(selector), template, &at, errors);
    validate_lasting_template(template, old, "ReplicaSet", &at, errors);
}

pub fn labels_of(t: &PodTemplateSpec) -> Option<&BTreeMap<String, String>> {
    t.metadata.as_ref()?.labels.as_ref()
}

/// The template of a kind whose pods do not end; `of` is how the kind is called.
pub fn validate_lasting_template(
    t: &PodTemplateSpec,
    old: Option<&PodTemplateSpec>,
    of: &str,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    pod_spec::validate_template(t, old, at, errors);
    validate_lasting(t, of, at, errors);
}

/// Pods that are replaced when they end never end by themselves.
pub fn validate_lasting(t: &PodTemplateSpec, of: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(spec) = &t.spec else { return };
    let at = at.child("spec");
    let policy = spec.restart_policy.as_deref().unwrap_or("");
    if policy != "Always" {
        errors.not_supported(&at.child("restartPolicy"), policy, &["Always"]);
    }
    if spec.active_deadline_seconds.is_some() {
        errors.forbidden(&at.child("activeDeadlineSeconds"), format!("activeDeadlineSeconds in {of} is not Supported"));
    }
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

/// A template of which every field has its value, also one that its author left empty.
pub fn default_template(t: &mut PodTemplateSpec) {
    t.spec.get_or_insert_default();
    pod_spec::default_template(t);
}

/// What a status counts of a kind that keeps a number of pods.
pub struct ReplicaCounts {
    pub replicas: i32,
    pub fully_labeled: i32,
    pub ready: i32,
    pub available: i32,
    pub observed_generation: i64,
    pub terminating: i32,
}

/// Some are not more than all.
pub fn validate_replica_counts(c: &ReplicaCounts, errors: &mut FieldErrors) {
    let at = Path::new("status");
    let parts =
        [("fullyLabeledReplicas", c.fully_labeled), ("readyReplicas", c.ready), ("availableReplicas", c.available)];
    errors.non_negative(&at.child("replicas"), c.replicas.into());
    validate_counts(&parts.map(|(name, n)| (name, Some(n.into()))), &at, errors);
    errors.non_negative(&at.child("observedGeneration"), c.observed_generation);
    errors.non_negative(&at.child("terminatingReplicas"), c.terminating.into());
    validate_no_more(&parts, c.replicas, "status.replicas", &at, errors);
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

/// What the author of `spec.template` should know; on update only where the generation has changed.
pub fn template_warnings(t: Option<&PodTemplateSpec>, new: &ObjectMeta, old: Option<&ObjectMeta>) -> Vec<String> {
    let changed = old.is_none_or(|o| o.generation != new.generation);
    let told = t.filter(|_| changed).map(|t| pod_spec::template_warnings(t, &Path::new("spec").child("template")));
    told.unwrap_or_default()
}

/// The same where the names of the pods begin with the object's, and are hostnames too.
pub fn warnings(t: Option<&PodTemplateSpec>, new: &ObjectMeta, old: Option<&ObjectMeta>) -> Vec<String> {
    let mut out = if old.is_none() { name_warnings(new) } else { vec![] };
    out.extend(template_warnings(t, new, old));
    out
}

/// Numbers of a status, none below zero. Those that nobody has set are not judged.
pub fn validate_counts(counts: &[(&str, Option<i64>)], at: &Path<'_>, errors: &mut FieldErrors) {
    for (name, count) in counts {
        errors.non_negative(&at.child(name), count.unwrap_or(0));
    }
}

/// Numbers of a status of which none may be above another one; `of` names that.
pub fn validate_no_more(counts: &[(&str, i32)], most: i32, of: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    for (name, count) in counts {
        if *count > most {
            errors.invalid(&at.child(name), *count, format!("cannot be greater than {of}"));
        }
    }
}

/// How often a hash was found taken is only ever counted up.
pub fn validate_collisions(new: Option<i32>, old: Option<i32>, at: &Path<'_>, errors: &mut FieldErrors) {
    if old.is_some_and(|old| new.is_none_or(|new| new < old)) {
        errors.invalid(&at.child("collisionCount"), new.unwrap_or(0), "cannot be decremented");
    }
}
