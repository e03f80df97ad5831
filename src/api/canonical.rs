//! Makes JSON of typed objects equal to what Go writes, and reads JSON as strictly as Go does.
//!
//! Rust's types leave an absent field out; Go writes a struct field even when it is empty (`resources: {}`,
//! `lastProbeTime: null`) unless told otherwise. [`fill`] adds those. [`check`] finds unknown fields and values
//! of the wrong type, which the typed decoder alone would drop or word differently.

use serde_json::{Map, Value};

use super::quantity;
use super::schema::{Base, Field, Shape, TypeId};

/// Adds the empty fields that Go writes, and spells quantities canonically.
pub fn fill(v: &mut Value, of: TypeId) {
    let Value::Object(map) = v else { return };
    fill_struct(map, of);
}

fn fill_struct(map: &mut Map<String, Value>, of: TypeId) {
    for f in &of.get().fields {
        if f.inline {
            if let Base::Struct(t) = f.base {
                fill_struct(map, t);
            }
            continue;
        }
        match map.get_mut(f.json) {
            Some(Value::Null) | None => {
                map.remove(f.json);
                if let Some(zero) = zero(f) {
                    map.insert(f.json.to_string(), zero);
                }
            }
            Some(value) => match f.shape {
                Shape::Plain | Shape::Pointer => fill_base(value, f.base),
                Shape::List | Shape::Map(_) if empty(value) && f.omit_empty => {
                    map.remove(f.json);
                }
                Shape::List => value.as_array_mut().into_iter().flatten().for_each(|v| fill_base(v, f.base)),
                Shape::Map(_) => value.as_object_mut().into_iter().flatten().for_each(|(_, v)| fill_base(v, f.base)),
            },
        }
    }
}

fn empty(v: &Value) -> bool {
    matches!(v, Value::Array(a) if a.is_empty()) || matches!(v, Value::Object(o) if o.is_empty())
}

fn fill_base(v: &mut Value, base: Base) {
    match base {
        Base::Struct(t) => fill(v, t),
        Base::Quantity => {
            if let Value::String(s) = v {
                *s = quantity::canonical(s);
            } else if let Value::Number(n) = v {
                *v = Value::String(quantity::canonical(&n.to_string()));
            }
        }
        _ => {}
    }
}

/// What Go writes for an absent field; `None` if it writes nothing.
fn zero(f: &Field) -> Option<Value> {
    if f.omit_zero || f.shape == Shape::Pointer {
        return None;
    }
    if f.shape != Shape::Plain {
        return if f.omit_empty { None } else { Some(Value::Null) };
    }
    match f.base {
        // Go's `omitempty` does not apply to structs.
        Base::Struct(t) => {
            let mut m = Map::new();
            fill_struct(&mut m, t);
            Some(Value::Object(m))
        }
        Base::Time | Base::MicroTime => Some(Value::Null),
        Base::Quantity => (!f.omit_empty).then(|| Value::from("0")),
        Base::IntOrString => (!f.omit_empty).then(|| Value::from(0)),
        _ if f.omit_empty => None,
        Base::String => Some(Value::from("")),
        Base::Bool => Some(Value::from(false)),
        Base::Integer | Base::Float => Some(Value::from(0)),
        Base::Bytes | Base::Raw => Some(Value::Null),
    }
}

/// What strict decoding finds: fields nobody knows, and the first value that does not fit its type.
#[derive(Default, Debug, PartialEq)]
pub struct Findings {
    pub unknown: Vec<String>,
    pub mismatch: Option<String>,
}

/// Looks through a document as Go's strict JSON decoder does, in the order of the document.
pub fn check(v: &Value, of: TypeId) -> Findings {
    let mut found = Findings::default();
    check_struct(v, of, "", &mut found);
    found
}

fn check_struct(v: &Value, of: TypeId, path: &str, found: &mut Findings) {
    let map = match v {
        Value::Object(m) => m,
        Value::Null => return,
        other => {
            found.mismatch.get_or_insert_with(|| mismatch(other, of.get().name, path, of));
            return;
        }
    };
    for (name, value) in map {
        let here = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let Some(f) = of.field(name) else {
            found.unknown.push(here);
            continue;
        };
        check_field(value, f, of, &here, found);
    }
}

fn check_field(v: &Value, f: &'static Field, owner: TypeId, path: &str, found: &mut Findings) {
    if v.is_null() {
        return;
    }
    match (&f.shape, v) {
        (Shape::Plain | Shape::Pointer, _) => check_base(v, f, owner, path, found),
        (Shape::List, Value::Array(items)) => {
            for (i, item) in items.iter().enumerate() {
                check_base(item, f, owner, &format!("{path}[{i}]"), found);
            }
        }
        (Shape::Map(_), Value::Object(m)) => {
            for (k, item) in m {
                check_base(item, f, owner, &format!("{path}.{k}"), found);
            }
        }
        (Shape::List | Shape::Map(_), other) => {
            found.mismatch.get_or_insert_with(|| mismatch(other, f.go_type, path, owner));
        }
    }
}

fn check_base(v: &Value, f: &'static Field, owner: TypeId, path: &str, found: &mut Findings) {
    if v.is_null() {
        return;
    }
    let fits = match f.base {
        Base::Struct(t) => {
            if v.is_object() {
                check_struct(v, t, path, found);
                return;
            }
            false
        }
        Base::String | Base::Bytes | Base::Time | Base::MicroTime => v.is_string(),
        Base::Bool => v.is_boolean(),
        Base::Integer => v.as_i64().is_some(),
        Base::Float => v.is_number(),
        Base::Quantity => match v {
            Value::String(s) => {
                if quantity::Quantity::parse(s).is_none() {
                    found.mismatch.get_or_insert_with(|| {
                        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'".to_string()
                    });
                }
                true
            }
            Value::Number(_) => true,
            _ => false,
        },
        Base::IntOrString => v.is_string() || v.as_i64().is_some(),
        Base::Raw => true,
    };
    if !fits {
        let go = if f.shape == Shape::Plain { f.go_type } else { f.go_elem };
        found.mismatch.get_or_insert_with(|| mismatch(v, go, path, owner));
    }
}

/// Go's words for a value that does not fit: it names the struct, the path and the Go type.
fn mismatch(v: &Value, go_type: &str, path: &str, owner: TypeId) -> String {
    let what = match v {
        Value::String(_) => "string".to_string(),
        Value::Number(n) if n.is_f64() => format!("number {n}"),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "bool".into(),
        Value::Array(_) => "array".into(),
        Value::Object(_) => "object".into(),
        Value::Null => "null".into(),
    };
    let owner = owner.get().name.rsplit('.').next().unwrap_or("");
    let path: String = path.split('.').map(|p| p.split('[').next().unwrap_or(p)).collect::<Vec<_>>().join(".");
    let plain = go_type.trim_start_matches('*');
    let plain = match plain.rsplit('.').next() {
        // A named string or number is told by its own type; a struct by its qualified name.
        Some(_) if plain.starts_with("[]") || plain.starts_with("map[") => plain,
        _ => plain,
    };
    format!("json: cannot unmarshal {what} into Go struct field {owner}.{path} of type {plain}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;
    use crate::api::object::Resource;
    use serde_json::json;

    #[test]
    fn the_empty_fields_that_go_writes_are_there() {
        let mut v = json!({"metadata": {"name": "x"}, "spec": {"containers": [{"name": "a"}]}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        fill(&mut v, kinds::Pod::kind_ref().layout());
        assert_eq!(v["spec"]["containers"][0]["resources"], json!({}));
        assert_eq!(v["status"]["conditions"][0]["lastProbeTime"], Value::Null);
        assert!(v["status"]["conditions"][0].as_object().is_some_and(|c| c.contains_key("lastProbeTime")));
        assert!(!v["metadata"].as_object().is_some_and(|m| m.contains_key("creationTimestamp")));
    }

    #[test]
    fn unknown_and_misfit_fields_are_found_where_they_stand() {
        let v = json!({"spec": {"containers": [{"name": "a", "imag": "x"}], "replicas": 1, "hostNetwork": "yes"}});
        let found = check(&v, kinds::Pod::kind_ref().layout());
        assert_eq!(found.unknown, ["spec.containers[0].imag", "spec.replicas"]);
        assert_eq!(
            found.mismatch.as_deref(),
            Some("json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool")
        );
    }
}
