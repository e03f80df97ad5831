//! What runs in a container: a server, or a shell with its script. Plain data, so it can be copied and resumed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalogue::{Behaviour, Image};
use super::programs::{self, Run, System};
use super::shell::{Pause, Shell};
use super::web::Server;
use crate::api::ops::ContainerSpec;
use crate::api::{Duration, Time};

#[derive(Clone, Debug)]
pub enum Process {
    /// Answers on a port; ends with 0 at SIGTERM.
    Server(Arc<Server>),
    /// Interprets a script.
    Shell(Box<Shell>),
    /// Does nothing until it is killed: a `sleep` that is process 1 ignores SIGTERM.
    Sleeping,
}

/// What a process does next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// Nothing by itself.
    Waits,
    WakesAt(Time),
    Exits(i32),
}

/// A program that cannot be started at all: the runtime's message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CannotStart(pub String);

const SIGKILL: i32 = 9;

impl Process {
    /// Starts what the command asks for, or what the image does by itself.
    pub fn start(
        image: &Image,
        command: &[String],
        args: &[String],
        env: impl FnOnce() -> BTreeMap<String, String>,
        cwd: &str,
        sys: &mut System<'_>,
    ) -> Result<(Process, Next), CannotStart> {
        let own_program = command.is_empty();
        // Arguments alone go to the image's own program; a server takes any.
        if let Behaviour::Server(s) = &image.behaviour
            && own_program
        {
            return Ok((Process::Server(s.clone()), Next::Waits));
        }
        let words: Vec<String> = command.iter().chain(args).cloned().collect();
        let (words, script) = match &image.behaviour {
            _ if !words.is_empty() => (words, None),
            Behaviour::Script(s) => (vec![], Some(s.clone())),
            Behaviour::Print { lines, code } => {
                for l in lines {
                    sys.stdout.push_str(&format!("{l}\n"));
                }
                return Ok((Process::Sleeping, Next::Exits(*code)));
            }
            _ => return Ok((Process::Sleeping, Next::Exits(0))),
        };
        let env = env();
        let mut shell = Box::new(Shell::new(env.clone(), cwd));
        let text = match script {
            Some(s) => s,
            None => {
                let name = &words[0];
                if !programs::exists(name) && sys.files.read(name).is_err() {
                    let stat = not_found(name);
                    return Err(CannotStart(format!(
                        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: \
                         unable to start container process: error during container init: exec: {name:?}: {stat}: unknown"
                    )));
                }
                match programs::run(&words, &env, cwd, sys) {
                    Run::Done(code) => return Ok((Process::Sleeping, Next::Exits(code))),
                    Run::Sleep(d) => return Ok((Process::Sleeping, sleeping(sys.now, d))),
                    Run::Serve(s) => return Ok((Process::Server(s), Next::Waits)),
                    Run::Script { text, args } => {
                        shell.args = args;
                        text
                    }
                }
            }
        };
        if let Err(e) = shell.load(&text) {
            sys.stderr.push_str(&format!("{e}\n"));
            return Ok((Process::Sleeping, Next::Exits(2)));
        }
        let mut p = Process::Shell(shell);
        let next = p.resume(sys);
        Ok((p, next))
    }

    /// Goes on after a sleep.
    pub fn resume(&mut self, sys: &mut System<'_>) -> Next {
        let Process::Shell(shell) = self else { return Next::Exits(0) };
        match shell.run(sys) {
            Pause::Exit(code) => Next::Exits(code),
            Pause::Sleep(d) => sleeping(sys.now, d),
            Pause::Serve(server) => {
                *self = Process::Server(server);
                Next::Waits
            }
        }
    }

    /// A signal. `None`: the process ignores it, as process 1 does when it has no handler.
    pub fn signal(&mut self, signal: i32, sys: &mut System<'_>) -> Option<Next> {
        match self {
            _ if signal == SIGKILL => Some(Next::Exits(137)),
            Process::Server(_) => Some(Next::Exits(0)),
            Process::Sleeping => None,
            Process::Shell(shell) => {
                let name = if signal == 2 { "INT" } else { "TERM" };
                shell.signal(name).then(|| self.resume(sys))
            }
        }
    }

    /// Whether it works as much as it gets to, instead of waiting for something.
    pub fn is_busy(&self) -> bool {
        matches!(self, Process::Shell(shell) if shell.is_busy())
    }

    pub fn server(&self) -> Option<&Arc<Server>> {
        match self {
            Process::Server(s) => Some(s),
            _ => None,
        }
    }
}

/// What a program in a container finds in its environment: the image's variables under those of the pod.
pub fn environment(image: &BTreeMap<String, String>, spec: &ContainerSpec) -> BTreeMap<String, String> {
    let mut env = image.clone();
    env.entry("PATH".into()).or_insert_with(|| "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into());
    env.insert("HOSTNAME".into(), spec.hostname.clone());
    env.entry("HOME".into()).or_insert_with(|| "/root".into());
    env.extend(spec.links.iter().chain(&spec.env).map(|(k, v)| (k.clone(), v.clone())));
    env
}

/// Why a program cannot be run, as runc says it.
pub fn not_found(name: &str) -> String {
    if name.contains('/') {
        format!("stat {name}: no such file or directory")
    } else {
        "executable file not found in $PATH".into()
    }
}

fn sleeping(now: Time, d: Duration) -> Next {
    Next::WakesAt(now + d)
}
