//! networking.k8s.io/v1 ServiceCIDR.

use super::ServiceCIDR;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<ServiceCIDR> = Kind {
    namespaced: false,
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "CIDRs", "type": "string", "format": "", "description": "CIDRs defines the IP blocks in CIDR notation (e.g. \"192.168.0.0/24\" or \"2001:db8::/64\") from which to assign service cluster IPs. Max of two CIDRs is allowed, one of each IP family. This field is immutable.", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("networking.k8s.io", "v1"), "ServiceCIDR", "servicecidrs", "servicecidr")
};
