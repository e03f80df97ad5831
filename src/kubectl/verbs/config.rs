//! kubectl config: contexts of the kubeconfig.

use serde_json::Value;

use super::config_entries::unexpected;
use crate::api::jsonpath::Template;
use crate::kubectl::args::{PRINTING, Type, output};
use crate::kubectl::config::Entries;
use crate::kubectl::config::Kubeconfig;
use crate::kubectl::go_template;
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
    flags: &[&[output(""), Flag::new("no-headers", Type::Bool)]],
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
        &[
            output("yaml"),
            Flag::new("minify", Type::Bool),
            Flag::new("raw", Type::Bool),
            Flag::new("flatten", Type::Bool).absent(),
            Flag::new("merge", Type::Bool).default("true").absent(),
        ],
        PRINTING,
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
    if args.words.len() > 1 {
        return Err(unexpected(args));
    }
    if args.flag("current") && !args.word(0).is_empty() {
        return Err(Failure::error("you cannot specify both a context name and --current"));
    }
    let name = if args.flag("current") { env.config.current().to_string() } else { args.word(0).to_string() };
    if name.is_empty() {
        return Err(Failure::error(if args.flag("current") {
            "no current context is set"
        } else {
            "you must specify a non-empty context name or --current"
        }));
    }
    let old = env.config.entry(Entries::Contexts, &name).cloned();
    let exists = old.is_some();
    let mut context = old.unwrap_or_else(|| Entries::Contexts.empty());
    for field in ["namespace", "cluster", "user"].into_iter().filter(|f| args.is_set(f)) {
        match args.text(field) {
            "" if field == "namespace" => drop(context.as_object_mut().and_then(|c| c.remove(field))),
            value => context[field] = value.into(),
        }
    }
    env.config.put(Entries::Contexts, &name, context);
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
        let s = |v: &Value| v.as_str().unwrap_or("").to_string();
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

/// Who looks over one's shoulder is not to learn them.
/// Real Kubernetes: client-go/tools/clientcmd/api/helpers.go RedactSecrets, ShortenConfig.
fn hide_secrets(config: &mut Value) {
    let entries =
        ["clusters", "users"].into_iter().filter_map(|list| config[list].as_array().cloned().map(|l| (list, l)));
    for (list, entries) in entries.collect::<Vec<_>>() {
        let field = list.trim_end_matches('s');
        let hidden = entries.into_iter().map(|mut e| {
            for (name, value) in e[field].as_object_mut().into_iter().flatten() {
                match name.as_str() {
                    "token" | "password" => *value = "REDACTED".into(),
                    data if data.ends_with("-data") => *value = "DATA+OMITTED".into(),
                    _ => {}
                }
            }
            e
        });
        config[list] = hidden.collect();
    }
}

fn view(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let mut v = if args.flag("minify") { env.config.minified() } else { env.config.value.clone() };
    match args.flag("raw") {
        true => Kubeconfig::fill_in(&mut v, &env.api.own_keys()),
        false => hide_secrets(&mut v),
    }
    let text = match Format::of(args)? {
        Format::Json => json_text(&v),
        Format::JsonPath { template, .. } => Template::print(&template, &v, false).map_err(Failure::error)?,
        Format::GoTemplate(template) => go_template::print(&template, &v, args.flag("allow-missing-template-keys"))?,
        Format::Kyaml => crate::api::kyaml::print(&v),
        _ => crate::api::yaml::print(&v),
    };
    env.out.push_str(&text);
    Ok(Done::OK)
}
