//! Create and update: what every change of the cluster goes through, in this order: admission, defaulting,
//! strategy (what clients may not set), validation, storage.
//! Real Kubernetes: apiserver/pkg/registry/generic/registry/store.go, apiserver/pkg/registry/rest.

use std::sync::Arc;

use super::caller::{Caller, new_uid, suffix};
use super::clashes::{other_object, taken};
use super::read::End;
use super::{ApiServer, admission, authorization, certificates, device_admin, validation};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Subresource;
use crate::api::kinds::{Namespace, PersistentVolume, Pod, Service, namespace, persistentvolume, pod};
use crate::api::object::Key;
use crate::api::{Object, Reason, Resource, Status, custom, reading};
use crate::ledger::record::RequestOutcome;
use crate::store::{Precondition, Rev, StoreError, rev_of};

/// What is said of an object that names another namespace than the request.
pub(super) const NAMESPACE_MISMATCH: &str =
    "the namespace of the provided object does not match the namespace sent on the request";

/// Letters appended to `generateName`.
const SUFFIX_LENGTH: usize = 5;
/// `generateName` is cut so that the whole name fits in 63 letters.
const MAX_GENERATED: usize = 63 - SUFFIX_LENGTH;

impl ApiServer {
    /// Creates an object in `namespace` (empty for cluster-scoped kinds).
    pub fn create(&mut self, mut o: Object, ns: &str, who: &mut Caller<'_>) -> Result<Arc<Object>, Status> {
        let kind = o.kind();
        let place = Key::new(kind.stored(), ns, o.name());
        let versioned = who.applied.is_none() && o.meta().resource_version.as_deref().is_some_and(|r| !r.is_empty());
        let result = match self.authorize(who, "create", &place, None) {
            Ok(()) => self.admit_create(&mut o, ns, who),
            Err(status) => Err(status),
        };
        let key = if result.is_ok() { o.key() } else { place };
        let stored = result.and_then(|mut asked| {
            // It may be kept for long.
            self.specs.share(&mut asked);
            self.own(&mut o, None, asked, None, who);
            self.made.share(&mut o);
            if who.dry_run {
                return match self.store.get(&key) {
                    Some(there) => Err(taken(there, &o)),
                    None => Ok(Arc::new(o)),
                };
            }
            // That is the store's rule, which is asked last.
            if versioned {
                return Err(Status::new(Reason::Unknown, "resourceVersion should not be set on objects to be created"));
            }
            self.specs.share(&mut o);
            let o = self.to_storage(o);
            if let Some(there) = self.store.get(&key) {
                return Err(taken(there, &o));
            }
            if let Some(s) = o.get::<Service>() {
                self.take_address(s, None, who)?;
            }
            let stored = self.commit(who, "create", &key, None, Some(o), Precondition::Absent)?;
            if let Some(s) = stored.get::<Service>() {
                self.addresses.note(s);
            }
            Ok(stored)
        });
        if let Err(status) = &stored {
            self.refuse(who, "create", &key, None, status);
        }
        stored
    }

    /// Writes to the store, or takes out of it, and puts the request down as the write's cause.
    pub(super) fn commit(
        &mut self,
        who: &mut Caller<'_>,
        verb: &'static str,
        key: &Key,
        sub: Option<&'static str>,
        new: Option<Object>,
        expect: Precondition,
    ) -> Result<Arc<Object>, Status> {
        let removes = new.is_none();
        let outcome = |rev: Rev| if removes { RequestOutcome::Removed(rev.0) } else { RequestOutcome::Stored(rev.0) };
        if key.kind.group() == authorization::policy::GROUP {
            self.known.forget();
        }
        let change = self
            .store
            .write(key.clone(), new, expect, |rev| who.record(verb, key, sub, outcome(rev)))
            .map_err(|e| store_error(&e, key))?;
        if !removes {
            self.attach_to_lease(&change.object, who.now);
        }
        self.expire(who);
        self.compactor.look(&mut self.store, who.now);
        // Who watches objects of a kind that is defined anew must begin anew.
        if let Some(hub) = self.custom.learn(&change) {
            let watching = self.clients.values_mut().filter(|c| c.kind.stored() == hub);
            watching.for_each(|c| c.end = End::Come);
        }
        Ok(change.object.clone())
    }

    pub(super) fn refuse(
        &self,
        who: &mut Caller<'_>,
        verb: &'static str,
        key: &Key,
        sub: Option<&'static str>,
        status: &Status,
    ) {
        who.record(verb, key, sub, RequestOutcome::Refused(Box::new(status.clone())));
    }

    /// Gives back the object as it was asked for.
    fn admit_create(&mut self, o: &mut Object, ns: &str, who: &mut Caller<'_>) -> Result<Object, Status> {
        let kind = o.kind();
        if self.custom.is_terminating(kind) {
            let why = "create not allowed while custom resource definition is terminating";
            return Err(Status::forbidden(kind, o.name(), why));
        }
        let meta = o.meta_mut();
        if kind.namespaced() {
            match meta.namespace.as_deref().unwrap_or("") {
                "" => meta.namespace = Some(ns.into()),
                own if own == ns => {}
                _ => return Err(Status::bad_request(NAMESPACE_MISMATCH)),
            }
        } else {
            meta.namespace = None;
        }
        kind.defaults(o);
        let meta = o.meta_mut();
        let prefixed = !meta.generate_name.as_deref().unwrap_or("").is_empty();
        let named_here = prefixed && meta.name.as_deref().unwrap_or("").is_empty();
        if named_here {
            let prefix: String = meta.generate_name.clone().unwrap_or_default().chars().take(MAX_GENERATED).collect();
            meta.name = Some(format!("{prefix}{}", suffix(who.chance, SUFFIX_LENGTH)));
        }
        // It gets them when admission has completed it.
        let uid = new_uid(who.chance);
        meta.uid = None;
        meta.creation_timestamp = None;
        meta.deletion_timestamp = None;
        meta.deletion_grace_period_seconds = None;
        meta.resource_version = None;
        meta.self_link = None;
        let asked = o.clone();
        o.meta_mut().managed_fields = None;
        self.show_owners(o, None, &asked, None, who);
        admission::mutate_new(self, o, named_here, who)?;
        let meta = o.meta_mut();
        meta.uid = Some(uid);
        meta.creation_timestamp = Some(who.now.meta());
        // Of a kind that does not count, the client's number stays.
        if kind.has_generation() {
            meta.generation = Some(1);
        }
        kind.stamp(o, who.now);
        who.warnings.extend(kind.early_warnings(o));
        kind.prepare_create(o);
        certificates::stamp_requester(o, who.user);
        authorization::escalation::check(self, o, None, who.user)?;
        // Addresses are given out before anything is judged.
        if let Some(s) = o.get_mut::<Service>() {
            self.addresses.assign(s, None, &self.store, who.dry_run, who.chance)?;
        }
        let mut errors = FieldErrors::default();
        device_admin::validate(self, o, &mut errors);
        validation::of_create(o, &asked, who.version, &mut errors);
        who.warnings.append(&mut errors.take_warnings());
        if !errors.is_empty() {
            return Err(Status::invalid(kind, o.name(), errors.list()));
        }
        who.warnings.extend(kind.warnings(o, None));
        admission::validate(self, o, None, who)?;
        Ok(asked)
    }

    /// Replaces an object, its status or its scale. `new` names the object; a resourceVersion in it must be current.
    pub fn update(
        &mut self,
        new: Object,
        sub: Option<Subresource>,
        verb: &'static str,
        who: &mut Caller<'_>,
    ) -> Result<Arc<Object>, Status> {
        let mut new = self.as_defined(new);
        let key = new.key();
        let name = sub.map(Subresource::name);
        if let Err(status) = self.authorize(who, verb, &key, sub) {
            self.refuse(who, verb, &key, name, &status);
            return Err(status);
        }
        let Some(old) = self.store.get(&key).cloned() else {
            if key.kind.creates_on_update() && sub.is_none() && verb == "update" {
                return self.create(new, &key.namespace, who);
            }
            let status = Status::not_found(key.kind, &key.name);
            self.refuse(who, verb, &key, name, &status);
            return Err(status);
        };
        let in_this_version = (old.kind() != new.kind()).then(|| custom::as_kind(&old, new.kind()));
        let before = in_this_version.as_ref().unwrap_or(&old);
        let asked = match self.admit_update(&mut new, before, sub, verb, who) {
            Ok(asked) => asked,
            Err(status) => {
                self.refuse(who, verb, &key, name, &status);
                return Err(status);
            }
        };
        let mut new = self.to_storage(new);
        // What somebody leaves out and the server fills in again is theirs no more.
        let owners_count = who.owners_at_once || who.applied.is_some() || asked.meta().managed_fields.is_some();
        self.own(&mut new, Some(&old), asked, sub, who);
        if unchanged(&new, &old, who) && !(owners_count && new.owners() != old.owners()) {
            who.record(verb, &key, name, RequestOutcome::Unchanged);
            return Ok(old);
        }
        if who.dry_run {
            return Ok(Arc::new(new));
        }
        if finished(&new) {
            // Whoever let it go is shown what they wrote.
            let last = Arc::new(new);
            return self.remove(&key, who, verb).map(|_| last);
        }
        if let Some(s) = new.get::<Service>() {
            self.take_address(s, old.get::<Service>(), who)?;
        }
        let stored = self.commit(who, verb, &key, name, Some(new), Precondition::At(rev_of(&old)))?;
        if let (Some(s), Some(o)) = (stored.get::<Service>(), old.get::<Service>()) {
            self.give_back_address(o, Some(s), who);
            self.addresses.release(o);
            self.addresses.note(s);
        }
        Ok(stored)
    }

    fn admit_update(
        &mut self,
        new: &mut Object,
        old: &Object,
        sub: Option<Subresource>,
        verb: &'static str,
        who: &mut Caller<'_>,
    ) -> Result<Object, Status> {
        let kind = new.kind();
        let wanted = new.meta().resource_version.clone().unwrap_or_default();
        if !wanted.is_empty() && wanted.parse::<u64>().is_err() {
            return Err(Status::new(Reason::Unknown, format!("strconv.ParseUint: parsing {wanted:?}: invalid syntax")));
        }
        if !wanted.is_empty() && wanted != rev_of(old).0.to_string() {
            return Err(Status::modified(kind, old.name()));
        }
        // A whole object names the one it means to replace; a patch only tries to change the name of it.
        let other_uid = new.meta().uid.as_deref().is_some_and(|u| !u.is_empty() && u != old.uid());
        if other_uid && verb != "patch" {
            return Err(other_object(old, "UID", new.uid(), old.uid()));
        }
        let mut errors = FieldErrors::default();
        if wanted.is_empty() && !kind.updates_unconditionally() {
            let at = Path::new("metadata");
            errors.invalid(&at.child("resourceVersion"), serde_json::json!(0), "must be specified for an update");
            return Err(Status::invalid_resource(kind, old.name(), errors.list()));
        }
        let before = old.meta();
        let meta = new.meta_mut();
        if verb == "patch" {
            validation::of_patch(meta, before, &mut errors);
        }
        // Most of the object may be sent, but what is not meant is thrown away once admission has seen it; so nothing is filled in.
        if !matches!(sub, Some(Subresource::Status | Subresource::Approval)) {
            kind.defaults(new);
        }
        let asked = new.clone();
        new.meta_mut().managed_fields = None;
        who.subresource = sub;
        self.show_owners(new, Some(old), &asked, sub, who);
        admission::mutate(self, new, Some(old), who)?;
        keep_what_is_the_servers(new, old);
        self.prepare(new, old, sub, who)?;
        // What an object forgets and admission fills in again is no change.
        let changed = sub != Some(Subresource::Status) && kind.has_generation() && kind.spec_changed(new, old);
        if changed && !only_empty_lists(new, old, who) {
            new.meta_mut().generation = Some(old.meta().generation.unwrap_or(0) + 1);
        }
        authorization::escalation::check(self, new, Some(old), who.user)?;
        match sub {
            Some(Subresource::Status) => {
                device_admin::validate_status(self, new, old, &mut errors);
                validation::of_status(new, old, &mut errors);
            }
            Some(Subresource::Approval) => certificates::validate_approval(new, old, &mut errors),
            Some(sub @ (Subresource::EphemeralContainers | Subresource::Resize)) => {
                if let Some((new, old)) = new.get::<Pod>().zip(old.get()) {
                    match sub {
                        Subresource::Resize => pod::validate_resize(new, old, &mut errors),
                        _ => pod::validate_ephemeral_containers(new, old, &mut errors),
                    }
                }
            }
            Some(Subresource::Finalize) => {
                if let Some((new, old)) = new.get::<Namespace>().zip(old.get::<Namespace>()) {
                    namespace::validate_finalize(new, old, &mut errors);
                }
            }
            _ => validation::of_update(new, old, &asked, who.version, &mut errors),
        }
        who.warnings.append(&mut errors.take_warnings());
        if !errors.is_empty() {
            return Err(Status::invalid(kind, old.name(), errors.list()));
        }
        who.warnings.extend(match sub {
            Some(Subresource::Status) => kind.status_warnings(new),
            Some(Subresource::Finalize) => vec![],
            _ => kind.warnings(new, Some(old)),
        });
        admission::validate(self, new, Some(old), who)?;
        Ok(asked)
    }

    /// Throws away what a request through a part of an object may not change, and lets the kind fill in the rest.
    fn prepare(
        &mut self,
        new: &mut Object,
        old: &Object,
        sub: Option<Subresource>,
        who: &mut Caller<'_>,
    ) -> Result<(), Status> {
        let kind = new.kind();
        match sub {
            Some(Subresource::Status) => {
                kind.prepare_status(new, old);
                if let Some((new, old)) = new.get_mut::<PersistentVolume>().zip(old.get()) {
                    persistentvolume::note_transition(new, old, who.now);
                }
                certificates::stamp_status(new, old, who.now);
            }
            Some(Subresource::Approval) => certificates::prepare_approval(new, old, who.now),
            Some(sub @ (Subresource::EphemeralContainers | Subresource::Resize)) => {
                if let Some((new, old)) = new.get_mut::<Pod>().zip(old.get()) {
                    match sub {
                        Subresource::Resize => pod::prepare_resize(new, old),
                        _ => pod::prepare_ephemeral_containers(new, old),
                    }
                }
            }
            Some(Subresource::Finalize) => {
                if let Some((new, old)) = new.get_mut::<Namespace>().zip(old.get::<Namespace>()) {
                    new.status.clone_from(&old.status);
                }
            }
            _ => {
                kind.stamp(new, who.now);
                if let Some(s) = new.get_mut::<Service>() {
                    self.addresses.assign(s, old.get::<Service>(), &self.store, who.dry_run, who.chance)?;
                }
                kind.prepare_update(new, old);
            }
        }
        Ok(())
    }
}

/// Whether a write changes nothing. Clients write empty lists, which the store does not tell from none; components do not, and
/// to look at every field of what they write takes longer than all the rest.
/// Real Kubernetes compares what it would store.
fn unchanged(new: &Object, old: &Object, who: &Caller<'_>) -> bool {
    new.same(old) || who.owners_at_once && new.json() == old.json()
}

/// Whether nothing of a spec has changed but that empty lists are none, or the other way round.
fn only_empty_lists(new: &Object, old: &Object, who: &Caller<'_>) -> bool {
    let part = |o: &Object| -> Vec<_> {
        let fields = o.json().as_object().into_iter().flatten();
        fields
            .filter(|(k, _)| !matches!(k.as_str(), "metadata" | "status"))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    };
    if !who.owners_at_once || part(new) != part(old) {
        return false;
    }
    // For some kinds labels and annotations count as well.
    let kind = new.kind();
    let stored = |o: &Object| kind.decode(reading::without_nulls((**o.json()).clone()));
    match (stored(new), stored(old)) {
        (Ok(new), Ok(old)) => !kind.spec_changed(&new, &old),
        _ => false,
    }
}

/// What the server alone says of an object stays as it was.
fn keep_what_is_the_servers(new: &mut Object, old: &Object) {
    let (meta, before) = (new.meta_mut(), old.meta());
    keep(&mut meta.resource_version, &before.resource_version);
    keep(&mut meta.uid, &before.uid);
    keep(&mut meta.creation_timestamp, &before.creation_timestamp);
    keep(&mut meta.deletion_timestamp, &before.deletion_timestamp);
    keep(&mut meta.deletion_grace_period_seconds, &before.deletion_grace_period_seconds);
    keep(&mut meta.generation, &before.generation);
}

/// A field stays as it was. Mostly it has: a patch begins with a copy.
fn keep<T: Clone + PartialEq>(new: &mut T, old: &T) {
    if new != old {
        new.clone_from(old);
    }
}

/// A namespace that is going away and is held by nothing any more, or any object in that state.
fn finished(o: &Object) -> bool {
    let held = o.meta().finalizers.as_ref().is_some_and(|f| !f.is_empty());
    let kubernetes = o
        .get::<Namespace>()
        .is_some_and(|n| n.spec.iter().any(|s| s.finalizers.as_ref().is_some_and(|f| !f.is_empty())));
    let graceful = o.meta().deletion_grace_period_seconds.is_some_and(|s| s > 0);
    o.is_deleting() && !held && !kubernetes && !graceful
}

/// What etcd's client says when nobody is there.
pub const UNAVAILABLE: &str = "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp 127.0.0.1:2379: connect: connection refused\"";

pub(super) fn store_error(e: &StoreError, key: &Key) -> Status {
    match e {
        StoreError::Exists => Status::already_exists(key.kind, &key.name),
        StoreError::NotFound => Status::not_found(key.kind, &key.name),
        StoreError::Conflict => Status::modified(key.kind, &key.name),
        StoreError::NoSpace => Status::new(Reason::Unknown, "etcdserver: mvcc: database space exceeded"),
        StoreError::Gone => Status::new(Reason::Unknown, UNAVAILABLE),
        StoreError::Compacted { oldest } => {
            Status::expired(format!("The resourceVersion for the provided watch is too old (oldest: {})", oldest.0))
        }
    }
}

/// Whether a namespace exists and takes new objects.
pub(super) fn namespace_state(api: &ApiServer, ns: &str) -> NamespaceState {
    match api.store.get(&Key::of::<Namespace>("", ns)).and_then(|o| o.get::<Namespace>()) {
        None => NamespaceState::Missing,
        Some(n) if n.is_deleting() || namespace::phase(n) == "Terminating" => NamespaceState::Terminating,
        Some(_) => NamespaceState::Active,
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NamespaceState {
    Missing,
    Terminating,
    Active,
}
