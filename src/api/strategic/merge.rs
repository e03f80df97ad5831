//! Lays a strategic merge patch over an object, as the API server does.
//! Real Kubernetes: `mergeMap` and what it calls in apimachinery/pkg/util/strategicpatch/patch.go.

use serde_json::{Map, Value};

use super::order::{arrange, id, map, misfit, overwritten, told_in_order};
use super::{DELETE_FROM, DIRECTIVE, ORDER, RETAIN_KEYS, item_type, struct_of};
use crate::api::go_text::{plain, type_name};
use crate::api::schema::{Field, TypeId};

/// What is wrong with a patch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Senseless {
    /// It is malformed: a bad request.
    Malformed(&'static str),
    /// It lays lists over lists. The real server says less of it.
    ListOfLists,
    /// Something else; the real server has no status of its own for it.
    Other(String),
}

impl std::fmt::Display for Senseless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Senseless::Malformed(why) => f.write_str(why),
            Senseless::ListOfLists => f.write_str("lists of lists are not supported"),
            Senseless::Other(why) => f.write_str(why),
        }
    }
}

const BAD_ORDER: Senseless = Senseless::Malformed("invalid patch format of setElementOrder list");
const BAD_DELETIONS: Senseless = Senseless::Malformed("invalid patch format of primitive list");
const BAD_RETAIN_KEYS: Senseless = Senseless::Malformed("invalid patch format of retainKeys");

pub(super) type Done<T = ()> = Result<T, Senseless>;
pub(super) type Object = Map<String, Value>;

pub(super) fn other<T>(why: String) -> Done<T> {
    Err(Senseless::Other(why))
}

/// Applies `patch` to `target`. The error is what the API server says.
pub fn apply(target: &mut Value, patch: &Value, of: Option<TypeId>) -> Done {
    let Value::Object(patch) = patch else { return Err(Senseless::Malformed("invalid JSON document")) };
    let mut object = match target.take() {
        Value::Object(o) => o,
        _ => Object::new(),
    };
    let merged = merge_map(&mut object, patch.clone(), of);
    *target = Value::Object(object);
    merged
}

fn merge_map(original: &mut Object, mut patch: Object, of: Option<TypeId>) -> Done {
    if let Some(directive) = patch.get(DIRECTIVE) {
        match directive.as_str() {
            Some("replace") => {
                patch.remove(DIRECTIVE);
                *original = patch;
            }
            Some("delete") => original.clear(),
            _ => return unknown_directive(directive, &patch),
        }
        return Ok(());
    }
    retain_keys(original, &mut patch)?;
    merge_ordered(original, &mut patch, of)?;
    for (key, mut new) in patch {
        let deletes = key.starts_with(DELETE_FROM);
        let key = if deletes { list_of(&key, DELETE_FROM, BAD_DELETIONS)?.to_string() } else { key };
        if new.is_null() {
            original.remove(&key);
            continue;
        }
        let field = of.and_then(|t| t.field(&key));
        match (original.get_mut(&key), new) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                known(&key, field, of)?;
                merge_map(old, new, struct_of(field))?;
            }
            (Some(Value::Array(old)), Value::Array(new)) => {
                known(&key, field, of)?;
                let old = std::mem::take(old);
                original.insert(key, Value::Array(merge_field(old, new, field, deletes)?));
            }
            (_, _) if deletes => {}
            (_, value) => {
                new = value;
                discard_nulls(&mut new);
                match without_directives(new) {
                    Some(new) => original.insert(key, new),
                    None => original.remove(&key),
                };
            }
        }
    }
    Ok(())
}

fn unknown_directive<T>(directive: &Value, of: &Object) -> Done<T> {
    other(format!("unknown patch type: {} in map: {}", plain(directive), plain(&of.clone().into())))
}

/// A type that is published must have the field; a map may have any.
fn known(key: &str, field: Option<&Field>, of: Option<TypeId>) -> Done {
    match of {
        Some(of) if field.is_none() => {
            let name = of.get().name.rsplit('.').next().unwrap_or_default();
            other(format!("unable to find api field in struct {name} for the json field {key:?}"))
        }
        _ => Ok(()),
    }
}

/// The list that a directive of that prefix is about.
fn list_of<'k>(key: &'k str, prefix: &str, bad: Senseless) -> Done<&'k str> {
    key.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')).ok_or(bad)
}

/// Takes out what the patch does not name among the fields that stay. All that it sets must be named.
fn retain_keys(original: &mut Object, patch: &mut Object) -> Done {
    let Some(keep) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let Value::Array(keep) = keep else { return Err(BAD_RETAIN_KEYS) };
    let kept = |key: &str| keep.iter().any(|k| k.as_str() == Some(key));
    let is_directive = |key: &str| key.starts_with(DELETE_FROM) || key.starts_with(ORDER);
    if patch.iter().any(|(k, v)| !v.is_null() && !is_directive(k) && !kept(k)) {
        return Err(BAD_RETAIN_KEYS);
    }
    original.retain(|k, _| kept(k));
    Ok(())
}

/// Merges the lists whose order the patch tells, and takes them out of it.
fn merge_ordered(original: &mut Object, patch: &mut Object, of: Option<TypeId>) -> Done {
    let directives: Vec<String> = patch.keys().filter(|k| k.starts_with(ORDER)).cloned().collect();
    for directive in directives {
        let Some(order) = patch.remove(&directive) else { continue };
        let order = list(&order)?.to_vec();
        let key = list_of(&directive, ORDER, BAD_ORDER)?;
        let old = original.get(key).map(list).transpose()?.map(<[Value]>::to_vec);
        let new = patch.get(key).map(list).transpose()?.map(<[Value]>::to_vec);
        let field = of.and_then(|t| t.field(key));
        known(key, field, of)?;
        let merge_key = field.and_then(|f| f.merge_key);
        told_in_order(new.as_deref().unwrap_or_default(), &order, merge_key)?;
        let merged = match (old.clone(), new.clone()) {
            (Some(old), None) => old,
            (None, Some(new)) => new.into_iter().filter_map(without_directives).collect(),
            (Some(old), Some(new)) => merge_field(old, new, field, false)?,
            (None, None) => continue,
        };
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
        let Some(of_maps) = sort_of_items(&[&old, &new])? else {
            return other("no elements in any of the given slices".into());
        };
        let before = match merge_key.filter(|_| of_maps && field.is_some_and(|f| f.merge)) {
            Some(key) => overwritten(&old, &new, key),
            None => old,
        };
        let merged = arrange(merged, &order, &order, &before, merge_key, of_maps)?;
        original.insert(key.into(), Value::Array(merged));
        patch.remove(key);
    }
    Ok(())
}

fn list(v: &Value) -> Done<&[Value]> {
    match v {
        Value::Array(items) => Ok(items),
        v => misfit("[]interface {}", v),
    }
}

fn merge_field(old: Vec<Value>, new: Vec<Value>, field: Option<&Field>, deletes: bool) -> Done<Vec<Value>> {
    // A list that is one value is replaced as a whole; but what is to go from a list goes from any.
    if !deletes && !field.is_some_and(|f| f.merge) {
        return Ok(new);
    }
    merge_list(old, new, field, deletes)
}

fn merge_list(old: Vec<Value>, new: Vec<Value>, field: Option<&Field>, deletes: bool) -> Done<Vec<Value>> {
    let Some(of_maps) = sort_of_items(&[&old, &new])? else { return Ok(old) };
    let merge_key = field.and_then(|f| f.merge_key);
    if !of_maps {
        if deletes {
            return Ok(old.into_iter().filter(|v| !new.contains(v)).collect());
        }
        let mut merged: Vec<Value> = vec![];
        for v in old.iter().chain(&new) {
            if !merged.contains(v) {
                merged.push(v.clone());
            }
        }
        return arrange(merged, &new, &new, &old, None, false);
    }
    let Some(key) = merge_key else {
        let name = field.map_or("", |f| f.go_elem.rsplit('.').next().unwrap_or_default());
        return other(format!("cannot merge lists without merge key for {name}"));
    };
    let (old, new) = obey_directives(old, new, key)?;
    let mut merged = old.clone();
    for item in &new {
        let wanted = id(item, key)?;
        match merged.iter_mut().find(|m| m.get(key) == Some(wanted)) {
            Some(Value::Object(m)) => merge_map(m, map(item)?.clone(), item_type(field))?,
            _ => merged.push(item.clone()),
        }
    }
    arrange(merged, &new, &new, &old, Some(key), true)
}

/// Deletes and replaces as the items of the patch say; gives both lists without such items.
fn obey_directives(mut old: Vec<Value>, new: Vec<Value>, key: &str) -> Done<(Vec<Value>, Vec<Value>)> {
    let mut plain = vec![];
    let mut replaces = false;
    for item in new {
        let Some(directive) = item.get(DIRECTIVE) else {
            plain.push(item);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let wanted = id(&item, key)?;
                old.retain(|o| o.get(key) != Some(wanted));
            }
            Some("replace") => replaces = true,
            Some("merge") => return other("merging lists cannot yet be specified in the patch".into()),
            _ => return unknown_directive(directive, map(&item)?),
        }
    }
    Ok(if replaces { (plain, vec![]) } else { (old, plain) })
}

/// Whether the items are maps; `None` if there are none. They must be of one type.
fn sort_of_items(lists: &[&[Value]]) -> Done<Option<bool>> {
    let mut items = lists.iter().copied().flatten();
    let Some(first) = items.next() else { return Ok(None) };
    if first.is_array() {
        return Err(Senseless::ListOfLists);
    }
    if items.any(|i| type_name(i) != type_name(first)) {
        let shown: Vec<String> = lists.iter().map(|l| plain(&l.to_vec().into())).collect();
        return other(format!("list element types are not identical: [{}]", shown.join(" ")));
    }
    Ok(Some(first.is_object()))
}

/// What is new to an object says nothing by its nulls.
fn discard_nulls(v: &mut Value) {
    match v {
        Value::Object(m) => {
            m.retain(|_, v| !v.is_null());
            m.values_mut().for_each(discard_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}

/// Maps with a directive go where there is nothing that they could be about.
fn without_directives(v: Value) -> Option<Value> {
    match v {
        Value::Object(m) if m.contains_key(DIRECTIVE) => None,
        Value::Object(m) => {
            Some(Value::Object(m.into_iter().filter_map(|(k, v)| Some((k, without_directives(v)?))).collect()))
        }
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(without_directives).collect())),
        v => Some(v),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;
    use crate::api::object::Resource;
    use serde_json::json;

    fn merged(metadata: Value, patch: Value) -> Result<Value, String> {
        let mut o = json!({"metadata": metadata});
        let patch = json!({"metadata": patch});
        apply(&mut o, &patch, kinds::ConfigMap::kind_ref().layout()).map_err(|e| e.to_string())?;
        Ok(o["metadata"].take())
    }

    /// The answers are a real server's.
    #[test]
    fn what_makes_no_sense_is_told_as_by_a_real_server() {
        let owner = json!({"uid": "a", "apiVersion": "v1", "kind": "Pod", "name": "x"});
        let meta = || json!({"name": "pn", "finalizers": ["a.b/d", "a.b/c"], "labels": {"a": "b"}, "ownerReferences": [owner]});
        for (patch, why) in [
            (json!({"finalizers": ["a.b/d", 1]}), "list element types are not identical: [[a.b/d a.b/c] [a.b/d 1]]"),
            (json!({"finalizers": [null]}), "list element types are not identical: [[a.b/d a.b/c] [<nil>]]"),
            (
                json!({"$setElementOrder/finalizers": ["a.b/d"], "finalizers": ["a.b/c", "a.b/d"]}),
                "The order in patch list:\n[a.b/c a.b/d]\n doesn't match $setElementOrder list:\n[a.b/d]\n",
            ),
            (json!({"$setElementOrder/finalizers": "x"}), "expected a []interface {}, but received a string"),
            (json!({"$setElementOrder": ["x"]}), "invalid patch format of setElementOrder list"),
            (json!({"$setElementOrder/name": ["x"]}), "expected a []interface {}, but received a string"),
            (
                json!({"$setElementOrder/nope": ["x"]}),
                "unable to find api field in struct ObjectMeta for the json field \"nope\"",
            ),
            (json!({"$deleteFromPrimitiveList": ["x"]}), "invalid patch format of primitive list"),
            (
                json!({"labels": {"$patch": "merge", "a": "b"}}),
                "unknown patch type: merge in map: map[$patch:merge a:b]",
            ),
            (json!({"labels": {"$retainKeys": ["x"], "y": "d"}}), "invalid patch format of retainKeys"),
            (
                json!({"ownerReferences": [{"uid": "a", "$patch": "merge"}]}),
                "merging lists cannot yet be specified in the patch",
            ),
            (
                json!({"ownerReferences": [{"uid": "a", "$patch": "odd"}]}),
                "unknown patch type: odd in map: map[$patch:odd uid:a]",
            ),
            (json!({"ownerReferences": [{"name": "a"}]}), "map: map[name:a] does not contain declared merge key: uid"),
            (
                json!({"ownerReferences": [1]}),
                "list element types are not identical: [[map[apiVersion:v1 kind:Pod name:x uid:a]] [1]]",
            ),
            (json!({"finalizers": [["x"]]}), "list element types are not identical: [[a.b/d a.b/c] [[x]]]"),
        ] {
            assert_eq!(merged(meta(), patch.clone()).err().as_deref(), Some(why), "{patch}");
        }
    }

    #[test]
    fn directives_replace_delete_keep_and_order() {
        let meta = || json!({"finalizers": ["a.b/c"], "labels": {"a": "b"}});
        let finalizers = |patch| merged(meta(), patch).map(|m| m["finalizers"].clone());
        let labels = |patch| merged(meta(), json!({"labels": patch})).map(|m| m["labels"].clone());
        assert_eq!(finalizers(json!({"finalizers": ["a.b/d", "a.b/c", "a.b/d"]})), Ok(json!(["a.b/d", "a.b/c"])));
        assert_eq!(finalizers(json!({"$deleteFromPrimitiveList/finalizers": ["a.b/c"]})), Ok(json!([])));
        assert_eq!(finalizers(json!({"$deleteFromPrimitiveList/finalizers": "a.b/c"})), Ok(json!(["a.b/c"])));
        let ordered = json!({"$setElementOrder/finalizers": ["a.b/e", "a.b/c"], "finalizers": ["a.b/e"]});
        assert_eq!(finalizers(ordered), Ok(json!(["a.b/e", "a.b/c"])));
        assert_eq!(labels(json!({"$patch": "replace", "c": "d"})), Ok(json!({"c": "d"})));
        assert_eq!(labels(json!({"$patch": "delete", "c": "d"})), Ok(json!({})));
        assert_eq!(labels(json!({"$retainKeys": ["y"], "y": "d"})), Ok(json!({"y": "d"})));
        assert_eq!(labels(json!({"a": null, "z": null})), Ok(json!({})));
        // Where there is nothing yet, what is about something goes.
        let fresh =
            json!({"annotations": {"a": null, "b": "c"}, "ownerReferences": [{"uid": "a", "$patch": "delete"}]});
        assert_eq!(merged(json!({}), fresh), Ok(json!({"annotations": {"b": "c"}, "ownerReferences": []})));
    }

    #[test]
    fn what_the_server_alone_has_keeps_its_place() {
        let owners = |ids: &[&str]| ids.iter().map(|id| json!({"uid": id})).collect::<Vec<_>>();
        let meta = || json!({"ownerReferences": owners(&["a", "b", "c", "d"])});
        let ids = |patch| {
            let m = merged(meta(), patch).unwrap();
            let uids = m["ownerReferences"].as_array().unwrap().iter().map(|o| o["uid"].as_str().unwrap().to_string());
            uids.collect::<String>()
        };
        assert_eq!(ids(json!({"ownerReferences": owners(&["x", "c"])})), "xabcd");
        assert_eq!(ids(json!({"$setElementOrder/ownerReferences": owners(&["d", "a"])})), "bcda");
        assert_eq!(ids(json!({"ownerReferences": [{"$patch": "replace"}, {"uid": "z"}]})), "z");
        let gone = json!({"ownerReferences": [{"uid": "b", "$patch": "delete"}, {"uid": "y"}]});
        assert_eq!(ids(gone), "yacd");
    }
}
