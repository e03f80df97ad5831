//! What a pod's spec may not say about where it runs: affinity, topology spread, tolerations.
//! Real Kubernetes: pkg/apis/core/validation/validation.go.

use k8s_openapi::api::core::v1::{
    Affinity, NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm, Toleration, TopologySpreadConstraint,
    WeightedPodAffinityTerm,
};

use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::workload::validate_label_selector;
use crate::api::names;

pub fn validate_affinity(a: &Affinity, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(n) = &a.node_affinity {
        let at = at.child("nodeAffinity");
        if let Some(required) = &n.required_during_scheduling_ignored_during_execution {
            let required_at = at.child("requiredDuringSchedulingIgnoredDuringExecution");
            let at = required_at.child("nodeSelectorTerms");
            if required.node_selector_terms.is_empty() {
                errors.required(&at, "must have at least one node selector term");
            }
            for (i, t) in required.node_selector_terms.iter().enumerate() {
                validate_node_term(t, &at.index(i), errors);
            }
        }
        let at = at.child("preferredDuringSchedulingIgnoredDuringExecution");
        for (i, t) in n.preferred_during_scheduling_ignored_during_execution.iter().flatten().enumerate() {
            let at = at.index(i);
            validate_weight(t.weight, &at, errors);
            validate_node_term(&t.preference, &at.child("preference"), errors);
        }
    }
    if let Some(p) = &a.pod_affinity {
        let required = p.required_during_scheduling_ignored_during_execution.as_deref();
        let preferred = p.preferred_during_scheduling_ignored_during_execution.as_deref();
        validate_pod_terms(required, preferred, &at.child("podAffinity"), errors);
    }
    if let Some(p) = &a.pod_anti_affinity {
        let required = p.required_during_scheduling_ignored_during_execution.as_deref();
        let preferred = p.preferred_during_scheduling_ignored_during_execution.as_deref();
        validate_pod_terms(required, preferred, &at.child("podAntiAffinity"), errors);
    }
}

fn validate_weight(weight: i32, at: &Path<'_>, errors: &mut FieldErrors) {
    if !(1..=100).contains(&weight) {
        errors.invalid(&at.child("weight"), weight, "must be in the range 1-100");
    }
}

pub fn validate_node_term(t: &NodeSelectorTerm, at: &Path<'_>, errors: &mut FieldErrors) {
    let expressions = at.child("matchExpressions");
    for (i, e) in t.match_expressions.iter().flatten().enumerate() {
        validate_node_expression(e, &expressions.index(i), errors);
    }
    let fields = at.child("matchFields");
    for (i, e) in t.match_fields.iter().flatten().enumerate() {
        validate_node_field(e, &fields.index(i), errors);
    }
}

fn validate_node_expression(e: &NodeSelectorRequirement, at: &Path<'_>, errors: &mut FieldErrors) {
    let values = e.values.as_deref().unwrap_or_default();
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
    for (i, v) in values.iter().enumerate() {
        errors.invalid_each(&at.child("values").index(i), v, names::label_value(v));
    }
}

/// Nodes are told apart by their name only.
fn validate_node_field(e: &NodeSelectorRequirement, at: &Path<'_>, errors: &mut FieldErrors) {
    let values = e.values.as_deref().unwrap_or_default();
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
    for (i, v) in values.iter().enumerate() {
        errors.invalid_each(&at.child("values").index(i), v, names::dns1123_subdomain(v, false));
    }
}

fn validate_pod_terms(
    required: Option<&[PodAffinityTerm]>,
    preferred: Option<&[WeightedPodAffinityTerm]>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let here = at.child("requiredDuringSchedulingIgnoredDuringExecution");
    for (i, t) in required.into_iter().flatten().enumerate() {
        validate_pod_term(t, &here.index(i), errors);
    }
    let here = at.child("preferredDuringSchedulingIgnoredDuringExecution");
    for (i, t) in preferred.into_iter().flatten().enumerate() {
        let here = here.index(i);
        validate_weight(t.weight, &here, errors);
        validate_pod_term(&t.pod_affinity_term, &here.child("podAffinityTerm"), errors);
    }
}

fn validate_pod_term(t: &PodAffinityTerm, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(s) = &t.label_selector {
        validate_label_selector(s, &at.child("labelSelector"), errors);
    }
    if let Some(s) = &t.namespace_selector {
        validate_label_selector(s, &at.child("namespaceSelector"), errors);
    }
    for ns in t.namespaces.iter().flatten() {
        errors.invalid_each(&at.child("namespace"), ns, names::dns1123_label(ns, false));
    }
    if t.topology_key.is_empty() {
        errors.required(&at.child("topologyKey"), "can not be empty");
    }
    errors.invalid_each(&at.child("topologyKey"), &t.topology_key, names::qualified_name(&t.topology_key));
}

pub fn validate_spread(all: &[TopologySpreadConstraint], at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, c) in all.iter().enumerate() {
        let at = at.index(i);
        if c.max_skew <= 0 {
            errors.invalid(&at.child("maxSkew"), c.max_skew, "must be greater than zero");
        }
        if c.topology_key.is_empty() {
            errors.required(&at.child("topologyKey"), "can not be empty");
        }
        errors.one_of(&at.child("whenUnsatisfiable"), &c.when_unsatisfiable, &["DoNotSchedule", "ScheduleAnyway"]);
        // The pair is found where it stands first, if a later constraint has it too.
        let pair = |c: &TopologySpreadConstraint| (c.topology_key.clone(), c.when_unsatisfiable.clone());
        if all[i + 1..].iter().any(|other| pair(other) == pair(c)) {
            let shown = format!("{{{}, {}}}", c.topology_key, c.when_unsatisfiable);
            errors.duplicate(&at.child("{topologyKey, whenUnsatisfiable}"), shown);
        }
        if let Some(n) = c.min_domains {
            let at = at.child("minDomains");
            if n <= 0 {
                errors.invalid(&at, n, "must be greater than zero");
            } else if c.when_unsatisfiable != "DoNotSchedule" {
                let why =
                    format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}", c.when_unsatisfiable);
                errors.invalid(&at, n, why);
            }
        }
        for (name, policy) in
            [("nodeAffinityPolicy", &c.node_affinity_policy), ("nodeTaintsPolicy", &c.node_taints_policy)]
        {
            if let Some(p) = policy {
                errors.one_of(&at.child(name), p, &["Honor", "Ignore"]);
            }
        }
        if let Some(s) = &c.label_selector {
            validate_label_selector(s, &at.child("labelSelector"), errors);
        } else if c.match_label_keys.as_ref().is_some_and(|k| !k.is_empty()) {
            errors.forbidden(&at.child("matchLabelKeys"), "must not be specified when labelSelector is not set");
        }
    }
}

pub fn validate_toleration(t: &Toleration, at: &Path<'_>, errors: &mut FieldErrors) {
    let key = t.key.as_deref().unwrap_or("");
    let operator = t.operator.as_deref().unwrap_or("");
    if !key.is_empty() {
        errors.invalid_each(&at.child("key"), key, names::qualified_name(key));
    } else if operator != "Exists" {
        errors.invalid(
            &at.child("operator"),
            operator,
            "operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
        );
    }
    match operator {
        "" | "Equal" => {
            let v = t.value.as_deref().unwrap_or("");
            errors.invalid_each(&at.child("operator"), v, names::label_value(v));
        }
        "Exists" => {
            if t.value.as_deref().is_some_and(|v| !v.is_empty()) {
                errors.invalid(
                    &at.child("operator"),
                    t.value.clone(),
                    "value must be empty when `operator` is 'Exists'",
                );
            }
        }
        other => errors.not_supported(&at.child("operator"), other, &["Equal", "Exists"]),
    }
    let effect = t.effect.as_deref().unwrap_or("");
    if t.toleration_seconds.is_some() && effect != "NoExecute" {
        errors.invalid(&at.child("effect"), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    if !effect.is_empty() {
        errors.one_of(&at.child("effect"), effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
    }
}
