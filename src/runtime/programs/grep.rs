//! `grep`, `egrep`, `fgrep`.

use super::filter::{ByLine, Flow, Lines, Out, Running};
use super::options::Options;
use super::regex::{Matcher, Syntax};
use super::{Printing, Start, Tools};
use crate::runtime::kernel::tree::{join, name};
use crate::runtime::kernel::{Errno, Program, Sys};
use crate::runtime::shell::pattern::Pattern;

#[derive(Clone)]
struct Grep {
    options: Options,
    files: Vec<String>,
    patterns: Vec<Matcher>,
    named: bool,
    most: usize,
    before: usize,
    after: usize,
    file: String,
    number: usize,
    found: usize,
    /// Lines before one that may be shown.
    kept: Vec<(usize, Vec<u8>)>,
    /// How many lines after one are still shown.
    left: usize,
    last_shown: usize,
    any: bool,
    failed: bool,
    gnu: bool,
}

const LONG: [(&str, char); 26] = [
    ("extended-regexp", 'E'),
    ("fixed-strings", 'F'),
    ("basic-regexp", 'G'),
    ("perl-regexp", 'P'),
    ("ignore-case", 'i'),
    ("invert-match", 'v'),
    ("count", 'c'),
    ("line-number", 'n'),
    ("files-with-matches", 'l'),
    ("files-without-match", 'L'),
    ("only-matching", 'o'),
    ("quiet", 'q'),
    ("silent", 'q'),
    ("no-messages", 's'),
    ("no-filename", 'h'),
    ("with-filename", 'H'),
    ("recursive", 'r'),
    ("word-regexp", 'w'),
    ("line-regexp", 'x'),
    ("max-count", 'm'),
    ("after-context", 'A'),
    ("before-context", 'B'),
    ("context", 'C'),
    ("include", 'I'),
    ("exclude", 'X'),
    ("color", 'z'),
];

pub fn grep(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    match made(s) {
        Ok(g) => Box::new(Running::new(ByLine::boxed(g))),
        Err(text) => Box::new(Printing::error(text, 2)),
    }
}

fn made(s: &mut Start<'_, '_>) -> Result<Grep, String> {
    let called = name(s.words.first().map_or("", String::as_str)).to_string();
    let gnu = super::tools(s.sys) == Tools::Debian;
    let mut o = Options::parse(s.words, "EFGPivcnlLoqshHrRwxaz", "efmABCIX", &LONG)?;
    let mut texts: Vec<String> = o.values('e').into_iter().map(String::from).collect();
    for f in o.values('f') {
        let content = s.sys.read_file(f).map_err(|e| format!("{called}: {f}: {}\n", e.text()))?;
        texts.extend(String::from_utf8_lossy(&content).lines().map(String::from));
    }
    if !o.has('e') && !o.has('f') {
        if o.rest.is_empty() {
            return Err(usage(&called, gnu));
        }
        texts.push(o.rest.remove(0));
    }
    let syntax = match (o.last_of("EFGP"), called.as_str()) {
        (Some('F'), _) | (None, "fgrep") => Syntax::Fixed,
        (Some('E'), _) | (None, "egrep") => Syntax::Extended,
        (Some('P'), _) => Syntax::Perl,
        _ => Syntax::Basic,
    };
    let lines = texts.iter().flat_map(|t| t.split('\n'));
    let patterns: Result<Vec<Matcher>, &str> = lines.map(|l| Matcher::new(l, syntax, o.has('i'))).collect();
    let patterns = patterns.map_err(|e| match gnu {
        true => format!("{called}: {e}\n"),
        false => format!("{called}: bad regex '{}': {e}\n", texts.join("\n")),
    })?;
    let number = |l: char| match o.value(l) {
        None => Ok(None),
        Some(v) => v.parse::<usize>().map(Some).map_err(|_| format!("{called}: invalid number '{v}'\n")),
    };
    let around = number('C')?.unwrap_or(0);
    let (before, after) = (number('B')?.unwrap_or(around), number('A')?.unwrap_or(around));
    let most = number('m')?.unwrap_or(usize::MAX);
    let recursive = o.has('r') || o.has('R');
    let files = if recursive { below(&o, s.sys) } else { o.rest.clone() };
    Ok(Grep {
        named: (o.rest.len() > 1 || recursive || o.has('H')) && !o.has('h'),
        options: o,
        files,
        patterns,
        most,
        before,
        after,
        file: String::new(),
        number: 0,
        found: 0,
        kept: vec![],
        left: 0,
        last_shown: 0,
        any: false,
        failed: false,
        gnu,
    })
}

fn usage(called: &str, gnu: bool) -> String {
    match gnu {
        true => {
            format!("Usage: {called} [OPTION]... PATTERNS [FILE]...\nTry '{called} --help' for more information.\n")
        }
        false => format!(
            "BusyBox v1.36.1 multi-call binary.\n\nUsage: {called} [-HhnlLoqvsrRiwFE] [-m N] [-A|B|C N] {{ PATTERN | -e PATTERN... | -f FILE... }} [FILE]...\n"
        ),
    }
}

/// How many files are looked through at most.
const MOST_FILES: usize = 20_000;

/// `-r`: the files below, in order.
fn below(o: &Options, sys: &mut Sys<'_>) -> Vec<String> {
    let fits = |file: &str| {
        let base = name(file);
        let among = |l: char| o.values(l).iter().any(|p| Pattern::parse(p).matches(base));
        (!o.has('I') || among('I')) && !among('X')
    };
    let mut out = vec![];
    let mut waiting: Vec<String> = o.rest.iter().rev().cloned().collect();
    let implied = waiting.is_empty();
    if implied {
        waiting.push(".".into());
    }
    while let Some(p) = waiting.pop() {
        if out.len() + waiting.len() > MOST_FILES {
            break;
        }
        let full = sys.path(&p);
        match sys.view(|v| v.is_directory(&full)) {
            true => {
                let names = sys.view(|v| v.names(&full)).unwrap_or_default();
                let below = |n: &String| if implied && p == "." { n.clone() } else { join(&p, n) };
                let is_link = |n: &String, sys: &mut Sys<'_>| {
                    let full = join(&full, n);
                    let link = sys.view(|v| v.link_stat(&full)).is_ok_and(|n| {
                        matches!(
                            n.kind,
                            crate::runtime::kernel::tree::Kind::Link(_) | crate::runtime::kernel::tree::Kind::Device(_)
                        )
                    });
                    link && !o.has('R')
                };
                let names: Vec<String> = names.into_iter().filter(|n| !is_link(n, sys)).collect();
                waiting.extend(names.iter().rev().map(below));
            }
            false if fits(&p) => out.push(p),
            false => {}
        }
    }
    // Nothing to read is not the standard input.
    if out.is_empty() {
        out.push("/dev/null".into());
    }
    out
}

fn is_word(b: Option<&u8>) -> bool {
    b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

impl Grep {
    /// The first place from one on that counts as a match.
    fn find(&self, line: &[u8], from: usize) -> Option<(usize, usize)> {
        let one = |m: &Matcher| {
            let mut at = from;
            while at <= line.len() {
                let (a, b) = m.find_at(line, at)?;
                let whole = !self.options.has('x') || (a == 0 && b == line.len());
                let apart = !self.options.has('w')
                    || (!is_word(a.checked_sub(1).and_then(|i| line.get(i))) && !is_word(line.get(b)) && b > a);
                if whole && apart {
                    return Some((a, b));
                }
                at = a + 1;
            }
            None
        };
        self.patterns.iter().filter_map(one).min_by_key(|(a, b)| (*a, usize::MAX - *b))
    }

    fn prefix(&self, sign: char, number: usize, io: &mut Out) {
        if self.named {
            io.out.extend(self.shown_file().bytes());
            io.out.push(sign as u8);
        }
        if self.options.has('n') {
            io.out.extend(format!("{number}{sign}").bytes());
        }
    }

    fn shown_file(&self) -> &str {
        if self.file == "-" { "(standard input)" } else { &self.file }
    }

    fn show(&mut self, sign: char, number: usize, line: &[u8], io: &mut Out) {
        if (self.before > 0 || self.after > 0) && self.last_shown > 0 && number > self.last_shown + 1 {
            io.line("--");
        }
        self.last_shown = number;
        self.prefix(sign, number, io);
        io.line(line);
    }

    fn matched(&mut self, line: &[u8], io: &mut Out) -> Flow {
        self.found += 1;
        self.any = true;
        if self.options.has('q') {
            return Flow::Enough;
        }
        if self.options.has('l') || self.options.has('L') {
            if self.options.has('l') {
                let file = self.shown_file().to_string();
                io.line(file);
            }
            return Flow::NextFile;
        }
        if !self.options.has('c') {
            if self.options.has('o') {
                self.only(line, io);
            } else {
                for (n, l) in std::mem::take(&mut self.kept) {
                    self.show('-', n, &l, io);
                }
                self.show(':', self.number, line, io);
                self.left = self.after;
            }
        }
        if self.found >= self.most && self.left == 0 { Flow::NextFile } else { Flow::More }
    }

    fn only(&self, line: &[u8], io: &mut Out) {
        let mut at = 0;
        while let Some((a, b)) = self.find(line, at).filter(|_| !self.options.has('v')) {
            if b > a {
                self.prefix(':', self.number, io);
                io.line(&line[a..b]);
            }
            at = if b > a { b } else { a + 1 };
            if at > line.len() {
                break;
            }
        }
    }
}

impl Lines for Grep {
    fn files(&self) -> Vec<String> {
        self.files.clone()
    }
    fn begins(&mut self, name: &str, _: &mut Out) {
        self.file = name.into();
        (self.number, self.found, self.left, self.last_shown) = (0, 0, 0, 0);
        self.kept.clear();
    }
    fn line(&mut self, line: &[u8], io: &mut Out, _: &mut Sys<'_>) -> Flow {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        self.number += 1;
        let full = self.found >= self.most;
        if !full && self.find(line, 0).is_some() != self.options.has('v') {
            return self.matched(line, io);
        }
        if self.left > 0 {
            self.left -= 1;
            self.show('-', self.number, line, io);
        } else if self.before > 0 {
            self.kept.push((self.number, line.to_vec()));
            if self.kept.len() > self.before {
                self.kept.remove(0);
            }
        }
        if full && self.left == 0 { Flow::NextFile } else { Flow::More }
    }
    fn file_ends(&mut self, _: &str, io: &mut Out, _: &mut Sys<'_>) -> Flow {
        let quiet = self.options.has('q') || self.options.has('l');
        if self.options.has('L') && self.found == 0 {
            let file = self.shown_file().to_string();
            io.line(file);
        }
        if self.options.has('c') && !quiet {
            let n = self.found;
            if self.named {
                let file = self.shown_file().to_string();
                io.out.extend(format!("{file}:").bytes());
            }
            io.line(n.to_string());
        }
        Flow::More
    }
    fn finish(&mut self, _: &mut Out, _: &mut Sys<'_>) -> i32 {
        match (self.any, self.failed) {
            (true, true) if self.options.has('q') => 0,
            (_, true) => 2,
            (any, _) => i32::from(!any),
        }
    }
    fn cannot_open(&self, program: &str, name: &str, why: Errno, _gnu: bool) -> String {
        let why = why.text();
        if self.gnu || !self.options.has('s') { format!("{program}: {name}: {why}") } else { String::new() }
    }
    fn failed(&mut self) {
        self.failed = true;
    }
}
