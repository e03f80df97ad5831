//! kubectl patch.

use serde_json::Value;

use super::create::say;
use crate::api::documents::json_error;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::{Reason, Status, yaml};
use crate::kubectl::args::{DRY_RUN_FLAG, DryRun, FILES, OUTPUT, Type, field_manager};
use crate::kubectl::printers::Format;
use crate::kubectl::record::{self, RECORD};
use crate::kubectl::resources::{self, joined};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static PATCH: Verb = Verb {
    name: "patch",
    summary: "Update fields of a resource",
    flags: &[
        &[
            Flag::new("patch", Type::Text).short('p'),
            Flag::new("patch-file", Type::Text),
            Flag::new("type", Type::Text).default("strategic"),
            DRY_RUN_FLAG,
            Flag::new("subresource", Type::Text),
            Flag::new("local", Type::Bool).absent(),
            field_manager("kubectl-patch"),
        ],
        OUTPUT,
        RECORD,
        FILES,
    ],
    completes: Completes::Objects,
    run: patch,
};

fn patch(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let how = match args.text("type").to_lowercase().as_str() {
        "json" => PatchType::Json,
        "merge" => PatchType::Merge,
        "strategic" => PatchType::Strategic,
        other => {
            return Err(Failure::error(format!("--type must be one of [json merge strategic], not {other:?}")));
        }
    };
    if !args.is_set("patch") && !args.is_set("patch-file") {
        return Err(Failure::error("must specify --patch or --patch-file containing the contents of the patch"));
    }
    let text = if args.is_set("patch-file") {
        env.host.read(args.text("patch-file")).map_err(|e| Failure::error(format!("unable to read patch file: {e}")))?
    } else {
        args.text("patch").to_string()
    };
    // What begins like JSON is sent as it is, and the server reads it.
    let broken = if text.trim_start().starts_with('{') { json_error(&text) } else { None };
    let body = match &broken {
        Some(_) => Value::Null,
        None => yaml::parse_all(&text)
            .map_err(|e| Failure::error(format!("unable to parse {text:?}: {e}")))?
            .into_iter()
            .next()
            .unwrap_or(Value::Null),
    };
    let (dry, format) = (DryRun::of(args)?, Format::of(args)?);
    let (found, failures) = resources::fetch_named(args, &args.words, env)?;
    if !failures.is_empty() {
        return Err(joined(failures));
    }
    if let Some(why) = broken {
        return Err(Failure::status(&Status::bad_request(why)));
    }
    for f in found {
        let sub = args.text("subresource");
        let path = if sub.is_empty() { f.path() } else { format!("{}/{sub}", f.path()) };
        let mut r = Request::new(Method::Patch(how), path).body(body.clone());
        if dry == DryRun::Server || dry == DryRun::Client {
            r = r.query("dryRun", "All");
        }
        let new = env.try_call(&r).map_err(|status| match status.reason {
            Reason::UnsupportedMediaType => Failure::error(format!(
                "{} is not supported by {}, Kind={}: {}",
                how.media_type(),
                f.kind.api_version(),
                f.kind.name(),
                status.message
            )),
            _ => Failure::status(&status),
        })?;
        if dry == DryRun::None {
            record::add(args, &f.path(), env).map_err(|s| Failure::status(&s))?;
        }
        let same = *new == *f.object && dry == DryRun::None;
        let said = if same { "patched (no change)" } else { "patched" };
        // kubectl does not say here that the server only tried it.
        let dry = if dry == DryRun::Server { DryRun::None } else { dry };
        // A subresource may be an object of another kind: `scale.autoscaling/web`.
        if format.is_table() && new["kind"].as_str().is_some_and(|k| k != f.kind.name()) {
            let group = new["apiVersion"].as_str().and_then(|v| v.split_once('/')).map_or("", |(g, _)| g);
            let kind = new["kind"].as_str().unwrap_or("").to_lowercase();
            let kind = if group.is_empty() { kind } else { format!("{kind}.{group}") };
            env.line(format!("{kind}/{} {said}{}", f.name, dry.note()));
            continue;
        }
        say(args, &format, f.kind, &new, said, dry, env)?;
    }
    Ok(Done::OK)
}
