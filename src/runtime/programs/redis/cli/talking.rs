//! The way of a command: from where it was typed to the server, and of the reply to whoever reads it.

use std::collections::VecDeque;

use super::options::Options;
use super::showing::{Form, is_report, shown};
use crate::api::Time;
use crate::runtime::kernel::net::{Address, Protocol};
use crate::runtime::kernel::{Fd, Program, Read, STDIN, STDOUT, Step, Sys, Wait};
use crate::runtime::programs::flush;
use crate::runtime::programs::net::{Looked, Lookup};
use crate::runtime::programs::redis::resp::{self, Reply};
use crate::runtime::programs::redis::words;
use crate::runtime::programs::{Tools, tools};

/// A command on its way, and who asked for it.
#[derive(Clone, PartialEq, Debug)]
struct Asked {
    words: Vec<String>,
    whose: Whose,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whose {
    /// The program's own, when it has connected.
    Own,
    Theirs,
    /// A part of `--scan`.
    Scan,
}

#[derive(Clone, PartialEq, Debug)]
enum Source {
    /// What stood behind its name, so often; `None`: for ever.
    Words(Option<u64>),
    /// Lines, and whether somebody types them.
    Lines {
        typed: bool,
        asked: bool,
        came: Vec<u8>,
        ended: bool,
    },
    Scan {
        cursor: String,
    },
    /// The last word is read first.
    LastWord(Vec<u8>),
    Done,
}

#[derive(Clone, Debug)]
enum Line {
    Closed,
    Looking(Box<Lookup>),
    Connecting(Fd),
    Open(Fd),
}

#[derive(Clone)]
pub struct Cli {
    options: Options,
    form: Form,
    source: Source,
    line: Line,
    /// What is still to be sent, the first of them on its way.
    queue: VecDeque<Asked>,
    sent: bool,
    to_send: Vec<u8>,
    came: Vec<u8>,
    /// All that comes is shown, until the end.
    listens: bool,
    db: u64,
    in_transaction: bool,
    /// The first thing that it does is to connect.
    begun: bool,
    /// A command was sent anew once its connection was gone.
    tried: bool,
    rests: Option<Time>,
    out: Vec<u8>,
    err: Vec<u8>,
    code: Option<i32>,
}

impl Cli {
    pub fn new(options: Options, sys: &Sys<'_>) -> Cli {
        let raw = options.raw.unwrap_or_else(|| !sys.is_terminal(STDOUT));
        let form = match (options.csv, raw) {
            (true, _) => Form::Csv,
            (_, true) => Form::Raw(options.delimiter.clone()),
            _ => Form::Pretty,
        };
        let source = match () {
            () if options.scans => Source::Scan { cursor: "0".into() },
            () if options.reads_last && !options.words.is_empty() => Source::LastWord(vec![]),
            () if options.words.is_empty() => {
                Source::Lines { typed: sys.is_terminal(STDIN), asked: false, came: vec![], ended: false }
            }
            () => Source::Words(options.times),
        };
        Cli {
            err: options.warning.as_bytes().to_vec(),
            form,
            source,
            line: Line::Closed,
            queue: VecDeque::new(),
            sent: false,
            to_send: vec![],
            came: vec![],
            listens: false,
            db: options.db,
            in_transaction: false,
            begun: false,
            tried: false,
            rests: None,
            out: vec![],
            code: None,
            options,
        }
    }

    fn takes_lines(&self) -> bool {
        matches!(self.source, Source::Lines { .. })
    }

    // ---- what to send -----------------------------------------------------------------------

    fn ask(&mut self, words: Vec<String>, whose: Whose) {
        self.queue.push_back(Asked { words, whose });
    }

    fn prompt(&self) -> String {
        if !matches!(self.line, Line::Open(_)) {
            return "not connected> ".into();
        }
        let db = if self.db == 0 { String::new() } else { format!("[{}]", self.db) };
        let transaction = if self.in_transaction { "(TX)" } else { "" };
        format!("{}:{}{db}{transaction}> ", self.options.host, self.options.port)
    }

    /// The next command. `Some`: it has to wait for that, or is at its end.
    fn next(&mut self, sys: &mut Sys<'_>) -> Option<Step> {
        match &mut self.source {
            Source::Done => self.code = self.code.or(Some(0)),
            Source::Words(Some(0)) => self.source = Source::Done,
            Source::Words(left) => {
                *left = left.map(|n| n - 1);
                let words = self.options.words.clone();
                self.ask(words, Whose::Theirs);
            }
            Source::Scan { cursor } => {
                let mut words = vec!["SCAN".to_string(), cursor.clone()];
                words.extend(self.options.pattern.iter().flat_map(|p| ["MATCH".to_string(), p.clone()]));
                self.ask(words, Whose::Scan);
            }
            Source::LastWord(came) => match sys.read(STDIN, 65_536) {
                Ok(Read::Data(d)) => came.extend(d),
                Ok(Read::Empty) => return Some(Step::Wait(Wait::readable(STDIN))),
                Ok(Read::End) | Err(_) => {
                    self.options.words.push(String::from_utf8_lossy(came).to_string());
                    self.source = Source::Words(self.options.times);
                }
            },
            Source::Lines { .. } => return self.next_line(sys),
        }
        None
    }

    fn next_line(&mut self, sys: &mut Sys<'_>) -> Option<Step> {
        let prompt = self.prompt();
        let Source::Lines { typed, asked, came, ended } = &mut self.source else { return None };
        if *typed && !*asked {
            *asked = true;
            self.out.extend(prompt.bytes());
            return None;
        }
        if let Some(end) = came.iter().position(|b| *b == b'\n').or(Some(came.len()).filter(|n| *ended && *n > 0)) {
            let line: Vec<u8> = came.drain(..(end + 1).min(came.len())).collect();
            *asked = false;
            self.typed(&line);
            return None;
        }
        if *ended {
            self.source = Source::Done;
            return None;
        }
        match sys.read(STDIN, 65_536) {
            Ok(Read::Data(d)) => came.extend(d),
            Ok(Read::Empty) => return Some(Step::Wait(Wait::readable(STDIN))),
            Ok(Read::End) | Err(_) => *ended = true,
        }
        None
    }

    /// A line that somebody has typed.
    fn typed(&mut self, line: &[u8]) {
        let Some(words) = words::split(line) else {
            self.out.extend(b"Invalid argument(s)\n");
            return;
        };
        let mut words: Vec<String> = words.iter().map(|w| String::from_utf8_lossy(w).to_string()).collect();
        let name = words.first().map(|w| w.to_ascii_lowercase()).unwrap_or_default();
        match (name.as_str(), words.len()) {
            ("", _) => {}
            ("quit" | "exit", _) => self.code = Some(0),
            ("clear", 1) => self.out.extend(b"\x1b[H\x1b[2J"),
            ("help" | "?", _) => self.out.extend(HELP.bytes()),
            ("connect", 3) => {
                (self.options.host, self.options.port) = (words[1].clone(), words[2].parse().unwrap_or(0));
                (self.line, self.begun) = (Line::Closed, false);
            }
            (":set", _) => {}
            _ => {
                // A number before a command says how often.
                let often: Option<u64> = words[0].parse().ok().filter(|_| words.len() > 1);
                if often.is_some() {
                    words.remove(0);
                }
                const MOST: u64 = 10_000;
                for _ in 0..often.unwrap_or(1).min(MOST) {
                    self.ask(words.clone(), Whose::Theirs);
                }
            }
        }
    }

    // ---- the connection ---------------------------------------------------------------------

    fn cannot(&mut self, why: &str) {
        let text = format!("Could not connect to Redis at {}:{}: {why}\n", self.options.host, self.options.port);
        self.err.extend(text.bytes());
        self.queue.clear();
        (self.line, self.sent) = (Line::Closed, false);
        if !self.takes_lines() {
            self.code = Some(1);
        }
    }

    /// The connection. `None`: there is more to do first, or there is none.
    fn reach(&mut self, sys: &mut Sys<'_>) -> Result<Option<Fd>, Wait> {
        match &mut self.line {
            Line::Open(fd) => return Ok(Some(*fd)),
            Line::Closed => self.line = Line::Looking(Box::new(Lookup::new(&self.options.host))),
            Line::Looking(lookup) => match lookup.poll(sys)? {
                Looked::Found(ips) if !ips.is_empty() => {
                    let fd = sys.connect(Protocol::Tcp, Address { ip: ips[0], port: self.options.port });
                    self.line = Line::Connecting(fd);
                }
                looked => {
                    let musl = tools(sys) == Tools::Busybox;
                    self.cannot(match (looked, musl) {
                        (Looked::TryAgain, false) => "Temporary failure in name resolution",
                        (Looked::TryAgain, true) => "Try again",
                        (_, false) => "Name or service not known",
                        (_, true) => "Name does not resolve",
                    });
                }
            },
            Line::Connecting(fd) => {
                let fd = *fd;
                match sys.connected(fd) {
                    None => return Err(Wait::writable(fd)),
                    Some(Err(e)) => {
                        sys.close(fd);
                        self.cannot(e.text());
                    }
                    Some(Ok(())) => {
                        self.line = Line::Open(fd);
                        self.greet();
                    }
                }
            }
        }
        Ok(None)
    }

    /// What is said first.
    fn greet(&mut self) {
        (self.sent, self.in_transaction) = (false, false);
        self.came.clear();
        let mut own = vec![];
        if let Some(p) = &self.options.password {
            let user = self.options.user.iter().cloned();
            own.push(["AUTH".to_string()].into_iter().chain(user).chain([p.clone()]).collect());
        }
        if self.options.protocol == 3 {
            own.push(vec!["HELLO".into(), "3".into()]);
        }
        if self.db > 0 {
            own.push(vec!["SELECT".into(), self.db.to_string()]);
        }
        for words in own.into_iter().rev() {
            self.queue.push_front(Asked { words, whose: Whose::Own });
        }
    }

    fn lost(&mut self, fd: Fd, sys: &mut Sys<'_>) {
        sys.close(fd);
        self.line = Line::Closed;
        let ends = |w: &String| ["shutdown", "quit"].contains(&w.to_ascii_lowercase().as_str());
        let expected = self.queue.front().is_some_and(|a| a.words.first().is_some_and(ends));
        if expected {
            self.queue.clear();
        } else if self.takes_lines() && !self.tried && !self.listens && !self.queue.is_empty() {
            // The server may have been away since the last command: it is sent once more.
            (self.tried, self.sent) = (true, false);
            self.queue.retain(|a| a.whose != Whose::Own);
            return;
        } else {
            self.err.extend(b"Error: Server closed the connection\n");
            self.queue.clear();
            if !self.takes_lines() {
                self.code = Some(1);
            }
        }
        (self.sent, self.listens) = (false, false);
    }

    // ---- a command and its reply ------------------------------------------------------------

    /// The first of the queue. `Some`: it has to wait.
    fn exchange(&mut self, sys: &mut Sys<'_>) -> Option<Step> {
        let fd = match self.reach(sys) {
            Err(wait) => return Some(Step::Wait(wait)),
            Ok(None) => return None,
            Ok(Some(fd)) => fd,
        };
        if !self.sent && !self.listens {
            let asked = self.queue.front()?;
            self.to_send = resp::command(&asked.words);
            self.sent = true;
        }
        match sys.drain(fd, &mut self.to_send) {
            Ok(true) => {}
            Ok(false) => return Some(Step::Wait(Wait::writable(fd))),
            Err(_) => {
                self.lost(fd, sys);
                return None;
            }
        }
        match Reply::parse(&self.came) {
            Some(Ok((reply, n))) => {
                self.came.drain(..n);
                self.replied(&reply, sys.now);
                None
            }
            Some(Err(e)) => {
                self.err.extend(format!("Error: {e}\n").bytes());
                self.code = Some(1);
                None
            }
            None => match sys.read(fd, 65_536) {
                Ok(Read::Data(d)) => {
                    self.came.extend(d);
                    None
                }
                Ok(Read::Empty) => Some(Step::Wait(Wait::readable(fd))),
                Ok(Read::End) | Err(_) => {
                    self.lost(fd, sys);
                    None
                }
            },
        }
    }

    fn replied(&mut self, reply: &Reply, now: Time) {
        if self.listens {
            self.out.extend(shown(reply, &self.form, false));
            return;
        }
        let Some(asked) = self.queue.pop_front() else { return };
        (self.sent, self.tried) = (false, false);
        let word = |i: usize| asked.words.get(i).map(|w| w.to_ascii_lowercase()).unwrap_or_default();
        let good = !matches!(reply, Reply::Error(_));
        match asked.whose {
            Whose::Own => {
                if let Reply::Error(e) = reply {
                    let what = match word(0).as_str() {
                        "auth" => "AUTH failed".to_string(),
                        "hello" => "HELLO 3 failed".to_string(),
                        _ => format!("SELECT {} failed", self.db),
                    };
                    self.err.extend(format!("{what}: {e}\n").bytes());
                }
                return;
            }
            Whose::Scan => return self.scanned(reply),
            Whose::Theirs => {}
        }
        match word(0).as_str() {
            "select" if good => self.db = word(1).parse().unwrap_or(self.db),
            "multi" => self.in_transaction |= good,
            "exec" | "discard" | "reset" => self.in_transaction = false,
            "subscribe" | "psubscribe" | "monitor" if good => {
                self.listens = true;
                if self.form == Form::Pretty && word(0) != "monitor" {
                    self.out.extend(b"Reading messages... (press Ctrl-C to quit)\n");
                }
            }
            _ => {}
        }
        self.out.extend(shown(reply, &self.form, is_report(&asked.words) && good));
        if !good && self.options.fails && !self.takes_lines() {
            self.code = Some(1);
        }
        let more = !matches!(self.source, Source::Words(Some(0)) | Source::Done);
        if more && !self.takes_lines() && !self.options.pause.is_zero() {
            self.rests = Some(now + self.options.pause);
        }
    }

    fn scanned(&mut self, reply: &Reply) {
        let (cursor, keys) = match reply {
            Reply::Array(parts) => match &parts[..] {
                [Reply::Bulk(c), Reply::Array(keys)] => (String::from_utf8_lossy(c).to_string(), keys),
                _ => return self.source = Source::Done,
            },
            Reply::Error(e) => {
                self.err.extend(format!("ERROR: {e}\n").bytes());
                return self.code = Some(1);
            }
            _ => return self.source = Source::Done,
        };
        for k in keys {
            self.out.extend(shown(k, &self.form, false));
        }
        self.source = if cursor == "0" { Source::Done } else { Source::Scan { cursor } };
    }
}

const HELP: &str = "\
To get help about Redis commands type:
      \"help @<group>\" to get a list of commands in <group>
      \"help <command>\" for help on <command>
      \"help <tab>\" to get a list of possible help topics
      \"quit\" to exit

To set redis-cli preferences:
      \":set hints\" enable online hints
      \":set nohints\" disable online hints
Set your preferences in ~/.redisclirc
";

impl Program for Cli {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        loop {
            if let Some(step) = flush(&mut self.out, &mut self.err, sys) {
                return step;
            }
            if let Some(code) = self.code {
                return Step::Exit(code);
            }
            if let Some(until) = self.rests {
                if sys.now < until {
                    return Step::Wait(Wait::until(until));
                }
                self.rests = None;
            }
            let step = match () {
                () if !self.begun => match self.reach(sys) {
                    Err(wait) => Some(Step::Wait(wait)),
                    Ok(fd) => {
                        self.begun = fd.is_some() || matches!(self.line, Line::Closed);
                        None
                    }
                },
                () if !self.queue.is_empty() || self.listens => self.exchange(sys),
                () => self.next(sys),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
