//! StatefulSet: pods with names and storage of their own, made, replaced and taken away in order. [`plan`] says what is next,
//! [`identity`] who a pod is, [`claims`] what happens to its storage, [`control`] does it; [`revisions`] keeps the templates.
//! Real Kubernetes: pkg/controller/statefulset/stateful_set.go, stateful_set_control.go.

pub mod claims;
pub mod control;
pub mod decision;
pub mod identity;
pub mod plan;
pub mod revisions;
pub mod status;
#[cfg(test)]
mod tests;

use k8s_openapi::api::apps::v1::StatefulSetStatus;

use crate::api::kinds::{ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet, workload};
use crate::api::selector::Selector;
use crate::api::{Duration, Key, Resource, Status, pods};
use crate::client::claim::{claim, concerned};
use crate::client::controller::Enqueue;
use crate::client::latest::update_latest;
use crate::client::{Action, Cache, OwnedCache, Reconciler, Recorder};
use crate::store::{Change, Scope};
use crate::world::Ctx;
use plan::{Observed, Step};
use revisions::Revisions;

#[derive(Clone)]
pub struct StatefulSets {
    sets: Cache<StatefulSet>,
    pods: OwnedCache<Pod>,
    claims: Cache<PersistentVolumeClaim>,
    revisions: OwnedCache<ControllerRevision>,
    recorder: Recorder,
}

impl Default for StatefulSets {
    fn default() -> StatefulSets {
        StatefulSets {
            sets: Cache::default(),
            pods: OwnedCache::default(),
            claims: Cache::default(),
            revisions: OwnedCache::default(),
            recorder: Recorder::new(StatefulSets::USER, ""),
        }
    }
}

fn selector(set: &StatefulSet) -> Selector {
    set.spec.as_ref().map_or(Selector::Nothing, |s| workload::selects(&s.selector))
}

impl Reconciler for StatefulSets {
    type Primary = StatefulSet;
    const NAME: &'static str = "statefulset";
    const USER: &'static str = "statefulset-controller";

    fn watches() -> Vec<Scope> {
        vec![
            Scope::all(StatefulSet::kind_ref()),
            Scope::all(ControllerRevision::kind_ref()),
            Scope::all(PersistentVolumeClaim::kind_ref()),
            Scope::all(Pod::kind_ref()),
        ]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.sets.apply(c) {
            enqueue.add(c.key.clone());
        } else if self.pods.apply_of::<StatefulSet>(c) {
            concerned(c, &self.sets, selector).into_iter().for_each(|key| enqueue.add(key));
        } else {
            // Claims and revisions are looked at, but call nobody.
            let _ = self.claims.apply(c) || self.revisions.apply(c);
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(set) = self.sets.by_key(key).cloned() else { return Ok(Action::done()) };
        self.adopt_revisions(&set, ctx)?;
        let member = |p: &Pod| identity::is_member(&set, p);
        let owned = claim(&set, &selector(&set), member, None, &mut self.pods, ctx)?;
        let all: Vec<&Pod> = owned.iter().filter_map(|o| o.get()).collect();
        let revisions = self.revisions_of(&set, ctx)?;
        let done = self.act(&set, &all, &revisions, ctx);
        let forgotten = self.forget_revisions(&set, &revisions, &all, ctx);
        let status = done?;
        forgotten?;
        Ok(next_look(&set, &all, &status, ctx).map_or_else(Action::done, Action::after))
    }
}

/// A pod that is ready but not long enough will be available without any event.
fn next_look(set: &StatefulSet, all: &[&Pod], status: &StatefulSetStatus, ctx: &Ctx<'_>) -> Option<Duration> {
    let min = set.spec.as_ref().and_then(|s| s.min_ready_seconds).filter(|n| *n > 0)?;
    if status.ready_replicas.unwrap_or(0) == status.available_replicas.unwrap_or(0) {
        return None;
    }
    let (min, now) = (Duration::from_secs(u64::try_from(min).unwrap_or(0)), ctx.now());
    let next = all.iter().filter_map(|p| pods::available_at(p, min)).filter(|t| *t > now).min();
    Some(next.map_or(min, |t| t.since(now)))
}

impl StatefulSets {
    /// Does what is next, and reports.
    fn act(
        &mut self,
        set: &StatefulSet,
        all: &[&Pod],
        revisions: &Revisions,
        ctx: &mut Ctx<'_>,
    ) -> Result<StatefulSetStatus, Status> {
        let claims = self.claims.clone();
        let claim = |name: &str| claims.get(set.namespace(), name);
        let names = (revisions.current.name(), revisions.update.name());
        let seen = Observed::gather(set, names, all.iter().copied(), &claim, ctx.now());
        let mut done = Ok(());
        let mut replaced = 0;
        for round in plan::plan(&seen) {
            for turn in round {
                let taken = turn.iter().try_for_each(|step| self.take(set, step, revisions, ctx));
                replaced += i32::from(taken.is_ok() && turn.iter().any(Step::replaces));
                done = done.and(taken);
            }
            if done.is_err() {
                break;
            }
        }
        let status = status::status(&seen, revisions.collisions, replaced);
        let written = self.write_status(set, &status, ctx);
        done?;
        written?;
        Ok(status)
    }

    fn write_status(&mut self, set: &StatefulSet, new: &StatefulSetStatus, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        if !status::differs(new, &set.status.clone().unwrap_or_default()) {
            return Ok(());
        }
        let change = |set: &mut StatefulSet| set.status = Some(new.clone());
        let o = update_latest(set, change, |s, ctx| ctx.api::<StatefulSet>().update_status(s), ctx)?;
        self.sets.put(&o);
        Ok(())
    }
}
