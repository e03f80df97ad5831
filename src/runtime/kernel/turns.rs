//! Who of a machine's processes may go on, and for how long.

use super::files::Volumes;
use super::machine::Machine;
use super::net::Sockets;
use super::open::What;
use super::outside::Outside;
use super::process::{Fd, Process, ProcessId, Step, Wait};
use super::sys::Sys;
use super::tree::Device;
use crate::api::{Duration, Time};

/// Steps of processes without a pause; a busy loop must not stop the world.
const BUDGET: u32 = 4_000;
/// As many of them one counts for that did not come to a pause in its turn.
const WHOLE_TURN: u32 = 400;
/// What they are taken to last.
const SLICE: Duration = Duration::from_millis(200);

impl Machine {
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

/// Lends to one what others want afterwards.
pub(super) fn lend<'a>(outside: &'a mut Option<&mut dyn Outside>) -> Option<&'a mut dyn Outside> {
    match outside {
        Some(o) => Some(&mut **o),
        None => None,
    }
}
