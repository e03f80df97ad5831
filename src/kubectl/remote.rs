//! A command that runs in a container, as kubectl follows it: what it prints is shown, what is typed is passed on.
//! Real Kubernetes: k8s.io/client-go/tools/remotecommand.

use super::env::{Env, Progress, Remote};
use super::failure::Failure;
use crate::api::ops::{Stream, Talk};
use crate::api::{Duration, OpId, Outcome};

/// A program that does not end is left after this.
pub const LONGEST_PROGRAM: Duration = Duration::from_secs(600);

/// The near end of it.
#[derive(Clone, Debug)]
pub struct Connected {
    op: OpId,
    /// What is typed, or comes through a pipe, goes there.
    stdin: bool,
    tty: bool,
    /// It will go on by itself.
    goes_on: bool,
}

impl Connected {
    /// What came through a pipe is sent at once; where nobody types there is no more.
    pub fn new(op: OpId, stdin: bool, tty: bool, env: &mut Env<'_>) -> Connected {
        let piped = env.stdin.take();
        if stdin && (piped.is_some() || !env.terminal) {
            env.api.talk(op, &Talk::Input(piped.unwrap_or_default().into_bytes()));
            env.api.talk(op, &Talk::EndOfInput);
        }
        Connected { op, stdin, tty, goes_on: true }
    }

    /// Shows what came, and tells how the command ended, if it has.
    pub fn poll(&mut self, env: &mut Env<'_>) -> Result<Result<Progress, Outcome>, Failure> {
        let remote = env.api.remote(self.op);
        for (stream, text) in env.api.said(self.op) {
            let text = String::from_utf8_lossy(&text);
            // A terminal has one output.
            match stream {
                Stream::Err if !self.tty => env.complain(&text),
                _ => env.out.push_str(&text),
            }
        }
        self.goes_on = matches!(remote, Remote::Running { goes_on: true });
        Ok(match remote {
            Remote::Running { .. } => Ok(Progress::Waiting(None)),
            Remote::AwaitsInput if self.stdin && env.terminal => Ok(Progress::Input),
            Remote::AwaitsInput => Ok(Progress::Waiting(None)),
            // Kubelet's runtime does not answer: the connection did not come about.
            Remote::Done(Outcome::Failed { message }) if message.starts_with("rpc error: code = Unavailable") => {
                return Err(Failure::error(format!("unable to upgrade connection: {message}")));
            }
            Remote::Done(Outcome::Failed { message }) => return Err(Failure::error(message)),
            Remote::Done(outcome) => Err(outcome),
        })
    }

    /// The same for whoever ends as it does.
    pub fn follow(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        Ok(self.poll(env)?.unwrap_or_else(|outcome| Progress::Exit(outcome.exit_code())))
    }

    /// Shows what came last, and leaves.
    pub fn end(&mut self, env: &mut Env<'_>) {
        let _ = self.poll(env);
        self.leave(env);
    }

    pub fn typed(&mut self, what: &Talk, env: &mut Env<'_>) {
        if self.stdin || *what == Talk::Interrupt {
            env.api.talk(self.op, what);
        }
    }

    /// Whether it may end without anybody doing anything.
    pub fn goes_on(&self) -> bool {
        self.goes_on
    }

    pub fn leave(&mut self, env: &mut Env<'_>) {
        env.api.talk(self.op, &Talk::Leave);
    }
}
