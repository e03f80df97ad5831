//! Whether a schema is structural: its structure can be told without looking at values.
//! Real Kubernetes: pkg/apiserver/schema: validation.go ValidateStructural, complete.go.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrBool};

use super::schema_tree::{is_object, items, schema_of, type_of};
use crate::api::field::{FieldErrors, Path};
use crate::api::go_regexp::Pattern;

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// The errors come in the order of their words.
pub fn validate(s: &JSONSchemaProps, at: &Path<'_>, errors: &mut FieldErrors) {
    let mut found = FieldErrors::default();
    invariants(s, Level::Root, at, &mut found);
    complete_values(s, s, (at, at), &mut found);
    found.sort();
    errors.append(&mut found);
}

fn invariants(s: &JSONSchemaProps, level: Level, at: &Path<'_>, errors: &mut FieldErrors) {
    let items = items(s);
    if type_of(s) == "array" && items.is_none() {
        errors.required(&at.child("items"), "must be specified");
    }
    if let Some(items) = items {
        invariants(items, Level::Item, &at.child("items"), errors);
    }
    for (name, property) in s.properties.iter().flatten() {
        invariants(property, Level::Field, &at.child("properties").key(name), errors);
    }
    let others = at.child("additionalProperties");
    if s.additional_properties.is_some() && level == Level::Root {
        errors.forbidden(&others, "must not be used at the root");
    }
    if let Some(schema) = schema_of(s.additional_properties.as_ref()) {
        invariants(schema, Level::Field, &others, errors);
    }
    validate_int_or_string(s, at, errors);
    values(s, is_int_or_string(s.any_of.as_deref()), true, at, errors);
    validate_type(s, level, at, errors);
    validate_metadata(s, level, at, errors);
    let empty = s.properties.is_none() && s.x_kubernetes_preserve_unknown_fields != Some(true);
    if is_embedded(s) && empty {
        let why = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        errors.required(&at.child("properties"), why);
    }
}

fn is_embedded(s: &JSONSchemaProps) -> bool {
    s.x_kubernetes_embedded_resource == Some(true)
}

fn validate_int_or_string(s: &JSONSchemaProps, at: &Path<'_>, errors: &mut FieldErrors) {
    if s.x_kubernetes_int_or_string != Some(true) {
        return;
    }
    let why = "must be false if x-kubernetes-int-or-string is true";
    if s.x_kubernetes_preserve_unknown_fields == Some(true) {
        errors.invalid(&at.child("x-kubernetes-preserve-unknown-fields"), true, why);
    }
    if is_embedded(s) {
        errors.invalid(&at.child("x-kubernetes-embedded-resource"), true, why);
    }
}

fn validate_type(s: &JSONSchemaProps, level: Level, at: &Path<'_>, errors: &mut FieldErrors) {
    let type_ = type_of(s);
    let at_type = at.child("type");
    let free = s.x_kubernetes_int_or_string == Some(true) || s.x_kubernetes_preserve_unknown_fields == Some(true);
    if is_embedded(s) && !is_object(s) {
        let why = "must be object if x-kubernetes-embedded-resource is true";
        if type_.is_empty() {
            errors.required(&at_type, why);
        } else {
            errors.invalid(&at_type, type_, why);
        }
    } else if type_.is_empty() && !free {
        let place = match level {
            Level::Root => "at the root",
            Level::Item => "for specified array items",
            Level::Field => "for specified object fields",
        };
        errors.required(&at_type, format!("must not be empty {place}"));
    }
    if is_embedded(s) && s.additional_properties.is_some() {
        let why = "must not be used if x-kubernetes-embedded-resource is set";
        errors.forbidden(&at.child("additionalProperties"), why);
    }
    if level == Level::Root && !type_.is_empty() && !is_object(s) {
        errors.invalid(&at_type, type_, "must be object at the root");
    }
}

/// What every object has is not for the schema to define, but for restrictions of the name.
fn validate_metadata(s: &JSONSchemaProps, level: Level, at: &Path<'_>, errors: &mut FieldErrors) {
    let is_resource = level == Level::Root || is_embedded(s);
    let properties = at.child("properties");
    let property = |name: &str| s.properties.as_ref().and_then(|p| p.get(name));
    for name in ["kind", "apiVersion"] {
        if let Some(p) = property(name).filter(|p| is_resource && type_of(p) != "string") {
            errors.invalid(&properties.key(name).child("type"), type_of(p), "must be string");
        }
    }
    let Some(metadata) = property("metadata") else { return };
    let at = properties.key("metadata");
    if is_resource && !is_object(metadata) {
        errors.invalid(&at.child("type"), type_of(metadata), "must be object");
    }
    if level == Level::Root {
        let mut rest = metadata.clone();
        let names = rest.properties.iter().flatten().filter(|(n, _)| *n == "name" || *n == "generateName").count();
        if names > 0 && rest.properties.as_ref().is_some_and(|p| p.len() == names) {
            rest.properties = None;
        }
        (rest.type_, rest.default) = (None, None);
        if rest != JSONSchemaProps::default() {
            let why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
            errors.forbidden(&at, why);
        }
    }
}

/// `anyOf: [{type: integer}, {type: string}]`, which int-or-string may be written as.
fn is_int_or_string(any_of: Option<&[JSONSchemaProps]>) -> bool {
    let only = |type_: &str| JSONSchemaProps { type_: Some(type_.into()), ..JSONSchemaProps::default() };
    any_of.is_some_and(|all| *all == [only("integer"), only("string")])
}

/// What a schema says of values must not say anything of the structure. `skip` leaves out its `anyOf`, `first` that of the first in `allOf` if
/// it is the one that int-or-string is written as.
fn values(s: &JSONSchemaProps, skip: bool, first: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    if !skip {
        for (i, schema) in s.any_of.iter().flatten().enumerate() {
            nested(schema, false, &at.child("anyOf").index(i), errors);
        }
    }
    for (i, schema) in s.all_of.iter().flatten().enumerate() {
        let skip = first && i == 0 && is_int_or_string(schema.any_of.as_deref());
        nested(schema, skip, &at.child("allOf").index(i), errors);
    }
    for (i, schema) in s.one_of.iter().flatten().enumerate() {
        nested(schema, false, &at.child("oneOf").index(i), errors);
    }
    if let Some(schema) = &s.not {
        nested(schema, false, &at.child("not"), errors);
    }
    if let Some(pattern) = s.pattern.as_deref()
        && let Some(why) = Pattern::new(pattern).refusal()
    {
        let why = format!("must be a valid regular expression, but isn't: {why}");
        errors.invalid(&at.child("pattern"), pattern, why);
    }
}

fn nested(s: &JSONSchemaProps, skip: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    values(s, skip, false, at, errors);
    if let Some(items) = items(s) {
        nested(items, false, &at.child("items"), errors);
    }
    for (name, property) in s.properties.iter().flatten() {
        nested(property, false, &at.child("properties").key(name), errors);
    }
    let additional = s.additional_properties.as_ref().is_some_and(|a| *a != JSONSchemaPropsOrBool::Bool(false));
    for (field, set, must) in [
        ("type", s.type_.is_some(), "empty"),
        ("additionalProperties", additional, "undefined"),
        ("default", s.default.is_some(), "undefined"),
        ("title", s.title.is_some(), "empty"),
        ("description", s.description.is_some(), "empty"),
        ("nullable", s.nullable == Some(true), "false"),
        ("x-kubernetes-preserve-unknown-fields", s.x_kubernetes_preserve_unknown_fields == Some(true), "false"),
        ("x-kubernetes-embedded-resource", is_embedded(s), "false"),
        ("x-kubernetes-int-or-string", s.x_kubernetes_int_or_string == Some(true), "false"),
        ("x-kubernetes-list-map-keys", s.x_kubernetes_list_map_keys.is_some(), "empty"),
        ("x-kubernetes-list-type", s.x_kubernetes_list_type.is_some(), "undefined"),
        ("x-kubernetes-map-type", s.x_kubernetes_map_type.is_some(), "undefined"),
        ("x-kubernetes-validations", s.x_kubernetes_validations.is_some(), "empty"),
    ] {
        if set {
            errors.forbidden(&at.child(field), format!("must be {must} to be structural"));
        }
    }
    if s.properties.as_ref().is_some_and(|p| p.contains_key("metadata")) {
        errors.forbidden(&at.child("properties").key("metadata"), "must not be specified in a nested context");
    }
}

/// Every field that is spoken of under `allOf` and its like must be there outside of them. The first path leads to the structure, the
/// second to what is said of its values.
fn complete_values(v: &JSONSchemaProps, s: &JSONSchemaProps, at: (&Path<'_>, &Path<'_>), errors: &mut FieldErrors) {
    let (at_s, at_v) = at;
    if let Some(not) = &v.not {
        complete_nested(not, Some(s), (at_s, &at_v.child("not")), errors);
    }
    for (name, all) in [("allOf", &v.all_of), ("anyOf", &v.any_of), ("oneOf", &v.one_of)] {
        for (i, schema) in all.iter().flatten().enumerate() {
            complete_nested(schema, Some(s), (at_s, &at_v.child(name).index(i)), errors);
        }
    }
}

fn complete_nested(
    v: &JSONSchemaProps,
    s: Option<&JSONSchemaProps>,
    at: (&Path<'_>, &Path<'_>),
    errors: &mut FieldErrors,
) {
    let (at_s, at_v) = at;
    let Some(s) = s else {
        return errors.required(at_s, format!("because it is defined in {at_v}"));
    };
    complete_values(v, s, at, errors);
    if let Some(below) = items(v) {
        complete_nested(below, items(s), (&at_s.child("items"), &at_v.child("items")), errors);
    }
    for (name, below) in v.properties.iter().flatten() {
        let (properties_s, properties_v) = (at_s.child("properties"), at_v.child("properties"));
        let property = s.properties.as_ref().and_then(|p| p.get(name));
        complete_nested(below, property, (&properties_s.key(name), &properties_v.key(name)), errors);
    }
}
