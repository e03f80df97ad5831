//! A line runs: the shell of the learner's machine takes it apart, and the session answers the words that are the prompt's own.

use super::builtins;
use super::desk::Course;
use super::session::{Output, Session};
use super::words::{self, Unfinished};
use crate::api::ops::{Stream, Talk};
use crate::explain::texts::message;
use crate::kubectl::failure::nearest;
use crate::ledger::{Fact, Root, What};
use crate::runtime::kernel::outside::{Answered, Asking};
use crate::runtime::shell::script::{self, Refused};
use crate::runtime::shell::simple::quoted;

/// A line that lets time pass again and again (`while true; do …; sleep 1; done`) is stopped after so many times, and so is one
/// that asks and asks.
const MOST_ROUNDS: u32 = 1_000;
/// Variables that every shell has.
const USUAL: [&str; 8] = ["PATH", "HOME", "PWD", "OLDPWD", "USER", "SHELL", "SHLVL", "_"];

impl Session {
    /// Whether a line is complete, or waits for more.
    pub fn unfinished(text: &str) -> Option<Unfinished> {
        if !matches!(script::parse(text), Err(Refused::Unfinished)) && !text.ends_with("\\\n") && !ends_open(text) {
            return None;
        }
        words::split(text).err().or(Some(Unfinished::Line))
    }

    /// The lines of a text that run one after the other; what is not finished at the end of a line goes on in the next.
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

    /// Runs one line (or a block of several that belong together).
    pub fn eval(&mut self, text: &str) -> Output {
        if self.is_attached() {
            return self.type_to(&Talk::Input(format!("{}\n", text.trim_end_matches('\n')).into_bytes()));
        }
        let text = text.trim_end_matches('\n');
        let line = text.trim_start();
        let line = line.strip_prefix("$ ").unwrap_or(line);
        if line.trim().is_empty() || line.starts_with('#') {
            return Output::default();
        }
        let stmt = match script::parse(line) {
            Ok(stmt) => stmt,
            Err(wrong) => return self.refused(line, &wrong),
        };
        let from = self.cluster.world.ledger.next_id();
        self.typed = line.trim_end().into();
        let (now, typed) = (self.cluster.world.now, self.terminal);
        self.desk.hand(stmt, typed, self.host.as_ref(), now);
        let out = self.work();
        // Where one has gone back, the same numbers come again.
        self.failed.split_off(&from);
        if out.code != 0 {
            let commands =
                self.cluster.world.ledger.since(from).filter(|r| matches!(r.what, What::Root(Root::Command(_))));
            self.failed.extend(commands.map(|r| r.id));
        }
        out
    }

    fn refused(&self, line: &str, wrong: &Refused) -> Output {
        let text = match wrong {
            Refused::Unfinished => {
                builtins::unfinished(self.language, words::split(line).err().unwrap_or(Unfinished::Line))
            }
            Refused::Wrong(why) => format!("bash: syntax error: {why}"),
        };
        Output { stderr: format!("{text}\n"), code: 2, ..Output::default() }
    }

    /// The shell goes on, and what it asks for is answered, until it is done or somebody has to type.
    pub(super) fn work(&mut self) -> Output {
        let mut out = Output::default();
        let begun = self.cluster.world.now;
        self.typing = false;
        for _ in 0..MOST_ROUNDS {
            let now = self.cluster.world.now;
            let course = self.desk.run(self.host.as_mut(), now);
            self.take_printed(&mut out);
            if self.is_interrupted() {
                self.desk.interrupt();
                out.code = 130;
                return out;
            }
            match course {
                Course::Asks(asking) => {
                    self.reply(&asking, &mut out);
                    if self.attached.is_some() || out.quit {
                        return out;
                    }
                }
                Course::Done(code) => {
                    out.code = code;
                    self.hint_at_unknown(&mut out);
                    return out;
                }
                Course::Types if self.terminal => {
                    self.typing = true;
                    return out;
                }
                Course::Until(at) => self.wait(at.since(now)),
                Course::Types | Course::Stuck => {
                    self.desk.interrupt();
                    out.code = 130;
                    return out;
                }
            }
        }
        self.desk.interrupt();
        let after = Fact::Time(self.cluster.world.now.since(begun));
        out.story.push_str(&format!("  {}\n", message(self.language, "watch-cut", &[("after", after)])));
        out.code = 130;
        out
    }

    fn take_printed(&mut self, out: &mut Output) {
        for (stream, data) in self.desk.printed() {
            let text = String::from_utf8_lossy(&data);
            match stream {
                Stream::Out => out.stdout.push_str(&text),
                Stream::Err => out.complain(&text),
            }
        }
    }

    /// Answers one word of the prompt.
    fn reply(&mut self, asking: &Asking, out: &mut Output) {
        self.host.enter(&asking.cwd);
        // What was ended since holds no port any longer.
        self.poll_background();
        let begun = self.story_from;
        self.cluster.docker_tidy(begun);
        let words: &[String] = &asking.words;
        // What was typed stands in the story as it was typed.
        let as_typed = words::split(&self.typed).is_ok_and(|w| w == words);
        let text = match as_typed {
            true => self.typed.clone(),
            false => words.iter().map(|w| quoted(w)).collect::<Vec<_>>().join(" "),
        };
        let own = asking.env.iter().filter(|(k, _)| !USUAL.contains(&k.as_str()));
        self.variables = own.map(|(k, v)| (k.clone(), v.clone())).collect();
        self.stdin = asking.stdin.as_ref().map(|d| String::from_utf8_lossy(d).into_owned());
        let answer = match words.first().map(String::as_str) {
            Some("kubectl" | "k") if self.desk.is_beside(asking.process) => {
                self.begin_beside(asking.process, &text, &words[1..]);
                (self.stdin, self.variables) = (None, vec![]);
                return;
            }
            Some("kubectl" | "k") => self.kubectl(&text, &words[1..]),
            Some(_) => builtins::run(self, &text, words),
            None => Output::default(),
        };
        (self.stdin, self.variables) = (None, vec![]);
        out.story.push_str(&answer.story);
        out.quit |= answer.quit;
        if self.attached.is_some() {
            out.follow_with(&answer);
            self.desk.answering = Some(asking.process);
            return;
        }
        self.desk.answer(asking.process, Answered { said: answer.said(), code: Some(answer.code) });
    }

    /// Who mistypes a command, or leaves out kubectl, is told what could have been meant.
    fn hint_at_unknown(&self, out: &mut Output) {
        if out.code != 127 {
            return;
        }
        let named = |l: &str| Some(l.strip_prefix("bash: ")?.strip_suffix(": command not found")?.to_string());
        let Some(first) = out.stderr.lines().rev().find_map(named) else { return };
        // `get pods` without kubectl in front is what people forget most.
        let verb = crate::kubectl::verbs::TABLE.iter().any(|v| v.name.split(' ').next() == Some(&first));
        let known: Vec<&str> = builtins::TABLE.iter().map(|w| w.name).chain(["kubectl", "learn"]).collect();
        // One letter wrong in a short word, two in a longer one; more is another word.
        let far = if first.chars().count() <= 4 { 1 } else { 2 };
        let is_near =
            |k: &&str| strsim::levenshtein(&first, k) <= far || (first.len() > 1 && k.starts_with(first.as_str()));
        let near = nearest(&first, &known).into_iter().find(is_near);
        let hint = if verb { Some(format!("`kubectl {}`", self.typed)) } else { near.map(|n| format!("`{n}`")) };
        if let Some(h) = hint {
            out.story = builtins::did_you_mean(self.language, &h);
        }
    }

    /// Ctrl-C, Ctrl-D or a line, for a program on the learner's own machine.
    pub(super) fn type_to_desk(&mut self, what: &Talk) -> Output {
        self.desk.typed(what);
        if *what == Talk::Interrupt {
            self.typing = false;
            return Output { code: 130, ..Output::default() };
        }
        self.work()
    }

    /// How the line ends that waited for a command that was typed to.
    pub(super) fn work_on(&mut self, code: i32, out: &mut Output) {
        let Some(process) = self.desk.answering.take() else { return };
        self.desk.answer(process, Answered { code: Some(code), ..Answered::default() });
        let rest = self.work();
        out.follow_with(&rest);
        out.story.push_str(&rest.story);
        (out.code, out.quit) = (rest.code, rest.quit);
    }
}

/// Whether a line ends where a command has to follow.
fn ends_open(text: &str) -> bool {
    let end = text.trim_end();
    end.ends_with("&&") || end.ends_with("||") || end.ends_with('|')
}
