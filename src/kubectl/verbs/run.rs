//! kubectl run: one pod, from an image; with `-i`, `-t` or `--attach` its output follows.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/run/run.go.

use serde_json::{Map, Value, json};

use super::create::{say_made, submit};
use crate::api::ops::Talk;
use crate::api::request::{Method, Request};
use crate::api::{Duration, Reason, Resource, Status, Time, kinds};
use crate::kubectl::args::{
    DELETING, DRY_RUN_FLAG, DryRun, FILENAME, OUTPUT, RECURSIVE, SAVE_CONFIG, Type, field_manager,
};
use crate::kubectl::env::{InPod, Streams};
use crate::kubectl::manifests::Validate;
use crate::kubectl::printers::Format;
use crate::kubectl::record::{self, RECORD};
use crate::kubectl::remote::Connected;
use crate::kubectl::resources::object;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static RUN: Verb = Verb {
    name: "run",
    summary: "Run a particular image on the cluster",
    flags: &[
        &[
            Flag::new("image", Type::Text),
            Flag::new("labels", Type::Text).short('l'),
            Flag::new("env", Type::Array),
            Flag::new("port", Type::Text),
            Flag::new("restart", Type::Text).default("Always"),
            Flag::new("command", Type::Bool),
            Flag::new("rm", Type::Bool),
            Flag::new("attach", Type::Bool),
            Flag::new("stdin", Type::Bool).short('i'),
            Flag::new("tty", Type::Bool).short('t'),
            Flag::new("image-pull-policy", Type::Text),
            Flag::new("expose", Type::Bool),
            Flag::new("privileged", Type::Bool),
            Flag::new("annotations", Type::Array),
            Flag::new("overrides", Type::Text),
            Flag::new("override-type", Type::Text).default("merge").absent(),
            Flag::new("pod-running-timeout", Type::Duration).default("1m0s"),
            Flag::new("quiet", Type::Bool).short('q'),
        ],
        &[
            DRY_RUN_FLAG,
            SAVE_CONFIG,
            field_manager("kubectl-run"),
            Flag::new("detach-keys", Type::Text).default("ctrl-p,ctrl-q"),
            Flag::new("leave-stdin-open", Type::Bool).absent(),
            Flag::new("force", Type::Bool).absent(),
            FILENAME.absent(),
            RECURSIVE.absent(),
            Flag::new("kustomize", Type::Text).short('k').absent(),
        ],
        &[DELETING[0].absent(), DELETING[1].absent(), DELETING[2].absent(), DELETING[3].absent()],
        RECORD,
        OUTPUT,
    ],
    completes: Completes::Nothing,
    run,
};

fn run(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    args.require(&["image"])?;
    if args.words.is_empty() {
        return Err(Failure::see("NAME is required for run", "run"));
    }
    let (dry, format) = (DryRun::of(args)?, Format::of(args)?);
    let attached = args.flag("attach") || args.flag("stdin");
    check(args, attached, dry)?;
    let mut pod = pod_of(args)?;
    if args.is_set("overrides") {
        let overrides: Value =
            serde_json::from_str(args.text("overrides")).map_err(|_| Failure::error("Invalid JSON Patch"))?;
        json_patch::merge(&mut pod, &overrides);
    }
    let mut objects = vec![];
    if args.flag("expose") {
        objects.push((kinds::Service::kind_ref(), service_of(args, &pod)));
    }
    objects.push((kinds::Pod::kind_ref(), pod));
    let ns = env.namespace.clone();
    for (i, (kind, mut value)) in objects.into_iter().enumerate() {
        if env.namespace_given {
            value["metadata"]["namespace"] = ns.clone().into();
        }
        record::mark(args, &mut value);
        let made = submit(kind, &ns, value, dry, Validate::Strict, env).map_err(|s| Failure::status(&s))?;
        if i > 0 && format == Format::Yaml {
            // One from the printer and one from `run` itself.
            env.line("---\n---");
        }
        if !attached || kind != kinds::Pod::kind_ref() {
            say_made(args, &format, kind, &made, "created", dry, env)?;
        }
    }
    if !attached {
        return Ok(Done::OK);
    }
    let at_terminal = env.terminal && env.stdin.is_none();
    if args.flag("tty") && !at_terminal {
        env.error_line("Unable to use a TTY - input is not a terminal or the right kind of file");
    }
    Ok(Done::Follow(Box::new(Attached {
        namespace: ns,
        name: args.word(0).to_string(),
        remove: args.flag("rm"),
        quiet: args.flag("quiet"),
        restarts: args.text("restart") == "Always",
        deadline: env.now() + args.duration("pod-running-timeout"),
        started: None,
        stdin: args.flag("stdin"),
        tty: args.flag("tty") && at_terminal,
        from: From::Nowhere,
        shown: 0,
    })))
}

/// What does not go together is refused before anything is made.
fn check(args: &Args, attached: bool, dry: DryRun) -> Result<(), Failure> {
    let image = args.text("image");
    if crate::api::image::ImageRef::parse(image).is_none() {
        return Err(Failure::error(format!("Invalid image name {image:?}: invalid reference format")));
    }
    let refused = |text: String| Err(Failure::see(text, "run"));
    if args.flag("tty") && !args.flag("stdin") {
        return refused("-i/--stdin is required for containers with -t/--tty=true".into());
    }
    if args.flag("expose") && args.text("port").is_empty() {
        return refused("--port must be set when exposing a service".into());
    }
    if !["Always", "OnFailure", "Never"].contains(&args.text("restart")) {
        return refused(format!("invalid restart policy: {}", args.text("restart")));
    }
    if args.flag("rm") && !attached {
        return refused("--rm should only be used for attached containers".into());
    }
    if attached && dry != DryRun::None {
        return refused(
            "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)"
                .into(),
        );
    }
    if !["", "Always", "IfNotPresent", "Never"].contains(&args.text("image-pull-policy")) {
        return refused(format!("invalid image pull policy: {}", args.text("image-pull-policy")));
    }
    Ok(())
}

/// `a=b` of each of a flag's values.
fn pairs(list: Vec<String>, bad: &str) -> Result<Map<String, Value>, Failure> {
    let mut out = Map::new();
    for text in list {
        let Some((k, v)) = text.split_once('=').filter(|(k, _)| !k.is_empty()) else {
            return Err(Failure::error(format!("{bad}: {text}")));
        };
        out.insert(k.into(), v.into());
    }
    Ok(out)
}

/// What `--labels` says. Real Kubernetes: k8s.io/kubectl/pkg/generate/generate.go ParseLabels.
pub fn labels_of(text: &str) -> Result<Map<String, Value>, Failure> {
    let one = |spec: &str| match *spec.split('=').collect::<Vec<_>>() {
        ["", _] => Err(Failure::error("unexpected empty label key")),
        [key, value] => Ok((key.to_string(), value.into())),
        _ => Err(Failure::error(format!("unexpected label spec: {spec}"))),
    };
    if text.is_empty() { Ok(Map::new()) } else { text.split(',').map(one).collect() }
}

fn pod_of(args: &Args) -> Result<Value, Failure> {
    let name = args.word(0);
    let extra: Vec<String> = match args.dash {
        Some(d) => args.words[d.max(1)..].to_vec(),
        None => args.words[1..].to_vec(),
    };
    let mut labels = labels_of(args.text("labels"))?;
    if labels.is_empty() {
        labels.insert("run".into(), name.into());
    }
    let annotations = pairs(args.list("annotations"), "invalid annotations format")?;
    let mut container = json!({"name": name, "image": args.text("image"), "resources": {}});
    if !extra.is_empty() {
        container[if args.flag("command") { "command" } else { "args" }] = json!(extra);
    }
    if args.is_set("port") {
        let Ok(port) = args.text("port").parse::<i64>() else {
            return Err(Failure::error(format!("strconv.Atoi: parsing {:?}: invalid syntax", args.text("port"))));
        };
        container["ports"] = json!([{"containerPort": port}]);
    }
    if args.is_set("image-pull-policy") {
        container["imagePullPolicy"] = args.text("image-pull-policy").into();
    }
    for (flag, field) in [("stdin", "stdin"), ("tty", "tty")] {
        if args.flag(flag) {
            container[field] = true.into();
        }
    }
    if args.flag("stdin") {
        container["stdinOnce"] = true.into();
    }
    if args.flag("privileged") {
        container["securityContext"] = json!({"privileged": true});
    }
    let mut vars = vec![];
    for e in args.list("env") {
        let Some((k, v)) = e.split_once('=').filter(|(k, _)| is_variable(k)) else {
            return Err(Failure::error(format!("invalid env: {e}")));
        };
        vars.push(json!({"name": k, "value": v}));
    }
    if !vars.is_empty() {
        container["env"] = vars.into();
    }
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": args.text("restart")}, "status": {}});
    if !annotations.is_empty() {
        pod["metadata"]["annotations"] = annotations.into();
    }
    Ok(pod)
}

fn is_variable(key: &str) -> bool {
    key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && key.chars().next().is_some_and(|c| !c.is_ascii_digit())
}

/// `--expose`: a Service on the pod's port, for its labels.
fn service_of(args: &Args, pod: &Value) -> Value {
    let port = &pod["spec"]["containers"][0]["ports"][0]["containerPort"];
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": args.word(0)},
        "spec": {"ports": [{"port": port, "protocol": "TCP", "targetPort": port}], "selector": pod["metadata"]["labels"]},
        "status": {"loadBalancer": {}}})
}

/// The kubelet notices up to a second late that a container has ended: what ends that soon is not there to attach to.
const REACH: Duration = Duration::from_millis(1200);

const RECORDED: &str = "All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.\nIf you don't see a command prompt, try pressing enter.";

/// The output of a new pod, until it ends. What ended before it was reached is read from its log.
struct Attached {
    namespace: String,
    name: String,
    remove: bool,
    quiet: bool,
    restarts: bool,
    deadline: Time,
    started: Option<Time>,
    stdin: bool,
    tty: bool,
    from: From,
    /// So many lines of the log were shown.
    shown: usize,
}

/// Where what is shown comes from.
enum From {
    /// It has not been reached yet.
    Nowhere,
    Stream(Connected),
    /// One cannot attach to it.
    Log,
    /// The stream has ended. That is heard of before the pod's status says so.
    Ended,
}

impl Attached {
    /// What the log has more than was shown of it.
    fn read(&mut self, env: &mut Env<'_>) -> Result<(), Status> {
        let lines = match env.api.logs(&self.namespace, &self.name, None, false) {
            Err(s) if s.is(Reason::Forbidden) => return Err(s),
            lines => lines.unwrap_or_default(),
        };
        for (_, line) in lines.iter().skip(self.shown) {
            env.line(line);
        }
        self.shown = lines.len();
        Ok(())
    }

    /// What was printed before comes from the log, and everything where one cannot attach.
    /// Real Kubernetes: run.go handleAttachPod.
    fn reach(&mut self, running: bool, env: &mut Env<'_>) -> Result<(), Status> {
        if !self.quiet {
            env.error_line(RECORDED);
        }
        let attached = match running {
            true => {
                if let Err(s) = self.read(env) {
                    env.error_line(format!("warning: couldn't fetch pre-attach logs: {}", s.message));
                }
                let at = InPod { namespace: self.namespace.clone(), pod: self.name.clone(), container: None };
                env.api.attach(&at, Streams { stdin: self.stdin, tty: self.tty }).map_err(|s| s.message)
            }
            false => Err(format!(
                "unable to upgrade connection: container {0} not found in pod {0}_{1}",
                self.name, self.namespace
            )),
        };
        match attached {
            Ok(op) => {
                self.from = From::Stream(Connected::new(op, self.stdin, self.tty, env));
                return Ok(());
            }
            Err(why) => {
                env.error_line(format!(
                    "warning: couldn't attach to pod/{}, falling back to streaming logs: {why}",
                    self.name
                ));
                if !running {
                    self.read(env)?;
                }
                // The whole log follows what was read of it before.
                self.shown = 0;
                self.from = From::Log;
            }
        }
        self.read(env)
    }

    fn end(&mut self, pod: &Value, env: &mut Env<'_>) -> Progress {
        self.delete(env);
        let ended = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
        let code = ended["exitCode"].as_i64().and_then(|c| i32::try_from(c).ok()).unwrap_or(0);
        if code != 0 && !self.restarts {
            let reason = ended["reason"].as_str().unwrap_or("Error");
            env.error_line(format!("pod {}/{} terminated ({reason})", self.namespace, self.name));
            return Progress::Exit(code);
        }
        Progress::Exit(0)
    }

    fn delete(&mut self, env: &mut Env<'_>) {
        if !std::mem::take(&mut self.remove) {
            return;
        }
        let path = object(kinds::Pod::kind_ref(), &self.namespace, &self.name);
        if env.try_call(&Request::new(Method::Delete, path)).is_ok() && !self.quiet {
            env.line(format!("pod {:?} deleted from {} namespace", self.name, self.namespace));
        }
    }
}

impl Follow for Attached {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        let path = object(kinds::Pod::kind_ref(), &self.namespace, &self.name);
        let pod = env.call(&Request::get(path))?;
        let state = &pod["status"]["containerStatuses"][0]["state"];
        let over = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        let now = env.now();
        if self.started.is_none() && !over && !state["running"].is_object() {
            if now >= self.deadline {
                self.delete(env);
                return Err(Failure::error("timed out waiting for the condition"));
            }
            return Ok(Progress::Waiting(Some(self.deadline)));
        }
        let reached = *self.started.get_or_insert(now) + REACH;
        if matches!(self.from, From::Nowhere) && !over && now < reached {
            return Ok(Progress::Waiting(Some(reached)));
        }
        let read = match self.from {
            From::Nowhere => self.reach(state["running"].is_object(), env),
            From::Log => self.read(env),
            From::Stream(_) | From::Ended => Ok(()),
        };
        if let Err(s) = read {
            self.delete(env);
            return Err(Failure::status(&s));
        }
        if let From::Stream(to) = &mut self.from {
            match to.poll(env)? {
                Err(_) => self.from = From::Ended,
                Ok(Progress::Input) => return Ok(Progress::Input),
                Ok(_) => {}
            }
        }
        if over || self.restarts && !state["running"].is_object() {
            return Ok(self.end(&pod, env));
        }
        Ok(Progress::Waiting(None))
    }

    fn typed(&mut self, what: &Talk, env: &mut Env<'_>) {
        if let From::Stream(to) = &mut self.from {
            to.typed(what, env);
        }
    }

    fn stop(&mut self, env: &mut Env<'_>) {
        if let From::Stream(to) = &mut self.from {
            to.end(env);
        }
        self.delete(env);
    }
}
