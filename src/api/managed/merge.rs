//! What an object becomes when somebody applies a configuration to it: what the configuration says, and the rest as it
//! was.
//!
//! Real Kubernetes: sigs.k8s.io/structured-merge-diff/typed/merge.go.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::element::PathElement;
use super::schema::{List, ListKind, Map, Part, Schema};
use super::typed::{Typed, item_element};

impl<'a> Typed<'a> {
    /// This value with the other laid over it.
    pub fn merge(&self, config: &Typed<'_>) -> Typed<'a> {
        self.with(merged(self.schema, Some(&self.value), Some(&config.value)).unwrap_or(Value::Null))
    }
}

/// At least one of the two is there. Nothing comes of maps and lists of which nothing is left.
fn merged(schema: Schema<'_>, live: Option<&Value>, config: Option<&Value>) -> Option<Value> {
    let atom = schema.resolve();
    match atom.part(config.or(live)).0 {
        Part::Scalar => leaf(live, config),
        Part::Map => maps(&atom.map?, live, config),
        Part::List => lists(&atom.list?, live, config),
        Part::None => None,
    }
}

fn leaf(live: Option<&Value>, config: Option<&Value>) -> Option<Value> {
    config.or(live).cloned()
}

fn maps(map: &Map<'_>, live: Option<&Value>, config: Option<&Value>) -> Option<Value> {
    let (l, c) = (live.and_then(Value::as_object), config.and_then(Value::as_object));
    let empty = |m: Option<&serde_json::Map<String, Value>>| m.is_none_or(serde_json::Map::is_empty);
    if map.atomic || (empty(l) && empty(c)) {
        return leaf(live, config);
    }
    let keys: BTreeSet<&String> = l.into_iter().chain(c).flat_map(serde_json::Map::keys).collect();
    let of = |m: Option<&'_ serde_json::Map<String, Value>>, key: &String| m.and_then(|m| m.get(key)).cloned();
    let entry = |key: &String| {
        let (l, c) = (of(l, key), of(c, key));
        merged(map.at(key), l.as_ref(), c.as_ref()).map(|v| (key.clone(), v))
    };
    let out: serde_json::Map<String, Value> = keys.into_iter().filter_map(entry).collect();
    (!out.is_empty()).then_some(Value::Object(out))
}

fn lists(list: &List<'_>, live: Option<&Value>, config: Option<&Value>) -> Option<Value> {
    let (l, c) = (live.and_then(Value::as_array), config.and_then(Value::as_array));
    let empty = |l: Option<&Vec<Value>>| l.is_none_or(Vec::is_empty);
    if matches!(list.kind, ListKind::Atomic) || (empty(l) && empty(c)) {
        return leaf(live, config);
    }
    let out = Items::of(list, l.map_or(&[], Vec::as_slice), c.map_or(&[], Vec::as_slice)).merged(list);
    (!out.is_empty()).then_some(Value::Array(out))
}

/// The items of two lists, each with what tells it from the others.
struct Items<'v> {
    live: Vec<(PathElement, &'v Value)>,
    config: Vec<(PathElement, &'v Value)>,
    /// What of the live list an applied item is merged into: null for items that are there twice.
    live_at: BTreeMap<PathElement, &'v Value>,
    config_at: BTreeMap<PathElement, &'v Value>,
}

impl<'v> Items<'v> {
    fn of(list: &List<'_>, live: &'v [Value], config: &'v [Value]) -> Items<'v> {
        let named = |items: &'v [Value]| -> Vec<(PathElement, &'v Value)> {
            items.iter().filter_map(|i| Some((item_element(list, i)?.ok()?, i))).collect()
        };
        let (live, config) = (named(live), named(config));
        let mut live_at = BTreeMap::new();
        for (at, item) in &live {
            live_at.entry(at.clone()).and_modify(|v| *v = &Value::Null).or_insert(*item);
        }
        let config_at = config.iter().cloned().collect();
        Items { live, config, live_at, config_at }
    }

    /// The items in an order that keeps the applied one, and the live one as far as that allows: an item that only the
    /// live list has stays behind the one that it stood behind.
    fn merged(&self, list: &List<'_>) -> Vec<Value> {
        let mut shared: VecDeque<&PathElement> =
            self.config.iter().map(|(at, _)| at).filter(|at| self.live_at.contains_key(at)).collect();
        let mut next_shared = shared.pop_front();
        let mut taken: BTreeSet<&PathElement> = BTreeSet::new();
        let mut out = vec![];
        let (mut l, mut c) = (0, 0);
        while l < self.live.len() || c < self.config.len() {
            if let (Some((at, _)), Some((other, _))) = (self.live.get(l), self.config.get(c)) {
                if at == other {
                    taken.insert(at);
                    out.extend(self.item(list, at));
                    l += 1;
                    c += 1;
                    next_shared = shared.pop_front();
                    continue;
                }
                if self.config_at.contains_key(at) && next_shared.is_some_and(|next| next != at) {
                    // It is applied too, but its turn comes later.
                    l += 1;
                    continue;
                }
            }
            if let Some((at, item)) = self.live.get(l) {
                if !self.config_at.contains_key(at) {
                    out.extend(merged(list.element(), Some(item), None));
                    l += 1;
                    continue;
                }
                if taken.contains(at) {
                    l += 1;
                }
            }
            if let Some((at, _)) = self.config.get(c) {
                taken.insert(at);
                out.extend(self.item(list, at));
                c += 1;
                if next_shared == Some(at) {
                    next_shared = shared.pop_front();
                }
            }
        }
        out
    }

    fn item(&self, list: &List<'_>, at: &PathElement) -> Option<Value> {
        merged(list.element(), self.live_at.get(at).copied(), self.config_at.get(at).copied())
    }
}
