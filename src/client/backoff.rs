//! Waits that double: for crashed containers, images that cannot be pulled, pods that a DaemonSet makes in vain.
//! Real Kubernetes: client-go/util/flowcontrol/backoff.go.

use std::collections::BTreeMap;

use crate::api::{Duration, Time, Uid};

#[derive(Clone, Copy, Debug)]
struct Entry {
    wait: Duration,
    updated: Time,
}

/// The waits of an object's parts (a pod's containers or images), by name.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    entries: BTreeMap<Uid, BTreeMap<String, Entry>>,
}

impl Backoff {
    pub fn new(first: Duration, longest: Duration) -> Backoff {
        Backoff { first, longest, entries: BTreeMap::new() }
    }

    /// Long without trouble: the memory is stale.
    fn expired(&self, event: Time, e: Entry) -> bool {
        event.since(e.updated) > self.longest * 2
    }

    fn entry(&self, of: Uid, name: &str, event: Time) -> Option<Entry> {
        self.entries.get(&of)?.get(name).copied().filter(|e| !self.expired(event, *e))
    }

    /// Whether, since `event` (the container's end), the wait has not passed yet. Returns what is left.
    pub fn left_since(&self, of: Uid, name: &str, event: Time, now: Time) -> Option<Duration> {
        let e = self.entry(of, name, event)?;
        let passed = now.since(event);
        (passed < e.wait).then(|| e.wait - passed)
    }

    /// The same, counted from when the wait was last lengthened.
    pub fn left_since_update(&self, of: Uid, name: &str, now: Time) -> Option<Duration> {
        let e = self.entry(of, name, now)?;
        let passed = now.since(e.updated);
        (passed < e.wait).then(|| e.wait - passed)
    }

    /// Lengthens the wait: 10 s, 20 s, 40 s …
    pub fn next(&mut self, of: Uid, name: &str, event: Time, now: Time) -> Duration {
        let wait = self.entry(of, name, event).map_or(self.first, |e| (e.wait * 2).min(self.longest));
        self.entries.entry(of).or_default().insert(name.into(), Entry { wait, updated: now });
        wait
    }

    pub fn forget(&mut self, of: Uid) {
        self.entries.remove(&of);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_restart_is_immediate_and_then_the_wait_doubles() {
        let first = Duration::from_secs(10);
        let mut b = Backoff::new(first, Duration::from_secs(300));
        let pod = Uid::of("a");
        let mut now = Time::ZERO;
        assert_eq!(b.left_since(pod, "c", now, now), None);
        for want in [10, 20, 40, 80, 160, 300, 300] {
            assert_eq!(b.next(pod, "c", now, now), Duration::from_secs(want));
            assert_eq!(b.left_since(pod, "c", now, now), Some(Duration::from_secs(want)));
            now = now + Duration::from_secs(want);
            assert_eq!(b.left_since(pod, "c", now - Duration::from_secs(want), now), None);
        }
        now = now + Duration::from_secs(601);
        assert_eq!(b.next(pod, "c", now, now), first, "ten quiet minutes are a fresh start");
        assert_eq!(b.left_since(pod, "other", now, now), None);
        assert_eq!(b.left_since(Uid::of("b"), "c", now, now), None);
        b.forget(pod);
        assert_eq!(b.left_since(pod, "c", now, now), None);
    }
}
