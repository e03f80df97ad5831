//! Objects within an object: their metadata is typed, whatever the schema says of it.
//! Real Kubernetes: pkg/apiserver/schema/objectmeta: algorithm.go, coerce.go, validation.go.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value};

use super::{Additional, Structural};
use crate::api::canonical;
use crate::api::field::{Fault, FieldError, FieldErrors, Path};
use crate::api::names;
use crate::api::schema::{Base, Shape, TypeId};

const METADATA: &str = "meta/v1.ObjectMeta";

/// Drops what is no field of metadata from embedded objects, and gives the paths of it, sorted. Metadata of the wrong shape is refused.
pub fn coerce(value: &mut Value, s: &Structural, at: &Path<'_>) -> Result<Vec<String>, Box<FieldError>> {
    let mut unknown = vec![];
    coerce_below(value, s, s.extensions.embedded_resource, at, &mut unknown)?;
    unknown.sort();
    Ok(unknown)
}

/// The same for the metadata of the object itself. The error is Go's alone, without a path.
pub fn coerce_metadata(object: &mut Value) -> Result<Vec<String>, String> {
    let Some(map) = object.as_object_mut() else { return Ok(vec![]) };
    let mut unknown = vec![];
    coerce_own(map, &Path::root(), &mut unknown).map_err(|e| match e.fault {
        Fault::Invalid { detail, .. } => detail,
        _ => e.to_string(),
    })?;
    unknown.sort();
    Ok(unknown)
}

/// The same for a whole object, which has metadata even if its schema does not say so.
pub fn coerce_object(value: &mut Value, s: &Structural, at: &Path<'_>) -> Result<(), Box<FieldError>> {
    coerce_below(value, s, true, at, &mut vec![])
}

fn coerce_below(
    value: &mut Value,
    s: &Structural,
    embedded: bool,
    at: &Path<'_>,
    unknown: &mut Vec<String>,
) -> Result<(), Box<FieldError>> {
    match value {
        Value::Object(map) => {
            if embedded {
                coerce_own(map, at, unknown)?;
            }
            for (key, value) in map {
                if let Some(property) = s.properties.get(key) {
                    let embedded = property.extensions.embedded_resource;
                    coerce_below(value, property, embedded, &at.child(key), unknown)?;
                } else if let Some(Additional::Schema(schema)) = &s.additional_properties {
                    coerce_below(value, schema, schema.extensions.embedded_resource, &at.key(key), unknown)?;
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = &s.items {
                for (i, item) in items.iter_mut().enumerate() {
                    coerce_below(item, schema, schema.extensions.embedded_resource, &at.index(i), unknown)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn coerce_own(map: &mut Map<String, Value>, at: &Path<'_>, unknown: &mut Vec<String>) -> Result<(), Box<FieldError>> {
    let refuse = |field: &str, value: &Value, detail: String| {
        let fault = Fault::Invalid { value: value.clone(), detail };
        Err(Box::new(FieldError { path: at.child(field).to_string(), fault }))
    };
    for field in ["apiVersion", "kind"] {
        if let Some(value) = map.get(field).filter(|v| !v.is_string()) {
            return refuse(field, value, "must be a string".into());
        }
    }
    let Some(metadata) = map.get_mut("metadata") else { return Ok(()) };
    let Some(layout) = TypeId::by_name(METADATA) else { return Ok(()) };
    let findings = canonical::check(metadata, layout);
    if let Some(why) = findings.mismatch {
        return refuse("metadata", metadata, why);
    }
    let prefix = at.child("metadata").to_string();
    unknown.extend(findings.unknown.iter().map(|field| format!("{prefix}.{field}")));
    let mut read = std::mem::take(metadata);
    if !read.is_object() {
        read = Value::Object(Map::new());
    }
    as_read(&mut read, layout);
    *metadata = read;
    Ok(())
}

/// What is left of a value once Go has read it into a type and written it again.
fn as_read(value: &mut Value, of: TypeId) {
    let Value::Object(map) = value else { return };
    map.retain(|name, value| {
        let Some(field) = of.field(name) else { return false };
        if let Base::Struct(inner) = field.base {
            match &field.shape {
                Shape::List => value.as_array_mut().into_iter().flatten().for_each(|v| as_read(v, inner)),
                Shape::Map(_) => value.as_object_mut().into_iter().flatten().for_each(|(_, v)| as_read(v, inner)),
                Shape::Plain | Shape::Pointer => as_read(value, inner),
            }
        }
        let zero = match value {
            Value::Null => true,
            Value::String(s) => s.is_empty() && field.shape == Shape::Plain,
            Value::Bool(b) => !*b && field.shape == Shape::Plain,
            Value::Number(n) => n.as_f64() == Some(0.0) && field.shape == Shape::Plain,
            Value::Array(a) => a.is_empty(),
            Value::Object(o) => o.is_empty() && matches!(field.shape, Shape::Map(_)),
        };
        !(zero && (field.omit_empty || field.omit_zero || value.is_null()))
    });
}

/// Judges the objects embedded in a value: they have a kind, a version, and metadata as every object has.
pub fn validate_embedded(value: &Value, s: &Structural, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_below(value, s, s.extensions.embedded_resource, at, errors);
}

/// The same for a whole object, which is judged like one that is embedded.
pub fn validate_object(value: &Value, s: &Structural, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_below(value, s, true, at, errors);
}

fn validate_below(value: &Value, s: &Structural, embedded: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    match value {
        Value::Object(map) => {
            if embedded {
                validate_own(map, at, errors);
            }
            for (key, value) in map {
                if let Some(property) = s.properties.get(key) {
                    validate_embedded(value, property, &at.child(key), errors);
                } else if let Some(Additional::Schema(schema)) = &s.additional_properties {
                    validate_embedded(value, schema, &at.key(key), errors);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = &s.items {
                for (i, item) in items.iter().enumerate() {
                    validate_embedded(item, schema, &at.index(i), errors);
                }
            }
        }
        _ => {}
    }
}

fn validate_own(map: &Map<String, Value>, at: &Path<'_>, errors: &mut FieldErrors) {
    for field in ["apiVersion", "kind"] {
        if !map.contains_key(field) {
            errors.required(&at.child(field), "");
        }
    }
    for (field, judge) in [("apiVersion", api_version as fn(&str) -> Option<String>), ("kind", kind)] {
        let Some(value) = map.get(field) else { continue };
        let why = match value.as_str() {
            None => Some("must be a string".into()),
            Some("") => Some("must not be empty".into()),
            Some(text) => judge(text),
        };
        if let Some(why) = why {
            errors.invalid(&at.child(field), value.clone(), why);
        }
    }
    let Some(metadata) = map.get("metadata") else { return };
    let at = at.child("metadata");
    let mismatch = TypeId::by_name(METADATA).and_then(|t| canonical::check(metadata, t).mismatch);
    match (mismatch, serde_json::from_value::<ObjectMeta>(without_nulls(metadata))) {
        (Some(why), _) => errors.invalid(&at, metadata.clone(), why),
        (None, Err(_)) => {}
        (None, Ok(mut meta)) => {
            if meta.name.as_deref().unwrap_or("").is_empty() {
                meta.name = Some("fakename".into());
            }
            let namespaced = meta.namespace.as_deref().is_some_and(|n| !n.is_empty());
            names::validate_meta_at(&meta, namespaced, names::path_segment, &at, errors);
        }
    }
}

fn without_nulls(metadata: &Value) -> Value {
    match metadata {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, v)| !v.is_null());
            Value::Object(kept.map(|(k, v)| (k.clone(), v.clone())).collect())
        }
        _ => Value::Object(Map::new()),
    }
}

fn api_version(text: &str) -> Option<String> {
    (text.matches('/').count() > 1).then(|| format!("unexpected GroupVersion string: {text}"))
}

fn kind(text: &str) -> Option<String> {
    let why = names::dns1035_label(&text.to_lowercase(), false);
    (!why.is_empty()).then(|| format!("may have mixed case, but should otherwise match: {}", why.join(",")))
}
