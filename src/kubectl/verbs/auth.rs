//! kubectl auth can-i, kubectl auth whoami.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/auth/cani.go, whoami.go.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::request::{Method, Request};
use crate::api::{KindRef, Reason, Resource, kinds};
use crate::kubectl::args::{OUTPUT, Type};
use crate::kubectl::printers::{self, Format};
use crate::kubectl::resources::{Found, collection};
use crate::kubectl::tabwriter::align;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb, rights};

pub static CAN_I: Verb = Verb {
    name: "auth can-i",
    summary: "Check whether an action is allowed",
    flags: &[&[
        Flag::new("all-namespaces", Type::Bool).short('A'),
        Flag::new("quiet", Type::Bool).short('q'),
        Flag::new("subresource", Type::Text),
        Flag::new("list", Type::Bool),
        Flag::new("no-headers", Type::Bool),
    ]],
    completes: Completes::Kinds,
    run: can_i,
};

pub static WHOAMI: Verb = Verb {
    name: "auth whoami",
    summary: "Experimental: Check self subject attributes",
    flags: &[OUTPUT],
    completes: Completes::Nothing,
    run: whoami,
};

const RESOURCE_VERBS: [&str; 16] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "use",
    "bind",
    "impersonate",
    "*",
    "approve",
    "sign",
    "escalate",
    "attest",
];
const URL_VERBS: [&str; 8] = ["get", "put", "post", "head", "options", "delete", "patch", "*"];
/// Names that rules may have though nothing is served under them.
const NON_STANDARD: [&str; 2] = ["users", "groups"];

/// kubectl ends its warnings with a line of their own.
fn warn(env: &mut Env<'_>, text: String) {
    env.error_line(format!("Warning: {text}\n"));
}

fn ask(kind: KindRef, spec: Value, env: &mut Env<'_>) -> Result<Arc<Value>, crate::api::Status> {
    let body = json!({"apiVersion": kind.api_version(), "kind": kind.name(), "metadata": {}, "spec": spec});
    env.try_call(&Request::new(Method::Post, collection(kind, "")).body(body))
}

fn can_i(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if args.flag("list") {
        if !args.words.is_empty() {
            return Err(Failure::error("list option must be specified with no arguments"));
        }
        if args.flag("quiet") || args.flag("all-namespaces") || !args.text("subresource").is_empty() {
            return Err(Failure::error(
                "list option can't be specified with neither quiet, all-namespaces nor subresource options",
            ));
        }
        return list(args, env);
    }
    let [verb, what] = args.words.as_slice() else {
        return Err(Failure::error(
            "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
        ));
    };
    let spec =
        if what.starts_with('/') { about_url(verb, what, args, env)? } else { about_resource(verb, what, args, env) };
    if args.flag("no-headers") {
        return Err(Failure::error("--no-headers cannot be set without --list specified"));
    }
    let answer = ask(kinds::SelfSubjectAccessReview::kind_ref(), spec, env).map_err(|s| Failure::status(&s))?;
    let allowed = answer["status"]["allowed"] == true;
    if !args.flag("quiet") {
        let reasons = ["reason", "evaluationError"].map(|k| answer["status"][k].as_str().unwrap_or(""));
        let why: String = reasons.iter().filter(|r| !r.is_empty()).map(|r| format!(" - {r}")).collect();
        env.line(if allowed { "yes".to_string() } else { format!("no{why}") });
    }
    Ok(Done::Exit(i32::from(!allowed)))
}

fn about_url(verb: &str, url: &str, args: &Args, env: &mut Env<'_>) -> Result<Value, Failure> {
    if !args.text("subresource").is_empty() {
        return Err(Failure::error("--subresource can not be used with NonResourceURL"));
    }
    if !URL_VERBS.contains(&verb) {
        warn(env, format!("verb '{verb}' is not a known verb"));
    }
    Ok(json!({"nonResourceAttributes": {"verb": verb, "path": url}}))
}

fn about_resource(verb: &str, what: &str, args: &Args, env: &mut Env<'_>) -> Value {
    let (word, name) = what.split_once('/').unwrap_or((what, ""));
    let found = if word == "*" { None } else { env.mapped(|m| m.kind(word)).ok() };
    if found.is_none() && word != "*" && !NON_STANDARD.contains(&word) {
        let lower = word.to_lowercase();
        warn(
            env,
            match lower.split_once('.') {
                Some((resource, group)) => {
                    format!("the server doesn't have a resource type '{resource}' in group '{group}'")
                }
                None => format!("the server doesn't have a resource type '{lower}'"),
            },
        );
    }
    if !args.flag("all-namespaces") {
        if let Some(kind) = found.filter(|k| !k.namespaced()) {
            let group = if kind.group().is_empty() { String::new() } else { format!(" in group '{}'", kind.group()) };
            warn(env, format!("resource '{}' is not namespace scoped{group}", kind.plural()));
        }
        if !RESOURCE_VERBS.contains(&verb) {
            warn(env, format!("verb '{verb}' is not a known verb"));
        }
    }
    let namespace = if args.flag("all-namespaces") { String::new() } else { env.namespace.clone() };
    let (group, resource) = found.map_or(("", word), |k| (k.group(), k.plural()));
    json!({"resourceAttributes": {
        "namespace": namespace, "verb": verb, "group": group, "resource": resource,
        "subresource": args.text("subresource"), "name": name,
    }})
}

fn list(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let spec = json!({"namespace": env.namespace});
    let answer = ask(kinds::SelfSubjectRulesReview::kind_ref(), spec, env).map_err(|s| Failure::status(&s))?;
    let status = &answer["status"];
    if status["incomplete"] == true {
        let why = status["evaluationError"].as_str().unwrap_or("").to_string();
        env.error_line(format!("Warning: the list may be incomplete: {why}"));
    }
    let all = |k: &str| status[k].as_array().into_iter().flatten();
    let rights = rights::of(all("resourceRules").chain(all("nonResourceRules")));
    let mut text = if args.flag("no-headers") {
        String::new()
    } else {
        "Resources\tNon-Resource URLs\tResource Names\tVerbs\n".to_string()
    };
    rights.iter().for_each(|r| text.push_str(&format!("{r}\n")));
    env.out.push_str(&align(&text, 6, 3));
    Ok(Done::OK)
}

fn whoami(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let format = Format::of(args)?;
    let kind = kinds::SelfSubjectReview::kind_ref();
    let body = json!({"apiVersion": kind.api_version(), "kind": kind.name(), "metadata": {}});
    let answer = env.try_call(&Request::new(Method::Post, collection(kind, "")).body(body)).map_err(|s| {
        if s.is(Reason::Forbidden) {
            return Failure::error(
                "the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it",
            );
        }
        Failure::status(&s)
    })?;
    if !format.is_table() {
        let text = printers::print(&format, &[Found::of(kind, answer)], true, args)?;
        env.out.push_str(&text);
        return Ok(Done::OK);
    }
    let user = &answer["status"]["userInfo"];
    let list = |v: &Value| {
        let all: Vec<&str> = v.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        format!("[{}]", all.join(" "))
    };
    let mut text = String::from("ATTRIBUTE\tVALUE\n");
    for (title, value) in [("Username", &user["username"]), ("UID", &user["uid"])] {
        if let Some(value) = value.as_str() {
            text.push_str(&format!("{title}\t{value}\n"));
        }
    }
    if user["groups"].is_array() {
        text.push_str(&format!("Groups\t{}\n", list(&user["groups"])));
    }
    for (key, values) in user["extra"].as_object().into_iter().flatten() {
        text.push_str(&format!("Extra: {key}\t{}\n", list(values)));
    }
    env.out.push_str(&align(&text, 6, 3));
    Ok(Done::OK)
}
