//! What `docker` and `minikube` are made of alike: a table of commands with flags and help, and a story for what one leads to.

use super::builtins;
use super::session::{COMMAND, Output, Pace, Session};
use crate::api::RecordId;
use crate::kubectl::args::{Args, Flag, Order};
use crate::kubectl::failure::nearest;
use crate::ledger::Root;

type Run = fn(&mut Session, &Call) -> Output;

/// A command of another program than kubectl. What it wants (words, a cluster) is that program's to say.
pub struct Command<W: 'static> {
    pub name: &'static str,
    pub usage: &'static str,
    pub summary: &'static str,
    pub wants: W,
    pub order: Order,
    pub flags: &'static [Flag],
    pub run: Run,
}

/// A command line that is well-formed.
pub struct Call {
    pub line: String,
    pub args: Args,
    pub cause: RecordId,
}

pub const fn command<W: Copy>(
    name: &'static str,
    usage: &'static str,
    summary: &'static str,
    wants: W,
    run: Run,
) -> Command<W> {
    Command { name, usage, summary, wants, order: Order::Mixed, flags: &[], run }
}

impl<W: Copy> Command<W> {
    pub const fn flags(self, flags: &'static [Flag]) -> Command<W> {
        Command { flags, ..self }
    }

    /// What follows its first word is a command of its own.
    pub const fn of_a_command(self) -> Command<W> {
        Command { order: Order::FlagsFirst, ..self }
    }

    /// The help's list of flags, each after its letter as `one` writes it.
    pub fn options(&self, one: impl Fn(&Flag) -> String) -> String {
        if self.flags.is_empty() {
            return String::new();
        }
        let line = |f: &Flag| {
            let short = f.short.map_or("    ".to_string(), |c| format!("-{c}, "));
            format!("{short}{}\n", one(f))
        };
        format!("\nOptions:\n{}", self.flags.iter().map(line).collect::<String>())
    }

    pub fn act(&'static self, s: &mut Session, program: &'static str, line: &str, args: Args) -> Output {
        s.tell_of(program, line, |s, cause| (self.run)(s, &Call { line: line.into(), args, cause }))
    }
}

/// What was probably meant by a word that no command has, and the hint that says so.
pub fn meant<'a>(s: &Session, program: &str, word: &str, known: &[&'a str]) -> (Option<&'a str>, String) {
    let near = nearest(word, known).into_iter().find(|n| strsim::levenshtein(word, n) <= 2);
    let hint = near.map(|n| builtins::did_you_mean(s.language, &format!("`{program} {n}`")));
    (near, hint.unwrap_or_default())
}

pub fn said(text: String) -> Output {
    Output { stdout: text, ..Output::default() }
}

impl Session {
    /// A command of another program than kubectl: what it leads to is a story of its own. What only looked leaves the last one.
    fn tell_of(
        &mut self,
        actor: &'static str,
        line: &str,
        act: impl FnOnce(&mut Session, RecordId) -> Output,
    ) -> Output {
        self.remember(line);
        self.last_line = line.into();
        let cause = self.cluster.world.root(actor, Root::Command(line.into()));
        let told_before = (std::mem::replace(&mut self.story_from, cause), std::mem::take(&mut self.waited));
        let mut out = act(self, cause);
        if self.is_attached() {
            return out;
        }
        if self.pace == Pace::Manual {
            self.advance(COMMAND);
        }
        self.after_command(&mut out);
        if self.story_from == cause && builtins::what_happened(self, false).is_empty() {
            (self.story_from, self.waited) = told_before;
        }
        out
    }
}
