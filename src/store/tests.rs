use std::collections::BTreeMap;

use super::*;
use crate::api::Resource;
use crate::api::kinds::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use proptest::prelude::*;

fn cm(ns: &str, name: &str, value: &str) -> Object {
    Object::new(ConfigMap {
        metadata: ObjectMeta { name: Some(name.into()), namespace: Some(ns.into()), ..ObjectMeta::default() },
        data: Some([("v".to_string(), value.to_string())].into()),
        ..ConfigMap::default()
    })
}

fn key(ns: &str, name: &str) -> Key {
    Key::of::<ConfigMap>(ns, name)
}

fn scope(ns: Option<&str>) -> Scope {
    Scope { kind: ConfigMap::kind_ref(), namespace: ns.map(Into::into) }
}

#[test]
fn a_refused_write_changes_nothing() {
    let mut s = Store::default();
    let first = s.write(key("a", "x"), Some(cm("a", "x", "1")), Precondition::Absent, |_| RecordId(1)).unwrap().rev;
    let second = s.write(key("a", "x"), Some(cm("a", "x", "2")), Precondition::At(first), |_| RecordId(1)).unwrap().rev;
    s.take_deliveries().for_each(drop);
    for (name, new, expect, error) in [
        ("x", Some("3"), Precondition::At(first), StoreError::Conflict),
        ("x", None, Precondition::At(first), StoreError::Conflict),
        ("x", Some("3"), Precondition::Absent, StoreError::Exists),
        ("y", Some("3"), Precondition::At(first), StoreError::NotFound),
        ("y", None, Precondition::Any, StoreError::NotFound),
    ] {
        let refused = s.write(key("a", name), new.map(|v| cm("a", name, v)), expect, |_| unreachable!());
        assert_eq!(refused.err(), Some(error), "{name} {new:?} {expect:?}");
    }
    assert_eq!((s.rev(), s.count(ConfigMap::kind_ref()), s.history().count()), (second, 1, 2));
    assert_eq!(s.take_deliveries().count(), 0);
    assert_eq!(
        s.get(&key("a", "x")).and_then(|o| o.get::<ConfigMap>()?.data.clone()?.get("v").cloned()).as_deref(),
        Some("2")
    );
}

#[test]
fn a_transaction_is_all_or_nothing() {
    let mut s = Store::default();
    s.write(key("a", "x"), Some(cm("a", "x", "1")), Precondition::Absent, |_| RecordId(1)).unwrap();
    let before = s.rev();
    let writes = vec![
        Write { key: key("a", "y"), new: Some(cm("a", "y", "1")), expect: Precondition::Absent },
        Write { key: key("a", "x"), new: Some(cm("a", "x", "2")), expect: Precondition::Absent },
    ];
    assert_eq!(s.transaction(writes, |_| RecordId(1)).err(), Some(StoreError::Exists));
    assert_eq!((s.rev(), s.count(ConfigMap::kind_ref())), (before, 1));
}

#[test]
fn compacted_revisions_can_neither_be_listed_nor_watched() {
    let mut s = Store::default();
    for i in 0..5 {
        s.write(key("a", &format!("x{i}")), Some(cm("a", &format!("x{i}"), "1")), Precondition::Absent, |_| {
            RecordId(1)
        })
        .unwrap();
    }
    s.compact(Rev(4));
    assert_eq!(s.list_at(&scope(None), Rev(3)).err(), Some(StoreError::Compacted { oldest: Rev(4) }));
    assert!(s.watch(scope(None), Rev(3)).is_err());
    assert_eq!(s.list_at(&scope(None), Rev(4)).map(|l| l.len()), Ok(3));
}

proptest! {
    /// At every revision, the list equals what a watch from the start has told so far.
    #[test]
    fn a_list_equals_the_replayed_watch(ops in prop::collection::vec((0..3u8, 0..2u8, 0..4u8, "[a-z]"), 1..60)) {
        let mut s = Store::default();
        let w = s.watch(scope(Some("n0")), s.rev()).unwrap();
        let mut seen = BTreeMap::new();
        let mut states = vec![];
        for (op, ns, name, value) in ops {
            let (ns, name) = (format!("n{ns}"), format!("x{name}"));
            let new = (op < 2).then(|| cm(&ns, &name, &value));
            let _ = s.write(key(&ns, &name), new, Precondition::Any, |_| RecordId(1));
            for (id, c) in s.take_deliveries() {
                prop_assert_eq!(id, w);
                match c.kind {
                    ChangeKind::Deleted => seen.remove(&c.key.name),
                    _ => seen.insert(c.key.name.clone(), rev_of(&c.object)),
                };
            }
            states.push((s.rev(), seen.clone()));
        }
        for (rev, want) in states {
            let got: BTreeMap<Name, Rev> = s.list_at(&scope(Some("n0")), rev).unwrap().iter().map(|o| (o.name().into(), rev_of(o))).collect();
            prop_assert_eq!(got, want);
        }
    }
}
