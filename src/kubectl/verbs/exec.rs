//! kubectl exec: a command in a container.

use super::logs::pod_of;
use crate::api::ops::Talk;
use crate::api::request::Request;
use crate::api::{Duration, Resource, kinds};
use crate::kubectl::args::{FILENAME, Type};
use crate::kubectl::containers;
use crate::kubectl::env::{InPod, Streams};
use crate::kubectl::remote::{Connected, LONGEST_PROGRAM};
use crate::kubectl::resources::object;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static EXEC: Verb = Verb {
    name: "exec",
    summary: "Execute a command in a container",
    flags: &[&[
        Flag::new("container", Type::Text).short('c'),
        Flag::new("stdin", Type::Bool).short('i'),
        Flag::new("tty", Type::Bool).short('t'),
        Flag::new("quiet", Type::Bool).short('q'),
        Flag::new("pod-running-timeout", Type::Duration).default("1m0s"),
        FILENAME,
    ]],
    completes: Completes::Pods,
    run: exec,
};

fn exec(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let Some(dash) = args.dash else {
        if args.words.len() > 1 {
            return Err(Failure::plain(
                "error: exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead\nSee 'kubectl exec -h' for help and examples",
            ));
        }
        let missing = if args.words.is_empty() && args.list("filename").is_empty() {
            "pod, type/name or --filename must be specified"
        } else {
            "you must specify at least one command for the container"
        };
        return Err(Failure::error(missing));
    };
    let command: Vec<String> = args.words[dash..].to_vec();
    if command.is_empty() {
        return Err(Failure::error("you must specify at least one command for the container"));
    }
    let stdin = args.flag("stdin");
    let tty = args.flag("tty") && stdin && env.terminal && env.stdin.is_none();
    if args.flag("tty") && stdin && !tty {
        env.error_line("Unable to use a TTY - input is not a terminal or the right kind of file");
    }
    let (pod, _) = pod_of(args.word(0), "attach to", env)?;
    let ns = env.namespace.clone();
    let o = env.call(&Request::get(object(kinds::Pod::kind_ref(), &ns, &pod)))?;
    if let phase @ ("Succeeded" | "Failed") = o["status"]["phase"].as_str().unwrap_or("") {
        return Err(Failure::error(format!(
            "cannot exec into a container in a completed pod; current phase is {phase}"
        )));
    }
    let wanted = args.is_set("container").then(|| args.text("container"));
    let (container, note) = containers::chosen(&o, wanted)?;
    if !args.flag("quiet") {
        note.into_iter().for_each(|n| env.error_line(n));
    }
    let at = InPod { namespace: ns, pod, container: Some(container) };
    let op = env.api.exec(&at, &command, Streams { stdin, tty }).map_err(|s| {
        if s.message.starts_with("error dialing") || s.message.ends_with("does not have a host assigned") {
            Failure::error(format!("unable to upgrade connection: {}", s.message))
        } else if s.message.starts_with("unable to") {
            Failure::error(s.message)
        } else {
            Failure::status(&s)
        }
    })?;
    Ok(Done::Follow(Box::new(Running(Connected::new(op, stdin, tty, env)))))
}

struct Running(Connected);

impl Follow for Running {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        let ended = match self.0.poll(env)? {
            Ok(progress) => return Ok(progress),
            Err(outcome) => outcome,
        };
        let code = ended.exit_code();
        if code != 0 {
            env.error_line(format!("command terminated with exit code {code}"));
        }
        Ok(Progress::Exit(code))
    }

    fn typed(&mut self, what: &Talk, env: &mut Env<'_>) {
        self.0.typed(what, env);
    }

    /// Real Kubernetes: the command goes on without kubectl, unless it reads or writes.
    fn stop(&mut self, env: &mut Env<'_>) {
        self.0.leave(env);
    }

    fn ends(&self) -> bool {
        self.0.goes_on()
    }

    fn longest(&self) -> Duration {
        LONGEST_PROGRAM
    }
}
