//! Programs that read what files or the standard input hold, piece by piece, and print as they go: the ends of a pipe may be slow, or never
//! end.

use super::flush;
use crate::runtime::kernel::{Errno, Fd, Mode, Program, Read, STDIN, Step, Sys, Wait};

/// Where a filter prints.
#[derive(Clone, Default)]
pub struct Out {
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

impl Out {
    pub fn line(&mut self, text: impl AsRef<[u8]>) {
        self.out.extend(text.as_ref());
        self.out.push(b'\n');
    }
    pub fn complain(&mut self, text: impl AsRef<str>) {
        self.err.extend(text.as_ref().as_bytes());
        self.err.push(b'\n');
    }
}

/// Whether a filter wants to see more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    More,
    /// Nothing more of this file.
    NextFile,
    /// It ends, by [`Filter::finish`].
    Enough,
}

pub trait Filter: Send + Sync {
    /// What it reads; nothing means the standard input, as `-` does.
    fn files(&self) -> Vec<String>;
    fn data(&mut self, data: &[u8], io: &mut Out, sys: &mut Sys<'_>) -> Flow;
    /// A file begins.
    fn begins(&mut self, _name: &str, _io: &mut Out) {}
    /// A file is at its end.
    fn file_ends(&mut self, _name: &str, _io: &mut Out, _sys: &mut Sys<'_>) -> Flow {
        Flow::More
    }
    /// Everything was read: the exit code.
    fn finish(&mut self, io: &mut Out, sys: &mut Sys<'_>) -> i32;
    /// What it says of a file that cannot be read.
    fn cannot_open(&self, program: &str, name: &str, why: Errno, gnu: bool) -> String {
        match gnu {
            true => format!("{program}: {name}: {}", why.text()),
            false => format!("{program}: can't open '{name}': {}", why.text()),
        }
    }
    /// What a read that fails means for the exit code.
    fn failed(&mut self) {}
    fn clone_box(&self) -> Box<dyn Filter>;
}

impl Clone for Box<dyn Filter> {
    fn clone(&self) -> Self {
        (**self).clone_box()
    }
}

/// A filter at work.
#[derive(Clone)]
pub struct Running {
    filter: Box<dyn Filter>,
    io: Out,
    /// Not yet opened, the last one first.
    waiting: Option<Vec<String>>,
    current: Option<(String, Fd)>,
    ended: Option<i32>,
}

/// What is read at once.
const CHUNK: usize = 65_536;
/// What is read without letting others have a turn.
const TURN: usize = 65_536;

impl Running {
    pub fn new(filter: Box<dyn Filter>) -> Running {
        Running { filter, io: Out::default(), waiting: None, current: None, ended: None }
    }

    fn next_file(&mut self, sys: &mut Sys<'_>) -> bool {
        let waiting = self.waiting.get_or_insert_with(|| {
            let mut files = self.filter.files();
            if files.is_empty() {
                files.push("-".into());
            }
            files.reverse();
            files
        });
        let Some(name) = waiting.pop() else { return false };
        let opened = if name == "-" { Ok(STDIN) } else { open(&name, sys) };
        match opened {
            Ok(fd) => {
                self.filter.begins(&name, &mut self.io);
                self.current = Some((name, fd));
            }
            Err(e) => self.cannot_open(&name, e, sys),
        }
        true
    }

    fn cannot_open(&mut self, name: &str, why: Errno, sys: &Sys<'_>) {
        let words = sys.words();
        let program = words.first().map_or("", |w| crate::runtime::kernel::tree::name(w));
        let text = self.filter.cannot_open(program, name, why, super::tools(sys) == super::Tools::Debian);
        if !text.is_empty() {
            self.io.complain(text);
        }
        self.filter.failed();
    }

    fn go_on(&mut self, flow: Flow, sys: &mut Sys<'_>) {
        if flow != Flow::More {
            self.close(sys);
        }
        if flow == Flow::Enough {
            self.waiting = Some(vec![]);
            self.ended = Some(self.filter.finish(&mut self.io, sys));
        }
    }

    fn close(&mut self, sys: &mut Sys<'_>) {
        if let Some((_, fd)) = self.current.take().filter(|(_, fd)| *fd != STDIN) {
            sys.close(fd);
        }
    }
}

/// Opens a file to read it. A directory is none.
pub fn open(name: &str, sys: &mut Sys<'_>) -> Result<Fd, Errno> {
    sys.open(name, Mode::Read)
}

impl Program for Running {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        let mut read = 0;
        loop {
            if let Some(step) = flush(&mut self.io.out, &mut self.io.err, sys) {
                return step;
            }
            // Some files never end: others want their turn too.
            if read >= TURN {
                return Step::Again;
            }
            if let Some(code) = self.ended {
                return Step::Exit(code);
            }
            let Some((name, fd)) = self.current.clone() else {
                if !self.next_file(sys) {
                    self.ended = Some(self.filter.finish(&mut self.io, sys));
                }
                continue;
            };
            match sys.read(fd, CHUNK) {
                Ok(Read::Data(data)) => {
                    read += data.len().max(TURN / 16);
                    let flow = self.filter.data(&data, &mut self.io, sys);
                    self.go_on(flow, sys);
                }
                Ok(Read::Empty) => return Step::Wait(Wait::readable(fd)),
                Ok(Read::End) => {
                    let flow = self.filter.file_ends(&name, &mut self.io, sys);
                    self.close(sys);
                    self.current = None;
                    self.go_on(flow, sys);
                }
                Err(e) => {
                    self.cannot_open(&name, e, sys);
                    self.close(sys);
                    self.current = None;
                }
            }
        }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

/// What looks at lines. Each comes with its end, but perhaps for the last one of a file.
pub trait Lines: Send + Sync + Clone + 'static {
    fn files(&self) -> Vec<String>;
    fn begins(&mut self, _name: &str, _io: &mut Out) {}
    fn line(&mut self, line: &[u8], io: &mut Out, sys: &mut Sys<'_>) -> Flow;
    fn file_ends(&mut self, _name: &str, _io: &mut Out, _sys: &mut Sys<'_>) -> Flow {
        Flow::More
    }
    fn finish(&mut self, io: &mut Out, sys: &mut Sys<'_>) -> i32;
    fn cannot_open(&self, program: &str, name: &str, why: Errno, _gnu: bool) -> String {
        format!("{program}: {name}: {}", why.text())
    }
    fn failed(&mut self) {}
}

/// Lines as a filter.
#[derive(Clone)]
pub struct ByLine<L> {
    lines: L,
    partial: Vec<u8>,
}

impl<L: Lines> ByLine<L> {
    pub fn boxed(lines: L) -> Box<dyn Filter> {
        Box::new(ByLine { lines, partial: vec![] })
    }
}

impl<L: Lines> Filter for ByLine<L> {
    fn files(&self) -> Vec<String> {
        self.lines.files()
    }
    fn begins(&mut self, name: &str, io: &mut Out) {
        self.lines.begins(name, io);
    }
    fn data(&mut self, data: &[u8], io: &mut Out, sys: &mut Sys<'_>) -> Flow {
        for piece in data.split_inclusive(|b| *b == b'\n') {
            self.partial.extend(piece);
            // A line that does not end is parted.
            if piece.ends_with(b"\n") || self.partial.len() > super::source::LONGEST {
                let line = std::mem::take(&mut self.partial);
                match self.lines.line(&line, io, sys) {
                    Flow::More => {}
                    // What is left of the file does not matter.
                    Flow::NextFile => {
                        self.partial.clear();
                        let flow = self.lines.file_ends("", io, sys);
                        return if flow == Flow::More { Flow::NextFile } else { flow };
                    }
                    Flow::Enough => return Flow::Enough,
                }
            }
        }
        Flow::More
    }
    fn file_ends(&mut self, name: &str, io: &mut Out, sys: &mut Sys<'_>) -> Flow {
        let rest = std::mem::take(&mut self.partial);
        if !rest.is_empty() {
            let flow = self.lines.line(&rest, io, sys);
            if flow == Flow::Enough {
                return flow;
            }
        }
        self.lines.file_ends(name, io, sys)
    }
    fn finish(&mut self, io: &mut Out, sys: &mut Sys<'_>) -> i32 {
        self.lines.finish(io, sys)
    }
    fn cannot_open(&self, program: &str, name: &str, why: Errno, gnu: bool) -> String {
        self.lines.cannot_open(program, name, why, gnu)
    }
    fn failed(&mut self) {
        self.lines.failed();
    }
    fn clone_box(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}
