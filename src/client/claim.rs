//! Whose objects are: a controller adopts those that match its selector and belong to nobody, and lets go of those that no longer
//! match.
//! Real Kubernetes: pkg/controller/controller_ref_manager.go.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Cache, OwnedCache};
use crate::api::object::{Key, Resource, controller_of, controller_ref};
use crate::api::selector::Selector;
use crate::api::{Object, Status, Uid, unless_gone};
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

/// The objects of an owner, after those were adopted and released that had to be. `member` judges what a selector can't say. An
/// owner may hold its objects by a finalizer: adopted objects get it, released ones lose it.
///
/// # Errors
/// An adoption or release was refused.
pub fn claim<O: Resource, T: Resource>(
    owner: &O,
    selector: &Selector,
    member: impl Fn(&T) -> bool,
    finalizer: Option<&str>,
    all: &mut OwnedCache<T>,
    ctx: &mut Ctx<'_>,
) -> Result<Vec<Arc<Object>>, Status> {
    settle(owner, selector, &member, finalizer, all, ctx)?;
    let ours = |o: &T| selector.matches(o.meta().labels.as_ref()) && member(o);
    let group = all.group_of(Uid::of(owner.uid()));
    Ok(group.values().filter(|o| o.get().is_some_and(ours)).cloned().collect())
}

/// The same without the objects.
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
        if let Some(o) = release(owner, &o, finalizer, ctx)? {
            all.put(&o);
        }
    }
    for o in orphans {
        if let Some(o) = adopt(owner, &o, finalizer, ctx)? {
            all.put(&o);
        }
    }
    Ok(())
}

/// The controller of an object, if it is of that kind, still there, and still the same.
pub fn owner_of<'a, O: Resource>(meta: &ObjectMeta, owners: &'a Cache<O>) -> Option<&'a O> {
    let r = controller_of(meta).filter(|r| r.kind == O::kind_ref().name())?;
    owners.get(meta.namespace.as_deref().unwrap_or(""), &r.name).filter(|o| o.uid() == r.uid)
}

/// Whether controllers of `O` look at an object: it is theirs, or nobody's.
pub fn is_theirs_or_nobodys<O: Resource>(o: &Object) -> bool {
    controller_of(o.meta()).is_none_or(|r| r.kind == O::kind_ref().name())
}

/// Whom a change of an object concerns: its owner, the one that it had before, or those that could adopt it. Who did not adopt
/// it before thinks again only when its labels change or its controller lets go of it.
pub fn concerned<O: Resource>(c: &Change, owners: &Cache<O>, selector: impl Fn(&O) -> Selector) -> Vec<Key> {
    let meta = c.object.meta();
    let before = c.previous.as_ref().filter(|_| c.kind == ChangeKind::Modified).map(|o| o.meta());
    let now = owner_of(meta, owners).map(Resource::key);
    let earlier = before.and_then(|m| owner_of(m, owners)).map(Resource::key).filter(|b| now.as_ref() != Some(b));
    let mut out: Vec<Key> = now.into_iter().chain(earlier).collect();
    let is_news = before.is_none_or(|b| b.labels != meta.labels || controller_of(b).is_some());
    let is_orphan = controller_of(meta).is_none() && meta.deletion_timestamp.is_none();
    if c.kind != ChangeKind::Deleted && is_orphan && is_news {
        let labels = meta.labels.as_ref();
        let could = owners.in_namespace(&c.key.namespace).filter(|o| selector(o).matches(labels));
        out.extend(could.map(Resource::key));
    }
    out
}

/// Makes an object the owner's; `None` if it is gone.
///
/// # Errors
/// The API server refused it.
pub fn adopt<O: Resource, T: Resource>(
    owner: &O,
    o: &T,
    finalizer: Option<&str>,
    ctx: &mut Ctx<'_>,
) -> Result<Option<Arc<Object>>, Status> {
    ctx.decide(ClaimDecision::Adopted { owner: owner.key(), object: o.key() });
    change(o, ctx, |meta| {
        meta.owner_references.get_or_insert_default().push(controller_ref(owner));
        finalizer.into_iter().for_each(|f| hold(meta, f));
    })
}

/// Leaves an object without the owner; `None` if it is gone.
///
/// # Errors
/// The API server refused it.
pub fn release<O: Resource, T: Resource>(
    owner: &O,
    o: &T,
    finalizer: Option<&str>,
    ctx: &mut Ctx<'_>,
) -> Result<Option<Arc<Object>>, Status> {
    ctx.decide(ClaimDecision::Released { owner: owner.key(), object: o.key() });
    change(o, ctx, |meta| {
        meta.owner_references.iter_mut().for_each(|all| all.retain(|r| r.uid != owner.uid()));
        meta.owner_references = meta.owner_references.take().filter(|all| !all.is_empty());
        finalizer.into_iter().for_each(|f| let_go(meta, f));
    })
}

fn change<T: Resource>(
    o: &T,
    ctx: &mut Ctx<'_>,
    change: impl FnOnce(&mut ObjectMeta),
) -> Result<Option<Arc<Object>>, Status> {
    unless_gone(ctx.api::<T>().patch(o.namespace(), o.name(), |o| change(o.meta_mut())))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::{Pod, ReplicaSet};
    use serde_json::{Value, json};

    fn object<T: Resource>(v: Value) -> Arc<Object> {
        Arc::new(Object::new::<T>(serde_json::from_value(v).unwrap()))
    }

    fn set(name: &str, uid: &str) -> Arc<Object> {
        let spec = json!({"selector": {"matchLabels": {"app": name}}, "template": {}});
        object::<ReplicaSet>(json!({"metadata": {"name": name, "namespace": "d", "uid": uid}, "spec": spec}))
    }

    /// A pod with a label, and what manages it: a kind and a UID.
    fn pod(app: &str, owner: Option<(&str, &str)>) -> Arc<Object> {
        let owners: Vec<Value> = owner
            .iter()
            .map(|(kind, uid)| json!({"apiVersion": "apps/v1", "kind": kind, "name": "web", "uid": uid, "controller": true}))
            .collect();
        object::<Pod>(
            json!({"metadata": {"name": "p", "namespace": "d", "uid": "p", "labels": {"app": app}, "ownerReferences": owners}}),
        )
    }

    #[test]
    fn a_pod_concerns_its_owner_or_when_it_is_an_orphan_those_that_may_adopt_it() {
        let mut sets: Cache<ReplicaSet> = Cache::default();
        [set("web", "1"), set("db", "2")].iter().for_each(|o| sets.put(o));
        let of = |new: &Arc<Object>, old: Option<&Arc<Object>>| -> Vec<String> {
            let change = Change { previous: old.cloned(), ..Change::own(new) };
            let kind = if old.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
            let all = concerned(&Change { kind, ..change }, &sets, crate::api::kinds::replicaset::selector);
            all.iter().map(|k| k.name.to_string()).collect()
        };
        let (owned, orphan) = (pod("db", Some(("ReplicaSet", "1"))), pod("db", None));
        let foreign = pod("web", Some(("StatefulSet", "1")));
        assert_eq!(of(&owned, None), ["web"]);
        assert_eq!(
            of(&pod("db", Some(("ReplicaSet", "another"))), None),
            [""; 0],
            "one of that name, but not the same"
        );
        assert_eq!(of(&foreign, None), [""; 0], "what others manage is nobody's orphan");
        assert_eq!(of(&orphan, None), ["db"]);
        assert_eq!(of(&orphan, Some(&orphan)), [""; 0], "nothing new about it");
        assert_eq!(of(&pod("web", None), Some(&orphan)), ["web"]);
        assert_eq!(of(&orphan, Some(&owned)), ["web", "db"]);
        assert_eq!(of(&orphan, Some(&foreign)), ["db"]);
    }

    #[test]
    fn a_cache_of_what_is_owned_leaves_out_what_others_own() {
        let mut pods: OwnedCache<Pod> = OwnedCache::default();
        let mut see = |new: &Arc<Object>, old: Option<&Arc<Object>>| {
            let told = pods.apply_of::<ReplicaSet>(&Change { previous: old.cloned(), ..Change::own(new) });
            (told, pods.len(), pods.orphans("d").count())
        };
        let (owned, orphan, foreign) =
            (pod("a", Some(("ReplicaSet", "1"))), pod("a", None), pod("a", Some(("Job", "1"))));
        assert_eq!(see(&foreign, None), (false, 0, 0));
        assert_eq!(see(&orphan, Some(&foreign)), (true, 1, 1));
        assert_eq!(see(&owned, Some(&orphan)), (true, 1, 0));
        assert_eq!(see(&foreign, Some(&owned)), (true, 0, 0), "those that had it hear of it");
        assert_eq!(see(&foreign, Some(&foreign)), (false, 0, 0));
    }
}
