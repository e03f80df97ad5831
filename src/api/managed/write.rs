//! A write by somebody, from the object as it was to the object with its owners: the steps that Kubernetes stacks as
//! managers around its updater, here one after another.
//!
//! Real Kubernetes: apimachinery/pkg/util/managedfields/internal: fieldmanager.go, managedfieldsupdater.go,
//! stripmeta.go, skipnonapplied.go, buildmanagerinfo.go, structuredmerge.go.

use std::borrow::Cow;

use serde_json::Value;

use super::cap::cap;
use super::conflict::Conflicts;
use super::last_applied;
use super::owners::{Manager, Operation, Owned, Owners, asks_to_forget};
use super::typed::Duplicates;
use super::updater::{Refusal, Updater};
use super::versions::{Unconverted, Versions, converted, unowned};
use super::{gvk, identity};
use crate::api::{Reason, Status, Time};

/// Somebody who writes, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Writer<'a> {
    /// What `options::manager_of` makes of the request.
    pub manager: &'a str,
    /// The subresource written to; empty for the object itself.
    pub subresource: &'a str,
    pub time: Time,
}

/// Who is said to have written what was there before anybody applied.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";
/// Somebody without a name.
const UNKNOWN: &str = "unknown";

impl Writer<'_> {
    fn manager(&self, operation: Operation, api_version: &str) -> Manager {
        let name = if self.manager.is_empty() { UNKNOWN } else { self.manager };
        Manager::new(operation, name, api_version, self.subresource)
    }
}

/// Fills in who owns what after a create, an update or a patch other than an apply.
///
/// `live` is the object as it is stored, `new` what the request makes of it, with defaults but before admission and
/// before the server allots addresses or resets anything: what the server adds later has no owner. Both are as Go
/// writes them ([`crate::api::canonical::fill`]). What `new` says in `metadata.managedFields` is what the request says
/// there, since a client may hand ownership on.
///
/// It does not fail: of an object that does not fit its schema nobody is known to own anything.
pub fn on_update(live: Option<&Value>, new: &mut Value, kind: &dyn Versions, writer: &Writer<'_>) {
    let asked = match live {
        // A subresource is no place to write owners to.
        Some(live) if !writer.subresource.is_empty() => Owners::of(live).unwrap_or_default(),
        _ if asks_to_forget(new) => Owners::default(),
        _ => match Owners::of(new) {
            Ok(owners) if !owners.is_empty() => owners,
            _ => live.and_then(|l| Owners::of(l).ok()).unwrap_or_default(),
        },
    };
    Owners::default().write(new);
    // Of an object that is there and whose owners are not known, nobody is made the owner.
    if asked.is_empty() && live.is_some() {
        return;
    }
    let empty = kind.empty();
    let owners = written(live.unwrap_or(&empty), new, kind, asked, writer, writer.time);
    owners.map(cap).unwrap_or_default().write(new);
}

/// Who owns what after a write that is no apply.
fn written(
    live: &Value,
    new: &Value,
    kind: &dyn Versions,
    owners: Owners,
    writer: &Writer<'_>,
    time: Time,
) -> Result<Owners, String> {
    let (version, _) = kind.request();
    let of = |object| match converted(kind, object, version) {
        Ok(object) => Ok(object),
        Err(Unconverted::Missing) => Err(format!("no corresponding type for {}", gvk(object))),
        Err(Unconverted::Failed(why)) => Err(why),
    };
    let updater = Updater { kind };
    let new = updater.typed(of(new)?, Duplicates::Allowed)?;
    let live = updater.typed(of(live)?, Duplicates::Allowed)?;
    // For as long as it takes to compare, the writer is nobody: what it owned before may change like any other's.
    let nobody = Manager::new(Operation::Update, "", "", "");
    let mut owners = updater.update(&live, &new, owners, &nobody)?;
    strip(&mut owners, &nobody);
    if let Some(own) = owners.0.remove(&nobody) {
        let manager = writer.manager(Operation::Update, version);
        let before = owners.0.remove(&manager).map_or(own.fields.clone(), |b| own.fields.union(&b.fields));
        let owned = Owned { fields: before, api_version: own.api_version, time: Some(time) };
        owners.0.insert(manager, owned);
    }
    Ok(owners)
}

/// Applies a configuration: the object that comes of it, with its owners. Nothing is defaulted in it yet, and places
/// from which everything was taken may be null.
///
/// # Errors
/// The conflicts, unless they are forced, and whatever is wrong with the configuration.
pub fn on_apply(
    live: Option<&Value>,
    config: &Value,
    kind: &dyn Versions,
    writer: &Writer<'_>,
    force: bool,
) -> Result<Value, Status> {
    let owners = live.map_or(Ok(Owners::default()), Owners::of);
    let owners = owners.map_err(|why| internal(format!("failed to decode managed fields: {why}")))?;
    let (version, name) = kind.request();
    if config["apiVersion"].as_str() != Some(version) || config["kind"].as_str() != Some(name) {
        return Err(Status::bad_request(format!("invalid object type: {}", gvk(config))));
    }
    let empty = kind.empty();
    let live = live.unwrap_or(&empty);
    let apply = Apply { live, config, kind, writer };
    let (mut object, owners) = apply.upgrading(owners, force)?;
    last_applied::renew(&mut object, config, writer);
    owners.write(&mut object);
    Ok(object)
}

/// The object and its owners, or with whom the configuration is in conflict.
type Applied = Result<(Value, Owners), Conflicts>;

struct Apply<'a> {
    live: &'a Value,
    config: &'a Value,
    kind: &'a dyn Versions,
    writer: &'a Writer<'a>,
}

impl Apply<'_> {
    /// What `kubectl apply` wrote before it was told to apply on the server is no conflict for it.
    fn upgrading(&self, owners: Owners, force: bool) -> Result<(Value, Owners), Status> {
        let conflicts = match self.tracked(owners.clone(), force)? {
            Ok(result) => return Ok(result),
            Err(conflicts) => conflicts,
        };
        let allowed = match self.writer.manager {
            last_applied::KUBECTL => last_applied::fields(self.live, self.kind).ok(),
            _ => None,
        };
        let Some(allowed) = allowed else { return Err(conflicts.status()) };
        let left = conflicts.without(&allowed);
        if !left.0.is_empty() {
            return Err(left.status());
        }
        self.tracked(owners, true)?.map_err(|conflicts| conflicts.status())
    }

    /// The apply, after whoever wrote before was given a name.
    fn tracked(&self, owners: Owners, force: bool) -> Result<Applied, Status> {
        let owners = if owners.is_empty() {
            let before = Writer { manager: BEFORE_FIRST_APPLY, ..self.writer.clone() };
            let owners = written(&self.kind.empty(), self.live, self.kind, owners, &before, self.writer.time);
            let failed = |why| internal(format!("failed to create manager for existing fields: {why}"));
            cap(owners.map_err(failed)?)
        } else {
            owners
        };
        self.merged(owners, force)
    }

    fn merged(&self, owners: Owners, force: bool) -> Result<Applied, Status> {
        let (version, _) = self.kind.request();
        if !matches!(self.config["metadata"]["managedFields"], Value::Null) {
            return Err(Status::bad_request("metadata.managedFields must be nil"));
        }
        let live = match converted(self.kind, self.live, version) {
            Ok(live) => live,
            Err(Unconverted::Failed(why)) => {
                let who = identity(self.live);
                return Err(internal(format!("failed to convert live object ({who}) to proper version: {why}")));
            }
            Err(Unconverted::Missing) => return Err(internal(format!("no corresponding type for {}", gvk(self.live)))),
        };
        let updater = Updater { kind: self.kind };
        let untyped = |what: &str, object, why| {
            internal(format!("failed to create typed {what} object ({}): {why}", identity(object)))
        };
        let config = updater.typed(Cow::Borrowed(self.config), Duplicates::Refused);
        let config = config.map_err(|why| untyped("patch", self.config, why))?;
        let live = updater.typed(live, Duplicates::Allowed).map_err(|why| untyped("live", self.live, why))?;
        let manager = self.writer.manager(Operation::Apply, version);
        match updater.apply(&live, &config, owners, &manager, force) {
            Ok((object, mut owners)) => {
                strip(&mut owners, &manager);
                if object.is_some()
                    && let Some(own) = owners.0.get_mut(&manager)
                {
                    own.time = Some(self.writer.time);
                }
                Ok(Ok((object.unwrap_or_else(|| live.value.into_owned()), owners)))
            }
            Err(Refusal::Conflicts(conflicts)) => Ok(Err(conflicts)),
            Err(Refusal::Failed(why)) => Err(internal(why)),
        }
    }
}

/// Takes from a manager what nobody owns.
fn strip(owners: &mut Owners, manager: &Manager) {
    if let Some(own) = owners.0.get_mut(manager) {
        own.fields = own.fields.difference(&unowned());
    }
    owners.0.retain(|m, o| m != manager || !o.fields.is_empty());
}

/// An error without a reason, which the server answers with 500.
fn internal(why: String) -> Status {
    Status::new(Reason::Unknown, why)
}

/// Puts the times back as they were if the times are all that a write changed, so that an apply of what is applied
/// already leaves no trace. `old` is the stored object, `new` what would be stored in its place, of the same
/// resourceVersion: this is the last thing to be done to it.
///
/// Real Kubernetes: apiserver/pkg/endpoints/handlers/fieldmanager/equality.go.
pub fn keep_times(old: &Value, new: &mut Value) {
    let entries = |o: &Value| o["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let timeless = |o: &Value| {
        let mut entries = entries(o);
        entries.iter_mut().filter_map(Value::as_object_mut).for_each(|e| drop(e.remove("time")));
        entries
    };
    let before = entries(old);
    if before != entries(new)
        && timeless(old) == timeless(new)
        && same_otherwise(old, new)
        && let Some(metadata) = new.get_mut("metadata").and_then(Value::as_object_mut)
    {
        metadata.insert("managedFields".into(), Value::Array(before));
    }
}

/// Whether two objects differ in nothing but their owners.
fn same_otherwise(a: &Value, b: &Value) -> bool {
    let same_without = |a: &Value, b: &Value, key: &str| {
        let fields = |v: &'_ Value| v.as_object().into_iter().flatten().filter(|(k, _)| *k != key).count();
        let equal = |(k, v): (&String, &Value)| k == key || b.get(k) == Some(v);
        fields(a) == fields(b) && a.as_object().into_iter().flatten().all(equal)
    };
    same_without(&a["metadata"], &b["metadata"], "managedFields") && same_without(a, b, "metadata")
}
