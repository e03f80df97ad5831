//! The API server: the only room that touches the store. A request passes authentication, admission, defaulting,
//! validation and storage here; kubectl comes in through [`router`], components through typed calls, and both
//! end in the same few functions of [`write`](mod@write).
//!
//! Start with [`router::ApiServer::handle`] for the way of a kubectl request and [`write`](mod@write) for what every change goes
//! through. [`admission`] is a table: one file a plugin, in Kubernetes' order.
//!
//! Deliberately absent: sockets (a later room serves the same router over HTTPS), time that passes, and any
//! controller's logic: this room never creates an object that nobody asked for.
//!
//! In Kubernetes this is kube-apiserver: `apiserver/pkg/endpoints`, `apiserver/pkg/registry/generic`, `pkg/registry`.

pub mod addresses;
pub mod admission;
mod aggregated;
mod asked;
pub mod authorization;
mod binding;
pub mod caller;
mod certificates;
mod clashes;
mod compaction;
mod continuing;
mod conversion;
mod custom;
mod decoding;
pub mod delete;
mod device_admin;
pub mod discovery;
mod eviction;
mod expiry;
mod forms;
pub mod health;
pub mod http;
pub mod list_options;
mod openapi;
mod owners;
mod parts;
pub mod proxying;
pub mod read;
pub mod router;
mod scale;
pub mod specs;
pub mod table;
pub mod target;
pub mod tokens;
mod validation;
mod warnings;
pub mod write;
mod write_options;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;

pub use caller::Caller;

use crate::api::kinds::APIService;
use crate::api::ownership::Made;
use crate::api::pki::Authority;
use crate::api::request::WatchEvent;
use crate::api::{Key, KindRef, Object, Time};
use crate::store::{Ailment, Change, Rev, Store, WatchId};

/// Events a client's watch may leave unread before it is cut off, as a slow watcher is.
pub const WATCH_BUFFER: usize = 10_000;

/// The API server with its store.
#[derive(Clone, Debug, Default)]
pub struct ApiServer {
    store: Store,
    addresses: addresses::Allocator,
    specs: specs::Specs,
    made: Made,
    compactor: compaction::Compactor,
    expiry: expiry::Expiry,
    /// What the key is made of that signs tokens.
    pub seed: u64,
    /// Who signs certificates that it takes.
    authority: Option<Arc<Authority>>,
    /// The way to webhooks.
    outlet: admission::webhooks::calling::Outlet,
    known: authorization::Known,
    custom: custom::CustomKinds,
    /// What an add-on that answers for kinds of its own holds at this moment.
    unstored: BTreeMap<Key, Arc<Object>>,
    policies: admission::policy::ready::Cache,
    /// Watches of clients outside the machine; components get theirs as events of the world.
    clients: BTreeMap<WatchId, ClientWatch>,
}

#[derive(Clone, Debug)]
struct ClientWatch {
    filter: read::Filter,
    /// The version in which the client wants to see objects.
    kind: KindRef,
    form: forms::Form,
    events: VecDeque<WatchEvent>,
    /// Nothing is told of what happened up to then.
    after: Rev,
    /// When it is told next how far it is, if it wants to know.
    bookmark: Option<Time>,
    end: read::End,
    first_table: bool,
}

impl ApiServer {
    /// The API server of a cluster of that seed.
    pub fn of(seed: u64) -> ApiServer {
        ApiServer { seed, ..ApiServer::default() }
    }

    /// From now on certificates are taken that this authority has signed.
    pub fn trust(&mut self, authority: Authority) {
        self.authority = Some(Arc::new(authority));
    }

    /// The authority that signs the cluster's certificates.
    ///
    /// # Errors
    /// Nobody has founded one.
    pub fn authority(&self) -> Result<&Authority, String> {
        self.authority.as_deref().ok_or_else(|| "the cluster has no certificate authority".into())
    }

    /// From now on webhooks are called that way.
    pub fn set_outlet(&mut self, outlet: admission::webhooks::calling::Outlet) {
        self.outlet = outlet;
    }

    pub fn rev(&self) -> Rev {
        self.store.rev()
    }

    /// Every version of every kind that is served.
    pub fn kinds(&self) -> impl Iterator<Item = KindRef> {
        let built_in = KindRef::built_in().filter(|k| !k.is_aggregated() || self.has_api_service(*k));
        built_in.chain(self.custom.served())
    }

    /// Every kind under which objects are stored, each once.
    pub fn stored_kinds(&self) -> impl Iterator<Item = KindRef> {
        KindRef::built_in().filter(|k| k.is_stored()).chain(self.custom_kinds())
    }

    /// The other versions of a kind that are served.
    pub(in crate::apiserver) fn other_versions(&self, kind: KindRef) -> Vec<KindRef> {
        let built_in = KindRef::built_in().filter(|k| k.stored() == kind.stored());
        built_in.chain(self.custom.faces(kind)).filter(|k| *k != kind).collect()
    }

    /// The kind of a group, a version and a plural.
    pub fn kind_of(&self, group: &str, version: &str, plural: &str) -> Option<KindRef> {
        KindRef::by_gvr(group, version, plural).or_else(|| self.custom.find(group, version, plural))
    }

    /// The kind that objects call by `apiVersion` and `kind`.
    pub fn kind_named(&self, api_version: &str, kind: &str) -> Option<KindRef> {
        let custom = || self.custom.served().find(|k| k.name() == kind && k.api_version() == api_version);
        KindRef::by_gvk(api_version, kind).or_else(custom)
    }

    /// What is registered of the add-on that serves a kind.
    pub(in crate::apiserver) fn api_service(&self, kind: KindRef) -> Option<&APIService> {
        let name = format!("{}.{}", kind.version(), kind.group());
        self.store.get(&Key::of::<APIService>("", &name))?.get()
    }

    /// Whether an add-on serves a kind, and answers.
    pub(in crate::apiserver) fn has_api_service(&self, kind: KindRef) -> bool {
        let status = self.api_service(kind).and_then(|s| s.status.as_ref());
        let conditions = status.and_then(|s| s.conditions.as_ref());
        conditions.into_iter().flatten().any(|c| c.type_ == "Available" && c.status == "True")
    }

    /// Read access for the world and for tests; writing goes through requests only.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Something is wrong with the store, or no longer.
    pub fn set_ailment(&mut self, ailment: Option<Ailment>) {
        self.store.set_ailment(ailment);
    }

    /// What components watch and have not been told yet; clients' watches are filled on the way.
    pub fn take_deliveries(&mut self, now: Time) -> impl Iterator<Item = (WatchId, Arc<Change>)> {
        let clients = &mut self.clients;
        self.store.take_deliveries().filter(move |(id, change)| match clients.get_mut(id) {
            Some(client) => {
                client.tell(change, now);
                false
            }
            None => true,
        })
    }

    /// Registers a component's watch.
    pub fn watch(&mut self, scope: crate::store::Scope) -> WatchId {
        let rev = self.store.rev();
        // A watch from now on is never compacted.
        self.store.watch(scope, rev).unwrap_or(WatchId(0))
    }

    /// Registers a component's watch of every custom kind.
    pub fn watch_custom(&mut self) -> WatchId {
        self.store.watch_custom()
    }

    /// Under what objects of custom kinds are stored.
    pub fn custom_kinds(&self) -> impl Iterator<Item = KindRef> {
        self.custom.stored()
    }

    pub fn unwatch(&mut self, id: WatchId) {
        self.store.unwatch(id);
        self.clients.remove(&id);
    }

    /// Forgets changes up to `rev`, as etcd's compaction does every five minutes.
    pub fn compact(&mut self, rev: Rev) {
        self.store.compact(rev);
    }
}
