//! kubectl replace: puts whole objects in the place of others, or deletes them and makes them anew.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/replace/replace.go.

use serde_json::Value;

use super::apply::remembered;
use super::create::{say, submit};
use super::delete::options;
use super::raw;
use crate::api::request::{Method, Request};
use crate::api::{Reason, Status};
use crate::kubectl::args::{DRY_RUN_FLAG, DryRun, FILES, OUTPUT, SAVE_CONFIG, Type, VALIDATE, field_manager};
use crate::kubectl::manifests::{self, Manifest, Validate};
use crate::kubectl::printers::Format;
use crate::kubectl::record::{self, RECORD};
use crate::kubectl::resources::{finish, joined, object, singular};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static REPLACE: Verb = Verb {
    name: "replace",
    summary: "Replace a resource by file name or stdin",
    flags: &[
        &[
            DRY_RUN_FLAG,
            VALIDATE,
            Flag::new("force", Type::Bool),
            Flag::new("grace-period", Type::Int).default("-1"),
            Flag::new("timeout", Type::Duration).default("0s").absent(),
            // What is replaced by force is always waited for.
            Flag::new("wait", Type::Bool),
            Flag::new("cascade", Type::Optional("background")).default("background").absent(),
            field_manager("kubectl-replace"),
            SAVE_CONFIG,
            Flag::new("raw", Type::Text),
            Flag::new("subresource", Type::Text),
        ],
        RECORD,
        OUTPUT,
        FILES,
    ],
    completes: Completes::Nothing,
    run: replace,
};

fn replace(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    manifests::required(args)?;
    if args.int("grace-period") >= 0 && !args.flag("force") {
        return Err(Failure::error("--grace-period must have --force specified"));
    }
    if args.is_set("raw") {
        return raw::send(Method::Put, args, env);
    }
    let (dry, format, validate) = (DryRun::of(args)?, Format::of(args)?, Validate::of(args)?);
    let (mut manifests, unread) = manifests::split(manifests::read(args, validate, env)?);
    if manifests.is_empty() && unread.is_none() {
        return Err(Failure::error("no objects passed to replace"));
    }
    for m in &mut manifests {
        record::mark(args, &mut m.value);
        if args.flag("save-config") {
            m.value = remembered(m);
        }
    }
    if args.flag("force") && dry == DryRun::None {
        return force(args, manifests, unread, env);
    }
    let mut failures = vec![];
    for m in manifests {
        match put(&m, args, dry, validate, env) {
            Ok(new) => say(args, &format, m.kind, &new, "replaced", dry, env)?,
            Err(s) => failures.push(Failure::status_while(&s, &format!("error when replacing {:?}", m.source))),
        }
    }
    failures.extend(unread);
    finish(failures)
}

/// An object without a version takes the place of whichever is there.
fn put(m: &Manifest, args: &Args, dry: DryRun, validate: Validate, env: &mut Env<'_>) -> Result<Value, Status> {
    if dry == DryRun::Client {
        return Ok(m.value.clone());
    }
    let path = object(m.kind, m.namespace(), m.name());
    let path = match args.text("subresource") {
        "" => path,
        part => format!("{path}/{part}"),
    };
    let mut value = m.value.clone();
    if value["metadata"]["resourceVersion"].is_null() {
        value["metadata"]["resourceVersion"] =
            env.try_call(&Request::get(&path))?["metadata"]["resourceVersion"].clone();
    }
    let r = dry.on(Request::new(Method::Put, path).query("fieldValidation", validate.field_validation()).body(value));
    env.try_call(&r).map(|v| (*v).clone())
}

/// Deletes the objects; when they are gone, others are made.
fn force(args: &Args, manifests: Vec<Manifest>, unread: Option<Failure>, env: &mut Env<'_>) -> Result<Done, Failure> {
    let mut failures: Vec<Failure> = unread.into_iter().collect();
    let mut going = vec![];
    for m in &manifests {
        let path = object(m.kind, m.namespace(), m.name());
        let uid = match env.try_call(&Request::get(&path)) {
            Ok(o) => o["metadata"]["uid"].clone(),
            Err(_) => continue,
        };
        let options = options("Background", args.int("grace-period"));
        match env.try_call(&Request::new(Method::Delete, &path).body(options)) {
            Ok(_) => {
                let place =
                    if m.kind.namespaced() { format!(" from {} namespace", m.namespace()) } else { String::new() };
                let how = if args.int("grace-period") == 0 { "force deleted" } else { "deleted" };
                env.line(format!("{} {:?} {how}{place}", singular(m.kind), m.name()));
                going.push((path, uid));
            }
            Err(s) if s.is(Reason::NotFound) => {}
            Err(s) => failures.push(Failure::status_while(&s, &format!("error when deleting {:?}", m.source))),
        }
    }
    Ok(Done::Follow(Box::new(Anew { args: args.clone(), going, manifests, failures })))
}

struct Anew {
    args: Args,
    /// Paths and UIDs of what was deleted and may still be there.
    going: Vec<(String, Value)>,
    manifests: Vec<Manifest>,
    failures: Vec<Failure>,
}

impl Follow for Anew {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        self.going.retain(|(path, uid)| env.try_call(&Request::get(path)).is_ok_and(|o| o["metadata"]["uid"] == *uid));
        if !self.going.is_empty() {
            return Ok(Progress::Waiting(None));
        }
        let (format, validate) = (Format::of(&self.args)?, Validate::of(&self.args)?);
        for mut m in std::mem::take(&mut self.manifests) {
            // What was read from the cluster cannot be made with its old identity.
            if let Some(meta) = m.value["metadata"].as_object_mut() {
                meta.remove("resourceVersion");
                meta.remove("uid");
            }
            match submit(m.kind, m.namespace(), m.value.clone(), DryRun::None, validate, env) {
                Ok(new) => say(&self.args, &format, m.kind, &new, "replaced", DryRun::None, env)?,
                Err(s) => self.failures.push(Failure::status(&s)),
            }
        }
        if self.failures.is_empty() { Ok(Progress::Exit(0)) } else { Err(joined(std::mem::take(&mut self.failures))) }
    }
}
