//! Rules by which a Job's pods fail or succeed for good.
//! Real Kubernetes: pkg/apis/batch/validation/validation.go validatePodFailurePolicy, validateSuccessPolicy.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule, SuccessPolicy, SuccessPolicyRule,
};

use super::indexes;
use crate::api::field::{FieldErrors, Path};
use crate::api::names;

const MOST_RULES: usize = 20;
const MOST_EXIT_CODES: usize = 255;
const MOST_PATTERNS: usize = 20;
const MOST_INDEX_BYTES: usize = 64 * 1024;

/// One of a few words, and there.
fn validate_word(word: &str, supported: &[&str], at: &Path<'_>, errors: &mut FieldErrors) {
    if word.is_empty() {
        errors.required(at, format!("valid values: [{}]", supported.iter().map(|s| format!("{s:?}")).collect::<Vec<_>>().join(" ")));
    } else {
        errors.one_of(at, word, supported);
    }
}

pub fn validate_failure_policy(policy: &PodFailurePolicy, spec: &JobSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let at = at.child("rules");
    if policy.rules.len() > MOST_RULES {
        errors.too_many(&at, policy.rules.len(), MOST_RULES);
    }
    for (i, rule) in policy.rules.iter().enumerate() {
        validate_failure_rule(rule, spec, &at.index(i), errors);
    }
}

fn validate_failure_rule(rule: &PodFailurePolicyRule, spec: &JobSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let action = at.child("action");
    match rule.action.as_str() {
        "FailIndex" if spec.backoff_limit_per_index.is_none() => {
            errors.invalid(&action, "FailIndex", "requires the backoffLimitPerIndex to be set");
        }
        word => validate_word(word, &["Count", "FailIndex", "FailJob", "Ignore"], &action, errors),
    }
    let patterns = rule.on_pod_conditions.as_deref().unwrap_or_default();
    if let Some(codes) = &rule.on_exit_codes {
        validate_exit_codes(codes, spec, &at.child("onExitCodes"), errors);
    }
    validate_patterns(patterns, &at.child("onPodConditions"), errors);
    match (rule.on_exit_codes.is_some(), patterns.is_empty()) {
        (true, false) => {
            errors.invalid_omitted(at, "specifying both OnExitCodes and OnPodConditions is not supported");
        }
        (false, true) => {
            errors.invalid_omitted(at, "specifying one of OnExitCodes and OnPodConditions is required");
        }
        _ => {}
    }
}

fn validate_patterns(list: &[PodFailurePolicyOnPodConditionsPattern], at: &Path<'_>, errors: &mut FieldErrors) {
    if list.len() > MOST_PATTERNS {
        errors.too_many(at, list.len(), MOST_PATTERNS);
    }
    for (i, pattern) in list.iter().enumerate() {
        let here = at.index(i);
        errors.invalid_each(&here.child("type"), &pattern.type_, names::qualified_name(&pattern.type_));
        let status = pattern.status.as_deref().unwrap_or("");
        validate_word(status, &["False", "True", "Unknown"], &here.child("status"), errors);
    }
}

fn validate_exit_codes(
    codes: &PodFailurePolicyOnExitCodesRequirement,
    spec: &JobSpec,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    validate_word(&codes.operator, &["In", "NotIn"], &at.child("operator"), errors);
    let pod = spec.template.spec.iter();
    let mut containers = pod.flat_map(|s| s.containers.iter().chain(s.init_containers.iter().flatten()));
    if let Some(name) = codes.container_name.as_ref().filter(|n| containers.all(|c| c.name != **n)) {
        let why = "must be one of the container or initContainer names in the pod template";
        errors.invalid(&at.child("containerName"), name.as_str(), why);
    }
    let (at, values) = (at.child("values"), &codes.values);
    if values.is_empty() {
        errors.invalid(&at, values.clone(), "at least one value is required");
    } else if values.len() > MOST_EXIT_CODES {
        errors.too_many(&at, values.len(), MOST_EXIT_CODES);
    }
    let mut seen = BTreeSet::new();
    for (i, value) in values.iter().enumerate() {
        if codes.operator == "In" && *value == 0 {
            errors.invalid(&at.index(i), 0, "must not be 0 for the In operator");
        }
        if !seen.insert(value) {
            errors.duplicate(&at.index(i), *value);
        }
    }
    if !values.is_sorted() {
        errors.invalid(&at, values.clone(), "must be ordered");
    }
}

pub fn validate_success_policy(policy: &SuccessPolicy, completions: i32, at: &Path<'_>, errors: &mut FieldErrors) {
    let at = at.child("rules");
    if policy.rules.is_empty() {
        errors.required(&at, "at least one rules must be specified when the successPolicy is specified");
    }
    if policy.rules.len() > MOST_RULES {
        errors.too_many(&at, policy.rules.len(), MOST_RULES);
    }
    for (i, rule) in policy.rules.iter().enumerate() {
        validate_success_rule(rule, completions, &at.index(i), errors);
    }
}

fn validate_success_rule(rule: &SuccessPolicyRule, completions: i32, at: &Path<'_>, errors: &mut FieldErrors) {
    if rule.succeeded_count.is_none() && rule.succeeded_indexes.is_none() {
        errors.required(at, "at least one of succeededCount or succeededIndexes must be specified");
    }
    let mut named = None;
    if let Some(list) = &rule.succeeded_indexes {
        let at = at.child("succeededIndexes");
        if list.len() > MOST_INDEX_BYTES {
            errors.too_long(&at, MOST_INDEX_BYTES);
        }
        named = Some(indexes::count(list, completions).unwrap_or_else(|why| {
            errors.invalid(&at, list.as_str(), format!("error parsing succeededIndexes: {why}"));
            0
        }));
    }
    let Some(count) = rule.succeeded_count else { return };
    let at = at.child("succeededCount");
    errors.non_negative(&at, count.into());
    if count > completions {
        let why = format!("must be less than or equal to {completions} (the number of specified completions)");
        errors.invalid(&at, count, why);
    }
    if let Some(named) = named.filter(|n| count > *n) {
        let why = format!(
            "must be less than or equal to {named} (the number of indexes in the specified succeededIndexes field)"
        );
        errors.invalid(&at, count, why);
    }
}
