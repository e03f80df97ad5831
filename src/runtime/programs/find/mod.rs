//! `find`: walks through directories and tests what it meets. What it does about a name may take time, so a name is tested anew after
//! each thing that was done, with what came of it.

mod parse;
mod test;

use parse::Parser;
use test::Met;

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
        for _ in 0..100 {
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
