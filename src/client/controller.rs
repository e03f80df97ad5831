//! A controller: watch, queue, reconcile one key at a time.
//! Real Kubernetes: the shape that every file of pkg/controller has.

use crate::api::{Duration, Key, Resource, Status, User};
use crate::client::queue::BackOff;
use crate::client::{Cache, Queue};
use crate::ledger::Causes;
use crate::store::{Change, ChangeKind, Scope};
use crate::world::{Component, Ctx, Event, Tag, latency};

/// What becomes of a key that was reconciled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Action {
    again: Option<(Duration, bool)>,
    /// How long the work took: the next key waits for it.
    took: Duration,
}

impl Action {
    pub fn done() -> Action {
        Action { again: None, took: Duration::ZERO }
    }
    /// Look again after a while.
    pub fn after(wait: Duration) -> Action {
        Action { again: Some((wait, false)), took: Duration::ZERO }
    }
    /// Look again after a while, for which the cluster need not wait.
    pub fn quietly_after(wait: Duration) -> Action {
        Action { again: Some((wait, true)), took: Duration::ZERO }
    }
    /// Real controllers need time in proportion to what they look through.
    pub fn having_looked_at(mut self, objects: usize) -> Action {
        self.took = Duration::from_micros(1_000 + 4 * u64::try_from(objects).unwrap_or(0));
        self
    }
}

/// Where keys are put for reconciling.
pub struct Enqueue<'a> {
    queue: &'a mut Queue,
    causes: &'a Causes,
    now: crate::api::Time,
}

impl Enqueue<'_> {
    pub fn add(&mut self, key: Key) {
        self.queue.add(key, self.causes);
    }
    /// Takes a change of the kind that one is about into one's cache, and looks at what it is of, unless that is gone.
    pub fn follow<T: Resource>(&mut self, cache: &mut Cache<T>, c: &Change) {
        if cache.apply(c) && c.kind != ChangeKind::Deleted {
            self.add(c.key.clone());
        }
    }
    pub fn now(&self) -> crate::api::Time {
        self.now
    }
    pub fn after(&mut self, wait: Duration, key: Key, quiet: bool) {
        self.queue.add_at(self.now + wait, key, self.causes.clone(), quiet);
    }
}

/// The part of a controller that is its own.
pub trait Reconciler: Clone + Default + Send + 'static {
    type Primary: Resource;
    /// As the ledger and the story call it: `replicaset`.
    const NAME: &'static str;
    /// Its service account: `replicaset-controller`.
    const USER: &'static str;

    fn watches() -> Vec<Scope>;
    /// Whether it watches every custom kind too.
    const WATCHES_CUSTOM: bool = false;
    /// How long a key waits that failed.
    const BACK_OFF: BackOff = BackOff::USUAL;
    /// The program that it is part of.
    const AGENT: &'static str = "kube-controller-manager";
    /// As whom it speaks.
    fn user() -> User {
        User::service_account("kube-system", Self::USER)
    }
    /// Takes a change into its caches and says which keys it concerns.
    fn observe(&mut self, change: &Change, enqueue: &mut Enqueue<'_>);
    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status>;
    /// How long it takes before the first key after the start.
    fn started(&mut self, _ctx: &mut Ctx<'_>) {}
    fn timer(&mut self, _tag: Tag, _ctx: &mut Ctx<'_>) -> Vec<Key> {
        vec![]
    }
}

/// Makes a component of a reconciler.
#[derive(Clone, Default)]
pub struct Controller<R> {
    reconciler: R,
    queue: Queue,
    /// When the queue's timer is set to ring.
    armed: Option<crate::api::Time>,
    busy_until: crate::api::Time,
}

impl<R: Reconciler> Controller<R> {
    /// Of one that was told something.
    pub fn of(reconciler: R) -> Controller<R> {
        Controller { reconciler, ..Controller::default() }
    }

    fn arm(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some((due, quiet)) = self.queue.next(now) else { return };
        let at = due.max(now + latency::WORK).max(self.busy_until);
        if self.armed.is_none_or(|a| at < a) {
            self.armed = Some(at);
            ctx.work_after(at.since(now), quiet);
        }
    }

    fn take_in(&mut self, change: &Change, causes: &Causes, now: crate::api::Time) {
        let mut enqueue = Enqueue { queue: &mut self.queue, causes, now };
        self.reconciler.observe(change, &mut enqueue);
    }

    fn work(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        if self.armed.is_some_and(|a| a <= now) {
            self.armed = None;
        }
        let Some((key, causes)) = self.queue.pop(now) else { return };
        ctx.because(&key, causes.clone());
        match self.reconciler.reconcile(&key, ctx) {
            Ok(action) => {
                self.queue.forget(&key);
                self.busy_until = now + action.took;
                if let Some((wait, quiet)) = action.again {
                    self.queue.add_at(now + wait, key, ctx.causes(), quiet);
                }
            }
            // A conflict or another failure: the key comes back after its back-off, when the cache may know more.
            Err(_) => self.queue.retry(key, ctx.causes(), now, R::BACK_OFF),
        }
    }
}

impl<R: Reconciler> Component for Controller<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn user(&self) -> User {
        R::user()
    }

    fn watches(&self) -> Vec<Scope> {
        R::watches()
    }

    fn agent(&self) -> &'static str {
        R::AGENT
    }

    fn watches_custom(&self) -> bool {
        R::WATCHES_CUSTOM
    }

    fn step(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let causes = ctx.causes();
        let now = ctx.now();
        match event {
            Event::Started(present) => {
                for c in &present {
                    self.take_in(c, &causes, now);
                }
                self.reconciler.started(ctx);
            }
            Event::Watch(c) => self.take_in(&c, &causes, now),
            Event::Work => self.work(ctx),
            Event::Timer(tag) => {
                for key in self.reconciler.timer(tag, ctx) {
                    self.queue.add(key, &causes);
                }
            }
            Event::Done(..) => {}
        }
        self.arm(ctx);
    }

    fn clone_box(&self) -> Box<dyn Component> {
        Box::new(self.clone())
    }
}
