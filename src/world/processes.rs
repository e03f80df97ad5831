//! The processes of the control plane: which components are one program, live and die together, and who starts it again.
//!
//! Most components simply run. Of a program that several machines may run, only the one that holds its lease works; the
//! component that [leads](super::Component::leads) begins alone, and lets the others begin when it has the lease.
//! A program may live in a container: then it ends with it, and begins when kubelet starts the container again.

use super::storage::ETCD;
use super::{ActorId, Due, Goal, World};
use crate::api::{Duration, Key, RecordId};
use crate::ledger::record::SERVER;
use crate::store::Ailment;
use smallvec::smallvec;

/// A process that is no container is started again by its machine after this long.
const RESPAWN: Duration = Duration::from_secs(1);

/// A program of the control plane.
#[derive(Clone, Debug)]
pub(super) struct Program {
    takes: Duration,
    pod: Option<Key>,
}

impl World {
    /// A program of the control plane: how long it takes to begin, and the pod in which it lives, if it does in one.
    pub fn install(&mut self, program: &'static str, takes: Duration, pod: Option<Key>) {
        self.programs.insert(program, Program { takes, pod });
    }

    /// The pod in which a program lives: `kube-system/kube-scheduler-node`.
    pub fn house_of(&self, program: &str) -> Option<&Key> {
        self.programs.get(program)?.pod.as_ref()
    }

    /// A program has ended, with all that it knew.
    pub fn process_ended(&mut self, program: &str, cause: RecordId) {
        let names: Vec<&'static str> = self.slots.iter().filter(|s| s.agent == program).map(|s| s.name).collect();
        names.into_iter().for_each(|name| self.stop(name));
        match program {
            SERVER => self.server_gone(cause),
            ETCD => self.set_storage(Some(Ailment::Gone), cause),
            _ => {}
        }
    }

    /// A program runs, and its components begin; of one that needs a lease, at first only that which is after it.
    pub fn process_began(&mut self, program: &str, cause: RecordId) {
        let after = self.programs.get(program).map_or(Duration::ZERO, |p| p.takes);
        let of_it = |s: &super::Slot| s.agent == program && s.running.is_none() && !s.held;
        let led = self.slots.iter().any(|s| s.agent == program && s.leads);
        for i in 0..self.slots.len() {
            if of_it(&self.slots[i]) && (!led || self.slots[i].leads) {
                self.start_actor(ActorId(i), cause, after);
            }
        }
        if program == SERVER {
            self.server.begins = true;
            self.server.began = self.now;
            self.agenda.push(self.now + after, Due { to: Goal::Serve, causes: smallvec![cause] }, false);
        }
        if program == ETCD {
            self.agenda.push(self.now + after, Due { to: Goal::Store, causes: smallvec![cause] }, false);
        }
    }

    /// The others of a program begin: it has the lease.
    pub(super) fn lead(&mut self, program: &str, cause: RecordId, after: Duration) {
        for i in 0..self.slots.len() {
            let s = &self.slots[i];
            if s.agent == program && !s.leads && !s.held && s.running.is_none() {
                self.start_actor(ActorId(i), cause, after);
            }
        }
    }

    /// A program gives up: it ends with an error, and whoever keeps it starts it again.
    pub(super) fn process_exits(&mut self, program: &'static str, cause: RecordId) {
        match self.house_of(program).cloned() {
            // Its container ends, which kubelet finds.
            Some(pod) => self.crash(&pod, cause),
            None => {
                let to = Goal::Respawn(program);
                self.agenda.push(self.now + RESPAWN, Due { to, causes: smallvec![cause] }, false);
            }
        }
        let to = Goal::Exit(program);
        self.agenda.push(self.now, Due { to, causes: smallvec![cause] }, false);
    }

    /// The containers of a pod end with an error.
    pub fn crash(&mut self, pod: &Key, cause: RecordId) {
        self.fault_outside("container", &format!("{}/{}", pod.namespace, pod.name), true, cause);
    }

    /// Keeps a single component from running with its program, or lets it.
    pub fn hold(&mut self, name: &str, held: bool) {
        self.slots.iter_mut().filter(|s| s.name == name).for_each(|s| s.held = held);
    }
}
