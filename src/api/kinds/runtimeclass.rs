//! node.k8s.io/v1 RuntimeClass: names, validation, columns.
//! Real Kubernetes: pkg/apis/node/validation, pkg/registry/node/runtimeclass.

use k8s_openapi::api::core::v1::Toleration;
use k8s_openapi::api::node::v1::Scheduling;

use super::RuntimeClass;
use super::node_labels;
use super::pod_spec::Options;
use super::pod_spec::placement::validate_tolerations;
use super::pod_spec::resources::validate_overhead;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::table::{Cell, Column};
use crate::api::{internal, names};

pub static KIND: Kind<RuntimeClass> = Kind {
    namespaced: false,
    create_on_update: true,
    unconditional_update: false,
    validate,
    validate_update: |new, old, errors| errors.immutable(&Path::new("handler"), &new.handler, &old.handler),
    warnings: |c, _| warnings(c),
    columns: &[
        Column::name(),
        Column::text("Handler", "", |c, _| Cell::from(c.handler.as_str())),
        Column::age(),
    ],
    ..Kind::new(("node.k8s.io", "v1"), "RuntimeClass", "runtimeclasses", "runtimeclass")
};

fn validate(c: &RuntimeClass, errors: &mut FieldErrors) {
    let at = Path::new("handler");
    if c.handler.is_empty() {
        errors.required(&at, "");
    } else {
        errors.invalid_each(&at, &c.handler, names::dns1123_label(&c.handler, false));
    }
    if let Some(fixed) = c.overhead.as_ref().and_then(|o| o.pod_fixed.as_ref()) {
        validate_overhead(fixed, Options::default(), &Path::new("overhead"), errors);
    }
    if let Some(s) = &c.scheduling {
        validate_scheduling(s, &Path::new("scheduling"), errors);
    }
}

fn validate_scheduling(s: &Scheduling, at: &Path<'_>, errors: &mut FieldErrors) {
    names::validate_labels(s.node_selector.as_ref(), &at.child("nodeSelector"), errors);
    let at = at.child("tolerations");
    let tolerations = s.tolerations.as_deref().unwrap_or_default();
    validate_tolerations(tolerations, &at, errors);
    let key = |t: &Toleration| {
        [&t.key, &t.operator, &t.value, &t.effect].map(|part| part.clone().unwrap_or_default())
    };
    for (i, t) in tolerations.iter().enumerate() {
        if tolerations[..i].iter().any(|earlier| key(earlier) == key(t)) {
            errors.duplicate_struct(&at.index(i), internal::shown(t, "core/v1.Toleration"));
        }
    }
}

fn warnings(c: &RuntimeClass) -> Vec<String> {
    let labels = c.scheduling.iter().flat_map(|s| s.node_selector.iter().flatten());
    labels
        .filter_map(|(key, _)| Some(format!("scheduling.nodeSelector: {}", node_labels::deprecated(key)?)))
        .collect()
}
