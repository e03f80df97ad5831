//! Merges lists whose items are told apart by some of their fields, or by what they are.
//! Real Kubernetes: kustomize kyaml/yaml/walk/associative_sequence.go, ElementSetter in kyaml/yaml/fns.go.

use serde_json::Value;

use super::merge::{Schema, walk};
use super::resource::{is_empty, text};

/// The fields by which items are told apart; none: by what they are.
#[derive(Clone, Debug)]
pub struct Keys(pub Vec<&'static str>);

/// The items of a patch and then those that it does not name.
///
/// # Errors
/// Items of the same key are not of the same shape.
pub fn merge_items(mut dest: Vec<Value>, patch: Vec<Value>, schema: Schema, keys: &Keys) -> Result<Vec<Value>, String> {
    if keys.0.is_empty() {
        return Ok(merge_scalars(&dest, &patch));
    }
    let mut wanted = values_of(&[&patch, &dest], keys);
    if keys.0.len() > 1 {
        complete(&mut wanted);
    }
    let (mut merged, mut used): (Vec<Value>, Vec<&str>) = (vec![], vec![]);
    for i in 0..wanted.len() {
        let (fields, values) = meaningful(&wanted, &wanted[i], keys);
        used.clone_from(&fields);
        let (fields_here, values_here) = meaningful(std::slice::from_ref(&values), &values, &Keys(fields.clone()));
        let find = |list: &[Value]| list.iter().position(|item| has(item, &fields_here, &values_here));
        let (at, theirs) = (find(&dest), find(&patch).map(|i| patch[i].clone()));
        let replaces = theirs.as_ref().is_some_and(|t| t["$patch"] == "replace");
        let val = walk(at.map(|i| dest[i].clone()), theirs, schema)?;
        let Some(mut val) = val.filter(|v| !is_empty(v)) else {
            set_item(&mut dest, None, &fields, &values);
            continue;
        };
        for (field, value) in fields.iter().zip(&values).filter(|(_, v)| !v.is_empty()) {
            if let Some(map) = val.as_object_mut().filter(|map| !map.contains_key(*field)) {
                map.insert((*field).into(), value.as_str().into());
            }
        }
        // A merged item is the old one, changed; one that a patch replaces is not put in its place.
        if let Some(at) = at.filter(|_| !replaces) {
            dest[at] = val.clone();
        }
        set_item(&mut merged, Some(val), &fields, &values);
    }
    if wanted.is_empty() {
        return Ok(dest);
    }
    Ok(append(merged, dest, &used))
}

fn merge_scalars(dest: &[Value], patch: &[Value]) -> Vec<Value> {
    let mut out: Vec<Value> = vec![];
    for item in patch.iter().chain(dest) {
        if !out.iter().any(|o| text(o) == text(item)) {
            out.push(item.clone());
        }
    }
    out
}

/// The keys of all items, each once, the patch's first.
fn values_of(lists: &[&Vec<Value>], keys: &Keys) -> Vec<Vec<String>> {
    let mut out: Vec<Vec<String>> = vec![];
    for item in lists.iter().flat_map(|list| list.iter()) {
        let values: Vec<String> = keys.0.iter().map(|k| text(&item[*k])).collect();
        if !out.contains(&values) {
            out.push(values);
        }
    }
    out
}

/// Where one item leaves a part of its key out that another of the same key has, it means that one.
fn complete(all: &mut [Vec<String>]) {
    for i in 0..all.len() {
        for j in 0..all.len() {
            if let Some(both) = same(&all[i], &all[j]) {
                all[i].clone_from(&both);
                all[j] = both;
            }
        }
    }
}

fn same(a: &[String], b: &[String]) -> Option<Vec<String>> {
    let mut shared = false;
    let mut out = vec![];
    for (x, y) in a.iter().zip(b) {
        shared |= x == y;
        if x != y && !x.is_empty() && !y.is_empty() {
            return None;
        }
        out.push(if x.is_empty() { y.clone() } else { x.clone() });
    }
    shared.then_some(out)
}

/// The fields of the key that any item has, and an item's values of them.
fn meaningful(all: &[Vec<String>], values: &[String], keys: &Keys) -> (Vec<&'static str>, Vec<String>) {
    let used: Vec<bool> =
        (0..keys.0.len()).map(|i| all.iter().any(|v| v.get(i).is_some_and(|v| !v.is_empty()))).collect();
    if !used.contains(&true) {
        return (keys.0.clone(), values.to_vec());
    }
    let fields = keys.0.iter().zip(&used).filter(|(_, used)| **used).map(|(k, _)| *k).collect();
    let values = values.iter().zip(&used).filter(|(v, used)| **used || !v.is_empty()).map(|(v, _)| v.clone()).collect();
    (fields, values)
}

fn has(item: &Value, fields: &[&str], values: &[String]) -> bool {
    item.is_object() && fields.iter().zip(values).all(|(f, v)| item.get(*f).is_some_and(|own| text(own) == *v))
}

/// Puts an item in the place of those of its key, or at the end; nothing takes them away.
fn set_item(list: &mut Vec<Value>, item: Option<Value>, fields: &[&str], values: &[String]) {
    let by_field = fields.first().is_some_and(|f| !f.is_empty()) && values.first().is_some_and(|v| !v.is_empty());
    let mut found = false;
    let mut out = vec![];
    for old in list.drain(..) {
        if is_empty(&old) {
            continue;
        }
        if !old.is_object() && by_field {
            out.push(old);
            continue;
        }
        // A value that is empty asks for the field only.
        let fits = !values.is_empty()
            && fields.iter().zip(values).all(|(f, v)| old.get(*f).is_some_and(|o| v.is_empty() || text(o) == *v));
        if fits {
            found = true;
            out.extend(item.clone());
        } else if !values.is_empty() {
            out.push(old);
        }
    }
    *list = out;
    if let Some(item) = item.filter(|_| !found) {
        list.push(item);
    }
}

/// Adds the old items to those of the patch; one that is among them takes its place.
fn append(mut out: Vec<Value>, old: Vec<Value>, fields: &[&str]) -> Vec<Value> {
    for item in old {
        let mut values = vec![];
        for field in fields {
            match item.get(*field) {
                Some(v) => values.push(text(v)),
                None => out.push(item.clone()),
            }
        }
        if fields.len() > 1 {
            set_item(&mut out, None, fields, &values);
        }
        set_item(&mut out, Some(item), fields, &values);
    }
    out
}
