//! The functions that expressions in Kubernetes know, each with its overloads.
//!
//! The list beside this file is what cel-go's environment tells of itself when it is set up as Kubernetes v1.36 does: the standard
//! library and Kubernetes' own. A name after a dot is called on its first argument.
//! Real Kubernetes: k8s.io/apiserver/pkg/cel/environment/base.go.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::types::Type;

pub struct Overload {
    pub id: &'static str,
    pub member: bool,
    pub args: Vec<Type>,
    pub result: Type,
    /// Names of the types that are to be found out.
    pub params: Vec<Arc<str>>,
}

const LIST: &str = include_str!("declarations.txt");

/// The overloads of a function, in the order in which they are tried.
pub fn function(name: &str) -> Option<&'static [Overload]> {
    static ALL: OnceLock<BTreeMap<&'static str, Vec<Overload>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = BTreeMap::<_, Vec<_>>::new();
        for (name, overload) in LIST.lines().filter_map(read) {
            all.entry(name).or_default().push(overload);
        }
        all
    })
    .get(name)
    .map(Vec::as_slice)
}

/// `name overload (args) -> result`.
fn read(line: &'static str) -> Option<(&'static str, Overload)> {
    let (head, result) = line.rsplit_once(" -> ")?;
    let (head, args) = head.split_once(" (")?;
    let (name, id) = head.split_once(' ')?;
    // A dot alone before the name of an operator is part of no name.
    let member = name.starts_with('.');
    let args: Vec<Type> = pieces(args.strip_suffix(')')?).into_iter().map(type_of).collect();
    let result = type_of(result);
    let mut params = vec![];
    args.iter().chain([&result]).for_each(|t| collect(t, &mut params));
    Some((name.trim_start_matches('.'), Overload { id, member, args, result, params }))
}

fn collect(t: &Type, params: &mut Vec<Arc<str>>) {
    match t {
        Type::Param(name) if !params.contains(name) => params.push(name.clone()),
        Type::List(e) => collect(e, params),
        Type::Map(kv) => [&kv.0, &kv.1].into_iter().for_each(|t| collect(t, params)),
        Type::Type(Some(t)) => collect(t, params),
        Type::Opaque(_, inner) => inner.iter().for_each(|t| collect(t, params)),
        _ => {}
    }
}

/// Splits at the commas outside of brackets.
fn pieces(text: &str) -> Vec<&str> {
    let (mut all, mut depth, mut start) = (vec![], 0, 0);
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                all.push(text[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    if !text[start..].trim().is_empty() {
        all.push(text[start..].trim());
    }
    all
}

fn type_of(text: &str) -> Type {
    if let Some((name, inner)) = text.strip_suffix(')').and_then(|t| t.split_once('(')) {
        let mut inner: Vec<Type> = pieces(inner).into_iter().map(type_of).collect();
        return match (name, inner.len()) {
            ("list", 1) => Type::list(inner.remove(0)),
            ("map", 2) => Type::map(inner.remove(0), inner.remove(0)),
            ("type", 1) => Type::Type(Some(Arc::new(inner.remove(0)))),
            _ => Type::Opaque(name.into(), inner.into()),
        };
    }
    match text {
        "dyn" => Type::Dyn,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "duration" => Type::Duration,
        "timestamp" => Type::Timestamp,
        "net.IP" | "net.CIDR" => Type::Opaque(text.into(), [].into()),
        _ if text.len() == 1 => Type::Param(text.into()),
        _ => Type::object(text),
    }
}

/// The types that may be named in an expression.
pub fn named_type(name: &str) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "bytes" => Type::Bytes,
        "double" => Type::Double,
        "google.protobuf.Duration" => Type::Duration,
        "google.protobuf.Timestamp" => Type::Timestamp,
        "int" => Type::Int,
        "list" => Type::list(Type::Dyn),
        "map" => Type::map(Type::Dyn, Type::Dyn),
        "null_type" => Type::Null,
        "string" => Type::String,
        "type" => Type::Type(None),
        "uint" => Type::Uint,
        "optional_type" => Type::optional(Type::Param("V".into())),
        "net.IP" | "net.CIDR" => Type::Opaque(name.into(), [].into()),
        _ => return None,
    })
}
