//! rbac.authorization.k8s.io/v1 ClusterRoleBinding.

use super::ClusterRoleBinding;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<ClusterRoleBinding> = Kind {
    namespaced: false,
    columns: &[
        Column::name(),
        // COLUMN {"name": "Role", "type": "string", "format": "", "description": "RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.", "priority": 0}
        Column::age(),
        // COLUMN {"name": "Users", "type": "string", "format": "", "description": "Users in the clusterRoleBinding", "priority": 1}
        // COLUMN {"name": "Groups", "type": "string", "format": "", "description": "Groups in the clusterRoleBinding", "priority": 1}
        // COLUMN {"name": "ServiceAccounts", "type": "string", "format": "", "description": "ServiceAccounts in the clusterRoleBinding", "priority": 1}
    ],
    name_rule: crate::api::names::path_segment,
    ..Kind::new(("rbac.authorization.k8s.io", "v1"), "ClusterRoleBinding", "clusterrolebindings", "clusterrolebinding")
};
