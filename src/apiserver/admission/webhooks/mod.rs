//! MutatingAdmissionWebhook and ValidatingAdmissionWebhook: others may complete or refuse what is written.
//!
//! [`matching`] says which webhooks are asked, [`calling`] asks them, [`review`] holds question and answer. What a failure to reach one means, its
//! policy says; which were asked, the request's record.
//! Real Kubernetes: apiserver/pkg/admission/plugin/webhook/{mutating,validating}. There a mutation lets earlier webhooks have a second
//! look (`reinvocationPolicy`), and conditions in CEL narrow a webhook down further.

pub mod calling;
mod matching;
mod review;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{Ask, Plugin};
use crate::api::kind::Subresource;
use crate::api::kinds::admission_webhooks::Webhook;
use crate::api::kinds::{MutatingWebhookConfiguration, Namespace, ValidatingWebhookConfiguration};
use crate::api::object::{Key, Resource};
use crate::api::patch::{self, PatchType};
use crate::api::status::{Cause, Details};
use crate::api::{KindRef, Object, Reason, Status, reading};
use crate::apiserver::caller::new_uid;
use crate::apiserver::decoding::to_stored;
use crate::apiserver::scale::scale_json;
use crate::apiserver::{ApiServer, Caller};
use matching::{Attributes, Operation};

pub const MUTATING: Plugin = Plugin {
    status: true,
    mutate,
    delete: |api, key, who| delete(api, key, true, who),
    ask: |api, asked, who| ask(api, asked, true, who),
    ..Plugin::new("MutatingAdmissionWebhook")
};

pub const VALIDATING: Plugin = Plugin {
    status: true,
    validate,
    delete: |api, key, who| delete(api, key, false, who),
    ask: |api, asked, who| ask(api, asked, false, who),
    ..Plugin::new("ValidatingAdmissionWebhook")
};

/// A webhook, and the configuration that names it.
type Hook<'a> = (&'a str, Webhook<'a>);

fn mutating_hooks(api: &ApiServer) -> impl Iterator<Item = Hook<'_>> {
    let all = api.store().all::<MutatingWebhookConfiguration>();
    all.flat_map(|c| c.webhooks.iter().flatten().map(|w| (c.name(), Webhook::from(w))))
}

fn validating_hooks(api: &ApiServer) -> impl Iterator<Item = Hook<'_>> {
    let all = api.store().all::<ValidatingWebhookConfiguration>();
    all.flat_map(|c| c.webhooks.iter().flatten().map(|w| (c.name(), Webhook::from(w))))
}

/// Whoever could refuse its own configuration could never be got rid of.
fn is_exempt(kind: KindRef) -> bool {
    kind.group() == "admissionregistration.k8s.io"
}

fn of_write<'a>(o: &'a Object, old: Option<&'a Object>, who: &Caller<'_>) -> Attributes<'a> {
    // The labels of what is scaled are not those of its scale.
    let whole = who.subresource != Some(Subresource::Scale);
    let labels = |o: &'a Object| o.meta().labels.as_ref().filter(|_| whole);
    Attributes {
        operation: if old.is_some() { Operation::Update } else { Operation::Create },
        kind: o.kind(),
        part: who.subresource,
        namespace: namespace_of(o.kind(), o.namespace(), if old.is_some() { o.name() } else { "" }),
        name: o.name(),
        objects: [Some(labels(o)), old.map(labels)],
    }
}

/// A namespace that is there is in itself.
fn namespace_of<'a>(kind: KindRef, namespace: &'a str, name: &'a str) -> &'a str {
    if kind == Namespace::kind_ref() { name } else { namespace }
}

fn mutate(api: &ApiServer, o: &mut Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    if is_exempt(o.kind()) {
        return Ok(());
    }
    for (i, (configuration, hook)) in mutating_hooks(api).enumerate() {
        let asked = of_write(o, old, who);
        let Some(kind) = wanted(api, &hook, &asked)? else { continue };
        let objects = both(o, old, kind, who.subresource);
        let change = change_wanted(api, (&hook, kind), &asked, objects, (configuration, i), who)?;
        match change {
            Some(_) if who.subresource == Some(Subresource::Scale) => return Err(unchangeable(&hook)),
            Some(change) => *o = changed(o, kind, &change)?,
            None => {}
        }
    }
    Ok(())
}

fn validate(api: &mut ApiServer, o: &Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    if is_exempt(o.kind()) {
        return Ok(());
    }
    let asked = of_write(o, old, who);
    let part = who.subresource;
    let objects = |kind| both(o, old, kind, part);
    judge(api, &asked, objects, who)
}

fn delete(api: &ApiServer, key: &Key, mutating: bool, who: &mut Caller<'_>) -> Result<(), Status> {
    let nobody = if mutating { mutating_hooks(api).next().is_none() } else { validating_hooks(api).next().is_none() };
    if nobody || is_exempt(key.kind) {
        return Ok(());
    }
    let Some(old) = api.store().get(key) else { return Ok(()) };
    let asked = Attributes {
        operation: Operation::Delete,
        kind: key.kind,
        part: None,
        namespace: namespace_of(key.kind, &key.namespace, &key.name),
        name: &key.name,
        objects: [None, Some(old.meta().labels.as_ref())],
    };
    let objects = |kind| [Value::Null, told(old, kind)];
    if mutating { ask_to_mutate(api, &asked, objects, who) } else { judge(api, &asked, objects, who) }
}

fn ask(api: &ApiServer, ask: &Ask<'_>, mutating: bool, who: &mut Caller<'_>) -> Result<(), Status> {
    let key = ask.key;
    let asked = Attributes {
        operation: Operation::Create,
        kind: key.kind,
        part: Some(ask.part),
        namespace: &key.namespace,
        name: &key.name,
        objects: [Some(None), None],
    };
    let objects = |_| [ask.body.clone(), Value::Null];
    if mutating { ask_to_mutate(api, &asked, objects, who) } else { judge(api, &asked, objects, who) }
}

/// Asks the mutating webhooks about something that they cannot change.
fn ask_to_mutate(
    api: &ApiServer,
    asked: &Attributes<'_>,
    objects: impl Fn(KindRef) -> [Value; 2],
    who: &mut Caller<'_>,
) -> Result<(), Status> {
    for (i, (configuration, hook)) in mutating_hooks(api).enumerate() {
        let Some(kind) = wanted(api, &hook, asked)? else { continue };
        if change_wanted(api, (&hook, kind), asked, objects(kind), (configuration, i), who)?.is_some() {
            return Err(unchangeable(&hook));
        }
    }
    Ok(())
}

/// (Real Kubernetes lets a webhook change what a scale asks for; here it may not.)
fn unchangeable(hook: &Webhook<'_>) -> Status {
    internal(format!(
        "admission webhook {:?} attempted to modify the object, which is not supported for this operation",
        hook.name
    ))
}

/// Asks the validating webhooks, of which any may refuse. (Real Kubernetes asks all at once; the first that is heard refuses.)
fn judge(
    api: &ApiServer,
    asked: &Attributes<'_>,
    objects: impl Fn(KindRef) -> [Value; 2],
    who: &mut Caller<'_>,
) -> Result<(), Status> {
    let mut relevant = vec![];
    for (_, hook) in validating_hooks(api) {
        if let Some(kind) = wanted(api, &hook, asked)? {
            relevant.push((hook, kind));
        }
    }
    let mut first = Ok(());
    for (i, (hook, kind)) in relevant.iter().enumerate() {
        let done = match call(api, (hook, *kind), asked, objects(*kind), false, who) {
            Err(Failed::Ignored) => {
                let key = format!("failed-open.validating.webhook.admission.k8s.io/round_0_index_{i}");
                who.annotations.push((key, hook.name.into()));
                Ok(())
            }
            Err(Failed::Refused(status)) => Err(*status),
            Ok(_) => Ok(()),
        };
        first = first.and(done);
    }
    first
}

fn wanted(api: &ApiServer, hook: &Webhook<'_>, asked: &Attributes<'_>) -> Result<Option<KindRef>, Status> {
    matching::wanted(hook, asked, |name| {
        let key = Key::of::<Namespace>("", name);
        let found = api.store().get(&key).ok_or_else(|| Status::not_found(key.kind, name))?;
        Ok(found.meta().labels.as_ref())
    })
}

/// What is written, as it shall be and as it was: objects, or their scales.
fn both(o: &Object, old: Option<&Object>, kind: KindRef, part: Option<Subresource>) -> [Value; 2] {
    let shown = |o: &Object| match part {
        Some(Subresource::Scale) => scale_json(o).unwrap_or_default(),
        _ => told(o, kind),
    };
    [shown(o), old.map_or(Value::Null, shown)]
}

/// An object as a webhook sees it.
fn told(o: &Object, kind: KindRef) -> Value {
    (*o.in_version(kind)).clone()
}

/// How a call can fail.
enum Failed {
    /// The webhook was not heard, which is no matter.
    Ignored,
    Refused(Box<Status>),
}

/// Calls a webhook; gives the patch that it wants to see applied.
fn call(
    api: &ApiServer,
    (hook, kind): (&Webhook<'_>, KindRef),
    asked: &Attributes<'_>,
    objects: [Value; 2],
    mutating: bool,
    who: &mut Caller<'_>,
) -> Result<Option<Value>, Failed> {
    let refused = |status: Status| Failed::Refused(Box::new(status));
    if who.dry_run && !matches!(hook.side_effects, "None" | "NoneOnDryRun") {
        let why = format!("admission webhook {:?} does not support dry run", hook.name);
        return Err(refused(Status::bad_request(why)));
    }
    let uid = new_uid(who.chance);
    let question = review::question(&uid, asked, kind, objects, who);
    let heard = calling::call(api, hook, &question).map_err(|why| format!("failed to call webhook: {why}"));
    match heard.and_then(|said| review::read(hook.name, &uid, &said, mutating)) {
        Err(_) if hook.failure_policy == Some("Ignore") => Err(Failed::Ignored),
        Err(why) => Err(refused(internal(format!("failed calling webhook {:?}: {why}", hook.name)))),
        Ok(answer) => {
            who.annotations.extend(answer.annotations);
            who.warnings.extend(answer.warnings);
            match answer.refusal {
                Some(status) => Err(refused(status)),
                None => Ok(answer.patch.filter(|p| p.as_array().is_none_or(|p| !p.is_empty()))),
            }
        }
    }
}

/// Calls a mutating webhook, and puts down that it was called.
fn change_wanted(
    api: &ApiServer,
    hook: (&Webhook<'_>, KindRef),
    asked: &Attributes<'_>,
    objects: [Value; 2],
    (configuration, i): (&str, usize),
    who: &mut Caller<'_>,
) -> Result<Option<Value>, Status> {
    let name = hook.0.name;
    let done = call(api, hook, asked, objects, true, who);
    let mutated = matches!(done, Ok(Some(_)));
    let place = format!("mutation.webhook.admission.k8s.io/round_0_index_{i}");
    let text = format!("{{\"configuration\":{configuration:?},\"webhook\":{name:?},\"mutated\":{mutated}}}");
    who.annotations.push((place.clone(), text));
    match done {
        Ok(change) => Ok(change),
        Err(Failed::Refused(status)) => Err(*status),
        Err(Failed::Ignored) => {
            who.annotations.push((format!("failed-open.{place}"), name.into()));
            Ok(None)
        }
    }
}

/// An object with a webhook's patch, completed anew.
fn changed(o: &Object, kind: KindRef, change: &Value) -> Result<Object, Status> {
    let patched = patch::apply(&told(o, kind), change, PatchType::Json, kind).map_err(|why| {
        let status = Status::from(why);
        internal(status.message)
    })?;
    let mut new = reading::read(kind, patched).and_then(|(o, _)| to_stored(o)).map_err(internal)?;
    new.kind().defaults(&mut new);
    Ok(new)
}

fn internal(why: String) -> Status {
    let causes = vec![Cause { reason: String::new(), message: why.clone(), field: String::new() }];
    let details = Details { causes, ..Details::default() };
    let message = format!("Internal error occurred: {why}");
    Status { details: Some(Box::new(details)), ..Status::new(Reason::InternalError, message) }
}
