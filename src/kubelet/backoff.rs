//! Waits that double: for crashed containers and for images that cannot be pulled.
//! Real Kubernetes: client-go/util/flowcontrol/backoff.go, as kubelet uses it.

use std::collections::BTreeMap;

use crate::api::{Duration, Time};

/// The first wait, and the longest.
pub const FIRST: Duration = Duration::from_secs(10);
pub const LONGEST: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, Debug)]
struct Entry {
    wait: Duration,
    updated: Time,
}

#[derive(Clone, Debug, Default)]
pub struct Backoff(BTreeMap<String, Entry>);

impl Backoff {
    /// Long without trouble: the memory is stale.
    fn expired(event: Time, e: Entry) -> bool {
        event.since(e.updated) > LONGEST * 2
    }

    /// Whether, since `event` (the container's end), the wait has not passed yet. Returns what is left.
    pub fn left_since(&self, id: &str, event: Time, now: Time) -> Option<Duration> {
        let e = self.0.get(id).copied().filter(|e| !Backoff::expired(event, *e))?;
        let passed = now.since(event);
        (passed < e.wait).then(|| e.wait - passed)
    }

    /// The same, counted from when the wait was last lengthened.
    pub fn left_since_update(&self, id: &str, now: Time) -> Option<Duration> {
        let e = self.0.get(id).copied().filter(|e| !Backoff::expired(now, *e))?;
        let passed = now.since(e.updated);
        (passed < e.wait).then(|| e.wait - passed)
    }

    /// Lengthens the wait: 10 s, 20 s, 40 s … 5 min.
    pub fn next(&mut self, id: &str, event: Time, now: Time) -> Duration {
        let wait = match self.0.get(id) {
            Some(e) if !Backoff::expired(event, *e) => (e.wait * 2).min(LONGEST),
            _ => FIRST,
        };
        self.0.insert(id.into(), Entry { wait, updated: now });
        wait
    }

    /// Forgets a pod's entries: those whose names begin with its uid.
    pub fn forget(&mut self, uid: &str) {
        let from = format!("{uid}/");
        while let Some(k) = self.0.range(from.clone()..).next().map(|(k, _)| k.clone()).filter(|k| k.starts_with(&from))
        {
            self.0.remove(&k);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_restart_is_immediate_and_then_the_wait_doubles() {
        let mut b = Backoff::default();
        let mut now = Time::ZERO;
        assert_eq!(b.left_since("c", now, now), None);
        for want in [10, 20, 40, 80, 160, 300, 300] {
            assert_eq!(b.next("c", now, now), Duration::from_secs(want));
            assert_eq!(b.left_since("c", now, now), Some(Duration::from_secs(want)));
            now = now + Duration::from_secs(want);
            assert_eq!(b.left_since("c", now - Duration::from_secs(want), now), None);
        }
        now = now + Duration::from_secs(601);
        assert_eq!(b.next("c", now, now), FIRST, "ten quiet minutes are a fresh start");
    }
}
