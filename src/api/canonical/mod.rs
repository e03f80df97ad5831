//! Makes JSON of typed objects equal to what Go writes, and reads JSON as strictly as Go does.
//!
//! Rust's types leave an absent field out; Go writes a struct field even when it is empty (`resources: {}`,
//! `lastProbeTime: null`) unless told otherwise. [`fill`] adds those. [`check`] finds unknown fields and values
//! of the wrong type, which the typed decoder alone would drop or word differently.

mod check;
mod mixed;
mod nulls;

use serde::Serialize;
use serde_json::{Map, Value};

use super::schema::{Base, Field, Shape, TypeId};
use super::{go_text, quantity};

pub use check::{Findings, bad_base64, check, whole, word};
pub use nulls::read_nulls;

/// Adds the empty fields that Go writes, and spells quantities canonically.
pub fn fill(v: &mut Value, of: TypeId) {
    Filling { quantity: quantity::canonical }.fill(v, of);
}

struct Filling {
    /// How a quantity is spelled.
    quantity: fn(&str) -> String,
}

impl Filling {
    fn fill(&self, v: &mut Value, of: TypeId) {
        let Value::Object(map) = v else { return };
        self.fill_struct(map, of);
    }

    fn fill_struct(&self, map: &mut Map<String, Value>, of: TypeId) {
        for f in &of.get().fields {
            if f.inline {
                if let Base::Struct(t) = f.base {
                    self.fill_struct(map, t);
                }
                continue;
            }
            // A quantity that nobody has given is none, whatever the type makes of it.
            if f.base == Base::Quantity && map.get(f.json).and_then(Value::as_str) == Some("") {
                map.remove(f.json);
            }
            match map.get_mut(f.json) {
                Some(Value::Null) | None => {
                    map.remove(f.json);
                    if let Some(zero) = zero(f) {
                        map.insert(f.json.to_string(), zero);
                    }
                }
                Some(value) => match f.shape {
                    Shape::Plain if f.omit_empty && is_zero(value) && !f.base.writes_itself() => {
                        map.remove(f.json);
                    }
                    Shape::Plain | Shape::Pointer => self.fill_base(value, f.base),
                    Shape::List | Shape::Map(_) if empty(value) && f.omit_empty => {
                        map.remove(f.json);
                    }
                    // The store does not tell an empty list from none.
                    Shape::List | Shape::Map(_) if empty(value) => *value = Value::Null,
                    Shape::List | Shape::Map(_) => items(value).for_each(|v| self.fill_base(v, f.base)),
                },
            }
        }
    }

    fn fill_base(&self, v: &mut Value, base: Base) {
        match base {
            Base::Struct(t) => self.fill(v, t),
            Base::Quantity => {
                spell_number(v);
                if let Value::String(s) = v {
                    *s = (self.quantity)(s);
                }
            }
            // In schemas of custom resources, numbers stand in what is only looked at as JSON too.
            Base::Float | Base::Raw => go_text::plain_numbers(v),
            _ => {}
        }
    }
}

/// A quantity may be sent as a number: its text is what a client makes of it.
fn spell_number(v: &mut Value) {
    if v.is_number() {
        *v = Value::String(go_text::plain_json(v));
    }
}

/// What a list or a map holds.
fn items(v: &mut Value) -> Box<dyn Iterator<Item = &mut Value> + '_> {
    match v {
        Value::Array(items) => Box::new(items.iter_mut()),
        Value::Object(map) => Box::new(map.values_mut()),
        _ => Box::new(std::iter::empty()),
    }
}

/// The type of what is said of a user besides name and groups: several texts under one key.
const EXTRA: &str = "ExtraValue";

/// A number, a text or a truth that Go takes for none.
fn is_zero(v: &Value) -> bool {
    match v {
        Value::Bool(b) => !b,
        Value::String(s) => s.is_empty(),
        Value::Number(n) => n.as_f64() == Some(0.0),
        _ => false,
    }
}

fn empty(v: &Value) -> bool {
    matches!(v, Value::Array(a) if a.is_empty()) || matches!(v, Value::Object(o) if o.is_empty())
}

/// Takes out what Go cannot tell from nothing: the zero of a plain field that is left out when it is empty. Rust's types
/// could tell the two, and would find a difference where there is none. Quantities become texts.
pub fn drop_zeros(v: &mut Value, of: TypeId) {
    let Value::Object(map) = v else { return };
    drop_zeros_of(map, of);
}

fn drop_zeros_of(map: &mut Map<String, Value>, of: TypeId) {
    for f in &of.get().fields {
        if let Base::Struct(t) = f.base
            && f.inline
        {
            drop_zeros_of(map, t);
            continue;
        }
        if f.shape == Shape::Plain && f.omit_empty && !f.base.writes_itself() && map.get(f.json).is_some_and(is_zero) {
            map.remove(f.json);
        }
        let Some(v) = map.get_mut(f.json) else { continue };
        let read = |v: &mut Value| match f.base {
            Base::Struct(t) => drop_zeros(v, t),
            Base::Quantity => spell_number(v),
            _ => {}
        };
        match f.shape {
            Shape::Plain | Shape::Pointer => read(v),
            Shape::List | Shape::Map(_) => items(v).for_each(read),
        }
    }
}

/// What Go writes for an absent field; `None` if it writes nothing.
fn zero(f: &Field) -> Option<Value> {
    if f.omit_zero {
        return None;
    }
    if f.shape != Shape::Plain {
        return if f.omit_empty { None } else { Some(Value::Null) };
    }
    match f.base {
        // Go's `omitempty` does not apply to structs.
        Base::Struct(t) => {
            let mut zero = Value::Object(Map::new());
            fill(&mut zero, t);
            Some(zero)
        }
        Base::Time | Base::MicroTime => Some(Value::Null),
        Base::Quantity => Some(Value::from("0")),
        Base::IntOrString => Some(Value::from(0)),
        _ if f.omit_empty => None,
        Base::String => Some(Value::from("")),
        Base::Bool => Some(Value::from(false)),
        Base::Integer | Base::Float => Some(Value::from(0)),
        Base::Bytes | Base::Raw => Some(Value::Null),
    }
}

/// Whether two values of a type mean the same to the API server: an empty list is none, and `1024` is `1Ki`.
/// Real Kubernetes: apimachinery/pkg/api/equality Semantic.DeepEqual.
pub fn equal<T: PartialEq + Serialize>(a: &T, b: &T, type_name: &str) -> bool {
    let by_amount = Filling { quantity: quantity::amount };
    let filled = |v: &T| {
        let mut v = serde_json::to_value(v).unwrap_or_default();
        if let Some(of) = TypeId::by_name(type_name) {
            match &mut v {
                Value::Array(items) => items.iter_mut().for_each(|v| by_amount.fill(v, of)),
                v => by_amount.fill(v, of),
            }
        }
        v
    };
    a == b || filled(a) == filled(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;
    use crate::api::object::Resource;
    use crate::api::schema::type_of;
    use serde_json::json;

    #[test]
    fn the_empty_fields_that_go_writes_are_there() {
        let mut v = json!({"metadata": {"name": "x"}, "spec": {"containers": [{"name": "a"}]}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        fill(&mut v, type_of(kinds::Pod::kind_ref()));
        assert_eq!(v["spec"]["containers"][0]["resources"], json!({}));
        assert_eq!(v["status"]["conditions"][0]["lastProbeTime"], Value::Null);
        assert!(v["status"]["conditions"][0].as_object().is_some_and(|c| c.contains_key("lastProbeTime")));
        assert!(!v["metadata"].as_object().is_some_and(|m| m.contains_key("creationTimestamp")));
    }

    #[test]
    fn what_go_takes_for_empty_is_left_out_or_null() {
        let mut v = json!({"description": "", "globalDefault": false, "value": 0, "preemptionPolicy": ""});
        fill(&mut v, type_of(kinds::PriorityClass::kind_ref()));
        assert_eq!(v, json!({"metadata": {}, "value": 0, "preemptionPolicy": ""}));
        let mut v = json!({"rules": [], "aggregationRule": {"clusterRoleSelectors": []}});
        fill(&mut v, type_of(kinds::ClusterRole::kind_ref()));
        assert_eq!(v, json!({"metadata": {}, "rules": null, "aggregationRule": {}}));
    }

    #[test]
    fn equal_is_what_means_the_same() {
        let of = "node/v1.Overhead";
        assert!(equal(&json!({"podFixed": {"cpu": "1000m"}}), &json!({"podFixed": {"cpu": 1}}), of));
        assert!(equal(
            &json!({"podFixed": {"cpu": "1.500", "memory": "1Ki"}}),
            &json!({"podFixed": {"cpu": "1500m", "memory": 1024}}),
            of
        ));
        assert!(equal(&json!({"podFixed": {}}), &json!({}), of));
        assert!(!equal(&json!({"podFixed": {"cpu": "1"}}), &json!({}), of));
        assert!(equal(&json!([{"podFixed": {}}]), &json!([{}]), of));
    }
}
