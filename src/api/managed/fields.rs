//! Which places a value has: what somebody owns who applies it.
//!
//! Real Kubernetes: sigs.k8s.io/structured-merge-diff/typed/tofieldset.go.

use std::collections::BTreeMap;

use serde_json::Value;

use super::element::{Path, PathElement};
use super::schema::{ListKind, Part, Schema};
use super::set::FieldSet;
use super::typed::{Typed, item_element};

impl Typed<'_> {
    /// The places of the value: its scalars, its items, what counts as one value, and the keys of its maps.
    pub fn fields(&self) -> FieldSet {
        let mut out = FieldSet::default();
        collect(&self.value, self.schema, &mut vec![], &mut out);
        out
    }
}

fn collect(v: &Value, schema: Schema<'_>, path: &mut Path, out: &mut FieldSet) {
    let atom = schema.resolve();
    match (atom.part(Some(v)).0, v) {
        (Part::Scalar, _) => out.insert(path),
        (Part::Map, _) if atom.map.is_some_and(|m| m.atomic) => out.insert(path),
        (Part::List, _) if atom.list.is_some_and(|l| matches!(l.kind, ListKind::Atomic)) => out.insert(path),
        (Part::Map, Value::Object(m)) => {
            let Some(map) = atom.map else { return };
            for (key, v) in m {
                path.push(PathElement::field(key));
                collect(v, map.at(key), path, out);
                let empty = v.is_null() || v.as_object().is_some_and(serde_json::Map::is_empty);
                if empty || map.field(key).is_none() {
                    out.insert(path);
                }
                path.pop();
            }
        }
        (Part::List, Value::Array(items)) => {
            let Some(list) = atom.list else { return };
            let elements: Vec<PathElement> = items.iter().filter_map(|i| item_element(&list, i)?.ok()).collect();
            let mut counts: BTreeMap<&PathElement, usize> = BTreeMap::new();
            elements.iter().for_each(|at| *counts.entry(at).or_default() += 1);
            for (at, item) in elements.iter().zip(items) {
                path.push(at.clone());
                // Items that are there twice are owned as one.
                if counts.get(at) == Some(&1) {
                    collect(item, list.element(), path, out);
                }
                out.insert(path);
                path.pop();
            }
        }
        _ => {}
    }
}
