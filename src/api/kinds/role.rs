//! rbac.authorization.k8s.io/v1 Role.

use super::Role;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<Role> = Kind {
    columns: &[
        Column::name(),
        // COLUMN {"name": "Created At", "type": "date", "format": "", "description": "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata", "priority": 0}
    ],
    name_rule: crate::api::names::path_segment,
    ..Kind::new(("rbac.authorization.k8s.io", "v1"), "Role", "roles", "role")
};
