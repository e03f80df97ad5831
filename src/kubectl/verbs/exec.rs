//! kubectl exec: a command in a container.

use super::logs::pod_of;
use crate::api::{OpId, Outcome};
use crate::kubectl::args::{FILES, Type};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static EXEC: Verb = Verb {
    name: "exec",
    summary: "Execute a command in a container",
    flags: &[
        &[
            Flag::new("container", Type::Text).short('c'),
            Flag::new("stdin", Type::Bool).short('i'),
            Flag::new("tty", Type::Bool).short('t'),
            Flag::new("quiet", Type::Bool).short('q'),
            Flag::new("pod-running-timeout", Type::Duration).default("1m0s"),
        ],
        FILES,
    ],
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
        return Err(Failure::see("you must specify at least one command for the container", "exec"));
    };
    let command: Vec<String> = args.words[dash..].to_vec();
    if command.is_empty() {
        return Err(Failure::see("you must specify at least one command for the container", "exec"));
    }
    if args.flag("tty") && args.flag("stdin") {
        env.error_line("Unable to use a TTY - input is not a terminal or the right kind of file");
    }
    let (pod, container) = pod_of(args.word(0), env)?;
    let wanted = if args.is_set("container") { Some(args.text("container").to_string()) } else { container };
    if wanted.is_some() && !args.is_set("container") && !args.flag("quiet") {
        let o =
            env.call(&crate::api::request::Request::get(format!("/api/v1/namespaces/{}/pods/{pod}", env.namespace)))?;
        let names: Vec<&str> =
            o["spec"]["containers"].as_array().into_iter().flatten().filter_map(|c| c["name"].as_str()).collect();
        if names.len() > 1 {
            env.error_line(format!("Defaulted container {:?} out of: {}", names[0], names.join(", ")));
        }
    }
    let ns = env.namespace.clone();
    let op = env.api.exec(&ns, &pod, wanted.as_deref(), &command).map_err(|s| {
        if s.message.starts_with("error dialing") {
            Failure::error(format!("unable to upgrade connection: {}", s.message))
        } else if s.message.starts_with("unable to") {
            Failure::error(s.message)
        } else {
            Failure::status(&s)
        }
    })?;
    Ok(Done::Follow(Box::new(Running(op))))
}

struct Running(OpId);

impl Follow for Running {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        match env.api.exec_result(self.0) {
            None => Ok(Progress::Waiting(None)),
            Some(Outcome::Executed { code, stdout, stderr }) => {
                env.out.push_str(&stdout);
                env.err.push_str(&stderr);
                if code != 0 {
                    env.error_line(format!("command terminated with exit code {code}"));
                }
                Ok(Progress::Exit(code))
            }
            Some(Outcome::Failed { message }) => Err(Failure::error(message)),
            Some(_) => Ok(Progress::Exit(0)),
        }
    }
}
