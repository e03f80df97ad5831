//! kubectl attach: what a running container prints from now on.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/attach/attach.go.

use serde_json::Value;

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
    if !quiet {
        note.into_iter().for_each(|n| env.error_line(n));
    }
    let wanted = Streams { stdin: args.flag("stdin"), tty: args.flag("tty") };
    Ok(Done::Follow(Box::new(begin(&o, &container, wanted, quiet, env)?)))
}

/// Attaches to a container of a pod that is known already.
pub fn begin(
    pod: &Value,
    container: &str,
    wanted: Streams,
    quiet: bool,
    env: &mut Env<'_>,
) -> Result<Attached, Failure> {
    let say = |line: &str, env: &mut Env<'_>| {
        if !quiet {
            env.error_line(line)
        }
    };
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    let named = |l: &&str| pod["spec"][*l].as_array().is_some_and(|l| l.iter().any(|c| c["name"] == container));
    let list = lists.into_iter().find(named).unwrap_or("containers");
    let mut all = pod["spec"][list].as_array().into_iter().flatten();
    let has_terminal = all.any(|c| c["name"] == container && c["tty"] == true);
    if wanted.tty && !has_terminal {
        say(&format!("error: Unable to use a TTY - container {container} did not allocate one"), env);
    }
    // A container that was made with a terminal is always talked to by one.
    let at_terminal = env.terminal && env.stdin.is_none();
    if wanted.stdin && has_terminal && !at_terminal {
        say("Unable to use a TTY - input is not a terminal or the right kind of file", env);
    }
    let streams = Streams { stdin: wanted.stdin, tty: has_terminal && wanted.stdin && at_terminal };
    say(RECORDED, env);
    say(PROMPT, env);
    let name = pod["metadata"]["name"].as_str().unwrap_or("").to_string();
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or("").to_string();
    let refused = |why: String| Err(Failure::error(format!("unable to upgrade connection: {why}")));
    if pod["spec"]["nodeName"].as_str().unwrap_or("").is_empty() {
        return refused(format!("pod {name} does not have a host assigned"));
    }
    let again = match list {
        "ephemeralContainers" => "the ephemeral container will not be restarted but may be reattached using",
        _ => "resume using",
    };
    let if_still = if list == "ephemeralContainers" { " if it is still running" } else { " command" };
    let farewell =
        format!("Session ended, {again} 'kubectl attach {name} -c {container} -n {namespace} -i -t'{if_still}");
    let at = InPod { namespace, pod: name, container: Some(container.to_string()) };
    let op = env.api.attach(&at, streams).map_err(|s| {
        if s.message.starts_with("container ") {
            Failure::error(format!("unable to upgrade connection: {}", s.message))
        } else {
            Failure::status(&s)
        }
    })?;
    let to = Connected::new(op, streams.stdin, streams.tty, env);
    Ok(Attached { to, farewell: (streams.tty && !quiet).then_some(farewell) })
}

pub struct Attached {
    to: Connected,
    /// What a person at a terminal is told at the end.
    farewell: Option<String>,
}

impl Follow for Attached {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        let progress = self.to.poll(env)?.unwrap_or(Progress::Exit(0));
        if let Some(farewell) = self.farewell.take_if(|_| matches!(progress, Progress::Exit(_))) {
            env.line(farewell);
        }
        Ok(progress)
    }

    fn typed(&mut self, what: &Talk, env: &mut Env<'_>) {
        self.to.typed(what, env);
    }

    fn stop(&mut self, env: &mut Env<'_>) {
        self.to.leave(env);
    }

    fn ends(&self) -> bool {
        false
    }
}
