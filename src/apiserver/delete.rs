//! Delete: grace, finalizers and propagation.
//! Real Kubernetes: apiserver/pkg/registry/rest/delete.go BeforeDelete, registry/generic/registry/store.go Delete.

use std::sync::Arc;

use super::caller::Caller;
use super::{ApiServer, admission};
use crate::api::kinds::{Namespace, Pod, Service};
use crate::api::object::Key;
use crate::api::status::Details;
use crate::api::{Duration, Object, Reason, Status, pods};
use crate::store::{Precondition, rev_of};

/// What becomes of the objects that the deleted one owns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Propagation {
    Background,
    Foreground,
    Orphan,
    /// Nobody has said: what was begun goes on, else it is as the object's kind has it.
    #[default]
    Unsaid,
}

#[derive(Clone, Debug, Default)]
pub struct DeleteOptions {
    pub grace_seconds: Option<i64>,
    pub propagation: Propagation,
    pub uid: Option<String>,
    pub resource_version: Option<String>,
}

/// What a delete did.
#[derive(Clone, Debug)]
pub enum Deleted {
    /// The object is gone.
    Gone(Arc<Object>),
    /// It is marked, and goes when its grace or its finalizers allow.
    Marked(Arc<Object>),
}

impl Deleted {
    pub fn object(&self) -> &Arc<Object> {
        match self {
            Deleted::Gone(o) | Deleted::Marked(o) => o,
        }
    }
}

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

impl ApiServer {
    pub fn delete(&mut self, key: &Key, options: &DeleteOptions, who: &mut Caller<'_>) -> Result<Deleted, Status> {
        let allowed = self.authorize(who, "delete", key, None);
        let result = allowed.and_then(|()| self.plan_delete(key, options, who)).and_then(|plan| match plan {
            Plan::Mark(object) if who.dry_run => Ok(Deleted::Marked(Arc::new(*object))),
            Plan::Remove(object) if who.dry_run => Ok(Deleted::Gone(as_it_goes(object, who.now))),
            Plan::Keep(object) => Ok(Deleted::Marked(object)),
            Plan::Mark(object) => {
                let expect = Precondition::At(rev_of(&object));
                self.commit(who, "delete", key, None, Some(*object), expect).map(Deleted::Marked)
            }
            Plan::Remove(_) => {
                let now = who.now;
                self.remove(key, who, "delete").map(|last| Deleted::Gone(as_it_goes(last, now)))
            }
        });
        if let Err(status) = &result {
            self.refuse(who, "delete", key, None, status);
        }
        result
    }

    /// Takes an object out of the store.
    pub(super) fn remove(
        &mut self,
        key: &Key,
        who: &mut Caller<'_>,
        verb: &'static str,
    ) -> Result<Arc<Object>, Status> {
        let last = self.commit(who, verb, key, None, None, Precondition::Any)?;
        if let Some(s) = last.get::<Service>() {
            self.addresses.release(s);
            self.give_back_address(s, None, who);
        }
        Ok(last)
    }

    fn plan_delete(&self, key: &Key, options: &DeleteOptions, who: &mut Caller<'_>) -> Result<Plan, Status> {
        if let Some(why) = key.kind.stays(&key.name) {
            return Err(Status::forbidden(key.kind, &key.name, why));
        }
        let Some(old) = self.store.get(key) else { return Err(Status::not_found(key.kind, &key.name)) };
        check_preconditions(old, options)?;
        admission::delete(self, key, who)?;
        if old.get::<Namespace>().is_some() && old.is_deleting() {
            return Ok(Plan::Keep(old.clone()));
        }
        if !old.is_deleting() {
            let mut new = Object::touched(old);
            if old.kind().condemn(&mut new, who.now) {
                new.meta_mut().deletion_timestamp = Some(who.now.meta());
                return Ok(Plan::Mark(Box::new(new)));
            }
        }
        let mut new = Object::touched(old);
        set_propagation(&mut new, options.propagation);
        let held = new.meta().finalizers.as_ref().is_some_and(|f| !f.is_empty());
        match grace(old, options) {
            Some(seconds) if seconds > 0 => {
                let left = old.meta().deletion_grace_period_seconds;
                if old.is_deleting() && left.is_some_and(|l| l <= seconds) {
                    return Ok(Plan::Keep(old.clone()));
                }
                let when = began(old, who.now) + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
                mark(&mut new, when, seconds);
                Ok(Plan::Mark(Box::new(new)))
            }
            _ if held => {
                if old.is_deleting()
                    && old.meta().finalizers == new.meta().finalizers
                    && old.meta().deletion_grace_period_seconds == Some(0)
                {
                    return Ok(Plan::Keep(old.clone()));
                }
                mark(&mut new, who.now, 0);
                Ok(Plan::Mark(Box::new(new)))
            }
            _ => Ok(Plan::Remove(old.clone())),
        }
    }
}

/// What a client knows of the object that it means to delete must be so still.
pub(super) fn check_preconditions(o: &Object, options: &DeleteOptions) -> Result<(), Status> {
    let kind = o.kind();
    let revision = rev_of(o).0.to_string();
    let uid = options.uid.as_deref().filter(|u| *u != o.uid());
    let rv = options.resource_version.as_deref().filter(|r| *r != revision);
    // Namespaces have words of their own for it.
    if o.get::<Namespace>().is_some() {
        let differs = |what, wanted, is| {
            format!("Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {is}")
        };
        let uid = uid.map(|wanted| differs("UID", wanted, o.uid()));
        return match uid.or_else(|| rv.map(|wanted| differs("ResourceVersion", wanted, &revision))) {
            Some(why) => Err(Status::conflict(kind, o.name(), &why)),
            None => Ok(()),
        };
    }
    let differs = |what, wanted, is| {
        format!(
            "the {what} in the precondition ({wanted}) does not match the {what} in record ({is}). The object might have been"
        )
    };
    let uid = uid.map(|wanted| format!("{} deleted and then recreated", differs("UID", wanted, o.uid())));
    let rv = rv.map(|wanted| format!("{} modified", differs("ResourceVersion", wanted, &revision)));
    let Some(why) = uid.or(rv) else { return Ok(()) };
    let what = if kind.group().is_empty() { kind.name().into() } else { format!("{}.{}", kind.name(), kind.group()) };
    let message = format!("Operation cannot be fulfilled on {what} {:?}: {why}", o.name());
    let details =
        Details { name: o.name().into(), group: kind.group().into(), kind: kind.name().into(), ..Details::default() };
    Err(Status { details: Some(Box::new(details)), ..Status::new(Reason::Conflict, message) })
}

enum Plan {
    /// Nothing changes: it is being deleted already.
    Keep(Arc<Object>),
    Mark(Box<Object>),
    Remove(Arc<Object>),
}

/// Seconds that the object's programs get, if its kind knows grace at all.
fn grace(o: &Object, options: &DeleteOptions) -> Option<i64> {
    let own = o.kind().grace(o)?;
    let wanted = options.grace_seconds.unwrap_or(own);
    // A pod that runs nowhere, or has ended, has nobody to be patient with.
    let nobody = o.get::<Pod>().is_some_and(|p| pods::node(p).is_empty() || pods::is_terminal(p));
    match wanted {
        _ if nobody => Some(0),
        // As little as may be, but not nothing.
        ..0 => Some(1),
        seconds => Some(seconds),
    }
}

/// What goes at once though its kind knows grace was given none, and whoever deleted it is shown so.
fn as_it_goes(o: Arc<Object>, now: crate::api::Time) -> Arc<Object> {
    if o.kind().grace(&o).is_none() {
        return o;
    }
    let mut last = (*o).clone();
    mark(&mut last, began(&o, now), 0);
    Arc::new(last)
}

/// When an object was first deleted: its grace counts from then on, however often it is shortened.
fn began(o: &Object, now: crate::api::Time) -> crate::api::Time {
    let meta = o.meta();
    let seconds = u64::try_from(meta.deletion_grace_period_seconds.unwrap_or(0)).unwrap_or(0);
    let ends = meta.deletion_timestamp.as_ref().map(crate::api::Time::from_meta);
    ends.map_or(now, |t| t - Duration::from_secs(seconds))
}

fn mark(o: &mut Object, when: crate::api::Time, seconds: i64) {
    let generation = o.kind().has_generation();
    let meta = o.meta_mut();
    if generation && meta.deletion_timestamp.is_none() {
        meta.generation = Some(meta.generation.unwrap_or(0) + 1);
    }
    meta.deletion_timestamp = Some(when.meta());
    meta.deletion_grace_period_seconds = Some(seconds);
}

fn set_propagation(o: &mut Object, how: Propagation) {
    let leaves_owned = o.kind().leaves_owned();
    let meta = o.meta_mut();
    let begun = || meta.finalizers.iter().flatten().find_map(|f| [ORPHAN, FOREGROUND].into_iter().find(|own| own == f));
    let own = match how {
        Propagation::Background => None,
        Propagation::Foreground => Some(FOREGROUND),
        Propagation::Orphan => Some(ORPHAN),
        Propagation::Unsaid => begun().or(leaves_owned.then_some(ORPHAN)),
    };
    let mut finalizers: Vec<String> = meta.finalizers.take().unwrap_or_default();
    finalizers.retain(|f| (f != ORPHAN && f != FOREGROUND) || Some(f.as_str()) == own);
    if let Some(own) = own
        && !finalizers.iter().any(|f| f == own)
    {
        finalizers.push(own.into());
    }
    meta.finalizers = (!finalizers.is_empty()).then_some(finalizers);
}
