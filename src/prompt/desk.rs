//! The learner's own machine: a shell with the usual programs, that goes on from line to line. Its files are the host's; what
//! it knows as `kubectl`, `curl`, `why` and so on are the words of the prompt, which the session answers.
//!
//! It runs as containers run ([`crate::runtime::kernel`]): in the cluster's time, so `sleep 30` lets half a minute pass there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::Time;
use crate::api::file_tree::{Kind, Node};
use crate::api::ops::{ContainerId, ContainerSpec, Stream, Talk};
use crate::kubectl::Host;
use crate::kubectl::env::Found;
use crate::runtime::catalogue::Catalogue;
use crate::runtime::kernel::files::Volumes;
use crate::runtime::kernel::net::{MachineId, Sockets};
use crate::runtime::kernel::open::What;
use crate::runtime::kernel::outside::{Answered, Asking, Outside};
use crate::runtime::kernel::{Environment, Errno, Machine, ProcessId, Root, STDERR, STDIN, STDOUT, Signal, Spawn};
use crate::runtime::shell::script::Stmt;
use crate::runtime::shell::{Flavor, Shell};

/// Builtins of the shell that mean something else at the prompt.
const OUTRANKED: [&str; 4] = ["help", "wait", "exit", "history"];

pub struct Desk {
    machine: Machine,
    volumes: Volumes,
    sockets: Sockets,
    shell: ProcessId,
    sink: usize,
    /// Where what is typed goes.
    input: usize,
    /// The command that the session is answering, while it waits to be typed to.
    pub answering: Option<ProcessId>,
}

/// How things stand after a while.
pub enum Course {
    /// A command is to be answered.
    Asks(Asking),
    /// All that the line wanted is done.
    Done(i32),
    /// A program reads what is typed.
    Types,
    /// Nothing happens before that time.
    Until(Time),
    /// Nothing will ever happen.
    Stuck,
}

impl Desk {
    pub fn new(host: &dyn Host, words: impl Iterator<Item = &'static str>, now: Time) -> Desk {
        let mut machine = Machine::new(MachineId::Host("desk".into()), None);
        let spec = ContainerSpec { hostname: "laptop".into(), ..ContainerSpec::default() };
        machine.add(|sink| Root::new(ContainerId::of("desk"), spec.into(), Some(Catalogue::desk()), sink));
        if let Some(root) = machine.root_mut(0) {
            for word in words {
                let kind = Kind::Program("asking");
                let node = Node { kind, mode: 0o755, user: 0, group: 0, modified: now };
                root.tree.put(&format!("/usr/local/bin/{word}"), node);
            }
        }
        let sink = machine.sink(false);
        let mut desk = Desk {
            machine,
            volumes: Volumes::default(),
            sockets: Sockets::default(),
            shell: 0,
            sink,
            input: 0,
            answering: None,
        };
        desk.begin(host, now);
        desk
    }

    /// A shell that knows nothing yet.
    fn begin(&mut self, host: &dyn Host, now: Time) {
        let (home, cwd) = (host.home(), host.working_directory());
        let path = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";
        let variables = [("PATH", path), ("HOME", &home), ("PWD", &cwd), ("USER", "user"), ("SHELL", "/bin/bash")];
        let env: BTreeMap<String, String> = variables.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let mut shell = Shell::that_is_told(Flavor::Bash, &env);
        shell.name = "bash".into();
        shell.outranked = OUTRANKED.into();
        let stdin = self.open_input();
        let stdout = self.machine.open(What::Sink { sink: self.sink, stream: Stream::Out });
        let stderr = self.machine.open(What::Sink { sink: self.sink, stream: Stream::Err });
        let spawn = Spawn {
            program: Box::new(shell),
            words: ["bash".to_string()].into(),
            env: Environment::Own(Arc::new(env)),
            cwd: cwd.into(),
            fds: vec![(STDIN, stdin), (STDOUT, stdout), (STDERR, stderr)],
            who: Default::default(),
            umask: 0o022,
            parent: 0,
            container: 0,
        };
        self.shell = self.machine.spawn(spawn, now).unwrap_or_default();
    }

    /// Something new to be typed to.
    fn open_input(&mut self) -> usize {
        self.input = self.machine.pipe_from_outside(true);
        self.machine.open(What::PipeEnd { pipe: self.input, writes: false })
    }

    fn shell(&mut self) -> Option<&mut Shell> {
        self.machine.process_mut(self.shell)?.program.as_mut()?.as_any()?.downcast_mut()
    }

    /// Gives the shell something to do. Where nobody types, programs that read find nothing.
    pub fn hand(&mut self, stmt: Stmt, typed: bool, host: &dyn Host, now: Time) {
        if self.shell().is_none() {
            self.begin(host, now);
        }
        if !typed {
            self.machine.finish_input(self.input);
        }
        if let Some(shell) = self.shell() {
            shell.hand(stmt);
        }
        if let Some(p) = self.machine.process_mut(self.shell) {
            p.woken = true;
        }
    }

    /// Goes on as far as it can at this time.
    pub fn run(&mut self, host: &mut dyn Host, now: Time) -> Course {
        let mut files = Files { host, now, seen: RefCell::default() };
        let due = self.machine.run(now, &mut self.volumes, &mut self.sockets, Some(&mut files));
        self.machine.exits.clear();
        if !self.machine.counter.asked.is_empty() {
            return Course::Asks(self.machine.counter.asked.remove(0));
        }
        let Some(shell) = self.shell() else { return Course::Done(0) };
        if shell.is_idle() {
            return Course::Done(shell.status);
        }
        let reads = self.machine.processes.iter().any(|p| self.machine.waits_on_pipe(p, self.input));
        match due {
            _ if reads => Course::Types,
            Some(at) => Course::Until(at),
            None => Course::Stuck,
        }
    }

    /// What was printed since it was last asked for.
    pub fn printed(&mut self) -> Vec<(Stream, Vec<u8>)> {
        self.machine.fetch(self.sink)
    }

    /// Whether a process runs beside the line that was typed: `&`.
    pub fn is_beside(&mut self, process: ProcessId) -> bool {
        let beside = self.shell().map(|s| s.background.clone()).unwrap_or_default();
        let mut at = Some(process);
        while let Some(id) = at {
            if beside.contains(&id) {
                return true;
            }
            at = self.machine.process(id).map(|p| p.parent).filter(|p| *p != 0 && *p != id);
        }
        false
    }

    pub fn is_there(&self, process: ProcessId) -> bool {
        self.machine.process(process).is_some()
    }

    pub fn answer(&mut self, process: ProcessId, answer: Answered) {
        self.machine.answer(process, answer);
    }

    /// Somebody types, to a program that reads.
    pub fn typed(&mut self, what: &Talk) {
        match what {
            Talk::Input(data) => self.machine.feed(self.input, data),
            Talk::EndOfInput => {
                self.machine.finish_input(self.input);
                // Whoever reads next is typed to again.
                let open = self.open_input();
                self.machine.redirect(self.shell, STDIN, open, &mut self.sockets);
            }
            Talk::Interrupt | Talk::Leave => self.interrupt(),
        }
    }

    /// Ctrl-C: whatever runs is ended, and the rest of the line with it.
    pub fn interrupt(&mut self) {
        let all: Vec<ProcessId> = self.machine.processes.iter().map(|p| p.id).filter(|id| *id != self.shell).collect();
        for id in all {
            self.machine.signal(id, Signal::KILL, true, &mut self.sockets);
        }
        self.machine.counter = Default::default();
        self.answering = None;
        if let Some(shell) = self.shell() {
            shell.give_up();
        }
    }
}

/// The host's files as programs see them.
struct Files<'a> {
    host: &'a mut dyn Host,
    now: Time,
    /// What was found at a path: while programs run nobody else changes files, and one path is looked at many times.
    seen: RefCell<BTreeMap<String, Option<Node>>>,
}

impl Files<'_> {
    fn find(&self, path: &str) -> Option<Node> {
        Some(Node { modified: self.now, ..Node::from(self.host.look(path)?) })
    }
}

impl Outside for Files<'_> {
    fn look(&self, path: &str) -> Option<Node> {
        let mut seen = self.seen.borrow_mut();
        seen.entry(path.to_string()).or_insert_with(|| self.find(path)).clone()
    }

    fn names(&self, path: &str) -> Vec<String> {
        self.host.names(path)
    }

    fn put(&mut self, path: &str, node: &Node) -> Result<(), Errno> {
        // A file may lie in a directory that was not there before.
        self.seen.borrow_mut().clear();
        let done = match &node.kind {
            Kind::File(bytes) => self.host.store(path, bytes, node.mode & 0o111 != 0),
            Kind::Directory => self.host.make_directory(path),
            _ => return Err(Errno::NotPermitted),
        };
        done.map_err(|_| Errno::Denied)
    }

    fn remove(&mut self, path: &str) -> Result<(), Errno> {
        self.seen.borrow_mut().clear();
        match self.host.look(path) {
            Some(Found::Directory) => self.host.remove_directory(path),
            _ => self.host.remove(path),
        }
        if self.host.look(path).is_some() { Err(Errno::Denied) } else { Ok(()) }
    }
}
