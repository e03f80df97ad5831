//! A line runs: its commands one after the other, each with what it reads and where its output goes.

use super::line::{self, Command, Errors, Input, Join};
use super::session::{Output, Session};
use super::words::{self, Unfinished};
use super::{builtins, filters};
use crate::api::ops::Talk;
use crate::explain::texts::message;
use crate::ledger::{Fact, Root, What};

impl Session {
    /// Whether a line is complete, or waits for more.
    pub fn unfinished(text: &str) -> Option<Unfinished> {
        line::unfinished(text)
    }

    /// The lines of a text that run one after the other; a here-document or an open quote belongs to the line it begins in.
    pub fn blocks(text: &str) -> Vec<String> {
        let mut out: Vec<String> = vec![];
        let mut open = false;
        for line in text.lines() {
            match out.last_mut().filter(|_| open) {
                Some(block) => {
                    block.push('\n');
                    block.push_str(line);
                }
                None => out.push(line.to_string()),
            }
            open = out.last().is_some_and(|b| Session::unfinished(b.trim_start_matches("$ ")).is_some());
        }
        out
    }

    /// Runs one line (or a here-document of several).
    pub fn eval(&mut self, text: &str) -> Output {
        if self.is_attached() {
            return self.type_to(&Talk::Input(format!("{}\n", text.trim_end_matches('\n')).into_bytes()));
        }
        let text = text.trim_end_matches('\n');
        let line = text.trim();
        let line = line.strip_prefix("$ ").unwrap_or(line);
        if line.is_empty() || line.starts_with('#') {
            return Output::default();
        }
        let line = match line::parse(line) {
            Ok(line) => line,
            Err(wrong) => {
                let text = match wrong {
                    line::Wrong::Unfinished(u) => builtins::unfinished(self.language, u),
                    line::Wrong::Sign(sign) => {
                        let text = message(self.language, "no-operator", &[("sign", Fact::Text(sign))]);
                        format!("kubetutor: {text}")
                    }
                };
                return Output { stderr: format!("{text}\n"), code: 2, ..Output::default() };
            }
        };
        let from = self.cluster.world.ledger.next_id();
        let mut out = Output::default();
        for (join, stages) in line.pipelines {
            let runs = match join {
                Join::Always => true,
                Join::IfWell => out.code == 0,
                Join::IfNot => out.code != 0,
            };
            if runs && !out.quit && !self.is_interrupted() {
                let o = self.pipeline(stages);
                out.stdout.push_str(&o.stdout);
                out.stderr.push_str(&o.stderr);
                out.story.push_str(&o.story);
                (out.code, out.quit) = (o.code, o.quit);
            }
        }
        // Where one has gone back, the same numbers come again.
        self.failed.split_off(&from);
        if out.code != 0 {
            let commands =
                self.cluster.world.ledger.since(from).filter(|r| matches!(r.what, What::Root(Root::Command(_))));
            self.failed.extend(commands.map(|r| r.id));
        }
        out
    }

    /// Runs commands whose output goes into the next one.
    fn pipeline(&mut self, stages: Vec<Command>) -> Output {
        let mut out = Output::default();
        let mut piped = None;
        for c in stages {
            let read = match &c.input {
                None => Ok(piped.take()),
                Some(Input::Text(t)) => Ok(Some(t.clone())),
                Some(Input::File(f)) => self.host.read(f).map(Some),
            };
            let o = match read {
                Ok(stdin) => self.command(&c, stdin),
                Err(e) => Output { stderr: format!("{e}\n"), code: 1, ..Output::default() },
            };
            let mut printed = o.stdout;
            match c.errors {
                Errors::Shown => out.stderr.push_str(&o.stderr),
                Errors::WithOutput => printed.push_str(&o.stderr),
                Errors::Dropped => {}
            }
            out.story.push_str(&o.story);
            (out.code, out.quit) = (o.code, o.quit);
            piped = match &c.output {
                None => Some(printed),
                Some(to) => {
                    if let Err(e) = self.write(to, &printed) {
                        out.stderr.push_str(&format!("{e}\n"));
                        out.code = 1;
                    }
                    None
                }
            };
        }
        out.stdout = piped.unwrap_or_default();
        out
    }

    fn write(&mut self, to: &line::Output, text: &str) -> Result<(), String> {
        let before = if to.append { self.host.read(&to.file).unwrap_or_default() } else { String::new() };
        if to.file == "/dev/null" { Ok(()) } else { self.host.write(&to.file, &(before + text)) }
    }

    fn command(&mut self, c: &Command, stdin: Option<String>) -> Output {
        let Some(first) = c.words.first() else { return Output::default() };
        let (variables, words) = words::assignments(&c.words);
        match first.as_str() {
            _ if words.first().is_some_and(|w| w == "kubectl" || w == "k") => {
                (self.stdin, self.variables) = (stdin, variables);
                let out = self.kubectl(&c.text, &words[1..]);
                (self.stdin, self.variables) = (None, vec![]);
                out
            }
            "cat" if c.words.len() == 1 => Output { stdout: stdin.unwrap_or_default(), ..Output::default() },
            _ => match filters::run(&c.words, stdin.as_deref().unwrap_or_default()) {
                Some(p) => Output { stdout: p.stdout, stderr: p.stderr, code: p.code, ..Output::default() },
                None => builtins::run(self, &c.text, &c.words),
            },
        }
    }
}
