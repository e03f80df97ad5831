//! Runs statements with an explicit stack: a script that sleeps is data until it is woken.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::expand;
use super::script::{self, Redirect, Simple, Stmt};
use crate::api::Duration;
use crate::api::path::absolute;
use crate::runtime::programs::{self, Run, System};
use crate::runtime::web::Server;

/// Statements run without a pause; a busy loop must not stop the world.
const BUDGET: u32 = 2_000;
/// How deep scripts may nest: substitutions, functions, subshells.
const MAX_DEPTH: u32 = 40;

/// Why the shell stopped for now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pause {
    /// It goes on after this long.
    Sleep(Duration),
    /// It became another program (`exec nginx`, or a server in the foreground), which serves until it is stopped.
    Serve(Arc<Server>),
    Exit(i32),
}

#[derive(Clone, Debug)]
enum Frame {
    Sequence(Arc<Vec<Stmt>>, usize),
    Chain { and: bool, second: Arc<Stmt> },
    IfArm { arms: Arc<Vec<(Option<Stmt>, Stmt)>>, i: usize },
    LoopCheck { condition: Arc<Stmt>, body: Arc<Stmt>, until: bool },
    LoopBody { condition: Arc<Stmt>, body: Arc<Stmt>, until: bool },
    For { variable: String, values: Vec<String>, i: usize, body: Arc<Stmt> },
}

/// A running shell.
#[derive(Clone, Debug)]
pub struct Shell {
    pub vars: BTreeMap<String, String>,
    pub args: Vec<String>,
    pub cwd: String,
    pub status: i32,
    /// What the shell does at a signal: `trap 'exit 0' TERM`.
    pub traps: BTreeMap<String, String>,
    functions: BTreeMap<String, Arc<Stmt>>,
    frames: Vec<Frame>,
    depth: u32,
    exiting: Option<i32>,
    /// It stopped because it would have gone on for ever, not because it had nothing to do.
    busy: bool,
}

impl Shell {
    pub fn new(vars: BTreeMap<String, String>, cwd: &str) -> Shell {
        Shell {
            vars,
            args: vec![],
            cwd: if cwd.is_empty() { "/".into() } else { cwd.into() },
            status: 0,
            traps: BTreeMap::new(),
            functions: BTreeMap::new(),
            frames: vec![],
            depth: 0,
            exiting: None,
            busy: false,
        }
    }

    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// Puts a script on the stack. The error is what the shell prints.
    pub fn load(&mut self, text: &str) -> Result<(), String> {
        let s = script::parse(text)?;
        self.push(&s);
        Ok(())
    }

    fn push(&mut self, s: &Stmt) {
        match s {
            Stmt::Sequence(list) => self.frames.push(Frame::Sequence(list.clone(), 0)),
            other => self.frames.push(Frame::Sequence(Arc::new(vec![other.clone()]), 0)),
        }
    }

    /// A signal: its trap runs next, if there is one. Tells whether the shell handles it.
    pub fn signal(&mut self, name: &str) -> bool {
        match self.traps.get(name).cloned() {
            Some(script) => script.is_empty() || self.load(&script).is_ok(),
            None => false,
        }
    }

    /// Runs until it sleeps, serves or ends.
    pub fn run(&mut self, sys: &mut System<'_>) -> Pause {
        self.busy = false;
        for _ in 0..BUDGET {
            if let Some(code) = self.exiting {
                return Pause::Exit(code);
            }
            match self.step(sys) {
                Some(p) => return p,
                None if self.exiting.is_some() => {}
                None if self.frames.is_empty() => return Pause::Exit(self.status),
                None => {}
            }
        }
        self.busy = true;
        Pause::Sleep(Duration::from_millis(200))
    }

    fn step(&mut self, sys: &mut System<'_>) -> Option<Pause> {
        let frame = self.frames.pop()?;
        match frame {
            Frame::Sequence(list, i) => {
                let s = list.get(i)?.clone();
                if i + 1 < list.len() {
                    self.frames.push(Frame::Sequence(list, i + 1));
                }
                return self.begin(&s, sys);
            }
            Frame::Chain { and, second } => {
                if (self.status == 0) == and {
                    self.push(&second);
                }
            }
            Frame::IfArm { arms, i } => {
                if self.status == 0 {
                    self.push(&arms[i].1.clone());
                } else {
                    self.status = 0;
                    self.begin_arm(arms, i + 1);
                }
            }
            Frame::LoopCheck { condition, body, until } => {
                if (self.status == 0) != until {
                    self.frames.push(Frame::LoopBody { condition, body: body.clone(), until });
                    self.push(&body);
                } else {
                    self.status = 0;
                }
            }
            Frame::LoopBody { condition, body, until } => {
                self.frames.push(Frame::LoopCheck { condition: condition.clone(), body, until });
                self.push(&condition);
            }
            Frame::For { variable, values, i, body } => {
                if let Some(v) = values.get(i).cloned() {
                    self.vars.insert(variable.clone(), v);
                    self.frames.push(Frame::For { variable, values, i: i + 1, body: body.clone() });
                    self.push(&body);
                }
            }
        }
        None
    }

    fn begin_arm(&mut self, arms: Arc<Vec<(Option<Stmt>, Stmt)>>, i: usize) {
        match arms.get(i).cloned() {
            Some((Some(condition), _)) => {
                self.frames.push(Frame::IfArm { arms, i });
                self.push(&condition);
            }
            Some((None, body)) => self.push(&body),
            None => {}
        }
    }

    fn begin(&mut self, s: &Stmt, sys: &mut System<'_>) -> Option<Pause> {
        match s {
            Stmt::Simple(c) => return self.simple(c, sys),
            Stmt::Sequence(_) => self.push(s),
            Stmt::Chain { first, and, second } => {
                self.frames.push(Frame::Chain { and: *and, second: second.clone() });
                self.push(first);
            }
            Stmt::If { arms } => self.begin_arm(arms.clone(), 0),
            Stmt::Loop { condition, body, until } => {
                self.frames.push(Frame::LoopCheck { condition: condition.clone(), body: body.clone(), until: *until });
                self.push(condition);
            }
            Stmt::For { variable, words, body } => {
                let values = words.iter().flat_map(|w| expand::fields(self, sys, w)).collect();
                self.frames.push(Frame::For { variable: variable.clone(), values, i: 0, body: body.clone() });
            }
            Stmt::Case { word, arms } => {
                let value = expand::single(self, sys, word);
                for (patterns, body) in arms.iter() {
                    let hit = patterns.iter().any(|p| {
                        let p = expand::single(self, sys, p);
                        expand::glob(&p, &value)
                    });
                    if hit {
                        self.push(body);
                        break;
                    }
                }
            }
            Stmt::Function { name, body } => {
                self.functions.insert(name.clone(), body.clone());
                self.status = 0;
            }
            Stmt::Pipeline { stages, negate } => {
                let mut input = std::mem::take(&mut sys.stdin);
                for (i, stage) in stages.iter().enumerate() {
                    let last = i + 1 == stages.len();
                    if last {
                        sys.stdin = input.clone();
                        self.status = self.nested(stage, sys);
                    } else {
                        let kept = std::mem::take(sys.stdout);
                        sys.stdin = input.clone();
                        self.nested(stage, sys);
                        input = std::mem::replace(sys.stdout, kept);
                    }
                }
                sys.stdin.clear();
                if *negate {
                    self.status = i32::from(self.status == 0);
                }
            }
            Stmt::Subshell(body) => self.status = self.nested(body, sys),
            // Real shells run it beside the rest; here it runs first. What it prints is the same.
            Stmt::Background(body) => {
                self.nested(body, sys);
                self.status = 0;
            }
            Stmt::Redirected { body, redirects } => {
                let mut out = String::new();
                let mut err = String::new();
                std::mem::swap(sys.stdout, &mut out);
                std::mem::swap(sys.stderr, &mut err);
                self.status = self.nested(body, sys);
                std::mem::swap(sys.stdout, &mut out);
                std::mem::swap(sys.stderr, &mut err);
                self.deliver(redirects, out, err, sys);
            }
        }
        None
    }

    /// Runs a statement to its end in a copy of this shell; time does not pass in it.
    fn nested(&mut self, s: &Stmt, sys: &mut System<'_>) -> i32 {
        if self.depth >= MAX_DEPTH {
            sys.stderr.push_str("sh: recursion too deep\n");
            return 2;
        }
        let mut child = Shell { frames: vec![], depth: self.depth + 1, exiting: None, ..self.clone() };
        child.push(s);
        for _ in 0..8 {
            if let Pause::Exit(code) = child.run(sys) {
                return code;
            }
        }
        0
    }

    /// The output of `$(…)`, without its last newlines.
    pub fn substitute(&mut self, sys: &mut System<'_>, text: &str) -> String {
        let Ok(s) = script::parse(text) else { return String::new() };
        let kept = std::mem::take(sys.stdout);
        self.status = self.nested(&s, sys);
        let out = std::mem::replace(sys.stdout, kept);
        out.trim_end_matches('\n').to_string()
    }

    fn simple(&mut self, c: &Simple, sys: &mut System<'_>) -> Option<Pause> {
        let words: Vec<String> = c.words.iter().flat_map(|w| expand::fields(self, sys, w)).collect();
        let mut values = vec![];
        for (name, v) in &c.assignments {
            values.push((name.clone(), expand::single(self, sys, v)));
        }
        if words.is_empty() {
            self.status = 0;
            self.vars.extend(values);
            return None;
        }
        for r in &c.redirects {
            if let Some(e) = self.open_input(r, sys) {
                sys.stderr.push_str(&e);
                self.status = 1;
                return None;
            }
        }
        let mut env = self.vars.clone();
        env.extend(values);
        let captured = !c.redirects.is_empty();
        let (mut out, mut err) = (String::new(), String::new());
        if captured {
            std::mem::swap(sys.stdout, &mut out);
            std::mem::swap(sys.stderr, &mut err);
        }
        let result = self.call(&words, &env, sys);
        if captured {
            std::mem::swap(sys.stdout, &mut out);
            std::mem::swap(sys.stderr, &mut err);
            self.deliver(&c.redirects, out, err, sys);
        }
        sys.stdin.clear();
        result
    }

    fn open_input(&mut self, r: &Redirect, sys: &mut System<'_>) -> Option<String> {
        match r {
            Redirect::Read { path } => {
                let path = expand::single(self, sys, path);
                match sys.files.read(&absolute(&self.cwd, &path)).map(String::from) {
                    Ok(text) => sys.stdin = text,
                    Err(e) => {
                        return Some(format!(
                            "sh: can't open {path}: {}\n",
                            if e.text().starts_with("No such") { "no such file" } else { e.text() }
                        ));
                    }
                }
            }
            Redirect::Here { text, expand: true } => sys.stdin = expand::single(self, sys, text),
            Redirect::Here { text, expand: false } => sys.stdin = text.clone(),
            _ => {}
        }
        None
    }

    fn path(&mut self, sys: &mut System<'_>, word: &str) -> String {
        let path = expand::single(self, sys, word);
        absolute(&self.cwd, &path)
    }

    /// Puts what a command printed where its redirections say.
    fn deliver(&mut self, redirects: &[Redirect], out: String, err: String, sys: &mut System<'_>) {
        #[derive(Clone, PartialEq)]
        enum To {
            Out,
            Err,
            File(String),
        }
        let (mut first, mut second) = (To::Out, To::Err);
        let mut fresh = vec![];
        for r in redirects {
            match r {
                Redirect::Write { fd, path, append } => {
                    let path = self.path(sys, path);
                    if !append {
                        fresh.push(path.clone());
                    }
                    *(if *fd == 2 { &mut second } else { &mut first }) = To::File(path);
                }
                Redirect::Both { path, append } => {
                    let path = self.path(sys, path);
                    if !append {
                        fresh.push(path.clone());
                    }
                    first = To::File(path.clone());
                    second = To::File(path);
                }
                Redirect::Duplicate { fd: 2, to: 1 } => second = first.clone(),
                Redirect::Duplicate { fd: 1, to: 2 } => first = second.clone(),
                _ => {}
            }
        }
        for path in fresh {
            if let Err(e) = sys.files.write(&path, String::new(), false) {
                sys.stderr.push_str(&format!("sh: can't create {path}: {}\n", e.text()));
                self.status = 1;
                return;
            }
        }
        for (to, text) in [(first, out), (second, err)] {
            match to {
                To::Out => sys.stdout.push_str(&text),
                To::Err => sys.stderr.push_str(&text),
                To::File(path) if path == "/dev/stdout" => sys.stdout.push_str(&text),
                To::File(path) if path == "/dev/stderr" => sys.stderr.push_str(&text),
                To::File(path) => {
                    if let Err(e) = sys.files.write(&path, text, true) {
                        sys.stderr.push_str(&format!("sh: can't create {path}: {}\n", e.text()));
                        self.status = 1;
                    }
                }
            }
        }
    }

    fn call(&mut self, words: &[String], env: &BTreeMap<String, String>, sys: &mut System<'_>) -> Option<Pause> {
        let args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        if let Some(body) = self.functions.get(&words[0]).cloned() {
            let kept = std::mem::replace(&mut self.args, words[1..].to_vec());
            self.status = self.nested(&body, sys);
            self.args = kept;
            return None;
        }
        self.status = 0;
        match (words[0].as_str(), args.as_slice()) {
            ("exit", rest) => {
                self.exiting = Some(rest.first().and_then(|c| c.parse::<i32>().ok()).unwrap_or(self.status) & 0xff);
            }
            ("return", _) => self.frames.clear(),
            ("break", _) => self.leave_loop(false),
            ("continue", _) => self.leave_loop(true),
            ("export" | "readonly" | "local", rest) => {
                for a in rest {
                    if let Some((k, v)) = a.split_once('=') {
                        self.vars.insert(k.into(), v.into());
                    }
                }
            }
            ("unset", rest) => {
                for a in rest {
                    self.vars.remove(*a);
                }
            }
            ("set", rest) => {
                if let Some(i) = rest.iter().position(|a| *a == "--") {
                    self.args = rest[i + 1..].iter().map(|s| (*s).to_string()).collect();
                }
            }
            ("shift", _) => {
                if !self.args.is_empty() {
                    self.args.remove(0);
                }
            }
            ("cd", rest) => {
                let to = absolute(&self.cwd, rest.first().copied().unwrap_or("/root"));
                if sys.files.is_directory(&to) {
                    self.cwd = to;
                } else {
                    sys.stderr.push_str(&format!(
                        "sh: cd: can't cd to {}: No such file or directory\n",
                        rest.first().unwrap_or(&"")
                    ));
                    self.status = 2;
                }
            }
            ("trap", [action, signals @ ..]) => {
                for s in signals {
                    let name = match *s {
                        "15" => "TERM",
                        "2" => "INT",
                        "0" => "EXIT",
                        other => other.trim_start_matches("SIG"),
                    };
                    self.traps.insert(name.into(), if *action == "-" { "exit 143".into() } else { (*action).into() });
                }
            }
            ("eval", rest) => {
                if let Err(e) = self.load(&rest.join(" ")) {
                    sys.stderr.push_str(&format!("{e}\n"));
                    self.status = 2;
                }
            }
            ("exec", []) | ("wait", _) => {}
            ("exec", rest) => {
                let rest: Vec<String> = rest.iter().map(|s| (*s).to_string()).collect();
                self.frames.clear();
                return self.program(&rest, env, sys).or(None);
            }
            _ => return self.program(words, env, sys),
        }
        None
    }

    fn program(&mut self, words: &[String], env: &BTreeMap<String, String>, sys: &mut System<'_>) -> Option<Pause> {
        match programs::run(words, env, &self.cwd, sys) {
            Run::Done(code) => self.status = code,
            Run::Sleep(d) => return Some(Pause::Sleep(d)),
            Run::Serve(server) => return Some(Pause::Serve(server)),
            Run::Script { text, args } => match script::parse(&text) {
                Ok(s) => {
                    let kept = (std::mem::replace(&mut self.args, args), self.vars.clone());
                    // The last statement of a script may become the script's process: nothing is kept above it.
                    if self.frames.is_empty() {
                        self.push(&s);
                    } else {
                        self.status = self.nested(&s, sys);
                        (self.args, self.vars) = kept;
                    }
                }
                Err(e) => {
                    sys.stderr.push_str(&format!("{e}\n"));
                    self.status = 2;
                }
            },
        }
        None
    }

    fn leave_loop(&mut self, again: bool) {
        while let Some(f) = self.frames.pop() {
            if matches!(f, Frame::LoopBody { .. } | Frame::For { .. }) {
                if again {
                    self.frames.push(f);
                }
                return;
            }
        }
    }
}
