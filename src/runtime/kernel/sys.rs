//! System calls: all that a program can reach.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::descriptors::insert;
use super::errno::Errno;
use super::files::{Identity, Mounted, View, Volumes};
use super::listed::Listed;
use super::machine::{Listener, Machine, Namespace, Root, SANDBOX_PID, Spawn};
use super::net::{Address, MachineId, Protocol, Side, Sockets, State};
use super::open::{OpenFile, Pipe, Read, What};
use super::outside::Outside;
use super::process::{Environment, Fd, Process, ProcessId, Program, Signal};
use super::tree::{Device, Kind, join};
use super::turns::lend;
use crate::api::served::ServedCall;
use crate::api::{Duration, Time};

pub struct Sys<'a> {
    pub machine: &'a mut Machine,
    pub id: ProcessId,
    pub volumes: &'a mut Volumes,
    pub sockets: &'a mut Sockets,
    pub now: Time,
    pub outside: Option<&'a mut dyn Outside>,
}

/// How a file is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Read,
    Write,
    Append,
    /// To write, if it is not there yet: `set -C`.
    Create,
    Both,
}

impl Sys<'_> {
    pub fn process(&self) -> Option<&Process> {
        self.machine.process(self.id)
    }

    fn container(&self) -> usize {
        self.process().map_or(0, |p| p.container)
    }

    pub fn root(&self) -> Option<&Root> {
        self.machine.root(self.container())
    }

    /// The number that programs know this process by.
    pub fn pid(&self) -> u32 {
        self.process().map_or(0, |p| p.pid)
    }

    pub fn who(&self) -> Identity {
        self.process().map(|p| p.who.clone()).unwrap_or_default()
    }

    pub fn hostname(&self) -> String {
        self.root().map(|r| r.spec.hostname.clone()).unwrap_or_default()
    }

    pub fn words(&self) -> Arc<[String]> {
        self.process().map(|p| p.words.clone()).unwrap_or_default()
    }

    pub fn cwd(&self) -> Arc<str> {
        self.process().map_or_else(|| "/".into(), |p| p.cwd.clone())
    }

    pub fn set_cwd(&mut self, to: &str) {
        if let Some(p) = self.machine.process_mut(self.id) {
            p.cwd = to.into();
        }
    }

    pub fn umask(&self) -> u16 {
        self.process().map_or(0o022, |p| p.umask)
    }

    pub fn set_umask(&mut self, mask: u16) {
        if let Some(p) = self.machine.process_mut(self.id) {
            p.umask = mask;
        }
    }

    /// The variables that it began with.
    pub fn env(&self) -> Arc<BTreeMap<String, String>> {
        match self.process().map(|p| &p.env) {
            Some(Environment::Own(env)) => env.clone(),
            _ => self.root().map(|r| Arc::new(r.environment())).unwrap_or_default(),
        }
    }

    /// The same, to be passed on.
    pub fn environment(&self) -> Environment {
        self.process().map(|p| p.env.clone()).unwrap_or_default()
    }

    pub fn variable(&self, name: &str) -> Option<String> {
        self.env().get(name).cloned()
    }

    // ---- files ------------------------------------------------------------------------------

    /// The files as this process sees them.
    pub fn view<R>(&mut self, act: impl FnOnce(&mut View<'_>) -> R) -> R {
        let (who, umask, container) = (self.who(), self.umask(), self.container());
        let (now, signer) = (self.now, self.sockets.signer.clone());
        let mut none = super::tree::Tree::default();
        let jail = self.process().and_then(|p| p.jail.clone());
        if let Some(mounts) = &jail {
            return act(&mut View {
                own: &mut none,
                volumes: self.volumes,
                mounts,
                read_only: true,
                who: &who,
                umask,
                now,
                outside: None,
                signer,
            });
        }
        match self.machine.root_mut(container) {
            Some(root) => act(&mut View {
                own: &mut root.tree,
                volumes: self.volumes,
                mounts: &root.mounts,
                read_only: root.read_only,
                who: &who,
                umask,
                now,
                outside: lend(&mut self.outside),
                signer,
            }),
            None => act(&mut View {
                own: &mut none,
                volumes: self.volumes,
                mounts: &[],
                read_only: true,
                who: &who,
                umask,
                now,
                outside: None,
                signer,
            }),
        }
    }

    /// From now on the process sees what lies below a directory, and nothing else: `chroot`. Only what is mounted can become a root.
    pub fn enter_jail(&mut self, path: &str) -> Result<(), Errno> {
        if self.who().user != 0 {
            return Err(Errno::NotPermitted);
        }
        let path = self.path(path);
        let path = self.view(|v| v.resolve(&path, true))?;
        if !self.view(|v| v.is_directory(&path)) {
            return Err(Errno::NotDirectory);
        }
        let own: Vec<Mounted> = match self.process().and_then(|p| p.jail.clone()) {
            Some(jail) => jail.to_vec(),
            None => self.root().map(|r| r.mounts.clone()).unwrap_or_default(),
        };
        let below = |m: &Mounted| match (path.as_str(), m.path.strip_prefix(path.as_str())) {
            ("/", _) => Some(m.path.clone()),
            (_, Some("")) => Some("/".to_string()),
            (_, Some(rest)) if rest.starts_with('/') => Some(rest.to_string()),
            _ => None,
        };
        let mounts: Vec<Mounted> = own.iter().filter_map(|m| Some(Mounted { path: below(m)?, ..m.clone() })).collect();
        if path == "/" {
            return Ok(());
        }
        if !mounts.iter().any(|m| m.path == "/") {
            return Err(Errno::NotPermitted);
        }
        let id = self.id;
        if let Some(p) = self.machine.process_mut(id) {
            (p.jail, p.cwd) = (Some(mounts.into()), "/".into());
        }
        Ok(())
    }

    /// A path of the process as one from the root.
    pub fn path(&self, path: &str) -> String {
        match path {
            "" => String::new(),
            p if p.starts_with('/') => p.into(),
            p => join(&self.cwd(), p),
        }
    }

    pub fn exists(&mut self, path: &str) -> bool {
        let path = self.path(path);
        self.view(|v| v.exists(&path))
    }

    /// A whole file.
    pub fn read_file(&mut self, path: &str) -> Result<super::tree::Bytes, Errno> {
        let path = self.path(path);
        if let Some(made) = super::proc::read(self, &path) {
            return made.map(Arc::new);
        }
        self.view(|v| v.read(&path))
    }

    pub fn open(&mut self, path: &str, mode: Mode) -> Result<Fd, Errno> {
        let what = self.find(&self.path(path), mode)?;
        let open = match what {
            // The same file once more.
            What::Device(Device::Own(fd)) => self.process().and_then(|p| p.open(fd)).ok_or(Errno::NotFound)?,
            what => self.machine.open(what),
        };
        Ok(self.take(open))
    }

    fn find(&mut self, path: &str, mode: Mode) -> Result<What, Errno> {
        if let Some(made) = super::proc::read(self, path) {
            let content = made?;
            return match mode {
                Mode::Read | Mode::Both => Ok(What::Made { content: Arc::new(content), offset: 0 }),
                _ => Err(Errno::Denied),
            };
        }
        if mode == Mode::Read {
            return self.view(|v| {
                let resolved = v.resolve(path, true)?;
                let node = v.stat(&resolved)?;
                if !v.access(&resolved, 'r') {
                    return Err(Errno::Denied);
                }
                match node.kind {
                    Kind::Device(d) => Ok(What::Device(d)),
                    Kind::Program(_) => Ok(What::Made { content: v.read(&resolved)?, offset: 0 }),
                    // A directory can be opened, though not be read as a file is.
                    _ => Ok(What::File {
                        path: resolved.into(),
                        offset: 0,
                        append: false,
                        readable: true,
                        writable: false,
                    }),
                }
            });
        }
        let (path, device) =
            self.view(|v| v.open_to_write(path, matches!(mode, Mode::Write | Mode::Create), mode == Mode::Create))?;
        if let Some(d) = device {
            return Ok(What::Device(d));
        }
        let append = mode == Mode::Append;
        Ok(What::File { path: path.into(), offset: 0, append, readable: mode == Mode::Both, writable: true })
    }

    /// The lowest free descriptor, for an open file.
    fn take(&mut self, open: usize) -> Fd {
        self.machine.hold(open);
        let Some(p) = self.machine.process_mut(self.id) else { return 0 };
        let fd = (0..).find(|fd| p.open(*fd).is_none()).unwrap_or_default();
        p.fds.push((fd, open));
        fd
    }

    pub fn close(&mut self, fd: Fd) {
        let Some(p) = self.machine.process_mut(self.id) else { return };
        if let Some(i) = p.fds.iter().position(|(f, _)| *f == fd) {
            let (_, open) = p.fds.remove(i);
            self.machine.release(open, self.sockets);
        }
    }

    /// `to` stands for the same file as `fd` from now on.
    pub fn duplicate(&mut self, fd: Fd, to: Fd) -> Result<(), Errno> {
        let open = self.process().and_then(|p| p.open(fd)).ok_or(Errno::BadDescriptor)?;
        if fd != to {
            self.machine.hold(open);
            self.close(to);
            if let Some(p) = self.machine.process_mut(self.id) {
                p.fds.push((to, open));
            }
        }
        Ok(())
    }

    pub fn is_open(&self, fd: Fd) -> bool {
        self.process().is_some_and(|p| p.open(fd).is_some())
    }

    /// The descriptors with what they stand for, to give to a child.
    pub fn fds(&self) -> Vec<(Fd, usize)> {
        self.process().map(|p| p.fds.clone()).unwrap_or_default()
    }

    /// Keeps the open files behind a table of descriptors, so that it can be put back.
    pub fn keep(&mut self) -> Vec<(Fd, usize)> {
        let fds = self.fds();
        for (_, open) in &fds {
            self.machine.hold(*open);
        }
        fds
    }

    /// Puts back a table of descriptors that was kept.
    pub fn put_back(&mut self, kept: Vec<(Fd, usize)>) {
        let Some(p) = self.machine.process_mut(self.id) else { return };
        for (_, open) in std::mem::replace(&mut p.fds, kept) {
            self.machine.release(open, self.sockets);
        }
    }

    /// A kept table is needed no more.
    pub fn forget(&mut self, kept: Vec<(Fd, usize)>) {
        for (_, open) in kept {
            self.machine.release(open, self.sockets);
        }
    }

    /// A new pipe: where to read, where to write.
    pub fn pipe(&mut self) -> (Fd, Fd) {
        let pipe = insert(&mut self.machine.pipes, Pipe::default());
        let read = self.machine.open(What::PipeEnd { pipe, writes: false });
        let read = self.take(read);
        let write = self.machine.open(What::PipeEnd { pipe, writes: true });
        (read, self.take(write))
    }

    /// Asks the API server. Its whole answer can be read there.
    pub fn ask_api(&mut self, call: ServedCall) -> Fd {
        let pipe = self.machine.pipe_from_outside(false);
        let open = self.machine.open(What::PipeEnd { pipe, writes: false });
        self.sockets.ask(call, self.machine.id.clone(), pipe);
        self.take(open)
    }

    /// A text that can be read once: a here-document.
    pub fn open_text(&mut self, text: &str) -> Fd {
        let open = self.machine.open(What::Made { content: Arc::new(text.into()), offset: 0 });
        self.take(open)
    }

    fn file(&mut self, fd: Fd) -> Result<&mut OpenFile, Errno> {
        let open = self.process().and_then(|p| p.open(fd)).ok_or(Errno::BadDescriptor)?;
        self.machine.files.get_mut(open).and_then(Option::as_mut).ok_or(Errno::BadDescriptor)
    }

    pub fn read(&mut self, fd: Fd, most: usize) -> Result<Read, Errno> {
        let chunk = |content: &[u8], offset: usize| {
            let from = offset.min(content.len());
            let to = content.len().min(from.saturating_add(most));
            if from == to { Read::End } else { Read::Data(content[from..to].to_vec()) }
        };
        let length = |r: &Read| if let Read::Data(d) = r { d.len() } else { 0 };
        match &mut self.file(fd)?.what {
            What::Made { content, offset } => {
                let r = chunk(content, *offset);
                *offset += length(&r);
                Ok(r)
            }
            What::File { readable: false, .. } => Err(Errno::BadDescriptor),
            What::File { path, offset, .. } => {
                let (path, from) = (path.clone(), *offset);
                // Somebody may have removed it.
                let content = match self.view(|v| v.read(&path)) {
                    Err(Errno::NotFound) => return Ok(Read::End),
                    other => other?,
                };
                let r = chunk(&content, from);
                if let What::File { offset, .. } = &mut self.file(fd)?.what {
                    *offset += length(&r);
                }
                Ok(r)
            }
            What::Device(Device::Null | Device::Terminal) => Ok(Read::End),
            What::Device(Device::Zero | Device::Full) => Ok(Read::Data(vec![0; most.min(4096)])),
            What::Device(Device::Random) => Ok(Read::Data(self.noise(most.min(256)))),
            What::Device(Device::Own(_)) | What::Listener { .. } | What::Sink { .. } => Err(Errno::Invalid),
            What::PipeEnd { writes: true, .. } => Err(Errno::BadDescriptor),
            What::PipeEnd { pipe, .. } => {
                let pipe = *pipe;
                let Some(pipe) = self.machine.pipes.get_mut(pipe).and_then(Option::as_mut) else {
                    return Ok(Read::End);
                };
                Ok(match pipe.take(most) {
                    data if !data.is_empty() => Read::Data(data),
                    _ if pipe.writers == 0 => Read::End,
                    _ => Read::Empty,
                })
            }
            What::Socket { connection, side } => {
                let (connection, side) = (*connection, *side);
                self.sockets.read(connection, side, most)
            }
        }
    }

    /// Tells how much was taken; nothing means that one has to wait.
    pub fn write(&mut self, fd: Fd, data: &[u8]) -> Result<usize, Errno> {
        match &mut self.file(fd)?.what {
            What::File { writable: false, .. } | What::Made { .. } | What::Listener { .. } => Err(Errno::BadDescriptor),
            What::File { path, offset, append, .. } => {
                let (path, at) = (path.clone(), (!*append).then_some(*offset));
                let end = self.view(|v| v.write_at(&path, at, data))?;
                if let What::File { offset, .. } = &mut self.file(fd)?.what {
                    *offset = end;
                }
                Ok(data.len())
            }
            What::Device(Device::Full) => Err(Errno::NoSpace),
            What::Device(_) => Ok(data.len()),
            What::PipeEnd { writes: false, .. } => Err(Errno::BadDescriptor),
            What::PipeEnd { pipe, .. } => {
                let pipe = *pipe;
                match self.machine.pipes.get_mut(pipe).and_then(Option::as_mut) {
                    Some(p) if p.readers > 0 => {
                        let n = data.len().min(p.room());
                        p.data.extend(&data[..n]);
                        Ok(n)
                    }
                    _ => Err(Errno::BrokenPipe),
                }
            }
            What::Sink { sink, stream } => {
                let (sink, stream) = (*sink, *stream);
                if let Some(s) = self.machine.sinks.get_mut(sink).and_then(Option::as_mut) {
                    match s.printed.last_mut().filter(|(last, _)| *last == stream) {
                        Some((_, text)) => text.extend(data),
                        None => s.printed.push((stream, data.to_vec())),
                    }
                }
                Ok(data.len())
            }
            What::Socket { connection, side } => {
                let (connection, side) = (*connection, *side);
                self.sockets.write(connection, side, data)
            }
        }
    }

    /// Writes what fits; the rest stays in `data`. Whether all went.
    pub fn drain(&mut self, fd: Fd, data: &mut Vec<u8>) -> Result<bool, Errno> {
        while !data.is_empty() {
            match self.write(fd, data)? {
                0 => return Ok(false),
                n => drop(data.drain(..n)),
            }
        }
        Ok(true)
    }

    /// Where reading goes on in a file.
    pub fn seek(&mut self, fd: Fd, to: usize) {
        if let Ok(OpenFile { what: What::File { offset, .. } | What::Made { offset, .. }, .. }) = self.file(fd) {
            *offset = to;
        }
    }

    pub fn offset(&mut self, fd: Fd) -> Option<usize> {
        match &self.file(fd).ok()?.what {
            What::File { offset, .. } | What::Made { offset, .. } => Some(*offset),
            _ => None,
        }
    }

    /// The file that a descriptor stands for, by its path.
    pub fn path_of(&mut self, fd: Fd) -> Option<Arc<str>> {
        match &self.file(fd).ok()?.what {
            What::File { path, .. } => Some(path.clone()),
            _ => None,
        }
    }

    pub fn is_terminal(&self, fd: Fd) -> bool {
        let open = self.process().and_then(|p| p.open(fd));
        let what = open.and_then(|o| self.machine.files.get(o)?.as_ref()).map(|f| &f.what);
        match what {
            Some(What::PipeEnd { pipe, .. }) => {
                self.machine.pipes.get(*pipe).and_then(Option::as_ref).is_some_and(|p| p.terminal)
            }
            Some(What::Sink { sink, .. }) => {
                self.machine.sinks.get(*sink).and_then(Option::as_ref).is_some_and(|s| s.terminal)
            }
            Some(What::Device(Device::Terminal)) => true,
            _ => false,
        }
    }

    /// Bytes that look like chance, and are the same for the same process at the same time.
    pub fn noise(&mut self, n: usize) -> Vec<u8> {
        use sha2::{Digest, Sha256};
        let mut out = vec![];
        let counter = self.machine.draw();
        while out.len() < n {
            let d = Sha256::new()
                .chain_update(format!("{:?}/{}/{counter}/{}/{}", self.machine.id, self.id, self.now.nanos(), out.len()))
                .finalize();
            out.extend_from_slice(&d);
        }
        out.truncate(n);
        out
    }

    // ---- processes --------------------------------------------------------------------------

    /// A child with these descriptors.
    pub fn spawn(
        &mut self,
        program: Box<dyn Program>,
        words: Arc<[String]>,
        env: Environment,
        fds: Vec<(Fd, usize)>,
    ) -> Option<ProcessId> {
        let p = self.process()?;
        let (who, umask, cwd, container) = (p.who.clone(), p.umask, p.cwd.clone(), p.container);
        let s = Spawn { program, words, env, cwd, fds, who, umask, parent: self.id, container };
        self.machine.spawn(s, self.now)
    }

    /// Asks after a child that has ended; any one if none is named.
    pub fn reap(&mut self, child: Option<ProcessId>) -> Option<(ProcessId, i32)> {
        let p = self.machine.process_mut(self.id)?;
        let i = p.ended.iter().position(|(id, _)| child.is_none_or(|c| c == *id))?;
        Some(p.ended.remove(i))
    }

    /// Whether a child still runs.
    pub fn has_child(&self, child: ProcessId) -> bool {
        self.machine.process(child).is_some_and(|p| p.parent == self.id)
    }

    pub fn pid_of(&self, id: ProcessId) -> u32 {
        self.machine.process(id).map_or(0, |p| p.pid)
    }

    /// The processes that this one sees, in order.
    pub fn processes(&self) -> Vec<Process> {
        let pids = |container| self.machine.root(container).map(|r| r.pids);
        let own = pids(self.container());
        let mut seen: Vec<Process> =
            self.machine.processes.iter().filter(|p| pids(p.container) == own).cloned().collect();
        if own == Some(Namespace::Pod) {
            seen.push(Process::of_sandbox(SANDBOX_PID));
        }
        seen.sort_by_key(|p| p.pid);
        seen
    }

    pub fn kill(&mut self, pid: u32, signal: Signal) -> Result<(), Errno> {
        let target = self.processes().into_iter().find(|p| p.pid == pid).ok_or(Errno::NoProcess)?;
        let who = self.who();
        if who.user != 0 && who.user != target.who.user {
            return Err(Errno::NotPermitted);
        }
        if signal.0 != 0 {
            self.machine.signal(target.id, signal, false, self.sockets);
        }
        Ok(())
    }

    // ---- network ----------------------------------------------------------------------------

    /// Begins to connect. The descriptor becomes writable when it is decided.
    pub fn connect(&mut self, protocol: Protocol, to: Address) -> Fd {
        let connection = self.sockets.dial(self.machine.id.clone(), protocol, to);
        let open = self.machine.open(What::Socket { connection, side: Side::Client });
        self.take(open)
    }

    /// The same into another machine's own network, past all rules: what the container runtime does for `port-forward`.
    pub fn connect_within(&mut self, machine: MachineId, port: u16) -> Fd {
        let to = Address { ip: std::net::Ipv4Addr::LOCALHOST, port };
        let connection = self.sockets.dial(self.machine.id.clone(), Protocol::Tcp, to);
        if let Some(d) = self.sockets.dials.iter_mut().find(|d| d.connection == connection) {
            d.within = Some(machine);
        }
        let open = self.machine.open(What::Socket { connection, side: Side::Client });
        self.take(open)
    }

    /// The same with a packet that so many machines may pass on at most, and one more.
    pub fn probe(&mut self, protocol: Protocol, to: Address, ttl: u8) -> Fd {
        let fd = self.connect(protocol, to);
        if let Some(d) = self.sockets.dials.last_mut() {
            d.ttl = ttl;
        }
        fd
    }

    /// Who answered or complained, and what was left of the answer's time to live.
    pub fn answered_by(&mut self, fd: Fd) -> Option<(std::net::Ipv4Addr, u8)> {
        let What::Socket { connection, .. } = self.file(fd).ok()?.what else { return None };
        self.sockets.get(connection)?.answered
    }

    /// The sockets of this machine's network. `None`: one has to wait, and is woken.
    pub fn listed(&mut self) -> Option<Vec<Listed>> {
        let key = (self.machine.id.clone(), self.id);
        let seen = self.sockets.seen.remove(&key);
        if seen.is_none() {
            self.sockets.looking.push(key);
        }
        seen
    }

    /// The rules that kube-proxy has written on this machine, as text that can be read from there.
    pub fn ask_rules(&mut self) -> Fd {
        let pipe = self.machine.pipe_from_outside(false);
        let open = self.machine.open(What::PipeEnd { pipe, writes: false });
        self.sockets.asking_rules.push((self.machine.id.clone(), pipe));
        self.take(open)
    }

    /// `None`: it is not decided yet.
    pub fn connected(&mut self, fd: Fd) -> Option<Result<(), Errno>> {
        let What::Socket { connection, .. } = self.file(fd).ok()?.what else { return Some(Err(Errno::BadDescriptor)) };
        match self.sockets.get(connection).map(|c| &c.state) {
            Some(State::Dialling) => None,
            Some(State::Open) => Some(Ok(())),
            Some(State::Failed(why)) => Some(Err(*why)),
            None => Some(Err(Errno::Reset)),
        }
    }

    /// The other end's address and the own one.
    pub fn peer(&mut self, fd: Fd) -> Option<(Address, Address)> {
        let What::Socket { connection, side } = self.file(fd).ok()?.what else { return None };
        let c = self.sockets.get(connection)?;
        let own = Address { ip: self.machine.address.unwrap_or(c.to.ip), port: c.port };
        Some(match side {
            Side::Client => (c.to, c.source),
            Side::Server => (c.source, own),
        })
    }

    /// Says no more; one may still listen.
    pub fn finish(&mut self, fd: Fd) {
        if let Ok(OpenFile { what: What::Socket { connection, side }, .. }) = self.file(fd) {
            let (connection, side) = (*connection, *side);
            self.sockets.finish(connection, side);
        }
    }

    pub fn listen(&mut self, protocol: Protocol, port: u16, loopback: bool) -> Result<Fd, Errno> {
        let same = |l: &Listener| l.port == port && l.protocol == protocol;
        if self.machine.listeners.iter().any(same) {
            return Err(Errno::AddressInUse);
        }
        let container = self.container();
        self.machine.listeners.push(Listener { port, protocol, loopback, backlog: vec![], container });
        let open = self.machine.open(What::Listener { port, protocol });
        Ok(self.take(open))
    }

    /// The next connection that came in.
    pub fn accept(&mut self, fd: Fd) -> Option<Fd> {
        let What::Listener { port, protocol } = self.file(fd).ok()?.what else { return None };
        let l = self.machine.listeners.iter_mut().find(|l| l.port == port && l.protocol == protocol)?;
        if l.backlog.is_empty() {
            return None;
        }
        let connection = l.backlog.remove(0);
        let open = self.machine.open(What::Socket { connection, side: Side::Server });
        Some(self.take(open))
    }

    // ---- the CPU ----------------------------------------------------------------------------

    /// A piece of work: when it will be done.
    pub fn work(&mut self, cost: Duration) -> Time {
        let (now, container) = (self.now, self.container());
        let meter = self.machine.root_mut(container).and_then(|r| r.meter.as_mut());
        meter.map_or(now + cost, |m| m.work(cost, now))
    }

    /// Takes memory. Whether there was enough of it; if not, the kernel ends the container.
    pub fn allocate(&mut self, bytes: u64) -> bool {
        let container = self.container();
        let Some(root) = self.machine.root_mut(container) else { return true };
        root.memory = root.memory.saturating_add(bytes);
        let fits = root.spec.memory_limit.is_none_or(|most| root.memory <= most);
        root.out_of_memory |= !fits;
        fits
    }

    /// Gives memory back.
    pub fn free(&mut self, bytes: u64) {
        let container = self.container();
        if let Some(root) = self.machine.root_mut(container) {
            root.memory = root.memory.saturating_sub(bytes);
        }
    }
}
