//! ReplicaSet: keeps as many pods as are wanted, creates what is missing, deletes what is too much, adopts pods that
//! match and have no owner, lets go of those that no longer match.
//! Real Kubernetes: pkg/controller/replicaset/replica_set.go.

pub mod decision;
pub mod plan;
pub mod ranking;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{ReplicaSetCondition, ReplicaSetStatus};

use crate::api::kinds::{Pod, ReplicaSet, replicaset as kind};
use crate::api::object::{controller_of, controller_ref};
use crate::api::{Duration, Key, Object, Resource, Status, Time, pods};
use crate::apiserver::delete::DeleteOptions;
use crate::client::controller::Enqueue;
use crate::client::recorder::{Note, reference};
use crate::client::{Action, Cache, Expectations, Reconciler, Recorder};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;
use decision::ReplicaSetDecision;
use plan::{Observed, Plan};

#[derive(Clone)]
pub struct ReplicaSets {
    sets: Cache<ReplicaSet>,
    pods: Cache<Pod>,
    expectations: Expectations,
    recorder: Recorder,
}

impl Default for ReplicaSets {
    fn default() -> ReplicaSets {
        ReplicaSets {
            sets: Cache::default(),
            pods: Cache::default(),
            expectations: Expectations::default(),
            recorder: Recorder::new("replicaset-controller", ""),
        }
    }
}

/// Pods that one sync creates at most; the first batch is one pod, each further one twice the last.
const BURST: usize = 500;

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
            }
            enqueue.add(c.key.clone());
            return;
        }
        self.pods.apply(c);
        let owner = |o: &crate::api::Object| {
            let r = controller_of(o.meta()).filter(|r| r.kind == "ReplicaSet")?;
            Some(Key::of::<ReplicaSet>(o.namespace(), &r.name))
        };
        let now = owner(&c.object);
        let before = c.previous.as_ref().and_then(|p| owner(p));
        for key in [now.clone(), before].into_iter().flatten() {
            match c.kind {
                ChangeKind::Added => self.expectations.saw_created(&key, &c.key.name),
                ChangeKind::Deleted => self.expectations.saw_deleted(&key, &c.key.name),
                // A pod that is being deleted is as good as gone.
                ChangeKind::Modified if c.object.is_deleting() => self.expectations.saw_deleted(&key, &c.key.name),
                ChangeKind::Modified => {}
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
        let held = self.claim(&set, ctx)?;
        let mut claimed: Vec<&Pod> = held.iter().filter_map(|o| o.get()).collect();
        let min_ready = min_ready(&set);
        let mut failure = None;
        if ready_to_act && !set.is_deleting() {
            let active: Vec<&Pod> = claimed.iter().copied().filter(|p| pods::is_active(p)).collect();
            let seen = Observed { wanted: usize::try_from(kind::wanted(&set)).unwrap_or(0), active, now };
            match plan::plan(&seen) {
                Plan::Keep => {}
                Plan::Create { count } => failure = self.create(&set, key, count, seen.active.len(), ctx),
                Plan::Delete { pods } => {
                    let had = seen.active.len();
                    failure = self.delete(&set, key, &pods, had, ctx);
                    claimed.retain(|p| !pods.iter().any(|d| d.name == p.name()));
                }
            }
        }
        self.write_status(&set, &claimed, min_ready, failure.as_ref(), ctx)?;
        let took = Duration::from_micros(1_000 + 4 * u64::try_from(claimed.len()).unwrap_or(0));
        if let Some(e) = failure {
            return Err(e);
        }
        // A pod that is ready but not long enough will be available without any event.
        let next = claimed.iter().filter_map(|p| pods::available_at(p, min_ready)).filter(|t| *t > now).min();
        Ok(match next {
            Some(t) => Action::after(t.since(now)),
            None => Action::done(),
        }
        .taking(took))
    }
}

fn min_ready(set: &ReplicaSet) -> Duration {
    let seconds = set.spec.as_ref().and_then(|s| s.min_ready_seconds).unwrap_or(0);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

impl ReplicaSets {
    /// The pods of this set: those that match are adopted, those that no longer match are let go.
    fn claim(&mut self, set: &ReplicaSet, ctx: &mut Ctx<'_>) -> Result<Vec<Arc<Object>>, Status> {
        let selector = kind::selector(set);
        let (mut mine, mut adopt, mut release) = (vec![], vec![], vec![]);
        for o in self.pods.objects_owned_by(set.namespace(), set.uid()) {
            if selector.matches(o.meta().labels.as_ref()) {
                mine.push(o.clone());
            } else if !set.is_deleting() {
                release.push(o.clone());
            }
        }
        if !set.is_deleting() {
            let fits =
                |o: &Object| o.get::<Pod>().is_some_and(pods::is_active) && selector.matches(o.meta().labels.as_ref());
            adopt.extend(self.pods.objects_owned_by(set.namespace(), "").filter(|o| fits(o)).cloned());
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
                Ok(o) => self.pods.put(&o),
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
            self.pods.put(&o);
            mine.push(o);
        }
        Ok(mine)
    }

    fn create(&mut self, set: &ReplicaSet, key: &Key, count: usize, had: usize, ctx: &mut Ctx<'_>) -> Option<Status> {
        let wanted = had + count;
        let count = count.min(BURST);
        let (mut done, mut batch, mut names) = (0, 1, vec![]);
        let mut failure = None;
        // Slow start: if the first pod is refused, the rest is not even tried.
        'batches: while done < count {
            for _ in 0..batch.min(count - done) {
                match ctx.api::<Pod>().create(pod_of(set)) {
                    Ok(o) => {
                        self.expectations.expect_created(key, o.name(), ctx.now());
                        names.push(o.name().to_string());
                        let message = format!("Created pod: {}", o.name());
                        self.recorder.record(
                            reference(set, None),
                            Note { warning: false, reason: "SuccessfulCreate", message: &message },
                            ctx,
                        );
                        done += 1;
                    }
                    Err(e) => {
                        let message = format!("Error creating: {}", e.message);
                        self.recorder.record(
                            reference(set, None),
                            Note { warning: true, reason: "FailedCreate", message: &message },
                            ctx,
                        );
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
                    self.recorder.record(
                        reference(set, None),
                        Note { warning: false, reason: "SuccessfulDelete", message: &message },
                        ctx,
                    );
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
        claimed: &[&Pod],
        min_ready: Duration,
        failure: Option<&Status>,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let fresh = status(set, claimed, min_ready, failure, ctx.now());
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

fn status(
    set: &ReplicaSet,
    claimed: &[&Pod],
    min_ready: Duration,
    failure: Option<&Status>,
    now: Time,
) -> ReplicaSetStatus {
    let template_labels =
        set.spec.as_ref().and_then(|s| s.template.as_ref()?.metadata.as_ref()?.labels.clone()).unwrap_or_default();
    let count = |f: &dyn Fn(&Pod) -> bool| {
        i32::try_from(claimed.iter().filter(|p| pods::is_active(p) && f(p)).count()).unwrap_or(i32::MAX)
    };
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
    ReplicaSetStatus {
        replicas: count(&|_| true),
        fully_labeled_replicas: positive(count(&|p| template_labels.iter().all(|(k, v)| p.label(k) == Some(v)))),
        ready_replicas: positive(count(&pods::is_ready)),
        available_replicas: positive(count(&|p| pods::is_available(p, min_ready, now))),
        terminating_replicas: Some(
            i32::try_from(claimed.iter().filter(|p| p.is_deleting() && !pods::is_terminal(p)).count()).unwrap_or(0),
        ),
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
    Pod { metadata, spec: Some(template.spec.unwrap_or_default()), status: None }
}
