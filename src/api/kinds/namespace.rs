//! v1 Namespace: names, defaults, validation, columns. Its finalizer `kubernetes` holds it until its contents are gone.
//! Real Kubernetes: pkg/registry/core/namespace, pkg/apis/core/v1/defaults.go SetDefaults_Namespace,
//! pkg/apis/core/validation ValidateNamespace.

use k8s_openapi::api::core::v1::NamespaceStatus;

use super::Namespace;
use super::updates::keep;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::names;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<Namespace> = Kind {
    short_names: &["ns"],
    namespaced: false,
    verbs: &["create", "delete", "get", "list", "patch", "update", "watch"],
    subresources: &[Subresource::Status, Subresource::Finalize],
    name_rule: names::dns1123_label,
    defaults,
    prepare_create,
    prepare_update: |new, old| {
        new.spec = old.spec.clone();
        new.status = old.status.clone();
    },
    prepare_status: |new, old| {
        keep(&mut new.spec, &old.spec);
        let status = new.status.get_or_insert_default();
        if status.phase.as_deref().unwrap_or("").is_empty() {
            status.phase = Some("Active".into());
        }
    },
    validate,
    validate_update: |new, old, errors| {
        names::validate_meta(&new.metadata, false, names::dns1123_label, errors);
        validate(new, errors);
        names::validate_meta_update(&new.metadata, &old.metadata, errors);
    },
    update_judges_alone: true,
    validate_status,
    returns_deleted: true,
    condemn: Some(|n, _| n.status.get_or_insert_default().phase = Some("Terminating".into())),
    columns: &[
        Column::name(),
        Column::text("Status", "The status of the namespace", |n, _| Cell::from(phase(n))),
        Column::age(),
    ],
    selectable: &["status.phase"],
    field: |n, _| Some(phase(n).to_string()),
    ..Kind::new(("", "v1"), "Namespace", "namespaces", "namespace")
};

pub fn phase(n: &Namespace) -> &str {
    n.status.as_ref().and_then(|s| s.phase.as_deref()).unwrap_or("")
}

/// Every namespace carries its own name as a label, whatever its author wrote there.
fn defaults(n: &mut Namespace) {
    let phase = n.status.get_or_insert_default().phase.get_or_insert_default();
    if phase.is_empty() {
        *phase = "Active".into();
    }
    if let Some(name) = n.metadata.name.clone().filter(|name| !name.is_empty()) {
        n.metadata.labels.get_or_insert_default().insert("kubernetes.io/metadata.name".into(), name);
    }
}

fn prepare_create(n: &mut Namespace) {
    // Its name may have been made after it was read.
    defaults(n);
    n.status = Some(NamespaceStatus { phase: Some("Active".into()), ..NamespaceStatus::default() });
    let finalizers = n.spec.get_or_insert_default().finalizers.get_or_insert_default();
    if !finalizers.iter().any(|f| f == "kubernetes") {
        finalizers.push("kubernetes".into());
    }
}

fn finalizers(n: &Namespace) -> &[String] {
    n.spec.as_ref().and_then(|s| s.finalizers.as_deref()).unwrap_or_default()
}

fn validate_finalizer(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    errors.invalid_each(at, name, names::qualified_name(name));
    names::validate_known_finalizer(name, at, errors);
}

fn validate(n: &Namespace, errors: &mut FieldErrors) {
    let spec = Path::new("spec");
    finalizers(n).iter().for_each(|f| validate_finalizer(f, &spec.child("finalizers"), errors));
}

/// What the `finalize` subresource may not leave.
pub fn validate_finalize(n: &Namespace, old: &Namespace, errors: &mut FieldErrors) {
    names::validate_meta_update(&n.metadata, &old.metadata, errors);
    let spec = Path::new("spec");
    let list = spec.child("finalizers");
    finalizers(n).iter().enumerate().for_each(|(i, f)| validate_finalizer(f, &list.index(i), errors));
}

/// It is active until it is deleted, and terminating from then on.
fn validate_status(new: &Namespace, _: &Namespace, errors: &mut FieldErrors) {
    let (want, when) = match new.metadata.deletion_timestamp {
        None => ("Active", "is empty"),
        Some(_) => ("Terminating", "is not empty"),
    };
    if phase(new) != want {
        let status = Path::new("status");
        errors.invalid(&status.child("Phase"), phase(new), format!("may only be '{want}' if `deletionTimestamp` {when}"));
    }
}
