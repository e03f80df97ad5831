//! Lists that are sets or maps, and maps that are one value: `x-kubernetes-list-type` and its like.
//! Real Kubernetes: pkg/apis/apiextensions/validation ValidateCustomResourceDefinitionOpenAPISchema, validateMapListKeysMapSet.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::Value;

use super::go_shape;
use super::schema_tree::{items, type_of};
use crate::api::field::{FieldErrors, Path};

const LIST_TYPE: &str = "x-kubernetes-list-type";
const MAP_TYPE: &str = "x-kubernetes-map-type";
const MAP_KEYS: &str = "x-kubernetes-list-map-keys";

pub fn validate_map_type(s: &JSONSchemaProps, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(type_) = s.x_kubernetes_map_type.as_deref() else { return };
    must_be(s, "object", "must be object if x-kubernetes-map-type is specified", at, errors);
    errors.one_of(&at.child(MAP_TYPE), type_, &["atomic", "granular"]);
}

fn must_be(s: &JSONSchemaProps, wanted: &str, why: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    match type_of(s) {
        "" => errors.required(&at.child("type"), why),
        type_ if type_ != wanted => errors.invalid(&at.child("type"), type_, why),
        _ => {}
    }
}

/// The items of a set that are no single values: which of their extensions should say that they are.
pub fn broken_set(s: &JSONSchemaProps) -> Option<&'static str> {
    let items = items(s).filter(|_| s.x_kubernetes_list_type.as_deref() == Some("set"))?;
    match type_of(items) {
        "array" => items.x_kubernetes_list_type.as_deref().is_some_and(|t| t != "atomic").then_some(LIST_TYPE),
        "object" => (items.x_kubernetes_map_type.as_deref() != Some("atomic")).then_some(MAP_TYPE),
        _ => None,
    }
}

pub fn validate_list_type(s: &JSONSchemaProps, atomic_sets: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    let list_type = s.x_kubernetes_list_type.as_deref();
    if list_type.is_some() && type_of(s) != "array" {
        must_be(s, "array", "must be array if x-kubernetes-list-type is specified", at, errors);
    } else if let Some(field) = broken_set(s).filter(|_| atomic_sets) {
        // Of both extensions the real server shows the type of the list.
        let shown = items(s).and_then(|i| i.x_kubernetes_list_type.clone()).map_or(Value::Null, Value::from);
        let why = "must be atomic as item of a list with x-kubernetes-list-type=set";
        errors.invalid(&at.child("items").child(field), shown, why);
    }
    if let Some(type_) = list_type {
        errors.one_of(&at.child(LIST_TYPE), type_, &["atomic", "set", "map"]);
    }
    if s.x_kubernetes_list_map_keys.is_some() {
        let why = "must be map if x-kubernetes-list-map-keys is non-empty";
        match list_type {
            None => errors.required(&at.child(LIST_TYPE), why),
            Some("map") => {}
            Some(other) => errors.invalid(&at.child(LIST_TYPE), other, why),
        }
    }
    if list_type == Some("map") {
        validate_map_list(s, at, errors);
    }
}

fn validate_map_list(s: &JSONSchemaProps, at: &Path<'_>, errors: &mut FieldErrors) {
    let keys = s.x_kubernetes_list_map_keys.as_deref().unwrap_or_default();
    let at_keys = at.child(MAP_KEYS);
    let at_items = at.child("items");
    if keys.is_empty() {
        errors.required(&at_keys, "must not be empty if x-kubernetes-list-type is map");
    }
    let Some(items) = items(s) else {
        match &s.items {
            None => errors.required(&at_items, "must have a schema if x-kubernetes-list-type is map"),
            Some(several) => {
                let why = "must only have a single schema if x-kubernetes-list-type is map";
                errors.invalid_struct(&at_items, go_shape::schema_or_array(several), why);
            }
        }
        return;
    };
    if type_of(items) != "object" {
        let why = "must be object if parent array's x-kubernetes-list-type is map";
        return errors.invalid(&at_items.child("type"), type_of(items), why);
    }
    for (i, key) in keys.iter().enumerate() {
        match items.properties.as_ref().and_then(|p| p.get(key)) {
            None => errors.invalid(&at_keys, keys.to_vec(), "entries must all be names of item properties"),
            Some(property) if matches!(type_of(property), "array" | "object") => {
                let properties = at_items.child("properties");
                let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                errors.invalid(&properties.key(key).child("type"), type_of(items), why);
            }
            Some(_) => {}
        }
        if keys[..i].contains(key) {
            errors.invalid(&at_keys, keys.to_vec(), "must not contain duplicate entries");
        }
    }
}

/// Items and what tells them apart must be there.
pub fn validate_keys(s: &JSONSchemaProps, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(list_type @ ("set" | "map")) = s.x_kubernetes_list_type.as_deref() else { return };
    let Some(items) = items(s) else { return };
    let at = at.child("items");
    if items.nullable == Some(true) {
        let why = format!("cannot be nullable when x-kubernetes-list-type is {list_type}");
        errors.forbidden(&at.child("nullable"), why);
    }
    if list_type == "set" {
        return;
    }
    for key in s.x_kubernetes_list_map_keys.iter().flatten() {
        let Some(property) = items.properties.as_ref().and_then(|p| p.get(key)) else { continue };
        let properties = at.child("properties");
        let at = properties.key(key);
        let required = items.required.as_ref().is_some_and(|r| r.contains(key));
        if !required && property.default.is_none() {
            let why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
            errors.required(&at.child("default"), why);
        }
        if property.nullable == Some(true) {
            let why = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.forbidden(&at.child("nullable"), why);
        }
    }
}
