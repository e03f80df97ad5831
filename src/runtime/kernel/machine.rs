//! A machine: what the processes of one network namespace share. A pod is one, with a root for each of its containers; a node's
//! own programs run in another. It runs until everybody waits for something.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::descriptors::insert;
use super::files::{Identity, Mounted};
use super::net::{ConnectionId, MachineId, Protocol, Sockets};
use super::open::{OpenFile, Pipe, Sink, What};
use super::outside::{Answered, Counter};
use super::process::{Environment, Fd, Process, ProcessId, Program, Reaction, STDERR, STDOUT, Signal, Wait};
use super::tree::Tree;
use crate::api::Time;
use crate::api::ops::{ContainerId, ContainerSpec, Pids, Stream};
use crate::runtime::catalogue::Image;
use crate::runtime::meter::Meter;

/// Processes of a machine at most.
pub const MOST_PROCESSES: usize = 512;

/// What the processes of one container see: its files, its name, its numbers of processes.
#[derive(Clone)]
pub struct Root {
    pub container: ContainerId,
    pub spec: Arc<ContainerSpec>,
    pub image: Option<Arc<Image>>,
    pub tree: Tree,
    pub mounts: Vec<Mounted>,
    pub read_only: bool,
    pub who: Identity,
    /// Its first process, while it runs.
    pub main: Option<ProcessId>,
    /// Which namespace numbers its processes.
    pub pids: Namespace,
    /// Where its first process reads from: a pipe whose other end is outside.
    pub stdin: Option<usize>,
    /// Where it prints to.
    pub sink: usize,
    /// It used more memory than it may.
    pub out_of_memory: bool,
    /// What its programs have taken of memory.
    pub memory: u64,
    /// From its start on.
    pub meter: Option<Meter>,
}

/// What numbers processes: who lives in the same one sees the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Namespace {
    /// That of the pod's sandbox.
    Pod,
    /// That of a container, by its place.
    Of(usize),
}

impl Namespace {
    /// The sandbox has a first process of its own.
    fn first(self) -> u32 {
        if self == Namespace::Pod { SANDBOX_PID + 1 } else { 1 }
    }
}

/// The number of a sandbox's own process.
pub const SANDBOX_PID: u32 = 1;

/// A port that somebody listens on.
#[derive(Clone, Debug)]
pub struct Listener {
    pub port: u16,
    pub protocol: Protocol,
    /// Only for the machine itself.
    pub loopback: bool,
    /// Connections that nobody has taken yet.
    pub backlog: Vec<ConnectionId>,
    /// Whose it is.
    pub container: usize,
}

/// A process that has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exit {
    pub process: ProcessId,
    pub container: usize,
    pub code: i32,
}

#[derive(Clone)]
pub struct Machine {
    pub id: MachineId,
    pub address: Option<Ipv4Addr>,
    pub roots: Vec<Option<Root>>,
    pub processes: Vec<Process>,
    pub(super) files: Vec<Option<OpenFile>>,
    pub pipes: Vec<Option<Pipe>>,
    pub sinks: Vec<Option<Sink>>,
    pub listeners: Vec<Listener>,
    next_id: ProcessId,
    /// The next number in each namespace of processes.
    next_pids: BTreeMap<Namespace, u32>,
    /// Since somebody last asked.
    pub exits: Vec<Exit>,
    /// Containers whose programs did not come to rest.
    pub busy: Vec<usize>,
    /// How often somebody asked for chance.
    drawn: u64,
    /// Commands that are answered outside.
    pub counter: Counter,
}

/// How a process begins.
pub struct Spawn {
    pub program: Box<dyn Program>,
    pub words: Arc<[String]>,
    pub env: Environment,
    pub cwd: Arc<str>,
    /// Descriptors, and the open files that they stand for.
    pub fds: Vec<(Fd, usize)>,
    pub who: Identity,
    pub umask: u16,
    pub parent: ProcessId,
    pub container: usize,
}

impl Machine {
    pub fn new(id: MachineId, address: Option<Ipv4Addr>) -> Machine {
        Machine {
            id,
            address,
            roots: vec![],
            processes: vec![],
            files: vec![],
            pipes: vec![],
            sinks: vec![],
            listeners: vec![],
            next_id: 1,
            next_pids: BTreeMap::new(),
            exits: vec![],
            busy: vec![],
            drawn: 0,
            counter: Counter::default(),
        }
    }

    pub(super) fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn
    }

    /// Adds a container's root. Its processes have yet to be started.
    pub fn add(&mut self, make: impl FnOnce(usize) -> Root) -> usize {
        let sink = insert(&mut self.sinks, Sink::default());
        let root = make(sink);
        if let Some(s) = self.sinks.get_mut(sink).and_then(Option::as_mut) {
            s.terminal = root.spec.tty;
        }
        let slot = insert(&mut self.roots, root);
        self.next_pids.remove(&Namespace::Of(slot));
        self.number_by(slot, &Pids::Own);
        slot
    }

    /// Puts a container into a namespace of processes.
    pub fn number_by(&mut self, container: usize, whose: &Pids) {
        let other = |name: &str| {
            let named = |r: &&Root| r.spec.name == name && r.main.is_some();
            self.roots.iter().flatten().find(named).map(|r| r.pids)
        };
        let pids = match whose {
            Pids::Own => None,
            Pids::Pod => Some(Namespace::Pod),
            Pids::Of(name) => other(name),
        };
        let pids = pids.unwrap_or(Namespace::Of(container));
        if let Some(root) = self.root_mut(container) {
            root.pids = pids;
        }
    }

    pub fn root_of(&self, id: ContainerId) -> Option<usize> {
        self.roots.iter().position(|r| r.as_ref().is_some_and(|r| r.container == id))
    }

    pub fn root(&self, container: usize) -> Option<&Root> {
        self.roots.get(container)?.as_ref()
    }

    pub fn root_mut(&mut self, container: usize) -> Option<&mut Root> {
        self.roots.get_mut(container)?.as_mut()
    }

    /// A container and all that it held is gone.
    pub fn remove(&mut self, container: usize, sockets: &mut Sockets) {
        for id in self.of_container(container) {
            self.end(id, 137, sockets);
        }
        if let Some(root) = self.roots.get_mut(container).and_then(Option::take) {
            self.sinks[root.sink] = None;
            if let Some(pipe) = root.stdin {
                self.pipes[pipe] = None;
            }
        }
    }

    fn of_container(&self, container: usize) -> Vec<ProcessId> {
        self.processes.iter().filter(|p| p.container == container).map(|p| p.id).collect()
    }

    fn of_namespace(&self, pids: Namespace) -> Vec<ProcessId> {
        let lives_there = |p: &&Process| self.root(p.container).is_some_and(|r| r.pids == pids);
        self.processes.iter().filter(lives_there).map(|p| p.id).collect()
    }

    pub fn process(&self, id: ProcessId) -> Option<&Process> {
        self.processes.iter().find(|p| p.id == id)
    }

    pub fn process_mut(&mut self, id: ProcessId) -> Option<&mut Process> {
        self.processes.iter_mut().find(|p| p.id == id)
    }

    /// Somebody outside answers a command, wholly or in part.
    pub fn answer(&mut self, id: ProcessId, answer: Answered) {
        let all = self.counter.answers.entry(id).or_default();
        all.said.extend(answer.said);
        all.code = answer.code;
        if let Some(p) = self.process_mut(id) {
            p.woken = true;
        }
    }

    // ---- processes --------------------------------------------------------------------------

    /// Starts a program that lies in no file, as root, printing into a sink.
    pub fn start(
        &mut self,
        container: usize,
        program: Box<dyn Program>,
        words: Arc<[String]>,
        sink: usize,
        now: Time,
    ) -> Option<ProcessId> {
        let out = self.open(What::Sink { sink, stream: Stream::Out });
        let err = self.open(What::Sink { sink, stream: Stream::Err });
        let fds = vec![(STDOUT, out), (STDERR, err)];
        let (env, cwd, who) = (Environment::OfContainer, "/".into(), Identity::default());
        self.spawn(Spawn { program, words, env, cwd, fds, who, umask: 0o022, parent: 0, container }, now)
    }

    pub fn spawn(&mut self, s: Spawn, now: Time) -> Option<ProcessId> {
        if self.processes.len() >= MOST_PROCESSES {
            return None;
        }
        let pids = self.root(s.container)?.pids;
        let next = self.next_pids.entry(pids).or_insert(pids.first());
        let pid = *next;
        *next += 1;
        for (_, open) in &s.fds {
            self.hold(*open);
        }
        let id = self.next_id;
        self.next_id += 1;
        // A server and its workers: most machines stay as small as that.
        if self.processes.len() < 4 {
            self.processes.reserve_exact(1);
        }
        let jail = self.processes.iter().find(|p| p.id == s.parent).and_then(|p| p.jail.clone());
        self.processes.push(Process {
            id,
            jail,
            pid,
            parent: s.parent,
            container: s.container,
            program: Some(s.program),
            words: s.words,
            env: s.env,
            cwd: s.cwd,
            fds: s.fds,
            who: s.who,
            umask: s.umask,
            wait: Wait::default(),
            woken: true,
            late: false,
            ended: vec![],
            started: now,
            own_signals: vec![],
        });
        Some(id)
    }

    /// A process ends; its children go to the first one of the container, which takes all others with it.
    pub fn end(&mut self, id: ProcessId, code: i32, sockets: &mut Sockets) {
        let Some(i) = self.processes.iter().position(|p| p.id == id) else { return };
        let gone = self.processes.remove(i);
        for (_, open) in &gone.fds {
            self.release(*open, sockets);
        }
        let main = self.root(gone.container).and_then(|r| r.main);
        for p in self.processes.iter_mut().filter(|p| p.parent == id) {
            p.parent = main.unwrap_or_default();
        }
        if let Some(parent) = self.process_mut(gone.parent) {
            parent.ended.push((id, code));
        }
        self.exits.push(Exit { process: id, container: gone.container, code });
        if main == Some(id) {
            if let Some(root) = self.root_mut(gone.container) {
                root.main = None;
            }
            // Without its first process a namespace of processes is at its end.
            let others = match self.root(gone.container) {
                Some(r) if gone.pid == 1 => self.of_namespace(r.pids),
                _ => self.of_container(gone.container),
            };
            for other in others {
                self.end(other, 137, sockets);
            }
        }
    }

    /// Sends a signal. The first process of a container is spared what it does not handle.
    pub fn signal(&mut self, id: ProcessId, signal: Signal, from_outside: bool, sockets: &mut Sockets) {
        let Some(i) = self.processes.iter().position(|p| p.id == id) else { return };
        // Where the sandbox has the first process, no other is spared.
        let first =
            self.processes[i].pid == 1 && self.root(self.processes[i].container).and_then(|r| r.main) == Some(id);
        if signal == Signal::KILL {
            if !first || from_outside {
                self.end(id, 137, sockets);
            }
            return;
        }
        let Some(program) = self.processes[i].program.as_mut() else {
            self.processes[i].own_signals.push(signal);
            return;
        };
        let reaction = program.signal(signal);
        match reaction {
            Reaction::Noted => {
                self.processes[i].woken = true;
                self.processes[i].late = first && !from_outside;
            }
            Reaction::Ignored => {}
            Reaction::Default if first || signal.is_harmless() => {}
            Reaction::Default => self.end(id, 128 + signal.0, sockets),
        }
    }
}

impl Root {
    pub fn new(container: ContainerId, spec: Arc<ContainerSpec>, image: Option<Arc<Image>>, sink: usize) -> Root {
        Root {
            container,
            spec,
            tree: image.as_ref().map(|i| i.files.clone()).unwrap_or_default(),
            image,
            mounts: vec![],
            read_only: false,
            who: Identity::default(),
            main: None,
            pids: Namespace::Pod,
            stdin: None,
            sink,
            out_of_memory: false,
            memory: 0,
            meter: None,
        }
    }
}
