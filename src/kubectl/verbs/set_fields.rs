//! kubectl set serviceaccount, set selector.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/set/set_serviceaccount.go, set_selector.go.

use serde_json::{Map, Value};

use super::create::say;
use super::set::{CHANGING, Wording, change, targets};
use crate::api::request::{Method, Request};
use crate::kubectl::args::{DEEP_FILES, DryRun, FILES, OUTPUT, Type};
use crate::kubectl::printers::Format;
use crate::kubectl::record::{self, RECORD};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static SERVICEACCOUNT: Verb = Verb {
    name: "set serviceaccount",
    summary: "Update the service account of a resource",
    flags: &[CHANGING, RECORD, OUTPUT, FILES],
    completes: Completes::Objects,
    run: serviceaccount,
};

pub static SELECTOR: Verb = Verb {
    name: "set selector",
    summary: "Set the selector on a resource",
    flags: &[CHANGING, &[Flag::new("resource-version", Type::Text).absent()], RECORD, OUTPUT, DEEP_FILES],
    completes: Completes::Objects,
    run: selector,
};

fn serviceaccount(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let Some((name, words)) = args.words.split_last() else {
        return Err(Failure::error("serviceaccount is required"));
    };
    let found = targets(args, words, env)?;
    let wording = Wording { failed: "ServiceAccountName update:", done: "serviceaccount updated" };
    change(args, found, &wording, env, |spec| {
        spec["serviceAccountName"] = name.as_str().into();
        // The old name of the field says the same.
        if let Some(s) = spec.as_object_mut() {
            s.insert("serviceAccount".into(), name.as_str().into());
        }
        vec![]
    })
}

fn selector(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let (pairs, words): (Vec<String>, Vec<String>) = args.words.iter().cloned().partition(|w| w.contains('='));
    let wanted: Map<String, Value> = pairs
        .iter()
        .flat_map(|p| p.split(','))
        .filter_map(|p| p.split_once('='))
        .map(|(k, v)| (k.to_string(), v.into()))
        .collect();
    if wanted.is_empty() {
        return Err(Failure::error("one and only one selector is required"));
    }
    let (dry, format) = (DryRun::of(args)?, Format::of(args)?);
    for f in targets(args, &words, env)? {
        if f.kind.name() != "Service" {
            return Err(Failure::error("setting a selector is only supported for Services"));
        }
        let mut new = (*f.object).clone();
        new["spec"]["selector"] = wanted.clone().into();
        record::mark(args, &mut new);
        if dry != DryRun::Client {
            // A selector is set as a whole, so keys that it does not name go.
            let r = dry.on(Request::new(Method::Put, f.path()).body(new));
            new = (*env.call(&r)?).clone();
        }
        say(args, &format, f.kind, &new, "selector updated", dry, env)?;
    }
    Ok(Done::OK)
}
