//! Texts of resources and of patches, read as kustomize reads them: YAML 1.2, a document at a time.
//! Real Kubernetes: kustomize api/resource/factory.go, kyaml/kio/byteio_reader.go.

use serde_json::Value;

use super::resource::{Resource, is_empty, text, texts};
use crate::api::go_text::type_name;
use crate::api::yaml;

/// The resources of a text. Lists are taken apart, what is empty is left out.
///
/// # Errors
/// What kustomize says of a text that holds something else.
pub fn resources(content: &str) -> Result<Vec<Resource>, String> {
    let mut nodes = documents(content)?;
    for node in &nodes {
        validate(node)?;
    }
    let mut out = vec![];
    while !nodes.is_empty() {
        let node = nodes.remove(0);
        let kind = text(&node["kind"]);
        match node.get("items").filter(|_| kind.ends_with("List")) {
            None => out.push(Resource::new(node)),
            Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                let items: Vec<Value> = items.iter().filter(|i| !is_empty(i)).cloned().collect();
                for item in &items {
                    validate(item)?;
                }
                nodes.extend(items);
            }
            Some(other) => return Err(format!("expected array in {kind}/items, but found {}", type_name(other))),
        }
    }
    Ok(out)
}

fn documents(content: &str) -> Result<Vec<Value>, String> {
    let content = content.replace("\r\n", "\n");
    let chunks = chunks(&content)?;
    let alone = chunks.len() == 1;
    let mut nodes = vec![];
    for chunk in chunks {
        let node = yaml::parse_new(chunk).map_err(|e| format!("MalformedYAMLError: {e}"))?.unwrap_or_default();
        let list = matches!(node["kind"].as_str(), Some("List" | "ResourceList"));
        match node.get("items").filter(|_| alone && list) {
            Some(Value::Array(items)) => nodes.extend(items.iter().cloned()),
            _ => nodes.push(node),
        }
    }
    nodes.retain(|n| !is_empty(n));
    Ok(nodes)
}

/// Splits at lines that begin with `---`, of which the first line is none.
fn chunks(content: &str) -> Result<Vec<&str>, String> {
    let (mut out, mut begin, mut from) = (vec![], 0, 0);
    while let Some(at) = content[from..].find("\n---").map(|i| from + i) {
        let Some(end) = content[at + 1..].find('\n').map(|i| at + 1 + i) else { break };
        let separator = content[at..end].trim();
        let behind = separator[3..].trim();
        if !behind.is_empty() && !behind.starts_with('#') {
            return Err(format!("invalid document separator: {separator}"));
        }
        out.push(&content[begin..at + 1]);
        begin = end + 1;
        from = begin;
    }
    out.push(&content[begin..]);
    Ok(out)
}

/// What every resource must say of itself.
fn validate(node: &Value) -> Result<(), String> {
    let metadata = &node["metadata"];
    let says_nothing = ["apiVersion", "kind"].iter().all(|f| is_empty(&node[*f]))
        && ["name", "namespace", "labels", "annotations"].iter().all(|f| is_empty(&metadata[*f]));
    if says_nothing {
        return Err("missing Resource metadata".into());
    }
    let missing = match (text(&node["kind"]), text(&metadata["name"])) {
        (kind, _) if kind.is_empty() => "kind",
        (kind, name) if name.is_empty() && !kind.ends_with("List") => "metadata.name",
        _ => return Ok(()),
    };
    let map = |field: &str| {
        let pairs: Vec<String> = texts(&metadata[field]).iter().map(|(k, v)| format!("{k}:{v}")).collect();
        format!("map[{}]", pairs.join(" "))
    };
    Err(format!(
        "missing {missing} in object {{{{{} {}}} {{{{{} {}}} {} {}}}}}",
        text(&node["apiVersion"]),
        text(&node["kind"]),
        text(&metadata["name"]),
        text(&metadata["namespace"]),
        map("labels"),
        map("annotations")
    ))
}
