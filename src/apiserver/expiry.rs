//! Objects that are kept for a while only: Events for an hour after they were last written.
//!
//! The API server attaches each to a lease of etcd that outlives it, and takes the same lease for all that follow within a minute. When
//! a lease is over, etcd removes what is attached to it in one go, whoever may be watching: an Event goes between an hour and an hour
//! and a minute after its last write, together with its neighbours.
//!
//! Which objects are attached to a lease follows from their revisions: those written while it was the last one.
//! Real Kubernetes: apiserver/pkg/storage/etcd3/lease_manager.go, `--event-ttl`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use smallvec::smallvec;

use super::ApiServer;
use super::caller::Caller;
use crate::api::object::Key;
use crate::api::{Duration, KindRef, Object, RecordId, Time};
use crate::ledger::{Decision, Facts, What};
use crate::store::{Precondition, Rev, Scope, Write};

/// A lease is taken again for so long, or for a twentieth of what an object lives, if that is less.
const REUSED_FOR: Duration = Duration::from_secs(60);
/// And for so many objects.
const MOST_ATTACHED: usize = 1000;
/// The record of how the cluster was put together: the first of all.
const START: RecordId = RecordId(1);
/// Who removes them.
const ETCD: &str = "etcd";

#[derive(Clone, Debug)]
struct Lease {
    /// The first revision that is attached to it.
    from: Rev,
    until: Time,
    attached: usize,
}

/// The leases of each kind, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Expiry {
    leases: BTreeMap<KindRef, VecDeque<Lease>>,
    /// When the first of all is over.
    next: Option<Time>,
}

impl Expiry {
    /// An object of that kind was written.
    fn attach(&mut self, kind: KindRef, lifetime: Duration, rev: Rev, now: Time) {
        let leases = self.leases.entry(kind).or_default();
        match leases.back_mut().filter(|l| now + lifetime < l.until && l.attached < MOST_ATTACHED) {
            Some(lease) => lease.attached += 1,
            None => {
                let until = now + lifetime + REUSED_FOR.min(lifetime.mul_f64(0.05));
                leases.push_back(Lease { from: rev, until, attached: 1 });
                self.next = Some(self.next.map_or(until, |next| next.min(until)));
            }
        }
    }

    /// The kinds of which leases are over, each with the revision before which its objects are to go. `rev` is the newest.
    fn over(&mut self, rev: Rev, now: Time) -> Vec<(KindRef, Rev)> {
        if self.next.is_none_or(|next| now < next) {
            return vec![];
        }
        let mut over = vec![];
        for (kind, leases) in &mut self.leases {
            let before = leases.len();
            while leases.front().is_some_and(|l| l.until <= now) {
                leases.pop_front();
            }
            if leases.len() < before {
                over.push((*kind, leases.front().map_or(Rev(rev.0 + 1), |l| l.from)));
            }
        }
        self.next = self.leases.values().filter_map(|l| l.front()).map(|l| l.until).min();
        over
    }
}

impl ApiServer {
    /// Notes that an object was written, if those of its kind do not stay for ever.
    pub(super) fn attach_to_lease(&mut self, written: &Object, now: Time) {
        if let Some(lifetime) = written.kind().lifetime() {
            self.expiry.attach(written.kind(), lifetime, Rev(written.marks().revision), now);
        }
    }

    /// Has etcd remove what is over. Something is written all the time, so that is when it is looked at: a node renews its lease every
    /// ten seconds.
    pub(super) fn expire(&mut self, who: &mut Caller<'_>) {
        for (kind, before) in self.expiry.over(self.store.rev(), who.now) {
            let all = Scope::all(kind);
            let old = self.store.list(&all).filter(|o| o.marks().revision < before.0);
            let writes: Vec<Write> =
                old.map(|o| Write { key: o.key(), new: None, expect: Precondition::Any }).collect();
            if writes.is_empty() {
                continue;
            }
            let (count, now) = (writes.len(), who.now);
            let ledger = &mut *who.ledger;
            // Nobody asked for it: it follows from how the cluster was put together.
            let put_down = |_| {
                let decision = Expired { count };
                ledger.add(now, ETCD, What::Decision(Arc::new(decision)), smallvec![START])
            };
            // A store that takes nothing now has its own troubles; what is over goes with the next lease.
            let _ = self.store.transaction(writes, put_down);
        }
    }
}

/// Objects were removed because they have not been written for so long.
#[derive(Clone, Debug)]
struct Expired {
    count: usize,
}

impl Decision for Expired {
    fn message(&self) -> &'static str {
        "etcd-expired"
    }
    fn facts(&self) -> Facts {
        vec![("count", self.count.into())]
    }
    fn about(&self) -> Option<Key> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::Event;
    use crate::api::object::Resource;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(seconds: u64) -> Time {
        Time::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_written_within_a_minute_goes_together() {
        let (mut e, kind) = (Expiry::default(), Event::kind_ref());
        for (rev, seconds) in [(5, 0), (6, 30), (9, 59), (12, 60), (20, 3000)] {
            e.attach(kind, HOUR, Rev(rev), at(seconds));
        }
        assert_eq!(e.over(Rev(30), at(3659)), vec![]);
        assert_eq!(e.over(Rev(30), at(3660)), vec![(kind, Rev(12))]);
        assert_eq!(e.over(Rev(30), at(3700)), vec![]);
        assert_eq!(e.over(Rev(30), at(3720)), vec![(kind, Rev(20))]);
        assert_eq!(e.over(Rev(30), at(9000)), vec![(kind, Rev(31))], "all that there are");
        assert_eq!(e.over(Rev(30), at(90_000)), vec![]);
    }

    #[test]
    fn a_lease_has_only_so_many() {
        let (mut e, kind) = (Expiry::default(), Event::kind_ref());
        (1..=2500).for_each(|rev| e.attach(kind, HOUR, Rev(rev), at(rev / 1000)));
        let firsts: Vec<u64> = e.leases[&kind].iter().map(|l| l.from.0).collect();
        assert_eq!(firsts, [1, 1001, 2001]);
    }
}
