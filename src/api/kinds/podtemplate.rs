//! v1 PodTemplate.

use super::PodTemplate;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<PodTemplate> = Kind {
    columns: &[
        Column::name(),
        // COLUMN {"name": "Containers", "type": "string", "format": "", "description": "Names of each container in the template.", "priority": 0}
        // COLUMN {"name": "Images", "type": "string", "format": "", "description": "Images referenced by each container in the template.", "priority": 0}
        // COLUMN {"name": "Pod Labels", "type": "string", "format": "", "description": "The labels for the pod template.", "priority": 0}
    ],
    ..Kind::new(("", "v1"), "PodTemplate", "podtemplates", "podtemplate")
};
