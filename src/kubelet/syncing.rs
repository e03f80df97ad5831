//! One pass over a pod: report, then bring it nearer to what it should be.
//! Real Kubernetes: pkg/kubelet/kubelet.go SyncPod, pkg/kubelet/status/status_manager.go.

use super::decision::KubeletDecision;
use super::fleet::Fleet;
use super::roles::{self, Role};
use super::status;
use super::worker::{Phase, Replaced, Step, Worker};
use crate::api::kinds::Pod;
use crate::api::object::Resource;
use crate::api::ops::RuntimeCall;
use crate::api::{Duration, Outcome, Reason, Uid, pods};
use crate::client::recorder::Note;
use crate::world::{Ctx, latency};

/// After a start the pod is looked at again within this time.
const REINSPECT_MILLIS: (u64, u64) = (10, 60);
/// A failed sync is tried again after this long; where a crashed container has to wait, when it may be started, but
/// after the longer time at the latest. Each up to half as long more, so that not all pods come at once.
/// Real Kubernetes: pkg/kubelet/pod_workers.go completeWork.
const RETRY: Duration = Duration::from_secs(10);
const RESYNC: Duration = Duration::from_secs(60);

impl Fleet {
    pub(super) fn sync(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        if self.nodes.at(&w.node).down {
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
        w.crash_wait = None;
        self.write_status(uid, ctx);
        self.refresh(uid, ctx);
        self.ask_whether_ready(uid, ctx);
        let Some(w) = self.workers.get_mut(uid) else { return };
        if w.has_ended() || w.overdue || status::is_over(w, &w.typed()) {
            w.phase = Phase::Terminating;
            self.terminate(uid, ctx);
        } else if w.ip.is_none() && self.awaits_network(uid, ctx) {
            self.failed(uid);
            self.end_sync(uid, ctx);
        } else if let Some(w) = self.workers.get_mut(uid).filter(|w| w.ip.is_none()) {
            w.busy = Some(Step::Volumes);
            let tag = w.tag("volumes");
            self.tell_of_sandbox(uid, ctx);
            self.arm_deadline(uid, ctx);
            let (least, most) = self.timing.volumes;
            let wait = latency::between(ctx.chance(), least, most);
            ctx.after(wait, tag);
        } else {
            self.start_containers(uid, ctx);
        }
    }

    pub(super) fn volumes_mounted(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        if w.busy.take_if(|s| *s == Step::Volumes).is_none() {
            return;
        }
        if w.is_ending() {
            self.terminate(uid, ctx);
            return;
        }
        if !self.mount(uid, ctx) {
            return;
        }
        let Some(w) = self.workers.get(uid) else { return };
        let (node, pod) = (w.node.clone(), w.pod_ref());
        let host_network = w.typed().spec.as_ref().and_then(|s| s.host_network) == Some(true);
        let ip = host_network.then(|| self.nodes.at(&node).config.ip.clone());
        let op = self.runtime(uid, &node, RuntimeCall::CreateSandbox { pod, host_network, ip }, ctx);
        if let Some(w) = self.workers.get_mut(uid) {
            w.busy = Some(Step::Sandbox(op));
        }
        self.begin_probing(uid, ctx);
    }

    pub(super) fn sandbox_made(&mut self, uid: Uid, outcome: Outcome, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        match outcome {
            Outcome::Sandbox { ip } => {
                w.ip = Some(ip);
                let ending = w.is_ending();
                self.touch(uid, ctx);
                if ending { self.terminate(uid, ctx) } else { self.start_containers(uid, ctx) }
            }
            Outcome::Failed { message } => {
                w.failed = true;
                let message = format!("Failed to create pod sandbox: {message}");
                self.note(uid, None, Note::warning("FailedCreatePodSandBox", &message), ctx);
                self.end_sync(uid, ctx);
            }
            _ => {}
        }
    }

    /// The sync that stopped a container goes on: it is started again before anybody is told that it had ended.
    pub(super) fn resume(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        if w.is_ending() || w.phase != Phase::Active || w.busy.is_some() || self.nodes.at(&w.node).down {
            self.sync(uid, ctx);
        } else {
            self.start_containers(uid, ctx);
        }
    }

    fn start_containers(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        let pod = w.typed();
        w.todo = w.to_start(&pod).into();
        for (name, id) in w.redefined(&pod) {
            let message = format!("Container {name} definition changed, will be restarted");
            self.replace(uid, &name, id, Replaced::Redefined, &message, ctx);
        }
        self.next_container(uid, ctx);
    }

    /// Begins with the next container that is to be started; without one the sync is over.
    pub(super) fn next_container(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
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
            self.failed(uid);
        }
        self.end_sync(uid, ctx);
    }

    /// This sync did not reach what it should; another follows.
    pub(super) fn failed(&mut self, uid: Uid) {
        if let Some(w) = self.workers.get_mut(uid) {
            w.failed = true;
        }
    }

    fn end_sync(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        if !w.started.is_empty() {
            let (least, most) = REINSPECT_MILLIS;
            let wait = latency::between(ctx.chance(), least, most);
            ctx.after(wait, w.tag("reinspect"));
            tell_started(w, ctx);
        }
        if w.failed {
            // What is less than a millisecond is not nothing: the back-off would not be over yet, again and again.
            let least = u64::try_from(w.crash_wait.unwrap_or(RETRY).min(RESYNC).as_millis()).unwrap_or(0).max(1);
            let wait = latency::between(ctx.chance(), least, least * 3 / 2);
            ctx.quietly_after(wait, w.tag("sync").number(w.timer));
        }
        if std::mem::take(&mut w.pending) {
            self.sync(uid, ctx);
        }
    }

    /// Reports the pod's status if it differs from what the API holds.
    pub(super) fn write_status(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some(w) = self.workers.get(uid) else { return };
        if w.reported == Some(w.basis()) {
            return;
        }
        if w.fixed.is_some() {
            return self.write_static_status(uid, ctx);
        }
        let pod = w.typed();
        let node = self.nodes.at(&w.node);
        let fresh = status::generate(w, &pod, &node.config.ip, node.clock(now));
        if pod.status.as_deref() == Some(&fresh) {
            if let Some(w) = self.workers.get_mut(uid) {
                w.reported = Some(w.basis());
            }
            return;
        }
        let (had, has) = (pods::is_ready(&pod), pods::condition(&fresh, "Ready").is_some_and(|c| c.status == "True"));
        let probed = pod.spec.as_ref().is_some_and(|s| s.containers.iter().any(|c| c.readiness_probe.is_some()));
        if probed && had != has && w.phase == Phase::Active {
            ctx.decide(KubeletDecision::Ready { pod: w.key.clone(), node: w.node.to_string(), ready: has });
        }
        let done =
            ctx.api_as::<Pod>(self.nodes.at(&w.node).user.clone()).patch_status(&w.key.namespace, &w.key.name, |p| {
                // A pod of the same name that replaced this one is somebody else's business.
                if Uid::of(p.uid()) == uid {
                    p.status = Some(fresh.into());
                }
            });
        let Some(w) = self.workers.get_mut(uid) else { return };
        match done {
            Ok(o) if o.marks().uid == uid => {
                w.pod = o;
                w.reported = Some(w.basis());
            }
            // It is gone, or somebody else's by now: nothing is left to tell.
            Err(e) if !e.is(Reason::NotFound) => w.tell_later(ctx),
            _ => {}
        }
    }
}

/// The story of what this sync started.
fn tell_started(w: &mut Worker, ctx: &mut Ctx<'_>) {
    let pod = w.typed();
    let looks_in = |name: &String| roles::find(&pod, name).is_some_and(|(_, role)| role == Role::Ephemeral);
    let (looking, containers): (Vec<String>, Vec<String>) =
        std::mem::take(&mut w.started).into_iter().partition(looks_in);
    for container in looking {
        let whose = pod.spec.as_deref().and_then(|s| {
            let e = roles::ephemeral(s).find(|e| e.name == container)?;
            e.target_container_name.clone().filter(|t| !t.is_empty())
        });
        ctx.decide(KubeletDecision::Joined { pod: w.key.clone(), node: w.node.to_string(), container, whose });
    }
    if containers.is_empty() {
        (w.pulled, w.present) = (vec![], vec![]);
        return;
    }
    let mains = pod.spec.iter().flat_map(|s| &s.containers);
    let all = mains.map(|c| w.slot(&c.name)).all(|s| s.is_some_and(|s| s.running().is_some()));
    let first = w.slots.iter().all(|s| s.attempts <= 1);
    let (key, node) = (w.key.clone(), w.node.to_string());
    if !first {
        for container in containers {
            let count = w.slot(&container).map_or(0, |s| s.restarts());
            ctx.decide(KubeletDecision::Restarted { pod: key.clone(), node: node.clone(), container, count });
        }
    } else if all {
        let (mut pulled, mut present) = (std::mem::take(&mut w.pulled), std::mem::take(&mut w.present));
        pulled.dedup();
        present.dedup();
        let ip = w.ip.clone().unwrap_or_default();
        ctx.decide(KubeletDecision::Started { pod: key, node, pulled, present, containers, ip });
    }
}
