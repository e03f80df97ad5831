//! What of a pod may change. Of a running pod's spec that is hardly anything.
//! Real Kubernetes: pkg/apis/core/validation/validation.go ValidatePodUpdate.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, Container, NodeAffinity, NodeSelectorTerm, PodSchedulingGate, PodSpec, Toleration,
};
use serde_json::Value;

use super::validate_meta_and_spec;
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::Pod;
use crate::api::kinds::pod_spec::containers::validate_image;
use crate::api::kinds::pod_spec::profiles::APP_ARMOR;
use crate::api::kinds::pod_spec::resources::MIRROR;
use crate::api::kinds::pod_spec::template::validate_pod_annotations;
use crate::api::kinds::pod_spec::{Options, items, placement, shown_list, text};
use crate::api::kinds::shared_pod::Spec;
use crate::api::schema::TypeId;
use crate::api::{canonical, internal, names, unified_diff};

const MAY_CHANGE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// What the pod as it was allows the new one to keep.
pub fn options(old: &Pod) -> Options {
    Options::for_pod(old.spec.as_deref(), old.metadata.annotations.as_ref())
}

pub fn validate(new: &Pod, old: &Pod, errors: &mut FieldErrors) {
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
    let options = options(old);
    validate_meta_and_spec(new, options, errors);
    validate_annotations(new, old, options, errors);
    let (Some(n), Some(o)) = (&new.spec, &old.spec) else { return };
    let at = Path::new("spec");
    for (name, new, old) in [
        ("containers", &n.containers[..], &o.containers[..]),
        ("initContainers", items(&n.init_containers), items(&o.init_containers)),
    ] {
        if new.len() != old.len() {
            return errors.forbidden(&at.child(name), "pod updates may not add or remove containers");
        }
        validate_images(new, &at.child(name), errors);
    }
    if !validate_deadline(n.active_deadline_seconds, o.active_deadline_seconds, &at, errors) {
        return;
    }
    validate_tolerations(items(&n.tolerations), items(&o.tolerations), &at.child("tolerations"), errors);
    validate_gates(items(&n.scheduling_gates), items(&o.scheduling_gates), &at.child("schedulingGates"), errors);
    if same(Some(n), Some(o)) {
        return;
    }
    let old = o.whole();
    let mut rest = n.whole();
    take_back(&mut rest, &old, &at, errors);
    if !same_spec(&rest, &old) {
        let change = difference(&old, &rest);
        errors.forbidden(&at, format!("pod updates may not change fields other than {MAY_CHANGE}\n{change}"));
    }
}

/// Takes back what may change, so that what is left may not.
fn take_back(rest: &mut PodSpec, old: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let init = rest.init_containers.iter_mut().flatten().zip(items(&old.init_containers));
    for (new, old) in rest.containers.iter_mut().zip(&old.containers).chain(init) {
        new.image = old.image.clone();
    }
    if items(&rest.init_containers).is_empty() {
        rest.init_containers = None;
    }
    rest.active_deadline_seconds = old.active_deadline_seconds;
    rest.scheduling_gates = old.scheduling_gates.clone();
    rest.tolerations = old.tolerations.clone();
    if old.termination_grace_period_seconds.is_some_and(|s| s < 0) && rest.termination_grace_period_seconds == Some(1) {
        rest.termination_grace_period_seconds = old.termination_grace_period_seconds;
    }
    // Nobody has looked for a node yet.
    if !items(&old.scheduling_gates).is_empty() {
        take_back_placement(rest, old, at, errors);
    }
}

fn take_back_placement(rest: &mut PodSpec, old: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let none = BTreeMap::new();
    let new_labels = rest.node_selector.as_ref().unwrap_or(&none);
    let old_labels = old.node_selector.as_ref().unwrap_or(&none);
    if old_labels.iter().any(|(k, v)| new_labels.get(k) != Some(v)) {
        let why = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        let shown = serde_json::to_value(&rest.node_selector).unwrap_or_default();
        errors.invalid(&at.child("nodeSelector"), shown, why);
    }
    rest.node_selector = old.node_selector.clone();
    let of = |a: &Option<Affinity>| a.as_ref().and_then(|a| a.node_affinity.clone());
    let (new_affinity, old_affinity) = (of(&rest.affinity), of(&old.affinity));
    if new_affinity == old_affinity {
        return;
    }
    let affinity_at = at.child("affinity");
    validate_affinity(new_affinity.as_ref(), old_affinity.as_ref(), &affinity_at.child("nodeAffinity"), errors);
    match (&mut rest.affinity, old_affinity) {
        (None, old) => rest.affinity = Some(Affinity { node_affinity: old, ..Affinity::default() }),
        (Some(a), _) if old.affinity.is_none() && a.pod_affinity.is_none() && a.pod_anti_affinity.is_none() => {
            rest.affinity = None;
        }
        (Some(a), old) => a.node_affinity = old,
    }
}

/// Terms that nodes must meet may become stricter, each by itself.
fn validate_affinity(
    new: Option<&NodeAffinity>,
    old: Option<&NodeAffinity>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    fn terms(a: Option<&NodeAffinity>) -> Option<&[NodeSelectorTerm]> {
        let required = a?.required_during_scheduling_ignored_during_execution.as_ref()?;
        Some(&required.node_selector_terms)
    }
    let Some(old) = terms(old) else { return };
    let new = terms(new).unwrap_or_default();
    let at = at.child("requiredDuringSchedulingIgnoredDuringExecution");
    let at = at.child("nodeSelectorTerms");
    if !old.is_empty() && old.len() != new.len() {
        let shown = shown_list(new, "core/v1.NodeSelectorTerm");
        let shown = if new.is_empty() { "null".into() } else { shown };
        return errors.invalid_struct(&at, shown, "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
    }
    for (i, (new, old)) in new.iter().zip(old).enumerate() {
        if !only_adds(new, old) {
            let shown = internal::shown(new, "core/v1.NodeSelectorTerm");
            errors.invalid_struct(&at.index(i), shown, "only additions are allowed (no mutations or deletions)");
        }
    }
}

fn only_adds(new: &NodeSelectorTerm, old: &NodeSelectorTerm) -> bool {
    let (expressions, fields) = (items(&old.match_expressions), items(&old.match_fields));
    let (new_expressions, new_fields) = (items(&new.match_expressions), items(&new.match_fields));
    // An empty term selects no node; with anything in it, it would select more.
    if expressions.is_empty() && fields.is_empty() {
        return new_expressions.is_empty() && new_fields.is_empty();
    }
    new_expressions.starts_with(expressions) && new_fields.starts_with(fields)
}

fn validate_images(list: &[Container], at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, c) in list.iter().enumerate() {
        if text(&c.image).is_empty() {
            errors.required(&at.index(i).child("image"), "");
        }
        validate_image(text(&c.image), &at.index(i), errors);
    }
}

/// A deadline may come nearer. Tells whether the rest shall be judged.
fn validate_deadline(new: Option<i64>, old: Option<i64>, at: &Path<'_>, errors: &mut FieldErrors) -> bool {
    let at = at.child("activeDeadlineSeconds");
    match (new, old) {
        (Some(n), _) if !(0..=i64::from(i32::MAX)).contains(&n) => {
            errors.invalid(&at, n, "must be between 0 and 2147483647, inclusive");
            false
        }
        (Some(n), Some(o)) if o < n => {
            errors.invalid(&at, n, "must be less than or equal to previous value");
            false
        }
        (None, Some(_)) => {
            errors.invalid(&at, Value::Null, "must not update from a positive integer to nil value");
            true
        }
        _ => true,
    }
}

/// Tolerations may be added, and their seconds may change.
fn validate_tolerations(new: &[Toleration], old: &[Toleration], at: &Path<'_>, errors: &mut FieldErrors) {
    fn meaning(t: &Toleration) -> [&str; 4] {
        [text(&t.key), text(&t.operator), text(&t.value), text(&t.effect)]
    }
    if !old.iter().all(|o| new.iter().any(|n| meaning(n) == meaning(o))) {
        return errors.forbidden(at, "existing toleration can not be modified except its tolerationSeconds");
    }
    placement::validate_tolerations(new, at, errors);
}

/// Gates may be taken away.
fn validate_gates(new: &[PodSchedulingGate], old: &[PodSchedulingGate], at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, g) in new.iter().enumerate() {
        let again = new[i + 1..].iter().any(|later| later.name == g.name);
        if !again && !old.iter().any(|o| o.name == g.name) {
            let why = format!("only deletion is allowed, but found new scheduling gate '{}'", g.name);
            errors.forbidden(&at.index(i).child("name"), why);
        }
    }
}

/// What may not change of the annotations, and what none may say.
pub fn validate_annotations(new: &Pod, old: &Pod, options: Options, errors: &mut FieldErrors) {
    let metadata = Path::new("metadata");
    let at = metadata.child("annotations");
    let none = BTreeMap::new();
    let (n, o) = (new.metadata.annotations.as_ref().unwrap_or(&none), old.metadata.annotations.as_ref().unwrap_or(&none));
    for (k, _) in o.iter().filter(|(k, v)| n.get(*k) != Some(*v)) {
        if k.starts_with(APP_ARMOR) {
            errors.forbidden(&at.key(k), "may not remove or update AppArmor annotations");
        }
        if k == MIRROR {
            errors.forbidden(&at.key(k), "may not remove or update mirror pod annotation");
        }
    }
    for k in n.keys().filter(|k| !o.contains_key(*k)) {
        if k.starts_with(APP_ARMOR) {
            errors.forbidden(&at.key(k), "may not add AppArmor annotations");
        }
        if k == MIRROR {
            errors.forbidden(&at.key(k), "may not add mirror pod annotation");
        }
    }
    if let Some(s) = &new.spec {
        validate_pod_annotations(n, s, s.node_name.as_deref().unwrap_or(""), options, &at, errors);
    }
}

/// Whether two specs mean the same: what is absent and what is empty are one.
pub fn same(new: Option<&Spec>, old: Option<&Spec>) -> bool {
    new == old || matches!((new, old), (Some(n), Some(o)) if same_spec(&n.whole(), &o.whole()))
}

pub fn same_spec(a: &PodSpec, b: &PodSpec) -> bool {
    canonical::equal(a, b, "core/v1.PodSpec")
}

/// As it is published and stored, with nothing in it that is empty.
pub fn published(v: &impl serde::Serialize, of: &str) -> Value {
    let mut json = serde_json::to_value(v).unwrap_or_default();
    if let Some(t) = TypeId::by_name(of) {
        canonical::fill(&mut json, t);
    }
    json
}

/// The difference between two specs, as Go's structs. The old one was stored, which leaves nothing empty in it.
fn difference(old: &PodSpec, new: &PodSpec) -> String {
    const SPEC: &str = "core/v1.PodSpec";
    let Some(t) = TypeId::by_name(SPEC) else { return String::new() };
    let new = serde_json::to_value(new).unwrap_or_default();
    unified_diff::unified(&internal::pretty(&published(old, SPEC), t), &internal::pretty(&new, t))
}
