//! ValidatingAdmissionPolicy: rules in CEL that people write for requests, in force where a binding says so.
//! Real Kubernetes: apiserver/pkg/admission/plugin/policy/validating.

use k8s_openapi::api::admissionregistration::v1::Validation;
use serde_json::{Value as Json, json};

use super::policy::aim::Aim;
use super::policy::ready::{self, Expression, Ready};
use super::policy::seen::Seen;
use super::policy::{conditions, ignores_failures, is_exempt};
use super::request::Request;
use super::{Ask, Plugin};
use crate::api::cel::{PER_OBJECT, Value};
use crate::api::go_text;
use crate::api::kinds::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use crate::api::object::{Key, Resource};
use crate::api::status::Cause;
use crate::api::{KindRef, Object, Reason, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { status: true, validate, delete, ask, ..Plugin::new("ValidatingAdmissionPolicy") };

/// The longest message that an expression may make, in bytes.
const LONGEST_MESSAGE: usize = 5 * 1024;
/// The longest annotation, in bytes; the rest is cut off.
const LONGEST_ANNOTATION: usize = 10 * 1024;
/// What is put down of a failure that is to be audited.
const FAILURE: &str = "validation.policy.admission.k8s.io/validation_failure";

fn is_idle(api: &ApiServer) -> bool {
    api.store().count(ValidatingAdmissionPolicyBinding::kind_ref()) == 0
}

fn validate(api: &mut ApiServer, new: &Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    if is_idle(api) || is_exempt(new.kind()) {
        return Ok(());
    }
    judge(&Request::of_write(api, who, new, old), who)
}

fn delete(api: &ApiServer, key: &Key, who: &mut Caller<'_>) -> Result<(), Status> {
    if is_idle(api) || is_exempt(key.kind) {
        return Ok(());
    }
    Request::of_delete(api, who, key).map_or(Ok(()), |r| judge(&r, who))
}

fn ask(api: &ApiServer, asked: &Ask<'_>, who: &mut Caller<'_>) -> Result<(), Status> {
    if is_idle(api) { Ok(()) } else { judge(&Request::of_ask(api, who, asked), who) }
}

/// Why a policy does not let a request pass.
struct Denied {
    message: String,
    reason: Option<String>,
}

/// What a policy makes of a request, for one parameter.
#[derive(Default)]
struct Outcome {
    /// What each validation has against it, if it has something.
    decisions: Vec<Option<Denied>>,
    /// Keys and texts to put down about the request.
    notes: Vec<(String, String)>,
    /// What is wrong with those.
    wrong_notes: Vec<String>,
}

/// Judges a request by all policies.
fn judge(r: &Request<'_>, who: &mut Caller<'_>) -> Result<(), Status> {
    let mut denied = vec![];
    for policy in r.api.store().all::<ValidatingAdmissionPolicy>() {
        by_policy(r, policy, &mut denied, who)?;
    }
    denied.into_iter().next().map_or(Ok(()), |(whose, first)| Err(refusal(r, &whose, first)))
}

fn refusal(r: &Request<'_>, whose: &str, denied: Denied) -> Status {
    let message = format!("{whose} denied request: {}", denied.message);
    let mut status = Status::forbidden(r.kind, r.spoken_name(), &message);
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
    who: &mut Caller<'_>,
) -> Result<(), Status> {
    let Some(spec) = &policy.spec else { return Ok(()) };
    let all = r.api.store().all::<ValidatingAdmissionPolicyBinding>();
    let mut bindings = all.filter(|b| b.spec.policy_name == policy.name()).peekable();
    if bindings.peek().is_none() {
        return Ok(());
    }
    let ignore = ignores_failures(spec.failure_policy.as_deref());
    let whole = format!("ValidatingAdmissionPolicy '{}'", policy.name());
    let wrong = |whose: &str, what: &str, why: &str| {
        let message = format!("failed to configure {what}: {why}");
        Some((whose.to_string(), Denied { message, reason: None })).filter(|_| !ignore)
    };
    let aim = match Aim::of(spec.match_constraints.as_ref(), spec.param_kind.as_ref(), r) {
        Ok(Some(aim)) => aim,
        Ok(None) => return Ok(()),
        Err(why) => {
            denied.extend(wrong(&whole, "policy", &why));
            return Ok(());
        }
    };
    let ready = r.api.policies.of(policy, |p| p.spec.as_ref().map(ready::validating).unwrap_or_default());
    let validations = spec.validations.as_deref().unwrap_or_default();
    let mut notes: Vec<(String, Vec<String>)> = vec![];
    for binding in bindings {
        let whose = format!("{whole} with binding '{}'", binding.name());
        let found = match aim.params(binding.spec.match_resources.as_ref(), binding.spec.param_ref.as_ref(), r) {
            Ok(Some(found)) => found,
            Ok(None) => continue,
            Err(why) => {
                denied.extend(wrong(&whose, "binding", &why));
                continue;
            }
        };
        r.namespace_is_there()?;
        for param in found {
            let outcome = run(r, aim.kind, &ready, validations, param.as_deref(), ignore);
            for (i, decision) in outcome.decisions.into_iter().enumerate() {
                let Some(decision) = decision else { continue };
                act(policy, binding, i, &decision, who);
                if binding.spec.validation_actions.iter().any(|a| a == "Deny") {
                    denied.push((whose.clone(), decision));
                }
            }
            for (key, text) in outcome.notes {
                note(&mut notes, key, text);
            }
            let wrong_notes = outcome.wrong_notes.into_iter().map(|message| Denied { message, reason: None });
            denied.extend(wrong_notes.map(|d| (whose.clone(), d)));
        }
    }
    for (key, texts) in notes {
        who.annotate(format!("{}/{key}", policy.name()), texts.join(", "));
    }
    Ok(())
}

/// What a binding does about a failure, besides to deny the request.
fn act(
    policy: &ValidatingAdmissionPolicy,
    binding: &ValidatingAdmissionPolicyBinding,
    i: usize,
    decision: &Denied,
    who: &mut Caller<'_>,
) {
    let (policy, name, message) = (policy.name(), binding.name(), &decision.message);
    for action in &binding.spec.validation_actions {
        match action.as_str() {
            "Warn" => who.warnings.push(format!(
                "Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{name}': {message}"
            )),
            "Audit" => {
                let text = |v: Json| go_text::json(&v);
                who.annotate(
                    FAILURE.into(),
                    format!(
                        "[{{\"message\":{},\"policy\":{},\"binding\":{},\"expressionIndex\":{i},\"validationActions\":{}}}]",
                        text(json!(message)),
                        text(json!(policy)),
                        text(json!(name)),
                        text(json!(binding.spec.validation_actions)),
                    ),
                );
            }
            _ => {}
        }
    }
}

/// Bindings and parameters may have other texts for the same key.
fn note(notes: &mut Vec<(String, Vec<String>)>, key: String, mut text: String) {
    if text.len() > LONGEST_ANNOTATION {
        text = String::from_utf8_lossy(&text.as_bytes()[..LONGEST_ANNOTATION]).into_owned();
    }
    match notes.iter_mut().find(|(k, _)| *k == key) {
        Some((_, texts)) if texts.contains(&text) => {}
        Some((_, texts)) => texts.push(text),
        None => notes.push((key, vec![text])),
    }
}

/// What a policy has against a request. What goes wrong counts as something, unless failures are ignored.
fn run(
    r: &Request<'_>,
    kind: KindRef,
    ready: &Ready,
    validations: &[Validation],
    param: Option<&Json>,
    ignore: bool,
) -> Outcome {
    let failed = |message: String| Some(Denied { message, reason: None }).filter(|_| !ignore);
    let only = |why: String| Outcome { decisions: vec![failed(why)], ..Outcome::default() };
    let seen = Seen::new(r, kind, param, &ready.variables);
    match conditions::hold(&ready.conditions, &seen, ignore) {
        Ok(true) => {}
        Ok(false) => return Outcome::default(),
        Err(why) => return only(why),
    }
    let mut budget = PER_OBJECT;
    let mut results = vec![];
    for e in &ready.validations {
        match seen.run(e, &mut budget) {
            Ok(result) => results.push(result),
            Err(why) => return only(why),
        }
    }
    let messages = messages(&seen.again(false), &ready.messages, budget);
    let mut outcome = Outcome::default();
    for (i, (result, v)) in results.into_iter().zip(validations).enumerate() {
        outcome.decisions.push(match (result, &messages) {
            (Err(why), _) => failed(why),
            (Ok(_), Err(why)) => failed(format!("failed messageExpression: {why}")),
            (Ok(Value::Bool(true)), _) => None,
            (Ok(_), Ok(messages)) => {
                let made = messages.get(i).cloned().flatten();
                Some(Denied { message: message(v, made), reason: v.reason.clone() })
            }
        });
    }
    match annotations(&seen.again(false), &ready.annotations, ignore, &mut outcome) {
        Ok(()) => outcome,
        Err(why) => only(why),
    }
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

/// Annotations for the audit log. The error is that there is no budget left for all of them.
fn annotations(seen: &Seen<'_>, all: &[Expression], ignore: bool, outcome: &mut Outcome) -> Result<(), String> {
    let mut budget = PER_OBJECT;
    for e in all {
        match seen.run(e, &mut budget)? {
            Ok(Value::String(text)) if !text.trim().is_empty() => {
                outcome.notes.push((e.name.clone(), text.trim().to_string()));
            }
            Ok(Value::String(_) | Value::Null) => {}
            Ok(other) => outcome.wrong_notes.push(format!(
                "valueExpression '{}' resulted in unsupported return type: {}. Return type must be either string or null.",
                e.text,
                other.type_of().name()
            )),
            Err(why) if !ignore => outcome.wrong_notes.push(why),
            Err(_) => {}
        }
    }
    Ok(())
}
