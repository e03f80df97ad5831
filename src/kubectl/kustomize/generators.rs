//! ConfigMaps and Secrets out of literals and files, and the hash of what is in them.
//! Real Kubernetes: kustomize api/internal/generators, api/kv, api/hasher.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::file::{GeneratorArgs, GeneratorOptions};
use super::loader::Root;
use super::resource::{Behavior, Past, Resource, Texts, text};
use crate::api::go_text;

/// Base64 is broken into lines of so many letters.
const LINE: usize = 70;

/// Makes what a generator is to make.
///
/// # Errors
/// What kustomize says of a source that it cannot read.
pub fn generate(
    kind: &str,
    args: &GeneratorArgs,
    global: Option<&GeneratorOptions>,
    root: &Root<'_>,
) -> Result<Resource, String> {
    if args.name.is_empty() {
        return Err("a configmap must have a name".into());
    }
    let secret = kind == "Secret";
    let mut resource = Resource::new(json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": args.name}}));
    resource.set_metadata("namespace", args.namespace.as_str().into());
    if secret {
        let given = if args.secret_type.is_empty() { "Opaque" } else { &args.secret_type };
        resource.set_field("type", given.into());
    }
    let data: Map<String, Value> = data(args, root)?
        .into_iter()
        .map(|(k, v)| (k, if secret { base64_lines(v.as_bytes()).into() } else { v.into() }))
        .collect();
    if let Some(map) = resource.node.as_object_mut().filter(|_| secret || !data.is_empty()) {
        map.insert("data".into(), data.into());
    }
    let options = merged(args.options.as_ref(), global);
    resource.set_metadata("labels", json!(options.labels));
    resource.set_metadata("annotations", json!(options.annotations));
    if let Some(map) = resource.node.as_object_mut().filter(|_| options.immutable) {
        map.insert("immutable".into(), true.into());
    }
    let hashed = !options.disable_name_suffix_hash;
    resource.past = Past { behavior: Behavior::of(&args.behavior), hashed, ..Past::default() };
    Ok(resource)
}

/// A generator's own options, and those of all.
fn merged(own: Option<&GeneratorOptions>, global: Option<&GeneratorOptions>) -> GeneratorOptions {
    let (own, global) = (own.cloned().unwrap_or_default(), global.cloned().unwrap_or_default());
    let over = |mut all: Texts, own: Texts| {
        all.extend(own);
        all
    };
    GeneratorOptions {
        labels: over(global.labels, own.labels),
        annotations: over(global.annotations, own.annotations),
        disable_name_suffix_hash: own.disable_name_suffix_hash || global.disable_name_suffix_hash,
        immutable: own.immutable || global.immutable,
    }
}

fn data(args: &GeneratorArgs, root: &Root<'_>) -> Result<Texts, String> {
    let mut out = Texts::new();
    for (key, value) in pairs(args, root).map_err(|why| format!("loading KV pairs: {why}"))? {
        if out.contains_key(&key) {
            return Err(format!("configmap {} illegally repeats the key `{key}`", args.name));
        }
        out.insert(key, value);
    }
    Ok(out)
}

fn pairs(args: &GeneratorArgs, root: &Root<'_>) -> Result<Vec<(String, String)>, String> {
    let mut out = vec![];
    for path in &args.envs {
        let text = root.load(path).map_err(|why| format!("env source files: [{}]: {why}", args.envs.join(" ")))?;
        out.extend(env_lines(&text));
    }
    for source in &args.literals {
        out.push(literal(source).map_err(|why| format!("literal sources [{}]: {why}", args.literals.join(" ")))?);
    }
    for source in &args.files {
        let loaded = file_source(source).and_then(|(key, path)| Ok((key, root.load(path)?)));
        out.push(loaded.map_err(|why| format!("file sources: [{}]: {why}", args.files.join(" ")))?);
    }
    Ok(out)
}

fn env_lines(text: &str) -> Vec<(String, String)> {
    let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().map(str::trim_start);
    let pair = |line: &str| {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        (key.to_string(), value.to_string())
    };
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(pair).filter(|(k, _)| !k.is_empty()).collect()
}

fn literal(source: &str) -> Result<(String, String), String> {
    let Some((key, value)) = source.split_once('=').filter(|(key, _)| !key.is_empty()) else {
        return Err(format!("invalid literal source {source}, expected key=value"));
    };
    let unquoted = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
    Ok((key.into(), unquoted.unwrap_or(value).into()))
}

fn file_source(source: &str) -> Result<(String, &str), String> {
    match source.split('=').collect::<Vec<_>>().as_slice() {
        [path] => {
            let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
            Ok((name.into(), path))
        }
        ["", path] => Err(format!("missing key name for file path {path:?} in source {source:?}")),
        [key, ""] => Err(format!("missing file path for key name {key:?} in source {source:?}")),
        [key, path] => Ok(((*key).into(), path)),
        _ => Err(format!("source {source:?} key name or file path contains '='")),
    }
}

fn base64_lines(bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    if encoded.len() < LINE {
        return encoded;
    }
    let lines = encoded.as_bytes().chunks(LINE).map(|line| String::from_utf8_lossy(line).into_owned() + "\n");
    lines.collect()
}

/// The last part of a generated name, which changes with what is in the resource.
pub fn hash(node: &Value) -> String {
    let field = |value: &Value| match value {
        Value::Object(_) | Value::Array(_) => value.clone(),
        scalar => text(scalar).into(),
    };
    // The name is looked for where it is not, so it does not count.
    let of = |kind: &str, extra: &str| {
        let mut hashed = json!({"kind": kind, "name": field(&node["metadata/name"]), "data": field(&node["data"])});
        if node[extra].is_object() {
            hashed[extra] = node[extra].clone();
        }
        hashed
    };
    let hashed = match node["kind"].as_str() {
        Some("ConfigMap") => of("ConfigMap", "binaryData"),
        Some("Secret") => {
            let mut hashed = of("Secret", "stringData");
            hashed["type"] = field(&node["type"]);
            hashed
        }
        _ => node.clone(),
    };
    let digest = Sha256::digest(go_text::json(&hashed));
    let letters = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(10);
    // So that no word comes of it by chance.
    letters
        .map(|digit| match char::from_digit(u32::from(digit), 16).unwrap_or('0') {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_kustomize() {
        let config_map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": ""}});
        assert_eq!(hash(&config_map), "6ct58987ht");
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": ""}, "type": "my-type", "data": {"one": ""}});
        assert_eq!(hash(&secret), "74bd68bm66");
    }

    #[test]
    fn sources_are_taken_apart() {
        assert_eq!(literal("a='b'"), Ok(("a".into(), "b".into())));
        assert_eq!(literal("a=\""), Ok(("a".into(), "\"".into())));
        assert!(literal("=b").is_err() && literal("a").is_err());
        assert_eq!(file_source("dir/a.txt"), Ok(("a.txt".into(), "dir/a.txt")));
        assert_eq!(file_source("k=a.txt"), Ok(("k".into(), "a.txt")));
    }
}
