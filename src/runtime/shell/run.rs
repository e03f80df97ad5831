//! Walks through statements with an explicit stack: a script that waits is data until it goes on.

use std::sync::Arc;

use super::expand::{Expansion, Stop};
use super::input::Next;
use super::script::{Case, For, Loop, Stmt, Test};
use super::state::{Flavor, Shell, Variable};
use super::{builtins, test, waiting};
use crate::api::Time;
use crate::runtime::kernel::{Errno, Fd, ProcessId, Program, Reaction, Signal, Step, Sys, Wait};

/// Statements that run without letting others have a turn.
const TURN: u32 = 200;
/// How deep functions may call one another.
pub(super) const MAX_DEPTH: u32 = 200;
const MOST_FRAMES: usize = 4_000;

/// What is still to be done. `tested`: a failure here ends nothing, whatever `set -e` says.
#[derive(Clone, Debug)]
pub enum Frame {
    Sequence {
        list: Arc<Vec<Stmt>>,
        next: usize,
        tested: bool,
    },
    One {
        stmt: Stmt,
        tested: bool,
    },
    Chain {
        and: bool,
        second: Arc<Stmt>,
        tested: bool,
    },
    IfArm {
        arms: Arc<Vec<(Option<Stmt>, Stmt)>>,
        i: usize,
        tested: bool,
    },
    /// The condition has been tried. `status` is that of the last round.
    LoopCheck {
        of: Arc<Loop>,
        tested: bool,
        status: i32,
    },
    LoopBody {
        of: Arc<Loop>,
        tested: bool,
    },
    For {
        of: Arc<For>,
        values: Arc<Vec<String>>,
        i: usize,
        tested: bool,
    },
    CountCheck {
        condition: Arc<Stmt>,
        body: Arc<Stmt>,
        update: Arc<Stmt>,
        tested: bool,
    },
    CountBody {
        condition: Arc<Stmt>,
        body: Arc<Stmt>,
        update: Arc<Stmt>,
        tested: bool,
    },
    Negate,
    /// Descriptors are put back.
    Restore(Vec<(Fd, usize)>),
    /// A function returns: the caller's arguments, and variables that were local.
    Return {
        args: Vec<String>,
        locals: Vec<(String, Option<Variable>)>,
    },
    /// Variables that were set for one command.
    Unset(Vec<(String, Option<Variable>)>),
    /// A script that was read in ends.
    Sourced,
    /// A trap's action is over: the status that was before.
    Trapped(i32),
    /// A program in the foreground.
    Child(ProcessId),
    Children {
        all: Vec<ProcessId>,
        codes: Vec<Option<i32>>,
        negate: bool,
        tested: bool,
    },
    /// A command within a word runs; then the statement is begun anew.
    Substituting {
        stmt: Stmt,
        tested: bool,
        known: Vec<String>,
        child: ProcessId,
        fd: Fd,
        data: Vec<u8>,
    },
    /// A builtin that waits.
    Builtin(builtins::Waiting),
    /// The rest of a script that could not be read.
    Complain {
        text: String,
        line: usize,
    },
    /// What `set -e` asks for after a command.
    Check,
    /// How long something took is said.
    Timed {
        since: Time,
        posix: bool,
    },
}

impl Program for Shell {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        for _ in 0..TURN {
            if let Some(wait) = self.flush(sys) {
                return Step::Wait(wait);
            }
            if let Some(code) = self.exiting {
                match self.leave(code, sys) {
                    Some(code) => return Step::Exit(code),
                    None => continue,
                }
            }
            if let Some(step) = self.step(sys) {
                return step;
            }
            if std::mem::take(&mut self.yields) {
                break;
            }
        }
        Step::Again
    }

    fn signal(&mut self, signal: Signal) -> Reaction {
        match self.traps.get(&signal.name()) {
            Some(action) if action.is_empty() => Reaction::Ignored,
            Some(_) => {
                self.pending.push(signal);
                Reaction::Noted
            }
            None if self.input.is_interactive() && signal == Signal::INT => {
                self.input.interrupt();
                self.pending.push(signal);
                Reaction::Noted
            }
            // A shell that talks to somebody is not ended by these.
            None if self.input.is_interactive() && [Signal::TERM, Signal::QUIT].contains(&signal) => Reaction::Ignored,
            None => Reaction::Default,
        }
    }

    fn as_any(&mut self) -> Option<&mut dyn std::any::Any> {
        Some(self)
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

impl Shell {
    /// Writes what did not fit before.
    fn flush(&mut self, sys: &mut Sys<'_>) -> Option<Wait> {
        while let Some((fd, data)) = self.unwritten.first_mut() {
            match sys.drain(*fd, data) {
                Ok(false) => return Some(Wait::writable(*fd)),
                Ok(true) => drop(self.unwritten.remove(0)),
                Err(e) => {
                    self.unwritten.clear();
                    if e == Errno::BrokenPipe {
                        self.traps.clear();
                        self.exiting = Some(141);
                    }
                }
            }
        }
        None
    }

    pub(super) fn push(&mut self, s: &Stmt, tested: bool) {
        if self.frames.len() > MOST_FRAMES {
            self.exiting = Some(2);
            return;
        }
        match s {
            Stmt::Sequence(list) => self.frames.push(Frame::Sequence { list: list.clone(), next: 0, tested }),
            other => self.frames.push(Frame::One { stmt: other.clone(), tested }),
        }
    }

    /// On the way out: the action for that runs first.
    fn leave(&mut self, code: i32, sys: &mut Sys<'_>) -> Option<i32> {
        while let Some(f) = self.frames.pop() {
            self.unwind(f, sys);
        }
        match self.traps.remove("EXIT").filter(|a| !a.is_empty()) {
            Some(action) => {
                self.exiting = None;
                self.status = code;
                self.input.end();
                self.frames.push(Frame::Trapped(code));
                self.load(&action);
                None
            }
            None => Some(code),
        }
    }

    /// A frame that is left before its time.
    pub(super) fn unwind(&mut self, frame: Frame, sys: &mut Sys<'_>) {
        match frame {
            Frame::Restore(kept) => sys.put_back(kept),
            Frame::Return { args, locals } => self.back_from_function(args, locals),
            Frame::Unset(old) => self.put_back(old),
            Frame::Substituting { fd, .. } => {
                self.undo = None;
                sys.close(fd);
            }
            _ => {}
        }
    }

    fn put_back(&mut self, old: Vec<(String, Option<Variable>)>) {
        for (name, value) in old.into_iter().rev() {
            match value {
                Some(v) => self.vars.insert(name, v),
                None => self.vars.remove(&name),
            };
        }
    }

    fn back_from_function(&mut self, args: Vec<String>, locals: Vec<(String, Option<Variable>)>) {
        self.args = args;
        self.depth = self.depth.saturating_sub(1);
        self.put_back(locals);
    }

    /// A trap that is due, unless a program in the foreground has to end first.
    fn begin_trap(&mut self) -> bool {
        let waits =
            matches!(self.frames.last(), Some(Frame::Child(_) | Frame::Children { .. } | Frame::Substituting { .. }));
        if self.pending.is_empty() || waits {
            return false;
        }
        let signal = self.pending.remove(0);
        if self.input.is_interactive() && signal == Signal::INT && !self.traps.contains_key("INT") {
            return false;
        }
        let Some(action) = self.traps.get(&signal.name()).cloned() else { return false };
        // What waits on purpose is over.
        if matches!(self.frames.last(), Some(Frame::Builtin(builtins::Waiting::Processes { .. }))) {
            self.frames.pop();
            self.status = 128 + signal.0;
        }
        self.frames.push(Frame::Trapped(self.status));
        self.load(&action);
        true
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Option<Step> {
        if self.begin_trap() {
            return None;
        }
        let Some(frame) = self.frames.pop() else { return self.more(sys) };
        match frame {
            Frame::Sequence { list, next, tested } => {
                let s = list.get(next)?.clone();
                if next + 1 < list.len() {
                    self.frames.push(Frame::Sequence { list, next: next + 1, tested });
                }
                return self.begin(&s, tested, vec![], sys);
            }
            Frame::One { stmt, tested } => return self.begin(&stmt, tested, vec![], sys),
            Frame::Chain { and, second, tested } => {
                if (self.status == 0) == and {
                    self.push(&second, tested);
                }
            }
            Frame::IfArm { arms, i, tested } => {
                if self.status == 0 {
                    self.push(&arms[i].1.clone(), tested);
                } else {
                    self.status = 0;
                    self.begin_arm(arms, i + 1, tested);
                }
            }
            Frame::LoopCheck { of, tested, status } => {
                if (self.status == 0) != of.until {
                    self.frames.push(Frame::LoopBody { of: of.clone(), tested });
                    self.push(&of.body, tested);
                } else {
                    self.status = status;
                }
            }
            Frame::LoopBody { of, tested } => self.begin_round(of, tested, self.status),
            Frame::For { of, values, i, tested } => self.begin_value(of, values, i, tested),
            Frame::CountCheck { condition, body, update, tested } => {
                if self.status == 0 {
                    self.frames.push(Frame::CountBody { condition, body: body.clone(), update, tested });
                    self.push(&body, tested);
                } else {
                    self.status = 0;
                }
            }
            Frame::CountBody { condition, body, update, tested } => {
                self.frames.push(Frame::CountCheck {
                    condition: condition.clone(),
                    body,
                    update: update.clone(),
                    tested,
                });
                self.push(&condition, true);
                self.push(&update, true);
            }
            Frame::Negate => self.status = i32::from(self.status == 0),
            Frame::Restore(kept) => sys.put_back(kept),
            Frame::Return { args, locals } => self.back_from_function(args, locals),
            Frame::Unset(old) => self.put_back(old),
            Frame::Sourced => {}
            Frame::Trapped(status) => self.status = status,
            Frame::Child(id) => return self.wait_for(id, sys),
            Frame::Children { all, codes, negate, tested } => {
                return self.wait_for_all(all, codes, negate, tested, sys);
            }
            Frame::Substituting { stmt, tested, known, child, fd, data } => {
                return self.read_substitution(stmt, tested, known, child, fd, data, sys);
            }
            Frame::Builtin(waiting) => return waiting::go_on(self, waiting, sys),
            Frame::Complain { text, line } => {
                self.line = line;
                self.complain(&text, sys);
                self.status = 2;
                self.exiting = Some(2);
            }
            Frame::Check => self.check(),
            Frame::Timed { since, posix } => self.say_time(since, posix, sys),
        }
        None
    }

    /// Nothing is left of what was read: the next command, if there is one.
    fn more(&mut self, sys: &mut Sys<'_>) -> Option<Step> {
        if self.input.is_interactive() && !self.pending.is_empty() {
            self.pending.clear();
            self.status = 130;
        }
        match self.next_command(sys) {
            Next::Command(s) => {
                self.push(&s, false);
                None
            }
            Next::Wait(w) => Some(Step::Wait(w)),
            Next::Wrong(e) => {
                self.complain(&e.text(), sys);
                self.status = 2;
                if !self.input.is_interactive() {
                    self.exiting = Some(2);
                }
                None
            }
            Next::End => {
                self.exiting = Some(self.status);
                None
            }
        }
    }

    fn say_time(&mut self, since: Time, posix: bool, sys: &mut Sys<'_>) {
        let took = sys.now.since(since);
        let (minutes, seconds) = (took.as_secs() / 60, took.as_secs_f64() % 60.0);
        let text = match (posix, self.flavor) {
            (true, _) => format!("real {:.2}\nuser 0.00\nsys 0.00\n", took.as_secs_f64()),
            (_, Flavor::Bash) => {
                format!("\nreal\t{minutes}m{seconds:.3}s\nuser\t0m0.000s\nsys\t0m0.000s\n")
            }
            _ => format!("real\t{minutes}m {seconds:.2}s\nuser\t0m 0.00s\nsys\t0m 0.00s\n"),
        };
        self.print(2, text.as_bytes(), sys);
    }

    /// A command has failed where nobody looks at it.
    fn check(&mut self) {
        if self.options.errexit && self.status != 0 {
            self.exiting = Some(self.status);
        }
    }

    pub(super) fn check_after(&mut self, tested: bool) {
        if !tested && self.options.errexit {
            self.frames.push(Frame::Check);
        }
    }

    fn begin_arm(&mut self, arms: Arc<Vec<(Option<Stmt>, Stmt)>>, i: usize, tested: bool) {
        match arms.get(i).cloned() {
            None => self.status = 0,
            Some((None, body)) => self.push(&body, tested),
            Some((Some(condition), _)) => {
                self.frames.push(Frame::IfArm { arms, i, tested });
                self.push(&condition, true);
            }
        }
    }

    fn begin_round(&mut self, of: Arc<Loop>, tested: bool, status: i32) {
        self.frames.push(Frame::LoopCheck { of: of.clone(), tested, status });
        self.push(&of.condition, true);
    }

    fn begin_value(&mut self, of: Arc<For>, values: Arc<Vec<String>>, i: usize, tested: bool) {
        let Some(v) = values.get(i).cloned() else { return };
        if self.set(&of.variable, v).is_err() {
            self.status = 2;
            return;
        }
        self.frames.push(Frame::For { of: of.clone(), values, i: i + 1, tested });
        self.push(&of.body, tested);
    }

    /// Begins a statement. `known`: the outputs of commands in its words that have run already.
    pub(super) fn begin(&mut self, s: &Stmt, tested: bool, known: Vec<String>, sys: &mut Sys<'_>) -> Option<Step> {
        match s {
            Stmt::Sequence(_) => self.push(s, tested),
            // `set -n`: it is only read.
            _ if self.options.noexec && !self.input.is_interactive() => {}
            Stmt::Simple(simple) => return self.simple(simple, s, tested, known, sys),
            Stmt::Timed { body, posix } => {
                self.frames.push(Frame::Timed { since: sys.now, posix: *posix });
                self.push(body, tested);
            }
            Stmt::Chain { first, and, second } => {
                self.frames.push(Frame::Chain { and: *and, second: second.clone(), tested });
                self.push(first, true);
            }
            Stmt::If { arms } => self.begin_arm(arms.clone(), 0, tested),
            Stmt::Loop(of) => {
                self.status = 0;
                self.begin_round(of.clone(), tested, 0);
            }
            Stmt::For(of) => {
                let values = self.expanding(s, tested, known, sys, |e| {
                    let mut all = vec![];
                    for w in &of.words {
                        all.extend(e.fields(w)?);
                    }
                    Ok(all)
                });
                if let Ok(values) = values {
                    self.status = 0;
                    self.begin_value(of.clone(), Arc::new(values), 0, tested);
                }
            }
            Stmt::Count { start, condition, body, update } => {
                let begun = super::arithmetic::evaluate(self, start);
                if let Err(e) = begun {
                    self.fail(&e, sys);
                    return None;
                }
                let frame = Frame::CountCheck {
                    condition: condition.clone(),
                    body: body.clone(),
                    update: update.clone(),
                    tested,
                };
                self.frames.push(frame);
                self.push(condition, true);
            }
            Stmt::Case(case) => self.case(case, s, tested, known, sys),
            Stmt::Function { name, body } => {
                self.functions.insert(name.clone(), body.clone());
                self.status = 0;
            }
            Stmt::Subshell(body) => {
                let mut child = self.fork(sys);
                child.push(body, tested);
                let fds = sys.fds();
                self.start(child, fds, sys);
                self.check_after_child(tested);
            }
            Stmt::Background(body) => self.background(body, sys),
            Stmt::Pipeline { stages, negate } => self.pipeline(stages, *negate, tested, sys),
            Stmt::Redirected { body, redirects } => {
                let kept = self.redirected(redirects, s, tested, known, sys)?;
                self.frames.push(Frame::Restore(kept));
                self.push(body, tested);
            }
            Stmt::Test(t) => {
                let found = self.expanding(s, tested, known, sys, |e| extended(t, e));
                if let Ok(well) = found {
                    self.status = i32::from(!well);
                    self.check_after(tested);
                }
            }
        }
        None
    }

    fn case(&mut self, case: &Arc<Case>, s: &Stmt, tested: bool, known: Vec<String>, sys: &mut Sys<'_>) {
        let found = self.expanding(s, tested, known, sys, |e| {
            let word = e.single(&case.word)?;
            for (i, arm) in case.arms.iter().enumerate() {
                for p in &arm.patterns {
                    if e.pattern(p)?.matches(&word) {
                        return Ok(Some(i));
                    }
                }
            }
            Ok(None)
        });
        let Ok(found) = found else { return };
        self.status = 0;
        let Some(first) = found else { return };
        let through = case.arms[first..].iter().take_while(|a| a.falls_through).count();
        let last = (first + through).min(case.arms.len() - 1);
        for arm in case.arms[first..=last].iter().rev() {
            self.push(&arm.body, tested);
        }
    }

    /// Expands words. If a command has to run first, the statement is put by, to be begun anew after that.
    pub(super) fn expanding<R>(
        &mut self,
        stmt: &Stmt,
        tested: bool,
        known: Vec<String>,
        sys: &mut Sys<'_>,
        act: impl FnOnce(&mut Expansion<'_, '_>) -> Result<R, Stop>,
    ) -> Result<R, ()> {
        self.undo = Some(vec![]);
        let mut e = Expansion { sh: self, sys, known: &known, used: 0 };
        match act(&mut e) {
            Ok(r) => {
                self.undo = None;
                Ok(r)
            }
            Err(Stop::Substitute(script)) => {
                self.roll_back();
                self.substitute(stmt.clone(), tested, known, &script, sys);
                Err(())
            }
            Err(Stop::Error(what)) => {
                self.undo = None;
                self.fail(&what, sys);
                Err(())
            }
        }
    }

    /// An error that a shell which nobody talks to does not survive.
    pub(super) fn fail(&mut self, what: &str, sys: &mut Sys<'_>) {
        self.complain(what, sys);
        self.status = 2;
        if self.forgiving {
            return;
        }
        if self.input.is_interactive() {
            while let Some(f) = self.frames.pop() {
                self.unwind(f, sys);
            }
        } else {
            self.exiting = Some(2);
        }
    }
}

fn extended(t: &Test, e: &mut Expansion<'_, '_>) -> Result<bool, Stop> {
    Ok(match t {
        Test::And(a, b) => extended(a, e)? && extended(b, e)?,
        Test::Or(a, b) => extended(a, e)? || extended(b, e)?,
        Test::Not(a) => !extended(a, e)?,
        Test::One { operator, word } => {
            let w = e.single(word)?;
            test::unary(operator, &w, e.sys).unwrap_or(false)
        }
        Test::Two { operator, left, right } => {
            let l = e.single(left)?;
            match operator.as_str() {
                "==" | "=" => e.pattern(right)?.matches(&l),
                "!=" => !e.pattern(right)?.matches(&l),
                "=~" => {
                    let r = e.single(right)?;
                    regex::Regex::new(&r)
                        .map_err(|_| Stop::Error("[[: invalid regular expression".into()))?
                        .is_match(&l)
                }
                op => {
                    let r = e.single(right)?;
                    test::binary(op, &l, &r, e.sys).map_err(Stop::Error)?
                }
            }
        }
    })
}
