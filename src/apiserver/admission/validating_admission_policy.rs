//! ValidatingAdmissionPolicy: rules in CEL that people write for requests, in force where a binding says so.
//! Real Kubernetes: apiserver/pkg/admission/plugin/policy/validating.

use std::sync::Arc;

use k8s_openapi::api::admissionregistration::v1::Validation;

use super::Plugin;
use super::policy::ready::{self, Expression, Ready};
use super::policy::request::{Request, Seen};
use super::policy::{conditions, ignores_failures, is_exempt, matching, params};
use crate::api::cel::{PER_OBJECT, Value};
use crate::api::kinds::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use crate::api::object::Resource;
use crate::api::status::Cause;
use crate::api::{Object, Reason, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { status: true, validate, ..Plugin::new("ValidatingAdmissionPolicy") };

/// The longest message that an expression may make.
const LONGEST_MESSAGE: usize = 5 * 1024;

/// A request that a policy does not let pass.
struct Denied {
    message: String,
    reason: Option<String>,
}

impl Denied {
    fn because(message: String) -> Denied {
        Denied { message, reason: None }
    }
}

fn validate(api: &mut ApiServer, new: &Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    judge(api, Some(new), old, who)
}

/// Judges a request by all policies; a deletion has no new object.
pub(in crate::apiserver) fn judge(
    api: &ApiServer,
    new: Option<&Object>,
    old: Option<&Object>,
    who: &mut Caller<'_>,
) -> Result<(), Status> {
    if api.store().count(ValidatingAdmissionPolicyBinding::kind_ref()) == 0 {
        return Ok(());
    }
    let Some(request) = Request::of(api, who, new, old) else { return Ok(()) };
    if new.or(old).is_some_and(is_exempt) {
        return Ok(());
    }
    let (mut denied, mut warnings) = (vec![], vec![]);
    for policy in api.store().all::<ValidatingAdmissionPolicy>() {
        by_policy(&request, policy, &mut denied, &mut warnings);
    }
    who.warnings.extend(warnings);
    match denied.into_iter().next() {
        Some((prefix, first)) => Err(refusal(&request, &prefix, first)),
        None => Ok(()),
    }
}

fn refusal(request: &Request<'_>, prefix: &str, denied: Denied) -> Status {
    let message = format!("{prefix} denied request: {}", denied.message);
    let mut status = Status::forbidden(request.kind, request.name, &message);
    status.reason = match denied.reason.as_deref() {
        Some("Forbidden") => Reason::Forbidden,
        Some("RequestEntityTooLarge") => Reason::RequestEntityTooLarge,
        Some("Unauthorized") => Reason::Unauthorized,
        _ => Reason::Invalid,
    };
    if let Some(details) = &mut status.details {
        details.causes.push(Cause { reason: String::new(), message, field: String::new() });
    }
    status
}

/// What one policy says through all of its bindings.
fn by_policy(
    r: &Request<'_>,
    policy: &ValidatingAdmissionPolicy,
    denied: &mut Vec<(String, Denied)>,
    warnings: &mut Vec<String>,
) {
    let Some(spec) = &policy.spec else { return };
    let bindings: Vec<&ValidatingAdmissionPolicyBinding> = r
        .api
        .store()
        .all::<ValidatingAdmissionPolicyBinding>()
        .filter(|b| b.spec.policy_name == policy.name())
        .collect();
    if bindings.is_empty() {
        return;
    }
    let ignore = ignores_failures(spec.failure_policy.as_deref());
    let whole = format!("ValidatingAdmissionPolicy '{}'", policy.name());
    let mut misconfigured = |prefix: String, why: String| {
        if !ignore {
            denied.push((prefix, Denied::because(why)));
        }
    };
    match spec.match_constraints.as_ref().map_or(Ok(true), |m| matching::matches(m, r)) {
        Ok(true) => {}
        Ok(false) => return,
        Err(why) => return misconfigured(whole, format!("failed to configure policy: {why}")),
    }
    let kind = match spec.param_kind.as_ref().map(params::kind).transpose() {
        Ok(kind) => kind,
        Err(why) => return misconfigured(whole, why),
    };
    let ready = r.api.policies.of(policy, |p| p.spec.as_ref().map(ready::validating).unwrap_or_default());
    for binding in bindings {
        let of = &binding.spec;
        let prefix = format!("{whole} with binding '{}'", binding.name());
        let matched = of.match_resources.as_ref().map_or(Ok(true), |m| matching::matches(m, r));
        if matched == Ok(false) {
            continue;
        }
        let found = matched.and_then(|_| params::collect(kind, of.param_ref.as_ref(), r));
        let found = match found {
            Ok(found) => found,
            Err(why) => {
                if !ignore {
                    denied.push((prefix, Denied::because(format!("failed to configure binding: {why}"))));
                }
                continue;
            }
        };
        let actions = &of.validation_actions;
        for param in found {
            for one in run(r, &ready, spec.validations.as_deref().unwrap_or_default(), param.as_deref(), ignore) {
                let always = one.1;
                if !always && actions.iter().any(|a| a == "Warn") {
                    let message = &one.0.message;
                    let name = policy.name();
                    warnings.push(format!(
                        "Validation failed for ValidatingAdmissionPolicy '{name}' with binding '{}': {message}",
                        binding.name()
                    ));
                }
                if always || actions.iter().any(|a| a == "Deny") {
                    denied.push((prefix.clone(), one.0));
                }
            }
        }
    }
}

/// What a policy has against a request, and whether that counts whatever a binding does about it.
fn run(
    r: &Request<'_>,
    ready: &Arc<Ready>,
    validations: &[Validation],
    param: Option<&Object>,
    ignore: bool,
) -> Vec<(Denied, bool)> {
    let failed = |why: String| if ignore { vec![] } else { vec![(Denied::because(why), false)] };
    let seen = Seen::new(r, param, &ready.variables);
    match conditions::hold(&ready.conditions, &seen, ignore) {
        Ok(true) => {}
        Ok(false) => return vec![],
        Err(why) => return failed(why),
    }
    let mut budget = PER_OBJECT;
    let mut results = vec![];
    for e in &ready.validations {
        match seen.run(e, &mut budget) {
            Ok(result) => results.push(result),
            Err(why) => return failed(why),
        }
    }
    let messages = messages(&seen.again(false), &ready.messages, budget);
    let mut out = vec![];
    for (i, (result, v)) in results.into_iter().zip(validations).enumerate() {
        match (result, &messages) {
            (Err(why), _) => out.extend(failed(why)),
            (Ok(_), Err(why)) => out.extend(failed(format!("failed messageExpression: {why}"))),
            (Ok(Value::Bool(true)), _) => {}
            (Ok(_), Ok(messages)) => {
                let made = messages.get(i).cloned().flatten();
                out.push((Denied { message: message(v, made), reason: v.reason.clone() }, false));
            }
        }
    }
    out.extend(annotations(&seen.again(false), &ready.annotations, ignore).into_iter().map(|d| (d, true)));
    out
}

/// What the expressions for messages make, where they make something.
fn messages(seen: &Seen<'_>, all: &[Option<Expression>], mut budget: i64) -> Result<Vec<Option<String>>, String> {
    let mut out = vec![];
    for e in all {
        let made = match e {
            Some(e) => seen.run(e, &mut budget)?.ok(),
            None => None,
        };
        out.push(made.as_ref().and_then(Value::as_str).map(str::to_string));
    }
    Ok(out)
}

fn message(v: &Validation, made: Option<String>) -> String {
    let made = made.map(|m| m.trim().to_string());
    let made = made.filter(|m| !m.is_empty() && m.len() <= LONGEST_MESSAGE && !m.contains('\n'));
    let own = v.message.as_deref().map(str::trim).filter(|m| !m.is_empty()).map(str::to_string);
    made.or(own).unwrap_or_else(|| format!("failed expression: {}", v.expression.trim()))
}

/// Annotations for the audit log, which nobody keeps here; what is wrong with them counts all the same.
fn annotations(seen: &Seen<'_>, all: &[Expression], ignore: bool) -> Vec<Denied> {
    let mut budget = PER_OBJECT;
    let mut out = vec![];
    for e in all {
        let wrong = match seen.run(e, &mut budget) {
            Err(why) | Ok(Err(why)) => (!ignore).then_some(why),
            Ok(Ok(Value::String(_) | Value::Null)) => None,
            Ok(Ok(other)) => Some(format!(
                "valueExpression '{}' resulted in unsupported return type: {}. Return type must be either string or null.",
                e.text,
                other.type_of().name()
            )),
        };
        out.extend(wrong.map(Denied::because));
    }
    out
}
