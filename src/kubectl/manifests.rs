//! Manifests: files, directories and stdin, as `-f` takes them.
//! Real Kubernetes: k8s.io/cli-runtime/pkg/resource/visitor.go.

use serde_json::Value;

use super::env::Env;
use super::failure::Failure;
use crate::api::{KindRef, yaml};

/// Files larger than this are refused.
const MAX_BYTES: usize = 3 * 1024 * 1024;

/// One object out of a file.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// As written on the command line, for messages.
    pub source: String,
    pub kind: KindRef,
    pub value: Value,
}

impl Manifest {
    pub fn name(&self) -> &str {
        self.value["metadata"]["name"].as_str().unwrap_or("")
    }

    /// Its own namespace, or that of the command.
    pub fn namespace(&self, env: &Env<'_>) -> String {
        if !self.kind.namespaced() {
            return String::new();
        }
        self.value["metadata"]["namespace"]
            .as_str()
            .filter(|n| !n.is_empty())
            .map_or_else(|| env.namespace.clone(), Into::into)
    }
}

/// Reads everything that `-f` names.
pub fn read(files: &[String], recursive: bool, env: &mut Env<'_>) -> Result<Vec<Manifest>, Failure> {
    let mut out = vec![];
    for f in files {
        if f == "-" {
            let text = env.stdin.clone().unwrap_or_default();
            out.extend(parse("STDIN", &text)?);
            continue;
        }
        if let Some(names) = env.host.list(f) {
            let mut names: Vec<String> =
                names.into_iter().filter(|n| (recursive || !n.contains('/')) && is_manifest(n)).collect();
            names.sort();
            if names.is_empty() {
                return Err(Failure::error(format!(
                    "error reading [{f}]: recognized file extensions are [.json .yaml .yml]"
                )));
            }
            for n in names {
                let path = if f == "." { n.clone() } else { format!("{}/{n}", f.trim_end_matches('/')) };
                out.extend(one(&path, env)?);
            }
            continue;
        }
        out.extend(one(f, env)?);
    }
    Ok(out)
}

fn is_manifest(name: &str) -> bool {
    [".json", ".yaml", ".yml"].iter().any(|e| name.ends_with(e))
}

fn one(path: &str, env: &mut Env<'_>) -> Result<Vec<Manifest>, Failure> {
    let text = env.host.read(path).map_err(|_| Failure::error(format!("the path {path:?} does not exist")))?;
    if text.len() > MAX_BYTES {
        return Err(Failure::error(format!("the file {path:?} is larger than 3 MiB")));
    }
    parse(path, &text)
}

/// The objects of one text. Lists are taken apart.
pub fn parse(source: &str, text: &str) -> Result<Vec<Manifest>, Failure> {
    let documents = yaml::parse_all(text).map_err(|e| {
        let e = e.strip_prefix("yaml: ").map_or(e.clone(), |r| format!("error converting YAML to JSON: yaml: {r}"));
        Failure::error(format!("error parsing {source}: {e}"))
    })?;
    let mut out = vec![];
    for v in documents {
        collect(source, v, &mut out)?;
    }
    if out.is_empty() {
        return Err(Failure::error("no objects passed to apply"));
    }
    Ok(out)
}

fn collect(source: &str, v: Value, out: &mut Vec<Manifest>) -> Result<(), Failure> {
    if v.is_null() {
        return Ok(());
    }
    let (version, kind) = (v["apiVersion"].as_str().unwrap_or(""), v["kind"].as_str().unwrap_or(""));
    if !v.is_object() {
        let what = match &v {
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Bool(_) => "bool",
            _ => "number",
        };
        return Err(Failure::error(format!(
            "unable to decode {source:?}: json: cannot unmarshal {what} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
        )));
    }
    if kind.ends_with("List") && v["items"].is_array() {
        for item in v["items"].as_array().cloned().unwrap_or_default() {
            collect(source, item, out)?;
        }
        return Ok(());
    }
    if kind.is_empty() {
        return Err(Failure::error(format!(
            "error validating {source:?}: error validating data: kind not set; if you choose to ignore these errors, turn validation off with --validate=false"
        )));
    }
    if version.is_empty() {
        return Err(Failure::error(format!(
            "error validating {source:?}: error validating data: apiVersion not set; if you choose to ignore these errors, turn validation off with --validate=false"
        )));
    }
    let Some(found) = KindRef::by_gvk(version, kind) else {
        return Err(Failure::error(format!(
            "resource mapping not found for name: {:?} namespace: {:?} from {source:?}: no matches for kind {kind:?} in version {version:?}\nensure CRDs are installed first",
            v["metadata"]["name"].as_str().unwrap_or(""),
            v["metadata"]["namespace"].as_str().unwrap_or("")
        )));
    };
    out.push(Manifest { source: source.into(), kind: found, value: v });
    Ok(())
}
