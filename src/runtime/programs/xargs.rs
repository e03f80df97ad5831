//! `xargs`: words from the standard input become arguments.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::options::Options;
use super::source::{Event, Source};
use super::{Printing, Start, children, flush};
use crate::runtime::kernel::{ProcessId, Program, STDIN, Step, Sys, Wait};

/// How long the arguments of one call may be.
const MOST_BYTES: usize = 32_768;

#[derive(Clone)]
struct Xargs {
    options: Options,
    words: Vec<String>,
    env: Arc<BTreeMap<String, String>>,
    source: Source,
    /// What was read, in its words or lines.
    items: Option<Vec<String>>,
    at: usize,
    running: Vec<ProcessId>,
    err: Vec<u8>,
    code: i32,
    ran: bool,
}

pub fn xargs(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    // Options stand before the program only.
    let valued = ["-n", "-I", "-P", "-L", "-d", "-s", "-a", "-E"];
    let mut n = 1;
    while let Some(w) = s.words.get(n).filter(|w| w.len() > 1 && w.starts_with('-')) {
        n += if valued.contains(&w.as_str()) { 2 } else { 1 };
    }
    let n = n.min(s.words.len());
    let long = [
        ("null", '0'),
        ("max-args", 'n'),
        ("no-run-if-empty", 'r'),
        ("verbose", 't'),
        ("replace", 'I'),
        ("max-procs", 'P'),
        ("delimiter", 'd'),
    ];
    let options = match Options::parse(&s.words[..n], "0rtpxo", "nIPLdsaE", &long) {
        Ok(o) => o,
        Err(e) => return Box::new(Printing::error(e, 1)),
    };
    let mut words = s.words[n..].to_vec();
    if words.is_empty() {
        words.push("echo".into());
    }
    Box::new(Xargs {
        options,
        words,
        env: s.env.clone(),
        source: Source::of(STDIN),
        items: None,
        at: 0,
        running: vec![],
        err: vec![],
        code: 0,
        ran: false,
    })
}

/// Words, as quotes and backslashes part them.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut out, mut word, mut quote): (Vec<String>, Option<String>, Option<char>) = (vec![], None, None);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('\n', Some(_)) => return Err("unmatched quote".into()),
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('\\', None) => word.get_or_insert_default().extend(chars.next()),
            (c, None) if c.is_whitespace() => out.extend(word.take()),
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("unmatched quote".into());
    }
    out.extend(word);
    Ok(out)
}

impl Xargs {
    fn items(&self, data: &[u8]) -> Result<Vec<String>, String> {
        let text = String::from_utf8_lossy(data).into_owned();
        let parted = |by: char| text.strip_suffix(by).unwrap_or(&text).split(by).map(String::from).collect::<Vec<_>>();
        if text.is_empty() {
            return Ok(vec![]);
        }
        if self.options.has('0') {
            return Ok(parted('\0'));
        }
        if let Some(d) = self.options.value('d') {
            let mut out = vec![];
            super::echo::unescape(d, false, &mut out);
            return Ok(parted(out.first().map_or('\n', |b| char::from(*b))));
        }
        if self.options.has('I') || self.options.has('L') {
            // A line is one; blanks before it go.
            return Ok(text.lines().map(|l| l.trim_start().to_string()).filter(|l| !l.is_empty()).collect());
        }
        words(&text)
    }

    fn number(&self, letter: char, default: usize) -> usize {
        self.options.value(letter).and_then(|n| n.parse().ok()).unwrap_or(default)
    }

    /// The words of the next call. `None`: there is none.
    fn next(&mut self) -> Option<Vec<String>> {
        let items = self.items.as_ref()?;
        if let Some(place) = self.options.value('I') {
            let item = items.get(self.at)?;
            self.at += 1;
            return Some(self.words.iter().map(|w| w.replace(place, item)).collect());
        }
        if self.at >= items.len() {
            // Without any words it runs once all the same, but for `-r`.
            let first = !self.ran && items.is_empty() && !self.options.has('r');
            return first.then(|| self.words.clone());
        }
        let most = if self.options.has('L') { self.number('L', 1) } else { self.number('n', usize::MAX) }.max(1);
        let (mut words, mut bytes, from) = (self.words.clone(), 0, self.at);
        while let Some(i) = items.get(self.at).filter(|_| self.at - from < most) {
            bytes += i.len() + 1;
            if bytes > MOST_BYTES && self.at > from {
                break;
            }
            match self.options.has('L') {
                true => words.extend(i.split_whitespace().map(String::from)),
                false => words.push(i.clone()),
            }
            self.at += 1;
        }
        Some(words)
    }

    fn start(&mut self, words: &[String], sys: &mut Sys<'_>) {
        self.ran = true;
        if self.options.has('t') {
            self.err.extend(format!("{}\n", words.join(" ")).bytes());
            let _ = sys.drain(2, &mut self.err);
        }
        // What runs reads nothing of what is left here.
        let null =
            sys.machine.open(crate::runtime::kernel::open::What::Device(crate::runtime::kernel::tree::Device::Null));
        let mut fds = sys.fds();
        fds.retain(|(fd, _)| *fd != STDIN);
        fds.push((STDIN, null));
        match children::start(words, &self.env, fds, sys) {
            Ok(child) => self.running.push(child),
            Err((e, code)) => {
                self.err.extend(format!("xargs: {}: {}\n", words[0], e.text()).bytes());
                self.code = code;
                self.items = Some(vec![]);
                self.at = 0;
            }
        }
    }

    fn read(&mut self, sys: &mut Sys<'_>) -> Option<Step> {
        match self.source.next(sys) {
            Event::Wait(w) => return Some(Step::Wait(w)),
            Event::Ended | Event::Over | Event::Failed(..) => {
                let data = self.source.take_rest().unwrap_or_default();
                match self.items(&data) {
                    Ok(items) => self.items = Some(items),
                    Err(e) => {
                        self.err.extend(format!("xargs: {e}\n").bytes());
                        (self.items, self.code, self.ran) = (Some(vec![]), 1, true);
                    }
                }
            }
            _ if self.source.data.len() > super::source::LONGEST => {
                self.err.extend(b"xargs: argument line too long\n");
                (self.items, self.code, self.ran) = (Some(vec![]), 1, true);
            }
            _ => {}
        }
        None
    }
}

impl Program for Xargs {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        for _ in 0..100 {
            if let Some(step) = flush(&mut vec![], &mut self.err, sys) {
                return step;
            }
            let mut ended = vec![];
            self.running.retain(|id| match sys.reap(Some(*id)) {
                Some((_, code)) => {
                    ended.push(code);
                    false
                }
                None => sys.has_child(*id),
            });
            for code in ended {
                match code {
                    0 => {}
                    255 => {
                        // This one says that nothing more is to run.
                        self.err
                            .extend(format!("xargs: {}: exited with status 255; aborting\n", self.words[0]).bytes());
                        (self.code, self.items, self.at, self.ran) = (124, Some(vec![]), 0, true);
                    }
                    _ => self.code = if self.code == 0 { 123 } else { self.code },
                }
            }
            if self.items.is_none() {
                match self.read(sys) {
                    Some(step) => return step,
                    None => continue,
                }
            }
            let parallel = match self.number('P', 1) {
                0 => 64,
                n => n.min(64),
            };
            if self.running.len() >= parallel {
                return Step::Wait(Wait::child());
            }
            let failed = self.code == 127 || self.code == 126;
            match self.next().filter(|_| !failed) {
                Some(words) => self.start(&words, sys),
                None if self.running.is_empty() && self.err.is_empty() => return Step::Exit(self.code),
                None if self.running.is_empty() => {}
                None => return Step::Wait(Wait::child()),
            }
        }
        Step::Again
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
