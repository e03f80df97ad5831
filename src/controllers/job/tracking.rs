//! How ended pods get into the status, each exactly once, whatever goes wrong between two writes: first their uids are written down,
//! then their finalizers are taken away, then they are counted and their uids crossed out. Pure; the writes are in `sync.rs`.
//! Real Kubernetes: pkg/controller/job/job_controller.go trackJobStatusAndRemoveFinalizers, cleanUncountedPodsWithoutFinalizers,
//! enactJobFinished.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{JobCondition, JobStatus};

use super::facts::{index_of, is_failed, is_held, is_valid, valid_index};
use super::intervals::Indexes;
use super::policy;
use super::tally::{Seen, Tally, number};
use super::verdict::{COMPLETE, CRITERIA_MET, FAILED, FAILURE_TARGET, last_step};
use crate::api::kinds::Pod;
use crate::api::kinds::job::spec::is_indexed;
use crate::api::kinds::job::{conditions, has};
use crate::api::object::Resource;
use crate::api::{Time, pods};

/// Uids that a status holds at most; other pods wait for the next sync.
const UNCOUNTED_MAX: usize = 500;

/// What has to be done for the pods that ended.
pub struct Tracking<'a> {
    /// Their finalizers can go.
    pub release: Vec<&'a Pod>,
    /// Whose finalizers are there.
    pub held: BTreeSet<String>,
    /// The status has to be written before that.
    pub write: bool,
    /// There were too many.
    pub full: bool,
}

/// Writes down who ended, and the first step of the Job's own end; `verdict` becomes the second step.
pub fn track<'a>(
    seen: &Seen<'a>,
    tally: &Tally<'a>,
    status: &mut JobStatus,
    verdict: &mut Option<JobCondition>,
) -> Tracking<'a> {
    let mut pods: Vec<&Pod> = seen.pods.iter().copied().filter(|p| is_held(p)).collect();
    if is_indexed(seen.spec) {
        pods.sort_by_key(|p| index_of(p));
    }
    let held: BTreeSet<String> = pods.iter().map(|p| p.uid().to_string()).collect();
    let write = count_released(status, &held);
    let mut tracking = Tracking { release: vec![], held, write, full: false };
    let mut done: Vec<i32> = vec![];
    let ends: End = verdict.as_ref().map_or(End::No, |v| if v.type_ == CRITERIA_MET { End::Good } else { End::Bad });
    let (known_good, known_bad) = seen.uncounted();
    let uncounted = status.uncounted_terminated_pods.get_or_insert_default();
    for p in pods {
        let failed = is_failed(p, seen.spec);
        if !may_go(p, failed, ends, seen, tally) {
            continue;
        }
        tracking.release.push(p);
        let counted_bad = known_bad.contains(p.uid());
        if pods::phase(p) == "Succeeded" && !counted_bad {
            if is_indexed(seen.spec) {
                done.extend(valid_index(p, seen.spec).filter(|i| !tally.known_succeeded.has(*i)));
            } else if !known_good.contains(p.uid()) {
                uncounted.succeeded.get_or_insert_default().push(p.uid().into());
                tracking.write = true;
            }
        } else if (failed || ends == End::Bad) && !counted_bad && is_valid(p, seen.spec) {
            // When the Job has failed, a pod that had not ended counts as failed.
            if policy::judge(seen.spec, p).counts() {
                uncounted.failed.get_or_insert_default().push(p.uid().into());
                tracking.write = true;
            }
        }
        let lists = [&uncounted.succeeded, &uncounted.failed];
        if done.len() + lists.iter().map(|l| l.as_ref().map_or(0, Vec::len)).sum::<usize>() >= UNCOUNTED_MAX {
            tracking.full = true;
            break;
        }
    }
    tracking.write |= !done.is_empty();
    if is_indexed(seen.spec) {
        tracking.write |= write_indexes(tally, done, status);
    }
    if let Some(v) = verdict {
        tracking.write |= first_step(v, status, seen.now);
    }
    tracking
}

/// What a verdict makes of pods that have not ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    No,
    Good,
    Bad,
}

/// Whether nothing is known by a pod any more that its Job does not know. A failed one whose index will be tried again stays until
/// another pod has taken over its count.
fn may_go(p: &Pod, failed: bool, ends: End, seen: &Seen<'_>, tally: &Tally<'_>) -> bool {
    if seen.job.is_deleting() || ends != End::No || pods::phase(p) == "Succeeded" {
        return true;
    }
    let waits = || index_of(p).and_then(|i| tally.last_failed.get(&i)).is_some_and(|last| last.uid() == p.uid());
    failed && !waits()
}

fn write_indexes(tally: &Tally<'_>, done: Vec<i32>, status: &mut JobStatus) -> bool {
    let all = tally.succeeded_indexes.union(&done.into_iter().collect::<Indexes>());
    let completed = Some(all.to_string()).filter(|t| !t.is_empty());
    let failed = tally.failed_indexes.as_ref().map(Indexes::to_string);
    let changed = status.completed_indexes != completed || status.failed_indexes != failed;
    status.succeeded = positive(all.len());
    status.completed_indexes = completed;
    status.failed_indexes = failed;
    changed
}

/// Tells what the end will be; the verdict becomes what is told when no pod is left.
fn first_step(verdict: &mut JobCondition, status: &mut JobStatus, now: Time) -> bool {
    let last = match verdict.type_.as_str() {
        FAILURE_TARGET => FAILED,
        CRITERIA_MET => COMPLETE,
        _ => return false,
    };
    let last = last_step(verdict, last, now);
    let first = std::mem::replace(verdict, last);
    if has(conditions(Some(status)), &first.type_, "True") {
        return false;
    }
    status.conditions.get_or_insert_default().push(first);
    true
}

/// Counts those who were written down and have lost their finalizers since. Tells whether there were any.
pub fn count_released(status: &mut JobStatus, held: &BTreeSet<String>) -> bool {
    let uncounted = status.uncounted_terminated_pods.get_or_insert_default();
    let mut any = false;
    for (list, count) in
        [(&mut uncounted.succeeded, &mut status.succeeded), (&mut uncounted.failed, &mut status.failed)]
    {
        let before = list.as_ref().map_or(0, Vec::len);
        let left: Vec<String> = list.take().into_iter().flatten().filter(|uid| held.contains(uid)).collect();
        let gone = number(before - left.len());
        *list = Some(left).filter(|l| !l.is_empty());
        *count = positive(count.unwrap_or(0).wrapping_add(gone));
        any |= gone > 0;
    }
    any
}

/// Tells the end, if everything is counted and nothing is ending any more.
pub fn finish(status: &mut JobStatus, verdict: Option<&JobCondition>, terminating: i32) -> bool {
    let Some(end) = verdict else { return false };
    let uncounted = status.uncounted_terminated_pods.iter().flat_map(|u| [&u.succeeded, &u.failed]);
    if uncounted.flatten().any(|l| !l.is_empty()) || terminating > 0 {
        return false;
    }
    status.conditions.get_or_insert_default().push(end.clone());
    if end.type_ == COMPLETE {
        status.completion_time.clone_from(&end.last_transition_time);
    }
    true
}

/// A count as the API writes it: nothing where it is 0.
pub fn positive(n: i32) -> Option<i32> {
    Some(n).filter(|n| *n != 0)
}
