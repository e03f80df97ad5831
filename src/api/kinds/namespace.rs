//! v1 Namespace: names, defaults, columns. Its finalizer `kubernetes` holds it until its contents are gone.
//! Real Kubernetes: pkg/registry/core/namespace, pkg/apis/core/v1/defaults.go SetDefaults_Namespace.

use k8s_openapi::api::core::v1::NamespaceStatus;

use super::Namespace;
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
    prepare_status: |new, old| status_only((&mut new.metadata, &mut new.spec), (&old.metadata, &old.spec)),
    columns: &[
        Column::name(),
        Column::text("Status", "The status of the namespace", |n, _| Cell::from(phase(n))),
        Column::age(),
    ],
    selectable: &["status.phase", "name"],
    field: |n, f| Some(if f == "name" { n.metadata.name.clone().unwrap_or_default() } else { phase(n).to_string() }),
    ..Kind::new(("", "v1"), "Namespace", "namespaces", "namespace")
};

use crate::api::kinds::updates::status_only;

pub fn phase(n: &Namespace) -> &str {
    n.status.as_ref().and_then(|s| s.phase.as_deref()).unwrap_or("")
}

/// Every namespace carries its own name as a label, whatever its author wrote there.
fn defaults(n: &mut Namespace) {
    if let Some(name) = n.metadata.name.clone().filter(|name| !name.is_empty()) {
        n.metadata.labels.get_or_insert_default().insert("kubernetes.io/metadata.name".into(), name);
    }
}

fn prepare_create(n: &mut Namespace) {
    n.status = Some(NamespaceStatus { phase: Some("Active".into()), ..NamespaceStatus::default() });
    let finalizers = n.spec.get_or_insert_default().finalizers.get_or_insert_default();
    if !finalizers.iter().any(|f| f == "kubernetes") {
        finalizers.push("kubernetes".into());
    }
}
