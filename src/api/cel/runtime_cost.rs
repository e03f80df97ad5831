//! What a call costs when it runs.
//! Real Kubernetes: cel-go/interpreter/runtimecost.go, cel-go/ext/{lists,sets}.go, k8s.io/apiserver/pkg/cel/library/cost.go.

use super::library::Opaque;
use super::value::{Evaluated, Value};

/// Of going through a text once, for each character.
pub const TRAVERSAL: f64 = 0.1;
/// Of a regular expression, for each character of it.
pub const REGEX: f64 = 0.25;
/// Of asking an authorizer.
pub const CHECK: u64 = 350_000;

fn size(value: Option<&Evaluated>) -> u64 {
    match value {
        Some(Ok(v)) => sized(v),
        _ => 1,
    }
}

fn sized(v: &Value) -> u64 {
    match v {
        Value::Optional(Some(inner)) => sized(inner),
        v => v.size().map_or(1, |s| s as u64),
    }
}

fn times(n: u64, factor: f64) -> u64 {
    (n as f64 * factor).ceil() as u64
}

/// Going through all that is in a value.
fn traversal(v: &Value) -> u64 {
    match v {
        Value::String(s) => (s.len() as f64 * TRAVERSAL) as u64,
        Value::Bytes(b) => (b.len() as f64 * TRAVERSAL) as u64,
        Value::List(l) => l.items.iter().map(traversal).sum(),
        Value::Map(m) => m.entries.iter().map(|(k, v)| traversal(&k.value()) + traversal(v)).sum(),
        _ => 1,
    }
}

fn allocated(factor: f64, n: u64) -> u64 {
    ((n as f64 * factor) as u64).saturating_add(11)
}

/// Comparing each element with each.
fn self_compared(list: Option<&Evaluated>) -> u64 {
    let n = size(list);
    let text = match list {
        Some(Ok(Value::List(l))) => matches!(l.items.front(), Some(Value::String(_) | Value::Bytes(_))),
        _ => false,
    };
    allocated(if text { 2.0 + TRAVERSAL } else { 2.0 }, n.saturating_mul(n))
}

fn regex(text: u64, pattern: u64) -> u64 {
    times(text + 1, TRAVERSAL) * times(pattern, REGEX)
}

/// What the functions count of which the libraries say it by overload.
fn by_overload(overload: &str, args: &[Evaluated], result: &Evaluated) -> Option<u64> {
    let (first, second) = (args.first(), args.get(1));
    Some(match overload {
        "list_slice" | "lists_range" | "list_reverse" => allocated(1.0, size(Some(result))),
        "list_flatten" => allocated(1.0, size(first)),
        "list_flatten_int" => match second {
            Some(Ok(Value::Int(depth))) => allocated(*depth as f64, size(first)),
            _ => allocated(1.0, size(first)),
        },
        "list_distinct" => self_compared(first),
        "list_sets_contains_list" | "list_sets_intersects_list" => 1 + size(first).saturating_mul(size(second)),
        "list_sets_equivalent_list" => 1 + 2 * size(first).saturating_mul(size(second)),
        o if o.ends_with("_sort") => self_compared(first),
        o if o.ends_with("_sortByAssociatedKeys") => self_compared(second),
        _ => return None,
    })
}

fn selector(n: u64) -> u64 {
    10 + times(n, TRAVERSAL) + times(times(n, 0.5), 50.0)
}

/// What Kubernetes counts by the function's name.
fn by_function(function: &str, overload: &str, args: &[Evaluated], result: &Evaluated) -> Option<u64> {
    let (first, second) = (args.first(), args.get(1));
    let text = |factor: f64| Some(times(size(first), factor * TRAVERSAL)).filter(|_| first.is_some());
    match function {
        "check" => Some(CHECK),
        "fieldSelector" | "labelSelector" => second.map(|_| selector(size(second))),
        "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => Some(match first {
            Some(Ok(v)) => traversal(v),
            Some(Err(_)) => 1,
            None => 0,
        }),
        "url"
        | "lowerAscii"
        | "upperAscii"
        | "substring"
        | "trim"
        | "jsonpatch.escapeKey"
        | "cidr"
        | "isIP"
        | "isCIDR"
        | "quantity"
        | "isQuantity"
        | "semver"
        | "isSemver" => text(1.0),
        "replace" | "split" | "ip.isCanonical" => text(2.0),
        "join" => Some(times(size(Some(result)), 2.0 * TRAVERSAL)),
        "find" | "findAll" => second.map(|_| regex(size(first), size(second))),
        "ip" if overload == "cidr_ip" => Some(1),
        "ip" => text(1.0),
        "containsIP" | "containsCIDR" => {
            let (c, other) = (size(first), size(second));
            let mut cost = times(c + c, TRAVERSAL);
            if function == "containsCIDR" {
                cost += times(c, TRAVERSAL) + 1;
            }
            if overload.ends_with("_string") {
                cost += times(other, TRAVERSAL);
            }
            Some(cost)
        }
        "validate" => match first {
            Some(Ok(Value::Opaque(o))) => match &**o {
                Opaque::Format(f) => Some(regex(size(second), f.cost.into())),
                _ => None,
            },
            _ => None,
        },
        "_==_" => matches!(first, Some(Ok(Value::Opaque(_)))).then_some(1),
        _ => None,
    }
}

pub fn call_cost(function: &str, overload: &str, args: &[Evaluated], result: &Evaluated) -> u64 {
    if let Some(cost) = by_overload(overload, args, result) {
        return cost;
    }
    if let Some(cost) = by_function(function, overload, args, result) {
        return cost;
    }
    let (first, second) = (size(args.first()), size(args.get(1)));
    match overload {
        "starts_with_string" | "ends_with_string" | "string_to_bytes" | "bytes_to_string" | "strings_quote"
        | "string_format" => times(first, TRAVERSAL),
        "in_list" => second,
        "less_string"
        | "greater_string"
        | "less_equals_string"
        | "greater_equals_string"
        | "less_bytes"
        | "greater_bytes"
        | "less_equals_bytes"
        | "greater_equals_bytes"
        | "equals"
        | "not_equals" => times(first.min(second), TRAVERSAL),
        "add_string" | "add_bytes" => times(first + second, TRAVERSAL),
        "matches_string" => regex(first, second),
        "contains_string" => times(first, TRAVERSAL) * times(second, TRAVERSAL),
        _ => 1,
    }
}
