//! ReplicaSet: keeps as many pods as are wanted, creates what is missing, deletes what is too much, adopts pods that
//! match and have no owner, lets go of those that no longer match. A ReplicationController is kept by the same code ([`replicated`]).
//! Real Kubernetes: pkg/controller/replicaset/replica_set.go.

pub mod decision;
pub mod members;
pub mod plan;
pub mod ranking;
pub mod replicated;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{ReplicaSetCondition, ReplicaSetStatus};

use crate::api::kinds::Pod;
use crate::api::object::controller_of;
use crate::api::{Key, Object, Resource, Status, Time, pods};
use crate::client::claim::{concerned, is_theirs_or_nobodys, owner_of};
use crate::client::controller::Enqueue;
use crate::client::pod_control::{PodControl, pod_of, slow_start};
use crate::client::{Action, Cache, Expectations, Postponed, Reconciler, claim};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;
use decision::ReplicaSetDecision;
use members::{Group, Member, Members, Tally, Yardstick};
use plan::{BURST, Observed, Plan};
use ranking::Crowds;
use replicated::Replicated;

#[derive(Clone)]
pub struct Replicas<K: Replicated> {
    sets: Cache<K>,
    members: Members,
    expectations: Expectations,
    postponed: Postponed,
    pods: PodControl,
}

impl<K: Replicated> Default for Replicas<K> {
    fn default() -> Replicas<K> {
        Replicas {
            sets: Cache::default(),
            members: Members::default(),
            expectations: Expectations::default(),
            postponed: Postponed::default(),
            pods: PodControl::new(K::USER),
        }
    }
}

impl<K: Replicated> Reconciler for Replicas<K> {
    type Primary = K;
    const NAME: &'static str = K::CONTROLLER;
    const USER: &'static str = K::USER;

    fn watches() -> Vec<Scope> {
        vec![Scope::all(K::kind_ref()), Scope::all(Pod::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.sets.apply(c) {
            if c.kind == ChangeKind::Deleted {
                self.expectations.forget(&c.key);
                self.postponed.forget(&c.key);
                self.members.forget(c.object.marks().uid);
            } else if c.previous.as_ref().is_some_and(|p| p.meta().generation == c.object.meta().generation) {
                // Its status, which nobody else writes.
                self.postponed.echo(&c.key, c.cause);
            }
            enqueue.add(c.key.clone());
            return;
        }
        if ![Some(&c.object), c.previous.as_ref()].into_iter().flatten().any(|o| is_theirs_or_nobodys::<K>(o)) {
            return;
        }
        let owner = owner_of(c.object.meta(), &self.sets);
        self.members.apply(c, owner);
        if let Some(key) = owner.map(Resource::key) {
            let own = match c.kind {
                ChangeKind::Added => self.expectations.saw_created(&key, &c.key.name),
                ChangeKind::Deleted => self.expectations.saw_deleted(&key, &c.key.name),
                // A pod that is being deleted is as good as gone.
                ChangeKind::Modified if c.object.is_deleting() => self.expectations.saw_deleted(&key, &c.key.name),
                // What leaves the number of pods as it is calls for nothing but a new status.
                ChangeKind::Modified => c.previous.as_ref().is_some_and(|p| counts_as_before(&c.object, p)),
            };
            if own {
                self.postponed.echo(&key, c.cause);
            }
        }
        concerned(c, &self.sets, K::selector).into_iter().for_each(|key| enqueue.add(key));
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let now = ctx.now();
        let Some(set) = self.sets.by_key(key).cloned() else {
            self.expectations.forget(key);
            return Ok(Action::done());
        };
        let ready_to_act = self.expectations.are_met(key, now);
        if ready_to_act {
            let causes = self.postponed.take(key, &ctx.causes());
            ctx.because(key, causes);
        } else {
            self.postponed.keep(key, &ctx.causes());
        }
        let yardstick = self.members.yardstick(&set, now);
        let (group, tally) = self.claim(&yardstick, ctx)?;
        let mut done = Ok(());
        if ready_to_act && !set.is_deleting() {
            let wanted = usize::try_from(set.wanted()).unwrap_or(0);
            let had = usize::try_from(tally.counts.replicas).unwrap_or(0);
            let claimed = || group.values().filter(|m| m.fit(&yardstick).selected);
            let active = || claimed().filter(|m| m.active).filter_map(Member::pod).collect();
            let crowds = || self.crowds(&set);
            let seen = Observed { wanted, had, active: &active, crowds: &crowds, now };
            match plan::plan(&seen) {
                Plan::Keep => {}
                Plan::Create { count } => done = self.create(&set, key, count, had, ctx),
                Plan::Delete { pods } => done = self.delete(&set, &pods, had, ctx),
            }
        }
        // What this sync has just made or deleted is counted when the watch tells of it.
        self.write_status(&set, &tally, done.as_ref().err(), ctx)?;
        done?;
        // A pod that is ready but not long enough will be available without any event.
        Ok(match tally.next_available {
            Some(t) => Action::after(t.since(now)),
            None => Action::done(),
        }
        .having_looked_at(usize::try_from(tally.counts.all).unwrap_or(0)))
    }
}

/// Whether a pod is as much its owner's as it was.
fn counts_as_before(new: &Object, old: &Object) -> bool {
    let active = |o: &Object| o.get::<Pod>().is_some_and(pods::is_active);
    active(new) == active(old) && new.marks().owner == old.marks().owner && new.meta().labels == old.meta().labels
}

impl<K: Replicated> Replicas<K> {
    /// The pods of this set, counted: those that match are adopted, those that no longer match are let go.
    fn claim(&mut self, yardstick: &Yardstick<'_, K>, ctx: &mut Ctx<'_>) -> Result<(Group, Tally), Status> {
        let set = yardstick.set;
        let (own, tally) = (self.members.of(set), self.members.tally(yardstick));
        if set.is_deleting() {
            return Ok((own, tally));
        }
        let object = |m: &Member| m.object.clone();
        let release: Vec<Arc<Object>> = match tally.counts.strangers > 0 {
            true => own.values().filter(|m| !m.fit(yardstick).selected).map(object).collect(),
            false => vec![],
        };
        let ours = |m: &&Member| m.active && m.fit(yardstick).selected;
        let adopt: Vec<Arc<Object>> = self.members.orphans(set.namespace()).filter(ours).map(object).collect();
        if release.is_empty() && adopt.is_empty() {
            return Ok((own, tally));
        }
        for p in release.iter().filter_map(|o| o.get::<Pod>()) {
            if let Some(o) = claim::release(set, p, None, ctx)? {
                self.members.put::<K>(&o, None);
            }
        }
        for p in adopt.iter().filter_map(|o| o.get::<Pod>()) {
            if let Some(o) = claim::adopt(set, p, None, ctx)? {
                self.members.put(&o, Some(set));
            }
        }
        Ok((self.members.of(set), self.members.tally(yardstick)))
    }

    /// The pods of all sets with the same controller, by their nodes. A set that nobody controls has no such crowds.
    fn crowds(&self, set: &K) -> Crowds {
        let mut crowds = Crowds::new();
        let Some(controller) = controller_of(set.meta()) else { return crowds };
        let same = |other: &&K| controller_of(other.meta()).is_some_and(|c| c.uid == controller.uid);
        for group in self.sets.in_namespace(set.namespace()).filter(same).map(|other| self.members.of(other)) {
            for p in group.values().filter(|m| m.active).filter_map(Member::pod) {
                *crowds.entry(pods::node(p).to_string()).or_default() += 1;
            }
        }
        crowds
    }

    fn create(&mut self, set: &K, key: &Key, count: usize, had: usize, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let wanted = had + count;
        let count = count.min(BURST);
        let mut names = vec![];
        let done = slow_start(count, || {
            if let Some(o) = self.pods.create(set, pod_of(set, set.template()), ctx)? {
                self.expectations.expect_created(key, o.name(), ctx.now());
                names.push(o.name().to_string());
            }
            Ok(())
        });
        if let Err(e) = &done {
            let why = e.message.clone();
            ctx.decide(ReplicaSetDecision::Refused { set: set.key(), wanted, had: had + names.len(), why });
        }
        if !names.is_empty() {
            ctx.decide(ReplicaSetDecision::Created { set: set.key(), wanted, had, names });
        }
        done
    }

    fn delete(&mut self, set: &K, victims: &[ranking::Victim], had: usize, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let wanted = usize::try_from(set.wanted()).unwrap_or(0);
        ctx.decide(ReplicaSetDecision::Deleted { set: set.key(), wanted, had, victims: victims.to_vec() });
        self.pods.delete_all(set, victims.iter().map(|v| v.name.as_str()), &mut self.expectations, ctx)
    }

    fn write_status(
        &mut self,
        set: &K,
        tally: &Tally,
        failure: Option<&Status>,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let fresh = status(set, tally, failure, ctx.now());
        if set.status().as_ref() == Some(&fresh) {
            return Ok(());
        }
        let mut new = set.clone();
        new.set_status(fresh);
        let o = ctx.api::<K>().update_status(new)?;
        self.sets.put(&o);
        Ok(())
    }
}

fn status<K: Replicated>(set: &K, tally: &Tally, failure: Option<&Status>, now: Time) -> ReplicaSetStatus {
    let old = set.status().unwrap_or_default();
    let positive = |n: i32| (n != 0).then_some(n);
    let mut conditions = old.conditions.unwrap_or_default();
    match failure {
        Some(e) if !conditions.iter().any(|c| c.type_ == "ReplicaFailure") => conditions.push(ReplicaSetCondition {
            type_: "ReplicaFailure".into(),
            status: "True".into(),
            reason: Some(if tally.counts.replicas > set.wanted() { "FailedDelete" } else { "FailedCreate" }.into()),
            message: Some(e.message.clone()),
            last_transition_time: Some(now.meta()),
        }),
        None => conditions.retain(|c| c.type_ != "ReplicaFailure"),
        Some(_) => {}
    }
    let counts = &tally.counts;
    ReplicaSetStatus {
        replicas: counts.replicas,
        fully_labeled_replicas: positive(counts.fully_labeled),
        ready_replicas: positive(counts.ready),
        available_replicas: positive(tally.available),
        terminating_replicas: K::COUNTS_ENDING.then_some(counts.terminating),
        observed_generation: Some(set.generation()),
        conditions: (!conditions.is_empty()).then_some(conditions),
    }
}
