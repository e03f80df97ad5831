//! apiextensions.k8s.io/v1 CustomResourceDefinition: names, defaults, validation, update rules, what changes of a new version are warned of.
//!
//! Like the real server this judges the object in an older shape, the [`hub`], in which what all versions share stands beside them. That is why
//! errors name `spec.validation` where there is one version.
//!
//! Real Kubernetes: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions (v1/defaults.go, validation), pkg/registry/customresourcedefinition.

mod approval;
mod default_values;
mod defaults;
mod go_shape;
mod hub;
mod names;
mod options;
mod schema;
mod schema_lists;
mod schema_rules;
mod schema_tree;
mod spec;
mod structure;
#[cfg(test)]
mod tests;
mod version;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinitionCondition, CustomResourceDefinitionNames, CustomResourceDefinitionSpec,
    CustomResourceDefinitionStatus,
};

use super::CustomResourceDefinition;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::structural::formats;
use crate::api::table::{AGE_DOC, Cell, Column, ColumnType};
use crate::api::time::Time;
pub use approval::conformance;
use options::Options;

pub static KIND: Kind<CustomResourceDefinition> = Kind {
    short_names: &["crd", "crds"],
    categories: &["api-extensions"],
    namespaced: false,
    subresources: &[Subresource::Status],
    generation: true,
    unconditional_update: false,
    defaults: defaults::fill,
    prepare_create: |crd| {
        let stored = stored_version(&crd.spec).map(|v| vec![v]);
        crd.status = Some(CustomResourceDefinitionStatus {
            accepted_names: Some(CustomResourceDefinitionNames::default()),
            stored_versions: stored,
            ..Default::default()
        });
    },
    prepare_update: |new, old| {
        new.status = old.status.clone();
        let stored = new.status.get_or_insert_default().stored_versions.get_or_insert_default();
        stored.extend(stored_version(&new.spec).filter(|v| !stored.contains(v)));
    },
    // Real Kubernetes means to leave metadata alone here, but takes it from the new object.
    prepare_status: |new, old| {
        let status = new.status.get_or_insert_default();
        status.accepted_names.get_or_insert_default();
        if status.stored_versions.as_ref().is_none_or(Vec::is_empty) {
            status.stored_versions = stored_version(&new.spec).map(|v| vec![v]);
        }
        new.spec = old.spec.clone();
    },
    spec_changed: |new, old| new.spec != old.spec,
    validate: |crd, errors| {
        approval::validate_name(crd, errors);
        judge(crd, None, &Options::of_new(), errors);
    },
    validate_update: |new, old, errors| {
        crate::api::names::validate_common_update(&new.metadata, &old.metadata, errors);
        judge(new, Some(old), &Options::of_update(new, old), errors);
    },
    update_judges_alone: true,
    validate_status: |new, _, errors| names::validate_accepted(new, errors),
    warnings,
    columns: &[
        Column::name(),
        Column::of(ColumnType::Date, 0, "Created At", AGE_DOC, |crd, _| {
            Cell::from(crd.metadata.creation_timestamp.as_ref().map(|t| t.0.to_string()))
        }),
    ],
    condemn: Some(condemn),
    storage_version: Some("v1beta1"),
    ..Kind::new(("apiextensions.k8s.io", "v1"), "CustomResourceDefinition", "customresourcedefinitions", "customresourcedefinition")
};

/// While this finalizer is there, custom resources of the definition may be.
pub const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// The objects of a definition go before it does.
fn condemn(crd: &mut CustomResourceDefinition, now: Time) {
    let finalizers = crd.metadata.finalizers.get_or_insert_default();
    if !finalizers.iter().any(|f| f == CLEANUP) {
        finalizers.push(CLEANUP.into());
    }
    let why = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    set_condition(crd, condition("Terminating", true, "InstanceDeletionPending", why), now);
}

pub fn condition(kind: &str, holds: bool, reason: &str, message: &str) -> CustomResourceDefinitionCondition {
    CustomResourceDefinitionCondition {
        type_: kind.into(),
        status: if holds { "True" } else { "False" }.into(),
        reason: Some(reason.into()),
        message: Some(message.into()),
        ..CustomResourceDefinitionCondition::default()
    }
}

/// Writes a condition down; its time is that of the last change of its status.
pub fn set_condition(crd: &mut CustomResourceDefinition, mut new: CustomResourceDefinitionCondition, now: Time) {
    let all = crd.status.get_or_insert_default().conditions.get_or_insert_default();
    match all.iter_mut().find(|c| c.type_ == new.type_) {
        None => {
            new.last_transition_time = Some(now.meta());
            all.push(new);
        }
        Some(old) => {
            let same = old.status == new.status;
            new.last_transition_time = if same { old.last_transition_time.clone() } else { Some(now.meta()) };
            new.observed_generation = old.observed_generation;
            *old = new;
        }
    }
}

/// The version that is marked as the one to store.
fn stored_version(spec: &CustomResourceDefinitionSpec) -> Option<String> {
    spec.versions.iter().find(|v| v.storage).map(|v| v.name.clone())
}

fn judge(
    crd: &CustomResourceDefinition,
    old: Option<&CustomResourceDefinition>,
    options: &Options,
    errors: &mut FieldErrors,
) {
    let at = Path::new("spec");
    spec::validate(&crd.spec, options, &at, errors);
    if let Some(old) = old {
        if options.immutable_names {
            errors.immutable(&at.child("scope"), &crd.spec.scope, &old.spec.scope);
            errors.immutable(&at.child("names").child("kind"), &crd.spec.names.kind, &old.spec.names.kind);
        }
        errors.immutable(&at.child("group"), &crd.spec.group, &old.spec.group);
        errors.immutable(&at.child("names").child("plural"), &crd.spec.names.plural, &old.spec.names.plural);
    }
    names::validate_accepted(crd, errors);
    validate_stored(crd, errors);
    approval::validate(crd, old, errors);
    let preserved = |crd: &CustomResourceDefinition| crd.spec.preserve_unknown_fields == Some(true);
    if preserved(crd) && !old.is_some_and(preserved) {
        let why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        errors.invalid(&at.child("preserveUnknownFields"), true, why);
    }
}

/// Versions in which objects may lie in the store must be there.
fn validate_stored(crd: &CustomResourceDefinition, errors: &mut FieldErrors) {
    let at = Path::new("status");
    let at = at.child("storedVersions");
    let stored = crd.status.as_ref().and_then(|s| s.stored_versions.as_deref()).unwrap_or_default();
    if stored.is_empty() {
        return errors.invalid(&at, serde_json::Value::Null, "must have at least one stored version");
    }
    // Of versions of the same name, the first alone counts.
    let is_first = |i: usize, name: &str| crd.spec.versions.iter().position(|v| v.name == name) == Some(i);
    for (i, v) in crd.spec.versions.iter().enumerate().filter(|(_, v)| v.storage) {
        if !(stored.contains(&v.name) && is_first(i, &v.name)) {
            errors.invalid(&at, stored.to_vec(), format!("must have the storage version {}", v.name));
        }
    }
    for (i, name) in stored.iter().enumerate() {
        if !crd.spec.versions.iter().any(|v| v.name == *name) {
            let why = format!(
                "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a \
                 storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"
            );
            errors.invalid(&at.index(i), name.as_str(), why);
        }
    }
}

/// Formats that nobody knows judge nothing, which is said of each that is new.
fn warnings(new: &CustomResourceDefinition, old: Option<&CustomResourceDefinition>) -> Vec<String> {
    let before = old.map(unknown_formats).unwrap_or_default();
    let unknown = unknown_formats(new).into_iter().filter(|f| !before.contains(f));
    unknown.map(|f| format!("unrecognized format {f:?}")).collect()
}

fn unknown_formats(crd: &CustomResourceDefinition) -> Vec<String> {
    let mut found = vec![];
    for schema in hub::Hub::of(&crd.spec).schemas() {
        schema_tree::any(schema, &mut |s| {
            let format = s.format.as_deref().unwrap_or("");
            if !format.is_empty() && !formats::known(s.type_.as_deref().unwrap_or(""), format) {
                found.push(format.to_string());
            }
            false
        });
    }
    found
}
