//! A node runs short of memory or disk: kubelet looks every ten seconds, says so in the node's conditions, and evicts one pod after
//! another until there is enough again. The condition stays for five minutes after that, so that what was evicted does not come back
//! at once. [`eviction`](super::eviction) says which pod, and in which words.
//! Real Kubernetes: pkg/kubelet/eviction/eviction_manager.go, pkg/kubelet/images/image_gc_manager.go.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::NodeCondition;

use super::decision::KubeletDecision;
use super::eviction::{self, Candidate, Observed, Resource, Use, rank, requests};
use super::fleet::Fleet;
use super::reporting::NodeState;
use super::worker::{Phase, Worker};
use crate::api::kinds::Node;
use crate::api::object::Key;
use crate::api::ops::RuntimeCall;
use crate::api::taints::tolerates;
use crate::api::{Duration, Op, Time, Uid, pods};
use crate::client::recorder::Note;
use crate::world::{Ctx, Tag};

/// Until an evicted pod is cleaned up, and kubelet looks again.
const CLEANED_UP: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Until it looks for the first time: half of that.
const FIRST_LOOK: Duration = Duration::from_secs(5);
/// A condition stays so long after it was last seen.
const TRANSITION: Duration = Duration::from_secs(300);
/// Images are cleared away this often, if the disk is fuller than so many percent.
const IMAGE_GC_EVERY: Duration = Duration::from_secs(300);
const IMAGE_GC_ABOVE: u64 = 85;
/// What is left when somebody else on the machine has taken what there was.
const MEMORY_LEFT: u64 = 60 << 20;
const DISK_LEFT_PERCENT: u64 = 8;
/// What a container that writes nothing takes of the disk: its empty layer and its log.
const CONTAINER_DISK: u64 = 24 << 10;
const NODE_DISK: u64 = 264_212_084 << 10;

/// What a kubelet knows of its node's resources.
#[derive(Clone, Debug, Default)]
pub struct Pressure {
    /// What others on the machine have taken of each.
    taken: BTreeMap<Resource, u64>,
    /// When it was last short of each.
    seen: BTreeMap<Resource, Time>,
    looking: bool,
    images_cleared: Option<Time>,
}

impl Pressure {
    /// What the node is short of, or was within the last five minutes.
    fn short_of(&self, now: Time) -> Vec<Resource> {
        self.seen.iter().filter(|(_, at)| now.since(**at) < TRANSITION).map(|(r, _)| *r).collect()
    }

    /// The node's conditions as far as they are about this.
    pub fn tell(&self, all: &mut [NodeCondition], now: Time) {
        for r in self.short_of(now) {
            let (reason, message) = match r {
                Resource::Memory => ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
                Resource::Disk => ("KubeletHasDiskPressure", "kubelet has disk pressure"),
            };
            for c in all.iter_mut().filter(|c| c.type_ == r.condition()) {
                c.status = "True".into();
                c.reason = Some(reason.into());
                c.message = Some(message.into());
            }
        }
    }
}

impl Fleet {
    /// Something else on the machine takes its memory or fills its disk, or gives it back.
    pub(super) fn take(&mut self, name: &str, of: Resource, broken: bool, ctx: &mut Ctx<'_>) {
        let (used, now) = (self.used(name, of, ctx), ctx.now());
        let Some(n) = self.nodes.get_mut(name) else { return };
        if broken {
            let capacity = n.capacity(of);
            let left = if of == Resource::Memory { MEMORY_LEFT } else { capacity / 100 * DISK_LEFT_PERCENT };
            n.pressure.taken.insert(of, capacity.saturating_sub(used + left));
        } else {
            n.pressure.taken.remove(&of);
        }
        n.pressure.images_cleared.get_or_insert(now);
        if !std::mem::replace(&mut n.pressure.looking, true) {
            ctx.after(FIRST_LOOK, Tag::about("look", Key::of::<Node>("", name)));
        }
    }

    /// What the pods of a node use.
    fn used(&self, name: &str, of: Resource, ctx: &Ctx<'_>) -> u64 {
        self.candidates(name, of, ctx).iter().flat_map(|c| &c.containers).map(|u| u.used).sum()
    }

    fn candidates(&self, name: &str, of: Resource, ctx: &Ctx<'_>) -> Vec<Candidate> {
        let stats = ctx.stats();
        let memory: BTreeMap<(Uid, &str), u64> = stats
            .pods
            .iter()
            .flat_map(|p| p.containers.iter().map(|(c, u)| ((p.pod.uid, c.as_str()), u.memory)))
            .collect();
        let active = self.workers.on(name).filter(|w| w.phase == Phase::Active && !w.is_ending() && w.ip.is_some());
        active
            .map(|w| {
                let pod = w.typed();
                let spec = pod.spec.clone().unwrap_or_default();
                let used = |c: &str| match of {
                    Resource::Memory => memory.get(&(w.uid, c)).copied().unwrap_or(0),
                    Resource::Disk => CONTAINER_DISK,
                };
                let asked = requests(&spec, of).into_iter();
                let containers = asked.map(|(c, request)| Use { used: used(&c), container: c, request }).collect();
                let critical = w.fixed.is_some();
                Candidate { uid: w.uid, priority: spec.priority.unwrap_or(0), critical, containers }
            })
            .collect()
    }

    /// Looks at what is left, and does something about it.
    pub(super) fn look_for_pressure(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        if self.nodes.get(name).is_none_or(|n| n.down) {
            return ctx.quietly_after(LOOK_EVERY, Tag::about("look", Key::of::<Node>("", name)));
        }
        let (mut evicted, mut news) = (false, false);
        for of in [Resource::Memory, Resource::Disk] {
            let seen = self.observe_resource(name, of, ctx);
            let Some(n) = self.nodes.get_mut(name) else { return };
            if !seen.is_short(of) {
                continue;
            }
            if n.pressure.seen.insert(of, now).is_none_or(|at| now.since(at) >= TRANSITION) {
                news = true;
                ctx.decide(KubeletDecision::Pressure { node: name.into(), of, left: seen.available });
            }
            n.note(Note::warning("EvictionThresholdMet", &format!("Attempting to reclaim {}", of.name())), ctx);
            let freed = of == Resource::Disk && self.clear_images(name, seen, ctx);
            if !freed && !evicted {
                evicted = self.evict_one(name, of, seen, ctx);
            }
        }
        let Some(n) = self.nodes.get_mut(name) else { return };
        let over = n.pressure.taken.is_empty() && n.pressure.short_of(now).is_empty();
        n.pressure.looking = !over;
        if over {
            n.pressure.seen.clear();
            n.pressure.images_cleared = None;
            ctx.decide(KubeletDecision::Relieved { node: name.into() });
        }
        // The node's status is told every ten seconds, too; here in the same breath.
        if over || news {
            self.report(name, ctx);
        }
        if evicted {
            ctx.after(CLEANED_UP, Tag::about("look", Key::of::<Node>("", name)));
        } else if !over {
            ctx.quietly_after(LOOK_EVERY, Tag::about("look", Key::of::<Node>("", name)));
        }
    }

    fn observe_resource(&self, name: &str, of: Resource, ctx: &Ctx<'_>) -> Observed {
        let used = self.used(name, of, ctx);
        let Some(n) = self.nodes.get(name) else { return Observed { capacity: 0, available: 0 } };
        let capacity = n.capacity(of);
        let taken = n.pressure.taken.get(&of).copied();
        // Without anybody else half of it is free: kubelet has no reason to look closer.
        let available = taken.map_or(capacity / 2, |t| capacity.saturating_sub(used + t));
        Observed { capacity, available }
    }

    /// Deletes the images that no pod uses. Tells whether that was enough. Every five minutes an event says if it was not.
    fn clear_images(&mut self, name: &str, seen: Observed, ctx: &mut Ctx<'_>) -> bool {
        let in_use: Vec<String> = self
            .workers
            .on(name)
            .flat_map(|w| w.slots.iter().flat_map(|s| s.instances.iter().map(|i| i.image.clone())))
            .collect();
        let now = ctx.now();
        let Some(n) = self.nodes.get_mut(name) else { return false };
        let unused: Vec<String> = n.images.keys().filter(|i| !in_use.contains(i)).cloned().collect();
        let freed: u64 = unused.iter().filter_map(|i| n.images.remove(i)).map(|i| i.bytes).sum();
        for image in unused {
            ctx.start(Op::Runtime { node: name.into(), call: RuntimeCall::RemoveImage { image } });
        }
        if let Some(taken) = n.pressure.taken.get_mut(&Resource::Disk) {
            *taken = taken.saturating_sub(freed);
        }
        let percent = 100 - seen.available * 100 / seen.capacity.max(1);
        let due = n.pressure.images_cleared.is_none_or(|at| now.since(at) >= IMAGE_GC_EVERY);
        if due && percent > IMAGE_GC_ABOVE {
            n.pressure.images_cleared = Some(now);
            let size = format!("{:.1} GiB", seen.capacity as f64 / f64::from(1u32 << 30));
            let message = format!(
                "Insufficient free disk space on the node's image filesystem ({percent}% of {size} used). Failed to free sufficient space by deleting unused images (freed {freed} bytes). Investigate disk usage, as it could be used by active images, logs, volumes, or other data."
            );
            n.note(Note::warning("FreeDiskSpaceFailed", &message), ctx);
            n.note(Note::warning("ImageGCFailed", &message), ctx);
        }
        !Observed { available: seen.available + freed, ..seen }.is_short(Resource::Disk)
    }

    /// Evicts the pod that goes first. Tells whether there was one.
    fn evict_one(&mut self, name: &str, of: Resource, seen: Observed, ctx: &mut Ctx<'_>) -> bool {
        let Some(first) = rank(self.candidates(name, of, ctx)).into_iter().next() else { return false };
        let message = eviction::message(of, seen, &first);
        self.note(first.uid, None, Note::warning("Evicted", &message), ctx);
        let Some(w) = self.workers.get_mut(first.uid) else { return false };
        let exceeds = first.containers.iter().any(|c| c.used > c.request);
        let (pod, node, priority) = (w.key.clone(), w.node.to_string(), first.priority);
        ctx.decide(KubeletDecision::Evicted { pod, node, of, exceeds, priority });
        w.evicted = Some(message);
        w.phase = Phase::Terminating;
        self.terminate(first.uid, ctx);
        true
    }

    /// Does not take a pod in, and says why. It has ended before it began.
    pub(super) fn refuse(&mut self, mut w: Worker, why: &str, ctx: &mut Ctx<'_>) {
        let (uid, pod, node) = (w.uid, w.key.clone(), w.node.to_string());
        w.refused = Some(format!("Pod was rejected: {why}"));
        w.phase = Phase::Terminated;
        self.workers.insert(w);
        self.note(uid, None, Note::warning("Evicted", why), ctx);
        ctx.decide(KubeletDecision::Refused { pod, node });
        self.write_status(uid, ctx);
    }

    /// Why a node that is short of something does not take a pod in.
    pub(super) fn refuses(&self, w: &Worker, now: Time) -> Option<String> {
        let short_of = self.nodes.at(&w.node).pressure.short_of(now);
        let pod = w.typed();
        let priority = pod.spec.as_ref().and_then(|s| s.priority).unwrap_or(0);
        if short_of.is_empty() || w.fixed.is_some() || priority >= eviction::CRITICAL {
            return None;
        }
        let taint = k8s_openapi::api::core::v1::Taint {
            key: "node.kubernetes.io/memory-pressure".into(),
            effect: "NoSchedule".into(),
            ..Default::default()
        };
        let tolerations = pod.spec.iter().flat_map(|s| s.tolerations.iter().flatten());
        let bears = pods::qos_class(&pod) != "BestEffort" || tolerations.into_iter().any(|t| tolerates(t, &taint));
        (short_of != [Resource::Memory] || !bears).then(|| eviction::refusal(&short_of))
    }
}

impl NodeState {
    fn capacity(&self, of: Resource) -> u64 {
        match of {
            Resource::Memory => self.config.memory_kib << 10,
            Resource::Disk => NODE_DISK,
        }
    }
}
