//! Reads a value into one of kustomize's types as Go's strict decoder does, and says in its words what does not fit.
//! Real Kubernetes: encoding/json, with DisallowUnknownFields.

use serde_json::{Map, Value};

use crate::api::go_text::quoted;

/// What may stand in a place.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Text,
    /// A text whose type has a name of its own.
    Named(&'static str),
    Bool,
    Int(&'static str),
    /// A map of texts.
    Texts,
    List(&'static Shape),
    Struct(&'static Struct),
}

#[derive(Debug)]
pub struct Struct {
    /// Go's name of the type, without its package.
    pub name: &'static str,
    pub fields: &'static [Field],
}

#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub shape: Shape,
    /// The embedded structs through which Go reaches it.
    pub through: &'static [&'static str],
}

pub const fn field(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, through: &[] }
}

pub const fn embedded(name: &'static str, shape: Shape, through: &'static [&'static str]) -> Field {
    Field { name, shape, through }
}

impl Shape {
    fn go_type(self) -> String {
        match self {
            Shape::Text => "string".into(),
            Shape::Named(name) | Shape::Int(name) => name.into(),
            Shape::Bool => "bool".into(),
            Shape::Texts => "map[string]string".into(),
            Shape::List(of) => format!("[]{}", of.go_type()),
            Shape::Struct(s) => format!("types.{}", s.name),
        }
    }
}

/// Where the decoder is, and the first thing that it did not like.
struct Decoder {
    within: &'static str,
    path: Vec<&'static str>,
    fault: Option<String>,
}

/// The value with its fields as they are called, without what is null.
///
/// # Errors
/// What Go says of the first thing that does not fit.
pub fn decode(value: &Value, of: &'static Struct) -> Result<Value, String> {
    let mut decoder = Decoder { within: of.name, path: vec![], fault: None };
    let read = decoder.read(value, Shape::Struct(of));
    match decoder.fault {
        Some(fault) => Err(format!("json: {fault}")),
        None => Ok(read.unwrap_or_else(|| Value::Object(Map::new()))),
    }
}

impl Decoder {
    fn mismatch(&mut self, what: &str, wanted: Shape) -> Option<Value> {
        let wanted = wanted.go_type();
        let into = match self.path.as_slice() {
            [] => format!("Go value of type {wanted}"),
            path => format!("Go struct field {}.{} of type {wanted}", self.within, path.join(".")),
        };
        self.fault.get_or_insert_with(|| format!("cannot unmarshal {what} into {into}"));
        None
    }

    fn read(&mut self, value: &Value, shape: Shape) -> Option<Value> {
        match (value, shape) {
            (Value::Null, _) => None,
            (Value::String(_), Shape::Text | Shape::Named(_)) | (Value::Bool(_), Shape::Bool) => Some(value.clone()),
            (Value::Number(n), Shape::Int(_)) if n.is_i64() => Some(value.clone()),
            (Value::Number(n), Shape::Int(_)) => self.mismatch(&format!("number {n}"), shape),
            (Value::Object(map), Shape::Texts) => {
                let mut out = Map::new();
                for (k, v) in map {
                    // A null is the empty text here.
                    out.insert(k.clone(), self.read(v, Shape::Text).unwrap_or_else(|| "".into()));
                }
                Some(Value::Object(out))
            }
            (Value::Array(items), Shape::List(of)) => {
                let empty = match of {
                    Shape::Struct(_) => Value::Object(Map::new()),
                    _ => "".into(),
                };
                Some(items.iter().map(|v| self.read(v, *of).unwrap_or_else(|| empty.clone())).collect())
            }
            (Value::Object(map), Shape::Struct(of)) => Some(Value::Object(self.fields(map, of))),
            (Value::String(_), _) => self.mismatch("string", shape),
            (Value::Bool(_), _) => self.mismatch("bool", shape),
            (Value::Number(_), _) => self.mismatch("number", shape),
            (Value::Array(_), _) => self.mismatch("array", shape),
            (Value::Object(_), _) => self.mismatch("object", shape),
        }
    }

    fn fields(&mut self, map: &Map<String, Value>, of: &'static Struct) -> Map<String, Value> {
        let mut out = Map::new();
        for (key, value) in map {
            let exact = of.fields.iter().find(|f| f.name == key);
            // Go does not mind the case of letters.
            let Some(found) = exact.or_else(|| of.fields.iter().find(|f| f.name.eq_ignore_ascii_case(key))) else {
                self.fault.get_or_insert_with(|| format!("unknown field {}", quoted(key)));
                continue;
            };
            let (within, depth) = (self.within, self.path.len());
            self.within = of.name;
            self.path.extend(found.through);
            self.path.push(found.name);
            if let Some(v) = self.read(value, found.shape) {
                out.insert(found.name.into(), v);
            }
            self.path.truncate(depth);
            self.within = within;
        }
        out
    }
}
