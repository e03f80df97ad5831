//! What a pod template may not say as a whole, and what annotations of pods and templates may not.
//! Real Kubernetes: pkg/apis/core/validation/validation.go ValidatePodTemplateSpec, ValidatePodSpecificAnnotations.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec, Toleration};

use super::validation::{Subject, validate};
use super::{Options, items, placement, profiles, resources, text};
use crate::api::field::{FieldErrors, Path};
use crate::api::names;

type Annotations = BTreeMap<String, String>;

pub const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const TOLERATIONS: &str = "scheduler.alpha.kubernetes.io/tolerations";
/// All keys and values together.
const MOST_BYTES: usize = 256 * 1024;

/// `old` is the template as it was, if it was there: what it has may stay.
pub fn validate_template(t: &PodTemplateSpec, old: Option<&PodTemplateSpec>, at: &Path<'_>, errors: &mut FieldErrors) {
    let options = Options::for_template(old);
    let meta = t.metadata.as_ref();
    let annotations = meta.and_then(|m| m.annotations.as_ref());
    names::validate_labels(meta.and_then(|m| m.labels.as_ref()), &at.child("labels"), errors);
    validate_annotations(annotations, &at.child("annotations"), errors);
    let here = at.child("spec");
    let Some(spec) = &t.spec else {
        return errors.required(&here.child("containers"), "");
    };
    let node_name = text(&spec.node_name);
    if let Some(a) = annotations {
        validate_pod_annotations(a, spec, node_name, options, &at.child("annotations"), errors);
    }
    validate(spec, Subject { node_name, meta: None, options }, &here, errors);
    if let Some(a) = annotations {
        profiles::validate_match(a, spec, &here, errors);
    }
    if !items(&spec.ephemeral_containers).is_empty() {
        errors.forbidden(&here.child("ephemeralContainers"), "ephemeral containers not allowed in pod template");
    }
}

/// The template's labels and annotations alone.
pub fn validate_marks(t: &PodTemplateSpec, old: Option<&PodTemplateSpec>, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(meta) = &t.metadata else { return };
    names::validate_labels(meta.labels.as_ref(), &at.child("labels"), errors);
    validate_annotations(meta.annotations.as_ref(), &at.child("annotations"), errors);
    if let (Some(a), Some(spec)) = (&meta.annotations, &t.spec) {
        let options = Options::for_template(old);
        validate_pod_annotations(a, spec, text(&spec.node_name), options, &at.child("annotations"), errors);
    }
}

/// What annotations of anything may not be.
pub fn validate_annotations(annotations: Option<&Annotations>, at: &Path<'_>, errors: &mut FieldErrors) {
    let mut size = 0;
    for (k, v) in annotations.into_iter().flatten() {
        errors.invalid_each(at, k, names::annotation_key(k));
        size += k.len() + v.len();
    }
    if size > MOST_BYTES {
        errors.too_long(at, MOST_BYTES);
    }
}

/// What annotations that Kubernetes knows may not say. `node_name`: a pod keeps it beside the rest of its spec.
pub fn validate_pod_annotations(
    annotations: &Annotations,
    s: &PodSpec,
    node_name: &str,
    options: Options,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    if let Some(value) = annotations.get(resources::MIRROR).filter(|_| node_name.is_empty()) {
        let why = "must set spec.nodeName if mirror pod annotation is set";
        errors.invalid(&at.key(resources::MIRROR), value.as_str(), why);
    }
    if let Some(json) = annotations.get(TOLERATIONS).filter(|t| !t.is_empty()) {
        match serde_json::from_str::<Vec<Toleration>>(json) {
            Ok(list) => placement::validate_tolerations(&list, &at.child(TOLERATIONS), errors),
            // Real Kubernetes shows the words of Go's decoder here.
            Err(e) => errors.invalid(at, TOLERATIONS, e.to_string()),
        }
    }
    if let Some(cost) = broken_deletion_cost(Some(annotations)).filter(|_| !options.allow_invalid_deletion_cost) {
        errors.invalid(&at.key(DELETION_COST), cost, "must be a 32bit integer");
    }
    profiles::validate_annotations(annotations, s, at, errors);
}

/// How dear a pod is to its ReplicaSet is a whole number, written plainly. Gives back what is not.
pub fn broken_deletion_cost(annotations: Option<&Annotations>) -> Option<&str> {
    let cost = annotations?.get(DELETION_COST)?;
    let plain = match cost.as_bytes() {
        [b'-' | b'1'..=b'9', ..] | b"0" => cost.parse::<i32>().is_ok(),
        _ => false,
    };
    (!plain).then_some(cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deletion_costs() {
        for (cost, good) in [
            ("1", true),
            ("-5", true),
            ("0", true),
            ("-0", true),
            ("+1", false),
            ("01", false),
            ("", false),
            ("3000000000", false),
            ("-", false),
        ] {
            let a = Annotations::from([(DELETION_COST.to_string(), cost.to_string())]);
            assert_eq!(broken_deletion_cost(Some(&a)).is_none(), good, "{cost:?}");
        }
    }
}
