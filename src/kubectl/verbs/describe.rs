//! kubectl describe: everything about an object, for people.

use crate::kubectl::args::{FILES, SELECT, Type};
use crate::kubectl::describe;
use crate::kubectl::resources::{self, Selection, joined};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static DESCRIBE: Verb = Verb {
    name: "describe",
    summary: "Show details of a specific resource or group of resources",
    flags: &[
        SELECT,
        FILES,
        &[Flag::new("show-events", Type::Bool).default("true"), Flag::new("chunk-size", Type::Int).default("500")],
    ],
    completes: Completes::Objects,
    run,
};

fn run(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if args.words.is_empty() && args.list("filename").is_empty() {
        return Err(Failure::plain(
            "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list of supported resources.\n\nerror: Required resource not specified.",
        ));
    }
    let (mut found, mut failures) = resources::fetch(args, &args.words, env)?;
    // A name that is not there may be the beginning of one that is.
    if !failures.is_empty() && args.list("filename").is_empty() && !args.word(0).contains('/') {
        let selection = Selection::parse(&args.words)?;
        for (kind, name) in &selection.items {
            let Some(prefix) = name else { continue };
            if found.iter().any(|f| f.name == *prefix) {
                continue;
            }
            let all = resources::fetch(args, &[kind.group_resource()], env)?.0;
            let near: Vec<_> = all.into_iter().filter(|f| f.name.starts_with(prefix.as_str())).collect();
            if !near.is_empty() {
                failures.retain(|f| !f.message.contains(&format!("{prefix:?} not found")));
                found.extend(near);
            }
        }
    }
    for (i, f) in found.iter().enumerate() {
        let text = describe::describe(f, args.flag("show-events"), env)?;
        if i > 0 {
            env.out.push_str("\n\n");
        }
        env.out.push_str(&text);
    }
    if !failures.is_empty() {
        // In a namespace that is not there, that is the trouble.
        let ns = env.namespace.clone();
        if let Err(s) = env.try_call(&crate::api::request::Request::get(format!("/api/v1/namespaces/{ns}"))) {
            return Err(Failure::status(&s));
        }
        return Err(joined(failures));
    }
    if found.is_empty() {
        let namespaced = Selection::parse(&args.words).is_ok_and(|s| s.items.iter().any(|(k, _)| k.namespaced()));
        let text = if namespaced && !args.flag("all-namespaces") {
            format!("No resources found in {} namespace.", env.namespace)
        } else {
            "No resources found".into()
        };
        env.error_line(text);
    }
    Ok(Done::OK)
}
