//! When a probe is due, and what its result leads to.
//! Real Kubernetes: pkg/kubelet/prober/worker.go.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, PodSpec};

use super::decision::KubeletDecision;
use super::fleet::Fleet;
use super::probes::{self, Verdict};
use super::roles::{self, Role};
use super::worker::{Phase, Replaced, Slot};
use crate::api::ops::{ContainerId, RuntimeCall};
use crate::api::{Duration, Op, OpId, Outcome, Uid};
use crate::client::recorder::Note;
use crate::world::Ctx;

/// A probe that is under way.
#[derive(Clone, Debug)]
pub struct Probing {
    pub(super) uid: Uid,
    container: String,
    kind: &'static str,
    id: ContainerId,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct UnderWay {
    by_op: BTreeMap<OpId, Probing>,
    /// A container is asked one thing at a time.
    asked: BTreeSet<(ContainerId, &'static str)>,
}

impl UnderWay {
    fn insert(&mut self, op: OpId, p: Probing) {
        self.asked.insert((p.id, p.kind));
        self.by_op.insert(op, p);
    }

    pub(super) fn remove(&mut self, op: OpId) -> Option<Probing> {
        let p = self.by_op.remove(&op)?;
        self.asked.remove(&(p.id, p.kind));
        Some(p)
    }
}

/// Which probe a timer is for, as a number: the container's place, the kind's.
fn number(container: usize, kind: usize) -> u64 {
    u64::try_from(container).unwrap_or(0) << 4 | (u64::try_from(kind).unwrap_or(0) & 0xf)
}

fn containers(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.containers.iter().chain(spec.init_containers.iter().flatten())
}

/// Where a container stands among those of its pod.
fn pod_place(pod: &crate::api::kinds::Pod, name: &str) -> usize {
    pod.spec.as_ref().and_then(|s| containers(s).position(|c| c.name == name)).unwrap_or(0)
}

impl Fleet {
    /// Each probe has a clock of its own that ticks from the moment on when kubelet begins to bring the pod up, whatever becomes of
    /// the container, as long as it may run again.
    pub(super) fn begin_probing(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        if std::mem::replace(&mut w.probing, true) {
            return;
        }
        let pod = w.typed();
        for (at, c) in pod.spec.iter().flat_map(|s| containers(s)).enumerate() {
            for kind in probes::KINDS {
                if let Some(p) = probes::of(c, kind) {
                    self.arm_probe(uid, at, &c.name, kind, probes::seconds(p.period_seconds, 10), ctx);
                }
            }
        }
    }

    fn arm_probe(&mut self, uid: Uid, at: usize, name: &str, kind: &'static str, wait: Duration, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let which = probes::KINDS.iter().position(|k| *k == kind).unwrap_or(0);
        let tag = w.tag("probe").number(number(at, which));
        // A pod on its way to Ready is worth waiting for; probes of one that is, or that waits after a crash, are routine.
        let slot = w.slot(name);
        let on_its_way = w.busy.is_some() || slot.is_some_and(Slot::is_up);
        let settled = match kind {
            "Liveness" => true,
            "Startup" => slot.is_some_and(|s| s.startup_ok),
            _ => slot.is_some_and(|s| s.ready),
        };
        // The control plane's own pods are asked every second for ever: nobody waits for that.
        if settled || !on_its_way || w.fixed.is_some() { ctx.quietly_after(wait, tag) } else { ctx.after(wait, tag) }
    }

    /// The clock of a probe ticks.
    pub(super) fn probe(&mut self, uid: Uid, n: u64, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let pod = w.typed();
        let at = usize::try_from(n >> 4).unwrap_or(usize::MAX);
        let Some(c) = pod.spec.as_ref().and_then(|s| containers(s).nth(at)) else { return };
        let Some(kind) = usize::try_from(n & 0xf).ok().and_then(|k| probes::KINDS.get(k).copied()) else { return };
        let Some(p) = probes::of(c, kind) else { return };
        let init = at >= pod.spec.as_ref().map_or(0, |s| s.containers.len());
        let over = w.has_ended() || w.phase == Phase::Terminated;
        if over
            || w.is_done(&pod, c, if init { Role::Init } else { Role::Main })
            || w.is_ending() && kind != "Readiness"
        {
            return;
        }
        self.ask(uid, c, kind, ctx);
        self.arm_probe(uid, at, &c.name, kind, probes::seconds(p.period_seconds, 10), ctx);
    }

    /// Whoever looks at a pod that is not ready yet does not wait for the clock.
    /// Real Kubernetes: pkg/kubelet/prober/prober_manager.go UpdatePodStatus.
    pub(super) fn ask_whether_ready(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let pod = w.typed();
        for c in pod.spec.iter().flat_map(|s| containers(s)).filter(|c| c.readiness_probe.is_some()) {
            let Some(w) = self.workers.get(uid) else { return };
            if w.slot(&c.name).is_some_and(|s| !s.ready && s.running().is_some_and(|i| i.seen_running)) {
                self.ask(uid, c, "Readiness", ctx);
            }
        }
    }

    /// Probes a container, unless it is too early or of no use.
    fn ask(&mut self, uid: Uid, c: &Container, kind: &'static str, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let (Some(slot), Some(p)) = (w.slot(&c.name), probes::of(c, kind)) else { return };
        let Some((id, since)) = slot.running().and_then(|i| Some((i.id, i.started?))) else { return };
        // A probe that has condemned the container is on hold until there is a new one.
        let on_hold = slot.replaced.is_some() && kind != "Readiness";
        let too_early = ctx.now().since(since).as_secs() < probes::initial_delay(p).as_secs();
        // Until it has started only that is asked, and from then on never again.
        let not_its_turn = slot.startup_ok == (kind == "Startup");
        let under_way = self.probes.asked.contains(&(id, kind));
        if on_hold || too_early || not_its_turn || under_way || self.nodes.at(&w.node).down {
            return;
        }
        if let Some((ok, detail)) = self.health_of(uid, ctx) {
            let probing = Probing { uid, container: c.name.clone(), kind, id };
            return self.probed(&probing, &Outcome::Probed { ok, detail }, ctx);
        }
        let place = pod_place(&w.typed(), &c.name);
        let which = probes::KINDS.iter().position(|k| *k == kind).unwrap_or(0);
        if self.is_unanswered(uid, c, p, id, number(place, which), ctx) {
            return;
        }
        let Some(probe) = probes::call(c, p) else { return };
        let timeout = probes::seconds(p.timeout_seconds, 1);
        let call = RuntimeCall::Probe { id, pod: w.pod_ref(), probe, timeout };
        let op = ctx.start(Op::Runtime { node: w.node.name.clone(), call });
        self.probes.insert(op, Probing { uid, container: c.name.clone(), kind, id });
    }

    /// Nobody has answered a probe in time.
    pub(super) fn probe_timed_out(&mut self, uid: Uid, n: u64, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let pod = w.typed();
        let at = usize::try_from(n >> 4).unwrap_or(usize::MAX);
        let Some(c) = pod.spec.as_ref().and_then(|s| containers(s).nth(at)) else { return };
        let Some(kind) = usize::try_from(n & 0xf).ok().and_then(|k| probes::KINDS.get(k).copied()) else { return };
        let Some(id) = w.slot(&c.name).and_then(|s| s.running()).map(|i| i.id) else { return };
        let Some(probes_http) = probes::of(c, kind).and_then(|p| probes::call(c, p)) else { return };
        let crate::api::ops::ProbeCall::Http { port, path, .. } = probes_http else { return };
        let probing = Probing { uid, container: c.name.clone(), kind, id };
        self.unanswered(&probing, &format!("{port}{path}"), ctx);
    }

    /// What a command in a container that is being stopped came to is not known.
    fn cancelled(&mut self, uid: Uid, name: &str, outcome: &Outcome, ctx: &mut Ctx<'_>) {
        let stopped = self.workers.get(uid).and_then(|w| w.slot(name)).is_none_or(|s| !s.is_up());
        if stopped && !matches!(outcome, Outcome::Probed { ok: true, .. }) {
            let message = "Readiness probe errored and resulted in unknown state: rpc error: code = Canceled desc = context canceled";
            self.note(uid, Some(name), Note::warning("Unhealthy", message), ctx);
        }
    }

    pub(super) fn probed(&mut self, probing: &Probing, outcome: &Outcome, ctx: &mut Ctx<'_>) {
        let Probing { uid, container: name, kind, id } = probing;
        let (uid, id) = (*uid, *id);
        let Some(w) = self.workers.get_mut(uid) else { return };
        let pod = w.typed();
        let Some((c, _)) = roles::find(&pod, name) else { return };
        let Some(p) = probes::of(&c, kind) else { return };
        if w.is_ending() && w.phase != Phase::Active && *kind == "Readiness" && p.exec.is_some() {
            return self.cancelled(uid, name, outcome, ctx);
        }
        let running = w.slot(name).filter(|s| s.running().is_some_and(|i| i.id == id));
        if w.is_ending() || running.is_none_or(|s| s.replaced.is_some() && *kind != "Readiness") {
            return;
        }
        let (ok, detail) = match outcome {
            Outcome::Probed { ok, detail } => (*ok, detail.clone()),
            Outcome::Failed { message } => (false, message.clone()),
            _ => return,
        };
        let (key, node) = (w.key.clone(), w.node.to_string());
        let slot = w.slot_mut(name);
        let verdict = probes::count(slot.probes.entry(kind).or_default(), p, ok);
        let was = (slot.ready, slot.startup_ok);
        match (*kind, verdict) {
            ("Startup", Verdict::Passed) => slot.startup_ok = true,
            ("Readiness", Verdict::Passed) => slot.ready = true,
            ("Readiness", Verdict::Failed) => slot.ready = false,
            _ => {}
        }
        let changed = was != (slot.ready, slot.startup_ok);
        let kills = verdict == Verdict::Failed && *kind != "Readiness";
        if !ok {
            let message = format!("{kind} probe failed: {detail}");
            self.note(uid, Some(name), Note::warning("Unhealthy", &message), ctx);
            if kills || changed {
                let container = name.clone();
                ctx.decide(KubeletDecision::Unhealthy { pod: key, node, container, probe: kind, detail, kills });
            }
        }
        if kills {
            let message = format!("Container {name} failed {} probe, will be restarted", kind.to_lowercase());
            self.replace(uid, name, id, Replaced::Unhealthy(kind), &message, ctx);
        }
        if changed {
            self.sync(uid, ctx);
        }
    }
}
