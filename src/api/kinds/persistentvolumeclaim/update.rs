//! What a change of a PersistentVolumeClaim may do: hardly anything.
//! Real Kubernetes: pkg/apis/core/validation ValidatePersistentVolumeClaimUpdate.

use k8s_openapi::api::core::v1::PersistentVolumeClaimSpec;

use super::validation;
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::PersistentVolumeClaim;
use crate::api::kinds::persistentvolume::CLASS_ANNOTATION;
use crate::api::kinds::resources::amount_of;
use crate::api::object::Resource;
use crate::api::quantity::Quantity;
use crate::api::schema::TypeId;
use crate::api::{canonical, internal, names, unified_diff};

const SPEC: &str = "core/v1.PersistentVolumeClaimSpec";

pub fn validate(new: &PersistentVolumeClaim, old: &PersistentVolumeClaim, errors: &mut FieldErrors) {
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
    names::validate_meta(&new.metadata, true, names::dns1123_subdomain, errors);
    validation::validate(new, Some(old), errors);
    let (Some(n), Some(o)) = (&new.spec, &old.spec) else { return };
    let (mut now, mut before) = (n.clone(), o.clone());
    // A volume may be named once: that is how a claim is bound.
    if before.volume_name.as_deref().unwrap_or("").is_empty() {
        before.volume_name.clone_from(&now.volume_name);
    }
    settle_class(new, old, &mut now, &before, errors);
    if new.status.as_ref().is_some_and(|s| s.phase.as_deref() == Some("Bound")) {
        allow_growth(&mut now, &before);
    }
    if !canonical::equal(&now, &before, SPEC) {
        errors.forbidden(&Path::new("spec"), format!("spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n{}", difference(&before, &now)));
    }
    validate_size(n, old, errors);
    errors.immutable(&Path::new("volumeMode"), &n.volume_mode, &o.volume_mode);
    validate_attributes_class(n, old, errors);
}

fn difference(before: &PersistentVolumeClaimSpec, now: &PersistentVolumeClaimSpec) -> String {
    let Some(of) = TypeId::by_name(SPEC) else { return String::new() };
    let text = |s: &PersistentVolumeClaimSpec| internal::pretty(&serde_json::to_value(s).unwrap_or_default(), of);
    unified_diff::unified(&text(before), &text(now))
}

/// A class may move from the annotation to the field, and be named where none was.
fn settle_class(
    new: &PersistentVolumeClaim,
    old: &PersistentVolumeClaim,
    now: &mut PersistentVolumeClaimSpec,
    before: &PersistentVolumeClaimSpec,
    errors: &mut FieldErrors,
) {
    let (annotated, was) = (new.annotation(CLASS_ANNOTATION), old.annotation(CLASS_ANNOTATION));
    let class = now.storage_class_name.as_deref();
    let unnamed = before.storage_class_name.is_none();
    if was.is_some() && unnamed && class == was && annotated.is_none_or(|a| Some(a) == was) {
        now.storage_class_name = None;
        return;
    }
    let text = annotated.unwrap_or("");
    if text != was.unwrap_or("") {
        let metadata = Path::new("metadata");
        errors.invalid(&metadata.child("annotations").child(CLASS_ANNOTATION), text, "field is immutable");
    }
    if class.is_some() && unnamed && was.is_none_or(|was| class == Some(was)) {
        now.storage_class_name = None;
    }
}

/// A bound claim may ask for more, and for other attributes.
fn allow_growth(now: &mut PersistentVolumeClaimSpec, before: &PersistentVolumeClaimSpec) {
    let kept = before.resources.as_ref().and_then(|r| r.requests.as_ref()?.get("storage")).cloned();
    if let Some(requests) = now.resources.as_mut().and_then(|r| r.requests.as_mut()) {
        match kept {
            Some(q) => drop(requests.insert("storage".into(), q)),
            None => drop(requests.remove("storage")),
        }
    }
    now.volume_attributes_class_name.clone_from(&before.volume_attributes_class_name);
}

/// A claim that asked for too much may ask for less again, but not for less than it has.
fn validate_size(n: &PersistentVolumeClaimSpec, old: &PersistentVolumeClaim, errors: &mut FieldErrors) {
    let asked = |s: Option<&PersistentVolumeClaimSpec>| -> Quantity {
        amount_of(s.and_then(|s| s.resources.as_ref()?.requests.as_ref()), "storage")
    };
    let has = amount_of(old.status.as_ref().and_then(|s| s.capacity.as_ref()), "storage");
    if asked(Some(n)) < asked(old.spec.as_ref()) && asked(Some(n)) <= has {
        let spec = Path::new("spec");
        let resources = spec.child("resources");
        let requests = resources.child("requests");
        errors.forbidden(&requests.child("storage"), "field can not be less than status.capacity");
    }
}

fn validate_attributes_class(n: &PersistentVolumeClaimSpec, old: &PersistentVolumeClaim, errors: &mut FieldErrors) {
    let before = old.spec.as_ref().and_then(|s| s.volume_attributes_class_name.as_ref());
    let applied = old.status.as_ref().is_some_and(|s| s.current_volume_attributes_class_name.is_some());
    let class = n.volume_attributes_class_name.as_ref();
    if class == before || !applied {
        return;
    }
    let what = match class.map(String::as_str) {
        None => "nil",
        Some("") => "empty string",
        Some(_) => return,
    };
    let spec = Path::new("spec");
    let why = format!("update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil");
    errors.forbidden(&spec.child("volumeAttributesClassName"), why);
}
