//! kubectl delete: deletes, and waits until the objects are gone.

use serde_json::{Value, json};

use super::super::resources::{self, Found, Selection, joined};
use super::raw;
use crate::api::request::{Method, Request};
use crate::api::{Reason, Time};
use crate::kubectl::args::{ALL, DRY_RUN_FLAG, DryRun, FILES, SELECT, Type, output};
use crate::kubectl::manifests::{self, Validate};
use crate::kubectl::resources::finish;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static DELETE: Verb = Verb {
    name: "delete",
    summary: "Delete resources by file names, stdin, resources and names, or by resources and label selector",
    flags: &[
        &[
            Flag::new("grace-period", Type::Int).default("-1"),
            Flag::new("force", Type::Bool),
            Flag::new("now", Type::Bool),
            Flag::new("wait", Type::Bool).default("true"),
            Flag::new("timeout", Type::Duration).default("0s"),
            Flag::new("ignore-not-found", Type::Bool),
            Flag::new("cascade", Type::Optional("background")).default("background"),
            output(""),
            Flag::new("raw", Type::Text),
            DRY_RUN_FLAG,
            Flag::new("interactive", Type::Bool).short('i'),
        ],
        ALL,
        SELECT,
        FILES,
    ],
    completes: Completes::Objects,
    run: delete,
};

const IMMEDIATE: &str = "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.";

fn delete(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let by_selector = !args.text("selector").is_empty() || !args.text("field-selector").is_empty();
    if args.flag("all") && by_selector {
        return Err(Failure::error("setting 'all' parameter but found a non empty selector. "));
    }
    if args.flag("now") && args.int("grace-period") >= 0 {
        return Err(Failure::error("--now and --grace-period cannot be specified together"));
    }
    if args.is_set("raw") {
        if args.flag("interactive") {
            return Err(Failure::error("--interactive can not be used with --raw"));
        }
        return raw::send(Method::Delete, args, env);
    }
    let mut grace = args.int("grace-period");
    let mut wait = args.flag("wait");
    if args.flag("now") {
        grace = 1;
    }
    if args.flag("force") {
        if grace > 0 {
            return Err(Failure::error("--force and --grace-period greater than 0 cannot be specified together"));
        }
        grace = 0;
    } else if grace == 0 {
        // To be sure that the program has ended, one second is given and the end is waited for.
        grace = 1;
    }
    if args.words.is_empty() && !args.names_files() {
        if args.flag("all") || by_selector {
            return Err(Failure::error("at least one resource must be specified to use a selector"));
        }
        return Err(Failure::error(resources::MISSING_RESOURCE));
    }
    let cascade = propagation(args)?;
    let short = match args.text("output") {
        "" => false,
        "name" => true,
        other => {
            return Err(Failure::see(
                format!("unexpected -o output mode: {other}. We only support '-o name'"),
                "delete",
            ));
        }
    };
    let dry = DryRun::of(args)?;
    let (found, failures) = gather(args, by_selector, env)?;
    if found.is_empty() && failures.is_empty() {
        if !args.flag("ignore-not-found") || args.flag("all") || by_selector {
            env.line("No resources found");
        }
        return Ok(Done::OK);
    }
    if args.flag("interactive") && !found.is_empty() {
        env.line(format!("You are about to delete the following {} resource(s):", found.len()));
        found.iter().for_each(|f| env.line(f.full_name()));
        env.out.push_str("Do you want to continue? (y/N): ");
        let answer = env.stdin.as_deref().unwrap_or("").trim().to_lowercase();
        if answer != "y" && answer != "yes" {
            env.line("deletion is cancelled");
            return Ok(Done::OK);
        }
    }
    if args.flag("force") && grace == 0 {
        env.error_line(IMMEDIATE);
        wait = wait && args.is_set("wait");
    }
    let mut failures = failures;
    let mut waiting = vec![];
    for f in found {
        let mut uid = f.object["metadata"]["uid"].as_str().unwrap_or("").to_string();
        if dry != DryRun::Client {
            let r = dry.on(Request::new(Method::Delete, f.path()).body(options(cascade, grace)));
            match env.try_call(&r) {
                Ok(o) => {
                    let answered = o["metadata"]["uid"].as_str().or(o["details"]["uid"].as_str());
                    uid = answered.unwrap_or(&uid).to_string();
                }
                Err(s) if s.is(Reason::NotFound) && args.flag("ignore-not-found") => continue,
                Err(s) => {
                    let what = (!args.names_files()).then(|| Failure::status(&s));
                    failures.push(what.unwrap_or_else(|| {
                        Failure::status_while(&s, &format!("error when deleting {:?}", source(args)))
                    }));
                    continue;
                }
            }
        }
        let place = if f.kind.namespaced() { format!(" from {} namespace", f.namespace) } else { String::new() };
        let how = if grace == 0 { "force deleted" } else { "deleted" };
        if short {
            env.line(f.full_name());
        } else {
            env.line(format!("{} {:?} {how}{place}{}", resources::singular(f.kind), f.name, dry.note()));
        }
        if wait && dry == DryRun::None {
            waiting.push((f, uid));
        }
    }
    let deadline = match args.duration("timeout") {
        d if d.is_zero() => None,
        d => Some(env.now() + d),
    };
    if waiting.is_empty() {
        return finish(failures);
    }
    Ok(Done::Follow(Box::new(Gone { waiting, failures, deadline })))
}

/// What `--cascade` says becomes of the owned.
pub fn propagation(args: &Args) -> Result<&'static str, Failure> {
    match args.text("cascade") {
        "background" | "true" => Ok("Background"),
        "orphan" | "false" => Ok("Orphan"),
        "foreground" => Ok("Foreground"),
        other => Err(Failure::error(format!(
            "invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
        ))),
    }
}

/// What a delete is sent with. Real Kubernetes: k8s.io/kubectl/pkg/cmd/apply/prune.go asDeleteOptions.
pub fn options(propagation: &str, grace: i64) -> Value {
    let mut options = json!({"propagationPolicy": propagation});
    if grace >= 0 {
        options["gracePeriodSeconds"] = grace.into();
    }
    options
}

fn source(args: &Args) -> String {
    args.list("filename").first().cloned().unwrap_or_else(|| args.text("kustomize").into())
}

/// The objects to delete. By name they need not be fetched: the delete itself says if they are not there.
fn gather(args: &Args, by_selector: bool, env: &mut Env<'_>) -> Result<(Vec<Found>, Vec<Failure>), Failure> {
    if args.names_files() {
        let mut found = vec![];
        let read = manifests::read(args, Validate::Ignore, env)?;
        let ((manifests, unread), mut failures) = (manifests::split(read), vec![]);
        for m in manifests {
            let path = resources::object(m.kind, m.namespace(), m.name());
            match env.try_call(&Request::get(path)) {
                Ok(o) => found.push(Found::of(m.kind, o)),
                Err(s) if s.is(Reason::NotFound) && args.flag("ignore-not-found") => {}
                Err(s) => failures.push(Failure::status_while(&s, &format!("error when deleting {:?}", m.source))),
            }
        }
        failures.extend(unread);
        return Ok((found, failures));
    }
    let selection = env.mapped(|m| Selection::parse(&args.words, m))?;
    if selection.has_names() && (by_selector || args.flag("all")) {
        return Err(Failure::error("name cannot be provided when a selector is specified"));
    }
    if !selection.has_names() && !by_selector && !args.flag("all") {
        return Err(Failure::error("resource(s) were provided, but no name was specified"));
    }
    if selection.has_names() {
        let ns = env.namespace.clone();
        let found = selection
            .items
            .iter()
            .filter_map(|(k, n)| {
                let namespace = if k.namespaced() { ns.clone() } else { String::new() };
                Some(Found { kind: *k, namespace, name: n.clone()?, object: json!({}).into() })
            })
            .collect();
        return Ok((found, vec![]));
    }
    resources::fetch(args, &args.words, env)
}

struct Gone {
    waiting: Vec<(Found, String)>,
    failures: Vec<Failure>,
    deadline: Option<Time>,
}

impl Follow for Gone {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        while let Some((f, uid)) = self.waiting.first() {
            let there = env.try_call(&Request::get(f.path()));
            // An object of the same name that came after is another one.
            let gone = match &there {
                Ok(o) => !uid.is_empty() && o["metadata"]["uid"].as_str() != Some(uid),
                Err(_) => true,
            };
            if !gone {
                break;
            }
            self.waiting.remove(0);
        }
        if self.waiting.is_empty() {
            return if self.failures.is_empty() {
                Ok(Progress::Exit(0))
            } else {
                Err(joined(std::mem::take(&mut self.failures)))
            };
        }
        if self.deadline.is_some_and(|d| env.now() >= d) {
            let names: Vec<String> =
                self.waiting.iter().map(|(f, _)| format!("{}/{}", f.kind.plural(), f.name)).collect();
            return Err(Failure::error(format!("timed out waiting for the condition on {}", names.join(", "))));
        }
        Ok(Progress::Waiting(self.deadline))
    }
}
