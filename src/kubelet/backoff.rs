//! Waits that double: for crashed containers and for images that cannot be pulled.
//! Real Kubernetes: client-go/util/flowcontrol/backoff.go, as kubelet uses it.

use std::collections::BTreeMap;

use crate::api::{Duration, Time, Uid};

/// The first wait, and the longest.
pub const FIRST: Duration = Duration::from_secs(10);
pub const LONGEST: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, Debug)]
struct Entry {
    wait: Duration,
    updated: Time,
}

/// The waits of a pod's containers or images, by name.
#[derive(Clone, Debug, Default)]
pub struct Backoff(BTreeMap<Uid, BTreeMap<String, Entry>>);

impl Backoff {
    /// Long without trouble: the memory is stale.
    fn expired(event: Time, e: Entry) -> bool {
        event.since(e.updated) > LONGEST * 2
    }

    fn entry(&self, pod: Uid, name: &str, event: Time) -> Option<Entry> {
        self.0.get(&pod)?.get(name).copied().filter(|e| !Backoff::expired(event, *e))
    }

    /// Whether, since `event` (the container's end), the wait has not passed yet. Returns what is left.
    pub fn left_since(&self, pod: Uid, name: &str, event: Time, now: Time) -> Option<Duration> {
        let e = self.entry(pod, name, event)?;
        let passed = now.since(event);
        (passed < e.wait).then(|| e.wait - passed)
    }

    /// The same, counted from when the wait was last lengthened.
    pub fn left_since_update(&self, pod: Uid, name: &str, now: Time) -> Option<Duration> {
        let e = self.entry(pod, name, now)?;
        let passed = now.since(e.updated);
        (passed < e.wait).then(|| e.wait - passed)
    }

    /// Lengthens the wait: 10 s, 20 s, 40 s … 5 min.
    pub fn next(&mut self, pod: Uid, name: &str, event: Time, now: Time) -> Duration {
        let wait = self.entry(pod, name, event).map_or(FIRST, |e| (e.wait * 2).min(LONGEST));
        self.0.entry(pod).or_default().insert(name.into(), Entry { wait, updated: now });
        wait
    }

    pub fn forget(&mut self, pod: Uid) {
        self.0.remove(&pod);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_restart_is_immediate_and_then_the_wait_doubles() {
        let mut b = Backoff::default();
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
        assert_eq!(b.next(pod, "c", now, now), FIRST, "ten quiet minutes are a fresh start");
        assert_eq!(b.left_since(pod, "other", now, now), None);
        assert_eq!(b.left_since(Uid::of("b"), "c", now, now), None);
        b.forget(pod);
        assert_eq!(b.left_since(pod, "c", now, now), None);
    }
}
