//! What kube-proxy and CoreDNS both keep: Services, and the EndpointSlices that belong to each.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::endpoints::SERVICE_NAME;
use crate::api::kinds::{EndpointSlice, Service};
use crate::api::object::{Key, Resource};
use crate::client::Cache;
use crate::store::{Change, ChangeKind, Scope};

#[derive(Clone, Default)]
pub struct Known {
    pub services: Cache<Service>,
    slices: Cache<EndpointSlice>,
    /// Slices by the Service that they belong to.
    of: BTreeMap<Key, BTreeSet<Key>>,
}

pub fn scopes() -> Vec<Scope> {
    vec![Scope::all(Service::kind_ref()), Scope::all(EndpointSlice::kind_ref())]
}

/// The Service that a slice belongs to.
fn service_of(s: &EndpointSlice) -> Option<Key> {
    Some(Key::of::<Service>(s.namespace(), s.label(SERVICE_NAME)?))
}

impl Known {
    /// Takes a change in. Tells which Service it is about.
    pub fn apply(&mut self, c: &Change) -> Option<Key> {
        if c.key.kind == Service::kind_ref() {
            self.services.apply(c);
            return Some(c.key.clone());
        }
        let before = self.slices.by_key(&c.key).and_then(service_of);
        self.slices.apply(c);
        let now = self.slices.by_key(&c.key).and_then(service_of);
        if let Some(s) = &before
            && (before != now || c.kind == ChangeKind::Deleted)
            && let Some(all) = self.of.get_mut(s)
        {
            all.remove(&c.key);
        }
        if let Some(s) = &now {
            self.of.entry(s.clone()).or_default().insert(c.key.clone());
        }
        now.or(before)
    }

    pub fn slices_of(&self, service: &Key) -> Vec<&EndpointSlice> {
        self.of.get(service).into_iter().flatten().filter_map(|k| self.slices.by_key(k)).collect()
    }
}
