//! kubectl set image, set resources.

use serde_json::{Value, json};

use crate::api::patch::PatchType;
use crate::api::quantity::Quantity;
use crate::api::request::{Method, Request};
use crate::api::strategic;
use crate::kubectl::args::{ALL, DryRun, FILES, OUTPUT, SELECT, Type};
use crate::kubectl::resources::{self, Found, joined};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

const COMMON: &[Flag] = &[
    Flag::new("dry-run", Type::Optional("unchanged")).default("none"),
    Flag::new("local", Type::Bool),
    Flag::new("field-manager", Type::Text),
];

pub static IMAGE: Verb = Verb {
    name: "set image",
    summary: "Update the image of a pod template",
    flags: &[COMMON, ALL, SELECT, OUTPUT, FILES],
    completes: Completes::Objects,
    run: image,
};

pub static RESOURCES: Verb = Verb {
    name: "set resources",
    summary: "Update resource requests/limits on objects with pod templates",
    flags: &[
        COMMON,
        &[
            Flag::new("containers", Type::Text).short('c').default("*"),
            Flag::new("limits", Type::Text),
            Flag::new("requests", Type::Text),
        ],
        ALL,
        SELECT,
        OUTPUT,
        FILES,
    ],
    completes: Completes::Objects,
    run: set_resources,
};

/// The pod spec inside an object: its own, or its template's.
fn pod_spec(v: &mut Value) -> Option<&mut Value> {
    if v["spec"]["template"]["spec"].is_object() {
        Some(&mut v["spec"]["template"]["spec"])
    } else {
        v["spec"]["containers"].is_array().then_some(&mut v["spec"])
    }
}

/// Changes objects and sends what differs.
fn change(
    args: &Args,
    words: &[String],
    what: &str,
    env: &mut Env<'_>,
    mut f: impl FnMut(&Found, &mut Value) -> Result<(), Failure>,
) -> Result<Done, Failure> {
    let dry = DryRun::of(args)?;
    let (found, mut failures) = resources::fetch(args, words, env)?;
    for o in found {
        let mut new = (*o.object).clone();
        let Some(spec) = pod_spec(&mut new) else {
            failures.push(Failure::error(format!("{} {} does not have a pod template", o.kind.plural(), o.name)));
            continue;
        };
        if let Err(e) = f(&o, spec) {
            failures.push(e);
            continue;
        }
        let patch = strategic::diff(&o.object, &new, Some(o.kind.layout()));
        // Nothing to change: nothing is sent and nothing is said.
        if patch.as_object().is_some_and(serde_json::Map::is_empty) {
            continue;
        }
        if dry != DryRun::Client {
            let mut r = Request::new(Method::Patch(PatchType::Strategic), o.path())
                .query("fieldManager", "kubectl-set")
                .body(patch);
            if dry == DryRun::Server {
                r = r.query("dryRun", "All");
            }
            if let Err(s) = env.try_call(&r) {
                failures.push(Failure::error(format!("failed to patch {what} update to pod template: {}", s.message)));
                continue;
            }
        }
        let said = if what == "image" { "image updated" } else { "resource requirements updated" };
        env.line(format!("{} {said}{}", o.full_name(), dry.note()));
    }
    if failures.is_empty() { Ok(Done::OK) } else { Err(joined(failures)) }
}

fn image(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let (pairs, words): (Vec<String>, Vec<String>) = args.words.iter().cloned().partition(|w| w.contains('='));
    if words.is_empty() && args.list("filename").is_empty() {
        return Err(Failure::error(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>",
        ));
    }
    if pairs.is_empty() {
        return Err(Failure::error("at least one image update is required"));
    }
    change(args, &words, "image", env, |_, spec| {
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
                return Err(Failure::error(format!("unable to find container named {name:?}")));
            }
        }
        Ok(())
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
    let (limits, requests) = (amounts(args.text("limits"))?, amounts(args.text("requests"))?);
    if limits.is_empty() && requests.is_empty() {
        return Err(Failure::error(
            "you must specify an update to requests or limits (in the form of --requests/--limits)",
        ));
    }
    let wanted = args.text("containers").to_string();
    let words = args.words.clone();
    change(args, &words, "resources", env, |_, spec| {
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
        if hit { Ok(()) } else { Err(Failure::error(format!("unable to find container named {wanted:?}"))) }
    })
}
