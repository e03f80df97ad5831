//! ResourceQuota: a namespace may use only so much. What is let in is charged at once, so that two requests never share
//! the last of it; what is given back, a controller finds out.
//! Real Kubernetes: apiserver/pkg/admission/plugin/resourcequota.

use k8s_openapi::api::core::v1::ResourceQuotaSpec;

use super::Plugin;
use crate::api::kind::Subresource;
use crate::api::kinds::{Event, Pod, ResourceQuota};
use crate::api::object::{Key, Resource};
use crate::api::resource_list::{self, ResourceList};
use crate::api::{Object, Status, User, quota};
use crate::apiserver::{ApiServer, Caller};
use crate::store::{Precondition, Scope, rev_of};

pub const PLUGIN: Plugin = Plugin { status: true, validate, ..Plugin::new("ResourceQuota") };

fn validate(api: &mut ApiServer, o: &Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    let exempt = !o.kind().namespaced() || o.get::<Event>().is_some();
    if exempt || old.is_some_and(|old| !quota::counts_update(o, old, who.subresource)) {
        return Ok(());
    }
    let scope = Scope { kind: ResourceQuota::kind_ref(), namespace: Some(o.namespace().into()) };
    let all = api.store().list(&scope).filter_map(|o| o.get::<ResourceQuota>());
    let concerned: Vec<Counting<'_>> = all.filter_map(|q| Counting::of(q, o)).collect();
    if concerned.is_empty() {
        return Ok(());
    }
    let refuse = |why: String| Status::forbidden(o.kind(), o.name(), &why);
    // All must be able to judge it before any does.
    for q in &concerned {
        q.can_judge(o).map_err(refuse)?;
    }
    let wanted = quota::usage(o, who.now);
    let had = old.map(|old| (old, quota::usage(old, who.now)));
    let mut charged = vec![];
    for q in &concerned {
        let asked = match &had {
            // What a quota did not count before, it counts whole.
            Some((old, had)) if q.is_meant_for(old) => quota::growth(&wanted, had),
            _ => wanted.clone(),
        };
        let asked: ResourceList = asked.into_iter().filter(|(n, v)| q.counts(n) && !v.is_zero()).collect();
        let mut after = q.used.clone();
        resource_list::add(&mut after, &asked);
        // What has happened already is counted, and not refused.
        if who.subresource != Some(Subresource::Status) {
            q.allow(&asked, &after).map_err(refuse)?;
        }
        if !asked.is_empty() {
            charged.push((q.quota.key(), after));
        }
    }
    charged.into_iter().try_for_each(|(key, after)| charge(api, &key, &after, who))
}

/// A quota that counts an object.
struct Counting<'a> {
    quota: &'a ResourceQuota,
    spec: &'a ResourceQuotaSpec,
    hard: ResourceList,
    used: ResourceList,
    /// What of it the object uses.
    names: Vec<String>,
}

impl<'a> Counting<'a> {
    fn of(quota: &'a ResourceQuota, o: &Object) -> Option<Counting<'a>> {
        let (spec, status) = (quota.spec.as_ref()?, quota.status.as_ref()?);
        let hard = resource_list::read(status.hard.as_ref());
        let names: Vec<String> = quota::concerned(o, &hard).cloned().collect();
        let counting = Counting { quota, spec, used: resource_list::read(status.used.as_ref()), hard, names };
        (!counting.names.is_empty() && counting.is_meant_for(o)).then_some(counting)
    }

    fn is_meant_for(&self, o: &Object) -> bool {
        quota::in_scope(self.spec, o)
    }

    fn counts(&self, name: &String) -> bool {
        self.names.contains(name)
    }

    fn can_judge(&self, o: &Object) -> Result<(), String> {
        let name = self.quota.name();
        if let Some(why) = o.get::<Pod>().and_then(|p| quota::unsaid(p.spec.as_ref()?, &self.hard)) {
            return Err(format!("failed quota: {name}: {why}"));
        }
        match self.names.iter().all(|n| self.used.contains_key(n)) {
            true => Ok(()),
            false => Err(format!("status unknown for quota: {name}, resources: {}", self.names.join(","))),
        }
    }

    fn allow(&self, asked: &ResourceList, after: &ResourceList) -> Result<(), String> {
        let exceeded = |name: &String| self.hard.get(name).is_some_and(|h| after[name] > *h);
        let exceeded: Vec<&String> = asked.keys().filter(|n| exceeded(n)).collect();
        if exceeded.is_empty() {
            return Ok(());
        }
        let of = |list: &ResourceList| -> ResourceList {
            list.iter().filter(|(n, _)| exceeded.contains(n)).map(|(n, q)| (n.clone(), *q)).collect()
        };
        Err(format!(
            "exceeded quota: {}, requested: {}, used: {}, limited: {}",
            self.quota.name(),
            resource_list::shown(&of(asked)),
            resource_list::shown(&of(&self.used)),
            resource_list::shown(&of(&self.hard))
        ))
    }
}

/// Writes the new usage into a quota's status.
fn charge(api: &mut ApiServer, key: &Key, used: &ResourceList, who: &mut Caller<'_>) -> Result<(), Status> {
    if who.dry_run {
        return Ok(());
    }
    let Some(old) = api.store().get(key).cloned() else { return Ok(()) };
    let mut new = (*old).clone();
    if let Some(q) = new.get_mut::<ResourceQuota>() {
        q.status.get_or_insert_default().used = Some(resource_list::write(used));
    }
    let apiserver = User::api_server();
    let mut itself = who.as_the_server(&apiserver);
    api.commit(&mut itself, "update", key, Some("status"), Some(new), Precondition::At(rev_of(&old))).map(|_| ())
}
