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
    /// What was made of the same source, or else what is made of it now.
    pub fn of<T: Any + Send + Sync>(&mut self, source: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let mut hasher = DefaultHasher::new();
        source.hash(&mut hasher);
        let key = hasher.finish();
        let known = self.0.get(&key).filter(|(of, _)| **of == *source);
        if let Some(found) = known.and_then(|(_, thing)| thing.clone().downcast::<T>().ok()) {
            return found;
        }
        let made = Arc::new(make());
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(key, (source.into(), made.clone()));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_of_the_same_is_the_same() {
        let mut all = Shared::default();
        let (a, b) = (all.of("x", || vec![1]), all.of("x", || vec![2]));
        assert!(Arc::ptr_eq(&a, &b) && *b == [1]);
        assert_eq!(*all.of("y", || vec![3]), [3]);
        assert_eq!(*all.of("x", || "another sort"), "another sort");
    }
}
