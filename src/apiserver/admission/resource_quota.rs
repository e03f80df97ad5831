//! ResourceQuota: a namespace may use only so much. What is let in is charged at once, so that two requests never share
//! the last of it; what is given back, a controller finds out.
//! Real Kubernetes: apiserver/pkg/admission/plugin/resourcequota.

use super::Plugin;
use crate::api::kinds::{Event, Pod, ResourceQuota};
use crate::api::object::{Key, Resource};
use crate::api::resource_list::{self, ResourceList};
use crate::api::{Object, Status, User, quota};
use crate::apiserver::{ApiServer, Caller};
use crate::store::{Precondition, Scope, rev_of};

pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::new("ResourceQuota") };

fn validate(api: &mut ApiServer, o: &Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    let exempt = !o.kind().namespaced() || o.get::<Event>().is_some();
    if exempt || old.is_some() && !quota::counts_updates(o) {
        return Ok(());
    }
    let scope = Scope { kind: ResourceQuota::kind_ref(), namespace: Some(o.namespace().into()) };
    if api.store().list(&scope).next().is_none() {
        return Ok(());
    }
    let mut asked = quota::usage(o, who.now);
    if let Some(old) = old {
        resource_list::subtract(&mut asked, &quota::usage(old, who.now));
    }
    let mut charged = vec![];
    for q in api.store().list(&scope).filter_map(|o| o.get::<ResourceQuota>()) {
        let (Some(spec), Some(status)) = (&q.spec, &q.status) else { continue };
        let hard = resource_list::read(status.hard.as_ref());
        let concerned: Vec<&String> = quota::concerned(o, &hard).collect();
        if concerned.is_empty() || !quota::in_scope(spec, o) {
            continue;
        }
        let only = |list: &ResourceList| -> ResourceList {
            list.iter().filter(|(name, _)| concerned.contains(name)).map(|(name, q)| (name.clone(), *q)).collect()
        };
        if let Some(why) = o.get::<Pod>().filter(|_| old.is_none()).and_then(|p| quota::unsaid(p.spec.as_ref()?, &hard))
        {
            return Err(Status::forbidden(o.kind(), o.name(), &format!("failed quota: {}: {why}", q.name())));
        }
        let asked: ResourceList = only(&asked).into_iter().filter(|(_, q)| !q.is_zero()).collect();
        let used = resource_list::read(status.used.as_ref());
        let mut after = used.clone();
        resource_list::add(&mut after, &asked);
        let exceeded: Vec<&String> = asked
            .iter()
            // Giving back is always allowed.
            .filter(|(name, q)| !q.is_negative() && hard.get(*name).is_some_and(|h| after[*name] > *h))
            .map(|(name, _)| name)
            .collect();
        if !exceeded.is_empty() {
            let of = |list: &ResourceList| -> ResourceList {
                list.iter().filter(|(n, _)| exceeded.contains(n)).map(|(n, q)| (n.clone(), *q)).collect()
            };
            let why = format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                q.name(),
                resource_list::shown(&of(&asked)),
                resource_list::shown(&of(&used)),
                resource_list::shown(&of(&hard))
            );
            return Err(Status::forbidden(o.kind(), o.name(), &why));
        }
        if !asked.is_empty() {
            charged.push((q.key(), after));
        }
    }
    charged.into_iter().try_for_each(|(key, after)| charge(api, &key, &after, who))
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
