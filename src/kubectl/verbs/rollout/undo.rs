//! kubectl rollout undo.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/rollout/rollout_undo.go, k8s.io/kubectl/pkg/polymorphichelpers/rollback.go.

use serde_json::{Value, json};

use super::revisions::{REVISION, Revision, revisions};
use super::{Rolled, finish, gather, is_paused, no_revisions};
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::snapshot;
use crate::kubectl::args::DryRun;
use crate::kubectl::describe::template;
use crate::kubectl::printers::Format;
use crate::kubectl::resources::Found;
use crate::kubectl::verbs::apply::LAST_APPLIED;
use crate::kubectl::verbs::create::say;
use crate::kubectl::{Args, Done, Env, Failure};

pub fn undo(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let (dry, format) = (DryRun::of(args)?, Format::of(args)?);
    let told = |f: &Found, what: &str, env: &mut Env<'_>| say(args, &format, f.kind, &f.object, what, dry, env);
    let wanted = args.int("to-revision");
    let (found, mut failures) = gather(args, env)?;
    for f in found {
        let done = match Rolled::of(f.kind) {
            Some(kind) => undo_one(kind, &f, wanted, dry, env).and_then(|what| told(&f, &what, env)),
            None => Err(no_revisions(f.kind, "rollbacker", "rollbacker")),
        };
        failures.extend(done.err());
    }
    finish(failures)
}

/// Does it, and returns the word for what came of it.
fn undo_one(kind: Rolled, f: &Found, wanted: i64, dry: DryRun, env: &mut Env<'_>) -> Result<String, Failure> {
    let all = revisions(kind, f, env)?;
    let target = target(kind, f, &all, wanted)?;
    if f.object["metadata"]["annotations"][LAST_APPLIED].is_string() {
        env.error_line(format!(
            "Warning: resource {}/{} was previously managed with 'kubectl apply'. Rolling back will not update the {LAST_APPLIED} annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.",
            f.kind.plural(),
            f.name
        ));
    }
    if dry == DryRun::Client {
        let will = if kind == Rolled::Deployment { "" } else { "will roll back to " };
        return Ok(format!("{will}{}", template(&target.template)));
    }
    let patch = match kind {
        Rolled::Deployment => deployment(f, target)?,
        Rolled::DaemonSet | Rolled::StatefulSet => controlled(f, target),
    };
    let Some((how, patch)) = patch else {
        return Ok(format!("skipped rollback (current template already matches revision {wanted})"));
    };
    let r = dry.on(Request::new(Method::Patch(how), f.path()).body(patch));
    env.try_call(&r).map_err(|s| Failure::error(format!("failed restoring revision {wanted}: {}", s.message)))?;
    Ok("rolled back".into())
}

/// The revision that is asked for; if none is, the one before the last.
fn target<'a>(kind: Rolled, f: &Found, all: &'a [Revision], wanted: i64) -> Result<&'a Revision, Failure> {
    let missing = || Failure::error(format!("unable to find specified revision {wanted} in history"));
    if wanted != 0 {
        return all.iter().find(|r| r.number == wanted).ok_or_else(missing);
    }
    all.iter().rev().nth(1).ok_or_else(|| match kind {
        Rolled::Deployment => Failure::error(format!("no rollout history found for deployment {:?}", f.name)),
        Rolled::DaemonSet | Rolled::StatefulSet => Failure::error("no last revision to roll back to"),
    })
}

/// A patch, and of which sort; none if nothing would change.
type Restoring = Option<(PatchType, Value)>;

/// What the revision keeps is a patch already.
fn controlled(f: &Found, target: &Revision) -> Restoring {
    let data = &target.kept["data"];
    let same = snapshot::of(f.object["spec"]["template"].clone()) == *data;
    (!same).then(|| (PatchType::Strategic, data.clone()))
}

fn deployment(f: &Found, target: &Revision) -> Result<Restoring, Failure> {
    if is_paused(f) {
        return Err(Failure::error(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
        ));
    }
    let plain = |t: &Value| {
        let mut t = t.clone();
        if let Some(l) = t["metadata"]["labels"].as_object_mut() {
            l.remove("pod-template-hash");
        }
        t
    };
    let template = plain(&target.template);
    if template == plain(&f.object["spec"]["template"]) {
        return Ok(None);
    }
    // The Deployment's own annotations stay; those that describe the revision come from it.
    let own = |k: &str| {
        [
            LAST_APPLIED,
            REVISION,
            "deployment.kubernetes.io/revision-history",
            "deployment.kubernetes.io/desired-replicas",
            "deployment.kubernetes.io/max-replicas",
            "deprecated.deployment.rollback.to",
        ]
        .contains(&k)
    };
    let of = |o: &Value, kept: bool| -> serde_json::Map<String, Value> {
        let all = o["metadata"]["annotations"].as_object().into_iter().flatten();
        all.filter(|(k, _)| own(k) == kept).map(|(k, v)| (k.clone(), v.clone())).collect()
    };
    let mut annotations = of(&f.object, true);
    annotations.extend(of(&target.kept, false));
    let patch = json!([
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "replace", "path": "/metadata/annotations", "value": annotations},
    ]);
    Ok(Some((PatchType::Json, patch)))
}
