//! A look at a schema and all schemas within it.
//! Real Kubernetes: pkg/apis/apiextensions/validation SchemaHas.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool, JSONSchemaPropsOrStringArray,
};

/// Whether `looks` is true of the schema or of one within it. It is asked in Kubernetes' order until it is.
pub fn any(s: &JSONSchemaProps, looks: &mut dyn FnMut(&JSONSchemaProps) -> bool) -> bool {
    looks(s) || below(s).into_iter().any(|s| any(s, looks))
}

fn below(s: &JSONSchemaProps) -> Vec<&JSONSchemaProps> {
    let mut out: Vec<&JSONSchemaProps> = vec![];
    match &s.items {
        Some(JSONSchemaPropsOrArray::Schema(s)) => out.push(s),
        Some(JSONSchemaPropsOrArray::Schemas(all)) => out.extend(all),
        None => {}
    }
    out.extend([&s.all_of, &s.any_of, &s.one_of].into_iter().flatten().flatten());
    out.extend(s.not.as_deref());
    out.extend(s.properties.iter().flatten().map(|(_, s)| s));
    out.extend(schema_of(s.additional_properties.as_ref()));
    out.extend(s.pattern_properties.iter().flatten().map(|(_, s)| s));
    out.extend(schema_of(s.additional_items.as_ref()));
    out.extend(s.definitions.iter().flatten().map(|(_, s)| s));
    out.extend(s.dependencies.iter().flatten().filter_map(|(_, d)| match d {
        JSONSchemaPropsOrStringArray::Schema(s) => Some(&**s),
        JSONSchemaPropsOrStringArray::Strings(_) => None,
    }));
    out
}

/// The schema of what is not named, if there is one.
pub fn schema_of(s: Option<&JSONSchemaPropsOrBool>) -> Option<&JSONSchemaProps> {
    match s {
        Some(JSONSchemaPropsOrBool::Schema(s)) => Some(s),
        _ => None,
    }
}

/// The schema of a list's items, if there is exactly one.
pub fn items(s: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match &s.items {
        Some(JSONSchemaPropsOrArray::Schema(s)) => Some(s),
        _ => None,
    }
}

pub fn is_object(s: &JSONSchemaProps) -> bool {
    type_of(s) == "object"
}

pub fn type_of(s: &JSONSchemaProps) -> &str {
    s.type_.as_deref().unwrap_or("")
}
