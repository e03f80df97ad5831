//! All kubelets: sorts events to nodes and pods.
//!
//! What they do stands in the files beside this one, in the order of a pod's life: [`seeing`](super::seeing),
//! [`syncing`](super::syncing), [`starting`](super::starting), [`probing`](super::probing), [`ending`](super::ending);
//! and [`reporting`](super::reporting) for the nodes themselves.

use std::collections::BTreeMap;

use super::eviction::Resource;
use super::nodes::{NodeRef, Nodes};
use super::pod_workers::PodWorkers;
use super::probing::UnderWay;
use super::reporting::NodeConfig;
use super::roles::{self, Role};
use super::service_links::ServiceLinks;
use super::spec::Accounts;
use super::worker::{Step, Worker};
use crate::api::kinds::{ConfigMap, Node, Pod, Secret, Service};
use crate::api::object::Resource as _;
use crate::api::ops::RuntimeCall;
use crate::api::{Duration, Op, OpId, Outcome, Uid, User};
use crate::client::Backoff;
use crate::client::recorder::{Note, reference};
use crate::store::Scope;
use crate::world::{Component, Ctx, Event, Tag};

/// How long a container that ended, or an image that cannot be pulled, waits at first, and at most.
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How fast kubelets are, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Until a new pod's volumes are mounted: least and most.
    pub volumes: (u64, u64),
    /// From the last container's end to the pod's removal from the API.
    pub cleanup: (u64, u64),
}

#[derive(Clone)]
pub struct Fleet {
    pub(super) nodes: Nodes,
    pub(super) workers: PodWorkers,
    /// Whose pod an operation of the runtime is for.
    ops: imbl::OrdMap<OpId, Uid>,
    /// On which node an image is being pulled.
    pub(super) pull_ops: BTreeMap<OpId, NodeRef>,
    pub(super) probes: UnderWay,
    pub(super) restarts: Backoff,
    pub(super) pulls: Backoff,
    pub(super) links: ServiceLinks,
    pub(super) accounts: Accounts,
    pub(super) timing: Timing,
}

impl Fleet {
    /// `spares`: machines that have not joined.
    pub fn new(configs: Vec<NodeConfig>, spares: &[NodeConfig], timing: Timing) -> Fleet {
        let mut fleet = Fleet {
            nodes: Nodes::new(configs.into_iter().chain(spares.iter().cloned()).collect()),
            workers: PodWorkers::default(),
            ops: imbl::OrdMap::new(),
            pull_ops: BTreeMap::new(),
            probes: UnderWay::default(),
            restarts: Backoff::new(FIRST_WAIT, LONGEST_WAIT),
            pulls: Backoff::new(FIRST_WAIT, LONGEST_WAIT),
            links: ServiceLinks::default(),
            accounts: Accounts::default(),
            timing,
        };
        spares.iter().for_each(|s| fleet.leave(&s.name));
        fleet
    }

    /// Asks the runtime for something on behalf of a pod.
    pub(super) fn runtime(&mut self, uid: Uid, node: &NodeRef, call: RuntimeCall, ctx: &mut Ctx<'_>) -> OpId {
        let op = ctx.start(Op::Runtime { node: node.name.clone(), call });
        self.ops.insert(op, uid);
        op
    }

    /// Records an event about a pod, or about one of its containers.
    pub(super) fn note(&mut self, uid: Uid, container: Option<&str>, note: Note<'_>, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let pod = w.typed();
        let path = container.map(|c| {
            let role = roles::find(&pod, c).map_or(Role::Main, |(_, role)| role);
            format!("spec.{}{{{c}}}", role.list())
        });
        self.nodes.at_mut(&w.node).recorder.record(reference::<Pod>(&pod, path), note, ctx);
    }

    fn timer(&mut self, tag: &Tag, ctx: &mut Ctx<'_>) {
        let Some(key) = &tag.key else { return };
        match tag.what {
            "lease" => self.renew(&key.name, ctx),
            "relist" => self.relist(&key.name, ctx),
            "report" => self.report(&key.name, ctx),
            "runtime" => self.runtime_judged(&key.name, ctx),
            "return" => self.look_around(&key.name, ctx),
            "fault kubelet" => self.power(&key.name, tag.n == 1, ctx),
            "fault node" => self.machine(&key.name, tag.n == 1, ctx),
            "join" => self.join(&key.name, ctx),
            "leave" => self.leave(&key.name),
            "booted" => self.booted(&key.name, ctx),
            "fault clock" => self.set_clock(&key.name, tag.n == 1, ctx),
            "fault memory" => self.take(&key.name, Resource::Memory, tag.n == 1, ctx),
            "fault disk" => self.take(&key.name, Resource::Disk, tag.n == 1, ctx),
            "fault network" => self.part(&key.name, tag.n == 1, ctx),
            "reconnect" => self.reconnect(&key.name, ctx),
            "network" => self.network_ready(&key.name, ctx),
            "container gc" => self.container_gc(&key.name, ctx),
            "look" => self.look_for_pressure(&key.name, ctx),
            "fault hang" => self.hang(key, tag.n == 1, ctx),
            "fault program" => self.break_program(key, tag.n == 1, ctx),
            "fault containerd" => self.runtime_power(&key.name, tag.n == 1, ctx),
            _ => self.pod_timer(tag, ctx),
        }
    }

    fn pod_timer(&mut self, tag: &Tag, ctx: &mut Ctx<'_>) {
        let Some(uid) = tag.uid else { return };
        let dark = self.workers.get(uid).is_some_and(|w| self.nodes.at(&w.node).dark);
        let up = self.workers.get(uid).is_some_and(|w| !self.nodes.at(&w.node).down);
        match tag.what {
            "volumes" if !dark => self.volumes_mounted(uid, ctx),
            "sync" if self.workers.get(uid).is_some_and(|w| w.timer == tag.n) => self.sync(uid, ctx),
            "reinspect" => {
                self.sync(uid, ctx);
                // What has ended meanwhile is seen at the next relist.
                self.touch(uid, ctx);
            }
            "reconcile" if up => self.write_status(uid, ctx),
            "retell" if up => self.retell(uid, ctx),
            // A kubelet that is away tells nothing; when it is back it looks at all pods, and may fail to tell again.
            "retell" => self.workers.get_mut(uid).into_iter().for_each(Worker::told),
            "remount" if up => self.remount(uid, ctx),
            "unmounted" if up => self.still_unmounted(uid, ctx),
            "deadline" if up => self.deadline(uid, ctx),
            "ended" if up => self.ended(uid, ctx),
            "cleanup" if !dark => self.cleanup(uid, ctx),
            "probe" => self.probe(uid, tag.n, ctx),
            "unanswered" if up => self.probe_timed_out(uid, tag.n, ctx),
            "kill" if up => self.kill_hung(uid, ctx),
            _ => {}
        }
    }

    fn done(&mut self, op: OpId, outcome: Outcome, ctx: &mut Ctx<'_>) {
        self.go_on(op, outcome, ctx);
        self.pull_ended(op, ctx);
    }

    /// An operation has ended: it belongs to a probe, to a container's end, or to the step that a worker waits for.
    fn go_on(&mut self, op: OpId, outcome: Outcome, ctx: &mut Ctx<'_>) {
        if let Some(p) = self.probes.remove(op) {
            self.probed(&p, &outcome, ctx);
            return;
        }
        let Some(uid) = self.ops.remove(&op) else { return };
        let Some(w) = self.workers.get_mut(uid) else { return };
        let dark = self.nodes.at(&w.node).dark;
        if let Some(at) = w.waits.iter().position(|(wait, ..)| *wait == op) {
            let (_, container, id) = w.waits.swap_remove(at);
            if let Outcome::Exited(info) = outcome {
                self.exited(uid, &container, id, info, ctx);
            }
            return;
        }
        // What was under way on a machine without power comes to nothing.
        if dark {
            return;
        }
        if let Some(at) = w.hooks.iter().position(|h| h.op == op) {
            let hook = w.hooks.swap_remove(at);
            self.pre_stopped(uid, hook, &outcome, ctx);
            return;
        }
        if w.stopping.remove(&op) {
            self.stopped(uid, op, ctx);
            return;
        }
        match w.busy.take_if(|step| step.op() == Some(op)) {
            Some(Step::Sandbox(_)) => self.sandbox_made(uid, outcome, ctx),
            Some(Step::Pull { container, asked, .. }) => {
                self.pulled(uid, &container, ctx.now().since(asked), outcome, ctx);
            }
            Some(Step::Create { container, .. }) => self.created(uid, &container, outcome, ctx),
            Some(Step::Start { container, id, .. }) => self.started(uid, &container, id, outcome, ctx),
            Some(Step::PostStart { container, id, .. }) => self.post_started(uid, &container, id, &outcome, ctx),
            Some(Step::Unhooked { container, why, .. }) => self.unhooked(uid, &container, why, ctx),
            Some(Step::Cleanup(_)) => self.forget(uid, ctx),
            Some(Step::Volumes) | None => {}
        }
    }
}

impl Component for Fleet {
    fn agent(&self) -> &'static str {
        "kubelet"
    }

    fn name(&self) -> &'static str {
        "kubelet"
    }

    fn user(&self) -> User {
        // Each kubelet speaks for its own node; this is nobody.
        User::of("system:kubelets", &[])
    }

    fn watches(&self) -> Vec<Scope> {
        let kinds = [Service::kind_ref(), Node::kind_ref(), Pod::kind_ref(), ConfigMap::kind_ref(), Secret::kind_ref()];
        kinds.map(Scope::all).into()
    }

    fn step(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Started(present) => {
                self.register_all(ctx);
                let with_files = self.nodes.iter().filter(|n| !n.config.statics.is_empty());
                let with_files: Vec<String> = with_files.map(|n| n.config.name.clone()).collect();
                with_files.iter().for_each(|name| self.run_static_pods(name, ctx));
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
