//! Namespace lifecycle: empties a namespace that is being deleted, then lets it go.
//! Real Kubernetes: pkg/controller/namespace.

mod conditions;

use std::sync::Arc;

use crate::api::kinds::{Namespace, Pod};
use crate::api::{Duration, Key, Object, Resource, Status, Time, unless_gone};
use crate::apiserver::delete::{DeleteOptions, Propagation};
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
}

#[derive(Clone, Debug)]
enum NamespaceDecision {
    Emptied { namespace: Key, objects: usize, pods: bool },
    Waits { namespace: Key, left: usize },
    Finished { namespace: Key },
}

impl Decision for NamespaceDecision {
    fn message(&self) -> &'static str {
        match self {
            NamespaceDecision::Emptied { pods: true, .. } => "namespace-emptied-of-pods",
            NamespaceDecision::Emptied { .. } => "namespace-emptied",
            NamespaceDecision::Waits { .. } => "namespace-waits",
            NamespaceDecision::Finished { .. } => "namespace-finished",
        }
    }
    fn facts(&self) -> Facts {
        match self {
            NamespaceDecision::Emptied { namespace, objects, .. } => {
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

/// What stands in a namespace and goes next: its pods, then all the rest.
fn next_to_go(namespace: &str, ctx: &Ctx<'_>) -> Result<Vec<Arc<Object>>, Status> {
    let pods = ctx.list_any(Pod::kind_ref(), namespace)?;
    if pods.is_empty() { contents(namespace, ctx) } else { Ok(pods) }
}

fn contents(namespace: &str, ctx: &Ctx<'_>) -> Result<Vec<Arc<Object>>, Status> {
    let mut all = vec![];
    for kind in ctx.stored_kinds().into_iter().filter(|k| k.namespaced()) {
        all.extend(ctx.list_any(kind, namespace)?);
    }
    Ok(all)
}

/// Writes down what holds the namespace. Pods that outlive their grace since it was deleted are a failure.
fn say(mut ns: Namespace, left: &[Arc<Object>], grace_seconds: i64, ctx: &mut Ctx<'_>) -> Result<Namespace, Status> {
    let now = ctx.now();
    let deleted = ns.metadata.deletion_timestamp.as_ref().map_or(now, Time::from_meta);
    let late = now.since(deleted) >= Duration::from_secs(u64::try_from(grace_seconds).unwrap_or(0));
    let remains = conditions::Remains::of(left, late);
    let name = ns.name().to_string();
    if !conditions::set(ns.status.get_or_insert_default(), &name, &remains, now) {
        return Ok(ns);
    }
    let stored = ctx.api::<Namespace>().update_status(ns)?;
    Ok(stored.get::<Namespace>().cloned().unwrap_or_default())
}

impl Reconciler for Namespaces {
    type Primary = Namespace;
    const NAME: &'static str = "namespace";
    const USER: &'static str = "namespace-controller";

    fn watches() -> Vec<Scope> {
        vec![Scope::all(Namespace::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        // What this controller itself writes into a namespace that is going away is no news to it.
        let news = c.previous.as_ref().is_none_or(|p| !p.is_deleting());
        if self.namespaces.apply(c) && c.object.is_deleting() && news {
            enqueue.after(GRACE, c.key.clone(), false);
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(ns) = self.namespaces.by_key(key).filter(|n| n.is_deleting()).cloned() else {
            return Ok(Action::done());
        };
        // What stands in it is asked for when it matters: nobody keeps a copy of everything for this.
        let inside = next_to_go(&key.name, ctx)?;
        if inside.is_empty() {
            let ns = say(ns, &[], 0, ctx)?;
            if ns.spec.as_ref().is_some_and(|s| s.finalizers.as_ref().is_some_and(|f| !f.is_empty())) {
                ctx.decide(NamespaceDecision::Finished { namespace: key.clone() });
                let mut free = ns;
                free.metadata.resource_version = None;
                free.spec.get_or_insert_default().finalizers = None;
                ctx.api::<Namespace>().finalize(free)?;
            }
            return Ok(Action::done());
        }
        let fresh: Vec<Key> = inside.iter().filter(|o| !o.is_deleting()).map(|o| o.key()).collect();
        if fresh.is_empty() {
            ctx.decide(NamespaceDecision::Waits { namespace: key.clone(), left: inside.len() });
        } else {
            let pods = fresh.iter().any(|k| k.kind == Pod::kind_ref());
            ctx.decide(NamespaceDecision::Emptied { namespace: key.clone(), objects: fresh.len(), pods });
        }
        let options = DeleteOptions { propagation: Propagation::Background, ..DeleteOptions::default() };
        for k in &fresh {
            unless_gone(ctx.delete_any(k, &options))?;
        }
        // Half the longest grace, and a second: then it looks again.
        let grace = |o: &Arc<Object>| o.get::<Pod>()?.spec.as_ref()?.termination_grace_period_seconds;
        let longest = inside.iter().filter_map(grace).max().unwrap_or(0);
        let left = contents(&key.name, ctx)?;
        let wait = if left.is_empty() { 0 } else { u64::try_from(longest / 2 + 1).unwrap_or(1) };
        // What was not told to go yet is no reason to complain; with nothing left it is all said as it is let go.
        let told: Vec<Arc<Object>> = left.into_iter().filter(|o| inside.iter().any(|i| i.kind() == o.kind())).collect();
        if !told.is_empty() {
            say(ns, &told, longest, ctx)?;
        }
        Ok(Action::after(Duration::from_secs(wait) + Duration::from_millis(100)))
    }
}
