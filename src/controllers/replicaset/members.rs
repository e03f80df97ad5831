//! The pods that sets look at, by who owns them, with what a set counts about each. A set may have thousands and looks
//! at all of them in every sync, so what can be known when a pod changes is not found out again each time.
//! Real Kubernetes: pkg/controller/replicaset/replica_set_utils.go calculateStatus.

use std::sync::Arc;

use crate::api::kinds::{Pod, ReplicaSet, replicaset as kind};
use crate::api::object::{Name, controller_of};
use crate::api::selector::Selector;
use crate::api::{Duration, Key, Object, Resource, Time, pods};
use crate::store::{Change, ChangeKind};

#[derive(Clone, Debug)]
pub struct Member {
    pub object: Arc<Object>,
    /// Neither ended nor being deleted.
    pub active: bool,
    terminating: bool,
    ready_since: Option<Time>,
    /// How its labels stand to its owner, at that generation of the owner: neither selector nor template change without
    /// a new one.
    fit: Option<(i64, Fit)>,
}

/// How a pod's labels stand to a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fit {
    pub selected: bool,
    /// It has all labels of the template.
    fully: bool,
}

/// What a set compares its pods with.
pub struct Yardstick<'a> {
    set: &'a ReplicaSet,
    selector: Selector,
}

impl<'a> Yardstick<'a> {
    pub fn of(set: &'a ReplicaSet) -> Yardstick<'a> {
        Yardstick { set, selector: kind::selector(set) }
    }

    fn measure(&self, o: &Object) -> Fit {
        let labels = o.meta().labels.as_ref();
        let template =
            self.set.spec.as_ref().and_then(|s| s.template.as_ref()?.metadata.as_ref()?.labels.as_ref()).into_iter();
        Fit {
            selected: self.selector.matches(labels),
            fully: template.flatten().all(|(k, v)| labels.and_then(|l| l.get(k)) == Some(v)),
        }
    }
}

impl Member {
    fn new(object: Arc<Object>, owner: Option<&ReplicaSet>) -> Option<Member> {
        let pod = object.get::<Pod>()?;
        let (active, ended) = (pods::is_active(pod), pods::is_terminal(pod));
        let ready_since = pods::available_at(pod, Duration::ZERO);
        let fit = owner.map(|set| (set.generation(), Yardstick::of(set).measure(&object)));
        Some(Member { active, terminating: object.is_deleting() && !ended, ready_since, fit, object })
    }

    pub fn pod(&self) -> Option<&Pod> {
        self.object.get()
    }

    /// How it stands to its owner, or to a set that could adopt it.
    pub fn fit(&self, to: &Yardstick<'_>) -> Fit {
        match self.fit {
            Some((generation, fit)) if generation == to.set.generation() => fit,
            _ => to.measure(&self.object),
        }
    }
}

/// The members of one owner; a copy is free.
pub type Group = imbl::OrdMap<Name, Member>;

#[derive(Clone, Debug, Default)]
pub struct Members {
    /// Namespace and owner's UID (empty: nobody).
    groups: imbl::OrdMap<(Name, Name), Group>,
    /// In which group a pod is.
    owner_of: imbl::OrdMap<Key, Name>,
}

impl Members {
    /// Takes a change of a pod in; `owner` is the set that owns it, if it is known.
    pub fn apply(&mut self, c: &Change, owner: Option<&ReplicaSet>) {
        let namespace = &c.key.namespace;
        let uid: Name = controller_of(c.object.meta()).map(|r| r.uid.as_str()).unwrap_or_default().into();
        let gone = c.kind == ChangeKind::Deleted;
        if let Some(old) = self.owner_of.get(&c.key).filter(|old| gone || ***old != *uid).cloned() {
            let place = (namespace.clone(), old);
            let emptied = self.groups.get_mut(&place).is_some_and(|g| {
                g.remove(&c.key.name);
                g.is_empty()
            });
            if emptied {
                self.groups.remove(&place);
            }
        }
        if gone {
            self.owner_of.remove(&c.key);
        } else if let Some(m) = Member::new(c.object.clone(), owner) {
            self.owner_of.insert(c.key.clone(), uid.clone());
            self.groups.entry((namespace.clone(), uid)).or_default().insert(c.key.name.clone(), m);
        }
    }

    /// Takes in what the controller itself has just written.
    pub fn put(&mut self, o: &Arc<Object>, owner: Option<&ReplicaSet>) {
        self.apply(&Change::own(o), owner);
    }

    /// The pods that `uid` owns, or that nobody owns if `uid` is empty.
    pub fn group(&self, namespace: &str, uid: &str) -> Group {
        self.groups.get(&(Name::from(namespace), Name::from(uid))).cloned().unwrap_or_default()
    }
}

/// What the status says about the members.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// How many were looked at.
    pub seen: usize,
    pub replicas: i32,
    pub fully_labeled: i32,
    pub ready: i32,
    pub available: i32,
    pub terminating: i32,
    /// When the next member that is ready becomes available.
    pub next_available: Option<Time>,
}

pub fn tally<'a>(
    members: impl Iterator<Item = &'a Member>,
    to: &Yardstick<'_>,
    min_ready: Duration,
    now: Time,
) -> Tally {
    let mut t = Tally::default();
    for m in members {
        t.seen += 1;
        t.terminating += i32::from(m.terminating);
        let available_at = m.ready_since.map(|since| since + min_ready);
        if let Some(at) = available_at.filter(|at| *at > now) {
            t.next_available = Some(t.next_available.map_or(at, |n| n.min(at)));
        }
        if m.active {
            t.replicas += 1;
            t.fully_labeled += i32::from(m.fit(to).fully);
            t.ready += i32::from(m.ready_since.is_some());
            t.available += i32::from(available_at.is_some_and(|at| at <= now));
        }
    }
    t
}
