//! Nulls that stand where nothing can be left out.

use serde_json::{Map, Value};

use super::EXTRA;
use super::mixed::{Or, mixed};
use crate::api::schema::{Base, Field, Shape, TypeId};

/// Go reads a null that is an item of a list or of a map as the zero of its type: it cannot be left out there.
pub fn read_nulls(v: &mut Value, of: TypeId) {
    if let Value::Object(map) = v {
        read_nulls_of(map, of);
    }
}

fn read_nulls_of(map: &mut Map<String, Value>, of: TypeId) {
    for f in &of.get().fields {
        match (&f.shape, f.base) {
            (_, Base::Struct(t)) if f.inline => read_nulls_of(map, t),
            (Shape::List, _) => {
                let items = map.get_mut(f.json).and_then(Value::as_array_mut);
                items.into_iter().flatten().for_each(|v| read_null(v, f));
            }
            (Shape::Map(_), _) => {
                let items = map.get_mut(f.json).and_then(Value::as_object_mut);
                items.into_iter().flatten().for_each(|(_, v)| read_null(v, f));
            }
            (Shape::Plain | Shape::Pointer, Base::Struct(t)) => {
                map.get_mut(f.json).into_iter().for_each(|v| read_nulls(v, t));
            }
            (Shape::Plain | Shape::Pointer, Base::Raw) => {
                if let Some(v) = map.get_mut(f.json) {
                    read_mixed(v, f);
                }
            }
            _ => {}
        }
    }
}

fn read_null(item: &mut Value, f: &Field) {
    match f.base {
        _ if f.go_type.ends_with(EXTRA) => {}
        Base::Struct(_) if item.is_null() => *item = Value::Object(Map::new()),
        Base::Struct(t) => read_nulls(item, t),
        Base::Raw => read_mixed(item, f),
        _ if !item.is_null() => {}
        Base::String | Base::Bytes => *item = "".into(),
        Base::Bool => *item = false.into(),
        Base::Integer | Base::Float | Base::IntOrString => *item = 0.into(),
        Base::Quantity => *item = "0".into(),
        Base::Time | Base::MicroTime => {}
    }
}

fn read_mixed(v: &mut Value, f: &Field) {
    let Some((or, schema)) = mixed(f) else { return };
    match (or, v) {
        (_, v @ Value::Object(_)) => read_nulls(v, schema),
        (Or::Schemas, Value::Array(items)) => {
            for item in items {
                if item.is_null() {
                    *item = Value::Object(Map::new());
                }
                read_nulls(item, schema);
            }
        }
        (Or::Texts, Value::Array(items)) => {
            items.iter_mut().filter(|v| v.is_null()).for_each(|v| *v = "".into());
        }
        // What is neither is read as nothing.
        (Or::Schemas | Or::Texts, v) => *v = Value::Null,
        (Or::Bool, _) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;
    use crate::api::object::Resource;
    use crate::api::schema::type_of;
    use serde_json::json;

    #[test]
    fn a_null_among_items_is_the_zero_of_its_type() {
        let mut v = json!({"spec": {
            "containers": [null, {"args": [null], "resources": {"limits": {"cpu": null}}}],
            "volumes": [{"projected": {"sources": [null]}}],
            "nodeSelector": {"a": null},
            "hostname": null,
        }});
        read_nulls(&mut v, type_of(kinds::Pod::kind_ref()));
        let want = json!({"spec": {
            "containers": [{}, {"args": [""], "resources": {"limits": {"cpu": "0"}}}],
            "volumes": [{"projected": {"sources": [{}]}}],
            "nodeSelector": {"a": ""},
            "hostname": null,
        }});
        assert_eq!(v, want);
    }
}
