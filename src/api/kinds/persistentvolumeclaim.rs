//! v1 PersistentVolumeClaim.

use super::PersistentVolumeClaim;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<PersistentVolumeClaim> = Kind {
    short_names: &["pvc"],
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Status", "type": "string", "format": "", "description": "phase represents the current phase of PersistentVolumeClaim.", "priority": 0}
        // COLUMN {"name": "Volume", "type": "string", "format": "", "description": "volumeName is the binding reference to the PersistentVolume backing this claim.", "priority": 0}
        // COLUMN {"name": "Capacity", "type": "string", "format": "", "description": "capacity represents the actual resources of the underlying volume.", "priority": 0}
        // COLUMN {"name": "Access Modes", "type": "string", "format": "", "description": "accessModes contains the actual access modes the volume backing the PVC has. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes-1", "priority": 0}
        // COLUMN {"name": "StorageClass", "type": "string", "format": "", "description": "StorageClass of the pvc", "priority": 0}
        // COLUMN {"name": "VolumeAttributesClass", "type": "string", "format": "", "description": "VolumeAttributesClass of the pvc", "priority": 0}
        Column::age(),
        // COLUMN {"name": "VolumeMode", "type": "string", "format": "", "description": "volumeMode defines what type of volume is required by the claim. Value of Filesystem is implied when not included in claim spec.", "priority": 1}
    ],
    ..Kind::new(("", "v1"), "PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaim")
};
