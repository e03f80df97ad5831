//! Leads a learner through a lesson, step by step.

use std::collections::BTreeSet;

use super::check::View;
use super::{Lesson, Wrong, proof};
use crate::api::RecordId;
use crate::cluster::Cluster;
use crate::explain::Language;
use crate::kubectl::config::Kubeconfig;
use crate::prompt::Session;

/// Where somebody is in a lesson.
pub struct Player {
    pub lesson: Lesson,
    pub step: usize,
    /// How each step began, from the one at which the lesson was entered: who goes back, goes back to an earlier one.
    starts: Vec<Start>,
    /// Hints shown of this step.
    hints: usize,
    predicted: Option<String>,
    /// The lines of this step, and what was said to wrong answers: each is said once.
    typed: Vec<String>,
    said: BTreeSet<String>,
    pub finished: bool,
}

/// How a step began.
struct Start {
    from: RecordId,
    cluster: Cluster,
    config: Kubeconfig,
}

impl Start {
    fn here(session: &Session) -> Start {
        Start {
            from: session.cluster.world.ledger.next_id(),
            cluster: session.cluster.clone(),
            config: session.config.clone(),
        }
    }
}

fn pick<'a>(language: Language, english: &'a str, korean: &'a str) -> &'a str {
    if language == Language::Korean { korean } else { english }
}

impl Player {
    /// Begins at a step; the session gets the lesson's cluster. Returns what to show.
    pub fn begin(lesson: Lesson, step: usize, session: &mut Session) -> (Player, String) {
        let step = step.min(lesson.steps.len().saturating_sub(1));
        let (made, _) = proof::at(&lesson, step);
        session.cluster = made.cluster;
        session.config = made.config;
        session.forget_past();
        let p = Player {
            lesson,
            step,
            starts: vec![Start::here(session)],
            hints: 0,
            predicted: None,
            typed: vec![],
            said: BTreeSet::new(),
            finished: false,
        };
        let t = p.lesson.text(session.language);
        let mut out = format!("\n{} · {}\n", t.title, t.summary);
        if step == 0 && !t.intro.is_empty() {
            out.push_str(&format!("\n{}\n", t.intro));
        }
        out.push_str(&p.task(session.language));
        out.push_str(pick(
            session.language,
            "\n(`hint`, `check`, `solution` and `skip` help on; `task` shows this again)\n",
            "\n(막히면 `hint`, `check`, `solution`, `skip`; 과제를 다시 보려면 `task`)\n",
        ));
        (p, out)
    }

    /// `1.4`
    pub fn place(&self) -> String {
        format!("{}.{}", self.lesson.order, self.step + 1)
    }

    fn words(&self, language: Language) -> super::StepText {
        let id = &self.lesson.steps[self.step].id;
        self.lesson.text(language).steps.get(id).cloned().unwrap_or_default()
    }

    /// What is to be done now.
    pub fn task(&self, language: Language) -> String {
        let w = self.words(language);
        let mut out = format!("\n[{}/{}] {}\n", self.step + 1, self.lesson.steps.len(), w.task);
        if self.asks() {
            out.push_str(&format!("\n{}\n({})\n", w.predict, self.how_to_predict(language)));
        }
        out
    }

    /// The answers that a prediction may have: a letter, and what it stands for.
    fn choices(&self, language: Language) -> Vec<(String, String)> {
        let choice = |l: &str| {
            let (letter, text) = l.strip_prefix("- ")?.split_once(')')?;
            Some((letter.to_string(), text.trim().to_string()))
        };
        self.words(language).predict.lines().filter_map(choice).collect()
    }

    /// The letter that an answer means: `c`, `c)`, or the words of the choice.
    fn chosen(&self, answer: &str, language: Language) -> Option<String> {
        let said = answer.trim().to_lowercase();
        let means = |(letter, text): &(String, String)| {
            let text = text.to_lowercase();
            said.trim_end_matches(')') == *letter || said == text || said == format!("{letter}) {text}")
        };
        Some(self.choices(language).into_iter().find(means)?.0)
    }

    /// Whether a line answers the question, rightly or not; all others are commands.
    pub fn is_prediction(&self, line: &str, language: Language) -> bool {
        let short = !line.is_empty() && !line.contains(char::is_whitespace) && line.chars().count() <= 2;
        self.asks() && (short || self.chosen(line, language).is_some())
    }

    fn how_to_predict(&self, language: Language) -> String {
        let letters: Vec<String> = self.choices(language).into_iter().map(|(letter, _)| letter).collect();
        let list = letters.join(", ");
        match language {
            Language::English => format!("answer with one of {list}; a command skips the question"),
            Language::Korean => format!("{list} 가운데 하나로 답해 주세요. 명령을 치면 질문을 건너뛰어요"),
        }
    }

    /// Whether a prediction is waited for.
    pub fn asks(&self) -> bool {
        !self.finished && self.lesson.steps[self.step].answer.is_some() && self.predicted.is_none()
    }

    /// Takes a prediction.
    pub fn predict(&mut self, answer: &str, language: Language) -> String {
        let Some(a) = self.chosen(answer, language) else {
            return format!("  {}\n", self.how_to_predict(language));
        };
        self.predicted = Some(a);
        pick(language, "  noted; now see for yourself\n", "  적어 두었어요. 이제 직접 확인해 보세요\n").into()
    }

    pub fn hint(&mut self, language: Language) -> String {
        let all = self.words(language).hints;
        let i = self.hints.min(all.len().saturating_sub(1));
        self.hints += 1;
        all.get(i).map(|h| format!("  {}/{}  {h}\n", i + 1, all.len())).unwrap_or_default()
    }

    pub fn solution(&self) -> String {
        self.lesson.steps[self.step]
            .solution
            .iter()
            .map(|l| format!("  {}\n", l.trim_end().replace('\n', "\n  ")))
            .collect()
    }

    /// Back to where the step began.
    pub fn reset(&mut self, session: &mut Session) -> String {
        if let Some(start) = self.starts.last() {
            session.cluster = start.cluster.clone();
            session.config = start.config.clone();
        }
        session.forget_past();
        self.anew(session.language)
    }

    /// The present step from its beginning.
    fn anew(&mut self, language: Language) -> String {
        self.hints = 0;
        self.predicted = None;
        self.typed.clear();
        self.said.clear();
        self.task(language)
    }

    fn view(&self, session: &Session) -> Option<View> {
        View::of(session, self.starts.last()?.from).ok()
    }

    /// How the checks stand.
    pub fn check(&self, session: &Session) -> Vec<(String, bool)> {
        let w = self.words(session.language);
        let results = self.view(session).and_then(|v| v.checks(&self.lesson.steps[self.step]).ok()).unwrap_or_default();
        results.into_iter().map(|(id, ok)| (w.checks.get(&id).cloned().unwrap_or(id), ok)).collect()
    }

    pub fn show_checks(&self, session: &Session) -> String {
        let open = pick(session.language, "not seen yet: ", "아직 확인되지 않음: ");
        let line = |(text, ok)| if ok { format!("✔ {text}\n") } else { format!("· {open}{text}\n") };
        self.check(session).into_iter().map(line).collect()
    }

    /// Whether the learner has given a known wrong answer just now.
    fn gave(&self, wrong: &Wrong, view: Option<&View>) -> bool {
        match &wrong.when {
            Some(cel) => view.is_some_and(|v| v.holds(cel) == Ok(true)),
            None => {
                let mut typed = self.typed.iter();
                wrong.lines.iter().all(|l| typed.any(|t| t == l.trim())) && typed.next().is_none()
            }
        }
    }

    /// What is said to a wrong answer.
    fn answer(&mut self, session: &Session) -> String {
        let view = self.view(session);
        let step = &self.lesson.steps[self.step];
        let known = step.wrong.iter().find(|x| self.gave(x, view.as_ref()) && !self.said.contains(&x.id));
        let Some(id) = known.map(|x| x.id.clone()) else { return String::new() };
        let text = self.words(session.language).wrong.get(&id).map(|t| format!("✗ {t}\n")).unwrap_or_default();
        self.said.insert(id);
        text
    }

    /// Whoever takes back what ended a step is in that step again.
    fn follow_back(&mut self, session: &Session) -> Option<String> {
        let next = session.cluster.world.ledger.next_id();
        let steps = self.starts.iter().rev().take_while(|s| s.from > next).count().min(self.starts.len() - 1);
        if steps == 0 {
            return None;
        }
        self.starts.truncate(self.starts.len() - steps);
        self.step -= steps;
        self.finished = false;
        Some(self.anew(session.language))
    }

    /// After each line: what was achieved, or what that was instead.
    pub fn after_line(&mut self, line: &str, session: &mut Session) -> String {
        if let Some(task) = self.follow_back(session) {
            return task;
        }
        let language = session.language;
        self.typed.push(line.trim().to_string());
        let results = self.check(session);
        if results.is_empty() || results.iter().any(|(_, ok)| !ok) {
            return self.answer(session);
        }
        let w = self.words(language);
        let mut out = String::new();
        if let (Some(right), Some(said)) = (&self.lesson.steps[self.step].answer, &self.predicted) {
            out.push_str(&if right == said {
                pick(language, "✔ as you predicted\n", "✔ 예상한 대로예요\n").to_string()
            } else {
                match language {
                    Language::English => format!("✗ you predicted {said}; it is {right}\n"),
                    Language::Korean => format!("✗ 예상은 {said}, 실제는 {right}\n"),
                }
            });
        }
        for (text, _) in &results {
            out.push_str(&format!("✔ {text}\n"));
        }
        if !w.after.is_empty() {
            out.push_str(&format!("\n{}\n", w.after));
        }
        out.push_str(&self.next(session));
        out
    }

    /// Goes on to the next step.
    fn next(&mut self, session: &Session) -> String {
        if self.step + 1 >= self.lesson.steps.len() {
            self.finished = true;
            return pick(
                session.language,
                "\nThat was the lesson. `learn` lists the others.\n",
                "\n수업을 마쳤어요. 다른 수업은 `learn`으로 볼 수 있어요.\n",
            )
            .into();
        }
        self.step += 1;
        self.starts.push(Start::here(session));
        self.anew(session.language)
    }

    /// Does the step for the learner.
    pub fn skip(&mut self, session: &mut Session) -> String {
        for l in self.lesson.steps[self.step].solution.clone() {
            session.eval(&l);
        }
        self.next(session)
    }
}
