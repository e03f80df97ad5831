//! What each kubelet says of its node: registration, lease, status; and what happens when it is switched off.
//! Real Kubernetes: pkg/kubelet/kubelet_node_status.go, component-helpers/apimachinery/lease.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{NodeCondition, Taint};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::decision::KubeletDecision;
use super::fleet::Fleet;
use super::node::{FIRST_BOOT, allotted};
use super::pressure::Pressure;
use super::pulling::Puller;
use super::static_pods::StaticPod;
use crate::api::kinds::{CSINode, Lease, Node};
use crate::api::network::Range;
use crate::api::object::{Key, Resource};
use crate::api::{Duration, Reason, Time, Uid, User};
use crate::client::Recorder;
use crate::store::Change;
use crate::world::{Ctx, Tag, latency};

/// The lease is renewed every quarter of its 40 s; as often kubelet compares the node's status with its own view.
const LEASE_EVERY: Duration = Duration::from_secs(10);
/// An unchanged node status is written at most this often.
const STATUS_EVERY: Duration = Duration::from_secs(300);
/// A returning kubelet needs this long to look around, and to report its node.
const RESTART: Duration = Duration::from_millis(1500);
const REPORT: Duration = Duration::from_secs(9);
/// How far a wrong clock is behind.
const CLOCK_BEHIND: Duration = Duration::from_secs(600);
/// How often a kubelet that starts tries to reach the API server.
const KNOCK: Duration = Duration::from_secs(2);
/// Until kubelet says that its runtime does not answer, or answers again.
const RUNTIME_LOST: Duration = Duration::from_secs(10);
const RUNTIME_FOUND: Duration = Duration::from_secs(2);

/// What a node is like.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    pub name: String,
    pub ip: String,
    pub cpus: u32,
    pub memory_kib: u64,
    pub max_pods: u32,
    pub labels: BTreeMap<String, String>,
    pub taints: Vec<Taint>,
    /// The pods that lie as files on it.
    pub statics: Vec<StaticPod>,
}

/// What a kubelet knows of its own node.
#[derive(Clone, Debug)]
pub struct NodeState {
    pub config: NodeConfig,
    pub allocatable: BTreeMap<String, Quantity>,
    /// As whom its kubelet asks the API server.
    pub user: Arc<User>,
    pub uid: String,
    pub down: bool,
    /// It has not joined the cluster, or has left it.
    pub spare: bool,
    /// Its machine has no power.
    pub dark: bool,
    /// Which start of the machine this is.
    pub boot_id: String,
    /// Its container runtime does not answer; kubelet takes a while to believe it.
    pub runtime_off: bool,
    pub runtime_down: bool,
    /// What its pods' addresses are taken from, once it has been told, and whether its network plugin works with that.
    pub range: Option<Range>,
    pub network_ready: bool,
    /// The wire to the API server's node is cut; what the API server would have told since.
    pub parted: bool,
    pub missed: Vec<Change>,
    /// It cannot reach the API server.
    pub cut_off: bool,
    /// How far its clock is behind.
    pub behind: Duration,
    /// What it is short of.
    pub pressure: Pressure,
    /// Pulled images, by full name.
    pub images: BTreeMap<String, Image>,
    pub puller: Puller,
    pub recorder: Recorder,
    /// Where in the second this node's relist falls.
    pub phase: u64,
    pub relist_set: bool,
    /// The pods that the next relist looks at.
    pub dirty: BTreeSet<Uid>,
    reported: Time,
    /// Until then kubelet is coming back and reports nothing.
    settled: Time,
    /// How many images the node's status names.
    images_told: usize,
    /// Its node has resources that pods cannot have yet.
    resources_differ: bool,
    /// Whether it is cordoned, as the API has it, and as its kubelet has said.
    pub(super) unschedulable: bool,
    pub(super) told_unschedulable: bool,
    /// Its next round of clearing away dead containers is arranged.
    pub(super) gc_waits: bool,
    /// The conditions that the API has, as type and status: others write them too.
    known: Vec<(String, String)>,
}

/// An image on a node.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// Its repository and digest; known once a container was made of it.
    pub id: String,
    pub bytes: u64,
    /// As whom it runs unless a container says otherwise.
    pub user: u32,
}

impl NodeState {
    pub fn new(config: NodeConfig) -> NodeState {
        NodeState {
            user: User::node(&config.name).into(),
            allocatable: super::node::allocatable(&config),
            uid: String::new(),
            down: false,
            spare: false,
            dark: false,
            boot_id: FIRST_BOOT.into(),
            runtime_off: false,
            runtime_down: false,
            range: None,
            network_ready: false,
            parted: false,
            missed: vec![],
            cut_off: false,
            behind: Duration::ZERO,
            pressure: Pressure::default(),
            images: BTreeMap::new(),
            puller: Puller::default(),
            images_told: 0,
            resources_differ: false,
            settled: Time::default(),
            known: vec![],
            unschedulable: false,
            told_unschedulable: false,
            gc_waits: false,
            recorder: Recorder::new("kubelet", &config.name),
            phase: 0,
            relist_set: false,
            dirty: BTreeSet::new(),
            reported: Time::default(),
            config,
        }
    }
}

impl NodeState {
    /// What its clock says at this moment.
    pub fn clock(&self, now: Time) -> Time {
        now - self.behind
    }

    fn conditions(&self, now: Time) -> Vec<NodeCondition> {
        let mut all = match (self.runtime_down, self.network_ready) {
            (true, _) => super::node::not_ready(super::node::RUNTIME_DOWN, now),
            (false, false) => super::node::not_ready(super::node::NETWORK_NOT_READY, now),
            (false, true) => super::node::conditions(now),
        };
        self.pressure.tell(&mut all, now + self.behind);
        all
    }
}

impl NodeState {
    /// Makes the node's object, and what goes with it.
    pub(super) fn register(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        self.reported = now;
        let name = self.config.name.clone();
        let conditions = self.conditions(self.clock(now));
        self.tell_conditions(&conditions, &[], ctx);
        let object = super::node::object(&self.config, conditions);
        if let Ok(o) = ctx.api_as::<Node>(self.user.clone()).create(object) {
            self.uid = o.uid().into();
        }
        let lease = super::node::lease(&name, &self.uid, now);
        let _ = ctx.api_as::<Lease>(self.user.clone()).create(lease);
        let _ = ctx.api_as::<CSINode>(self.user.clone()).create(super::node::csi(&name, &self.uid));
    }
}

impl Fleet {
    pub(super) fn register_all(&mut self, ctx: &mut Ctx<'_>) {
        let own = self.nodes.iter().filter(|n| !n.spare);
        let names: Vec<String> = own.map(|n| n.config.name.clone()).collect();
        let spread = names.len().max(1) as f64;
        for (i, name) in names.iter().enumerate() {
            let phase = latency::between(ctx.chance(), 0, super::seeing::RELIST_MILLIS - 1).as_millis();
            if let Some(n) = self.nodes.get_mut(name) {
                n.phase = u64::try_from(phase).unwrap_or(0);
                n.enroll(ctx);
            }
            // Spread over the interval, as kubelets that started at different times are.
            let offset = LEASE_EVERY.mul_f64((i as f64 + 1.0) / spread);
            ctx.every(offset, Tag::about("lease", Key::of::<Node>("", name)));
        }
    }

    /// A machine joins the cluster.
    pub(super) fn join(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let boot = ctx.new_uid();
        let Some(n) = self.nodes.get_mut(name).filter(|n| n.spare) else { return };
        (n.spare, n.down, n.dark) = (false, false, false);
        n.relist_set = false;
        n.boot_id = boot;
        n.settled = ctx.now();
        n.enroll(ctx);
        ctx.decide(KubeletDecision::NodeJoined { node: name.into() });
        ctx.every(LEASE_EVERY, Tag::about("lease", Key::of::<Node>("", name)));
    }

    /// A machine leaves the cluster: its kubelet ends, and what it ran.
    pub(super) fn leave(&mut self, name: &str) {
        if let Some(n) = self.nodes.get_mut(name) {
            (n.spare, n.down, n.dark) = (true, true, true);
            (n.range, n.network_ready) = (None, false);
            n.images.clear();
        }
    }

    pub(super) fn renew(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        if self.nodes.get(name).is_none_or(|n| n.spare) {
            return;
        }
        ctx.every(LEASE_EVERY, Tag::about("lease", Key::of::<Node>("", name)));
        self.renew_lease(name, ctx);
        let now = ctx.now();
        if self.nodes.get(name).is_some_and(|n| !n.down && n.told_unschedulable != n.unschedulable)
            && let Some(n) = self.nodes.get_mut(name)
        {
            n.tell_schedulable(ctx);
        }
        let Some(n) = self.nodes.get(name) else { return };
        let fresh = n.conditions(now);
        let same = fresh.iter().all(|f| n.known.iter().any(|(kind, status)| *kind == f.type_ && *status == f.status));
        let news = !same || n.images_told != n.images.len() || n.resources_differ;
        if now.since(n.reported) >= STATUS_EVERY || (news && now >= n.settled) {
            self.report(name, ctx);
        }
    }

    pub(super) fn renew_lease(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let Some(n) = self.nodes.get(name).filter(|n| !n.down) else { return };
        let now = n.clock(ctx.now());
        let done = ctx.api_as::<Lease>(n.user.clone()).patch(super::node::LEASE_NAMESPACE, name, |l| {
            l.spec.get_or_insert_default().renew_time = Some(now.meta_micro());
        });
        let refused = done.as_ref().is_err_and(|e| e.unreachable().is_some());
        let cut_off = done.is_err_and(|e| !e.is(Reason::NotFound));
        if n.cut_off == cut_off {
            return;
        }
        if let Some(n) = self.nodes.get_mut(name) {
            n.cut_off = cut_off;
        }
        let pods = self.workers.on(name).count();
        ctx.decide(KubeletDecision::Connection { node: name.into(), pods, lost: cut_off, refused });
    }

    /// What the API has of a node, as far as kubelet cares.
    pub(super) fn observe_node(&mut self, node: &Node, ctx: &mut Ctx<'_>) {
        let Some(n) = self.nodes.get_mut(node.name()) else { return };
        n.take_range(node, ctx);
        n.uid = node.uid().into();
        let conditions = node.status.iter().flat_map(|s| s.conditions.iter().flatten());
        n.resources_differ = node.status.as_ref().is_some_and(|s| allotted(s) != s.allocatable);
        n.unschedulable = node.spec.as_ref().and_then(|s| s.unschedulable) == Some(true);
        n.known = conditions.map(|c| (c.type_.clone(), c.status.clone())).collect();
    }

    /// Writes the node's status.
    pub(super) fn report(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some(n) = self.nodes.get_mut(name).filter(|n| !n.down) else { return };
        let fresh = n.conditions(n.clock(now));
        let known = n.known.clone();
        n.tell_conditions(&fresh, &known, ctx);
        let images = super::node::images(&n.images);
        let (told, boot) = (n.images.len(), n.boot_id.clone());
        let done = ctx.api_as::<Node>(n.user.clone()).patch_status("", name, |node| {
            let status = node.status.get_or_insert_default();
            super::node::refresh(status, fresh);
            status.allocatable = allotted(status);
            status.images = Some(images);
            if let Some(info) = &mut status.node_info {
                info.boot_id = boot;
            }
        });
        // What could not be said is said at the next look.
        if done.is_ok() {
            n.reported = now;
            n.images_told = told;
        }
    }

    /// Kubelet stops (with its machine or alone), or comes back.
    pub(super) fn power(&mut self, name: &str, off: bool, ctx: &mut Ctx<'_>) {
        let pods = self.workers.on(name).count();
        let Some(n) = self.nodes.get_mut(name) else { return };
        n.down = off;
        if off {
            ctx.decide(KubeletDecision::Down { node: name.into() });
            return;
        }
        n.relist_set = false;
        // Its first report is what the return leads to, not just the next one due.
        n.reported = ctx.now();
        n.settled = ctx.now() + REPORT;
        ctx.decide(KubeletDecision::Up { node: name.into(), pods });
        n.tell_birth(ctx);
        n.tell_enforced(ctx);
        ctx.after(RESTART, Tag::about("return", Key::of::<Node>("", name)));
        ctx.after(REPORT, Tag::about("report", Key::of::<Node>("", name)));
    }

    /// The container runtime under a kubelet stops or comes back.
    pub(super) fn runtime_power(&mut self, name: &str, off: bool, ctx: &mut Ctx<'_>) {
        let Some(n) = self.nodes.get_mut(name) else { return };
        n.runtime_off = off;
        if off {
            self.await_container_gc(name, ctx);
        }
        let wait = if off { RUNTIME_LOST } else { RUNTIME_FOUND };
        ctx.after(wait, Tag::about("runtime", Key::of::<Node>("", name)));
    }

    /// Kubelet believes what its runtime has shown for a while.
    pub(super) fn runtime_judged(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let Some(n) = self.nodes.get_mut(name) else { return };
        n.runtime_down = n.runtime_off;
        let answers = !n.runtime_off;
        self.report(name, ctx);
        if answers {
            self.sync_all(name, ctx);
        }
    }

    /// A node's clock is put back, or right again.
    pub(super) fn set_clock(&mut self, name: &str, wrong: bool, ctx: &mut Ctx<'_>) {
        let Some(n) = self.nodes.get_mut(name) else { return };
        n.behind = if wrong { CLOCK_BEHIND } else { Duration::ZERO };
        ctx.decide(KubeletDecision::Clock { node: name.into(), behind: n.behind });
    }

    /// A kubelet that has come back looks through everything it is responsible for.
    pub(super) fn look_around(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        // Until the API server answers it knows only the pods that lie on its node as files.
        let user = self.nodes.get(name).map(|n| n.user.clone());
        if user.is_some_and(|user| !ctx.answers(&user)) {
            let statics: Vec<Uid> = self.workers.on(name).filter(|w| w.fixed.is_some()).map(|w| w.uid).collect();
            self.sync_these(statics, ctx);
            return ctx.quietly_after(KNOCK, Tag::about("return", Key::of::<Node>("", name)));
        }
        self.register_again(name, ctx);
        self.renew_lease(name, ctx);
        let ending: Vec<Uid> =
            self.workers.on(name).filter(|w| w.is_ending() && w.ip.is_some()).map(|w| w.uid).collect();
        self.sync_all(name, ctx);
        ending.into_iter().for_each(|uid| self.tell_unregistered(uid, ctx));
    }

    fn sync_all(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let all: Vec<Uid> = self.workers.on(name).map(|w| w.uid).collect();
        self.sync_these(all, ctx);
    }

    fn sync_these(&mut self, these: Vec<Uid>, ctx: &mut Ctx<'_>) {
        for uid in these {
            self.see(uid);
            self.sync(uid, ctx);
        }
    }
}
