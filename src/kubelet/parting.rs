//! A node whose wire to the API server's node is cut: its kubelet goes on with what it knows. It hears nothing, so whatever is to stop
//! runs on; and it is not heard, so others take its node for dead. When the wire is whole again it hears all at once.
//! Real Kubernetes: the reflector of client-go, which lists anew, and pkg/kubelet/config, which makes of that what has changed.

use super::fleet::Fleet;
use crate::api::kinds::{Node, Pod};
use crate::api::object::{Key, Resource};
use crate::api::{Duration, Uid, pods};
use crate::store::Change;
use crate::world::{Ctx, Tag, latency};

/// Until a broken watch is opened again.
const RECONNECT_MILLIS: (u64, u64) = (1_000, 10_000);

fn next_try(ctx: &mut Ctx<'_>) -> Duration {
    let (least, most) = RECONNECT_MILLIS;
    latency::between(ctx.chance(), least, most)
}

impl Fleet {
    pub(super) fn part(&mut self, name: &str, parted: bool, ctx: &mut Ctx<'_>) {
        let Some(n) = self.nodes.get_mut(name) else { return };
        if parted {
            n.parted = true;
            return;
        }
        let wait = next_try(ctx);
        ctx.after(wait, Tag::about("reconnect", Key::of::<Node>("", name)));
    }

    /// Whether it concerns a node that does not hear of it now.
    pub(super) fn misses(&mut self, c: &Change) -> bool {
        let node = match c.object.get::<Pod>() {
            Some(pod) => pods::node(pod),
            None if c.key.kind == Node::kind_ref() => &*c.key.name,
            None => return false,
        };
        let Some(n) = self.nodes.get_mut(node).filter(|n| n.parted) else { return false };
        n.missed.push(c.clone());
        true
    }

    /// It hears what it has missed, and is heard. Where nobody answers it tries again.
    pub(super) fn reconnect(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let Some(n) = self.nodes.get_mut(name).filter(|n| n.parted) else { return };
        if !ctx.answers(&n.user) {
            let wait = next_try(ctx);
            return ctx.every(wait, Tag::about("reconnect", Key::of::<Node>("", name)));
        }
        n.parted = false;
        let missed = std::mem::take(&mut n.missed);
        missed.iter().for_each(|c| self.observe(c, ctx));
        let all: Vec<Uid> = self.workers.on(name).map(|w| w.uid).collect();
        all.into_iter().for_each(|uid| self.remount(uid, ctx));
        self.renew_lease(name, ctx);
        self.report(name, ctx);
    }
}
