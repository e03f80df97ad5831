//! Node IPAM: gives each node its own part of the cluster's range, out of which the node's pods get their addresses. Until a node has
//! one its network plugin has nothing to hand out, and its kubelet says that it is not ready.
//! Real Kubernetes: pkg/controller/nodeipam/ipam/range_allocator.go, cidrset/cidr_set.go.

pub mod decision;
pub mod plan;

use crate::api::kinds::Node;
use crate::api::network::Range;
use crate::api::{Key, Resource, Status};
use crate::client::controller::Enqueue;
use crate::client::recorder::{Note, reference};
use crate::client::{Action, Cache, Reconciler, Recorder};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;
use decision::NodeIpamDecision;
use plan::{Plan, Pool, plan};

#[derive(Clone)]
pub struct NodeIpam {
    nodes: Cache<Node>,
    pool: Pool,
    recorder: Recorder,
}

impl NodeIpam {
    /// For a cluster all of whose pods' addresses lie in a range.
    pub fn of(cluster: Range) -> NodeIpam {
        NodeIpam { nodes: Cache::default(), pool: Pool::new(cluster), recorder: Recorder::new("cidrAllocator", "") }
    }

    fn note(&mut self, node: &Node, reason: &'static str, ctx: &mut Ctx<'_>) {
        let message = format!("Node {} status is now: {reason}", node.name());
        self.recorder.record(reference(node, None), Note::normal(reason, &message), ctx);
    }

    fn give(&mut self, node: &Node, range: Range, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let (of, left) = (self.pool.cluster(), self.pool.left());
        self.pool.take(node.name(), range);
        ctx.decide(NodeIpamDecision::Gave { node: node.key(), range, of, left: left.saturating_sub(1) });
        let text = range.to_string();
        let done = ctx.api::<Node>().patch("", node.name(), |n| {
            let spec = n.spec.get_or_insert_default();
            spec.pod_cidr = Some(text.clone());
            spec.pod_cidrs = Some(vec![text]);
        });
        match done {
            Ok(o) => {
                self.nodes.put(&o);
                Ok(Action::done())
            }
            Err(e) => {
                self.pool.release(node.name());
                self.note(node, "CIDRAssignmentFailed", ctx);
                Err(e)
            }
        }
    }
}

impl Default for NodeIpam {
    fn default() -> NodeIpam {
        NodeIpam::of(plan::USUAL)
    }
}

/// What a node has already.
fn range_of(node: &Node) -> Option<Range> {
    Range::parse(node.spec.as_ref()?.pod_cidr.as_deref()?)
}

impl Reconciler for NodeIpam {
    type Primary = Node;
    const NAME: &'static str = "node-ipam";
    const USER: &'static str = "node-controller";

    fn watches() -> Vec<Scope> {
        vec![Scope::all(Node::kind_ref())]
    }

    /// What nodes have is theirs before anything is given to others.
    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        self.nodes.apply(c);
        let has = c.object.get::<Node>().and_then(range_of);
        match (c.kind, has) {
            (ChangeKind::Deleted, _) => self.pool.release(&c.key.name),
            (_, Some(range)) => self.pool.take(&c.key.name, range),
            (_, None) => enqueue.add(c.key.clone()),
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(node) = self.nodes.by_key(key).cloned() else { return Ok(Action::done()) };
        match plan(&self.pool, range_of(&node)) {
            Plan::Keep => Ok(Action::done()),
            Plan::Give(range) => self.give(&node, range, ctx),
            Plan::Full => {
                self.note(&node, "CIDRNotAvailable", ctx);
                ctx.decide(NodeIpamDecision::Full { node: key.clone(), of: self.pool.cluster() });
                Err(Status::internal(plan::FULL))
            }
        }
    }
}
