//! A value without some of its places, or with nothing else.
//!
//! Real Kubernetes: sigs.k8s.io/structured-merge-diff/typed/remove.go.

use serde_json::Value;

use super::element::PathElement;
use super::schema::{List, ListKind, Map, Part, Schema};
use super::set::FieldSet;
use super::typed::{Typed, item_element};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Remove,
    Extract,
}

impl<'a> Typed<'a> {
    /// The value without those places. Where everything in a map or list goes, null is left.
    pub fn remove(&self, places: &FieldSet) -> Typed<'a> {
        self.with(picked(&self.value, places, self.schema, Way::Remove))
    }

    /// The value with nothing but those places, which should be leaves.
    pub fn extract(&self, places: &FieldSet) -> Typed<'a> {
        self.with(picked(&self.value, places, self.schema, Way::Extract))
    }
}

fn picked(v: &Value, places: &FieldSet, schema: Schema<'_>, way: Way) -> Value {
    let atom = schema.resolve();
    match atom.part(Some(v)).0 {
        Part::Scalar => v.clone(),
        Part::Map => atom.map.map_or(Value::Null, |map| maps(v, places, &map, way)),
        Part::List => atom.list.map_or(Value::Null, |list| lists(v, places, &list, way)),
        Part::None => Value::Null,
    }
}

/// What is one value, or has nothing in it, is there as a whole or not at all.
fn whole(v: &Value, way: Way) -> Value {
    if way == Way::Extract { v.clone() } else { Value::Null }
}

fn maps(v: &Value, places: &FieldSet, map: &Map<'_>, way: Way) -> Value {
    let Value::Object(m) = v else { return Value::Null };
    if map.atomic || m.is_empty() {
        return whole(v, way);
    }
    let mut out = serde_json::Map::new();
    for (key, v) in m {
        let at = PathElement::field(key);
        let inner = map.at(key);
        let kept = match (places.has(&at), places.below(&at), way) {
            (true, _, Way::Extract) => picked(v, places, inner, way),
            (true, _, Way::Remove) | (false, None, Way::Extract) => continue,
            (false, None, Way::Remove) => v.clone(),
            (false, Some(below), _) => picked(v, below, inner, way),
        };
        out.insert(key.clone(), kept);
    }
    if out.is_empty() { Value::Null } else { Value::Object(out) }
}

fn lists(v: &Value, places: &FieldSet, list: &List<'_>, way: Way) -> Value {
    let Value::Array(items) = v else { return Value::Null };
    if matches!(list.kind, ListKind::Atomic) || items.is_empty() {
        return whole(v, way);
    }
    let mut out = vec![];
    for item in items {
        let Some(Ok(at)) = item_element(list, item) else { continue };
        let kept = match (places.has(&at), places.below(&at), way) {
            (true, _, Way::Remove) | (false, None, Way::Extract) => continue,
            (_, Some(below), _) => picked(item, below, list.element(), way),
            (_, None, _) => item.clone(),
        };
        out.push(kept);
    }
    if out.is_empty() { Value::Null } else { Value::Array(out) }
}
