//! A process, and the program in it: plain data that goes on until it must wait for something.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::files::{Identity, Mounted};
use super::sys::Sys;
use crate::api::Time;

/// A process among those of its machine.
pub type ProcessId = u32;
/// A descriptor, as a program knows an open file.
pub type Fd = u32;

pub const STDIN: Fd = 0;
pub const STDOUT: Fd = 1;
pub const STDERR: Fd = 2;

/// The signals that matter here, by their numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Signal(pub i32);

impl Signal {
    pub const HUP: Signal = Signal(1);
    pub const INT: Signal = Signal(2);
    pub const QUIT: Signal = Signal(3);
    pub const KILL: Signal = Signal(9);
    pub const PIPE: Signal = Signal(13);
    pub const TERM: Signal = Signal(15);

    pub const NAMES: [(&'static str, i32); 18] = [
        ("HUP", 1),
        ("INT", 2),
        ("QUIT", 3),
        ("ILL", 4),
        ("TRAP", 5),
        ("ABRT", 6),
        ("BUS", 7),
        ("FPE", 8),
        ("KILL", 9),
        ("USR1", 10),
        ("SEGV", 11),
        ("USR2", 12),
        ("PIPE", 13),
        ("ALRM", 14),
        ("TERM", 15),
        ("CHLD", 17),
        ("CONT", 18),
        ("STOP", 19),
    ];

    /// What whoever wants a program to end sends first, and what Ctrl-C sends.
    pub fn asks_to_end(self) -> bool {
        [Signal::TERM, Signal::INT].contains(&self)
    }

    /// `TERM`, `SIGTERM`, `15`.
    pub fn parse(text: &str) -> Option<Signal> {
        let upper = text.to_ascii_uppercase();
        let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
        let named = Signal::NAMES.iter().find(|(n, _)| *n == bare).map(|(_, n)| Signal(*n));
        named.or_else(|| text.parse().ok().filter(|n| (0..=64).contains(n)).map(Signal))
    }

    pub fn name(self) -> String {
        let named = Signal::NAMES.iter().find(|(_, n)| *n == self.0);
        named.map_or_else(|| self.0.to_string(), |(n, _)| (*n).to_string())
    }

    /// Whether a process that does nothing about it goes on.
    pub fn is_harmless(self) -> bool {
        matches!(self.0, 0 | 17 | 18 | 23 | 28)
    }
}

/// What a process does about a signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reaction {
    /// What the kernel does: most signals end a process, but not the first one of a container.
    Default,
    Ignored,
    /// The program has noted it, and acts when it runs next.
    Noted,
}

/// What a process waits for: any of these.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wait {
    pub readable: Vec<Fd>,
    pub writable: Vec<Fd>,
    /// One of its children ends.
    pub child: bool,
    pub until: Option<Time>,
}

impl Wait {
    pub fn readable(fd: Fd) -> Wait {
        Wait { readable: vec![fd], ..Wait::default() }
    }
    pub fn writable(fd: Fd) -> Wait {
        Wait { writable: vec![fd], ..Wait::default() }
    }
    pub fn child() -> Wait {
        Wait { child: true, ..Wait::default() }
    }
    pub fn until(at: Time) -> Wait {
        Wait { until: Some(at), ..Wait::default() }
    }
    pub fn or_until(self, at: Option<Time>) -> Wait {
        Wait { until: at.or(self.until), ..self }
    }
}

/// How a run of a program ended.
pub enum Step {
    Wait(Wait),
    /// There is more to do at once; others come first.
    Again,
    Exit(i32),
    /// Another program takes its place: `exec`.
    Become(Box<dyn Program>, Arc<[String]>, Environment),
}

/// What runs in a process. It is copied with its cluster, so all it knows is data.
pub trait Program: Send + Sync {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step;
    fn signal(&mut self, _signal: Signal) -> Reaction {
        Reaction::Default
    }
    fn clone_box(&self) -> Box<dyn Program>;
    /// For whoever started it and knows what it is.
    fn as_any(&mut self) -> Option<&mut dyn std::any::Any> {
        None
    }
}

impl Clone for Box<dyn Program> {
    fn clone(&self) -> Self {
        (**self).clone_box()
    }
}

/// Variables. The container's own are made only when somebody looks: most programs never do.
#[derive(Clone, Debug, Default)]
pub enum Environment {
    #[default]
    OfContainer,
    Own(Arc<BTreeMap<String, String>>),
}

#[derive(Clone)]
pub struct Process {
    pub id: ProcessId,
    /// As the processes of its container know it.
    pub pid: u32,
    pub parent: ProcessId,
    /// Which container of the machine it runs in.
    pub container: usize,
    /// `None` while it runs.
    pub program: Option<Box<dyn Program>>,
    pub words: Arc<[String]>,
    pub env: Environment,
    pub cwd: Arc<str>,
    /// What it sees in place of its container's files, since `chroot`.
    pub jail: Option<Arc<[Mounted]>>,
    /// Descriptors, and the open files that they stand for.
    pub fds: Vec<(Fd, usize)>,
    pub who: Identity,
    pub umask: u16,
    pub wait: Wait,
    /// It has something to do whatever it waits for.
    pub woken: bool,
    /// A first process that was just sent a signal from within: putting its affairs in order takes it longer than the
    /// sender needs to go on.
    pub late: bool,
    /// Children that have ended and that nobody has asked after.
    pub ended: Vec<(ProcessId, i32)>,
    pub started: Time,
    /// Signals that it sent to itself: they reach it when its turn is over.
    pub own_signals: Vec<Signal>,
}

impl Process {
    /// What holds a sandbox's namespaces open, and does nothing else. It can be seen, and no signal reaches it.
    pub fn of_sandbox(pid: u32) -> Process {
        const NOBODY: u32 = 65535;
        Process {
            id: 0,
            pid,
            parent: 0,
            container: usize::MAX,
            program: None,
            words: vec!["/pause".to_string()].into(),
            env: Environment::default(),
            cwd: "/".into(),
            jail: None,
            fds: vec![],
            who: Identity { user: NOBODY, group: NOBODY, ..Identity::default() },
            umask: 0o022,
            wait: Wait::default(),
            woken: false,
            late: false,
            ended: vec![],
            started: Time::default(),
            own_signals: vec![],
        }
    }

    pub fn open(&self, fd: Fd) -> Option<usize> {
        self.fds.iter().find(|(f, _)| *f == fd).map(|(_, open)| *open)
    }
}
