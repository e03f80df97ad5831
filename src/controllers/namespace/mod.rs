//! Namespace lifecycle: empties a namespace that is being deleted, then lets it go.
//! Real Kubernetes: pkg/controller/namespace.

use crate::api::kinds::{Namespace, Pod};
use crate::api::{Duration, Key, KindRef, Resource, Status};
use crate::apiserver::delete::DeleteOptions;
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::ledger::{Decision, Facts};
use crate::store::{Change, Scope};
use crate::world::Ctx;

/// Clients get this long to notice before the contents go.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Clone, Default)]
pub struct Namespaces {
    namespaces: Cache<Namespace>,
    /// What stands in which namespace: all kinds.
    contents: imbl::OrdMap<Key, Option<i64>>,
}

#[derive(Clone, Debug)]
enum NamespaceDecision {
    Emptied { namespace: Key, objects: usize },
    Waits { namespace: Key, left: usize },
    Finished { namespace: Key },
}

impl Decision for NamespaceDecision {
    fn message(&self) -> &'static str {
        match self {
            NamespaceDecision::Emptied { .. } => "namespace-emptied",
            NamespaceDecision::Waits { .. } => "namespace-waits",
            NamespaceDecision::Finished { .. } => "namespace-finished",
        }
    }
    fn facts(&self) -> Facts {
        match self {
            NamespaceDecision::Emptied { namespace, objects } => {
                vec![("namespace", namespace.name.to_string().into()), ("objects", (*objects).into())]
            }
            NamespaceDecision::Waits { namespace, left } => {
                vec![("namespace", namespace.name.to_string().into()), ("left", (*left).into())]
            }
            NamespaceDecision::Finished { namespace } => vec![("namespace", namespace.name.to_string().into())],
        }
    }
    fn about(&self) -> Option<Key> {
        match self {
            NamespaceDecision::Emptied { namespace, .. }
            | NamespaceDecision::Waits { namespace, .. }
            | NamespaceDecision::Finished { namespace } => Some(namespace.clone()),
        }
    }
}

fn namespaced() -> impl Iterator<Item = KindRef> {
    KindRef::all().filter(|k| k.namespaced())
}

impl Reconciler for Namespaces {
    type Primary = Namespace;
    const NAME: &'static str = "namespace";
    const USER: &'static str = "namespace-controller";

    fn watches() -> Vec<Scope> {
        std::iter::once(Namespace::kind_ref()).chain(namespaced()).map(Scope::all).collect()
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.namespaces.apply(c) {
            if c.object.is_deleting() {
                enqueue.after(GRACE, c.key.clone(), false);
            }
        } else if c.kind == crate::store::ChangeKind::Deleted {
            self.contents.remove(&c.key);
        } else {
            let grace = c.object.get::<Pod>().and_then(|p| p.spec.as_ref()?.termination_grace_period_seconds);
            self.contents.insert(c.key.clone(), grace);
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(ns) = self.namespaces.by_key(key).filter(|n| n.is_deleting()).cloned() else {
            return Ok(Action::done());
        };
        let inside: Vec<(Key, Option<i64>)> =
            self.contents.iter().filter(|(k, _)| k.namespace == key.name).map(|(k, g)| (k.clone(), *g)).collect();
        if inside.is_empty() {
            if ns.spec.as_ref().is_some_and(|s| s.finalizers.as_ref().is_some_and(|f| !f.is_empty())) {
                ctx.decide(NamespaceDecision::Finished { namespace: key.clone() });
                let mut free = ns;
                free.metadata.resource_version = None;
                free.spec.get_or_insert_default().finalizers = None;
                ctx.api::<Namespace>().finalize(free)?;
            }
            return Ok(Action::done());
        }
        let fresh: Vec<&Key> =
            inside.iter().map(|(k, _)| k).filter(|k| ctx.get_any(k).is_some_and(|o| !o.is_deleting())).collect();
        if fresh.is_empty() {
            ctx.decide(NamespaceDecision::Waits { namespace: key.clone(), left: inside.len() });
        } else {
            ctx.decide(NamespaceDecision::Emptied { namespace: key.clone(), objects: fresh.len() });
        }
        for k in fresh {
            match ctx.delete_any(k, &DeleteOptions::default()) {
                Err(e) if !e.is(crate::api::Reason::NotFound) => return Err(e),
                _ => {}
            }
        }
        // Half the longest grace, and a second: then it looks again.
        let longest =
            inside.iter().filter(|(k, _)| k.kind == Pod::kind_ref()).filter_map(|(_, g)| *g).max().unwrap_or(0);
        let left = inside.iter().any(|(k, _)| ctx.get_any(k).is_some());
        let wait = if left { u64::try_from(longest / 2 + 1).unwrap_or(1) } else { 0 };
        Ok(Action::after(Duration::from_secs(wait) + Duration::from_millis(100)))
    }
}
