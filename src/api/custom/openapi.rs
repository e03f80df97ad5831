//! A custom kind's schema as the API server publishes it: with what every object has.
//! Real Kubernetes: apiextensions-apiserver/pkg/controller/openapi/builder.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::{Map, Value, json};

const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const EMBEDDED_API_VERSION: &str = "apiVersion defines the versioned schema of this representation of an object. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const EMBEDDED_KIND: &str = "kind is a string value representing the type of this object. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const METADATA: &str = "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
const META_REF: &str = "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const UNKNOWN: &str = "x-kubernetes-preserve-unknown-fields";
const INT_OR_STRING: &str = "x-kubernetes-int-or-string";

/// What of a version is published beside its schema.
pub struct About<'a> {
    pub group: &'a str,
    pub version: &'a str,
    pub kind: &'a str,
    /// The fields that a selector may name, as paths without the first dot.
    pub selectable: &'a [&'static str],
}

/// The schema in OpenAPI v3.
pub fn published(schema: Option<&JSONSchemaProps>, about: &About<'_>) -> Value {
    let mut out = match schema {
        None => json!({"type": "object"}),
        Some(schema) => {
            let mut v = unfolded(schema);
            set_type(&mut v, API_VERSION, KIND);
            add_embedded(&mut v, false);
            v
        }
    };
    about.add_to(&mut out);
    out
}

/// The schema in OpenAPI v2, whose clients know less: where they would refuse what they do not understand, nothing is said.
pub fn published_v2(schema: Option<&JSONSchemaProps>, all_unknown: bool, about: &About<'_>) -> Value {
    let mut out = match schema {
        Some(schema) if !all_unknown && schema.x_kubernetes_preserve_unknown_fields != Some(true) => {
            let mut v = unfolded(schema);
            simplify(&mut v);
            set_type(&mut v, API_VERSION, KIND);
            add_embedded(&mut v, true);
            v
        }
        _ => json!({"type": "object"}),
    };
    about.add_to(&mut out);
    out
}

impl About<'_> {
    fn add_to(&self, schema: &mut Value) {
        let kind = json!({"group": self.group, "version": self.version, "kind": self.kind});
        schema["x-kubernetes-group-version-kind"] = json!([kind]);
        if let Some(fields) = self.selectable_fields() {
            schema["x-kubernetes-selectable-fields"] = fields;
        }
    }

    pub fn selectable_fields(&self) -> Option<Value> {
        let fields: Vec<Value> = self.selectable.iter().map(|path| json!({"fieldPath": path})).collect();
        (!fields.is_empty()).then(|| fields.into())
    }
}

/// The schema as it was written, without what says nothing; what may be a number or a text says so in plain words.
fn unfolded(schema: &JSONSchemaProps) -> Value {
    let mut v = serde_json::to_value(schema).unwrap_or_default();
    unfold(&mut v, false);
    v
}

/// `within`: among the alternatives of a schema, which say nothing of fields without a name.
fn unfold(v: &mut Value, within: bool) {
    let Some(map) = v.as_object_mut() else { return };
    map.retain(|key, value| match value {
        Value::Bool(false) => key == "additionalProperties" || key == "default" || key == "example",
        Value::String(text) => !text.is_empty() || key == "default" || key == "example",
        Value::Array(items) => !items.is_empty() || key == "default" || key == "example",
        Value::Object(inner) => !inner.is_empty() || key != "properties",
        _ => true,
    });
    if within {
        map.remove("additionalProperties");
    }
    for key in ["items", "additionalProperties"] {
        map.get_mut(key).into_iter().for_each(|inner| unfold(inner, within));
    }
    map.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten().for_each(|(_, p)| unfold(p, within));
    map.get_mut("not").into_iter().for_each(|inner| unfold(inner, true));
    for key in ["allOf", "anyOf", "oneOf"] {
        map.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().for_each(|inner| unfold(inner, true));
    }
    if !within && map.get(INT_OR_STRING) == Some(&Value::Bool(true)) {
        either(map);
    }
}

/// A number or a text, unless that is said already.
fn either(map: &mut Map<String, Value>) {
    let both = json!([{"type": "integer"}, {"type": "string"}]);
    if map.get("anyOf") == Some(&both) || map.get("allOf").is_some_and(|all| all[0]["anyOf"] == both) {
        return;
    }
    if !map.contains_key("anyOf") {
        map.insert("anyOf".into(), both);
        return;
    }
    let all = map.entry("allOf").or_insert_with(|| json!([]));
    if let Some(all) = all.as_array_mut() {
        all.insert(0, json!({"anyOf": both}));
    }
}

/// Real Kubernetes: pkg/controller/openapi/v2/conversion.go ToStructuralOpenAPIV2, and handler.PruneDefaults.
fn simplify(v: &mut Value) {
    let Some(map) = v.as_object_mut() else { return };
    for key in ["allOf", "oneOf", "anyOf", "not", "default"] {
        map.remove(key);
    }
    let unknown = map.get(UNKNOWN) == Some(&Value::Bool(true));
    let nullable = map.remove("nullable").is_some();
    if nullable {
        map.remove("type");
    }
    if nullable || unknown {
        map.remove("items");
        map.remove("properties");
    }
    let kind = map.get("type").and_then(Value::as_str).unwrap_or("");
    if (kind == "array" && !map.contains_key("items")) || (kind == "object" && unknown) {
        map.remove("type");
    }
    let null = |v: &Value| v["nullable"] == true;
    let nullables = |v: &Value| -> Vec<String> {
        v.as_object().into_iter().flatten().filter(|(_, p)| null(p)).map(|(name, _)| name.clone()).collect()
    };
    let free = map.get("properties").map(nullables).unwrap_or_default();
    if let Some(required) = map.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|r| !free.iter().any(|f| r == f));
    }
    if map.get("additionalProperties").is_some_and(null) || map.get("required") == Some(&json!([])) {
        map.remove("required");
    }
    for key in ["items", "additionalProperties"] {
        map.get_mut(key).into_iter().for_each(simplify);
    }
    map.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten().for_each(|(_, p)| simplify(p));
}

fn set_type(v: &mut Value, api_version: &str, kind: &str) {
    v["properties"]["apiVersion"] = json!({"type": "string", "description": api_version});
    v["properties"]["kind"] = json!({"type": "string", "description": kind});
    v["properties"]["metadata"] = json!({"allOf": [{"$ref": META_REF}], "description": METADATA});
}

/// Objects within an object have what objects have. `strict`: where nothing is known of their fields, clients would refuse all others.
fn add_embedded(v: &mut Value, strict: bool) {
    let Some(map) = v.as_object_mut() else { return };
    for inner in ["items", "additionalProperties"] {
        map.get_mut(inner).into_iter().for_each(|inner| add_embedded(inner, strict));
    }
    let properties = map.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flatten().for_each(|(_, p)| add_embedded(p, strict));
    let says = |key: &str| map.get(key) == Some(&Value::Bool(true));
    if !says("x-kubernetes-embedded-resource") || strict && says(UNKNOWN) {
        return;
    }
    set_type(v, EMBEDDED_API_VERSION, EMBEDDED_KIND);
    let mut required = v["required"].as_array().cloned().unwrap_or_default();
    for name in ["kind", "apiVersion"] {
        if !required.iter().any(|r| r == name) {
            required.push(name.into());
        }
    }
    v["required"] = required.into();
}
