//! kubectl debug: a container to look around with, in a running pod, in a copy of one, or on a node.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/debug/debug.go.

use serde_json::{Map, Value, json};

use super::create::suffix;
use super::debug_attach::{Debugging, Stage};
use super::debug_profiles::{Keep, Profile, Style};
use crate::api::image::ImageRef;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::schema::TypeId;
use crate::api::{Resource, Status, kinds, strategic, yaml};
use crate::kubectl::args::{FILENAME, Type};
use crate::kubectl::env::Streams;
use crate::kubectl::resources::{Found, by_name, collection, fetch, joined, named, object, placed};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static DEBUG: Verb = Verb {
    name: "debug",
    summary: "Create debugging sessions for troubleshooting workloads and nodes",
    flags: &[&[
        FILENAME,
        Flag::new("arguments-only", Type::Bool),
        Flag::new("attach", Type::Bool),
        Flag::new("container", Type::Text).short('c'),
        Flag::new("copy-to", Type::Text),
        Flag::new("replace", Type::Bool),
        Flag::new("env", Type::Pairs),
        Flag::new("image", Type::Text),
        Flag::new("keep-labels", Type::Bool),
        Flag::new("keep-annotations", Type::Bool),
        Flag::new("keep-liveness", Type::Bool),
        Flag::new("keep-readiness", Type::Bool),
        Flag::new("keep-startup", Type::Bool),
        Flag::new("keep-init-containers", Type::Bool).default("true"),
        Flag::new("set-image", Type::Pairs),
        Flag::new("image-pull-policy", Type::Text),
        Flag::new("stdin", Type::Bool).short('i'),
        Flag::new("quiet", Type::Bool).short('q'),
        Flag::new("same-node", Type::Bool),
        Flag::new("share-processes", Type::Bool).default("true"),
        Flag::new("target", Type::Text),
        Flag::new("tty", Type::Bool).short('t'),
        Flag::new("profile", Type::Text).default("general"),
        Flag::new("custom", Type::Text),
    ]],
    completes: Completes::Pods,
    run: debug,
};

/// The command line, read.
struct Wish<'a> {
    args: &'a Args,
    /// What the new container is to run.
    words: &'a [String],
    profile: Profile,
    keep: Keep,
    /// A part of a container that is laid over what the profile says.
    custom: Option<Value>,
}

fn debug(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let (targets, words) = args.words.split_at(args.dash.unwrap_or(args.words.len()));
    let profile = Profile::named(args.text("profile"))?;
    let custom = custom(args.text("custom"), env)?;
    let wish = Wish { args, words, profile, keep: Keep::of(args), custom };
    wish.check(targets)?;
    if !args.text("target").is_empty() && !args.flag("quiet") {
        env.line(format!(
            "Targeting container {:?}. If you don't see processes from this container it may be because the container runtime doesn't support this feature.",
            args.text("target")
        ));
    }
    if args.flag("tty") && !args.flag("stdin") {
        return Err(Failure::error("-i/--stdin is required for containers with -t/--tty=true"));
    }
    if let Some(c) = &wish.custom
        && ["name", "command", "image", "lifecycle", "volumeDevices"].iter().any(|k| !c[*k].is_null())
    {
        return Err(Failure::error(
            "name, command, image, lifecycle and volume devices are not modifiable via custom profile",
        ));
    }
    if profile == Profile::Legacy {
        env.error_line(
            "--profile=legacy is deprecated and planned to be removed in v1.39. It is recommended to specify other profile, for example \"--profile=general\".",
        );
    }
    let mut session = None;
    for found in wanted(args, targets, env)? {
        let (namespace, pod, container) = match found.kind.name() {
            "Node" => wish.on_node(&found, env)?,
            "Pod" if args.text("copy-to").is_empty() => wish.within(&found, env)?,
            "Pod" => wish.beside(&found, env)?,
            other => {
                let version = found.kind.api_version();
                let what = format!("{version}, Kind={other}");
                let what = if version.contains('/') { what } else { format!("/{what}") };
                return Err(Failure::error(format!("{what:?} not supported by debug")));
            }
        };
        let attaches = if args.is_set("attach") { args.flag("attach") } else { args.flag("stdin") };
        if attaches && !container.is_empty() {
            session = Some(Debugging {
                namespace,
                pod,
                container,
                wanted: Streams { stdin: args.flag("stdin"), tty: args.flag("tty") },
                quiet: args.flag("quiet"),
                stage: Stage::Waiting(String::new()),
            });
        }
    }
    Ok(session.map_or(Done::OK, |s| Done::Follow(Box::new(s))))
}

/// What is to be looked into: pods, if nothing else is said.
fn wanted(args: &Args, words: &[String], env: &mut Env<'_>) -> Result<Vec<Found>, Failure> {
    if args.names_files() {
        let (found, failures) = fetch(args, &[], env)?;
        return if failures.is_empty() { Ok(found) } else { Err(joined(failures)) };
    }
    let mut out = vec![];
    for word in words {
        let (kind, name) = env.mapped(|m| named(word, kinds::Pod::kind_ref(), m))?;
        let ns = env.namespace.clone();
        let o = by_name(&Request::get(object(kind, &ns, &name)), placed(kind, &ns), env)
            .map_err(|s| Failure::status(&s))?;
        out.push(Found::of(kind, o));
    }
    Ok(out)
}

fn custom(path: &str, env: &mut Env<'_>) -> Result<Option<Value>, Failure> {
    if path.is_empty() {
        return Ok(None);
    }
    let text = env.host.read(path).map_err(|why| {
        Failure::error(format!("must pass a container spec json file for custom profile: open {path}: {why}"))
    })?;
    let read = serde_json::from_str(&text).ok().or_else(|| yaml::parse_new(&text).ok().flatten());
    match read.filter(Value::is_object) {
        Some(v) => Ok(Some(v)),
        None => Err(Failure::error(format!("{path} does not contain a valid container spec"))),
    }
}

impl Wish<'_> {
    fn check(&self, targets: &[String]) -> Result<(), Failure> {
        let (args, refused) = (self.args, |text: String| Err(Failure::error(text)));
        let image = args.text("image");
        let changed = args.pairs("set-image");
        let bad = "invalid reference format";
        if args.flag("attach") && image.is_empty() && args.text("container").is_empty() {
            return refused(
                "you must specify --container or create a new container using --image in order to attach.".into(),
            );
        }
        let copies = !args.text("copy-to").is_empty();
        if copies && image.is_empty() && changed.is_empty() && self.words.is_empty() {
            return refused("you must specify --image, --set-image or command arguments.".into());
        }
        if copies && !self.words.is_empty() && args.text("container").is_empty() && image.is_empty() {
            return refused("you must specify an existing container or a new image when specifying args.".into());
        }
        if !copies {
            let alone = [
                ("replace", args.flag("replace")),
                ("same-node", args.flag("same-node")),
                ("set-image", !changed.is_empty()),
            ];
            if let Some((flag, _)) = alone.into_iter().find(|(_, given)| *given) {
                return refused(format!("--{flag} may only be used with --copy-to."));
            }
            if image.is_empty() {
                return refused("you must specify --image when not using --copy-to.".into());
            }
        }
        if !image.is_empty() && ImageRef::parse(image).is_none() {
            return refused(format!("invalid image name {image:?}: {bad}"));
        }
        if targets.is_empty() && args.list("filename").is_empty() {
            return refused("NAME or filename is required for debug".into());
        }
        let policy = args.text("image-pull-policy");
        if !["", "Always", "IfNotPresent", "Never"].contains(&policy) {
            return refused(format!("invalid image pull policy: {policy}"));
        }
        if let Some((name, image)) = changed.iter().find(|(_, image)| ImageRef::parse(image).is_none()) {
            return refused(format!("invalid image name {image:?} for container {name:?}: {bad}"));
        }
        if copies && !args.text("target").is_empty() {
            return refused("--target is incompatible with --copy-to. Use --share-processes instead.".into());
        }
        Ok(())
    }

    fn env(&self) -> Value {
        self.args.pairs("env").into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
    }

    /// A new container that does what the command line says.
    fn container(&self, name: &str) -> Value {
        let args = self.args;
        let mut c =
            json!({"name": name, "image": args.text("image"), "resources": {}, "terminationMessagePolicy": "File"});
        let variables = self.env();
        if variables.as_array().is_some_and(|l| !l.is_empty()) {
            c["env"] = variables;
        }
        if !args.text("image-pull-policy").is_empty() {
            c["imagePullPolicy"] = args.text("image-pull-policy").into();
        }
        for flag in ["stdin", "tty"].into_iter().filter(|f| args.flag(f)) {
            c[flag] = true.into();
        }
        if !self.words.is_empty() {
            c[if args.flag("arguments-only") { "args" } else { "command" }] = json!(self.words);
        }
        c
    }

    /// The name of the debugging container in a pod that has others.
    fn name(&self, pod: &Value, env: &mut Env<'_>) -> String {
        if !self.args.text("container").is_empty() {
            return self.args.text("container").into();
        }
        let name = loop {
            let name = format!("debugger-{}", suffix(env.api.number()));
            if list_of(pod, &name).is_none() {
                break name;
            }
        };
        if !self.args.flag("quiet") {
            env.line(format!("Defaulting debug container name to {name}."));
        }
        name
    }

    /// What the profile and the file of `--custom` make of the pod.
    fn shape(&self, pod: &mut Value, name: &str, style: Style) -> Result<(), Failure> {
        self.profile.apply(pod, name, style, self.keep);
        let Some(over) = &self.custom else { return Ok(()) };
        let list = if style == Style::Ephemeral { "ephemeralContainers" } else { "containers" };
        let found = pod["spec"][list].as_array_mut().and_then(|l| l.iter_mut().find(|c| c["name"] == name));
        let Some(c) = found else {
            return Err(Failure::error(format!("unable to find the {name} container in the pod")));
        };
        strategic::apply(c, over, TypeId::by_name("core/v1.Container"))
            .map_err(|_| Failure::error("error creating three way patch to add debug container: invalid JSON document"))
    }

    fn within(&self, target: &Found, env: &mut Env<'_>) -> Result<(String, String, String), Failure> {
        let pod = (*target.object).clone();
        let name = self.name(&pod, env);
        let mut container = self.container(&name);
        if !self.args.text("target").is_empty() {
            container["targetContainerName"] = self.args.text("target").into();
        }
        let mut wanted = pod.clone();
        match wanted["spec"]["ephemeralContainers"].as_array_mut() {
            Some(list) => list.push(container),
            None => wanted["spec"]["ephemeralContainers"] = json!([container]),
        }
        self.shape(&mut wanted, &name, Style::Ephemeral)?;
        warn(&wanted, wanted["spec"]["ephemeralContainers"].as_array().and_then(|l| l.last()), env);
        let patch = strategic::diff(&pod, &wanted, target.kind.layout());
        let path = format!("{}/ephemeralcontainers", target.path());
        env.call(&Request::new(Method::Patch(PatchType::Strategic), path).body(patch))?;
        Ok((target.namespace.clone(), target.name.clone(), name))
    }

    fn beside(&self, target: &Found, env: &mut Env<'_>) -> Result<(String, String, String), Failure> {
        let (copy, name) = self.copy(&target.object, env)?;
        warn(&copy, copy["spec"]["containers"].as_array().and_then(|l| l.iter().find(|c| c["name"] == *name)), env);
        let made = create(&target.namespace, copy, env).map_err(|s| Failure::status(&s))?;
        if self.args.flag("replace") {
            let request = Request::new(Method::Delete, target.path()).body(json!({"gracePeriodSeconds": 0}));
            env.call(&request)?;
        }
        Ok((target.namespace.clone(), made, name))
    }

    /// A copy of a pod, and the container in it that is to be attached to, if any.
    fn copy(&self, pod: &Value, env: &mut Env<'_>) -> Result<(Value, String), Failure> {
        let args = self.args;
        let mut meta: Map<String, Value> = Map::new();
        meta.insert("name".into(), args.text("copy-to").into());
        for key in ["namespace", "labels", "annotations"] {
            if !pod["metadata"][key].is_null() {
                meta.insert(key.into(), pod["metadata"][key].clone());
            }
        }
        let mut copy = json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod["spec"], "status": {}});
        if let Some(spec) = copy["spec"].as_object_mut() {
            spec.remove("ephemeralContainers");
            if args.is_set("share-processes") {
                spec.insert("shareProcessNamespace".into(), args.flag("share-processes").into());
            }
            if !args.flag("same-node") {
                spec.remove("nodeName");
            }
        }
        let images = args.pairs("set-image");
        for c in copy["spec"]["containers"].as_array_mut().into_iter().flatten() {
            let image = images.get(c["name"].as_str().unwrap_or("")).or_else(|| images.get("*"));
            if let Some(image) = image.filter(|i| !i.is_empty()) {
                c["image"] = image.as_str().into();
            }
        }
        let mut name = args.text("container").to_string();
        if list_of(&copy, &name).is_none() {
            if args.text("image").is_empty() {
                return match images.is_empty() {
                    false => Ok((copy, String::new())),
                    true => Err(Failure::error("you must specify image when creating new container")),
                };
            }
            name = self.name(&copy, env);
            let new = json!({"name": name, "resources": {}, "terminationMessagePolicy": "File"});
            copy["spec"]["containers"].as_array_mut().into_iter().for_each(|l| l.push(new.clone()));
        }
        let list = list_of(&copy, &name).unwrap_or("containers");
        let over = self.container(&name);
        let found = copy["spec"][list].as_array_mut().and_then(|l| l.iter_mut().find(|c| c["name"] == *name));
        if let Some(c) = found.and_then(Value::as_object_mut) {
            if !self.words.is_empty() && !args.flag("arguments-only") {
                c.remove("args");
            }
            for flag in ["stdin", "tty"] {
                c.remove(flag);
            }
            let given = ["image", "env", "imagePullPolicy", "stdin", "tty", "command", "args"];
            for key in given.into_iter().filter(|k| !over[*k].is_null() && over[*k] != "") {
                c.insert(key.into(), over[key].clone());
            }
        }
        self.shape(&mut copy, &name, Style::Copy)?;
        Ok((copy, name))
    }

    fn on_node(&self, node: &Found, env: &mut Env<'_>) -> Result<(String, String, String), Failure> {
        let container = match self.args.text("container") {
            "" => "debugger",
            own => own,
        };
        let name = format!("node-debugger-{}-{}", node.name, suffix(env.api.number()));
        if !self.args.flag("quiet") {
            env.line(format!("Creating debugging pod {name} with container {container} on node {}.", node.name));
        }
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "kubectl-debug"}},
            "spec": {"containers": [self.container(container)], "nodeName": node.name, "restartPolicy": "Never",
                "tolerations": [{"operator": "Exists"}]},
            "status": {}});
        self.shape(&mut pod, container, Style::Node)?;
        let namespace = env.namespace.clone();
        create(&namespace, pod, env).map_err(|s| Failure::status(&s))?;
        Ok((namespace, name, container.into()))
    }
}

/// In which list of a pod's spec a container stands.
fn list_of(pod: &Value, name: &str) -> Option<&'static str> {
    let named = |l: &&str| pod["spec"][*l].as_array().is_some_and(|l| l.iter().any(|c| c["name"] == name));
    ["containers", "initContainers", "ephemeralContainers"].into_iter().find(named)
}

fn create(namespace: &str, pod: Value, env: &mut Env<'_>) -> Result<String, Status> {
    let request = Request::new(Method::Post, collection(kinds::Pod::kind_ref(), namespace)).body(pod);
    let made = env.try_call(&request)?;
    Ok(made["metadata"]["name"].as_str().unwrap_or("").to_string())
}

/// Who is not root can do little with what a profile grants.
fn warn(pod: &Value, container: Option<&Value>, env: &mut Env<'_>) {
    let context = container.map_or(&Value::Null, |c| &c["securityContext"]);
    let of_pod = pod["spec"]["securityContext"]["runAsUser"].as_i64().unwrap_or(0);
    let grants = context["privileged"] == true
        || context["capabilities"]["add"].as_array().is_some_and(|added| !added.is_empty());
    if of_pod != 0 && context["runAsUser"] != 0 && grants {
        env.error_line("Warning: Non-root user is configured for the entire target Pod, and some capabilities granted by debug profile may not work. Please consider using \"--custom\" with a custom profile that specifies \"securityContext.runAsUser: 0\".");
    }
}
