//! Job: runs pods until enough of them have succeeded, and counts each exactly once. [`tally`] counts what is there, [`verdict`] judges
//! whether the Job has come to its end, [`plan`] says which pods are missing or too many, [`tracking`] how the ended ones get into
//! the status; [`sync`] does all of it.
//! Real Kubernetes: pkg/controller/job/job_controller.go.
//!
//! Real Kubernetes keeps lists of writes that its caches have not seen yet (finalizerExpectations, finishedJobExpectations, the
//! consistency store). Here, what this controller writes is put into its caches at once; only pods made and deleted are waited for.

pub mod backoff;
pub mod decision;
pub mod facts;
pub mod intervals;
pub mod plan;
pub mod policy;
pub mod ranking;
pub mod sync;
pub mod tally;
pub mod template;
#[cfg(test)]
mod tests;
pub mod tracking;
pub mod verdict;

use std::collections::BTreeMap;

use crate::api::kinds::{Job, Pod, job};
use crate::api::object::controller_of;
use crate::api::selector::Selector;
use crate::api::{Duration, Key, Resource, Status, Time, unless_gone};
use crate::client::claim::{let_go, owner_of};
use crate::client::controller::Enqueue;
use crate::client::pod_control::PodControl;
use crate::client::queue::BackOff;
use crate::client::{Action, Cache, Expectations, OwnedCache, Reconciler};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;
use backoff::Failures;
use decision::{JobDecision, What};
use facts::{TRACKING, is_held, is_managed_elsewhere};

/// What happens to pods and statuses is looked at together, once a second.
const BATCH: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct Jobs {
    jobs: Cache<Job>,
    pods: OwnedCache<Pod>,
    expectations: Expectations,
    failures: BTreeMap<Key, Failures>,
    control: PodControl,
}

impl Default for Jobs {
    fn default() -> Jobs {
        Jobs {
            jobs: Cache::default(),
            pods: OwnedCache::default(),
            expectations: Expectations::default(),
            failures: BTreeMap::new(),
            control: PodControl::new(Jobs::USER),
        }
    }
}

impl Reconciler for Jobs {
    type Primary = Job;
    const NAME: &'static str = "job";
    const USER: &'static str = "job-controller";
    const BACK_OFF: BackOff = BackOff { first: Duration::from_secs(1), most: Duration::from_secs(60) };

    fn watches() -> Vec<Scope> {
        vec![Scope::all(Job::kind_ref()), Scope::all(Pod::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.jobs.apply(c) {
            self.job_changed(c, enqueue);
        } else if self.pods.apply_of::<Job>(c) {
            self.pod_changed(c, enqueue);
        }
    }

    /// A key is a Job's, or that of a pod that may have been left behind.
    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        if key.kind == Pod::kind_ref() { self.let_orphan_go(key, ctx) } else { self.sync(key, ctx) }
    }
}

impl Jobs {
    fn job_changed(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        let Some(new) = c.object.get::<Job>() else { return };
        let old = c.previous.as_ref().and_then(|o| o.get::<Job>()).filter(|_| c.kind == ChangeKind::Modified);
        match (c.kind, old) {
            (ChangeKind::Deleted, _) => {
                enqueue.add(c.key.clone());
                self.failures.remove(&c.key);
                self.look_for_orphans(new, enqueue);
            }
            // No pod of a finished Job is held; should one be, it goes.
            (_, Some(_)) if job::is_finished(new) => self.look_for_orphans(new, enqueue),
            (_, Some(old)) => {
                match old.generation() == new.generation() {
                    true => enqueue.after(BATCH, c.key.clone(), false),
                    false => enqueue.add(c.key.clone()),
                }
                if let Some(left) = new_deadline(old, new, enqueue.now()) {
                    enqueue.after(left, c.key.clone(), false);
                }
            }
            (_, None) => enqueue.add(c.key.clone()),
        }
    }

    fn look_for_orphans(&self, j: &Job, enqueue: &mut Enqueue<'_>) {
        let selector = selector(j);
        let all = self.pods.in_namespace(j.namespace());
        for p in all.filter(|p| is_held(p) && selector.matches(p.meta().labels.as_ref())) {
            enqueue.add(p.key());
        }
    }

    fn pod_changed(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        let Some(p) = c.object.get::<Pod>() else { return };
        let before = c.previous.as_ref().filter(|_| c.kind == ChangeKind::Modified).map(|o| o.meta());
        if c.kind == ChangeKind::Deleted || p.is_deleting() {
            match owner_of(p.meta(), &self.jobs).map(|j| (j.key(), job::is_finished(j))) {
                Some((key, false)) => {
                    self.expectations.saw_deleted(&key, p.name());
                    enqueue.after(BATCH, key, false);
                }
                _ if is_held(p) => enqueue.add(p.key()),
                _ => {}
            }
            return;
        }
        let left = before.filter(|b| controller_of(b) != controller_of(p.meta()));
        if let Some(key) = left.and_then(|b| owner_of(b, &self.jobs)).map(Job::key) {
            enqueue.after(BATCH, key, false);
        }
        if controller_of(p.meta()).is_some() {
            let Some(key) = owner_of(p.meta(), &self.jobs).map(Job::key) else { return };
            if c.kind == ChangeKind::Added {
                self.expectations.saw_created(&key, p.name());
            }
            enqueue.after(BATCH, key, false);
            return;
        }
        if is_held(p) {
            enqueue.add(p.key());
        }
        if before.is_none_or(|b| b.labels != p.meta().labels || controller_of(b).is_some()) {
            let willing = |j: &&Job| selector(j).matches(p.meta().labels.as_ref());
            for j in self.jobs.in_namespace(p.namespace()).filter(willing) {
                enqueue.after(BATCH, j.key(), false);
            }
        }
    }

    /// Takes the finalizer from a pod that no Job will count.
    fn let_orphan_go(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(p) = self.pods.by_key(key).filter(|p| is_held(p)) else { return Ok(Action::done()) };
        if let Some(r) = controller_of(p.meta()) {
            let of_jobs = r.kind == Job::kind_ref().name() && r.api_version == Job::kind_ref().api_version();
            let counts = |j: &Job| !job::is_finished(j) || j.spec.as_ref().is_some_and(is_managed_elsewhere);
            if !of_jobs || owner_of(p.meta(), &self.jobs).is_some_and(counts) {
                return Ok(Action::done());
            }
        }
        let (job, pod) = (p.key(), p.name().to_string());
        ctx.decide(JobDecision { job, what: What::LetGo { pod } });
        let done = ctx.api::<Pod>().patch(&key.namespace, &key.name, |p| let_go(&mut p.metadata, TRACKING));
        if let Some(o) = unless_gone(done)? {
            self.pods.put(&o);
        }
        Ok(Action::done())
    }
}

fn selector(j: &Job) -> Selector {
    j.spec.as_ref().and_then(|s| s.selector.as_ref()).map_or(Selector::Nothing, Selector::of)
}

/// When a deadline that was set or changed comes.
fn new_deadline(old: &Job, new: &Job, now: Time) -> Option<Duration> {
    let of = |j: &Job| j.spec.as_ref().and_then(|s| s.active_deadline_seconds);
    let seconds = of(new).filter(|_| of(new) != of(old))?;
    let start = Time::from_meta(new.status.as_ref()?.start_time.as_ref()?);
    Some((start + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))).since(now))
}
