//! v1 Endpoints.

use super::Endpoints;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<Endpoints> = Kind {
    short_names: &["ep"],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Endpoints", "type": "string", "format": "", "description": "The set of all endpoints is the union of all subsets. Addresses are placed into subsets according to the IPs they share. A single address with multiple ports, some of which are ready and some of which are not (because they come from different containers) will result in the address being displayed in different subsets for the different ports. No address will appear in both Addresses and NotReadyAddresses in the same subset. Sets of addresses and ports that comprise a service.", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("", "v1"), "Endpoints", "endpoints", "endpoints")
};
