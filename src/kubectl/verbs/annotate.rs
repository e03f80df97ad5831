//! kubectl label, kubectl annotate: the same verb for two maps.

use serde_json::{Map, Value, json};

use super::create::say;
use crate::api::names;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::kubectl::args::{ALL, DRY_RUN_FLAG, DryRun, FILES, OUTPUT, SELECT, Type, field_manager};
use crate::kubectl::printers::Format;
use crate::kubectl::record::{self, CAUSE, RECORD};
use crate::kubectl::resources::{self, finish};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

const COMMON: &[Flag] = &[
    Flag::new("overwrite", Type::Bool),
    Flag::new("list", Type::Bool),
    Flag::new("resource-version", Type::Text),
    DRY_RUN_FLAG,
    Flag::new("local", Type::Bool).absent(),
];

pub static LABEL: Verb = Verb {
    name: "label",
    summary: "Update the labels on a resource",
    flags: &[&[field_manager("kubectl-label")], COMMON, RECORD, ALL, SELECT, OUTPUT, FILES],
    completes: Completes::Objects,
    run: |args, env| run(args, "labels", "label", env),
};

pub static ANNOTATE: Verb = Verb {
    name: "annotate",
    summary: "Update the annotations on a resource",
    flags: &[&[field_manager("kubectl-annotate")], COMMON, RECORD, ALL, SELECT, OUTPUT, FILES],
    completes: Completes::Objects,
    run: |args, env| run(args, "annotations", "annotation", env),
};

fn run(args: &Args, map: &str, noun: &str, env: &mut Env<'_>) -> Result<Done, Failure> {
    // Resources come first; what holds `=` or ends in `-` is a change.
    let is_change = |w: &String| w.contains('=') && !w.starts_with('=') || w.ends_with('-') && w.len() > 1;
    let split = args.words.iter().position(is_change).unwrap_or(args.words.len());
    let (words, changes) = args.words.split_at(split);
    if let Some(w) = changes.iter().find(|w| !is_change(w)) {
        return Err(Failure::error(format!("all resources must be specified before {noun} changes: {w}")));
    }
    if words.is_empty() && !args.names_files() {
        return Err(Failure::error(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    if changes.is_empty() && !args.flag("list") {
        return Err(Failure::error(format!("at least one {noun} update is required")));
    }
    let (set, remove) = changes_of(changes, map)?;
    let (dry, format) = (DryRun::of(args)?, Format::of(args)?);
    let (found, mut failures) = resources::fetch_named(args, words, env)?;
    let one = found.len() == 1 && (words.len() > 1 || words.iter().any(|w| w.contains('/')) || words.is_empty());
    for f in found {
        let empty = Map::new();
        let old = f.object["metadata"][map].as_object().unwrap_or(&empty);
        // The cause of a change is written anew with every change.
        let clash: Vec<&(&str, &str)> =
            set.iter().filter(|(k, v)| *k != CAUSE && old.get(*k).is_some_and(|o| o != v)).collect();
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
        // A list shows what would be, and changes nothing.
        if args.flag("list") {
            let mut shown = old.clone();
            shown.extend(set.iter().map(|(k, v)| ((*k).to_string(), Value::from(*v))));
            shown.retain(|k, _| !remove.contains(&k.as_str()));
            if !one {
                env.line(format!("Listing {map} for {}.{}/{}:", f.kind.name(), f.kind.group(), f.name));
            }
            for (k, v) in &shown {
                env.line(format!("{}{k}={}", if one { "" } else { " " }, v.as_str().unwrap_or("")));
            }
            continue;
        }
        for k in remove.iter().filter(|k| map == "labels" && dry != DryRun::Client && !old.contains_key(**k)) {
            env.line(format!("label {k:?} not found."));
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
        let mut patch = json!({"metadata": {map: patch}});
        record::mark(args, &mut patch);
        if changed && args.is_set("resource-version") {
            patch["metadata"]["resourceVersion"] = args.text("resource-version").into();
        }
        if dry == DryRun::Client {
            json_patch::merge(&mut new, &patch);
        } else if changed || args.flag("record") {
            let r = dry.on(Request::new(Method::Patch(PatchType::Merge), f.path()).body(patch));
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
    finish(failures)
}

/// What is set and what is removed. Keys are the server's business, values of labels kubectl looks at itself.
type Changes<'a> = (Vec<(&'a str, &'a str)>, Vec<&'a str>);

fn changes_of<'a>(changes: &'a [String], map: &str) -> Result<Changes<'a>, Failure> {
    let (mut set, mut remove): Changes<'a> = (vec![], vec![]);
    for c in changes {
        match c.split_once('=') {
            Some((_, v)) if map == "labels" && v.contains('=') => {
                return Err(Failure::error(format!("invalid label spec: {c}")));
            }
            Some((k, v)) => {
                let problems = if map == "labels" { names::label_value(v) } else { vec![] };
                if !problems.is_empty() {
                    return Err(Failure::error(format!("invalid label value: {c:?}: {}", problems.join(";"))));
                }
                set.push((k, v));
            }
            None => remove.push(c.strip_suffix('-').unwrap_or(c)),
        }
    }
    let both: Vec<&str> = remove.iter().copied().filter(|r| set.iter().any(|(k, _)| k == r)).collect();
    match (map, both.is_empty()) {
        (_, true) => Ok((set, remove)),
        ("labels", false) => Err(Failure::error("can not both modify and remove a label in the same command")),
        _ => Err(Failure::error(format!(
            "can not both modify and remove the following annotation(s) in the same command: {}",
            both.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_contradict_themselves_are_refused() {
        let of = |words: &[&str], map: &str| {
            let words: Vec<String> = words.iter().map(|w| w.to_string()).collect();
            changes_of(&words, map)
                .map(|(set, remove)| (set.len(), remove.len()))
                .map_err(|f| f.message.split(" must").next().unwrap_or("").to_string())
        };
        assert_eq!(of(&["a=b", "c-"], "labels"), Ok((1, 1)));
        assert_eq!(of(&["a=b=c"], "annotations"), Ok((1, 0)));
        assert_eq!(of(&["a=b=c"], "labels"), Err("error: invalid label spec: a=b=c".into()));
        assert_eq!(of(&["x=a b"], "labels"), Err("error: invalid label value: \"x=a b\": a valid label".into()));
        assert_eq!(
            of(&["x=y", "x-"], "labels"),
            Err("error: can not both modify and remove a label in the same command".into())
        );
        assert_eq!(
            of(&["x=y", "x-"], "annotations"),
            Err("error: can not both modify and remove the following annotation(s) in the same command: x".into())
        );
    }
}
