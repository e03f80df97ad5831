//! Whether a patched object still has the shape of its kind, in the words of Go's converter.
//! Real Kubernetes: k8s.io/apimachinery/pkg/runtime/converter.go (`fromUnstructured`), which strategic patches go through.

use serde_json::Value;

use super::canonical::{bad_base64, whole, word};
use super::schema::{Base, Field, Shape, TypeId};
use super::{quantity, time};

/// Why the value cannot become a struct of that type; `None` if it can. Fields are looked at in Go's order.
pub fn refusal(v: &Value, of: TypeId) -> Option<String> {
    let map = match v {
        Value::Null => return None,
        Value::Object(map) => map,
        other => return Some(format!("cannot restore struct from: {}", go_kind(other))),
    };
    of.get().fields.iter().find_map(|f| match f.base {
        Base::Struct(t) if f.inline => refusal(v, t),
        _ => field(map.get(f.json)?, f),
    })
}

/// Numbers that are too large for an int32 lose what does not fit, as Go converts between its numbers. Tells whether there were any.
pub fn wrap(v: &mut Value, of: TypeId) -> bool {
    let Value::Object(map) = v else { return false };
    let mut any = false;
    for f in &of.get().fields {
        let Some(v) = map.get_mut(f.json) else { continue };
        match v {
            Value::Array(items) if matches!(f.shape, Shape::List) => {
                items.iter_mut().for_each(|i| any |= wrap_base(i, f, f.go_elem));
            }
            Value::Object(items) if matches!(f.shape, Shape::Map(_)) => {
                items.values_mut().for_each(|i| any |= wrap_base(i, f, f.go_elem));
            }
            one => any |= wrap_base(one, f, if matches!(f.shape, Shape::Plain) { f.go_type } else { f.go_elem }),
        }
    }
    any
}

fn wrap_base(v: &mut Value, f: &Field, go: &str) -> bool {
    match (f.base, v.as_i64()) {
        (Base::Struct(t), _) => wrap(v, t),
        (Base::Integer, Some(n)) if go == "int32" && i32::try_from(n).is_err() => {
            // The low half, with its sign.
            *v = (n as i32).into();
            true
        }
        _ => false,
    }
}

fn field(v: &Value, f: &Field) -> Option<String> {
    match (&f.shape, v) {
        (_, Value::Null) => None,
        (Shape::Plain, _) => base(v, f, f.go_type),
        (Shape::Pointer, _) => base(v, f, f.go_elem),
        (Shape::List, Value::Array(items)) => items.iter().find_map(|i| base(i, f, f.go_elem)),
        (Shape::List, other) => Some(format!("cannot restore slice from {}", go_kind(other))),
        (Shape::Map(_), Value::Object(m)) => m.values().find_map(|i| base(i, f, f.go_elem)),
        (Shape::Map(_), other) => Some(format!("cannot restore map from {}", go_kind(other))),
    }
}

fn base(v: &Value, f: &Field, go: &str) -> Option<String> {
    if v.is_null() {
        return None;
    }
    let own = |of: &str| Some(format!("json: cannot unmarshal {} into Go value of type {of}", word(v, of)));
    match f.base {
        Base::Struct(t) => refusal(v, t),
        Base::Raw => None,
        Base::Quantity => {
            let fault = v.as_str().map_or_else(|| (!v.is_number()).then_some(quantity::NOT_ONE), quantity::fault);
            fault.map(Into::into)
        }
        Base::IntOrString if v.is_string() || whole(v).is_some() => None,
        Base::IntOrString => own("int32"),
        Base::Time | Base::MicroTime => match v.as_str() {
            Some(s) => time::unreadable(s, f.base == Base::MicroTime),
            None => own("string"),
        },
        Base::Bytes if v.is_string() => {
            let at = v.as_str().and_then(bad_base64)?;
            Some(format!("error decoding from json: illegal base64 data at input byte {at}"))
        }
        Base::Bytes => Some(format!("cannot restore slice from {}", go_kind(v))),
        // Go converts between numbers and from integers to strings; JSON does not.
        Base::String => match v {
            Value::String(_) => None,
            v if whole(v).is_some() => Some(format!("cannot convert int64 to {go}")),
            _ => Some("unrecognized type: string".into()),
        },
        Base::Integer => match v {
            v if whole(v).is_some() => None,
            Value::Number(_) => Some(format!("cannot convert float64 to {go}")),
            _ => Some(format!("unrecognized type: {go}")),
        },
        Base::Float if v.is_number() => None,
        Base::Float => Some(format!("unrecognized type: {go}")),
        Base::Bool => (!v.is_boolean()).then(|| "unrecognized type: bool".into()),
    }
}

/// What Go's reflection calls a decoded value.
fn go_kind(v: &Value) -> &'static str {
    match v {
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
        Value::Null => "invalid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::Deployment;
    use crate::api::object::Resource;
    use crate::api::schema;
    use serde_json::json;

    #[test]
    fn what_cannot_be_converted_is_told_as_go_tells_it() {
        for (value, want) in [
            (json!({"spec": {"replicas": "two"}}), "unrecognized type: int32"),
            (json!({"spec": {"replicas": 1.5}}), "cannot convert float64 to int32"),
            (json!({"spec": {"replicas": [1]}}), "unrecognized type: int32"),
            (json!({"spec": {"paused": 1}}), "unrecognized type: bool"),
            (json!({"spec": "x"}), "cannot restore struct from: string"),
            (json!({"spec": [1]}), "cannot restore struct from: slice"),
            (json!({"spec": {"template": {"spec": {"containers": {"a": "b"}}}}}), "cannot restore slice from map"),
            (json!({"metadata": {"labels": {"a": 1}}}), "cannot convert int64 to string"),
            (json!({"metadata": {"labels": ["a"]}}), "cannot restore map from slice"),
            (
                json!({"spec": {"strategy": {"rollingUpdate": {"maxSurge": true}}}}),
                "json: cannot unmarshal bool into Go value of type int32",
            ),
        ] {
            assert_eq!(refusal(&value, schema::type_of(Deployment::kind_ref())).as_deref(), Some(want), "{value}");
        }
        assert_eq!(
            refusal(&json!({"spec": {"replicas": 2.0, "nope": 1}}), schema::type_of(Deployment::kind_ref())),
            None
        );
    }
}
