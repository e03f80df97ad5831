//! Lists that are sets or maps have no item twice.
//! Real Kubernetes: pkg/apiserver/schema/listtype/validation.go.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Additional, Structural};
use crate::api::field::{FieldErrors, Path};

/// Looks for items that are there twice in lists of `x-kubernetes-list-type` `set` and `map`.
pub fn validate_lists(value: &Value, s: &Structural, at: &Path<'_>, errors: &mut FieldErrors) {
    match value {
        Value::Object(map) => {
            if let Some(Additional::Schema(schema)) = &s.additional_properties {
                for (key, value) in map {
                    validate_lists(value, schema, &at.key(key), errors);
                }
            }
            for (key, value) in map {
                if let Some(property) = s.properties.get(key) {
                    validate_lists(value, property, &at.child(key), errors);
                }
            }
        }
        Value::Array(items) => {
            match s.extensions.list_type.as_deref() {
                Some("set") => {
                    for i in repeated(items) {
                        errors.duplicate(&at.index(i), items[i].clone());
                    }
                }
                Some("map") => validate_map(items, &s.extensions.list_map_keys, at, errors),
                _ => {}
            }
            if let Some(schema) = &s.items {
                for (i, item) in items.iter().enumerate() {
                    validate_lists(item, schema, &at.index(i), errors);
                }
            }
        }
        _ => {}
    }
}

fn validate_map(items: &[Value], keys: &[String], at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(i) = items.iter().position(|item| !item.is_null() && !item.is_object()) {
        return errors.invalid(&at.index(i), items[i].clone(), "must be an object for an array of list-type map");
    }
    let key_of = |item: &Value| {
        let present = keys.iter().filter_map(|k| Some((k.clone(), item.get(k)?.clone())));
        Value::Object(present.collect::<Map<_, _>>())
    };
    let all: Vec<Value> = items.iter().map(key_of).collect();
    for i in repeated(&all) {
        errors.duplicate(&at.index(i), all[i].clone());
    }
}

/// The second appearance of each item that appears more than once.
fn repeated(items: &[Value]) -> Vec<usize> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut again = |item: &Value| {
        let times = seen.entry(item.to_string()).or_default();
        *times += 1;
        *times == 2
    };
    (0..items.len()).filter(|i| again(&items[*i])).collect()
}
