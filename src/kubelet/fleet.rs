//! All kubelets: sorts events to nodes and pods, and walks each pod through its syncs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{NodeCondition, Taint};

use super::backoff::Backoff;
use super::decision::KubeletDecision;
use super::probes::{self, Verdict};
use super::spec::container_spec;
use super::status;
use super::worker::{Instance, Phase, Step, Worker};
use crate::api::kinds::{Lease, Node, Pod};
use crate::api::object::{Key, Resource};
use crate::api::ops::{ContainerId, RuntimeCall};
use crate::api::time::go_duration;
use crate::api::{Duration, Object, Op, OpId, Outcome, Time, pods};
use crate::apiserver::delete::DeleteOptions;
use crate::client::Recorder;
use crate::client::recorder::{Note, reference};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::{Component, Ctx, Event, Tag, latency};

/// What a node is like.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    pub name: String,
    pub ip: String,
    pub pod_cidr: String,
    pub cpus: u32,
    pub memory_kib: u64,
    pub max_pods: u32,
    pub labels: BTreeMap<String, String>,
    pub taints: Vec<Taint>,
}

/// How fast kubelets are, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Until a new pod's volumes are mounted: least and most.
    pub volumes: (u64, u64),
    /// From the last container's end to the pod's removal from the API.
    pub cleanup: (u64, u64),
}

/// The lease is renewed every quarter of its 40 s.
const LEASE_EVERY: Duration = Duration::from_secs(10);
/// An unchanged node status is written at most this often.
const STATUS_EVERY: Duration = Duration::from_secs(300);
/// The pod lifecycle event generator looks through the runtime this often.
const RELIST_MILLIS: u64 = 1000;
/// After a start the pod is looked at again within this time.
const REINSPECT_MILLIS: (u64, u64) = (10, 60);
/// A failed sync is tried again after this long, and up to half as long more.
const RETRY_MILLIS: u64 = 10_000;
/// A returning kubelet needs this long to look around, and to report its node.
const RESTART: Duration = Duration::from_millis(1500);
const REPORT: Duration = Duration::from_secs(9);

#[derive(Clone, Debug)]
struct NodeState {
    config: NodeConfig,
    uid: String,
    down: bool,
    runtime_down: bool,
    images: BTreeSet<String>,
    recorder: Recorder,
    /// Where in the second this node's relist falls.
    phase: u64,
    relist_set: bool,
    dirty: BTreeSet<Arc<str>>,
    reported: Time,
}

#[derive(Clone)]
pub struct Fleet {
    nodes: BTreeMap<Arc<str>, NodeState>,
    workers: imbl::OrdMap<Arc<str>, Worker>,
    by_key: imbl::OrdMap<Key, Arc<str>>,
    ops: BTreeMap<OpId, Arc<str>>,
    probe_ops: BTreeMap<OpId, (Arc<str>, String, &'static str, ContainerId)>,
    restarts: Backoff,
    pulls: Backoff,
    timing: Timing,
}

impl Fleet {
    pub fn new(configs: Vec<NodeConfig>, timing: Timing) -> Fleet {
        let nodes = configs
            .into_iter()
            .map(|config| {
                let recorder = Recorder::new("kubelet", &config.name);
                let state = NodeState {
                    uid: String::new(),
                    down: false,
                    runtime_down: false,
                    images: BTreeSet::new(),
                    recorder,
                    phase: 0,
                    relist_set: false,
                    dirty: BTreeSet::new(),
                    reported: Time::default(),
                    config,
                };
                (Arc::from(state.config.name.as_str()), state)
            })
            .collect();
        Fleet {
            nodes,
            workers: imbl::OrdMap::new(),
            by_key: imbl::OrdMap::new(),
            ops: BTreeMap::new(),
            probe_ops: BTreeMap::new(),
            restarts: Backoff::default(),
            pulls: Backoff::default(),
            timing,
        }
    }

    fn user(node: &str) -> String {
        format!("system:node:{node}")
    }

    fn is_down(&self, node: &str) -> bool {
        self.nodes.get(node).is_none_or(|n| n.down)
    }

    // ---- nodes ------------------------------------------------------------------------------

    fn register_all(&mut self, ctx: &mut Ctx<'_>) {
        let names: Vec<Arc<str>> = self.nodes.keys().cloned().collect();
        let spread = u64::try_from(names.len()).unwrap_or(1).max(1);
        for (i, name) in names.into_iter().enumerate() {
            let now = ctx.now();
            let phase = latency::between(ctx.chance(), 0, RELIST_MILLIS - 1).as_millis();
            let Some(n) = self.nodes.get_mut(&name) else { continue };
            n.phase = u64::try_from(phase).unwrap_or(0);
            n.reported = now;
            let object = super::node::object(&n.config, now);
            if let Ok(o) = ctx.api_as::<Node>(Fleet::user(&name)).create(object) {
                n.uid = o.uid().into();
            }
            let lease = super::node::lease(&name, &n.uid, now);
            let _ = ctx.api_as::<Lease>(Fleet::user(&name)).create(lease);
            // Spread over the interval, as kubelets that started at different times are.
            let offset = LEASE_EVERY.mul_f64((i as f64 + 1.0) / spread as f64);
            ctx.every(offset, Tag::about("lease", Key::of::<Node>("", &name)));
        }
    }

    fn renew(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        ctx.every(LEASE_EVERY, Tag::about("lease", Key::of::<Node>("", name)));
        let Some(n) = self.nodes.get_mut(name) else { return };
        if n.down {
            return;
        }
        let now = ctx.now();
        let _ = ctx.api_as::<Lease>(Fleet::user(name)).patch(super::node::LEASE_NAMESPACE, name, |l| {
            l.spec.get_or_insert_default().renew_time = Some(now.meta_micro());
        });
        if now.since(n.reported) >= STATUS_EVERY {
            self.report(name, ctx);
        }
    }

    /// Writes the node's status.
    fn report(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some(n) = self.nodes.get_mut(name).filter(|n| !n.down) else { return };
        n.reported = now;
        let fresh: Vec<NodeCondition> =
            if n.runtime_down { super::node::runtime_down(now) } else { super::node::conditions(now) };
        let _ = ctx.api_as::<Node>(Fleet::user(name)).patch_status("", name, |node| {
            super::node::refresh(node.status.get_or_insert_default(), fresh);
        });
    }

    fn fault(&mut self, what: &str, name: &str, broken: bool, ctx: &mut Ctx<'_>) {
        let pods = self.workers.values().filter(|w| &*w.node == name).count();
        let Some(n) = self.nodes.get_mut(name) else { return };
        match what {
            "containerd" => {
                n.runtime_down = broken;
                // Kubelet notices at its next relist that the runtime does not answer.
                ctx.after(
                    Duration::from_secs(if broken { 10 } else { 2 }),
                    Tag::about("report", Key::of::<Node>("", name)),
                );
            }
            _ => {
                n.down = broken;
                if broken {
                    ctx.decide(KubeletDecision::Down { node: name.into() });
                } else {
                    n.relist_set = false;
                    ctx.decide(KubeletDecision::Up { node: name.into(), pods });
                    ctx.after(RESTART, Tag::about("return", Key::of::<Node>("", name)));
                    ctx.after(REPORT, Tag::about("report", Key::of::<Node>("", name)));
                }
            }
        }
    }

    /// A kubelet that has come back looks through everything it is responsible for.
    fn look_around(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let all: Vec<Arc<str>> = self.workers.values().filter(|w| &*w.node == name).map(|w| w.uid.clone()).collect();
        for uid in all {
            self.see(&uid);
            self.sync(&uid, ctx);
        }
    }

    // ---- seeing -----------------------------------------------------------------------------

    /// Something about the pod's containers changed; kubelet will see it at the next relist.
    fn touch(&mut self, uid: &Arc<str>, ctx: &mut Ctx<'_>) {
        let Some(name) = self.workers.get(uid).map(|w| w.node.clone()) else { return };
        let Some(n) = self.nodes.get_mut(&name) else { return };
        n.dirty.insert(uid.clone());
        if !n.relist_set && !n.down {
            n.relist_set = true;
            let millis = ctx.now().nanos() / 1_000_000 % RELIST_MILLIS;
            let wait = (n.phase + RELIST_MILLIS - millis) % RELIST_MILLIS;
            ctx.after(Duration::from_millis(wait.max(1)), Tag::about("relist", Key::of::<Node>("", &name)));
        }
    }

    fn relist(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let Some(n) = self.nodes.get_mut(name) else { return };
        n.relist_set = false;
        if n.down {
            return;
        }
        let dirty = std::mem::take(&mut n.dirty);
        for uid in dirty {
            if self.see(&uid) {
                self.sync(&uid, ctx);
                self.remove_dead(&uid, ctx);
            }
        }
    }

    /// Of the ended runs of a container only the last one is kept: `logs --previous` can ask for that one.
    fn remove_dead(&mut self, uid: &Arc<str>, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        let node = w.node.clone();
        let mut gone = vec![];
        for s in w.slots.values_mut() {
            let dead = s.instances.iter().filter(|i| i.seen_exit.is_some()).count();
            for i in s.instances.iter_mut().filter(|i| i.seen_exit.is_some() && !i.removed).take(dead.saturating_sub(1))
            {
                i.removed = true;
                gone.push(i.id.clone());
            }
        }
        for id in gone {
            ctx.start(Op::Runtime { node: node.clone(), call: RuntimeCall::RemoveContainer { id } });
        }
    }

    /// Takes the runtime's state of a pod over. Tells whether anything is new.
    fn see(&mut self, uid: &Arc<str>) -> bool {
        let Some(w) = self.workers.get_mut(uid) else { return false };
        for i in w.slots.values_mut().flat_map(|s| s.instances.iter_mut()) {
            i.seen_running |= i.started.is_some();
            if i.seen_exit.is_none() {
                i.seen_exit = i.exit.clone();
            }
        }
        true
    }

    // ---- pods -------------------------------------------------------------------------------

    fn observe(&mut self, c: &Change, ctx: &mut Ctx<'_>) {
        if c.key.kind == Node::kind_ref() {
            if let Some(n) = self.nodes.get_mut(&*c.key.name) {
                n.uid = c.object.uid().into();
            }
            return;
        }
        let Some(pod) = c.object.get::<Pod>() else { return };
        let node = pods::node(pod);
        if node.is_empty() || !self.nodes.contains_key(node) {
            return;
        }
        let uid: Arc<str> = c.object.uid().into();
        if c.kind == ChangeKind::Deleted {
            if let Some(w) = self.workers.get_mut(&uid) {
                w.forgotten = true;
                self.sync(&uid, ctx);
            }
            return;
        }
        let known = match self.workers.get_mut(&uid) {
            Some(w) => {
                let newer = crate::store::rev_of(&c.object) > crate::store::rev_of(&w.pod);
                if !newer {
                    return;
                }
                let spec_changed = w.pod.meta().generation != c.object.meta().generation
                    || w.pod.is_deleting() != c.object.is_deleting();
                w.pod = c.object.clone();
                if !spec_changed {
                    return;
                }
                true
            }
            None => false,
        };
        if !known {
            if pods::is_terminal(pod) {
                return;
            }
            self.workers.insert(uid.clone(), Worker::new(c.object.clone(), node));
            self.by_key.insert(c.key.clone(), uid.clone());
        }
        self.sync(&uid, ctx);
    }

    /// One pass over a pod: report, then bring it nearer to what it should be.
    fn sync(&mut self, uid: &Arc<str>, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        let name = w.node.clone();
        if self.nodes.get(&name).is_none_or(|n| n.down) {
            return;
        }
        if w.is_ending() || w.phase != Phase::Active {
            self.terminate(uid, ctx);
            return;
        }
        if w.busy.is_some() {
            w.pending = true;
            return;
        }
        w.timer += 1;
        w.failed = false;
        self.write_status(uid, ctx);
        let Some(w) = self.workers.get_mut(uid) else { return };
        if w.has_ended() {
            w.phase = Phase::Terminating;
            self.terminate(uid, ctx);
            return;
        }
        if w.ip.is_none() {
            w.busy = Some(Step::Volumes);
            let (least, most) = self.timing.volumes;
            let wait = latency::between(ctx.chance(), least, most);
            let key = self.workers.get(uid).map(|w| w.key.clone());
            ctx.after(wait, Tag { what: "volumes", key, n: 0 });
            return;
        }
        self.start_containers(uid, ctx);
    }

    fn start_containers(&mut self, uid: &Arc<str>, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        let pod = w.typed();
        w.todo = w.to_start(&pod).start.into();
        self.next_container(uid, ctx);
    }

    fn next_container(&mut self, uid: &Arc<str>, ctx: &mut Ctx<'_>) {
        loop {
            let Some(w) = self.workers.get_mut(uid) else { return };
            w.busy = None;
            if w.is_ending() {
                self.terminate(uid, ctx);
                return;
            }
            let Some(name) = w.todo.pop_front() else { break };
            if self.begin_container(uid, &name, ctx) {
                return;
            }
            if let Some(w) = self.workers.get_mut(uid) {
                w.failed = true;
            }
        }
        self.end_sync(uid, ctx);
    }

    fn end_sync(&mut self, uid: &Arc<str>, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        if !w.started.is_empty() {
            let (least, most) = REINSPECT_MILLIS;
            let wait = latency::between(ctx.chance(), least, most);
            ctx.after(wait, Tag::about("reinspect", w.key.clone()));
            let pod = w.typed();
            let containers = std::mem::take(&mut w.started);
            let first = w.slots.values().all(|s| s.attempts <= 1);
            let all = pod.spec.as_ref().is_some_and(|s| {
                s.containers.iter().all(|c| w.slots.get(&c.name).is_some_and(|s| s.running().is_some()))
            });
            let (key, node) = (w.key.clone(), w.node.to_string());
            if first && all {
                let (mut pulled, mut present) = (std::mem::take(&mut w.pulled), std::mem::take(&mut w.present));
                pulled.dedup();
                present.dedup();
                let ip = w.ip.clone().unwrap_or_default();
                ctx.decide(KubeletDecision::Started { pod: key, node, pulled, present, containers, ip });
            } else if !first {
                for c in containers {
                    let count = w.slots.get(&c).map_or(0, |s| s.restarts());
                    ctx.decide(KubeletDecision::Restarted {
                        pod: key.clone(),
                        node: node.clone(),
                        container: c,
                        count,
                    });
                }
            }
        }
        if w.failed {
            let wait = latency::between(ctx.chance(), RETRY_MILLIS, RETRY_MILLIS * 3 / 2);
            let tag = Tag::about("sync", w.key.clone()).number(w.timer);
            ctx.quietly_after(wait, tag);
        }
        if std::mem::take(&mut w.pending) {
            self.sync(uid, ctx);
        }
    }

    /// Starts bringing a container up. `false`: not now.
    fn begin_container(&mut self, uid: &Arc<str>, name: &str, ctx: &mut Ctx<'_>) -> bool {
        let now = ctx.now();
        let Some(w) = self.workers.get_mut(uid) else { return false };
        let pod = w.typed();
        let Some((c, _)) = Worker::container(&pod, name) else { return false };
        let id = format!("{uid}/{name}");
        let (node, key) = (w.node.clone(), w.key.clone());
        let slot = w.slot_mut(name);
        // A container that kubelet itself killed is judged by the exit before that one.
        let exits: Vec<Time> = slot.instances.iter().rev().filter_map(|i| i.seen_exit.as_ref().map(|e| e.at)).collect();
        let since = if slot.killed_by_probe { exits.get(1).copied() } else { exits.first().copied() };
        slot.killed_by_probe = false;
        if let Some(exit) = since {
            if let Some(left) = self.restarts.left_since(&id, exit, now) {
                let message = format!("Back-off restarting failed container {name} in pod {}", status::full_name(&pod));
                let slot = w.slot_mut(name);
                let first = slot.reason.is_none();
                slot.reason = Some((
                    "CrashLoopBackOff".into(),
                    Some(format!(
                        "back-off {} restarting failed container={name} pod={}",
                        go_duration(left),
                        status::full_name(&pod)
                    )),
                ));
                self.event(&node, &pod, Some(name), true, "BackOff", &message, ctx);
                if first {
                    ctx.decide(KubeletDecision::Waits {
                        pod: key,
                        node: node.to_string(),
                        container: name.into(),
                        left,
                    });
                }
                return false;
            }
            self.restarts.next(&id, exit, now);
        } else if !exits.is_empty() {
            self.restarts.next(&id, now, now);
        }
        let image = c.image.clone().unwrap_or_default();
        let full = crate::api::image::ImageRef::parse(&image).map_or_else(|| image.clone(), |i| i.full());
        let present = self.nodes.get(&node).is_some_and(|n| n.images.contains(&full));
        let pull = match c.image_pull_policy.as_deref() {
            Some("Always") => true,
            Some("Never") if !present => {
                self.set_reason(
                    uid,
                    name,
                    "ErrImageNeverPull",
                    Some(format!("Container image {image:?} is not present with pull policy of Never")),
                );
                self.event(
                    &node,
                    &pod,
                    Some(name),
                    true,
                    "ErrImageNeverPull",
                    &format!("Container image {image:?} is not present with pull policy of Never"),
                    ctx,
                );
                self.event(&node, &pod, Some(name), true, "Failed", "Error: ErrImageNeverPull", ctx);
                return false;
            }
            _ => !present,
        };
        if crate::api::image::ImageRef::parse(&image).is_none() {
            let message = format!(
                "Failed to apply default image tag {image:?}: couldn't parse image name {image:?}: invalid reference format"
            );
            self.set_reason(uid, name, "InvalidImageName", Some(message.clone()));
            self.event(&node, &pod, Some(name), true, "InspectFailed", &message, ctx);
            self.event(&node, &pod, Some(name), true, "Failed", "Error: InvalidImageName", ctx);
            return false;
        }
        if !pull {
            self.event(
                &node,
                &pod,
                Some(name),
                false,
                "Pulled",
                &format!("Container image {image:?} already present on machine and can be accessed by the pod"),
                ctx,
            );
            if let Some(w) = self.workers.get_mut(uid) {
                w.present.push(image);
            }
            return self.create_container(uid, name, ctx);
        }
        let pull_id = format!("{uid}/{image}");
        if let Some(left) = self.pulls.left_since_update(&pull_id, now) {
            let message = format!("Back-off pulling image {image:?}");
            self.event(&node, &pod, Some(name), false, "BackOff", &message, ctx);
            self.event(&node, &pod, Some(name), true, "Failed", "Error: ImagePullBackOff", ctx);
            let first =
                self.workers.get(uid).and_then(|w| w.slot(name)?.reason.as_ref().map(|r| r.0.clone())).as_deref()
                    != Some("ImagePullBackOff");
            let why = self
                .workers
                .get(uid)
                .and_then(|w| w.slot(name)?.reason.as_ref().and_then(|r| r.1.clone()))
                .unwrap_or_default();
            let why = if why.starts_with("Back-off") { why } else { format!("{message}: ErrImagePull: {why}") };
            self.set_reason(uid, name, "ImagePullBackOff", Some(why));
            if first {
                ctx.decide(KubeletDecision::PullWaits { pod: key, node: node.to_string(), image, left });
            }
            return false;
        }
        self.event(&node, &pod, Some(name), false, "Pulling", &format!("Pulling image {image:?}"), ctx);
        // A pull policy of Always asks the registry; what is here already is not sent again.
        let op = self.runtime(uid, &node, RuntimeCall::PullImage { image }, ctx);
        if let Some(w) = self.workers.get_mut(uid) {
            w.busy = Some(Step::Pull { op, container: name.into() });
        }
        true
    }

    fn create_container(&mut self, uid: &Arc<str>, name: &str, ctx: &mut Ctx<'_>) -> bool {
        let Some(w) = self.workers.get(uid) else { return false };
        let (pod, node, attempt) = (w.typed(), w.node.clone(), w.slot(name).map_or(0, |s| s.attempts));
        let pod_ref = w.pod_ref();
        let mut with_ip = pod.clone();
        with_ip.status.get_or_insert_default().pod_ip = w.ip.clone();
        let host_ip = self.nodes.get(&node).map(|n| n.config.ip.clone()).unwrap_or_default();
        let Some((c, _)) = Worker::container(&pod, name) else { return false };
        let spec = match container_spec(&with_ip, &c, attempt, &host_ip, ctx) {
            Ok(s) => s,
            Err(e) => {
                self.set_reason(uid, name, "CreateContainerConfigError", Some(e.0.clone()));
                self.event(&node, &pod, Some(name), true, "Failed", &format!("Error: {}", e.0), ctx);
                let key = pod.key();
                ctx.decide(KubeletDecision::CannotStart {
                    pod: key,
                    node: node.to_string(),
                    container: name.into(),
                    reason: e.0,
                });
                return false;
            }
        };
        let op = self.runtime(uid, &node, RuntimeCall::CreateContainer { pod: pod_ref, spec: Arc::new(spec) }, ctx);
        if let Some(w) = self.workers.get_mut(uid) {
            w.busy = Some(Step::Create { op, container: name.into() });
        }
        true
    }

    fn set_reason(&mut self, uid: &Arc<str>, name: &str, reason: &str, message: Option<String>) {
        if let Some(w) = self.workers.get_mut(uid) {
            w.slot_mut(name).reason = Some((reason.into(), message));
        }
    }

    fn runtime(&mut self, uid: &Arc<str>, node: &Arc<str>, call: RuntimeCall, ctx: &mut Ctx<'_>) -> OpId {
        let op = ctx.start(Op::Runtime { node: node.clone(), call });
        self.ops.insert(op, uid.clone());
        op
    }

    #[expect(clippy::too_many_arguments, reason = "an event has that many parts")]
    fn event(
        &mut self,
        node: &str,
        pod: &Pod,
        container: Option<&str>,
        warning: bool,
        reason: &str,
        message: &str,
        ctx: &mut Ctx<'_>,
    ) {
        let path = container.map(|c| {
            let init = pod.spec.iter().flat_map(|s| s.init_containers.iter().flatten()).any(|x| x.name == c);
            if init { format!("spec.initContainers{{{c}}}") } else { format!("spec.containers{{{c}}}") }
        });
        if let Some(n) = self.nodes.get_mut(node) {
            n.recorder.record(reference(pod, path), Note { warning, reason, message }, ctx);
        }
    }

    // ---- operations that ended --------------------------------------------------------------

    fn done(&mut self, op: OpId, outcome: Outcome, ctx: &mut Ctx<'_>) {
        if let Some((uid, container, kind, id)) = self.probe_ops.remove(&op) {
            self.probed(&uid, &container, kind, &id, &outcome, ctx);
            return;
        }
        let Some(uid) = self.ops.remove(&op) else { return };
        let Some(w) = self.workers.get_mut(&uid) else { return };
        if let Some((container, id)) = w.waits.remove(&op) {
            if let Outcome::Exited(info) = outcome {
                self.exited(&uid, &container, &id, info, ctx);
            }
            return;
        }
        if w.stopping.remove(&op) {
            let probe_kill = w.stops.remove(&op);
            if probe_kill.is_some() {
                self.see(&uid);
                self.sync(&uid, ctx);
            } else {
                self.terminate(&uid, ctx);
            }
            return;
        }
        let step = w.busy.clone();
        match (step, outcome) {
            (Some(Step::Sandbox(o)), Outcome::Sandbox { ip }) if o == op => {
                w.ip = Some(ip);
                w.busy = None;
                self.touch(&uid, ctx);
                self.next_after_sandbox(&uid, ctx);
            }
            (Some(Step::Sandbox(o)), Outcome::Failed { message }) if o == op => {
                w.busy = None;
                w.failed = true;
                let (pod, node) = (w.typed(), w.node.clone());
                self.event(
                    &node,
                    &pod,
                    None,
                    true,
                    "FailedCreatePodSandBox",
                    &format!("Failed to create pod sandbox: {message}"),
                    ctx,
                );
                self.end_sync(&uid, ctx);
            }
            (Some(Step::Pull { op: o, container }), outcome) if o == op => self.pulled(&uid, &container, outcome, ctx),
            (Some(Step::Create { op: o, container }), Outcome::Created { id, image_id }) if o == op => {
                self.created(&uid, &container, id, image_id, ctx)
            }
            (Some(Step::Start { op: o, container, id }), Outcome::Started { at }) if o == op => {
                self.started(&uid, &container, &id, at, ctx)
            }
            (Some(Step::Start { op: o, container, id }), Outcome::Failed { message }) if o == op => {
                self.not_started(&uid, &container, &id, &message, ctx)
            }
            (Some(Step::Create { op: o, container }), Outcome::Failed { message }) if o == op => {
                self.set_reason(&uid, &container, "CreateContainerError", Some(message.clone()));
                let (pod, node) = self.workers.get(&uid).map(|w| (w.typed(), w.node.clone())).unwrap_or_default();
                self.event(&node, &pod, Some(&container), true, "Failed", &format!("Error: {message}"), ctx);
                if let Some(w) = self.workers.get_mut(&uid) {
                    w.failed = true;
                }
                self.next_container(&uid, ctx);
            }
            (Some(Step::Cleanup(Some(o))), _) if o == op => self.forget(&uid, ctx),
            _ => {}
        }
    }

    fn next_after_sandbox(&mut self, uid: &Arc<str>, ctx: &mut Ctx<'_>) {
        let ending = self.workers.get(uid).is_none_or(Worker::is_ending);
        if ending {
            self.terminate(uid, ctx);
        } else {
            self.start_containers(uid, ctx);
        }
    }

    fn pulled(&mut self, uid: &Arc<str>, name: &str, outcome: Outcome, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some((pod, node, key)) = self.workers.get(uid).map(|w| (w.typed(), w.node.clone(), w.key.clone())) else {
            return;
        };
        let image = Worker::container(&pod, name).and_then(|(c, _)| c.image).unwrap_or_default();
        match outcome {
            Outcome::Pulled { image: full, size, took, .. } => {
                if let Some(n) = self.nodes.get_mut(&node) {
                    n.images.insert(full);
                }
                let t = go_duration(Duration::from_millis(u64::try_from(took.as_millis()).unwrap_or(0)));
                let message = format!(
                    "Successfully pulled image {image:?} in {t} ({t} including waiting). Image size: {size} bytes."
                );
                self.event(&node, &pod, Some(name), false, "Pulled", &message, ctx);
                if let Some(w) = self.workers.get_mut(uid) {
                    w.pulled.push((image, took));
                    if w.is_ending() {
                        self.next_container(uid, ctx);
                        return;
                    }
                }
                if !self.create_container(uid, name, ctx) {
                    if let Some(w) = self.workers.get_mut(uid) {
                        w.failed = true;
                    }
                    self.next_container(uid, ctx);
                }
            }
            Outcome::Failed { message } => {
                let wait = self.pulls.next(&format!("{uid}/{image}"), now, now);
                self.event(
                    &node,
                    &pod,
                    Some(name),
                    true,
                    "Failed",
                    &format!("Failed to pull image {image:?}: {message}"),
                    ctx,
                );
                self.event(&node, &pod, Some(name), true, "Failed", "Error: ErrImagePull", ctx);
                self.set_reason(uid, name, "ErrImagePull", Some(message));
                ctx.decide(KubeletDecision::PullFailed { pod: key, node: node.to_string(), image, wait });
                if let Some(w) = self.workers.get_mut(uid) {
                    w.failed = true;
                }
                self.next_container(uid, ctx);
            }
            _ => {}
        }
    }

    fn created(&mut self, uid: &Arc<str>, name: &str, id: ContainerId, image_id: String, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        let (pod, node) = (w.typed(), w.node.clone());
        let slot = w.slot_mut(name);
        let instance = Instance {
            id: id.clone(),
            image_id,
            started: None,
            exit: None,
            seen_running: false,
            seen_exit: None,
            removed: false,
        };
        slot.instances.push(instance);
        slot.attempts += 1;
        slot.ready = false;
        slot.startup_ok = false;
        slot.probes.clear();
        // Only the last two runs matter for the status.
        if slot.instances.len() > 2 {
            slot.instances.remove(0);
        }
        self.event(&node, &pod, Some(name), false, "Created", "Container created", ctx);
        let op = self.runtime(uid, &node, RuntimeCall::StartContainer { id: id.clone() }, ctx);
        if let Some(w) = self.workers.get_mut(uid) {
            w.busy = Some(Step::Start { op, container: name.into(), id });
        }
    }

    fn started(&mut self, uid: &Arc<str>, name: &str, id: &ContainerId, at: Time, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        let (pod, node) = (w.typed(), w.node.clone());
        let Some((c, _)) = Worker::container(&pod, name) else { return };
        let slot = w.slot_mut(name);
        slot.reason = None;
        if let Some(i) = slot.instances.last_mut() {
            i.started = Some(at);
            // Kubelet looks again right after a start, and finds it running even if it ends at once.
            i.seen_running = true;
        }
        // Without a probe a running container is taken for started and ready.
        slot.startup_ok = c.startup_probe.is_none();
        slot.ready = c.readiness_probe.is_none();
        w.started.push(name.into());
        self.event(&node, &pod, Some(name), false, "Started", "Container started", ctx);
        let wait = self.runtime(uid, &node, RuntimeCall::WaitContainer { id: id.clone() }, ctx);
        if let Some(w) = self.workers.get_mut(uid) {
            w.waits.insert(wait, (name.into(), id.clone()));
        }
        for kind in probes::KINDS {
            if let Some(p) = probes::of(&c, kind) {
                self.arm_probe(uid, name, kind, probes::initial_delay(p).max(Duration::from_millis(300)), ctx);
            }
        }
        self.next_container(uid, ctx);
    }

    fn not_started(&mut self, uid: &Arc<str>, name: &str, id: &ContainerId, message: &str, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some(w) = self.workers.get_mut(uid) else { return };
        let (pod, node, key) = (w.typed(), w.node.clone(), w.key.clone());
        let slot = w.slot_mut(name);
        slot.reason = Some(("RunContainerError".into(), Some(message.into())));
        if let Some(i) = slot.instances.iter_mut().find(|i| i.id == *id) {
            i.exit = Some(crate::api::ops::ExitInfo {
                code: 128,
                signal: None,
                reason: "StartError",
                message: message.into(),
                at: now,
            });
        }
        w.failed = true;
        self.event(&node, &pod, Some(name), true, "Failed", &format!("Error: {message}"), ctx);
        ctx.decide(KubeletDecision::CannotStart {
            pod: key,
            node: node.to_string(),
            container: name.into(),
            reason: message.into(),
        });
        self.touch(uid, ctx);
        self.next_container(uid, ctx);
    }

    fn exited(
        &mut self,
        uid: &Arc<str>,
        name: &str,
        id: &ContainerId,
        info: crate::api::ops::ExitInfo,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        let pod = w.typed();
        let (key, node, ending) = (w.key.clone(), w.node.to_string(), w.is_ending() || w.phase != Phase::Active);
        let code = info.code;
        let slot = w.slot_mut(name);
        if let Some(i) = slot.instances.iter_mut().find(|i| i.id == *id) {
            i.exit = Some(info);
        }
        let init = Worker::container(&pod, name);
        if !ending && !self.is_down(&node) {
            let restarts = init.is_some_and(|(c, init)| status::restarts(&pod, &c, code, init));
            ctx.decide(KubeletDecision::Exited { pod: key, node, container: name.into(), code, restarts });
        }
        self.touch(uid, ctx);
    }

    // ---- the end of a pod -------------------------------------------------------------------

    fn terminate(&mut self, uid: &Arc<str>, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        if matches!(w.busy, Some(Step::Pull { .. } | Step::Create { .. } | Step::Start { .. } | Step::Sandbox(_))) {
            // What is under way ends first.
            return;
        }
        if matches!(w.busy, Some(Step::Cleanup(_))) {
            return;
        }
        if self.nodes.get(&w.node).is_none_or(|n| n.down) {
            return;
        }
        let grace = if w.forgotten { 0 } else { w.pod.meta().deletion_grace_period_seconds.unwrap_or(30) };
        let (pod, node, key) = (w.typed(), w.node.clone(), w.key.clone());
        if w.phase == Phase::Active {
            w.phase = Phase::Terminating;
        }
        if w.phase == Phase::Terminating && w.stopping.is_empty() && !w.announced_stop {
            w.announced_stop = true;
            let running: Vec<(String, ContainerId)> =
                w.slots.iter().filter_map(|(n, s)| s.running().map(|i| (n.clone(), i.id.clone()))).collect();
            if w.is_ending() {
                ctx.decide(KubeletDecision::Stopping { pod: key, node: node.to_string(), grace });
            }
            for (name, id) in running {
                self.event(&node, &pod, Some(&name), false, "Killing", &format!("Stopping container {name}"), ctx);
                let grace = Duration::from_secs(u64::try_from(grace).unwrap_or(0));
                let op = self.runtime(uid, &node, RuntimeCall::StopContainer { id, grace }, ctx);
                if let Some(w) = self.workers.get_mut(uid) {
                    w.stopping.insert(op);
                }
            }
        }
        let Some(w) = self.workers.get_mut(uid) else { return };
        if !w.stopping.is_empty() {
            return;
        }
        self.see(uid);
        let Some(w) = self.workers.get_mut(uid) else { return };
        w.phase = Phase::Terminated;
        if !w.is_ending() {
            // It ended by itself and stays in the API.
            return;
        }
        w.busy = Some(Step::Cleanup(None));
        let (least, most) = self.timing.cleanup;
        let wait = latency::between(ctx.chance(), least, most);
        ctx.after(wait, Tag::about("cleanup", w.key.clone()).number(1));
    }

    fn cleanup(&mut self, uid: &Arc<str>, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let (node, pod) = (w.node.clone(), w.pod_ref());
        if !w.forgotten {
            self.write_status(uid, ctx);
        }
        let op = self.runtime(uid, &node, RuntimeCall::RemoveSandbox { pod }, ctx);
        if let Some(w) = self.workers.get_mut(uid) {
            w.busy = Some(Step::Cleanup(Some(op)));
        }
    }

    fn forget(&mut self, uid: &Arc<str>, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.remove(uid) else { return };
        if self.by_key.get(&w.key) == Some(uid) {
            self.by_key.remove(&w.key);
        }
        self.restarts.forget(&format!("{uid}/"));
        self.pulls.forget(&format!("{uid}/"));
        if !w.forgotten {
            ctx.decide(KubeletDecision::Gone { pod: w.key.clone(), node: w.node.to_string() });
            let options =
                DeleteOptions { grace_seconds: Some(0), uid: Some(uid.to_string()), ..DeleteOptions::default() };
            let _ = ctx.api_as::<Pod>(Fleet::user(&w.node)).delete(&w.key.namespace, &w.key.name, options);
        }
    }

    /// Reports the pod's status if it differs from what the API holds.
    fn write_status(&mut self, uid: &Arc<str>, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some(w) = self.workers.get_mut(uid) else { return };
        let Some(pod) = w.pod.get::<Pod>() else { return };
        let host_ip = self.nodes.get(&w.node).map(|n| n.config.ip.clone()).unwrap_or_default();
        let fresh = status::generate(w, pod, &host_ip, now);
        if pod.status.as_ref() == Some(&fresh) {
            return;
        }
        let (ns, name) = (w.key.namespace.clone(), w.key.name.clone());
        let user = Fleet::user(&w.node);
        let had = pods::is_ready(pod);
        let has = pods::condition(&fresh, "Ready").is_some_and(|c| c.status == "True");
        let probed = pod.spec.as_ref().is_some_and(|s| s.containers.iter().any(|c| c.readiness_probe.is_some()));
        if probed && had != has && w.phase == Phase::Active {
            ctx.decide(KubeletDecision::Ready { pod: w.key.clone(), node: w.node.to_string(), ready: has });
        }
        let uid_wanted = uid.clone();
        let done = ctx.api_as::<Pod>(user).patch_status(&ns, &name, move |p| {
            if p.uid() == &*uid_wanted {
                p.status = Some(fresh);
            }
        });
        if let (Ok(o), Some(w)) = (done, self.workers.get_mut(uid)) {
            // A pod of the same name that replaced this one is somebody else's business.
            if o.uid() == &**uid {
                w.pod = o;
            }
        }
    }

    // ---- probes -----------------------------------------------------------------------------

    fn arm_probe(&mut self, uid: &Arc<str>, name: &str, kind: &'static str, wait: Duration, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let Some(attempt) = w.slot(name).map(|s| s.attempts) else { return };
        let pod = w.typed();
        let spec = pod.spec.unwrap_or_default();
        let index = spec
            .containers
            .iter()
            .chain(spec.init_containers.iter().flatten())
            .position(|c| c.name == name)
            .unwrap_or(0);
        let which = probes::KINDS.iter().position(|k| *k == kind).unwrap_or(0);
        let n =
            (u64::from(attempt) << 16) | (u64::try_from(index).unwrap_or(0) << 4) | u64::try_from(which).unwrap_or(0);
        let settled = kind == "Liveness" || (kind == "Readiness" && w.slot(name).is_some_and(|s| s.ready));
        let tag = Tag::about("probe", w.key.clone()).number(n);
        // A pod on its way to Ready is worth waiting for; probes of one that is are routine.
        if settled { ctx.quietly_after(wait, tag) } else { ctx.after(wait, tag) }
    }

    fn probe(&mut self, uid: &Arc<str>, n: u64, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let pod = w.typed();
        let spec = pod.spec.clone().unwrap_or_default();
        let index = usize::try_from((n >> 4) & 0xfff).unwrap_or(0);
        let Some(c) = spec.containers.iter().chain(spec.init_containers.iter().flatten()).nth(index) else { return };
        let kind = probes::KINDS[usize::try_from(n & 0xf).unwrap_or(0).min(2)];
        let Some(slot) = w.slot(&c.name) else { return };
        let Some(id) = slot.running().map(|i| i.id.clone()).filter(|_| u64::from(slot.attempts) == n >> 16) else {
            return;
        };
        if w.is_ending() {
            return;
        }
        let Some(p) = probes::of(c, kind) else { return };
        let period = probes::seconds(p.period_seconds, 10);
        let waits_for_startup = kind != "Startup" && !slot.startup_ok;
        let finished = kind == "Startup" && slot.startup_ok;
        if finished {
            return;
        }
        let name = c.name.clone();
        if !waits_for_startup
            && !self.is_down(&w.node.clone())
            && let Some(call) = probes::call(c, p)
        {
            let (node, pod_ref, timeout) = (w.node.clone(), w.pod_ref(), probes::seconds(p.timeout_seconds, 1));
            let op = ctx.start(Op::Runtime {
                node,
                call: RuntimeCall::Probe { id: id.clone(), pod: pod_ref, probe: call, timeout },
            });
            self.probe_ops.insert(op, (uid.clone(), name.clone(), kind, id));
        }
        self.arm_probe(uid, &name, kind, period, ctx);
    }

    fn probed(
        &mut self,
        uid: &Arc<str>,
        name: &str,
        kind: &'static str,
        id: &ContainerId,
        outcome: &Outcome,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        let pod = w.typed();
        let (node, key) = (w.node.clone(), w.key.clone());
        let Some((c, _)) = Worker::container(&pod, name) else { return };
        let Some(p) = probes::of(&c, kind) else { return };
        if w.is_ending() || w.slot(name).and_then(|s| s.running()).is_none_or(|i| i.id != *id) {
            return;
        }
        let (ok, detail) = match outcome {
            Outcome::Probed { ok, detail } => (*ok, detail.clone()),
            Outcome::Failed { message } => (false, message.clone()),
            _ => return,
        };
        let slot = w.slot_mut(name);
        let verdict = probes::count(slot.probes.entry(kind).or_default(), p, ok);
        let was = (slot.ready, slot.startup_ok);
        match (kind, verdict) {
            ("Startup", Verdict::Passed) => slot.startup_ok = true,
            ("Readiness", Verdict::Passed) => slot.ready = true,
            ("Readiness", Verdict::Failed) => slot.ready = false,
            _ => {}
        }
        let changed = was != (slot.ready, slot.startup_ok);
        let kills = verdict == Verdict::Failed && kind != "Readiness" && slot.running().is_some();
        if !ok {
            let message = format!("{kind} probe failed: {detail}");
            self.event(&node, &pod, Some(name), true, "Unhealthy", &message, ctx);
            if kills || changed {
                ctx.decide(KubeletDecision::Unhealthy {
                    pod: key,
                    node: node.to_string(),
                    container: name.into(),
                    probe: kind,
                    detail,
                    kills,
                });
            }
        }
        if kills {
            let grace = pod.spec.as_ref().and_then(|s| s.termination_grace_period_seconds).unwrap_or(30);
            let why = if kind == "Startup" { "startup" } else { "liveness" };
            self.event(
                &node,
                &pod,
                Some(name),
                false,
                "Killing",
                &format!("Container {name} failed {why} probe, will be restarted"),
                ctx,
            );
            let grace = Duration::from_secs(u64::try_from(grace).unwrap_or(30));
            let op = self.runtime(uid, &node, RuntimeCall::StopContainer { id: id.clone(), grace }, ctx);
            if let Some(w) = self.workers.get_mut(uid) {
                w.slot_mut(name).killed_by_probe = true;
                w.slot_mut(name).probes.clear();
                w.stopping.insert(op);
                w.stops.insert(op, name.into());
            }
        }
        if changed {
            self.sync(uid, ctx);
        }
    }

    fn uid_of(&self, key: Option<&Key>) -> Option<Arc<str>> {
        self.by_key.get(key?).cloned()
    }

    fn timer(&mut self, tag: &Tag, ctx: &mut Ctx<'_>) {
        let place = tag.key.as_ref().map(|k| k.name.clone());
        match (tag.what, place) {
            ("lease", Some(n)) => self.renew(&n, ctx),
            ("relist", Some(n)) => self.relist(&n, ctx),
            ("report", Some(n)) => self.report(&n, ctx),
            ("return", Some(n)) => self.look_around(&n, ctx),
            ("fault kubelet" | "fault node", Some(n)) => self.fault("kubelet", &n, tag.n == 1, ctx),
            ("fault containerd", Some(n)) => self.fault("containerd", &n, tag.n == 1, ctx),
            _ => {}
        }
        let Some(uid) = self.uid_of(tag.key.as_ref()) else { return };
        match tag.what {
            "volumes" => {
                let Some(w) = self.workers.get_mut(&uid).filter(|w| w.busy == Some(Step::Volumes)) else { return };
                w.busy = None;
                if w.is_ending() {
                    self.terminate(&uid, ctx);
                    return;
                }
                let (node, pod) = (w.node.clone(), w.pod_ref());
                let host = w.typed().spec.and_then(|s| s.host_network) == Some(true);
                let ip = host.then(|| self.nodes.get(&node).map(|n| n.config.ip.clone())).flatten();
                let op = self.runtime(&uid, &node, RuntimeCall::CreateSandbox { pod, host_network: host, ip }, ctx);
                if let Some(w) = self.workers.get_mut(&uid) {
                    w.busy = Some(Step::Sandbox(op));
                }
            }
            "sync" if self.workers.get(&uid).is_some_and(|w| w.timer == tag.n) => {
                self.sync(&uid, ctx);
            }
            "reinspect" => {
                self.sync(&uid, ctx);
                // What has ended meanwhile is seen at the next relist.
                self.touch(&uid, ctx);
            }
            "cleanup" => self.cleanup(&uid, ctx),
            "probe" => self.probe(&uid, tag.n, ctx),
            _ => {}
        }
    }

    /// The running container that `kubectl logs` and `exec` mean, for the kubelet's own API.
    pub fn container_id(&self, pod: &Object, container: &str) -> Option<ContainerId> {
        let uid: Arc<str> = pod.uid().into();
        self.workers.get(&uid)?.slot(container)?.running().map(|i| i.id.clone())
    }
}

impl Component for Fleet {
    fn name(&self) -> &'static str {
        "kubelet"
    }

    fn user(&self) -> String {
        "system:nodes".into()
    }

    fn watches(&self) -> Vec<Scope> {
        vec![Scope::all(Node::kind_ref()), Scope::all(Pod::kind_ref())]
    }

    fn step(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Started(present) => {
                self.register_all(ctx);
                for c in present {
                    self.observe(&c, ctx);
                }
            }
            Event::Watch(c) => self.observe(&c, ctx),
            Event::Timer(tag) => self.timer(&tag, ctx),
            Event::Done(op, outcome) => self.done(op, outcome, ctx),
            Event::Work => {}
        }
    }

    fn clone_box(&self) -> Box<dyn Component> {
        Box::new(self.clone())
    }
}
