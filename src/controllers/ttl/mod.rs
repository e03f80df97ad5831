//! TTL: tells each kubelet by an annotation of its node how long it may use a Secret or ConfigMap before it asks for it again. The
//! more nodes there are, the longer, so that the API server is not asked too often. Kubelets that watch what their pods use, as they
//! do unless they are told otherwise, have no need of it.
//! Real Kubernetes: pkg/controller/ttl/ttl_controller.go.

pub mod decision;

use crate::api::kinds::Node;
use crate::api::{Key, Resource, Status, unless_gone};
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;
use decision::TtlDecision;

pub const ANNOTATION: &str = "node.alpha.kubernetes.io/ttl";

/// From how many nodes on, up to how many, and how long. They overlap, so that a node more or less does not change it to and fro.
const STEPS: [(usize, usize, u32); 5] =
    [(0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, usize::MAX, 300)];

#[derive(Clone, Default)]
pub struct Ttl {
    nodes: Cache<Node>,
    size: Size,
}

/// How large the cluster is, in steps.
#[derive(Clone, Default)]
struct Size {
    nodes: usize,
    step: usize,
}

impl Size {
    fn grow(&mut self) {
        self.nodes += 1;
        if self.nodes > STEPS[self.step].1 {
            self.step += 1;
        }
    }

    fn shrink(&mut self) {
        self.nodes = self.nodes.saturating_sub(1);
        if self.nodes < STEPS[self.step].0 {
            self.step -= 1;
        }
    }

    fn seconds(&self) -> u32 {
        STEPS[self.step].2
    }
}

impl Reconciler for Ttl {
    type Primary = Node;
    const NAME: &'static str = "ttl";
    const USER: &'static str = "ttl-controller";

    fn watches() -> Vec<Scope> {
        vec![Scope::all(Node::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        let known = self.nodes.by_key(&c.key).is_some();
        self.nodes.apply(c);
        match (known, c.kind == ChangeKind::Deleted) {
            (true, true) => self.size.shrink(),
            (false, false) => self.size.grow(),
            _ => {}
        }
        if c.kind != ChangeKind::Deleted {
            enqueue.add(c.key.clone());
        }
    }

    /// Nodes are looked at when they change, which their kubelets see to: so in time all of them hear of a new size.
    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let wanted = self.size.seconds();
        let Some(node) = self.nodes.by_key(key) else { return Ok(Action::done()) };
        if node.annotation(ANNOTATION).and_then(|t| t.parse().ok()) == Some(wanted) {
            return Ok(Action::done());
        }
        ctx.decide(TtlDecision { node: key.clone(), nodes: self.size.nodes, seconds: wanted });
        let patched = ctx.api::<Node>().patch("", &key.name, |n| {
            n.metadata.annotations.get_or_insert_default().insert(ANNOTATION.into(), wanted.to_string());
        });
        unless_gone(patched)?;
        Ok(Action::done())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_taken_late_upwards_and_later_downwards() {
        let mut size = Size::default();
        let grown_to = |n: usize, size: &mut Size| {
            while size.nodes < n {
                size.grow();
            }
            size.seconds()
        };
        assert_eq!([grown_to(100, &mut size), grown_to(101, &mut size), grown_to(500, &mut size)], [0, 15, 15]);
        assert_eq!([grown_to(501, &mut size), grown_to(5_000, &mut size)], [30, 300]);
        let shrunk_to = |n: usize, size: &mut Size| {
            while size.nodes > n {
                size.shrink();
            }
            size.seconds()
        };
        assert_eq!([shrunk_to(1_800, &mut size), shrunk_to(1_799, &mut size)], [300, 60]);
        assert_eq!([shrunk_to(90, &mut size), shrunk_to(89, &mut size), shrunk_to(0, &mut size)], [15, 0, 0]);
    }
}
