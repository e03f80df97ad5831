//! `sed`: an editor for streams. [`script`] reads what it is to do; here it does it, line by line.

mod acts;

mod script;

use super::options::Options;
use super::regex::Matcher;
use super::source::{Event, LONGEST, Source};
use super::{Printing, Start, Tools, flush};
use crate::runtime::kernel::{Program, Step, Sys};
use script::{Act, Address, Command, End, Part, Substitute};

/// Commands that run without letting others have a turn.
const TURN: usize = 50;

#[derive(Clone)]
struct Sed {
    commands: std::sync::Arc<Vec<Command>>,
    quiet: bool,
    /// Each file for itself: `-i`, `-s`.
    separate: bool,
    in_place: Option<String>,
    source: Source,
    file: String,
    /// Lines that were read ahead: whether one is the last has to be known.
    ahead: std::collections::VecDeque<Vec<u8>>,
    file_over: bool,
    over: bool,
    /// Whether a line is the last one makes a difference.
    asks_for_last: bool,
    /// Where the script goes on, while a line is at work.
    at: Option<usize>,
    /// The script waits for the next line: to append it, or in place of this one.
    needs: Option<bool>,
    pattern: Vec<u8>,
    hold: Vec<u8>,
    number: usize,
    newline: bool,
    missing_newline: bool,
    substituted: bool,
    last_pattern: Option<Matcher>,
    /// Ranges that are open, by command: the line where one ends, if that is known.
    ranges: Vec<Option<usize>>,
    appended: Vec<Act>,
    /// `D` begins anew without reading.
    restart: bool,
    out: Vec<u8>,
    err: Vec<u8>,
    /// What goes into the file that is edited.
    edited: Vec<u8>,
    written: std::collections::BTreeMap<String, Vec<u8>>,
    code: i32,
    ending: bool,
    gnu: bool,
}

const LONG: [(&str, char); 8] = [
    ("quiet", 'n'),
    ("silent", 'n'),
    ("expression", 'e'),
    ("file", 'f'),
    ("regexp-extended", 'E'),
    ("in-place", 'i'),
    ("separate", 's'),
    ("null-data", 'z'),
];

pub fn sed(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    match made(s) {
        Ok(p) => Box::new(p),
        Err(text) => Box::new(Printing::error(text, 1)),
    }
}

fn made(s: &mut Start<'_, '_>) -> Result<Sed, String> {
    let gnu = super::tools(s.sys) == Tools::Debian;
    // `-i` may carry the end of a name for what was before.
    let mut suffix = None;
    let words: Vec<String> = s
        .words
        .iter()
        .map(|w| match w.strip_prefix("-i").or_else(|| w.strip_prefix("--in-place=")) {
            Some(end) if !end.is_empty() && !w.starts_with("-in") => {
                suffix = Some(end.to_string());
                "-i".to_string()
            }
            _ => w.clone(),
        })
        .collect();
    let mut o = Options::parse(&words, "nEriszu", "ef", &LONG)?;
    let mut text: Vec<String> = o.values('e').into_iter().map(String::from).collect();
    for f in o.values('f') {
        let content = s.sys.read_file(f).map_err(|e| format!("sed: {f}: {}\n", e.text()))?;
        text.push(String::from_utf8_lossy(&content).trim_end_matches('\n').to_string());
    }
    if text.is_empty() {
        if o.rest.is_empty() {
            return Err("Usage: sed [-i[SFX]] [-nrE] [-f FILE]... [-e CMD]... [FILE]...\n".into());
        }
        text.push(o.rest.remove(0));
    }
    let commands = script::parse(&text.join("\n"), o.has('E') || o.has('r'), gnu).map_err(|e| match gnu {
        true => format!("sed: -e expression #1, char {}: {e}\n", text[0].chars().count()),
        false => format!("sed: {e}\n"),
    })?;
    let labels: Vec<&String> =
        commands.iter().filter_map(|c| if let Act::Label(l) = &c.act { Some(l) } else { None }).collect();
    for c in &commands {
        if let Act::Branch(Some(l)) | Act::BranchIf(Some(l)) | Act::BranchUnless(Some(l)) = &c.act
            && !labels.contains(&l)
        {
            return Err(format!("sed: can't find label for jump to '{l}'\n"));
        }
    }
    let is_last = |c: &Command| {
        matches!(c.from, Some(Address::Last))
            || matches!(c.to, Some(End::At(Address::Last)))
            || matches!(c.act, Act::Change(_))
    };
    let asks_for_last = commands.iter().any(is_last);
    let in_place = o.has('i').then(|| suffix.unwrap_or_default());
    Ok(Sed {
        ranges: vec![None; commands.len()],
        commands: commands.into(),
        quiet: o.has('n'),
        separate: in_place.is_some() || o.has('s'),
        in_place,
        source: Source::new(&o.rest),
        file: String::new(),
        ahead: Default::default(),
        file_over: false,
        over: false,
        asks_for_last,
        at: None,
        needs: None,
        pattern: vec![],
        hold: vec![],
        number: 0,
        newline: true,
        missing_newline: false,
        substituted: false,
        last_pattern: None,
        appended: vec![],
        restart: false,
        out: vec![],
        err: vec![],
        edited: vec![],
        written: Default::default(),
        code: 0,
        ending: false,
        gnu,
    })
}

impl Sed {
    fn print(&mut self, text: &[u8], newline: bool) {
        let to = if self.in_place.is_some() { &mut self.edited } else { &mut self.out };
        if std::mem::take(&mut self.missing_newline) {
            to.push(b'\n');
        }
        to.extend(text);
        if newline {
            to.push(b'\n');
        }
        self.missing_newline = !newline;
    }

    fn print_pattern(&mut self) {
        let text = self.pattern.clone();
        self.print(&text, self.newline);
    }

    /// Whether the line at work is the last one.
    fn is_last(&self) -> bool {
        self.ahead.is_empty() && (self.over || (self.separate && self.file_over))
    }

    fn uses(&mut self, m: Option<&Matcher>) -> Option<Matcher> {
        if let Some(m) = m {
            self.last_pattern = Some(m.clone());
        }
        self.last_pattern.clone()
    }

    fn address(&mut self, a: &Address) -> bool {
        match a {
            Address::Line(n) => self.number == *n,
            Address::Last => self.is_last(),
            Address::Step(first, 0) => self.number == *first,
            Address::Step(first, step) => self.number >= *first && (self.number - first).is_multiple_of(*step),
            Address::Pattern(m) => self.uses(m.as_ref()).is_some_and(|m| m.is_match(&self.pattern)),
        }
    }

    /// Whether a command is for this line.
    fn selected(&mut self, i: usize, c: &Command) -> bool {
        let Some(from) = &c.from else { return !c.negate };
        let Some(to) = &c.to else { return self.address(from) != c.negate };
        const OPEN: usize = usize::MAX;
        let inside = match self.ranges[i] {
            Some(end) => {
                let over = match to {
                    End::At(Address::Line(_)) | End::After(_) | End::Multiple(_) => self.number >= end,
                    End::At(a) => self.address(a),
                };
                if over {
                    self.ranges[i] = None;
                }
                // A line number that has gone by ends a range at once.
                !matches!(to, End::At(Address::Line(_))) || self.number <= end
            }
            None => {
                let zero = matches!(from, Address::Line(0)) && self.number == 1 && self.gnu;
                let begins = zero || self.address(from);
                if begins {
                    let end = match to {
                        End::At(Address::Line(n)) => *n,
                        End::After(n) => self.number.saturating_add(*n),
                        End::Multiple(0) => self.number,
                        End::Multiple(n) => self.number.div_ceil(*n) * n,
                        End::At(_) => OPEN,
                    };
                    let at_once = zero && matches!(to, End::At(a) if self.address(&a.clone()));
                    let open = if end == OPEN { !at_once } else { end > self.number };
                    self.ranges[i] = open.then_some(end);
                }
                begins
            }
        };
        inside != c.negate
    }

    fn jump(&self, label: Option<&String>) -> usize {
        let here = |c: &Command| matches!(&c.act, Act::Label(l) if Some(l) == label);
        label.and_then(|_| self.commands.iter().position(here)).unwrap_or(self.commands.len())
    }

    /// The script is through with a line.
    fn end_cycle(&mut self, sys: &mut Sys<'_>) {
        for a in std::mem::take(&mut self.appended) {
            match a {
                Act::Append(t) => self.print(t.trim_end_matches('\n').as_bytes(), true),
                Act::ReadFile(path) => {
                    if let Ok(content) = sys.read_file(&path) {
                        let whole = content.ends_with(b"\n");
                        if !content.is_empty() {
                            self.print(content.strip_suffix(b"\n").unwrap_or(&content), whole);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Takes the next line, if one may be taken: whether it is the last has to be known.
    fn take(&mut self) -> Option<Vec<u8>> {
        if self.ahead.len() > usize::from(self.asks_for_last) || self.over || (self.separate && self.file_over) {
            return self.ahead.pop_front();
        }
        None
    }

    fn accept(&mut self, mut line: Vec<u8>, append: bool) {
        self.number += 1;
        self.newline = line.ends_with(b"\n");
        if self.newline {
            line.pop();
        }
        if append {
            self.pattern.push(b'\n');
            self.pattern.extend(line);
        } else {
            self.pattern = line;
        }
    }

    /// One step. `Some`: what the program does next.
    fn step(&mut self, sys: &mut Sys<'_>) -> Option<Step> {
        if let Some(append) = self.needs {
            if let Some(line) = self.take() {
                self.needs = None;
                self.accept(line, append);
            } else if self.is_last() {
                // There is none: what was gathered is printed, and that was it.
                self.needs = None;
                self.at = None;
                if append && !self.quiet {
                    self.print_pattern();
                }
                self.end_cycle(sys);
            } else {
                return self.read(sys);
            }
            return None;
        }
        match self.at {
            Some(i) if i < self.commands.len() => {
                self.at = self.act(i, sys);
                if self.at.is_none() {
                    self.end_cycle(sys);
                    if std::mem::take(&mut self.restart) {
                        self.at = Some(0);
                    }
                }
            }
            Some(_) => {
                if !self.quiet {
                    self.print_pattern();
                }
                self.at = None;
                self.end_cycle(sys);
            }
            None if self.ending => return Some(self.finish(sys)),
            None => match self.take() {
                Some(line) => {
                    self.accept(line, false);
                    self.substituted = false;
                    self.at = Some(0);
                }
                None if self.separate && self.file_over => self.end_file(sys),
                None if self.over => return Some(self.finish(sys)),
                None => return self.read(sys),
            },
        }
        None
    }

    fn read(&mut self, sys: &mut Sys<'_>) -> Option<Step> {
        if let Some(line) = self.source.line() {
            self.ahead.push_back(line);
            return None;
        }
        match self.source.next(sys) {
            Event::Data => {}
            Event::Began(name) => {
                self.file = name;
                if self.separate {
                    (self.number, self.file_over) = (0, false);
                }
            }
            Event::Ended => {
                self.ahead.extend(self.source.take_rest());
                self.file_over = true;
            }
            Event::Failed(name, e) => {
                let text = match self.gnu {
                    true => format!("sed: can't read {name}: {}\n", e.text()),
                    false => format!("sed: {name}: {}\n", e.text()),
                };
                self.err.extend(text.bytes());
                self.code = if self.gnu { 2 } else { 1 };
            }
            Event::Wait(w) => return Some(Step::Wait(w)),
            Event::Over => self.over = true,
        }
        None
    }

    fn end_file(&mut self, sys: &mut Sys<'_>) {
        self.file_over = false;
        self.missing_newline = false;
        let Some(suffix) = &self.in_place else { return };
        let (file, content) = (self.file.clone(), std::mem::take(&mut self.edited));
        let path = sys.path(&file);
        let done = sys.view(|v| {
            if !suffix.is_empty() {
                let old = v.read(&path)?;
                v.write(&format!("{path}{suffix}"), &old)?;
            }
            v.write(&path, &content)
        });
        if let Err(e) = done {
            self.err.extend(format!("sed: couldn't open file {file}: {}\n", e.text()).bytes());
            self.code = 4;
        }
    }

    fn finish(&mut self, sys: &mut Sys<'_>) -> Step {
        if self.in_place.is_some() && !self.edited.is_empty() {
            // It was told to quit: the rest of the file stays.
            while let Some(line) = self.ahead.pop_front() {
                self.edited.extend(line);
            }
            loop {
                match self.source.next(sys) {
                    Event::Data => {}
                    Event::Ended | Event::Wait(_) | Event::Over | Event::Failed(..) => break,
                    Event::Began(_) => {}
                }
            }
            self.edited.extend(self.source.take_rest().unwrap_or_default());
            self.end_file(sys);
        }
        for (path, content) in std::mem::take(&mut self.written) {
            let path = sys.path(&path);
            let _ = sys.view(|v| v.write(&path, &content));
        }
        Step::Exit(self.code)
    }
}

impl Program for Sed {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        for _ in 0..TURN {
            // What was printed goes on its way before anybody waits.
            if (self.out.len() > 32_768 || !self.err.is_empty())
                && let Some(step) = flush(&mut self.out, &mut self.err, sys)
            {
                return step;
            }
            if let Some(step) = self.step(sys) {
                if let Step::Exit(_) = step {
                    self.ending = true;
                    (self.at, self.needs) = (None, None);
                }
                return flush(&mut self.out, &mut self.err, sys).unwrap_or(step);
            }
        }
        Step::Again
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
