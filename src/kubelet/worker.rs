//! One pod on a node: what kubelet knows of it, and what it should do next.
//! Real Kubernetes: pkg/kubelet/pod_workers.go, kuberuntime/kuberuntime_manager.go computePodActions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use k8s_openapi::api::core::v1::Container;

use super::mounting::Mounting;
use super::nodes::NodeRef;
use super::probes;
use super::roles::{self, Role};
use super::static_pods::Fixed;
use super::status::restarts;
use super::volumes::Sources;
use crate::api::kinds::Pod;
use crate::api::object::Key;
use crate::api::ops::{ContainerId, ExitInfo, PodRef};
use crate::api::{Duration, Object, OpId, Time, Uid, pods};
use crate::store::{Rev, rev_of};
use crate::world::{Ctx, Tag};

/// What could not be told is tried again this often.
const RETELL: Duration = Duration::from_secs(10);

/// One run of a container.
#[derive(Clone, Debug)]
pub struct Instance {
    pub id: ContainerId,
    /// The image as the pod named it when this run was made.
    pub defined: String,
    /// The image's full name.
    pub image: String,
    pub image_id: String,
    pub started: Option<Time>,
    /// How it ended, as the runtime knows; kubelet sees it at the next relist.
    pub exit: Option<ExitInfo>,
    pub seen_running: bool,
    pub seen_exit: Option<ExitInfo>,
    /// It is there, but does nothing.
    pub hung: bool,
    /// Its container has been removed from the node.
    pub removed: bool,
}

impl Instance {
    /// Whether the runtime knows more of it than kubelet has seen.
    pub fn has_news(&self) -> bool {
        (self.started.is_some() && !self.seen_running) || (self.exit.is_some() && self.seen_exit.is_none())
    }

    pub fn new(id: ContainerId, defined: String, image: String, image_id: String) -> Instance {
        Instance {
            id,
            defined,
            image,
            image_id,
            started: None,
            exit: None,
            seen_running: false,
            seen_exit: None,
            removed: false,
            hung: false,
        }
    }
}

/// What is known of a container of the pod, over all its runs.
#[derive(Clone, Debug, Default)]
pub struct Slot {
    pub name: String,
    /// The last two runs.
    pub instances: Vec<Instance>,
    pub attempts: u32,
    /// Why the last sync did not start it: reason and message.
    pub reason: Option<(String, Option<String>)>,
    pub ready: bool,
    pub startup_ok: bool,
    /// Kubelet stops it in order to start it again, whatever the restart policy says.
    pub replaced: Option<Replaced>,
    pub probes: BTreeMap<&'static str, ProbeCount>,
}

/// Why kubelet itself stops a container that is to run on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replaced {
    /// A probe of this kind failed.
    Unhealthy(&'static str),
    /// Its image is another one in the pod now.
    Redefined,
}

impl Replaced {
    /// How many seconds the reason itself gives the container; otherwise its pod says so.
    pub fn grace(self, c: &Container) -> Option<i64> {
        match self {
            Replaced::Unhealthy(kind) => probes::of(c, kind)?.termination_grace_period_seconds,
            Replaced::Redefined => None,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct ProbeCount {
    pub successes: i32,
    pub failures: i32,
}

impl Slot {
    pub fn restarts(&self) -> i32 {
        i32::try_from(self.attempts.saturating_sub(1)).unwrap_or(i32::MAX)
    }
    pub fn running(&self) -> Option<&Instance> {
        self.instances.last().filter(|i| i.started.is_some() && i.exit.is_none())
    }
    /// Its last run has begun and not ended, as far as the runtime knows.
    pub fn is_up(&self) -> bool {
        self.instances.last().is_some_and(|i| i.exit.is_none())
    }
    pub fn instance_mut(&mut self, id: ContainerId) -> Option<&mut Instance> {
        self.instances.iter_mut().find(|i| i.id == id)
    }
    /// A new run begins. Only the last two matter for the status.
    pub fn begin(&mut self, run: Instance) {
        self.instances.reserve_exact(1);
        self.instances.push(run);
        if self.instances.len() > 2 {
            self.instances.remove(0);
        }
        self.attempts += 1;
        self.ready = false;
        self.startup_ok = false;
        self.probes.clear();
    }
}

/// The containers of a pod that have been looked at: few, so they are simply listed.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    all: Vec<Slot>,
    /// How often somebody has got hold of one to change it.
    changes: u64,
}

impl Slots {
    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.all.iter()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.changes += 1;
        self.all.iter_mut()
    }

    fn named_mut(&mut self, name: &str) -> &mut Slot {
        self.changes += 1;
        let known = self.all.iter().position(|s| s.name == name);
        let at = known.unwrap_or_else(|| {
            // Most pods have one container.
            self.all.reserve_exact(1);
            self.all.push(Slot { name: name.into(), ..Slot::default() });
            self.all.len() - 1
        });
        &mut self.all[at]
    }
}

/// All that a status is made of, as it was at a time: what is the same needs no second look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Basis {
    rev: Rev,
    slots: u64,
    phase: Phase,
    has_ip: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    Active,
    /// Its containers are being stopped.
    Terminating,
    /// They have ended.
    Terminated,
}

/// What the worker waits for in the middle of a sync.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    Volumes,
    Sandbox(OpId),
    /// An image: by whom it is asked for, and, once it is its turn, the pull itself.
    Pull {
        op: Option<OpId>,
        container: String,
        asked: Time,
    },
    Create {
        op: OpId,
        container: String,
    },
    Start {
        op: OpId,
        container: String,
        id: ContainerId,
    },
    /// Its hook after the start.
    PostStart {
        op: OpId,
        container: String,
        id: ContainerId,
    },
    /// That hook failed, and so it is stopped: why.
    Unhooked {
        op: OpId,
        container: String,
        why: String,
    },
    Cleanup(Option<OpId>),
}

impl Step {
    /// The operation whose end it waits for.
    pub fn op(&self) -> Option<OpId> {
        match self {
            Step::Volumes => None,
            Step::Sandbox(op)
            | Step::Create { op, .. }
            | Step::Start { op, .. }
            | Step::PostStart { op, .. }
            | Step::Unhooked { op, .. } => Some(*op),
            Step::Pull { op, .. } | Step::Cleanup(op) => *op,
        }
    }
}

/// A hook that a container's end waits for.
#[derive(Clone, PartialEq, Debug)]
pub struct PreStop {
    pub op: OpId,
    pub container: String,
    pub id: ContainerId,
    pub began: Time,
    pub grace: Duration,
}

/// The pod as a worker holds it: shared, and read as its type.
pub struct Held(Arc<Object>);

impl Deref for Held {
    type Target = Pod;
    fn deref(&self) -> &Pod {
        static NONE: LazyLock<Pod> = LazyLock::new(Pod::default);
        self.0.get::<Pod>().unwrap_or(&NONE)
    }
}

#[derive(Clone, Debug)]
pub struct Worker {
    pub key: Key,
    pub uid: Uid,
    pub node: NodeRef,
    pub pod: Arc<Object>,
    /// What it was heard to be: its generation, and whether it is to go.
    heard: (Option<i64>, bool),
    pub phase: Phase,
    pub ip: Option<String>,
    pub slots: Slots,
    /// Of what the status was made that the API has.
    pub reported: Option<Basis>,
    pub busy: Option<Step>,
    /// Something happened during a sync: another follows.
    pub pending: bool,
    pub todo: VecDeque<String>,
    /// The last sync did not reach what it should.
    pub failed: bool,
    /// Until the first of the crashed containers may be started again.
    pub crash_wait: Option<Duration>,
    pub stopping: BTreeSet<OpId>,
    /// Its sidecars that stop when all others have: the last one first. And since when the pod has how long to stop.
    pub sidecars: Vec<(String, ContainerId)>,
    pub stop_by: Option<Time>,
    /// Which running containers' ends it will be told.
    pub waits: Vec<(OpId, String, ContainerId)>,
    /// Those of `stopping` after which the container is started again.
    pub replacing: BTreeSet<OpId>,
    /// Hooks that go on before their containers are told to stop.
    pub hooks: Vec<PreStop>,
    /// For the story: what this sync pulled, found and started.
    pub pulled: Vec<(String, Duration)>,
    pub present: Vec<String>,
    pub started: Vec<String>,
    /// Only the newest timer counts.
    pub timer: u64,
    /// Gone from the API: nothing is to be reported any more.
    pub forgotten: bool,
    pub announced_stop: bool,
    /// It was told that the pod cannot be stopped.
    pub told_stuck: bool,
    /// Its volumes, as they were mounted last.
    pub volumes: Sources,
    pub mounting: Mounting,
    /// It has been active for longer than it may be.
    pub overdue: bool,
    /// Why it was evicted, if it was.
    pub evicted: Option<String>,
    /// Why it was never taken in, if it was not.
    pub refused: Option<String>,
    /// Its sandbox has gone with the machine.
    pub sandbox_lost: bool,
    /// It lies as a file on the node.
    pub fixed: Option<Fixed>,
    /// Its probes' clocks tick.
    pub probing: bool,
    /// Its status could not be told; it is tried again.
    untold: bool,
}

impl Worker {
    pub fn new(pod: Arc<Object>, node: NodeRef) -> Worker {
        Worker {
            key: pod.key(),
            uid: Uid::of(pod.uid()),
            node,
            heard: (pod.meta().generation, pod.is_deleting()),
            pod,
            phase: Phase::Active,
            ip: None,
            slots: Slots::default(),
            reported: None,
            busy: None,
            pending: false,
            todo: VecDeque::new(),
            failed: false,
            probing: false,
            untold: false,
            fixed: None,
            volumes: Sources::default(),
            mounting: Mounting::default(),
            overdue: false,
            evicted: None,
            refused: None,
            sandbox_lost: false,
            crash_wait: None,
            stopping: BTreeSet::new(),
            sidecars: vec![],
            stop_by: None,
            waits: vec![],
            replacing: BTreeSet::new(),
            hooks: vec![],
            pulled: vec![],
            present: vec![],
            started: vec![],
            timer: 0,
            forgotten: false,
            announced_stop: false,
            told_stuck: false,
        }
    }

    pub fn pod_ref(&self) -> PodRef {
        PodRef { namespace: self.key.namespace.clone(), name: self.key.name.clone(), uid: self.uid }
    }

    /// A timer of this pod, not of another that takes its name.
    pub fn tag(&self, what: &'static str) -> Tag {
        Tag::about(what, self.key.clone()).of(self.uid)
    }

    pub fn typed(&self) -> Held {
        Held(self.pod.clone())
    }

    pub fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.iter().find(|s| s.name == name)
    }

    pub fn slot_mut(&mut self, name: &str) -> &mut Slot {
        self.slots.named_mut(name)
    }

    /// The API server does not answer: its status is told later. Real Kubernetes: pkg/kubelet/status/status_manager.go, syncPeriod.
    pub fn tell_later(&mut self, ctx: &mut Ctx<'_>) {
        if !std::mem::replace(&mut self.untold, true) {
            ctx.quietly_after(RETELL, self.tag("retell"));
        }
    }

    /// It is tried now.
    pub fn told(&mut self) {
        self.untold = false;
    }

    /// Whether the pod is to be another than kubelet has been told so far, or to go.
    pub fn hears(&mut self) -> bool {
        let now = (self.pod.meta().generation, self.pod.is_deleting());
        std::mem::replace(&mut self.heard, now) != now
    }

    /// Of what its status would be made now.
    pub fn basis(&self) -> Basis {
        Basis { rev: rev_of(&self.pod), slots: self.slots.changes, phase: self.phase, has_ip: self.ip.is_some() }
    }

    pub fn is_ending(&self) -> bool {
        self.pod.is_deleting() || self.forgotten
    }

    /// Which containers should be started now, in order. Real Kubernetes: computePodActions.
    pub fn to_start(&self, pod: &Pod) -> Vec<String> {
        let Some(spec) = &pod.spec else { return vec![] };
        // Who looks into a pod is let in even where the pod itself cannot be brought up.
        let mut out: Vec<String> = roles::ephemeral(spec).map(|c| c.name.clone()).collect();
        out.retain(|name| self.slot(name).is_none_or(|s| s.instances.is_empty()));
        for c in spec.init_containers.iter().flatten() {
            let slot = self.slot(&c.name);
            let seen = slot.and_then(|s| s.instances.last());
            let sidecar = pods::is_sidecar(c);
            match seen {
                Some(i) if i.exit.is_none() && i.started.is_some() => {
                    if sidecar && slot.is_some_and(|s| s.startup_ok) {
                        continue;
                    }
                    return out;
                }
                Some(i) if !sidecar && i.exit.as_ref().is_some_and(|e| e.code == 0) => {
                    if i.seen_exit.is_none() {
                        return out;
                    }
                }
                Some(i) if i.exit.is_some() && i.seen_exit.is_none() => return out,
                Some(i) => {
                    let code = i.exit.as_ref().map_or(0, |e| e.code);
                    if restarts(pod, c, code, Role::Init) {
                        out.push(c.name.clone());
                    }
                    return out;
                }
                None => {
                    out.push(c.name.clone());
                    return out;
                }
            }
        }
        for c in &spec.containers {
            match self.slot(&c.name).and_then(|s| s.instances.last()) {
                None => out.push(c.name.clone()),
                Some(i) => match &i.seen_exit {
                    Some(e) if restarts(pod, c, e.code, Role::Main) || self.is_redefined(&c.name) => {
                        out.push(c.name.clone());
                    }
                    _ => {}
                },
            }
        }
        out
    }

    /// Whether a container has ended, as kubelet has seen, and is not started again.
    pub fn is_done(&self, pod: &Pod, c: &Container, role: Role) -> bool {
        let seen = self.slot(&c.name).and_then(|s| s.instances.last()?.seen_exit.as_ref());
        seen.is_some_and(|e| !restarts(pod, c, e.code, role) && !self.is_redefined(&c.name))
    }

    fn is_redefined(&self, name: &str) -> bool {
        self.slot(name).is_some_and(|s| s.replaced == Some(Replaced::Redefined))
    }

    /// The running containers whose image is another one in the pod by now. Real Kubernetes: containerChanged.
    pub fn redefined(&self, pod: &Pod) -> Vec<(String, ContainerId)> {
        let containers = pod.spec.iter().flat_map(|s| &s.containers);
        containers
            .filter_map(|c| {
                let slot = self.slot(&c.name).filter(|s| s.replaced.is_none())?;
                let i = slot.running().filter(|i| Some(&i.defined) != c.image.as_ref())?;
                Some((c.name.clone(), i.id))
            })
            .collect()
    }

    /// Whether the pod has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.pod.get::<Pod>().is_some_and(pods::is_terminal)
    }
}
