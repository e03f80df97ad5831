//! admissionregistration.k8s.io/v1 MutatingWebhookConfiguration.

use super::MutatingWebhookConfiguration;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<MutatingWebhookConfiguration> = Kind {
    categories: &["api-extensions"],
    namespaced: false,
    columns: &[
        Column::name(),
        // COLUMN {"name": "Webhooks", "type": "integer", "format": "", "description": "Webhooks indicates the number of webhooks registered in this configuration", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("admissionregistration.k8s.io", "v1"), "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "mutatingwebhookconfiguration")
};
