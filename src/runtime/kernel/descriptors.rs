//! Open files of a machine: who holds them, pipes and places to print to whose one end is outside.

use super::machine::Machine;
use super::net::Sockets;
use super::open::{OpenFile, Pipe, Sink, What};
use super::process::{Fd, ProcessId};
use crate::api::ops::Stream;

impl Machine {
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
}

/// Puts something into the first free place.
pub(super) fn insert<T>(list: &mut Vec<Option<T>>, item: T) -> usize {
    match list.iter().position(Option::is_none) {
        Some(i) => {
            list[i] = Some(item);
            i
        }
        None => {
            // Most machines have one or two of a thing, and there are very many machines.
            list.reserve_exact(1);
            list.push(Some(item));
            list.len() - 1
        }
    }
}
