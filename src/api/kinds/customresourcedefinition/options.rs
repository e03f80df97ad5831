//! How strictly a definition is judged. What was wrong before it was changed may stay wrong.
//! Real Kubernetes: pkg/apis/apiextensions/validation validationOptions.

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, SelectableField};

use super::CustomResourceDefinition;
use super::hub::Hub;
use super::{default_values, schema_lists, schema_tree, structure};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::webhook_client;
use crate::api::structural::Structural;

/// No more fields than these can be selected by.
pub const MOST_SELECTABLE: usize = 8;
/// Types of OpenAPI.
pub const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

#[derive(Clone)]
pub struct Options {
    pub recognized_review_version: bool,
    pub immutable_names: bool,
    pub schema: bool,
    pub valid_types: bool,
    pub structural: bool,
    pub pruned_defaults: bool,
    pub atomic_sets: bool,
    pub map_keys: bool,
    pub invalid_ca_allowed: bool,
    /// Versions that may have too many selectable fields; the empty name stands for all.
    pub many_selectable: BTreeSet<String>,
}

impl Options {
    pub fn of_new() -> Options {
        Options {
            recognized_review_version: true,
            immutable_names: false,
            schema: true,
            valid_types: true,
            structural: true,
            pruned_defaults: true,
            atomic_sets: true,
            map_keys: true,
            invalid_ca_allowed: true,
            many_selectable: BTreeSet::new(),
        }
    }

    pub fn of_update(new: &CustomResourceDefinition, old: &CustomResourceDefinition) -> Options {
        let before = Hub::of(&old.spec);
        let has = |looks: &dyn Fn(&JSONSchemaProps) -> bool| {
            before.schemas().any(|s| schema_tree::any(s, &mut |s| looks(s)))
        };
        let all_have_schemas =
            before.shared.schema().is_some() || before.versions.iter().all(|v| v.own.schema().is_some());
        let established = is_established(old);
        let webhook = old.spec.conversion.as_ref().and_then(|c| c.webhook.as_ref());
        let review_versions = webhook.map(|w| w.conversion_review_versions.as_slice()).unwrap_or_default();
        Options {
            recognized_review_version: review_versions.is_empty() || review_versions.iter().any(|v| is_review_version(v)),
            immutable_names: established,
            schema: all_have_schemas,
            valid_types: !has(&|s| {
                let type_ = schema_tree::type_of(s);
                !type_.is_empty() && !TYPES.contains(&type_)
            }),
            structural: before.schemas().all(is_structural),
            pruned_defaults: !before.schemas().any(|s| is_structural(s) && default_values::are_unpruned(s)),
            atomic_sets: !has(&|s| schema_lists::broken_set(s).is_some()),
            map_keys: !has(&|s| {
                let mut errors = FieldErrors::default();
                schema_lists::validate_keys(s, &Path::root(), &mut errors);
                !errors.is_empty()
            }),
            invalid_ca_allowed: !established || had_invalid_ca(old),
            many_selectable: many_selectable(&Hub::of(&new.spec), &before),
        }
    }
}

/// Reviews of conversion that the API server understands.
pub fn is_review_version(version: &str) -> bool {
    version == "v1" || version == "v1beta1"
}

fn is_established(crd: &CustomResourceDefinition) -> bool {
    let conditions = crd.status.iter().flat_map(|s| s.conditions.iter().flatten());
    conditions.into_iter().any(|c| c.type_ == "Established" && c.status == "True")
}

fn is_structural(s: &JSONSchemaProps) -> bool {
    let mut errors = FieldErrors::default();
    structure::validate(s, &Path::root(), &mut errors);
    Structural::new(s).is_ok() && errors.is_empty()
}

fn had_invalid_ca(old: &CustomResourceDefinition) -> bool {
    let webhook = old.spec.conversion.as_ref().and_then(|c| c.webhook.as_ref());
    let bundle = webhook.and_then(|w| w.client_config.as_ref()).and_then(|c| c.ca_bundle.as_ref());
    bundle.is_some_and(|b| !b.0.is_empty() && webhook_client::ca_refusal(&b.0).is_some())
}

fn many_selectable(new: &Hub<'_>, old: &Hub<'_>) -> BTreeSet<String> {
    let kept = |new: Option<&[SelectableField]>, old: Option<&[SelectableField]>| {
        old.is_some_and(|o| o.len() > MOST_SELECTABLE) && new == old
    };
    let mut out = BTreeSet::new();
    if kept(new.shared.selectable, old.shared.selectable) {
        out.insert(String::new());
    }
    for v in &new.versions {
        let before = old.versions.iter().rev().find(|o| o.version.name == v.version.name);
        if before.is_some_and(|o| kept(v.own.selectable, o.own.selectable)) {
            out.insert(v.version.name.clone());
        }
    }
    out
}
