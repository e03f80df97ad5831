//! apps/v1 ControllerRevision.

use super::ControllerRevision;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<ControllerRevision> = Kind {
    columns: &[
        Column::name(),
        // COLUMN {"name": "Controller", "type": "string", "format": "", "description": "Controller of the object", "priority": 0}
        // COLUMN {"name": "Revision", "type": "string", "format": "", "description": "Revision indicates the revision of the state represented by Data.", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("apps", "v1"), "ControllerRevision", "controllerrevisions", "controllerrevision")
};
