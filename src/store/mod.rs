//! etcd's part: objects under keys, one counter of revisions, a bounded history, watches.
//!
//! Start with [`Store::write`]: every change of the cluster goes through it, carries its cause, and is handed to
//! every watcher whose scope it touches. Reading an old revision walks the history back, so it works until that
//! revision is compacted away.
//!
//! Deliberately absent: any knowledge of kinds, defaults or rules (the API server's), and delivery (the world's:
//! a watcher's changes wait in [`Store::take_deliveries`] until somebody carries them).
//!
//! In Kubernetes this is etcd with `apiserver/pkg/storage/etcd3` and the watch cache.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::object::{Key, Name, Resource};
use crate::api::places::Places;
use crate::api::{KindRef, Object, RecordId};

/// A revision: the number of the write that made a state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Rev(pub u64);

/// Changes remembered for watches that start in the past and for lists at an old revision. Each keeps a whole object
/// (a pod is some 10 KB), so this bounds the memory that is spent on the past.
pub const HISTORY_LIMIT: usize = 5_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

/// One write, as watchers see it.
#[derive(Clone, Debug)]
pub struct Change {
    pub rev: Rev,
    pub kind: ChangeKind,
    pub key: Key,
    /// The new state; of a deleted object its last one.
    pub object: Arc<Object>,
    pub previous: Option<Arc<Object>>,
    pub cause: RecordId,
}

impl Change {
    fn made(rev: Rev, key: Key, new: Option<Arc<Object>>, previous: Option<Arc<Object>>, cause: RecordId) -> Change {
        let kind = match (&new, &previous) {
            (Some(_), None) => ChangeKind::Added,
            (Some(_), Some(_)) => ChangeKind::Modified,
            (None, _) => ChangeKind::Deleted,
        };
        // The last state of a deleted object carries the revision of its deletion.
        let object = new
            .or_else(|| previous.as_ref().map(|p| stamped((**p).clone(), rev)))
            .unwrap_or_else(|| unreachable_object(&key));
        Change { rev, kind, key, object, previous, cause }
    }

    /// What a component has just written itself, as if a watch had told it.
    pub fn own(o: &Arc<Object>) -> Change {
        Change {
            rev: rev_of(o),
            kind: ChangeKind::Modified,
            key: o.key(),
            object: o.clone(),
            previous: None,
            cause: RecordId::default(),
        }
    }
}

/// What a watcher or a list wants to see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scope {
    pub kind: KindRef,
    /// `None`: every namespace.
    pub namespace: Option<Name>,
}

impl Scope {
    pub fn all(kind: KindRef) -> Scope {
        Scope { kind, namespace: None }
    }
    pub fn covers(&self, key: &Key) -> bool {
        self.kind == key.kind && self.namespace.as_ref().is_none_or(|n| *n == key.namespace)
    }
}

/// What must be true of the stored object for a write to happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Precondition {
    Absent,
    At(Rev),
    Any,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreError {
    Exists,
    NotFound,
    /// Somebody else wrote it since.
    Conflict,
    /// The revision is older than what is kept.
    Compacted {
        oldest: Rev,
    },
    /// The database is as large as it may be.
    NoSpace,
    /// Nobody is there to store it.
    Gone,
}

/// What may be wrong with etcd as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ailment {
    Gone,
    /// The alarm NOSPACE: what takes room is refused.
    Full,
    Slow,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WatchId(pub u64);

/// One write of a transaction: the new object, or `None` to delete.
pub struct Write {
    pub key: Key,
    pub new: Option<Object>,
    pub expect: Precondition,
}

/// The objects of a custom kind, and who watches them.
#[derive(Clone, Debug, Default)]
struct Table {
    objects: Places<Arc<Object>>,
    watchers: Vec<(WatchId, Scope)>,
}

static NOBODY: Vec<(WatchId, Scope)> = vec![];

fn places_mut<'s>(
    tables: &'s mut [Places<Arc<Object>>],
    custom: &'s mut BTreeMap<KindRef, Table>,
    kind: KindRef,
) -> &'s mut Places<Arc<Object>> {
    match tables.get_mut(kind.index()) {
        Some(table) => table,
        None => &mut custom.entry(kind).or_default().objects,
    }
}

#[derive(Clone, Debug)]
pub struct Store {
    rev: Rev,
    compacted: Rev,
    /// One for each built-in kind.
    tables: Vec<Places<Arc<Object>>>,
    /// Those of custom kinds.
    custom: BTreeMap<KindRef, Table>,
    history: imbl::Vector<Arc<Change>>,
    /// For each built-in kind, in the order in which they came.
    watchers: Vec<Vec<(WatchId, Scope)>>,
    /// Who watches every custom kind that there is or will be.
    watch_custom: Vec<WatchId>,
    next_watch: u64,
    deliveries: Vec<(WatchId, Arc<Change>)>,
    ailment: Option<Ailment>,
}

impl Default for Store {
    fn default() -> Store {
        Store {
            rev: Rev(1),
            compacted: Rev(0),
            tables: vec![Places::default(); KindRef::built_in().count()],
            custom: BTreeMap::new(),
            history: imbl::Vector::new(),
            watchers: vec![vec![]; KindRef::built_in().count()],
            watch_custom: vec![],
            next_watch: 1,
            deliveries: vec![],
            ailment: None,
        }
    }
}

impl Store {
    pub fn rev(&self) -> Rev {
        self.rev
    }

    pub fn ailment(&self) -> Option<Ailment> {
        self.ailment
    }

    pub fn set_ailment(&mut self, ailment: Option<Ailment>) {
        self.ailment = ailment;
    }

    /// Whether something can be written, which takes room unless it only removes.
    fn takes(&self, room: bool) -> Result<(), StoreError> {
        match self.ailment {
            Some(Ailment::Gone) => Err(StoreError::Gone),
            Some(Ailment::Full) if room => Err(StoreError::NoSpace),
            _ => Ok(()),
        }
    }

    /// Where objects of a kind lie; a custom kind of which nothing was ever stored has no place.
    fn places(&self, kind: KindRef) -> Option<&Places<Arc<Object>>> {
        match self.tables.get(kind.index()) {
            Some(table) => Some(table),
            None => self.custom.get(&kind).map(|t| &t.objects),
        }
    }

    pub fn get(&self, key: &Key) -> Option<&Arc<Object>> {
        self.places(key.kind)?.get(&key.namespace, &key.name)
    }

    /// Objects in a scope, ordered by namespace and name, as they are now.
    pub fn list<'a>(&'a self, scope: &'a Scope) -> Box<dyn Iterator<Item = &'a Arc<Object>> + 'a> {
        let Some(table) = self.places(scope.kind) else { return Box::new(std::iter::empty()) };
        match &scope.namespace {
            None => Box::new(table.values()),
            Some(ns) => Box::new(table.in_namespace(ns)),
        }
    }

    /// All objects of a typed kind.
    pub fn all<T: Resource>(&self) -> impl Iterator<Item = &T> {
        self.tables[T::kind_ref().index()].values().filter_map(|o| o.get::<T>())
    }

    pub fn count(&self, kind: KindRef) -> usize {
        self.places(kind).map_or(0, Places::len)
    }

    /// Objects in a scope as they were at `at`: the later changes are taken back.
    pub fn list_at(&self, scope: &Scope, at: Rev) -> Result<Vec<Arc<Object>>, StoreError> {
        if at < self.compacted {
            return Err(StoreError::Compacted { oldest: self.compacted });
        }
        let mut objects = self.places(scope.kind).cloned().unwrap_or_default();
        for c in self.history.iter().rev().take_while(|c| c.rev > at).filter(|c| scope.covers(&c.key)) {
            match &c.previous {
                Some(p) => objects.insert(&c.key.namespace, &c.key.name, p.clone()),
                None => objects.remove(&c.key.namespace, &c.key.name),
            };
        }
        Ok(match &scope.namespace {
            None => objects.values().cloned().collect(),
            Some(ns) => objects.in_namespace(ns).cloned().collect(),
        })
    }

    /// Writes one object, or deletes it where `new` is `None`. `cause` is asked only if the write happens.
    /// The commonest thing that a cluster does: the object's place is looked up once.
    pub fn write(
        &mut self,
        key: Key,
        new: Option<Object>,
        expect: Precondition,
        cause: impl FnOnce(Rev) -> RecordId,
    ) -> Result<Arc<Change>, StoreError> {
        self.takes(new.is_some())?;
        let rev = Rev(self.rev.0 + 1);
        let table = places_mut(&mut self.tables, &mut self.custom, key.kind);
        let (new, previous) = match (new, expect) {
            (Some(object), Precondition::Absent) => {
                let new = stamped(object, rev);
                let previous = table.insert(&key.namespace, &key.name, new.clone());
                if let Some(there) = previous {
                    table.insert(&key.namespace, &key.name, there);
                    return Err(StoreError::Exists);
                }
                (Some(new), None)
            }
            (Some(object), Precondition::At(at)) => {
                let stored = table.get_mut(&key.namespace, &key.name).ok_or(StoreError::NotFound)?;
                if rev_of(stored) != at {
                    return Err(StoreError::Conflict);
                }
                let new = stamped(object, rev);
                let previous = std::mem::replace(stored, new.clone());
                (Some(new), Some(previous))
            }
            (new, expect) => {
                check(expect, new.is_some(), table.get(&key.namespace, &key.name))?;
                apply(table, rev, &key, new)
            }
        };
        self.rev = rev;
        Ok(self.remember(Change::made(rev, key, new, previous, cause(rev))))
    }

    /// All writes happen, at one revision, or none does.
    pub fn transaction(
        &mut self,
        writes: Vec<Write>,
        cause: impl FnOnce(Rev) -> RecordId,
    ) -> Result<Vec<Arc<Change>>, StoreError> {
        self.takes(writes.iter().any(|w| w.new.is_some()))?;
        for w in &writes {
            check(w.expect, w.new.is_some(), self.get(&w.key))?;
        }
        self.rev.0 += 1;
        let rev = self.rev;
        let cause = cause(rev);
        let mut done = Vec::with_capacity(writes.len());
        for Write { key, new, .. } in writes {
            let table = places_mut(&mut self.tables, &mut self.custom, key.kind);
            let (new, previous) = apply(table, rev, &key, new);
            done.push(self.remember(Change::made(rev, key, new, previous, cause)));
        }
        Ok(done)
    }

    /// Takes a change into the history, and for whoever watches its kind and namespace.
    fn remember(&mut self, change: Change) -> Arc<Change> {
        let change = Arc::new(change);
        self.history.push_back(change.clone());
        if self.history.len() > HISTORY_LIMIT
            && let Some(old) = self.history.pop_front()
        {
            self.compacted = old.rev;
        }
        let kind = change.key.kind;
        let watchers = match self.watchers.get(kind.index()) {
            Some(watchers) => watchers,
            None => {
                self.deliveries.extend(self.watch_custom.iter().map(|id| (*id, change.clone())));
                self.custom.get(&kind).map_or(&NOBODY, |t| &t.watchers)
            }
        };
        for (id, scope) in watchers {
            if scope.covers(&change.key) {
                self.deliveries.push((*id, change.clone()));
            }
        }
        change
    }

    /// Forgets what happened before `rev`: lists and watches from earlier revisions fail from now on.
    pub fn compact(&mut self, rev: Rev) {
        while self.history.front().is_some_and(|c| c.rev <= rev) {
            self.history.pop_front();
        }
        self.compacted = self.compacted.max(rev.min(self.rev));
    }

    /// Registers a watcher. It gets, first of all, the changes after `after`.
    pub fn watch(&mut self, scope: Scope, after: Rev) -> Result<WatchId, StoreError> {
        if after < self.compacted {
            return Err(StoreError::Compacted { oldest: self.compacted });
        }
        let id = WatchId(self.next_watch);
        self.next_watch += 1;
        let first = self.history.iter().rev().take_while(|c| c.rev > after).count();
        for c in self.history.iter().skip(self.history.len() - first).filter(|c| scope.covers(&c.key)) {
            self.deliveries.push((id, c.clone()));
        }
        match self.watchers.get_mut(scope.kind.index()) {
            Some(watchers) => watchers.push((id, scope)),
            None => self.custom.entry(scope.kind).or_default().watchers.push((id, scope)),
        }
        Ok(id)
    }

    /// Registers a watcher of every custom kind, those included that will be defined later.
    pub fn watch_custom(&mut self) -> WatchId {
        let id = WatchId(self.next_watch);
        self.next_watch += 1;
        self.watch_custom.push(id);
        id
    }

    pub fn unwatch(&mut self, id: WatchId) {
        let of_custom = self.custom.values_mut().map(|t| &mut t.watchers);
        self.watchers.iter_mut().chain(of_custom).for_each(|of_kind| of_kind.retain(|(w, _)| *w != id));
        self.watch_custom.retain(|w| *w != id);
        self.deliveries.retain(|(w, _)| *w != id);
    }

    /// What has to be carried to watchers, in the order of the writes.
    pub fn take_deliveries(&mut self) -> impl Iterator<Item = (WatchId, Arc<Change>)> {
        self.deliveries.drain(..)
    }

    /// The changes still remembered, oldest first.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &Arc<Change>> {
        self.history.iter()
    }
}

/// The revision of a stored object.
pub fn rev_of(o: &Object) -> Rev {
    Rev(o.marks().revision)
}

/// Whether a write may happen. `puts`: it does not delete.
fn check(expect: Precondition, puts: bool, stored: Option<&Arc<Object>>) -> Result<(), StoreError> {
    match (expect, stored) {
        (Precondition::Absent, Some(_)) => Err(StoreError::Exists),
        (Precondition::At(_), None) => Err(StoreError::NotFound),
        (Precondition::At(rev), Some(o)) if rev_of(o) != rev => Err(StoreError::Conflict),
        (Precondition::Any, None) if !puts => Err(StoreError::NotFound),
        _ => Ok(()),
    }
}

/// Puts an object in its place, or takes out what is there. Gives back what is there now, and what was.
fn apply(
    table: &mut Places<Arc<Object>>,
    rev: Rev,
    key: &Key,
    new: Option<Object>,
) -> (Option<Arc<Object>>, Option<Arc<Object>>) {
    let new = new.map(|object| stamped(object, rev));
    let previous = match &new {
        Some(object) => table.insert(&key.namespace, &key.name, object.clone()),
        None => table.remove(&key.namespace, &key.name),
    };
    (new, previous)
}

/// An object as the revision that it becomes.
fn stamped(mut object: Object, rev: Rev) -> Arc<Object> {
    object.meta_mut().resource_version = Some(rev.0.to_string());
    object.pack();
    Arc::new(object)
}

/// Deleting nothing is refused before it gets here; an empty object keeps the types honest.
fn unreachable_object(key: &Key) -> Arc<Object> {
    debug_assert!(false, "deleted {key:?}, which was not there");
    Arc::new(Object::new(crate::api::kinds::ConfigMap::default()))
}

#[cfg(test)]
mod tests;
