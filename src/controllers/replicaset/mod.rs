//! ReplicaSet: keeps as many pods as are wanted, creates what is missing, deletes what is too much, adopts pods that
//! match and have no owner, lets go of those that no longer match.
//! Real Kubernetes: pkg/controller/replicaset/replica_set.go.

pub mod decision;
pub mod members;
pub mod plan;
pub mod postponed;
pub mod ranking;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{ReplicaSetCondition, ReplicaSetStatus};

use crate::api::kinds::{Pod, ReplicaSet, replicaset as kind};
use crate::api::object::{controller_of, controller_ref};
use crate::api::{Duration, Key, Object, Resource, Status, Time};
use crate::apiserver::delete::DeleteOptions;
use crate::client::controller::Enqueue;
use crate::client::recorder::{Note, reference};
use crate::client::{Action, Cache, Expectations, Reconciler, Recorder};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;
use decision::ReplicaSetDecision;
use members::{Group, Member, Members, Tally, Yardstick};
use plan::{BURST, Observed, Plan};
use postponed::Postponed;

#[derive(Clone)]
pub struct ReplicaSets {
    sets: Cache<ReplicaSet>,
    members: Members,
    expectations: Expectations,
    postponed: Postponed,
    recorder: Recorder,
}

impl Default for ReplicaSets {
    fn default() -> ReplicaSets {
        ReplicaSets {
            sets: Cache::default(),
            members: Members::default(),
            expectations: Expectations::default(),
            postponed: Postponed::default(),
            recorder: Recorder::new("replicaset-controller", ""),
        }
    }
}

impl Reconciler for ReplicaSets {
    type Primary = ReplicaSet;
    const NAME: &'static str = "replicaset";
    const USER: &'static str = "replicaset-controller";

    fn watches() -> Vec<Scope> {
        vec![Scope::all(ReplicaSet::kind_ref()), Scope::all(Pod::kind_ref())]
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
        let set = controller_of(c.object.meta())
            .and_then(|r| self.sets.get(&c.key.namespace, &r.name).filter(|s| s.uid() == r.uid));
        self.members.apply(c, set);
        let owner = |o: &crate::api::Object| {
            let r = controller_of(o.meta()).filter(|r| r.kind == "ReplicaSet")?;
            Some(Key::of::<ReplicaSet>(o.namespace(), &r.name))
        };
        let now = owner(&c.object);
        let before = c.previous.as_ref().and_then(|p| owner(p));
        for key in [now.clone(), before].into_iter().flatten() {
            let own = match c.kind {
                ChangeKind::Added => self.expectations.saw_created(&key, &c.key.name),
                ChangeKind::Deleted => self.expectations.saw_deleted(&key, &c.key.name),
                // A pod that is being deleted is as good as gone.
                ChangeKind::Modified if c.object.is_deleting() => self.expectations.saw_deleted(&key, &c.key.name),
                ChangeKind::Modified => false,
            };
            if own {
                self.postponed.echo(&key, c.cause);
            }
            enqueue.add(key);
        }
        if now.is_none() && c.kind != ChangeKind::Deleted {
            let ns = c.key.namespace.to_string();
            let labels = c.object.meta().labels.as_ref();
            for set in self.sets.in_namespace(&ns).filter(|s| kind::selector(s).matches(labels)) {
                enqueue.add(set.key());
            }
        }
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
        let yardstick = Yardstick::of(&set, now);
        let (group, tally) = self.claim(&yardstick, ctx)?;
        let mut failure = None;
        if ready_to_act && !set.is_deleting() {
            let wanted = usize::try_from(kind::wanted(&set)).unwrap_or(0);
            let had = usize::try_from(tally.counts.replicas).unwrap_or(0);
            let claimed = || group.values().filter(|m| m.fit(&yardstick).selected);
            let active = || claimed().filter(|m| m.active).filter_map(Member::pod).collect();
            let seen = Observed { wanted, had, active: &active, now };
            match plan::plan(&seen) {
                Plan::Keep => {}
                Plan::Create { count } => failure = self.create(&set, key, count, had, ctx),
                Plan::Delete { pods } => failure = self.delete(&set, key, &pods, had, ctx),
            }
        }
        let took = Duration::from_micros(1_000 + 4 * u64::try_from(tally.counts.all).unwrap_or(0));
        // What this sync has just made or deleted is counted when the watch tells of it.
        self.write_status(&set, &tally, failure.as_ref(), ctx)?;
        if let Some(e) = failure {
            return Err(e);
        }
        // A pod that is ready but not long enough will be available without any event.
        Ok(match tally.next_available {
            Some(t) => Action::after(t.since(now)),
            None => Action::done(),
        }
        .taking(took))
    }
}

impl ReplicaSets {
    /// The pods of this set, counted: those that match are adopted, those that no longer match are let go.
    fn claim(&mut self, yardstick: &Yardstick<'_>, ctx: &mut Ctx<'_>) -> Result<(Group, Tally), Status> {
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
        for p in release {
            let uid = set.uid().to_string();
            ctx.decide(ReplicaSetDecision::Released { set: set.key(), pod: p.name().into() });
            let o = ctx.api::<Pod>().patch(p.namespace(), p.name(), |p| {
                if let Some(refs) = &mut p.metadata.owner_references {
                    refs.retain(|r| r.uid != uid);
                    if refs.is_empty() {
                        p.metadata.owner_references = None;
                    }
                }
            });
            match o {
                Ok(o) => self.members.put(&o, None),
                Err(e) if e.is(crate::api::Reason::NotFound) => {}
                Err(e) => return Err(e),
            }
        }
        for p in adopt {
            let owner = controller_ref(set);
            ctx.decide(ReplicaSetDecision::Adopted { set: set.key(), pod: p.name().into() });
            let o = ctx.api::<Pod>().patch(p.namespace(), p.name(), |p| {
                p.metadata.owner_references.get_or_insert_default().push(owner);
            })?;
            self.members.put(&o, Some(set));
        }
        Ok((self.members.of(set), self.members.tally(yardstick)))
    }

    fn create(&mut self, set: &ReplicaSet, key: &Key, count: usize, had: usize, ctx: &mut Ctx<'_>) -> Option<Status> {
        let wanted = had + count;
        let count = count.min(BURST);
        let (mut done, mut batch, mut names) = (0, 1, vec![]);
        let mut failure = None;
        // Slow start: the first batch is one pod, each further one twice the last. If the first pod is refused, the rest is
        // not even tried.
        'batches: while done < count {
            for _ in 0..batch.min(count - done) {
                match ctx.api::<Pod>().create(pod_of(set)) {
                    Ok(o) => {
                        self.expectations.expect_created(key, o.name(), ctx.now());
                        names.push(o.name().to_string());
                        let message = format!("Created pod: {}", o.name());
                        self.recorder.record(reference(set, None), Note::normal("SuccessfulCreate", &message), ctx);
                        done += 1;
                    }
                    Err(e) => {
                        let message = format!("Error creating: {}", e.message);
                        self.recorder.record(reference(set, None), Note::warning("FailedCreate", &message), ctx);
                        ctx.decide(ReplicaSetDecision::Refused {
                            set: set.key(),
                            wanted,
                            had: had + done,
                            why: e.message.clone(),
                        });
                        failure = Some(e);
                        break 'batches;
                    }
                }
            }
            batch *= 2;
        }
        if !names.is_empty() {
            ctx.decide(ReplicaSetDecision::Created { set: set.key(), wanted, had, names });
        }
        failure
    }

    fn delete(
        &mut self,
        set: &ReplicaSet,
        key: &Key,
        victims: &[ranking::Victim],
        had: usize,
        ctx: &mut Ctx<'_>,
    ) -> Option<Status> {
        let wanted = usize::try_from(kind::wanted(set)).unwrap_or(0);
        ctx.decide(ReplicaSetDecision::Deleted { set: set.key(), wanted, had, victims: victims.to_vec() });
        for v in victims {
            self.expectations.expect_deleted(key, &v.name, ctx.now());
            match ctx.api::<Pod>().delete(set.namespace(), &v.name, DeleteOptions::default()) {
                Ok(_) => {
                    let message = format!("Deleted pod: {}", v.name);
                    self.recorder.record(reference(set, None), Note::normal("SuccessfulDelete", &message), ctx);
                }
                Err(e) => {
                    self.expectations.saw_deleted(key, &v.name);
                    if !e.is(crate::api::Reason::NotFound) {
                        return Some(e);
                    }
                }
            }
        }
        None
    }

    fn write_status(
        &mut self,
        set: &ReplicaSet,
        tally: &Tally,
        failure: Option<&Status>,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let fresh = status(set, tally, failure, ctx.now());
        if set.status.as_ref() == Some(&fresh) {
            return Ok(());
        }
        let mut new = set.clone();
        new.status = Some(fresh);
        let o = ctx.api::<ReplicaSet>().update_status(new)?;
        self.sets.put(&o);
        Ok(())
    }
}

fn status(set: &ReplicaSet, tally: &Tally, failure: Option<&Status>, now: Time) -> ReplicaSetStatus {
    let old = set.status.clone().unwrap_or_default();
    let positive = |n: i32| (n != 0).then_some(n);
    let mut conditions = old.conditions.clone().unwrap_or_default();
    match failure {
        Some(e) if !conditions.iter().any(|c| c.type_ == "ReplicaFailure") => conditions.push(ReplicaSetCondition {
            type_: "ReplicaFailure".into(),
            status: "True".into(),
            reason: Some("FailedCreate".into()),
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
        terminating_replicas: Some(counts.terminating),
        observed_generation: Some(set.generation()),
        conditions: (!conditions.is_empty()).then_some(conditions),
    }
}

/// A pod made of the set's template.
fn pod_of(set: &ReplicaSet) -> Pod {
    let template = set.spec.as_ref().and_then(|s| s.template.clone()).unwrap_or_default();
    let mut metadata = template.metadata.unwrap_or_default();
    metadata.generate_name = Some(format!("{}-", set.name()));
    metadata.namespace = Some(set.namespace().into());
    metadata.owner_references = Some(vec![controller_ref(set)]);
    Pod { metadata, spec: Some(template.spec.unwrap_or_default().into()), status: None }
}
