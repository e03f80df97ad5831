//! kubectl scale: sets the number of replicas.

use serde_json::json;

use super::create::say;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::kubectl::args::{ALL, DRY_RUN_FLAG, DryRun, FILES, OUTPUT, SELECTOR, Type};
use crate::kubectl::printers::Format;
use crate::kubectl::record::{self, RECORD};
use crate::kubectl::resources::{self, finish};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static SCALE: Verb = Verb {
    name: "scale",
    summary: "Set a new size for a deployment, replica set, or replication controller",
    flags: &[
        &[
            Flag::new("replicas", Type::Int),
            Flag::new("current-replicas", Type::Int).default("-1"),
            Flag::new("resource-version", Type::Text),
            Flag::new("timeout", Type::Duration).default("0s"),
            DRY_RUN_FLAG,
            SELECTOR,
        ],
        RECORD,
        ALL,
        OUTPUT,
        FILES,
    ],
    completes: Completes::Objects,
    run: scale,
};

fn scale(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    args.require(&["replicas"])?;
    let replicas = args.int("replicas");
    if replicas < 0 {
        return Err(Failure::error(
            "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0",
        ));
    }
    let (dry, format) = (DryRun::of(args)?, Format::of(args)?);
    let (found, mut failures) = resources::fetch_named(args, &args.words, env)?;
    if found.is_empty() && failures.is_empty() {
        return Err(Failure::error("no objects passed to scale"));
    }
    for f in found {
        let path = format!("{}/scale", f.path());
        let current = args.int("current-replicas");
        let wanted_version = args.text("resource-version");
        if current >= 0 || !wanted_version.is_empty() {
            let s = env.call(&Request::get(&path))?;
            let has = s["spec"]["replicas"].as_i64().unwrap_or(0);
            if current >= 0 && current != has {
                failures.push(Failure::error(format!("Expected replicas to be {current}, was {has}")));
                continue;
            }
            let version = s["metadata"]["resourceVersion"].as_str().unwrap_or("");
            if !wanted_version.is_empty() && wanted_version != version {
                failures
                    .push(Failure::error(format!("Expected resource version to be {wanted_version}, was {version}")));
                continue;
            }
        }
        if dry != DryRun::Client {
            let mut r =
                Request::new(Method::Patch(PatchType::Merge), &path).body(json!({"spec": {"replicas": replicas}}));
            if dry == DryRun::Server {
                r = r.query("dryRun", "All");
            }
            if let Err(s) = env.try_call(&r) {
                failures.push(Failure::status(&s));
                continue;
            }
        }
        if dry == DryRun::None {
            record::add(args, &f.path(), env).map_err(|s| Failure::status(&s))?;
        }
        // As in kubectl, a format shows the object as it was found.
        say(args, &format, f.kind, &f.object, "scaled", dry, env)?;
    }
    finish(failures)
}
