//! MutatingAdmissionWebhook: one after another they change what is written, each seeing what those before it have made of it.
//! Real Kubernetes: apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go.

use serde_json::{Value, json};

use super::hooks::{self, Hook};
use super::{Failed, call};
use crate::api::go_text;
use crate::api::json_patch;
use crate::api::object::Key;
use crate::api::{KindRef, Object, Status};
use crate::apiserver::admission::draft::{Draft, Unknown, put};
use crate::apiserver::admission::request::Request;
use crate::apiserver::admission::{Ask, Plugin};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { status: true, mutate, alter, delete, ..Plugin::new("MutatingAdmissionWebhook") };

const NOTES: &str = "mutation.webhook.admission.k8s.io";
const PATCHES: &str = "patch.webhook.admission.k8s.io";

fn nobody(api: &ApiServer) -> bool {
    hooks::mutating(api).next().is_none()
}

fn mutate(api: &ApiServer, o: &mut Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    if nobody(api) || hooks::is_exempt(o.kind()) {
        return Ok(());
    }
    let draft = Draft::of(o, who.subresource);
    let done = ask_all(&Request::of_write(api, who, o, old), Some(draft), who)?;
    done.map_or(Ok(()), |draft| put(o, draft))
}

fn alter(api: &ApiServer, asked: &mut Ask<'_>, who: &mut Caller<'_>) -> Result<(), Status> {
    if nobody(api) {
        return Ok(());
    }
    let draft = Draft::Body(asked.body.clone());
    if let Some(Draft::Body(body)) = ask_all(&Request::of_ask(api, who, asked), Some(draft), who)? {
        asked.body = body;
    }
    Ok(())
}

fn delete(api: &ApiServer, key: &Key, who: &mut Caller<'_>) -> Result<(), Status> {
    if nobody(api) || hooks::is_exempt(key.kind) {
        return Ok(());
    }
    let Some(request) = Request::of_delete(api, who, key) else { return Ok(()) };
    ask_all(&request, None, who).map(drop)
}

/// Lets all webhooks change the draft, if there is one: of what is deleted nothing can be changed.
fn ask_all(r: &Request<'_>, mut draft: Option<Draft>, who: &mut Caller<'_>) -> Result<Option<Draft>, Status> {
    let seen = |draft: &Option<Draft>| draft.as_ref().map(|d| d.json(r.kind)).unwrap_or_default();
    who.reinvocation.webhooks.begin(&seen(&draft), who.reinvocation.again);
    let mut done = Ok(());
    for (i, hook) in hooks::mutating(r.api).enumerate() {
        done = ask(r, &mut draft, &hook, i, who);
        if done.is_err() {
            break;
        }
    }
    who.reinvocation.webhooks.end(seen(&draft));
    done.map(|()| draft)
}

fn ask(
    r: &Request<'_>,
    draft: &mut Option<Draft>,
    hook: &Hook<'_>,
    i: usize,
    who: &mut Caller<'_>,
) -> Result<(), Status> {
    let current = draft.clone();
    let asked = Request { new: current.as_ref().map(Draft::sent), ..r.clone() };
    let Some(kind) = hook.wants(&asked)? else { return Ok(()) };
    let key = format!("{}/{i}", hook.configuration());
    if who.reinvocation.again && !who.reinvocation.webhooks.is_due(&key) {
        return Ok(());
    }
    let place = format!("round_{}_index_{i}", who.reinvocation.round());
    let (configuration, webhook) = (text(hook.configuration()), text(hook.webhook.name));
    let done = call(&asked, hook, kind, true, who).and_then(|operations| {
        let Some(new) = changed(&current, hook, kind, &operations).map_err(|s| Failed::Refused(Box::new(s)))? else {
            return Ok(false);
        };
        let patch = go_text::json(&Value::Array(operations));
        let note = format!(
            "{{\"configuration\":{configuration},\"webhook\":{webhook},\"patch\":{patch},\"patchType\":\"JSONPatch\"}}"
        );
        who.annotate(format!("{PATCHES}/{place}"), note);
        let mut other = current.as_ref().is_none_or(|before| new.json(kind) != before.json(kind));
        // The owners' times lose their fractions of a second when they are written down, which Kubernetes takes for a change.
        other |= !who.reinvocation.rewritten && r.changes_something();
        who.reinvocation.rewritten = true;
        *draft = Some(new);
        Ok(other)
    });
    let mutated = matches!(done, Ok(true));
    let note = format!("{{\"configuration\":{configuration},\"webhook\":{webhook},\"mutated\":{mutated}}}");
    who.annotate(format!("{NOTES}/{place}"), note);
    if mutated {
        who.reinvocation.webhooks.changed();
        who.reinvocation.wanted = true;
    }
    if hook.webhook.reinvocation_policy == Some("IfNeeded") {
        who.reinvocation.webhooks.asked(key);
    }
    match done {
        Err(Failed::Calling(_)) if hook.ignores_failures() => {
            who.annotate(format!("failed-open.{NOTES}/{place}"), hook.webhook.name.into());
            Ok(())
        }
        Err(failed) => Err(failed.status(hook)),
        Ok(_) => Ok(()),
    }
}

/// A text as it stands in JSON that Go writes.
fn text(s: &str) -> String {
    go_text::json(&json!(s))
}

/// The draft with a webhook's patch, completed anew; `None` if there is nothing to do.
fn changed(
    draft: &Option<Draft>,
    hook: &Hook<'_>,
    kind: KindRef,
    operations: &[Value],
) -> Result<Option<Draft>, Status> {
    if operations.is_empty() {
        return Ok(None);
    }
    let Some(draft) = draft else {
        return Err(Status::internal(&format!(
            "admission webhook {:?} attempted to modify the object, which is not supported for this operation",
            hook.webhook.name
        )));
    };
    let patched =
        json_patch::applied(&draft.json(kind), operations).map_err(|why| Status::internal(&why.to_string()))?;
    draft.shown_as(kind, patched, Unknown::Dropped).map(Some).map_err(|why| Status::internal(&why))
}
