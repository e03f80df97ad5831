//! admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding: defaults, validation, columns, update rules.
//! Real Kubernetes: pkg/apis/admissionregistration, pkg/registry/admissionregistration/validatingadmissionpolicybinding.

use super::ValidatingAdmissionPolicyBinding;
use super::{admission_policies, admission_rules};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::object::Resource;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<ValidatingAdmissionPolicyBinding> = Kind {
    categories: &["api-extensions"],
    namespaced: false,
    generation: true,
    unconditional_update: false,
    defaults: |b| {
        if let Some(m) = &mut b.spec.match_resources {
            admission_rules::default_resources(m);
        }
    },
    spec_changed: |new, old| new.spec != old.spec,
    validate,
    warnings: |b, _| admission_rules::warnings(b.name()),
    columns: &[
        Column::name(),
        Column::text("PolicyName", "PolicyName indicates the policy definition which the policy binding binded to", |b, _| {
            Cell::from(b.spec.policy_name.as_str())
        }),
        Column::text("ParamRef", "ParamRef indicates the param resource which sets the configuration param", |b, _| {
            Cell::from(admission_policies::param_ref(b.spec.param_ref.as_ref()))
        }),
        Column::age(),
    ],
    ..Kind::new(("admissionregistration.k8s.io", "v1"), "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", "validatingadmissionpolicybinding")
};

fn validate(b: &ValidatingAdmissionPolicyBinding, errors: &mut FieldErrors) {
    let spec = &b.spec;
    let at = Path::new("spec");
    admission_policies::validate_policy_name(&spec.policy_name, &at, errors);
    if let Some(p) = &spec.param_ref {
        admission_policies::validate_param_ref(p, &at.child("paramRef"), errors);
    }
    if let Some(m) = &spec.match_resources {
        admission_rules::validate_match(m, &at.child("matchResources"), errors);
    }
    validate_actions(&spec.validation_actions, &at.child("validationActions"), errors);
}

fn validate_actions(actions: &[String], at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, action) in actions.iter().enumerate() {
        errors.one_of(&at.index(i), action, &["Audit", "Deny", "Warn"]);
        if actions[..i].contains(action) {
            errors.duplicate(&at.index(i), action.as_str());
        }
    }
    let has = |action: &str| actions.iter().any(|a| a == action);
    if has("Deny") && has("Warn") {
        let why = "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
        errors.invalid(at, actions.to_vec(), why);
    }
    if actions.is_empty() {
        errors.required(at, "at least one validation action is required");
    }
}
