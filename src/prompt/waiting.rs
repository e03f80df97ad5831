//! Time passes: for commands that wait, for those that run beside the others, until the cluster has settled.

use super::builtins;
use super::session::{Output, Pace, Session, Started};
use super::words;
use crate::api::ops::Talk;
use crate::api::{Duration, RecordId, Time};
use crate::explain::texts::message;
use crate::kubectl::failure::{Absent, Hint, likeliest};
use crate::kubectl::{Failure, Follow, Progress};
use crate::ledger::{Fact, Root};
use crate::runtime::kernel::ProcessId;
use crate::runtime::kernel::outside::Answered;
use crate::store::Scope;

/// A command that nothing ends (`-w`, `logs -f`) is stopped after this.
const LONGEST_WATCH: Duration = Duration::from_secs(60);
/// Settled: nothing due within this, at most so long.
const SOON: Duration = Duration::from_secs(5);
/// How often a waiting command looks at the cluster, if it does not say when.
const GLANCE: Duration = Duration::from_millis(100);
const LONGEST_SETTLE: Duration = Duration::from_secs(60);

impl Session {
    /// Asks a waiting command whether it is done.
    fn poll(&mut self, f: &mut Box<dyn Follow>, cause: RecordId, out: &mut Output) -> Progress {
        self.in_env(cause, out, |env| f.poll(env)).unwrap_or(Progress::Exit(out.code))
    }

    /// Follows a command that may want to be typed to. Whether it waits for that now.
    pub(super) fn follow_typing(&mut self, mut f: Box<dyn Follow>, cause: RecordId, out: &mut Output) -> bool {
        match self.follow(&mut f, cause, None, out) {
            Some(code) => {
                out.code = code;
                false
            }
            None => {
                self.attached = Some(Started { follow: Some(f), output: Output::default(), cause });
                true
            }
        }
    }

    /// Whether what is typed goes to a program in a container.
    pub fn is_attached(&self) -> bool {
        self.attached.is_some() || self.typing
    }

    /// Somebody types, and a program in a container reads it.
    pub fn type_to(&mut self, what: &Talk) -> Output {
        let mut out = Output::default();
        let Some(Started { follow: Some(mut f), cause, .. }) = self.attached.take() else {
            return if self.typing { self.type_to_desk(what) } else { out };
        };
        self.in_env(cause, &mut out, |env| {
            f.typed(what, env);
            Ok(())
        });
        if !self.follow_typing(f, cause, &mut out) {
            self.after_command(&mut out);
            self.work_on(out.code, &mut out);
        }
        out
    }

    /// Follows until the command is done, until `limit`, or until nothing more can happen.
    pub(super) fn follow(
        &mut self,
        f: &mut Box<dyn Follow>,
        cause: RecordId,
        limit: Option<Time>,
        out: &mut Output,
    ) -> Option<i32> {
        let began = self.cluster.world.now;
        let (mut printed, mut heard) = (out.stdout.len(), began);
        loop {
            let asked = match self.poll(f, cause, out) {
                Progress::Exit(code) => return Some(code),
                Progress::Input => return None,
                Progress::Waiting(until) => until,
            };
            let endless = limit.is_none() && !f.ends();
            let longest = if endless { LONGEST_WATCH } else { f.longest() };
            let latest = limit.unwrap_or(began + longest);
            let now = self.cluster.world.now;
            if out.stdout.len() != printed {
                (printed, heard) = (out.stdout.len(), now);
            }
            // Programs that will go on by themselves may have something to say yet.
            let quiet = endless
                && now.since(heard) >= SOON
                && !self.cluster.world.is_busy(SOON)
                && self.cluster.world.next_of_programs().is_none_or(|at| at > latest);
            let next = self.cluster.world.next_due().unwrap_or(latest);
            if now >= latest || quiet || self.is_interrupted() {
                self.stop(f, cause, out);
                let why = match () {
                    () if quiet => Some("watch-ended"),
                    () if now >= latest && limit.is_none() => Some("watch-cut"),
                    () => None,
                };
                if let Some(id) = why {
                    let after = Fact::Time(longest);
                    out.story.push_str(&format!("  {}\n", message(self.language, id, &[("after", after)])));
                }
                return Some(130);
            }
            // Where time only passes in steps, nothing changes between them but what the command itself waits for.
            let look = asked.filter(|t| *t > now && self.pace != Pace::Live).unwrap_or(now + GLANCE);
            self.pass(next.min(latest).min(look).max(now));
            self.poll_background();
        }
    }

    fn stop(&mut self, f: &mut Box<dyn Follow>, cause: RecordId, out: &mut Output) {
        self.in_env(cause, out, |env| {
            f.stop(env);
            Ok(())
        });
    }

    /// Waits so long, or less if it is interrupted.
    pub fn wait(&mut self, d: Duration) {
        if self.pace != Pace::Live {
            return self.advance(d);
        }
        let until = self.cluster.world.now + d;
        while self.cluster.world.now < until && !self.is_interrupted() {
            self.pass(until.min(self.cluster.world.now + GLANCE));
            self.poll_background();
        }
    }

    /// Goes on to a time: as fast as the clock of the wall does, if that is the pace.
    fn pass(&mut self, until: Time) {
        if self.pace == Pace::Live {
            self.host.sleep(until.since(self.cluster.world.now));
        }
        self.cluster.world.run_until(until);
    }

    /// Lets so much time pass at once, or less if it is interrupted.
    pub fn advance(&mut self, d: Duration) {
        let until = self.cluster.world.now + d;
        while self.cluster.world.next_due().is_some_and(|t| t <= until) {
            if self.is_interrupted() {
                return;
            }
            self.cluster.world.step();
            self.poll_background();
        }
        self.cluster.world.run_until(until);
    }

    /// Whether Ctrl-C was pressed since the line was entered.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Until nothing is about to happen.
    pub fn settle(&mut self) {
        let until = self.cluster.world.now + LONGEST_SETTLE;
        while self.cluster.world.now < until && self.cluster.world.is_busy(SOON) && !self.is_interrupted() {
            let Some(next) = self.cluster.world.next_due() else { break };
            if next > until {
                break;
            }
            self.cluster.world.step();
        }
    }

    /// A command that is stopped after `d`.
    pub fn eval_for(&mut self, d: Duration, line: &str) -> Output {
        let limit = self.cluster.world.now + d;
        self.eval_until(Some(limit), line)
    }

    /// A command at this very moment: nothing is added to the clock.
    pub fn eval_now(&mut self, line: &str) -> Output {
        self.eval_until(None, line)
    }

    fn eval_until(&mut self, limit: Option<Time>, line: &str) -> Output {
        let mut b = self.open(line);
        if let Some(mut f) = b.follow {
            let code = self.follow(&mut f, b.cause, limit, &mut b.output);
            // Nobody types in the middle of something else.
            b.output.code = code.unwrap_or_default();
        }
        b.output
    }

    /// Starts a command beside the others; about a second passes.
    pub fn start_background(&mut self, id: &str, line: &str) {
        let started = self.open(line);
        self.background.insert(id.into(), started);
        self.poll_background();
        self.advance(Duration::from_secs(1));
    }

    /// Starts a command line of a script.
    fn open(&mut self, line: &str) -> Started {
        let words = words::split(line).unwrap_or_default();
        let cause = self.cluster.world.root("kubectl", Root::Command(line.into()));
        let (output, follow) = self.begin(words.get(1..).unwrap_or_default(), cause);
        Started { follow, output, cause }
    }

    /// A command of a line that ends in `&` goes on beside those that follow, until it is done or its process is ended.
    pub(super) fn begin_beside(&mut self, process: ProcessId, line: &str, words: &[String]) {
        self.remember(line);
        let cause = self.cluster.world.root("kubectl", Root::Command(line.into()));
        let (output, follow) = self.begin(words, cause);
        self.beside.insert(process, Started { follow, output, cause });
        self.poll_beside();
    }

    fn poll_beside(&mut self) {
        for (process, mut b) in std::mem::take(&mut self.beside) {
            if !self.desk.is_there(process) {
                if let Some(mut f) = b.follow {
                    self.stop(&mut f, b.cause, &mut b.output);
                }
                continue;
            }
            if let Some(mut f) = b.follow.take() {
                match self.poll(&mut f, b.cause, &mut b.output) {
                    Progress::Exit(code) => b.output.code = code,
                    Progress::Waiting(_) | Progress::Input => b.follow = Some(f),
                }
            }
            let said = std::mem::take(&mut b.output);
            let code = b.follow.is_none().then_some(said.code);
            let said = said.said();
            if code.is_some() || !said.is_empty() {
                self.desk.answer(process, Answered { said, code });
            }
            if code.is_none() {
                self.beside.insert(process, b);
            }
        }
    }

    pub(super) fn poll_background(&mut self) {
        if !self.beside.is_empty() {
            self.poll_beside();
        }
        if self.background.is_empty() {
            return;
        }
        let mut all = std::mem::take(&mut self.background);
        for b in all.values_mut() {
            if let Some(mut f) = b.follow.take() {
                match self.poll(&mut f, b.cause, &mut b.output) {
                    Progress::Exit(code) => b.output.code = code,
                    Progress::Waiting(_) | Progress::Input => b.follow = Some(f),
                }
            }
        }
        self.background = all;
    }

    /// What a command that failed prints; what it could have meant stands apart.
    pub(super) fn fail(&self, out: &mut Output, f: &Failure, namespace: &str) {
        out.code = f.code;
        out.stdout.push_str(&f.stdout);
        if !f.message.is_empty() {
            out.complain(&format!("{}\n", f.message));
        }
        let meant = f.hint.as_ref().and_then(|h| match h {
            Hint::DidYouMean(word) => Some(word.clone()),
            Hint::Absent(absent) => self.namesake(absent, namespace),
        });
        if let Some(word) = meant {
            out.story.push_str(&builtins::did_you_mean(self.language, &word));
        }
    }

    /// An object of that name in another namespace, or of nearly that name in this one.
    fn namesake(&self, absent: &Absent, namespace: &str) -> Option<String> {
        let Absent { group, resource, name } = absent;
        let kind = self.cluster.world.api.stored_kinds().find(|k| k.plural() == resource && k.group() == group)?;
        let scope = Scope::all(kind);
        let all = || self.cluster.world.api.store().list(&scope);
        let elsewhere = all().find(|o| o.name() == name && o.namespace() != namespace);
        if let Some(o) = elsewhere.filter(|_| kind.namespaced()) {
            return Some(format!("{name} -n {}", o.namespace()));
        }
        let here: Vec<&str> =
            all().filter(|o| !kind.namespaced() || o.namespace() == namespace).map(|o| o.name()).collect();
        likeliest(name, &here).map(String::from)
    }

    /// Stops a command that ran beside the others.
    pub fn end_background(&mut self, id: &str) -> Option<Output> {
        self.poll_background();
        let mut b = self.background.remove(id)?;
        if let Some(mut f) = b.follow.take() {
            self.stop(&mut f, b.cause, &mut b.output);
            // What Ctrl-C ends has no exit code of its own.
            b.output.code = 0;
        }
        Some(b.output)
    }
}
