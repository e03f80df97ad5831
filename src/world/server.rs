//! The API server as its clients see it: somebody answers at its address, or nobody does.
//!
//! While nobody does, nothing is written, so no watch has anything to tell, and components keep what they know. When it is back
//! they do not notice at once: each tries to connect at growing intervals, and hears of changes from its next try on.
//! Real Kubernetes: client-go/tools/cache/reflector.go, where a watch that broke is opened again.

use std::sync::Arc;

use smallvec::smallvec;

use super::decision::ProcessDecision;
use super::{ActorId, World};
use crate::api::{Duration, RecordId, Status, Time, User};
use crate::apiserver::caller::{Chance, below};
use crate::ledger::What;
use crate::ledger::record::SERVER;
use crate::store::Ailment;

/// How a reflector waits: at first, at most; each wait up to twice as long, by chance.
const FIRST_WAIT: Duration = Duration::from_millis(800);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub(super) struct Server {
    /// `198.51.100.2:6443`
    pub address: Arc<str>,
    /// The node on which it runs.
    pub host: Arc<str>,
    /// Since when nobody answers.
    pub gone: Option<Time>,
    /// Its process runs, and will answer soon.
    pub begins: bool,
    /// Since when it does.
    pub began: Time,
}

impl Default for Server {
    fn default() -> Server {
        Server { address: "127.0.0.1:6443".into(), host: "".into(), gone: None, begins: false, began: Time::default() }
    }
}

impl World {
    /// Where the API server listens.
    pub fn serve_at(&mut self, host: &str, address: &str) {
        self.server.host = host.into();
        self.server.address = address.into();
    }

    /// Whether the API server can be reached.
    ///
    /// # Errors
    /// Nobody listens at its address.
    pub fn reach(&self) -> Result<(), Status> {
        match self.server.gone {
            None => Ok(()),
            Some(_) if self.broken("node", &self.server.host).is_some() => Err(Status::no_route(&self.server.address)),
            Some(_) => Err(Status::refused(&self.server.address)),
        }
    }

    /// Whether somebody can reach it: a kubelet cannot across a wire that is cut.
    ///
    /// # Errors
    /// Nobody listens at its address, or nothing comes through.
    pub fn reach_as(&self, user: &User) -> Result<(), Status> {
        match user.node_name() {
            Some(node) if self.are_parted(node, &self.server.host) => Err(Status::timed_out(&self.server.address)),
            _ => self.reach(),
        }
    }

    /// Whether the wire between two nodes is cut.
    pub fn are_parted(&self, one: &str, other: &str) -> bool {
        let between =
            |place: &str| place.split_once(' ').is_some_and(|(a, b)| [(a, b), (b, a)].contains(&(one, other)));
        self.faults.keys().any(|(what, place)| what == "network" && between(place))
    }

    /// From now on nobody answers; what was connected is cut off.
    pub(super) fn server_gone(&mut self, cause: RecordId) {
        self.server.begins = false;
        if self.server.gone.is_some() {
            return;
        }
        self.server.gone = Some(self.now);
        self.tell_of(SERVER, ProcessDecision::Gone, cause);
        self.api.end_client_watches();
    }

    /// It answers again. Whoever has gone on without it finds out when it next tries.
    pub(super) fn server_back(&mut self, cause: RecordId) {
        if !std::mem::take(&mut self.server.begins) {
            return;
        }
        let Some(gone) = self.server.gone.take() else { return };
        self.tell_of(SERVER, ProcessDecision::Back, cause);
        let now = self.now;
        let World { slots, watchers, .. } = self;
        for watcher in watchers.values_mut() {
            let ActorId(number) = watcher.actor;
            // What runs in the API server itself need not connect.
            if slots[number].agent != SERVER {
                watcher.told = watcher.told.max(next_try(gone, now, &mut slots[number].chance));
            }
        }
    }

    /// Writes down what has become of a program.
    pub(super) fn tell_of(&mut self, program: &'static str, what: ProcessDecision, cause: RecordId) {
        self.ledger.add(self.now, program, What::Decision(Arc::new(what)), smallvec![cause]);
    }

    /// What a program of the control plane says of its health: whether it is well, and what a probe tells of it.
    pub(super) fn health_of(&self, program: &str) -> (bool, String) {
        let storage_gone = self.storage() == Some(Ailment::Gone);
        match program {
            SERVER if self.server.gone.is_some() => {
                let address = &self.server.address;
                (false, format!("Get \"https://{address}/livez\": dial tcp {address}: connect: connection refused"))
            }
            SERVER if storage_gone => (false, "HTTP probe failed with statuscode: 500".into()),
            _ => (true, String::new()),
        }
    }

    /// The record that broke something.
    pub fn broken(&self, what: &str, place: &str) -> Option<RecordId> {
        self.faults.get(&(what.to_string(), place.to_string())).copied()
    }
}

/// When somebody who has tried since `gone` tries for the first time after `back`.
fn next_try(gone: Time, back: Time, chance: &mut Chance) -> Time {
    let (mut at, mut wait) = (gone, FIRST_WAIT);
    while at < back {
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        at = at + wait + Duration::from_millis(below(chance, millis));
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    at
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn the_longer_a_server_was_gone_the_later_it_is_found() {
        let mut chance = Chance::seed_from_u64(1);
        let at = |s: u64| Time::ZERO + Duration::from_secs(s);
        for (back, most) in [(1, 5), (10, 30), (600, 60)] {
            for _ in 0..20 {
                let found = next_try(at(0), at(back), &mut chance);
                assert!(found >= at(back) && found <= at(back + most), "gone for {back} s, found {found:?}");
            }
        }
    }
}
