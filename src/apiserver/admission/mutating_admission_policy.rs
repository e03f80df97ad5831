//! MutatingAdmissionPolicy: what people have changed of objects before they are stored, in force where a binding says so.
//!
//! Which policies are meant is found out from the object as it comes; then each changes what those before it have made of it.
//! Real Kubernetes: apiserver/pkg/admission/plugin/policy/{mutating,generic}.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::draft::{Draft, Unknown, put};
use super::policy::aim::Aim;
use super::policy::ready::{self, Expression, Ready};
use super::policy::seen::Seen;
use super::policy::{apply_configuration, conditions, ignores_failures, is_exempt};
use super::request::Request;
use super::{Ask, Plugin};
use crate::api::cel::json::from_value;
use crate::api::cel::policy::OBJECT;
use crate::api::cel::{PER_OBJECT, Value};
use crate::api::kinds::{MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding};
use crate::api::object::Resource;
use crate::api::status::Cause;
use crate::api::{KindRef, Object, Reason, Status, json_patch};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { status: true, mutate, alter, ..Plugin::new("MutatingAdmissionPolicy") };

fn is_idle(api: &ApiServer) -> bool {
    api.store().count(MutatingAdmissionPolicyBinding::kind_ref()) == 0
}

fn mutate(api: &ApiServer, o: &mut Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    if is_idle(api) || is_exempt(o.kind()) {
        return Ok(());
    }
    let draft = Draft::of(o, who.subresource);
    let changed = apply(&Request::of_write(api, who, o, old), draft, who)?;
    if let Some(draft) = changed {
        put(o, draft)?;
    }
    Ok(())
}

fn alter(api: &ApiServer, asked: &mut Ask<'_>, who: &mut Caller<'_>) -> Result<(), Status> {
    if is_idle(api) {
        return Ok(());
    }
    let draft = Draft::Body(asked.body.clone());
    if let Some(Draft::Body(body)) = apply(&Request::of_ask(api, who, asked), draft, who)? {
        asked.body = body;
    }
    Ok(())
}

/// One run of a policy, for one of its bindings and one parameter.
struct Invocation<'a> {
    policy: &'a MutatingAdmissionPolicy,
    binding: &'a MutatingAdmissionPolicyBinding,
    ready: Arc<Ready>,
    /// The version of the object's kind that the policy is about.
    kind: KindRef,
    param: Option<Arc<Json>>,
}

/// What went wrong, and whether it did while a policy was running.
struct Fault {
    message: String,
    running: bool,
}

/// Lets all policies that are meant change the draft; `None` if none has.
fn apply(r: &Request<'_>, mut draft: Draft, who: &mut Caller<'_>) -> Result<Option<Draft>, Status> {
    let mut faults = vec![];
    let invocations = invocations(r, &mut faults);
    let mut changed = false;
    if !invocations.is_empty() {
        who.reinvocation.policies.begin(&draft.json(r.kind), who.reinvocation.again);
        let done = run_all(r, &mut draft, &invocations, &mut faults, who);
        who.reinvocation.policies.end(draft.json(r.kind));
        changed = done?;
    }
    match refusal(r, &faults) {
        Some(status) => Err(status),
        None => Ok(changed.then_some(draft)),
    }
}

fn refusal(r: &Request<'_>, faults: &[Fault]) -> Option<Status> {
    let first = faults.first()?;
    let mut status = Status::forbidden(r.kind, r.spoken_name(), "");
    status.message.clone_from(&first.message);
    if let Some(details) = &mut status.details {
        let cause = |f: &Fault| Cause { reason: String::new(), message: f.message.clone(), field: String::new() };
        details.causes = faults.iter().map(cause).collect();
    }
    if first.running {
        // The code stays that of what is forbidden.
        let code = status.code();
        status.reason = Reason::Invalid;
        status = status.in_own_words(code, Reason::Invalid.name());
    }
    Some(status)
}

/// The runs of all policies that are about the request. What is wrong with how they are set up is told, unless a policy lets
/// failures pass.
fn invocations<'a>(r: &Request<'a>, faults: &mut Vec<Fault>) -> Vec<Invocation<'a>> {
    let mut out = vec![];
    for policy in r.api.store().all::<MutatingAdmissionPolicy>() {
        let Some(spec) = &policy.spec else { continue };
        let bindings = r.api.store().all::<MutatingAdmissionPolicyBinding>();
        let mut bindings = bindings
            .filter_map(|b| Some((b, b.spec.as_ref()?)))
            .filter(|(_, s)| s.policy_name.as_deref() == Some(policy.name()))
            .peekable();
        if bindings.peek().is_none() {
            continue;
        }
        let ignore = ignores_failures(spec.failure_policy.as_deref());
        let mut wrong = |message: String| {
            if !ignore {
                faults.push(Fault { message, running: false });
            }
        };
        let aim = match Aim::of(spec.match_constraints.as_ref(), spec.param_kind.as_ref(), r) {
            Ok(Some(aim)) => aim,
            Ok(None) => continue,
            Err(why) => {
                let who = policy.name();
                wrong(format!("policy {who:?} denied request: failed to configure policy: {why}"));
                continue;
            }
        };
        let ready = r.api.policies.of(policy, |p| p.spec.as_ref().map(ready::mutating).unwrap_or_default());
        for (binding, of) in bindings {
            match aim.params(of.match_resources.as_ref(), of.param_ref.as_ref(), r) {
                Ok(found) => out.extend(found.into_iter().flatten().map(|param| Invocation {
                    policy,
                    binding,
                    ready: ready.clone(),
                    kind: aim.kind,
                    param,
                })),
                Err(why) => wrong(denied(policy, binding, &format!("failed to configure binding: {why}"))),
            }
        }
    }
    out
}

fn denied(policy: &MutatingAdmissionPolicy, binding: &MutatingAdmissionPolicyBinding, why: &str) -> String {
    format!("policy '{}' with binding '{}' denied request: {why}", policy.name(), binding.name())
}

/// Runs the policies one after another; tells whether the draft is another now.
///
/// Each version of a kind is changed for itself; what is stored is the one that was changed last.
fn run_all(
    r: &Request<'_>,
    draft: &mut Draft,
    all: &[Invocation<'_>],
    faults: &mut Vec<Fault>,
    who: &mut Caller<'_>,
) -> Result<bool, Status> {
    r.namespace_is_there()?;
    let again = who.reinvocation.again;
    let mut versions: Vec<(KindRef, Draft, bool)> = vec![];
    let mut last = None;
    for i in all {
        let at = versions.iter().position(|(kind, ..)| *kind == i.kind).unwrap_or_else(|| {
            versions.push((i.kind, draft.clone(), false));
            versions.len() - 1
        });
        let (_, now, dirty) = &mut versions[at];
        let spec = i.policy.spec.as_ref();
        let ignore = ignores_failures(spec.and_then(|s| s.failure_policy.as_deref()));
        let mut wrong = |why: String| {
            if !ignore {
                faults.push(Fault { message: denied(i.policy, i.binding, &why), running: true });
            }
        };
        let param = i.param.as_deref();
        let current = now.clone();
        let asked = Request { new: Some(current.sent()), ..r.clone() };
        match conditions::hold(&i.ready.conditions, &Seen::new(&asked, i.kind, param, &[]), ignore) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(why) => {
                wrong(why);
                continue;
            }
        }
        let key = i.key();
        if again && !who.reinvocation.policies.is_due(&key) {
            continue;
        }
        for e in &i.ready.mutations {
            last = Some(at);
            let current = now.clone();
            let asked = Request { new: Some(current.sent()), ..r.clone() };
            match changed(&asked, &current, e, &Seen::new(&asked, i.kind, param, &i.ready.variables), i.kind)? {
                Ok(new) => (*now, *dirty) = (new, true),
                Err(why) => wrong(why),
            }
        }
        if now.json(i.kind) != current.json(i.kind) {
            who.reinvocation.policies.changed();
            who.reinvocation.wanted = true;
        }
        if spec.and_then(|s| s.reinvocation_policy.as_deref()) == Some("IfNeeded") {
            who.reinvocation.policies.asked(key);
        }
    }
    match last.map(|at| versions.swap_remove(at)) {
        Some((_, new, true)) => {
            who.reinvocation.policies.changed();
            who.reinvocation.wanted = true;
            who.reinvocation.rewritten = true;
            *draft = new;
            Ok(true)
        }
        _ => Ok(false),
    }
}

impl Invocation<'_> {
    /// Tells the run from all others of the request.
    fn key(&self) -> String {
        let param = self.param.as_deref().map_or(String::new(), |p| {
            let text = |k: &str| p["metadata"][k].as_str().unwrap_or("");
            format!("{}/{}", text("namespace"), text("name"))
        });
        format!("{} {} {param}", self.policy.name(), self.binding.name())
    }
}

/// What a mutation makes of the draft. The outer error ends all.
fn changed(
    r: &Request<'_>,
    draft: &Draft,
    e: &Expression,
    seen: &Seen<'_>,
    kind: KindRef,
) -> Result<Result<Draft, String>, Status> {
    let value = match evaluated(e, seen) {
        Ok(value) => value,
        Err(why) => return Ok(Err(why)),
    };
    let target = draft.json(kind);
    if e.name == "JSONPatch" {
        let operations = match operations(&value) {
            Ok(operations) => operations,
            Err(why) => return Ok(Err(why)),
        };
        return match json_patch::applied(&target, &operations) {
            // What is tested and is not so changes nothing.
            Err(json_patch::Refused::Test(_)) => Ok(Ok(draft.clone())),
            Err(json_patch::Refused::Other(why)) => Ok(Err(format!("JSON Patch: {why}"))),
            Ok(json) => draft.shown_as(kind, json, Unknown::Refused).map(Ok).map_err(|why| Status::internal(&why)),
        };
    }
    Ok(well_named(&value, OBJECT)
        .map_err(|why| format!("type mismatch: {why}"))
        .and_then(|()| from_value(&value).map_err(|e| format!("invalid return type: {}", e.text())))
        .and_then(|configuration| {
            apply_configuration::merged(&target, &configuration, kind, r.part)
                .map_err(|why| format!("error applying patch: {why}"))
        })
        .and_then(|json| {
            let (group, version, name) = (kind.group(), kind.version(), kind.name());
            draft.shown_as(kind, json, Unknown::Dropped).map_err(|why| {
                format!("unable to convert unstructured object to {group}/{version}, Kind={name}: {why}")
            })
        }))
}

fn evaluated(e: &Expression, seen: &Seen<'_>) -> Result<Value, String> {
    if let Err(why) = &e.program {
        return Err(why.clone());
    }
    let mut budget = PER_OBJECT;
    seen.run(e, &mut budget)?
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
