//! A program that hangs: it is there, but does nothing. It answers no HTTP probe, and SIGTERM waits with everything else until
//! kubelet's grace is over and SIGKILL ends it.
//!
//! A connection to it still comes about, as the kernel makes those, so a TCP probe finds nothing wrong; and a command in the
//! container is a process of its own.

use k8s_openapi::api::core::v1::{Container, Probe};

use super::decision::KubeletDecision;
use super::fleet::Fleet;
use super::nodes::NodeRef;
use super::probes;
use super::probing::Probing;
use crate::api::ops::{ContainerId, RuntimeCall};
use crate::api::{Duration, Key, Op, OpId, Outcome, Uid};
use crate::world::Ctx;

impl Fleet {
    /// The running containers of a pod hang from now on, or go on.
    pub(super) fn hang(&mut self, pod: &Key, hung: bool, ctx: &mut Ctx<'_>) {
        let Some(uid) = self.workers.all().find(|w| w.key == *pod).map(|w| w.uid) else { return };
        let Some(w) = self.workers.get_mut(uid) else { return };
        for i in w.slots.iter_mut().flat_map(|s| s.instances.iter_mut()).filter(|i| i.exit.is_none()) {
            i.hung = hung;
        }
        ctx.decide(KubeletDecision::Hangs { pod: pod.clone(), node: w.node.to_string(), hung });
    }

    /// Asks the runtime to stop a container. Of one that hangs only its end can be waited for, until it is killed.
    pub(super) fn stop_now(
        &mut self,
        uid: Uid,
        node: &NodeRef,
        id: ContainerId,
        grace: Duration,
        ctx: &mut Ctx<'_>,
    ) -> OpId {
        let hung = self
            .workers
            .get(uid)
            .is_some_and(|w| w.slots.iter().any(|s| s.instances.iter().any(|i| i.id == id && i.hung)));
        if !hung {
            return self.runtime(uid, node, RuntimeCall::StopContainer { id, grace }, ctx);
        }
        if let Some(w) = self.workers.get(uid) {
            ctx.after(grace, w.tag("kill"));
        }
        self.runtime(uid, node, RuntimeCall::WaitContainer { id }, ctx)
    }

    /// The grace of what hangs is over.
    pub(super) fn kill_hung(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let ids: Vec<ContainerId> =
            w.slots.iter().flat_map(|s| &s.instances).filter(|i| i.hung && i.exit.is_none()).map(|i| i.id).collect();
        for id in ids {
            let call = RuntimeCall::StopContainer { id, grace: Duration::ZERO };
            ctx.start(Op::Runtime { node: w.node.name.clone(), call });
        }
    }

    /// Whether nobody will answer a probe; then that is found when its time is up.
    pub(super) fn is_unanswered(
        &self,
        uid: Uid,
        c: &Container,
        p: &Probe,
        id: ContainerId,
        n: u64,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        let Some(w) = self.workers.get(uid) else { return false };
        let hung = w.slot(&c.name).is_some_and(|s| s.instances.iter().any(|i| i.id == id && i.hung));
        if !hung || p.http_get.is_none() {
            return false;
        }
        ctx.quietly_after(probes::seconds(p.timeout_seconds, 1), w.tag("unanswered").number(n));
        true
    }

    /// The time of a probe is up.
    pub(super) fn unanswered(&mut self, probing: &Probing, path: &str, ctx: &mut Ctx<'_>) {
        let ip = self.workers.get(probing.uid).and_then(|w| w.ip.clone()).unwrap_or_default();
        let detail = format!(
            "Get \"http://{ip}:{path}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        );
        self.probed(probing, &Outcome::Probed { ok: false, detail }, ctx);
    }
}
