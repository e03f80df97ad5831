//! apps/v1 StatefulSet.

use super::StatefulSet;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<StatefulSet> = Kind {
    short_names: &["sts"],
    categories: &["all"],
    subresources: &[Subresource::Scale, Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Ready", "type": "string", "format": "", "description": "Number of the pod with ready state", "priority": 0}
        Column::age(),
        // COLUMN {"name": "Containers", "type": "string", "format": "", "description": "Names of each container in the template.", "priority": 1}
        // COLUMN {"name": "Images", "type": "string", "format": "", "description": "Images referenced by each container in the template.", "priority": 1}
    ],
    ..Kind::new(("apps", "v1"), "StatefulSet", "statefulsets", "statefulset")
};
