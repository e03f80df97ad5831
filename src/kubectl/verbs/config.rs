//! kubectl config: contexts of the kubeconfig.

use serde_json::json;

use crate::api::jsonpath::Template;
use crate::kubectl::args::{OUTPUT, Type};
use crate::kubectl::printers::{Format, json_text};
use crate::kubectl::tabwriter::align;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static CURRENT_CONTEXT: Verb = Verb {
    name: "config current-context",
    summary: "Display the current-context",
    flags: &[],
    completes: Completes::Nothing,
    run: current,
};
pub static SET_CONTEXT: Verb = Verb {
    name: "config set-context",
    summary: "Set a context entry in kubeconfig",
    flags: &[&[Flag::new("current", Type::Bool)]],
    completes: Completes::Nothing,
    run: set_context,
};
pub static USE_CONTEXT: Verb = Verb {
    name: "config use-context",
    summary: "Set the current-context in a kubeconfig file",
    flags: &[],
    completes: Completes::Nothing,
    run: use_context,
};
pub static GET_CONTEXTS: Verb = Verb {
    name: "config get-contexts",
    summary: "Describe one or many contexts",
    flags: &[OUTPUT, &[Flag::new("no-headers", Type::Bool)]],
    completes: Completes::Nothing,
    run: get_contexts,
};
pub static GET_CLUSTERS: Verb = Verb {
    name: "config get-clusters",
    summary: "Display clusters defined in the kubeconfig",
    flags: &[],
    completes: Completes::Nothing,
    run: |_, env| names("clusters", env),
};
pub static GET_USERS: Verb = Verb {
    name: "config get-users",
    summary: "Display users defined in the kubeconfig",
    flags: &[],
    completes: Completes::Nothing,
    run: |_, env| names("users", env),
};
pub static VIEW: Verb = Verb {
    name: "config view",
    summary: "Display merged kubeconfig settings or a specified kubeconfig file",
    flags: &[
        OUTPUT,
        &[Flag::new("minify", Type::Bool), Flag::new("raw", Type::Bool), Flag::new("flatten", Type::Bool)],
    ],
    completes: Completes::Nothing,
    run: view,
};

fn current(_: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = env.config.current().to_string();
    if name.is_empty() {
        return Err(Failure::error("current-context is not set"));
    }
    env.line(name);
    Ok(Done::OK)
}

fn names(list: &str, env: &mut Env<'_>) -> Result<Done, Failure> {
    let all = env.config.value[list].as_array().cloned().unwrap_or_default();
    env.line("NAME");
    all.iter().for_each(|x| env.line(x["name"].as_str().unwrap_or("")));
    Ok(Done::OK)
}

fn set_context(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = if args.flag("current") { env.config.current().to_string() } else { args.word(0).to_string() };
    if name.is_empty() {
        return Err(Failure::error(if args.flag("current") {
            "no current context is set"
        } else {
            "you must specify a non-empty context name or --current"
        }));
    }
    let exists = env.config.context(&name).is_some();
    if !exists && let Some(list) = env.config.value["contexts"].as_array_mut() {
        list.push(json!({"name": name, "context": {"cluster": "", "user": ""}}));
    }
    let settings: Vec<(&str, String)> = ["namespace", "cluster", "user"]
        .into_iter()
        .filter(|k| args.is_set(k))
        .map(|k| (k, args.text(k).to_string()))
        .collect();
    if let Some(c) = env.config.context_mut(&name) {
        for (k, v) in settings {
            c["context"][k] = v.into();
        }
    }
    env.line(format!("Context {name:?} {}.", if exists { "modified" } else { "created" }));
    Ok(Done::OK)
}

fn use_context(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = args.word(0).to_string();
    if env.config.context(&name).is_none() {
        return Err(Failure::error(format!("no context exists with the name: {name:?}")));
    }
    env.config.value["current-context"] = name.clone().into();
    env.line(format!("Switched to context {name:?}."));
    Ok(Done::OK)
}

fn get_contexts(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let wanted = args.word(0);
    let missing = !wanted.is_empty() && env.config.context(wanted).is_none();
    let current = env.config.current().to_string();
    let contexts: Vec<_> = env.config.value["contexts"].as_array().cloned().unwrap_or_default();
    let shown = contexts.iter().filter(|c| wanted.is_empty() || c["name"] == wanted);
    if args.text("output") == "name" {
        let text: String = shown.map(|c| format!("{}\n", c["name"].as_str().unwrap_or(""))).collect();
        env.out.push_str(&text);
        return if missing { Err(Failure::error(format!("context {wanted} not found"))) } else { Ok(Done::OK) };
    }
    let mut text = if args.flag("no-headers") {
        String::new()
    } else {
        "CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n".to_string()
    };
    for c in shown {
        let s = |v: &serde_json::Value| v.as_str().unwrap_or("").to_string();
        let star = if c["name"] == current.as_str() { "*" } else { "" };
        text.push_str(&format!(
            "{star}\t{}\t{}\t{}\t{}\n",
            s(&c["name"]),
            s(&c["context"]["cluster"]),
            s(&c["context"]["user"]),
            s(&c["context"]["namespace"])
        ));
    }
    env.out.push_str(&align(&text, 6, 3));
    if missing { Err(Failure::error(format!("context {wanted} not found"))) } else { Ok(Done::OK) }
}

fn view(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let v = if args.flag("minify") { env.config.minified() } else { env.config.value.clone() };
    let text = match Format::of(args)? {
        Format::Json => json_text(&v),
        Format::JsonPath { template, .. } => Template::print(&template, &v, false).map_err(Failure::error)?,
        _ => crate::api::yaml::print(&v),
    };
    env.out.push_str(&text);
    Ok(Done::OK)
}
