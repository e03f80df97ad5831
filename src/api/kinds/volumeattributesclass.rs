//! storage.k8s.io/v1 VolumeAttributesClass.

use super::VolumeAttributesClass;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<VolumeAttributesClass> = Kind {
    short_names: &["vac"],
    namespaced: false,
    columns: &[
        Column::name(),
        // COLUMN {"name": "DriverName", "type": "string", "format": "", "description": "Name of the CSI driver This field is immutable.", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("storage.k8s.io", "v1"), "VolumeAttributesClass", "volumeattributesclasses", "volumeattributesclass")
};
