//! rbac.authorization.k8s.io/v1 RoleBinding.

use super::RoleBinding;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<RoleBinding> = Kind {
    columns: &[
        Column::name(),
        // COLUMN {"name": "Role", "type": "string", "format": "", "description": "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.", "priority": 0}
        Column::age(),
        // COLUMN {"name": "Users", "type": "string", "format": "", "description": "Users in the roleBinding", "priority": 1}
        // COLUMN {"name": "Groups", "type": "string", "format": "", "description": "Groups in the roleBinding", "priority": 1}
        // COLUMN {"name": "ServiceAccounts", "type": "string", "format": "", "description": "ServiceAccounts in the roleBinding", "priority": 1}
    ],
    name_rule: crate::api::names::path_segment,
    ..Kind::new(("rbac.authorization.k8s.io", "v1"), "RoleBinding", "rolebindings", "rolebinding")
};
