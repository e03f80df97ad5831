//! What programs have worked out that is the same in many containers: thousands of pods of one image share it.

use std::any::Any;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// So many things are remembered.
const MOST: usize = 64;

/// Things by what they were made of.
#[derive(Clone, Default)]
pub struct Shared(BTreeMap<u64, (Arc<str>, Arc<dyn Any + Send + Sync>)>);

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Shared {
    /// What was made of that source, if it still is remembered.
    pub fn get<T: Any + Send + Sync>(&self, source: &str) -> Option<Arc<T>> {
        let (_, thing) = self.0.get(&key(source)).filter(|(of, _)| **of == *source)?;
        thing.clone().downcast::<T>().ok()
    }

    /// Remembers what was made of a source.
    pub fn put<T: Any + Send + Sync>(&mut self, source: &str, thing: T) -> Arc<T> {
        let thing = Arc::new(thing);
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(key(source), (source.into(), thing.clone()));
        thing
    }
}

fn key(source: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    source.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_of_the_same_is_found_again() {
        let mut all = Shared::default();
        assert!(all.get::<Vec<u8>>("x").is_none());
        let a = all.put("x", vec![1_u8]);
        assert!(all.get::<Vec<u8>>("x").is_some_and(|b| Arc::ptr_eq(&a, &b)));
        assert!(all.get::<String>("x").is_none(), "it is of another sort");
        for i in 0..2 * MOST {
            all.put(&format!("{i}"), i);
        }
        assert!(all.0.len() <= MOST);
    }
}
