//! Strategic merge patch: how `kubectl patch`, `apply` and `set` change lists of named things.
//!
//! [`apply`] is what the API server does with such a patch, [`three_way`] how kubectl makes one for `apply`,
//! [`diff`] how it makes one for `edit`, `set` and `label`.
//!
//! Real Kubernetes: `k8s.io/apimachinery/pkg/util/strategicpatch`.

mod merge;
mod order;

use serde_json::{Map, Value};

use super::schema::{Base, Field, Shape, TypeId};

pub use merge::{Senseless, apply};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList";
const ORDER: &str = "$setElementOrder";

fn struct_of(f: Option<&Field>) -> Option<TypeId> {
    match f.map(|f| (&f.base, &f.shape)) {
        Some((Base::Struct(t), Shape::Plain | Shape::Pointer)) => Some(*t),
        _ => None,
    }
}

fn item_type(f: Option<&Field>) -> Option<TypeId> {
    match f.map(|f| f.base) {
        Some(Base::Struct(t)) => Some(t),
        _ => None,
    }
}

#[derive(Clone, Copy)]
struct Only {
    additions: bool,
    deletions: bool,
}

/// The patch that turns `from` into `to`.
pub fn diff(from: &Value, to: &Value, of: Option<TypeId>) -> Value {
    let empty = Map::new();
    let (from, to) = (from.as_object().unwrap_or(&empty), to.as_object().unwrap_or(&empty));
    Value::Object(diff_map(from, to, of, Only { additions: true, deletions: true }))
}

/// The patch for `kubectl apply`: deletes what `original` (last applied) had and `modified` has not, sets what
/// differs between `current` and `modified`, and leaves alone what only `current` has.
pub fn three_way(original: &Value, modified: &Value, current: &Value, of: Option<TypeId>) -> Value {
    let empty = Map::new();
    let map = |v: &'_ Value| v.as_object().cloned().unwrap_or_else(|| empty.clone());
    let (original, modified, current) = (map(original), map(modified), map(current));
    let delta = diff_map(&current, &modified, of, Only { additions: true, deletions: false });
    let deletions = diff_map(&original, &modified, of, Only { additions: false, deletions: true });
    let mut out = deletions;
    join_maps(&mut out, delta, of);
    Value::Object(out)
}

/// Lays one patch over another: both are patches, so nothing is applied, only merged.
fn join_maps(base: &mut Map<String, Value>, over: Map<String, Value>, of: Option<TypeId>) {
    for (k, v) in over {
        let field = of.and_then(|t| t.field(&k));
        match (base.get_mut(&k), v) {
            (Some(Value::Object(b)), Value::Object(o)) => join_maps(b, o, struct_of(field)),
            (Some(Value::Array(b)), Value::Array(o)) if field.is_some_and(|f| f.merge) && !k.starts_with('$') => {
                let key = field.and_then(|f| f.merge_key);
                for item in o {
                    let twin =
                        key.and_then(|key| b.iter_mut().find(|x| x.get(key).is_some() && x.get(key) == item.get(key)));
                    match (twin, item) {
                        (Some(Value::Object(t)), Value::Object(i)) => join_maps(t, i, item_type(field)),
                        (_, item) => b.push(item),
                    }
                }
            }
            (_, v) => {
                base.insert(k, v);
            }
        }
    }
    put_in_order(base, of);
}

/// What is set in a list stands in the order that the patch tells of it, or the server refuses it.
fn put_in_order(patch: &mut Map<String, Value>, of: Option<TypeId>) {
    let orders = patch.iter().filter_map(|(k, v)| Some((k.strip_prefix(ORDER)?.strip_prefix('/')?, v.as_array()?)));
    let orders: Vec<(String, Vec<Value>)> = orders.map(|(k, order)| (k.to_string(), order.clone())).collect();
    for (k, order) in orders {
        let key = of.and_then(|t| t.field(&k)).and_then(|f| f.merge_key);
        let same = |a: &Value, b: &Value| key.map_or_else(|| a == b, |key| a.get(key) == b.get(key));
        if let Some(Value::Array(items)) = patch.get_mut(&k) {
            items.sort_by_key(|item| order.iter().position(|o| same(o, item)).unwrap_or(order.len()));
        }
    }
}

fn diff_map(from: &Map<String, Value>, to: &Map<String, Value>, of: Option<TypeId>, only: Only) -> Map<String, Value> {
    let mut patch = Map::new();
    for (k, new) in to {
        let field = of.and_then(|t| t.field(k));
        match (from.get(k), new) {
            (None, _) => {
                if only.additions {
                    patch.insert(k.clone(), new.clone());
                }
            }
            (Some(Value::Object(old)), Value::Object(new)) => {
                let mut inner = diff_map(old, new, struct_of(field), only);
                if !inner.is_empty() {
                    if field.is_some_and(|f| f.retain_keys) {
                        let keys: Vec<Value> = new.keys().map(|k| Value::from(k.as_str())).collect();
                        inner.insert(RETAIN_KEYS.into(), Value::Array(keys));
                    }
                    patch.insert(k.clone(), Value::Object(inner));
                }
            }
            (Some(Value::Array(old)), Value::Array(new)) if field.is_some_and(|f| f.merge) => {
                diff_list(k, old, new, field, only, &mut patch);
            }
            (Some(old), new) => {
                if only.additions && old != new {
                    patch.insert(k.clone(), new.clone());
                }
            }
        }
    }
    if only.deletions {
        for k in from.keys().filter(|k| !to.contains_key(*k)) {
            patch.insert(k.clone(), Value::Null);
        }
    }
    patch
}

/// The items with the number of each among those of its key. kubectl sorts items before it compares them, and its way of
/// sorting turns those of one key round.
fn last_first<'a>(list: &'a [Value], key: &str) -> Vec<(&'a Value, usize)> {
    let nth_of = |i: usize| {
        let same = |v: &&Value| v.get(key) == list[i].get(key);
        let before = list[..i].iter().filter(same).count();
        let turned = list.iter().rev().filter(same).nth(before).unwrap_or(&list[i]);
        (turned, before)
    };
    (0..list.len()).map(nth_of).collect()
}

fn diff_list(
    name: &str,
    old: &[Value],
    new: &[Value],
    field: Option<&'static Field>,
    only: Only,
    patch: &mut Map<String, Value>,
) {
    // Where there was nothing, there is no order to speak of.
    if old.is_empty() {
        if only.additions && !new.is_empty() {
            patch.insert(name.into(), Value::Array(new.to_vec()));
        }
        return;
    }
    let Some(key) = field.and_then(|f| f.merge_key) else {
        let added: Vec<Value> = new.iter().filter(|v| only.additions && !old.contains(v)).cloned().collect();
        let gone: Vec<Value> = old.iter().filter(|v| only.deletions && !new.contains(v)).cloned().collect();
        let ordered = !new.is_empty() && (!gone.is_empty() || only.additions && old != new);
        if !gone.is_empty() {
            patch.insert(format!("{DELETE_FROM}/{name}"), Value::Array(gone));
        }
        if !added.is_empty() {
            patch.insert(name.into(), Value::Array(added));
        }
        if ordered {
            patch.insert(format!("{ORDER}/{name}"), Value::Array(new.to_vec()));
        }
        return;
    };
    let mut items = vec![];
    let twins = last_first(old, key);
    for (n, nth) in last_first(new, key) {
        let twin = twins.iter().find(|(o, m)| *m == nth && o.get(key).is_some() && o.get(key) == n.get(key));
        let Some((o, _)) = twin else {
            if only.additions {
                items.push(n.clone());
            }
            continue;
        };
        if let (Value::Object(o), Value::Object(n)) = (o, n) {
            let mut inner = diff_map(o, n, item_type(field), only);
            if !inner.is_empty() {
                inner.insert(key.into(), n.get(key).cloned().unwrap_or(Value::Null));
                items.push(Value::Object(inner));
            }
        }
    }
    if only.deletions {
        for o in old.iter().filter(|o| !new.iter().any(|n| n.get(key) == o.get(key))) {
            let mut gone = Map::new();
            gone.insert(DIRECTIVE.into(), "delete".into());
            gone.insert(key.into(), o.get(key).cloned().unwrap_or(Value::Null));
            items.push(Value::Object(gone));
        }
    }
    let ids =
        |list: &[Value]| -> Vec<Value> { list.iter().map(|v| v.get(key).cloned().unwrap_or(Value::Null)).collect() };
    let in_old = |id: &Value| old.iter().any(|o| o.get(key) == Some(id));
    let kept_order: Vec<Value> = ids(old).into_iter().filter(|id| new.iter().any(|n| n.get(key) == Some(id))).collect();
    let moved = only.additions && ids(new).into_iter().filter(in_old).collect::<Vec<_>>() != kept_order;
    if !items.is_empty() || moved {
        let order: Vec<Value> = ids(new)
            .into_iter()
            .map(|id| {
                let mut m = Map::new();
                m.insert(key.into(), id);
                Value::Object(m)
            })
            .collect();
        patch.insert(format!("{ORDER}/{name}"), Value::Array(order));
        if !items.is_empty() {
            patch.insert(name.into(), Value::Array(items));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;
    use crate::api::object::Resource;
    use serde_json::json;

    fn deployment() -> Option<TypeId> {
        kinds::Deployment::kind_ref().layout()
    }

    #[test]
    fn containers_merge_by_name() {
        let mut d = json!({"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}}}});
        apply(
            &mut d,
            &json!({"spec": {"template": {"spec": {"containers": [{"name": "b", "image": "z"}, {"name": "c"}]}}}}),
            deployment(),
        )
        .unwrap();
        assert_eq!(
            d["spec"]["template"]["spec"]["containers"],
            json!([{"name": "a", "image": "x"}, {"name": "b", "image": "z"}, {"name": "c"}])
        );
        apply(
            &mut d,
            &json!({"spec": {"template": {"spec": {"containers": [{"name": "a", "$patch": "delete"}]}}}}),
            deployment(),
        )
        .unwrap();
        assert_eq!(d["spec"]["template"]["spec"]["containers"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn retain_keys_removes_what_is_not_named() {
        let mut d = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
        apply(&mut d, &json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}), deployment())
            .unwrap();
        assert_eq!(d["spec"]["strategy"], json!({"type": "Recreate"}));
    }

    #[test]
    fn apply_keeps_what_others_set_and_removes_what_was_applied_before() {
        let original = json!({"metadata": {"labels": {"a": "1", "b": "1"}}, "spec": {"replicas": 1}});
        let modified = json!({"metadata": {"labels": {"a": "2"}}, "spec": {"replicas": 1}});
        let current = json!({"metadata": {"labels": {"a": "1", "b": "1", "mine": "x"}}, "spec": {"replicas": 5}});
        let patch = three_way(&original, &modified, &current, deployment());
        let mut result = current.clone();
        apply(&mut result, &patch, deployment()).unwrap();
        assert_eq!(result, json!({"metadata": {"labels": {"a": "2", "mine": "x"}}, "spec": {"replicas": 1}}));
        assert_eq!(three_way(&modified, &modified, &result, deployment()), json!({}));
    }

    proptest::proptest! {
        #[test]
        fn a_diff_applied_gives_the_other_side(from in document(), to in document()) {
            let mut result = from.clone();
            apply(&mut result, &diff(&from, &to, deployment()), deployment()).map_err(|e| proptest::test_runner::TestCaseError::fail(e.to_string()))?;
            proptest::prop_assert_eq!(result, to);
        }

        #[test]
        fn applying_the_same_manifest_twice_changes_nothing(original in document(), modified in document(), current in document()) {
            let mut once = current.clone();
            apply(&mut once, &three_way(&original, &modified, &current, deployment()), deployment()).map_err(|e| proptest::test_runner::TestCaseError::fail(e.to_string()))?;
            proptest::prop_assert_eq!(three_way(&modified, &modified, &once, deployment()), json!({}));
        }
    }

    /// Deployments with a few labels and containers, in any order.
    fn document() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let labels = prop::collection::btree_map("[a-c]", "[x-z]", 0..3);
        let containers = prop::collection::btree_map("[a-d]", ("[x-z]", prop::option::of("[x-z]")), 1..4);
        (labels, containers, 0..4i64, any::<bool>()).prop_map(|(labels, containers, replicas, reverse)| {
            let mut list: Vec<Value> = containers
                .into_iter()
                .map(|(name, (image, dir))| match dir {
                    Some(d) => json!({"name": name, "image": image, "workingDir": d}),
                    None => json!({"name": name, "image": image}),
                })
                .collect();
            if reverse {
                list.reverse();
            }
            json!({"metadata": {"labels": labels}, "spec": {"replicas": replicas, "template": {"spec": {"containers": list}}}})
        })
    }
}
