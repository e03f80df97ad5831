//! What a controller has just done and waits to see in its cache, so that it does not do it twice.
//! Real Kubernetes: pkg/controller/controller_utils.go ControllerExpectations.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::object::Name;
use crate::api::{Duration, Key, Time};

/// After this long a lost event must not block for ever.
const TTL: Duration = Duration::from_secs(300);

#[derive(Clone, Debug, Default)]
pub struct Expectations(BTreeMap<Key, Expected>);

#[derive(Clone, Debug)]
struct Expected {
    created: BTreeSet<Name>,
    deleted: BTreeSet<Name>,
    since: Time,
}

impl Expectations {
    fn entry(&mut self, key: &Key, now: Time) -> &mut Expected {
        let e = self.0.entry(key.clone()).or_insert_with(|| Expected {
            created: BTreeSet::new(),
            deleted: BTreeSet::new(),
            since: now,
        });
        e.since = now;
        e
    }

    pub fn expect_created(&mut self, key: &Key, name: &str, now: Time) {
        self.entry(key, now).created.insert(name.into());
    }

    pub fn expect_deleted(&mut self, key: &Key, name: &str, now: Time) {
        self.entry(key, now).deleted.insert(name.into());
    }

    /// The cache has seen it, or it will never happen. Tells whether it was waited for.
    pub fn saw_created(&mut self, key: &Key, name: &str) -> bool {
        self.0.get_mut(key).is_some_and(|e| e.created.remove(name))
    }

    pub fn saw_deleted(&mut self, key: &Key, name: &str) -> bool {
        self.0.get_mut(key).is_some_and(|e| e.deleted.remove(name))
    }

    pub fn are_met(&self, key: &Key, now: Time) -> bool {
        self.0.get(key).is_none_or(|e| (e.created.is_empty() && e.deleted.is_empty()) || now.since(e.since) > TTL)
    }

    /// Whether something that was created has not been seen yet.
    pub fn await_created(&self, key: &Key, now: Time) -> bool {
        !self.are_met(key, now) && self.0.get(key).is_some_and(|e| !e.created.is_empty())
    }

    pub fn forget(&mut self, key: &Key) {
        self.0.remove(key);
    }
}
