//! Values inside an error message as the API server shows them: its internal structs have no JSON tags, so a struct is
//! written with Go's names of its fields, in their order, the empty ones too.
//!
//! Real Kubernetes: apimachinery/pkg/util/validation/field/errors.go ErrorBody, encoding/json. The internal types are taken
//! to be as the published ones, which holds for those that are shown here.

use serde::Serialize;
use serde_json::{Map, Value};

use super::canonical;
use super::schema::{Base, Field, Shape, TypeId};

/// The text for a value of the type of that name in the layout (`rbac/v1.RoleRef`), or for a list of such values.
pub fn shown<T: Serialize>(value: &T, type_name: &str) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    let base = TypeId::by_name(type_name).map_or(Base::Raw, Base::Struct);
    let mut out = String::new();
    match &value {
        Value::Array(items) => write_list(&mut out, items, base),
        v => write(&mut out, v, base),
    }
    out
}

/// The text for a value without structs.
pub fn plain(v: &Value) -> String {
    let mut out = String::new();
    write_plain(&mut out, v);
    out
}

fn write(out: &mut String, v: &Value, base: Base) {
    match (base, v) {
        (Base::Struct(of), Value::Object(map)) if is_published(of) => {
            let mut filled = Value::Object(map.clone());
            canonical::fill(&mut filled, of);
            braced(out, |out, first| write_published(out, filled.as_object(), of, first));
        }
        (Base::Struct(of), Value::Object(map)) => braced(out, |out, first| write_internal(out, map, of, first)),
        (Base::Quantity, Value::String(s)) => out.push_str(&quoted(&super::quantity::canonical(s))),
        (_, v) => write_plain(out, v),
    }
}

/// Types of the metadata are used as they are published, with their JSON names.
fn is_published(of: TypeId) -> bool {
    of.get().name.starts_with("meta/")
}

fn braced(out: &mut String, inside: impl FnOnce(&mut String, &mut bool)) {
    out.push('{');
    inside(out, &mut true);
    out.push('}');
}

fn write_key(out: &mut String, name: &str, first: &mut bool) {
    if !std::mem::take(first) {
        out.push(',');
    }
    out.push_str(&quoted(name));
    out.push(':');
}

fn write_published(out: &mut String, map: Option<&Map<String, Value>>, of: TypeId, first: &mut bool) {
    for f in &of.get().fields {
        if let Some(v) = map.and_then(|m| m.get(f.json)) {
            write_key(out, f.json, first);
            write_field(out, v, f);
        }
    }
}

fn write_internal(out: &mut String, map: &Map<String, Value>, of: TypeId, first: &mut bool) {
    for f in &of.get().fields {
        match f.base {
            Base::Struct(t) if f.inline => write_internal(out, map, t, first),
            // Metadata is embedded, so that its fields stand among the others.
            Base::Struct(t) if f.go_name == "ObjectMeta" => {
                let mut meta = map.get(f.json).cloned().unwrap_or_else(|| Value::Object(Map::new()));
                canonical::fill(&mut meta, t);
                write_published(out, meta.as_object(), t, first);
            }
            _ => {
                write_key(out, f.go_name, first);
                match map.get(f.json) {
                    Some(v) if !v.is_null() => write_field(out, v, f),
                    _ => write_absent(out, f),
                }
            }
        }
    }
}

fn write_field(out: &mut String, v: &Value, f: &Field) {
    match v {
        Value::Array(items) if f.shape == Shape::List => write_list(out, items, f.base),
        Value::Object(map) if matches!(f.shape, Shape::Map(_)) => braced(out, |out, first| {
            for (k, v) in map {
                write_key(out, k, first);
                write(out, v, f.base);
            }
        }),
        v => write(out, v, f.base),
    }
}

fn write_list(out: &mut String, items: &[Value], base: Base) {
    out.push('[');
    for (i, v) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write(out, v, base);
    }
    out.push(']');
}

/// Go's zero value of a field.
fn write_absent(out: &mut String, f: &Field) {
    let zero = match (&f.shape, f.base) {
        (Shape::Plain, Base::Struct(of)) => return write(out, &Value::Object(Map::new()), Base::Struct(of)),
        (Shape::Plain, Base::String) => "\"\"",
        (Shape::Plain, Base::Quantity) => "\"0\"",
        (Shape::Plain, Base::Bool) => "false",
        (Shape::Plain, Base::Integer | Base::Float | Base::IntOrString) => "0",
        _ => "null",
    };
    out.push_str(zero);
}

fn write_plain(out: &mut String, v: &Value) {
    match v {
        Value::String(s) => out.push_str(&quoted(s)),
        Value::Array(items) => write_list(out, items, Base::Raw),
        Value::Object(map) => braced(out, |out, first| {
            for (k, v) in map {
                write_key(out, k, first);
                write_plain(out, v);
            }
        }),
        other => out.push_str(&other.to_string()),
    }
}

/// A string as Go's encoder writes it, which keeps HTML safe.
fn quoted(text: &str) -> String {
    let plain = Value::from(text).to_string();
    [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u{2028}", "\\u2028"), ("\u{2029}", "\\u2029")]
        .into_iter()
        .fold(plain, |text, (sign, escape)| text.replace(sign, escape))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_internal_struct_shows_every_field_under_its_go_name() {
        assert_eq!(
            shown(
                &json!({"attacher": "a<b", "source": {"persistentVolumeName": "pv"}}),
                "storage/v1.VolumeAttachmentSpec"
            ),
            r#"{"Attacher":"a\u003cb","Source":{"PersistentVolumeName":"pv","InlineVolumeSpec":null},"NodeName":""}"#
        );
    }

    #[test]
    fn metadata_keeps_its_published_names_and_is_embedded() {
        assert_eq!(
            shown(
                &json!({"metadata": {"labels": {"a": "b"}, "name": "x"}, "spec": {"devices": {}}}),
                "resource/v1.ResourceClaimTemplateSpec"
            ),
            r#"{"name":"x","labels":{"a":"b"},"Spec":{"Devices":{"Requests":null,"Constraints":null,"Config":null}}}"#
        );
        assert_eq!(shown(&json!({"matchLabels": {"a": "b"}}), "meta/v1.LabelSelector"), r#"{"matchLabels":{"a":"b"}}"#);
    }

    #[test]
    fn a_list_shows_its_items() {
        assert_eq!(
            shown(&json!([{"matchFields": [{"key": "k", "operator": "In"}]}]), "core/v1.NodeSelectorTerm"),
            r#"[{"MatchExpressions":null,"MatchFields":[{"Key":"k","Operator":"In","Values":null}]}]"#
        );
    }
}
