//! What a key may hold. Copies share what they hold until one of them changes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub type Text = Arc<[u8]>;

/// What an item takes beside its own bytes.
const ITEM: usize = 24;

pub const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

#[derive(Clone, Debug)]
pub enum Value {
    Text(Arc<Vec<u8>>),
    List(Arc<List>),
    Set(Arc<Set>),
    Hash(Arc<Hash>),
    Sorted(Arc<Sorted>),
}

pub type Set = Ordered<()>;
pub type Hash = Ordered<Text>;
pub type Sorted = Ordered<f64>;

impl Value {
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Text(_) => "string",
            Value::List(_) => "list",
            Value::Set(_) => "set",
            Value::Hash(_) => "hash",
            Value::Sorted(_) => "zset",
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            Value::Text(t) => t.len(),
            Value::List(l) => l.bytes,
            Value::Set(s) => s.bytes,
            Value::Hash(h) => h.bytes,
            Value::Sorted(s) => s.bytes,
        }
    }

    /// A collection without items is none.
    pub fn is_gone(&self) -> bool {
        match self {
            Value::Text(_) => false,
            Value::List(l) => l.items.is_empty(),
            Value::Set(s) => s.is_empty(),
            Value::Hash(h) => h.is_empty(),
            Value::Sorted(s) => s.is_empty(),
        }
    }

    /// Whether it is the same still, unchanged since the other was taken from it.
    pub fn is_same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Text(a), Value::Text(b)) => Arc::ptr_eq(a, b),
            (Value::List(a), Value::List(b)) => Arc::ptr_eq(a, b),
            (Value::Set(a), Value::Set(b)) => Arc::ptr_eq(a, b),
            (Value::Hash(a), Value::Hash(b)) => Arc::ptr_eq(a, b),
            (Value::Sorted(a), Value::Sorted(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// One of the types that a value may have.
pub trait Typed: Clone + Default {
    fn of(value: &Value) -> Option<&Self>;
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    fn wrap(self) -> Value;
}

macro_rules! typed {
    ($($type:ty => $variant:ident),*) => { $(
        impl Typed for $type {
            fn of(value: &Value) -> Option<&Self> {
                if let Value::$variant(v) = value { Some(&**v) } else { None }
            }
            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                if let Value::$variant(v) = value { Some(Arc::make_mut(v)) } else { None }
            }
            fn wrap(self) -> Value {
                Value::$variant(Arc::new(self))
            }
        }
    )* };
}

typed!(Vec<u8> => Text, List => List, Set => Set, Hash => Hash, Sorted => Sorted);

#[derive(Clone, Debug, Default)]
pub struct List {
    items: VecDeque<Text>,
    bytes: usize,
}

/// An end of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    Left,
    Right,
}

impl List {
    pub fn items(&self) -> &VecDeque<Text> {
        &self.items
    }

    pub fn push(&mut self, end: End, item: Text) {
        self.bytes += item.len() + ITEM;
        match end {
            End::Left => self.items.push_front(item),
            End::Right => self.items.push_back(item),
        }
    }

    pub fn pop(&mut self, end: End) -> Option<Text> {
        let item = match end {
            End::Left => self.items.pop_front(),
            End::Right => self.items.pop_back(),
        }?;
        self.bytes -= item.len() + ITEM;
        Some(item)
    }

    /// Any other change.
    pub fn edit<R>(&mut self, act: impl FnOnce(&mut VecDeque<Text>) -> R) -> R {
        let r = act(&mut self.items);
        self.bytes = self.items.iter().map(|i| i.len() + ITEM).sum();
        r
    }
}

/// What stands beside a name in a collection.
pub trait Beside: Clone {
    fn bytes(&self) -> usize;
}

impl Beside for () {
    fn bytes(&self) -> usize {
        0
    }
}

impl Beside for Text {
    fn bytes(&self) -> usize {
        self.len() + ITEM
    }
}

impl Beside for f64 {
    fn bytes(&self) -> usize {
        ITEM
    }
}

/// Names with something beside each, in the order in which they came.
#[derive(Clone, Debug)]
pub struct Ordered<V> {
    items: BTreeMap<Text, (u64, V)>,
    next: u64,
    bytes: usize,
}

impl<V> Default for Ordered<V> {
    fn default() -> Self {
        Ordered { items: BTreeMap::new(), next: 0, bytes: 0 }
    }
}

impl<V: Beside> Ordered<V> {
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn has(&self, name: &[u8]) -> bool {
        self.items.contains_key(name)
    }

    pub fn get(&self, name: &[u8]) -> Option<&V> {
        self.items.get(name).map(|(_, v)| v)
    }

    /// Whether it is new.
    pub fn put(&mut self, name: &Text, value: V) -> bool {
        self.bytes += value.bytes();
        if let Some((_, old)) = self.items.get_mut(name) {
            self.bytes -= old.bytes();
            *old = value;
            return false;
        }
        self.bytes += name.len() + ITEM;
        self.items.insert(name.clone(), (self.next, value));
        self.next += 1;
        true
    }

    pub fn remove(&mut self, name: &[u8]) -> Option<V> {
        let (_, value) = self.items.remove(name)?;
        self.bytes -= name.len() + ITEM + value.bytes();
        Some(value)
    }

    pub fn all(&self) -> Vec<(Text, V)> {
        let mut all: Vec<_> = self.items.iter().map(|(n, (at, v))| (*at, n.clone(), v.clone())).collect();
        all.sort_by_key(|(at, ..)| *at);
        all.into_iter().map(|(_, n, v)| (n, v)).collect()
    }
}

impl Set {
    /// Small sets of numbers are kept in their order.
    pub fn members(&self) -> Vec<Text> {
        const MOST_NUMBERS: usize = 512;
        let mut all: Vec<Text> = self.all().into_iter().map(|(n, ())| n).collect();
        if all.len() <= MOST_NUMBERS && all.iter().all(|n| integer(n).is_some()) {
            all.sort_by_key(|n| integer(n));
        }
        all
    }
}

impl Sorted {
    /// By score, then by name.
    pub fn ranked(&self) -> Vec<(Text, f64)> {
        let mut all: Vec<(Text, f64)> = self.items.iter().map(|(n, (_, s))| (n.clone(), *s)).collect();
        all.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
        all
    }
}

/// A number that is written as Redis writes it: no sign before it, no zeros, no spaces.
pub fn integer(text: &[u8]) -> Option<i64> {
    let n: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (n.to_string().as_bytes() == text).then_some(n)
}
