//! apiregistration.k8s.io/v1 APIService.

use super::APIService;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<APIService> = Kind {
    categories: &["api-extensions"],
    namespaced: false,
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Service", "type": "string", "format": "", "description": "The reference to the service that hosts this API endpoint.", "priority": 0}
        // COLUMN {"name": "Available", "type": "string", "format": "", "description": "Whether this service is available.", "priority": 0}
        Column::age(),
    ],
    name_rule: crate::api::names::path_segment,
    ..Kind::new(("apiregistration.k8s.io", "v1"), "APIService", "apiservices", "apiservice")
};
