//! kubectl describe: everything about an object, for people.

use crate::api::request::Request;
use crate::kubectl::args::{ALL_NAMESPACES, FILES, SELECTOR, Type};
use crate::kubectl::describe;
use crate::kubectl::manifests::{self, Validate};
use crate::kubectl::resources::{self, Found, Selection, joined, object};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static DESCRIBE: Verb = Verb {
    name: "describe",
    summary: "Show details of a specific resource or group of resources",
    flags: &[
        FILES,
        &[
            SELECTOR,
            ALL_NAMESPACES,
            Flag::new("show-events", Type::Bool).default("true"),
            Flag::new("chunk-size", Type::Int).default("500"),
        ],
    ],
    completes: Completes::Objects,
    run,
};

fn run(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if args.words.is_empty() && !args.names_files() {
        return Err(Failure::error(
            "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list of supported resources.",
        ));
    }
    let (found, failures) = fetched(args, env)?;
    // Events are left out where several objects are shown, or none was found by its whole name, unless they are asked for.
    let one = failures.is_empty() && found.len() <= 1;
    let events = if args.is_set("show-events") { args.flag("show-events") } else { one };
    if !failures.is_empty() && describe_matching(args, events, env)? {
        return Ok(Done::OK);
    }
    // A page that fails does not keep the others from being shown. What several fail of is said once.
    let mut failed: Vec<Failure> = vec![];
    let mut shown = false;
    for f in &found {
        match describe::describe(f, events, env) {
            Ok(text) => {
                env.out.push_str(if std::mem::replace(&mut shown, true) { "\n\n" } else { "" });
                env.out.push_str(&text);
            }
            Err(e) if failed.iter().any(|f| f.message == e.message) => {}
            Err(e) => failed.push(e),
        }
    }
    if !failed.is_empty() {
        return Err(joined(failures.into_iter().chain(failed).collect()));
    }
    if !failures.is_empty() {
        return Err(joined(failures));
    }
    if found.is_empty() {
        let text = if !args.flag("all-namespaces") {
            format!("No resources found in {} namespace.", env.namespace)
        } else {
            "No resources found".into()
        };
        env.error_line(text);
    }
    Ok(Done::OK)
}

/// What is to be described. Objects of files are read first, all of them.
fn fetched(args: &Args, env: &mut Env<'_>) -> Result<(Vec<Found>, Vec<Failure>), Failure> {
    if !args.names_files() {
        return resources::fetch(args, &args.words, env);
    }
    let read = manifests::read(args, Validate::Ignore, env)?;
    let (manifests, unread) = manifests::split(read);
    let (mut found, mut failures) = (vec![], Vec::from_iter(unread));
    for m in manifests {
        match env.call(&Request::get(object(m.kind, m.namespace(), m.name()))) {
            Ok(o) => found.push(Found::of(m.kind, o)),
            Err(f) => failures.push(f),
        }
    }
    Ok((found, failures))
}

/// A name that is not there may be the beginning of some that are. Real Kubernetes: DescribeMatchingResources.
fn describe_matching(args: &Args, events: bool, env: &mut Env<'_>) -> Result<bool, Failure> {
    if args.words.len() != 2 || args.names_files() {
        return Ok(false);
    }
    let selection = env.mapped(|m| Selection::parse(&args.words, m))?;
    let mut any = false;
    for (kind, name) in &selection.items {
        let Some(prefix) = name else { continue };
        let all = resources::fetch(args, &[kind.group_resource()], env)?.0;
        for f in all.iter().filter(|f| f.name.starts_with(prefix.as_str())) {
            let text = describe::describe(f, events, env)?;
            env.out.push_str(&text);
            env.out.push('\n');
            any = true;
        }
    }
    Ok(any)
}
