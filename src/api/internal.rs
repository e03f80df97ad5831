//! How an error shows a whole struct: as the API server holds it, which is not how it was written. Every field is there,
//! under Go's name and in Go's order.
//!
//! Real Kubernetes: an internal type of pkg/apis through `encoding/json`. Internal types have no JSON names; the types of
//! apimachinery inside them have.

use serde::Serialize;
use serde_json::Value;

use super::canonical;
use super::schema::{Base, Field, Shape, TypeId};

/// Shows a value of the published type of that name (`networking/v1.ParentReference`).
pub fn shown<T: Serialize>(value: &T, of: &str) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    match TypeId::by_name(of) {
        Some(of) => structure(&value, of),
        None => escaped(&value.to_string()),
    }
}

fn structure(value: &Value, of: TypeId) -> String {
    let mut fields = vec![];
    if of.get().name.starts_with("meta/") {
        let mut value = value.clone();
        canonical::fill(&mut value, of);
        collect_published(&value, of, &mut fields);
    } else {
        collect(value, of, &mut fields);
    }
    format!("{{{}}}", fields.join(","))
}

/// Fields of embedded structs stand among those of the struct itself.
fn collect(value: &Value, of: TypeId, out: &mut Vec<String>) {
    for f in &of.get().fields {
        match f.base {
            Base::Struct(t) if f.inline => collect(value, t, out),
            _ => out.push(format!("{:?}:{}", f.go_name, field(value.get(f.json).unwrap_or(&Value::Null), f))),
        }
    }
}

/// The same for a struct that is shown as it is published: under its JSON names, without what is empty.
fn collect_published(value: &Value, of: TypeId, out: &mut Vec<String>) {
    for f in &of.get().fields {
        match (f.base, value.get(f.json)) {
            (Base::Struct(t), _) if f.inline => collect_published(value, t, out),
            (_, Some(v)) => out.push(format!("{:?}:{}", f.json, field(v, f))),
            _ => {}
        }
    }
}

fn field(value: &Value, f: &Field) -> String {
    match (&f.shape, value) {
        (Shape::Plain, _) => base(value, f.base),
        (_, Value::Null) => "null".into(),
        (Shape::Pointer, _) => base(value, f.base),
        (Shape::List, _) => {
            let items: Vec<String> = value.as_array().into_iter().flatten().map(|v| base(v, f.base)).collect();
            format!("[{}]", items.join(","))
        }
        (Shape::Map(_), _) => {
            let items = value.as_object().into_iter().flatten();
            let items: Vec<String> = items.map(|(k, v)| format!("{}:{}", text(k), base(v, f.base))).collect();
            format!("{{{}}}", items.join(","))
        }
    }
}

fn base(value: &Value, of: Base) -> String {
    match (of, value) {
        (Base::Struct(t), _) => structure(value, t),
        (Base::String, Value::Null) => "\"\"".into(),
        (Base::Bool, Value::Null) => "false".into(),
        (Base::Integer | Base::Float | Base::IntOrString, Value::Null) => "0".into(),
        (Base::Quantity, Value::Null) => "\"0\"".into(),
        _ => escaped(&value.to_string()),
    }
}

fn text(s: &str) -> String {
    escaped(&Value::from(s).to_string())
}

/// Go's JSON is safe to stand in a web page.
fn escaped(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::networking::v1::ParentReference;

    #[test]
    fn a_struct_is_shown_with_all_its_fields_in_gos_order() {
        let reference = ParentReference { resource: "<x>".into(), name: "a".into(), ..ParentReference::default() };
        assert_eq!(
            shown(&reference, "networking/v1.ParentReference"),
            r#"{"Group":"","Resource":"\u003cx\u003e","Namespace":"","Name":"a"}"#
        );
    }
}
