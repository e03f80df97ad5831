//! What becomes of a node whose machine is switched off, and of its pods when it is back.
//!
//! Whatever ran has ended, though nobody saw it end, and so have the sandboxes, whose network namespaces lived in the machine's memory.
//! Kubelet finds the pods' containers dead, makes each pod a new sandbox, and with it a new address.
//! Real Kubernetes: kuberuntime_manager.go computePodActions and SyncPod (SandboxChanged), kubelet_node_status.go (Rebooted).

use super::decision::KubeletDecision;
use super::fleet::Fleet;
use super::worker::Phase;
use crate::api::kinds::Node;
use crate::api::object::Key;
use crate::api::ops::RuntimeCall;
use crate::api::{Duration, Op, Uid};
use crate::client::recorder::Note;
use crate::world::{Ctx, Tag};

/// Until the machine runs, its container runtime answers and kubelet starts.
const BOOT: Duration = Duration::from_secs(20);

impl Fleet {
    /// A machine loses its power, or gets it back.
    pub(super) fn machine(&mut self, name: &str, off: bool, ctx: &mut Ctx<'_>) {
        let pods = self.workers.on(name).count();
        let Some(n) = self.nodes.get_mut(name) else { return };
        if off {
            n.down = true;
            n.dark = true;
            return ctx.decide(KubeletDecision::PowerOff { node: name.into(), pods });
        }
        ctx.decide(KubeletDecision::PowerOn { node: name.into(), pods });
        ctx.after(BOOT, Tag::about("booted", Key::of::<Node>("", name)));
    }

    /// The machine runs again, and kubelet begins with what it finds.
    pub(super) fn booted(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let boot = ctx.new_uid();
        let Some(n) = self.nodes.get_mut(name).filter(|n| n.dark && !n.spare) else { return };
        n.dark = false;
        n.dirty.clear();
        n.puller.clear();
        n.boot_id.clone_from(&boot);
        let message = format!("Node {name} has been rebooted, boot id: {boot}");
        let all: Vec<Uid> = self.workers.on(name).map(|w| w.uid).collect();
        for uid in all {
            self.lose_sandbox(uid, ctx);
        }
        self.power(name, false, ctx);
        if let Some(n) = self.nodes.get_mut(name) {
            n.note(Note::warning("Rebooted", &message), ctx);
        }
    }

    /// What kubelet knew of the pod's containers is what it finds of them now: they have ended.
    fn lose_sandbox(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        self.restarts.forget(uid);
        self.pulls.forget(uid);
        self.see(uid);
        let Some(w) = self.workers.get_mut(uid) else { return };
        w.busy = None;
        w.todo.clear();
        w.stopping.clear();
        w.sidecars.clear();
        w.replacing.clear();
        w.hooks.clear();
        w.pending = false;
        // A pod that was being stopped is stopped: what is left is to clean up.
        w.announced_stop &= w.phase == Phase::Active;
        let (node, pod) = (w.node.name.clone(), w.pod_ref());
        if w.phase == Phase::Active && w.ip.take().is_some() {
            w.sandbox_lost = true;
            ctx.start(Op::Runtime { node, call: RuntimeCall::RemoveSandbox { pod } });
        }
    }

    /// Says that a pod gets another sandbox, once it is about to.
    pub(super) fn tell_of_sandbox(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let lost = self.workers.get_mut(uid).is_some_and(|w| std::mem::take(&mut w.sandbox_lost));
        if lost {
            let message = "Pod sandbox changed, it will be killed and re-created.";
            self.note(uid, None, Note::normal("SandboxChanged", message), ctx);
        }
    }
}
