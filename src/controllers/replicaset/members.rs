//! The pods that sets look at, by who owns them, with what a set counts about each. A set may have thousands and looks
//! at all of them in every sync, so what can be known when a pod changes is not found out again each time, and what is
//! counted is kept up to date.
//! Real Kubernetes: pkg/controller/replicaset/replica_set_utils.go calculateStatus.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::replicated::Replicated;
use crate::api::kinds::Pod;
use crate::api::places::Places;
use crate::api::selector::Selector;
use crate::api::{Duration, Object, Time, Uid, pods};
use crate::client::by_owner::ByOwner;
use crate::client::claim::is_theirs_or_nobodys;
use crate::store::{Change, ChangeKind};

#[derive(Clone, Debug)]
pub struct Member {
    pub object: Arc<Object>,
    /// Neither ended nor being deleted.
    pub active: bool,
    terminating: bool,
    ready_since: Option<Time>,
    /// How its labels stand to its owner, by that measure.
    fit: Option<(Arc<Measure>, Fit)>,
}

/// How a pod's labels stand to a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fit {
    pub selected: bool,
    /// It has all labels of the template.
    fully: bool,
}

/// What of a set its pods are compared with. A set that is only scaled keeps it, so two of them are the same measure only if they are
/// the same allocation.
#[derive(Debug)]
pub struct Measure {
    selector: Selector,
    labels: BTreeMap<String, String>,
}

impl Measure {
    fn apply(&self, o: &Object) -> Fit {
        let labels = o.meta().labels.as_ref();
        Fit {
            selected: self.selector.matches(labels),
            fully: self.labels.iter().all(|(k, v)| labels.and_then(|l| l.get(k)) == Some(v)),
        }
    }
}

/// What a set compares its pods with.
pub struct Yardstick<'a, K> {
    pub set: &'a K,
    pub measure: Arc<Measure>,
    /// How long a pod must have been ready.
    min_ready: Duration,
    now: Time,
}

fn template_labels<K: Replicated>(set: &K) -> Option<&BTreeMap<String, String>> {
    set.template()?.metadata.as_ref()?.labels.as_ref()
}

impl Member {
    /// `before` is what was known of the pod: its labels are seldom other ones.
    fn new(object: Arc<Object>, by: Option<Arc<Measure>>, before: Option<&Member>) -> Option<Member> {
        let pod = object.get::<Pod>()?;
        let (active, ended) = (pods::is_active(pod), pods::is_terminal(pod));
        let ready_since = pods::available_at(pod, Duration::ZERO);
        let fit = by.map(|by| {
            let known = before
                .filter(|b| b.object.marks().owner == object.marks().owner)
                .filter(|b| b.object.meta().labels == object.meta().labels)
                .and_then(|b| b.fit_by(&by));
            let fit = known.unwrap_or_else(|| by.apply(&object));
            (by, fit)
        });
        Some(Member { active, terminating: object.is_deleting() && !ended, ready_since, fit, object })
    }

    pub fn pod(&self) -> Option<&Pod> {
        self.object.get()
    }

    /// How it stands to its owner, or to a set that could adopt it.
    pub fn fit<K: Replicated>(&self, to: &Yardstick<'_, K>) -> Fit {
        self.fit_by(&to.measure).unwrap_or_else(|| to.measure.apply(&self.object))
    }

    /// The same, if it has been measured so.
    fn fit_by(&self, measure: &Arc<Measure>) -> Option<Fit> {
        self.fit.as_ref().filter(|(by, _)| Arc::ptr_eq(by, measure)).map(|(_, fit)| *fit)
    }
}

/// The members of one owner; a copy is free.
pub type Group = Places<Member>;

#[derive(Clone, Debug, Default)]
pub struct Members {
    pods: ByOwner<Member>,
    /// What each owner compares its pods with.
    /// And the generation that it was looked up for: neither selector nor template change without a new one.
    measures: BTreeMap<Uid, (i64, Arc<Measure>)>,
    /// What was counted of each owner's pods, and by which measure.
    counted: BTreeMap<Uid, (Arc<Measure>, Counts)>,
}

impl Members {
    /// What a set compares its pods with now.
    pub fn yardstick<'a, K: Replicated>(&mut self, set: &'a K, now: Time) -> Yardstick<'a, K> {
        let min_ready = Duration::from_secs(u64::try_from(set.min_ready_seconds()).unwrap_or(0));
        Yardstick { set, measure: self.measure(set), min_ready, now }
    }

    fn measure<K: Replicated>(&mut self, set: &K) -> Arc<Measure> {
        let (uid, generation) = (Uid::of(set.uid()), set.generation());
        let known = self.measures.get(&uid);
        if let Some((_, measure)) = known.filter(|(at, _)| *at == generation) {
            return measure.clone();
        }
        let fresh = Measure { selector: set.selector(), labels: template_labels(set).cloned().unwrap_or_default() };
        let same = known.filter(|(_, m)| m.selector == fresh.selector && m.labels == fresh.labels);
        let measure = same.map_or_else(|| Arc::new(fresh), |(_, measure)| measure.clone());
        self.measures.insert(uid, (generation, measure.clone()));
        measure
    }

    /// Takes a change of a pod in; `owner` is the set that owns it, if it is known.
    pub fn apply<K: Replicated>(&mut self, c: &Change, owner: Option<&K>) {
        let (namespace, name) = (&c.key.namespace, &c.key.name);
        let by = owner.map(|set| self.measure(set));
        let old = self.pods.get(namespace, name);
        let new = match c.kind {
            ChangeKind::Deleted => None,
            _ if !is_theirs_or_nobodys::<K>(&c.object) => None,
            _ => Member::new(c.object.clone(), by, old),
        };
        for (member, by) in [(old, -1), (new.as_ref(), 1)] {
            let Some(m) = member else { continue };
            recount(&mut self.counted, m, by);
        }
        match new {
            Some(m) => self.pods.insert(namespace, name, c.object.marks().owner, m),
            None => self.pods.remove(namespace, name),
        }
    }

    /// Takes in what the controller itself has just written.
    pub fn put<K: Replicated>(&mut self, o: &Arc<Object>, owner: Option<&K>) {
        self.apply(&Change::own(o), owner);
    }

    /// The set is gone.
    pub fn forget(&mut self, set: Uid) {
        self.counted.remove(&set);
        self.measures.remove(&set);
    }

    /// The pods that a set owns.
    pub fn of<K: Replicated>(&self, set: &K) -> Group {
        self.pods.owned_by(Uid::of(set.uid())).cloned().unwrap_or_default()
    }

    /// The pods that nobody owns.
    pub fn orphans(&self, namespace: &str) -> impl Iterator<Item = &Member> + use<'_> {
        self.pods.orphans(namespace)
    }

    /// The pods of the yardstick's set, counted. Mostly that has been done already, change by change.
    pub fn tally<K: Replicated>(&mut self, to: &Yardstick<'_, K>) -> Tally {
        if !to.min_ready.is_zero() {
            // Time alone makes pods available.
            return to.tally(self.of(to.set).values());
        }
        let uid = Uid::of(to.set.uid());
        let known = self.counted.get(&uid).filter(|(by, _)| Arc::ptr_eq(by, &to.measure)).map(|(_, counts)| *counts);
        let counts = known.unwrap_or_else(|| {
            let counts = to.tally(self.of(to.set).values()).counts;
            self.counted.insert(uid, (to.measure.clone(), counts));
            counts
        });
        Tally { counts, available: counts.ready, next_available: None }
    }
}

/// Adds a member to what was counted, or takes it away. What cannot be known here is counted anew when it is needed.
fn recount(counted: &mut BTreeMap<Uid, (Arc<Measure>, Counts)>, m: &Member, by: i32) {
    let Some(owner) = m.object.marks().owner else { return };
    let Some((measure, counts)) = counted.get_mut(&owner) else { return };
    match m.fit_by(measure) {
        Some(fit) => counts.add(m, fit, by),
        None => {
            counted.remove(&owner);
        }
    }
}

/// How many members there are of each sort.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    pub all: i32,
    /// No longer selected; nothing else counts them.
    pub strangers: i32,
    pub replicas: i32,
    pub fully_labeled: i32,
    pub ready: i32,
    pub terminating: i32,
}

impl Counts {
    fn add(&mut self, m: &Member, fit: Fit, by: i32) {
        let when = |holds: bool| if holds { by } else { 0 };
        self.all += by;
        self.strangers += when(!fit.selected);
        self.terminating += when(fit.selected && m.terminating);
        let counts = fit.selected && m.active;
        self.replicas += when(counts);
        self.fully_labeled += when(counts && fit.fully);
        self.ready += when(counts && m.ready_since.is_some());
    }
}

/// What the status says about the members.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    pub counts: Counts,
    pub available: i32,
    /// When the next member that is ready becomes available.
    pub next_available: Option<Time>,
}

impl<K: Replicated> Yardstick<'_, K> {
    /// Counts members one by one.
    pub fn tally<'m>(&self, members: impl Iterator<Item = &'m Member>) -> Tally {
        let mut t = Tally::default();
        for m in members {
            let fit = m.fit(self);
            t.counts.add(m, fit, 1);
            match m.ready_since.map(|since| since + self.min_ready).filter(|_| fit.selected) {
                Some(at) if at > self.now => t.next_available = Some(t.next_available.map_or(at, |n| n.min(at))),
                Some(_) => t.available += i32::from(m.active),
                None => {}
            }
        }
        t
    }
}
