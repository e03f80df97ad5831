//! kubectl config: clusters, users and contexts come, change and go.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/config (set_cluster.go, set_credentials.go, delete_*.go, rename_context.go).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::help;
use crate::api::path::absolute;
use crate::kubectl::args::Type;
use crate::kubectl::config::Entries;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static DELETE_CLUSTER: Verb = Verb {
    name: "config delete-cluster",
    summary: "Delete the specified cluster from the kubeconfig",
    flags: &[],
    completes: Completes::Nothing,
    run: |args, env| delete(args, Entries::Clusters, env),
};
pub static DELETE_CONTEXT: Verb = Verb {
    name: "config delete-context",
    summary: "Delete the specified context from the kubeconfig",
    flags: &[],
    completes: Completes::Nothing,
    run: |args, env| delete(args, Entries::Contexts, env),
};
pub static DELETE_USER: Verb = Verb {
    name: "config delete-user",
    summary: "Delete the specified user from the kubeconfig",
    flags: &[],
    completes: Completes::Nothing,
    run: |args, env| delete(args, Entries::Users, env),
};
pub static RENAME_CONTEXT: Verb = Verb {
    name: "config rename-context",
    summary: "Rename a context from the kubeconfig file",
    flags: &[],
    completes: Completes::Nothing,
    run: rename,
};
pub static SET_CLUSTER: Verb = Verb {
    name: "config set-cluster",
    summary: "Set a cluster entry in kubeconfig",
    flags: &[&[
        Flag::new("server", Type::Text),
        Flag::new("tls-server-name", Type::Text),
        Flag::new("certificate-authority", Type::Text),
        Flag::new("embed-certs", Type::Bool),
        Flag::new("proxy-url", Type::Text),
    ]],
    completes: Completes::Nothing,
    run: set_cluster,
};
pub static SET_CREDENTIALS: Verb = Verb {
    name: "config set-credentials",
    summary: "Set a user entry in kubeconfig",
    flags: &[&[
        Flag::new("client-certificate", Type::Text),
        Flag::new("client-key", Type::Text),
        Flag::new("username", Type::Text),
        Flag::new("password", Type::Text),
        Flag::new("embed-certs", Type::Bool),
        Flag::new("auth-provider", Type::Text),
        Flag::new("auth-provider-arg", Type::List),
        Flag::new("exec-command", Type::Text),
        Flag::new("exec-api-version", Type::Text),
        Flag::new("exec-interactive-mode", Type::Text),
        Flag::new("exec-provide-cluster-info", Type::Bool),
        Flag::new("exec-arg", Type::List),
        Flag::new("exec-env", Type::Array),
    ]],
    completes: Completes::Nothing,
    run: set_credentials,
};

/// A wrong number of words brings the whole help.
pub fn unexpected(args: &Args) -> Failure {
    let text = help::of(args.verb).unwrap_or_default().to_string();
    Failure { stdout: text, ..Failure::error(format!("Unexpected args: [{}]", args.words.join(" "))) }
}

/// The file that holds the configuration.
fn file(args: &Args, env: &Env<'_>) -> String {
    match args.text("kubeconfig") {
        "" => crate::kubectl::config::Kubeconfig::path(&env.host.home()),
        own => own.into(),
    }
}

fn delete(args: &Args, of: Entries, env: &mut Env<'_>) -> Result<Done, Failure> {
    let [name] = args.words.as_slice() else {
        // Here that is no failure.
        env.out.push_str(help::of(args.verb).unwrap_or_default());
        return Ok(Done::OK);
    };
    let file = file(args, env);
    if env.config.entry(of, name).is_none() {
        return Err(Failure::error(format!("cannot delete {} {name}, not in {file}", of.field())));
    }
    if of == Entries::Contexts && env.config.current() == name {
        env.error_line(
            "warning: this removed your active context, use \"kubectl config use-context\" to select a different one",
        );
    }
    env.config.remove(of, name);
    env.line(format!("deleted {} {name} from {file}", of.field()));
    Ok(Done::OK)
}

fn rename(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let [old, new] = args.words.as_slice() else { return Err(unexpected(args)) };
    let file = file(args, env);
    if new.is_empty() {
        return Err(Failure::error("You must specify a new non-empty context name"));
    }
    let Some(context) = env.config.entry(Entries::Contexts, old).cloned() else {
        return Err(Failure::error(format!("cannot rename the context {old:?}, it's not in {file}")));
    };
    if env.config.entry(Entries::Contexts, new).is_some() {
        return Err(Failure::error(format!(
            "cannot rename the context {old:?}, the context {new:?} already exists in {file}"
        )));
    }
    if env.config.current() == old {
        env.config.value["current-context"] = new.as_str().into();
    }
    env.config.remove(Entries::Contexts, old);
    env.config.put(Entries::Contexts, new, context);
    env.line(format!("Context {old:?} renamed to {new:?}."));
    Ok(Done::OK)
}

/// An entry in which empty values are left out.
struct Entry(Map<String, Value>);

impl Entry {
    fn set(&mut self, field: &str, value: impl Into<Value>) {
        let value = value.into();
        if value == json!("") || value == json!(false) {
            self.0.remove(field);
        } else {
            self.0.insert(field.into(), value);
        }
    }
    fn set_if_given(&mut self, args: &Args, flag: &str, field: &str) {
        if args.is_set(flag) {
            self.set(field, args.text(flag));
        }
    }
    /// A file: its contents, or where it is.
    fn set_file(&mut self, args: &Args, field: &str, env: &Env<'_>) {
        if !args.is_set(field) {
            return;
        }
        let path = args.text(field);
        let data = format!("{field}-data");
        if args.flag("embed-certs") {
            self.set(&data, BASE64_STANDARD.encode(env.host.read(path).unwrap_or_default()));
            self.0.remove(field);
        } else {
            self.set(field, absolute(&env.host.working_directory(), path));
            self.0.remove(&data);
        }
    }
}

/// That a file which is to be embedded is there.
fn must_exist(args: &Args, flag: &str, env: &Env<'_>) -> Result<(), Failure> {
    let path = args.text(flag);
    if path.is_empty() || env.host.read(path).is_ok() {
        return Ok(());
    }
    Err(Failure::error(format!("could not stat {flag} file {path}: stat {path}: no such file or directory")))
}

fn set_cluster(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let [name] = args.words.as_slice() else { return Err(unexpected(args)) };
    let authority = args.text("certificate-authority");
    if name.is_empty() {
        return Err(Failure::error("you must specify a non-empty cluster name"));
    }
    if args.flag("insecure-skip-tls-verify") && !authority.is_empty() {
        return Err(Failure::error("you cannot specify a certificate authority and insecure mode at the same time"));
    }
    if args.flag("embed-certs") {
        if authority.is_empty() {
            return Err(Failure::error("you must specify a --certificate-authority to embed"));
        }
        must_exist(args, "certificate-authority", env)?;
    }
    let old = env.config.entry(Entries::Clusters, name).and_then(Value::as_object).cloned();
    let mut c = Entry(old.unwrap_or_default());
    if args.is_set("server") {
        // Another server has another name.
        c.0.remove("tls-server-name");
    }
    c.set_if_given(args, "tls-server-name", "tls-server-name");
    if args.is_set("insecure-skip-tls-verify") {
        c.set("insecure-skip-tls-verify", args.flag("insecure-skip-tls-verify"));
        if args.flag("insecure-skip-tls-verify") {
            c.0.remove("certificate-authority");
            c.0.remove("certificate-authority-data");
        }
    }
    c.set_file(args, "certificate-authority", env);
    if !authority.is_empty() {
        c.0.remove("insecure-skip-tls-verify");
    }
    c.set_if_given(args, "proxy-url", "proxy-url");
    let server =
        if args.is_set("server") { args.text("server").into() } else { c.0.remove("server").unwrap_or("".into()) };
    c.0.insert("server".into(), server);
    env.config.put(Entries::Clusters, name, c.0.into());
    env.line(format!("Cluster {name:?} set."));
    Ok(Done::OK)
}

fn set_credentials(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let [name] = args.words.as_slice() else {
        let failure = unexpected(args);
        return Err(Failure { message: failure.message.replace("Unexpected", "unexpected"), ..failure });
    };
    check_credentials(name, args, env)?;
    let provider = pairs(args, "auth-provider-arg")?;
    let variables = pairs(args, "exec-env")?;
    let old = env.config.entry(Entries::Users, name).and_then(Value::as_object).cloned();
    let mut u = Entry(old.unwrap_or_default());
    u.set_file(args, "client-certificate", env);
    u.set_file(args, "client-key", env);
    for field in ["token", "username", "password"] {
        u.set_if_given(args, field, field);
    }
    // One way to say who one is puts an end to the other.
    let given = |flag: &str| !args.text(flag).is_empty();
    let (token, basic) = (given("token"), given("username") || given("password"));
    if token && !basic {
        u.0.remove("username");
        u.0.remove("password");
    } else if basic && !token {
        u.0.remove("token");
    }
    if args.is_set("auth-provider") && u.0.get("auth-provider").is_none_or(|p| p["name"] != args.text("auth-provider"))
    {
        u.0.insert("auth-provider".into(), json!({"name": args.text("auth-provider")}));
    }
    if let Some(p) = u.0.get_mut("auth-provider") {
        let mut config = p["config"].as_object().cloned().unwrap_or_default();
        config.retain(|k, _| !provider.gone.contains(k));
        config.extend(provider.set.iter().map(|(k, v)| (k.clone(), v.as_str().into())));
        p["config"] = config.into();
    }
    set_program(args, &mut u, &variables);
    env.config.put(Entries::Users, name, u.0.into());
    env.line(format!("User {name:?} set."));
    Ok(Done::OK)
}

fn check_credentials(name: &str, args: &Args, env: &Env<'_>) -> Result<(), Failure> {
    let refused = |text: &str| Err(Failure::error(text));
    let given = |flag: &str| !args.text(flag).is_empty();
    if name.is_empty() {
        return refused("you must specify a non-empty user name");
    }
    if given("token") && (given("username") || given("password")) {
        return refused(
            "you cannot specify more than one authentication method at the same time: --token, --username/--password",
        );
    }
    if args.flag("embed-certs") {
        if !given("client-certificate") && !given("client-key") {
            return refused("you must specify a --client-certificate or --client-key to embed");
        }
        must_exist(args, "client-certificate", env)?;
        must_exist(args, "client-key", env)?;
    }
    let mode = args.text("exec-interactive-mode");
    if args.is_set("exec-interactive-mode") && !["IfAvailable", "Always", "Never"].contains(&mode) {
        return refused("invalid interactive mode type, can be only IfAvailable, Never, Always");
    }
    Ok(())
}

/// The program that brings credentials.
fn set_program(args: &Args, u: &mut Entry, variables: &Pairs) {
    if args.is_set("exec-command") {
        let program = u.0.entry("exec").or_insert_with(|| json!({"env": null, "provideClusterInfo": false}));
        program["command"] = args.text("exec-command").into();
        program["args"] = Value::Null;
    }
    let Some(program) = u.0.get_mut("exec") else { return };
    for (flag, field) in [("exec-api-version", "apiVersion"), ("exec-interactive-mode", "interactiveMode")] {
        if args.is_set(flag) {
            program[field] = args.text(flag).into();
        }
    }
    if args.is_set("exec-arg") {
        program["args"] = args.list("exec-arg").into();
    }
    if args.is_set("exec-provide-cluster-info") {
        program["provideClusterInfo"] = args.flag("exec-provide-cluster-info").into();
    }
    let mut list = program["env"].as_array().cloned().unwrap_or_default();
    list.retain(|v| !variables.gone.iter().any(|n| v["name"] == n.as_str()));
    for (name, value) in &variables.set {
        match list.iter_mut().find(|v| v["name"] == name.as_str()) {
            Some(v) => v["value"] = value.as_str().into(),
            None => list.push(json!({"name": name, "value": value})),
        }
    }
    if !list.is_empty() || program["env"].is_array() {
        program["env"] = list.into();
    }
}

/// `name=value` sets, `name-` takes away.
#[derive(Default)]
struct Pairs {
    set: Vec<(String, String)>,
    gone: Vec<String>,
}

fn pairs(args: &Args, flag: &str) -> Result<Pairs, Failure> {
    let (mut out, mut bad) = (Pairs::default(), vec![]);
    for p in args.list(flag) {
        match (p.split_once('='), p.strip_suffix('-')) {
            (Some((name, value)), _) if !name.is_empty() => out.set.push((name.into(), value.into())),
            (_, Some(name)) if !name.is_empty() => out.gone.push(name.into()),
            _ => bad.push(p),
        }
    }
    if bad.is_empty() {
        return Ok(out);
    }
    let text = help::of(args.verb).unwrap_or_default().to_string();
    Err(Failure { stdout: text, ..Failure::error(format!("invalid {flag} format: {}", bad.join(", "))) })
}
