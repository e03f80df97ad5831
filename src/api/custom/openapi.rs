//! A custom kind's schema as the API server publishes it: with what every object has.
//! Real Kubernetes: apiextensions-apiserver/pkg/controller/openapi/builder.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::{Value, json};

const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const EMBEDDED_API_VERSION: &str = "apiVersion defines the versioned schema of this representation of an object. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const EMBEDDED_KIND: &str = "kind is a string value representing the type of this object. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const METADATA: &str = "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
const META_REF: &str = "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The schema in OpenAPI v3. `gvk`: group, version and kind.
pub fn published(schema: Option<&JSONSchemaProps>, gvk: [&str; 3]) -> Value {
    let mut out = match schema {
        None => json!({"type": "object"}),
        Some(schema) => {
            let mut v = serde_json::to_value(schema).unwrap_or_default();
            set_type(&mut v, API_VERSION, KIND);
            add_embedded(&mut v);
            v
        }
    };
    out["x-kubernetes-group-version-kind"] = json!([{"group": gvk[0], "version": gvk[1], "kind": gvk[2]}]);
    out
}

fn set_type(v: &mut Value, api_version: &str, kind: &str) {
    v["properties"]["apiVersion"] = json!({"type": "string", "description": api_version});
    v["properties"]["kind"] = json!({"type": "string", "description": kind});
    v["properties"]["metadata"] = json!({"allOf": [{"$ref": META_REF}], "description": METADATA});
}

/// Objects within an object have what objects have.
fn add_embedded(v: &mut Value) {
    let Some(map) = v.as_object_mut() else { return };
    for inner in ["items", "additionalProperties"] {
        map.get_mut(inner).into_iter().for_each(add_embedded);
    }
    map.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten().for_each(|(_, p)| add_embedded(p));
    if map.get("x-kubernetes-embedded-resource") != Some(&Value::Bool(true)) {
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
