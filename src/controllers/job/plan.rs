//! What a Job should do about its pods, given what it sees. Pure.
//! Real Kubernetes: pkg/controller/job/job_controller.go manageJob; indexed_job_utils.go firstPendingIndexes.

use super::backoff::left_for_index;
use super::facts::{index_of, is_suspended, is_terminating, replaces_only_failed};
use super::intervals::Indexes;
use super::ranking::first_to_go;
use super::tally::{Seen, Tally, number};
use crate::api::Duration;
use crate::api::kinds::Pod;
use crate::api::kinds::job::spec::is_indexed;

/// Pods that one sync creates or deletes at most.
pub const BURST: usize = 500;

#[derive(Clone, PartialEq, Debug)]
pub enum Plan<'a> {
    Keep,
    /// Something failed: no pod before so long.
    Wait(Duration),
    Create(New),
    Delete {
        pods: Vec<&'a Pod>,
        wanted: i32,
    },
    /// The Job is suspended: all that runs goes.
    Suspend(Vec<&'a Pod>),
}

/// Pods to create: alike, or each with a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum New {
    Alike(usize),
    Indexed(Vec<i32>),
}

impl New {
    /// The index of each, if it has one.
    pub fn each(&self) -> Vec<Option<i32>> {
        match self {
            New::Alike(count) => vec![None; *count],
            New::Indexed(all) => all.iter().copied().map(Some).collect(),
        }
    }
}

/// Creates what is missing or deletes what is too much, never both.
pub fn plan<'a>(seen: &Seen<'a>, tally: &Tally<'a>) -> Plan<'a> {
    let active = number(tally.active.len());
    if is_suspended(seen.spec) {
        return Plan::Suspend(first_to_go(&tally.active, tally.active.len(), seen.spec));
    }
    let wanted = wanted(seen, tally);
    let surplus = usize::try_from(active - wanted).unwrap_or(0);
    let mut pods = first_to_go(&tally.active, surplus, seen.spec);
    if !pods.is_empty() {
        pods.truncate(BURST);
        return Plan::Delete { pods, wanted };
    }
    let ending = if replaces_only_failed(seen.spec) { tally.terminating } else { 0 };
    match usize::try_from(wanted - ending - active) {
        Ok(missing @ 1..) => create(missing.min(BURST), seen, tally),
        _ => Plan::Keep,
    }
}

/// How many pods should run: no more than are still needed. In a work queue nobody knows how many that are, but after the first
/// success no pod is added.
fn wanted(seen: &Seen<'_>, tally: &Tally<'_>) -> i32 {
    let at_once = seen.spec.parallelism.unwrap_or(0);
    match seen.spec.completions {
        None if tally.succeeded > 0 => number(tally.active.len()),
        None => at_once,
        Some(all) => all.wrapping_sub(tally.succeeded).min(at_once).max(0),
    }
}

fn create<'a>(missing: usize, seen: &Seen<'a>, tally: &Tally<'a>) -> Plan<'a> {
    let each_waits = seen.spec.backoff_limit_per_index.is_some();
    let left = tally.failures.left(seen.now);
    if !each_waits && !left.is_zero() {
        return Plan::Wait(left);
    }
    if !is_indexed(seen.spec) {
        return Plan::Create(New::Alike(missing));
    }
    let mut indexes = pending_indexes(missing, seen, tally);
    if each_waits {
        let left = |i: &i32| left_for_index(tally.last_failed.get(i).copied(), seen.now);
        let shortest = indexes.iter().map(left).min().unwrap_or_default();
        indexes.retain(|i| left(i).is_zero());
        if indexes.is_empty() && !shortest.is_zero() {
            return Plan::Wait(shortest);
        }
    }
    if indexes.is_empty() { Plan::Keep } else { Plan::Create(New::Indexed(indexes)) }
}

/// The first indexes that have neither run nor are running.
fn pending_indexes(count: usize, seen: &Seen<'_>, tally: &Tally<'_>) -> Vec<i32> {
    let running: Indexes = tally.active.iter().filter_map(|p| index_of(p)).collect();
    let waits_for_end = replaces_only_failed(seen.spec);
    let ending =
        seen.pods.iter().copied().filter(|p| waits_for_end && is_terminating(p)).filter_map(index_of).collect();
    let mut taken = tally.succeeded_indexes.union(&running).union(&ending);
    if let Some(failed) = &tally.failed_indexes {
        taken = taken.union(failed);
    }
    taken.first_missing(count, seen.completions())
}
