//! storage.k8s.io/v1 CSINode.

use super::CSINode;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<CSINode> = Kind {
    namespaced: false,
    columns: &[
        Column::name(),
        // COLUMN {"name": "Drivers", "type": "integer", "format": "", "description": "Drivers indicates the number of CSI drivers registered on the node", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("storage.k8s.io", "v1"), "CSINode", "csinodes", "csinode")
};
