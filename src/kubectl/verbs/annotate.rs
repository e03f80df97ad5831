//! kubectl label, kubectl annotate: the same verb for two maps.

use serde_json::{Map, Value, json};

use super::create::say;
use crate::api::names;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::kubectl::args::{ALL, DryRun, FILES, OUTPUT, SELECT, Type};
use crate::kubectl::printers::Format;
use crate::kubectl::resources::{self, joined};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

const COMMON: &[Flag] = &[
    Flag::new("overwrite", Type::Bool),
    Flag::new("list", Type::Bool),
    Flag::new("resource-version", Type::Text),
    Flag::new("dry-run", Type::Optional("unchanged")).default("none"),
    Flag::new("local", Type::Bool),
    Flag::new("field-manager", Type::Text),
];

pub static LABEL: Verb = Verb {
    name: "label",
    summary: "Update the labels on a resource",
    flags: &[COMMON, ALL, SELECT, OUTPUT, FILES],
    completes: Completes::Objects,
    run: |args, env| run(args, "labels", "label", env),
};

pub static ANNOTATE: Verb = Verb {
    name: "annotate",
    summary: "Update the annotations on a resource",
    flags: &[COMMON, ALL, SELECT, OUTPUT, FILES],
    completes: Completes::Objects,
    run: |args, env| run(args, "annotations", "annotation", env),
};

fn run(args: &Args, map: &str, noun: &str, env: &mut Env<'_>) -> Result<Done, Failure> {
    // Resources come first; what holds `=` or ends in `-` is a change.
    let split = args
        .words
        .iter()
        .position(|w| w.contains('=') || (w.ends_with('-') && w.len() > 1))
        .unwrap_or(args.words.len());
    let (words, changes) = args.words.split_at(split);
    if words.is_empty() && args.list("filename").is_empty() {
        return Err(Failure::error(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    if changes.is_empty() && !args.flag("list") {
        return Err(Failure::error(format!("at least one {noun} update is required")));
    }
    let (mut set, mut remove): (Vec<(&str, &str)>, Vec<&str>) = (vec![], vec![]);
    for c in changes {
        match c.split_once('=') {
            Some((k, v)) => {
                let problems = if map == "labels" { names::label_value(v) } else { vec![] };
                if let Some(p) = names::qualified_name(k).into_iter().chain(problems).next() {
                    return Err(Failure::error(format!("invalid {noun} spec: {c}: {p}")));
                }
                set.push((k, v));
            }
            None => remove.push(c.trim_end_matches('-')),
        }
    }
    let (dry, format) = (DryRun::of(args)?, Format::of(args)?);
    let (found, mut failures) = resources::fetch(args, words, env)?;
    for f in found {
        let empty = Map::new();
        let old = f.object["metadata"][map].as_object().unwrap_or(&empty);
        if args.flag("list") {
            for (k, v) in old {
                env.line(format!("{k}={}", v.as_str().unwrap_or("")));
            }
            continue;
        }
        let clash: Vec<&(&str, &str)> = set.iter().filter(|(k, v)| old.get(*k).is_some_and(|o| o != v)).collect();
        if !args.flag("overwrite")
            && let Some((k, _)) = clash.first()
        {
            let value = old.get(*k).and_then(Value::as_str).unwrap_or("");
            failures.push(if map == "labels" {
                Failure::error(format!("'{k}' already has a value ({value}), and --overwrite is false"))
            } else {
                Failure::error(format!("--overwrite is false but found the following declared {noun}(s): '{k}' already has a value ({value})"))
            });
            continue;
        }
        for k in remove.iter().filter(|k| !old.contains_key(**k)) {
            env.line(format!("{noun} {k:?} not found."));
        }
        let mut patch = Map::new();
        for (k, v) in &set {
            patch.insert((*k).to_string(), Value::from(*v));
        }
        for k in &remove {
            patch.insert((*k).to_string(), Value::Null);
        }
        let changed = set.iter().any(|(k, v)| old.get(*k).and_then(Value::as_str) != Some(v))
            || remove.iter().any(|k| old.contains_key(*k));
        let said = match (changed, set.is_empty(), map) {
            (false, _, "labels") => "not labeled",
            (_, false, "labels") => "labeled",
            (_, true, "labels") => "unlabeled",
            _ => "annotated",
        };
        let mut new = (*f.object).clone();
        if changed && dry != DryRun::Client {
            let mut r = Request::new(Method::Patch(PatchType::Merge), f.path()).body(json!({"metadata": {map: patch}}));
            if dry == DryRun::Server {
                r = r.query("dryRun", "All");
            }
            match env.try_call(&r) {
                Ok(o) => new = (*o).clone(),
                Err(s) => {
                    failures.push(Failure::status(&s));
                    continue;
                }
            }
        }
        say(args, &format, f.kind, &new, said, dry, env)?;
    }
    if failures.is_empty() { Ok(Done::OK) } else { Err(joined(failures)) }
}
