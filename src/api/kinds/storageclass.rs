//! storage.k8s.io/v1 StorageClass.

use super::StorageClass;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<StorageClass> = Kind {
    short_names: &["sc"],
    namespaced: false,
    columns: &[
        Column::name(),
        // COLUMN {"name": "Provisioner", "type": "string", "format": "", "description": "provisioner indicates the type of the provisioner.", "priority": 0}
        // COLUMN {"name": "ReclaimPolicy", "type": "string", "format": "", "description": "reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes of this storage class. Defaults to Delete.", "priority": 0}
        // COLUMN {"name": "VolumeBindingMode", "type": "string", "format": "", "description": "volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound.  When unset, VolumeBindingImmediate is used. This field is only honored by servers that enable the VolumeScheduling feature.", "priority": 0}
        // COLUMN {"name": "AllowVolumeExpansion", "type": "string", "format": "", "description": "allowVolumeExpansion shows whether the storage class allow volume expand.", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("storage.k8s.io", "v1"), "StorageClass", "storageclasses", "storageclass")
};
