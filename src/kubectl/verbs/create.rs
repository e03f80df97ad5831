//! kubectl create: from files, and the subcommands that write a manifest themselves.

use serde_json::{Value, json};

use super::apply::remembered;
use super::create_data::{self, Into, SOURCES};
use super::{edit, raw};
use crate::api::request::{Method, Request};
use crate::api::{KindRef, Resource, kinds, wire};
use crate::kubectl::args::{DRY_RUN, DryRun, FILES, OUTPUT, SELECTOR, Type};
use crate::kubectl::env::Env;
use crate::kubectl::manifests::{self, Validate};
use crate::kubectl::printers::{self, Format};
use crate::kubectl::record::{self, RECORD};
use crate::kubectl::resources::{Found, collection, finish, full_name};
use crate::kubectl::{Args, Completes, Done, Failure, Flag, Verb};

pub static CREATE: Verb = Verb {
    name: "create",
    summary: "Create a resource from a file or from stdin",
    flags: &[
        FILES,
        OUTPUT,
        DRY_RUN,
        RECORD,
        &[
            Flag::new("edit", Type::Bool),
            Flag::new("windows-line-endings", Type::Bool),
            Flag::new("raw", Type::Text),
            SELECTOR,
        ],
    ],
    completes: Completes::Nothing,
    run: create,
};

pub static DEPLOYMENT: Verb = Verb {
    name: "create deployment",
    summary: "Create a deployment with the specified name",
    flags: &[
        &[
            Flag::new("image", Type::List),
            Flag::new("replicas", Type::Int).short('r').default("1"),
            Flag::new("port", Type::Int).default("-1"),
        ],
        OUTPUT,
        DRY_RUN,
    ],
    completes: Completes::Nothing,
    run: deployment,
};

pub static NAMESPACE: Verb = Verb {
    name: "create namespace",
    summary: "Create a namespace with the specified name",
    flags: &[OUTPUT, DRY_RUN],
    completes: Completes::Nothing,
    run: namespace,
};

pub static CONFIGMAP: Verb = Verb {
    name: "create configmap",
    summary: "Create a config map from a local file, directory or literal value",
    flags: &[SOURCES, OUTPUT, DRY_RUN],
    completes: Completes::Nothing,
    run: configmap,
};

pub static SERVICEACCOUNT: Verb = Verb {
    name: "create serviceaccount",
    summary: "Create a service account with the specified name",
    flags: &[OUTPUT, DRY_RUN],
    completes: Completes::Nothing,
    run: serviceaccount,
};

fn create(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if !args.names_files() && !args.words.is_empty() {
        return Err(Failure::see(format!("Unexpected args: [{}]", args.words.join(" ")), "create"));
    }
    manifests::required(args)?;
    if args.is_set("raw") {
        if args.flag("edit") {
            return Err(Failure::error("--raw and --edit are mutually exclusive"));
        }
        return raw::send(Method::Post, args, env);
    }
    let dry = DryRun::of(args)?;
    let format = Format::of(args)?;
    let validate = Validate::of(args)?;
    let (manifests, unread) = manifests::split(manifests::read(args, validate, env)?);
    let manifests = manifests::chosen(manifests, args.text("selector"))?;
    if manifests.is_empty() && unread.is_none() {
        return Err(Failure::error("no objects passed to create"));
    }
    if args.flag("edit") {
        return match unread {
            None => edit::before_creation(manifests, args, env),
            Some(why) => Err(why),
        };
    }
    let mut failures = vec![];
    for mut m in manifests {
        record::mark(args, &mut m.value);
        let value = if args.flag("save-config") { remembered(&m) } else { m.value.clone() };
        match submit(m.kind, m.namespace(), value, dry, validate, env) {
            Ok(made) => say(args, &format, m.kind, &made, "created", dry, env)?,
            Err(s) => failures.push(Failure::status_while(&s, &format!("error when creating {:?}", m.source))),
        }
    }
    failures.extend(unread);
    finish(failures)
}

/// Sends an object, or keeps it where nothing may be sent.
pub fn submit(
    kind: KindRef,
    ns: &str,
    value: Value,
    dry: DryRun,
    validate: Validate,
    env: &mut Env<'_>,
) -> Result<Value, crate::api::Status> {
    if dry == DryRun::Client {
        return Ok(value);
    }
    let request = dry.on(Request::new(Method::Post, collection(kind, ns))
        .query("fieldValidation", validate.field_validation())
        .body(value));
    env.try_call(&request).map(|v| (*v).clone())
}

/// Prints what was done, or the object where a format is asked for.
pub fn say(
    args: &Args,
    format: &Format,
    kind: KindRef,
    made: &Value,
    what: &str,
    dry: DryRun,
    env: &mut Env<'_>,
) -> Result<(), Failure> {
    let found = Found::of(kind, std::sync::Arc::new(made.clone()));
    let text = match format {
        Format::Table { .. } => format!("{} {what}{}\n", full_name(kind, &found.name), dry.note()),
        _ => printers::print(format, &[found], true, args)?,
    };
    env.out.push_str(&text);
    Ok(())
}

/// The same for what kubectl put together itself, which it prints as its own types if nobody else has seen it.
pub fn say_made(
    args: &Args,
    format: &Format,
    kind: KindRef,
    made: &Value,
    what: &str,
    dry: DryRun,
    env: &mut Env<'_>,
) -> Result<(), Failure> {
    if dry == DryRun::Client && *format == Format::Json {
        env.out.push_str(&wire::declared(kind, made));
        return Ok(());
    }
    say(args, format, kind, made, what, dry, env)
}

pub fn one_name(args: &Args) -> Result<&str, Failure> {
    let count = args.dash.unwrap_or(args.words.len());
    if count == 1 {
        Ok(args.word(0))
    } else {
        Err(Failure::see(format!("exactly one NAME is required, got {count}"), args.verb))
    }
}

/// Creates what a subcommand has put together; errors are told in its words, or, without, in the server's.
pub fn make(args: &Args, kind: KindRef, value: Value, failed: &str, env: &mut Env<'_>) -> Result<Done, Failure> {
    let (dry, format) = (DryRun::of(args)?, Format::of(args)?);
    let ns = if kind.namespaced() { env.namespace.clone() } else { String::new() };
    let mut value = value;
    if kind.namespaced() && env.namespace_given {
        value["metadata"]["namespace"] = ns.clone().into();
    }
    let made = submit(kind, &ns, value, dry, Validate::Strict, env).map_err(|s| {
        if failed.is_empty() { Failure::status(&s) } else { Failure::error(format!("{failed} {}", s.message)) }
    })?;
    say_made(args, &format, kind, &made, "created", dry, env)?;
    Ok(Done::OK)
}

fn deployment(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    args.require(&["image"])?;
    let name = one_name(args)?;
    let command: Vec<String> = args.dash.map(|d| args.words[d..].to_vec()).unwrap_or_default();
    let images = args.list("image");
    if images.len() > 1 && !command.is_empty() {
        return Err(Failure::error("cannot specify multiple --image options and command"));
    }
    let containers: Vec<Value> = images
        .iter()
        .map(|image| {
            // The container is called as the last part of the image is.
            let last = image.rsplit('/').next().unwrap_or(image);
            let base = last.split([':', '@']).next().unwrap_or(last);
            let c = match base.contains(['_', '.']) {
                true => format!("{}-{}", base.replace(['_', '.'], "-"), suffix(env.api.number())),
                false => base.to_string(),
            };
            let mut v = json!({"name": c, "image": image, "resources": {}});
            if !command.is_empty() {
                v["command"] = json!(command);
            }
            v
        })
        .collect();
    let containers = if images == [""] { vec![] } else { containers };
    let mut value = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"replicas": args.int("replicas"), "selector": {"matchLabels": {"app": name}}, "strategy": {},
                 "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers}}},
        "status": {},
    });
    let port = args.int("port");
    if port >= 0 && value["spec"]["template"]["spec"]["containers"][0].is_object() {
        value["spec"]["template"]["spec"]["containers"][0]["ports"] = json!([{"containerPort": port}]);
    }
    make(args, kinds::Deployment::kind_ref(), value, "failed to create deployment:", env)
}

/// Five letters, as Kubernetes makes names different: no vowels, so no words.
pub fn suffix(number: u64) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let letter = |i: u32| LETTERS[usize::try_from(number / 27u64.pow(i) % 27).unwrap_or(0)];
    (0..5).map(|i| char::from(letter(i))).collect()
}

fn namespace(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    make(
        args,
        kinds::Namespace::kind_ref(),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {}, "status": {}}),
        "",
        env,
    )
}

fn serviceaccount(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    make(
        args,
        kinds::ServiceAccount::kind_ref(),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}),
        "failed to create serviceaccount:",
        env,
    )
}

fn configmap(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    let data = create_data::read(args, Into::ConfigMap(name), env)?;
    let mut value = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    if !data.is_empty() {
        value["data"] = json!(data);
    }
    make(args, kinds::ConfigMap::kind_ref(), value, "failed to create configmap:", env)
}
