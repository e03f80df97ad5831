//! metrics.k8s.io/v1beta1 NodeMetrics.

use super::NodeMetrics;
use crate::api::kind::{Kind, READ_ONLY};
use crate::api::table::Column;

pub static KIND: Kind<NodeMetrics> = Kind {
    namespaced: false,
    verbs: READ_ONLY,
    columns: &[
        Column::name(),
        // COLUMN {"name": "cpu", "type": "string", "format": "quantity", "description": "", "priority": 0}
        // COLUMN {"name": "memory", "type": "string", "format": "quantity", "description": "", "priority": 0}
        // COLUMN {"name": "Window", "type": "string", "format": "duration", "description": "", "priority": 0}
    ],
    aggregated: true,
    ..Kind::new(("metrics.k8s.io", "v1beta1"), "NodeMetrics", "nodes", "")
};
