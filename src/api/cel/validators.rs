//! What is asked of an expression after its types fit: literals that can be read, lists and maps of one kind.
//! Real Kubernetes: cel-go/cel/validator.go, the validator of cel-go/ext/formatting.go.

use super::ast::{Expr, Id, Kind};
use super::checker::Checked;
use super::convert::convert;
use super::library::check_format;
use super::types::Type;
use super::value::Value;
use crate::api::go_regexp::Pattern;

/// The nodes at which something is wrong, and the words.
pub fn validate(e: &Expr, checked: &Checked) -> Vec<(Id, String)> {
    let mut found = vec![];
    let mut in_format = vec![];
    e.walk(&mut |e| {
        if let Kind::Call { function, args, target } = &e.kind {
            literal_argument(function, args, &mut found);
            if function == "format" && target.is_some() {
                found.extend(check_format(e, checked));
                args.iter().for_each(|a| a.walk(&mut |inner| in_format.push(inner.id)));
            }
        }
    });
    e.walk(&mut |e| {
        if !in_format.contains(&e.id) {
            of_one_kind(e, checked, &mut found);
        }
    });
    found
}

fn literal_argument(function: &str, args: &[Expr], found: &mut Vec<(Id, String)>) {
    let Some(Expr { id, kind: Kind::Literal(value) }) = args.first() else { return };
    let readable = match (function, value) {
        ("duration" | "timestamp", value) => convert(function, value).is_ok(),
        ("matches", Value::String(text)) => Pattern::new(text).refusal().is_none(),
        _ => true,
    };
    if !readable {
        found.push((*id, format!("invalid {function} argument")));
    }
}

fn of_one_kind(e: &Expr, checked: &Checked, found: &mut Vec<(Id, String)>) {
    let mut mismatch =
        |id: Id, wanted: &Type, t: &Type| found.push((id, format!("expected type '{wanted}' but found '{t}'")));
    let type_of = |e: &Expr, optional: bool| {
        let t = checked.type_of(e.id);
        if optional { t.in_optional().cloned().unwrap_or(t) } else { t }
    };
    match &e.kind {
        Kind::List { elements, optional } => {
            let mut first: Option<Type> = None;
            for (i, element) in elements.iter().enumerate() {
                let t = type_of(element, optional.contains(&i));
                match &first {
                    None => first = Some(t),
                    Some(f) if *f != t => return mismatch(element.id, f, &t),
                    Some(_) => {}
                }
            }
        }
        Kind::Map(entries) => {
            let mut first: Option<(Type, Type)> = None;
            for entry in entries {
                let (k, v) = (type_of(&entry.key, false), type_of(&entry.value, entry.optional));
                match &first {
                    None => first = Some((k, v)),
                    Some((key, value)) => {
                        if *key != k {
                            mismatch(entry.key.id, key, &k);
                        }
                        if *value != v {
                            mismatch(entry.value.id, value, &v);
                        }
                    }
                }
            }
        }
        _ => {}
    }
}
