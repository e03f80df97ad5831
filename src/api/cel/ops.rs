//! What operators do with values: equality, order, arithmetic, membership.
//! Real Kubernetes: cel-go/common/types/*.go, k8s.io/apiserver/pkg/cel/common/valuesunstructured.go.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::value::{Error, Evaluated, Key, List, ListKind, Map, Value};

/// Whether two values are the same; some cannot be compared.
pub fn equal(a: &Value, b: &Value) -> Result<bool, Error> {
    use Value::*;
    if let Invalid(why) = a {
        return Err(Error::new(why));
    }
    if let Invalid(why) = b {
        return Err(Error::new(why));
    }
    Ok(match (a, b) {
        (Null, Null) => true,
        (Null, _) | (_, Null) => false,
        (Bool(a), Bool(b)) => a == b,
        (Int(_) | Uint(_) | Double(_), Int(_) | Uint(_) | Double(_)) => numbers(a, b) == Some(Ordering::Equal),
        (String(a), String(b)) => a == b,
        (Bytes(a), Bytes(b)) => a == b,
        (Duration(a), Duration(b)) => a == b,
        (Timestamp(a), Timestamp(b)) => a == b,
        (List(a), List(b)) => return equal_lists(a, b),
        (Map(a), Map(b)) => return equal_maps(a, b),
        (Optional(None), Optional(None)) => true,
        (Optional(Some(a)), Optional(Some(b))) => return equal(a, b),
        (Type(a), Type(b)) => a.name() == b.name(),
        (Opaque(a), Opaque(b)) => return a.equal(b),
        (Opaque(_), _) => return Err(Error::no_such_overload()),
        (Unknown(a), b) => return Ok(super::json::from_value(b).is_ok_and(|b| **a == b)),
        (Struct(a), Struct(b)) => {
            let same = a.name == b.name && a.fields.len() == b.fields.len();
            return Ok(same && a.fields.iter().zip(&b.fields).all(|(a, b)| a.0 == b.0 && equal(&a.1, &b.1) == Ok(true)));
        }
        _ => false,
    })
}

fn equal_lists(a: &List, b: &List) -> Result<bool, Error> {
    if a.items.len() != b.items.len() {
        return Ok(false);
    }
    match &a.kind {
        ListKind::Atomic => {
            for (x, y) in a.items.iter().zip(&b.items) {
                if !equal(x, y)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        ListKind::Set => {
            let keys: Option<BTreeSet<Key>> = a.items.iter().map(Key::of).collect();
            match keys {
                Some(keys) => Ok(b.items.iter().all(|v| Key::of(v).is_some_and(|k| keys.contains(&k)))),
                None => Ok(b.items.iter().all(|v| a.items.iter().any(|w| equal(w, v) == Ok(true)))),
            }
        }
        ListKind::Map(keys) => {
            for item in &b.items {
                match a.items.iter().find(|i| same_key(i, item, keys)) {
                    Some(mine) if equal(mine, item)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
    }
}

fn same_key(a: &Value, b: &Value, keys: &[String]) -> bool {
    let (Value::Map(a), Value::Map(b)) = (a, b) else { return false };
    keys.iter().all(|k| {
        let k = Key::String(k.as_str().into());
        match (a.entries.get(&k), b.entries.get(&k)) {
            (Some(a), Some(b)) => equal(a, b) == Ok(true),
            (None, None) => true,
            _ => false,
        }
    })
}

fn equal_maps(a: &Map, b: &Map) -> Result<bool, Error> {
    if a.size() != b.size() {
        return Ok(false);
    }
    for (key, value) in &a.entries {
        let Some(other) = b.entries.get(key) else { return Ok(false) };
        if !equal(value, other)? {
            return Ok(false);
        }
    }
    Ok(a.hidden.iter().all(|(k, v)| b.hidden.get(k).is_none_or(|w| v == w)))
}

/// The order of numbers of all kinds; none if one is not a number.
fn numbers(a: &Value, b: &Value) -> Option<Ordering> {
    use Value::*;
    let whole = |v: &Value| match v {
        Int(i) => i128::from(*i),
        Uint(u) => i128::from(*u),
        _ => 0,
    };
    match (a, b) {
        (Double(a), Double(b)) => a.partial_cmp(b),
        (Double(f), n) => mixed(*f, whole(n)),
        (n, Double(f)) => mixed(*f, whole(n)).map(Ordering::reverse),
        _ => Some(whole(a).cmp(&whole(b))),
    }
}

fn mixed(f: f64, n: i128) -> Option<Ordering> {
    f.partial_cmp(&(n as f64))
}

pub fn compare(a: &Value, b: &Value) -> Result<Ordering, Error> {
    use Value::*;
    match (a, b) {
        (Invalid(why), _) | (_, Invalid(why)) => Err(Error::new(why)),
        (Bool(a), Bool(b)) => Ok(a.cmp(b)),
        (Int(_) | Uint(_) | Double(_), Int(_) | Uint(_) | Double(_)) => {
            numbers(a, b).ok_or_else(|| Error::new("NaN values cannot be ordered"))
        }
        (String(a), String(b)) => Ok(a.cmp(b)),
        (Bytes(a), Bytes(b)) => Ok(a.cmp(b)),
        (Duration(a), Duration(b)) => Ok(a.cmp(b)),
        (Timestamp(a), Timestamp(b)) => Ok(a.cmp(b)),
        _ => Err(Error::no_such_overload()),
    }
}

/// `<`, `<=`, `>` or `>=`.
pub fn ordered(function: &str, a: &Value, b: &Value) -> Evaluated {
    if !matches!(
        a,
        Value::Bool(_)
            | Value::Int(_)
            | Value::Uint(_)
            | Value::Double(_)
            | Value::String(_)
            | Value::Bytes(_)
            | Value::Duration(_)
            | Value::Timestamp(_)
            | Value::Invalid(_)
    ) {
        return Err(Error::new(format!("no such overload: {function}")));
    }
    let order = compare(a, b)?;
    Ok(Value::Bool(match function {
        "_<_" => order.is_lt(),
        "_<=_" => order.is_le(),
        "_>_" => order.is_gt(),
        _ => order.is_ge(),
    }))
}

pub fn arithmetic(function: &str, a: &Value, b: &Value) -> Evaluated {
    use Value::*;
    let overflow = || Error::new("integer overflow");
    let unsigned = || Error::new("unsigned integer overflow");
    let span = || Error::new("duration overflow");
    Ok(match (function, a, b) {
        (_, Invalid(why), _) | (_, _, Invalid(why)) => return Err(Error::new(why)),
        ("_+_", Int(a), Int(b)) => Int(a.checked_add(*b).ok_or_else(overflow)?),
        ("_-_", Int(a), Int(b)) => Int(a.checked_sub(*b).ok_or_else(overflow)?),
        ("_*_", Int(a), Int(b)) => Int(a.checked_mul(*b).ok_or_else(overflow)?),
        ("_/_", Int(_), Int(0)) | ("_/_", Uint(_), Uint(0)) => return Err(Error::new("division by zero")),
        ("_%_", Int(_), Int(0)) | ("_%_", Uint(_), Uint(0)) => return Err(Error::new("modulus by zero")),
        ("_/_", Int(a), Int(b)) => Int(a.checked_div(*b).ok_or_else(overflow)?),
        ("_%_", Int(a), Int(b)) => Int(a.checked_rem(*b).ok_or_else(overflow)?),
        ("_+_", Uint(a), Uint(b)) => Uint(a.checked_add(*b).ok_or_else(unsigned)?),
        ("_-_", Uint(a), Uint(b)) => Uint(a.checked_sub(*b).ok_or_else(unsigned)?),
        ("_*_", Uint(a), Uint(b)) => Uint(a.checked_mul(*b).ok_or_else(unsigned)?),
        ("_/_", Uint(a), Uint(b)) => Uint(a / b),
        ("_%_", Uint(a), Uint(b)) => Uint(a % b),
        ("_+_", Double(a), Double(b)) => Double(a + b),
        ("_-_", Double(a), Double(b)) => Double(a - b),
        ("_*_", Double(a), Double(b)) => Double(a * b),
        ("_/_", Double(a), Double(b)) => Double(a / b),
        ("_+_", String(a), String(b)) => Value::string(&format!("{a}{b}")),
        ("_+_", Bytes(a), Bytes(b)) => Bytes(a.iter().chain(b.iter()).copied().collect()),
        // Both halves may be the same list over and over: what they are worth is asked before they are joined.
        ("_+_", List(a), List(b)) if a.weight.saturating_add(b.weight) > super::value::HEAVIEST => {
            return Err(Error::TooCostly);
        }
        ("_+_", List(a), List(b)) => List(joined(a, b)),
        ("_+_", Duration(a), Duration(b)) => Duration(a.checked_add(*b).ok_or_else(span)?),
        ("_-_", Duration(a), Duration(b)) => Duration(a.checked_sub(*b).ok_or_else(span)?),
        ("_+_", Duration(d), Timestamp(t)) | ("_+_", Timestamp(t), Duration(d)) => Timestamp(t.plus(*d)?),
        ("_-_", Timestamp(t), Duration(d)) => Timestamp(t.plus(d.checked_neg().ok_or_else(span)?)?),
        ("_-_", Timestamp(a), Timestamp(b)) => Duration(a.since(*b)?),
        ("_+_" | "_-_", Int(_) | Uint(_) | Double(_) | Duration(_) | Timestamp(_), _)
        | ("_+_", String(_) | Bytes(_) | List(_), _)
        | ("_*_" | "_/_", Int(_) | Uint(_) | Double(_), _)
        | ("_%_", Int(_) | Uint(_), _) => return Err(Error::no_such_overload()),
        _ => return Err(Error::new(format!("no such overload: {function}"))),
    })
}

/// Lists one after the other; sets and maps grow by what they do not have.
fn joined(a: &List, b: &List) -> List {
    let mut out = a.clone();
    match &a.kind {
        ListKind::Atomic if a.items.is_empty() => return b.clone(),
        ListKind::Atomic => {
            out.items.append(b.items.clone());
            out.weight = out.weight.saturating_add(b.weight);
        }
        ListKind::Set => {
            let mut keys: BTreeSet<Key> = a.items.iter().filter_map(Key::of).collect();
            for item in &b.items {
                let new = match Key::of(item) {
                    Some(key) => keys.insert(key),
                    None => !out.items.iter().any(|i| equal(i, item) == Ok(true)),
                };
                if new {
                    out.push(item.clone());
                }
            }
        }
        ListKind::Map(keys) => {
            for item in &b.items {
                match out.items.iter().position(|i| same_key(i, item, keys)) {
                    Some(i) => drop(out.items.set(i, item.clone())),
                    None => out.push(item.clone()),
                }
            }
        }
    }
    out
}

pub fn negate(function: &str, v: &Value) -> Evaluated {
    match (function, v) {
        (_, Value::Invalid(why)) => Err(Error::new(why)),
        ("!_", Value::Bool(b)) => Ok(Value::Bool(!b)),
        ("!_", _) => Err(Error::no_such_overload()),
        (_, Value::Int(i)) => i.checked_neg().map(Value::Int).ok_or_else(|| Error::new("integer overflow")),
        (_, Value::Double(f)) => Ok(Value::Double(-f)),
        (_, Value::Duration(d)) => d.checked_neg().map(Value::Duration).ok_or_else(|| Error::new("duration overflow")),
        _ => Err(Error::new("no such overload: -_")),
    }
}

/// `x in list` or `key in map`.
pub fn contains(element: &Value, within: &Value) -> Evaluated {
    match within {
        Value::Invalid(why) => Err(Error::new(why)),
        Value::List(list) => list_contains(list, element).map(Value::Bool),
        Value::Map(map) => Ok(Value::Bool(map.find(element)?.is_some())),
        _ => Err(Error::no_such_overload()),
    }
}

pub fn list_contains(list: &List, element: &Value) -> Result<bool, Error> {
    Ok(list.items.iter().any(|i| equal(i, element) == Ok(true)))
}
