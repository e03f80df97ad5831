//! v1 PersistentVolume.

use super::PersistentVolume;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<PersistentVolume> = Kind {
    short_names: &["pv"],
    namespaced: false,
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Capacity", "type": "string", "format": "", "description": "capacity is the description of the persistent volume's resources and capacity. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#capacity", "priority": 0}
        // COLUMN {"name": "Access Modes", "type": "string", "format": "", "description": "accessModes contains all ways the volume can be mounted. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes", "priority": 0}
        // COLUMN {"name": "Reclaim Policy", "type": "string", "format": "", "description": "persistentVolumeReclaimPolicy defines what happens to a persistent volume when released from its claim. Valid options are Retain (default for manually created PersistentVolumes), Delete (default for dynamically provisioned PersistentVolumes), and Recycle (deprecated). Recycle must be supported by the volume plugin underlying this PersistentVolume. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#reclaiming", "priority": 0}
        // COLUMN {"name": "Status", "type": "string", "format": "", "description": "phase indicates if a volume is available, bound to a claim, or released by a claim. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#phase", "priority": 0}
        // COLUMN {"name": "Claim", "type": "string", "format": "", "description": "claimRef is part of a bi-directional binding between PersistentVolume and PersistentVolumeClaim. Expected to be non-nil when bound. claim.VolumeName is the authoritative bind between PV and PVC. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#binding", "priority": 0}
        // COLUMN {"name": "StorageClass", "type": "string", "format": "", "description": "StorageClass of the pv", "priority": 0}
        // COLUMN {"name": "VolumeAttributesClass", "type": "string", "format": "", "description": "VolumeAttributesClass of the pv", "priority": 0}
        // COLUMN {"name": "Reason", "type": "string", "format": "", "description": "reason is a brief CamelCase string that describes any failure and is meant for machine parsing and tidy display in the CLI.", "priority": 0}
        Column::age(),
        // COLUMN {"name": "VolumeMode", "type": "string", "format": "", "description": "volumeMode defines if a volume is intended to be used with a formatted filesystem or to remain in raw block state. Value of Filesystem is implied when not included in spec.", "priority": 1}
    ],
    ..Kind::new(("", "v1"), "PersistentVolume", "persistentvolumes", "persistentvolume")
};
