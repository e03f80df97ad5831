//! kubectl attach: what a running container prints from now on.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/attach/attach.go.

use super::logs::pod_of;
use crate::api::ops::Talk;
use crate::api::request::Request;
use crate::api::{Resource, kinds};
use crate::kubectl::args::Type;
use crate::kubectl::containers;
use crate::kubectl::env::{InPod, Streams};
use crate::kubectl::remote::Connected;
use crate::kubectl::resources::object;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static ATTACH: Verb = Verb {
    name: "attach",
    summary: "Attach to a running container",
    flags: &[&[
        Flag::new("container", Type::Text).short('c'),
        Flag::new("stdin", Type::Bool).short('i'),
        Flag::new("tty", Type::Bool).short('t'),
        Flag::new("quiet", Type::Bool).short('q'),
        Flag::new("detach-keys", Type::Text).default("ctrl-p,ctrl-q"),
        Flag::new("pod-running-timeout", Type::Duration).default("1m0s"),
    ]],
    completes: Completes::Pods,
    run: attach,
};

const RECORDED: &str = "All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.";
const PROMPT: &str = "If you don't see a command prompt, try pressing enter.";

fn attach(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let word = match args.words.as_slice() {
        [] => return Err(Failure::error("at least 1 argument is required for attach")),
        [one] => one.clone(),
        [kind, name] => format!("{kind}/{name}"),
        many => {
            return Err(Failure::error(format!(
                "expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw {}: [{}]",
                many.len(),
                many.join(" ")
            )));
        }
    };
    if args.duration("pod-running-timeout").is_zero() {
        return Err(Failure::error("--pod-running-timeout must be higher than zero"));
    }
    let (pod, _) = pod_of(&word, "attach to", env)?;
    let path = object(kinds::Pod::kind_ref(), &env.namespace, &pod);
    let o = env.call(&Request::get(&path))?;
    if let phase @ ("Succeeded" | "Failed") = o["status"]["phase"].as_str().unwrap_or("") {
        return Err(Failure::error(format!("cannot attach a container in a completed pod; current phase is {phase}")));
    }
    let wanted = args.is_set("container").then(|| args.text("container"));
    let (container, note) = containers::chosen(&o, wanted).map_err(|f| {
        let why = f.message.strip_prefix("error: ").unwrap_or(&f.message).to_string();
        Failure::error(format!("cannot attach to the container: {why}"))
    })?;
    let quiet = args.flag("quiet");
    let mut say = |line: &str| {
        if !quiet {
            env.error_line(line)
        }
    };
    note.iter().for_each(|n| say(n));
    let mut all = o["spec"]["containers"].as_array().into_iter().flatten();
    let stdin = args.flag("stdin");
    let has_terminal = all.any(|c| c["name"] == container.as_str() && c["tty"] == true);
    if args.flag("tty") && !has_terminal {
        say(&format!("error: Unable to use a TTY - container {container} did not allocate one"));
    }
    let tty = args.flag("tty") && has_terminal;
    say(RECORDED);
    say(PROMPT);
    let refused = |why: String| Err(Failure::error(format!("unable to upgrade connection: {why}")));
    if o["spec"]["nodeName"].as_str().unwrap_or("").is_empty() {
        return refused(format!("pod {pod} does not have a host assigned"));
    }
    let at = InPod { namespace: env.namespace.clone(), pod: pod.clone(), container: Some(container.clone()) };
    let op = env.api.attach(&at, Streams { stdin, tty }).map_err(|s| {
        if s.message.starts_with("container ") {
            Failure::error(format!("unable to upgrade connection: {}", s.message))
        } else {
            Failure::status(&s)
        }
    })?;
    Ok(Done::Follow(Box::new(Attached(Connected::new(op, stdin, tty, env)))))
}

struct Attached(Connected);

impl Follow for Attached {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        Ok(self.0.poll(env)?.unwrap_or(Progress::Exit(0)))
    }

    fn typed(&mut self, what: &Talk, env: &mut Env<'_>) {
        self.0.typed(what, env);
    }

    fn stop(&mut self, env: &mut Env<'_>) {
        self.0.leave(env);
    }

    fn ends(&self) -> bool {
        false
    }
}
