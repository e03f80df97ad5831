//! Resource quotas: counts what a namespace uses. The API server charges what it lets in; this controller sets new quotas up
//! and finds out what was given back.
//! Real Kubernetes: pkg/controller/resourcequota.

mod decision;

use std::collections::BTreeSet;

use crate::api::kinds::ResourceQuota;
use crate::api::object::Name;
use crate::api::resource_list::{self, ResourceList};
use crate::api::{Duration, Key, KindRef, Object, Resource, Status, Time, quota};
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;
use decision::Counted;

/// How often everything is counted afresh.
const RESYNC: Duration = Duration::from_secs(5 * 60);

#[derive(Clone, Default)]
pub struct ResourceQuotas {
    quotas: Cache<ResourceQuota>,
    namespaces: BTreeSet<Name>,
}

impl Reconciler for ResourceQuotas {
    type Primary = ResourceQuota;
    const NAME: &'static str = "resourcequota";
    const USER: &'static str = "resourcequota-controller";

    fn watches() -> Vec<Scope> {
        // Leases and Events come and go all the time and are never limited.
        let quiet = |k: &KindRef| matches!(k.plural(), "events" | "leases");
        KindRef::built_in().filter(|k| k.is_stored() && k.namespaced() && !quiet(k)).map(Scope::all).collect()
    }

    const WATCHES_CUSTOM: bool = true;

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.quotas.apply(c) {
            self.namespaces.insert(c.key.namespace.clone());
            let unset = c.object.get::<ResourceQuota>().is_some_and(|q| !is_set_up(q));
            if c.kind != ChangeKind::Deleted && unset {
                enqueue.add(c.key.clone());
            }
            return;
        }
        // Only what is given back is of interest: the rest the API server has charged.
        if !self.namespaces.contains(&c.key.namespace) || !gives_back(c) {
            return;
        }
        for q in self.quotas.in_namespace(&c.key.namespace) {
            enqueue.add(q.key());
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(q) = self.quotas.by_key(key).filter(|q| !q.is_deleting()) else { return Ok(Action::done()) };
        let spec = q.spec.clone().unwrap_or_default();
        let hard = resource_list::read(spec.hard.as_ref());
        let now = ctx.now();
        let mut used = ResourceList::new();
        for kind in kinds_of(&hard, ctx).collect::<Vec<_>>() {
            for o in ctx.list_any(kind, &key.namespace)?.iter().filter(|o| quota::in_scope(&spec, o) || unscoped(&spec))
            {
                resource_list::add(&mut used, &quota::usage(o, now));
            }
        }
        let used = plan(&hard, &used);
        let status = q.status.clone().unwrap_or_default();
        let same =
            resource_list::read(status.used.as_ref()) == used && resource_list::read(status.hard.as_ref()) == hard;
        if !same {
            ctx.decide(Counted { quota: key.clone(), used: resource_list::shown(&used) });
            let mut new = q.clone();
            let status = new.status.get_or_insert_default();
            status.hard = Some(resource_list::write(&hard));
            status.used = Some(resource_list::write(&used));
            ctx.api::<ResourceQuota>().update_status(new)?;
        }
        Ok(Action::quietly_after(RESYNC))
    }
}

fn unscoped(spec: &k8s_openapi::api::core::v1::ResourceQuotaSpec) -> bool {
    spec.scopes.as_ref().is_none_or(Vec::is_empty) && spec.scope_selector.is_none()
}

/// Whether a quota's status speaks of what its spec limits.
fn is_set_up(q: &ResourceQuota) -> bool {
    let hard = q.spec.as_ref().and_then(|s| s.hard.as_ref());
    let status = q.status.as_ref();
    status.is_some_and(|s| s.hard.as_ref() == hard && s.used.is_some()) || hard.is_none()
}

/// Whether a change frees something: an object that goes, a pod that ends, a Service that needs fewer ports.
fn gives_back(c: &Change) -> bool {
    let usage = |o: &Object| quota::usage(o, Time::ZERO);
    match (&c.kind, &c.previous) {
        (ChangeKind::Deleted, _) => true,
        (ChangeKind::Modified, Some(before)) => {
            let (before, after) = (usage(before), usage(&c.object));
            before.iter().any(|(name, q)| after.get(name).is_none_or(|a| a < q))
        }
        _ => false,
    }
}

/// The kinds that a quota's resources are about.
fn kinds_of(hard: &ResourceList, ctx: &Ctx<'_>) -> impl Iterator<Item = KindRef> {
    let counted: Vec<String> = hard.keys().filter_map(|n| n.strip_prefix("count/").map(String::from)).collect();
    ctx.stored_kinds().into_iter().filter(|k| k.namespaced()).filter(move |k| {
        let core = k.group().is_empty();
        let known = matches!(
            k.plural(),
            "pods"
                | "services"
                | "persistentvolumeclaims"
                | "configmaps"
                | "secrets"
                | "replicationcontrollers"
                | "resourcequotas"
        );
        core && known || counted.contains(&k.group_resource())
    })
}

/// What is used of each limited resource.
fn plan(hard: &ResourceList, used: &ResourceList) -> ResourceList {
    let nothing = crate::api::quantity::Quantity::ZERO;
    hard.keys().map(|name| (name.clone(), used.get(name).copied().unwrap_or(nothing))).collect()
}
