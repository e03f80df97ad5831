//! kubectl patch.

use serde_json::Value;

use super::create::say;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::yaml;
use crate::kubectl::args::{DryRun, FILES, OUTPUT, Type};
use crate::kubectl::printers::Format;
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
            Flag::new("dry-run", Type::Optional("unchanged")).default("none"),
            Flag::new("subresource", Type::Text),
            Flag::new("local", Type::Bool),
            Flag::new("field-manager", Type::Text),
        ],
        OUTPUT,
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
            return Err(Failure::see(format!("--type must be one of [json merge strategic], not {other:?}"), "patch"));
        }
    };
    if !args.is_set("patch") && !args.is_set("patch-file") {
        return Err(Failure::see("must specify --patch or --patch-file containing the contents of the patch", "patch"));
    }
    let text = if args.is_set("patch-file") {
        env.host.read(args.text("patch-file")).map_err(|e| Failure::error(format!("unable to read patch file: {e}")))?
    } else {
        args.text("patch").to_string()
    };
    let body = yaml::parse_all(&text)
        .map_err(|e| Failure::error(format!("unable to parse {text:?}: {e}")))?
        .into_iter()
        .next()
        .unwrap_or(Value::Null);
    let (dry, format) = (DryRun::of(args)?, Format::of(args)?);
    let (found, failures) = resources::fetch(args, &args.words, env)?;
    if !failures.is_empty() {
        return Err(joined(failures));
    }
    for f in found {
        let sub = args.text("subresource");
        let path = if sub.is_empty() { f.path() } else { format!("{}/{sub}", f.path()) };
        let mut r = Request::new(Method::Patch(how), path).query("fieldManager", "kubectl-patch").body(body.clone());
        if dry == DryRun::Server || dry == DryRun::Client {
            r = r.query("dryRun", "All");
        }
        let new = env.call(&r)?;
        let same = new["metadata"]["resourceVersion"] == f.object["metadata"]["resourceVersion"] && dry == DryRun::None;
        say(args, &format, f.kind, &new, if same { "patched (no change)" } else { "patched" }, dry, env)?;
    }
    Ok(Done::OK)
}
