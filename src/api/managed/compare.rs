//! What differs between two values of one type.
//!
//! Real Kubernetes: sigs.k8s.io/structured-merge-diff/typed/compare.go.

use std::collections::BTreeMap;

use serde_json::Value;

use super::element::{Path, PathElement};
use super::filter::Filter;
use super::schema::{List, ListKind, Map, Part, Schema};
use super::set::FieldSet;
use super::typed::{Typed, item_element};
use super::values;

/// The places that the second value has and the first has not, those that both have and that differ, and those that
/// only the first has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Comparison {
    pub added: FieldSet,
    pub modified: FieldSet,
    pub removed: FieldSet,
}

impl Comparison {
    pub fn is_same(&self) -> bool {
        self.added.is_empty() && self.modified.is_empty() && self.removed.is_empty()
    }

    pub(super) fn filtered(self, filter: &Filter) -> Comparison {
        Comparison {
            added: filter.keep(self.added),
            modified: filter.keep(self.modified),
            removed: filter.keep(self.removed),
        }
    }
}

impl Typed<'_> {
    /// What has changed from this value to the other, which has the same type.
    pub fn compare(&self, new: &Typed<'_>) -> Comparison {
        let mut walk = Walk { found: Comparison::default(), path: vec![] };
        walk.visit(self.schema, Some(&self.value), Some(&new.value));
        walk.found
    }
}

struct Walk {
    found: Comparison,
    path: Path,
}

impl Walk {
    /// At least one of the two is there.
    fn visit(&mut self, schema: Schema<'_>, old: Option<&Value>, new: Option<&Value>) {
        let atom = schema.resolve();
        let (before, after) = (atom.part(old), atom.part(new));
        let mut leaf = false;
        let handle = |walk: &mut Walk, part: Part| match part {
            Part::Scalar => walk.leaf(old, new),
            Part::Map => atom.map.is_some_and(|map| walk.maps(&map, old, new)),
            Part::List => atom.list.is_some_and(|list| walk.lists(&list, old, new)),
            Part::None => false,
        };
        match (old, new) {
            (_, None) => leaf |= handle(self, before.0),
            (None, Some(_)) => leaf |= handle(self, after.0),
            (Some(_), Some(_)) => {
                // A value may have changed from a map to a scalar: both ends are looked at.
                if before != after {
                    handle(self, before.0);
                }
                leaf |= handle(self, after.0);
            }
        }
        if !leaf {
            match (old, new) {
                (None, _) => self.found.added.insert(&self.path),
                (_, None) => self.found.removed.insert(&self.path),
                _ => {}
            }
        }
    }

    /// The two as single values. Says that they were taken as such.
    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) -> bool {
        match (old, new) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            (Some(old), Some(new)) if !values::equal(old, new) => self.found.modified.insert(&self.path),
            _ => {}
        }
        true
    }

    fn maps(&mut self, map: &Map<'_>, old: Option<&Value>, new: Option<&Value>) -> bool {
        let (before, after) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
        let empty = |m: Option<&serde_json::Map<String, Value>>| m.is_none_or(serde_json::Map::is_empty);
        if map.atomic || (empty(before) && empty(after)) {
            return self.leaf(old, new);
        }
        for (key, v) in before.into_iter().flatten() {
            self.descend(PathElement::field(key), map.at(key), Some(v), after.and_then(|m| m.get(key)));
        }
        let is_new = |key: &String| before.is_none_or(|m| !m.contains_key(key));
        for (key, v) in after.into_iter().flatten().filter(|(key, _)| is_new(key)) {
            self.descend(PathElement::field(key), map.at(key), None, Some(v));
        }
        false
    }

    fn descend(&mut self, at: PathElement, schema: Schema<'_>, old: Option<&Value>, new: Option<&Value>) {
        self.path.push(at);
        self.visit(schema, old, new);
        self.path.pop();
    }

    fn to(&self, at: PathElement) -> Path {
        self.path.iter().cloned().chain([at]).collect()
    }

    fn lists(&mut self, list: &List<'_>, old: Option<&Value>, new: Option<&Value>) -> bool {
        let (before, after) = (old.and_then(Value::as_array), new.and_then(Value::as_array));
        let empty = |l: Option<&Vec<Value>>| l.is_none_or(Vec::is_empty);
        if matches!(list.kind, ListKind::Atomic) || (empty(before) && empty(after)) {
            return self.leaf(old, new);
        }
        // All items by what tells them apart; there may be several that nothing does.
        let mut items: BTreeMap<PathElement, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
        for item in before.into_iter().flatten() {
            if let Some(Ok(at)) = item_element(list, item) {
                items.entry(at).or_default().0.push(item);
            }
        }
        for item in after.into_iter().flatten() {
            if let Some(Ok(at)) = item_element(list, item) {
                items.entry(at).or_default().1.push(item);
            }
        }
        for (at, (before, after)) in items {
            self.items(list, at, &before, &after);
        }
        false
    }

    fn items(&mut self, list: &List<'_>, at: PathElement, before: &[&Value], after: &[&Value]) {
        let (first, last) = (before.first().copied(), after.first().copied());
        match (before.len(), after.len()) {
            (0 | 1, 0 | 1) => self.descend(at, list.element(), first, last),
            // Items that are there twice are compared as one value.
            (2.., 2..) => {
                let same = before.len() == after.len() && before.iter().zip(after).all(|(a, b)| values::equal(a, b));
                if !same {
                    self.found.modified.insert(&self.to(at));
                }
            }
            (2.., _) => {
                if last.is_some() {
                    self.descend(at.clone(), list.element(), None, last);
                }
                self.found.removed.insert(&self.to(at));
            }
            (_, 2..) => {
                if first.is_some() {
                    self.descend(at.clone(), list.element(), first, None);
                }
                self.found.added.insert(&self.to(at));
            }
        }
    }
}
