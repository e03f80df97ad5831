//! A value held against its schema. Everything that compares or merges takes values that fit, so that it need not
//! ask again.
//!
//! Real Kubernetes: sigs.k8s.io/structured-merge-diff/typed/{typed,validate,helpers}.go.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::element::{Path, PathElement, path_text};
use super::schema::{Atom, List, ListKind, Part, Scalar, Schema};
use crate::api::go_text::{plain, quoted, syntax, type_name};

/// A value that fits its schema.
#[derive(Clone, Debug)]
pub struct Typed<'a> {
    pub value: Cow<'a, Value>,
    pub schema: Schema<'a>,
}

/// Whether a set or a list with keys may have an item twice: one that somebody applies may not, one that has been
/// stored may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Duplicates {
    Allowed,
    Refused,
}

/// What does not fit, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misfits(Vec<(String, String)>);

impl fmt::Display for Misfits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one =
            |(path, what): &(String, String)| if path.is_empty() { what.clone() } else { format!("{path}: {what}") };
        match self.0.as_slice() {
            [single] => f.write_str(&one(single)),
            many => {
                f.write_str("errors:")?;
                many.iter().try_for_each(|e| write!(f, "\n  {}", one(e)))
            }
        }
    }
}

impl<'a> Typed<'a> {
    pub fn new(value: Cow<'a, Value>, schema: Schema<'a>, duplicates: Duplicates) -> Result<Typed<'a>, Misfits> {
        let mut judge = Judge { duplicates, path: vec![], found: vec![] };
        judge.visit(&value, schema);
        if judge.found.is_empty() { Ok(Typed { value, schema }) } else { Err(Misfits(judge.found)) }
    }

    /// The same place with another value, which was made of values that fit.
    pub(super) fn with(&self, value: Value) -> Typed<'a> {
        Typed { value: Cow::Owned(value), schema: self.schema }
    }
}

struct Judge {
    duplicates: Duplicates,
    path: Path,
    found: Vec<(String, String)>,
}

impl Judge {
    fn complain(&mut self, what: String) {
        self.found.push((path_text(&self.path), what));
    }

    fn visit(&mut self, v: &Value, schema: Schema<'_>) {
        let atom = schema.resolve();
        match (atom.part(Some(v)).0, v) {
            (Part::None, _) => self.complain("schema error: invalid atom: inlined".into()),
            (_, Value::Null) => {}
            (Part::Map, Value::Object(m)) => self.visit_map(m, &atom),
            (Part::Map, other) => self.complain(format!("expected map, got &{{{}}}", plain(other))),
            (Part::List, Value::Array(items)) => self.visit_list(items, &atom),
            (Part::List, other) => self.complain(format!("expected list, got &{{{}}}", plain(other))),
            (Part::Scalar, other) => {
                if let Some(what) = atom.scalar.and_then(|s| misfit(s, other)) {
                    self.complain(what);
                }
            }
        }
    }

    fn visit_map(&mut self, m: &serde_json::Map<String, Value>, atom: &Atom<'_>) {
        let Some(map) = atom.map else { return };
        for (key, v) in m {
            self.path.push(PathElement::field(key));
            match map.at(key) {
                Schema::Nothing => {
                    self.complain("field not declared in schema".into());
                    self.path.pop();
                    return;
                }
                inner => self.visit(v, inner),
            }
            self.path.pop();
        }
    }

    fn visit_list(&mut self, items: &[Value], atom: &Atom<'_>) {
        let Some(list) = atom.list else { return };
        let mut seen = BTreeSet::new();
        for (i, item) in items.iter().enumerate() {
            let at = match item_element(&list, item) {
                Some(Ok(at)) => at,
                Some(Err(what)) => return self.complain(format!("element {i}: {what}")),
                None => PathElement::Index(i64::try_from(i).unwrap_or(i64::MAX)),
            };
            if !seen.insert(at.clone()) && self.duplicates == Duplicates::Refused {
                self.complain(format!("duplicate entries for key {at}"));
            }
            self.path.push(at);
            self.visit(item, list.element());
            self.path.pop();
        }
    }
}

fn misfit(scalar: Scalar, v: &Value) -> Option<String> {
    let fits = match scalar {
        Scalar::Numeric => v.is_number(),
        Scalar::String => v.is_string(),
        Scalar::Boolean => v.is_boolean(),
        Scalar::Untyped => v.is_number() || v.is_string() || v.is_boolean(),
    };
    (!fits).then(|| match scalar {
        Scalar::Numeric => format!("expected numeric (int or float), got {}", type_name(v)),
        Scalar::String => format!("expected string, got &value.valueUnstructured{{Value:{}}}", syntax(v)),
        Scalar::Boolean => format!("expected boolean, got &{{{}}}", plain(v)),
        Scalar::Untyped => format!("expected any scalar, got &{{{}}}", plain(v)),
    })
}

/// How an item is told from the others of its list: by its keys or by itself. `None` in a list that is one value.
pub(super) fn item_element(list: &List<'_>, item: &Value) -> Option<Result<PathElement, String>> {
    match list.kind {
        ListKind::Atomic => None,
        ListKind::Set => Some(set_element(item)),
        ListKind::Map(keys) => {
            let keys = keys.each();
            Some(if keys.is_empty() { set_element(item) } else { key_element(&keys, item) })
        }
    }
}

fn set_element(item: &Value) -> Result<PathElement, String> {
    match item {
        Value::Object(_) => Err("associative list without keys has an element that's a map type".into()),
        Value::Array(_) => Err("not supported: associative list with lists as elements".into()),
        Value::Null => Err("associative list without keys has an element that's an explicit null".into()),
        scalar => Ok(PathElement::value(scalar.clone())),
    }
}

fn key_element(keys: &[(&str, Option<Value>)], item: &Value) -> Result<PathElement, String> {
    let map = match item {
        Value::Object(map) => map,
        Value::Null => return Err("associative list with keys may not have a null element".into()),
        _ => return Err("associative list with keys may not have non-map elements".into()),
    };
    let found = |(name, default): &(&str, Option<Value>)| {
        map.get(*name).or(default.as_ref()).map(|v| ((*name).into(), v.clone()))
    };
    let fields: Vec<_> = keys.iter().filter_map(found).collect();
    if fields.is_empty() {
        let names: Vec<String> = keys.iter().map(|(name, _)| quoted(name)).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
            names.join(" ")
        ));
    }
    Ok(PathElement::key(fields))
}
