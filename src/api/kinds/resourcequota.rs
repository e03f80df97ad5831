//! v1 ResourceQuota.

use super::ResourceQuota;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<ResourceQuota> = Kind {
    short_names: &["quota"],
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Request", "type": "string", "format": "", "description": "Request represents a minimum amount of cpu/memory that a container may consume.", "priority": 0}
        // COLUMN {"name": "Limit", "type": "string", "format": "", "description": "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("", "v1"), "ResourceQuota", "resourcequotas", "resourcequota")
};
