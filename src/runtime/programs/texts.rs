//! Programs that print what they read: `cat`, `head`, `tail`, `tee`, `wc`.

use super::filter::{Filter, Flow, Out};
use super::options::Options;
use super::{Made, Printing, Start, flush};
use crate::api::Duration;
use crate::runtime::kernel::tree::{Kind, name};
use crate::runtime::kernel::{Errno, Fd, Mode, Program, Read, STDIN, Step, Sys, Wait};

fn refused(e: String) -> (String, i32) {
    (e, 1)
}

#[derive(Clone)]
struct Cat {
    options: Options,
    number: usize,
    at_start: bool,
    blank: usize,
    code: i32,
}

pub fn cat(words: &[String]) -> Made {
    let options = Options::parse(words, "nbeEtTvAsu", "", &[("number", 'n'), ("show-all", 'A')]).map_err(refused)?;
    Ok(Box::new(Cat { options, number: 0, at_start: true, blank: 0, code: 0 }))
}

impl Cat {
    fn byte(&mut self, b: u8, io: &mut Out) {
        let has = |l: &str| l.chars().any(|c| self.options.has(c));
        if self.at_start {
            self.blank = if b == b'\n' { self.blank + 1 } else { 0 };
            if self.blank > 1 && has("s") {
                return;
            }
            if (has("n") && !has("b")) || (has("b") && b != b'\n') {
                self.number += 1;
                io.out.extend(format!("{:>6}\t", self.number).bytes());
            }
        }
        self.at_start = b == b'\n';
        match b {
            b'\n' => {
                if has("eEA") {
                    io.out.push(b'$');
                }
                io.out.push(b);
            }
            b'\t' if has("tTA") => io.out.extend(b"^I"),
            0..=31 if b != b'\t' && has("evtA") => io.out.extend([b'^', b + 64]),
            127 if has("evtA") => io.out.extend(b"^?"),
            _ => io.out.push(b),
        }
    }
}

impl Filter for Cat {
    fn files(&self) -> Vec<String> {
        self.options.rest.clone()
    }
    fn data(&mut self, data: &[u8], io: &mut Out, _: &mut Sys<'_>) -> Flow {
        if "nbeEtTvAs".chars().all(|c| !self.options.has(c)) {
            io.out.extend(data);
        } else {
            data.iter().for_each(|b| self.byte(*b, io));
        }
        Flow::More
    }
    fn finish(&mut self, _: &mut Out, _: &mut Sys<'_>) -> i32 {
        self.code
    }
    fn cannot_open(&self, program: &str, name: &str, why: Errno, gnu: bool) -> String {
        match why {
            _ if gnu => format!("{program}: {name}: {}", why.text()),
            Errno::IsDirectory => format!("{program}: read error: {}", why.text()),
            _ => format!("{program}: can't open '{name}': {}", why.text()),
        }
    }
    fn failed(&mut self) {
        self.code = 1;
    }
    fn clone_box(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// How much of a text, from which end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Part {
    count: usize,
    bytes: bool,
    /// `head -n -3`: all but the last; `tail -n +3`: from there on.
    rest: bool,
}

/// `-3` is short for `-n 3`.
fn long_form(words: &[String]) -> Vec<String> {
    let short =
        |w: &String| w.strip_prefix('-').is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
    let value = |i: usize| i > 0 && ["-n", "-c", "-s"].contains(&words[i - 1].as_str());
    let is_short = |i: usize, w: &String| short(w) && !value(i);
    words.iter().enumerate().map(|(i, w)| if is_short(i, w) { format!("-n{}", &w[1..]) } else { w.clone() }).collect()
}

fn part(o: &Options, sign: char) -> Result<Part, String> {
    let Some(unit) = o.last_of("nc") else { return Ok(Part { count: 10, bytes: false, rest: false }) };
    let text = o.value(unit).unwrap_or("");
    let rest = text.starts_with(sign);
    let digits = text.trim_start_matches(['+', '-']);
    let (digits, times) = match digits.strip_suffix(['k', 'K']) {
        Some(d) => (d, 1024),
        None => digits.strip_suffix(['m', 'M']).map_or((digits, 1), |d| (d, 1 << 20)),
    };
    let count = digits.parse::<usize>().map_err(|_| format!("invalid number '{text}'"))?;
    Ok(Part { count: count.saturating_mul(times), bytes: unit == 'c', rest })
}

#[derive(Clone)]
struct Head {
    options: Options,
    part: Part,
    left: usize,
    kept: Vec<u8>,
    files: usize,
    code: i32,
}

pub fn head(words: &[String]) -> Made {
    let options = Options::parse(&long_form(words), "qv", "nc", &[("lines", 'n'), ("bytes", 'c')]).map_err(refused)?;
    let part = part(&options, '-').map_err(|e| (format!("head: {e}\n"), 1))?;
    Ok(Box::new(Head { left: part.count, options, part, kept: vec![], files: 0, code: 0 }))
}

impl Filter for Head {
    fn files(&self) -> Vec<String> {
        self.options.rest.clone()
    }
    fn begins(&mut self, name: &str, io: &mut Out) {
        (self.left, self.files) = (self.part.count, self.files + 1);
        title(&self.options, name, self.files, io);
    }
    fn data(&mut self, data: &[u8], io: &mut Out, _: &mut Sys<'_>) -> Flow {
        if self.part.rest {
            self.kept.extend(data);
            if self.kept.len() > MOST_HELD {
                io.complain("head: out of memory");
                (self.kept, self.code) = (vec![], 1);
                return Flow::Enough;
            }
            return Flow::More;
        }
        let n = match self.part.bytes {
            true => data.len().min(self.left),
            false => data.split_inclusive(|b| *b == b'\n').take(self.left).map(<[u8]>::len).sum(),
        };
        let taken = &data[..n];
        self.left -= if self.part.bytes { n } else { taken.iter().filter(|b| **b == b'\n').count() };
        io.out.extend(taken);
        if self.left == 0 { Flow::NextFile } else { Flow::More }
    }
    fn file_ends(&mut self, _: &str, io: &mut Out, _: &mut Sys<'_>) -> Flow {
        if self.part.rest {
            let kept = std::mem::take(&mut self.kept);
            let n = match self.part.bytes {
                true => kept.len().saturating_sub(self.part.count),
                false => {
                    let lines: Vec<&[u8]> = kept.split_inclusive(|b| *b == b'\n').collect();
                    lines[..lines.len().saturating_sub(self.part.count)].iter().map(|l| l.len()).sum()
                }
            };
            io.out.extend(&kept[..n]);
        }
        Flow::More
    }
    fn finish(&mut self, _: &mut Out, _: &mut Sys<'_>) -> i32 {
        self.code
    }
    fn cannot_open(&self, program: &str, name: &str, why: Errno, gnu: bool) -> String {
        match (why, gnu) {
            (Errno::IsDirectory, true) => format!("{program}: error reading '{name}': {}", why.text()),
            (_, true) => format!("{program}: cannot open '{name}' for reading: {}", why.text()),
            _ => format!("{program}: {name}: {}", why.text()),
        }
    }
    fn failed(&mut self) {
        self.code = 1;
    }
    fn clone_box(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

/// Several files are told apart.
fn title(o: &Options, name: &str, nth: usize, io: &mut Out) {
    if (o.rest.len() > 1 && !o.has('q')) || o.has('v') {
        let before = if nth > 1 { "\n" } else { "" };
        io.line(format!("{before}==> {name} <=="));
    }
}

/// What a machine gives one program of memory.
const MOST_MEMORY: u64 = 4 << 30;
/// What is really held of it: the end.
const MOST_HELD: usize = 16 << 20;

/// How often `tail -f` looks.
const GLANCE: Duration = Duration::from_secs(1);

#[derive(Clone)]
struct Tail {
    options: Options,
    part: Part,
    program: String,
    io: Out,
    /// Not yet read, the last one first.
    waiting: Vec<String>,
    current: Option<(String, Fd, Vec<u8>)>,
    /// Bytes that it read before it printed anything.
    taken: u64,
    /// Read to the end, and watched. `None`: not there (yet).
    followed: Vec<(String, Option<Fd>)>,
    files: usize,
    code: i32,
}

pub fn tail(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let made = Options::parse(
        &long_form(s.words),
        "fFqvr",
        "ncs",
        &[("follow", 'f'), ("lines", 'n'), ("bytes", 'c'), ("retry", 'F')],
    )
    .and_then(|o| part(&o, '+').map(|p| (o, p)).map_err(|e| format!("tail: {e}\n")));
    let (options, part) = match made {
        Ok(made) => made,
        Err(e) => return Box::new(Printing::error(e, 1)),
    };
    let mut waiting = options.rest.clone();
    if waiting.is_empty() {
        waiting.push("-".into());
    }
    waiting.reverse();
    let program = name(&s.words[0]).to_string();
    Box::new(Tail {
        options,
        part,
        program,
        io: Out::default(),
        waiting,
        current: None,
        taken: 0,
        followed: vec![],
        files: 0,
        code: 0,
    })
}

impl Tail {
    fn wanted<'d>(&self, data: &'d [u8]) -> &'d [u8] {
        let Part { count, bytes, rest } = self.part;
        if bytes {
            let from = if rest { count.saturating_sub(1).min(data.len()) } else { data.len().saturating_sub(count) };
            return &data[from..];
        }
        let lines: Vec<&[u8]> = data.split_inclusive(|b| *b == b'\n').collect();
        let skip = if rest { count.saturating_sub(1) } else { lines.len().saturating_sub(count) };
        let before: usize = lines.iter().take(skip).map(|l| l.len()).sum();
        &data[before..]
    }

    fn open(&mut self, file: &str, sys: &mut Sys<'_>) -> Option<Fd> {
        let opened = if file == "-" { Ok(STDIN) } else { sys.open(file, Mode::Read) };
        let gnu = super::tools(sys) == super::Tools::Debian;
        let said = |e: Errno| match gnu {
            true => format!("{}: cannot open '{file}' for reading: {}", self.program, e.text()),
            false => format!("{}: can't open '{file}': {}", self.program, e.text()),
        };
        opened.map_err(|e| self.io.complain(said(e))).ok()
    }

    /// What came to the files that are watched.
    fn look(&mut self, sys: &mut Sys<'_>) -> Step {
        let mut wait = Wait::until(sys.now + GLANCE);
        for (file, fd) in &mut self.followed {
            if fd.is_none() && self.options.has('F') {
                *fd = sys.open(file, Mode::Read).ok();
            }
            let Some(fd) = *fd else { continue };
            // A file that became shorter is read anew.
            if let Some(path) = sys.path_of(fd)
                && let Ok(Kind::File(content)) = sys.view(|v| v.stat(&path)).map(|n| n.kind)
                && sys.offset(fd).is_some_and(|o| o > content.len())
            {
                sys.seek(fd, 0);
            }
            loop {
                match sys.read(fd, 65_536) {
                    Ok(Read::Data(d)) => self.io.out.extend(d),
                    Ok(Read::Empty) => {
                        wait.readable.push(fd);
                        break;
                    }
                    _ => break,
                }
            }
        }
        flush(&mut self.io.out, &mut self.io.err, sys).unwrap_or(Step::Wait(wait))
    }
}

impl Program for Tail {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        loop {
            if let Some(step) = flush(&mut self.io.out, &mut self.io.err, sys) {
                return step;
            }
            let Some((file, fd, mut data)) = self.current.take() else {
                let Some(file) = self.waiting.pop() else {
                    let follows = self.options.has('f') || self.options.has('F');
                    if follows && self.followed.iter().any(|(_, fd)| fd.is_some() || self.options.has('F')) {
                        return self.look(sys);
                    }
                    return Step::Exit(self.code);
                };
                match self.open(&file, sys) {
                    Some(fd) => self.current = Some((file, fd, vec![])),
                    None => {
                        self.code = 1;
                        self.followed.push((file, None));
                    }
                }
                continue;
            };
            match sys.read(fd, 65_536) {
                Ok(Read::Data(d)) => {
                    // All of it would lie in memory: `tail /dev/zero` takes what there is.
                    let fits = sys.allocate(d.len() as u64);
                    self.taken += d.len() as u64;
                    if !fits || self.taken > MOST_MEMORY || (self.part.rest && data.len() > 4 * MOST_HELD) {
                        return Step::Exit(137);
                    }
                    data.extend(d);
                    let held = data.len();
                    if held > MOST_HELD && !self.part.rest {
                        data.drain(..held - MOST_HELD / 2);
                    }
                    self.current = Some((file, fd, data));
                    return Step::Again;
                }
                Ok(Read::Empty) => {
                    self.current = Some((file, fd, data));
                    return Step::Wait(Wait::readable(fd));
                }
                Ok(Read::End) => {
                    self.files += 1;
                    title(&self.options, &file, self.files, &mut self.io);
                    let wanted = self.wanted(&data).to_vec();
                    self.io.out.extend(wanted);
                    self.followed.push((file, Some(fd)));
                }
                Err(e) => {
                    self.io.complain(format!("{}: error reading '{file}': {}", self.program, e.text()));
                    self.code = 1;
                }
            }
        }
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Tee {
    files: Vec<String>,
    append: bool,
    open: Option<Vec<Fd>>,
    code: i32,
}

pub fn tee(words: &[String]) -> Made {
    let o = Options::parse(words, "ai", "", &[("append", 'a')]).map_err(refused)?;
    Ok(Box::new(Tee { append: o.has('a'), files: o.rest, open: None, code: 0 }))
}

impl Tee {
    fn open(&mut self, io: &mut Out, sys: &mut Sys<'_>) -> Vec<Fd> {
        if let Some(open) = &self.open {
            return open.clone();
        }
        let mode = if self.append { Mode::Append } else { Mode::Write };
        let mut all = vec![];
        for f in &self.files {
            match sys.open(f, mode) {
                Ok(fd) => all.push(fd),
                Err(e) => {
                    io.complain(format!("tee: {f}: {}", e.text()));
                    self.code = 1;
                }
            }
        }
        self.open = Some(all.clone());
        all
    }
}

impl Filter for Tee {
    fn files(&self) -> Vec<String> {
        vec![]
    }
    fn begins(&mut self, _: &str, _: &mut Out) {}
    fn data(&mut self, data: &[u8], io: &mut Out, sys: &mut Sys<'_>) -> Flow {
        for fd in self.open(io, sys) {
            let _ = sys.write(fd, data);
        }
        io.out.extend(data);
        Flow::More
    }
    fn finish(&mut self, io: &mut Out, sys: &mut Sys<'_>) -> i32 {
        self.open(io, sys);
        self.code
    }
    fn clone_box(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

#[derive(Clone, Copy, Default)]
struct Counts {
    lines: usize,
    words: usize,
    chars: usize,
    bytes: usize,
    longest: usize,
    column: usize,
    in_word: bool,
}

#[derive(Clone)]
struct Wc {
    options: Options,
    now: Counts,
    total: Counts,
    files: usize,
    code: i32,
}

pub fn wc(words: &[String]) -> Made {
    let options =
        Options::parse(words, "clmwL", "", &[("lines", 'l'), ("words", 'w'), ("bytes", 'c')]).map_err(refused)?;
    Ok(Box::new(Wc { options, now: Counts::default(), total: Counts::default(), files: 0, code: 0 }))
}

impl Wc {
    fn show(&self, c: &Counts, name: &str, io: &mut Out) {
        let all = [('l', c.lines), ('w', c.words), ('m', c.chars), ('c', c.bytes), ('L', c.longest)];
        let default = !"lwmcL".chars().any(|l| self.options.has(l));
        let shown: Vec<usize> = all
            .iter()
            .filter(|(l, _)| if default { "lwc".contains(*l) } else { self.options.has(*l) })
            .map(|(_, n)| *n)
            .collect();
        let text = match shown.as_slice() {
            [one] => one.to_string(),
            many => many.iter().map(|n| format!("{n:>9}")).collect::<Vec<_>>().join(" "),
        };
        io.line(if name == "-" { text } else { format!("{text} {name}") });
    }
}

impl Filter for Wc {
    fn files(&self) -> Vec<String> {
        self.options.rest.clone()
    }
    fn begins(&mut self, _: &str, _: &mut Out) {
        self.now = Counts::default();
    }
    fn data(&mut self, data: &[u8], _: &mut Out, _: &mut Sys<'_>) -> Flow {
        let c = &mut self.now;
        for b in data {
            c.bytes += 1;
            c.chars += usize::from(b & 0xc0 != 0x80);
            if *b == b'\n' {
                c.lines += 1;
                c.column = 0;
            } else {
                c.column += usize::from(b & 0xc0 != 0x80);
                c.longest = c.longest.max(c.column);
            }
            let blank = b.is_ascii_whitespace();
            c.words += usize::from(!blank && !c.in_word);
            c.in_word = !blank;
        }
        Flow::More
    }
    fn file_ends(&mut self, name: &str, io: &mut Out, _: &mut Sys<'_>) -> Flow {
        let name = if self.options.rest.is_empty() { "-" } else { name };
        self.files += 1;
        let (now, t) = (self.now, &mut self.total);
        (t.lines, t.words, t.chars) = (t.lines + now.lines, t.words + now.words, t.chars + now.chars);
        (t.bytes, t.longest) = (t.bytes + now.bytes, t.longest.max(now.longest));
        self.show(&now, name, io);
        Flow::More
    }
    fn finish(&mut self, io: &mut Out, _: &mut Sys<'_>) -> i32 {
        if self.options.rest.len() > 1 {
            self.show(&self.total, "total", io);
        }
        self.code
    }
    fn cannot_open(&self, program: &str, name: &str, why: Errno, _gnu: bool) -> String {
        format!("{program}: {name}: {}", why.text())
    }
    fn failed(&mut self) {
        self.code = 1;
    }
    fn clone_box(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}
