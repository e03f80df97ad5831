//! kubectl apply set-last-applied: writes down what is said to have been applied, and changes nothing else.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/apply/apply_set_last_applied.go.

use serde_json::{Value, json};

use super::apply::LAST_APPLIED;
use super::create::say;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::{Reason, go_text};
use crate::kubectl::args::{DRY_RUN_FLAG, DryRun, FILENAME, OUTPUT, Type};
use crate::kubectl::manifests::{self, Manifest, Validate};
use crate::kubectl::printers::Format;
use crate::kubectl::resources::{joined, object};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static SET_LAST_APPLIED: Verb = Verb {
    name: "apply set-last-applied",
    summary: "Set the last-applied-configuration annotation on a live object to match the contents of a file",
    flags: &[&[DRY_RUN_FLAG, Flag::new("create-annotation", Type::Bool), FILENAME], OUTPUT],
    completes: Completes::Nothing,
    run: set_last_applied,
};

/// Everything is looked at before anything is written.
fn set_last_applied(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let (dry, format) = (DryRun::of(args)?, Format::of(args)?);
    manifests::required(args)?;
    let read = manifests::read(args, Validate::Ignore, env)?;
    let ((found, unread), mut failures) = (manifests::split(read), vec![]);
    let mut changes = vec![];
    for m in found {
        match change(&m, args, env) {
            Ok(Some(text)) => changes.push((m, text)),
            Ok(None) => env.line(format!("set-last-applied {}: no changes required.", m.name())),
            Err(f) => failures.push(f),
        }
    }
    failures.extend(unread);
    if !failures.is_empty() {
        return Err(joined(failures));
    }
    for (m, text) in changes {
        let path = object(m.kind, m.namespace(), m.name());
        let patch = json!({"metadata": {"annotations": {LAST_APPLIED: text}}});
        let r = dry.on(Request::new(Method::Patch(PatchType::Merge), &path).body(patch));
        let new = if dry == DryRun::Client { env.call(&Request::get(&path))? } else { env.call(&r)? };
        say(args, &format, m.kind, &new, "configured", dry, env)?;
    }
    Ok(Done::OK)
}

/// What the annotation should say, if it says something else.
fn change(m: &Manifest, args: &Args, env: &mut Env<'_>) -> Result<Option<String>, Failure> {
    let mut value = m.value.clone();
    if let Some(a) = value["metadata"].get_mut("annotations").and_then(Value::as_object_mut) {
        a.remove(LAST_APPLIED);
    }
    let text = format!("{}\n", go_text::json(&value));
    let live = env.try_call(&Request::get(object(m.kind, m.namespace(), m.name()))).map_err(|s| match s.reason {
        Reason::NotFound => Failure::status(&s),
        _ => {
            Failure::status_while(&s, &format!("retrieving current configuration of:\nfrom server for: {:?}", m.source))
        }
    })?;
    match live["metadata"]["annotations"][LAST_APPLIED].as_str() {
        None if !args.flag("create-annotation") => Err(Failure::error(format!(
            "no last-applied-configuration annotation found on resource: {}, to create the annotation, run the command with --create-annotation",
            m.name()
        ))),
        Some(now) if now.trim() == text.trim() => Ok(None),
        _ => Ok(Some(text)),
    }
}
