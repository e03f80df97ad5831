//! resource.k8s.io/v1 DeviceClass.

use super::DeviceClass;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<DeviceClass> = Kind {
    namespaced: false,
    columns: &[
        Column::name(),
        Column::age(),
    ],
    ..Kind::new(("resource.k8s.io", "v1"), "DeviceClass", "deviceclasses", "deviceclass")
};
