//! What called for a sync that could not act yet. While a set waits to see the pods that it has just made or deleted,
//! it does nothing; when it goes on, it does so because of what happened meanwhile, not because it saw its own work.
//! The story needs it; Kubernetes' controllers keep no causes.

use std::collections::{BTreeMap, BTreeSet};

use super::queue::merge;
use crate::api::{Key, RecordId};
use crate::ledger::Causes;

#[derive(Clone, Debug, Default)]
pub struct Postponed(BTreeMap<Key, Waiting>);

#[derive(Clone, Debug, Default)]
struct Waiting {
    causes: Causes,
    /// Causes that only tell of the set's own work.
    echoes: BTreeSet<RecordId>,
}

impl Waiting {
    fn foreign(&self, causes: &[RecordId]) -> Causes {
        causes.iter().copied().filter(|c| !self.echoes.contains(c)).collect()
    }
}

impl Postponed {
    /// The set sees what it did itself.
    pub fn echo(&mut self, key: &Key, cause: RecordId) {
        self.0.entry(key.clone()).or_default().echoes.insert(cause);
    }

    /// A sync cannot act: its causes stay.
    pub fn keep(&mut self, key: &Key, causes: &[RecordId]) {
        let w = self.0.entry(key.clone()).or_default();
        let foreign = w.foreign(causes);
        merge(&mut w.causes, &foreign);
    }

    /// A sync can act: because of what was kept and of what is new, else because of its own work.
    pub fn take(&mut self, key: &Key, causes: &Causes) -> Causes {
        let Some(w) = self.0.remove(key) else { return causes.clone() };
        let mut all = w.foreign(causes);
        merge(&mut all, &w.causes);
        if all.is_empty() { causes.clone() } else { all }
    }

    pub fn forget(&mut self, key: &Key) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::ReplicaSet;
    use smallvec::smallvec;

    #[test]
    fn what_called_while_the_set_waited_is_why_it_acts_later() {
        let ids = |all: &[u64]| -> Causes { all.iter().map(|i| RecordId(*i)).collect() };
        let key = Key::of::<ReplicaSet>("d", "r");
        let mut p = Postponed::default();
        assert_eq!(p.take(&key, &ids(&[1])), ids(&[1]));
        p.keep(&key, &ids(&[3]));
        p.echo(&key, RecordId(4));
        p.keep(&key, &ids(&[4]));
        p.echo(&key, RecordId(5));
        assert_eq!(p.take(&key, &ids(&[5])), ids(&[3]));
        p.echo(&key, RecordId(6));
        assert_eq!(p.take(&key, &ids(&[6])), ids(&[6]), "nothing else called");
        p.keep(&key, &ids(&[7]));
        p.forget(&key);
        assert_eq!(p.take(&key, &smallvec![RecordId(8)]), ids(&[8]));
    }
}
