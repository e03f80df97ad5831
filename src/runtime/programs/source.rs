//! Input for programs that read several files, or the standard input, as one stream, and may stop in the middle of it.

use crate::runtime::kernel::{Errno, Fd, Mode, Read, STDIN, Sys, Wait};

/// How long a record may become.
pub const LONGEST: usize = 8 << 20;
const CHUNK: usize = 65_536;

#[derive(Clone, Default)]
pub struct Source {
    /// Not yet opened, the last one first.
    waiting: Vec<String>,
    current: Option<(String, Fd)>,
    /// What was read and not yet taken.
    pub data: Vec<u8>,
    /// How much of it was taken.
    pub at: usize,
    /// Up to where there is no line end, seen from there.
    seen: usize,
}

pub enum Event {
    /// There is more in `data`.
    Data,
    Began(String),
    /// A file is at its end. What is left in `data` is its last line.
    Ended,
    Failed(String, Errno),
    Wait(Wait),
    Over,
}

impl Source {
    pub fn new(files: &[String]) -> Source {
        let mut waiting: Vec<String> = files.iter().rev().cloned().collect();
        if waiting.is_empty() {
            waiting.push("-".into());
        }
        Source { waiting, ..Source::default() }
    }

    /// Only as much as comes from one descriptor.
    pub fn of(fd: Fd) -> Source {
        Source { current: Some((String::new(), fd)), ..Source::default() }
    }

    /// Reads on, or opens the next file.
    pub fn next(&mut self, sys: &mut Sys<'_>) -> Event {
        let Some((name, fd)) = self.current.clone() else {
            let Some(name) = self.waiting.pop() else { return Event::Over };
            let opened = if name == "-" { Ok(STDIN) } else { sys.open(&name, Mode::Read) };
            return match opened {
                Ok(fd) => {
                    self.current = Some((name.clone(), fd));
                    Event::Began(name)
                }
                Err(e) => Event::Failed(name, e),
            };
        };
        match sys.read(fd, CHUNK) {
            Ok(Read::Data(d)) => {
                // What was taken goes when it is worth the while.
                self.data.drain(..self.at);
                self.at = 0;
                self.data.extend(d);
                Event::Data
            }
            Ok(Read::Empty) => Event::Wait(Wait::readable(fd)),
            Ok(Read::End) => {
                self.close(sys);
                Event::Ended
            }
            Err(e) => {
                self.close(sys);
                Event::Failed(name, e)
            }
        }
    }

    pub fn close(&mut self, sys: &mut Sys<'_>) {
        if let Some((_, fd)) = self.current.take().filter(|(_, fd)| *fd != STDIN) {
            sys.close(fd);
        }
    }

    pub fn rest(&self) -> &[u8] {
        &self.data[self.at.min(self.data.len())..]
    }

    /// Where a letter stands in what is left. What was looked through once is not looked through again.
    pub fn find(&mut self, letter: u8) -> Option<usize> {
        let seen = self.seen.min(self.rest().len());
        let found = self.rest()[seen..].iter().position(|b| *b == letter).map(|i| i + seen);
        self.seen = found.unwrap_or(self.rest().len());
        found
    }

    pub fn take(&mut self, n: usize) {
        self.at += n;
        self.seen = 0;
    }

    /// A line with its end, if there is a whole one.
    pub fn line(&mut self) -> Option<Vec<u8>> {
        let n = match self.find(b'\n') {
            Some(i) => i + 1,
            None if self.rest().len() >= LONGEST => self.rest().len(),
            None => return None,
        };
        let line = self.rest()[..n].to_vec();
        self.take(n);
        Some(line)
    }

    /// All that is left.
    pub fn take_rest(&mut self) -> Option<Vec<u8>> {
        let rest = self.rest().to_vec();
        self.data.clear();
        (self.at, self.seen) = (0, 0);
        (!rest.is_empty()).then_some(rest)
    }
}
