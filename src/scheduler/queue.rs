//! Where pods wait: ready to be tried, backing off, or until something changes that could help.
//! Real Kubernetes: pkg/scheduler/backend/queue.

use std::collections::BTreeMap;

use crate::api::{Duration, Key, Time};
use crate::client::queue::merge;
use crate::ledger::Causes;

const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);
/// A pod that nothing has moved is tried again after this long anyway.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

#[derive(Clone, Debug)]
struct Waiting {
    causes: Causes,
    attempts: u32,
    since: Time,
    priority: i32,
}

#[derive(Clone, Default)]
pub struct Queue {
    active: BTreeMap<(i32, Time, u64), Key>,
    backoff: BTreeMap<(Time, u64), Key>,
    unschedulable: BTreeMap<Key, Time>,
    waiting: BTreeMap<Key, Waiting>,
    places: BTreeMap<Key, Place>,
    seq: u64,
}

#[derive(Clone, Debug)]
enum Place {
    Active((i32, Time, u64)),
    Backoff((Time, u64)),
    Unschedulable,
}

fn backoff(attempts: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(1u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX)).min(LONGEST_BACKOFF)
}

impl Queue {
    pub fn add(&mut self, key: Key, priority: i32, causes: &Causes, now: Time) {
        let w = self.waiting.entry(key.clone()).or_insert_with(|| Waiting {
            causes: vec![],
            attempts: 0,
            since: now,
            priority,
        });
        merge(&mut w.causes, causes);
        if !self.places.contains_key(&key) {
            self.activate(key);
        }
    }

    fn activate(&mut self, key: Key) {
        let Some(w) = self.waiting.get(&key) else { return };
        self.seq += 1;
        let at = (-w.priority, w.since, self.seq);
        self.leave(&key);
        self.active.insert(at, key.clone());
        self.places.insert(key, Place::Active(at));
    }

    fn leave(&mut self, key: &Key) {
        match self.places.remove(key) {
            Some(Place::Active(at)) => {
                self.active.remove(&at);
            }
            Some(Place::Backoff(at)) => {
                self.backoff.remove(&at);
            }
            Some(Place::Unschedulable) => {
                self.unschedulable.remove(key);
            }
            None => {}
        }
    }

    /// Nobody needs to look for this pod any more.
    pub fn forget(&mut self, key: &Key) {
        self.leave(key);
        self.waiting.remove(key);
    }

    /// The next pod to try.
    pub fn pop(&mut self, now: Time) -> Option<(Key, Causes)> {
        while let Some((at, key)) = self.backoff.iter().next().map(|(a, k)| (*a, k.clone())) {
            if at.0 > now {
                break;
            }
            self.activate(key);
        }
        let old: Vec<Key> =
            self.unschedulable.iter().filter(|(_, t)| now.since(**t) > LONGEST_WAIT).map(|(k, _)| k.clone()).collect();
        for key in old {
            self.activate(key);
        }
        let (_, key) = self.active.pop_first()?;
        self.places.remove(&key);
        let w = self.waiting.get_mut(&key)?;
        w.attempts += 1;
        Some((key, std::mem::take(&mut w.causes)))
    }

    /// No node fits: the pod waits until something changes.
    pub fn park(&mut self, key: Key, now: Time) {
        self.unschedulable.insert(key.clone(), now);
        self.places.insert(key, Place::Unschedulable);
    }

    /// Something changed that could help: parked pods are tried again after their back-off.
    pub fn something_changed(&mut self, causes: &Causes, now: Time) {
        let all: Vec<(Key, Time)> = std::mem::take(&mut self.unschedulable).into_iter().collect();
        for (key, tried) in all {
            let Some(w) = self.waiting.get_mut(&key) else { continue };
            merge(&mut w.causes, causes);
            let due = tried + backoff(w.attempts);
            if due <= now {
                self.places.remove(&key);
                self.activate(key);
            } else {
                self.seq += 1;
                self.backoff.insert((due, self.seq), key.clone());
                self.places.insert(key, Place::Backoff((due, self.seq)));
            }
        }
    }

    pub fn next(&self, now: Time) -> Option<(Time, bool)> {
        if !self.active.is_empty() {
            return Some((now, false));
        }
        let waiting = self.backoff.keys().next().map(|(t, _)| (*t, false));
        waiting
            .or_else(|| self.unschedulable.values().min().map(|t| (*t + LONGEST_WAIT + Duration::from_secs(1), true)))
    }

    pub fn attempts(&self, key: &Key) -> u32 {
        self.waiting.get(key).map_or(0, |w| w.attempts)
    }
}
