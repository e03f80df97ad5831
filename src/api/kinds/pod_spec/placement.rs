//! What a pod's spec may not say about where it runs: affinity, tolerations, gates. [`spread`](super::spread) is its neighbour.
//! Real Kubernetes: pkg/apis/core/validation/validation.go validateAffinity, ValidateTolerations.

use k8s_openapi::api::core::v1::{
    Affinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm, PodSchedulingGate,
    PodSchedulingGroup, Toleration, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::Value;

use super::spread::validate_label_keys;
use super::{Options, items, text};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::workload::validate_label_selector;
use crate::api::names;

pub fn validate_affinity(a: &Affinity, options: Options, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(n) = &a.node_affinity {
        let at = at.child("nodeAffinity");
        if let Some(required) = &n.required_during_scheduling_ignored_during_execution {
            let at = at.child("requiredDuringSchedulingIgnoredDuringExecution");
            validate_node_selector(required, options.allow_invalid_node_affinity_values, &at, errors);
        }
        let at = at.child("preferredDuringSchedulingIgnoredDuringExecution");
        for (i, t) in items(&n.preferred_during_scheduling_ignored_during_execution).iter().enumerate() {
            let at = at.index(i);
            validate_weight(t.weight, &at, errors);
            // A wrong value here is a wish that no node grants; it is warned of.
            validate_node_term(&t.preference, true, &at.child("preference"), errors);
        }
    }
    if let Some(p) = &a.pod_affinity {
        let required = items(&p.required_during_scheduling_ignored_during_execution);
        let preferred = items(&p.preferred_during_scheduling_ignored_during_execution);
        validate_pod_terms(required, preferred, options, &at.child("podAffinity"), errors);
    }
    if let Some(p) = &a.pod_anti_affinity {
        let required = items(&p.required_during_scheduling_ignored_during_execution);
        let preferred = items(&p.preferred_during_scheduling_ignored_during_execution);
        validate_pod_terms(required, preferred, options, &at.child("podAntiAffinity"), errors);
    }
}

fn validate_weight(weight: i32, at: &Path<'_>, errors: &mut FieldErrors) {
    if !(1..=100).contains(&weight) {
        errors.invalid(&at.child("weight"), weight, "must be in the range 1-100");
    }
}

/// `any_value`: values need not look like those of labels.
pub fn validate_node_selector(s: &NodeSelector, any_value: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    let at = at.child("nodeSelectorTerms");
    if s.node_selector_terms.is_empty() {
        errors.required(&at, "must have at least one node selector term");
    }
    for (i, t) in s.node_selector_terms.iter().enumerate() {
        validate_node_term(t, any_value, &at.index(i), errors);
    }
}

pub fn validate_node_term(t: &NodeSelectorTerm, any_value: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    let expressions = at.child("matchExpressions");
    for (i, e) in items(&t.match_expressions).iter().enumerate() {
        validate_node_expression(e, any_value, &expressions.index(i), errors);
    }
    let fields = at.child("matchFields");
    for (i, e) in items(&t.match_fields).iter().enumerate() {
        validate_node_field(e, &fields.index(i), errors);
    }
}

fn validate_node_expression(e: &NodeSelectorRequirement, any_value: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    let values = items(&e.values);
    match e.operator.as_str() {
        "In" | "NotIn" if values.is_empty() => {
            errors.required(&at.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            errors.forbidden(&at.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        "Gt" | "Lt" if values.len() != 1 => {
            errors.required(&at.child("values"), "must be specified single value when `operator` is 'Lt' or 'Gt'");
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.invalid(&at.child("operator"), other, "not a valid selector operator"),
    }
    errors.invalid_each(&at.child("key"), &e.key, names::qualified_name(&e.key));
    if any_value {
        return;
    }
    let list = at.child("values");
    for (i, v) in values.iter().enumerate() {
        errors.invalid_each(&list.index(i), v, names::label_value(v));
    }
}

/// Nodes are told apart by their name only.
fn validate_node_field(e: &NodeSelectorRequirement, at: &Path<'_>, errors: &mut FieldErrors) {
    let values = items(&e.values);
    match e.operator.as_str() {
        "In" | "NotIn" if values.len() != 1 => errors.required(
            &at.child("values"),
            "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
        ),
        "In" | "NotIn" => {}
        other => errors.invalid(&at.child("operator"), other, "not a valid selector operator"),
    }
    if e.key != "metadata.name" {
        errors.invalid(&at.child("key"), e.key.as_str(), "not a valid field selector key");
        return;
    }
    let list = at.child("values");
    for (i, v) in values.iter().enumerate() {
        errors.invalid_each(&list.index(i), v, names::dns1123_subdomain(v, false));
    }
}

fn validate_pod_terms(
    required: &[PodAffinityTerm],
    preferred: &[WeightedPodAffinityTerm],
    options: Options,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let here = at.child("requiredDuringSchedulingIgnoredDuringExecution");
    for (i, t) in required.iter().enumerate() {
        validate_pod_term(t, options, &here.index(i), errors);
    }
    let here = at.child("preferredDuringSchedulingIgnoredDuringExecution");
    for (i, t) in preferred.iter().enumerate() {
        let here = here.index(i);
        validate_weight(t.weight, &here, errors);
        validate_pod_term(&t.pod_affinity_term, options, &here.child("podAffinityTerm"), errors);
    }
}

fn validate_pod_term(t: &PodAffinityTerm, options: Options, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_term_selectors(t, options, at, errors);
    for ns in items(&t.namespaces) {
        errors.invalid_each(&at.child("namespace"), ns, names::dns1123_label(ns, false));
    }
    let (with, without) = (items(&t.match_label_keys), items(&t.mismatch_label_keys));
    validate_label_keys(with, without, t.label_selector.as_ref(), at, errors);
    if t.topology_key.is_empty() {
        errors.required(&at.child("topologyKey"), "can not be empty");
    }
    errors.invalid_each(&at.child("topologyKey"), &t.topology_key, names::qualified_name(&t.topology_key));
}

pub fn validate_term_selectors(t: &PodAffinityTerm, options: Options, at: &Path<'_>, errors: &mut FieldErrors) {
    for (name, selector) in [("labelSelector", &t.label_selector), ("namespaceSelector", &t.namespace_selector)] {
        let Some(s) = selector else { continue };
        if options.allow_invalid_selector_values {
            validate_label_selector(&with_any_values(s), &at.child(name), errors);
        } else {
            validate_label_selector(s, &at.child(name), errors);
        }
    }
}

/// The selector with values that nothing can be wrong with.
fn with_any_values(s: &LabelSelector) -> LabelSelector {
    let mut s = s.clone();
    for v in s.match_expressions.iter_mut().flatten().flat_map(|e| e.values.iter_mut().flatten()) {
        v.clear();
    }
    s
}

pub fn validate_tolerations(list: &[Toleration], at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, t) in list.iter().enumerate() {
        validate_toleration(t, &at.index(i), errors);
    }
}

fn validate_toleration(t: &Toleration, at: &Path<'_>, errors: &mut FieldErrors) {
    let (key, operator, value) = (text(&t.key), text(&t.operator), text(&t.value));
    let operator_at = at.child("operator");
    if !key.is_empty() {
        errors.invalid_each(&at.child("key"), key, names::qualified_name(key));
    } else if operator != "Exists" {
        let why = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        errors.invalid(&operator_at, operator, why);
    }
    let effect = text(&t.effect);
    if t.toleration_seconds.is_some() && effect != "NoExecute" {
        errors.invalid(&at.child("effect"), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    match operator {
        "" | "Equal" => {
            let problems = names::label_value(value);
            if !problems.is_empty() {
                errors.invalid(&operator_at, value, problems.join(";"));
            }
        }
        "Exists" => {
            if !value.is_empty() {
                errors.invalid(&operator_at, value, "value must be empty when `operator` is 'Exists'");
            }
        }
        // Comparing numbers is behind a gate that v1.36 leaves off.
        "Lt" | "Gt" => errors.not_supported(&operator_at, operator, &["Equal", "Exists", "Lt", "Gt"]),
        other => errors.not_supported(&operator_at, other, &["Equal", "Exists"]),
    }
    if !effect.is_empty() {
        errors.one_of(&at.child("effect"), effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
    }
}

/// What keeps the scheduler from the pod.
pub fn validate_gates(gates: &[PodSchedulingGate], at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, g) in gates.iter().enumerate() {
        errors.invalid_each(&at.index(i), &g.name, names::qualified_name(&g.name));
        if gates[..i].iter().any(|before| before.name == g.name) {
            errors.duplicate(&at.index(i), g.name.as_str());
        }
    }
}

pub fn validate_group(g: &PodSchedulingGroup, at: &Path<'_>, errors: &mut FieldErrors) {
    let at = at.child("podGroupName");
    match &g.pod_group_name {
        None => errors.invalid(&at, Value::Null, "must specify one of: `podGroupName`"),
        Some(name) => errors.invalid_each(&at, name, names::dns1123_subdomain(name, false)),
    }
}
