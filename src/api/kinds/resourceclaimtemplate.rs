//! resource.k8s.io/v1 ResourceClaimTemplate: names, defaults, validation, columns.
//! Real Kubernetes: pkg/apis/resource/v1/defaults.go, pkg/apis/resource/validation, pkg/registry/resource/resourceclaimtemplate.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::ResourceClaimTemplate;
use super::devices::claim;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::table::Column;
use crate::api::{canonical, internal, names};

pub static KIND: Kind<ResourceClaimTemplate> = Kind {
    defaults: |t| claim::defaults(&mut t.spec.spec),
    validate,
    validate_update,
    returns_deleted: true,
    columns: &[
        Column::name(),
        Column::age(),
    ],
    ..Kind::new(("resource.k8s.io", "v1"), "ResourceClaimTemplate", "resourceclaimtemplates", "resourceclaimtemplate")
};

fn validate(t: &ResourceClaimTemplate, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    if let Some(meta) = &t.spec.metadata {
        validate_meta(meta, &at.child("metadata"), errors);
    }
    claim::validate(&t.spec.spec, &at.child("spec"), errors);
}

/// A claim that is made of it takes over labels and annotations; nothing else may be set.
fn validate_meta(meta: &ObjectMeta, at: &Path<'_>, errors: &mut FieldErrors) {
    names::validate_annotations(meta.annotations.as_ref(), &at.child("annotations"), errors);
    names::validate_labels(meta.labels.as_ref(), &at.child("labels"), errors);
    let some = |text: &Option<String>| text.as_ref().is_some_and(|t| !t.is_empty());
    for (name, set) in [
        ("name", some(&meta.name)),
        ("generateName", some(&meta.generate_name)),
        ("namespace", some(&meta.namespace)),
        ("selfLink", some(&meta.self_link)),
        ("uID", some(&meta.uid)),
        ("resourceVersion", some(&meta.resource_version)),
        ("generation", meta.generation.is_some_and(|g| g != 0)),
        ("creationTimestamp", meta.creation_timestamp.is_some()),
        ("deletionTimestamp", meta.deletion_timestamp.is_some()),
        ("deletionGracePeriodSeconds", meta.deletion_grace_period_seconds.is_some()),
        ("ownerReferences", meta.owner_references.is_some()),
        ("finalizers", meta.finalizers.is_some()),
        ("managedFields", meta.managed_fields.is_some()),
    ] {
        if set {
            errors.forbidden(&at.child(name), "cannot be set");
        }
    }
}

fn validate_update(new: &ResourceClaimTemplate, old: &ResourceClaimTemplate, errors: &mut FieldErrors) {
    const TYPE: &str = "resource/v1.ResourceClaimTemplateSpec";
    if !canonical::equal(&new.spec, &old.spec, TYPE) {
        errors.invalid_struct(&Path::new("spec"), internal::shown(&new.spec, TYPE), "field is immutable");
    }
}
