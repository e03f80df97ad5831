//! What people and kubelets do inside running containers: commands, attaching, connections, probes. Each is an operation that goes on
//! until it is over; what it prints is fetched meanwhile.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::container::State;
use super::kernel::net::{Address, ConnectionId, MachineId, Protocol, Side};
use super::kernel::{ProcessId, Read, Signal};
use super::programs::net::{Forwarder, Ports};
use super::simulated::{Due, Simulated};
use super::starting::Ends;
use crate::api::digest::Digest;
use crate::api::go_text::quoted;
use crate::api::ops::{Completion, ContainerId, HookCall, PodRef, ProbeCall, Stream, Talk};
use crate::api::{Duration, OpId, Outcome, Time};

/// An operation that goes on.
#[derive(Clone, Debug)]
pub struct Session {
    what: What,
    /// Printed, and not yet fetched.
    heard: Vec<(Stream, Vec<u8>)>,
    over: bool,
    /// Nobody fetches what it prints: it is kept for the outcome.
    probe: Option<Probe>,
}

#[derive(Clone, Debug)]
enum What {
    Command {
        machine: MachineId,
        process: ProcessId,
        stdin: Option<usize>,
        sink: usize,
    },
    Attached {
        container: ContainerId,
        stdin: Option<usize>,
    },
    /// The client's end of a connection is held here.
    Connection {
        id: ConnectionId,
        machine: MachineId,
    },
}

#[derive(Clone, Debug)]
struct Probe {
    call: ProbeCall,
    address: String,
    timeout: Duration,
    /// It is no question but a hook: whatever is answered is well, and a command's failure is told in full.
    hook: bool,
}

impl Session {
    fn new(what: What) -> Session {
        Session { what, heard: vec![], over: false, probe: None }
    }

    pub fn hear(&mut self, said: &[(Stream, Vec<u8>)]) {
        for (stream, text) in said {
            match self.heard.last_mut().filter(|(last, _)| last == stream) {
                Some((_, all)) => all.extend(text),
                None => self.heard.push((*stream, text.clone())),
            }
        }
    }

    /// All that it printed, outputs and errors as they came.
    fn text(&self) -> String {
        let all: Vec<u8> = self.heard.iter().flat_map(|(_, t)| t.clone()).collect();
        String::from_utf8_lossy(&all).into_owned()
    }
}

fn probed(verdict: Result<(), String>) -> Outcome {
    Outcome::Probed { ok: verdict.is_ok(), detail: verdict.err().unwrap_or_default() }
}

/// What is said of a probe that nobody has answered in time.
fn unanswered(probe: &ProbeCall, address: &str, timeout: Duration) -> String {
    match probe {
        ProbeCall::Exec { command } => format!("command timed out: {command:?} timed out after {}s", timeout.as_secs()),
        ProbeCall::Http { port, path, .. } => format!(
            "Get \"http://{address}:{port}{path}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        ),
        ProbeCall::Tcp { port, .. } => format!("dial tcp {address}:{port}: i/o timeout"),
    }
}

fn fail(op: OpId, now: Time, message: impl Into<String>, out: &mut Vec<Completion>) {
    out.push(Completion { op, at: now, outcome: Outcome::Failed { message: message.into() } });
}

impl Simulated {
    /// A command in a running container. `with`: somebody writes to it; it believes that it talks to a terminal.
    pub(super) fn exec(
        &mut self,
        op: OpId,
        id: ContainerId,
        command: &[String],
        with: (bool, bool),
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        match self.begin_command(id, command, with, now) {
            Ok(what) => {
                let machine = what.machine();
                self.sessions.insert(op, Session::new(what));
                if let Some(machine) = machine {
                    self.run(&machine, now, out);
                }
            }
            Err(message) => fail(op, now, message, out),
        }
    }

    fn begin_command(
        &mut self,
        id: ContainerId,
        command: &[String],
        with: (bool, bool),
        now: Time,
    ) -> Result<What, String> {
        let c = self.containers.get(&id).cloned().ok_or("container not found")?;
        if !matches!(c.state, State::Running) {
            return Err("container not running".into());
        }
        let image = self.root(&c).and_then(|r| r.image.clone());
        let own = image.map(|i| i.working_dir.clone()).unwrap_or_default();
        let cwd = if c.spec.working_dir.is_empty() { own } else { c.spec.working_dir.clone() };
        let (takes_input, tty) = with;
        let Some(m) = self.machine_mut(&c.machine) else { return Err("container not found".into()) };
        let stdin = takes_input.then(|| m.pipe_from_outside(tty));
        let sink = m.sink(tty);
        match self.launch(&c.machine, c.slot, command, &cwd, &Ends { stdin, sink }, now) {
            Ok(process) => Ok(What::Command { machine: c.machine.clone(), process, stdin, sink }),
            Err(why) => {
                let name = command.first().cloned().unwrap_or_default();
                Err(format!(
                    "Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start \
                     exec \"{}\": OCI runtime exec failed: exec failed: unable to start container process: {why}",
                    Digest::of(&format!("{id}{name}")),
                ))
            }
        }
    }

    /// A command on a machine itself.
    pub(super) fn run_on_host(
        &mut self,
        op: OpId,
        host: &Arc<str>,
        command: &[String],
        (takes_input, tty): (bool, bool),
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        let machine = MachineId::Host(host.clone());
        let Some(m) = self.machine_mut(&machine) else { return fail(op, now, "no such machine", out) };
        let stdin = takes_input.then(|| m.pipe_from_outside(tty));
        let sink = m.sink(tty);
        match self.launch(&machine, 0, command, "/", &Ends { stdin, sink }, now) {
            Ok(process) => {
                let what = What::Command { machine: machine.clone(), process, stdin, sink };
                self.sessions.insert(op, Session::new(what));
                self.run(&machine, now, out);
            }
            Err(_) => {
                let name = command.first().map_or("", String::as_str);
                fail(op, now, format!("{name}: command not found"), out);
            }
        }
    }

    /// What a process prints is heard by an operation.
    pub(super) fn follow_process(&mut self, op: OpId, machine: MachineId, process: ProcessId, sink: usize) {
        self.sessions.insert(op, Session::new(What::Command { machine, process, stdin: None, sink }));
    }

    /// The first process of a container from now on.
    pub(super) fn attach(&mut self, op: OpId, id: ContainerId, stdin: bool, now: Time, out: &mut Vec<Completion>) {
        let stdin = self.containers.get(&id).and_then(|c| self.root(c)?.stdin).filter(|_| stdin);
        match self.containers.get_mut(&id).map(Arc::make_mut) {
            Some(c) if !matches!(c.state, State::Exited(_)) => {
                c.attached.push(op);
                self.sessions.insert(op, Session::new(What::Attached { container: id, stdin }));
            }
            _ => fail(op, now, "container not running", out),
        }
    }

    /// Ports of a machine lead into a pod's own network.
    pub(super) fn port_forward(
        &mut self,
        op: OpId,
        host: &Arc<str>,
        pod: &PodRef,
        (ports, addresses, lasting): (&[(u16, u16)], &[String], bool),
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        let machine = MachineId::Host(host.clone());
        let Some(m) = self.machine_mut(&machine) else { return fail(op, now, "no such machine", out) };
        let sink = m.sink(false);
        let ports = ports.iter().map(|(local, remote)| Ports { local: *local, remote: *remote }).collect();
        let program = Box::new(Forwarder::new(MachineId::Pod(pod.uid), ports, addresses.to_vec(), lasting));
        let words = if lasting { ["docker-proxy", "-proto=tcp"] } else { ["kubectl", "port-forward"] };
        let words: Arc<[String]> = words.map(String::from).into();
        let process = m.start(0, program, words, sink, now);
        match process {
            Some(process) => {
                let what = What::Command { machine: machine.clone(), process, stdin: None, sink };
                self.sessions.insert(op, Session::new(what));
                self.run(&machine, now, out);
            }
            None => fail(op, now, "can't fork", out),
        }
    }

    fn connect_into(&mut self, machine: &MachineId, port: u16) -> Option<ConnectionId> {
        let m = self.machines.get_mut(machine).map(Arc::make_mut)?;
        let ip = m.address?;
        let listener = m.listeners.iter_mut().find(|l| l.port == port && l.protocol == Protocol::Tcp)?;
        // Whoever connects from outside is the node.
        let node = Ipv4Addr::from(u32::from(ip) & 0xffff_ff00 | 1);
        let id = self.sockets.dial(MachineId::Host("".into()), Protocol::Tcp, Address { ip, port });
        self.sockets.dials.retain(|d| d.connection != id);
        listener.backlog.push(id);
        self.sockets.answer(id, Ok((machine.clone(), port, node)));
        Some(id)
    }

    // ---- probes -----------------------------------------------------------------------------

    #[allow(clippy::too_many_arguments, reason = "they are the fields of the call")]
    pub(super) fn probe(
        &mut self,
        op: OpId,
        id: ContainerId,
        pod: &PodRef,
        probe: &ProbeCall,
        timeout: Duration,
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        self.ask(op, id, pod, (probe, false), Some(timeout), now, out);
    }

    /// A hook. Nothing but its end is waited for where no time is given.
    #[allow(clippy::too_many_arguments, reason = "they are the fields of the call")]
    pub(super) fn hook(
        &mut self,
        op: OpId,
        id: ContainerId,
        pod: &PodRef,
        hook: &HookCall,
        timeout: Option<Duration>,
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        let call = match hook {
            HookCall::Exec { command } => ProbeCall::Exec { command: command.clone() },
            HookCall::Http { port, path } => ProbeCall::Http { host: None, port: *port, path: path.clone() },
            HookCall::Sleep { seconds } => {
                let wait = Duration::from_secs(*seconds);
                let at = now + timeout.map_or(wait, |t| t.min(wait));
                return out.push(Completion { op, at, outcome: probed(Ok(())) });
            }
        };
        self.ask(op, id, pod, (&call, true), timeout, now, out);
    }

    #[allow(clippy::too_many_arguments, reason = "they are the fields of the call")]
    fn ask(
        &mut self,
        op: OpId,
        id: ContainerId,
        pod: &PodRef,
        (probe, hook): (&ProbeCall, bool),
        timeout: Option<Duration>,
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        let own = MachineId::Pod(pod.uid);
        let (machine, host) = match probe {
            ProbeCall::Http { host: Some(host), .. } | ProbeCall::Tcp { host: Some(host), .. } => {
                (self.machine_at(*host).cloned(), Some(*host))
            }
            _ => (Some(own), None),
        };
        let host = host.or_else(|| self.machines.get(machine.as_ref()?)?.address);
        let address = host.map(|a| a.to_string()).unwrap_or_default();
        // Where nobody has the address nobody answers.
        let Some(machine) = machine else {
            let wait = timeout.unwrap_or_default();
            return out.push(Completion {
                op,
                at: now + wait,
                outcome: probed(Err(unanswered(probe, &address, wait))),
            });
        };
        let done = |verdict, after: Duration, out: &mut Vec<Completion>| {
            out.push(Completion { op, at: now + after, outcome: probed(verdict) });
        };
        let refused = |port: &u16| format!("dial tcp {address}:{port}: connect: connection refused");
        let what = match probe {
            ProbeCall::Exec { command } => match self.begin_command(id, command, (false, false), now) {
                Ok(what) => what,
                Err(message) => return done(Err(message), Duration::ZERO, out),
            },
            ProbeCall::Tcp { port, .. } => {
                let listens = self.machines.get(&machine).is_some_and(|m| m.listeners.iter().any(|l| l.port == *port));
                return done(if listens { Ok(()) } else { Err(refused(port)) }, Duration::from_millis(1), out);
            }
            ProbeCall::Http { port, path, .. } => match self.connect_into(&machine, *port) {
                None => {
                    let url = format!("Get \"http://{address}:{port}{path}\": {}", refused(port));
                    return done(Err(url), Duration::from_millis(1), out);
                }
                Some(connection) => {
                    let request = format!(
                        "GET {path} HTTP/1.1\r\nHost: {address}:{port}\r\nUser-Agent: kube-probe/1.36\r\nAccept: */*\r\nConnection: close\r\n\r\n"
                    );
                    let _ = self.sockets.write(connection, Side::Client, request.as_bytes());
                    What::Connection { id: connection, machine: machine.clone() }
                }
            },
        };
        let asked = Probe { call: probe.clone(), address, timeout: timeout.unwrap_or_default(), hook };
        let session = Session { probe: Some(asked), ..Session::new(what) };
        self.sessions.insert(op, session);
        self.run(&machine, now, out);
        if let Some(timeout) = timeout.filter(|_| self.sessions.contains_key(&op)) {
            self.at(now + timeout, Due::TimeOut(op));
        }
    }

    /// A probe waited long enough.
    pub(super) fn time_out(&mut self, op: OpId, now: Time, out: &mut Vec<Completion>) {
        let Some(session) = self.sessions.remove(&op) else { return };
        let Some(p) = &session.probe else { return };
        let why = unanswered(&p.call, &p.address, p.timeout);
        out.push(Completion { op, at: now, outcome: probed(Err(why)) });
        self.leave(&session, now, out);
    }

    /// Nobody listens any more: what was begun for it ends.
    fn leave(&mut self, session: &Session, now: Time, out: &mut Vec<Completion>) {
        match &session.what {
            What::Command { machine, process, sink, .. } => {
                let (machine, process, sink) = (machine.clone(), *process, *sink);
                if let Some(m) = self.machines.get_mut(&machine).map(Arc::make_mut) {
                    m.end(process, 137, &mut self.sockets);
                    m.drop_sink(sink);
                }
                self.run(&machine, now, out);
            }
            What::Connection { id, machine } => {
                self.sockets.close(*id, Side::Client);
                let machine = machine.clone();
                self.run(&machine, now, out);
            }
            What::Attached { .. } => {}
        }
    }

    // ---- what goes on -----------------------------------------------------------------------

    /// A process has ended that a session is about.
    pub(super) fn session_process_ended(
        &mut self,
        machine: &MachineId,
        process: ProcessId,
        code: i32,
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        let is_it = |s: &Session| matches!(&s.what, What::Command { machine: m, process: p, .. } if m == machine && *p == process);
        let Some(op) = self.sessions.iter().find(|(_, s)| is_it(s)).map(|(op, _)| *op) else { return };
        self.fetch(op);
        self.end_session(op, code, now, out);
    }

    /// A session is over; what it printed can still be fetched.
    pub(super) fn end_session(&mut self, op: OpId, code: i32, now: Time, out: &mut Vec<Completion>) {
        let Some(s) = self.sessions.get_mut(&op) else { return };
        if s.over {
            return;
        }
        s.over = true;
        let outcome = match &s.probe {
            Some(_) if code == 0 => probed(Ok(())),
            Some(p) => probed(Err(p.failure(code, s))),
            None => Outcome::Ended { code },
        };
        if let What::Command { machine, sink, .. } = s.what.clone()
            && let Some(m) = self.machine_mut(&machine)
        {
            m.drop_sink(sink);
        }
        if self.sessions.get(&op).is_some_and(|s| s.probe.is_some()) {
            self.sessions.remove(&op);
        }
        out.push(Completion { op, at: now, outcome });
    }

    /// Takes over what a command has printed, or what came through a connection.
    fn fetch(&mut self, op: OpId) {
        let Some(what) = self.sessions.get(&op).map(|s| s.what.clone()) else { return };
        let said = match what {
            What::Command { machine, sink, .. } => {
                self.machine_mut(&machine).map(|m| m.fetch(sink)).unwrap_or_default()
            }
            What::Connection { id, .. } => {
                let mut all = vec![];
                while let Ok(Read::Data(d)) = self.sockets.read(id, Side::Client, usize::MAX) {
                    all.extend(d);
                }
                if all.is_empty() { vec![] } else { vec![(Stream::Out, all)] }
            }
            What::Attached { .. } => vec![],
        };
        if let Some(s) = self.sessions.get_mut(&op) {
            s.hear(&said);
        }
    }

    /// What came to those who hold an end themselves. Tells which machines may go on.
    pub(super) fn serve_sessions(&mut self, now: Time, out: &mut Vec<Completion>) -> Vec<MachineId> {
        let ops: Vec<OpId> = self
            .sessions
            .iter()
            .filter(|(_, s)| !s.over && matches!(s.what, What::Connection { .. }))
            .map(|(op, _)| *op)
            .collect();
        let mut woken = vec![];
        for op in ops {
            self.fetch(op);
            let Some(Session { what: What::Connection { id, machine }, .. }) = self.sessions.get(&op).cloned() else {
                continue;
            };
            if !self.sockets.is_readable(id, Side::Client) {
                continue;
            }
            match self.sessions.get(&op).and_then(|s| s.probe.clone()) {
                Some(p) => {
                    let text = self.sessions.remove(&op).map(|s| s.text()).unwrap_or_default();
                    out.push(Completion { op, at: now, outcome: probed(judged(&p, &text)) });
                }
                None => self.end_session(op, 0, now, out),
            }
            self.sockets.close(id, Side::Client);
            woken.push(machine);
        }
        woken
    }

    /// What a session printed since somebody last looked.
    pub(super) fn heard(&mut self, op: OpId) -> Vec<(Stream, Vec<u8>)> {
        self.fetch(op);
        let Some(s) = self.sessions.get_mut(&op) else { return vec![] };
        let said = std::mem::take(&mut s.heard);
        if s.over {
            self.sessions.remove(&op);
        }
        said
    }

    /// Whether a command waits for a time, or for somebody who will answer.
    pub(super) fn session_goes_on(&self, op: OpId) -> bool {
        let first = match self.sessions.get(&op).map(|s| &s.what) {
            Some(What::Command { machine, process, .. }) => Some((machine, *process)),
            Some(What::Attached { container, .. }) => {
                let machine = self.containers.get(container).map(|c| &c.machine);
                machine.zip(self.mains.get(container).copied())
            }
            Some(What::Connection { .. }) | None => None,
        };
        let Some((machine, process)) = first else { return true };
        let Some(m) = self.machines.get(machine) else { return true };
        let mut group = vec![process];
        while let Some(next) = m.processes.iter().find(|p| group.contains(&p.parent) && !group.contains(&p.id)) {
            group.push(next.id);
        }
        m.processes.iter().filter(|p| group.contains(&p.id)).any(|p| m.goes_on(p, &self.sockets))
    }

    /// Whether somebody in there waits for what is typed.
    pub(super) fn waits_for_input(&self, op: OpId) -> bool {
        let Some(session) = self.sessions.get(&op) else { return false };
        let (machine, stdin) = match &session.what {
            What::Command { machine, stdin, .. } => (machine, *stdin),
            What::Attached { container, stdin } => match self.containers.get(container) {
                Some(c) => (&c.machine, *stdin),
                None => return false,
            },
            What::Connection { .. } => return false,
        };
        let (Some(m), Some(pipe)) = (self.machines.get(machine), stdin) else { return false };
        let empty = m.pipes.get(pipe).and_then(Option::as_ref).is_some_and(|p| p.data.is_empty() && p.writers > 0);
        empty && m.processes.iter().any(|p| m.waits_on_pipe(p, pipe))
    }

    pub(super) fn talk_to(&mut self, op: OpId, what: &Talk, now: Time, out: &mut Vec<Completion>) {
        let Some(session) = self.sessions.get(&op).cloned() else { return };
        let (machine, stdin) = match &session.what {
            What::Command { machine, stdin, .. } => (machine.clone(), *stdin),
            What::Attached { container, stdin } => match self.containers.get(container) {
                Some(c) => (c.machine.clone(), *stdin),
                None => return,
            },
            What::Connection { machine, .. } => (machine.clone(), None),
        };
        match (what, &session.what) {
            (Talk::Leave, _) => {
                self.sessions.remove(&op);
                if let What::Attached { container, .. } = &session.what
                    && let Some(c) = self.containers.get_mut(container).map(Arc::make_mut)
                {
                    c.attached.retain(|a| *a != op);
                }
                return self.leave(&session, now, out);
            }
            (Talk::Input(data), What::Connection { id, .. }) => {
                let _ = self.sockets.write(*id, Side::Client, data);
            }
            (Talk::EndOfInput, What::Connection { id, .. }) => self.sockets.finish(*id, Side::Client),
            (Talk::Interrupt, What::Connection { .. }) => {}
            (Talk::Input(data), _) => {
                if let (Some(m), Some(pipe)) = (self.machine_mut(&machine), stdin) {
                    m.feed(pipe, data);
                }
            }
            (Talk::EndOfInput, _) => {
                if let (Some(m), Some(pipe)) = (self.machine_mut(&machine), stdin) {
                    m.finish_input(pipe);
                }
            }
            (Talk::Interrupt, _) => self.interrupt(&session.what, &machine),
        }
        self.run(&machine, now, out);
    }

    /// Ctrl-C reaches whoever runs in the foreground of that terminal.
    fn interrupt(&mut self, what: &What, machine: &MachineId) {
        let first = match what {
            What::Command { process, .. } => Some(*process),
            What::Attached { container, .. } => self.mains.get(container).copied(),
            What::Connection { .. } => None,
        };
        let (Some(first), Some(m)) = (first, self.machines.get_mut(machine).map(Arc::make_mut)) else { return };
        let mut group = vec![first];
        while let Some(next) =
            m.processes.iter().find(|p| group.contains(&p.parent) && !group.contains(&p.id)).map(|p| p.id)
        {
            group.push(next);
        }
        for id in group.into_iter().rev() {
            m.signal(id, Signal::INT, true, &mut self.sockets);
        }
    }
}

impl Probe {
    /// What is told of a command that has failed.
    fn failure(&self, code: i32, said: &Session) -> String {
        let ProbeCall::Exec { command } = &self.call else { return said.text() };
        if !self.hook {
            return said.text();
        }
        let of = |wanted: Stream| -> String {
            let all = said.heard.iter().filter(|(s, _)| *s == wanted).flat_map(|(_, t)| t.clone()).collect::<Vec<_>>();
            String::from_utf8_lossy(&all).into_owned()
        };
        let (out, err) = (of(Stream::Out), of(Stream::Err));
        format!("command '{}' exited with {code}: {err}, message: {}", command.join(" "), quoted(&(out + &err)))
    }
}

impl What {
    fn machine(&self) -> Option<MachineId> {
        match self {
            What::Command { machine, .. } | What::Connection { machine, .. } => Some(machine.clone()),
            What::Attached { .. } => None,
        }
    }
}

/// An HTTP probe by kubelet: from 200 to 399 is well.
fn judged(p: &Probe, answer: &str) -> Result<(), String> {
    let ProbeCall::Http { port, path, .. } = &p.call else { return Ok(()) };
    if p.hook && !answer.is_empty() {
        return Ok(());
    }
    let url = format!("Get \"http://{}:{port}{path}\"", p.address);
    let line = answer.lines().next().unwrap_or_default();
    let code = line.strip_prefix("HTTP/1.").and_then(|l| l.split(' ').nth(1)).and_then(|c| c.parse::<u16>().ok());
    match code {
        Some(200..=399) => Ok(()),
        Some(code) => Err(format!("HTTP probe failed with statuscode: {code}")),
        None if answer.is_empty() => Err(format!("{url}: EOF")),
        None => Err(format!("{url}: net/http: HTTP/1.x transport connection broken: malformed HTTP response {line:?}")),
    }
}
