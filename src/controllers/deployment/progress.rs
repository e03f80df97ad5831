//! What a Deployment says of itself: counts, conditions, the progress deadline.
//! Real Kubernetes: pkg/controller/deployment/progress.go, sync.go calculateStatus.

use k8s_openapi::api::apps::v1::{DeploymentCondition, DeploymentStatus};

use super::decision::DeploymentDecision;
use super::{Deployments, Sets, is_paused, rolling, status};
use crate::api::kinds::{Deployment, ReplicaSet, deployment as kind};
use crate::api::{Duration, Resource, Status, Time};
use crate::client::Action;
use crate::world::Ctx;

pub fn condition<'a>(s: &'a DeploymentStatus, kind: &str) -> Option<&'a DeploymentCondition> {
    s.conditions.iter().flatten().find(|c| c.type_ == kind)
}

/// Sets a condition; one with the same status and reason is left as it is.
pub fn set(s: &mut DeploymentStatus, kind: &str, value: &str, reason: &str, message: &str, now: Time) {
    let old = condition(s, kind).cloned();
    if old.as_ref().is_some_and(|o| o.status == value && o.reason.as_deref() == Some(reason)) {
        return;
    }
    replace(
        s,
        kind,
        value,
        reason,
        message,
        old.filter(|o| o.status == value).and_then(|o| o.last_transition_time),
        now,
    );
}

fn replace(
    s: &mut DeploymentStatus,
    kind: &str,
    value: &str,
    reason: &str,
    message: &str,
    transition: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    now: Time,
) {
    let list = s.conditions.get_or_insert_default();
    list.retain(|c| c.type_ != kind);
    list.push(DeploymentCondition {
        type_: kind.into(),
        status: value.into(),
        reason: Some(reason.into()),
        message: Some(message.into()),
        last_update_time: Some(now.meta()),
        last_transition_time: transition.or_else(|| Some(now.meta())),
    });
}

/// A deadline of the largest number means none.
pub fn has_deadline(d: &Deployment) -> bool {
    d.spec.as_ref().and_then(|s| s.progress_deadline_seconds).is_some_and(|s| s != i32::MAX)
}

fn deadline(d: &Deployment) -> Duration {
    Duration::from_secs(
        d.spec.as_ref().and_then(|s| s.progress_deadline_seconds).and_then(|s| u64::try_from(s).ok()).unwrap_or(600),
    )
}

/// All pods are new, and all are available.
pub fn is_complete(d: &Deployment, s: &DeploymentStatus) -> bool {
    let wanted = kind::wanted(d);
    s.updated_replicas.unwrap_or(0) == wanted
        && s.replicas.unwrap_or(0) == wanted
        && s.available_replicas.unwrap_or(0) == wanted
        && s.observed_generation.unwrap_or(0) >= d.generation()
}

fn calculate(d: &Deployment, sets: &Sets, now: Time) -> DeploymentStatus {
    let sum = |f: &dyn Fn(&k8s_openapi::api::apps::v1::ReplicaSetStatus) -> i32| {
        sets.all().map(|s| f(&status(s))).sum::<i32>()
    };
    let (total, available) = (sum(&|s| s.replicas), sum(&|s| s.available_replicas.unwrap_or(0)));
    let some = |n: i32| (n != 0).then_some(n);
    let wanted_total: i32 = sets.replicas();
    let mut s = DeploymentStatus {
        observed_generation: Some(d.generation()),
        replicas: some(total),
        updated_replicas: some(sets.new.as_ref().map_or(0, |s| status(s).replicas)),
        ready_replicas: some(sum(&|s| s.ready_replicas.unwrap_or(0))),
        available_replicas: some(available),
        unavailable_replicas: some((wanted_total - available).max(0)),
        terminating_replicas: Some(sum(&|s| s.terminating_replicas.unwrap_or(0))),
        collision_count: d.status.as_ref().and_then(|s| s.collision_count),
        conditions: d.status.as_ref().and_then(|s| s.conditions.clone()),
    };
    if available >= kind::wanted(d) - rolling::max_unavailable(d) {
        set(&mut s, "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now);
    } else {
        set(
            &mut s,
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
            now,
        );
    }
    s
}

/// Whether the new status is nearer to the goal than the old one.
fn is_progressing(old: &DeploymentStatus, new: &DeploymentStatus) -> bool {
    let n = |v: Option<i32>| v.unwrap_or(0);
    let olds = |s: &DeploymentStatus| n(s.replicas) - n(s.updated_replicas);
    n(new.updated_replicas) > n(old.updated_replicas)
        || olds(new) < olds(old)
        || n(new.ready_replicas) > n(old.ready_replicas)
        || n(new.available_replicas) > n(old.available_replicas)
}

fn has_timed_out(d: &Deployment, s: &DeploymentStatus, now: Time) -> bool {
    let Some(c) = condition(s, "Progressing") else { return false };
    match c.reason.as_deref() {
        Some("NewReplicaSetAvailable") => false,
        Some("ProgressDeadlineExceeded") => true,
        _ => c.last_update_time.as_ref().is_some_and(|t| Time::from_meta(t) + deadline(d) < now),
    }
}

impl Deployments {
    /// Notes the beginning and the end of a pause.
    pub(super) fn note_pause(&mut self, d: Deployment, ctx: &mut Ctx<'_>) -> Result<Deployment, Status> {
        if !has_deadline(&d) {
            return Ok(d);
        }
        let s = d.status.clone().unwrap_or_default();
        let noted = condition(&s, "Progressing");
        if noted.is_some_and(|c| c.reason.as_deref() == Some("ProgressDeadlineExceeded")) {
            return Ok(d);
        }
        let paused_noted = noted.is_some_and(|c| c.reason.as_deref() == Some("DeploymentPaused"));
        let (reason, message) = match (is_paused(&d), paused_noted) {
            (true, false) => ("DeploymentPaused", "Deployment is paused"),
            (false, true) => ("DeploymentResumed", "Deployment is resumed"),
            _ => return Ok(d),
        };
        ctx.decide(DeploymentDecision::Paused { deployment: d.key(), paused: is_paused(&d) });
        let mut fresh = d.clone();
        set(fresh.status.get_or_insert_default(), "Progressing", "Unknown", reason, message, ctx.now());
        let mut d = d;
        self.store_status(&mut d, fresh, ctx)?;
        Ok(d)
    }

    /// Writes the status (and the annotations that come with it).
    pub(super) fn store_status(
        &mut self,
        d: &mut Deployment,
        fresh: Deployment,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let o = ctx.api::<Deployment>().update_status(fresh)?;
        self.deployments.put(&o);
        if let Some(n) = o.get::<Deployment>() {
            *d = n.clone();
        }
        Ok(())
    }

    /// Reports, and looks again when the deadline could have passed.
    pub(super) fn sync_status(&mut self, d: &Deployment, sets: &Sets, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let now = ctx.now();
        let old = d.status.clone().unwrap_or_default();
        let mut s = calculate(d, sets, now);
        if !has_deadline(d) {
            s.conditions.iter_mut().for_each(|c| c.retain(|c| c.type_ != "Progressing"));
        } else if !is_paused(d)
            && !d.is_deleting()
            && !super::scaling::is_scaling(d, &sets.all().cloned().collect::<Vec<_>>())
        {
            self.note_progress(d, sets, &old, &mut s, ctx);
        }
        note_replica_failure(sets, &mut s);
        if s == old {
            return Ok(look_again(d, &old, now));
        }
        let mut fresh = d.clone();
        fresh.status = Some(s.clone());
        let o = ctx.api::<Deployment>().update_status(fresh)?;
        self.deployments.put(&o);
        Ok(look_again(d, &s, now))
    }

    fn note_progress(
        &self,
        d: &Deployment,
        sets: &Sets,
        old: &DeploymentStatus,
        s: &mut DeploymentStatus,
        ctx: &mut Ctx<'_>,
    ) {
        let now = ctx.now();
        let current = condition(s, "Progressing").cloned();
        let done = s.replicas == s.updated_replicas
            && current.as_ref().is_some_and(|c| c.reason.as_deref() == Some("NewReplicaSetAvailable"));
        if done {
            return;
        }
        let subject = sets
            .new
            .as_ref()
            .map_or_else(|| format!("Deployment {:?}", d.name()), |n| format!("ReplicaSet {:?}", n.name()));
        if is_complete(d, s) {
            let (min_ready, available) = (Deployments::min_ready(d), s.available_replicas.unwrap_or(0));
            ctx.decide(DeploymentDecision::Complete { deployment: d.key(), available, min_ready });
            set(
                s,
                "Progressing",
                "True",
                "NewReplicaSetAvailable",
                &format!("{subject} has successfully progressed."),
                now,
            );
        } else if is_progressing(old, s) {
            // Each step forward starts the deadline anew.
            let kept = current.filter(|c| c.status == "True").and_then(|c| c.last_transition_time);
            replace(s, "Progressing", "True", "ReplicaSetUpdated", &format!("{subject} is progressing."), kept, now);
        } else if has_timed_out(d, s, now) {
            let was = current.is_some_and(|c| c.reason.as_deref() == Some("ProgressDeadlineExceeded"));
            if !was {
                ctx.decide(DeploymentDecision::TimedOut { deployment: d.key(), deadline: deadline(d) });
            }
            set(
                s,
                "Progressing",
                "False",
                "ProgressDeadlineExceeded",
                &format!("{subject} has timed out progressing."),
                now,
            );
        }
    }
}

/// What keeps a ReplicaSet from making pods is told of the Deployment too; the new set's trouble comes first.
fn note_replica_failure(sets: &Sets, s: &mut DeploymentStatus) {
    const FAILURE: &str = "ReplicaFailure";
    let of = |set: &ReplicaSet| status(set).conditions.iter().flatten().find(|c| c.type_ == FAILURE).cloned();
    let found = sets.new.as_ref().and_then(of).or_else(|| sets.all().find_map(of));
    let conditions = s.conditions.get_or_insert_default();
    let known = conditions.iter().position(|c| c.type_ == FAILURE);
    match (found, known) {
        (None, Some(at)) => drop(conditions.remove(at)),
        (Some(c), None) => conditions.push(DeploymentCondition {
            type_: c.type_,
            status: c.status,
            reason: c.reason,
            message: c.message,
            last_update_time: c.last_transition_time.clone(),
            last_transition_time: c.last_transition_time,
        }),
        _ => {}
    }
}

/// A rollout that hangs produces no events: the deadline itself has to wake the controller.
fn look_again(d: &Deployment, s: &DeploymentStatus, now: Time) -> Action {
    let Some(c) = condition(s, "Progressing") else { return Action::done() };
    let settled = matches!(c.reason.as_deref(), Some("NewReplicaSetAvailable" | "ProgressDeadlineExceeded"));
    if !has_deadline(d) || settled || is_complete(d, s) || is_paused(d) {
        return Action::done();
    }
    let due = c.last_update_time.as_ref().map_or(now, Time::from_meta) + deadline(d) + Duration::from_secs(1);
    Action::quietly_after(due.since(now).max(Duration::from_millis(100)))
}
