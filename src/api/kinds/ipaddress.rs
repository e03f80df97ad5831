//! networking.k8s.io/v1 IPAddress.

use super::IPAddress;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<IPAddress> = Kind {
    short_names: &["ip"],
    namespaced: false,
    columns: &[
        Column::name(),
        // COLUMN {"name": "ParentRef", "type": "string", "format": "", "description": "ParentRef references the resource that an IPAddress is attached to. An IPAddress must reference a parent object.", "priority": 0}
    ],
    ..Kind::new(("networking.k8s.io", "v1"), "IPAddress", "ipaddresses", "ipaddress")
};
