//! What one sync sees, and what it counts. Pure.
//! Real Kubernetes: pkg/controller/job/job_controller.go syncJob, getNewFinishedPods; indexed_job_utils.go.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::batch::v1::{JobSpec, JobStatus};

use super::backoff::{Failures, finished_at};
use super::facts::{
    failures_before, index_of, is_failed, is_held, is_terminating, is_valid, tries_before, valid_index,
};
use super::intervals::Indexes;
use super::policy::{self, Failure};
use crate::api::kinds::job::spec::is_indexed;
use crate::api::kinds::{Job, Pod};
use crate::api::object::Resource;
use crate::api::{Time, pods};

pub struct Seen<'a> {
    pub job: &'a Job,
    pub spec: &'a JobSpec,
    /// As it was written last, but started now if it had not been.
    pub status: &'a JobStatus,
    pub pods: &'a [&'a Pod],
    /// The failures since the last success, as far as they were known before.
    pub failures: Failures,
    pub now: Time,
}

impl Seen<'_> {
    pub fn completions(&self) -> i32 {
        self.spec.completions.unwrap_or(0)
    }

    /// The uids that are written down: of pods that succeeded, and of those that failed.
    pub fn uncounted(&self) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let Some(all) = &self.status.uncounted_terminated_pods else { return Default::default() };
        let (good, bad) = (all.succeeded.iter().flatten(), all.failed.iter().flatten());
        (good.map(String::as_str).collect(), bad.map(String::as_str).collect())
    }
}

/// A Job's pods, counted.
pub struct Tally<'a> {
    /// Neither ended nor being deleted.
    pub active: Vec<&'a Pod>,
    pub ready: i32,
    pub terminating: i32,
    pub succeeded: i32,
    pub failed: i32,
    pub failures: Failures,
    /// Of an indexed Job: what the status says already, and what is true now.
    pub known_succeeded: Indexes,
    pub succeeded_indexes: Indexes,
    /// Only where each index has a limit of its own.
    pub failed_indexes: Option<Indexes>,
    /// Of each index that has to be tried again, the pod that failed last: it stays until another has taken over its count.
    pub last_failed: BTreeMap<i32, &'a Pod>,
}

pub fn tally<'a>(seen: &Seen<'a>) -> Tally<'a> {
    let spec = seen.spec;
    let active: Vec<&Pod> = seen.pods.iter().copied().filter(|p| pods::is_active(p)).collect();
    let (known_good, known_bad) = seen.uncounted();
    let new = |known: &BTreeSet<&str>, is: &dyn Fn(&Pod) -> bool| -> Vec<&'a Pod> {
        let fresh = |p: &&Pod| is_held(p) && !known.contains(p.uid()) && is_valid(p, spec) && is(p);
        seen.pods.iter().copied().filter(fresh).collect()
    };
    let good = new(&known_good, &|p| pods::phase(p) == "Succeeded");
    let bad = new(&known_bad, &|p| is_failed(p, spec));
    let counted = bad.iter().filter(|p| policy::judge(spec, p).counts()).count();
    let mut tally = Tally {
        ready: number(active.iter().filter(|p| pods::is_ready(p)).count()),
        terminating: number(seen.pods.iter().copied().filter(|p| is_terminating(p)).count()),
        succeeded: seen.status.succeeded.unwrap_or(0).wrapping_add(number(good.len() + known_good.len())),
        failed: seen.status.failed.unwrap_or(0).wrapping_add(number(counted + known_bad.len())),
        failures: seen.failures.and(&good, &bad),
        known_succeeded: Indexes::default(),
        succeeded_indexes: Indexes::default(),
        failed_indexes: None,
        last_failed: BTreeMap::new(),
        active,
    };
    if is_indexed(spec) {
        count_indexes(seen, &mut tally);
    }
    tally
}

fn count_indexes<'a>(seen: &Seen<'a>, t: &mut Tally<'a>) {
    let spec = seen.spec;
    let held = || seen.pods.iter().copied().filter(|p| is_held(p));
    t.known_succeeded = Indexes::parse(seen.status.completed_indexes.as_deref().unwrap_or(""), seen.completions());
    let good = held().filter(|p| pods::phase(p) == "Succeeded").filter_map(|p| valid_index(p, spec));
    t.succeeded_indexes = t.known_succeeded.union(&good.collect());
    t.succeeded = t.succeeded_indexes.len();
    let Some(limit) = spec.backoff_limit_per_index else { return };
    let known = Indexes::parse(seen.status.failed_indexes.as_deref().unwrap_or(""), seen.completions());
    let bad = held().filter(|p| ends_index(p, spec, limit)).filter_map(|p| valid_index(p, spec));
    let failed = known.union(&bad.collect());
    t.last_failed = last_failed(seen, t, &failed);
    t.failed_indexes = Some(failed);
}

/// Whether the index of a failed pod is not tried again.
fn ends_index(p: &Pod, spec: &JobSpec, limit: i32) -> bool {
    is_failed(p, spec)
        && match policy::judge(spec, p) {
            Failure::EndsIndex => true,
            Failure::Ignored => false,
            Failure::Counts | Failure::EndsJob(_) => failures_before(p) >= limit,
        }
}

fn last_failed<'a>(seen: &Seen<'a>, t: &Tally<'a>, failed: &Indexes) -> BTreeMap<i32, &'a Pod> {
    let running: BTreeSet<i32> = t.active.iter().filter_map(|p| index_of(p)).collect();
    let mut last: BTreeMap<i32, &Pod> = BTreeMap::new();
    for p in seen.pods.iter().copied().filter(|p| is_held(p) && is_failed(p, seen.spec)) {
        let Some(index) = valid_index(p, seen.spec) else { continue };
        if t.succeeded_indexes.has(index) || failed.has(index) || running.contains(&index) {
            continue;
        }
        let later = |known: &&Pod| tries_before(known) <= tries_before(p) && finished_at(p) >= finished_at(known);
        if last.get(&index).is_none_or(later) {
            last.insert(index, p);
        }
    }
    last
}

pub fn number(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
