//! What calls of functions, CEL's own and Kubernetes', cost at least and at most.
//! Real Kubernetes: k8s.io/apiserver/pkg/cel/library/cost.go, cel-go/ext/{lists,sets}.go.

use super::ast::Kind;
use super::estimate::{CallCost, Estimator, Seen, known};
use super::runtime_cost::{CHECK, REGEX, TRAVERSAL};
use super::size::Range;
use super::types::Type;
use super::value::Value;

/// The longest regular expression behind a named format.
const FORMAT_REGEX: f64 = 128.0;
const FORMAT_SIZE: u64 = 64;

pub fn by_library(
    e: &Estimator<'_>,
    function: &str,
    overload: &str,
    target: Option<&Seen<'_>>,
    args: &[Seen<'_>],
) -> Option<CallCost> {
    by_overload(overload, target, args).or_else(|| by_function(e, function, overload, target, args))
}

/// A list that is made: each element is touched as often as `factor` says.
fn allocated(factor: f64, size: Range) -> CallCost {
    CallCost { cost: size.scaled(factor).plus(Range::fixed(11)), result: Some(size) }
}

fn number(seen: &Seen<'_>, otherwise: u64) -> u64 {
    match &seen.expr.kind {
        Kind::Literal(Value::Int(i)) => u64::try_from(*i).unwrap_or(0),
        _ => otherwise,
    }
}

fn by_overload(overload: &str, target: Option<&Seen<'_>>, args: &[Seen<'_>]) -> Option<CallCost> {
    let sets = |factor: f64| match args {
        [a, b] => Some(known(a).times(known(b)).scaled(factor).plus(Range::fixed(1)).into()),
        _ => None,
    };
    let sorted = |of: &Seen<'_>| {
        let text = overload.starts_with("list_string") || overload.starts_with("list_bytes");
        allocated(if text { 2.0 + TRAVERSAL } else { 2.0 }, known(of).times(known(of)))
    };
    match (overload, target, args) {
        ("list_slice", Some(t), [start, end]) => {
            let (start, end) = (number(start, 0), number(end, known(t).max));
            Some(allocated(1.0, Range::fixed(end.wrapping_sub(start))))
        }
        ("lists_range", None, [n]) => Some(allocated(1.0, Range::fixed(number(n, u64::MAX)))),
        ("list_reverse", Some(t), []) => Some(allocated(1.0, known(t))),
        ("list_flatten", Some(t), []) => Some(allocated(1.0, known(t))),
        ("list_flatten_int", Some(t), [depth]) => Some(allocated(number(depth, u64::MAX) as f64, known(t))),
        ("list_distinct", Some(t), []) => Some(allocated(2.0, known(t).times(known(t)))),
        ("list_sets_contains_list" | "list_sets_intersects_list", ..) => sets(1.0),
        ("list_sets_equivalent_list", ..) => sets(2.0),
        (o, Some(t), []) if o.ends_with("_sort") => Some(sorted(t)),
        (o, Some(_), [keys]) if o.ends_with("_sortByAssociatedKeys") => Some(sorted(keys)),
        _ => None,
    }
}

fn selector(size: Range) -> Range {
    Range::fixed(10).plus(size.scaled(TRAVERSAL)).plus(size.scaled(0.5).scaled(50.0))
}

/// Of the elements of a list: their type, and their size by the schema.
fn element(e: &Estimator<'_>, list: &Seen<'_>) -> Option<(Type, Range)> {
    let of = match &list.type_ {
        Type::List(of) => (**of).clone(),
        Type::Map(kv) => kv.0.clone(),
        Type::Opaque(_, params) => params.first()?.clone(),
        Type::Type(Some(of)) => (**of).clone(),
        _ => return None,
    };
    let mut path = list.path.clone();
    if !path.is_empty() {
        path.push("@items".into());
    }
    Some((of, e.size_at(&path).unwrap_or(Range::UNKNOWN)))
}

fn by_function(
    e: &Estimator<'_>,
    function: &str,
    overload: &str,
    target: Option<&Seen<'_>>,
    args: &[Seen<'_>],
) -> Option<CallCost> {
    let read = |factor: f64| args.first().map(|a| known(a).scaled(factor * TRAVERSAL));
    let cost = match function {
        "check" => Range::fixed(CHECK),
        "fieldSelector" | "labelSelector" => selector(known(args.first()?)),
        "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => {
            let target = target?;
            match element(e, target) {
                Some((Type::String | Type::Bytes, size)) => {
                    known(target).times(Range::fixed(1).plus(size.scaled(TRAVERSAL)))
                }
                Some(_) => known(target),
                None => known(target).scaled(TRAVERSAL),
            }
        }
        "url" | "jsonpatch.escapeKey" => {
            let size = known(args.first()?);
            return Some(CallCost { cost: size.scaled(TRAVERSAL), result: Some(size) });
        }
        "lowerAscii" | "upperAscii" | "substring" | "trim" => {
            let size = known(target?);
            return Some(CallCost { cost: size.scaled(TRAVERSAL), result: Some(size) });
        }
        "replace" => return Some(replaced(known(target?), known(args.first()?), known(args.get(1)?))),
        "split" => {
            let size = known(target?);
            let max = args.get(1).map_or(size.max, |n| match &n.expr.kind {
                Kind::Literal(Value::Int(n)) => *n as u64,
                _ => size.max,
            });
            return Some(CallCost { cost: size.scaled(2.0 * TRAVERSAL), result: Some(Range { min: 0, max }) });
        }
        "join" => return Some(joined(e, target?, args.first())),
        "find" | "findAll" => {
            let size = known(target?);
            let text = size.plus(Range::fixed(1)).scaled(TRAVERSAL);
            let cost = text.times(known(args.first()?).scaled(REGEX));
            return Some(CallCost { cost, result: Some(Range { min: 0, max: size.max }) });
        }
        "ip" if overload == "cidr_ip" => Range::fixed(1),
        "cidr" | "isIP" | "isCIDR" | "ip" | "quantity" | "isQuantity" | "semver" | "isSemver" => read(1.0)?,
        "ip.isCanonical" => read(2.0)?,
        "containsIP" | "containsCIDR" => {
            let address = Range { min: 4, max: 16 };
            let mut cost = address.plus(address).scaled(TRAVERSAL);
            if function == "containsCIDR" {
                cost = cost.plus(address.scaled(TRAVERSAL)).plus(Range::fixed(1));
            }
            if overload.ends_with("_string") {
                cost = cost.plus(read(1.0)?);
            }
            cost
        }
        "validate" => known(args.first()?).scaled(TRAVERSAL).scaled(FORMAT_REGEX * REGEX),
        "serviceAccount"
        | "path"
        | "group"
        | "resource"
        | "subresource"
        | "namespace"
        | "name"
        | "allowed"
        | "reason"
        | "error"
        | "errored"
        | "masked"
        | "prefixLength"
        | "family"
        | "isUnspecified"
        | "isLoopback"
        | "isLinkLocalMulticast"
        | "isLinkLocalUnicast"
        | "isGlobalUnicast"
        | "format.named"
        | "sign"
        | "asInteger"
        | "isInteger"
        | "asApproximateFloat"
        | "isGreaterThan"
        | "isLessThan"
        | "compareTo"
        | "add"
        | "sub"
        | "major"
        | "minor"
        | "patch"
        | "getScheme"
        | "getHostname"
        | "getHost"
        | "getPort"
        | "getEscapedPath"
        | "getQuery" => Range::fixed(1),
        "_==_" => return equality(args),
        _ => return None,
    };
    Some(cost.into())
}

/// How long a text is in which others are put for some.
fn replaced(text: Range, old: Range, new: Range) -> CallCost {
    let count = |n: u64, by: u64| (n as f64 / by as f64).ceil() as u64;
    let mut times = Range::ZERO;
    let mut kept = Range::ZERO;
    if old.min == 0 {
        times.max = text.max.saturating_add(1);
        kept.max = text.max;
    } else if new.max <= old.min {
        kept.max = text.max;
    } else {
        times.max = count(text.max, old.min);
    }
    if old.max == 0 {
        times.min = text.min.saturating_add(1);
        kept.min = text.min;
    } else if old.max <= new.min {
        kept.min = text.min;
    } else {
        times.min = count(text.min, old.max);
    }
    CallCost { cost: text.scaled(2.0 * TRAVERSAL), result: Some(times.times(new).plus(kept)) }
}

fn joined(e: &Estimator<'_>, list: &Seen<'_>, by: Option<&Seen<'_>>) -> CallCost {
    let count = known(list);
    let mut size = element(e, list).map_or(Range::ZERO, |(_, item)| count.times(item));
    if let Some(by) = by {
        let between = Range { min: count.min.saturating_sub(1), max: count.max.saturating_sub(1) };
        size = size.plus(known(by).times(between));
    }
    CallCost { cost: size.scaled(TRAVERSAL), result: Some(size) }
}

/// Values of Kubernetes' own types are compared at once.
fn equality(args: &[Seen<'_>]) -> Option<CallCost> {
    let [left, right] = args else { return None };
    if left.type_ != right.type_ {
        return None;
    }
    let cost = match &left.type_ {
        Type::Opaque(name, _) if matches!(&**name, "net.IP" | "net.CIDR") => Range::fixed(1),
        Type::Struct(name) => match &**name {
            "kubernetes.NamedFormat" => Range { min: 1, max: FORMAT_SIZE }.scaled(TRAVERSAL),
            "kubernetes.URL" => {
                let max = right.size.map_or(1, |s| s.max);
                Range { min: 1, max }.scaled(TRAVERSAL)
            }
            n if n.starts_with("kubernetes.authorization.")
                || matches!(n, "kubernetes.Quantity" | "kubernetes.Semver") =>
            {
                Range::fixed(1)
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(cost.into())
}

/// The functions of CEL itself.
pub fn standard(overload: &str, target: Option<&Seen<'_>>, args: &[Seen<'_>]) -> CallCost {
    match (overload, target, args) {
        ("string_format", Some(target), _) => known(target).scaled(TRAVERSAL).into(),
        ("string_to_bytes", _, [arg]) => {
            let size = known(arg);
            let result = Range { min: size.min, max: size.max.wrapping_mul(4) };
            CallCost { cost: size.scaled(TRAVERSAL), result: Some(result) }
        }
        ("bytes_to_string", _, [arg]) => {
            let size = known(arg);
            CallCost { cost: size.scaled(TRAVERSAL), result: Some(Range { min: size.min / 4, max: size.max }) }
        }
        ("strings_quote", _, [arg]) => {
            let size = known(arg);
            let result = Range { min: size.min.wrapping_add(2), max: size.max.wrapping_mul(2).wrapping_add(2) };
            CallCost { cost: size.scaled(TRAVERSAL), result: Some(result) }
        }
        ("starts_with_string" | "ends_with_string", _, [arg]) => known(arg).scaled(TRAVERSAL).into(),
        ("in_list", _, [_, list]) => known(list).scaled(1.0).into(),
        ("matches_string", Some(target), [pattern]) => {
            let text = known(target).plus(Range::fixed(1)).scaled(TRAVERSAL);
            text.times(known(pattern).scaled(REGEX)).into()
        }
        ("contains_string", Some(target), [part]) => {
            known(target).scaled(TRAVERSAL).times(known(part).scaled(TRAVERSAL)).into()
        }
        (
            "less_string"
            | "greater_string"
            | "less_equals_string"
            | "greater_equals_string"
            | "less_bytes"
            | "greater_bytes"
            | "less_equals_bytes"
            | "greater_equals_bytes"
            | "equals"
            | "not_equals",
            _,
            [left, right],
        ) => {
            let max = known(left).max.min(known(right).max);
            Range { min: u64::from(max > 0), max }.scaled(TRAVERSAL).into()
        }
        _ => Range::fixed(1).into(),
    }
}
