//! node.k8s.io/v1 RuntimeClass.

use super::RuntimeClass;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<RuntimeClass> = Kind {
    namespaced: false,
    columns: &[
        Column::name(),
        // COLUMN {"name": "Handler", "type": "string", "format": "", "description": "", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("node.k8s.io", "v1"), "RuntimeClass", "runtimeclasses", "runtimeclass")
};
