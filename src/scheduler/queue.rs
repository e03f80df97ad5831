//! Where pods wait: ready to be tried, backing off, or until something changes that could help.
//! Real Kubernetes: pkg/scheduler/backend/queue.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::hints::{Happening, Help, Waiter};
use super::known::Known;
use super::plugins::Id;
use super::special::Special;
use crate::api::kinds::Pod;
use crate::api::{Duration, Key, Object, Time, Uid};
use crate::client::queue::merge;
use crate::ledger::Causes;

const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);
/// Back-offs end together, at full seconds.
const WINDOW: Duration = Duration::from_secs(1);
/// A pod that nothing has moved is tried again after this long anyway.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// A pod that has no node yet.
#[derive(Clone, Debug)]
struct Waiting {
    key: Key,
    pod: Arc<Object>,
    causes: Causes,
    attempts: u32,
    since: Time,
    priority: i32,
    place: Place,
    /// What it asks for that few pods do.
    special: Special,
    /// The plugins that turned it down. None: there was nothing to turn down, so that anything may help.
    by: BTreeSet<Id>,
}

/// The most important first, then who has waited longest.
type Turn = (Reverse<i32>, Time, u64);

/// The end of a back-off; among those that end in one window the turn counts.
type Wait = (Time, Turn);

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Ready to be tried.
    Active(Turn),
    /// Being tried.
    Taken,
    /// It could be helped: tried when its back-off is over, or as soon as there is nothing else to try.
    Backoff(Wait),
    /// Something went wrong that is no fault of the pod: tried when its back-off is over.
    Erred(Wait),
    /// Tried in vain, then.
    Unschedulable(Time),
}

#[derive(Clone, Default)]
pub struct Queue {
    waiting: BTreeMap<Uid, Waiting>,
    active: BTreeMap<Turn, Uid>,
    backoff: BTreeMap<Wait, Uid>,
    erred: BTreeMap<Wait, Uid>,
    /// Those that were tried in vain, the first of them first.
    unschedulable: BTreeSet<(Time, Uid)>,
    /// The same by who turned them down; `None` if nobody did.
    turned_down: BTreeMap<Option<Id>, BTreeSet<Uid>>,
    seq: u64,
}

fn backoff(attempts: u32) -> Duration {
    if attempts == 0 {
        return Duration::from_secs(0);
    }
    FIRST_BACKOFF.saturating_mul(1u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX)).min(LONGEST_BACKOFF)
}

/// The full second at or before a time.
fn window(t: Time) -> Time {
    let nanos = u64::try_from(WINDOW.as_nanos()).unwrap_or(1);
    Time::from_nanos(t.nanos() / nanos * nanos)
}

/// Under what a parked pod is found.
fn turners(by: &BTreeSet<Id>) -> impl Iterator<Item = Option<Id>> {
    by.iter().copied().map(Some).chain(by.is_empty().then_some(None))
}

impl Queue {
    /// A pod wants a node. One that waits already, and is not `changed` in what matters, keeps its place.
    pub fn add(&mut self, key: &Key, pod: &Arc<Object>, priority: i32, changed: bool, causes: &Causes, now: Time) {
        let uid = Uid::of(pod.uid());
        if changed {
            self.forget(uid);
        }
        if let Some(w) = self.waiting.get_mut(&uid) {
            w.pod = pod.clone();
            return;
        }
        let mut own = Causes::new();
        merge(&mut own, causes);
        let special = pod.get::<Pod>().and_then(Special::of).unwrap_or_default();
        let (key, pod) = (key.clone(), pod.clone());
        let w = Waiting {
            key,
            pod,
            causes: own,
            attempts: 0,
            since: now,
            priority,
            place: Place::Taken,
            special,
            by: BTreeSet::new(),
        };
        self.waiting.insert(uid, w);
        self.activate(uid);
    }

    fn activate(&mut self, uid: Uid) {
        self.leave(uid);
        let Some(at) = self.turn(uid) else { return };
        if let Some(w) = self.waiting.get_mut(&uid) {
            w.place = Place::Active(at);
            self.active.insert(at, uid);
        }
    }

    fn turn(&mut self, uid: Uid) -> Option<Turn> {
        let w = self.waiting.get(&uid)?;
        self.seq += 1;
        Some((Reverse(w.priority), w.since, self.seq))
    }

    fn leave(&mut self, uid: Uid) {
        let Some(w) = self.waiting.get_mut(&uid) else { return };
        match std::mem::replace(&mut w.place, Place::Taken) {
            Place::Active(at) => {
                self.active.remove(&at);
            }
            Place::Backoff(at) => {
                self.backoff.remove(&at);
            }
            Place::Erred(at) => {
                self.erred.remove(&at);
            }
            Place::Unschedulable(tried) => {
                self.unschedulable.remove(&(tried, uid));
                for by in turners(&w.by) {
                    if let Some(theirs) = self.turned_down.get_mut(&by) {
                        theirs.remove(&uid);
                    }
                }
            }
            Place::Taken => {}
        }
    }

    /// Nobody needs to look for this pod any more.
    pub fn forget(&mut self, uid: Uid) {
        self.leave(uid);
        self.waiting.remove(&uid);
    }

    /// The next pod to try, and why it is tried.
    pub fn pop(&mut self, now: Time) -> Option<(Key, Arc<Object>, Causes)> {
        let over = |wait: Option<(&Wait, &Uid)>| wait.filter(|((end, _), _)| *end <= now).map(|(_, uid)| *uid);
        while let Some(uid) = over(self.backoff.first_key_value()).or_else(|| over(self.erred.first_key_value())) {
            self.activate(uid);
        }
        while let Some((_, uid)) = self.unschedulable.first().copied().filter(|(t, _)| now.since(*t) > LONGEST_WAIT) {
            self.activate(uid);
        }
        // Who has nothing else to do need not let anybody wait.
        let (_, uid) = self.active.pop_first().or_else(|| {
            let ((_, turn), uid) = self.backoff.pop_first()?;
            Some((turn, uid))
        })?;
        let w = self.waiting.get_mut(&uid)?;
        w.place = Place::Taken;
        w.attempts += 1;
        Some((w.key.clone(), w.pod.clone(), std::mem::take(&mut w.causes)))
    }

    /// No node fits: the pod waits until something changes that could help the plugins that turned it down.
    pub fn park(&mut self, uid: Uid, by: BTreeSet<Id>, now: Time) {
        self.leave(uid);
        let Some(w) = self.waiting.get_mut(&uid) else { return };
        for by in turners(&by) {
            self.turned_down.entry(by).or_default().insert(uid);
        }
        w.by = by;
        w.place = Place::Unschedulable(now);
        self.unschedulable.insert((now, uid));
    }

    /// The pod may not be tried yet: it waits as one that was, without a try that counts.
    pub fn hold(&mut self, uid: Uid, by: BTreeSet<Id>, now: Time) {
        if let Some(w) = self.waiting.get_mut(&uid) {
            w.attempts = w.attempts.saturating_sub(1);
        }
        self.park(uid, by, now);
    }

    /// Something went wrong that is no fault of the pod: it is tried again after its back-off.
    pub fn retry(&mut self, uid: Uid, now: Time) {
        self.leave(uid);
        self.back_off(uid, now, now, true);
    }

    /// Something happened: parked pods that it could help are tried again after their back-off.
    /// Only those of at most that priority can hope for room that was kept for a pod that has no node yet.
    pub fn something_happened(
        &mut self,
        what: &Happening<'_>,
        at_most: i32,
        known: &Known,
        causes: &Causes,
        now: Time,
    ) {
        let mut woken: BTreeSet<Uid> = BTreeSet::new();
        for (by, uids) in &self.turned_down {
            match by.map_or(Help::All, |by| (by.plugin().helped)(what)) {
                Help::Nobody => {}
                Help::All => woken.extend(uids),
                those => woken.extend(uids.iter().filter(|uid| self.is_reached(**uid, &those, known))),
            }
        }
        for uid in woken {
            let w = self.waiting.get(&uid).filter(|w| w.priority <= at_most);
            let Some(Place::Unschedulable(tried)) = w.map(|w| w.place) else { continue };
            self.leave(uid);
            let Some(w) = self.waiting.get_mut(&uid) else { continue };
            merge(&mut w.causes, causes);
            let erred = w.by.is_empty();
            self.back_off(uid, tried, now, erred);
        }
    }

    fn is_reached(&self, uid: Uid, help: &Help<'_>, known: &Known) -> bool {
        let waiter = |w: &Waiting| {
            let pod = w.pod.get::<Pod>()?;
            Some(help.reaches(&Waiter { pod, special: &w.special, known }))
        };
        self.waiting.get(&uid).and_then(waiter).unwrap_or(false)
    }

    fn back_off(&mut self, uid: Uid, tried: Time, now: Time, erred: bool) {
        let Some(w) = self.waiting.get(&uid) else { return };
        let end = window(tried + backoff(w.attempts)) + WINDOW;
        if w.attempts == 0 || end <= now {
            return self.activate(uid);
        }
        let Some(turn) = self.turn(uid) else { return };
        let Some(w) = self.waiting.get_mut(&uid) else { return };
        let at = (end, turn);
        if erred {
            w.place = Place::Erred(at);
            self.erred.insert(at, uid);
        } else {
            w.place = Place::Backoff(at);
            self.backoff.insert(at, uid);
        }
    }

    pub fn next(&self, now: Time) -> Option<(Time, bool)> {
        if !self.active.is_empty() || !self.backoff.is_empty() {
            return Some((now, false));
        }
        let waiting = self.erred.keys().next().map(|(t, _)| (*t, false));
        waiting.or_else(|| self.unschedulable.first().map(|(t, _)| (*t + LONGEST_WAIT + Duration::from_secs(1), true)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::hints::Seen;
    use super::*;
    use serde_json::json;

    fn waiting(name: &str) -> (Queue, Uid) {
        let mut q = Queue::default();
        let pod: Pod = serde_json::from_value(json!({"metadata": {"name": name, "uid": name}})).unwrap();
        q.add(&Key::of::<Pod>("d", name), &Arc::new(Object::new(pod)), 0, false, &Causes::new(), Time::ZERO);
        (q, Uid::of(name))
    }

    #[test]
    fn a_parked_pod_wakes_by_what_helps_those_who_turned_it_down() {
        let later = Time::ZERO + Duration::from_secs(20);
        let gone = Pod::default();
        for (by, helped) in
            [(vec![], true), (vec![Id::NodeAffinity], false), (vec![Id::NodeAffinity, Id::NodeResourcesFit], true)]
        {
            let (mut q, uid) = waiting("p");
            q.pop(Time::ZERO).unwrap();
            q.park(uid, by.iter().copied().collect(), Time::ZERO);
            let (what, known) = (Happening::PodGone(Seen::new(&gone)), Known::default());
            q.something_happened(&what, -1, &known, &Causes::new(), later);
            assert!(q.pop(later).is_none(), "it is too important for that room");
            q.something_happened(&what, i32::MAX, &known, &Causes::new(), later);
            assert_eq!(q.pop(later).is_some(), helped, "{by:?}");
            assert!(!helped || q.unschedulable.is_empty() && q.turned_down.values().all(BTreeSet::is_empty));
            assert_eq!(q.pop(later + LONGEST_WAIT).is_some(), !helped, "at last it is tried anyway");
        }
    }

    #[test]
    fn one_that_could_be_helped_is_tried_at_once_if_nobody_else_waits_and_one_that_erred_is_not() {
        let (gone, known) = (Pod::default(), Known::default());
        let soon = Time::ZERO + Duration::from_millis(100);
        let wake = |q: &mut Queue| {
            let what = Happening::PodGone(Seen::new(&gone));
            q.something_happened(&what, i32::MAX, &known, &Causes::new(), soon);
        };
        let (mut q, uid) = waiting("p");
        q.pop(Time::ZERO).unwrap();
        q.park(uid, [Id::NodeResourcesFit].into(), Time::ZERO);
        wake(&mut q);
        let other: Pod = serde_json::from_value(json!({"metadata": {"name": "o", "uid": "o"}})).unwrap();
        q.add(&Key::of::<Pod>("d", "o"), &Arc::new(Object::new(other)), -1, false, &Causes::new(), soon);
        assert_eq!(q.next(soon), Some((soon, false)));
        assert_eq!(&*q.pop(soon).unwrap().0.name, "o", "who does not back off comes first");
        assert_eq!(&*q.pop(soon).unwrap().0.name, "p");
        assert!(q.pop(soon).is_none() && q.backoff.is_empty());

        let (mut q, uid) = waiting("p");
        q.pop(Time::ZERO).unwrap();
        q.retry(uid, soon);
        // A second after it, and on to the next full one.
        let end = Time::ZERO + Duration::from_secs(2);
        assert_eq!(q.next(soon), Some((end, false)));
        assert!(q.pop(end - Duration::from_millis(1)).is_none());
        assert!(q.pop(end).is_some() && q.erred.is_empty());
    }

    #[test]
    fn the_most_important_comes_first_and_the_least_possible_priority_last() {
        let mut q = Queue::default();
        for (i, priority) in [0, i32::MIN, i32::MAX, -1].into_iter().enumerate() {
            let name = priority.to_string();
            let pod: Pod = serde_json::from_value(json!({"metadata": {"name": name, "uid": name}})).unwrap();
            let now = Time::ZERO + Duration::from_secs(i as u64);
            q.add(&Key::of::<Pod>("d", &name), &Arc::new(Object::new(pod)), priority, false, &Causes::new(), now);
        }
        let order: Vec<String> =
            std::iter::from_fn(|| q.pop(Time::ZERO)).map(|(key, ..)| key.name.to_string()).collect();
        assert_eq!(order, ["2147483647", "0", "-1", "-2147483648"]);
    }
}
