//! Compaction: what happened more than some minutes ago is forgotten, so that the store does not grow for ever. Lists and watches
//! from before then are answered with 410 Gone.
//! Real Kubernetes: apiserver/pkg/storage/etcd3/compact.go, `--etcd-compaction-interval`.

use crate::api::{Duration, Time};
use crate::store::{Rev, Store};

/// How often the API server asks its store to forget.
const INTERVAL: Duration = Duration::from_secs(5 * 60);

/// What is to be forgotten next, and when. As nothing has to be forgotten while nothing is written, it is asked at writes alone.
#[derive(Clone, Debug, Default)]
pub struct Compactor {
    /// The revision at the last look; none before the first.
    seen: Option<(Time, Rev)>,
}

impl Compactor {
    /// Looks once in an interval: what was there at the look before is forgotten.
    pub fn look(&mut self, store: &mut Store, now: Time) {
        match self.seen {
            Some((at, _)) if now < at + INTERVAL => return,
            Some((_, rev)) => store.compact(rev),
            None => {}
        }
        self.seen = Some((now, store.rev()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::ConfigMap;
    use crate::api::object::{Key, Resource};
    use crate::api::{Object, RecordId};
    use crate::store::{Precondition, Scope, StoreError};

    #[test]
    fn what_was_there_an_interval_ago_is_forgotten() {
        let (mut store, mut compactor) = (Store::default(), Compactor::default());
        let write = |store: &mut Store, name: &str| {
            let mut map = ConfigMap::default();
            map.metadata.name = Some(name.into());
            let key = Key::of::<ConfigMap>("default", name);
            store
                .write(key, Some(Object::new(map)), Precondition::Any, |_| RecordId(0))
                .map(|c| c.rev)
                .expect("written")
        };
        let minute = |n: u64| Time::ZERO + Duration::from_secs(60 * n);
        let scope = Scope { kind: ConfigMap::kind_ref(), namespace: None };
        let first = write(&mut store, "a");
        compactor.look(&mut store, minute(0));
        let second = write(&mut store, "b");
        compactor.look(&mut store, minute(4));
        assert!(store.watch(scope.clone(), Rev(0)).is_ok(), "five minutes are not over");
        compactor.look(&mut store, minute(5));
        assert_eq!(store.watch(scope.clone(), Rev(0)).err(), Some(StoreError::Compacted { oldest: first }));
        assert!(store.watch(scope.clone(), first).is_ok(), "what happened since is known");
        compactor.look(&mut store, minute(10));
        assert_eq!(store.watch(scope, first).err(), Some(StoreError::Compacted { oldest: second }));
    }
}
