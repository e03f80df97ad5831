//! admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding: defaults, validation, columns, update rules.
//! Real Kubernetes: pkg/apis/admissionregistration, pkg/registry/admissionregistration/mutatingadmissionpolicybinding.

use super::MutatingAdmissionPolicyBinding;
use super::{admission_policies, admission_rules};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::object::Resource;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<MutatingAdmissionPolicyBinding> = Kind {
    categories: &["api-extensions"],
    namespaced: false,
    generation: true,
    unconditional_update: false,
    defaults: |b| {
        if let Some(m) = b.spec.as_mut().and_then(|s| s.match_resources.as_mut()) {
            admission_rules::default_resources(m);
        }
    },
    spec_changed: |new, old| new.spec != old.spec,
    validate,
    warnings: |b, _| admission_rules::warnings(b.name()),
    columns: &[
        Column::name(),
        Column::text("PolicyName", "PolicyName indicates the policy definition which the policy binding binded to", |b, _| {
            Cell::from(b.spec.as_ref().and_then(|s| s.policy_name.as_deref()).unwrap_or(""))
        }),
        Column::text("ParamRef", "ParamRef indicates the param resource which sets the configuration param", |b, _| {
            Cell::from(admission_policies::param_ref(b.spec.as_ref().and_then(|s| s.param_ref.as_ref())))
        }),
        Column::age(),
    ],
    storage_version: Some("v1beta1"),
    ..Kind::new(("admissionregistration.k8s.io", "v1"), "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", "mutatingadmissionpolicybinding")
};

fn validate(b: &MutatingAdmissionPolicyBinding, errors: &mut FieldErrors) {
    let spec = b.spec.clone().unwrap_or_default();
    let at = Path::new("spec");
    admission_policies::validate_policy_name(spec.policy_name.as_deref().unwrap_or(""), &at, errors);
    if let Some(p) = &spec.param_ref {
        admission_policies::validate_param_ref(p, &at.child("paramRef"), errors);
    }
    if let Some(m) = &spec.match_resources {
        admission_rules::validate_match(m, &at.child("matchResources"), errors);
        admission_rules::validate_mutating_operations(m, &at.child("matchResources"), errors);
    }
}
