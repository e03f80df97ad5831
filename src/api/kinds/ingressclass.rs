//! networking.k8s.io/v1 IngressClass.

use super::IngressClass;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<IngressClass> = Kind {
    namespaced: false,
    columns: &[
        Column::name(),
        // COLUMN {"name": "Controller", "type": "string", "format": "", "description": "Controller that is responsible for handling this class", "priority": 0}
        // COLUMN {"name": "Parameters", "type": "string", "format": "", "description": "A reference to a resource with additional parameters", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("networking.k8s.io", "v1"), "IngressClass", "ingressclasses", "ingressclass")
};
