//! Programs at the prompt that talk to the network: `curl`, `wget` and the like, on the learner's own machine, or, where there is none
//! but the node, on that.

use super::session::{Output, Session, follows};
use crate::api::ops::{RuntimeCall, Talk};
use crate::api::{Duration, Op, OpId, RecordId};
use crate::kubectl::remote::{Connected, LONGEST_PROGRAM};
use crate::kubectl::{Env, Failure, Follow, Progress};
use crate::ledger::Root;

/// What Ctrl-C does to a program that one follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CtrlC {
    /// One looks no longer, and it goes on if it can.
    Leaves,
    Interrupts,
}

/// A program that runs on a machine or in a container.
struct Running {
    near: Connected,
    op: OpId,
    ctrl_c: CtrlC,
}

impl Follow for Running {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        self.near.follow(env)
    }

    fn typed(&mut self, what: &Talk, env: &mut Env<'_>) {
        self.near.typed(what, env);
    }

    fn stop(&mut self, env: &mut Env<'_>) {
        if self.ctrl_c == CtrlC::Interrupts {
            env.api.talk(self.op, &Talk::Interrupt);
        }
        self.near.leave(env);
    }

    fn ends(&self) -> bool {
        self.near.goes_on()
    }

    fn longest(&self) -> Duration {
        LONGEST_PROGRAM
    }
}

/// Follows it to its end, or until it wants to be typed to.
pub(super) fn follow(
    s: &mut Session,
    op: OpId,
    (stdin, tty): (bool, bool),
    ctrl_c: CtrlC,
    cause: RecordId,
    mut out: Output,
) -> Output {
    let connected = s.in_env(cause, &mut out, |env| Ok(Connected::new(op, stdin, tty, env)));
    if let Some(near) = connected {
        s.follow_typing(Box::new(Running { near, op, ctrl_c }), cause, &mut out);
    }
    out
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
    // Who stops these wants to see what came of them.
    let counts = ["ping", "traceroute"].contains(&words[0].as_str());
    let ctrl_c = if counts { CtrlC::Interrupts } else { CtrlC::Leaves };
    let mut out = follow(s, op, (piped, false), ctrl_c, cause, Output::default());
    // Who only looks at pages has no story; what was asked of the API server through them has.
    if s.cluster.world.ledger.since(cause).any(|r| follows(r, cause)) && !s.is_attached() {
        s.last_line = line.into();
        s.story_from = cause;
        s.after_command(&mut out);
    }
    out
}
