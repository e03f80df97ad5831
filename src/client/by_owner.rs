//! Values by the controller of the object that they belong to: an index over a cache.
//! Real Kubernetes: the indexers of client-go/tools/cache, pkg/controller/controller_utils.go PodControllerUIDIndex.

use crate::api::Uid;
use crate::api::object::Name;
use crate::api::places::Places;

#[derive(Clone, Debug)]
pub struct ByOwner<V> {
    /// By the UID of the controller; `None`: by nobody.
    tables: imbl::OrdMap<Option<Uid>, Places<V>>,
    owner_of: Places<Option<Uid>>,
}

impl<V> Default for ByOwner<V> {
    fn default() -> ByOwner<V> {
        ByOwner { tables: imbl::OrdMap::new(), owner_of: Places::default() }
    }
}

impl<V: Clone> ByOwner<V> {
    /// Puts a value under its owner, and takes it away from the owner that it had.
    pub fn insert(&mut self, namespace: &Name, name: &Name, owner: Option<Uid>, value: V) {
        if let Some(known) = self.tables.get_mut(&owner).and_then(|t| t.get_mut(namespace, name)) {
            *known = value;
            return;
        }
        self.remove(namespace, name);
        self.owner_of.insert(namespace, name, owner);
        self.tables.entry(owner).or_default().insert(namespace, name, value);
    }

    pub fn remove(&mut self, namespace: &Name, name: &Name) {
        let Some(owner) = self.owner_of.remove(namespace, name) else { return };
        let emptied = self.tables.get_mut(&owner).is_some_and(|t| {
            t.remove(namespace, name);
            t.is_empty()
        });
        if emptied {
            self.tables.remove(&owner);
        }
    }

    pub fn get(&self, namespace: &str, name: &str) -> Option<&V> {
        self.tables.get(self.owner_of.get(namespace, name)?)?.get(namespace, name)
    }

    /// What `uid` manages; a copy is free.
    pub fn owned_by(&self, uid: Uid) -> Option<&Places<V>> {
        self.tables.get(&Some(uid))
    }

    /// What nobody manages in a namespace.
    pub fn orphans(&self, namespace: &str) -> impl Iterator<Item = &V> + use<'_, V> {
        self.tables.get(&None).map(|t| t.in_namespace(namespace)).into_iter().flatten()
    }
}
