//! Functions of expressions: the standard library's and those that Kubernetes adds.
//! Real Kubernetes: cel-go/common/stdlib, cel-go/ext, k8s.io/apiserver/pkg/cel/library.

pub mod authorizer;
mod format_text;
mod lists;
pub mod named_format;
pub mod net;
mod quantity;
mod regex;
mod semver;
mod sets;
mod strings;
mod url;

use super::types::Type;
use super::value::{Error, Evaluated, Map, Value};
use super::{convert, ops, times};
use crate::api::quantity::Quantity;

pub use authorizer::Query;
pub use format_text::check_format;
pub use named_format::NamedFormat;
pub use net::Cidr;
pub use regex::matching;
pub use semver::Semver;
pub use url::CelUrl;

/// Values whose inside an expression does not see.
#[derive(Clone, Debug)]
pub enum Opaque {
    Quantity(Quantity),
    Url(CelUrl),
    Ip(std::net::IpAddr),
    Cidr(Cidr),
    Semver(Semver),
    Format(&'static NamedFormat),
    Query(Query),
}

impl Opaque {
    pub fn type_of(&self) -> Type {
        match self {
            Opaque::Quantity(_) => Type::object("kubernetes.Quantity"),
            Opaque::Url(_) => Type::object("kubernetes.URL"),
            Opaque::Ip(_) => Type::Opaque("net.IP".into(), [].into()),
            Opaque::Cidr(_) => Type::Opaque("net.CIDR".into(), [].into()),
            Opaque::Semver(_) => Type::object("kubernetes.Semver"),
            Opaque::Format(_) => Type::object("kubernetes.NamedFormat"),
            Opaque::Query(q) => Type::object(q.type_name()),
        }
    }

    pub fn size(&self) -> Option<usize> {
        match self {
            Opaque::Ip(ip) => Some(if ip.is_ipv4() { 4 } else { 16 }),
            Opaque::Cidr(c) => Some(usize::from(c.bits).div_ceil(8)),
            _ => None,
        }
    }

    pub fn equal(&self, other: &Opaque) -> Result<bool, Error> {
        Ok(match (self, other) {
            (Opaque::Quantity(a), Opaque::Quantity(b)) => a == b,
            (Opaque::Url(a), Opaque::Url(b)) => a == b,
            (Opaque::Ip(a), Opaque::Ip(b)) => a == b,
            (Opaque::Cidr(a), Opaque::Cidr(b)) => a == b,
            (Opaque::Semver(a), Opaque::Semver(b)) => a.order(b).is_eq(),
            (Opaque::Format(a), Opaque::Format(b)) => a.title == b.title,
            (Opaque::Query(a), Opaque::Query(b)) => a == b,
            _ => return Err(Error::no_such_overload()),
        })
    }
}

/// What computes a function of its arguments, the target first.
pub type Native = fn(&str, &[Value]) -> Evaluated;

/// The implementation of a function.
pub fn native(function: &str) -> Option<Native> {
    Some(match function {
        "_+_" | "_-_" | "_*_" | "_/_" | "_%_" => |f, a| match a {
            [a, b] => ops::arithmetic(f, a, b),
            _ => Err(Error::no_such_overload()),
        },
        "_<_" | "_<=_" | "_>_" | "_>=_" => |f, a| match a {
            [a, b] => ops::ordered(f, a, b),
            _ => Err(Error::no_such_overload()),
        },
        "!_" | "-_" => |f, a| match a {
            [v] => ops::negate(f, v),
            _ => Err(Error::no_such_overload()),
        },
        "@in" => |_, a| match a {
            [element, within] => ops::contains(element, within),
            _ => Err(Error::no_such_overload()),
        },
        "size" => |f, a| match a {
            [Value::Invalid(why)] => Err(Error::new(why)),
            [Value::Opaque(_)] => Err(Error::new(format!("no such overload: {f}"))),
            [v] => match v.size() {
                Some(size) => Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX))),
                None => Err(Error::new(format!("no such overload: {f}"))),
            },
            _ => Err(Error::no_such_overload()),
        },
        "bool" | "bytes" | "double" | "duration" | "dyn" | "int" | "string" | "timestamp" | "type" | "uint" => {
            |f, a| match a {
                [v] => convert::convert(f, v),
                _ => Err(Error::no_such_overload()),
            }
        }
        "getDate" | "getDayOfMonth" | "getDayOfWeek" | "getDayOfYear" | "getFullYear" | "getHours"
        | "getMilliseconds" | "getMinutes" | "getMonth" | "getSeconds" => times::part,
        "cel.@mapInsert" => map_insert,
        "optional.none"
        | "optional.of"
        | "optional.ofNonZeroValue"
        | "optional.unwrap"
        | "unwrapOpt"
        | "hasValue"
        | "value" => optional,
        "matches" | "find" | "findAll" => regex::call,
        "contains"
        | "endsWith"
        | "startsWith"
        | "charAt"
        | "lowerAscii"
        | "upperAscii"
        | "replace"
        | "split"
        | "substring"
        | "trim"
        | "join"
        | "strings.quote"
        | "format"
        | "jsonpatch.escapeKey" => strings::call,
        "indexOf" | "lastIndexOf" => |f, a| match a {
            [Value::List(_), ..] => lists::call(f, a),
            _ => strings::call(f, a),
        },
        "isSorted"
        | "sum"
        | "max"
        | "min"
        | "first"
        | "last"
        | "slice"
        | "flatten"
        | "distinct"
        | "reverse"
        | "sort"
        | "lists.range"
        | "@sortByAssociatedKeys" => lists::call,
        "sets.contains" | "sets.equivalent" | "sets.intersects" => sets::call,
        "quantity" | "isQuantity" | "sign" | "asInteger" | "isInteger" | "asApproximateFloat" | "add" | "sub" => {
            quantity::call
        }
        "isGreaterThan" | "isLessThan" | "compareTo" => |f, a| match a {
            [Value::Opaque(o), _] if matches!(**o, Opaque::Semver(_)) => semver::call(f, a),
            _ => quantity::call(f, a),
        },
        "semver" | "isSemver" | "major" | "minor" | "patch" => semver::call,
        "url" | "isURL" | "getScheme" | "getHost" | "getHostname" | "getPort" | "getEscapedPath" | "getQuery" => {
            url::call
        }
        "ip"
        | "isIP"
        | "ip.isCanonical"
        | "family"
        | "isUnspecified"
        | "isLoopback"
        | "isLinkLocalMulticast"
        | "isLinkLocalUnicast"
        | "isGlobalUnicast"
        | "cidr"
        | "isCIDR"
        | "containsIP"
        | "containsCIDR"
        | "masked"
        | "prefixLength" => net::call,
        "validate" => named_format::call,
        "path" | "serviceAccount" | "group" | "resource" | "subresource" | "namespace" | "name" | "fieldSelector"
        | "labelSelector" | "allowed" | "reason" | "error" | "errored" => authorizer::call,
        f if f.starts_with("format.") => named_format::call,
        _ => return None,
    })
}

fn map_insert(_: &str, args: &[Value]) -> Evaluated {
    let put = |map: &mut Map, key: &Value, value: &Value| {
        let exists = || Error::new(format!("insert failed: key {} already exists", format_text::shown(key)));
        let key = super::value::Key::of(key).ok_or_else(|| Error::new("unsupported key type"))?;
        match map.put(key, value.clone()) {
            None => Ok(()),
            Some(_) => Err(exists()),
        }
    };
    match args {
        [Value::Map(map), key, value] => {
            let mut map = map.clone();
            put(&mut map, key, value)?;
            Ok(Value::Map(map))
        }
        [Value::Map(map), Value::Map(more)] => {
            let mut map = map.clone();
            for (key, value) in &more.entries {
                put(&mut map, &key.value(), value)?;
            }
            Ok(Value::Map(map))
        }
        _ => Err(Error::no_such_overload()),
    }
}

fn optional(function: &str, args: &[Value]) -> Evaluated {
    Ok(match (function, args) {
        ("optional.none", []) => Value::Optional(None),
        ("optional.of", [v]) => Value::some(v.clone()),
        ("optional.ofNonZeroValue", [v]) if v.is_zero() => Value::Optional(None),
        ("optional.ofNonZeroValue", [v]) => Value::some(v.clone()),
        ("hasValue", [Value::Optional(v)]) => Value::Bool(v.is_some()),
        ("value", [Value::Optional(Some(v))]) => (**v).clone(),
        ("value", [Value::Optional(None)]) => return Err(Error::new("optional.none() dereference")),
        ("optional.unwrap" | "unwrapOpt", [Value::List(l)]) => Value::list(l.items.iter().filter_map(|v| match v {
            Value::Optional(inner) => inner.as_deref().cloned(),
            other => Some(other.clone()),
        })),
        _ => return Err(Error::no_such_overload()),
    })
}
