//! When a probe is due, and what its result leads to.
//! Real Kubernetes: pkg/kubelet/prober/worker.go.

use k8s_openapi::api::core::v1::{Container, PodSpec};

use super::decision::KubeletDecision;
use super::fleet::Fleet;
use super::probes::{self, Verdict};
use super::worker::{Replaced, Worker};
use crate::api::ops::{ContainerId, RuntimeCall};
use crate::api::{Duration, Op, Outcome, Uid};
use crate::client::recorder::Note;
use crate::world::Ctx;

/// A probe that is under way.
#[derive(Clone, Debug)]
pub struct Probing {
    uid: Uid,
    container: String,
    kind: &'static str,
    id: ContainerId,
}

/// Which probe a timer is for, as a number: the attempt, the container's place, the kind's.
fn number(attempt: u32, container: usize, kind: usize) -> u64 {
    (u64::from(attempt) << 16)
        | (u64::try_from(container).unwrap_or(0) & 0xfff) << 4
        | (u64::try_from(kind).unwrap_or(0) & 0xf)
}

fn containers(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.containers.iter().chain(spec.init_containers.iter().flatten())
}

impl Fleet {
    pub(super) fn arm_probe(&mut self, uid: Uid, name: &str, kind: &'static str, wait: Duration, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let Some(slot) = w.slot(name) else { return };
        let pod = w.typed();
        let Some(at) = pod.spec.as_ref().and_then(|s| containers(s).position(|c| c.name == name)) else { return };
        let which = probes::KINDS.iter().position(|k| *k == kind).unwrap_or(0);
        let tag = w.tag("probe").number(number(slot.attempts, at, which));
        // A pod on its way to Ready is worth waiting for; probes of one that is are routine.
        let settled = kind == "Liveness" || (kind == "Readiness" && slot.ready);
        if settled { ctx.quietly_after(wait, tag) } else { ctx.after(wait, tag) }
    }

    pub(super) fn probe(&mut self, uid: Uid, n: u64, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let pod = w.typed();
        let at = usize::try_from((n >> 4) & 0xfff).unwrap_or(0);
        let Some(c) = pod.spec.as_ref().and_then(|s| containers(s).nth(at)) else { return };
        let Some(kind) = usize::try_from(n & 0xf).ok().and_then(|k| probes::KINDS.get(k).copied()) else { return };
        let Some(slot) = w.slot(&c.name) else { return };
        // A timer of an earlier run of the container means nothing.
        let Some(id) = slot.running().filter(|_| u64::from(slot.attempts) == n >> 16).map(|i| i.id) else {
            return;
        };
        let Some(p) = probes::of(c, kind) else { return };
        // A probe that has condemned the container is on hold until there is a new one.
        let on_hold = slot.replaced.is_some() && kind != "Readiness";
        if w.is_ending() || on_hold || (kind == "Startup" && slot.startup_ok) {
            return;
        }
        let held_back = kind != "Startup" && !slot.startup_ok;
        if !held_back
            && !self.nodes.at(&w.node).down
            && let Some(probe) = probes::call(c, p)
        {
            let timeout = probes::seconds(p.timeout_seconds, 1);
            let call = RuntimeCall::Probe { id, pod: w.pod_ref(), probe, timeout };
            let op = ctx.start(Op::Runtime { node: w.node.name.clone(), call });
            self.probe_ops.insert(op, Probing { uid, container: c.name.clone(), kind, id });
        }
        self.arm_probe(uid, &c.name, kind, probes::seconds(p.period_seconds, 10), ctx);
    }

    pub(super) fn probed(&mut self, probing: &Probing, outcome: &Outcome, ctx: &mut Ctx<'_>) {
        let Probing { uid, container: name, kind, id } = probing;
        let (uid, id) = (*uid, *id);
        let Some(w) = self.workers.get_mut(uid) else { return };
        let pod = w.typed();
        let Some(p) = Worker::container(&pod, name).and_then(|(c, _)| probes::of(c, kind)) else { return };
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
            self.replace(uid, name, id, Replaced::Unhealthy, &message, ctx);
        }
        if changed {
            self.sync(uid, ctx);
        }
    }
}
