//! v1 ServiceAccount: names and columns.
//! Real Kubernetes: pkg/registry/core/serviceaccount.

use k8s_openapi::api::core::v1::ObjectReference;

use super::ServiceAccount;
use crate::api::kind::{Kind, Subresource};
use crate::api::names;
use crate::api::object::Resource;
use crate::api::table::Column;

pub static KIND: Kind<ServiceAccount> = Kind {
    short_names: &["sa"],
    subresources: &[Subresource::Token],
    returns_deleted: true,
    prepare_create: name_secrets_only,
    prepare_update: |new, _| name_secrets_only(new),
    validate_update: |new, old, errors| {
        names::validate_meta_update(&new.metadata, &old.metadata, errors);
        names::validate_meta(&new.metadata, true, names::dns1123_subdomain, errors);
    },
    update_judges_alone: true,
    warnings,
    columns: &[Column::name(), Column::age()],
    ..Kind::new(("", "v1"), "ServiceAccount", "serviceaccounts", "serviceaccount")
};

/// Its secrets are of its own namespace: nothing but their names counts.
fn name_secrets_only(a: &mut ServiceAccount) {
    for s in a.secrets.iter_mut().flatten() {
        *s = ObjectReference { name: s.name.take(), ..ObjectReference::default() };
    }
}

fn warnings(new: &ServiceAccount, old: Option<&ServiceAccount>) -> Vec<String> {
    const MOUNTABLE: &str = "kubernetes.io/enforce-mountable-secrets";
    if new.annotation(MOUNTABLE).is_none() || old.is_some_and(|o| o.annotation(MOUNTABLE).is_some()) {
        return vec![];
    }
    let why = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets";
    vec![format!("metadata.annotations[{MOUNTABLE}]: {why}")]
}
