//! One step of a path into an object: a field, an item by its keys, an item by its value, an item by its place.
//!
//! Real Kubernetes: sigs.k8s.io/structured-merge-diff/fieldpath/{element,path,serialize-pe}.go.

use std::cmp::Ordering;
use std::fmt;

use serde_json::{Map, Value};
use smol_str::SmolStr;

use super::values;
use crate::api::go_text;

#[derive(Clone, Debug)]
pub enum PathElement {
    Field(SmolStr),
    /// The fields that tell an item of a list from the others, by name.
    Key(Box<[(SmolStr, Value)]>),
    /// An item of a set.
    Value(Box<Value>),
    Index(i64),
}

/// From the top of an object to a place in it.
pub type Path = Vec<PathElement>;

impl PathElement {
    pub fn field(name: &str) -> PathElement {
        PathElement::Field(name.into())
    }

    pub fn key(fields: impl IntoIterator<Item = (SmolStr, Value)>) -> PathElement {
        let mut fields: Vec<(SmolStr, Value)> = fields.into_iter().collect();
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        PathElement::Key(fields.into())
    }

    pub fn value(v: Value) -> PathElement {
        PathElement::Value(Box::new(v))
    }

    /// Reads the notation of `fieldsV1`. `Ok(None)` is an element of a sort that a later version may know.
    pub fn parse(text: &str) -> Result<Option<PathElement>, String> {
        let (sort, rest) = match text.as_bytes() {
            [] | [_] => return Err("key must be 2 characters long:".into()),
            [sort, b':', ..] => (*sort, &text[2..]),
            _ => return Err(format!("missing colon: {text}")),
        };
        Ok(Some(match sort {
            b'f' => PathElement::field(rest),
            b'v' => PathElement::value(values::floats(serde_json::from_str(rest).map_err(|e| e.to_string())?)),
            b'k' => {
                let fields: Map<String, Value> = serde_json::from_str(rest).map_err(|e| e.to_string())?;
                PathElement::key(fields.into_iter().map(|(k, v)| (k.into(), values::floats(v))))
            }
            b'i' => {
                PathElement::Index(rest.parse().map_err(|_| format!("strconv.Atoi: parsing {rest:?}: invalid syntax"))?)
            }
            _ => return Ok(None),
        }))
    }

    /// The notation of `fieldsV1`: `f:spec`, `k:{"name":"web"}`, `v:"a"`, `i:0`.
    pub fn notation(&self) -> String {
        match self {
            PathElement::Field(name) => format!("f:{name}"),
            PathElement::Key(fields) => {
                let fields = fields.iter().map(|(k, v)| format!("{}:{}", Value::from(k.as_str()), go_text::json(v)));
                format!("k:{{{}}}", fields.collect::<Vec<_>>().join(","))
            }
            PathElement::Value(v) => format!("v:{}", go_text::json(v)),
            PathElement::Index(i) => format!("i:{i}"),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            PathElement::Field(_) => 0,
            PathElement::Key(_) => 1,
            PathElement::Value(_) => 2,
            PathElement::Index(_) => 3,
        }
    }
}

impl Ord for PathElement {
    fn cmp(&self, other: &PathElement) -> Ordering {
        match (self, other) {
            (PathElement::Field(a), PathElement::Field(b)) => a.cmp(b),
            (PathElement::Key(a), PathElement::Key(b)) => {
                let by_field = |((a, x), (b, y)): (&(SmolStr, Value), &(SmolStr, Value))| {
                    a.cmp(b).then_with(|| values::order(x, y))
                };
                let first = a.iter().zip(b).map(by_field).find(|o| o.is_ne());
                first.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (PathElement::Value(a), PathElement::Value(b)) => values::order(a, b),
            (PathElement::Index(a), PathElement::Index(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for PathElement {
    fn partial_cmp(&self, other: &PathElement) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for PathElement {
    fn eq(&self, other: &PathElement) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for PathElement {}

/// As messages write it: `.spec`, `[name="web"]`, `[="a"]`, `[0]`.
impl fmt::Display for PathElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathElement::Field(name) => write!(f, ".{name}"),
            PathElement::Key(fields) => {
                let fields = fields.iter().map(|(k, v)| format!("{k}={}", values::shown(v)));
                write!(f, "[{}]", fields.collect::<Vec<_>>().join(","))
            }
            PathElement::Value(v) => write!(f, "[={}]", values::shown(v)),
            PathElement::Index(i) => write!(f, "[{i}]"),
        }
    }
}

/// `.spec.template.spec.containers[name="web"].image`
pub fn path_text(path: &[PathElement]) -> String {
    path.iter().map(ToString::to_string).collect()
}
