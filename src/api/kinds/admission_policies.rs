//! What policies of both kinds share, and their bindings: parameters, variables, how they are shown.
//! Real Kubernetes: pkg/apis/admissionregistration/validation, pkg/printers/internalversion/printers.go.

use k8s_openapi::api::admissionregistration::v1::{ParamKind, ParamRef, Variable};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::admission_rules::validate_expression;
use super::workload::validate_label_selector;
use crate::api::cel::escaping::is_reserved;
use crate::api::cel::policy::{Sees, Variables, Yields, env};
use crate::api::field::{FieldErrors, Path};
use crate::api::names::{dns1035_label, dns1123_subdomain, path_segment};

/// A policy needs to say what happens if it fails; being left out it has been filled in.
pub fn validate_failure_policy(policy: Option<&str>, at: &Path<'_>, errors: &mut FieldErrors) {
    match policy {
        None => errors.required(&at.child("failurePolicy"), ""),
        policy => super::admission_rules::validate_policies(policy, None, at, errors),
    }
}

pub fn validate_param_kind(p: &ParamKind, at: &Path<'_>, errors: &mut FieldErrors) {
    let at_version = at.child("apiVersion");
    let text = p.api_version.as_deref().unwrap_or("");
    match text.matches('/').count() {
        _ if text.is_empty() => errors.required(&at_version, ""),
        0 | 1 => {
            let (group, version) = match text {
                "/" => ("", ""),
                _ => text.split_once('/').unwrap_or(("", text)),
            };
            let why = dns1123_subdomain(group, false);
            if !group.is_empty() && !why.is_empty() {
                errors.invalid(&at_version, group, why.join(","));
            }
            let why = dns1035_label(version, false);
            if version.is_empty() {
                errors.invalid(&at_version, text, "version must be specified");
            } else if !why.is_empty() {
                errors.invalid(&at_version, version, why.join(","));
            }
        }
        _ => errors.invalid(&at_version, text, format!("unexpected GroupVersion string: {text}")),
    }
    let kind = p.kind.as_deref().unwrap_or("");
    let why = dns1035_label(&kind.to_lowercase(), false);
    if kind.is_empty() {
        errors.required(&at.child("kind"), "");
    } else if !why.is_empty() {
        let why = format!("may have mixed case, but should otherwise match: {}", why.join(","));
        errors.invalid(&at.child("kind"), kind, why);
    }
}

/// Judges the variables in their order, as each sees those before it, and tells what expressions after them see.
pub fn validate_variables(
    all: Option<&[Variable]>,
    params: bool,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) -> Variables {
    let mut known = Variables::default();
    let sees = Sees { params, authorizer: true, patches: false };
    for (i, variable) in all.unwrap_or_default().iter().enumerate() {
        let here = at.child("variables");
        let here = here.index(i);
        let name = variable.name.as_str();
        if name.trim().is_empty() {
            errors.required(&here.child("name"), "name is not specified");
        } else if !is_identifier(name) {
            errors.invalid(&here.child("name"), name, "must be a valid CEL identifier");
        }
        let at = here.child("expression");
        if variable.expression.trim().is_empty() {
            errors.required(&at, "expression is not specified");
        } else {
            let env = env(sees, Some(&known));
            let type_ = validate_expression(&variable.expression, &env, Yields::Anything, &at, errors);
            known.add(name, type_);
        }
    }
    known
}

fn is_identifier(name: &str) -> bool {
    let sign = |c: char| c == '_' || c.is_ascii_alphanumeric();
    name.chars().all(sign) && !name.starts_with(|c: char| c.is_ascii_digit()) && !is_reserved(name)
}

/// The policy that a binding is for.
pub fn validate_policy_name(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if name.is_empty() {
        errors.required(&at.child("policyName"), "");
    } else {
        errors.invalid_each(&at.child("policyName"), name, dns1123_subdomain(name, false));
    }
}

pub fn validate_param_ref(p: &ParamRef, at: &Path<'_>, errors: &mut FieldErrors) {
    const EXCLUSIVE: &str = "name and selector are mutually exclusive";
    let name = p.name.as_deref().unwrap_or("");
    if !name.is_empty() {
        errors.invalid_each(&at.child("name"), name, path_segment(name, false));
        if p.selector.is_some() {
            errors.forbidden(&at.child("name"), EXCLUSIVE);
        }
    }
    if let Some(selector) = &p.selector {
        validate_label_selector(selector, &at.child("selector"), errors);
        if !name.is_empty() {
            errors.forbidden(&at.child("selector"), EXCLUSIVE);
        }
    } else if name.is_empty() {
        errors.required(at, "one of name or selector must be specified");
    }
    match p.parameter_not_found_action.as_deref().unwrap_or("") {
        "" => errors.required(&at.child("parameterNotFoundAction"), ""),
        action => errors.one_of(&at.child("parameterNotFoundAction"), action, &["Deny", "Allow"]),
    }
}

/// `v1/ConfigMap` in a table.
pub fn param_kind(p: Option<&ParamKind>) -> String {
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    p.map_or_else(|| "<unset>".into(), |p| format!("{}/{}", text(&p.api_version), text(&p.kind)))
}

/// `namespace/name` in a table, or the selector as Go prints it.
pub fn param_ref(p: Option<&ParamRef>) -> String {
    let text = |t: &Option<String>| t.clone().filter(|t| !t.is_empty());
    let Some(p) = p else { return "<unset>".into() };
    match (text(&p.name), &p.selector) {
        (Some(name), _) => format!("{}/{name}", text(&p.namespace).unwrap_or_else(|| "*".into())),
        (None, Some(selector)) => selector_text(selector),
        (None, None) => "<unset>".into(),
    }
}

fn selector_text(s: &LabelSelector) -> String {
    let labels: String = s.match_labels.iter().flatten().map(|(k, v)| format!("{k}: {v},")).collect();
    let expressions: String = s
        .match_expressions
        .iter()
        .flatten()
        .map(|e| {
            let values = e.values.as_deref().unwrap_or_default().join(" ");
            format!("LabelSelectorRequirement{{Key:{},Operator:{},Values:[{values}],}},", e.key, e.operator)
        })
        .collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
}
