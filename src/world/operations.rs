//! Operations: what is asked of nodes and of the network, and of whoever answers for them.

use smallvec::smallvec;

use super::{ActorId, Due, Event, Goal, RunningOp, Tag, World};
use crate::api::ops::{Answerer, Completion, Stream, Talk};
use crate::api::{Op, OpId, Outcome, RecordId, Time};

impl World {
    pub(super) fn submit(&mut self, op: Op, actor: Option<(ActorId, u32)>, cause: RecordId) -> OpId {
        let id = OpId(self.next_op);
        self.next_op += 1;
        let foreground = op.is_foreground();
        self.foreground_ops += usize::from(foreground);
        self.ops.insert(id, RunningOp { actor, cause, foreground });
        let mut out = vec![];
        self.answerer.submit(id, &op, self.now, &mut out);
        self.complete(out);
        id
    }

    pub(super) fn complete(&mut self, done: Vec<Completion>) {
        self.complete_because(done, None);
    }

    /// Operations that have ended, because of something else than their own course if `why` says so.
    fn complete_because(&mut self, done: Vec<Completion>, why: Option<RecordId>) {
        for c in done {
            let Some(op) = self.ops.remove(&c.op) else { continue };
            self.foreground_ops -= usize::from(op.foreground);
            match op.actor {
                None => {
                    self.finished.insert(c.op, c.outcome);
                }
                Some((actor, incarnation)) => {
                    let causes = [Some(op.cause), why].into_iter().flatten().collect();
                    let to = Goal::Component { actor, incarnation, event: Event::Done(c.op, c.outcome) };
                    self.agenda.push(c.at.max(self.now), Due { to, causes }, false);
                }
            }
        }
        self.schedule_wake();
        self.serve_calls();
    }

    fn schedule_wake(&mut self) {
        if let Some(next) = self.answerer.next_wake()
            && self.wake_at.is_none_or(|w| next < w)
        {
            self.wake_at = Some(next);
            // A program that sleeps in its container is no unfinished business of the cluster.
            self.agenda.push(next.max(self.now), Due { to: Goal::Wake, causes: smallvec![] }, true);
        }
    }

    /// Starts an operation for a client outside; its outcome is fetched with [`World::take_outcome`].
    pub fn call(&mut self, op: Op, cause: RecordId) -> OpId {
        self.submit(op, None, cause)
    }

    /// Who answers operations, for who put it there.
    pub fn answerer(&self) -> &dyn Answerer {
        &*self.answerer
    }

    pub fn answerer_mut(&mut self) -> &mut dyn Answerer {
        &mut *self.answerer
    }

    /// When a program in a container, or something else outside the API, goes on by itself.
    pub fn next_of_programs(&self) -> Option<Time> {
        self.answerer.next_wake()
    }

    /// Something was done to the answerer: what it wants to do next is put down.
    pub fn answerer_touched(&mut self) {
        self.schedule_wake();
    }

    /// Somebody outside writes to a running command, or interrupts it.
    pub fn talk(&mut self, id: OpId, what: &Talk) {
        let mut out = vec![];
        self.answerer.talk(id, what, self.now, &mut out);
        self.complete(out);
    }

    /// What a running command has printed since somebody last looked.
    pub fn said(&mut self, id: OpId) -> Vec<(Stream, Vec<u8>)> {
        self.answerer.said(id)
    }

    /// Whether it has read all there was, and waits for more.
    pub fn awaits_input(&self, id: OpId) -> bool {
        self.answerer.awaits_input(id)
    }

    /// Whether a running command will go on by itself.
    pub fn goes_on(&self, id: OpId) -> bool {
        self.answerer.goes_on(id)
    }

    pub fn take_outcome(&mut self, id: OpId) -> Option<Outcome> {
        self.finished.remove(&id)
    }

    /// Breaks or mends something that the world outside the API answers for.
    pub fn fault_outside(&mut self, what: &str, place: &str, broken: bool, cause: RecordId) {
        let mut out = vec![];
        self.answerer.fault(what, place, broken, self.now, &mut out);
        self.complete_because(out, Some(cause));
    }

    /// Tells the kubelet fleet or another component of a fault that it has to live.
    pub fn notify(&mut self, name: &str, tag: Tag, cause: RecordId) {
        for i in 0..self.slots.len() {
            if self.slots[i].name == name {
                let incarnation = self.slots[i].incarnation;
                let to = Goal::Component { actor: ActorId(i), incarnation, event: Event::Timer(tag.clone()) };
                self.agenda.push(self.now, Due { to, causes: smallvec![cause] }, false);
            }
        }
    }
}
