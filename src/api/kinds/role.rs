//! rbac.authorization.k8s.io/v1 Role: names, validation, columns.
//! Real Kubernetes: pkg/apis/rbac/validation, pkg/registry/rbac/role.

use super::Role;
use super::rbac;
use crate::api::kind::Kind;
use crate::api::names;
use crate::api::table::Column;

pub static KIND: Kind<Role> = Kind {
    create_on_update: true,
    name_rule: names::path_segment,
    validate: |r, errors| rbac::validate_rules(r.rules.as_deref().unwrap_or_default(), true, errors),
    columns: &[
        Column::name(),
        Column::created_at(),
    ],
    ..Kind::new(("rbac.authorization.k8s.io", "v1"), "Role", "roles", "role")
};
