//! Parts of a definition as Go prints its own structs, which some errors show whole.
//! Real Kubernetes: pkg/apis/apiextensions: types.go, types_jsonschema.go (the fields and their order).

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceSubresources, CustomResourceValidation, JSON, JSONSchemaProps,
    JSONSchemaPropsOrArray, JSONSchemaPropsOrBool, JSONSchemaPropsOrStringArray, SelectableField, ValidationRule,
};
use serde_json::Value;

use super::hub::{Hub, HubVersion};
use crate::api::go_text;

/// What may be said at the root of a schema if the status has one of its own.
pub const ALLOWED_AT_ROOT: [&str; 22] = [
    "Description",
    "Type",
    "Format",
    "Title",
    "Maximum",
    "ExclusiveMaximum",
    "Minimum",
    "ExclusiveMinimum",
    "MaxLength",
    "MinLength",
    "Pattern",
    "MaxItems",
    "MinItems",
    "UniqueItems",
    "MultipleOf",
    "Required",
    "Items",
    "Properties",
    "ExternalDocs",
    "Example",
    "XPreserveUnknownFields",
    "XValidations",
];

/// The fields of a schema that say something, in Go's order.
pub fn set_fields(s: &JSONSchemaProps) -> Vec<&'static str> {
    fields(s).into_iter().filter(|(_, text)| !matches!(text.as_str(), "null" | "false" | "\"\"")).map(|f| f.0).collect()
}

pub fn schema(s: &JSONSchemaProps) -> String {
    structure(fields(s))
}

fn structure(fields: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let all: Vec<String> = fields.into_iter().map(|(name, text)| format!("\"{name}\":{text}")).collect();
    format!("{{{}}}", all.join(","))
}

fn or_null<T: ?Sized>(v: Option<&T>, show: impl Fn(&T) -> String) -> String {
    v.map_or_else(|| "null".into(), show)
}

fn text(t: Option<&String>) -> String {
    quoted(t.map_or("", String::as_str))
}

fn quoted(t: &str) -> String {
    go_text::json(&Value::from(t))
}

fn list<T>(all: Option<&[T]>, show: impl Fn(&T) -> String) -> String {
    or_null(all, |all| format!("[{}]", all.iter().map(&show).collect::<Vec<_>>().join(",")))
}

fn map<T>(all: Option<&BTreeMap<String, T>>, show: impl Fn(&T) -> String) -> String {
    let pair = |(name, v): (&String, &T)| format!("{}:{}", quoted(name), show(v));
    or_null(all, |all| format!("{{{}}}", all.iter().map(pair).collect::<Vec<_>>().join(",")))
}

fn flag(f: Option<bool>) -> String {
    f.unwrap_or(false).to_string()
}

fn fields(s: &JSONSchemaProps) -> Vec<(&'static str, String)> {
    let float = |f: Option<f64>| or_null(f.as_ref(), |f| go_text::json_float(*f));
    let whole = |i: Option<i64>| or_null(i.as_ref(), i64::to_string);
    let value = |v: Option<&JSON>| or_null(v, |v| go_text::json(&v.0));
    let schemas = |all: &Option<Vec<JSONSchemaProps>>| list(all.as_deref(), schema);
    let texts = |all: &Option<Vec<String>>| list(all.as_deref(), |t| quoted(t));
    vec![
        ("ID", text(s.id.as_ref())),
        ("Schema", text(s.schema.as_ref())),
        ("Ref", or_null(s.ref_path.as_ref(), |t| quoted(t))),
        ("Description", text(s.description.as_ref())),
        ("Type", text(s.type_.as_ref())),
        ("Nullable", flag(s.nullable)),
        ("Format", text(s.format.as_ref())),
        ("Title", text(s.title.as_ref())),
        ("Default", value(s.default.as_ref())),
        ("Maximum", float(s.maximum)),
        ("ExclusiveMaximum", flag(s.exclusive_maximum)),
        ("Minimum", float(s.minimum)),
        ("ExclusiveMinimum", flag(s.exclusive_minimum)),
        ("MaxLength", whole(s.max_length)),
        ("MinLength", whole(s.min_length)),
        ("Pattern", text(s.pattern.as_ref())),
        ("MaxItems", whole(s.max_items)),
        ("MinItems", whole(s.min_items)),
        ("UniqueItems", flag(s.unique_items)),
        ("MultipleOf", float(s.multiple_of)),
        ("Enum", list(s.enum_.as_deref(), |v| go_text::json(&v.0))),
        ("MaxProperties", whole(s.max_properties)),
        ("MinProperties", whole(s.min_properties)),
        ("Required", texts(&s.required)),
        ("Items", or_null(s.items.as_ref(), schema_or_array)),
        ("AllOf", schemas(&s.all_of)),
        ("OneOf", schemas(&s.one_of)),
        ("AnyOf", schemas(&s.any_of)),
        ("Not", or_null(s.not.as_deref(), schema)),
        ("Properties", map(s.properties.as_ref(), schema)),
        ("AdditionalProperties", or_null(s.additional_properties.as_ref(), schema_or_bool)),
        ("PatternProperties", map(s.pattern_properties.as_ref(), schema)),
        ("Dependencies", map(s.dependencies.as_ref(), schema_or_texts)),
        ("AdditionalItems", or_null(s.additional_items.as_ref(), schema_or_bool)),
        ("Definitions", map(s.definitions.as_ref(), schema)),
        (
            "ExternalDocs",
            or_null(s.external_docs.as_ref(), |d| {
                structure([("Description", text(d.description.as_ref())), ("URL", text(d.url.as_ref()))])
            }),
        ),
        ("Example", value(s.example.as_ref())),
        ("XPreserveUnknownFields", or_null(s.x_kubernetes_preserve_unknown_fields.as_ref(), bool::to_string)),
        ("XEmbeddedResource", flag(s.x_kubernetes_embedded_resource)),
        ("XIntOrString", flag(s.x_kubernetes_int_or_string)),
        ("XListMapKeys", texts(&s.x_kubernetes_list_map_keys)),
        ("XListType", or_null(s.x_kubernetes_list_type.as_ref(), |t| quoted(t))),
        ("XMapType", or_null(s.x_kubernetes_map_type.as_ref(), |t| quoted(t))),
        ("XValidations", list(s.x_kubernetes_validations.as_deref(), rule)),
    ]
}

pub fn schema_or_array(items: &JSONSchemaPropsOrArray) -> String {
    match items {
        JSONSchemaPropsOrArray::Schema(s) => structure([("Schema", schema(s)), ("JSONSchemas", "null".into())]),
        JSONSchemaPropsOrArray::Schemas(all) => {
            structure([("Schema", "null".into()), ("JSONSchemas", list(Some(all), schema))])
        }
    }
}

fn schema_or_bool(s: &JSONSchemaPropsOrBool) -> String {
    match s {
        JSONSchemaPropsOrBool::Schema(s) => structure([("Allows", "true".into()), ("Schema", schema(s))]),
        JSONSchemaPropsOrBool::Bool(allows) => structure([("Allows", allows.to_string()), ("Schema", "null".into())]),
    }
}

fn schema_or_texts(s: &JSONSchemaPropsOrStringArray) -> String {
    match s {
        JSONSchemaPropsOrStringArray::Schema(s) => structure([("Schema", schema(s)), ("Property", "null".into())]),
        JSONSchemaPropsOrStringArray::Strings(all) => {
            structure([("Schema", "null".into()), ("Property", list(Some(all), |t| quoted(t)))])
        }
    }
}

pub fn rule(r: &ValidationRule) -> String {
    structure([
        ("Rule", quoted(&r.rule)),
        ("Message", text(r.message.as_ref())),
        ("MessageExpression", text(r.message_expression.as_ref())),
        ("Reason", or_null(r.reason.as_ref(), |t| quoted(t))),
        ("FieldPath", text(r.field_path.as_ref())),
        ("OptionalOldSelf", or_null(r.optional_old_self.as_ref(), bool::to_string)),
    ])
}

/// All versions, without what they share.
pub fn versions(hub: &Hub<'_>) -> String {
    if hub.versions.is_empty() {
        return "null".into();
    }
    list(Some(&hub.versions), version)
}

fn version(v: &HubVersion<'_>) -> String {
    structure([
        ("Name", quoted(&v.version.name)),
        ("Served", v.version.served.to_string()),
        ("Storage", v.version.storage.to_string()),
        ("Deprecated", flag(v.version.deprecated)),
        ("DeprecationWarning", or_null(v.version.deprecation_warning.as_ref(), |t| quoted(t))),
        ("Schema", or_null(v.own.validation, validation)),
        ("Subresources", or_null(v.own.subresources, subresources)),
        ("AdditionalPrinterColumns", list(v.own.columns, column)),
        ("SelectableFields", list(v.own.selectable, selectable)),
    ])
}

fn validation(v: &CustomResourceValidation) -> String {
    structure([("OpenAPIV3Schema", or_null(v.open_api_v3_schema.as_ref(), schema))])
}

fn subresources(s: &CustomResourceSubresources) -> String {
    let scale = or_null(s.scale.as_ref(), |s| {
        structure([
            ("SpecReplicasPath", quoted(&s.spec_replicas_path)),
            ("StatusReplicasPath", quoted(&s.status_replicas_path)),
            ("LabelSelectorPath", or_null(s.label_selector_path.as_ref(), |t| quoted(t))),
        ])
    });
    structure([("Status", or_null(s.status.as_ref(), |_| "{}".into())), ("Scale", scale)])
}

fn column(c: &CustomResourceColumnDefinition) -> String {
    structure([
        ("Name", quoted(&c.name)),
        ("Type", quoted(&c.type_)),
        ("Format", text(c.format.as_ref())),
        ("Description", text(c.description.as_ref())),
        ("Priority", c.priority.unwrap_or(0).to_string()),
        ("JSONPath", quoted(&c.json_path)),
    ])
}

fn selectable(f: &SelectableField) -> String {
    structure([("JSONPath", quoted(&f.json_path))])
}
