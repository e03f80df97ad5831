//! JSON values as field management orders, equates and prints them: numbers are equal by what they count, whether
//! they were written as `1` or as `1.0`.
//!
//! Real Kubernetes: sigs.k8s.io/structured-merge-diff/value.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::api::go_text::{number, quoted};

/// Whether two values are one.
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => order_numbers(a, b).is_eq(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

/// Numbers before texts, texts before truths, then lists, maps and nothing.
pub fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => order_numbers(a, b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let first = a.iter().zip(b).map(|(a, b)| order(a, b)).find(|o| o.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => order_maps(a, b),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn rank(v: &Value) -> u8 {
    match v {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}

fn order_numbers(a: &Number, b: &Number) -> Ordering {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// Maps go by the first key, in the order of keys, that only one has or that both have with another value. The map
/// that has run out of keys by then is the smaller one; otherwise the one that lacks the key is the greater.
fn order_maps(a: &serde_json::Map<String, Value>, b: &serde_json::Map<String, Value>) -> Ordering {
    let mut keys: Vec<&String> = a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))).collect();
    keys.sort_unstable();
    for (i, key) in keys.into_iter().enumerate() {
        let found = match (a.get(key), b.get(key)) {
            _ if i == a.len() => Ordering::Less,
            _ if i == b.len() => Ordering::Greater,
            (None, _) => Ordering::Greater,
            (_, None) => Ordering::Less,
            (Some(a), Some(b)) => order(a, b),
        };
        if found.is_ne() {
            return found;
        }
    }
    Ordering::Equal
}

/// Numbers as Go reads them out of `fieldsV1`, which is always `float64`: it shows when they are printed.
pub fn floats(v: Value) -> Value {
    match v {
        Value::Number(n) => n.as_f64().and_then(Number::from_f64).map_or(Value::Null, Value::Number),
        Value::Array(items) => items.into_iter().map(floats).collect(),
        Value::Object(m) => m.into_iter().map(|(k, v)| (k, floats(v))).collect(),
        other => other,
    }
}

/// A value inside a path: texts quoted, maps and lists strung together.
pub fn shown(v: &Value) -> String {
    match v {
        Value::Null => "null".into(),
        Value::Number(n) => number(n),
        Value::String(s) => quoted(s),
        Value::Bool(b) => b.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(",")),
        Value::Object(m) => m.iter().map(|(k, v)| format!("{k}={}", shown(v))).collect(),
    }
}
