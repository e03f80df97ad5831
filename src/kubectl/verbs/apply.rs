//! kubectl apply: brings objects to what files say, and keeps what others set.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/apply/apply.go.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use super::apply_client::{self, Room};
use super::apply_prune::Pruned;
use super::apply_server;
use super::create::say;
use super::delete::propagation;
use crate::api::{go_text, strategic, yaml};
use crate::kubectl::args::{
    DELETING, DRY_RUN_FLAG, DryRun, FILES, OUTPUT, SELECTOR, Type, VALIDATE, field_manager, output,
};
use crate::kubectl::manifests::{self, Manifest, Validate};
use crate::kubectl::printers::{self, Format, json_text};
use crate::kubectl::record::{self, RECORD};
use crate::kubectl::resources::{self, Found, finish, joined};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

pub static APPLY: Verb = Verb {
    name: "apply",
    summary: "Apply a configuration to a resource by file name or stdin",
    flags: &[
        &[
            DRY_RUN_FLAG,
            Flag::new("server-side", Type::Bool),
            Flag::new("force-conflicts", Type::Bool),
            Flag::new("force", Type::Bool),
            VALIDATE,
            Flag::new("overwrite", Type::Bool).default("true").absent(),
            field_manager("kubectl-client-side-apply"),
            Flag::new("prune", Type::Bool),
            Flag::new("prune-allowlist", Type::Array),
            Flag::new("all", Type::Bool),
            Flag::new("openapi-patch", Type::Bool).default("true"),
            Flag::new("subresource", Type::Text),
            SELECTOR,
        ],
        DELETING,
        RECORD,
        FILES,
        OUTPUT,
    ],
    completes: Completes::Nothing,
    run: apply,
};

pub static VIEW_LAST_APPLIED: Verb = Verb {
    name: "apply view-last-applied",
    summary: "View the latest last-applied-configuration annotations of a resource/object",
    flags: &[&[output("yaml"), Flag::new("all", Type::Bool), SELECTOR], FILES],
    completes: Completes::Objects,
    run: view_last_applied,
};

fn apply(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if !args.words.is_empty() {
        return Err(Failure::see(format!("Unexpected args: [{}]", args.words.join(" ")), "apply"));
    }
    let dry = DryRun::of(args)?;
    let propagation = propagation(args)?;
    manifests::required(args)?;
    let validate = Validate::of(args)?;
    let pruned = if args.flag("prune") { env.mapped(|m| Pruned::of(args, m))? } else { Pruned::default() };
    check(args, dry)?;
    let (manifests, unread) = manifests::split(manifests::read(args, validate, env)?);
    let mut left = manifests::chosen(manifests, args.text("selector"))?;
    if args.flag("record") {
        left.iter_mut().for_each(|m| record::mark(args, &mut m.value));
    }
    if left.is_empty() && unread.is_none() {
        return Err(Failure::error("no objects passed to apply"));
    }
    let mut visited = Visited::default();
    if env.namespace_given {
        visited.namespaces.insert(env.namespace.clone());
    }
    let mut applying = Applying {
        args: args.clone(),
        dry,
        validate,
        propagation,
        left: left.into(),
        room: None,
        made: vec![],
        visited,
        pruned,
        failures: unread.into_iter().collect(),
    };
    match applying.poll(env)? {
        Progress::Exit(code) => Ok(Done::Exit(code)),
        Progress::Waiting(_) | Progress::Input => Ok(Done::Follow(Box::new(applying))),
    }
}

/// Flags that do not go together. Real Kubernetes: apply.go Validate.
fn check(args: &Args, dry: DryRun) -> Result<(), Failure> {
    let given = |flag: &str| args.flag(flag);
    let (server_side, selecting) = (given("server-side"), !args.text("selector").is_empty());
    let rules = [
        (given("force-conflicts") && !server_side, "--force-conflicts only works with --server-side"),
        (
            dry == DryRun::Client && server_side,
            "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
        ),
        (given("force") && server_side, "--force cannot be used with --server-side"),
        (given("force") && dry == DryRun::Server, "--dry-run=server cannot be used with --force"),
        (given("all") && selecting, "cannot set --all and --selector at the same time"),
        (given("prune") && given("force"), "--force cannot be used with --prune"),
        (
            given("prune") && !given("all") && !selecting,
            "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector",
        ),
        (
            given("prune") && server_side,
            "--prune is in alpha and doesn't currently work on objects created by server-side apply",
        ),
        (!args.text("subresource").is_empty() && !server_side, "--subresource can only be specified for --server-side"),
    ];
    match rules.into_iter().find(|(broken, _)| *broken) {
        Some((_, why)) => Err(Failure::error(why)),
        None => Ok(()),
    }
}

/// What became of a manifest.
pub enum Applied {
    /// The object as it is now, and what was done.
    As(Value, &'static str),
    /// Another has to go first.
    Later(Box<Room>),
}

/// An apply under way: one object after the other, and at the end what is no longer among them.
pub struct Applying {
    pub args: Args,
    pub dry: DryRun,
    pub validate: Validate,
    /// What becomes of the objects that a deleted one owns.
    pub propagation: &'static str,
    pub visited: Visited,
    left: VecDeque<Manifest>,
    room: Option<Box<Room>>,
    /// What is printed at the end, where a format is asked for.
    made: Vec<Found>,
    pruned: Pruned,
    failures: Vec<Failure>,
}

/// Where there were objects, and which: all else of their kinds may be pruned.
#[derive(Default)]
pub struct Visited {
    pub namespaces: BTreeSet<String>,
    pub uids: BTreeSet<String>,
}

impl Visited {
    pub fn mark(&mut self, m: &Manifest, object: &Value) {
        if m.kind.namespaced() {
            self.namespaces.insert(m.namespace().into());
        }
        self.uids.extend(object["metadata"]["uid"].as_str().map(Into::into));
    }
}

/// Whoever changes what is about to go is told.
pub fn deletion_warning(object: &Value, env: &mut Env<'_>) {
    let metadata = &object["metadata"];
    if metadata["deletionTimestamp"].is_string() {
        let name = metadata["name"].as_str().unwrap_or("");
        env.error_line(format!("Warning: Detected changes to resource {name} which is currently being deleted."));
    }
}

impl Follow for Applying {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        if let Some(room) = self.room.take() {
            match room.taken(self, env) {
                Ok(None) => {
                    let deadline = room.deadline();
                    self.room = Some(room);
                    return Ok(Progress::Waiting(Some(deadline)));
                }
                Ok(Some(new)) => self.done(room.manifest(), new, "configured", env)?,
                Err(f) => self.failures.push(f),
            }
        }
        while let Some(m) = self.left.pop_front() {
            match self.one(&m, env) {
                Ok(Applied::As(object, what)) => self.done(&m, object, what, env)?,
                Ok(Applied::Later(room)) => {
                    self.room = Some(room);
                    return self.poll(env);
                }
                Err(f) => self.failures.push(f),
            }
        }
        if !self.failures.is_empty() {
            return Err(joined(std::mem::take(&mut self.failures)));
        }
        if !self.made.is_empty() {
            env.out.push_str(&printers::print_bundle(&Format::of(&self.args)?, &self.made, &self.args)?);
        }
        if self.args.flag("prune") {
            self.pruned.prune(self, env)?;
        }
        Ok(Progress::Exit(0))
    }
}

impl Applying {
    fn one(&mut self, m: &Manifest, env: &mut Env<'_>) -> Result<Applied, Failure> {
        let generate = m.value["metadata"]["generateName"].as_str().unwrap_or("");
        if m.name().is_empty() && !generate.is_empty() {
            return Err(Failure::error(format!("from {generate}: cannot use generate name with apply")));
        }
        if self.args.flag("server-side") {
            apply_server::apply_one(m, self, env)
        } else {
            apply_client::apply_one(m, self, env)
        }
    }

    fn done(&mut self, m: &Manifest, object: Value, what: &str, env: &mut Env<'_>) -> Result<(), Failure> {
        self.visited.mark(m, &object);
        if what != "created" {
            deletion_warning(&object, env);
        }
        if matches!(self.args.text("output"), "" | "name") {
            return say(&self.args, &Format::of(&self.args)?, m.kind, &object, what, self.dry, env);
        }
        self.made.push(Found::of(m.kind, Arc::new(object)));
        Ok(())
    }
}

/// The manifest as it is remembered: without what apply itself adds.
pub fn remembered(m: &Manifest) -> Value {
    let mut v = m.value.clone();
    if v["metadata"]["annotations"].is_null() {
        v["metadata"]["annotations"] = json!({});
    }
    remember(&mut v);
    v
}

/// Writes an object into itself as what was last applied.
/// Real Kubernetes: k8s.io/kubectl/pkg/util/apply.go CreateOrUpdateAnnotation.
pub fn remember(object: &mut Value) {
    if let Some(a) = object["metadata"].get_mut("annotations").and_then(Value::as_object_mut) {
        a.remove(LAST_APPLIED);
    }
    let text = format!("{}\n", go_text::json(object));
    if !object["metadata"]["annotations"].is_object() {
        object["metadata"]["annotations"] = json!({});
    }
    object["metadata"]["annotations"][LAST_APPLIED] = text.into();
}

/// The patch that brings the live object to the manifest.
pub fn patch_for(m: &Manifest, modified: &Value, current: &Value) -> Value {
    let original = current["metadata"]["annotations"][LAST_APPLIED]
        .as_str()
        .and_then(|t| serde_json::from_str(t).ok())
        .unwrap_or(Value::Null);
    strategic::three_way(&original, modified, current, m.kind.layout())
}

fn view_last_applied(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let (found, failures) = resources::fetch(args, &args.words, env)?;
    for f in found {
        let Some(text) = f.object["metadata"]["annotations"][LAST_APPLIED].as_str() else {
            return Err(Failure::error(format!(
                "no last-applied-configuration annotation found on resource: {}",
                f.name
            )));
        };
        let v: Value = serde_json::from_str(text).unwrap_or_default();
        let text = match args.text("output") {
            "json" => json_text(&v),
            "yaml" => yaml::print(&v),
            other => {
                return Err(Failure::see(
                    format!("Unexpected -o output mode: {other}, the flag 'output' must be one of yaml|json"),
                    "apply view-last-applied",
                ));
            }
        };
        env.out.push_str(&text);
    }
    finish(failures)
}
