//! `dd`: blocks from here to there.

use super::paths::size;
use super::{Printing, Start};
use crate::runtime::kernel::{Fd, Mode, Program, Read, STDERR, STDIN, STDOUT, Step, Sys, Wait};

/// What is read at once, however large blocks are asked for.
const MOST_BLOCK: usize = 4 << 20;

#[derive(Clone)]
struct Dd {
    input: Option<String>,
    output: Option<String>,
    block: usize,
    out_block: usize,
    count: Option<u64>,
    skip: u64,
    seek: u64,
    /// `conv=notrunc`, `conv=sync`, `conv=ucase`, …
    conversions: Vec<String>,
    quiet: bool,
    ends: Option<(Fd, Fd)>,
    buffer: Vec<u8>,
    unwritten: Vec<u8>,
    whole: u64,
    part: u64,
    written: u64,
    finished: bool,
    said: Option<Vec<u8>>,
    code: i32,
}

pub fn dd(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let mut d = Dd {
        input: None,
        output: None,
        block: 512,
        out_block: 512,
        count: None,
        skip: 0,
        seek: 0,
        conversions: vec![],
        quiet: false,
        ends: None,
        buffer: vec![],
        unwritten: vec![],
        whole: 0,
        part: 0,
        written: 0,
        finished: false,
        said: None,
        code: 0,
    };
    for w in &s.words[1..] {
        let Some((key, value)) = w.split_once('=') else {
            return Box::new(Printing::error(format!("dd: unrecognized operand '{w}'\n"), 1));
        };
        let number = size(value);
        match (key, number) {
            ("if", _) => d.input = Some(value.into()),
            ("of", _) => d.output = Some(value.into()),
            ("conv", _) if super::tools(s.sys) != super::Tools::Debian && !known_to_busybox(value) => {
                return Box::new(Printing::error(format!("dd: invalid argument '{value}' to 'conv'\n"), 1));
            }
            ("conv", _) => d.conversions = value.split(',').map(String::from).collect(),
            ("status", _) => d.quiet = value == "none",
            ("iflag" | "oflag", _) => {}
            ("bs" | "ibs" | "obs", Some(n)) if n > 0 => {
                let n = usize::try_from(n).unwrap_or(MOST_BLOCK).min(MOST_BLOCK);
                if key != "obs" {
                    d.block = n;
                }
                if key != "ibs" {
                    d.out_block = n;
                }
            }
            ("count", Some(n)) => d.count = Some(n),
            ("skip", Some(n)) => d.skip = n,
            ("seek", Some(n)) => d.seek = n,
            ("bs" | "ibs" | "obs" | "count" | "skip" | "seek", _) => {
                return Box::new(Printing::error(format!("dd: invalid number '{value}'\n"), 1));
            }
            _ => return Box::new(Printing::error(format!("dd: unrecognized operand '{w}'\n"), 1)),
        }
    }
    Box::new(d)
}

fn known_to_busybox(conversions: &str) -> bool {
    conversions.split(',').all(|c| ["notrunc", "sync", "noerror", "fsync", "swab"].contains(&c))
}

impl Dd {
    fn has(&self, conversion: &str) -> bool {
        self.conversions.iter().any(|c| c == conversion)
    }

    fn open(&mut self, sys: &mut Sys<'_>) -> Result<(Fd, Fd), String> {
        let gnu = super::tools(sys) == super::Tools::Debian;
        let fail = |path: &str, e: crate::runtime::kernel::Errno| match gnu {
            true => format!("dd: failed to open '{path}': {}\n", e.text()),
            false => format!("dd: can't open '{path}': {}\n", e.text()),
        };
        let input = match self.input.clone() {
            Some(p) => sys.open(&p, Mode::Read).map_err(|e| fail(&p, e))?,
            None => STDIN,
        };
        let output = match self.output.clone() {
            Some(p) => {
                let mode = if self.has("notrunc") || self.seek > 0 { Mode::Both } else { Mode::Write };
                sys.open(&p, mode).map_err(|e| fail(&p, e))?
            }
            None => STDOUT,
        };
        let at = |n: u64, block: usize| usize::try_from(n).unwrap_or(usize::MAX).saturating_mul(block);
        if self.skip > 0 && sys.offset(input).is_some() {
            sys.seek(input, at(self.skip, self.block));
            self.skip = 0;
        }
        if self.seek > 0 {
            sys.seek(output, at(self.seek, self.out_block));
        }
        Ok((input, output))
    }

    /// Takes a block that was read.
    fn take(&mut self) {
        let mut block = std::mem::take(&mut self.buffer);
        if block.is_empty() {
            return;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        if block.len() == self.block {
            self.whole += 1;
        } else {
            self.part += 1;
            if self.has("sync") {
                block.resize(self.block, 0);
            }
        }
        if self.has("ucase") {
            block.make_ascii_uppercase();
        }
        if self.has("lcase") {
            block.make_ascii_lowercase();
        }
        if self.has("swab") {
            block.chunks_exact_mut(2).for_each(|p| p.swap(0, 1));
        }
        self.written += block.len() as u64;
        self.unwritten = block;
    }

    fn report(&self, sys: &Sys<'_>) -> String {
        if self.quiet {
            return String::new();
        }
        let block = self.out_block as u64;
        let (whole, part) = match self.out_block == self.block {
            true => (self.whole, self.part),
            false => (self.written / block, u64::from(!self.written.is_multiple_of(block))),
        };
        let counts = format!("{}+{} records in\n{whole}+{part} records out\n", self.whole, self.part);
        let n = self.written;
        match super::tools(sys) {
            super::Tools::Debian => {
                let unit = if n == 1 { "byte" } else { "bytes" };
                format!("{counts}{n} {unit} copied, 0.000214 s, {} MB/s\n", n / 214 + 1)
            }
            super::Tools::Busybox => {
                let size = super::listing::human(usize::try_from(n).unwrap_or(usize::MAX)) + "B";
                format!("{counts}{n} bytes ({size}) copied, 0.000214 seconds, {}MB/s\n", n / 214 + 1)
            }
        }
    }
}

impl Program for Dd {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if let Some(text) = &mut self.said {
            return match sys.drain(STDERR, text) {
                Ok(false) => Step::Wait(Wait::writable(STDERR)),
                _ => Step::Exit(self.code),
            };
        }
        let (input, output) = match self.ends {
            Some(ends) => ends,
            None => match self.open(sys) {
                Ok(ends) => *self.ends.insert(ends),
                Err(text) => {
                    (self.said, self.code) = (Some(text.into_bytes()), 1);
                    return Step::Again;
                }
            },
        };
        match sys.drain(output, &mut self.unwritten) {
            Ok(true) => {}
            Ok(false) => return Step::Wait(Wait::writable(output)),
            Err(crate::runtime::kernel::Errno::BrokenPipe) => return Step::Exit(141),
            Err(e) => {
                let text =
                    format!("dd: error writing '{}': {}\n", self.output.as_deref().unwrap_or("stdout"), e.text());
                (self.said, self.code) = (Some((text + &self.report(sys)).into_bytes()), 1);
                return Step::Again;
            }
        }
        if self.finished || self.count.is_some_and(|c| self.whole + self.part >= c) {
            self.said = Some(self.report(sys).into_bytes());
            return Step::Again;
        }
        match sys.read(input, self.block - self.buffer.len()) {
            Ok(Read::Data(d)) => {
                // A pipe gives what it has: that is a block of its own.
                let devices = sys.offset(input).is_some();
                self.buffer.extend(d);
                if self.buffer.len() >= self.block || (!devices && self.input.is_none()) {
                    self.take();
                }
                Step::Again
            }
            Ok(Read::Empty) => Step::Wait(Wait::readable(input)),
            Ok(Read::End) => {
                self.take();
                self.finished = true;
                Step::Again
            }
            Err(e) => {
                (self.said, self.code) = (Some(format!("dd: read error: {}\n", e.text()).into_bytes()), 1);
                Step::Again
            }
        }
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
