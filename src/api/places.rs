//! Values by namespace and name: how the store, the caches and their indexes keep objects of one kind.
//! A copy is free, and shares what neither side changes.

use super::object::Name;

/// The values of one namespace, or of the cluster (its namespace is empty).
type Names<V> = imbl::OrdMap<Name, V>;

#[derive(Clone, Debug)]
pub struct Places<V> {
    namespaces: imbl::OrdMap<Name, Names<V>>,
    len: usize,
}

impl<V> Default for Places<V> {
    fn default() -> Places<V> {
        Places { namespaces: imbl::OrdMap::new(), len: 0 }
    }
}

impl<V: Clone> Places<V> {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn get(&self, namespace: &str, name: &str) -> Option<&V> {
        self.namespaces.get(namespace)?.get(name)
    }

    pub fn get_mut(&mut self, namespace: &str, name: &str) -> Option<&mut V> {
        self.namespaces.get_mut(namespace)?.get_mut(name)
    }

    /// Puts a value in its place, and gives back what was there.
    pub fn insert(&mut self, namespace: &Name, name: &Name, value: V) -> Option<V> {
        let old = match self.namespaces.get_mut(namespace) {
            Some(names) => names.insert(name.clone(), value),
            None => {
                self.namespaces.insert(namespace.clone(), Names::unit(name.clone(), value));
                None
            }
        };
        self.len += usize::from(old.is_none());
        old
    }

    pub fn remove(&mut self, namespace: &str, name: &str) -> Option<V> {
        let names = self.namespaces.get_mut(namespace)?;
        let old = names.remove(name)?;
        if names.is_empty() {
            self.namespaces.remove(namespace);
        }
        self.len -= 1;
        Some(old)
    }

    /// All values, ordered by namespace and name.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.namespaces.values().flat_map(|names| names.values())
    }

    /// The values of a namespace, ordered by name.
    pub fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = &V> + use<'_, V> {
        self.namespaces.get(namespace).into_iter().flat_map(|names| names.values())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_ordered_by_namespace_and_name() {
        let mut p = Places::default();
        for (ns, name) in [("b", "x"), ("a", "z"), ("", "n"), ("a", "y")] {
            assert_eq!(p.insert(&ns.into(), &name.into(), format!("{ns}/{name}")), None);
        }
        assert_eq!(p.insert(&"a".into(), &"y".into(), "again".into()).as_deref(), Some("a/y"));
        assert_eq!(
            (p.len(), p.values().map(String::as_str).collect::<Vec<_>>()),
            (4, vec!["/n", "again", "a/z", "b/x"])
        );
        assert_eq!(p.remove("b", "x").as_deref(), Some("b/x"));
        assert_eq!(p.remove("b", "x"), None);
        assert_eq!((p.len(), p.in_namespace("b").count(), p.in_namespace("a").count()), (3, 0, 2));
    }
}
