//! What a pod's spec may not say about how pods are spread, and about labels that selectors take from the pod itself.
//! Real Kubernetes: pkg/apis/core/validation/validation.go validateTopologySpreadConstraints,
//! ValidateMatchLabelKeysAndMismatchLabelKeys; pkg/registry/core/pod/strategy.go mutatePodAffinity.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodAffinityTerm, PodSpec, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use super::{Options, items};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::workload::validate_label_selector;
use crate::api::names;

const WITHOUT_SELECTOR: &str = "must not be specified when labelSelector is not set";
const IN_BOTH: &str = "exists in both matchLabelKeys and labelSelector";

pub fn validate_spread(all: &[TopologySpreadConstraint], options: Options, at: &Path<'_>, errors: &mut FieldErrors) {
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
        let same = |o: &TopologySpreadConstraint| {
            o.topology_key == c.topology_key && o.when_unsatisfiable == c.when_unsatisfiable
        };
        if all[i + 1..].iter().any(same) {
            let shown = format!("{{{}, {}}}", c.topology_key, c.when_unsatisfiable);
            errors.duplicate(&at.child("{topologyKey, whenUnsatisfiable}"), shown);
        }
        validate_min_domains(c, &at.child("minDomains"), errors);
        for (name, policy) in
            [("nodeAffinityPolicy", &c.node_affinity_policy), ("nodeTaintsPolicy", &c.node_taints_policy)]
        {
            if let Some(p) = policy {
                errors.one_of(&at.child(name), p, &["Honor", "Ignore"]);
            }
        }
        let keys = items(&c.match_label_keys);
        if options.allow_invalid_match_label_keys {
            validate_label_keys_as_before(keys, c.label_selector.as_ref(), &at.child("matchLabelKeys"), errors);
        } else {
            validate_label_keys(keys, &[], c.label_selector.as_ref(), &at, errors);
        }
        if let Some(s) = c.label_selector.as_ref().filter(|_| !options.allow_invalid_spread_selector) {
            validate_label_selector(s, &at.child("labelSelector"), errors);
        }
    }
}

fn validate_min_domains(c: &TopologySpreadConstraint, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(n) = c.min_domains else { return };
    if n <= 0 {
        errors.invalid(at, n, "must be greater than zero");
    }
    if c.when_unsatisfiable != "DoNotSchedule" {
        let why = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}", c.when_unsatisfiable);
        errors.invalid(at, n, why);
    }
}

fn validate_keys(keys: &[String], selector: Option<&LabelSelector>, at: &Path<'_>, errors: &mut FieldErrors) {
    if keys.is_empty() {
        return;
    }
    if selector.is_none() {
        return errors.forbidden(at, WITHOUT_SELECTOR);
    }
    for (i, key) in keys.iter().enumerate() {
        errors.invalid_each(&at.index(i), key, names::qualified_name(key));
    }
}

/// Keys of labels whose values are the pod's own. When it is created they are merged into the selector, so here it is only
/// wrong if a key was in it twice.
pub fn validate_label_keys(
    with: &[String],
    without: &[String],
    selector: Option<&LabelSelector>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    validate_keys(with, selector, &at.child("matchLabelKeys"), errors);
    validate_keys(without, selector, &at.child("mismatchLabelKeys"), errors);
    if let Some(s) = selector {
        let expressions = items(&s.match_expressions);
        for (i, e) in expressions.iter().enumerate() {
            let in_labels = s.match_labels.as_ref().is_some_and(|l| l.contains_key(&e.key));
            let before = in_labels || expressions[..i].iter().any(|o| o.key == e.key);
            if let Some(place) = with.iter().rposition(|k| *k == e.key).filter(|_| before) {
                // This names the term itself, as Kubernetes does.
                errors.invalid(&at.index(place), e.key.as_str(), IN_BOTH);
            }
        }
    }
    for (i, key) in with.iter().enumerate().filter(|(_, k)| without.contains(k)) {
        let list = at.child("matchLabelKeys");
        errors.invalid(&list.index(i), key.as_str(), "exists in both matchLabelKeys and mismatchLabelKeys");
    }
}

/// The same before keys were merged into the selector.
fn validate_label_keys_as_before(
    keys: &[String],
    selector: Option<&LabelSelector>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    if selector.is_none() && !keys.is_empty() {
        errors.forbidden(at, WITHOUT_SELECTOR);
    }
    for (i, key) in keys.iter().enumerate() {
        errors.invalid_each(&at.index(i), key, names::qualified_name(key));
        let named = selector.is_some_and(|s| {
            s.match_labels.as_ref().is_some_and(|l| l.contains_key(key))
                || items(&s.match_expressions).iter().any(|e| e.key == *key)
        });
        if named {
            errors.invalid(&at.index(i), key.as_str(), IN_BOTH);
        }
    }
}

type Labels = BTreeMap<String, String>;

/// Merges the values of the pod's own labels into its selectors, as a pod is created.
pub fn merge_label_keys(s: &mut PodSpec, labels: &Labels) {
    if let Some(a) = &mut s.affinity {
        if let Some(p) = &mut a.pod_affinity {
            let preferred = p.preferred_during_scheduling_ignored_during_execution.iter_mut().flatten();
            preferred.for_each(|t| merge_into_term(&mut t.pod_affinity_term, labels));
            let required = p.required_during_scheduling_ignored_during_execution.iter_mut().flatten();
            required.for_each(|t| merge_into_term(t, labels));
        }
        if let Some(p) = &mut a.pod_anti_affinity {
            let preferred = p.preferred_during_scheduling_ignored_during_execution.iter_mut().flatten();
            preferred.for_each(|t| merge_into_term(&mut t.pod_affinity_term, labels));
            let required = p.required_during_scheduling_ignored_during_execution.iter_mut().flatten();
            required.for_each(|t| merge_into_term(t, labels));
        }
    }
    for c in s.topology_spread_constraints.iter_mut().flatten() {
        if let Some(selector) = &mut c.label_selector {
            merge(selector, items(&c.match_label_keys), "In", labels);
        }
    }
}

fn merge_into_term(t: &mut PodAffinityTerm, labels: &Labels) {
    if let Some(selector) = &mut t.label_selector {
        merge(selector, items(&t.match_label_keys), "In", labels);
        merge(selector, items(&t.mismatch_label_keys), "NotIn", labels);
    }
}

fn merge(selector: &mut LabelSelector, keys: &[String], operator: &str, labels: &Labels) {
    for (key, value) in keys.iter().filter_map(|k| labels.get_key_value(k)) {
        selector.match_expressions.get_or_insert_default().push(LabelSelectorRequirement {
            key: key.clone(),
            operator: operator.into(),
            values: Some(vec![value.clone()]),
        });
    }
}

/// Whether [`merge_label_keys`] would do anything.
pub fn has_label_keys(s: &PodSpec) -> bool {
    let spread = items(&s.topology_spread_constraints).iter().any(|c| !items(&c.match_label_keys).is_empty());
    spread || s.affinity.as_ref().is_some_and(|a| a.pod_affinity.is_some() || a.pod_anti_affinity.is_some())
}
