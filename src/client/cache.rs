//! An informer's cache: the objects of one kind, as this component has been told of them.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::api::object::{Name, Resource, controller_of};
use crate::api::{Key, Object};
use crate::store::{Change, ChangeKind, rev_of};

#[derive(Clone, Debug)]
pub struct Cache<T> {
    objects: imbl::OrdMap<(Name, Name), Arc<Object>>,
    /// Owner's UID (empty: nobody) → objects, per namespace.
    by_owner: imbl::OrdMap<(Name, String), imbl::OrdMap<Name, Arc<Object>>>,
    kind: PhantomData<T>,
}

impl<T: Resource> Default for Cache<T> {
    fn default() -> Cache<T> {
        Cache { objects: imbl::OrdMap::new(), by_owner: imbl::OrdMap::new(), kind: PhantomData }
    }
}

fn owner(o: &Object) -> String {
    controller_of(o.meta()).map(|r| r.uid.clone()).unwrap_or_default()
}

impl<T: Resource> Cache<T> {
    /// Takes a change in. Changes of other kinds are none of its business.
    pub fn apply(&mut self, c: &Change) -> bool {
        if c.key.kind != T::kind_ref() {
            return false;
        }
        let place = (c.key.namespace.clone(), c.key.name.clone());
        if let Some(old) = self.objects.get(&place) {
            // The echo of an earlier write than the one that the component put here itself.
            if c.kind != ChangeKind::Deleted && rev_of(old) > c.rev {
                return true;
            }
            let at = (c.key.namespace.clone(), owner(old));
            if c.kind == ChangeKind::Deleted || at.1 != owner(&c.object) {
                let emptied = match self.by_owner.get_mut(&at) {
                    Some(names) => {
                        names.remove(&c.key.name);
                        names.is_empty()
                    }
                    None => false,
                };
                if emptied {
                    self.by_owner.remove(&at);
                }
            }
        }
        if c.kind == ChangeKind::Deleted {
            self.objects.remove(&place);
        } else {
            let at = (c.key.namespace.clone(), owner(&c.object));
            self.by_owner.entry(at).or_default().insert(c.key.name.clone(), c.object.clone());
            self.objects.insert(place, c.object.clone());
        }
        true
    }

    /// Takes in what the component itself has just written, so that it does not act on what it knows to be old.
    pub fn put(&mut self, o: &Arc<Object>) {
        let newer = self.object(o.namespace(), o.name()).is_none_or(|old| rev_of(old) <= rev_of(o));
        if newer {
            self.apply(&Change::own(o));
        }
    }

    pub fn object(&self, namespace: &str, name: &str) -> Option<&Arc<Object>> {
        self.objects.get(&(Name::from(namespace), Name::from(name)))
    }

    pub fn get(&self, namespace: &str, name: &str) -> Option<&T> {
        self.object(namespace, name)?.get()
    }

    pub fn by_key(&self, key: &Key) -> Option<&T> {
        self.objects.get(&(key.namespace.clone(), key.name.clone()))?.get()
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.objects.values().filter_map(|o| o.get())
    }

    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a T> {
        let from = (Name::from(namespace), Name::from(""));
        self.objects.range(from..).take_while(move |((ns, _), _)| &**ns == namespace).filter_map(|(_, o)| o.get())
    }

    /// Objects that `uid` manages, or that nobody manages if `uid` is empty.
    pub fn owned_by<'a>(&'a self, namespace: &str, uid: &str) -> impl Iterator<Item = &'a T> {
        let owned = self.by_owner.get(&(Name::from(namespace), uid.to_string()));
        owned.into_iter().flat_map(|o| o.values()).filter_map(|o| o.get())
    }

    pub fn len(&self) -> usize {
        self.objects.len()
    }

    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}
