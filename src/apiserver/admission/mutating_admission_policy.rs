//! MutatingAdmissionPolicy: what people have changed of objects before they are stored, in force where a binding says so.
//! Real Kubernetes: apiserver/pkg/admission/plugin/policy/mutating.

use serde_json::{Map, Value as Json};

use super::Plugin;
use super::policy::ready::{self, Expression, Ready};
use super::policy::request::{Request, Seen};
use super::policy::{apply_configuration, conditions, ignores_failures, is_exempt, json_patch, matching, params};
use crate::api::cel::json::from_value;
use crate::api::cel::policy::OBJECT;
use crate::api::cel::{PER_OBJECT, Value};
use crate::api::kinds::{MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding};
use crate::api::object::Resource;
use crate::api::status::Cause;
use crate::api::{Object, Reason, Status, reading};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { mutate, ..Plugin::new("MutatingAdmissionPolicy") };

fn mutate(api: &ApiServer, new: &mut Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    let idle = api.store().count(MutatingAdmissionPolicyBinding::kind_ref()) == 0;
    // What is sent for a part of an object may be of another kind.
    if idle || is_exempt(new) || who.subresource.is_some() {
        return Ok(());
    }
    let mut errors = vec![];
    let before = new.json().clone();
    round(api, new, old, who, &mut errors, false)?;
    // What a policy changed, one before it may want to look at again.
    if errors.is_empty() && *new.json() != before {
        round(api, new, old, who, &mut errors, true)?;
    }
    match errors.first() {
        None => Ok(()),
        Some(first) => {
            let mut status = Status::forbidden(new.kind(), new.name(), "");
            status.message = first.clone();
            status.reason = Reason::InvalidByPolicy;
            if let Some(details) = &mut status.details {
                let cause = |m: String| Cause { reason: String::new(), message: m, field: String::new() };
                details.causes = errors.into_iter().map(cause).collect();
            }
            Err(status)
        }
    }
}

/// Lets all policies change the object; in the second round only those that ask for it.
fn round(
    api: &ApiServer,
    new: &mut Object,
    old: Option<&Object>,
    who: &mut Caller<'_>,
    errors: &mut Vec<String>,
    again: bool,
) -> Result<(), Status> {
    for policy in api.store().all::<MutatingAdmissionPolicy>() {
        let Some(spec) = &policy.spec else { continue };
        if again && spec.reinvocation_policy.as_deref() != Some("IfNeeded") {
            continue;
        }
        let found = by_policy(api, policy, new, old, who)?;
        if !ignores_failures(spec.failure_policy.as_deref()) {
            errors.extend(found);
        }
    }
    Ok(())
}

/// Lets one policy change the object through all of its bindings; tells what went wrong.
fn by_policy(
    api: &ApiServer,
    policy: &MutatingAdmissionPolicy,
    new: &mut Object,
    old: Option<&Object>,
    who: &mut Caller<'_>,
) -> Result<Vec<String>, Status> {
    let Some(spec) = &policy.spec else { return Ok(vec![]) };
    let bindings = api.store().all::<MutatingAdmissionPolicyBinding>();
    let bindings: Vec<_> = bindings
        .filter_map(|b| Some((b, b.spec.as_ref()?)))
        .filter(|(_, s)| s.policy_name.as_deref() == Some(policy.name()))
        .collect();
    let mut errors = vec![];
    let whole = |why: String| format!("policy {:?} denied request: {why}", policy.name());
    let ignore = ignores_failures(spec.failure_policy.as_deref());
    let ready = api.policies.of(policy, |p| p.spec.as_ref().map(ready::mutating).unwrap_or_default());
    for (binding, of) in bindings {
        let original = new.clone();
        let Some(r) = Request::of(api, who, Some(&original), old) else { continue };
        match spec.match_constraints.as_ref().map_or(Ok(true), |m| matching::matches(m, &r)) {
            Ok(true) => {}
            Ok(false) => break,
            Err(why) => return Ok(vec![whole(format!("failed to configure policy: {why}"))]),
        }
        let prefix = format!("policy '{}' with binding '{}' denied request", policy.name(), binding.name());
        let kind = match spec.param_kind.as_ref().map(params::kind).transpose() {
            Ok(kind) => kind,
            Err(why) => return Ok(vec![whole(why)]),
        };
        let matched = of.match_resources.as_ref().map_or(Ok(true), |m| matching::matches(m, &r));
        if matched == Ok(false) {
            continue;
        }
        let found = match matched.and_then(|_| params::collect(kind, of.param_ref.as_ref(), &r)) {
            Ok(found) => found,
            Err(why) => {
                errors.push(format!("{prefix}: failed to configure binding: {why}"));
                continue;
            }
        };
        for param in found {
            let (changed, wrong) = run(&r, &ready, param.as_deref(), ignore)?;
            errors.extend(wrong.into_iter().map(|why| format!("{prefix}: {why}")));
            if let Some(changed) = changed {
                *new = changed;
            }
        }
    }
    Ok(errors)
}

/// The object after all of a policy's mutations, and what went wrong.
fn run(
    r: &Request<'_>,
    ready: &Ready,
    param: Option<&Object>,
    ignore: bool,
) -> Result<(Option<Object>, Vec<String>), Status> {
    let mut errors = vec![];
    match conditions::hold(&ready.conditions, &Seen::new(r, param, &[]), ignore) {
        Ok(true) => {}
        Ok(false) => return Ok((None, errors)),
        Err(why) => return Ok((None, vec![why])),
    }
    let mut changed: Option<Object> = None;
    for e in &ready.mutations {
        let now = Request { new: changed.as_ref().or(r.new), ..*r };
        let seen = Seen::new(&now, param, &ready.variables);
        match patched(&now, e, &seen) {
            Ok(json) => {
                let decoded =
                    reading::read(r.kind, json).map(|(o, _)| o).map_err(|why| Status::new(Reason::InternalError, why));
                let mut object =
                    decoded.map_err(|s| Status { message: format!("Internal error occurred: {}", s.message), ..s })?;
                r.kind.defaults(&mut object);
                changed = Some(object);
            }
            Err(why) => errors.push(why),
        }
    }
    Ok((changed, errors))
}

fn patched(r: &Request<'_>, e: &Expression, seen: &Seen<'_>) -> Result<Json, String> {
    let mut budget = PER_OBJECT;
    if let Err(why) = &e.program {
        return Err(why.clone());
    }
    let value = seen.run(e, &mut budget)??;
    let Some(object) = r.new else { return Err("there is no object".into()) };
    let target = object.json();
    if e.name == "JSONPatch" {
        return json_patch::patched(target, &operations(&value)?, r.kind);
    }
    well_named(&value, OBJECT).map_err(|why| format!("type mismatch: {why}"))?;
    let patch = from_value(&value).map_err(|e| format!("invalid return type: {}", e.text()))?;
    apply_configuration::merged(target, &patch, r.kind).map_err(|why| format!("error applying patch: {why}"))
}

/// The operations of a JSON patch that an expression made.
fn operations(value: &Value) -> Result<Vec<Json>, String> {
    let Value::List(list) = value else {
        return Err("type mismatch: JSONPatchType.expression should evaluate to array".into());
    };
    let mut out = vec![];
    for item in &list.items {
        let Value::Struct(s) = item else {
            return Err("type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch".into());
        };
        let mut operation = Map::new();
        for (name, v) in &s.fields {
            if name == "value"
                && let Value::Struct(of) = v
            {
                well_named(v, &of.name).map_err(|why| format!("type mismatch: {why}"))?;
            }
            let why = "JSONPath valueExpression evaluated to a type that could not marshal to JSON";
            operation.insert(name.clone(), from_value(v).map_err(|e| format!("{why}: {}", e.text()))?);
        }
        out.push(Json::Object(operation));
    }
    Ok(out)
}

/// The types of an apply configuration are named by the paths of the fields in which they stand.
fn well_named(value: &Value, path: &str) -> Result<(), String> {
    match value {
        Value::Struct(s) => {
            if s.name != path {
                let (name, path) = (&s.name, path);
                return Err(format!(
                    "unexpected type name {name:?}, expected {path:?}, which matches field name path from root Object type"
                ));
            }
            s.fields.iter().try_for_each(|(field, v)| well_named(v, &format!("{path}.{field}")))
        }
        Value::List(l) => l.items.iter().try_for_each(|v| well_named(v, path)),
        Value::Map(m) => m.entries.values().try_for_each(|v| well_named(v, path)),
        _ => Ok(()),
    }
}
