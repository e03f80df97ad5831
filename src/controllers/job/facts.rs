//! What is asked of a Job and of its pods again and again.
//! Real Kubernetes: pkg/controller/job/{job_controller,indexed_job_utils,tracking_utils}.go.

use k8s_openapi::api::batch::v1::{JobCondition, JobSpec};

use crate::api::kinds::job::spec::is_indexed;
use crate::api::kinds::{Job, Pod};
use crate::api::object::Resource;
use crate::api::{Time, pods};

/// Held by every pod that its Job has not counted yet.
pub const TRACKING: &str = "batch.kubernetes.io/job-tracking";
/// The number of an indexed Job's pod, as annotation and as label.
pub const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// How many pods of the same index have failed before, and how many failures a policy has ignored.
pub const INDEX_FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
pub const INDEX_IGNORED: &str = "batch.kubernetes.io/job-index-ignored-failure-count";
/// A Job that names another manager is none of this controller's business.
const OURSELVES: &str = "kubernetes.io/job-controller";

pub fn is_managed_elsewhere(spec: &JobSpec) -> bool {
    spec.managed_by.as_deref().is_some_and(|m| m != OURSELVES)
}

pub fn is_suspended(spec: &JobSpec) -> bool {
    spec.suspend == Some(true)
}

/// Whether a pod that is being deleted has to end before another takes its place.
pub fn replaces_only_failed(spec: &JobSpec) -> bool {
    spec.pod_replacement_policy.as_deref() == Some("Failed") || spec.pod_failure_policy.is_some()
}

pub fn is_held(p: &Pod) -> bool {
    p.metadata.finalizers.iter().flatten().any(|f| f == TRACKING)
}

pub fn is_terminating(p: &Pod) -> bool {
    !pods::is_terminal(p) && p.is_deleting()
}

/// A pod that is being deleted counts as failed, too, where nobody waits for how it ends: it may never tell.
pub fn is_failed(p: &Pod, spec: &JobSpec) -> bool {
    match pods::phase(p) {
        "Failed" => true,
        "Succeeded" => false,
        _ => p.is_deleting() && !replaces_only_failed(spec),
    }
}

/// The number that a pod has, if it is one.
pub fn index_of(p: &Pod) -> Option<i32> {
    p.annotation(INDEX)?.parse().ok().filter(|i| *i >= 0)
}

/// The same for a pod of an indexed Job, if the Job has such an index.
pub fn valid_index(p: &Pod, spec: &JobSpec) -> Option<i32> {
    index_of(p).filter(|i| *i < spec.completions.unwrap_or(0))
}

/// Whether the pod can count at all: in an indexed Job only those can that have a number.
pub fn is_valid(p: &Pod, spec: &JobSpec) -> bool {
    !is_indexed(spec) || valid_index(p, spec).is_some()
}

/// How often pods of its index had failed before it; 0 where the annotation is no number.
pub fn failures_before(p: &Pod) -> i32 {
    count(p, INDEX_FAILURES)
}

pub fn ignored_before(p: &Pod) -> i32 {
    count(p, INDEX_IGNORED)
}

/// How often its index failed before, whether that counts or not.
pub fn tries_before(p: &Pod) -> i32 {
    failures_before(p).saturating_add(ignored_before(p))
}

fn count(p: &Pod, annotation: &str) -> i32 {
    p.annotation(annotation).and_then(|v| v.parse().ok()).filter(|n: &i32| *n >= 0).unwrap_or(0)
}

pub fn find<'a>(conditions: &'a [JobCondition], kind: &str) -> Option<&'a JobCondition> {
    conditions.iter().find(|c| c.type_ == kind)
}

pub fn condition(kind: &str, reason: &str, message: impl Into<String>, now: Time) -> JobCondition {
    JobCondition {
        type_: kind.into(),
        status: "True".into(),
        reason: Some(reason.into()),
        message: Some(message.into()),
        last_probe_time: Some(now.meta()),
        last_transition_time: Some(now.meta()),
    }
}

/// The spec and the status, which every stored Job has.
pub fn spec_of(j: &Job) -> JobSpec {
    j.spec.clone().unwrap_or_default()
}
