//! How containers and pods end: by themselves, because they are deleted, or because the pod is gone from the API.
//! Real Kubernetes: pkg/kubelet/kubelet.go SyncTerminatingPod, SyncTerminatedPod; pod_workers.go.

use std::sync::Arc;

use super::decision::KubeletDecision;
use super::fleet::Fleet;
use super::hooks;
use super::roles;
use super::status;
use super::worker::{Phase, Replaced, Slot, Step, Worker};
use crate::api::kinds::Pod;
use crate::api::ops::{ContainerId, ExitInfo, RuntimeCall};
use crate::api::{Duration, OpId, Reason, Uid, User};
use crate::apiserver::delete::DeleteOptions;
use crate::client::recorder::Note;
use crate::world::{Ctx, latency};

/// Who is evicted because a node has reached a hard limit has a second to go.
const EVICTION_GRACE: i64 = 1;
/// A pod that has ended is looked at again after the next relist; only then it is told to be over. Measured: 1.08 to 1.29 s.
const OVER_MILLIS: (u64, u64) = (1_050, 1_300);

impl Fleet {
    /// A container has ended. Kubelet will see it at the next relist.
    pub(super) fn exited(&mut self, uid: Uid, name: &str, id: ContainerId, info: ExitInfo, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        let code = info.code;
        // Who was not there cannot say how it ended.
        let reason = if self.nodes.at(&w.node).dark { "Unknown" } else { info.reason };
        let info = ExitInfo { reason, ..info };
        if let Some(i) = w.slot_mut(name).instance_mut(id) {
            i.exit = Some(info);
        }
        let node = self.nodes.at(&w.node);
        let seen = !node.down && !node.runtime_off;
        if let Some(fixed) = &w.fixed {
            // That a whole machine is gone is told already.
            ctx.program_ended(fixed.program, seen || node.dark);
        }
        let ending = w.is_ending() || w.phase != Phase::Active;
        if !ending && seen {
            let pod = w.typed();
            let found = roles::find(&pod, name);
            let restarts = found.is_some_and(|(c, role)| status::restarts(&pod, &c, code, role));
            let (pod, node) = (w.key.clone(), w.node.to_string());
            ctx.decide(KubeletDecision::Exited { pod, node, container: name.into(), code, restarts });
        }
        self.touch(uid, ctx);
    }

    /// A container that kubelet wanted to stop has stopped.
    pub(super) fn stopped(&mut self, uid: Uid, op: OpId, ctx: &mut Ctx<'_>) {
        let replaced = self.workers.get_mut(uid).is_some_and(|w| w.replacing.remove(&op));
        if replaced {
            self.see(uid);
            self.resume(uid, ctx);
        } else {
            self.terminate(uid, ctx);
        }
    }

    /// Stops what runs; when nothing runs any more, cleans up.
    pub(super) fn terminate(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        // Whoever waits for an image has not begun.
        w.busy.take_if(|s| matches!(s, Step::Pull { op: None, .. }));
        // What is under way ends first.
        let under_way = w.busy.as_ref().is_some_and(|s| *s != Step::Volumes);
        let node = self.nodes.at(&w.node);
        if matches!(w.busy, Some(Step::PostStart { .. })) && !node.down {
            return self.give_up_post_start(uid, ctx);
        }
        if under_way || node.down {
            return;
        }
        // Nothing stops without the runtime; when it answers again all pods are looked at.
        if node.runtime_off {
            if w.is_ending() && !std::mem::replace(&mut w.told_stuck, true) {
                ctx.decide(KubeletDecision::CannotStop { pod: w.key.clone(), node: w.node.to_string() });
            }
            return;
        }
        if w.phase == Phase::Active {
            w.phase = Phase::Terminating;
        }
        if w.phase == Phase::Terminating && w.stopping.is_empty() && !w.announced_stop {
            w.announced_stop = true;
            self.stop_containers(uid, ctx);
        }
        let Some(w) = self.workers.get_mut(uid) else { return };
        if !w.stopping.is_empty() || self.stop_sidecar(uid, ctx) {
            return;
        }
        let Some(w) = self.workers.get_mut(uid) else { return };
        if !w.is_ending() {
            // It ended by itself and stays in the API.
            let tag = w.tag("ended");
            self.see(uid);
            let (least, most) = OVER_MILLIS;
            let wait = latency::between(ctx.chance(), least, most);
            ctx.after(wait, tag);
            return;
        }
        w.phase = Phase::Terminated;
        let tag = w.tag("cleanup");
        w.busy = Some(Step::Cleanup(None));
        self.see(uid);
        let (least, most) = self.timing.cleanup;
        let wait = latency::between(ctx.chance(), least, most);
        ctx.after(wait, tag);
    }

    /// The worker has looked once more, and there is nothing: the pod is over, and has no sandbox any more. A kubelet that was away
    /// looks again, and says what it could not say before.
    pub(super) fn ended(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid).filter(|w| w.phase != Phase::Active && !w.is_ending()) else {
            return;
        };
        w.phase = Phase::Terminated;
        self.write_status(uid, ctx);
    }

    fn stop_containers(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let node = w.node.clone();
        let seconds = if w.evicted.is_some() {
            EVICTION_GRACE
        } else if w.forgotten {
            0
        } else {
            w.pod.meta().deletion_grace_period_seconds.unwrap_or_else(|| roles::grace_seconds(&w.typed()))
        };
        let grace = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        let running: Vec<(String, ContainerId)> =
            w.slots.iter().filter_map(|s| Some((s.name.clone(), s.running()?.id))).collect();
        if w.is_ending() {
            let (pod, node, running) = (w.key.clone(), node.to_string(), running.len());
            ctx.decide(KubeletDecision::Stopping { pod, node, grace: seconds, running });
        }
        let pod = w.typed();
        // Who has no time at all is not asked whose turn it is.
        let later: Vec<String> = if grace.is_zero() { vec![] } else { roles::sidecars(&pod) };
        let mut sidecars = vec![];
        for (name, id) in running {
            self.note(uid, Some(&name), Note::normal("Killing", &format!("Stopping container {name}")), ctx);
            if later.contains(&name) {
                sidecars.push((name, id));
                continue;
            }
            let op = self.stop_one(uid, &name, id, grace, ctx);
            if let Some(w) = self.workers.get_mut(uid) {
                w.stopping.insert(op);
            }
        }
        sidecars.sort_by_key(|(name, _)| later.iter().position(|l| l == name));
        let until = ctx.now() + grace;
        if let Some(w) = self.workers.get_mut(uid) {
            (w.sidecars, w.stop_by) = (sidecars, Some(until));
        }
    }

    /// Sidecars were there before the others and stay until those have ended, each as long as the ones after it: what is left of the
    /// grace is theirs. `false`: there is none any more.
    /// Real Kubernetes: pkg/kubelet/kuberuntime/kuberuntime_termination_order.go.
    fn stop_sidecar(&mut self, uid: Uid, ctx: &mut Ctx<'_>) -> bool {
        let Some(w) = self.workers.get_mut(uid) else { return false };
        let up = |w: &Worker, name: &str, id| w.slot(name).and_then(Slot::running).is_some_and(|i| i.id == id);
        let (name, id) = loop {
            match w.sidecars.pop() {
                Some((name, id)) if up(w, &name, id) => break (name, id),
                Some(_) => {}
                None => return false,
            }
        };
        let left = w.stop_by.map_or(Duration::ZERO, |by| by.since(ctx.now())).max(hooks::LEAST_GRACE);
        ctx.decide(KubeletDecision::SidecarStops {
            pod: w.key.clone(),
            node: w.node.to_string(),
            container: name.clone(),
        });
        let op = self.stop_one(uid, &name, id, left, ctx);
        if let Some(w) = self.workers.get_mut(uid) {
            w.stopping.insert(op);
        }
        true
    }

    /// Stops a running container that is started again as soon as it has ended.
    pub(super) fn replace(
        &mut self,
        uid: Uid,
        name: &str,
        id: ContainerId,
        why: Replaced,
        message: &str,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(w) = self.workers.get(uid) else { return };
        let pod = w.typed();
        let own = roles::find(&pod, name).and_then(|(c, _)| why.grace(&c));
        let seconds = own.unwrap_or_else(|| roles::grace_seconds(&pod));
        let grace = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        self.note(uid, Some(name), Note::normal("Killing", message), ctx);
        let op = self.stop_one(uid, name, id, grace, ctx);
        if let Some(w) = self.workers.get_mut(uid) {
            let slot = w.slot_mut(name);
            slot.replaced = Some(why);
            slot.probes.clear();
            w.stopping.insert(op);
            w.replacing.insert(op);
        }
    }

    /// The API server is tried again: with the pod's status, or with its removal.
    pub(super) fn retell(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        w.told();
        if w.phase == Phase::Terminated && w.is_ending() && w.busy.is_none() {
            self.forget(uid, ctx);
        } else {
            self.write_status(uid, ctx);
        }
    }

    /// The last status, and the end of the sandbox.
    pub(super) fn cleanup(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
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

    /// Nothing is left of the pod on its node: it is removed from the API, unless it has gone from there already.
    pub(super) fn forget(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        if !w.forgotten && !remove(w, &self.nodes.at(&w.node).user, ctx) {
            // While it cannot be removed it stays.
            return w.tell_later(ctx);
        }
        self.workers.remove(uid);
        self.restarts.forget(uid);
        self.pulls.forget(uid);
    }
}

/// Whether the pod is gone from the API now. Storage that is slow may not take it in time.
fn remove(w: &Worker, user: &Arc<User>, ctx: &mut Ctx<'_>) -> bool {
    if !ctx.can_remove(user) {
        return false;
    }
    // 128 and the number of SIGKILL.
    let killed = |s: &Slot| s.instances.last().and_then(|i| i.exit.as_ref()).is_some_and(|e| e.code == 137);
    let killed = w.announced_stop && w.slots.iter().any(killed);
    ctx.decide(KubeletDecision::Gone { pod: w.key.clone(), node: w.node.to_string(), killed });
    let uid = Some(w.uid.to_string());
    let options = DeleteOptions { grace_seconds: Some(0), uid, ..DeleteOptions::default() };
    let done = ctx.api_as::<Pod>(user.clone()).delete(&w.key.namespace, &w.key.name, options);
    // That it is not there, or another of its name, is as good.
    done.err().is_none_or(|s| s.is(Reason::NotFound) || s.is(Reason::Conflict))
}
