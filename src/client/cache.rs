//! An informer's cache: the objects of one kind, as this component has been told of them.
//! Real Kubernetes: client-go/tools/cache, thread_safe_store.go with its indexers.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use super::by_owner::ByOwner;
use super::claim::is_theirs_or_nobodys;
use crate::api::object::Resource;
use crate::api::places::Places;
use crate::api::{Key, Object, Uid};
use crate::store::{Change, ChangeKind, rev_of};

#[derive(Clone, Debug)]
pub struct Cache<T> {
    objects: Places<Arc<Object>>,
    kind: PhantomData<T>,
}

impl<T: Resource> Default for Cache<T> {
    fn default() -> Cache<T> {
        Cache { objects: Places::default(), kind: PhantomData }
    }
}

impl<T: Resource> Cache<T> {
    /// Takes a change in. Changes of other kinds are none of its business.
    pub fn apply(&mut self, c: &Change) -> bool {
        if c.key.kind != T::kind_ref() {
            return false;
        }
        if c.kind == ChangeKind::Deleted {
            self.objects.remove(&c.key.namespace, &c.key.name);
        } else {
            let old = self.objects.insert(&c.key.namespace, &c.key.name, c.object.clone());
            if let Some(newer) = old.filter(|old| rev_of(old) > c.rev) {
                // The echo of an earlier write than the one that the component put here itself.
                self.objects.insert(&c.key.namespace, &c.key.name, newer);
            }
        }
        true
    }

    /// Takes in what the component itself has just written, so that it does not act on what it knows to be old.
    pub fn put(&mut self, o: &Arc<Object>) {
        if self.is_news(o) {
            self.apply(&Change::own(o));
        }
    }

    fn is_news(&self, o: &Object) -> bool {
        self.object(o.namespace(), o.name()).is_none_or(|old| rev_of(old) <= rev_of(o))
    }

    pub fn object(&self, namespace: &str, name: &str) -> Option<&Arc<Object>> {
        self.objects.get(namespace, name)
    }

    pub fn get(&self, namespace: &str, name: &str) -> Option<&T> {
        self.object(namespace, name)?.get()
    }

    pub fn by_key(&self, key: &Key) -> Option<&T> {
        self.objects.get(&key.namespace, &key.name)?.get()
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.objects.values().filter_map(|o| o.get())
    }

    pub fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = &T> + use<'_, T> {
        self.objects.in_namespace(namespace).filter_map(|o| o.get())
    }

    pub fn len(&self) -> usize {
        self.objects.len()
    }

    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

/// A cache that finds objects by their controller, too.
#[derive(Clone, Debug)]
pub struct OwnedCache<T> {
    cache: Cache<T>,
    by_owner: ByOwner<Arc<Object>>,
}

impl<T: Resource> Default for OwnedCache<T> {
    fn default() -> OwnedCache<T> {
        OwnedCache { cache: Cache::default(), by_owner: ByOwner::default() }
    }
}

impl<T> Deref for OwnedCache<T> {
    type Target = Cache<T>;
    fn deref(&self) -> &Cache<T> {
        &self.cache
    }
}

impl<T: Resource> OwnedCache<T> {
    /// As [`Cache::apply`].
    pub fn apply(&mut self, c: &Change) -> bool {
        if !self.cache.apply(c) {
            return false;
        }
        let (namespace, name) = (&c.key.namespace, &c.key.name);
        match self.cache.objects.get(namespace, name) {
            // Not always the one of the change: a newer one may have been put here.
            Some(o) => self.by_owner.insert(namespace, name, o.marks().owner, o.clone()),
            None => self.by_owner.remove(namespace, name),
        }
        true
    }

    /// The same for a controller of `O`s, which does not look at what others manage. Tells whether the change is one for it.
    pub fn apply_of<O: Resource>(&mut self, c: &Change) -> bool {
        if c.key.kind != T::kind_ref() {
            return false;
        }
        if is_theirs_or_nobodys::<O>(&c.object) {
            return self.apply(c);
        }
        // Another's now: perhaps it was theirs until now.
        self.cache.objects.remove(&c.key.namespace, &c.key.name);
        self.by_owner.remove(&c.key.namespace, &c.key.name);
        c.previous.as_ref().is_some_and(|p| is_theirs_or_nobodys::<O>(p))
    }

    /// As [`Cache::put`].
    pub fn put(&mut self, o: &Arc<Object>) {
        if self.is_news(o) {
            self.apply(&Change::own(o));
        }
    }

    /// Objects that `uid` manages.
    pub fn owned_by(&self, uid: Uid) -> impl Iterator<Item = &T> + use<'_, T> {
        self.by_owner.owned_by(uid).into_iter().flat_map(|t| t.values()).filter_map(|o| o.get())
    }

    /// The same as objects; a copy is free.
    pub fn group_of(&self, uid: Uid) -> Places<Arc<Object>> {
        self.by_owner.owned_by(uid).cloned().unwrap_or_default()
    }

    /// Objects that nobody manages.
    pub fn orphans(&self, namespace: &str) -> impl Iterator<Item = &T> + use<'_, T> {
        self.by_owner.orphans(namespace).filter_map(|o| o.get())
    }
}
