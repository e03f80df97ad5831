//! Which fields of which kinds each transformation is about: kustomize's own list, and what `configurations` add to it.
//! Real Kubernetes: kustomize api/internal/plugins/builtinconfig, api/internal/konfig/builtinpluginconsts.

use std::sync::LazyLock;

use serde::Deserialize;

use super::decode::decode;
use super::file::FieldSpec;
use super::ids::Gvk;
use super::order::rank_by_default;
use super::shapes::TRANSFORMER_CONFIG;
use crate::api::yaml::{self, Repeated};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Config {
    pub name_prefix: Vec<FieldSpec>,
    pub name_suffix: Vec<FieldSpec>,
    pub namespace: Vec<FieldSpec>,
    pub common_labels: Vec<FieldSpec>,
    pub labels: Vec<FieldSpec>,
    pub template_labels: Vec<FieldSpec>,
    pub common_annotations: Vec<FieldSpec>,
    pub name_reference: Vec<BackReferences>,
    pub var_reference: Vec<FieldSpec>,
    pub images: Vec<FieldSpec>,
    pub replicas: Vec<FieldSpec>,
}

/// The fields in which a kind is named.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BackReferences {
    #[serde(flatten)]
    pub gvk: Gvk,
    pub field_specs: Vec<FieldSpec>,
}

static DEFAULT: LazyLock<Config> = LazyLock::new(|| Config::read(include_str!("defaults.yaml")).unwrap_or_default());

impl Config {
    pub fn of_kustomize() -> &'static Config {
        &DEFAULT
    }

    /// # Errors
    /// What kustomize says of a file that is none.
    pub fn read(text: &str) -> Result<Config, String> {
        let value = yaml::parse(text, Repeated::LastWins).map_err(|e| format!("error converting YAML to JSON: {e}"))?;
        let unreadable = |why: String| format!("error unmarshaling JSON: while decoding JSON: {why}");
        let value = decode(&value.unwrap_or_default(), &TRANSFORMER_CONFIG).map_err(unreadable)?;
        let mut read: Config = serde_json::from_value(value).map_err(|e| unreadable(e.to_string()))?;
        read.sort();
        Ok(read)
    }

    fn lists(&mut self) -> [&mut Vec<FieldSpec>; 10] {
        [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_annotations,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.var_reference,
            &mut self.images,
            &mut self.replicas,
        ]
    }

    fn sort(&mut self) {
        let key = |gvk: &Gvk| (rank_by_default(&gvk.kind), gvk.sort_text());
        for list in self.lists() {
            list.sort_by_cached_key(|spec| key(&spec.gvk));
        }
        self.name_reference.sort_by_cached_key(|back| key(&back.gvk));
    }

    /// # Errors
    /// Two say different things of a field.
    pub fn merge(&mut self, other: &Config) -> Result<(), String> {
        const NAMES: [&str; 10] = [
            "NamePrefix",
            "NameSuffix",
            "NameSpace",
            "CommonAnnotations",
            "CommonLabels",
            "Labels",
            "TemplateLabels",
            "VarReference",
            "Images",
            "Replicas",
        ];
        let mut other = other.clone();
        for ((own, more), name) in self.lists().into_iter().zip(other.lists()).zip(NAMES) {
            merge_all(own, more).map_err(|why| format!("failed to merge {name} fieldSpec: {why}"))?;
        }
        for more in other.name_reference {
            match self.name_reference.iter_mut().find(|own| own.gvk == more.gvk) {
                Some(own) => merge_all(&mut own.field_specs, &more.field_specs)
                    .map_err(|why| format!("failed to merge NameReference fieldSpec: {why}"))?,
                None => self.name_reference.push(more),
            }
        }
        self.sort();
        Ok(())
    }
}

/// Adds specifications to a list that does not have them.
///
/// # Errors
/// Two say different things of a field.
pub fn merge_all(own: &mut Vec<FieldSpec>, more: &[FieldSpec]) -> Result<(), String> {
    for spec in more {
        match own.iter().find(|o| o.gvk.is_selected_by(&spec.gvk) && o.path == spec.path) {
            Some(known) if known.create != spec.create => return Err("conflicting fieldspecs".into()),
            Some(_) => {}
            None => own.push(spec.clone()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_kustomize_is_whole() {
        let config = Config::read(include_str!("defaults.yaml")).unwrap();
        assert_eq!(config.name_reference.len(), 16);
        assert!(config.common_labels.len() > 20 && config.var_reference.len() > 50);
        assert_eq!(config.name_reference[0].gvk.kind, "StorageClass");
    }
}
