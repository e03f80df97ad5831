//! Defaults of the schema are filled in where a value is missing.
//! Real Kubernetes: pkg/apiserver/schema/defaulting: algorithm.go, prunenulls.go.

use serde_json::Value;

use super::{Additional, Structural};

/// Fills in what is missing. A null counts as missing where the schema does not allow it.
pub fn default(value: &mut Value, s: &Structural) {
    match value {
        Value::Object(map) => {
            for (name, property) in &s.properties {
                let Some(wanted) = &property.default else { continue };
                if map.get(name).is_none_or(|v| v.is_null() && !property.nullable) {
                    map.insert(name.clone(), wanted.clone());
                }
            }
            let others = s.additional_properties.as_ref().and_then(Additional::schema);
            for (name, value) in map.iter_mut() {
                match s.properties.get(name) {
                    Some(property) => default(value, property),
                    None => default_element(value, others),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                default_element(item, s.items.as_deref());
            }
        }
        _ => {}
    }
}

fn default_element(value: &mut Value, s: Option<&Structural>) {
    let Some(s) = s else { return };
    if value.is_null() && !s.nullable {
        *value = s.default.clone().unwrap_or(Value::Null);
    }
    default(value, s);
}

/// Drops nulls that the schema does not allow and has no default for: a null there means that the field is not set.
pub fn prune_nulls(value: &mut Value, s: &Structural) {
    match value {
        Value::Object(map) => {
            map.retain(|name, value| {
                s.field(name).is_none_or(|schema| {
                    let drop = value.is_null() && !schema.nullable && schema.default.is_none();
                    if !drop {
                        prune_nulls(value, schema);
                    }
                    !drop
                })
            });
        }
        Value::Array(items) => {
            if let Some(schema) = &s.items {
                items.iter_mut().for_each(|item| prune_nulls(item, schema));
            }
        }
        _ => {}
    }
}
