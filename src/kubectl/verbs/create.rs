//! kubectl create: from files, and the subcommands that write a manifest themselves.

use serde_json::{Value, json};

use crate::api::image::ImageRef;
use crate::api::request::{Method, Request};
use crate::api::{KindRef, Resource, kinds};
use crate::kubectl::args::{DRY_RUN, DryRun, FILES, OUTPUT, Type};
use crate::kubectl::env::Env;
use crate::kubectl::manifests::{self, VALIDATE, Validate};
use crate::kubectl::printers::{self, Format};
use crate::kubectl::resources::{Found, collection, full_name, joined};
use crate::kubectl::{Args, Completes, Done, Failure, Flag, Verb};

pub static CREATE: Verb = Verb {
    name: "create",
    summary: "Create a resource from a file or from stdin",
    flags: &[
        FILES,
        OUTPUT,
        DRY_RUN,
        &[
            VALIDATE,
            Flag::new("edit", Type::Bool),
            Flag::new("raw", Type::Text),
            Flag::new("selector", Type::Text).short('l'),
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
    flags: &[
        &[
            Flag::new("from-literal", Type::Array),
            Flag::new("from-file", Type::List),
            Flag::new("append-hash", Type::Bool),
        ],
        OUTPUT,
        DRY_RUN,
    ],
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
    let files = args.list("filename");
    if files.is_empty() {
        if !args.words.is_empty() {
            return Err(Failure::see(format!("Unexpected args: [{}]", args.words.join(" ")), "create"));
        }
        return Err(Failure::help(super::help::of("create").unwrap_or_default().to_string()));
    }
    let dry = DryRun::of(args)?;
    let format = Format::of(args)?;
    let validate = Validate::of(args)?;
    let (manifests, mut failures) = manifests::read(&files, args.flag("recursive"), validate, env)?;
    if manifests.is_empty() && failures.is_empty() {
        return Err(Failure::error("no objects passed to create"));
    }
    for m in manifests {
        let ns = m.namespace(env);
        let mut value = m.value.clone();
        if m.kind.namespaced() {
            value["metadata"]["namespace"] = ns.clone().into();
        }
        match submit(m.kind, &ns, value, dry, validate, env) {
            Ok(made) => say(args, &format, m.kind, &made, "created", dry, env)?,
            Err(s) => failures.push(Failure::status_while(&s, &format!("error when creating {:?}", m.source))),
        }
    }
    if failures.is_empty() { Ok(Done::OK) } else { Err(joined(failures)) }
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
    let mut request = Request::new(Method::Post, collection(kind, ns))
        .query("fieldManager", "kubectl-create")
        .query("fieldValidation", validate.field_validation())
        .body(value);
    if dry == DryRun::Server {
        request = request.query("dryRun", "All");
    }
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

fn one_name(args: &Args) -> Result<&str, Failure> {
    let count = args.dash.unwrap_or(args.words.len());
    if count == 1 {
        Ok(args.word(0))
    } else {
        Err(Failure::see(format!("exactly one NAME is required, got {count}"), args.verb))
    }
}

/// Creates what a subcommand has put together; errors are told in its words.
fn make(args: &Args, kind: KindRef, value: Value, env: &mut Env<'_>) -> Result<Done, Failure> {
    let (dry, format) = (DryRun::of(args)?, Format::of(args)?);
    let ns = if kind.namespaced() { env.namespace.clone() } else { String::new() };
    let mut value = value;
    if kind.namespaced() && env.namespace_given {
        value["metadata"]["namespace"] = ns.clone().into();
    }
    let made = submit(kind, &ns, value, dry, Validate::Strict, env).map_err(|s| {
        if kind.namespaced() {
            Failure::error(format!("failed to create {}: {}", kind.singular(), s.message))
        } else {
            Failure::status(&s)
        }
    })?;
    say(args, &format, kind, &made, "created", dry, env)?;
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
    let mut names: Vec<String> = vec![];
    let containers: Vec<Value> = images
        .iter()
        .map(|image| {
            // The container is called as the last part of the image is.
            let last = image.rsplit('/').next().unwrap_or(image);
            let base = last.split([':', '@']).next().unwrap_or(last);
            let mut c = base.replace(['_', '.'], "-");
            if ImageRef::parse(image).is_none() {
                c = base.to_string();
            }
            while names.contains(&c) {
                c = format!("{c}-2");
            }
            names.push(c.clone());
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
    make(args, kinds::Deployment::kind_ref(), value, env)
}

fn namespace(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    make(
        args,
        kinds::Namespace::kind_ref(),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {}, "status": {}}),
        env,
    )
}

fn serviceaccount(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    make(
        args,
        kinds::ServiceAccount::kind_ref(),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}),
        env,
    )
}

fn configmap(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    let mut data = serde_json::Map::new();
    for f in args.list("from-file") {
        let (key, path) = match f.split_once('=') {
            Some((k, p)) => (Some(k.to_string()), p.to_string()),
            None => (None, f.clone()),
        };
        if let Some(names) = env.host.list(&path) {
            for n in names.into_iter().filter(|n| !n.contains('/')) {
                let text = env.host.read(&format!("{path}/{n}")).unwrap_or_default();
                data.insert(n, text.into());
            }
            continue;
        }
        let text = env
            .host
            .read(&path)
            .map_err(|_| Failure::error(format!("error reading {path}: no such file or directory")))?;
        data.insert(key.unwrap_or_else(|| path.rsplit('/').next().unwrap_or(&path).to_string()), text.into());
    }
    for l in args.list("from-literal") {
        let Some((k, v)) = l.split_once('=') else {
            return Err(Failure::error(format!("invalid literal source {l}, expected key=value")));
        };
        if data.contains_key(k) {
            return Err(Failure::error(format!(
                "cannot add key {k:?}, another key by that name already exists in Data for ConfigMap {name:?}"
            )));
        }
        data.insert(k.into(), v.into());
    }
    let mut value = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    if !data.is_empty() {
        value["data"] = Value::Object(data);
    }
    make(args, kinds::ConfigMap::kind_ref(), value, env)
}
