//! admissionregistration.k8s.io/v1 MutatingWebhookConfiguration: defaults, validation, columns, update rules.
//! Real Kubernetes: pkg/apis/admissionregistration, pkg/registry/admissionregistration/mutatingwebhookconfiguration.

use super::MutatingWebhookConfiguration;
use super::{admission_rules, admission_webhooks};
use crate::api::kind::Kind;
use crate::api::object::Resource;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<MutatingWebhookConfiguration> = Kind {
    categories: &["api-extensions"],
    namespaced: false,
    generation: true,
    unconditional_update: false,
    defaults,
    spec_changed: |new, old| new.webhooks != old.webhooks,
    validate: |c, errors| admission_webhooks::validate(c.webhooks.iter().flatten().map(Into::into), errors),
    warnings: |c, _| admission_rules::warnings(c.name()),
    columns: &[
        Column::name(),
        Column::int("Webhooks", "Webhooks indicates the number of webhooks registered in this configuration", |c, _| {
            Cell::from(c.webhooks.as_ref().map_or(0, Vec::len))
        }),
        Column::age(),
    ],
    ..Kind::new(("admissionregistration.k8s.io", "v1"), "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "mutatingwebhookconfiguration")
};

fn defaults(c: &mut MutatingWebhookConfiguration) {
    for w in c.webhooks.iter_mut().flatten() {
        admission_rules::default_policies(&mut w.failure_policy, &mut w.match_policy);
        w.namespace_selector.get_or_insert_default();
        w.object_selector.get_or_insert_default();
        w.timeout_seconds.get_or_insert(10);
        w.reinvocation_policy.get_or_insert_with(|| "Never".into());
        admission_webhooks::default_client(&mut w.client_config);
        admission_rules::default_rules(&mut w.rules);
    }
}
