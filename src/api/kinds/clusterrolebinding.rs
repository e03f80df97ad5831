//! rbac.authorization.k8s.io/v1 ClusterRoleBinding: names, defaults, validation, columns.
//! Real Kubernetes: pkg/apis/rbac/v1/defaults.go, pkg/apis/rbac/validation, pkg/registry/rbac/clusterrolebinding.

use super::ClusterRoleBinding;
use super::rbac;
use crate::api::kind::Kind;
use crate::api::names;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<ClusterRoleBinding> = Kind {
    namespaced: false,
    create_on_update: true,
    name_rule: names::path_segment,
    defaults: |b| rbac::default_binding(&mut b.role_ref, b.subjects.as_deref_mut()),
    validate: |b, errors| {
        rbac::validate_role_ref(&b.role_ref, &["ClusterRole"], errors);
        rbac::validate_subjects(b.subjects.as_deref().unwrap_or_default(), false, errors);
    },
    validate_update: |new, old, errors| rbac::validate_same_role(&new.role_ref, &old.role_ref, errors),
    columns: &[
        Column::name(),
        Column::text("Role", "RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.", |b, _| Cell::from(rbac::role_text(&b.role_ref))),
        Column::age(),
        Column::wide_text("Users", "Users in the clusterRoleBinding", |b, _| Cell::from(rbac::users(b.subjects.as_deref()))),
        Column::wide_text("Groups", "Groups in the clusterRoleBinding", |b, _| Cell::from(rbac::groups(b.subjects.as_deref()))),
        Column::wide_text("ServiceAccounts", "ServiceAccounts in the clusterRoleBinding", |b, _| Cell::from(rbac::service_accounts(b.subjects.as_deref()))),
    ],
    ..Kind::new(("rbac.authorization.k8s.io", "v1"), "ClusterRoleBinding", "clusterrolebindings", "clusterrolebinding")
};
