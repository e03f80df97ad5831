//! What a CronJob should do now. Pure.
//! Real Kubernetes: pkg/controller/cronjob/cronjob_controllerv2.go syncCronJob, removeOldestJobs; utils.go byJobStartTime.

use k8s_openapi::api::core::v1::ObjectReference;

use super::timetable::{Missed, Timetable, deadline};
use crate::api::Time;
use crate::api::kinds::{CronJob, Job, job};
use crate::api::object::Resource;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan {
    /// Nothing is due, or it has been dealt with.
    Wait,
    /// It was due, but too long ago.
    TooLate(Time),
    /// It is due, but the last Job still runs, and only one may.
    Forbidden,
    /// A Job is to be made, instead of those that still run or beside them.
    Start { at: Time, replace: bool },
}

/// The plan, and whether more times were missed than can be right.
///
/// # Errors
/// The schedule means no time at all.
pub fn plan(c: &CronJob, table: &Timetable, now: Time) -> Result<(Plan, bool), String> {
    let due = table.due(c, now, true)?;
    let Some(at) = due.last.filter(|t| *t <= now) else { return Ok((Plan::Wait, false)) };
    let status = c.status.as_ref();
    let policy = c.spec.concurrency_policy.as_deref().unwrap_or("");
    let done = status.and_then(|s| s.last_schedule_time.as_ref()).is_some_and(|t| Time::from_meta(t) == at);
    let name = job_name(c, at);
    let plan = match () {
        () if deadline(&c.spec).is_some_and(|limit| at + limit < now) => Plan::TooLate(at),
        () if done || active(c).iter().any(|r| r.name.as_deref() == Some(&name)) => Plan::Wait,
        () if policy == "Forbid" && !active(c).is_empty() => Plan::Forbidden,
        () => Plan::Start { at, replace: policy == "Replace" },
    };
    Ok((plan, due.missed == Missed::Many))
}

pub fn active(c: &CronJob) -> &[ObjectReference] {
    c.status.as_ref().and_then(|s| s.active.as_deref()).unwrap_or_default()
}

/// A Job is named after the minute for which it is made, so that it is never made twice.
pub fn job_name(c: &CronJob, at: Time) -> String {
    format!("{}-{}", c.name(), at.nanos() / 60_000_000_000)
}

/// The finished Jobs that are too many to keep: the oldest of each sort.
pub fn outlived<'a>(c: &CronJob, jobs: &'a [Job]) -> Vec<&'a Job> {
    let mut out = vec![];
    for (kind, limit) in
        [("Complete", c.spec.successful_jobs_history_limit), ("Failed", c.spec.failed_jobs_history_limit)]
    {
        let Some(limit) = limit.and_then(|n| usize::try_from(n).ok()) else { continue };
        let mut ended: Vec<&Job> = jobs.iter().filter(|j| job::end(j).is_some_and(|c| c.type_ == kind)).collect();
        // Those that never started are the youngest.
        let start = |j: &Job| j.status.as_ref().and_then(|s| s.start_time.as_ref()).map(Time::from_meta);
        ended.sort_by_key(|j| (start(j).is_none(), start(j), j.name().to_string()));
        ended.truncate(ended.len().saturating_sub(limit));
        out.extend(ended);
    }
    out
}
