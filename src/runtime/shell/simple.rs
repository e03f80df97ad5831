//! One command: its words are expanded, its descriptors arranged, and it is a function, a builtin, or a program.

use std::sync::Arc;

use super::builtins::{self, Ran};
use super::children::passed_on;
use super::expand::Expansion;
use super::redirect::{Arranged, arrange};
use super::run::Frame;
use super::script::{Simple, Stmt, Value};
use super::state::{Flavor, Shell, Variable};
use crate::runtime::kernel::{Environment, Errno, Step, Sys};
use crate::runtime::programs::{self, Started};

/// A command whose words are known.
struct Command {
    words: Vec<String>,
    assignments: Vec<(String, String)>,
    redirects: Vec<Arranged>,
}

impl Shell {
    pub(super) fn simple(
        &mut self,
        simple: &Arc<Simple>,
        stmt: &Stmt,
        tested: bool,
        known: Vec<String>,
        sys: &mut Sys<'_>,
    ) -> Option<Step> {
        self.line = simple.line;
        let substitutes = !known.is_empty();
        let expanded = self.expanding(stmt, tested, known, sys, |e| {
            let mut words = vec![];
            let declares = matches!(
                simple.words.first().map(String::as_str),
                Some("export" | "readonly" | "local" | "declare" | "typeset")
            );
            for (i, w) in simple.words.iter().enumerate() {
                // What declares variables takes values as assignments do.
                if declares && i > 0 && is_assignment(w) {
                    words.push(e.single(w)?)
                } else {
                    words.extend(e.fields(w)?)
                }
            }
            let redirects = arrange(&simple.redirects, e)?;
            let mut assignments = vec![];
            for a in &simple.assignments {
                match &a.value {
                    Value::One(w) if a.index.is_none() => {
                        let mut v = e.single(w)?;
                        if a.append {
                            v = e.sh.get(&a.name).unwrap_or_default() + &v;
                        }
                        if words.is_empty() {
                            e.sh.set(&a.name, v.clone()).map_err(super::expand::Stop::Error)?;
                        }
                        assignments.push((a.name.clone(), v));
                    }
                    // Before a command, an array means nothing.
                    _ if words.is_empty() => e.assign(a)?,
                    _ => {}
                }
            }
            Ok(Command { words, assignments, redirects })
        });
        let Ok(c) = expanded else { return None };
        if self.options.xtrace {
            self.trace(&c, sys);
        }
        if c.words.is_empty() {
            if !substitutes {
                self.status = 0;
            }
            self.only_redirect(&c, sys);
            self.check_after(tested);
            return None;
        }
        if let Some(body) = self.functions.get(&c.words[0]).cloned() {
            return self.function(&body, c, tested, sys);
        }
        let outranked = self.outranked.contains(&c.words[0].as_str());
        if let Some(b) = builtins::find_for(&c.words[0], self.flavor).filter(|_| !outranked) {
            let step = self.builtin(b, c, tested, sys);
            // Their elements come when the names are declared.
            for a in &simple.arrays {
                let mut e = Expansion { sh: self, sys, known: &[], used: 0 };
                if e.assign(a).is_err() {
                    self.fail("a command in a declaration of an array: declare it first, and assign then", sys);
                }
            }
            return step;
        }
        self.program(c, tested, sys)
    }

    fn trace(&mut self, c: &Command, sys: &mut Sys<'_>) {
        let set = c.assignments.iter().map(|(k, v)| format!("{k}={v}"));
        let line: Vec<String> = set.chain(c.words.iter().map(|w| quoted(w))).collect();
        let text = format!("{}{}\n", self.get("PS4").unwrap_or_default(), line.join(" "));
        self.print(2, text.as_bytes(), sys);
    }

    fn only_redirect(&mut self, c: &Command, sys: &mut Sys<'_>) {
        if c.redirects.is_empty() {
            return;
        }
        let kept = sys.keep();
        if let Err(what) = self.redirect(&c.redirects, sys) {
            self.complain(&what, sys);
            self.status = self.refused();
        }
        sys.put_back(kept);
    }

    /// The status of a command whose descriptors could not be arranged.
    fn refused(&self) -> i32 {
        if self.flavor == Flavor::Dash { 2 } else { 1 }
    }

    /// Variables for one command. The old ones are to be put back.
    fn lend(&mut self, assignments: &[(String, String)]) -> Result<Vec<(String, Option<Variable>)>, String> {
        let mut old = vec![];
        for (name, value) in assignments {
            old.push((name.clone(), self.vars.get(name).cloned()));
            self.set(name, value.clone())?;
            if let Some(v) = self.vars.get_mut(name) {
                v.exported = true;
            }
        }
        Ok(old)
    }

    fn function(&mut self, body: &Arc<Stmt>, c: Command, tested: bool, sys: &mut Sys<'_>) -> Option<Step> {
        if !c.redirects.is_empty() {
            let kept = sys.keep();
            if let Err(what) = self.redirect(&c.redirects, sys) {
                sys.put_back(kept);
                self.complain(&what, sys);
                self.status = self.refused();
                return None;
            }
            self.frames.push(Frame::Restore(kept));
        }
        match self.lend(&c.assignments) {
            Ok(old) => self.frames.push(Frame::Unset(old)),
            Err(e) => self.fail(&e, sys),
        }
        self.check_after(tested);
        self.call(body, c.words[1..].to_vec(), tested, sys);
        None
    }

    fn builtin(&mut self, b: &'static builtins::Builtin, c: Command, tested: bool, sys: &mut Sys<'_>) -> Option<Step> {
        let kept = (!c.redirects.is_empty()).then(|| sys.keep());
        if let Err(what) = self.redirect(&c.redirects, sys) {
            kept.into_iter().for_each(|k| sys.put_back(k));
            self.complain(&what, sys);
            self.status = self.refused();
            if b.special && !self.input.is_interactive() {
                self.exiting = Some(self.status);
            }
            self.check_after(tested);
            return None;
        }
        // What `exec` changes stays.
        let stays = c.words[0] == "exec" && c.words.len() == 1;
        let lent = match b.special {
            true => {
                for (name, value) in &c.assignments {
                    if let Err(e) = self.set(name, value.clone()) {
                        self.fail(&e, sys);
                        return None;
                    }
                }
                vec![]
            }
            false => match self.lend(&c.assignments) {
                Ok(old) => old,
                Err(e) => {
                    self.fail(&e, sys);
                    return None;
                }
            },
        };
        self.check_after(tested);
        if let Some(k) = kept {
            if stays { sys.forget(k) } else { self.frames.push(Frame::Restore(k)) }
        }
        if !lent.is_empty() {
            self.frames.push(Frame::Unset(lent));
        }
        match (b.run)(self, &c.words, sys) {
            Ran::Done(code) => self.status = code,
            Ran::Wait(waiting) => self.frames.push(Frame::Builtin(waiting)),
            Ran::Goes => {}
            Ran::Become(step) => return Some(step),
            // `command NAME`: as if the name stood there, but no function.
            Ran::Program { words, replaces } => {
                let c = Command { words, assignments: vec![], redirects: vec![] };
                return if replaces { self.replace(c, sys) } else { self.program(c, true, sys) };
            }
            Ran::Builtin(b, words) => {
                let c = Command { words, assignments: vec![], redirects: vec![] };
                self.forgiving = true;
                let step = self.builtin(b, c, true, sys);
                self.forgiving = false;
                return step;
            }
        }
        None
    }

    /// Finds a program, by its path or by its name. The error is its exit code and what the shell says.
    fn find(&mut self, name: &str, sys: &mut Sys<'_>) -> Result<String, (i32, String)> {
        let not_found = |sh: &Shell| {
            let what = match (sh.flavor, name.contains('/')) {
                (Flavor::Bash, false) => "command not found",
                (Flavor::Bash, true) => "No such file or directory",
                _ => "not found",
            };
            (127, format!("{name}: {what}"))
        };
        let path = self.get("PATH").unwrap_or_default();
        match programs::which(name, &path, sys) {
            Ok(path) => Ok(path),
            Err(Errno::Denied) => Err((126, format!("{name}: Permission denied"))),
            Err(Errno::IsDirectory) if self.flavor == Flavor::Bash => Err((126, format!("{name}: Is a directory"))),
            Err(Errno::IsDirectory) => Err((126, format!("{name}: Permission denied"))),
            Err(_) => Err(not_found(self)),
        }
    }

    /// Runs a program in a process of its own, or in this one if there is nothing left to do after it.
    fn program(&mut self, c: Command, tested: bool, sys: &mut Sys<'_>) -> Option<Step> {
        if self.is_last() {
            return self.replace(c, sys);
        }
        let kept = sys.keep();
        let started = self.redirect(&c.redirects, sys).map_err(|what| (self.refused(), what)).and_then(|()| {
            let path = self.find(&c.words[0], sys)?;
            let (Started { program, words }, env) = self.load_program(&path, &c, sys)?;
            let fds = sys.fds();
            Ok(sys.spawn(program, words, env, fds))
        });
        // It complains where its error output leads.
        if let Err((code, what)) = &started {
            self.status = *code;
            self.complain(what, sys);
        }
        sys.put_back(kept);
        match started {
            Ok(Some(id)) => {
                self.check_after(tested);
                self.frames.push(Frame::Child(id));
            }
            Ok(None) => self.cannot_fork(sys),
            Err(_) => self.check_after(tested),
        }
        None
    }

    fn load_program(
        &mut self,
        path: &str,
        c: &Command,
        sys: &mut Sys<'_>,
    ) -> Result<(Started, Environment), (i32, String)> {
        let mut env = self.exported();
        env.extend(c.assignments.iter().cloned());
        let env = Arc::new(env);
        let started = programs::load(path, &c.words, &env, sys);
        let started = started.map_err(|e| (126, format!("{}: {}", c.words[0], e.text())))?;
        Ok((started, passed_on(env, sys)))
    }

    /// Whether nothing comes after the present command: then its program may take the shell's place.
    fn is_last(&self) -> bool {
        self.traps.is_empty() && self.background.is_empty() && self.input.has_ended() && self.frames.is_empty()
    }

    /// `exec`: the program takes the shell's place.
    fn replace(&mut self, c: Command, sys: &mut Sys<'_>) -> Option<Step> {
        let started = self.redirect(&c.redirects, sys).map_err(|what| (self.refused(), what)).and_then(|()| {
            let path = self.find(&c.words[0], sys)?;
            self.load_program(&path, &c, sys)
        });
        match started {
            Ok((Started { program, words }, env)) => Some(Step::Become(program, words, env)),
            Err((code, what)) => {
                self.complain(&what, sys);
                self.status = code;
                self.exiting = Some(code);
                None
            }
        }
    }
}

fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else { return false };
    is_name(name)
}

pub fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// A word as it would have to be typed.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%^".contains(c);
    match word.chars().all(plain) && !word.is_empty() {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
