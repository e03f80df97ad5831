//! What a kubelet notices: pods from the API server at once, ended containers at its next relist.
//! Real Kubernetes: pkg/kubelet/kubelet.go syncLoopIteration, pkg/kubelet/pleg/generic.go,
//! pkg/kubelet/status/status_manager.go.

use super::fleet::Fleet;
use super::worker::{Instance, Worker};
use crate::api::kinds::{Node, Pod};
use crate::api::object::{Key, Resource};
use crate::api::ops::RuntimeCall;
use crate::api::{Duration, Op, Uid, pods};
use crate::store::{Change, ChangeKind, rev_of};
use crate::world::{Ctx, Tag, latency};

/// The pod lifecycle event generator looks through the runtime this often.
pub const RELIST_MILLIS: u64 = 1000;
/// What others wrote into the status of its pods kubelet puts right this often. Real Kubernetes: the status manager.
const RECONCILE_MILLIS: u64 = 10_000;

impl Fleet {
    /// A node, a Service or a pod has changed in the API.
    pub(super) fn observe(&mut self, c: &Change, ctx: &mut Ctx<'_>) {
        if self.links.apply(c) {
            return;
        }
        if self.misses(c) {
            return;
        }
        if c.key.kind == Node::kind_ref() {
            if let Some(node) = c.object.get::<Node>() {
                self.observe_node(node, ctx);
            }
            return;
        }
        if c.key.kind != Pod::kind_ref() {
            return self.source_changed(c, ctx);
        }
        let Some(pod) = c.object.get::<Pod>() else { return };
        let node = pods::node(pod);
        let Some(node) = self.nodes.find(node) else { return };
        if self.observe_mirror(c, ctx) {
            return;
        }
        let uid = c.object.marks().uid;
        // Mostly it is kubelet's own report that comes back.
        if c.kind != ChangeKind::Deleted
            && let Some(w) = self.workers.get_mut(uid).filter(|w| rev_of(&w.pod) >= rev_of(&c.object))
        {
            // The answer to a report may have told it of what it hears only now.
            if w.fixed.is_none() && w.hears() {
                self.sync(uid, ctx);
            }
            return;
        }
        match (c.kind, self.workers.get_mut(uid)) {
            (ChangeKind::Deleted, None) => return,
            (ChangeKind::Deleted, Some(w)) => w.forgotten = true,
            (_, Some(w)) => {
                let old = std::mem::replace(&mut w.pod, c.object.clone());
                if !w.hears() {
                    if old.meta().labels != c.object.meta().labels
                        || old.meta().annotations != c.object.meta().annotations
                    {
                        return self.remount(uid, ctx);
                    }
                    // Nothing to do, but if somebody else wrote the status, kubelet's own word stands in the end.
                    if old.get::<Pod>().is_some_and(|p| p.status != pod.status) {
                        let wait = latency::between(ctx.chance(), 0, RECONCILE_MILLIS);
                        ctx.after(wait, w.tag("reconcile"));
                    }
                    return;
                }
            }
            (_, None) if pods::is_terminal(pod) => return,
            (_, None) => {
                let w = Worker::new(c.object.clone(), node);
                if let Some(why) = self.refuses(&w, ctx.now()) {
                    return self.refuse(w, &why, ctx);
                }
                self.workers.insert(w);
            }
        }
        self.sync(uid, ctx);
    }

    /// Something about the pod's containers changed; kubelet will see it at the next relist.
    pub(super) fn touch(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let n = self.nodes.at_mut(&w.node);
        n.dirty.insert(uid);
        if !n.relist_set && !n.down {
            n.relist_set = true;
            let millis = ctx.now().nanos() / 1_000_000 % RELIST_MILLIS;
            let wait = (n.phase + RELIST_MILLIS - millis) % RELIST_MILLIS;
            ctx.after(Duration::from_millis(wait.max(1)), Tag::about("relist", Key::of::<Node>("", &w.node.name)));
        }
    }

    pub(super) fn relist(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let Some(n) = self.nodes.get_mut(name) else { return };
        n.relist_set = false;
        // Without its runtime it sees nothing; when that answers again it looks at all pods.
        if n.down || n.runtime_off {
            return;
        }
        for uid in std::mem::take(&mut n.dirty) {
            if self.see(uid) {
                self.sync(uid, ctx);
                self.remove_dead(uid, ctx);
            }
        }
    }

    /// Takes the runtime's state of a pod over, if the pod is still there.
    pub(super) fn see(&mut self, uid: Uid) -> bool {
        let Some(w) = self.workers.get_mut(uid) else { return false };
        if !w.slots.iter().any(|s| s.instances.iter().any(Instance::has_news)) {
            return true;
        }
        for i in w.slots.iter_mut().flat_map(|s| s.instances.iter_mut()) {
            i.seen_running |= i.started.is_some();
            if i.seen_exit.is_none() {
                i.seen_exit = i.exit.clone();
            }
        }
        true
    }

    /// Of the ended runs of a container only the last one is kept: `logs --previous` can ask for that one.
    fn remove_dead(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        if w.slots.iter().all(|s| s.instances.iter().filter(|i| i.seen_exit.is_some()).count() < 2) {
            return;
        }
        for s in w.slots.iter_mut() {
            let ended = s.instances.iter().filter(|i| i.seen_exit.is_some()).count();
            let old = s.instances.iter_mut().filter(|i| i.seen_exit.is_some()).take(ended.saturating_sub(1));
            for i in old.filter(|i| !i.removed) {
                i.removed = true;
                let call = RuntimeCall::RemoveContainer { id: i.id };
                ctx.start(Op::Runtime { node: w.node.name.clone(), call });
            }
        }
    }
}
