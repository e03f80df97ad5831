//! JSON as values without a schema, and back.
//! Real Kubernetes: k8s.io/apiserver/pkg/admission/plugin/cel/activation.go; ConvertToNative in cel-go.

use serde_json::{Map as JsonMap, Value as Json};

use super::value::{Error, Key, List, Map, Value};

pub fn to_value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => match n.as_i64() {
            Some(i) => Value::Int(i),
            None => Value::Double(n.as_f64().unwrap_or(0.0)),
        },
        Json::String(s) => Value::string(s),
        Json::Array(items) => Value::List(List::of(items.iter().map(to_value))),
        Json::Object(fields) => {
            let mut map = Map::default();
            for (name, value) in fields {
                map.insert(name, to_value(value));
            }
            Value::Map(map)
        }
    }
}

/// What stands for a value in an object, if anything does.
pub fn from_value(value: &Value) -> Result<Json, Error> {
    let none = || Error::new(format!("unsupported type: {}", value.type_of().name()));
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(i) => Json::from(*i),
        Value::Uint(u) => Json::from(*u),
        Value::Double(f) if f.fract() == 0.0 && f.abs() < 9e15 => Json::from(*f as i64),
        Value::Double(f) => serde_json::Number::from_f64(*f).map(Json::Number).ok_or_else(none)?,
        Value::String(s) => Json::String(s.to_string()),
        Value::Bytes(b) => {
            use base64::Engine;
            Json::String(base64::engine::general_purpose::STANDARD.encode(b))
        }
        Value::Duration(d) => Json::String(super::times::duration_text(*d)),
        Value::Timestamp(t) => Json::String(t.rfc3339()),
        Value::List(l) => Json::Array(l.items.iter().map(from_value).collect::<Result<_, _>>()?),
        Value::Map(m) => {
            let mut fields = JsonMap::new();
            for (key, v) in &m.entries {
                let name = match key {
                    Key::String(s) => s.to_string(),
                    Key::Int(i) => i.to_string(),
                    Key::Uint(u) => u.to_string(),
                    Key::Bool(b) => b.to_string(),
                };
                fields.insert(name, from_value(v)?);
            }
            fields.extend(m.hidden.iter().map(|(k, v)| (k.clone(), v.clone())));
            Json::Object(fields)
        }
        Value::Struct(s) => {
            let mut fields = JsonMap::new();
            for (name, v) in &s.fields {
                let name = super::escaping::unescape(name).unwrap_or_else(|| name.as_str().into());
                fields.insert(name.into_owned(), from_value(v)?);
            }
            Json::Object(fields)
        }
        Value::Optional(Some(v)) => from_value(v)?,
        Value::Unknown(json) => (**json).clone(),
        Value::Optional(None) | Value::Type(_) | Value::Opaque(_) | Value::Variables | Value::Invalid(_) => {
            return Err(none());
        }
    })
}
