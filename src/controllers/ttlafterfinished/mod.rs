//! TTL after finished: deletes Jobs, with their pods, so many seconds after they have ended.
//! Real Kubernetes: pkg/controller/ttlafterfinished/ttlafterfinished_controller.go.

pub mod decision;

use crate::api::kinds::{Job, job};
use crate::api::{Duration, Key, Reason, Resource, Status, Time};
use crate::apiserver::delete::{DeleteOptions, Propagation};
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;
use decision::TtlDecision;

#[derive(Clone, Default)]
pub struct TtlAfterFinished {
    jobs: Cache<Job>,
}

impl Reconciler for TtlAfterFinished {
    type Primary = Job;
    const NAME: &'static str = "ttl-after-finished";
    const USER: &'static str = "ttl-after-finished-controller";

    fn watches() -> Vec<Scope> {
        vec![Scope::all(Job::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        self.jobs.apply(c);
        if c.kind != ChangeKind::Deleted && c.object.get::<Job>().is_some_and(|j| expiry(j).is_some()) {
            enqueue.add(c.key.clone());
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(due) = self.jobs.by_key(key).and_then(expiry) else { return Ok(Action::done()) };
        if let Some(wait) = self.wait(key, due, ctx) {
            return Ok(Action::after(wait));
        }
        // The time may have been changed since the cache was told of the Job: the API server is asked itself.
        let fresh = match ctx.api::<Job>().get(&key.namespace, &key.name) {
            Err(e) if e.is(Reason::NotFound) => return Ok(Action::done()),
            fresh => fresh?,
        };
        let Some((j, due)) = fresh.get::<Job>().and_then(|j| Some((j, expiry(j)?))) else { return Ok(Action::done()) };
        if let Some(wait) = self.wait(key, due, ctx) {
            return Ok(Action::after(wait));
        }
        ctx.decide(TtlDecision::Expired { job: key.clone(), ttl: due.ttl });
        let options = DeleteOptions {
            propagation: Propagation::Foreground,
            uid: Some(j.uid().into()),
            ..DeleteOptions::default()
        };
        ctx.api::<Job>().delete(&key.namespace, &key.name, options)?;
        Ok(Action::done())
    }
}

impl TtlAfterFinished {
    /// How much longer the Job stays.
    fn wait(&self, key: &Key, due: Expiry, ctx: &mut Ctx<'_>) -> Option<Duration> {
        let wait = due.at.since(ctx.now());
        if wait.is_zero() {
            return None;
        }
        ctx.decide(TtlDecision::Waits { job: key.clone(), wait });
        Some(wait)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Expiry {
    at: Time,
    ttl: Duration,
}

/// When a Job goes, if it has finished and does not stay for good.
fn expiry(j: &Job) -> Option<Expiry> {
    let seconds = j.spec.as_ref()?.ttl_seconds_after_finished.filter(|_| !j.is_deleting())?;
    let finished = job::end(j)?.last_transition_time.as_ref()?;
    let ttl = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    Some(Expiry { at: Time::from_meta(finished) + ttl, ttl })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_job_goes_so_long_after_its_end() {
        let job = |ttl: Option<i32>, status: serde_json::Value| -> Job {
            serde_json::from_value(json!({
                "metadata": {"name": "j"},
                "spec": {"ttlSecondsAfterFinished": ttl, "template": {}}, "status": status,
            }))
            .unwrap()
        };
        let ended = |kind: &str| json!({"conditions": [{"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:00:10Z"}]});
        let at = |s| Some(Time::ZERO + Duration::from_secs(s));
        for (j, want) in [
            (job(Some(5), ended("Complete")), at(15)),
            (job(Some(0), ended("Failed")), at(10)),
            (job(Some(5), ended("SuccessCriteriaMet")), None),
            (job(Some(5), json!({})), None),
            (job(None, ended("Complete")), None),
        ] {
            assert_eq!(expiry(&j).map(|e| e.at), want);
        }
    }
}
