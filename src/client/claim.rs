//! Whose objects are: a controller adopts those that match its selector and belong to nobody, and lets go of those that no longer
//! match.
//! Real Kubernetes: pkg/controller/controller_ref_manager.go.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Cache, OwnedCache};
use crate::api::object::{Key, Resource, controller_of, controller_ref};
use crate::api::selector::Selector;
use crate::api::{Object, Reason, Status, Uid};
use crate::ledger::{Decision, Facts};
use crate::store::{Change, ChangeKind};
use crate::world::Ctx;

#[derive(Clone, Debug)]
pub enum ClaimDecision {
    Adopted { owner: Key, object: Key },
    Released { owner: Key, object: Key },
}

impl Decision for ClaimDecision {
    fn message(&self) -> &'static str {
        match self {
            ClaimDecision::Adopted { .. } => "claim-adopted",
            ClaimDecision::Released { .. } => "claim-released",
        }
    }
    fn facts(&self) -> Facts {
        let (ClaimDecision::Adopted { owner, object } | ClaimDecision::Released { owner, object }) = self;
        let name = |k: &Key| k.name.to_string();
        vec![("owner", name(owner).into()), ("object", name(object).into()), ("kind", object.kind.name().into())]
    }
    fn about(&self) -> Option<Key> {
        let (ClaimDecision::Adopted { owner, .. } | ClaimDecision::Released { owner, .. }) = self;
        Some(owner.clone())
    }
}

/// The objects of an owner, after those were adopted and released that had to be. `member` judges what a selector can't say.
///
/// # Errors
/// An adoption or release was refused.
pub fn claim<O: Resource, T: Resource>(
    owner: &O,
    selector: &Selector,
    member: impl Fn(&T) -> bool,
    all: &mut OwnedCache<T>,
    ctx: &mut Ctx<'_>,
) -> Result<Vec<T>, Status> {
    claim_held(owner, selector, member, None, all, ctx)
}

/// The same for an owner who holds its objects by a finalizer: adopted objects get it, released ones lose it.
///
/// # Errors
/// An adoption or release was refused.
pub fn claim_held<O: Resource, T: Resource>(
    owner: &O,
    selector: &Selector,
    member: impl Fn(&T) -> bool,
    finalizer: Option<&str>,
    all: &mut OwnedCache<T>,
    ctx: &mut Ctx<'_>,
) -> Result<Vec<T>, Status> {
    settle(owner, selector, &member, finalizer, all, ctx)?;
    let ours = |o: &&T| selector.matches(o.meta().labels.as_ref()) && member(o);
    Ok(all.owned_by(Uid::of(owner.uid())).filter(ours).cloned().collect())
}

/// Adopts and releases what has to be, for owners with too many objects to copy them all.
///
/// # Errors
/// An adoption or release was refused.
pub fn settle<O: Resource, T: Resource>(
    owner: &O,
    selector: &Selector,
    member: impl Fn(&T) -> bool,
    finalizer: Option<&str>,
    all: &mut OwnedCache<T>,
    ctx: &mut Ctx<'_>,
) -> Result<(), Status> {
    if owner.is_deleting() {
        return Ok(());
    }
    let ours = |o: &T| selector.matches(o.meta().labels.as_ref()) && member(o);
    let strangers: Vec<T> = all.owned_by(Uid::of(owner.uid())).filter(|o| !ours(o)).cloned().collect();
    let orphans: Vec<T> = all.orphans(owner.namespace()).filter(|o| !o.is_deleting() && ours(o)).cloned().collect();
    for o in strangers {
        if let Some(o) = release_held(owner, &o, finalizer, ctx)? {
            all.put(&o);
        }
    }
    for o in orphans {
        if let Some(o) = adopt_held(owner, &o, finalizer, ctx)? {
            all.put(&o);
        }
    }
    Ok(())
}

/// The owner of an object, if it is of that kind and still there.
pub fn owner<O: Resource>(o: &Object, owners: &Cache<O>) -> Option<Key> {
    let r = controller_of(o.meta()).filter(|r| r.kind == O::kind_ref().name())?;
    owners.get(o.namespace(), &r.name).filter(|s| s.uid() == r.uid).map(Resource::key)
}

/// Whom a change of an object concerns: its owner, the one that it had before, or those that could adopt it.
pub fn concerned<O: Resource>(c: &Change, owners: &Cache<O>, selector: impl Fn(&O) -> Selector) -> Vec<Key> {
    let now = owner(&c.object, owners);
    let before = c.previous.as_ref().and_then(|p| owner(p, owners)).filter(|b| now.as_ref() != Some(b));
    let mut out: Vec<Key> = now.into_iter().chain(before).collect();
    if c.kind != ChangeKind::Deleted && controller_of(c.object.meta()).is_none() {
        let labels = c.object.meta().labels.as_ref();
        let could = owners.in_namespace(&c.key.namespace).filter(|o| selector(o).matches(labels));
        out.extend(could.map(Resource::key));
    }
    out
}

/// Makes an object the owner's; `None` if it is gone.
///
/// # Errors
/// The API server refused it.
pub fn adopt<O: Resource, T: Resource>(owner: &O, o: &T, ctx: &mut Ctx<'_>) -> Result<Option<Arc<Object>>, Status> {
    adopt_held(owner, o, None, ctx)
}

fn adopt_held<O: Resource, T: Resource>(
    owner: &O,
    o: &T,
    finalizer: Option<&str>,
    ctx: &mut Ctx<'_>,
) -> Result<Option<Arc<Object>>, Status> {
    ctx.decide(ClaimDecision::Adopted { owner: owner.key(), object: o.key() });
    let reference = controller_ref(owner);
    let done = ctx.api::<T>().patch(o.namespace(), o.name(), |o| {
        let meta = o.meta_mut();
        meta.owner_references.get_or_insert_default().push(reference);
        if let Some(f) = finalizer {
            hold(meta, f);
        }
    });
    unless_gone(done)
}

/// Leaves an object without the owner; `None` if it is gone.
///
/// # Errors
/// The API server refused it.
pub fn release<O: Resource, T: Resource>(owner: &O, o: &T, ctx: &mut Ctx<'_>) -> Result<Option<Arc<Object>>, Status> {
    release_held(owner, o, None, ctx)
}

fn release_held<O: Resource, T: Resource>(
    owner: &O,
    o: &T,
    finalizer: Option<&str>,
    ctx: &mut Ctx<'_>,
) -> Result<Option<Arc<Object>>, Status> {
    ctx.decide(ClaimDecision::Released { owner: owner.key(), object: o.key() });
    let uid = owner.uid().to_string();
    let done = ctx.api::<T>().patch(o.namespace(), o.name(), |o| {
        let meta = o.meta_mut();
        meta.owner_references.iter_mut().for_each(|all| all.retain(|r| r.uid != uid));
        meta.owner_references = meta.owner_references.take().filter(|all| !all.is_empty());
        if let Some(f) = finalizer {
            let_go(meta, f);
        }
    });
    unless_gone(done)
}

/// Adds a finalizer that is not there yet.
pub fn hold(meta: &mut ObjectMeta, finalizer: &str) {
    let all = meta.finalizers.get_or_insert_default();
    if !all.iter().any(|f| f == finalizer) {
        all.push(finalizer.into());
    }
}

/// Takes a finalizer away.
pub fn let_go(meta: &mut ObjectMeta, finalizer: &str) {
    meta.finalizers.iter_mut().for_each(|all| all.retain(|f| f != finalizer));
    meta.finalizers = meta.finalizers.take().filter(|all| !all.is_empty());
}

fn unless_gone(done: Result<Arc<Object>, Status>) -> Result<Option<Arc<Object>>, Status> {
    match done {
        Ok(o) => Ok(Some(o)),
        Err(e) if e.is(Reason::NotFound) => Ok(None),
        Err(e) => Err(e),
    }
}
