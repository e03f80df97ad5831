//! What the claim may not say that is made for an ephemeral volume.
//! Real Kubernetes: pkg/apis/core/validation/validation.go ValidatePersistentVolumeClaimTemplate,
//! ValidatePersistentVolumeClaimSpec.

use k8s_openapi::api::core::v1::{PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate, TypedObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{items, text};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::workload::validate_label_selector;
use crate::api::names;
use crate::api::quantity::Quantity;

const ACCESS_MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

pub fn validate_claim_template(t: &PersistentVolumeClaimTemplate, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(m) = &t.metadata {
        validate_meta(m, &at.child("metadata"), errors);
    }
    validate_claim_spec(&t.spec, &at.child("spec"), errors);
}

/// A claim of a template has labels and annotations; the rest of its metadata is made with it.
fn validate_meta(m: &ObjectMeta, at: &Path<'_>, errors: &mut FieldErrors) {
    super::template::validate_annotations(m.annotations.as_ref(), &at.child("annotations"), errors);
    names::validate_labels(m.labels.as_ref(), &at.child("labels"), errors);
    let set = |v: &Option<String>| v.as_ref().is_some_and(|s| !s.is_empty());
    for (name, set) in [
        ("name", set(&m.name)),
        ("generateName", set(&m.generate_name)),
        ("namespace", set(&m.namespace)),
        ("selfLink", set(&m.self_link)),
        ("uID", set(&m.uid)),
        ("resourceVersion", set(&m.resource_version)),
        ("generation", m.generation.is_some_and(|g| g != 0)),
        ("creationTimestamp", m.creation_timestamp.is_some()),
        ("deletionTimestamp", m.deletion_timestamp.is_some()),
        ("deletionGracePeriodSeconds", m.deletion_grace_period_seconds.is_some()),
        ("ownerReferences", m.owner_references.is_some()),
        ("finalizers", m.finalizers.is_some()),
        ("managedFields", m.managed_fields.is_some()),
    ] {
        if set {
            errors.forbidden(&at.child(name), "cannot be set");
        }
    }
}

pub fn validate_claim_spec(s: &PersistentVolumeClaimSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let modes = items(&s.access_modes);
    if modes.is_empty() {
        errors.required(&at.child("accessModes"), "at least 1 access mode is required");
    }
    if let Some(selector) = &s.selector {
        validate_label_selector(selector, &at.child("selector"), errors);
    }
    for mode in modes {
        errors.one_of(&at.child("accessModes"), mode, &ACCESS_MODES);
    }
    let one_pod = |m: &String| m == "ReadWriteOncePod";
    if modes.iter().any(one_pod) && modes.iter().any(|m| !one_pod(m) && ACCESS_MODES.contains(&m.as_str())) {
        errors.forbidden(&at.child("accessModes"), "may not use ReadWriteOncePod with other access modes");
    }
    let requests = s.resources.as_ref().and_then(|r| r.requests.as_ref());
    let (resources, storage) = (at.child("resources"), "storage");
    match requests.and_then(|r| r.get(storage)) {
        None => errors.required(&resources.key(storage), ""),
        Some(q) => {
            if let Some(q) = Quantity::parse(&q.0).filter(|q| q.is_zero() || q.is_negative()) {
                errors.invalid(&resources.key(storage), q.to_string(), "must be greater than zero");
            }
        }
    }
    if let Some(class) = s.storage_class_name.as_deref().filter(|c| !c.is_empty()) {
        errors.invalid_each(&at.child("storageClassName"), class, names::dns1123_subdomain(class, false));
    }
    if let Some(mode) = &s.volume_mode {
        errors.one_of(&at.child("volumeMode"), mode, &["Block", "Filesystem"]);
    }
    validate_sources(s, at, errors);
    if let Some(class) = s.volume_attributes_class_name.as_deref().filter(|c| !c.is_empty()) {
        errors.invalid_each(&at.child("volumeAttributesClassName"), class, names::dns1123_subdomain(class, false));
    }
}

fn validate_sources(s: &PersistentVolumeClaimSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(d) = &s.data_source {
        // As the newer reference, which can name a namespace too.
        let same = TypedObjectReference {
            api_group: d.api_group.clone(),
            kind: d.kind.clone(),
            name: d.name.clone(),
            namespace: None,
        };
        validate_source(&same, &at.child("dataSource"), errors);
    }
    let Some(r) = &s.data_source_ref else { return };
    validate_source(r, &at.child("dataSourceRef"), errors);
    let Some(d) = &s.data_source else { return };
    // Kubernetes shows the path of the older one here, a Go struct without public fields.
    let shown = || "{}".to_string();
    if !text(&r.namespace).is_empty() {
        errors.invalid_struct(at, shown(), "may not be specified when dataSourceRef.namespace is specified");
    } else if (&d.api_group, &d.kind, &d.name) != (&r.api_group, &r.kind, &r.name) {
        errors.invalid_struct(at, shown(), "must match dataSourceRef");
    }
}

fn validate_source(r: &TypedObjectReference, at: &Path<'_>, errors: &mut FieldErrors) {
    for (name, value) in [("name", &r.name), ("kind", &r.kind)] {
        if value.is_empty() {
            errors.required(&at.child(name), "");
        }
    }
    let group = text(&r.api_group);
    if group.is_empty() && r.kind != "PersistentVolumeClaim" {
        let why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        errors.invalid(at, r.kind.as_str(), why);
    }
    if !group.is_empty() {
        errors.invalid_each(&at.child("apiGroup"), group, names::dns1123_subdomain(group, false));
    }
    let namespace = text(&r.namespace);
    if !namespace.is_empty() {
        errors.invalid_each(&at.child("namespace"), namespace, names::dns1123_label(namespace, false));
    }
}
