//! admissionregistration.k8s.io/v1 MutatingAdmissionPolicy: defaults, validation, columns, update rules.
//! Real Kubernetes: pkg/apis/admissionregistration, pkg/registry/admissionregistration/mutatingadmissionpolicy.

use k8s_openapi::api::admissionregistration::v1::{Mutation, MutatingAdmissionPolicySpec};

use super::MutatingAdmissionPolicy;
use super::{admission_policies, admission_rules};
use crate::api::cel::Env;
use crate::api::cel::policy::{Sees, Yields, env};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::object::Resource;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<MutatingAdmissionPolicy> = Kind {
    categories: &["api-extensions"],
    namespaced: false,
    generation: true,
    unconditional_update: false,
    defaults: |p| {
        let spec = p.spec.get_or_insert_default();
        spec.failure_policy.get_or_insert_with(|| "Fail".into());
        if let Some(m) = &mut spec.match_constraints {
            admission_rules::default_resources(m);
        }
    },
    spec_changed: |new, old| new.spec != old.spec,
    validate: |p, errors| {
        if let Some(spec) = &p.spec {
            validate(spec, &Path::new("spec"), errors);
        }
    },
    warnings: |p, _| admission_rules::warnings(p.name()),
    columns: &[
        Column::name(),
        Column::int("Mutations", "Mutation indicates the number of mutations rules defined in this configuration", |p, _| {
            Cell::from(p.spec.as_ref().and_then(|s| s.mutations.as_ref()).map_or(0, Vec::len))
        }),
        Column::text("ParamKind", "ParamKind specifies the kind of resources used to parameterize this policy", |p, _| {
            Cell::from(admission_policies::param_kind(p.spec.as_ref().and_then(|s| s.param_kind.as_ref())))
        }),
        Column::age(),
    ],
    storage_version: Some("v1beta1"),
    ..Kind::new(("admissionregistration.k8s.io", "v1"), "MutatingAdmissionPolicy", "mutatingadmissionpolicies", "mutatingadmissionpolicy")
};

fn validate(spec: &MutatingAdmissionPolicySpec, at: &Path<'_>, errors: &mut FieldErrors) {
    admission_policies::validate_failure_policy(spec.failure_policy.as_deref(), at, errors);
    if let Some(kind) = &spec.param_kind {
        admission_policies::validate_param_kind(kind, &at.child("paramKind"), errors);
    }
    let constraints = at.child("matchConstraints");
    match &spec.match_constraints {
        None => errors.required(&constraints, ""),
        Some(m) => {
            admission_rules::validate_match(m, &constraints, errors);
            // Without a rule nothing would be known of the types of objects.
            if m.resource_rules.as_ref().is_none_or(Vec::is_empty) {
                errors.required(&constraints.child("resourceRules"), "");
            }
            admission_rules::validate_mutating_operations(m, &constraints, errors);
        }
    }
    let params = spec.param_kind.is_some();
    let conditions = spec.match_conditions.as_deref();
    admission_rules::validate_conditions(conditions, params, &at.child("matchConditions"), errors);
    let variables = admission_policies::validate_variables(spec.variables.as_deref(), params, at, errors);
    let env = env(Sees { params, authorizer: true, patches: true }, Some(&variables));
    let mutations = spec.mutations.as_deref().unwrap_or_default();
    if mutations.is_empty() {
        errors.required(&at.child("mutations"), "mutations must contain at least one item");
    }
    for (i, m) in mutations.iter().enumerate() {
        validate_mutation(m, &env, &at.child("mutations").index(i), errors);
    }
    match spec.reinvocation_policy.as_deref().unwrap_or("") {
        "" => errors.required(&at.child("reinvocationPolicy"), ""),
        policy => errors.one_of(&at.child("reinvocationPolicy"), policy, &["IfNeeded", "Never"]),
    }
}

fn validate_mutation(m: &Mutation, env: &Env, at: &Path<'_>, errors: &mut FieldErrors) {
    let patch = ("jsonPatch", m.json_patch.as_ref().map(|p| p.expression.as_deref()));
    let apply = ("applyConfiguration", m.apply_configuration.as_ref().map(|a| a.expression.as_deref()));
    let (own, other) = match m.patch_type.as_str() {
        "" => return errors.required(&at.child("patchType"), ""),
        "JSONPatch" => (patch, apply),
        "ApplyConfiguration" => (apply, patch),
        unknown => return errors.not_supported(&at.child("patchType"), unknown, &["ApplyConfiguration", "JSONPatch"]),
    };
    match own.1 {
        None => errors.required(&at.child(own.0), format!("must be specified when patchType is {}", m.patch_type)),
        Some(expression) if expression.unwrap_or("").trim().is_empty() => {
            errors.required(&at.child(own.0).child("expression"), "");
        }
        Some(expression) => {
            let text = expression.unwrap_or("").trim();
            let yields = if own.0 == "jsonPatch" { Yields::Patches } else { Yields::Object };
            admission_rules::validate_expression(text, env, yields, &at.child(own.0).child("expression"), errors);
        }
    }
    if other.1.is_some() {
        let why = format!("must not be specified when patchType is {}", m.patch_type);
        errors.invalid(&at.child(other.0), format!("{{{}}}", other.0), why);
    }
}
