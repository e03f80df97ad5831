//! v1 ComponentStatus.

use super::ComponentStatus;
use crate::api::kind::{Kind, READ_ONLY};
use crate::api::table::Column;

pub static KIND: Kind<ComponentStatus> = Kind {
    short_names: &["cs"],
    namespaced: false,
    verbs: READ_ONLY,
    columns: &[
        Column::name(),
        // COLUMN {"name": "Status", "type": "string", "format": "", "description": "Status of the component conditions", "priority": 0}
        // COLUMN {"name": "Message", "type": "string", "format": "", "description": "Message of the component conditions", "priority": 0}
        // COLUMN {"name": "Error", "type": "string", "format": "", "description": "Error of the component conditions", "priority": 0}
    ],
    ..Kind::new(("", "v1"), "ComponentStatus", "componentstatuses", "componentstatus")
};
