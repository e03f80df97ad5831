//! `find`: walks through directories and tests what it meets. What it does about a name may take time, so a name is tested anew after
//! each thing that was done, with what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::listing::permissions;
use super::regex::{Matcher, Syntax};
use super::{Printing, Start, Tools, children, flush};
use crate::api::{Duration, Time};
use crate::runtime::kernel::tree::{Kind, Node, join, name};
use crate::runtime::kernel::{ProcessId, Program, Step, Sys, Wait};
use crate::runtime::shell::pattern::Pattern;

#[derive(Clone)]
enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Name {
        pattern: Pattern,
        fold: bool,
        whole: bool,
    },
    Regex(Matcher),
    Type(String),
    /// How many, compared with `+` or `-`, in units.
    Size(i64, char, i64),
    Age(i64, char, Duration),
    Newer(Time),
    Permissions(u16, char),
    User(u32),
    Group(u32),
    Empty,
    Constant(bool),
    Executable(char),
    Print(bool),
    PrintFormat(String),
    Exec(usize),
    Delete,
    Prune,
    Quit,
    List,
}

/// `-exec … ;` or `-exec … +`.
#[derive(Clone)]
struct Exec {
    words: Vec<String>,
    gathers: bool,
    gathered: Vec<String>,
}

/// Something that is to be done about a name before it can be tested further.
enum Act {
    Say(String),
    Run(Vec<String>),
    Delete,
    Quit,
}

#[derive(Clone)]
struct Find {
    test: Arc<Test>,
    execs: Vec<Exec>,
    least: usize,
    most: usize,
    depth_first: bool,
    follows: bool,
    /// Still to be visited, the next one last: how deep it lies, and whether what lies in it is done.
    waiting: Vec<(String, usize, bool)>,
    /// The name at work, and what came of what was done about it.
    current: Option<(String, usize, Vec<bool>)>,
    child: Option<ProcessId>,
    visited: usize,
    out: Vec<u8>,
    err: Vec<u8>,
    env: Arc<BTreeMap<String, String>>,
    code: i32,
    gnu: bool,
}

const MOST_VISITED: usize = 200_000;

struct Parser<'w, 'a, 'b> {
    words: &'w [String],
    at: usize,
    execs: Vec<Exec>,
    acts: bool,
    least: usize,
    most: usize,
    depth_first: bool,
    follows: bool,
    nested: usize,
    gnu: bool,
    sys: &'a mut Sys<'b>,
}

pub fn find(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    match made(s) {
        Ok(f) => Box::new(f),
        Err(e) => Box::new(Printing::error(format!("find: {e}\n"), 1)),
    }
}

fn made(s: &mut Start<'_, '_>) -> Result<Find, String> {
    let gnu = super::tools(s.sys) == Tools::Debian;
    let args: Vec<String> =
        s.words[1..].iter().skip_while(|w| ["-L", "-H", "-P"].contains(&w.as_str())).cloned().collect();
    let follows = s.words.get(1).is_some_and(|w| w == "-L");
    let begins = |w: &String| (w.starts_with('-') && w.len() > 1) || ["!", "("].contains(&w.as_str());
    let n = args.iter().position(begins).unwrap_or(args.len());
    let mut paths = args[..n].to_vec();
    if paths.is_empty() {
        paths.push(".".into());
    }
    let mut p = Parser {
        words: &args[n..],
        at: 0,
        execs: vec![],
        acts: false,
        least: 0,
        most: usize::MAX,
        depth_first: false,
        follows,
        nested: 0,
        gnu,
        sys: s.sys,
    };
    let mut test = p.any()?;
    if p.at < p.words.len() {
        return Err(p.unrecognized(&p.words[p.at]));
    }
    if !p.acts {
        test = Test::All(vec![test, Test::Print(false)]);
    }
    Ok(Find {
        test: Arc::new(test),
        execs: p.execs,
        least: p.least,
        most: p.most,
        depth_first: p.depth_first,
        follows: p.follows,
        waiting: paths.into_iter().rev().map(|p| (p, 0, false)).collect(),
        current: None,
        child: None,
        visited: 0,
        out: vec![],
        err: vec![],
        env: s.env.clone(),
        code: 0,
        gnu,
    })
}

/// `+5`, `-5`, `5`: the number and its sign.
fn counted(text: &str) -> Option<(char, &str)> {
    Some(match text.chars().next()? {
        c @ ('+' | '-') => (c, &text[1..]),
        _ => ('=', text),
    })
}

fn compared(n: i64, sign: char, with: i64) -> bool {
    match sign {
        '+' => n > with,
        '-' => n < with,
        _ => n == with,
    }
}

impl Parser<'_, '_, '_> {
    fn unrecognized(&self, w: &str) -> String {
        if self.gnu { format!("unknown predicate `{w}'") } else { format!("unrecognized: {w}") }
    }

    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn any(&mut self) -> Result<Test, String> {
        let mut all = vec![self.all()?];
        while matches!(self.peek(), Some("-o" | "-or")) {
            self.at += 1;
            all.push(self.all()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Test::Any(all) })
    }

    fn all(&mut self) -> Result<Test, String> {
        let mut all = vec![];
        loop {
            match self.peek() {
                None | Some(")" | "-o" | "-or") => break,
                Some("-a" | "-and") => self.at += 1,
                Some(_) => all.push(self.one()?),
            }
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Test::All(all) })
    }

    fn value(&mut self, of: &str) -> Result<String, String> {
        let v = self.words.get(self.at).cloned();
        self.at += 1;
        v.ok_or_else(
            || if self.gnu { format!("missing argument to `{of}'") } else { format!("{of}: argument missing") },
        )
    }

    fn number(&mut self, of: &str) -> Result<(i64, char, String), String> {
        let text = self.value(of)?;
        let bad = || format!("invalid argument `{text}' to `{of}'");
        let (sign, rest) = counted(&text).ok_or_else(bad)?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Ok((rest[..end].parse().map_err(|_| bad())?, sign, rest[end..].to_string()))
    }

    fn one(&mut self) -> Result<Test, String> {
        let w = self.value("expression")?;
        self.nested += 1;
        if self.nested > 2_000 {
            return Err("expression is too long".into());
        }
        Ok(match w.as_str() {
            "(" => {
                if self.nested > 100 {
                    return Err("parentheses lie too deep".into());
                }
                let t = self.any()?;
                if self.peek() != Some(")") {
                    return Err("unpaired '('".into());
                }
                self.at += 1;
                t
            }
            "!" | "-not" => {
                if self.nested > 100 {
                    return Err("expression is too long".into());
                }
                Test::Not(Box::new(self.one()?))
            }
            "-name" | "-iname" | "-path" | "-ipath" | "-wholename" => {
                let (fold, whole) = (w.starts_with("-i"), w.ends_with("path") || w.ends_with("wholename"));
                let text = self.value(&w)?;
                let text = if fold { text.to_lowercase() } else { text };
                Test::Name { pattern: Pattern::parse(&text), fold, whole }
            }
            "-regex" | "-iregex" => {
                let text = format!("^({})$", self.value(&w)?);
                let m = Matcher::new(&text.replace('(', "\\(").replace(')', "\\)"), Syntax::Basic, w == "-iregex");
                Test::Regex(m.map_err(String::from)?)
            }
            "-type" | "-xtype" => Test::Type(self.value(&w)?),
            "-size" => {
                let (n, sign, unit) = self.number(&w)?;
                let size = match unit.as_str() {
                    "c" => 1,
                    "w" => 2,
                    "k" => 1 << 10,
                    "M" => 1 << 20,
                    "G" => 1 << 30,
                    _ => 512,
                };
                Test::Size(n, sign, size)
            }
            "-mtime" | "-atime" | "-ctime" | "-mmin" | "-amin" | "-cmin" => {
                let (n, sign, _) = self.number(&w)?;
                Test::Age(n, sign, Duration::from_secs(if w.ends_with("min") { 60 } else { 86_400 }))
            }
            "-newer" => {
                let f = self.value(&w)?;
                let path = self.sys.path(&f);
                Test::Newer(self.sys.view(|v| v.stat(&path)).map_err(|e| format!("{f}: {}", e.text()))?.modified)
            }
            "-perm" => {
                let text = self.value(&w)?;
                let (sign, mode) = match text.strip_prefix(['-', '/', '+']) {
                    Some(rest) => (text.chars().next().unwrap_or('='), rest),
                    None => ('=', text.as_str()),
                };
                let mode = super::rights::changed(mode, 0, false, 0).ok_or(format!("invalid mode '{text}'"))?;
                Test::Permissions(mode, sign)
            }
            "-user" | "-group" => {
                let text = self.value(&w)?;
                let n = match w.as_str() {
                    "-user" => super::users::find(&text, self.sys).map(|(u, _)| u),
                    _ => super::users::find_group(&text, self.sys),
                };
                let n = n.ok_or(format!("unknown {} {text}", &w[1..]))?;
                if w == "-user" { Test::User(n) } else { Test::Group(n) }
            }
            "-empty" => Test::Empty,
            "-true" => Test::Constant(true),
            "-false" => Test::Constant(false),
            "-executable" => Test::Executable('x'),
            "-readable" => Test::Executable('r'),
            "-writable" => Test::Executable('w'),
            _ => return self.other(&w),
        })
    }

    fn other(&mut self, w: &str) -> Result<Test, String> {
        let n = |t: String| t.parse::<usize>().map_err(|_| format!("invalid number '{t}'"));
        match w {
            "-maxdepth" => self.most = n(self.value(w)?)?,
            "-mindepth" => self.least = n(self.value(w)?)?,
            "-depth" => self.depth_first = true,
            "-follow" => self.follows = true,
            "-xdev" | "-mount" | "-noleaf" | "-daystart" => {}
            "-prune" => return Ok(Test::Prune),
            _ => {
                self.acts = true;
                return match w {
                    "-print" => Ok(Test::Print(false)),
                    "-print0" => Ok(Test::Print(true)),
                    "-printf" if self.gnu => Ok(Test::PrintFormat(self.value(w)?)),
                    "-ls" if self.gnu => Ok(Test::List),
                    "-quit" => Ok(Test::Quit),
                    "-delete" => {
                        self.depth_first = true;
                        Ok(Test::Delete)
                    }
                    "-exec" | "-ok" | "-execdir" => self.exec(w),
                    w => Err(self.unrecognized(w)),
                };
            }
        }
        Ok(Test::Constant(true))
    }

    fn exec(&mut self, w: &str) -> Result<Test, String> {
        let rest = &self.words[self.at..];
        let end = (0..rest.len()).find(|i| rest[*i] == ";" || (rest[*i] == "+" && *i > 0 && rest[*i - 1] == "{}"));
        let Some(end) = end.filter(|e| *e > 0) else {
            return Err(if self.gnu { format!("missing argument to `{w}'") } else { format!("{w}: argument missing") });
        };
        let gathers = rest[end] == "+";
        let words = rest[..end - usize::from(gathers)].to_vec();
        self.at += end + 1;
        self.execs.push(Exec { words, gathers, gathered: vec![] });
        Ok(Test::Exec(self.execs.len() - 1))
    }
}

/// One name under test.
struct Met<'s, 'a, 'b> {
    path: &'s str,
    node: &'s Node,
    depth: usize,
    known: &'s [bool],
    used: usize,
    prunes: bool,
    execs: &'s mut [Exec],
    sys: &'a mut Sys<'b>,
}

impl Met<'_, '_, '_> {
    fn act(&mut self, act: Act) -> Result<bool, Act> {
        self.used += 1;
        self.known.get(self.used - 1).copied().ok_or(act)
    }

    fn check(&mut self, t: &Test) -> Result<bool, Act> {
        let n = self.node;
        Ok(match t {
            Test::All(list) => {
                for t in list {
                    if !self.check(t)? {
                        return Ok(false);
                    }
                }
                true
            }
            Test::Any(list) => {
                for t in list {
                    if self.check(t)? {
                        return Ok(true);
                    }
                }
                false
            }
            Test::Not(t) => !self.check(t)?,
            Test::Name { pattern, fold, whole } => {
                let trimmed = self.path.trim_end_matches('/');
                let text = if *whole { self.path } else { name(if trimmed.is_empty() { "/" } else { trimmed }) };
                if *fold { pattern.matches(&text.to_lowercase()) } else { pattern.matches(text) }
            }
            Test::Regex(m) => m.is_match(self.path.as_bytes()),
            Test::Type(letters) => letters.split(',').any(|l| match &n.kind {
                Kind::Directory => l == "d",
                Kind::Link(_) => l == "l",
                Kind::Device(_) => l == "c",
                Kind::File(_) | Kind::Program(_) => l == "f",
            }),
            Test::Size(want, sign, unit) => {
                let size = i64::try_from(n.size()).unwrap_or(i64::MAX);
                compared((size + unit - 1) / unit, *sign, *want)
            }
            Test::Age(want, sign, unit) => {
                let age = self.sys.now.since(n.modified).as_secs() / unit.as_secs();
                compared(i64::try_from(age).unwrap_or(i64::MAX), *sign, *want)
            }
            Test::Newer(t) => n.modified > *t,
            Test::Permissions(mode, '-') => n.mode & mode == *mode,
            Test::Permissions(mode, '/' | '+') => n.mode & mode != 0 || *mode == 0,
            Test::Permissions(mode, _) => n.mode == *mode,
            Test::User(u) => n.user == *u,
            Test::Group(g) => n.group == *g,
            Test::Empty => match &n.kind {
                Kind::Directory => {
                    let full = self.sys.path(self.path);
                    self.sys.view(|v| v.names(&full)).is_ok_and(|l| l.is_empty())
                }
                Kind::File(b) => b.is_empty(),
                _ => false,
            },
            Test::Constant(b) => *b,
            Test::Executable(l) => {
                let full = self.sys.path(self.path);
                self.sys.view(|v| v.access(&full, *l))
            }
            Test::Print(zero) => self.act(Act::Say(format!("{}{}", self.path, if *zero { '\0' } else { '\n' })))?,
            Test::PrintFormat(f) => {
                let text = self.formatted(f);
                self.act(Act::Say(text))?
            }
            Test::List => {
                let text = format!(
                    "{:>9} {:>6} {} {:>3} {:<8} {:<8} {:>8} {} {}\n",
                    131_072,
                    n.size().div_ceil(4096) * 4,
                    permissions(n),
                    1,
                    n.user,
                    n.group,
                    n.size(),
                    super::moments::shown(n.modified, "%b %e %H:%M"),
                    self.path
                );
                self.act(Act::Say(text))?
            }
            Test::Exec(i) => {
                if self.execs[*i].gathers {
                    if self.act(Act::Say(String::new()))? && self.used == self.known.len() {
                        let path = self.path.to_string();
                        if self.execs[*i].gathered.last() != Some(&path) {
                            self.execs[*i].gathered.push(path);
                        }
                    }
                    return Ok(true);
                }
                let words = self.execs[*i].words.iter().map(|w| w.replace("{}", self.path)).collect();
                self.act(Act::Run(words))?
            }
            Test::Delete => self.act(Act::Delete)?,
            Test::Prune => {
                self.prunes = true;
                true
            }
            Test::Quit => self.act(Act::Quit)?,
        })
    }

    fn formatted(&mut self, format: &str) -> String {
        let mut text = vec![];
        super::echo::unescape(format, false, &mut text);
        let text = String::from_utf8_lossy(&text).into_owned();
        let (mut out, mut chars, n) = (String::new(), text.chars(), self.node);
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            let kind = match &n.kind {
                Kind::Directory => "d",
                Kind::Link(_) => "l",
                Kind::Device(_) => "c",
                _ => "f",
            };
            match chars.next() {
                Some('p') => out.push_str(self.path),
                Some('f') => out.push_str(name(self.path)),
                Some('h') => out.push_str(self.path.rsplit_once('/').map_or(".", |(d, _)| d)),
                Some('s') => out.push_str(&n.size().to_string()),
                Some('m') => out.push_str(&format!("{:o}", n.mode)),
                Some('M') => out.push_str(&permissions(n)),
                Some('y') => out.push_str(kind),
                Some('d') => out.push_str(&self.depth.to_string()),
                Some('u') => {
                    let user = super::users::name_of(n.user, self.sys);
                    out.push_str(&user.unwrap_or_else(|| n.user.to_string()));
                }
                Some('U') => out.push_str(&n.user.to_string()),
                Some('t') => out.push_str(&super::moments::shown(n.modified, "%a %b %e %H:%M:%S %Y")),
                Some('T') => {
                    if chars.next() == Some('@') {
                        out.push_str(&format!("{}.0000000000", n.modified.unix_seconds_and_nanos().0));
                    }
                }
                Some('l') => {
                    if let Kind::Link(to) = &n.kind {
                        out.push_str(to);
                    }
                }
                Some(c) => out.push(c),
                None => out.push('%'),
            }
        }
        out
    }
}

impl Find {
    /// Visits the next name. Whether there was one.
    fn next(&mut self, sys: &mut Sys<'_>) -> bool {
        let Some((path, depth, done)) = self.waiting.pop() else { return false };
        self.visited += 1;
        if self.visited > MOST_VISITED {
            self.waiting.clear();
            return true;
        }
        let full = sys.path(&path);
        let node = match sys
            .view(|v| if self.follows { v.stat(&full).or_else(|_| v.link_stat(&full)) } else { v.link_stat(&full) })
        {
            Ok(n) => n,
            Err(e) => {
                let text = match self.gnu {
                    true => format!("find: '{path}': {}\n", e.text()),
                    false => format!("find: {path}: {}\n", e.text()),
                };
                self.err.extend(text.bytes());
                self.code = 1;
                return true;
            }
        };
        if self.depth_first && !done && node.is_directory() && depth < self.most {
            self.waiting.push((path.clone(), depth, true));
            self.enter(&path, depth, sys);
            return true;
        }
        self.current = Some((path, depth, vec![]));
        true
    }

    fn enter(&mut self, path: &str, depth: usize, sys: &mut Sys<'_>) {
        if depth >= self.most.min(super::files::DEEPEST) {
            return;
        }
        let full = sys.path(path);
        match sys.view(|v| v.names(&full)) {
            Ok(names) => self.waiting.extend(names.iter().rev().map(|n| (join(path, n), depth + 1, false))),
            Err(e) => {
                self.err.extend(format!("find: '{path}': {}\n", e.text()).bytes());
                self.code = 1;
            }
        }
    }

    /// Tests the name at work, as far as it is known what came of what was done.
    fn test(&mut self, sys: &mut Sys<'_>) {
        let Some((path, depth, known)) = self.current.take() else { return };
        let full = sys.path(&path);
        let Ok(node) =
            sys.view(|v| if self.follows { v.stat(&full).or_else(|_| v.link_stat(&full)) } else { v.link_stat(&full) })
        else {
            return;
        };
        let test = self.test.clone();
        let (mut acts, mut prunes) = (None, false);
        if depth >= self.least {
            let mut met = Met {
                path: &path,
                node: &node,
                depth,
                known: &known,
                used: 0,
                prunes: false,
                execs: &mut self.execs,
                sys,
            };
            acts = met.check(&test).err();
            prunes = met.prunes;
        }
        match acts {
            Some(act) => self.act(act, path, depth, known, sys),
            None if node.is_directory() && !self.depth_first && !prunes => self.enter(&path, depth, sys),
            None => {}
        }
    }

    fn act(&mut self, act: Act, path: String, depth: usize, mut known: Vec<bool>, sys: &mut Sys<'_>) {
        match act {
            Act::Say(text) => {
                self.out.extend(text.bytes());
                known.push(true);
            }
            Act::Delete => {
                let full = sys.path(&path);
                let is_directory = sys.view(|v| v.link_stat(&full)).is_ok_and(|n| n.is_directory());
                let done = match path.as_str() {
                    "." => Ok(()),
                    _ => sys.view(|v| if is_directory { v.remove_directory(&full) } else { v.unlink(&full) }),
                };
                if let Err(e) = done {
                    self.err.extend(format!("find: cannot delete '{path}': {}\n", e.text()).bytes());
                    self.code = 1;
                }
                // It is gone: nothing more can be asked about it.
                return;
            }
            Act::Quit => {
                self.waiting.clear();
                return;
            }
            Act::Run(words) => {
                self.run_program(&words, sys);
                if self.child.is_none() {
                    known.push(false);
                }
            }
        }
        self.current = Some((path, depth, known));
    }

    fn run_program(&mut self, words: &[String], sys: &mut Sys<'_>) {
        match children::start(words, &self.env, sys.fds(), sys) {
            Ok(id) => self.child = Some(id),
            Err((e, _)) => {
                let text = match self.gnu {
                    true => format!("find: '{}': {}\n", words[0], e.text()),
                    false => format!("find: {}: {}\n", words[0], e.text()),
                };
                self.err.extend(text.bytes());
                self.code = 1;
            }
        }
    }
}

impl Program for Find {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        for _ in 0..2_000 {
            if let Some(child) = self.child {
                match sys.reap(Some(child)) {
                    Some((_, code)) => {
                        if let Some((_, _, known)) = &mut self.current {
                            known.push(code == 0);
                        } else if code != 0 {
                            self.code = 1;
                        }
                    }
                    None if sys.has_child(child) => return Step::Wait(Wait::child()),
                    None => {}
                }
                self.child = None;
                continue;
            }
            if self.current.is_some() {
                // What was said comes before what a program says.
                if let Some(step) = flush(&mut self.out, &mut self.err, sys) {
                    return step;
                }
                self.test(sys);
                continue;
            }
            if self.next(sys) {
                continue;
            }
            if let Some(step) = flush(&mut self.out, &mut self.err, sys) {
                return step;
            }
            let Some(e) = self.execs.iter_mut().find(|e| !e.gathered.is_empty()) else {
                return Step::Exit(self.code);
            };
            let mut words = e.words.clone();
            words.append(&mut e.gathered);
            self.run_program(&words, sys);
        }
        Step::Again
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
