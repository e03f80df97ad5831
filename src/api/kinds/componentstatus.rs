//! v1 ComponentStatus: columns. Nobody writes one: the API server makes them when somebody looks.
//! Real Kubernetes: pkg/registry/core/componentstatus, pkg/printers/internalversion printComponentStatus.

use k8s_openapi::api::core::v1::ComponentCondition;

use super::ComponentStatus;
use crate::api::kind::{Kind, READ_ONLY};
use crate::api::table::{Cell, Column};

pub static KIND: Kind<ComponentStatus> = Kind {
    short_names: &["cs"],
    namespaced: false,
    verbs: READ_ONLY,
    deprecated: Some("v1 ComponentStatus is deprecated in v1.19+"),
    columns: &[
        Column::name(),
        Column::text("Status", "Status of the component conditions", |c, _| Cell::from(status(c))),
        Column::text("Message", "Message of the component conditions", |c, _| Cell::from(healthy(c).and_then(|h| h.message.as_deref()).unwrap_or(""))),
        Column::text("Error", "Error of the component conditions", |c, _| Cell::from(healthy(c).and_then(|h| h.error.as_deref()).unwrap_or(""))),
    ],
    ..Kind::new(("", "v1"), "ComponentStatus", "componentstatuses", "componentstatus")
};

fn healthy(c: &ComponentStatus) -> Option<&ComponentCondition> {
    c.conditions.iter().flatten().find(|c| c.type_ == "Healthy")
}

fn status(c: &ComponentStatus) -> &'static str {
    match healthy(c).map(|h| h.status.as_str()) {
        Some("True") => "Healthy",
        Some(_) => "Unhealthy",
        None => "Unknown",
    }
}
