//! The published OpenAPI definitions: the words of `kubectl explain` and the schemas behind `/openapi`.
//!
//! The data lies in `schema/definitions.txt.z` (made by `tools/api-layout`): one definition a line, inflated on first use,
//! each read when it is asked for.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;

use super::kind::KindRef;

/// One field as `kubectl explain` shows it.
#[derive(Debug)]
pub struct DocField {
    pub name: String,
    pub type_name: String,
    /// The definition to descend into, or empty.
    pub refers: String,
    /// The schema to descend into where it stands in the field itself.
    inner: Option<Value>,
    pub required: bool,
    pub enums: Vec<String>,
    pub description: String,
}

#[derive(Debug, Default)]
pub struct Doc {
    pub description: String,
    pub fields: Vec<DocField>,
}

fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let bytes = miniz_oxide::inflate::decompress_to_vec_zlib(include_bytes!("schema/definitions.txt.z"));
        String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
    })
}

/// All definitions by their names, each as JSON.
pub fn all() -> &'static BTreeMap<&'static str, &'static str> {
    static ALL: OnceLock<BTreeMap<&str, &str>> = OnceLock::new();
    ALL.get_or_init(|| text().lines().filter_map(|l| l.split_once('\t')).collect())
}

/// The published definition of that name, such as `io.k8s.api.core.v1.PodSpec`.
pub fn schema(name: &str) -> Option<Value> {
    serde_json::from_str(all().get(name)?).ok()
}

/// The same for a reader.
pub fn doc(name: &str) -> Option<Doc> {
    schema(name).map(|s| Doc::of(&s))
}

/// The definition's name of a kind.
pub fn name_of(kind: KindRef) -> String {
    name(kind.group(), kind.version(), kind.name())
}

/// The definition's name of what belongs to a group and version.
pub fn name(group: &str, version: &str, name: &str) -> String {
    let group = if group.is_empty() { "core" } else { group.split('.').next().unwrap_or("") };
    let package = match group {
        "apiextensions" => "io.k8s.apiextensions-apiserver.pkg.apis",
        "apiregistration" => "io.k8s.kube-aggregator.pkg.apis",
        "metrics" => "io.k8s.metrics.pkg.apis",
        _ => "io.k8s.api",
    };
    format!("{package}.{group}.{version}.{name}")
}

/// The documentation of a kind.
pub fn of_kind(kind: KindRef) -> Option<Doc> {
    match kind.custom() {
        Some(custom) => Some(Doc::of(custom.published())),
        None => doc(&name_of(kind)),
    }
}

impl DocField {
    /// What the field holds, if that has fields of its own.
    pub fn doc(&self) -> Option<Doc> {
        match &self.inner {
            Some(schema) => Some(Doc { description: String::new(), ..Doc::of(schema) }),
            None => doc(&self.refers),
        }
    }
}

impl Doc {
    /// Reads a schema of OpenAPI v3, published or a custom resource's own.
    pub fn of(schema: &Value) -> Doc {
        let required = |name: &str| schema["required"].as_array().is_some_and(|r| r.iter().any(|x| x == name));
        let fields = schema["properties"].as_object().into_iter().flatten().map(|(name, s)| {
            let (type_name, refers) = type_of(s);
            DocField {
                name: name.clone(),
                type_name,
                refers,
                inner: inner(s).cloned(),
                required: required(name),
                enums: s["enum"].as_array().into_iter().flatten().map(shown).collect(),
                description: s["description"].as_str().unwrap_or("").into(),
            }
        });
        Doc { description: schema["description"].as_str().unwrap_or("").into(), fields: fields.collect() }
    }
}

/// The object that stands in a schema itself, or in its items.
fn inner(schema: &Value) -> Option<&Value> {
    if schema["properties"].is_object() {
        return Some(schema);
    }
    ["items", "additionalProperties"].iter().find_map(|within| inner(schema.get(within)?))
}

fn shown(v: &Value) -> String {
    v.as_str().map_or_else(|| v.to_string(), Into::into)
}

/// The definition that a schema points at.
fn reference(schema: &Value) -> Option<&str> {
    let all_of = schema["allOf"].as_array().into_iter().flatten();
    std::iter::once(schema).chain(all_of).find_map(|s| s["$ref"].as_str()?.rsplit('/').next())
}

/// The type as `kubectl explain` names it, and the definition to descend into.
fn type_of(schema: &Value) -> (String, String) {
    if let Some(name) = reference(schema) {
        return (name.rsplit('.').next().unwrap_or(name).into(), name.into());
    }
    let inner = |s: &Value| if s.is_object() { type_of(s) } else { ("Object".into(), String::new()) };
    match schema["type"].as_str().unwrap_or("") {
        "array" => {
            let (name, refers) = inner(&schema["items"]);
            (format!("[]{name}"), refers)
        }
        "object" if schema["additionalProperties"].is_object() => {
            let (name, refers) = inner(&schema["additionalProperties"]);
            (format!("map[string]{name}"), refers)
        }
        "" | "object" => ("Object".into(), String::new()),
        plain => (plain.into(), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_definition() {
        for k in KindRef::built_in() {
            assert!(doc(&name_of(k)).is_some(), "{}", name_of(k));
        }
    }

    #[test]
    fn fields_have_the_types_that_explain_shows() {
        let pod = doc("io.k8s.api.core.v1.PodSpec").expect("PodSpec");
        let field = |name: &str| pod.fields.iter().find(|f| f.name == name).expect("field");
        assert_eq!(field("containers").type_name, "[]Container");
        assert_eq!(field("containers").refers, "io.k8s.api.core.v1.Container");
        assert!(field("containers").required);
        assert_eq!(field("nodeSelector").type_name, "map[string]string");
        assert_eq!(field("restartPolicy").enums, ["Always", "Never", "OnFailure"]);
    }
}
