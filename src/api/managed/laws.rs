//! What holds for all objects and all writers, tried with random ones.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Map as Fields, Value, json};

use super::owners::entries_of;
use super::*;
use crate::api::{Duration, Time};

/// A kind with one of each sort of place.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let text = json!({"type": "string"});
    let set = json!({"type": "array", "items": text, "x-kubernetes-list-type": "set"});
    json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "size": text,
        "map": {"type": "object", "additionalProperties": text},
        "whole": {"type": "object", "additionalProperties": text, "x-kubernetes-map-type": "atomic"},
        "tags": set,
        "words": {"type": "array", "items": text},
        "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
            "items": {"type": "object", "properties": {"port": {"type": "integer"}, "name": text, "tags": set,
                "protocol": {"type": "string", "default": "TCP"}}}},
        "rooms": {"type": "object", "additionalProperties": {"type": "object", "properties": {"floor": {"type": "integer"}, "tags": set}}},
        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    }}}})
});

fn kind(api_version: &'static str) -> Custom<'static> {
    let version = |name: &str| CustomVersion { api_version: name.into(), schema: &SCHEMA, status: false };
    Custom {
        api_version,
        kind: "Gadget",
        versions: vec![version("x.io/v1"), version("x.io/v2")],
        subresource: None,
        preserve_unknown_fields: false,
        converter: None,
    }
}

fn typed(v: &Value) -> Typed<'_> {
    Typed::new(Cow::Borrowed(v), Schema::Resource { of: &SCHEMA, open: false }, Duplicates::Allowed).unwrap()
}

fn word() -> impl Strategy<Value = Value> {
    "[abc]".prop_map(Value::from)
}

fn words() -> impl Strategy<Value = Value> {
    prop::collection::btree_set("[abcd]", 0..4).prop_map(|s| json!(s)).prop_shuffle_list()
}

/// Lists come in any order.
trait Shuffled: Strategy<Value = Value> + Sized + 'static {
    fn prop_shuffle_list(self) -> BoxedStrategy<Value> {
        self.prop_flat_map(|v| Just(v.as_array().cloned().unwrap_or_default()).prop_shuffle())
            .prop_map(Value::Array)
            .boxed()
    }
}

impl<S: Strategy<Value = Value> + 'static> Shuffled for S {}

fn map_of(v: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[abc]", v, 0..3).prop_map(|m| json!(m))
}

/// An object with some of these fields.
fn some_of(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let each = fields.into_iter().map(|(name, v)| prop::option::weighted(0.4, v).prop_map(move |v| (name, v)));
    each.collect::<Vec<_>>()
        .prop_map(|fields| {
            let there = fields.into_iter().filter_map(|(name, v)| Some((name.to_string(), v?)));
            Value::Object(there.collect::<Fields<String, Value>>())
        })
        .boxed()
}

fn ports() -> BoxedStrategy<Value> {
    let rest = some_of(vec![("name", word().boxed()), ("tags", words().boxed())]);
    let keys = (1..4i64, prop::option::of(Just("UDP")));
    prop::collection::btree_map(keys, rest, 0..4)
        .prop_map(|ports| {
            let item = |((port, protocol), mut rest): ((i64, Option<&str>), Value)| {
                rest["port"] = port.into();
                if let Some(p) = protocol {
                    rest["protocol"] = p.into();
                }
                rest
            };
            ports.into_iter().map(item).collect::<Value>()
        })
        .prop_shuffle_list()
}

fn spec() -> BoxedStrategy<Value> {
    let room = some_of(vec![("floor", (0..3i64).prop_map(Value::from).boxed()), ("tags", words().boxed())]);
    let any = prop_oneof![word(), words(), map_of(word())];
    some_of(vec![
        ("size", word().boxed()),
        ("map", map_of(word()).boxed()),
        ("whole", map_of(word()).boxed()),
        ("tags", words().boxed()),
        ("words", words().boxed()),
        ("ports", ports()),
        ("rooms", map_of(room).boxed()),
        ("any", map_of(any).boxed()),
    ])
}

/// A write by somebody: an apply, forced or not, or a replacement.
#[derive(Clone, Debug)]
struct Write {
    manager: String,
    version: &'static str,
    apply: bool,
    force: bool,
    spec: Value,
}

fn write() -> impl Strategy<Value = Write> {
    let version = prop_oneof![Just("x.io/v1"), Just("x.io/v2")];
    ("[xyz]", version, any::<bool>(), any::<bool>(), spec()).prop_map(|(manager, version, apply, force, spec)| Write {
        manager,
        version,
        apply,
        force,
        spec,
    })
}

fn object(version: &str, spec: &Value) -> Value {
    // The label is never taken away: an object without any owner would get none by an update.
    json!({"apiVersion": version, "kind": "Gadget", "metadata": {"name": "g", "labels": {"a": "b"}}, "spec": spec})
}

/// What the write makes of the object; nothing if it is refused.
fn done(live: Option<&Value>, w: &Write, time: u64) -> Option<Value> {
    let kind = kind(w.version);
    let writer = Writer { manager: &w.manager, subresource: "", time: Time::ZERO + Duration::from_secs(time) };
    let mut new = object(w.version, &w.spec);
    if w.apply {
        return on_apply(live, &new, &kind, &writer, w.force).ok().filter(|o| !has_null(o));
    }
    on_update(live, &mut new, &kind, &writer);
    Some(new)
}

/// Whether the server would refuse it: no field of the schema may be null, which is what is left of a map or list when
/// everything in it was taken out and it is still applied.
fn has_null(v: &Value) -> bool {
    v.is_null()
        || v.as_object().is_some_and(|m| m.values().any(has_null))
        || v.as_array().is_some_and(|a| a.iter().any(has_null))
}

fn history() -> impl Strategy<Value = Vec<Write>> {
    prop::collection::vec(write(), 1..8)
}

fn after(history: &[Write]) -> Option<Value> {
    let mut live: Option<Value> = None;
    for (i, w) in history.iter().enumerate() {
        if let Some(next) = done(live.as_ref(), w, i as u64 + 1) {
            live = Some(next);
        }
    }
    live
}

fn owners(o: &Value) -> Owners {
    Owners::decode(&entries_of(o).unwrap()).unwrap()
}

/// All places that an object has, those of maps and lists among them.
fn places(o: &Value) -> FieldSet {
    let nothing = json!({});
    typed(&nothing).compare(&typed(o)).added
}

/// The maps and lists that somebody applied without anything in them.
fn hollow(history: &[Write], manager: &str) -> FieldSet {
    let applied = history.iter().filter(|w| w.apply && w.manager == manager);
    applied.map(|w| object(w.version, &w.spec)).fold(FieldSet::default(), |found, whole| {
        let full = without_empties(&whole).expect("it has a name");
        found.union(&places(&whole).difference(&places(&full)))
    })
}

/// A configuration says nothing with an empty map or list.
fn without_empties(v: &Value) -> Option<Value> {
    let out = match v {
        Value::Object(m) => m.iter().filter_map(|(k, v)| Some((k.clone(), without_empties(v)?))).collect(),
        Value::Array(items) => items.iter().filter_map(without_empties).collect(),
        other => return Some(other.clone()),
    };
    let empty = match &out {
        Value::Object(m) => m.is_empty(),
        other => other.as_array().is_some_and(Vec::is_empty),
    };
    (!empty).then_some(out)
}

fn paths() -> impl Strategy<Value = FieldSet> {
    let element = prop_oneof![
        "[abc]".prop_map(|n| PathElement::field(&n)),
        (1..4i64, "[ab]").prop_map(|(n, s)| PathElement::key([("n".into(), n.into()), ("s".into(), s.into())])),
        prop_oneof![word(), (0..20i64).prop_map(Value::from), any::<bool>().prop_map(Value::from)]
            .prop_map(PathElement::value),
        (0..3i64).prop_map(PathElement::Index),
    ];
    prop::collection::vec(prop::collection::vec(element, 1..4), 0..12).prop_map(|paths| {
        let mut set = FieldSet::default();
        paths.iter().for_each(|p| set.insert(p));
        set
    })
}

fn texts(set: &FieldSet) -> BTreeSet<String> {
    set.paths().iter().map(|p| path_text(p)).collect()
}

proptest! {
    #[test]
    fn sets_survive_being_written(set in paths()) {
        prop_assert_eq!(&FieldSet::from_json(&set.to_json()).unwrap(), &set);
        prop_assert_eq!(&FieldSet::from_value(&set.to_value()).unwrap(), &set);
    }

    #[test]
    fn sets_are_sets(a in paths(), b in paths()) {
        let (x, y) = (texts(&a), texts(&b));
        prop_assert_eq!(texts(&a.union(&b)), x.union(&y).cloned().collect());
        prop_assert_eq!(texts(&a.intersection(&b)), x.intersection(&y).cloned().collect());
        prop_assert_eq!(texts(&a.difference(&b)), x.difference(&y).cloned().collect());
        prop_assert!(a.recursive_difference(&b).difference(&a.difference(&b)).is_empty());
        prop_assert_eq!(a.len(), x.len());
    }

    #[test]
    fn what_is_added_one_way_is_removed_the_other(a in spec(), b in spec()) {
        let (a, b) = (object("x.io/v1", &a), object("x.io/v1", &b));
        let (there, back) = (typed(&a).compare(&typed(&b)), typed(&b).compare(&typed(&a)));
        prop_assert_eq!(&there.added, &back.removed);
        prop_assert_eq!(&there.modified, &back.modified);
        prop_assert!(typed(&a).compare(&typed(&a)).is_same());
        prop_assert!(there.added.intersection(&there.modified).is_empty());
    }

    #[test]
    fn a_merged_object_has_what_was_applied(live in spec(), config in spec()) {
        let (live, config) = (object("x.io/v1", &live), object("x.io/v1", &config));
        let merged = typed(&live).merge(&typed(&config));
        let found = typed(&config).compare(&merged);
        prop_assert!(found.removed.is_empty(), "{}", found.removed);
        prop_assert!(found.modified.is_empty(), "{}", found.modified);
        prop_assert_eq!(&merged.merge(&typed(&config)).value, &merged.value);
    }

    #[test]
    fn applying_twice_changes_nothing(before in history(), w in write()) {
        let spec = without_empties(&w.spec).unwrap_or_else(|| json!({"size": "a"}));
        let w = Write { apply: true, force: true, spec, ..w };
        let Some(once) = done(after(&before).as_ref(), &w, 20) else { return Ok(()) };
        let mut twice = done(Some(&once), &w, 21).expect("it was applied before");
        keep_times(&once, &mut twice);
        prop_assert_eq!(twice, once);
    }

    #[test]
    fn nobody_loses_a_field_to_an_apply_without_force(before in history(), w in write()) {
        let w = Write { apply: true, force: false, ..w };
        let Some(live) = after(&before) else { return Ok(()) };
        let Some(new) = done(Some(&live), &w, 20) else { return Ok(()) };
        let (old, now) = (owners(&live), owners(&new));
        let changed = typed(&live).compare(&typed(&new));
        for (manager, owned) in old.0.iter().filter(|(m, _)| !(m.name == w.manager && m.operation == Operation::Apply)) {
            let left = now.0.get(manager).map(|o| o.fields.clone()).unwrap_or_default();
            let lost = owned.fields.leaves().difference(&left);
            // A map that was emptied, or an item that only it was in.
            prop_assert!(lost.intersection(&changed.modified).is_empty(), "{lost}");
            prop_assert!(owned.fields.intersection(&changed.modified).is_empty(), "{}", changed.modified);
        }
    }

    #[test]
    fn owners_own_what_is_there_and_all_that_is_there_is_owned(history in history()) {
        let Some(live) = after(&history) else { return Ok(()) };
        let there = places(&live);
        let mut owned = FieldSet::default();
        for (manager, o) in owners(&live).0 {
            // A map or list that was applied empty goes with what was in it; whoever applied it stays written down.
            let gone = o.fields.difference(&there).difference(&hollow(&history, &manager.name));
            prop_assert!(gone.is_empty(), "{manager:?} owns {gone}");
            owned = owned.union(&o.fields);
        }
        // What was emptied stays behind without an owner.
        let full = without_empties(&live).expect("an object");
        let own = typed(&full).fields().leaves().difference(&super::versions::unowned());
        let left = own.difference(&owned);
        prop_assert!(left.is_empty(), "nobody owns {left}");
    }
}
