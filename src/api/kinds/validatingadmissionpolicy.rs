//! admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy: defaults, validation, columns, update rules.
//! Real Kubernetes: pkg/apis/admissionregistration, pkg/registry/admissionregistration/validatingadmissionpolicy.

use k8s_openapi::api::admissionregistration::v1::{
    AuditAnnotation, ExpressionWarning, Validation, ValidatingAdmissionPolicySpec,
};
use serde_json::json;

use super::ValidatingAdmissionPolicy;
use super::updates::status_alone;
use super::{admission_policies, admission_rules, meta_conditions};
use super::admission_rules::validate_expression;
use crate::api::cel::Env;
use crate::api::cel::policy::{Sees, Yields, compile_as, env};
use crate::api::field::{FieldErrors, Path};
use crate::api::go_text;
use crate::api::kind::{Kind, Subresource};
use crate::api::names::qualified_name;
use crate::api::object::Resource;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<ValidatingAdmissionPolicy> = Kind {
    categories: &["api-extensions"],
    namespaced: false,
    subresources: &[Subresource::Status],
    generation: true,
    unconditional_update: false,
    before_decoding: |json| {
        if let Some(conditions) = json.pointer_mut("/status/conditions") {
            meta_conditions::mark_absent_times(conditions);
        }
    },
    defaults: |p| {
        let spec = p.spec.get_or_insert_default();
        spec.failure_policy.get_or_insert_with(|| "Fail".into());
        if let Some(m) = &mut spec.match_constraints {
            admission_rules::default_resources(m);
        }
    },
    prepare_create: |p| p.status = Some(Default::default()),
    prepare_update: |new, old| new.status = old.status.clone(),
    prepare_status: |new, old| status_alone((&mut new.metadata, &mut new.spec), (&old.metadata, &old.spec)),
    spec_changed: |new, old| new.spec != old.spec,
    validate: |p, errors| {
        if let Some(spec) = &p.spec {
            validate(spec, p.name(), &Path::new("spec"), errors);
        }
    },
    validate_status,
    warnings: |p, _| admission_rules::warnings(p.name()),
    columns: &[
        Column::name(),
        Column::int("Validations", "Validations indicates the number of validation rules defined in this configuration", |p, _| {
            Cell::from(p.spec.as_ref().and_then(|s| s.validations.as_ref()).map_or(0, Vec::len))
        }),
        Column::text("ParamKind", "ParamKind specifies the kind of resources used to parameterize this policy", |p, _| {
            Cell::from(admission_policies::param_kind(p.spec.as_ref().and_then(|s| s.param_kind.as_ref())))
        }),
        Column::age(),
    ],
    ..Kind::new(("admissionregistration.k8s.io", "v1"), "ValidatingAdmissionPolicy", "validatingadmissionpolicies", "validatingadmissionpolicy")
};

const MOST_ANNOTATIONS: usize = 20;
const LONGEST_ANNOTATION: usize = 5 * 1024;
const REASONS: [&str; 3] = ["Forbidden", "Invalid", "RequestEntityTooLarge"];

fn validate(spec: &ValidatingAdmissionPolicySpec, name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
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
        }
    }
    let params = spec.param_kind.is_some();
    let conditions = spec.match_conditions.as_deref();
    admission_rules::validate_conditions(conditions, params, &at.child("matchConditions"), errors);
    let variables = admission_policies::validate_variables(spec.variables.as_deref(), params, at, errors);
    // Without variables there is no such name.
    let variables = spec.variables.as_ref().is_some_and(|v| !v.is_empty()).then_some(&variables);
    let full = env(Sees { params, authorizer: true, patches: false }, variables);
    let plain = env(Sees { params, ..Sees::default() }, variables);
    let validations = spec.validations.as_deref().unwrap_or_default();
    let annotations = spec.audit_annotations.as_deref().unwrap_or_default();
    if validations.is_empty() && annotations.is_empty() {
        for field in ["validations", "auditAnnotations"] {
            let why = "validations or auditAnnotations must contain at least one item";
            errors.required(&at.child(field), why);
        }
    }
    for (i, v) in validations.iter().enumerate() {
        validate_validation(v, &full, &plain, &at.child("validations").index(i), errors);
    }
    validate_annotations(annotations, name, &full, &at.child("auditAnnotations"), errors);
}

/// Messages are made without asking what the user may do.
fn validate_validation(v: &Validation, full: &Env, plain: &Env, at: &Path<'_>, errors: &mut FieldErrors) {
    if v.expression.trim().is_empty() {
        errors.required(&at.child("expression"), "expression is not specified");
    } else {
        validate_expression(&v.expression, full, Yields::Bool, &at.child("expression"), errors);
    }
    if let Some(e) = v.message_expression.as_deref().filter(|e| !e.is_empty()) {
        let at = at.child("messageExpression");
        if e.trim().is_empty() {
            errors.invalid(&at, e, "must be non-empty if specified");
        } else {
            validate_expression(e, plain, Yields::Text, &at, errors);
        }
    }
    let message = v.message.as_deref().unwrap_or("");
    if !message.is_empty() && message.trim().is_empty() {
        errors.invalid(&at.child("message"), message, "must be non-empty if specified");
    } else if message.trim().contains(['\n', '\r']) {
        errors.invalid(&at.child("message"), message, "must not contain line breaks");
    }
    if let Some(reason) = v.reason.as_deref() {
        errors.one_of(&at.child("reason"), reason, &REASONS);
    }
}

fn validate_annotations(all: &[AuditAnnotation], name: &str, env: &Env, at: &Path<'_>, errors: &mut FieldErrors) {
    if all.len() > MOST_ANNOTATIONS {
        let shown: Vec<String> = all
            .iter()
            .map(|a| {
                let quoted = |t: &str| go_text::json(&json!(t));
                format!("{{\"Key\":{},\"ValueExpression\":{}}}", quoted(&a.key), quoted(&a.value_expression))
            })
            .collect();
        let why = format!("must not have more than {MOST_ANNOTATIONS} auditAnnotations");
        errors.invalid_struct(at, format!("[{}]", shown.join(",")), why);
    }
    for (i, a) in all.iter().enumerate() {
        let here = at.index(i);
        let key = here.child("key");
        if name.is_empty() {
            errors.invalid(&key, a.key.as_str(), "requires metadata.name be non-empty");
        } else {
            let full = format!("{name}/{}", a.key);
            errors.invalid_each(&key, &full, qualified_name(&full));
        }
        let expression = a.value_expression.trim();
        let value = here.child("valueExpression");
        if expression.is_empty() {
            errors.required(&value, "valueExpression is not specified");
        } else if expression.len() > LONGEST_ANNOTATION {
            errors.required(&value, format!("must not exceed {LONGEST_ANNOTATION} bytes in length"));
        } else if let Err(refusal) = compile_as(expression, env, Yields::TextOrNull) {
            match refusal.internal {
                true => errors.internal(&value, refusal.detail),
                false => errors.invalid(&value, a.value_expression.as_str(), refusal.detail),
            }
        }
        if all[..i].iter().any(|other| other.key == a.key) {
            errors.duplicate(&key, a.key.as_str());
        }
    }
}

fn validate_status(p: &ValidatingAdmissionPolicy, _: &ValidatingAdmissionPolicy, errors: &mut FieldErrors) {
    let Some(status) = &p.status else { return };
    let at = Path::new("status");
    let warnings = status.type_checking.iter().flat_map(|t| t.expression_warnings.iter().flatten());
    for (i, warning) in warnings.enumerate() {
        let checking = at.child("typeChecking");
        validate_warning(warning, &checking.child("expressionWarnings").index(i), errors);
    }
    meta_conditions::validate_conditions(status.conditions.as_deref().unwrap_or_default(), &at.child("conditions"), errors);
}

fn validate_warning(w: &ExpressionWarning, at: &Path<'_>, errors: &mut FieldErrors) {
    if w.warning.is_empty() {
        errors.required(&at.child("warning"), "");
    }
    if w.field_ref.trim().is_empty() {
        errors.required(&at.child("fieldRef"), "");
    }
}
