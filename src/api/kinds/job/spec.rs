//! What a Job's spec may not say, by itself or in a CronJob.
//! Real Kubernetes: pkg/apis/batch/validation/validation.go, pkg/api/job/warnings.go.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::api::batch::v1::JobSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::api::kinds::pod_spec;
use super::policies::{validate_failure_policy, validate_success_policy};
use super::{CONTROLLER_UID, JOB_NAME, Job, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::workload;
use crate::api::selector::Selector;
use crate::api::{internal, names};

const MOST_AT_ONCE_WITH_INDEX: i32 = 100_000;
const MOST_FAILED_INDEXES: i32 = 100_000;
/// Above so many completions the numbers below are bounded, too.
const MANY_COMPLETIONS: i32 = 100_000;
const MOST_AT_ONCE_OF_MANY: i32 = 10_000;
const MOST_FAILED_OF_MANY: i32 = 10_000;
const MANAGER_MAX_BYTES: usize = 63;

pub fn validate(j: &Job, errors: &mut FieldErrors) {
    let Some(spec) = &j.spec else { return };
    validate_generated_selector(j, spec, errors);
    validate_whole_spec(spec, None, &Path::new("spec"), errors);
    let Some(completions) = spec.completions.filter(|n| *n > 0 && is_indexed(spec)) else { return };
    // Pods of an indexed Job have its name and their index for a hostname.
    let name = j.metadata.name.as_deref().unwrap_or("");
    let hostname = format!("{name}-{}", completions - 1);
    if !names::dns1123_label(&hostname, false).is_empty() {
        errors.invalid(
            &Path::new("metadata").child("name"),
            name,
            format!("will not able to create pod with invalid DNS label: {hostname}"),
        );
    }
}

pub fn is_indexed(spec: &JobSpec) -> bool {
    spec.completion_mode.as_deref() == Some("Indexed")
}

/// A selector that the server made is of this Job, and so are the labels.
fn validate_generated_selector(j: &Job, spec: &JobSpec, errors: &mut FieldErrors) {
    let Some(selector) = spec.selector.as_ref().filter(|_| spec.manual_selector != Some(true)) else { return };
    let (name, uid) = (j.metadata.name.as_deref().unwrap_or(""), j.metadata.uid.as_deref().unwrap_or(""));
    if uid.is_empty() {
        errors.required(&Path::new("metadata").child("uid"), "");
    }
    let expected =
        [(LEGACY_CONTROLLER_UID, uid), (LEGACY_JOB_NAME, name), (CONTROLLER_UID, uid), (JOB_NAME, name)];
    let labels = workload::labels_of(&spec.template);
    let at = Path::new("spec");
    let (at_selector, at) = (at.child("selector"), at.child("template"));
    let (at_meta, must) = (at.child("metadata"), |value: &str| format!("must be '{value}'"));
    for (key, value) in expected {
        let here = at_meta.child("labels");
        match labels.and_then(|l| l.get(key)) {
            None => errors.required(&here.key(key), must(value)),
            Some(actual) if actual != value => {
                errors.invalid(&here.key(key), serde_json::to_value(labels).unwrap_or_default(), must(value));
            }
            Some(_) => {}
        }
    }
    let expected: BTreeMap<String, String> = expected.map(|(k, v)| (k.into(), v.into())).into();
    if usable(selector).is_some_and(|s| !s.matches(Some(&expected))) {
        errors.invalid_struct(&at_selector, shown(Some(selector)), "`selector` not auto-generated");
    }
}

/// The selector, unless it is malformed.
fn usable(s: &LabelSelector) -> Option<Selector> {
    let mut errors = FieldErrors::default();
    workload::validate_label_selector(s, &Path::root(), &mut errors);
    errors.is_empty().then(|| Selector::of(s))
}

pub fn shown(s: Option<&LabelSelector>) -> String {
    s.map_or_else(|| "null".into(), |s| internal::shown(s, "meta/v1.LabelSelector"))
}

/// The spec of a Job that there is: it has a selector.
pub fn validate_whole_spec(spec: &JobSpec, old: Option<&PodTemplateSpec>, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_spec(spec, old, at, errors);
    let here = at.child("selector");
    match &spec.selector {
        None => errors.required(&here, ""),
        Some(s) => workload::validate_label_selector(s, &here, errors),
    }
    let selector = match &spec.selector {
        None => Some(Selector::Nothing),
        Some(s) => usable(s),
    };
    if let Some(s) = selector {
        workload::validate_selected(&s, &spec.template, &at.child("template"), errors);
    }
}

/// The spec of any Job, planned or there. `old` is its template as it was.
pub fn validate_spec(spec: &JobSpec, old: Option<&PodTemplateSpec>, at: &Path<'_>, errors: &mut FieldErrors) {
    let counts = [
        ("parallelism", spec.parallelism.map(i64::from)),
        ("completions", spec.completions.map(i64::from)),
        ("activeDeadlineSeconds", spec.active_deadline_seconds),
        ("backoffLimit", spec.backoff_limit.map(i64::from)),
        ("ttlSecondsAfterFinished", spec.ttl_seconds_after_finished.map(i64::from)),
        ("backoffLimitPerIndex", spec.backoff_limit_per_index.map(i64::from)),
        ("maxFailedIndexes", spec.max_failed_indexes.map(i64::from)),
    ];
    workload::validate_counts(&counts, at, errors);
    if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        errors.required(&at.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
    }
    if let Some(manager) = &spec.managed_by {
        validate_manager(manager, &at.child("managedBy"), errors);
    }
    validate_completion(spec, at, errors);
    if let Some(policy) = &spec.pod_failure_policy {
        validate_failure_policy(policy, spec, &at.child("podFailurePolicy"), errors);
    }
    if let Some(policy) = &spec.success_policy {
        let at = at.child("successPolicy");
        if is_indexed(spec) {
            validate_success_policy(policy, spec.completions.unwrap_or(0), &at, errors);
        } else {
            errors.invalid_struct(
                &at,
                internal::shown(policy, "batch/v1.SuccessPolicy"),
                "requires indexed completion mode",
            );
        }
    }
    if let Some(policy) = &spec.pod_replacement_policy {
        let failed_only = spec.pod_failure_policy.is_some();
        let supported: &[&str] = if failed_only { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
        errors.one_of(&at.child("podReplacementPolicy"), policy, supported);
    }
    let here = at.child("template");
    pod_spec::validate_template(&spec.template, old, &here, errors);
    validate_restart_policy(spec, &here.child("spec").child("restartPolicy"), errors);
}

/// Pods of a Job end, and are not started again when they have.
fn validate_restart_policy(spec: &JobSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    match spec.template.spec.as_ref().and_then(|s| s.restart_policy.as_deref()).unwrap_or("") {
        "" | "Always" => errors.required(at, "valid values: \"OnFailure\", \"Never\""),
        "Never" => {}
        "OnFailure" if spec.pod_failure_policy.is_some() => {
            errors.invalid(at, "OnFailure", "only \"Never\" is supported when podFailurePolicy is specified");
        }
        policy => errors.one_of(at, policy, &["OnFailure", "Never"]),
    }
}

/// Who runs the Job: a domain and a path.
fn validate_manager(manager: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    match manager.split_once('/') {
        _ if manager.is_empty() => errors.required(at, ""),
        Some((host, path)) if !host.is_empty() && !path.is_empty() => {
            errors.invalid_each(at, host, names::dns1123_subdomain(host, false));
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b);
            if !path.bytes().all(allowed) {
                let why = r"Invalid path (regex used for validation is '[A-Za-z0-9/\-._~%!$&'()*+,;=:]+')";
                errors.invalid(at, path, why);
            }
        }
        _ => errors.invalid(at, manager, "must be a domain-prefixed path (such as \"acme.io/foo\")"),
    }
    if manager.len() > MANAGER_MAX_BYTES {
        errors.too_long(at, MANAGER_MAX_BYTES);
    }
}

fn validate_completion(spec: &JobSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let (per_index, most_failed) = (at.child("backoffLimitPerIndex"), at.child("maxFailedIndexes"));
    match spec.completion_mode.as_deref() {
        Some("Indexed") => validate_indexed(spec, at, errors),
        None | Some("NonIndexed") => {
            for (at, number) in [(per_index, spec.backoff_limit_per_index), (most_failed, spec.max_failed_indexes)] {
                if let Some(n) = number {
                    errors.invalid(&at, n, "requires indexed completion mode");
                }
            }
        }
        Some(mode) => errors.not_supported(&at.child("completionMode"), mode, &["NonIndexed", "Indexed"]),
    }
}

fn validate_indexed(spec: &JobSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    if spec.completions.is_none() {
        errors.required(&at.child("completions"), "when completion mode is Indexed");
    }
    let mut at_most = |name: &str, number: Option<i32>, most: i32, why: &str| {
        if let Some(n) = number.filter(|n| *n > most) {
            errors.invalid(&at.child(name), n, format!("must be less than or equal to {why}"));
        }
    };
    let of_index = format!("{MOST_AT_ONCE_WITH_INDEX} when completion mode is Indexed");
    at_most("parallelism", spec.parallelism, MOST_AT_ONCE_WITH_INDEX, &of_index);
    let completions = spec.completions.unwrap_or(i32::MAX);
    at_most("maxFailedIndexes", spec.max_failed_indexes, completions, "completions");
    at_most("maxFailedIndexes", spec.max_failed_indexes, MOST_FAILED_INDEXES, &MOST_FAILED_INDEXES.to_string());
    let many = spec.completions.is_some_and(|n| n > MANY_COMPLETIONS) && spec.backoff_limit_per_index.is_some();
    if !many {
        return;
    }
    if spec.max_failed_indexes.is_none() {
        let why = format!("must be specified when completions is above {MANY_COMPLETIONS}");
        errors.required(&at.child("maxFailedIndexes"), why);
    }
    for (name, number, most) in [
        ("parallelism", spec.parallelism, MOST_AT_ONCE_OF_MANY),
        ("maxFailedIndexes", spec.max_failed_indexes, MOST_FAILED_OF_MANY),
    ] {
        if let Some(n) = number.filter(|n| *n > most) {
            let why = format!(
                "must be less than or equal to {most} when completions are above {MANY_COMPLETIONS} and used with backoff limit \
                 per index"
            );
            errors.invalid(&at.child(name), n, why);
        }
    }
}

/// What is too much to be followed, and worth a warning. `at` is the spec's path.
pub fn warnings(spec: &JobSpec, at: &Path<'_>) -> Vec<String> {
    let mut out: Vec<String> = many_indexes(spec, at).into_iter().collect();
    out.extend(pod_spec::template_warnings(&spec.template, &at.child("template")));
    out
}

fn many_indexes(spec: &JobSpec, at: &Path<'_>) -> Option<String> {
    let many = spec.completions.unwrap_or(0) > MANY_COMPLETIONS
        && spec.parallelism.unwrap_or(0) > MOST_AT_ONCE_OF_MANY;
    (many && is_indexed(spec)).then(|| {
        format!(
            "{at}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes \
             might not be able to track completedIndexes when a big number of indexes fail"
        )
    })
}
