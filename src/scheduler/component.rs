//! The scheduler as a component: watches pods and nodes, tries one pod at a time, binds it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cache::Cache;
use super::cycle::{Memory, Verdict, schedule};
use super::decision::SchedulerDecision;
use super::framework::{PodInfo, Refusal, is_ours, nominated_node, priority};
use super::hints::{self, Happening, Seen};
use super::known::Known;
use super::nominated::{Nominated, Nominee};
use super::notes::Notes;
use super::plugins::TABLE;
use super::promises::{Found, Promised};
use super::queue::Queue;
use super::siblings::Siblings;
use crate::api::kinds::{Node, Pod};
use crate::api::object::Resource;
use crate::api::{Duration, Object, Time, Uid, User, pods};
use crate::ledger::Causes;
use crate::store::{Change, ChangeKind, Scope};
use crate::world::{Component, Ctx, Event};

/// How long one cycle takes.
const CYCLE: Duration = Duration::from_micros(800);

#[derive(Clone, Default)]
pub struct Scheduler {
    pub(super) cache: Cache,
    pub(super) queue: Queue,
    siblings: Siblings,
    pub(super) known: Known,
    /// Pods for which room was made.
    pub(super) nominated: Nominated,
    /// Pods that have a node and wait for their volumes.
    pub(super) promised: BTreeMap<Uid, Promised>,
    /// Something happened that may have kept or broken promises.
    pub(super) promises_moved: bool,
    memory: Memory,
    armed: Option<Time>,
    busy_until: Time,
    pub(super) notes: Notes,
}

impl Scheduler {
    pub fn on(host: &str) -> Scheduler {
        Scheduler { notes: Notes::from(host), ..Scheduler::default() }
    }

    fn observe(&mut self, c: &Change, causes: &Causes, now: Time) {
        if self.siblings.apply(c) {
            return;
        }
        if self.known.apply(c) {
            self.promises_moved = true;
            return self.wake(Happening::of(c), causes, now);
        }
        if c.key.kind == Node::kind_ref() {
            self.promises_moved = true;
            if c.kind == ChangeKind::Deleted {
                self.cache.remove_node(&c.key.name);
            } else {
                self.cache.set_node(&c.object);
            }
            return self.wake(Happening::of(c), causes, now);
        }
        let Some(pod) = c.object.get::<Pod>() else { return };
        let (gone, uid) = (c.kind == ChangeKind::Deleted, c.object.marks().uid);
        if self.promised.contains_key(&uid) && (gone || !is_ours(pod)) {
            // It will not come to where room is kept for it.
            self.promised.remove(&uid);
            self.let_go(&c.object, causes, now);
        }
        let made_room = self.cache.observe(&c.object, gone);
        self.wake(hints::of_pod(c, made_room), causes, now);
        if gone && pods::node(pod).is_empty() {
            self.nominate(c, pod, causes, now);
            self.queue.forget(uid);
        } else if is_ours(pod) {
            // One that has a node, and is being bound or waits for its volumes only, is not looked at again.
            if gates(pod).is_empty() && !self.cache.holds(uid) {
                self.nominate(c, pod, causes, now);
                let changed = c
                    .previous
                    .as_ref()
                    .and_then(|p| p.get::<Pod>())
                    .is_some_and(|p| p.spec != pod.spec || p.metadata.labels != pod.metadata.labels);
                self.queue.add(&c.key, &c.object, priority(pod), changed, causes, now);
            }
        } else {
            self.queue.forget(uid);
            self.nominated.remove(uid);
        }
    }

    /// A pod has no claim to its room any more: others that wait may take it.
    pub(super) fn let_go(&mut self, pod: &Arc<Object>, causes: &Causes, now: Time) {
        let was_placed = self.cache.remove(pod.marks().uid);
        if let Some(pod) = pod.get::<Pod>().filter(|_| was_placed) {
            self.wake(Some(Happening::PodGone(Seen::new(pod))), causes, now);
        }
    }

    /// Room is kept for a pod, kept elsewhere, or kept no longer, as its status says.
    fn nominate(&mut self, c: &Change, pod: &Pod, causes: &Causes, now: Time) {
        let uid = c.object.marks().uid;
        let before = c.previous.as_ref().and_then(|p| p.get::<Pod>()).and_then(nominated_node);
        let here = nominated_node(pod).filter(|_| c.kind != ChangeKind::Deleted);
        if let Some(node) = here {
            let load = self.cache.load(pod);
            self.nominated.add(uid, Nominee { pod: c.key.clone(), node: node.into(), load });
        } else if before.is_some() || c.kind == ChangeKind::Deleted {
            self.nominated.remove(uid);
        }
        let gave_up =
            if c.kind == ChangeKind::Deleted { nominated_node(pod) } else { before.filter(|b| Some(*b) != here) };
        if gave_up.is_some() {
            let what = Happening::PodGone(Seen::new(pod));
            self.queue.something_happened(&what, priority(pod), &self.known, causes, now);
        }
    }

    fn wake(&mut self, what: Option<Happening<'_>>, causes: &Causes, now: Time) {
        if let Some(what) = what {
            self.queue.something_happened(&what, i32::MAX, &self.known, causes, now);
        }
    }

    fn try_one(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        if self.armed.is_some_and(|a| a <= now) {
            self.armed = None;
        }
        let Some((key, object, causes)) = self.queue.pop(now) else { return };
        self.busy_until = now + CYCLE;
        ctx.because(&key, causes);
        if let Some(refusal) = object.get::<Pod>().and_then(|p| awaited(p, &self.known)) {
            // Nobody is told of it but who asks: that is no attempt.
            self.queue.hold(object.marks().uid, BTreeSet::from([refusal.plugin()]), now);
            return ctx.decide(SchedulerDecision::Refused { pod: key, refusal });
        }
        let mut info = PodInfo::new(object.clone());
        info.spread = self.siblings.of(&info.object);
        let rivals = self.nominated.rivals(object.marks().uid, &info);
        let snapshot = self.cache.snapshot(&self.known);
        match schedule(&info, &snapshot, &rivals, &mut self.memory, ctx.chance()) {
            Verdict::Fits { node, choice, rejected } => {
                let found = Found { key, object, node, choice, rejected };
                let promises = self.cache.node(&found.node).map_or_else(Vec::new, |node| {
                    TABLE.iter().filter_map(|p| p.pre_bind).flat_map(|b| b.promises(&info, node, &snapshot)).collect()
                });
                if promises.is_empty() { self.bind(found, ctx) } else { self.promise(found, promises, ctx) }
            }
            Verdict::FitsNowhere { rejected } => self.give_up(&key, &info, rejected, &rivals, ctx),
            Verdict::Refused(refusal) => self.refuse(&key, &info, refusal, ctx),
        }
    }

    fn arm(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some((due, quiet)) = self.queue.next(now) else { return };
        let at = due.max(now + crate::world::latency::WORK).max(self.busy_until);
        if self.armed.is_none_or(|a| at < a) {
            self.armed = Some(at);
            ctx.work_after(at.since(now), quiet);
        }
    }
}

/// What keeps a pod out of the queue.
fn gates(pod: &Pod) -> Vec<String> {
    TABLE.iter().filter_map(|p| p.gate).flat_map(|gate| gate(pod)).collect()
}

/// What a pod waits for before it is tried.
fn awaited(pod: &Pod, known: &Known) -> Option<Refusal> {
    TABLE.iter().filter_map(|p| p.awaits).find_map(|awaits| awaits(pod, known))
}

fn tell_of_gates(c: &Change, ctx: &mut Ctx<'_>) {
    let shut = |o: &Object| o.get::<Pod>().map(gates).unwrap_or_default();
    let (before, shut) = (c.previous.as_deref().map(shut), shut(&c.object));
    if !shut.is_empty() && c.kind != ChangeKind::Deleted && before.as_ref() != Some(&shut) {
        ctx.decide(SchedulerDecision::Gated { pod: c.key.clone(), gates: shut });
    }
}

impl Component for Scheduler {
    fn agent(&self) -> &'static str {
        "kube-scheduler"
    }

    fn name(&self) -> &'static str {
        "scheduler"
    }

    fn user(&self) -> User {
        User::of("system:kube-scheduler", &[])
    }

    fn watches(&self) -> Vec<Scope> {
        let mut all = Known::scopes();
        all.extend([Node::kind_ref(), Pod::kind_ref()].map(Scope::all));
        all.extend(Siblings::scopes());
        all
    }

    fn step(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let (causes, now) = (ctx.causes(), ctx.now());
        match event {
            Event::Started(present) => present.iter().for_each(|c| self.observe(c, &causes, now)),
            Event::Watch(c) => {
                self.observe(&c, &causes, now);
                tell_of_gates(&c, ctx);
            }
            Event::Work => self.try_one(ctx),
            Event::Timer(tag) => self.look_after(&tag, ctx),
            Event::Done(..) => {}
        }
        self.arm(ctx);
        self.arm_promises(ctx);
    }

    fn clone_box(&self) -> Box<dyn Component> {
        Box::new(self.clone())
    }
}
