//! storage.k8s.io/v1 VolumeAttachment.

use super::VolumeAttachment;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<VolumeAttachment> = Kind {
    namespaced: false,
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Attacher", "type": "string", "format": "name", "description": "attacher indicates the name of the volume driver that MUST handle this request. This is the name returned by GetPluginName().", "priority": 0}
        // COLUMN {"name": "PV", "type": "string", "format": "", "description": "persistentVolumeName represents the name of the persistent volume to attach.", "priority": 0}
        // COLUMN {"name": "Node", "type": "string", "format": "", "description": "nodeName represents the node that the volume should be attached to.", "priority": 0}
        // COLUMN {"name": "Attached", "type": "boolean", "format": "", "description": "attached indicates the volume is successfully attached. This field must only be set by the entity completing the attach operation, i.e. the external-attacher.", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("storage.k8s.io", "v1"), "VolumeAttachment", "volumeattachments", "volumeattachment")
};
