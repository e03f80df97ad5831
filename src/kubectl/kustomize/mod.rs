//! kustomize v5.8.1 as it is in kubectl: `kubectl kustomize DIR` and `-k DIR`.
//!
//! Start with [`build`], then read [`target`]: a kustomization gathers resources, makes some and changes them, and its bases
//! did the same before it. Names may change on the way, so a resource remembers what it was called ([`resource::Past`]), and
//! at the end everything that names it is changed, too ([`references`]).
//!
//! Deliberately absent: what is fetched from elsewhere, programs that generate or transform, Helm charts, schemas of one's
//! own (`openapi`, `crds`), origins (`buildMetadata`). Comments and the order of keys are not kept: none survives printing.
//!
//! In Kubernetes this is `sigs.k8s.io/kustomize/api` and `sigs.k8s.io/kustomize/kyaml`.

mod config;
mod decode;
mod fields;
mod file;
mod generators;
mod ids;
mod lists;
mod loader;
mod merge;
mod namespace;
mod order;
mod patches;
mod paths;
mod reading;
mod references;
mod replacements;
mod resource;
mod set;
mod shapes;
mod target;
mod transformers;
mod variables;

use std::collections::BTreeSet;

use serde_json::json;

use super::Host;
use crate::api::yaml;
use loader::Root;
use resource::Resource;
use target::{Gathered, Target};

/// How to build.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Files may lie outside of the directory.
    pub free: bool,
    /// What others need is printed first, if the file does not say otherwise.
    pub reorder: bool,
    /// Says in a label who built it.
    pub managed_by: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { free: false, reorder: true, managed_by: false }
    }
}

/// What a build said, and what came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Built {
    pub warnings: Vec<String>,
    /// What is only logged.
    pub log: Vec<String>,
    /// What came of it, or what is wrong.
    pub made: Result<Vec<Made>, String>,
}

/// A resource that was built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Made {
    pub yaml: String,
    /// What its file is called where each is written into one.
    pub file: String,
}

/// All in one text.
pub fn text(made: &[Made]) -> String {
    made.iter().map(|m| m.yaml.as_str()).collect::<Vec<_>>().join("---\n")
}

/// Builds the kustomization of a directory.
pub fn build(host: &dyn Host, directory: &str, options: Options) -> Built {
    let (mut warnings, mut log) = (vec![], vec![]);
    let made = run(host, directory, options, &mut warnings, &mut log);
    Built { warnings, log, made }
}

fn run(
    host: &dyn Host,
    directory: &str,
    options: Options,
    warnings: &mut Vec<String>,
    log: &mut Vec<String>,
) -> Result<Vec<Made>, String> {
    let target = Target::load(Root::new(host, directory, options.free)?, warnings)?;
    let mut gathered = target.gather(Gathered::default(), warnings)?;
    gathered.finish(log)?;
    let resources = &mut gathered.all.0;
    order::sort(resources, target.file.sort_options.as_ref(), options.reorder)?;
    let managed = options.managed_by || target.file.build_metadata.iter().any(|m| m == "managedByLabel");
    for r in resources.iter_mut() {
        if managed {
            let mut labels = r.labels();
            labels.insert("app.kubernetes.io/managed-by".into(), "kustomize-v5.8.1".into());
            r.set_metadata("labels", json!(labels));
        }
        // Annotations are texts in the end, whatever they were.
        let annotations = json!(r.annotations());
        r.set_metadata("annotations", annotations);
    }
    let namespaces: BTreeSet<String> = resources.iter().filter_map(namespace).collect();
    let made = |r: &Resource| {
        let place = namespace(r).filter(|_| namespaces.len() > 1).map(|n| n + "_").unwrap_or_default();
        Made { yaml: yaml::print(&r.node), file: format!("{place}{}", file_name(r)).to_lowercase() }
    };
    Ok(resources.iter().map(made).collect())
}

fn namespace(r: &Resource) -> Option<String> {
    let id = r.id();
    (!id.cluster_scoped).then(|| id.effective_namespace().to_string())
}

/// Real Kubernetes: kustomize commands/build/writer.go.
fn file_name(r: &Resource) -> String {
    let gvk = r.gvk();
    let parts: Vec<&str> = [&gvk.group, &gvk.version, &gvk.kind].into_iter().map(String::as_str).collect();
    let given: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    format!("{}_{}.yaml", given.join("_"), r.name())
}
