//! The interactive face: lessons at the prompt, completion, hints, the text of the prompt. No I/O.
//!
//! Start with [`Shell::line`], which takes one line and gives back what to print. [`complete`] knows verbs, flags, kinds
//! and the live names of objects.
//!
//! Deliberately absent: the terminal (`edge/terminal.rs` has rustyline), files, and any knowledge of the cluster but
//! through the session.

pub mod complete;
pub mod progress;

use crate::api::ops::Talk;
use crate::explain::Language;
use crate::explain::language::particles;
use crate::lessons::{self, Player};
use crate::prompt::{Output, Session};
use progress::Progress;

pub struct Shell {
    pub session: Session,
    pub player: Option<Player>,
    pub progress: Progress,
    /// What a program in a container that is being typed to printed last without ending the line: its prompt.
    unended: String,
}

impl Shell {
    pub fn new(session: Session, progress: Progress) -> Shell {
        Shell { session, player: None, progress, unended: String::new() }
    }

    fn say<'a>(&self, english: &'a str, korean: &'a str) -> &'a str {
        if self.session.language == Language::Korean { korean } else { english }
    }

    /// The first line on the screen.
    pub fn greeting(&self, ready_in_millis: u128) -> String {
        let nodes = self.session.cluster.plan.nodes.len();
        let workers = nodes.saturating_sub(1);
        let version = env!("CARGO_PKG_VERSION");
        let wide = if self.session.cluster.plan.wide_pod_range { " · pods 10.128.0.0/9" } else { "" };
        match self.session.language {
            Language::English => format!(
                "kubetutor {version} · Kubernetes v1.36 · 1 control plane + {workers} workers, simulated{wide} · ready in {ready_in_millis} ms\nType a kubectl command, or `learn` for the course. `help` lists the rest.\n"
            ),
            Language::Korean => format!(
                "kubetutor {version} · Kubernetes v1.36 · 컨트롤 플레인 1대 + 워커 {workers}대, 시뮬레이션{wide} · {ready_in_millis} ms 만에 준비됨\nkubectl 명령을 치거나, 수업은 `learn`. 그 밖의 것은 `help`.\n"
            ),
        }
    }

    /// `t+3.4s default> `, or what a program in a container asks with.
    pub fn prompt(&self) -> String {
        if self.session.is_attached() {
            return self.unended.clone();
        }
        let t = self.session.elapsed().as_secs_f64();
        let t = if t >= 100.0 { format!("{t:.0}") } else { format!("{t:.1}") };
        let t = t.strip_suffix(".0").unwrap_or(&t);
        match &self.player {
            Some(p) if p.asks() => "predict> ".into(),
            Some(p) if !p.finished => format!("t+{t}s lesson {}> ", p.place()),
            _ => format!("t+{t}s {}> ", self.session.config.namespace()),
        }
    }

    /// One line (or one pasted block).
    pub fn line(&mut self, text: &str) -> Output {
        let mut out = match self.session.is_attached() {
            true => self.session.eval(text),
            false => self.our_line(text),
        };
        self.keep_unended(&mut out);
        out
    }

    /// Ctrl-C, where a program is being typed to.
    pub fn interrupt(&mut self) -> Output {
        self.press(&Talk::Interrupt)
    }

    /// Ctrl-D there.
    pub fn end_input(&mut self) -> Output {
        self.press(&Talk::EndOfInput)
    }

    fn press(&mut self, key: &Talk) -> Output {
        let mut out = self.session.type_to(key);
        self.keep_unended(&mut out);
        out
    }

    /// Where a program waits for a line, the one it has begun is shown as the prompt.
    fn keep_unended(&mut self, out: &mut Output) {
        self.unended.clear();
        if self.session.is_attached() {
            let at = out.stdout.rfind('\n').map_or(0, |i| i + 1);
            self.unended = out.stdout.split_off(at);
        }
    }

    fn our_line(&mut self, text: &str) -> Output {
        let line = text.trim();
        let words: Vec<&str> = line.split_whitespace().collect();
        let said = |text: String| Output { story: text, ..Output::default() };
        let language = self.session.language;
        if let Some(p) = self.player.as_mut().filter(|p| p.is_prediction(line, language)) {
            return said(p.predict(line, language));
        }
        match (words.first().copied(), self.player.is_some()) {
            (Some("learn"), _) => return said(self.learn(words.get(1).copied())),
            (Some("progress"), _) => return said(self.list()),
            (Some("hint"), true) => {
                return said(self.player.as_mut().map(|p| p.hint(self.session.language)).unwrap_or_default());
            }
            (Some("solution"), true) => return said(self.player.as_ref().map(Player::solution).unwrap_or_default()),
            (Some("task"), true) => {
                return said(self.player.as_ref().map(|p| p.task(self.session.language)).unwrap_or_default());
            }
            (Some("check"), true) => {
                return said(self.player.as_ref().map(|p| p.show_checks(&self.session)).unwrap_or_default());
            }
            (Some("reset"), true) => {
                let text = self.player.as_mut().map(|p| p.reset(&mut self.session)).unwrap_or_default();
                return said(text);
            }
            (Some("skip"), true) => {
                let text = self.player.as_mut().map(|p| p.skip(&mut self.session)).unwrap_or_default();
                self.note_progress();
                return said(text);
            }
            _ => {}
        }
        let mut out = self.session.eval(text);
        if self.session.is_attached() {
            return out;
        }
        if let Some(p) = self.player.as_mut().filter(|p| !p.finished) {
            let said = p.after_line(line, &mut self.session);
            // What kubectl prints need not end its line.
            if !said.is_empty() && out.story.is_empty() && !out.stdout.is_empty() && !out.stdout.ends_with('\n') {
                out.story.push('\n');
            }
            out.story.push_str(&said);
        }
        self.note_progress();
        if words.first() == Some(&"help") && self.player.is_some() {
            out.stdout.push_str(self.say(
                "  in a lesson: task · hint · solution · check · reset · skip · progress\n",
                "  수업에서: task · hint · solution · check · reset · skip · progress\n",
            ));
        }
        out
    }

    fn note_progress(&mut self) {
        if let Some(p) = &self.player {
            let done = if p.finished { p.lesson.steps.len() } else { p.step };
            self.progress.note(&p.lesson.name, done);
        }
    }

    fn learn(&mut self, which: Option<&str>) -> String {
        let course = match lessons::course() {
            Ok(c) => c,
            Err(e) => return format!("{e}\n"),
        };
        let Some(which) = which else { return self.list() };
        let found = course.into_iter().find(|l| l.name == which || l.order.to_string() == which);
        let Some(lesson) = found else {
            return match self.session.language {
                Language::English => format!("there is no lesson {which}; `learn` lists them\n"),
                Language::Korean => format!("{which} 수업은 없어요. 목록은 `learn`\n"),
            };
        };
        let done = self.progress.done(&lesson.name);
        let step = if done >= lesson.steps.len() { 0 } else { done };
        let (player, text) = Player::begin(lesson, step, &mut self.session);
        self.player = Some(player);
        text
    }

    fn list(&self) -> String {
        let Ok(course) = lessons::course() else { return String::new() };
        let mut out = String::new();
        for l in &course {
            let done = self.progress.done(&l.name).min(l.steps.len());
            let bars = done * 10 / l.steps.len().max(1);
            let state = match (self.session.language, done) {
                (_, 0) => String::new(),
                (Language::English, n) => format!("{n} of {} steps done", l.steps.len()),
                (Language::Korean, n) => format!("{}단계 중 {n}단계 완료", l.steps.len()),
            };
            let t = l.text(self.session.language);
            let width = unicode_width::UnicodeWidthStr::width(t.title.as_str());
            let pad = " ".repeat(34usize.saturating_sub(width));
            out.push_str(&format!(
                " {} {}{pad} {}{}  {state}\n",
                l.order,
                t.title,
                "█".repeat(bars),
                "░".repeat(10 - bars)
            ));
        }
        let next = course.iter().find(|l| self.progress.done(&l.name) < l.steps.len());
        out.push_str(&match (next, self.session.language) {
            (None, Language::English) => "All lessons are done. `learn N` shows one again.\n".into(),
            (None, Language::Korean) => "수업을 모두 마쳤어요. `learn N`으로 다시 볼 수 있어요.\n".into(),
            (Some(l), Language::English) if self.progress.done(&l.name) > 0 => {
                format!("`learn {}` goes on.\n", l.order)
            }
            (Some(l), Language::English) => format!("`learn {}` begins the next.\n", l.order),
            (Some(l), Language::Korean) if self.progress.done(&l.name) > 0 => {
                particles(&format!("`learn {}`(으)로 이어서 해요.\n", l.order))
            }
            (Some(l), Language::Korean) => particles(&format!("`learn {}`(으)로 다음 수업을 시작해요.\n", l.order)),
        });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Options;

    /// At the question of lesson 1.2.
    fn asked(language: Language) -> Shell {
        let mut session = Session::in_memory(&Options { nodes: Some(1), ..Options::default() });
        session.language = language;
        let mut shell = Shell::new(session, Progress::default());
        shell.line("learn 1");
        shell.line("kubectl get nodes");
        let task = shell.line("kubectl get deployments").story;
        assert_eq!(shell.prompt(), "predict> ");
        let how = shell.say("(answer with one of a, b, c; a command skips", "(a, b, c 가운데 하나로 답해 주세요.");
        assert!(task.contains(how), "{task}");
        shell
    }

    #[test]
    fn a_question_is_answered_with_a_letter_or_in_words() {
        for (language, words) in [(Language::English, "4"), (Language::Korean, "4개")] {
            for answer in ["c", " C) ", words, &format!("c) {words}")] {
                let mut shell = asked(language);
                let told = shell.line(answer);
                assert!(told.stderr.is_empty() && shell.prompt().contains("lesson 1.2"), "{answer}: {}", told.story);
            }
        }
    }

    #[test]
    fn what_is_no_answer_is_asked_again_and_a_command_is_run() {
        let mut shell = asked(Language::English);
        assert!(shell.line("x").story.contains("answer with one of a, b, c"));
        assert!(shell.line("").story.is_empty());
        assert!(shell.line("kubectl get namespaces").stdout.contains("kube-system"));
        assert_eq!(shell.prompt(), "predict> ");
    }

    #[test]
    fn a_shell_in_a_container_shows_its_prompt_and_takes_the_keys() {
        let session = Session::in_memory(&Options { nodes: Some(1), ..Options::default() });
        let mut shell = Shell::new(session, Progress::default());
        shell.line("kubectl run box --image=busybox -- sleep 1d");
        shell.line("kubectl wait --for=condition=Ready pod/box");
        let o = shell.line("kubectl exec -it box -- sh");
        assert_eq!((shell.prompt().as_str(), o.stderr.as_str()), ("/ # ", ""), "{}", o.stdout);
        // A word of lessons or of the prompt is nothing but a word there.
        assert_eq!(shell.line("cd /tmp; learn").stdout, "sh: learn: not found\n");
        assert_eq!(shell.prompt(), "/tmp # ");
        assert_eq!(shell.line("for i in 1 2").stdout, "");
        assert_eq!(shell.prompt(), "> ");
        assert_eq!(shell.line("do echo $i; done").stdout, "1\n2\n");
        shell.line("cat");
        assert_eq!(shell.prompt(), "");
        assert_eq!(shell.line("said").stdout, "said\n");
        shell.interrupt();
        assert_eq!(shell.prompt(), "/tmp # ");
        let o = shell.end_input();
        assert!(shell.prompt().starts_with("t+"), "{}", shell.prompt());
        assert_eq!(o.code, 130);
    }
}
