//! Whether a Job has come to its end, and why. What was found before stays; failures are judged before successes. Pure.
//!
//! An end is told in two steps: first what it will be (`FailureTarget`, `SuccessCriteriaMet`), and when no pod is left, that it is so
//! (`Failed`, `Complete`).
//! Real Kubernetes: pkg/controller/job/job_controller.go syncJob.

use k8s_openapi::api::batch::v1::JobCondition;

use super::facts::{condition, find, is_failed, is_suspended};
use super::policy::{self, Failure};
use super::tally::{Seen, Tally};
use crate::api::kinds::job::{conditions, has};
use crate::api::{Duration, Time, pods};

pub const FAILED: &str = "Failed";
pub const FAILURE_TARGET: &str = "FailureTarget";
pub const COMPLETE: &str = "Complete";
pub const CRITERIA_MET: &str = "SuccessCriteriaMet";

const REASONS: [&str; 5] =
    ["PodFailurePolicy", "BackoffLimitExceeded", "DeadlineExceeded", "MaxFailedIndexesExceeded", "FailedIndexes"];

/// How the Job ends, if it does: as a condition that is there already, or one that has to be written.
pub fn judge(seen: &Seen<'_>, tally: &Tally<'_>) -> Option<JobCondition> {
    let told = conditions(Some(seen.status));
    if has(told, CRITERIA_MET, "True") {
        return find(told, CRITERIA_MET).cloned();
    }
    if has(told, FAILURE_TARGET, "True") {
        return find(told, FAILURE_TARGET).map(|c| last_step(c, FAILED, seen.now));
    }
    let failure = |(reason, message): (&str, String)| condition(FAILURE_TARGET, reason, message, seen.now);
    by_policy(seen).or_else(|| by_limit(seen, tally)).or_else(|| by_index(seen, tally)).map(failure).or_else(|| {
        let rule = policy::enough(seen.spec.success_policy.as_ref(), seen.completions(), &tally.succeeded_indexes)?;
        Some(condition(CRITERIA_MET, "SuccessPolicy", format!("Matched rules at index {rule}"), seen.now))
    })
}

/// The second step of an end.
pub fn last_step(first: &JobCondition, kind: &str, now: Time) -> JobCondition {
    condition(kind, first.reason.as_deref().unwrap_or_default(), first.message.as_deref().unwrap_or_default(), now)
}

/// What a Job is whose pods have done what was wanted: a work queue when one has succeeded and none is left.
pub fn done(seen: &Seen<'_>, tally: &Tally<'_>, active: i32) -> Option<JobCondition> {
    let enough = tally.succeeded >= seen.spec.completions.unwrap_or(1);
    (enough && active == 0)
        .then(|| condition(CRITERIA_MET, "CompletionsReached", "Reached expected number of succeeded pods", seen.now))
}

/// The reason of a failure as Events have it.
pub fn known(reason: &str) -> &'static str {
    REASONS.iter().find(|r| **r == reason).copied().unwrap_or("JobFailed")
}

/// How much longer the Job may run.
pub fn deadline_left(seen: &Seen<'_>) -> Option<Duration> {
    let seconds = seen.spec.active_deadline_seconds.filter(|_| !is_suspended(seen.spec))?;
    let start = Time::from_meta(seen.status.start_time.as_ref()?);
    let due = start + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    Some(due.since(seen.now))
}

fn by_policy(seen: &Seen<'_>) -> Option<(&'static str, String)> {
    let failed = seen.pods.iter().copied().filter(|p| is_failed(p, seen.spec));
    failed.into_iter().find_map(|p| match policy::judge(seen.spec, p) {
        Failure::EndsJob(message) => Some(("PodFailurePolicy", message)),
        _ => None,
    })
}

fn by_limit(seen: &Seen<'_>, tally: &Tally<'_>) -> Option<(&'static str, String)> {
    let limit = seen.spec.backoff_limit.unwrap_or(0);
    if tally.failed > limit || restarts_reach(limit, seen) {
        return Some(("BackoffLimitExceeded", "Job has reached the specified backoff limit".into()));
    }
    let late = deadline_left(seen).is_some_and(|left| left.is_zero());
    late.then(|| ("DeadlineExceeded", "Job was active longer than specified deadline".into()))
}

/// Where pods stay and restart their containers, the restarts count as failures.
fn restarts_reach(limit: i32, seen: &Seen<'_>) -> bool {
    let restarts_in_place =
        seen.spec.template.spec.as_ref().and_then(|s| s.restart_policy.as_deref()) == Some("OnFailure");
    let running = seen.pods.iter().copied().filter(|p| matches!(pods::phase(p), "Running" | "Pending"));
    let statuses = running
        .flat_map(|p| p.status.iter())
        .flat_map(|s| s.init_container_statuses.iter().flatten().chain(s.container_statuses.iter().flatten()));
    let restarts = statuses.fold(0, |sum: i32, c| sum.saturating_add(c.restart_count));
    restarts_in_place && restarts >= limit.max(1)
}

fn by_index(seen: &Seen<'_>, tally: &Tally<'_>) -> Option<(&'static str, String)> {
    let failed = tally.failed_indexes.as_ref()?.len();
    if seen.spec.max_failed_indexes.is_some_and(|most| failed > most) {
        let message = "Job has exceeded the specified maximal number of failed indexes";
        return Some(("MaxFailedIndexesExceeded", message.into()));
    }
    let all_tried = failed + tally.succeeded_indexes.len() >= seen.completions();
    (failed > 0 && all_tried).then(|| ("FailedIndexes", "Job has failed indexes".into()))
}
