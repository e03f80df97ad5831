//! Patches: strategic merge patches and JSON patches, in files and in place, for one resource or for many.
//! Real Kubernetes: kustomize api/internal/builtins/Patch*Transformer.go.

use serde_json::Value;

use super::file::{Kustomization, Selector};
use super::loader::Root;
use super::merge::merge;
use super::reading::resources;
use super::resource::Resource;
use super::set::Resources;
use crate::api::json_patch;
use crate::api::yaml::{self, Repeated};

/// A patch that was read.
pub struct Patch {
    source: String,
    target: Option<Selector>,
    what: What,
}

enum What {
    /// Resources that are laid over others.
    Merge(Vec<Resource>),
    Operations(Vec<Value>),
    Nothing,
}

/// What is said where the configuration of a part of kustomize is wrong: the configuration stands in it.
pub fn misconfigured(part: &str, config: &Value, why: &str) -> String {
    format!("trouble configuring builtin {part} with config: `\n{}`: {why}", yaml::print(config))
}

fn field<'v>(config: &'v Value, name: &str) -> &'v str {
    config[name].as_str().unwrap_or("")
}

/// Reads the patches of `patches`.
///
/// # Errors
/// What kustomize says of one that it cannot read.
pub fn read(file: &Kustomization, root: &Root<'_>) -> Result<Vec<Patch>, String> {
    let read = |config: &Value| {
        let config = given(config);
        one(&config, root).map_err(|why| misconfigured("PatchTransformer", &config, &why))
    };
    file.patches.iter().map(read).collect()
}

/// A configuration as Go writes it: without what is empty.
fn given(config: &Value) -> Value {
    let Value::Object(map) = config else { return config.clone() };
    let is_given = |v: &Value| !matches!(v, Value::String(s) if s.is_empty()) && *v != Value::Bool(false);
    let entries = map.iter().filter(|(_, v)| is_given(v)).map(|(k, v)| (k.clone(), given(v)));
    Value::Object(entries.collect())
}

fn one(config: &Value, root: &Root<'_>) -> Result<Patch, String> {
    let (patch, path) = (field(config, "patch").trim(), field(config, "path"));
    let shown = || yaml::print(config);
    let (content, source) = match (patch, path) {
        ("", "") => return Err(format!("must specify one of patch and path in\n{}", shown().trim_end_matches('\n'))),
        ("", path) => {
            let loaded =
                root.load(path).map_err(|why| format!("failed to get the patch file from path({path}): {why}"))?;
            (loaded, format!("[path: {}]", crate::api::go_text::quoted(path)))
        }
        (patch, "") => (patch.to_string(), format!("[patch: {}]", crate::api::go_text::quoted(patch))),
        _ => {
            return Err(format!("patch and path can't be set at the same time\n{}", shown().trim_end_matches('\n')));
        }
    };
    let what = match (resources(&content), operations(&content)) {
        (Ok(merge), Ok(ops)) if !merge.is_empty() && !ops.is_empty() => {
            return Err(format!("illegally qualifies as both an SM and JSON patch: {source}"));
        }
        (Err(_), Err(_)) => return Err(format!("unable to parse SM or JSON patch from {source}")),
        (Ok(merge), _) if merge.is_empty() => What::Nothing,
        (Ok(mut merge), _) => {
            for patch in &mut merge {
                patch.renames = config["options"]["allowNameChange"] == true;
                patch.rekinds = config["options"]["allowKindChange"] == true;
            }
            What::Merge(merge)
        }
        (Err(_), Ok(ops)) => What::Operations(ops),
    };
    let target = config.get("target").and_then(|t| serde_json::from_value(t.clone()).ok());
    Ok(Patch { source, target, what })
}

fn operations(content: &str) -> Result<Vec<Value>, String> {
    if content.is_empty() {
        return Err("empty json patch operations".into());
    }
    match yaml::parse(content, Repeated::LastWins)? {
        Some(Value::Array(items)) if items.iter().all(|i| i.is_object() || i.is_null()) => Ok(items),
        None | Some(Value::Null) => Ok(vec![]),
        _ => Err("json: cannot unmarshal into Go value of type jsonpatch.Patch".into()),
    }
}

impl Patch {
    /// # Errors
    /// There is nothing to patch, or it does not fit.
    pub fn apply(&self, all: &mut Resources) -> Result<(), String> {
        match &self.what {
            What::Nothing => Ok(()),
            What::Merge(patches) => self.merge(patches, all),
            What::Operations(ops) => {
                let Some(target) = &self.target else {
                    return Err(format!("must specify a target for JSON patch {}", self.source));
                };
                for at in all.select(target)? {
                    all.0[at].remember_id();
                    operate(&mut all.0[at], ops)?;
                }
                Ok(())
            }
        }
    }

    fn merge(&self, patches: &[Resource], all: &mut Resources) -> Result<(), String> {
        if let Some(target) = &self.target {
            let [patch] = patches else {
                return Err(format!(
                    "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: {}",
                    self.source
                ));
            };
            return lay_over(all, &all.select(target)?, patch);
        }
        for patch in patches {
            let id = patch.original_id();
            let at =
                all.by_id(&id).map_err(|why| format!("no resource matches strategic merge patch \"{id}\": {why}"))?;
            merge_into(&mut all.0[at], patch.clone())?;
        }
        Ok(())
    }
}

/// Lays one patch over many resources, of whatever group and version they are.
fn lay_over(all: &mut Resources, places: &[usize], patch: &Resource) -> Result<(), String> {
    for at in places {
        let mut patch = patch.clone();
        let gvk = all.0[*at].gvk();
        let own = patch.clone();
        patch.take_metadata_of(&own);
        patch.set_field("apiVersion", gvk.api_version());
        merge_into(&mut all.0[*at], patch)?;
    }
    all.drop_empties();
    let merged = std::mem::take(&mut all.0);
    all.append_all(merged)
}

fn merge_into(resource: &mut Resource, patch: Resource) -> Result<(), String> {
    let (name, namespace, kind) = (resource.name(), resource.namespace(), resource.kind());
    if patch.renames || patch.rekinds {
        resource.remember_id();
    }
    resource.node = merge(resource.node.take(), patch.node)?.unwrap_or_default();
    if resource.is_empty() {
        return Ok(());
    }
    if !patch.rekinds {
        resource.set_field("kind", kind);
    }
    if !patch.renames {
        resource.set_metadata("name", name.into());
    }
    resource.set_metadata("namespace", namespace.into());
    Ok(())
}

fn operate(resource: &mut Resource, ops: &[Value]) -> Result<(), String> {
    resource.node = json_patch::applied(&resource.node, ops).map_err(|refused| refused.to_string())?;
    Ok(())
}

/// Reads the patches of `patchesStrategicMerge`: each a text, or a file.
///
/// # Errors
/// What kustomize says of one that it cannot read.
pub fn read_old_merges(file: &Kustomization, root: &Root<'_>) -> Result<Vec<Resource>, String> {
    let paths = &file.patches_strategic_merge;
    let mut out = vec![];
    for path in paths {
        let read = resources(path).or_else(|_| {
            let content = root.load(path)?;
            resources(&content).map_err(|why| malformed(why, path))
        });
        let config = serde_json::json!({"paths": paths});
        out.extend(read.map_err(|why| misconfigured("PatchStrategicMergeTransformer", &config, &why))?);
    }
    Ok(out)
}

/// What is no YAML is said to be in its file.
pub fn malformed(why: String, path: &str) -> String {
    if why.contains("MalformedYAMLError") { format!("{why} in File: {path}") } else { why }
}

/// # Errors
/// There is nothing to patch, or it does not fit.
pub fn apply_old_merge(patch: &Resource, all: &mut Resources) -> Result<(), String> {
    let at = all.by_id(&patch.original_id())?;
    lay_over(all, &[at], patch)
}

/// Reads the patches of `patchesJson6902`.
///
/// # Errors
/// What kustomize says of one that it cannot read.
pub fn read_old_operations(file: &Kustomization, root: &Root<'_>) -> Result<Vec<Patch>, String> {
    let read = |patch: &Value| {
        let mut config = given(patch);
        if let Some(map) = config.as_object_mut() {
            map.remove("options");
            if let Some(ops) = map.remove("patch") {
                map.insert("jsonOp".into(), ops);
            }
        }
        old_operations(&config, root).map_err(|why| misconfigured("PatchJson6902Transformer", &config, &why))
    };
    file.patches_json6902.iter().map(read).collect()
}

fn old_operations(config: &Value, root: &Root<'_>) -> Result<Patch, String> {
    let (ops, path) = (field(config, "jsonOp"), field(config, "path"));
    if config["target"]["name"].is_null() {
        return Err("must specify the target name".into());
    }
    let content = match (ops, path) {
        ("", "") => return Err("empty file path and empty jsonOp".into()),
        (ops, "") => ops.to_string(),
        ("", path) => match root.load(path)? {
            content if content.is_empty() => return Err(format!("patch file '{path}' empty seems to be empty")),
            content => content,
        },
        _ => return Err("must specify a file path or jsonOp, not both".into()),
    };
    let ops = operations(&content).map_err(|why| format!("decoding {content}: {why}"))?;
    if ops.is_empty() {
        return Err(format!("patch appears to be empty; file={path}, JsonOp={content}"));
    }
    let target = serde_json::from_value(config["target"].clone()).ok();
    Ok(Patch { source: content, target, what: What::Operations(ops) })
}

impl Patch {
    /// As [`Patch::apply`], but those that are patched keep what they were called.
    ///
    /// # Errors
    /// As there.
    pub fn apply_old(&self, all: &mut Resources) -> Result<(), String> {
        let (Some(target), What::Operations(ops)) = (&self.target, &self.what) else { return Ok(()) };
        all.select(target)?.into_iter().try_for_each(|at| operate(&mut all.0[at], ops))
    }
}
