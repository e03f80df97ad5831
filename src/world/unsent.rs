//! Events that could not be written because nobody answered: each is tried again, and given up in the end.
//! Real Kubernetes: client-go/tools/record/event.go recordToSink: one queue for each recorder, twelve tries for each event.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use smallvec::smallvec;

use super::{ActorId, Due, Goal, World};
use crate::api::kinds::Event;
use crate::api::object::Resource;
use crate::api::{Duration, Object, RecordId, User};
use crate::apiserver::Caller;
use crate::apiserver::caller::below;

const MOST_TRIES: u32 = 12;
const WAIT_MILLIS: u64 = 10_000;
/// What a recorder keeps waiting at most; what comes then is lost.
const LIMIT: usize = 1000;

/// A recorder: whose component it is, and which node's if it speaks for one.
pub(super) type Recorder = (usize, Option<Arc<str>>);

#[derive(Clone, Debug)]
struct Unsent {
    event: Event,
    user: Option<Arc<User>>,
    cause: RecordId,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    queue: VecDeque<Unsent>,
    /// How often the first has been tried.
    tries: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Mail(BTreeMap<Recorder, Waiting>);

impl World {
    /// Whether something of this recorder waits already: what comes after it has to wait, too.
    pub(super) fn has_unsent(&self, who: &Recorder) -> bool {
        self.unsent.0.contains_key(who)
    }

    /// Keeps an event to be written later.
    pub(super) fn send_later(&mut self, who: Recorder, event: Event, user: Option<Arc<User>>, cause: RecordId) {
        let waiting = self.unsent.0.entry(who.clone()).or_default();
        if waiting.queue.len() >= LIMIT {
            return;
        }
        waiting.queue.push_back(Unsent { event, user, cause });
        if waiting.queue.len() == 1 {
            waiting.tries = 1;
            // Not all of them come at once when the server is back.
            let wait = Duration::from_millis(below(&mut self.slots[who.0].chance, WAIT_MILLIS));
            self.retry_after(who, wait);
        }
    }

    fn retry_after(&mut self, who: Recorder, wait: Duration) {
        let incarnation = self.slots[who.0].incarnation;
        let to = Goal::Send { recorder: who, incarnation };
        self.agenda.push(self.now + wait, Due { to, causes: smallvec![] }, true);
    }

    /// Tries the events of a recorder, the oldest first.
    pub(super) fn send_again(&mut self, who: Recorder, incarnation: u32) {
        // Those of a process that has ended are lost with it.
        let alive = self.slots[who.0].incarnation == incarnation;
        let Some(mut waiting) = self.unsent.0.remove(&who).filter(|_| alive) else { return };
        let user = waiting.queue.front().and_then(|first| first.user.clone());
        if user.map_or_else(|| self.reach(), |user| self.reach_as(&user)).is_err() {
            waiting.tries += 1;
            if waiting.tries >= MOST_TRIES {
                waiting.queue.pop_front();
                waiting.tries = 0;
            }
            if !waiting.queue.is_empty() {
                self.unsent.0.insert(who.clone(), waiting);
                self.retry_after(who, Duration::from_millis(WAIT_MILLIS));
            }
            return;
        }
        for unsent in waiting.queue {
            self.write_event(ActorId(who.0), unsent);
        }
        self.carry();
    }

    fn write_event(&mut self, actor: ActorId, unsent: Unsent) {
        let Unsent { event, user, cause } = unsent;
        let slot = &mut self.slots[actor.0];
        let user = user.as_deref().unwrap_or(&slot.user);
        let ns = event.metadata.namespace.clone().unwrap_or_default();
        let who = Caller::new(user, slot.name, self.now, cause, &mut self.ledger, &mut slot.chance);
        let mut who = who.with_agent(slot.agent);
        let there = self.api.get(&event.key()).ok().map(|o| (**o).clone());
        // What the server refuses is not tried again.
        let _ = match there {
            Some(mut o) => {
                if let Some(e) = o.get_mut::<Event>() {
                    (e.count, e.last_timestamp, e.message) = (event.count, event.last_timestamp, event.message);
                }
                self.api.update(o, None, "patch", &mut who)
            }
            None => self.api.create(Object::new(event), &ns, &mut who),
        };
    }
}
