//! etcd when it is not well: gone, full, or slow. The API server lives, but what it cannot store or read it refuses.
//!
//! Gone: what must be read or written through fails; what components ask of the API server's own cache (lists at their start,
//! watches) goes on, though nothing changes. Full: only what takes no room goes, which is removal. Slow: everything takes seconds,
//! and what etcd cannot commit within seven it gives up.
//! Real Kubernetes: etcd's client (retry_interceptor.go: a hundred tries of reads, none of writes), server (ReqTimeout, applierV3Capped),
//! apiserver/pkg/storage/etcd3.

use super::{Due, Goal, World, decision::ProcessDecision};
use crate::api::request::{Method, Request};
use crate::api::{Duration, Reason, RecordId, Status};
use crate::apiserver::caller::{Chance, below};
use crate::apiserver::write::UNAVAILABLE;
use crate::ledger::record::SERVER;
use crate::store::Ailment;
use smallvec::smallvec;

/// As a program of the control plane.
pub(super) const ETCD: &str = "etcd";
/// A hundred tries of 25 ms.
const READ_TRIES: Duration = Duration::from_millis(2500);
/// How long a request takes when the disk is slow: least, most; and when etcd gives it up.
const SLOW_MILLIS: (u64, u64) = (1_500, 8_500);
const COMMIT_LIMIT: Duration = Duration::from_secs(7);
/// An API server that begins tries so long to reach its etcd.
pub(super) const DIAL: Duration = Duration::from_secs(20);

fn unavailable() -> Status {
    Status::new(Reason::Unknown, UNAVAILABLE)
}

impl World {
    /// What is wrong with etcd, if anything is.
    pub fn storage(&self) -> Option<Ailment> {
        self.api.store().ailment()
    }

    /// etcd falls ill or recovers.
    pub fn set_storage(&mut self, ailment: Option<Ailment>, cause: RecordId) {
        let before = self.storage();
        if before == ailment {
            return;
        }
        self.api.set_ailment(ailment);
        let what = match ailment {
            None => ProcessDecision::StorageWell,
            Some(Ailment::Gone) => ProcessDecision::StorageGone,
            Some(Ailment::Full) => ProcessDecision::StorageFull,
            Some(Ailment::Slow) => ProcessDecision::StorageSlow,
        };
        self.tell_of(ETCD, what, cause);
    }

    /// Whether the newest state of an object can be read.
    ///
    /// # Errors
    /// The API server does not answer, or its etcd does not.
    pub(super) fn read_through(&self) -> Result<(), Status> {
        self.reach()?;
        if self.storage() == Some(Ailment::Gone) { Err(unavailable()) } else { Ok(()) }
    }

    /// What etcd makes of a write before it is looked at, if it is not well.
    pub(super) fn commit(&mut self, slot: Option<usize>) -> Result<(), Status> {
        if self.storage() != Some(Ailment::Slow) {
            return Ok(());
        }
        let chance = match slot.and_then(|i| self.slots.get_mut(i)) {
            Some(slot) => &mut slot.chance,
            None => &mut self.chance,
        };
        timed_out(slow(chance))
    }

    /// How a person's request fares in etcd: how long it takes, and whether it gets through.
    pub fn ask_storage(&mut self, request: &Request) -> (Duration, Result<(), Status>) {
        let about_objects = self.api.leads_to(&request.path).is_some_and(|t| t.kind.is_stored());
        let (reads, cached) = (request.method == Method::Get, request.param("resourceVersion") == Some("0"));
        match self.storage() {
            _ if !about_objects || reads && cached => (Duration::ZERO, Ok(())),
            Some(Ailment::Gone) if reads => (READ_TRIES, Err(unavailable())),
            Some(Ailment::Gone) => (Duration::ZERO, Err(unavailable())),
            Some(Ailment::Slow) => {
                let takes = slow(&mut self.chance);
                (takes.min(COMMIT_LIMIT), timed_out(takes))
            }
            Some(Ailment::Full) | None => (Duration::ZERO, Ok(())),
        }
    }

    /// An API server that begins without its etcd waits for it, and ends if that does not come.
    pub(super) fn awaits_storage(&mut self, cause: RecordId) -> bool {
        if self.storage() != Some(Ailment::Gone) || !self.server.begins {
            return false;
        }
        if self.now.since(self.server.began) >= DIAL {
            self.server.begins = false;
            self.tell_of(SERVER, ProcessDecision::NoStorage, cause);
            self.process_exits(SERVER, cause);
        } else {
            let due = Due { to: Goal::Serve, causes: smallvec![cause] };
            self.agenda.push(self.now + Duration::from_secs(2), due, true);
        }
        true
    }
}

/// How long a request takes when the disk is slow.
pub(super) fn slow(chance: &mut Chance) -> Duration {
    let (least, most) = SLOW_MILLIS;
    Duration::from_millis(least + below(chance, most - least))
}

fn timed_out(takes: Duration) -> Result<(), Status> {
    if takes < COMMIT_LIMIT { Ok(()) } else { Err(Status::new(Reason::Unknown, "etcdserver: request timed out")) }
}
