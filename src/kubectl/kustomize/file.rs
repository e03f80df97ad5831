//! A kustomization file, read.
//! Real Kubernetes: kustomize api/types/kustomization.go and its neighbours.

use serde::Deserialize;
use serde_json::Value;

use super::decode::decode;
use super::ids::{Gvk, ResId};
use super::resource::Texts;
use super::shapes::{ABSENT, KUSTOMIZATION};
use crate::api::yaml::{self, Repeated};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Kustomization {
    pub kind: String,
    pub api_version: String,
    pub name_prefix: String,
    pub name_suffix: String,
    pub namespace: String,
    pub common_labels: Texts,
    pub labels: Vec<Label>,
    pub common_annotations: Texts,
    pub patches_strategic_merge: Vec<String>,
    /// As they are written: errors show them.
    pub patches_json6902: Vec<Value>,
    pub patches: Vec<Value>,
    pub images: Vec<Image>,
    image_tags: Vec<Image>,
    /// As they are written: errors show them.
    pub replacements: Vec<Value>,
    pub replicas: Vec<Replica>,
    pub vars: Vec<Var>,
    pub sort_options: Option<SortOptions>,
    pub resources: Vec<String>,
    bases: Vec<String>,
    pub components: Vec<String>,
    pub config_map_generator: Vec<GeneratorArgs>,
    pub secret_generator: Vec<GeneratorArgs>,
    pub generator_options: Option<GeneratorOptions>,
    pub configurations: Vec<String>,
    pub build_metadata: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Label {
    pub pairs: Texts,
    pub include_selectors: bool,
    pub include_templates: bool,
    pub fields: Vec<FieldSpec>,
}

/// A field of some kinds.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FieldSpec {
    #[serde(flatten)]
    pub gvk: Gvk,
    pub path: String,
    pub create: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Image {
    pub name: String,
    pub new_name: String,
    pub tag_suffix: String,
    pub new_tag: String,
    pub digest: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Replica {
    pub name: String,
    pub count: i64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct GeneratorArgs {
    pub namespace: String,
    pub name: String,
    pub behavior: String,
    pub literals: Vec<String>,
    pub files: Vec<String>,
    pub envs: Vec<String>,
    env: String,
    pub options: Option<GeneratorOptions>,
    /// Of Secrets.
    #[serde(rename = "type")]
    pub secret_type: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct GeneratorOptions {
    pub labels: Texts,
    pub annotations: Texts,
    pub disable_name_suffix_hash: bool,
    pub immutable: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SortOptions {
    pub order: String,
    pub legacy_sort_options: Option<LegacySortOptions>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LegacySortOptions {
    pub order_first: Vec<String>,
    pub order_last: Vec<String>,
}

/// Which resources something is about: every part is a regular expression.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Selector {
    #[serde(flatten)]
    pub id: ResId,
    pub annotation_selector: String,
    pub label_selector: String,
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Var {
    pub name: String,
    pub objref: VarTarget,
    pub fieldref: FieldRef,
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct VarTarget {
    pub api_version: String,
    #[serde(flatten)]
    pub gvk: Gvk,
    pub name: String,
    pub namespace: String,
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FieldRef {
    pub field_path: String,
}

const RUN_FIX: &str = "Run 'kustomize edit fix' to update your Kustomization automatically.";
/// Fields that still work, and what is there instead.
const DEPRECATED: &[(&str, &str, &str)] = &[
    ("bases", "resources", ""),
    ("commonLabels", "labels", ""),
    ("imageTags", "images", ""),
    ("patchesJson6902", "patches", ""),
    ("patchesStrategicMerge", "patches", ""),
    ("vars", "replacements", "[EXPERIMENTAL] "),
];

impl Kustomization {
    /// Reads a file in `root`, and warns of what is deprecated.
    ///
    /// # Errors
    /// What kustomize says of a file that is none.
    pub fn read(text: &str, root: &str, warnings: &mut Vec<String>) -> Result<Kustomization, String> {
        let invalid = |why: String| format!("invalid Kustomization: {why}");
        let value = yaml::parse(text, Repeated::LastWins).map_err(invalid)?.unwrap_or_default();
        if let Some(field) = ABSENT.iter().find(|f| !value[**f].is_null()) {
            return Err(format!("kubetutor does not do what `{field}` of a kustomization asks for yet"));
        }
        let value = match value {
            Value::Null => Value::Object(serde_json::Map::new()),
            value => decode(&value, &KUSTOMIZATION).map_err(invalid)?,
        };
        for (old, new, how) in DEPRECATED.iter().filter(|(old, ..)| !value[*old].is_null()) {
            warnings.push(format!("# Warning: '{old}' is deprecated. Please use '{new}' instead. {how}{RUN_FIX}"));
        }
        let nothing = value.as_object().is_some_and(|map| map.keys().all(|k| k == "kind" || k == "apiVersion"));
        let mut read: Kustomization = serde_json::from_value(value).map_err(|e| invalid(e.to_string()))?;
        read.fix();
        if nothing {
            return Err("kustomization.yaml is empty".into());
        }
        let faults = read.faults();
        if !faults.is_empty() {
            return Err(format!("Failed to read kustomization file under {root}:\n{}", faults.join("\n")));
        }
        Ok(read)
    }

    pub fn is_component(&self) -> bool {
        self.kind == "Component"
    }

    /// Old words are made new ones.
    fn fix(&mut self) {
        if self.kind.is_empty() {
            self.kind = "Kustomization".into();
        }
        if self.api_version.is_empty() {
            self.api_version = self.wanted_version().into();
        }
        self.resources.append(&mut self.bases);
        self.images.append(&mut self.image_tags);
        for g in self.config_map_generator.iter_mut().chain(&mut self.secret_generator) {
            if !g.env.is_empty() {
                g.envs.push(std::mem::take(&mut g.env));
            }
        }
    }

    fn wanted_version(&self) -> &'static str {
        if self.is_component() { "kustomize.config.k8s.io/v1alpha1" } else { "kustomize.config.k8s.io/v1beta1" }
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = vec![];
        if self.kind != "Kustomization" && !self.is_component() {
            faults.push("kind should be Kustomization or Component".to_string());
        }
        let wanted = self.wanted_version();
        if self.api_version != wanted {
            faults.push(format!("apiVersion for {} should be {wanted}", self.kind));
        }
        faults
    }
}
