//! Values of expressions.
//! Real Kubernetes: cel-go/common/types, k8s.io/apiserver/pkg/cel/common/valuesunstructured.go.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::Value as Json;

use super::library::Opaque;
use super::types::Type;

#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
    /// In nanoseconds.
    Duration(i64),
    Timestamp(Stamp),
    List(List),
    Map(Map),
    Optional(Option<Arc<Value>>),
    Type(Type),
    Opaque(Arc<Opaque>),
    /// An object made by an expression: `Object{…}`, `JSONPatch{…}`.
    Struct(Arc<Struct>),
    /// `variables` of a policy: what each is comes from the activation.
    Variables,
    /// Data that the schema keeps without knowing it.
    Unknown(Arc<Json>),
    /// Data that does not fit its schema: using it is an error.
    Invalid(Arc<str>),
}

/// A moment: seconds since 1970 and nanoseconds of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    pub seconds: i64,
    pub nanos: u32,
}

#[derive(Clone, Debug, Default)]
pub struct List {
    pub items: imbl::Vector<Value>,
    pub kind: ListKind,
    /// How much is in it, all that lies below included: parts that are shared count each time.
    pub weight: u64,
}

/// How a list compares and grows.
#[derive(Clone, Debug, Default)]
pub enum ListKind {
    #[default]
    Atomic,
    Set,
    /// Items are told apart by these fields.
    Map(Arc<[String]>),
}

#[derive(Clone, Debug, Default)]
pub struct Map {
    pub entries: imbl::OrdMap<Key, Value>,
    /// Whether the keys are names of fields, which are escaped in expressions.
    pub object: bool,
    /// Fields of the data that the schema does not know or whose value is null: they count, but cannot be read.
    pub hidden: imbl::OrdMap<String, Json>,
    pub weight: u64,
}

#[derive(Clone, Debug)]
pub struct Struct {
    pub name: String,
    pub fields: Vec<(String, Value)>,
}

#[derive(Clone, Debug)]
pub enum Key {
    Bool(bool),
    Int(i64),
    Uint(u64),
    String(Arc<str>),
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// The words of it.
    Failed(Arc<str>),
    /// It took more than it may.
    TooCostly,
}

pub type Evaluated = Result<Value, Error>;

/// No value may weigh more. Kubernetes has no such bound, but its largest request has less in it.
pub const HEAVIEST: u64 = 4_000_000;

pub const TOO_COSTLY: &str = "operation cancelled: actual cost limit exceeded";

impl Error {
    pub fn new(why: impl AsRef<str>) -> Error {
        Error::Failed(why.as_ref().into())
    }

    pub fn no_such_overload() -> Error {
        Error::new("no such overload")
    }

    pub fn text(&self) -> &str {
        match self {
            Error::Failed(why) => why,
            Error::TooCostly => TOO_COSTLY,
        }
    }
}

impl Key {
    pub fn of(value: &Value) -> Option<Key> {
        Some(match value {
            Value::Bool(b) => Key::Bool(*b),
            Value::Int(i) => Key::Int(*i),
            Value::Uint(u) => Key::Uint(*u),
            Value::String(s) => Key::String(s.clone()),
            // A whole number is the same key however it is written.
            Value::Double(f) if f.fract() == 0.0 && f.abs() < 9.0e18 => Key::Int(*f as i64),
            _ => return None,
        })
    }

    pub fn value(&self) -> Value {
        match self {
            Key::Bool(b) => Value::Bool(*b),
            Key::Int(i) => Value::Int(*i),
            Key::Uint(u) => Value::Uint(*u),
            Key::String(s) => Value::String(s.clone()),
        }
    }

    fn number(&self) -> Option<i128> {
        match self {
            Key::Int(i) => Some((*i).into()),
            Key::Uint(u) => Some((*u).into()),
            _ => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Key::Bool(_) => 0,
            Key::Int(_) | Key::Uint(_) => 1,
            Key::String(_) => 2,
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        match (self, other) {
            (Key::Bool(a), Key::Bool(b)) => a.cmp(b),
            (Key::String(a), Key::String(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()).then_with(|| self.number().cmp(&other.number())),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

impl List {
    pub fn of(items: impl IntoIterator<Item = Value>) -> List {
        let mut list = List::default();
        items.into_iter().for_each(|i| list.push(i));
        list
    }

    pub fn push(&mut self, item: Value) {
        self.weight = self.weight.saturating_add(item.weight());
        self.items.push_back(item);
    }
}

impl Map {
    pub fn size(&self) -> usize {
        self.entries.len() + self.hidden.len()
    }

    pub fn insert(&mut self, key: &str, value: Value) {
        self.put(Key::String(key.into()), value);
    }

    pub fn put(&mut self, key: Key, value: Value) -> Option<Value> {
        self.weight = self.weight.saturating_add(1).saturating_add(value.weight());
        self.entries.insert(key, value)
    }

    /// The value of a field or key, none if it is absent.
    pub fn find(&self, key: &Value) -> Result<Option<Value>, Error> {
        if let Value::Invalid(why) = key {
            return Err(Error::new(why));
        }
        if !self.object {
            return Ok(Key::of(key).and_then(|k| self.entries.get(&k)).cloned());
        }
        let Value::String(name) = key else { return Err(Error::no_such_overload()) };
        let Some(name) = super::escaping::unescape(name) else { return Ok(None) };
        Ok(self.entries.get(&Key::String(name.into())).cloned())
    }
}

impl Value {
    pub fn string(text: &str) -> Value {
        Value::String(text.into())
    }

    pub fn list(items: impl IntoIterator<Item = Value>) -> Value {
        Value::List(List::of(items))
    }

    pub fn some(value: Value) -> Value {
        Value::Optional(Some(Arc::new(value)))
    }

    pub fn opaque(value: Opaque) -> Value {
        Value::Opaque(Arc::new(value))
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(s) => Some(s),
            _ => None,
        }
    }

    /// The type that it tells of itself.
    pub fn type_of(&self) -> Type {
        match self {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Uint(_) => Type::Uint,
            Value::Double(_) => Type::Double,
            Value::String(_) => Type::String,
            Value::Bytes(_) => Type::Bytes,
            Value::Duration(_) => Type::Duration,
            Value::Timestamp(_) => Type::Timestamp,
            Value::List(_) => Type::list(Type::Dyn),
            Value::Map(_) => Type::map(Type::Dyn, Type::Dyn),
            Value::Optional(_) => Type::optional(Type::Param("V".into())),
            Value::Type(_) => Type::Type(None),
            Value::Opaque(o) => o.type_of(),
            Value::Struct(s) => Type::object(&s.name),
            Value::Variables => Type::object("kubernetes.variables"),
            Value::Unknown(_) | Value::Invalid(_) => Type::Error,
        }
    }

    /// How much room it takes, about: what an expression makes is bounded by it.
    pub fn weight(&self) -> u64 {
        match self {
            Value::String(s) => 1 + s.len() as u64 / 16,
            Value::Bytes(b) => 1 + b.len() as u64 / 16,
            Value::List(l) => l.weight.saturating_add(1),
            Value::Map(m) => m.weight.saturating_add(1),
            Value::Optional(Some(v)) => v.weight().saturating_add(1),
            Value::Struct(s) => s.fields.iter().fold(1, |sum, (_, v)| v.weight().saturating_add(sum)),
            _ => 1,
        }
    }

    /// What `size()` is of it, as far as it has one.
    pub fn size(&self) -> Option<usize> {
        match self {
            Value::String(s) => Some(s.chars().count()),
            Value::Bytes(b) => Some(b.len()),
            Value::List(l) => Some(l.items.len()),
            Value::Map(m) => Some(m.size()),
            Value::Opaque(o) => o.size(),
            _ => None,
        }
    }

    /// Whether it is as good as nothing: `optional.ofNonZeroValue`.
    pub fn is_zero(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Bool(b) => !b,
            Value::Int(i) => *i == 0,
            Value::Uint(u) => *u == 0,
            Value::Double(f) => *f == 0.0,
            Value::Duration(d) => *d == 0,
            Value::Timestamp(t) => *t == Stamp { seconds: -62_135_596_800, nanos: 0 },
            Value::String(s) => s.is_empty(),
            Value::Bytes(b) => b.is_empty(),
            Value::List(l) => l.items.is_empty(),
            Value::Map(m) => m.size() == 0,
            Value::Optional(inner) => inner.as_ref().is_none_or(|v| v.is_zero()),
            _ => false,
        }
    }
}
