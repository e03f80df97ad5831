//! One learner's session: a cluster, files, a kubeconfig, a pace, and the past to go back to.

use std::collections::{BTreeMap, BTreeSet};

use super::filters;
use super::line::{self, Command, Errors, Input, Join};
use super::transport::InProcess;
use super::words::{self, Unfinished};
use super::{MemoryHost, builtins};
use crate::api::{Duration, RecordId, Time};
use crate::cluster::{Cluster, Options};
use crate::explain::Language;
use crate::explain::texts::message;
use crate::kubectl::config::Kubeconfig;
use crate::kubectl::failure::Hint;
use crate::kubectl::{self, Done, Env, Failure, Follow, Host, Progress};
use crate::ledger::{Fact, Record, Root, What};

/// How time goes on between commands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// After each command until the cluster has settled.
    Auto,
    /// Only as much as a command takes.
    Manual,
    /// As the wall clock.
    Live,
    /// One step at each key press.
    Step,
}

impl Pace {
    pub fn parse(text: &str) -> Option<Pace> {
        Some(match text {
            "auto" => Pace::Auto,
            "manual" => Pace::Manual,
            "live" => Pace::Live,
            "step" => Pace::Step,
            _ => return None,
        })
    }
    pub fn name(self) -> &'static str {
        match self {
            Pace::Auto => "auto",
            Pace::Manual => "manual",
            Pace::Live => "live",
            Pace::Step => "step",
        }
    }
}

/// How much is told after a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Narration {
    Off,
    Brief,
    Full,
}

/// What a line brought.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Output {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
    /// Set apart from what kubectl prints: the story, hints, answers of the program itself.
    pub story: String,
    pub quit: bool,
}

/// An ordinary command takes this long.
pub const COMMAND: Duration = Duration::from_millis(100);
/// A command that waits for something is stopped after this, one that nothing ends (`-w`, `logs -f`) much earlier.
const LONGEST_FOLLOW: Duration = Duration::from_secs(86_400);
const LONGEST_WATCH: Duration = Duration::from_secs(60);
/// Settled: nothing due within this, at most so long.
const SOON: Duration = Duration::from_secs(5);
/// How often a waiting command looks at the cluster.
const GLANCE: Duration = Duration::from_millis(100);
const LONGEST_SETTLE: Duration = Duration::from_secs(60);
/// Columns, where nothing is known of the screen.
const WIDTH: usize = 100;
/// Commands that can be undone.
const HISTORY: usize = 50;

/// Which way one goes through the moments of a session.
enum Direction {
    Back,
    Forward,
}

#[derive(Clone)]
struct Moment {
    cluster: Cluster,
    config: Kubeconfig,
    line: String,
    story_from: RecordId,
}

pub struct Session {
    pub cluster: Cluster,
    pub host: Box<dyn Host>,
    pub config: Kubeconfig,
    pub pace: Pace,
    pub narration: Narration,
    pub language: Language,
    /// Columns of the screen.
    pub width: usize,
    /// Before each command; `back` returns there.
    past: Vec<Moment>,
    future: Vec<Moment>,
    /// The first record of the last command that changed or asked something.
    pub story_from: RecordId,
    pub last_line: String,
    /// The last command let time pass: what was decided meanwhile belongs to its story.
    pub waited: bool,
    /// The commands that ended with an error: what looked in vain has seen nothing.
    pub failed: BTreeSet<RecordId>,
    background: BTreeMap<String, Started>,
    numbers: u64,
    /// What the running command may read.
    stdin: Option<String>,
    /// Set by Ctrl-C: a waiting command stops.
    pub interrupted: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

/// A command that was started and may still go on.
struct Started {
    follow: Option<Box<dyn Follow>>,
    namespace: String,
    output: Output,
    cause: RecordId,
}

impl Session {
    pub fn new(options: &Options, host: Box<dyn Host>) -> Session {
        let cluster = Cluster::new(options);
        let server = match options.profile {
            crate::cluster::profile::Profile::Bare => "https://127.0.0.1:6443".to_string(),
            _ => format!("https://{}:6443", cluster.plan.api_address),
        };
        let config = Kubeconfig::new(cluster.plan.context, &server);
        let story_from = cluster.world.ledger.next_id();
        Session {
            cluster,
            host,
            config,
            pace: Pace::Auto,
            narration: Narration::Brief,
            language: Language::English,
            width: WIDTH,
            past: vec![],
            future: vec![],
            story_from,
            last_line: String::new(),
            waited: false,
            failed: BTreeSet::new(),
            background: BTreeMap::new(),
            numbers: options.seed ^ 0x9e37_79b9,
            stdin: None,
            interrupted: std::sync::Arc::default(),
        }
    }

    /// A session with files in memory.
    pub fn in_memory(options: &Options) -> Session {
        Session::new(options, Box::<MemoryHost>::default())
    }

    /// Whether a line is complete, or waits for more.
    pub fn unfinished(text: &str) -> Option<Unfinished> {
        line::unfinished(text)
    }

    /// The lines of a text that run one after the other; a here-document or an open quote belongs to the line it begins in.
    pub fn blocks(text: &str) -> Vec<String> {
        let mut out: Vec<String> = vec![];
        let mut open = false;
        for line in text.lines() {
            match out.last_mut().filter(|_| open) {
                Some(block) => {
                    block.push('\n');
                    block.push_str(line);
                }
                None => out.push(line.to_string()),
            }
            open = out.last().is_some_and(|b| Session::unfinished(b.trim_start_matches("$ ")).is_some());
        }
        out
    }

    /// Runs one line (or a here-document of several).
    pub fn eval(&mut self, text: &str) -> Output {
        let text = text.trim_end_matches('\n');
        let line = text.trim();
        let line = line.strip_prefix("$ ").unwrap_or(line);
        if line.is_empty() || line.starts_with('#') {
            return Output::default();
        }
        let line = match line::parse(line) {
            Ok(line) => line,
            Err(wrong) => {
                let text = match wrong {
                    line::Wrong::Unfinished(u) => builtins::unfinished(self.language, u),
                    line::Wrong::Sign(sign) => {
                        let text = message(self.language, "no-operator", &[("sign", Fact::Text(sign))]);
                        format!("kubetutor: {text}")
                    }
                };
                return Output { stderr: format!("{text}\n"), code: 2, ..Output::default() };
            }
        };
        let from = self.cluster.world.ledger.next_id();
        let mut out = Output::default();
        for (join, stages) in line.pipelines {
            let runs = match join {
                Join::Always => true,
                Join::IfWell => out.code == 0,
                Join::IfNot => out.code != 0,
            };
            if runs && !out.quit && !self.is_interrupted() {
                let o = self.pipeline(stages);
                out.stdout.push_str(&o.stdout);
                out.stderr.push_str(&o.stderr);
                out.story.push_str(&o.story);
                (out.code, out.quit) = (o.code, o.quit);
            }
        }
        // Where one has gone back, the same numbers come again.
        self.failed.split_off(&from);
        if out.code != 0 {
            let commands =
                self.cluster.world.ledger.since(from).filter(|r| matches!(r.what, What::Root(Root::Command(_))));
            self.failed.extend(commands.map(|r| r.id));
        }
        out
    }

    /// Runs commands whose output goes into the next one.
    fn pipeline(&mut self, stages: Vec<Command>) -> Output {
        let mut out = Output::default();
        let mut piped = None;
        for c in stages {
            let read = match &c.input {
                None => Ok(piped.take()),
                Some(Input::Text(t)) => Ok(Some(t.clone())),
                Some(Input::File(f)) => self.host.read(f).map(Some),
            };
            let o = match read {
                Ok(stdin) => self.command(&c, stdin),
                Err(e) => Output { stderr: format!("{e}\n"), code: 1, ..Output::default() },
            };
            let mut printed = o.stdout;
            match c.errors {
                Errors::Shown => out.stderr.push_str(&o.stderr),
                Errors::WithOutput => printed.push_str(&o.stderr),
                Errors::Dropped => {}
            }
            out.story.push_str(&o.story);
            (out.code, out.quit) = (o.code, o.quit);
            piped = match &c.output {
                None => Some(printed),
                Some(to) => {
                    if let Err(e) = self.write(to, &printed) {
                        out.stderr.push_str(&format!("{e}\n"));
                        out.code = 1;
                    }
                    None
                }
            };
        }
        out.stdout = piped.unwrap_or_default();
        out
    }

    fn write(&mut self, to: &line::Output, text: &str) -> Result<(), String> {
        let before = if to.append { self.host.read(&to.file).unwrap_or_default() } else { String::new() };
        if to.file == "/dev/null" { Ok(()) } else { self.host.write(&to.file, &(before + text)) }
    }

    fn command(&mut self, c: &Command, stdin: Option<String>) -> Output {
        let Some(first) = c.words.first() else { return Output::default() };
        match first.as_str() {
            "kubectl" | "k" => {
                self.stdin = stdin;
                let out = self.kubectl(&c.text, &c.words[1..]);
                self.stdin = None;
                out
            }
            "cat" if c.words.len() == 1 => Output { stdout: stdin.unwrap_or_default(), ..Output::default() },
            _ => match filters::run(&c.words, stdin.as_deref().unwrap_or_default()) {
                Some(p) => Output { stdout: p.stdout, stderr: p.stderr, code: p.code, ..Output::default() },
                None => builtins::run(self, &c.text, &c.words),
            },
        }
    }

    /// Remembers the present, to come back to.
    pub fn remember(&mut self, line: &str) {
        self.future.clear();
        self.past.push(Moment {
            cluster: self.cluster.clone(),
            config: self.config.clone(),
            line: line.into(),
            story_from: self.story_from,
        });
        if self.past.len() > HISTORY {
            self.past.remove(0);
        }
    }

    fn kubectl(&mut self, line: &str, words: &[String]) -> Output {
        self.remember(line);
        self.last_line = line.into();
        let cause = self.cluster.world.root("kubectl", Root::Command(line.into()));
        let told_before = (std::mem::replace(&mut self.story_from, cause), self.waited);
        let (mut out, follow, namespace) = self.begin(words, cause);
        self.waited = follow.is_some();
        match follow {
            Some(mut f) => {
                let code = self.follow(&mut f, &namespace, cause, None, &mut out);
                out.code = code;
            }
            None if self.pace == Pace::Manual => self.advance(COMMAND),
            None => {}
        }
        self.after_command(&mut out);
        // What only looked has no story of its own: `story` goes on telling the last one.
        let decided = |r: &Record| matches!(r.what, What::Decision(_));
        let has_story = |r: &Record| follows(r, cause) || (self.waited && decided(r));
        if !self.cluster.world.ledger.since(cause).any(|r| has_story(r)) {
            (self.story_from, self.waited) = told_before;
        }
        out
    }

    /// Lets the cluster settle and tells what happened.
    pub fn after_command(&mut self, out: &mut Output) {
        if self.pace == Pace::Auto {
            self.settle();
        }
        if self.narration != Narration::Off {
            out.story.push_str(&builtins::what_happened(self, self.narration == Narration::Full));
        }
    }

    /// Lets a kubectl command act on this cluster; what it prints is added to `out`.
    fn in_env<R>(
        &mut self,
        namespace: &str,
        cause: RecordId,
        out: &mut Output,
        act: impl FnOnce(&mut Env<'_>) -> R,
    ) -> R {
        let mut api = InProcess { cluster: &mut self.cluster, cause, numbers: &mut self.numbers };
        let mut env = Env {
            api: &mut api,
            host: self.host.as_mut(),
            config: &mut self.config,
            stdin: self.stdin.clone(),
            out: String::new(),
            err: String::new(),
            namespace: namespace.into(),
            namespace_given: false,
        };
        let result = act(&mut env);
        out.stdout.push_str(&env.out);
        out.stderr.push_str(&env.err);
        result
    }

    /// Starts a command: its first output, and what it waits for.
    fn begin(&mut self, words: &[String], cause: RecordId) -> (Output, Option<Box<dyn Follow>>, String) {
        let mut out = Output::default();
        let (done, namespace) =
            self.in_env("", cause, &mut out, |env| (kubectl::run(words, env), env.namespace.clone()));
        match done {
            Ok(Done::Exit(code)) => {
                out.code = code;
                (out, None, namespace)
            }
            Ok(Done::Follow(f)) => (out, Some(f), namespace),
            Err(f) => {
                fail(&mut out, &f, self.language);
                (out, None, namespace)
            }
        }
    }

    /// Asks a waiting command whether it is done.
    fn poll(&mut self, f: &mut Box<dyn Follow>, namespace: &str, cause: RecordId, out: &mut Output) -> Option<i32> {
        match self.in_env(namespace, cause, out, |env| f.poll(env)) {
            Ok(Progress::Waiting(_)) => None,
            Ok(Progress::Exit(code)) => Some(code),
            Err(e) => {
                fail(out, &e, self.language);
                Some(e.code)
            }
        }
    }

    /// Follows until the command is done, until `limit`, or until nothing more can happen.
    fn follow(
        &mut self,
        f: &mut Box<dyn Follow>,
        namespace: &str,
        cause: RecordId,
        limit: Option<Time>,
        out: &mut Output,
    ) -> i32 {
        let endless = limit.is_none() && !f.ends();
        let longest = if endless { LONGEST_WATCH } else { LONGEST_FOLLOW };
        let latest = limit.unwrap_or(self.cluster.world.now + longest);
        let (mut printed, mut heard) = (out.stdout.len(), self.cluster.world.now);
        loop {
            if let Some(code) = self.poll(f, namespace, cause, out) {
                return code;
            }
            let now = self.cluster.world.now;
            if out.stdout.len() != printed {
                (printed, heard) = (out.stdout.len(), now);
            }
            let quiet = endless && now.since(heard) >= SOON && !self.cluster.world.is_busy(SOON);
            let next = self.cluster.world.next_due().unwrap_or(latest);
            if now >= latest || quiet || self.is_interrupted() {
                self.stop(f, namespace, cause, out);
                let why = match () {
                    () if quiet => Some("watch-ended"),
                    () if now >= latest && limit.is_none() => Some("watch-cut"),
                    () => None,
                };
                if let Some(id) = why {
                    let after = Fact::Time(longest);
                    out.story.push_str(&format!("  {}\n", message(self.language, id, &[("after", after)])));
                }
                return 130;
            }
            // The command's own deadline passes even if nothing happens.
            let until = next.min(latest).min(self.cluster.world.now + GLANCE);
            self.pass(until.max(self.cluster.world.now));
            self.poll_background();
        }
    }

    fn stop(&mut self, f: &mut Box<dyn Follow>, namespace: &str, cause: RecordId, out: &mut Output) {
        self.in_env(namespace, cause, out, |env| f.stop(env));
    }

    // ---- time -------------------------------------------------------------------------------

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

    /// Virtual time since the start.
    pub fn elapsed(&self) -> Duration {
        self.cluster.world.now.since(self.cluster.world.start)
    }

    /// There is nothing to go back to any more: the cluster is another one.
    pub fn forget_past(&mut self) {
        self.past.clear();
        self.future.clear();
        self.story_from = self.cluster.world.ledger.next_id();
    }

    // ---- the past ---------------------------------------------------------------------------

    /// Takes back `n` commands. Returns their lines.
    pub fn back(&mut self, n: usize) -> Vec<String> {
        (0..n).map_while(|_| self.past.pop().map(|m| self.travel(m, Direction::Back))).collect()
    }

    pub fn forward(&mut self, n: usize) -> Vec<String> {
        (0..n).map_while(|_| self.future.pop().map(|m| self.travel(m, Direction::Forward))).collect()
    }

    /// Changes places with another moment. Tells the line that lies between the two.
    fn travel(&mut self, to: Moment, direction: Direction) -> String {
        let line = to.line.clone();
        let from = Moment {
            cluster: std::mem::replace(&mut self.cluster, to.cluster),
            config: std::mem::replace(&mut self.config, to.config),
            line: to.line,
            story_from: std::mem::replace(&mut self.story_from, to.story_from),
        };
        match direction {
            Direction::Back => self.future.push(from),
            Direction::Forward => self.past.push(from),
        }
        line
    }

    // ---- scripts ----------------------------------------------------------------------------

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
            b.output.code = self.follow(&mut f, &b.namespace, b.cause, limit, &mut b.output);
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
        let (output, follow, namespace) = self.begin(words.get(1..).unwrap_or_default(), cause);
        Started { follow, namespace, output, cause }
    }

    fn poll_background(&mut self) {
        if self.background.is_empty() {
            return;
        }
        let mut all = std::mem::take(&mut self.background);
        for b in all.values_mut() {
            if let Some(mut f) = b.follow.take() {
                match self.poll(&mut f, &b.namespace.clone(), b.cause, &mut b.output) {
                    Some(code) => b.output.code = code,
                    None => b.follow = Some(f),
                }
            }
        }
        self.background = all;
    }

    /// Stops a command that ran beside the others.
    pub fn end_background(&mut self, id: &str) -> Option<Output> {
        self.poll_background();
        let mut b = self.background.remove(id)?;
        if let Some(mut f) = b.follow.take() {
            self.stop(&mut f, &b.namespace, b.cause, &mut b.output);
            // What Ctrl-C ends has no exit code of its own.
            b.output.code = 0;
        }
        Some(b.output)
    }
}

/// Whether a record is a request or a decision that a command led to directly.
fn follows(r: &Record, command: RecordId) -> bool {
    matches!(r.what, What::Request(_) | What::Decision(_)) && r.causes.contains(&command)
}

fn fail(out: &mut Output, f: &Failure, language: Language) {
    out.code = f.code;
    out.stdout.push_str(&f.stdout);
    if !f.message.is_empty() {
        out.stderr.push_str(&f.message);
        out.stderr.push('\n');
    }
    if let Some(Hint::DidYouMean(word)) = &f.hint {
        out.story.push_str(&builtins::did_you_mean(language, word));
    }
}
