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
pub mod authorization;
pub mod caller;
pub mod delete;
pub mod discovery;
pub mod health;
pub mod list_options;
pub mod read;
pub mod router;
pub mod specs;
pub mod table;
pub mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;

pub use caller::Caller;

use crate::api::kinds::APIService;
use crate::api::request::WatchEvent;
use crate::api::{Key, KindRef};
use crate::store::{Change, Rev, Store, WatchId};

/// Events a client's watch may leave unread before it is cut off, as a slow watcher is.
pub const WATCH_BUFFER: usize = 10_000;

/// The API server with its store.
#[derive(Clone, Debug, Default)]
pub struct ApiServer {
    store: Store,
    addresses: addresses::Allocator,
    specs: specs::Specs,
    known: authorization::Known,
    policies: admission::policy::ready::Cache,
    /// Watches of clients outside the machine; components get theirs as events of the world.
    clients: BTreeMap<WatchId, ClientWatch>,
}

#[derive(Clone, Debug)]
struct ClientWatch {
    filter: read::Filter,
    /// The version in which the client wants to see objects.
    kind: KindRef,
    table: bool,
    events: VecDeque<WatchEvent>,
    overflowed: bool,
    bookmarks: bool,
    ends: Option<crate::api::Time>,
    first_table: bool,
}

impl ApiServer {
    pub fn rev(&self) -> Rev {
        self.store.rev()
    }

    /// Every version of every kind that is served.
    pub fn kinds(&self) -> impl Iterator<Item = KindRef> {
        KindRef::all().filter(|k| !k.is_aggregated() || self.has_api_service(*k))
    }

    /// Whether an add-on serves a kind, and answers.
    pub(in crate::apiserver) fn has_api_service(&self, kind: KindRef) -> bool {
        let name = format!("{}.{}", kind.version(), kind.group());
        let service = self.store.get(&Key::of::<APIService>("", &name)).and_then(|o| o.get::<APIService>());
        let conditions = service.and_then(|s| s.status.as_ref()).and_then(|s| s.conditions.as_ref());
        conditions.into_iter().flatten().any(|c| c.type_ == "Available" && c.status == "True")
    }

    /// Read access for the world and for tests; writing goes through requests only.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What components watch and have not been told yet; clients' watches are filled on the way.
    pub fn take_deliveries(&mut self, now: crate::api::Time) -> impl Iterator<Item = (WatchId, Arc<Change>)> {
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

    pub fn unwatch(&mut self, id: WatchId) {
        self.store.unwatch(id);
        self.clients.remove(&id);
    }

    /// Forgets changes up to `rev`, as etcd's compaction does every five minutes.
    pub fn compact(&mut self, rev: Rev) {
        self.store.compact(rev);
    }
}
