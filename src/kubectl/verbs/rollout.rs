//! kubectl rollout: history, pause, restart, resume, status, undo.

use serde_json::{Value, json};

use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::{Resource, Time, kinds};
use crate::kubectl::args::{DRY_RUN_FLAG, DryRun, FILES, OUTPUT, SELECT, Type};
use crate::kubectl::describe::template;
use crate::kubectl::env::Watch;
use crate::kubectl::printers::{self, Format};
use crate::kubectl::record::CAUSE;
use crate::kubectl::resources::{self, Found, collection, joined, object};
use crate::kubectl::tabwriter::align;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

const REVISION: &str = "deployment.kubernetes.io/revision";
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
const LAST_APPLIED: &str = super::apply::LAST_APPLIED;

const REVISION_FLAG: &[Flag] = &[Flag::new("revision", Type::Int).default("0")];

pub static HISTORY: Verb = Verb {
    name: "rollout history",
    summary: "View rollout history",
    flags: &[REVISION_FLAG, OUTPUT, SELECT, FILES],
    completes: Completes::Objects,
    run: history,
};
pub static PAUSE: Verb = Verb {
    name: "rollout pause",
    summary: "Mark the provided resource as paused",
    flags: &[OUTPUT, SELECT, FILES],
    completes: Completes::Objects,
    run: |a, e| each(a, e, "pausing", pause),
};
pub static RESUME: Verb = Verb {
    name: "rollout resume",
    summary: "Resume a paused resource",
    flags: &[OUTPUT, SELECT, FILES],
    completes: Completes::Objects,
    run: |a, e| each(a, e, "resuming", resume),
};
pub static RESTART: Verb = Verb {
    name: "rollout restart",
    summary: "Restart a resource",
    flags: &[OUTPUT, SELECT, FILES],
    completes: Completes::Objects,
    run: |a, e| each(a, e, "restarting", restart),
};
pub static STATUS: Verb = Verb {
    name: "rollout status",
    summary: "Show the status of the rollout",
    flags: &[
        &[
            Flag::new("watch", Type::Bool).short('w').default("true"),
            Flag::new("revision", Type::Int).default("0"),
            Flag::new("timeout", Type::Duration).default("0s"),
        ],
        SELECT,
        FILES,
    ],
    completes: Completes::Objects,
    run: status,
};
pub static UNDO: Verb = Verb {
    name: "rollout undo",
    summary: "Undo a previous rollout",
    flags: &[&[Flag::new("to-revision", Type::Int).default("0"), DRY_RUN_FLAG], OUTPUT, SELECT, FILES],
    completes: Completes::Objects,
    run: undo,
};

fn gather(args: &Args, env: &mut Env<'_>) -> Result<(Vec<Found>, Vec<Failure>), Failure> {
    if args.words.is_empty() && args.list("filename").is_empty() {
        return Err(Failure::error("required resource not specified"));
    }
    resources::fetch(args, &args.words, env)
}

fn is_deployment(f: &Found) -> bool {
    f.kind == kinds::Deployment::kind_ref()
}

fn finish(failures: Vec<Failure>) -> Result<Done, Failure> {
    if failures.is_empty() { Ok(Done::OK) } else { Err(joined(failures)) }
}

/// The ReplicaSets of a Deployment.
fn sets_of(d: &Found, env: &mut Env<'_>) -> Result<Vec<Value>, Failure> {
    let list = env.call(&Request::get(collection(kinds::ReplicaSet::kind_ref(), &d.namespace)))?;
    let uid = &d.object["metadata"]["uid"];
    Ok(list["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|s| s["metadata"]["ownerReferences"].as_array().into_iter().flatten().any(|r| r["uid"] == *uid))
        .cloned()
        .collect())
}

fn revision(s: &Value) -> i64 {
    s["metadata"]["annotations"][REVISION].as_str().and_then(|r| r.parse().ok()).unwrap_or(0)
}

fn history(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let wanted = args.int("revision");
    if wanted < 0 {
        return Err(Failure::error(format!("revision must be a positive integer: {wanted}")));
    }
    let (found, mut failures) = gather(args, env)?;
    let format = Format::of(args)?;
    for f in found {
        if !is_deployment(&f) {
            failures.push(Failure::error(format!(
                "error retrieving history for {0:?}, no visitor method exists for {{{1} {0}}}",
                f.kind.name(),
                f.kind.group()
            )));
            continue;
        }
        let mut sets = sets_of(&f, env)?;
        sets.retain(|s| revision(s) > 0);
        sets.sort_by_key(revision);
        if wanted > 0 {
            let Some(s) = sets.iter().find(|s| revision(s) == wanted) else {
                failures.push(Failure::error("unable to find the specified revision"));
                continue;
            };
            if !format.is_table() {
                print_sets(args, &format, std::slice::from_ref(s), env)?;
                continue;
            }
            env.line(format!("{} with revision #{wanted}", f.full_name()));
            let text = with_cause(s);
            env.out.push_str(&text);
            continue;
        }
        if !format.is_table() {
            print_sets(args, &format, &sets, env)?;
            continue;
        }
        env.line(format!("{} ", f.full_name()));
        if sets.is_empty() {
            env.line("No rollout history found.");
            continue;
        }
        let mut text = String::from("REVISION\tCHANGE-CAUSE\n");
        for s in &sets {
            let cause = s["metadata"]["annotations"][CAUSE].as_str().filter(|c| !c.is_empty()).unwrap_or("<none>");
            text.push_str(&format!("{}\t{cause}\n", revision(s)));
        }
        env.out.push_str(&align(&text, 0, 2));
        env.out.push('\n');
    }
    finish(failures)
}

/// Revisions in a format are the ReplicaSets that keep them.
fn print_sets(args: &Args, format: &Format, sets: &[Value], env: &mut Env<'_>) -> Result<(), Failure> {
    for (i, s) in sets.iter().enumerate() {
        if i > 0 && *format == Format::Yaml {
            env.line("---");
        }
        let found = Found::of(kinds::ReplicaSet::kind_ref(), std::sync::Arc::new(s.clone()));
        let text = printers::print(format, &[found], true, args)?;
        env.out.push_str(&text);
    }
    Ok(())
}

/// A revision's template as `rollout` prints it: with tabs, not aligned.
fn with_cause(s: &Value) -> String {
    let mut t = s["spec"]["template"].clone();
    if let Some(cause) = s["metadata"]["annotations"][CAUSE].as_str().filter(|c| !c.is_empty()) {
        t["metadata"]["annotations"][CAUSE] = cause.into();
    }
    format!("{}\n", template(&t))
}

/// What is to be patched of one Deployment, and the word for what came of it.
type Change = fn(&Found, &mut Env<'_>) -> Result<(Value, &'static str), Failure>;

/// Applies a change to each Deployment and says what came of it.
fn each(args: &Args, env: &mut Env<'_>, doing: &str, f: Change) -> Result<Done, Failure> {
    let (found, mut failures) = gather(args, env)?;
    for o in found {
        if !is_deployment(&o) {
            failures.push(Failure::error(
                format!("{}.{} {:?} {doing} is not supported", o.kind.plural(), o.kind.group(), o.name)
                    .replace(". ", " "),
            ));
            continue;
        }
        match f(&o, env) {
            Err(e) => failures.push(e),
            Ok((patch, said)) => {
                match env.try_call(&Request::new(Method::Patch(PatchType::Strategic), o.path()).body(patch)) {
                    Ok(_) => env.line(format!("{} {said}", o.full_name())),
                    Err(s) => failures.push(Failure::error(format!("failed to patch: {}", s.message))),
                }
            }
        }
    }
    finish(failures)
}

fn is_paused(f: &Found) -> bool {
    f.object["spec"]["paused"] == true
}

fn pause(f: &Found, _: &mut Env<'_>) -> Result<(Value, &'static str), Failure> {
    if is_paused(f) {
        return Err(Failure::error(format!("deployments.apps {:?} is already paused", f.name)));
    }
    Ok((json!({"spec": {"paused": true}}), "paused"))
}

fn resume(f: &Found, _: &mut Env<'_>) -> Result<(Value, &'static str), Failure> {
    if !is_paused(f) {
        return Err(Failure::error(format!("deployments.apps {:?} is not paused", f.name)));
    }
    Ok((json!({"spec": {"paused": null}}), "resumed"))
}

fn restart(f: &Found, env: &mut Env<'_>) -> Result<(Value, &'static str), Failure> {
    if is_paused(f) {
        return Err(Failure::error(format!(
            "deployments.apps {:?} can't restart paused deployment (run rollout resume first)",
            f.name
        )));
    }
    let now = env.now().rfc3339();
    if f.object["spec"]["template"]["metadata"]["annotations"][RESTARTED_AT] == now.as_str() {
        return Err(Failure::error(format!(
            "failed to create patch for {}: if restart has already been triggered within the past second, please wait before attempting to trigger another",
            f.name
        )));
    }
    Ok((json!({"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: now}}}}}), "restarted"))
}

/// What `rollout status` says of a Deployment; `true` when it is over.
fn progress(d: &Value) -> Result<(String, bool), Failure> {
    let name = d["metadata"]["name"].as_str().unwrap_or("");
    let n = |v: &Value| v.as_i64().unwrap_or(0);
    let s = &d["status"];
    if n(&d["metadata"]["generation"]) > n(&s["observedGeneration"]) {
        return Ok(("Waiting for deployment spec update to be observed...".into(), false));
    }
    let late = s["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|c| c["type"] == "Progressing" && c["reason"] == "ProgressDeadlineExceeded");
    if late {
        return Err(Failure::error(format!("deployment {name:?} exceeded its progress deadline")));
    }
    let (wanted, updated, total, available) =
        (n(&d["spec"]["replicas"]), n(&s["updatedReplicas"]), n(&s["replicas"]), n(&s["availableReplicas"]));
    let waiting = |what: String| Ok((format!("Waiting for deployment {name:?} rollout to finish: {what}..."), false));
    match () {
        () if updated < wanted => waiting(format!("{updated} out of {wanted} new replicas have been updated")),
        () if total > updated => waiting(format!("{} old replicas are pending termination", total - updated)),
        () if available < updated => waiting(format!("{available} of {updated} updated replicas are available")),
        () => Ok((format!("deployment {name:?} successfully rolled out"), true)),
    }
}

fn status(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let (found, failures) = gather(args, env)?;
    if !failures.is_empty() {
        return Err(joined(failures));
    }
    let mut todo = vec![];
    for f in found {
        if !is_deployment(&f) {
            return Err(Failure::error(
                format!("no status viewer has been implemented for {}.{}", f.kind.name(), f.kind.group())
                    .trim_end_matches('.')
                    .to_string(),
            ));
        }
        todo.push(f);
    }
    if todo.is_empty() {
        return Err(Failure::error("no resources found"));
    }
    let deadline = match args.duration("timeout") {
        d if d.is_zero() => None,
        d => Some(env.now() + d),
    };
    todo.reverse();
    let (once, revision) = (!args.flag("watch"), args.int("revision"));
    Ok(Done::Follow(Box::new(Status { todo, watch: None, deadline, once, revision })))
}

struct Status {
    todo: Vec<Found>,
    watch: Option<Watch>,
    deadline: Option<Time>,
    once: bool,
    /// The revision that is asked for; 0 is whichever runs.
    revision: i64,
}

impl Status {
    /// Says what a state of the Deployment means; `true` when this one is over.
    fn tell(&mut self, d: &Value, env: &mut Env<'_>) -> Result<bool, Failure> {
        let running = revision(d);
        if self.revision > 0 && self.revision != running {
            return Err(Failure::error(format!(
                "desired revision ({}) is different from the running revision ({running})",
                self.revision
            )));
        }
        let (text, done) = progress(d)?;
        env.line(text);
        Ok(done || self.once)
    }

    fn over(&mut self, env: &mut Env<'_>) {
        if let Some(w) = self.watch.take() {
            env.api.close(w);
        }
        self.todo.pop();
    }
}

impl Follow for Status {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        while let Some(f) = self.todo.last().cloned() {
            if self.watch.is_none() {
                let request = Request::get(collection(f.kind, &f.namespace))
                    .query("fieldSelector", format!("metadata.name={}", f.name));
                self.watch = Some(env.api.watch(&request).map_err(|s| Failure::status(&s))?);
            }
            let Some(w) = self.watch else { break };
            let mut moved = false;
            while let Some(e) = env.api.next(w) {
                if e.kind == "DELETED" {
                    return Err(Failure::error("object has been deleted"));
                }
                if self.tell(&e.object, env)? {
                    self.over(env);
                    moved = true;
                    break;
                }
            }
            if !moved {
                break;
            }
        }
        if self.todo.is_empty() {
            return Ok(Progress::Exit(0));
        }
        if self.deadline.is_some_and(|d| env.now() >= d) {
            return Err(Failure::error("timed out waiting for the condition"));
        }
        Ok(Progress::Waiting(self.deadline))
    }

    fn stop(&mut self, env: &mut Env<'_>) {
        if let Some(w) = self.watch.take() {
            env.api.close(w);
        }
    }
}

fn undo(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let dry = DryRun::of(args)?;
    let wanted = args.int("to-revision");
    let (found, mut failures) = gather(args, env)?;
    for f in found {
        if !is_deployment(&f) {
            failures.push(Failure::error(format!(
                "no rollbacker has been implemented for {:?}",
                format!("{}.{}", f.kind.name(), f.kind.group()).trim_end_matches('.')
            )));
            continue;
        }
        if let Err(e) = undo_one(&f, wanted, dry, env) {
            failures.push(e);
        }
    }
    finish(failures)
}

fn undo_one(f: &Found, wanted: i64, dry: DryRun, env: &mut Env<'_>) -> Result<(), Failure> {
    if wanted < 0 {
        return Err(Failure::error(format!("unable to find specified revision {wanted} in history")));
    }
    let sets = sets_of(f, env)?;
    let mut by_revision: Vec<&Value> = sets.iter().filter(|s| revision(s) > 0).collect();
    by_revision.sort_by_key(|s| revision(s));
    let target = if wanted == 0 {
        // The one before the last.
        if by_revision.len() < 2 {
            return Err(Failure::error(format!("no rollout history found for deployment {:?}", f.name)));
        }
        by_revision[by_revision.len() - 2]
    } else {
        by_revision
            .iter()
            .find(|s| revision(s) == wanted)
            .ok_or_else(|| Failure::error(format!("unable to find specified revision {wanted} in history")))?
    };
    let applied = f.object["metadata"]["annotations"][LAST_APPLIED].is_string();
    if applied {
        env.error_line(format!(
            "Warning: resource deployments/{} was previously managed with 'kubectl apply'. Rolling back will not update the {LAST_APPLIED} annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.",
            f.name
        ));
    }
    if dry == DryRun::Client {
        env.line(format!("{} {} (dry run)", f.full_name(), template(&target["spec"]["template"])));
        return Ok(());
    }
    if is_paused(f) {
        return Err(Failure::error(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
        ));
    }
    let mut template = target["spec"]["template"].clone();
    if let Some(l) = template["metadata"]["labels"].as_object_mut() {
        l.remove("pod-template-hash");
    }
    let mut now = f.object["spec"]["template"].clone();
    if let Some(l) = now["metadata"]["labels"].as_object_mut() {
        l.remove("pod-template-hash");
    }
    if template == now {
        env.line(format!(
            "{} skipped rollback (current template already matches revision {})",
            f.full_name(),
            revision(target)
        ));
        return Ok(());
    }
    // The Deployment's own annotations stay; those that describe the revision come from it.
    let own = [
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        "deployment.kubernetes.io/revision-history",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
    ];
    let mut annotations = serde_json::Map::new();
    for (k, v) in
        f.object["metadata"]["annotations"].as_object().into_iter().flatten().filter(|(k, _)| own.contains(&k.as_str()))
    {
        annotations.insert(k.clone(), v.clone());
    }
    for (k, v) in
        target["metadata"]["annotations"].as_object().into_iter().flatten().filter(|(k, _)| !own.contains(&k.as_str()))
    {
        annotations.insert(k.clone(), v.clone());
    }
    let patch = json!([{"op": "replace", "path": "/spec/template", "value": template}, {"op": "replace", "path": "/metadata/annotations", "value": annotations}]);
    let mut r = Request::new(Method::Patch(PatchType::Json), object(f.kind, &f.namespace, &f.name)).body(patch);
    if dry == DryRun::Server {
        r = r.query("dryRun", "All");
    }
    env.try_call(&r)
        .map_err(|s| Failure::error(format!("failed restoring revision {}: {}", revision(target), s.message)))?;
    env.line(format!("{} rolled back{}", f.full_name(), dry.note()));
    Ok(())
}
