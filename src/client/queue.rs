//! A work queue: each key once, whatever happened to it how often; the causes of all that happened are kept.
//! Failed keys come back after a growing wait.
//! Real Kubernetes: client-go/util/workqueue.

use std::collections::{BTreeMap, VecDeque};

use smallvec::smallvec;

use crate::api::{Duration, Key, Time};
use crate::ledger::Causes;

/// First and longest wait of a failing key.
const BASE: Duration = Duration::from_millis(5);
const MAX: Duration = Duration::from_secs(1000);
/// Causes remembered for one key; more do not make a story clearer.
const MAX_CAUSES: usize = 8;

#[derive(Clone, Debug, Default)]
pub struct Queue {
    ready: VecDeque<Key>,
    waiting: BTreeMap<Key, Causes>,
    later: BTreeMap<(Time, Key), (Causes, bool)>,
    failures: BTreeMap<Key, u32>,
}

/// Unites causes, oldest first.
pub fn merge(into: &mut Causes, more: &[crate::api::RecordId]) {
    for c in more {
        if !into.contains(c) && into.len() < MAX_CAUSES {
            into.push(*c);
        }
    }
    into.sort();
}

impl Queue {
    pub fn add(&mut self, key: Key, causes: &[crate::api::RecordId]) {
        match self.waiting.get_mut(&key) {
            Some(c) => merge(c, causes),
            None => {
                let mut c = smallvec![];
                merge(&mut c, causes);
                self.waiting.insert(key.clone(), c);
                self.ready.push_back(key);
            }
        }
    }

    /// Adds the key at a later time. `quiet`: the cluster need not wait for it.
    pub fn add_at(&mut self, at: Time, key: Key, causes: Causes, quiet: bool) {
        self.later.insert((at, key), (causes, quiet));
    }

    /// Adds a key that failed, after its back-off.
    pub fn retry(&mut self, key: Key, causes: Causes, now: Time) {
        let n = self.failures.entry(key.clone()).or_insert(0);
        let wait = BASE.saturating_mul(1u32.checked_shl(*n).unwrap_or(u32::MAX)).min(MAX);
        *n = n.saturating_add(1);
        self.add_at(now + wait, key, causes, wait > Duration::from_secs(5));
    }

    /// The key went well: its back-off starts anew.
    pub fn forget(&mut self, key: &Key) {
        self.failures.remove(key);
    }

    /// Moves what has become due into the queue.
    fn promote(&mut self, now: Time) {
        while let Some(entry) = self.later.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let ((_, key), (causes, _)) = entry.remove_entry();
            self.add(key, &causes);
        }
    }

    /// The next key and why it is here.
    pub fn pop(&mut self, now: Time) -> Option<(Key, Causes)> {
        self.promote(now);
        let key = self.ready.pop_front()?;
        let causes = self.waiting.remove(&key).unwrap_or_default();
        Some((key, causes))
    }

    /// When there is something to do, and whether the cluster need not wait for it.
    pub fn next(&self, now: Time) -> Option<(Time, bool)> {
        if !self.ready.is_empty() {
            return Some((now, false));
        }
        self.later.iter().next().map(|((at, _), (_, quiet))| (*at, *quiet))
    }

    pub fn len(&self) -> usize {
        self.ready.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }
}
