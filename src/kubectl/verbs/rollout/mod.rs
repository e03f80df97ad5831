//! kubectl rollout: history, pause, restart, resume, status, undo.
//! [`revisions`] finds what a Deployment, DaemonSet or StatefulSet can go back to.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/rollout, k8s.io/kubectl/pkg/polymorphichelpers.

mod history;
mod revisions;
mod status;
mod undo;

use serde_json::{Value, json};

use super::create::say;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::{KindRef, Resource, kinds};
use crate::kubectl::args::{DRY_RUN_FLAG, DryRun, FILES, OUTPUT, SELECTOR, Type, field_manager};
use crate::kubectl::printers::Format;
use crate::kubectl::resources::{self, Found, finish};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

const FLAGS: &[&[Flag]] = &[&[SELECTOR, field_manager("kubectl-rollout")], OUTPUT, FILES];

pub static HISTORY: Verb = Verb {
    name: "rollout history",
    summary: "View rollout history",
    flags: &[&[SELECTOR, Flag::new("revision", Type::Int).default("0")], OUTPUT, FILES],
    completes: Completes::Objects,
    run: history::history,
};
pub static PAUSE: Verb = Verb {
    name: "rollout pause",
    summary: "Mark the provided resource as paused",
    flags: FLAGS,
    completes: Completes::Objects,
    run: |a, e| each(a, e, "pausing", &[Rolled::Deployment], pause),
};
pub static RESUME: Verb = Verb {
    name: "rollout resume",
    summary: "Resume a paused resource",
    flags: FLAGS,
    completes: Completes::Objects,
    run: |a, e| each(a, e, "resuming", &[Rolled::Deployment], resume),
};
pub static RESTART: Verb = Verb {
    name: "rollout restart",
    summary: "Restart a resource",
    flags: FLAGS,
    completes: Completes::Objects,
    run: |a, e| each(a, e, "restarting", &[Rolled::Deployment, Rolled::DaemonSet, Rolled::StatefulSet], restart),
};
pub static STATUS: Verb = Verb {
    name: "rollout status",
    summary: "Show the status of the rollout",
    flags: &[
        &[
            Flag::new("watch", Type::Bool).short('w').default("true"),
            Flag::new("revision", Type::Int).default("0"),
            Flag::new("timeout", Type::Duration).default("0s"),
            SELECTOR,
        ],
        FILES,
    ],
    completes: Completes::Objects,
    run: status::status,
};
pub static UNDO: Verb = Verb {
    name: "rollout undo",
    summary: "Undo a previous rollout",
    flags: &[&[Flag::new("to-revision", Type::Int).default("0"), DRY_RUN_FLAG, SELECTOR], OUTPUT, FILES],
    completes: Completes::Objects,
    run: undo::undo,
};

fn gather(args: &Args, env: &mut Env<'_>) -> Result<(Vec<Found>, Vec<Failure>), Failure> {
    if args.words.is_empty() && !args.names_files() {
        return Err(Failure::error("required resource not specified"));
    }
    resources::fetch(args, &args.words, env)
}

/// What can be rolled out; everything else has no such words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rolled {
    Deployment,
    DaemonSet,
    StatefulSet,
}

impl Rolled {
    fn of(kind: KindRef) -> Option<Rolled> {
        let all = [
            (kinds::Deployment::kind_ref(), Rolled::Deployment),
            (kinds::DaemonSet::kind_ref(), Rolled::DaemonSet),
            (kinds::StatefulSet::kind_ref(), Rolled::StatefulSet),
        ];
        all.into_iter().find(|(k, _)| *k == kind).map(|(_, rolled)| rolled)
    }
}

/// `ReplicaSet.apps`
fn group_kind(kind: KindRef) -> String {
    format!("{}.{}", kind.name(), kind.group()).trim_end_matches('.').to_string()
}

/// Why a kind has no revisions: `what` there is none of, `doing` for what.
/// Real Kubernetes: k8s.io/kubectl/pkg/apps/kind_visitor.go.
fn no_revisions(kind: KindRef, doing: &str, what: &str) -> Failure {
    let known = ["Pod", "ReplicaSet", "ReplicationController", "Job", "CronJob"].contains(&kind.name());
    let name = group_kind(kind);
    Failure::error(match known {
        true => format!("no {what} has been implemented for {name:?}"),
        false => format!(
            "error retrieving {doing} for {name:?}, no visitor method exists for {{{} {}}}",
            kind.group(),
            kind.name()
        ),
    })
}

/// What is to be patched of one object, and the word for what came of it.
type Change = fn(&Found, &mut Env<'_>) -> Result<(Value, &'static str), Failure>;

/// Applies a change to each object of these kinds and says what came of it.
fn each(args: &Args, env: &mut Env<'_>, doing: &str, kinds: &[Rolled], f: Change) -> Result<Done, Failure> {
    let format = Format::of(args)?;
    let (found, mut failures) = gather(args, env)?;
    for o in found {
        if !Rolled::of(o.kind).is_some_and(|k| kinds.contains(&k)) {
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
                    Ok(new) => say(args, &format, o.kind, &new, said, DryRun::None, env)?,
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
