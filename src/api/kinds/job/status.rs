//! How a Job's end is told: what its status may not say. Whoever runs the Job writes it, so much is checked, but only where
//! something has changed: the spec may have made wrong what was right.
//! Real Kubernetes: pkg/apis/batch/validation/validation.go ValidateJobStatusUpdate, pkg/registry/batch/job/strategy.go
//! getStatusValidationOptions.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{JobSpec, JobStatus, UncountedTerminatedPods};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as MetaTime;
use serde_json::Value;

use super::{Job, conditions, has, indexes, spec};
use crate::api::field::{FieldErrors, Path};
use crate::api::internal;
use crate::api::kinds::workload;

/// A status by what is asked of it again and again.
struct Told<'a> {
    status: &'a JobStatus,
    complete: bool,
    failed: bool,
    failure_target: bool,
    success_criteria_met: bool,
}

impl<'a> Told<'a> {
    fn of(status: &'a JobStatus) -> Told<'a> {
        let is = |kind| has(conditions(Some(status)), kind, "True");
        Told {
            status,
            complete: is("Complete"),
            failed: is("Failed"),
            failure_target: is("FailureTarget"),
            success_criteria_met: is("SuccessCriteriaMet"),
        }
    }

    fn finished(&self) -> bool {
        self.complete || self.failed
    }

    fn active(&self) -> i32 {
        self.status.active.unwrap_or(0)
    }

    fn completed_indexes(&self) -> &str {
        self.status.completed_indexes.as_deref().unwrap_or("")
    }
}

pub fn validate(new: &Job, old: &Job, errors: &mut FieldErrors) {
    let (none, nothing) = (JobStatus::default(), JobSpec::default());
    let n = Told::of(new.status.as_ref().unwrap_or(&none));
    let o = Told::of(old.status.as_ref().unwrap_or(&none));
    let spec = new.spec.as_ref().unwrap_or(&nothing);
    let at = Path::new("status");
    validate_counts(n.status, &at, errors);
    validate_ends(&n, &o, &at, errors);
    validate_finished(&n, &o, spec, &at, errors);
    validate_indexes(&n, &o, spec, &at, errors);
    validate_pods(&n, &o, &at, errors);
    validate_success(&n, spec, &at, errors);
    validate_change(&n, &o, old, spec, &at, errors);
}

fn validate_counts(s: &JobStatus, at: &Path<'_>, errors: &mut FieldErrors) {
    let counts = [
        ("active", s.active),
        ("succeeded", s.succeeded),
        ("failed", s.failed),
        ("ready", s.ready),
        ("terminating", s.terminating),
    ];
    workload::validate_counts(&counts.map(|(name, n)| (name, n.map(i64::from))), at, errors);
    let Some(uncounted) = &s.uncounted_terminated_pods else { return };
    let at = at.child("uncountedTerminatedPods");
    let mut seen = BTreeSet::new();
    for (name, list) in [("succeeded", &uncounted.succeeded), ("failed", &uncounted.failed)] {
        for (i, uid) in list.iter().flatten().enumerate() {
            let here = at.child(name);
            if uid.is_empty() {
                errors.invalid(&here.index(i), "", "must not be empty");
            } else if !seen.insert(uid) {
                errors.duplicate(&here.index(i), uid.as_str());
            }
        }
    }
}

fn time(t: Option<&MetaTime>) -> Value {
    serde_json::to_value(t).unwrap_or_default()
}

/// How and when it ended.
fn validate_ends(n: &Told<'_>, o: &Told<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    let here = at.child("conditions");
    let complete_changed = n.complete != o.complete;
    if n.complete && n.failed && (complete_changed || n.failed != o.failed) {
        errors.invalid_omitted(&here, "cannot set Complete=True and Failed=true conditions");
    }
    if n.complete && n.failure_target && (complete_changed || n.failure_target != o.failure_target) {
        errors.invalid_omitted(&here, "cannot set Complete=True and FailureTarget=true conditions");
    }
    let (start, end) = (n.status.start_time.as_ref(), n.status.completion_time.as_ref());
    let end_changed = end != o.status.completion_time.as_ref();
    let at_end = at.child("completionTime");
    if complete_changed || end_changed {
        if end.is_some() && !n.complete {
            let why = "cannot set completionTime when there is no Complete=True condition";
            errors.invalid(&at_end, time(end), why);
        }
        if end.is_none() && n.complete {
            errors.required(&at_end, "completionTime is required for Complete jobs");
        }
    }
    let start_changed = start != o.status.start_time.as_ref();
    if let (Some(s), Some(e)) = (start, end)
        && (start_changed || end_changed)
        && e.0 < s.0
    {
        errors.invalid(&at_end, time(end), "must be equal to or after `startTime`");
    }
    let failed_indexes_changed = n.status.failed_indexes != o.status.failed_indexes;
    if n.failed && !n.failure_target && (n.failed != o.failed || failed_indexes_changed) {
        let why = "cannot set Failed=True condition without the FailureTarget=true condition";
        errors.invalid_omitted(&here, why);
    }
    let criteria_changed = n.success_criteria_met != o.success_criteria_met;
    if n.complete && !n.success_criteria_met && (complete_changed || criteria_changed) {
        let why = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition";
        errors.invalid_omitted(&here, why);
    }
}

/// A finished Job has started, and has no pods left.
fn validate_finished(n: &Told<'_>, o: &Told<'_>, spec: &JobSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    if !n.finished() {
        return;
    }
    let changed = n.finished() != o.finished();
    if n.active() > 0 && (changed || n.active() != o.active()) {
        errors.invalid(&at.child("active"), n.active(), "active>0 is invalid for finished job");
    }
    let nothing_to_do = spec.suspend == Some(true) && spec.completions == Some(0);
    let start_changed = n.status.start_time != o.status.start_time;
    if n.status.start_time.is_none() && (changed || start_changed) && !nothing_to_do {
        errors.required(&at.child("startTime"), "startTime is required for finished job");
    }
    let uncounted = |s: &JobStatus| s.uncounted_terminated_pods.clone().unwrap_or_default();
    let (now, before) = (uncounted(n.status), uncounted(o.status));
    let any = [&now.succeeded, &now.failed].into_iter().flatten().any(|l| !l.is_empty());
    if any && (changed || now != before) {
        let shown = internal::shown(&UncountedTerminatedPods { ..now }, "batch/v1.UncountedTerminatedPods");
        errors.invalid_struct(&at.child("uncountedTerminatedPods"), shown, "must be empty for finished job");
    }
}

fn validate_indexes(n: &Told<'_>, o: &Told<'_>, spec: &JobSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let (completed, failed) = (n.completed_indexes(), n.status.failed_indexes.as_deref());
    let completed_changed = completed != o.completed_indexes();
    let failed_changed = n.status.failed_indexes != o.status.failed_indexes;
    let (at_completed, at_failed) = (at.child("completedIndexes"), at.child("failedIndexes"));
    let per_index = spec.backoff_limit_per_index.is_some();
    if let Some(completions) = spec.completions {
        if let Some(why) = indexes::count(completed, completions).err().filter(|_| completed_changed) {
            errors.invalid(&at_completed, completed, format!("error parsing completedIndexes: {why}"));
        }
        if let Some(list) = failed.filter(|_| failed_changed && per_index)
            && let Err(why) = indexes::count(list, completions)
        {
            errors.invalid(&at_failed, list, format!("error parsing failedIndexes: {why}"));
        }
    }
    if completed_changed && !completed.is_empty() && !spec::is_indexed(spec) {
        let why = "cannot set non-empty completedIndexes when non-indexed completion mode";
        errors.invalid(&at_completed, completed, why);
    }
    let Some(failed) = failed else { return };
    if failed_changed && !per_index {
        let why = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
        errors.invalid(&at_failed, failed, why);
    }
    let changed = failed_changed || completed_changed;
    if let Some(completions) = spec.completions.filter(|_| changed)
        && let Some(index) = indexes::overlap(completed, failed, completions)
    {
        errors.invalid(&at_failed, failed, format!("failedIndexes and completedIndexes overlap at index: {index}"));
    }
}

fn validate_pods(n: &Told<'_>, o: &Told<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    let changed = n.finished() != o.finished() || n.status.terminating != o.status.terminating;
    if let Some(ending) = n.status.terminating.filter(|t| *t > 0 && n.finished() && changed) {
        errors.invalid(&at.child("terminating"), ending, "terminating>0 is invalid for finished job");
    }
    let changed = n.status.ready != o.status.ready || n.active() != o.active();
    if let Some(ready) = n.status.ready.filter(|r| *r > n.active() && changed) {
        errors.invalid(&at.child("ready"), ready, "cannot set more ready pods than active");
    }
}

fn validate_success(n: &Told<'_>, spec: &JobSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let here = at.child("conditions");
    if n.success_criteria_met && n.failed {
        errors.invalid_omitted(&here, "cannot set SuccessCriteriaMet=True and Failed=true conditions");
    }
    if n.success_criteria_met && n.failure_target {
        errors.invalid_omitted(&here, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
    }
    if spec.success_policy.is_some() && !n.success_criteria_met && n.complete {
        let why = "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True";
        errors.invalid_omitted(&here, why);
    }
}

/// What is final stays, and counters only grow.
fn validate_change(
    n: &Told<'_>,
    o: &Told<'_>,
    old: &Job,
    spec: &JobSpec,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let here = at.child("conditions");
    for (kind, now, before) in [
        ("Failed", n.failed, o.failed),
        ("Complete", n.complete, o.complete),
        ("FailureTarget", n.failure_target, o.failure_target),
    ] {
        if before && !now {
            errors.invalid_omitted(&here, format!("cannot disable the terminal {kind}=True condition"));
        }
    }
    let fewer = |now: Option<i32>, before: Option<i32>| now.unwrap_or(0) < before.unwrap_or(0);
    if fewer(n.status.failed, o.status.failed) {
        let now = n.status.failed.unwrap_or(0);
        errors.invalid(&at.child("failed"), now, "cannot decrease the failed counter");
    }
    // An indexed Job that runs all its pods at once may shrink.
    let elastic = spec::is_indexed(spec) && spec.completions == spec.parallelism;
    if fewer(n.status.succeeded, o.status.succeeded) && !elastic {
        let now = n.status.succeeded.unwrap_or(0);
        errors.invalid(&at.child("succeeded"), now, "cannot decrease the succeeded counter");
    }
    let (now, before) = (n.status.completion_time.as_ref(), o.status.completion_time.as_ref());
    if now.is_some() && before.is_some() && now != before {
        errors.invalid(&at.child("completionTime"), time(now), "field is immutable");
    }
    let resuming = has(conditions(old.status.as_ref()), "Suspended", "True")
        && has(conditions(Some(n.status)), "Suspended", "False");
    let (now, before) = (n.status.start_time.as_ref(), o.status.start_time.as_ref());
    if before.is_some() && now != before && !resuming && spec.suspend != Some(true) {
        errors.invalid(&at.child("startTime"), time(now), "field is immutable for unsuspended job once set");
    }
    if o.success_criteria_met && !n.success_criteria_met {
        errors.invalid_omitted(&here, "cannot disable the SuccessCriteriaMet=True condition");
    }
    if o.complete && !o.success_criteria_met && n.success_criteria_met {
        let why = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions";
        errors.invalid_omitted(&here, why);
    }
}
