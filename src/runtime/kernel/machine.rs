//! A machine: what the processes of one network namespace share. A pod is one, with a root for each of its containers; a node's
//! own programs run in another. It runs until everybody waits for something.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::files::{Identity, Mounted, Volumes};
use super::net::{ConnectionId, MachineId, Protocol, Sockets};
use super::open::{OpenFile, Pipe, Sink, What};
use super::outside::{Answered, Counter, Outside};
use super::process::{Environment, Fd, Process, ProcessId, Program, Reaction, STDERR, STDOUT, Signal, Step, Wait};
use super::sys::Sys;
use super::tree::{Device, Tree};
use crate::api::ops::{ContainerId, ContainerSpec, Pids, Stream};
use crate::api::{Duration, Time};
use crate::runtime::catalogue::Image;
use crate::runtime::meter::Meter;

/// Steps of processes without a pause; a busy loop must not stop the world.
const BUDGET: u32 = 4_000;
/// As many of them one counts for that did not come to a pause in its turn.
const WHOLE_TURN: u32 = 400;
/// What they are taken to last.
const SLICE: Duration = Duration::from_millis(200);
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

/// Lends to one what others want afterwards.
pub(super) fn lend<'a>(outside: &'a mut Option<&mut dyn Outside>) -> Option<&'a mut dyn Outside> {
    match outside {
        Some(o) => Some(&mut **o),
        None => None,
    }
}

pub(super) fn insert<T>(list: &mut Vec<Option<T>>, item: T) -> usize {
    match list.iter().position(Option::is_none) {
        Some(i) => {
            list[i] = Some(item);
            i
        }
        None => {
            list.push(Some(item));
            list.len() - 1
        }
    }
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

    // ---- open files -------------------------------------------------------------------------

    /// An open file that stands for something; its holders are counted as descriptors take it.
    pub fn open(&mut self, what: What) -> usize {
        if let What::PipeEnd { pipe, writes } = what
            && let Some(p) = self.pipes.get_mut(pipe).and_then(Option::as_mut)
        {
            *(if writes { &mut p.writers } else { &mut p.readers }) += 1;
        }
        insert(&mut self.files, OpenFile { what, holders: 0 })
    }

    pub(super) fn hold(&mut self, open: usize) {
        if let Some(f) = self.files.get_mut(open).and_then(Option::as_mut) {
            f.holders += 1;
        }
    }

    /// A descriptor lets go.
    pub(super) fn release(&mut self, open: usize, sockets: &mut Sockets) {
        let Some(f) = self.files.get_mut(open).and_then(Option::as_mut) else { return };
        f.holders = f.holders.saturating_sub(1);
        if f.holders > 0 {
            return;
        }
        let Some(f) = self.files[open].take() else { return };
        match f.what {
            What::PipeEnd { pipe, writes } => {
                if let Some(p) = self.pipes.get_mut(pipe).and_then(Option::as_mut) {
                    let ends = if writes { &mut p.writers } else { &mut p.readers };
                    *ends = ends.saturating_sub(1);
                    if p.readers == 0 && p.writers == 0 {
                        self.pipes[pipe] = None;
                    }
                }
            }
            What::Socket { connection, side } => sockets.close(connection, side),
            What::Listener { port, protocol } => self.listeners.retain(|l| (l.port, l.protocol) != (port, protocol)),
            _ => {}
        }
    }

    /// From now on a descriptor of a process stands for another open file.
    pub fn redirect(&mut self, id: ProcessId, fd: Fd, open: usize, sockets: &mut Sockets) {
        self.hold(open);
        let Some(p) = self.process_mut(id) else { return };
        let old = p.fds.iter_mut().find(|(n, _)| *n == fd).map(|(_, o)| std::mem::replace(o, open));
        if let Some(old) = old {
            self.release(old, sockets);
        }
    }

    /// A pipe whose one end is outside.
    pub fn pipe_from_outside(&mut self, terminal: bool) -> usize {
        insert(&mut self.pipes, Pipe { writers: 1, unbounded: true, terminal, ..Pipe::default() })
    }

    /// A place to print to for somebody outside.
    pub fn sink(&mut self, terminal: bool) -> usize {
        insert(&mut self.sinks, Sink { printed: vec![], terminal })
    }

    /// What was printed there since somebody last looked.
    pub fn fetch(&mut self, sink: usize) -> Vec<(Stream, Vec<u8>)> {
        self.sinks.get_mut(sink).and_then(Option::as_mut).map(|s| std::mem::take(&mut s.printed)).unwrap_or_default()
    }

    pub fn drop_sink(&mut self, sink: usize) {
        if let Some(s) = self.sinks.get_mut(sink) {
            *s = None;
        }
    }

    /// Nobody outside writes any more.
    pub fn finish_input(&mut self, pipe: usize) {
        if let Some(p) = self.pipes.get_mut(pipe).and_then(Option::as_mut) {
            p.writers = 0;
            if p.readers == 0 {
                self.pipes[pipe] = None;
            }
        }
    }

    /// Somebody outside writes.
    pub fn feed(&mut self, pipe: usize, data: &[u8]) {
        if let Some(p) = self.pipes.get_mut(pipe).and_then(Option::as_mut) {
            p.data.extend(data);
        }
    }

    /// Somebody outside answers a command, wholly or in part.
    pub fn answer(&mut self, id: ProcessId, answer: Answered) {
        let all = self.counter.answers.entry(id).or_default();
        all.out.extend(answer.out);
        all.err.extend(answer.err);
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
        self.processes.push(Process {
            id,
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

    /// Whether a process waits for a time, or for a connection that somebody will decide on.
    pub fn goes_on(&self, p: &Process, sockets: &Sockets) -> bool {
        let on_socket = |fd: &Fd| {
            let file = p.open(*fd).and_then(|o| self.files.get(o)?.as_ref());
            file.is_some_and(|f| matches!(f.what, What::Socket { connection, .. } if sockets.get(connection).is_some()))
        };
        p.woken || p.wait.until.is_some() || p.wait.readable.iter().chain(&p.wait.writable).any(on_socket)
    }

    /// Whether a process waits for something to come through a pipe.
    pub fn waits_on_pipe(&self, p: &Process, pipe: usize) -> bool {
        let is_it = |fd: &Fd| {
            let file = p.open(*fd).and_then(|o| self.files.get(o)?.as_ref());
            file.is_some_and(|f| matches!(f.what, What::PipeEnd { pipe: n, .. } if n == pipe))
        };
        p.wait.readable.iter().any(is_it)
    }

    fn is_readable(&self, p: &Process, fd: Fd, sockets: &Sockets) -> bool {
        let Some(file) = p.open(fd).and_then(|o| self.files.get(o)?.as_ref()) else { return true };
        match &file.what {
            What::PipeEnd { pipe, .. } => {
                let pipe = self.pipes.get(*pipe).and_then(Option::as_ref);
                pipe.is_none_or(|p| !p.data.is_empty() || p.writers == 0)
            }
            What::Socket { connection, side } => sockets.is_readable(*connection, *side),
            What::Listener { port, protocol } => {
                let listener = self.listeners.iter().find(|l| (l.port, l.protocol) == (*port, *protocol));
                listener.is_none_or(|l| !l.backlog.is_empty())
            }
            What::Device(Device::Terminal) => false,
            _ => true,
        }
    }

    fn is_writable(&self, p: &Process, fd: Fd, sockets: &Sockets) -> bool {
        let Some(file) = p.open(fd).and_then(|o| self.files.get(o)?.as_ref()) else { return true };
        match &file.what {
            What::PipeEnd { pipe, .. } => {
                let pipe = self.pipes.get(*pipe).and_then(Option::as_ref);
                pipe.is_none_or(|p| p.room() > 0 || p.readers == 0)
            }
            What::Socket { connection, side } => sockets.is_writable(*connection, *side),
            _ => true,
        }
    }

    fn is_ready(&self, p: &Process, now: Time, sockets: &Sockets) -> bool {
        let w = &p.wait;
        p.woken
            || w.until.is_some_and(|t| t <= now)
            || (w.child && !p.ended.is_empty())
            || w.readable.iter().any(|fd| self.is_readable(p, *fd, sockets))
            || w.writable.iter().any(|fd| self.is_writable(p, *fd, sockets))
    }

    /// Lets everybody go on until all wait. Tells when somebody wants to be woken.
    pub fn run(
        &mut self,
        now: Time,
        volumes: &mut Volumes,
        sockets: &mut Sockets,
        mut outside: Option<&mut dyn Outside>,
    ) -> Option<Time> {
        self.busy.clear();
        self.processes.iter_mut().for_each(|p| p.late = false);
        let (mut last, mut left) = (0, BUDGET);
        while left > 0 {
            let n = self.processes.len();
            let round = || (0..n).map(|i| (last + i) % n);
            let is_ready = |i: &usize| self.is_ready(&self.processes[*i], now, sockets);
            let next = round().find(|i| !self.processes[*i].late && is_ready(i)).or_else(|| round().find(is_ready));
            let Some(i) = next else {
                return self.processes.iter().filter_map(|p| p.wait.until).min();
            };
            last = i + 1;
            let paused = self.step(i, now, volumes, sockets, lend(&mut outside));
            left = left.saturating_sub(if paused { 1 } else { WHOLE_TURN });
            self.reclaim(sockets);
        }
        self.busy = self.processes.iter().filter(|p| self.is_ready(p, now, sockets)).map(|p| p.container).collect();
        Some(now + SLICE)
    }

    /// A container that took too much memory is ended as a whole.
    fn reclaim(&mut self, sockets: &mut Sockets) {
        let taken: Vec<ProcessId> =
            self.roots.iter().flatten().filter(|r| r.out_of_memory).filter_map(|r| r.main).collect();
        for main in taken {
            self.end(main, 137, sockets);
        }
    }

    /// Whether the process waits now, or has ended; if not, it has used up its turn.
    fn step(
        &mut self,
        i: usize,
        now: Time,
        volumes: &mut Volumes,
        sockets: &mut Sockets,
        outside: Option<&mut dyn Outside>,
    ) -> bool {
        let p = &mut self.processes[i];
        let id = p.id;
        (p.woken, p.late, p.wait) = (false, false, Wait::default());
        let Some(mut program) = p.program.take() else { return true };
        let step = program.run(&mut Sys {
            machine: self,
            id,
            volumes,
            sockets,
            now,
            outside: outside.map(|o| o as &mut dyn Outside),
        });
        // It may have ended itself by a signal.
        let Some(p) = self.process_mut(id) else { return true };
        p.program = Some(program);
        for signal in std::mem::take(&mut p.own_signals) {
            self.signal(id, signal, false, sockets);
        }
        let Some(p) = self.process_mut(id) else { return true };
        let paused = !matches!(step, Step::Again);
        match step {
            Step::Wait(wait) => p.wait = wait,
            Step::Again => p.woken = true,
            Step::Exit(code) => self.end(id, code & 0xff, sockets),
            Step::Become(program, words, env) => {
                (p.program, p.words, p.env, p.woken) = (Some(program), words, env, true);
            }
        }
        paused
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
