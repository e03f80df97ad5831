//! The machine: one [`agenda`] of events in virtual time, components that take one step each, and [`Ctx`], the only way
//! out of a step.
//!
//! Start with [`World::step`]: it takes the earliest event, hands it to one component, and carries what the
//! component wrote to whoever watches. Everything that leaves a step is stamped with the step's record.
//!
//! `operations` go to nodes and the network, `clients` are people. `processes` are the programs of the control plane, which end and begin as a whole; `server` and `storage` say what becomes of
//! requests while the API server or etcd is not well; `unsent` keeps Events that nobody took.
//!
//! Deliberately absent: threads, sockets, clocks, ambient randomness, and any knowledge of what the components do.
//! `cluster/` puts the components in.
//!
//! Real Kubernetes has no such machine: its processes run at once and talk over the network. Watch latency, stale
//! caches and conflicts are kept as they are there.

pub mod agenda;
mod clients;
mod components;
pub mod ctx;
pub mod decision;
pub mod event;
mod figures;
pub mod latency;
mod operations;
mod processes;
mod served;
mod server;
mod storage;
mod unsent;

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::SeedableRng;
use sha2::{Digest, Sha256};
use smallvec::smallvec;

use agenda::Agenda;
pub use ctx::{Api, Ctx};
pub use event::{Event, Tag};

use crate::api::ops::Answerer;
use crate::api::{Duration, OpId, Outcome, RecordId, Time, User};
use crate::apiserver::ApiServer;
use crate::apiserver::caller::Chance;
use crate::ledger::record::SERVER;
use crate::ledger::{Causes, Ledger, ReadRecord, Root, Trigger, What};
use crate::store::{Ailment, Change, Scope, WatchId};

/// A part of the control plane or of the nodes. It sees events and acts through [`Ctx`], nothing else.
pub trait Component: Send {
    fn name(&self) -> &'static str;
    /// The user that its requests come from.
    fn user(&self) -> User;
    /// The program that it is part of, as it calls itself in requests.
    fn agent(&self) -> &'static str {
        "kube-controller-manager"
    }
    /// Whether it is the one that keeps its program's lease: without that the others of the program do not run.
    fn leads(&self) -> bool {
        false
    }
    fn watches(&self) -> Vec<Scope>;
    /// Whether it watches every custom kind too, those included that will be defined later.
    fn watches_custom(&self) -> bool {
        false
    }
    fn step(&mut self, event: Event, ctx: &mut Ctx<'_>);
    fn clone_box(&self) -> Box<dyn Component>;
}

/// How a component is made anew when it (re)starts: its caches begin empty.
pub type Maker = Arc<dyn Fn() -> Box<dyn Component> + Send + Sync>;

struct Slot {
    name: &'static str,
    user: User,
    agent: &'static str,
    leads: bool,
    /// It alone is broken: it does not begin with its program.
    held: bool,
    /// It is about to begin.
    awaited: bool,
    make: Maker,
    /// `None` while it is stopped.
    running: Option<Box<dyn Component>>,
    /// Counts starts; events for an earlier incarnation are dropped.
    incarnation: u32,
    watches: Vec<WatchId>,
    started_by: RecordId,
    chance: Chance,
}

impl Clone for Slot {
    fn clone(&self) -> Slot {
        Slot {
            name: self.name,
            user: self.user.clone(),
            agent: self.agent,
            leads: self.leads,
            held: self.held,
            awaited: self.awaited,
            make: self.make.clone(),
            running: self.running.as_ref().map(|c| c.clone_box()),
            incarnation: self.incarnation,
            watches: self.watches.clone(),
            started_by: self.started_by,
            chance: self.chance.clone(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ActorId(usize);

#[derive(Clone, Debug)]
pub(crate) struct Due {
    to: Goal,
    causes: Causes,
}

/// Whom a watch tells.
#[derive(Clone, Copy, Debug)]
struct Watcher {
    actor: ActorId,
    /// When it has been told everything so far: a watch never overtakes itself.
    told: Time,
}

#[derive(Clone, Debug)]
enum Goal {
    Component {
        actor: ActorId,
        incarnation: u32,
        event: Event,
    },
    Start(ActorId),
    /// The API server answers from now on.
    Serve,
    /// etcd answers from now on.
    Store,
    /// A program ends, and begins again.
    Exit(&'static str),
    Respawn(&'static str),
    /// Events that could not be written are tried again.
    Send {
        recorder: unsent::Recorder,
        incarnation: u32,
    },
    Wake,
}

#[derive(Clone, Debug)]
struct RunningOp {
    /// `None`: a client outside the machine asked.
    actor: Option<(ActorId, u32)>,
    cause: RecordId,
    foreground: bool,
}

/// How often a component that begins tries to reach the API server.
const KNOCK: Duration = Duration::from_secs(1);

/// A whole cluster: cloning it is a snapshot.
pub struct World {
    pub now: Time,
    pub start: Time,
    agenda: Agenda<Due>,
    pub api: ApiServer,
    pub ledger: Ledger,
    seed: u64,
    /// What people's requests draw from. Each component has a lot of its own, so that one more component changes no other's run.
    chance: Chance,
    slots: Vec<Slot>,
    watchers: BTreeMap<WatchId, Watcher>,
    /// Empty between steps; kept because each step needs one.
    deliveries: Vec<(WatchId, Arc<Change>)>,
    answerer: Box<dyn Answerer>,
    ops: imbl::OrdMap<OpId, RunningOp>,
    /// How many of them the cluster waits for.
    foreground_ops: usize,
    next_op: u64,
    wake_at: Option<Time>,
    finished: BTreeMap<OpId, Outcome>,
    /// What a person looked at last, and because of which command.
    last_read: Option<(RecordId, ReadRecord)>,
    server: server::Server,
    programs: BTreeMap<&'static str, processes::Program>,
    unsent: unsent::Mail,
    /// What is broken: name and place.
    pub faults: BTreeMap<(String, String), RecordId>,
    pub steps: u64,
}

impl Clone for World {
    fn clone(&self) -> World {
        World {
            agenda: self.agenda.clone(),
            api: self.api.clone(),
            ledger: self.ledger.clone(),
            chance: self.chance.clone(),
            slots: self.slots.clone(),
            watchers: self.watchers.clone(),
            deliveries: vec![],
            answerer: self.answerer.clone_box(),
            ops: self.ops.clone(),
            finished: self.finished.clone(),
            last_read: self.last_read.clone(),
            faults: self.faults.clone(),
            server: self.server.clone(),
            programs: self.programs.clone(),
            unsent: self.unsent.clone(),
            ..*self
        }
    }
}

impl World {
    /// What all chance in it follows from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    pub fn new(seed: u64, ledger: Ledger, answerer: Box<dyn Answerer>) -> World {
        World {
            now: Time::ZERO,
            start: Time::ZERO,
            agenda: Agenda::default(),
            api: ApiServer::of(seed),
            ledger,
            seed,
            chance: Chance::seed_from_u64(seed),
            slots: vec![],
            watchers: BTreeMap::new(),
            deliveries: vec![],
            answerer,
            ops: imbl::OrdMap::new(),
            foreground_ops: 0,
            next_op: 1,
            wake_at: None,
            finished: BTreeMap::new(),
            last_read: None,
            faults: BTreeMap::new(),
            server: server::Server::default(),
            programs: BTreeMap::new(),
            unsent: unsent::Mail::default(),
            steps: 0,
        }
    }

    /// Writes a root down: what people did.
    pub fn root(&mut self, actor: &'static str, root: Root) -> RecordId {
        self.ledger.add(self.now, actor, What::Root(root), smallvec![])
    }

    // ---- components -------------------------------------------------------------------------

    /// Adds a component; it starts at once.
    pub fn add(&mut self, make: Maker, cause: RecordId) {
        let fresh = make();
        let fresh_name = fresh.name();
        let slot = Slot {
            name: fresh_name,
            user: fresh.user(),
            agent: fresh.agent(),
            leads: fresh.leads(),
            held: false,
            awaited: false,
            make,
            running: None,
            incarnation: 0,
            watches: vec![],
            started_by: cause,
            chance: lot(self.seed, fresh_name),
        };
        self.slots.push(slot);
        self.start_actor(ActorId(self.slots.len() - 1), cause, Duration::ZERO);
    }

    /// Stops a component: what it knew is lost.
    pub fn stop(&mut self, name: &str) {
        for slot in self.slots.iter_mut().filter(|s| s.name == name) {
            slot.running = None;
            slot.awaited = false;
            slot.incarnation += 1;
            for id in slot.watches.drain(..) {
                self.api.unwatch(id);
                self.watchers.remove(&id);
            }
        }
    }

    /// Starts a stopped component with empty caches, `after` a while.
    pub fn restart(&mut self, name: &str, cause: RecordId, after: Duration) {
        for i in 0..self.slots.len() {
            if self.slots[i].name == name && self.slots[i].running.is_none() {
                self.start_actor(ActorId(i), cause, after);
            }
        }
    }

    fn start_actor(&mut self, actor: ActorId, cause: RecordId, after: Duration) {
        self.slots[actor.0].started_by = cause;
        self.slots[actor.0].awaited = true;
        self.agenda.push(self.now + after, Due { to: Goal::Start(actor), causes: smallvec![cause] }, false);
    }

    // ---- time -------------------------------------------------------------------------------

    /// When the next event is due.
    pub fn next_due(&self) -> Option<Time> {
        self.agenda.next()
    }

    /// Whether something will happen within `soon` that is not merely periodic.
    pub fn is_busy(&self, soon: Duration) -> bool {
        self.foreground_ops > 0 || self.agenda.next_awaited().is_some_and(|at| at <= self.now + soon)
    }

    /// Takes the earliest event and handles it. Returns `false` if there is none.
    pub fn step(&mut self) -> bool {
        let Some((at, due)) = self.agenda.pop() else { return false };
        self.now = self.now.max(at);
        match due.to {
            Goal::Wake => {
                self.wake_at = None;
                let mut out = vec![];
                self.answerer.wake(self.now, &mut out);
                self.complete(out);
            }
            Goal::Start(actor) => self.begin(actor, due.causes),
            Goal::Serve => {
                if !self.awaits_storage(first(&due.causes)) {
                    self.server_back(first(&due.causes));
                }
            }
            Goal::Store => self.set_storage(None, first(&due.causes)),
            Goal::Exit(program) => self.process_ended(program, first(&due.causes)),
            Goal::Respawn(program) => self.process_began(program, first(&due.causes)),
            Goal::Send { recorder, incarnation } => self.send_again(recorder, incarnation),
            Goal::Component { actor, incarnation, event } => {
                if self.slots[actor.0].incarnation == incarnation {
                    self.deliver(actor, event, due.causes);
                }
            }
        }
        true
    }

    /// Handles everything that is due up to `until`, and lets the clock stand there.
    pub fn run_until(&mut self, until: Time) {
        while self.next_due().is_some_and(|t| t <= until) {
            self.step();
        }
        self.now = self.now.max(until);
    }

    fn begin(&mut self, actor: ActorId, causes: Causes) {
        let slot = &mut self.slots[actor.0];
        // It may have ended again before it began.
        if slot.running.is_some() || !slot.awaited {
            return;
        }
        // Who begins lists what is there first. One that is after a lease only looks at that, and says so itself.
        if !slot.leads && slot.agent != SERVER && self.server.gone.is_some() {
            self.agenda.push(self.now + KNOCK, Due { to: Goal::Start(actor), causes }, true);
            return;
        }
        let fresh = (slot.make)();
        slot.incarnation += 1;
        let (mut scopes, custom) = (fresh.watches(), fresh.watches_custom());
        slot.running = Some(fresh);
        let already = scopes.len();
        if custom {
            scopes.extend(self.api.custom_kinds().map(Scope::all));
        }
        // A fresh component lists what is there, then watches.
        let mut present = vec![];
        for (i, scope) in scopes.into_iter().enumerate() {
            present.extend(self.api.store().list(&scope).map(|o| {
                Arc::new(Change {
                    rev: crate::store::rev_of(o),
                    kind: crate::store::ChangeKind::Added,
                    key: o.key(),
                    object: o.clone(),
                    previous: None,
                    cause: first(&causes),
                })
            }));
            if i < already {
                let id = self.api.watch(scope);
                self.follow(actor, id);
            }
        }
        if custom {
            let id = self.api.watch_custom();
            self.follow(actor, id);
        }
        self.deliver(actor, Event::Started(present), causes);
    }

    /// From now on, what the watch tells reaches the component.
    fn follow(&mut self, actor: ActorId, id: WatchId) {
        self.slots[actor.0].watches.push(id);
        self.watchers.insert(id, Watcher { actor, told: self.now });
    }

    fn deliver(&mut self, actor: ActorId, event: Event, causes: Causes) {
        let Some(mut component) = self.slots[actor.0].running.take() else { return };
        self.steps += 1;
        let trigger = event.trigger();
        let incarnation = self.slots[actor.0].incarnation;
        let mut ctx = Ctx::new(self, actor, incarnation, trigger, causes);
        component.step(event, &mut ctx);
        self.slots[actor.0].running = Some(component);
        self.carry();
    }

    /// Carries what was written to the components that watch it.
    pub fn carry(&mut self) {
        let slow = self.storage() == Some(Ailment::Slow);
        let mut deliveries = std::mem::take(&mut self.deliveries);
        deliveries.extend(self.api.take_deliveries(self.now));
        // Who writes several objects waits for each answer: whoever watches them hears of them in that order, on whatever watch.
        let mut heard: BTreeMap<usize, Time> = BTreeMap::new();
        for (watch, change) in deliveries.drain(..) {
            let Some(watcher) = self.watchers.get_mut(&watch) else { continue };
            let actor = watcher.actor;
            let slot = &mut self.slots[actor.0];
            let late = if slow { storage::slow(&mut slot.chance) } else { Duration::ZERO };
            let heard = heard.entry(actor.0).or_insert(self.now);
            watcher.told = watcher.told.max(self.now + late + latency::watch(&mut slot.chance)).max(*heard);
            *heard = watcher.told + latency::APART;
            let (at, incarnation) = (watcher.told, slot.incarnation);
            let causes = smallvec![change.cause];
            let quiet = is_quiet(&change);
            let to = Goal::Component { actor, incarnation, event: Event::Watch(change) };
            self.agenda.push(at, Due { to, causes }, quiet);
        }
        self.deliveries = deliveries;
    }

    pub(crate) fn chance(&mut self) -> &mut Chance {
        &mut self.chance
    }
}

fn first(causes: &Causes) -> RecordId {
    causes.first().copied().unwrap_or_default()
}

/// What a component draws from: its own sequence of each seed.
fn lot(seed: u64, name: &str) -> Chance {
    let digest = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(name).finalize();
    let mut start = <Chance as SeedableRng>::Seed::default();
    start.iter_mut().zip(digest).for_each(|(s, d)| *s = d);
    Chance::from_seed(start)
}

/// Writes that come and go by themselves: lease renewals.
fn is_quiet(change: &Change) -> bool {
    change.object.get::<crate::api::kinds::Lease>().is_some()
}

impl Event {
    fn trigger(&self) -> Trigger {
        match self {
            Event::Started(_) => Trigger::Started,
            Event::Watch(c) => Trigger::Watch(c.key.clone()),
            Event::Work => Trigger::Timer,
            Event::Timer(_) => Trigger::Timer,
            Event::Done(op, _) => Trigger::Done(*op),
        }
    }
}
