//! What a PersistentVolumeClaim may not say.
//! Real Kubernetes: pkg/apis/core/validation ValidatePersistentVolumeClaimSpec, ValidatePersistentVolumeClaimStatusUpdate.

use k8s_openapi::api::core::v1::PersistentVolumeClaimSpec;
use serde_json::json;

use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::PersistentVolumeClaim;
use crate::api::kinds::persistentvolume::validation::validate_modes;
use crate::api::kinds::resources::{validate_amount, validate_basic, validate_positive};
use crate::api::kinds::workload::validate_label_selector;
use crate::api::names;

pub fn validate(c: &PersistentVolumeClaim, old: Option<&PersistentVolumeClaim>, errors: &mut FieldErrors) {
    let Some(spec) = &c.spec else { return };
    // A group that was accepted once is accepted again.
    let grouped = |s: &PersistentVolumeClaimSpec| {
        s.data_source.as_ref().is_some_and(|s| s.api_group.is_some())
            || s.data_source_ref.as_ref().is_some_and(|r| r.api_group.is_some())
    };
    let any_group = old.and_then(|o| o.spec.as_ref()).is_some_and(grouped);
    validate_spec(spec, any_group, &Path::new("spec"), errors);
}

/// `any_group` leaves the group of a source of data unjudged.
pub fn validate_spec(s: &PersistentVolumeClaimSpec, any_group: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    let modes = s.access_modes.as_deref().unwrap_or_default();
    if modes.is_empty() {
        errors.required(&at.child("accessModes"), "at least 1 access mode is required");
    }
    if let Some(selector) = &s.selector {
        validate_label_selector(selector, &at.child("selector"), errors);
    }
    validate_modes(modes, at, errors);
    let resources = at.child("resources");
    let storage = resources.key("storage");
    match s.resources.as_ref().and_then(|r| r.requests.as_ref()?.get("storage")) {
        None => errors.required(&storage, ""),
        Some(q) => {
            let before = errors.list().len();
            validate_positive(q, &storage, errors);
            if errors.list().len() == before {
                validate_amount("storage", q, &storage, errors);
            }
        }
    }
    validate_class(s.storage_class_name.as_deref(), &at.child("storageClassName"), errors);
    if let Some(mode) = &s.volume_mode {
        errors.one_of(&at.child("volumeMode"), mode, &["Block", "Filesystem"]);
    }
    validate_sources(s, any_group, at, errors);
    validate_class(s.volume_attributes_class_name.as_deref(), &at.child("volumeAttributesClassName"), errors);
}

fn validate_class(name: Option<&str>, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(name) = name.filter(|n| !n.is_empty()) {
        errors.invalid_each(at, name, names::dns1123_subdomain(name, false));
    }
}

fn validate_sources(s: &PersistentVolumeClaimSpec, any_group: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    let mut judge = |kind: &str, name: &str, group: Option<&str>, at: &Path<'_>| {
        if name.is_empty() {
            errors.required(&at.child("name"), "");
        }
        if kind.is_empty() {
            errors.required(&at.child("kind"), "");
        }
        let group = group.unwrap_or("");
        if group.is_empty() && kind != "PersistentVolumeClaim" {
            let why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
            errors.invalid(at, kind, why);
        }
        if !group.is_empty() && !any_group {
            errors.invalid_each(&at.child("apiGroup"), group, names::dns1123_subdomain(group, false));
        }
    };
    if let Some(d) = &s.data_source {
        judge(&d.kind, &d.name, d.api_group.as_deref(), &at.child("dataSource"));
    }
    let Some(r) = &s.data_source_ref else { return };
    let here = at.child("dataSourceRef");
    judge(&r.kind, &r.name, r.api_group.as_deref(), &here);
    let elsewhere = r.namespace.as_deref().filter(|n| !n.is_empty());
    if let Some(namespace) = elsewhere {
        errors.invalid_each(&here.child("namespace"), namespace, names::dns1123_label(namespace, false));
    }
    // Kubernetes shows the path to a field here, of which nothing can be seen.
    match &s.data_source {
        Some(_) if elsewhere.is_some() => {
            errors.invalid(at, json!({}), "may not be specified when dataSourceRef.namespace is specified");
        }
        Some(d) if (&d.api_group, &d.kind, &d.name) != (&r.api_group, &r.kind, &r.name) => {
            errors.invalid(at, json!({}), "must match dataSourceRef");
        }
        _ => {}
    }
}

pub fn validate_status(new: &PersistentVolumeClaim, _: &PersistentVolumeClaim, errors: &mut FieldErrors) {
    const RESIZES: [&str; 5] = [
        "ControllerResizeInProgress",
        "ControllerResizeInfeasible",
        "NodeResizeInProgress",
        "NodeResizeInfeasible",
        "NodeResizePending",
    ];
    if new.spec.as_ref().and_then(|s| s.access_modes.as_ref()).is_none_or(Vec::is_empty) {
        let spec = Path::new("Spec");
        errors.required(&spec.child("accessModes"), "");
    }
    let Some(status) = &new.status else { return };
    let at = Path::new("status");
    let here = at.child("capacity");
    for (k, q) in status.capacity.iter().flatten() {
        validate_basic(q, &here.key(k), errors);
    }
    let here = at.child("allocatedResourceStatuses");
    for (k, v) in status.allocated_resource_statuses.iter().flatten() {
        validate_key(k, &here, errors);
        if !RESIZES.contains(&v.as_str()) {
            errors.not_supported(&here, k, &RESIZES);
        }
    }
    let here = at.child("allocatedResources");
    for (k, q) in status.allocated_resources.iter().flatten() {
        let before = errors.list().len();
        validate_key(k, &here, errors);
        if errors.list().len() == before {
            validate_basic(q, &here.key(k), errors);
        }
        if errors.list().len() == before {
            validate_amount("storage", q, &here.key(k), errors);
        }
    }
}

/// Of Kubernetes' own resources a claim has storage only.
fn validate_key(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    let found = names::qualified_name(name);
    if found.is_empty() && names::is_native_resource(name) && name != "storage" {
        errors.not_supported(at, name, &["storage"]);
    }
    errors.invalid_each(at, name, found);
}
