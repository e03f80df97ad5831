//! A [`Structural`] is made of the schema as a CustomResourceDefinition has it.
//! Real Kubernetes: pkg/apiserver/schema/convert.go NewStructural, pkg/apiserver/validation/formats.go.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use serde_json::Value;

use super::{Additional, Checks, Extensions, Structural, formats};
use crate::api::go_regexp::Pattern;

/// Whose values are judged by the schema.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judges {
    /// Objects: formats nobody knows judge nothing, and `x-kubernetes-int-or-string` is a type.
    Objects,
    /// Defaults in the schema itself, which are held against it as it is written.
    Defaults,
}

impl Structural {
    /// Reads a schema. The error tells what of it has no place in a structural schema.
    pub fn new(schema: &JSONSchemaProps) -> Result<Structural, String> {
        build(schema, Judges::Objects)
    }

    /// The same schema to judge its own default values by.
    pub fn for_defaults(schema: &JSONSchemaProps) -> Result<Structural, String> {
        build(schema, Judges::Defaults)
    }
}

fn build(s: &JSONSchemaProps, judges: Judges) -> Result<Structural, String> {
    refuse_unsupported(s)?;
    let type_ = s.type_.clone().unwrap_or_default();
    let int_or_string = s.x_kubernetes_int_or_string == Some(true);
    let types = match judges {
        Judges::Objects if int_or_string => vec!["integer".into(), "string".into()],
        _ if type_.is_empty() => vec![],
        _ => vec![type_.clone()],
    };
    let items = match &s.items {
        None => None,
        Some(JSONSchemaPropsOrArray::Schema(items)) => Some(Box::new(build(items, judges)?)),
        Some(JSONSchemaPropsOrArray::Schemas(all)) if all.is_empty() => None,
        Some(JSONSchemaPropsOrArray::Schemas(_)) => {
            return Err("OpenAPIV3Schema 'items' must be a schema, but is an array".into());
        }
    };
    let properties = s.properties.iter().flatten().map(|(name, p)| Ok((name.clone(), build(p, judges)?)));
    let additional_properties = match &s.additional_properties {
        None => None,
        Some(JSONSchemaPropsOrBool::Bool(allowed)) => Some(Additional::Allowed(*allowed)),
        Some(JSONSchemaPropsOrBool::Schema(schema)) => Some(Additional::Schema(Box::new(build(schema, judges)?))),
    };
    Ok(Structural {
        types,
        nullable: s.nullable == Some(true),
        default: s.default.as_ref().map(|d| d.0.clone()).filter(|d| !d.is_null()),
        items,
        properties: properties.collect::<Result<_, String>>()?,
        additional_properties,
        extensions: extensions(s)?,
        checks: checks(s, if int_or_string { "" } else { &type_ }, judges)?,
    })
}

fn refuse_unsupported(s: &JSONSchemaProps) -> Result<(), String> {
    let text = |t: &Option<String>| t.as_ref().is_some_and(|t| !t.is_empty());
    for (name, used) in [
        ("id", text(&s.id)),
        ("schema", text(&s.schema)),
        ("$ref", text(&s.ref_path)),
        ("patternProperties", s.pattern_properties.as_ref().is_some_and(|p| !p.is_empty())),
        ("dependencies", s.dependencies.as_ref().is_some_and(|d| !d.is_empty())),
        ("additionalItems", s.additional_items.is_some()),
        ("definitions", s.definitions.as_ref().is_some_and(|d| !d.is_empty())),
    ] {
        if used {
            return Err(format!("OpenAPIV3Schema '{name}' is not supported"));
        }
    }
    Ok(())
}

fn extensions(s: &JSONSchemaProps) -> Result<Extensions, String> {
    if s.x_kubernetes_preserve_unknown_fields == Some(false) {
        return Err("internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined".into());
    }
    Ok(Extensions {
        preserve_unknown_fields: s.x_kubernetes_preserve_unknown_fields == Some(true),
        embedded_resource: s.x_kubernetes_embedded_resource == Some(true),
        int_or_string: s.x_kubernetes_int_or_string == Some(true),
        list_type: s.x_kubernetes_list_type.clone(),
        list_map_keys: s.x_kubernetes_list_map_keys.clone().unwrap_or_default(),
        map_type: s.x_kubernetes_map_type.clone(),
        rules: s.x_kubernetes_validations.clone().unwrap_or_default(),
    })
}

fn checks(s: &JSONSchemaProps, type_: &str, judges: Judges) -> Result<Checks, String> {
    let each = |all: &Option<Vec<JSONSchemaProps>>| -> Result<Vec<Structural>, String> {
        all.iter().flatten().map(|s| build(s, judges)).collect()
    };
    let format = s.format.as_deref().filter(|f| judges == Judges::Defaults || formats::known(type_, f)).unwrap_or("");
    Ok(Checks {
        format: format.into(),
        maximum: s.maximum,
        exclusive_maximum: s.exclusive_maximum == Some(true),
        minimum: s.minimum,
        exclusive_minimum: s.exclusive_minimum == Some(true),
        multiple_of: s.multiple_of,
        max_length: s.max_length,
        min_length: s.min_length,
        pattern: s.pattern.as_deref().filter(|p| !p.is_empty()).map(Pattern::new),
        max_items: s.max_items,
        min_items: s.min_items,
        unique_items: s.unique_items == Some(true),
        max_properties: s.max_properties,
        min_properties: s.min_properties,
        required: s.required.clone().unwrap_or_default(),
        enumeration: values(s.enum_.as_deref().unwrap_or_default()),
        all_of: each(&s.all_of)?,
        any_of: each(&s.any_of)?,
        one_of: each(&s.one_of)?,
        not: s.not.as_ref().map(|s| build(s, judges).map(Box::new)).transpose()?,
    })
}

fn values(all: &[JSON]) -> Vec<Value> {
    all.iter().map(|v| v.0.clone()).collect()
}
