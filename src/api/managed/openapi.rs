//! Types of custom resources, from the OpenAPI v3 schemas in their definitions.
//!
//! Real Kubernetes: k8s.io/kube-openapi/pkg/schemaconv/openapi.go, and apiextensions-apiserver's
//! pkg/controller/openapi/builder, which adds the metadata.

use serde_json::Value;

use super::schema::{Atom, Fields, Keys, List, ListKind, Map, Scalar, Schema};
use crate::api::schema::TypeId;

/// Under a schema with this, fields that nobody declares are kept.
const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";
/// What is there is an object with metadata of its own.
const EMBEDDED: &str = "x-kubernetes-embedded-resource";

fn text<'a>(of: &'a Value, key: &str) -> &'a str {
    of.get(key).and_then(Value::as_str).unwrap_or("")
}

fn says(of: &Value, key: &str) -> bool {
    of.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// Whether unknown fields are kept here: it is said here or further out.
fn is_open(of: &Value, open: bool) -> bool {
    open || says(of, PRESERVE)
}

pub(super) fn resolve(of: &Value, open: bool) -> Atom<'_> {
    let open = is_open(of, open);
    let fields = Fields::OpenApi { of, open };
    match text(of, "type") {
        "object" => Atom { map: Some(map(of, open, fields)), ..Atom::default() },
        "array" => Atom { list: Some(list(of, open)), ..Atom::default() },
        "" => Atom { map: Some(map(of, open, fields)), scalar: Some(Scalar::Untyped), list: Some(list(of, open)) },
        sort => Atom { scalar: Some(scalar(sort, text(of, "format"))), ..Atom::default() },
    }
}

pub(super) fn resource(of: &Value, open: bool) -> Atom<'_> {
    let open = is_open(of, open);
    Atom { map: Some(map(of, open, Fields::Resource { of, open })), ..Atom::default() }
}

fn scalar(sort: &str, format: &str) -> Scalar {
    match (sort, format) {
        ("integer" | "number", _) => Scalar::Numeric,
        ("boolean", _) => Scalar::Boolean,
        ("string", "" | "byte") => Scalar::String,
        _ => Scalar::Untyped,
    }
}

fn map<'a>(of: &'a Value, open: bool, fields: Fields<'a>) -> Map<'a> {
    let has_properties = matches!(fields, Fields::Resource { .. })
        || says(of, EMBEDDED)
        || of.get("properties").and_then(Value::as_object).is_some_and(|p| !p.is_empty());
    let element = match of.get("additionalProperties") {
        None | Some(Value::Null) if open || !has_properties => Schema::Deduced,
        None | Some(Value::Null | Value::Bool(false)) => Schema::Nothing,
        Some(Value::Bool(true)) => Schema::Deduced,
        Some(inner) => Schema::OpenApi { of: inner, open },
    };
    let fields = if has_properties { fields } else { Fields::None };
    Map { atomic: text(of, "x-kubernetes-map-type") == "atomic", fields, element }
}

fn list(of: &Value, open: bool) -> List<'_> {
    let element = of.get("items").map_or(Schema::Untyped, |items| Schema::OpenApi { of: items, open });
    let kind = match text(of, "x-kubernetes-list-type") {
        "set" => ListKind::Set,
        "map" => {
            let names = of.get("x-kubernetes-list-map-keys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            ListKind::Map(Keys::OpenApi { names, item: of.get("items").unwrap_or(&Value::Null) })
        }
        _ => ListKind::Atomic,
    };
    List { kind, element }
}

pub(super) fn property<'a>(of: &'a Value, open: bool, name: &str) -> Option<Schema<'a>> {
    if says(of, EMBEDDED)
        && let Some(own) = every_object_has(name)
    {
        return Some(own);
    }
    of.get("properties")?.get(name).map(|of| Schema::OpenApi { of, open })
}

pub(super) fn resource_field<'a>(of: &'a Value, open: bool, name: &str) -> Option<Schema<'a>> {
    every_object_has(name).or_else(|| property(of, open, name))
}

fn every_object_has<'a>(name: &str) -> Option<Schema<'a>> {
    match name {
        "apiVersion" | "kind" => Some(Schema::Scalar(Scalar::String)),
        "metadata" => TypeId::by_name("meta/v1.ObjectMeta").map(|of| Schema::Struct { of, atomic: false }),
        _ => None,
    }
}
