//! A work queue: each key once, whatever happened to it how often; the causes of all that happened are kept.
//! Failed keys come back after a growing wait.
//! Real Kubernetes: client-go/util/workqueue.

use std::collections::{BTreeMap, VecDeque};

use smallvec::smallvec;

use crate::api::{Duration, Key, Time};
use crate::ledger::Causes;

/// How long a key that failed waits: the first time, doubled from then on, at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BackOff {
    pub first: Duration,
    pub most: Duration,
}

impl BackOff {
    /// What most controllers have.
    pub const USUAL: BackOff = BackOff { first: Duration::from_millis(5), most: Duration::from_secs(1000) };
}

/// Causes remembered for one key; more do not make a story clearer.
const MAX_CAUSES: usize = 8;

#[derive(Clone, Debug, Default)]
pub struct Queue {
    ready: VecDeque<Key>,
    waiting: BTreeMap<Key, Causes>,
    later: BTreeMap<(Time, Key), (Causes, bool)>,
    /// When each key of `later` is due.
    due: BTreeMap<Key, Time>,
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

    /// Adds the key at a later time, if it does not come sooner anyway. `quiet`: the cluster need not wait for it.
    pub fn add_at(&mut self, at: Time, key: Key, causes: Causes, quiet: bool) {
        if let Some(known) = self.due.insert(key.clone(), at) {
            if known < at {
                if let Some((waits, _)) = self.later.get_mut(&(known, key.clone())) {
                    merge(waits, &causes);
                }
                self.due.insert(key, known);
                return;
            }
            self.later.remove(&(known, key.clone()));
        }
        self.later.insert((at, key), (causes, quiet));
    }

    /// Adds a key that failed, after its back-off.
    pub fn retry(&mut self, key: Key, causes: Causes, now: Time, back_off: BackOff) {
        let n = self.failures.entry(key.clone()).or_insert(0);
        let wait = back_off.first.saturating_mul(1u32.checked_shl(*n).unwrap_or(u32::MAX)).min(back_off.most);
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
            self.due.remove(&key);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::Job;

    #[test]
    fn of_several_times_to_come_the_soonest_counts() {
        let at = |s: u64| Time::ZERO + Duration::from_secs(s);
        let key = Key::of::<Job>("d", "j");
        let ids = |all: &[u64]| -> Causes { all.iter().map(|i| crate::api::RecordId(*i)).collect() };
        let mut q = Queue::default();
        q.add_at(at(10), key.clone(), ids(&[1]), true);
        q.add_at(at(1), key.clone(), ids(&[2]), false);
        q.add_at(at(5), key.clone(), ids(&[3]), false);
        assert_eq!(q.next(at(0)), Some((at(1), false)));
        assert_eq!(q.pop(at(0)), None);
        assert_eq!(q.pop(at(1)), Some((key.clone(), ids(&[2, 3]))));
        assert_eq!(q.next(at(1)), None, "the later times are forgotten");
        q.add_at(at(7), key.clone(), ids(&[4]), false);
        assert_eq!(q.pop(at(7)), Some((key, ids(&[4]))));
    }

    #[test]
    fn a_key_that_fails_waits_twice_as_long_each_time() {
        let key = Key::of::<Job>("d", "j");
        let back_off = BackOff { first: Duration::from_secs(1), most: Duration::from_secs(3) };
        let mut q = Queue::default();
        let mut waits = vec![];
        for _ in 0..4 {
            q.retry(key.clone(), smallvec![], Time::ZERO, back_off);
            let (at, _) = q.next(Time::ZERO).unwrap();
            waits.push(at.since(Time::ZERO).as_secs());
            q.pop(at);
        }
        assert_eq!(waits, [1, 2, 3, 3]);
    }
}
