//! Manifests: files, directories and stdin, as `-f` takes them, and kustomizations, as `-k` does.
//! Real Kubernetes: k8s.io/cli-runtime/pkg/resource/visitor.go.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::args::Args;
use super::env::Env;
use super::failure::Failure;
use super::kustomize::{self, Options};
use super::mapper::Mapper;
use super::resources::joined;
use super::verbs::kustomize::build;
use crate::api::schema::TypeId;
use crate::api::selector::Selector;
use crate::api::{KindRef, canonical, documents};

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

    /// Empty for what lives in none.
    pub fn namespace(&self) -> &str {
        if self.kind.namespaced() { self.value["metadata"]["namespace"].as_str().unwrap_or("") } else { "" }
    }

    /// Writes the command's namespace where none is named. Where that is `required`, there may be no other.
    /// Real Kubernetes: visitor.go SetNamespace, RequireNamespace.
    pub fn put_into(&mut self, namespace: &str, required: bool) -> Result<(), Failure> {
        if !self.kind.namespaced() {
            return Ok(());
        }
        match self.namespace() {
            "" => self.value["metadata"]["namespace"] = namespace.into(),
            own if required && own != namespace => {
                return Err(Failure::error(format!(
                    "the namespace from the provided object {own:?} does not match the namespace {namespace:?}. You must pass '--namespace={own}' to perform this operation."
                )));
            }
            _ => {}
        }
        Ok(())
    }
}

/// What is done about fields that a kind does not have: `--validate`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Validate {
    Strict,
    Warn,
    Ignore,
}

impl Validate {
    pub fn of(args: &Args) -> Result<Validate, Failure> {
        match args.text("validate") {
            "strict" | "true" | "" => Ok(Validate::Strict),
            "warn" => Ok(Validate::Warn),
            "ignore" | "false" => Ok(Validate::Ignore),
            other => Err(Failure::error(format!(
                "invalid - validate option {other:?}; must be one of: strict (or true), warn, ignore (or false)"
            ))),
        }
    }

    /// The API server's parameter.
    pub fn field_validation(self) -> &'static str {
        match self {
            Validate::Strict => "Strict",
            Validate::Warn => "Warn",
            Validate::Ignore => "Ignore",
        }
    }
}

/// The objects of `-f` in their order, and why some could not be read: kubectl goes on with the rest.
pub type Read = Vec<Result<Manifest, Failure>>;

/// The objects, and what is said of all that could not be read: of several in one breath, where other things failed, too.
/// Real Kubernetes: cli-runtime/pkg/resource/visitor.go, EagerVisitorList in a ContinueOnErrorVisitor.
pub fn split(read: Read) -> (Vec<Manifest>, Option<Failure>) {
    let (found, failed): (Vec<_>, Vec<_>) = read.into_iter().partition(Result::is_ok);
    let failed: Vec<Failure> = failed.into_iter().filter_map(Result::err).collect();
    (found.into_iter().flatten().collect(), (!failed.is_empty()).then(|| joined(failed)))
}

/// Reads everything that `-f` or `-k` names. The objects are in a namespace then: in that of `-n`, if one was given.
pub fn read(args: &Args, validate: Validate, env: &mut Env<'_>) -> Result<Read, Failure> {
    let (files, directory) = (args.list("filename"), args.text("kustomize"));
    check(args)?;
    let texts = match directory {
        "" => texts(&files, args.flag("recursive"), env)?,
        _ => vec![(directory.to_string(), kustomize::text(&build(directory, Options::default(), env)?))],
    };
    if let Some((source, _)) = texts.first() {
        judged(source, validate, env)?;
    }
    let all = |mapper: &Mapper| -> Vec<Result<Manifest, Failure>> {
        texts.iter().flat_map(|(source, text)| parse(source, text, validate, mapper)).collect()
    };
    let mut parsed = all(&env.mapper()?);
    // What kubectl has never heard of may be new.
    if parsed.iter().any(Result::is_err) {
        parsed = all(&env.fresh_mapper()?);
    }
    let placed = parsed.into_iter().map(|parsed| {
        let mut m = parsed?;
        m.put_into(&env.namespace, env.namespace_given)?;
        Ok(m)
    });
    Ok(placed.collect())
}

/// Real Kubernetes: cli-runtime/pkg/resource/builder.go FilenameOptions.validate.
fn check(args: &Args) -> Result<(), Failure> {
    let (files, kustomization) = (!args.list("filename").is_empty(), !args.text("kustomize").is_empty());
    let mut faults = vec![];
    if files && kustomization {
        faults.push(Failure::error("only one of -f or -k can be specified"));
    }
    if kustomization && args.flag("recursive") {
        faults.push(Failure::error("the -k flag can't be used with -f or -R"));
    }
    if faults.is_empty() { Ok(()) } else { Err(joined(faults)) }
}

/// The texts of files and of what lies in directories.
fn texts(files: &[String], recursive: bool, env: &mut Env<'_>) -> Result<Vec<(String, String)>, Failure> {
    let mut texts = vec![];
    for f in files {
        if f == "-" {
            texts.push(("STDIN".to_string(), env.stdin.clone().unwrap_or_default()));
            continue;
        }
        let Some(names) = env.host.list(f) else {
            texts.push((f.clone(), text_of(f, env)?));
            continue;
        };
        let mut names: Vec<String> =
            names.into_iter().filter(|n| (recursive || !n.contains('/')) && is_manifest(n)).collect();
        names.sort();
        for n in names {
            let path = if f == "." { n } else { format!("{}/{n}", f.trim_end_matches('/')) };
            let text = text_of(&path, env)?;
            texts.push((path, text));
        }
    }
    if texts.is_empty() {
        return Err(Failure::error(format!(
            "error reading [{}]: recognized file extensions are [.json .yaml .yml]",
            files.join(" ")
        )));
    }
    Ok(texts)
}

/// kubectl judges what it sends, by the schemas that the server gives it: without a server it cannot.
/// Real Kubernetes: cli-runtime/pkg/resource/query_param_verifier_v3.go, kubectl/pkg/validation.
fn judged(source: &str, validate: Validate, env: &mut Env<'_>) -> Result<(), Failure> {
    if validate == Validate::Ignore {
        return Ok(());
    }
    env.schemas().map_err(|s| {
        Failure::error(format!(
            "error validating {source:?}: error validating data: failed to download openapi: {}; if you choose to ignore these errors, turn validation off with --validate=false",
            s.message
        ))
    })
}

/// Those of a file's objects that a label selector chooses. Real Kubernetes: SelectorVisitor, FilterByLabelSelector.
pub fn chosen(manifests: Vec<Manifest>, selector: &str) -> Result<Vec<Manifest>, Failure> {
    if selector.is_empty() {
        return Ok(manifests);
    }
    let selector = Selector::parse(selector).map_err(Failure::error)?;
    Ok(manifests
        .into_iter()
        .filter(|m| {
            let labels: BTreeMap<String, String> =
                serde_json::from_value(m.value["metadata"]["labels"].clone()).unwrap_or_default();
            selector.matches(Some(&labels))
        })
        .collect())
}

/// A verb that works on manifests only needs some.
pub fn required(args: &Args) -> Result<(), Failure> {
    if args.names_files() { Ok(()) } else { Err(Failure::error("must specify one of -f and -k")) }
}

fn is_manifest(name: &str) -> bool {
    [".json", ".yaml", ".yml"].iter().any(|e| name.ends_with(e))
}

/// The host of an address: `https://k8s.io/x.yaml`.
fn host_of(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))?;
    rest.split(['/', '?']).next()?.split(':').next()
}

fn text_of(path: &str, env: &mut Env<'_>) -> Result<String, Failure> {
    // What is an address is fetched, and nothing answers beyond the learner's own machine.
    if let Some(host) = host_of(path) {
        return Err(Failure::plain(format!("Unable to connect to the server: dial tcp: lookup {host}: no such host")));
    }
    let text = env.host.read(path).map_err(|_| Failure::error(format!("the path {path:?} does not exist")))?;
    if text.len() > MAX_BYTES {
        return Err(Failure::error(format!("the file {path:?} is larger than 3 MiB")));
    }
    Ok(text)
}

/// The objects of one text. Lists are taken apart. What fails validation ends the text, what is no object does not.
pub fn parse(source: &str, text: &str, validate: Validate, mapper: &Mapper) -> Vec<Result<Manifest, Failure>> {
    let documents = documents::read(text);
    let mut out = vec![];
    for v in documents.values.into_iter().filter(|v| !v.is_null()) {
        if validate != Validate::Ignore
            && let Err(f) = validated(source, &v)
        {
            out.push(Err(f));
            return out;
        }
        collect(source, v, mapper, &mut out);
    }
    out.extend(documents.error.map(|e| Err(Failure::error(format!("error parsing {source}: {e}")))));
    out
}

fn validated(source: &str, v: &Value) -> Result<(), Failure> {
    match kindless(v) {
        None => Ok(()),
        Some(said) => Err(Failure::error(format!(
            "error validating {source:?}: error validating data: {said}; if you choose to ignore these errors, turn validation off with --validate=false"
        ))),
    }
}

/// Why kubectl cannot tell of which kind an object is.
pub fn kindless(v: &Value) -> Option<String> {
    if !v.is_object() {
        return Some("invalid object to validate".into());
    }
    let missing: Vec<&str> = [("apiVersion", "apiVersion not set"), ("kind", "kind not set")]
        .into_iter()
        .filter(|(field, _)| v[*field].as_str().unwrap_or("").is_empty())
        .map(|(_, said)| said)
        .collect();
    match missing.as_slice() {
        [] => None,
        [one] => Some((*one).to_string()),
        many => Some(format!("[{}]", many.join(", "))),
    }
}

/// What Go's decoder says of metadata of the wrong shape. Real Kubernetes: cli-runtime's metadataValidatingDecoder.
fn metadata_fault(metadata: &Value) -> Option<String> {
    // Its own type holds nothing but the metadata, which is read as in any other.
    let fault = canonical::check(&json!({"metadata": metadata}), TypeId::by_name("core/v1.ConfigMap")?).mismatch?;
    Some(fault.replace("field ConfigMap.", "field metadataOnlyObject."))
}

fn collect(source: &str, v: Value, mapper: &Mapper, out: &mut Vec<Result<Manifest, Failure>>) {
    let undecodable = |why: String| Failure::error(format!("unable to decode {source:?}: {why}"));
    if !v.is_object() {
        let what = match &v {
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Bool(_) => "bool",
            _ => "number",
        };
        out.push(Err(undecodable(format!(
            "json: cannot unmarshal {what} into Go value of type unstructured.detector"
        ))));
        return;
    }
    let (version, kind) = (v["apiVersion"].as_str().unwrap_or(""), v["kind"].as_str().unwrap_or(""));
    if kind.is_empty() {
        out.push(Err(undecodable(format!("Object 'Kind' is missing in '{v}'"))));
        return;
    }
    if kind.ends_with("List") && v["items"].is_array() {
        for item in v["items"].as_array().cloned().unwrap_or_default() {
            collect(source, item, mapper, out);
        }
        return;
    }
    // The metadata of any object is typed.
    if let Some(why) = metadata_fault(&v["metadata"]) {
        out.push(Err(undecodable(why)));
        return;
    }
    // A kind without a version is looked up in the core group.
    let found = mapper.by_gvk(if version.is_empty() { "v1" } else { version }, kind);
    out.push(match found {
        Some(kind) => Ok(Manifest { source: source.into(), kind, value: v }),
        None => Err(Failure::error(format!(
            "resource mapping not found for name: {:?} namespace: {:?} from {source:?}: no matches for kind {kind:?} in version {version:?}\nensure CRDs are installed first",
            v["metadata"]["name"].as_str().unwrap_or(""),
            v["metadata"]["namespace"].as_str().unwrap_or("")
        ))),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_typed_in_any_object() {
        assert_eq!(metadata_fault(&json!({"name": "x", "labels": {"a": "1"}, "unknown": 1})), None);
        assert_eq!(metadata_fault(&Value::Null), None);
        assert_eq!(
            metadata_fault(&json!({"labels": {"a": 1}})),
            Some("json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string".into())
        );
        assert_eq!(
            metadata_fault(&json!("x")),
            Some(
                "json: cannot unmarshal string into Go struct field metadataOnlyObject.metadata of type v1.ObjectMeta"
                    .into()
            )
        );
    }
}
