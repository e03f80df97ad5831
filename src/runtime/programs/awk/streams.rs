//! Where a program of `awk` reads from and prints to: files and commands by their names.

use std::collections::BTreeMap;

use super::super::children;
use super::super::source::{Event, LONGEST, Source};
use super::machine::{Blocked, Machine};
use super::syntax::Redirect;
use crate::runtime::kernel::{Errno, Fd, Mode, ProcessId, STDOUT, Step, Sys, Wait};

#[derive(Clone, Default)]
pub struct Streams {
    pub outputs: BTreeMap<String, Output>,
    pub inputs: BTreeMap<String, Input>,
}

#[derive(Clone)]
pub struct Output {
    fd: Fd,
    pub buffer: Vec<u8>,
    child: Option<ProcessId>,
    closed: bool,
}

#[derive(Clone)]
pub struct Input {
    pub source: Source,
    ended: bool,
    fd: Fd,
    child: Option<ProcessId>,
}

/// How many streams may be open.
const MOST: usize = 200;

/// What ends a record.
#[derive(Clone, Debug)]
pub enum Ends {
    Letter(u8),
    Paragraph,
    Pattern(super::super::regex::Matcher),
}

/// The next record of a source. `None`: it is not whole yet.
pub fn cut(s: &mut Source, ends: &Ends, over: bool) -> Option<Vec<u8>> {
    if s.rest().is_empty() {
        return None;
    }
    let found = if let Ends::Letter(b) = ends { s.find(*b) } else { None };
    let rest = s.rest();
    let (from, to, next) = match ends {
        Ends::Letter(_) => {
            let found = found.map(|i| (0, i, i + 1));
            found.or_else(|| (over || rest.len() >= LONGEST).then_some((0, rest.len(), rest.len())))?
        }
        Ends::Paragraph => {
            let from = rest.iter().take_while(|b| **b == b'\n').count();
            let body = &rest[from..];
            match body.windows(2).position(|w| w == b"\n\n") {
                Some(i) => {
                    let after = body[i..].iter().take_while(|b| **b == b'\n').count();
                    // More line ends may be on their way.
                    if from + i + after == rest.len() && !over {
                        return None;
                    }
                    (from, from + i, from + i + after)
                }
                None if !over => return None,
                None if body.is_empty() => {
                    s.take_rest();
                    return None;
                }
                None => (from, rest.len() - usize::from(rest.ends_with(b"\n")), rest.len()),
            }
        }
        Ends::Pattern(m) => match m.find_at(rest, 0).filter(|(a, b)| b > a && (over || *b < rest.len())) {
            Some((a, b)) => (0, a, b),
            None if over || rest.len() >= LONGEST => {
                (0, rest.len() - usize::from(over && rest.ends_with(b"\n")), rest.len())
            }
            None => return None,
        },
    };
    let record = rest[from..to].to_vec();
    s.take(next);
    Some(record)
}

impl Machine {
    /// Writes what was printed. `Some`: it has to wait.
    pub fn flush_all(&mut self, sys: &mut Sys<'_>) -> Result<(), Blocked> {
        if let Some(step) = super::super::flush(&mut self.out, &mut self.err, sys) {
            return Err(Blocked::Step(step));
        }
        for o in self.streams.outputs.values_mut().filter(|o| !o.closed) {
            match sys.drain(o.fd, &mut o.buffer) {
                Ok(true) => {}
                Ok(false) => return Err(Blocked::Step(Step::Wait(Wait::writable(o.fd)))),
                // Whoever was to read it is gone.
                Err(_) => o.buffer.clear(),
            }
        }
        Ok(())
    }

    /// Where something is to be printed.
    pub fn output(&mut self, name: &str, how: Redirect, sys: &mut Sys<'_>) -> Result<&mut Vec<u8>, Blocked> {
        match name {
            "/dev/stdout" | "-" if how != Redirect::Pipe => return Ok(&mut self.out),
            "/dev/stderr" if how != Redirect::Pipe => return Ok(&mut self.err),
            _ => {}
        }
        if !self.streams.outputs.contains_key(name) {
            self.flush_all(sys)?;
            let o = self.open(name, how, sys)?;
            self.streams.outputs.insert(name.into(), o);
        }
        match self.streams.outputs.get_mut(name) {
            Some(o) => Ok(&mut o.buffer),
            None => Ok(&mut self.out),
        }
    }

    fn open(&mut self, name: &str, how: Redirect, sys: &mut Sys<'_>) -> Result<Output, Blocked> {
        let fail = |e: Errno| Blocked::Error(format!("{name}: {}", e.text()));
        if self.streams.outputs.len() + self.streams.inputs.len() >= MOST {
            return Err(Blocked::Error("too many open files".into()));
        }
        let mode = if how == Redirect::Append { Mode::Append } else { Mode::Write };
        if how != Redirect::Pipe {
            let fd = sys.open(name, mode).map_err(fail)?;
            return Ok(Output { fd, buffer: vec![], child: None, closed: false });
        }
        let (read, write) = sys.pipe();
        let others: Vec<Fd> = self.ends_of_pipes().chain([write]).collect();
        let fds = children::with(&[(0, read)], &others, sys);
        let started = children::shell(name, &self.env, fds, sys);
        sys.close(read);
        let child = started.map_err(|(e, _)| fail(e))?;
        Ok(Output { fd: write, buffer: vec![], child: Some(child), closed: false })
    }

    fn ends_of_pipes(&self) -> impl Iterator<Item = Fd> {
        let out = self.streams.outputs.values().filter(|o| !o.closed).map(|o| o.fd);
        out.chain(self.streams.inputs.values().map(|i| i.fd)).collect::<Vec<_>>().into_iter()
    }

    /// A record of a file or a command. `None`: there is none, and the status that says so.
    pub fn record_of(
        &mut self,
        name: &str,
        command: bool,
        ends: &Ends,
        sys: &mut Sys<'_>,
    ) -> Result<Result<Vec<u8>, i32>, Blocked> {
        if !self.streams.inputs.contains_key(name) {
            self.flush_all(sys)?;
            if self.streams.outputs.len() + self.streams.inputs.len() >= MOST {
                return Err(Blocked::Error("too many open files".into()));
            }
            let (fd, child) = if command {
                let (read, write) = sys.pipe();
                let others: Vec<Fd> = self.ends_of_pipes().chain([read]).collect();
                let fds = children::with(&[(STDOUT, write)], &others, sys);
                let started = children::shell(name, &self.env, fds, sys);
                sys.close(write);
                (read, started.ok())
            } else if name == "-" || name == "/dev/stdin" {
                (0, None)
            } else {
                match sys.open(name, Mode::Read) {
                    Ok(fd) => (fd, None),
                    Err(_) => return Ok(Err(-1)),
                }
            };
            self.streams.inputs.insert(name.into(), Input { source: Source::of(fd), ended: false, fd, child });
        }
        let Some(i) = self.streams.inputs.get_mut(name) else { return Ok(Err(-1)) };
        loop {
            if let Some(r) = cut(&mut i.source, ends, i.ended) {
                return Ok(Ok(r));
            }
            if i.ended {
                return Ok(Err(0));
            }
            match i.source.next(sys) {
                Event::Wait(w) => {
                    self.flush_all(sys)?;
                    return Err(Blocked::Step(Step::Wait(w)));
                }
                Event::Failed(..) => return Ok(Err(-1)),
                Event::Ended | Event::Over => i.ended = true,
                Event::Data | Event::Began(_) => {}
            }
        }
    }

    /// `close`: what it gives; a command has to end first.
    pub fn close(&mut self, name: &str, sys: &mut Sys<'_>) -> Result<f64, Blocked> {
        if self.streams.outputs.contains_key(name) || self.streams.inputs.contains_key(name) {
            self.flush_all(sys)?;
        }
        let mut code = None;
        if let Some(i) = self.streams.inputs.get_mut(name) {
            i.source.close(sys);
            if let Some(child) = i.child {
                code = Some(wait_for(child, sys)?);
            }
            self.streams.inputs.remove(name);
            return Ok(f64::from(code.unwrap_or(0)));
        }
        if let Some(o) = self.streams.outputs.get_mut(name) {
            if !std::mem::replace(&mut o.closed, true) {
                sys.close(o.fd);
            }
            if let Some(child) = o.child {
                code = Some(wait_for(child, sys)?);
            }
            self.streams.outputs.remove(name);
            return Ok(f64::from(code.unwrap_or(0)));
        }
        Ok(-1.0)
    }

    /// Everything is closed at the end.
    pub fn close_all(&mut self, sys: &mut Sys<'_>) -> Result<(), Blocked> {
        self.flush_all(sys)?;
        self.streams.inputs.values_mut().for_each(|i| i.source.close(sys));
        while let Some(name) = self.streams.outputs.keys().next().cloned() {
            self.close(&name, sys)?;
        }
        Ok(())
    }

    pub fn system(&mut self, command: &str, sys: &mut Sys<'_>) -> Result<f64, Blocked> {
        if let Some(child) = self.child {
            let code = wait_for(child, sys)?;
            self.child = None;
            return Ok(f64::from(code));
        }
        self.flush_all(sys)?;
        let others: Vec<Fd> = self.ends_of_pipes().collect();
        let fds = children::with(&[], &others, sys);
        match children::shell(command, &self.env, fds, sys) {
            Ok(child) => {
                self.child = Some(child);
                Err(Blocked::Step(Step::Wait(Wait::child())))
            }
            Err((_, code)) => Ok(f64::from(code)),
        }
    }
}

fn wait_for(child: ProcessId, sys: &mut Sys<'_>) -> Result<i32, Blocked> {
    match sys.reap(Some(child)) {
        Some((_, code)) => Ok(code),
        None if sys.has_child(child) => Err(Blocked::Step(Step::Wait(Wait::child()))),
        None => Ok(0),
    }
}
