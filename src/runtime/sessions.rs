//! What people and kubelets do inside running containers: commands, attaching, connections. Each is an operation that goes on
//! until it is over; what it prints is fetched meanwhile.

use std::sync::Arc;

use super::container::State;
use super::kernel::net::{ConnectionId, MachineId, Protocol, Side};
use super::kernel::{ProcessId, Program, Read, Signal};
use super::probing::{Probe, probed};
use super::programs::api;
use super::programs::net::{Forwarder, Passing, Ports};
use super::simulated::Simulated;
use super::starting::Ends;
use super::web::reason;
use crate::api::digest::Digest;
use crate::api::ops::{Completion, ContainerId, PodRef, Proxying, Stream, Talk};
use crate::api::served::{Served, ServedCall, ServedReply};
use crate::api::{OpId, Outcome, Time, User};

/// An operation that goes on.
#[derive(Clone, Debug)]
pub struct Session {
    pub(super) what: What,
    /// Printed, and not yet fetched.
    pub(super) heard: Vec<(Stream, Vec<u8>)>,
    pub(super) over: bool,
    /// Nobody fetches what it prints: it is kept for the outcome.
    pub(super) probe: Option<Probe>,
}

#[derive(Clone, Debug)]
pub(super) enum What {
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

impl Session {
    pub(super) fn new(what: What) -> Session {
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
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.heard.iter().flat_map(|(_, t)| t.clone()).collect()
    }
}

fn fail(op: OpId, now: Time, message: impl Into<String>, out: &mut Vec<Completion>) {
    out.push(Completion { op, at: now, outcome: Outcome::Failed { message: message.into() } });
}

fn in_http(reply: &ServedReply, now: Time) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {} {}\r\n", reply.code, reason(reply.code));
    for (name, value) in &reply.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !reply.content_type.is_empty() {
        text.push_str(&format!("Content-Type: {}\r\n", reply.content_type));
    }
    text.push_str(&format!("Date: {}\r\nContent-Length: {}\r\n\r\n", now.http_date(), reply.body.len()));
    (text + &reply.body).into_bytes()
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

    pub(super) fn begin_command(
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
        let ports = ports.iter().map(|(local, remote)| Ports { local: *local, remote: *remote }).collect();
        let program = Box::new(Forwarder::new(MachineId::Pod(pod.uid), ports, addresses.to_vec(), lasting));
        let words = if lasting { ["docker-proxy", "-proto=tcp"] } else { ["kubectl", "port-forward"] };
        self.begin_beside(op, machine, program, words, now, out);
    }

    /// A program on a machine itself that lies in no file of it.
    fn begin_beside(
        &mut self,
        op: OpId,
        machine: MachineId,
        program: Box<dyn Program>,
        words: [&str; 2],
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        let Some(m) = self.machine_mut(&machine) else { return fail(op, now, "no such machine", out) };
        let sink = m.sink(false);
        match m.start(0, program, words.map(String::from).into(), sink, now) {
            Some(process) => {
                self.follow_process(op, machine.clone(), process, sink);
                self.run(&machine, now, out);
            }
            None => fail(op, now, "can't fork", out),
        }
    }

    /// Nobody listens any more: what was begun for it ends.
    pub(super) fn leave(&mut self, session: &Session, now: Time, out: &mut Vec<Completion>) {
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

    /// `kubectl proxy`: a port of a machine leads to the API server.
    pub(super) fn begin_proxy(
        &mut self,
        op: OpId,
        host: &Arc<str>,
        how: &Proxying,
        (user, headers): (&User, &[(String, String)]),
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        let machine = MachineId::Host(host.clone());
        let Some(m) = self.machine_mut(&machine) else { return fail(op, now, "no such machine", out) };
        if m.listeners.iter().any(|l| l.port == how.port && l.protocol == Protocol::Tcp) {
            let why = format!("listen tcp 127.0.0.1:{}: bind: address already in use", how.port);
            return fail(op, now, why, out);
        }
        let program = Box::new(api::proxy(how.clone(), user.clone(), headers.to_vec()));
        self.begin_beside(op, machine, program, ["kubectl", "proxy"], now, out);
    }

    /// Asks the API server something, and prints what it says.
    pub(super) fn begin_asking(
        &mut self,
        op: OpId,
        host: &Arc<str>,
        call: &ServedCall,
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        let program = Box::new(api::Asking::new(call.clone()));
        self.begin_beside(op, MachineId::Host(host.clone()), program, ["kubectl", "get"], now, out);
    }

    /// What the API server says arrives where somebody asked. What it passes on is answered by somebody else.
    pub(super) fn reply_to(&mut self, call: u64, reply: Option<&Served>, now: Time, out: &mut Vec<Completion>) {
        match reply {
            None => self.answer_call(call, &[], now, out),
            Some(Served::Answered(reply)) => self.answer_call(call, &in_http(reply, now), now, out),
            Some(Served::PassedOn(passage)) => {
                let machine = MachineId::Host(passage.from.clone());
                let program = Box::new(Passing::new(passage, now));
                let begun = self.machine_mut(&machine).and_then(|m| {
                    let sink = m.sink(false);
                    Some((m.start(0, program, ["kube-apiserver".to_string()].into(), sink, now)?, sink))
                });
                match begun {
                    Some((process, sink)) => {
                        self.passed_on.insert((machine.clone(), process), (call, sink));
                        self.run(&machine, now, out);
                    }
                    None => self.answer_call(call, &[], now, out),
                }
            }
        }
    }

    /// Whoever was asked behind the API server has answered, if it was that which has ended.
    pub(super) fn passage_ended(
        &mut self,
        machine: &MachineId,
        process: ProcessId,
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        let Some((call, sink)) = self.passed_on.remove(&(machine.clone(), process)) else { return };
        let Some(m) = self.machine_mut(machine) else { return };
        let said = m.fetch(sink).into_iter().filter(|(stream, _)| *stream == Stream::Out);
        let text: Vec<u8> = said.flat_map(|(_, t)| t).collect();
        m.drop_sink(sink);
        self.answer_call(call, &text, now, out);
    }

    fn answer_call(&mut self, call: u64, text: &[u8], now: Time, out: &mut Vec<Completion>) {
        let Some((machine, pipe)) = self.sockets.answering.remove(&call) else { return };
        if let Some(m) = self.machine_mut(&machine) {
            m.feed(pipe, text);
            m.finish_input(pipe);
        }
        self.run(&machine, now, out);
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
            if self.sessions.get(&op).is_some_and(|s| s.probe.is_some()) {
                if !self.take_answer(op, id, now, out) {
                    continue;
                }
            } else if self.sockets.is_readable(id, Side::Client) {
                self.end_session(op, 0, now, out);
            } else {
                continue;
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

impl What {
    fn machine(&self) -> Option<MachineId> {
        match self {
            What::Command { machine, .. } | What::Connection { machine, .. } => Some(machine.clone()),
            What::Attached { .. } => None,
        }
    }
}
