//! The scheduler as a component: watches pods and nodes, tries one pod at a time, binds it.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::EventSeries;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::cache::Cache;
use super::cycle::{Memory, Verdict, failure_message, schedule};
use super::decision::SchedulerDecision;
use super::framework::{PodInfo, is_ours};
use super::queue::Queue;
use super::siblings::Siblings;
use crate::api::kinds::{Event as EventObject, EventsEvent, Node, Pod, ReplicaSet, Service};
use crate::api::object::{Name, Resource};
use crate::api::{Duration, Key, Object, Time, Uid, User, conditions};
use crate::client::recorder::{Mark, name_of, reference};
use crate::ledger::Causes;
use crate::store::{Change, ChangeKind, Scope};
use crate::world::{Component, Ctx, Event};

/// How long one cycle takes.
const CYCLE: Duration = Duration::from_micros(800);
/// Events remembered for counting up.
const NOTES: usize = 2048;

#[derive(Clone, Default)]
pub struct Scheduler {
    /// The machine on which it runs, as events name it.
    host: String,
    cache: Cache,
    queue: Queue,
    siblings: Siblings,
    memory: Memory,
    armed: Option<Time>,
    busy_until: Time,
    notes: BTreeMap<(Uid, Mark), (u64, i32)>,
}

impl Scheduler {
    pub fn on(host: &str) -> Scheduler {
        Scheduler { host: host.into(), ..Scheduler::default() }
    }

    fn observe(&mut self, c: &Change, causes: &Causes, now: Time) {
        if self.siblings.apply(c) {
            return;
        }
        if c.key.kind == Node::kind_ref() {
            if c.kind == ChangeKind::Deleted {
                self.cache.remove_node(&c.key.name);
            } else {
                let matters = match (c.previous.as_ref().and_then(|p| p.get::<Node>()), c.object.get::<Node>()) {
                    (Some(old), Some(new)) => {
                        let ready = |n: &Node| crate::api::kinds::node::is_ready(n);
                        old.spec != new.spec || old.metadata.labels != new.metadata.labels || ready(old) != ready(new)
                    }
                    _ => true,
                };
                self.cache.set_node(&c.object);
                if matters {
                    self.queue.something_changed(causes, now);
                }
            }
            return;
        }
        let Some(pod) = c.object.get::<Pod>() else { return };
        let gone = c.kind == ChangeKind::Deleted;
        if self.cache.observe(&c.object, gone) {
            self.queue.something_changed(causes, now);
        }
        if !gone && is_ours(pod) {
            let priority = pod.spec.as_ref().and_then(|s| s.priority).unwrap_or(0);
            let changed = c
                .previous
                .as_ref()
                .and_then(|p| p.get::<Pod>())
                .is_some_and(|p| p.spec != pod.spec || p.metadata.labels != pod.metadata.labels);
            self.queue.add(&c.key, &c.object, priority, changed, causes, now);
        } else {
            self.queue.forget(c.object.marks().uid);
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
        let mut info = PodInfo::new(object.clone());
        info.spread = self.siblings.of(&info.object);
        let nodes = self.cache.nodes.len();
        match schedule(&info, &self.cache, &mut self.memory, ctx.chance()) {
            Verdict::Fits { node, choice, rejected } => {
                let decision = SchedulerDecision::Bound { pod: key.clone(), node: node.clone(), choice, rejected };
                self.bind(&key, &object, &node, decision, ctx);
            }
            Verdict::FitsNowhere { rejected } => self.give_up(&key, info.pod(), rejected, nodes, ctx),
        }
    }

    fn bind(&mut self, key: &Key, object: &Arc<Object>, node: &str, decision: SchedulerDecision, ctx: &mut Ctx<'_>) {
        // Taken for granted before it is confirmed, so that the next pod sees the room as gone.
        self.cache.place(object, node);
        ctx.decide(decision);
        match ctx.api::<Pod>().bind(&key.namespace, &key.name, node) {
            Ok(_) => {
                self.queue.forget(object.marks().uid);
                if let Some(pod) = object.get::<Pod>() {
                    let message = format!("Successfully assigned {}/{} to {node}", key.namespace, key.name);
                    self.note(pod, false, "Scheduled", "Binding", &message, ctx);
                }
            }
            Err(_) => {
                self.cache.remove(object.marks().uid);
                self.queue.forget(object.marks().uid);
            }
        }
    }

    fn give_up(
        &mut self,
        key: &Key,
        pod: &Pod,
        rejected: Vec<(Name, super::framework::Reason)>,
        nodes: usize,
        ctx: &mut Ctx<'_>,
    ) {
        let now = ctx.now();
        let message = failure_message(&rejected, nodes);
        ctx.decide(SchedulerDecision::Nowhere { pod: key.clone(), rejected, nodes });
        self.queue.park(Uid::of(pod.uid()), now);
        self.note(pod, true, "FailedScheduling", "Scheduling", &message, ctx);
        let generation = pod.metadata.generation;
        let _ = ctx.api::<Pod>().patch_status(&key.namespace, &key.name, |p| {
            let c = conditions::pod("PodScheduled", false, "Unschedulable", &message, generation);
            conditions::set(p.status.get_or_insert_default().conditions.get_or_insert_default(), c, now);
        });
    }

    /// Writes an event of the newer kind, which counts repetitions in a series.
    fn note(&mut self, pod: &Pod, warning: bool, reason: &str, action: &str, message: &str, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let id = (Uid::of(pod.uid()), Mark::of((reason, message)));
        let about = reference(pod, None);
        let newer = EventsEvent::kind_ref();
        if let Some((number, count)) = self.notes.get_mut(&id) {
            *count += 1;
            let count = *count;
            let done =
                ctx.api::<EventObject>().speaking(newer).patch(pod.namespace(), &name_of(&about, *number), |e| {
                    e.series = Some(EventSeries { count: Some(count), last_observed_time: Some(now.meta_micro()) });
                });
            if done.is_ok() {
                return;
            }
        }
        let number = now.nanos();
        let event = EventObject {
            metadata: ObjectMeta {
                name: Some(name_of(&about, number)),
                namespace: Some(pod.namespace().into()),
                ..ObjectMeta::default()
            },
            involved_object: about,
            reason: Some(reason.into()),
            message: Some(message.into()),
            type_: Some(if warning { "Warning" } else { "Normal" }.into()),
            action: Some(action.into()),
            event_time: Some(now.meta_micro()),
            reporting_component: Some("default-scheduler".into()),
            reporting_instance: Some(format!("default-scheduler-{}", self.host)),
            ..EventObject::default()
        };
        if ctx.api::<EventObject>().speaking(newer).create(event).is_ok() {
            if self.notes.len() > NOTES {
                self.notes.pop_first();
            }
            self.notes.insert(id, (number, 1));
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
        [Node::kind_ref(), Pod::kind_ref(), Service::kind_ref(), ReplicaSet::kind_ref()].map(Scope::all).into()
    }

    fn step(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let (causes, now) = (ctx.causes(), ctx.now());
        match event {
            Event::Started(present) => present.iter().for_each(|c| self.observe(c, &causes, now)),
            Event::Watch(c) => self.observe(&c, &causes, now),
            Event::Work => self.try_one(ctx),
            Event::Timer(_) | Event::Done(..) => {}
        }
        self.arm(ctx);
    }

    fn clone_box(&self) -> Box<dyn Component> {
        Box::new(self.clone())
    }
}
