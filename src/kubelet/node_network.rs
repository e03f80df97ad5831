//! A node's network begins when the node has been given its range of addresses: until then its kubelet says that it is not ready, and
//! starts no pod that needs an address.
//! Real Kubernetes: pkg/kubelet/kubelet.go updateRuntimeUp and SyncPod, kubelet_network.go, and the network plugin of the cluster,
//! which reads the range from the node.

use super::decision::KubeletDecision;
use super::fleet::Fleet;
use super::node::NETWORK_NOT_READY;
use super::reporting::NodeState;
use crate::api::kinds::Node;
use crate::api::network::{NetworkCall, Range};
use crate::api::object::Key;
use crate::api::{Duration, Op, Reason, Uid};
use crate::client::recorder::Note;
use crate::world::{Ctx, Tag};

/// Kubelet asks its runtime this often how it and its network are.
const LOOK_EVERY: Duration = Duration::from_secs(5);

impl NodeState {
    /// The node's range is known, or another.
    pub(super) fn take_range(&mut self, node: &Node, ctx: &mut Ctx<'_>) {
        let range = node.spec.as_ref().and_then(|s| Range::parse(s.pod_cidr.as_deref()?));
        let Some(range) = range.filter(|r| self.range != Some(*r)) else { return };
        let first = self.range.replace(range).is_none();
        let name = self.config.name.as_str();
        ctx.start(Op::Network(NetworkCall::ProgramNode { node: name.into(), range }));
        if first {
            ctx.after(LOOK_EVERY, Tag::about("network", Key::of::<Node>("", name)));
        }
    }
}

impl Fleet {
    /// The runtime says that pods can have addresses now.
    pub(super) fn network_ready(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let Some(n) = self.nodes.get_mut(name) else { return };
        n.network_ready = true;
        let range = n.range.map(|r| r.to_string()).unwrap_or_default();
        ctx.decide(KubeletDecision::Network { node: name.into(), range });
        self.report(name, ctx);
    }

    /// Whether a pod has to wait for its node's network; says so if it has.
    pub(super) fn awaits_network(&mut self, uid: Uid, ctx: &mut Ctx<'_>) -> bool {
        let Some(w) = self.workers.get(uid) else { return false };
        let of_host = w.typed().spec.as_ref().and_then(|s| s.host_network) == Some(true);
        if of_host || self.nodes.at(&w.node).network_ready {
            return false;
        }
        let message = format!("network is not ready: {NETWORK_NOT_READY}");
        self.note(uid, None, Note::warning("NetworkNotReady", &message), ctx);
        true
    }

    /// A kubelet that starts makes its node's object, if somebody has deleted that.
    pub(super) fn register_again(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let Some(n) = self.nodes.get_mut(name) else { return };
        let gone = ctx.api_as::<Node>(n.user.clone()).get("", name).is_err_and(|e| e.is(Reason::NotFound));
        if gone {
            n.register(ctx);
        }
    }
}
