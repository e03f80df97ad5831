//! The garbage collector: what is owned goes when its last owner has gone.
//! Real Kubernetes: pkg/controller/garbagecollector.

use std::collections::BTreeSet;

use crate::api::kinds::{Event, Lease};
use crate::api::{Key, KindRef, Object, Resource, Status, Uid, unless_gone};
use crate::apiserver::delete::{DeleteOptions, Propagation};
use crate::client::controller::Enqueue;
use crate::client::{Action, Reconciler};
use crate::ledger::{Decision, Facts};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// The graph of ownership, as watches tell it.
#[derive(Clone, Default)]
pub struct GarbageCollector {
    /// Those that each object owns.
    dependents: imbl::OrdMap<Uid, imbl::OrdSet<Key>>,
    present: imbl::OrdMap<Uid, Key>,
}

#[derive(Clone, Debug)]
enum GarbageDecision {
    Collected { key: Key, owner: String },
    Orphaned { key: Key, dependents: usize },
    WaitsFor { key: Key, dependents: usize },
}

impl Decision for GarbageDecision {
    fn message(&self) -> &'static str {
        match self {
            GarbageDecision::Collected { .. } => "garbage-collected",
            GarbageDecision::Orphaned { .. } => "garbage-orphaned",
            GarbageDecision::WaitsFor { .. } => "garbage-waits",
        }
    }
    fn facts(&self) -> Facts {
        match self {
            GarbageDecision::Collected { key, owner } => {
                vec![("object", key.resource_name().into()), ("owner", owner.as_str().into())]
            }
            GarbageDecision::Orphaned { key, dependents } | GarbageDecision::WaitsFor { key, dependents } => {
                vec![("object", key.resource_name().into()), ("dependents", (*dependents).into())]
            }
        }
    }
    fn about(&self) -> Option<Key> {
        match self {
            GarbageDecision::Collected { key, .. }
            | GarbageDecision::Orphaned { key, .. }
            | GarbageDecision::WaitsFor { key, .. } => Some(key.clone()),
        }
    }
}

fn owners(o: &crate::api::Object) -> BTreeSet<Uid> {
    o.meta().owner_references.iter().flatten().map(|r| Uid::of(&r.uid)).collect()
}

impl Reconciler for GarbageCollector {
    type Primary = Event;
    const NAME: &'static str = "garbage-collector";
    const USER: &'static str = "generic-garbage-collector";
    const WATCHES_CUSTOM: bool = true;

    fn watches() -> Vec<Scope> {
        KindRef::built_in()
            .filter(|k| k.is_stored())
            .filter(|k| *k != Event::kind_ref() && *k != Lease::kind_ref())
            .map(Scope::all)
            .collect()
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        // Most changes are none to it.
        let same = |old: &Object| old.meta().owner_references == c.object.meta().owner_references;
        if c.kind == ChangeKind::Modified && !c.object.is_deleting() && c.previous.as_deref().is_some_and(same) {
            return;
        }
        let before = c.previous.as_ref().map(|p| owners(p)).unwrap_or_default();
        let now = if c.kind == ChangeKind::Deleted { BTreeSet::new() } else { owners(&c.object) };
        for gone in before.difference(&now) {
            if let Some(set) = self.dependents.get_mut(gone) {
                set.remove(&c.key);
            }
        }
        for new in now.difference(&before) {
            self.dependents.entry(*new).or_default().insert(c.key.clone());
        }
        if c.kind == ChangeKind::Deleted {
            let uid = c.object.marks().uid;
            self.present.remove(&uid);
            for key in self.dependents.remove(&uid).into_iter().flatten() {
                enqueue.add(key);
            }
            // An owner that waits for its dependents may go now.
            for key in before.iter().filter_map(|owner| self.present.get(owner)) {
                enqueue.add(key.clone());
            }
            return;
        }
        if c.kind == ChangeKind::Added {
            self.present.insert(c.object.marks().uid, c.key.clone());
            // Its owner may have gone before it came.
            if !now.is_empty() {
                enqueue.add(c.key.clone());
            }
        }
        let held = c.object.meta().finalizers.iter().flatten().any(|f| f == ORPHAN || f == FOREGROUND);
        if c.object.is_deleting() && held {
            enqueue.add(c.key.clone());
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(o) = ctx.get_any(key)? else { return Ok(Action::done()) };
        let has = |f: &str| o.meta().finalizers.iter().flatten().any(|x| x == f);
        if o.is_deleting() && has(ORPHAN) {
            return self.orphan(key, o.uid(), ctx);
        }
        if o.is_deleting() && has(FOREGROUND) {
            return self.foreground(key, o.uid(), ctx);
        }
        let owners = o.meta().owner_references.clone().unwrap_or_default();
        if owners.is_empty() || o.is_deleting() {
            return Ok(Action::done());
        }
        for r in &owners {
            let Some(kind) = ctx.kind_named(&r.api_version, &r.kind) else { return Ok(Action::done()) };
            let ns = if kind.namespaced() { &*key.namespace } else { "" };
            if ctx.get_any(&Key::new(kind, ns, &r.name))?.is_some_and(|x| x.uid() == r.uid) {
                return Ok(Action::done());
            }
        }
        let owner = owners.first().map(|r| format!("{} {}", r.kind.to_lowercase(), r.name)).unwrap_or_default();
        ctx.decide(GarbageDecision::Collected { key: key.clone(), owner });
        // What somebody has begun goes on.
        let propagation = match () {
            () if has(ORPHAN) => Propagation::Orphan,
            () if has(FOREGROUND) => Propagation::Foreground,
            () => Propagation::Background,
        };
        let options = DeleteOptions { uid: Some(o.uid().into()), propagation, ..DeleteOptions::default() };
        unless_gone(ctx.delete_any(key, &options))?;
        Ok(Action::done())
    }
}

impl GarbageCollector {
    /// Cuts the dependents loose, then lets the owner go.
    fn orphan(&mut self, key: &Key, uid: &str, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let dependents: Vec<Key> = self.dependents.get(&Uid::of(uid)).into_iter().flatten().cloned().collect();
        ctx.decide(GarbageDecision::Orphaned { key: key.clone(), dependents: dependents.len() });
        for d in dependents {
            let done = ctx.patch_meta(&d, |m| {
                if let Some(refs) = &mut m.owner_references {
                    refs.retain(|r| r.uid != uid);
                    if refs.is_empty() {
                        m.owner_references = None;
                    }
                }
            });
            unless_gone(done)?;
        }
        release(key, ORPHAN, ctx)
    }

    /// Deletes the dependents first.
    fn foreground(&mut self, key: &Key, uid: &str, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let dependents: Vec<Key> = self.dependents.get(&Uid::of(uid)).into_iter().flatten().cloned().collect();
        let mut alive = vec![];
        for d in dependents {
            if ctx.get_any(&d)?.is_some() {
                alive.push(d);
            }
        }
        if alive.is_empty() {
            return release(key, FOREGROUND, ctx);
        }
        ctx.decide(GarbageDecision::WaitsFor { key: key.clone(), dependents: alive.len() });
        for d in alive {
            if ctx.get_any(&d)?.is_some_and(|o| !o.is_deleting()) {
                let options = DeleteOptions { propagation: Propagation::Foreground, ..DeleteOptions::default() };
                unless_gone(ctx.delete_any(&d, &options))?;
            }
        }
        Ok(Action::done())
    }
}

fn release(key: &Key, finalizer: &str, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
    unless_gone(ctx.patch_meta(key, |m| m.finalizers.iter_mut().for_each(|f| f.retain(|x| x != finalizer))))?;
    Ok(Action::done())
}
