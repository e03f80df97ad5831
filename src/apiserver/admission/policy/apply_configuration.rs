//! An apply configuration merged into an object, by what the published types say of lists and maps.
//! Real Kubernetes: apiserver/pkg/admission/plugin/policy/mutating/patch/smd.go; sigs.k8s.io/structured-merge-diff.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::api::KindRef;
use crate::api::go_text::quoted;
use crate::api::managed::{Duplicates, Schema, Typed};
use crate::api::schema::{Base, Field, ListKey, ListType, Shape, TypeId};

/// The object with all that the configuration says.
///
/// # Errors
/// The configuration has fields that there are not, or parts of what can only be set as a whole.
pub fn merged(object: &Value, configuration: &Value, kind: KindRef) -> Result<Value, String> {
    match (kind.layout(), kind.custom()) {
        (Some(of), _) => merged_into_type(object, configuration, of),
        (None, Some(custom)) => merged_into_resource(object, configuration, custom.source()),
        (None, None) => Err("nothing is known of its type".into()),
    }
}

/// The same for a custom resource, of which its schema tells.
fn merged_into_resource(object: &Value, configuration: &Value, schema: &Value) -> Result<Value, String> {
    let schema = Schema::Resource { of: schema, open: false };
    let typed = |v, duplicates| Typed::new(Cow::Borrowed(v), schema, duplicates).map_err(|e| e.to_string());
    let configuration = typed(configuration, Duplicates::Refused)
        .map_err(|why| format!("failed to convert patch object to typed object: {why}"))?;
    Ok(typed(object, Duplicates::Allowed)?.merge(&configuration).value.into_owned())
}

fn merged_into_type(object: &Value, configuration: &Value, of: TypeId) -> Result<Value, String> {
    let mut undeclared = vec![];
    declared(configuration, Some(of), &mut String::new(), &mut undeclared);
    match undeclared.as_slice() {
        [] => {}
        [one] => return Err(format!("failed to convert patch object to typed object: {one}")),
        several => {
            let list: String = several.iter().map(|e| format!("\n  {e}")).collect();
            return Err(format!("failed to convert patch object to typed object: errors:{list}"));
        }
    }
    let mut whole = vec![];
    atomics(configuration, Some(of), &mut String::new(), &mut whole);
    if !whole.is_empty() {
        let list = whole.join(", ");
        return Err(format!("invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {list}"));
    }
    let mut out = object.clone();
    merge(&mut out, configuration, Some(of));
    Ok(out)
}

/// The type below a field.
fn inner(f: &Field) -> Option<TypeId> {
    match f.base {
        Base::Struct(t) => Some(t),
        _ => None,
    }
}

/// What is said at the top of every object, beside its type's own fields.
fn is_meta(path: &str, name: &str) -> bool {
    path.is_empty() && matches!(name, "apiVersion" | "kind")
}

/// Runs something with a longer path.
fn within(path: &mut String, step: &str, run: impl FnOnce(&mut String)) {
    let length = path.len();
    path.push_str(step);
    run(path);
    path.truncate(length);
}

fn declared(v: &Value, of: Option<TypeId>, path: &mut String, errors: &mut Vec<String>) {
    let (Some(of), Value::Object(fields)) = (of, v) else { return };
    for (name, value) in fields {
        let step = format!(".{name}");
        let Some(f) = of.field(name) else {
            if !is_meta(path, name) {
                errors.push(format!("{path}{step}: field not declared in schema"));
            }
            continue;
        };
        within(path, &step, |path| match (&f.shape, value) {
            (Shape::List, Value::Array(items)) => {
                for (i, item) in items.iter().enumerate() {
                    let ListType::Map(keys) = &f.list else { continue };
                    match key_text(item, keys) {
                        Ok(key) => within(path, &key, |path| declared(item, inner(f), path, errors)),
                        Err(missing) => errors.push(format!(
                            "{path}: element {i}: associative list with keys has an element that omits key field {missing:?} (and doesn't have default value)"
                        )),
                    }
                }
            }
            (Shape::Map(_), Value::Object(all)) => {
                for (key, item) in all {
                    within(path, &format!(".{key}"), |path| declared(item, inner(f), path, errors));
                }
            }
            _ => declared(value, inner(f), path, errors),
        });
    }
}

/// `[name="main"]`, or the key that is missing.
fn key_text<'k>(item: &Value, keys: &'k [ListKey]) -> Result<String, &'k str> {
    let mut parts = vec![];
    for k in keys {
        let value = item.get(k.field).or(k.default.as_ref()).ok_or(k.field)?;
        let text = value.as_str().map_or_else(|| value.to_string(), quoted);
        parts.push(format!("{}={text}", k.field));
    }
    Ok(format!("[{}]", parts.join(",")))
}

/// Paths of what would be set in parts and can only be set as a whole.
fn atomics(v: &Value, of: Option<TypeId>, path: &mut String, found: &mut Vec<String>) {
    let (Some(of), Value::Object(fields)) = (of, v) else { return };
    for (name, value) in fields {
        let Some(f) = of.field(name) else { continue };
        within(path, &format!(".{name}"), |path| match (&f.shape, value) {
            (Shape::List, Value::Array(items)) => {
                if f.list == ListType::Atomic {
                    found.push(path.clone());
                }
                for (i, item) in items.iter().enumerate() {
                    within(path, &format!("[{i}]"), |path| atomics(item, inner(f), path, found));
                }
            }
            (_, Value::Object(_)) => {
                if f.atomic || inner(f).is_some_and(|t| f.shape != Shape::List && t.get().atomic) {
                    found.push(path.clone());
                }
                if !matches!(f.shape, Shape::Map(_)) {
                    atomics(value, inner(f), path, found);
                }
            }
            _ => {}
        });
    }
}

fn merge(to: &mut Value, from: &Value, of: Option<TypeId>) {
    let Value::Object(fields) = from else {
        *to = from.clone();
        return;
    };
    if !to.is_object() {
        *to = Value::Object(Map::new());
    }
    let Value::Object(out) = to else { return };
    for (name, value) in fields {
        let field = of.and_then(|t| t.field(name));
        let slot = out.entry(name.clone()).or_insert(Value::Null);
        match (field, value) {
            (Some(f), Value::Array(items)) if f.shape == Shape::List => merge_list(slot, items, f),
            (Some(f), Value::Object(all)) if matches!(f.shape, Shape::Map(_)) => {
                if !slot.is_object() {
                    *slot = Value::Object(Map::new());
                }
                for (key, item) in all {
                    merge(&mut slot[key], item, inner(f));
                }
            }
            (f, value) => merge(slot, value, f.and_then(inner)),
        }
    }
}

fn merge_list(slot: &mut Value, items: &[Value], f: &Field) {
    if !slot.is_array() {
        *slot = Value::Array(vec![]);
    }
    let Value::Array(out) = slot else { return };
    for item in items {
        match &f.list {
            ListType::Map(keys) => {
                let key = key_text(item, keys);
                match out.iter_mut().find(|o| key_text(o, keys) == key) {
                    Some(same) => merge(same, item, inner(f)),
                    None => out.push(item.clone()),
                }
            }
            _ if out.contains(item) => {}
            _ => out.push(item.clone()),
        }
    }
}
