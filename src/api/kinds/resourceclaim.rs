//! resource.k8s.io/v1 ResourceClaim.

use super::ResourceClaim;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<ResourceClaim> = Kind {
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "State", "type": "string", "format": "", "description": "A summary of the current state (allocated, pending, reserved, etc.).", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("resource.k8s.io", "v1"), "ResourceClaim", "resourceclaims", "resourceclaim")
};
