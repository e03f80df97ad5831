//! Lists: their order, their sums, their parts.
//! Real Kubernetes: k8s.io/apiserver/pkg/cel/library/lists.go, cel-go/ext/lists.go.

use std::cmp::Ordering;

use super::super::ops::{arithmetic, compare, equal};
use super::super::value::{Error, Evaluated, List, Value};

/// The longest list that `lists.range` makes: a longer one would cost more than any expression may.
const LONGEST_RANGE: i64 = 1_000_000;

pub fn call(function: &str, args: &[Value]) -> Evaluated {
    match (function, args) {
        ("lists.range", [Value::Int(n)]) if *n > LONGEST_RANGE => Err(Error::TooCostly),
        ("lists.range", [Value::Int(n)]) => Ok(Value::list((0..*n).map(Value::Int))),
        (_, [Value::List(l)]) => of_list(function, l),
        ("indexOf", [Value::List(l), item]) => Ok(index(l.items.iter().position(|i| equal(i, item) == Ok(true)))),
        ("lastIndexOf", [Value::List(l), item]) => {
            let found = (0..l.items.len()).rev().find(|i| equal(&l.items[*i], item) == Ok(true));
            Ok(index(found))
        }
        ("slice", [Value::List(l), Value::Int(start), Value::Int(end)]) => slice(l, *start, *end),
        ("flatten", [Value::List(l), Value::Int(depth)]) => {
            if *depth < 0 {
                return Err(Error::new("level must be non-negative"));
            }
            let mut out = imbl::Vector::new();
            flatten(l, *depth, &mut out);
            Ok(Value::list(out))
        }
        ("@sortByAssociatedKeys", [Value::List(l), Value::List(keys)]) => sort(l, keys),
        _ => Err(Error::no_such_overload()),
    }
}

fn index(found: Option<usize>) -> Value {
    Value::Int(found.and_then(|i| i64::try_from(i).ok()).unwrap_or(-1))
}

fn of_list(function: &str, l: &List) -> Evaluated {
    Ok(match function {
        "first" => Value::Optional(l.items.front().cloned().map(Into::into)),
        "last" => Value::Optional(l.items.back().cloned().map(Into::into)),
        "reverse" => Value::list(l.items.iter().rev().cloned()),
        "sort" => return sort(l, l),
        "distinct" => Value::list(distinct(l)),
        "flatten" => {
            let mut out = imbl::Vector::new();
            flatten(l, 1, &mut out);
            Value::list(out)
        }
        "isSorted" => {
            for (a, b) in l.items.iter().zip(l.items.iter().skip(1)) {
                if compare(a, b)?.is_gt() {
                    return Ok(Value::Bool(false));
                }
            }
            Value::Bool(true)
        }
        "sum" => return sum(l),
        "max" => return extreme(function, l, Ordering::Less),
        "min" => return extreme(function, l, Ordering::Greater),
        _ => return Err(Error::no_such_overload()),
    })
}

fn sum(l: &List) -> Evaluated {
    let mut total = match l.items.front() {
        Some(Value::Double(_)) => Value::Double(0.0),
        Some(Value::Uint(_)) => Value::Uint(0),
        Some(Value::Duration(_)) => Value::Duration(0),
        _ => Value::Int(0),
    };
    for item in &l.items {
        total = arithmetic("_+_", &total, item)?;
    }
    Ok(total)
}

/// The element that is preferred over the one before when that compares as told.
fn extreme(function: &str, l: &List, replaced: Ordering) -> Evaluated {
    let mut best: Option<&Value> = None;
    for item in &l.items {
        if best.map_or(Ok(replaced), |b| compare(b, item))? == replaced {
            best = Some(item);
        }
    }
    best.cloned().ok_or_else(|| Error::new(format!("{function} called on empty list")))
}

fn distinct(l: &List) -> Vec<Value> {
    let mut out: Vec<Value> = vec![];
    for item in &l.items {
        if !out.iter().any(|o| equal(item, o) == Ok(true)) {
            out.push(item.clone());
        }
    }
    out
}

fn flatten(l: &List, depth: i64, out: &mut imbl::Vector<Value>) {
    for item in &l.items {
        match item {
            Value::List(inner) if depth > 0 => flatten(inner, depth - 1, out),
            other => out.push_back(other.clone()),
        }
    }
}

fn slice(l: &List, start: i64, end: i64) -> Evaluated {
    let length = i64::try_from(l.items.len()).unwrap_or(i64::MAX);
    let refused = if start < 0 || end < 0 {
        "negative indexes not supported".into()
    } else if start > end {
        "start index must be less than or equal to end index".into()
    } else if length < end {
        format!("list is length {length}")
    } else {
        let (from, count) = (usize::try_from(start).unwrap_or(0), usize::try_from(end - start).unwrap_or(0));
        return Ok(Value::list(l.items.iter().skip(from).take(count).cloned()));
    };
    Err(Error::new(format!("cannot slice({start}, {end}), {refused}")))
}

fn sort(l: &List, keys: &List) -> Evaluated {
    let (size, of_keys) = (l.items.len(), keys.items.len());
    if size != of_keys {
        return Err(Error::new(format!(
            "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got {size} and {of_keys} elements respectively"
        )));
    }
    let Some(first) = keys.items.front() else { return Ok(Value::List(l.clone())) };
    if !matches!(
        first,
        Value::Int(_)
            | Value::Uint(_)
            | Value::Double(_)
            | Value::Bool(_)
            | Value::Duration(_)
            | Value::Timestamp(_)
            | Value::String(_)
            | Value::Bytes(_)
    ) {
        return Err(Error::new("list elements must be comparable"));
    }
    let type_ = first.type_of();
    if keys.items.iter().any(|k| k.type_of() != type_) {
        return Err(Error::new("list elements must have the same type"));
    }
    let mut order: Vec<(Value, Value)> = keys.items.iter().cloned().zip(l.items.iter().cloned()).collect();
    order.sort_by(|a, b| compare(&a.0, &b.0).unwrap_or(Ordering::Equal));
    Ok(Value::list(order.into_iter().map(|(_, item)| item)))
}
