//! One learner's session: a cluster, files, a kubeconfig, a pace, and the past to go back to. [`running`](super::running)
//! reads lines and runs them, [`waiting`](super::waiting) lets time pass.

use std::collections::{BTreeMap, BTreeSet};

use super::desk::Desk;
use super::transport::{InProcess, Known};
use super::{MemoryHost, builtins};
pub use crate::api::ops::Stream;
use crate::api::{Duration, KindRef, RecordId};
use crate::cluster::{Cluster, Options};
use crate::explain::Language;
use crate::kubectl::config::Kubeconfig;
use crate::kubectl::mapper::Mapper;
use crate::kubectl::{self, Done, Env, Failure, Follow, Host};
use crate::ledger::{Record, Root, What};
use crate::runtime::kernel::ProcessId;
use crate::store::Scope;

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
    /// Where what stands in `stderr` was said among what stands in `stdout`: their lengths at the time. What was said without comes last.
    pub turns: Vec<(usize, usize)>,
    pub code: i32,
    /// Set apart from what kubectl prints: the story, hints, answers of the program itself.
    pub story: String,
    pub quit: bool,
}

impl Output {
    /// Says something on stderr, after what was printed so far.
    pub fn complain(&mut self, text: &str) {
        self.turns.push((self.stdout.len(), self.stderr.len()));
        self.stderr.push_str(text);
    }

    /// What was printed, as it came.
    pub fn pieces(&self) -> Vec<(Stream, &str)> {
        self.in_turns().unwrap_or_else(|| vec![(Stream::Out, &*self.stdout), (Stream::Err, &*self.stderr)])
    }

    fn in_turns(&self) -> Option<Vec<(Stream, &str)>> {
        let (mut all, mut out) = (vec![], 0);
        for (i, (at, from)) in self.turns.iter().enumerate() {
            let to = self.turns.get(i + 1).map_or(self.stderr.len(), |(_, next)| *next);
            all.push((Stream::Out, self.stdout.get(out..*at)?));
            all.push((Stream::Err, self.stderr.get(*from..to)?));
            out = *at;
        }
        all.push((Stream::Out, self.stdout.get(out..)?));
        all.push((Stream::Err, self.stderr.get(..self.turns.first().map_or(self.stderr.len(), |(_, from)| *from))?));
        all.retain(|(_, text)| !text.is_empty());
        Some(all)
    }

    /// Prints what another one has printed.
    pub(super) fn follow_with(&mut self, other: &Output) {
        for (stream, text) in other.pieces() {
            match stream {
                Stream::Out => self.stdout.push_str(text),
                Stream::Err => self.complain(text),
            }
        }
    }

    /// The same as it is passed on to the shell that asked for it.
    pub(super) fn said(&self) -> Vec<(Stream, Vec<u8>)> {
        self.pieces().into_iter().map(|(stream, text)| (stream, text.as_bytes().to_vec())).collect()
    }
}

/// An ordinary command takes this long.
pub const COMMAND: Duration = Duration::from_millis(100);
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
    waited: bool,
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
    pub(super) background: BTreeMap<String, Started>,
    /// Commands of lines that end in `&`, by their processes.
    pub(super) beside: BTreeMap<ProcessId, Started>,
    /// The learner's own machine.
    pub(super) desk: Desk,
    /// The line that runs.
    pub(super) typed: String,
    /// A program of the learner's own machine waits for somebody to type.
    pub(super) typing: bool,
    /// A command that waits for somebody to type.
    pub(super) attached: Option<Started>,
    /// Somebody sits there and types.
    pub terminal: bool,
    numbers: u64,
    /// The kinds that kubectl knows of.
    known: Vec<KindRef>,
    /// Who was found to be whom last.
    login: Known,
    /// What the running command may read.
    pub(super) stdin: Option<String>,
    /// Variables that were set for the running command.
    pub(super) variables: Vec<(String, String)>,
    /// Set by Ctrl-C: a waiting command stops.
    pub interrupted: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

/// A command that was started and may still go on.
pub(super) struct Started {
    pub follow: Option<Box<dyn Follow>>,
    pub output: Output,
    pub cause: RecordId,
}

impl Session {
    pub fn new(options: &Options, host: Box<dyn Host>) -> Session {
        let cluster = Cluster::new(options);
        let server = match options.profile {
            crate::cluster::profile::Profile::Bare => "https://127.0.0.1:6443".to_string(),
            _ => format!("https://{}:6443", cluster.plan.api_address),
        };
        let config = Kubeconfig::new(cluster.plan.context, &server, &host.home());
        let story_from = cluster.world.ledger.next_id();
        let words = builtins::TABLE.iter().map(|w| w.name).chain(["kubectl", "k", "quit"]);
        let desk = Desk::new(host.as_ref(), words, cluster.world.now);
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
            beside: BTreeMap::new(),
            desk,
            typed: String::new(),
            typing: false,
            attached: None,
            terminal: true,
            numbers: options.seed ^ 0x9e37_79b9,
            known: vec![],
            login: Known::default(),
            stdin: None,
            variables: vec![],
            interrupted: std::sync::Arc::default(),
        }
    }

    /// A session with files in memory.
    pub fn in_memory(options: &Options) -> Session {
        Session::new(options, Box::<MemoryHost>::default())
    }

    /// Remembers the present, to come back to.
    pub fn remember(&mut self, line: &str) {
        self.future.clear();
        self.past.push(Moment {
            cluster: self.cluster.clone(),
            config: self.config.clone(),
            line: line.into(),
            story_from: self.story_from,
            waited: self.waited,
        });
        if self.past.len() > HISTORY {
            self.past.remove(0);
        }
    }

    pub(super) fn kubectl(&mut self, line: &str, words: &[String]) -> Output {
        self.remember(line);
        self.last_line = line.into();
        let cause = self.cluster.world.root("kubectl", Root::Command(line.into()));
        let told_before = (std::mem::replace(&mut self.story_from, cause), self.waited);
        let (mut out, follow) = self.begin(words, cause);
        self.waited = follow.is_some();
        if let Some(f) = follow {
            if self.follow_typing(f, cause, &mut out) {
                return out;
            }
        } else if self.pace == Pace::Manual {
            self.advance(COMMAND);
        }
        self.after_command(&mut out);
        if self.narration != Narration::Off && words.first().is_some_and(|w| w == "describe") {
            self.notice_stand_ins(&mut out);
        }
        // What only looked has no story of its own: `story` goes on telling the last one.
        let decided = |r: &Record| matches!(r.what, What::Decision(_));
        let has_story = |r: &Record| follows(r, cause) || (self.waited && decided(r));
        if !self.cluster.world.ledger.since(cause).any(has_story) {
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
            self.notice_pulls(self.story_from);
            out.story.push_str(&builtins::what_happened(self, self.narration == Narration::Full));
        }
    }

    /// Lets a kubectl command act on this cluster; what it prints is added to `out`, and its failure too.
    pub(super) fn in_env<R>(
        &mut self,
        cause: RecordId,
        out: &mut Output,
        act: impl FnOnce(&mut Env<'_>) -> Result<R, Failure>,
    ) -> Option<R> {
        let mut api = InProcess {
            cluster: &mut self.cluster,
            cause,
            numbers: &mut self.numbers,
            known: &mut self.known,
            impersonate: None,
            login: &mut self.login,
        };
        let mut env = Env {
            api: &mut api,
            host: self.host.as_mut(),
            server: self.config.server().to_string(),
            config: &mut self.config,
            stdin: self.stdin.take(),
            terminal: self.terminal,
            variables: std::mem::take(&mut self.variables),
            out: String::new(),
            err: String::new(),
            turns: vec![],
            namespace: String::new(),
            namespace_given: false,
            owners: false,
            manager: String::new(),
        };
        let result = act(&mut env);
        let Env { stdin, variables, out: stdout, err: stderr, turns, namespace, .. } = env;
        (self.stdin, self.variables) = (stdin, variables);
        out.follow_with(&Output { stdout, stderr, turns, ..Output::default() });
        result.map_err(|f| self.fail(out, &f, &namespace)).ok()
    }

    /// Starts a command: its first output, and what it waits for.
    pub(super) fn begin(&mut self, words: &[String], cause: RecordId) -> (Output, Option<Box<dyn Follow>>) {
        let mut out = Output::default();
        match self.in_env(cause, &mut out, |env| kubectl::run(words, env)) {
            Some(Done::Exit(code)) => {
                out.code = code;
                (out, None)
            }
            Some(Done::Follow(f)) => (out, Some(f)),
            None => (out, None),
        }
    }

    /// The objects of a kind that the session looks at: those of its namespace, where the kind has any.
    pub fn scope(&self, kind: KindRef) -> Scope {
        Scope { kind: kind.stored(), namespace: kind.namespaced().then(|| self.config.namespace().into()) }
    }

    /// The kinds that words may mean.
    pub fn mapper(&self) -> Mapper {
        Mapper { kinds: self.cluster.world.api.kinds().collect() }
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
        self.waited = false;
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
            waited: std::mem::replace(&mut self.waited, to.waited),
        };
        match direction {
            Direction::Back => self.future.push(from),
            Direction::Forward => self.past.push(from),
        }
        line
    }
}

/// Whether a record is a request or a decision that a command led to directly.
pub(super) fn follows(r: &Record, command: RecordId) -> bool {
    matches!(r.what, What::Request(_) | What::Decision(_)) && r.causes.contains(&command)
}
