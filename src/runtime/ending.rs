//! How containers end: by themselves, by a signal, because their machine goes; and what they leave behind.

use std::sync::Arc;

use super::container::State;
use super::kernel::Signal;
use super::kernel::machine::Exit;
use super::kernel::net::MachineId;
use super::simulated::{Due, Simulated};
use crate::api::ops::{Completion, ContainerId, ExitInfo};
use crate::api::{Duration, OpId, Outcome, Time};

/// So many bytes of a last word are kept; of a log that stands for it so many, and so many lines.
const LAST_WORD: usize = 4096;
const LAST_LOG: usize = 2048;
const LAST_LINES: usize = 80;

/// The end of a text, so many bytes at most.
fn end_of(text: &str, most: usize) -> String {
    let from = (text.len().saturating_sub(most)..=text.len()).find(|i| text.is_char_boundary(*i));
    text[from.unwrap_or(0)..].to_string()
}

impl Simulated {
    /// A process has ended: perhaps a container's first, or one that somebody waits for.
    pub(super) fn exited(&mut self, machine: &MachineId, e: Exit, now: Time, out: &mut Vec<Completion>) {
        let first = self
            .machines
            .get(machine)
            .and_then(|m| m.root(e.container))
            .map(|r| (r.container, r.main.is_none(), r.out_of_memory));
        self.session_process_ended(machine, e.process, e.code, now, out);
        self.passage_ended(machine, e.process, now, out);
        let Some((id, ended, out_of_memory)) = first else { return };
        if ended && self.mains.get(&id) == Some(&e.process) {
            self.exit(id, e.code, out_of_memory, now, out);
        }
    }

    pub(super) fn exit(
        &mut self,
        id: ContainerId,
        code: i32,
        out_of_memory: bool,
        now: Time,
        out: &mut Vec<Completion>,
    ) {
        self.mains.remove(&id);
        let said = self.last_word(id, code).unwrap_or_default();
        let Some(c) = self.containers.get_mut(&id).map(Arc::make_mut) else { return };
        if matches!(c.state, State::Exited(_)) {
            return;
        }
        let reason = match code {
            _ if out_of_memory => "OOMKilled",
            0 => "Completed",
            _ => "Error",
        };
        let info = ExitInfo { code, signal: None, reason, message: said, at: now };
        c.end(info.clone());
        for op in c.waiting.drain(..) {
            out.push(Completion { op, at: now, outcome: Outcome::Exited(info.clone()) });
        }
        for op in c.stopping.drain(..) {
            out.push(Completion { op, at: now, outcome: Outcome::Stopped });
        }
        let attached = std::mem::take(&mut c.attached);
        for op in attached {
            self.end_session(op, code, now, out);
        }
    }

    /// What a container has left behind about its end. Real Kubernetes: kuberuntime_container.go getTerminationMessage.
    fn last_word(&self, id: ContainerId, code: i32) -> Option<String> {
        let c = self.containers.get(&id)?;
        let written = match self.root(c)?.tree.get(&c.spec.last_word).map(|n| &n.kind) {
            Some(super::kernel::tree::Kind::File(b)) => end_of(&String::from_utf8_lossy(b), LAST_WORD),
            _ => String::new(),
        };
        if !written.is_empty() || code == 0 || !c.spec.log_is_last_word {
            return Some(written);
        }
        let lines = c.lines();
        let last = lines.iter().skip(lines.len().saturating_sub(LAST_LINES));
        Some(end_of(&last.map(|(_, line)| format!("{line}\n")).collect::<String>(), LAST_LOG))
    }

    pub(super) fn signal(&mut self, id: ContainerId, signal: Signal, now: Time, out: &mut Vec<Completion>) {
        let Some(c) = self.containers.get(&id) else { return };
        let (machine, slot) = (c.machine.clone(), c.slot);
        let Some(m) = self.machines.get_mut(&machine).map(Arc::make_mut) else { return };
        if let Some(main) = m.root(slot).and_then(|r| r.main) {
            m.signal(main, signal, true, &mut self.sockets);
        }
        self.run(&machine, now, out);
    }

    /// SIGTERM now, SIGKILL after the grace.
    pub(super) fn stop(&mut self, op: OpId, id: ContainerId, grace: Duration, now: Time, out: &mut Vec<Completion>) {
        if !self.is_running(id) {
            return out.push(Completion { op, at: now, outcome: Outcome::Stopped });
        }
        if let Some(c) = self.containers.get_mut(&id).map(Arc::make_mut) {
            c.stopping.push(op);
        }
        if grace > Duration::ZERO {
            self.signal(id, Signal::TERM, now, out);
        }
        if self.is_running(id) {
            self.at(now + grace, Due::Kill(id));
        }
    }

    /// Their first processes end, with an exit code.
    pub(super) fn kill(&mut self, ids: Vec<ContainerId>, code: i32, now: Time, out: &mut Vec<Completion>) {
        for id in ids {
            let Some(c) = self.containers.get(&id) else { continue };
            let (machine, slot) = (c.machine.clone(), c.slot);
            let Some(m) = self.machines.get_mut(&machine).map(Arc::make_mut) else { continue };
            match m.root(slot).and_then(|r| r.main) {
                Some(main) => m.end(main, code, &mut self.sockets),
                None => continue,
            }
            self.run(&machine, now, out);
        }
    }
}
