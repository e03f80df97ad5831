//! What a container's definition wants done right after its start and before its end, and how much of the grace that takes.
//! Real Kubernetes: pkg/kubelet/lifecycle/handlers.go, kuberuntime_container.go startContainer, killContainer, executePreStopHook.

use k8s_openapi::api::core::v1::{Container, LifecycleHandler};

use super::decision::KubeletDecision;
use super::fleet::Fleet;
use super::probes;
use super::roles;
use super::status;
use super::worker::{PreStop, Step};
use crate::api::ops::{ContainerId, HookCall, RuntimeCall};
use crate::api::{Duration, OpId, Outcome, Uid};
use crate::client::recorder::Note;
use crate::world::Ctx;

/// Whatever its hooks have used up, a program has so long to stop.
pub(super) const LEAST_GRACE: Duration = Duration::from_secs(2);

fn call(c: &Container, h: &LifecycleHandler) -> Option<HookCall> {
    if let Some(x) = &h.exec {
        return Some(HookCall::Exec { command: x.command.clone().unwrap_or_default() });
    }
    if let Some(x) = &h.http_get {
        let path = x.path.clone().filter(|p| !p.is_empty()).unwrap_or_else(|| "/".into());
        return Some(HookCall::Http { port: probes::port(c, &x.port)?, path });
    }
    let seconds = h.sleep.as_ref()?.seconds;
    Some(HookCall::Sleep { seconds: u64::try_from(seconds).unwrap_or(0) })
}

/// What kubelet says of a hook that failed.
fn failure(c: &Container, h: &LifecycleHandler, pod: &str, why: &str) -> String {
    let name = &c.name;
    let of = format!("for Container {name:?} in Pod {pod:?} failed - error: {why}");
    match (&h.exec, &h.http_get) {
        (Some(x), _) => {
            format!("Exec lifecycle hook ([{}]) {of}", x.command.as_deref().unwrap_or_default().join(" "))
        }
        (None, Some(x)) => format!("HTTP lifecycle hook ({}) {of}", x.path.as_deref().unwrap_or("/")),
        (None, None) => format!("Sleep lifecycle hook {of}"),
    }
}

fn failed(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Probed { ok: false, detail } => Some(detail),
        Outcome::Failed { message } => Some(message),
        _ => None,
    }
}

impl Fleet {
    /// Runs the hook that follows a container's start: the sync goes on when it is done. `false`: there is none.
    pub(super) fn begin_post_start(&mut self, uid: Uid, name: &str, id: ContainerId, ctx: &mut Ctx<'_>) -> bool {
        let Some(w) = self.workers.get(uid) else { return false };
        let (pod, node) = (w.typed(), w.node.clone());
        let Some((c, _)) = roles::find(&pod, name) else { return false };
        let Some(h) = c.lifecycle.as_ref().and_then(|l| l.post_start.as_ref()) else { return false };
        let Some(hook) = call(&c, h) else { return false };
        let op = self.runtime(uid, &node, RuntimeCall::Hook { id, pod: w.pod_ref(), hook, timeout: None }, ctx);
        if let Some(w) = self.workers.get_mut(uid) {
            w.busy = Some(Step::PostStart { op, container: name.into(), id });
        }
        true
    }

    pub(super) fn post_started(&mut self, uid: Uid, name: &str, id: ContainerId, outcome: &Outcome, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let Some(why) = failed(outcome) else { return self.next_container(uid, ctx) };
        let pod = w.typed();
        let Some((c, _)) = roles::find(&pod, name) else { return };
        let Some(h) = c.lifecycle.as_ref().and_then(|l| l.post_start.as_ref()) else { return };
        let why = failure(&c, h, &status::full_name(&pod), why);
        self.tell_unhooked(uid, name, ctx);
        let Some(w) = self.workers.get(uid) else { return };
        let grace = Duration::from_secs(u64::try_from(roles::grace_seconds(&pod)).unwrap_or(0));
        let (key, node) = (w.key.clone(), w.node.to_string());
        ctx.decide(KubeletDecision::HookFailed { pod: key, node, container: name.into(), before_end: false });
        let op = self.stop_one(uid, name, id, grace, ctx);
        if let Some(w) = self.workers.get_mut(uid) {
            w.busy = Some(Step::Unhooked { op, container: name.into(), why });
        }
    }

    fn tell_unhooked(&mut self, uid: Uid, name: &str, ctx: &mut Ctx<'_>) {
        self.note(uid, Some(name), Note::warning("FailedPostStartHook", "PostStartHook failed"), ctx);
        self.note(uid, Some(name), Note::normal("Killing", "FailedPostStartHook"), ctx);
    }

    /// The container has stopped because its hook failed. Like any other that has ended, it is seen at the next relist.
    pub(super) fn unhooked(&mut self, uid: Uid, name: &str, why: String, ctx: &mut Ctx<'_>) {
        self.set_reason(uid, name, "PostStartHookError", why);
        self.failed(uid);
        self.touch(uid, ctx);
        self.next_container(uid, ctx);
    }

    /// The pod is to go: whatever a hook still does, nobody waits for it.
    pub(super) fn give_up_post_start(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        if let Some(Step::PostStart { container, .. }) = w.busy.take() {
            self.tell_unhooked(uid, &container, ctx);
        }
        self.terminate(uid, ctx);
    }

    /// Stops a container: first its hook, which uses up grace, then SIGTERM, then SIGKILL. The answer is the operation whose
    /// end is the container's; [`pre_stopped`](Fleet::pre_stopped) puts another in its place.
    pub(super) fn stop_one(
        &mut self,
        uid: Uid,
        name: &str,
        id: ContainerId,
        grace: Duration,
        ctx: &mut Ctx<'_>,
    ) -> OpId {
        let least = if grace.is_zero() { grace } else { grace.max(LEAST_GRACE) };
        let Some(w) = self.workers.get(uid) else { return OpId::default() };
        let (pod, node) = (w.typed(), w.node.clone());
        let found = roles::find(&pod, name);
        let hook = found.as_ref().and_then(|(c, _)| call(c, c.lifecycle.as_ref()?.pre_stop.as_ref()?));
        let Some(hook) = hook.filter(|_| !grace.is_zero()) else { return self.stop_now(uid, &node, id, least, ctx) };
        let call = RuntimeCall::Hook { id, pod: w.pod_ref(), hook, timeout: Some(grace) };
        let op = self.runtime(uid, &node, call, ctx);
        let began = ctx.now();
        if let Some(w) = self.workers.get_mut(uid) {
            w.hooks.push(PreStop { op, container: name.into(), id, began, grace });
        }
        op
    }

    /// A hook before the end is done, or has used up all the grace: now the container is told to stop.
    pub(super) fn pre_stopped(&mut self, uid: Uid, hook: PreStop, outcome: &Outcome, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let (key, node) = (w.key.clone(), w.node.clone());
        if failed(outcome).is_some() {
            self.note(uid, Some(&hook.container), Note::warning("FailedPreStopHook", "PreStopHook failed"), ctx);
            let (node, container) = (node.to_string(), hook.container.clone());
            ctx.decide(KubeletDecision::HookFailed { pod: key, node, container, before_end: true });
        }
        let took = Duration::from_secs(ctx.now().since(hook.began).as_secs());
        let left = hook.grace.saturating_sub(took).max(LEAST_GRACE);
        let op = self.stop_now(uid, &node, hook.id, left, ctx);
        let Some(w) = self.workers.get_mut(uid) else { return };
        for waiting in [&mut w.stopping, &mut w.replacing] {
            if waiting.remove(&hook.op) {
                waiting.insert(op);
            }
        }
        if let Some(Step::Unhooked { op: waited, .. }) = w.busy.as_mut().filter(|s| s.op() == Some(hook.op)) {
            *waited = op;
        }
    }
}
