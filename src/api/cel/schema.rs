//! A schema as expressions see it: types with named fields, how large each may be, and data read by it.
//! Real Kubernetes: k8s.io/apiserver/pkg/cel/types.go, pkg/cel/common/{schemas,valuesunstructured}.go.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use serde_json::Value as Json;

use super::env::Types;
use super::escaping::{escape, is_reserved};
use super::estimate::Sizes;
use super::size::Range;
use super::times;
use super::types::Type;
use super::value::{List, ListKind, Map, Value};
use crate::api::structural::Structural;

/// The largest request, which bounds whatever a schema leaves open.
pub const MAX_REQUEST: i64 = 3 * 1024 * 1024;

/// What an expression knows of a part of an object.
#[derive(Clone, Debug)]
pub struct Decl {
    pub kind: DeclKind,
    /// The longest text, list or map.
    pub max_elements: i64,
    /// The fewest bytes that it takes in JSON.
    pub min_size: i64,
}

#[derive(Clone, Debug)]
pub enum DeclKind {
    Plain(Type),
    List(Arc<Decl>),
    Map(Arc<Decl>),
    Object { name: String, fields: BTreeMap<String, Arc<Decl>> },
}

impl Decl {
    /// None if expressions cannot see data of this schema. The root of an object always has its name and its kind.
    pub fn of(s: &Structural, name: &str, root: bool) -> Option<Decl> {
        let plain = |t: Type, max_elements, min_size| Some(Decl { kind: DeclKind::Plain(t), max_elements, min_size });
        if s.extensions.int_or_string {
            return plain(Type::Dyn, s.checks.max_length.map_or(MAX_REQUEST - 2, |n| n.max(0).saturating_mul(4)), 1);
        }
        let type_ = if root { "object" } else { s.types.first().map_or("", String::as_str) };
        match type_ {
            "array" => {
                let items = s.items.as_deref()?;
                let of = Decl::of(items, &format!("{name}.@idx"), items.extensions.embedded_resource)?;
                let most = s.checks.max_items.map_or_else(|| (MAX_REQUEST - 2) / (of.min_size + 1), |n| n.max(0));
                Some(Decl { kind: DeclKind::List(Arc::new(of)), max_elements: most, min_size: 2 })
            }
            "object" => Decl::of_object(s, name, root),
            "string" => {
                let length = |by_length: i64| s.checks.max_length.map_or(by_length, |n| n.max(0));
                match s.checks.format.as_str() {
                    "byte" => plain(Type::Bytes, length(MAX_REQUEST - 2), 2),
                    "duration" => plain(Type::Duration, 32, 3),
                    "date" => plain(Type::Timestamp, 12, 12),
                    "date-time" => plain(Type::Timestamp, 32, 21),
                    _ => plain(Type::String, longest(s), 2),
                }
            }
            "boolean" => plain(Type::Bool, 0, 4),
            "number" => plain(Type::Double, 0, 1),
            "integer" => plain(Type::Int, 0, 1),
            _ => None,
        }
    }

    fn of_object(s: &Structural, name: &str, root: bool) -> Option<Decl> {
        if let Some(values) = s.additional_properties.as_ref().and_then(|a| a.schema()) {
            let of = Decl::of(values, &format!("{name}.@elem"), values.extensions.embedded_resource)?;
            let most = s.checks.max_properties.map_or_else(|| (MAX_REQUEST - 2) / (of.min_size + 6), |n| n.max(0));
            return Some(Decl { kind: DeclKind::Map(Arc::new(of)), max_elements: most, min_size: 2 });
        }
        let mut fields = BTreeMap::new();
        let mut min_size = 2;
        for (field, of) in properties(s, root) {
            let escaped = escape(field);
            let below = format!("{name}.{}", escaped.as_deref().unwrap_or(field));
            let Some(decl) = Decl::of(of, &below, of.extensions.embedded_resource) else { continue };
            if s.checks.required.iter().any(|r| r == field) && of.default.is_none() {
                min_size += field.len() as i64 + decl.min_size + 4;
            }
            if let Some(escaped) = escaped {
                fields.insert(escaped, Arc::new(decl));
            }
        }
        Some(Decl { kind: DeclKind::Object { name: name.into(), fields }, max_elements: 0, min_size })
    }

    pub fn type_(&self) -> Type {
        match &self.kind {
            DeclKind::Plain(t) => t.clone(),
            DeclKind::List(of) => Type::list(of.type_()),
            DeclKind::Map(of) => Type::map(Type::String, of.type_()),
            DeclKind::Object { name, .. } => Type::object(name),
        }
    }

    /// The schema of elements, of a list or of a map.
    pub fn element(&self) -> Option<&Arc<Decl>> {
        match &self.kind {
            DeclKind::List(of) | DeclKind::Map(of) => Some(of),
            _ => None,
        }
    }

    pub fn field(&self, name: &str) -> Option<&Arc<Decl>> {
        match &self.kind {
            DeclKind::Object { fields, .. } => fields.get(name),
            _ => None,
        }
    }

    /// How often data of this schema can stand in an object at most.
    pub fn max_cardinality(&self) -> u64 {
        (MAX_REQUEST / (self.min_size + 1)) as u64
    }

    fn collect(self: &Arc<Self>, all: &mut BTreeMap<String, Arc<Decl>>) {
        match &self.kind {
            DeclKind::Plain(_) => {}
            DeclKind::List(of) | DeclKind::Map(of) => of.collect(all),
            DeclKind::Object { name, fields } => {
                all.insert(name.clone(), self.clone());
                fields.values().for_each(|f| f.collect(all));
            }
        }
    }
}

/// The characters that a text may have at most; a sign may take four bytes.
fn longest(s: &Structural) -> i64 {
    if let Some(n) = s.checks.max_length {
        return n.max(0).saturating_mul(4);
    }
    let texts = s.checks.enumeration.iter().filter_map(Json::as_str).map(str::len).max();
    match texts {
        _ if s.checks.enumeration.is_empty() => MAX_REQUEST - 2,
        longest => longest.unwrap_or(0) as i64,
    }
}

/// The types that a schema names, by their names.
pub struct SchemaTypes(BTreeMap<String, Arc<Decl>>);

impl SchemaTypes {
    pub fn of(decl: &Arc<Decl>) -> SchemaTypes {
        let mut all = BTreeMap::new();
        decl.collect(&mut all);
        SchemaTypes(all)
    }
}

impl Types for SchemaTypes {
    fn is_struct(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn field(&self, of: &str, name: &str) -> Option<Type> {
        let of = self.0.get(of)?;
        // A word that CEL keeps for itself may follow a dot as it is.
        let reserved = || of.field(&escape(name).filter(|_| is_reserved(name))?);
        of.field(name).or_else(reserved).map(|f| f.type_())
    }
}

impl Sizes for Decl {
    fn size(&self, path: &[String]) -> Option<Range> {
        let mut at = self;
        for name in path.iter().skip(1) {
            at = match name.as_str() {
                "@items" | "@values" => at.element()?,
                "@keys" => match &at.kind {
                    // Keys are texts of any length.
                    DeclKind::Map(_) => return Some(Range { min: 0, max: 0 }).filter(|_| path.last() == Some(name)),
                    _ => return None,
                },
                name => at.field(name)?,
            };
        }
        Some(Range { min: 0, max: at.max_elements as u64 })
    }
}

fn string() -> &'static Structural {
    static S: OnceLock<Structural> = OnceLock::new();
    S.get_or_init(|| Structural { types: vec!["string".into()], ..Structural::default() })
}

fn metadata() -> &'static Structural {
    static S: OnceLock<Structural> = OnceLock::new();
    S.get_or_init(|| {
        let properties = ["name", "generateName"].map(|n| (n.to_string(), string().clone())).into();
        Structural { types: vec!["object".into()], properties, ..Structural::default() }
    })
}

/// Whether the schema itself says what every object has.
fn tells_metadata(s: &Structural) -> bool {
    let has = |s: &Structural, field: &str, type_: &str| {
        s.properties.get(field).is_some_and(|p| p.types.first().is_some_and(|t| t == type_))
    };
    has(s, "kind", "string")
        && has(s, "apiVersion", "string")
        && has(s, "metadata", "object")
        && s.properties.get("metadata").is_some_and(|m| has(m, "name", "string") && has(m, "generateName", "string"))
}

/// The fields that expressions see; of an object's metadata only the names.
fn properties(s: &Structural, root: bool) -> Vec<(&str, &Structural)> {
    let mut all: Vec<(&str, &Structural)> = s.properties.iter().map(|(n, p)| (n.as_str(), p)).collect();
    if root && !tells_metadata(s) {
        let own = [("kind", string()), ("apiVersion", string()), ("metadata", metadata())];
        all.retain(|(n, _)| !own.iter().any(|(o, _)| o == n));
        all.extend(own);
    }
    all
}

/// Data as its schema reads them.
pub fn read(json: &Json, s: &Structural, root: bool) -> Value {
    let root = root || s.extensions.embedded_resource;
    if json.is_null() {
        let why = "invalid data, got null for schema with nullable=false";
        return if s.nullable { Value::Null } else { Value::Invalid(why.into()) };
    }
    if s.extensions.int_or_string {
        return match json {
            Json::String(t) => Value::string(t),
            _ => integer(json).unwrap_or_else(|| {
                Value::Invalid("invalid data, expected XIntOrString value to be either a string or integer".into())
            }),
        };
    }
    let type_ = if root { "object" } else { s.types.first().map_or("", String::as_str) };
    let unfit = |wanted: &str| Value::Invalid(format!("invalid data, expected {wanted}").into());
    match type_ {
        "object" => match json {
            Json::Object(fields) => Value::Map(read_object(fields, s, root)),
            _ => unfit("a map for the provided schema with type=object"),
        },
        "array" => match (json, &s.items) {
            (Json::Array(items), Some(of)) => Value::List(read_list(items, of, s)),
            (Json::Array(_), None) => {
                Value::Invalid("invalid array type, expected Items with a non-empty Schema".into())
            }
            _ => unfit("an array for the provided schema with type=array"),
        },
        "string" => json.as_str().map_or_else(|| unfit("string"), |t| read_text(t, &s.checks.format)),
        "number" => json.as_f64().map_or_else(|| unfit("float"), Value::Double),
        "integer" => integer(json).unwrap_or_else(|| unfit("int")),
        "boolean" => json.as_bool().map_or_else(|| unfit("bool"), Value::Bool),
        _ if s.extensions.preserve_unknown_fields => Value::Unknown(Arc::new(json.clone())),
        other => {
            let why = "invalid type, expected object, array, number, integer, boolean or string, or no type with \
                       x-kubernetes-int-or-string or x-kubernetes-preserve-unknown-fields is true, got";
            Value::Invalid(format!("{why} {other}").into())
        }
    }
}

fn integer(json: &Json) -> Option<Value> {
    json.as_i64()
        .or_else(|| json.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e18).map(|f| f as i64))
        .map(Value::Int)
}

fn read_object(fields: &serde_json::Map<String, Json>, s: &Structural, root: bool) -> Map {
    let known = properties(s, root);
    let values = s.additional_properties.as_ref().and_then(|a| a.schema());
    let mut map = Map { object: !known.is_empty(), ..Map::default() };
    for (name, value) in fields {
        let of = if map.object { known.iter().find(|(n, _)| n == name).map(|(_, of)| *of) } else { values };
        match of {
            Some(of) if !(map.object && value.is_null()) => map.insert(name, read(value, of, false)),
            _ => drop(map.hidden.insert(name.clone(), value.clone())),
        }
    }
    map
}

fn read_list(items: &[Json], of: &Structural, s: &Structural) -> List {
    let mut list = List::of(items.iter().map(|i| read(i, of, false)));
    list.kind = match s.extensions.list_type.as_deref() {
        Some("set") => ListKind::Set,
        Some("map") => ListKind::Map(s.extensions.list_map_keys.clone().into()),
        _ => ListKind::Atomic,
    };
    list
}

fn read_text(text: &str, format: &str) -> Value {
    let invalid = |what: &str| Value::Invalid(format!("Invalid {what} {text}").into());
    match format {
        "duration" => times::parse_duration(text).map_or_else(|| invalid("duration"), Value::Duration),
        "date" => times::parse_stamp(&format!("{text}T00:00:00Z"))
            .map_or_else(|| invalid("date formatted string"), Value::Timestamp),
        "date-time" => times::parse_stamp(&text.to_ascii_uppercase())
            .map_or_else(|| invalid("date-time formatted string"), Value::Timestamp),
        "byte" => match base64::engine::general_purpose::STANDARD.decode(text) {
            Ok(bytes) => Value::Bytes(bytes.into()),
            Err(_) => invalid("byte formatted string"),
        },
        _ => Value::string(text),
    }
}
