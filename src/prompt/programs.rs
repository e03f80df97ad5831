//! Programs at the prompt that talk to the network: `curl`, `wget` and the like, on the learner's own machine, or, where there is none
//! but the node, on that.

use super::session::{Output, Session};
use crate::api::ops::{RuntimeCall, Talk};
use crate::api::{Duration, Op, Outcome};
use crate::kubectl::remote::{Connected, LONGEST_PROGRAM};
use crate::kubectl::{Env, Failure, Follow, Progress};
use crate::ledger::Root;

/// A program that runs on a machine.
struct Running(Connected);

impl Follow for Running {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        Ok(match self.0.poll(env)? {
            Ok(progress) => progress,
            Err(Outcome::Ended { code }) => Progress::Exit(code),
            Err(_) => Progress::Exit(0),
        })
    }

    fn typed(&mut self, what: &Talk, env: &mut Env<'_>) {
        self.0.typed(what, env);
    }

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

pub fn run(s: &mut Session, line: &str, words: &[String]) -> Output {
    let plan = s.cluster.plan.clone();
    let host = s.cluster.own_host();
    let mut command = words.to_vec();
    // In recordings the node's address stands so.
    if let Some(ip) = plan.nodes.first().map(|n| n.ip.clone()) {
        command.iter_mut().for_each(|w| *w = w.replace("NODE_IP", &ip));
    }
    let cause = s.cluster.world.root("curl", Root::Command(line.into()));
    let piped = s.stdin.is_some();
    let call = RuntimeCall::RunOnHost { host: host.clone(), command, stdin: piped, tty: s.terminal && !piped };
    let op = s.cluster.world.call(Op::Runtime { node: host, call }, cause);
    let mut out = Output::default();
    let connected = s.in_env(cause, &mut out, |env| Ok(Connected::new(op, piped, false, env)));
    if let Some(c) = connected {
        s.follow_typing(Box::new(Running(c)), cause, &mut out);
    }
    out
}
