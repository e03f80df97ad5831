//! kubectl set image, set resources.

use serde_json::{Value, json};

use super::create::say;
use crate::api::patch::PatchType;
use crate::api::quantity::Quantity;
use crate::api::request::{Method, Request};
use crate::api::strategic;
use crate::kubectl::args::{ALL, DRY_RUN_FLAG, DryRun, FILES, OUTPUT, SELECTOR, Type, field_manager};
use crate::kubectl::printers::Format;
use crate::kubectl::record::{self, RECORD};
use crate::kubectl::resources::{self, Found, finish, joined};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

/// Flags of every subcommand of `set`.
pub const CHANGING: &[Flag] =
    &[DRY_RUN_FLAG, Flag::new("local", Type::Bool).absent(), field_manager("kubectl-set"), ALL[0]];

pub static IMAGE: Verb = Verb {
    name: "set image",
    summary: "Update the image of a pod template",
    flags: &[CHANGING, &[SELECTOR], RECORD, OUTPUT, FILES],
    completes: Completes::Objects,
    run: image,
};

pub static RESOURCES: Verb = Verb {
    name: "set resources",
    summary: "Update resource requests/limits on objects with pod templates",
    flags: &[
        CHANGING,
        RECORD,
        &[
            Flag::new("containers", Type::Text).short('c').default("*"),
            Flag::new("limits", Type::Text),
            Flag::new("requests", Type::Text),
            SELECTOR,
        ],
        OUTPUT,
        FILES,
    ],
    completes: Completes::Objects,
    run: set_resources,
};

/// The pod spec inside an object: its own, or its template's.
pub fn pod_spec(v: &mut Value) -> Option<&mut Value> {
    if v["spec"]["template"]["spec"].is_object() {
        Some(&mut v["spec"]["template"]["spec"])
    } else {
        v["spec"]["containers"].is_array().then_some(&mut v["spec"])
    }
}

/// What a subcommand calls itself in its messages.
pub struct Wording {
    /// In `failed to patch … update to pod template`, with what follows there.
    pub failed: &'static str,
    pub done: &'static str,
}

/// The objects that are to be changed: nothing is, if one of them is not there.
pub fn targets(args: &Args, words: &[String], env: &mut Env<'_>) -> Result<Vec<Found>, Failure> {
    let (found, failures) = resources::fetch_named(args, words, env)?;
    if failures.is_empty() { Ok(found) } else { Err(joined(failures)) }
}

/// Changes objects and sends what differs. What could not be changed in one does not keep back the rest.
pub fn change(
    args: &Args,
    found: Vec<Found>,
    wording: &Wording,
    env: &mut Env<'_>,
    mut f: impl FnMut(&mut Value) -> Vec<Failure>,
) -> Result<Done, Failure> {
    let (dry, format) = (DryRun::of(args)?, Format::of(args)?);
    let mut failures = vec![];
    for o in found {
        let mut new = (*o.object).clone();
        let Some(spec) = pod_spec(&mut new) else {
            failures.push(Failure::error(format!(
                "{}/{} the object is not a pod or does not have a pod template: *{}.{}",
                o.kind.plural(),
                o.name,
                o.kind.version(),
                o.kind.name()
            )));
            continue;
        };
        failures.extend(f(spec));
        if new != *o.object {
            record::mark(args, &mut new);
        }
        let patch = strategic::diff(&o.object, &new, o.kind.layout());
        // Nothing to change: nothing is sent and nothing is said.
        if patch.as_object().is_some_and(serde_json::Map::is_empty) {
            continue;
        }
        if dry != DryRun::Client {
            let r = dry.on(Request::new(Method::Patch(PatchType::Strategic), o.path()).body(patch));
            match env.try_call(&r) {
                Ok(answer) => new = (*answer).clone(),
                Err(s) => {
                    failures.push(Failure::error(format!("failed to patch {} {}", wording.failed, s.message)));
                    continue;
                }
            }
        }
        say(args, &format, o.kind, &new, wording.done, dry, env)?;
    }
    finish(failures)
}

fn image(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let (pairs, words): (Vec<String>, Vec<String>) = args.words.iter().cloned().partition(|w| w.contains('='));
    let found = targets(args, &words, env)?;
    if pairs.is_empty() {
        return Err(Failure::error("at least one image update is required"));
    }
    if pairs.len() > 1 && pairs.iter().any(|p| p.starts_with("*=")) {
        return Err(Failure::error(
            "all containers are already specified by *, but saw more than one container_name=container_image pairs",
        ));
    }
    let wording = Wording { failed: "image update to pod template:", done: "image updated" };
    change(args, found, &wording, env, |spec| {
        let mut missing = vec![];
        for p in &pairs {
            let (name, image) = p.split_once('=').unwrap_or((p, ""));
            let mut hit = false;
            for list in ["containers", "initContainers"] {
                for c in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                    if name == "*" || c["name"] == name {
                        c["image"] = image.into();
                        hit = true;
                    }
                }
            }
            if !hit {
                missing.push(Failure::error(format!("unable to find container named {name:?}")));
            }
        }
        missing
    })
}

fn amounts(text: &str) -> Result<Vec<(String, String)>, Failure> {
    let mut out = vec![];
    for part in text.split(',').filter(|p| !p.is_empty()) {
        let Some((k, v)) = part.split_once('=') else {
            return Err(Failure::error(format!("Invalid argument syntax {part}, expected <resource>=<value>")));
        };
        if Quantity::parse(v).is_none() {
            return Err(Failure::error(
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            ));
        }
        out.push((k.to_string(), v.to_string()));
    }
    Ok(out)
}

fn set_resources(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let found = targets(args, &args.words, env)?;
    let (limits, requests) = (amounts(args.text("limits"))?, amounts(args.text("requests"))?);
    if limits.is_empty() && requests.is_empty() {
        return Err(Failure::error(
            "you must specify an update to requests or limits (in the form of --requests/--limits)",
        ));
    }
    let wanted = args.text("containers").to_string();
    let wording = Wording { failed: "resources update to pod template", done: "resource requirements updated" };
    change(args, found, &wording, env, |spec| {
        let mut hit = false;
        for c in spec["containers"].as_array_mut().into_iter().flatten() {
            if wanted != "*" && c["name"] != wanted.as_str() {
                continue;
            }
            hit = true;
            for (list, name) in [(&limits, "limits"), (&requests, "requests")] {
                for (k, v) in list {
                    if c["resources"][name].is_null() {
                        c["resources"][name] = json!({});
                    }
                    c["resources"][name][k] = v.as_str().into();
                }
            }
        }
        if hit { vec![] } else { vec![Failure::error(format!("unable to find container named {wanted}"))] }
    })
}
