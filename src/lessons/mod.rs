//! Lessons: parse, run and check. The content lies in `lessons/` at the project's root: a directory each, with
//! `lesson.yaml` (steps, checks, solutions) and a text in each language.
//!
//! Start with [`Lesson`]; [`parse`] reads one, [`check`] looks at the cluster and at how it got there, [`proof`] shows for
//! every step that its check fails before, passes by the solution and by a second route, and fails on a known wrong
//! answer; [`player`] leads a learner through, and [`book`] makes pages of the same. To add a lesson: its directory, and its line in [`BUILT_IN`].
//!
//! Deliberately absent: files (texts are handed in), the terminal, and any knowledge of single lessons.

pub mod book;
pub mod check;
pub mod parse;
pub mod player;
pub mod proof;

use std::collections::BTreeMap;

pub use player::Player;

use crate::cluster::Options;

/// The sources of a lesson: its name, `lesson.yaml`, `en.md`, `ko.md`.
pub type Sources<'a> = (&'a str, &'a str, &'a str, &'a str);

macro_rules! lesson {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../lessons/", $name, "/lesson.yaml")),
            include_str!(concat!("../../lessons/", $name, "/en.md")),
            include_str!(concat!("../../lessons/", $name, "/ko.md")),
        )
    };
}

/// The course, in its order.
pub static BUILT_IN: &[Sources<'static>] =
    &[lesson!("first-deployment"), lesson!("pods-come-and-go"), lesson!("update-and-undo")];

#[derive(Clone, Debug)]
pub struct Lesson {
    pub name: String,
    pub order: i64,
    pub seeds: Vec<String>,
    pub options: Options,
    pub setup: Vec<String>,
    pub steps: Vec<Step>,
    pub english: Text,
    pub korean: Text,
}

#[derive(Clone, Debug)]
pub struct Step {
    pub id: String,
    /// The letter of the right prediction.
    pub answer: Option<String>,
    pub checks: Vec<Check>,
    pub solution: Vec<String>,
    pub second: Vec<String>,
    pub wrong: Vec<Wrong>,
}

#[derive(Clone, Debug)]
pub struct Check {
    pub id: String,
    pub cel: String,
}

/// A known wrong answer.
#[derive(Clone, Debug)]
pub struct Wrong {
    pub id: String,
    pub lines: Vec<String>,
    /// What the cluster is like after such an answer, in CEL: it is recognised by that, however it was typed. Without it,
    /// the lines themselves are what is recognised.
    pub when: Option<String>,
}

/// A lesson's words in one language.
#[derive(Clone, Debug, Default)]
pub struct Text {
    pub title: String,
    pub summary: String,
    pub intro: String,
    pub steps: BTreeMap<String, StepText>,
}

#[derive(Clone, Debug, Default)]
pub struct StepText {
    pub task: String,
    pub predict: String,
    pub checks: BTreeMap<String, String>,
    pub hints: Vec<String>,
    pub wrong: BTreeMap<String, String>,
    pub after: String,
}

impl Lesson {
    pub fn text(&self, language: crate::explain::Language) -> &Text {
        if language == crate::explain::Language::Korean { &self.korean } else { &self.english }
    }
}

/// All built-in lessons, in order.
pub fn course() -> Result<Vec<Lesson>, String> {
    let mut all = BUILT_IN.iter().map(parse::lesson).collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|l| l.order);
    Ok(all)
}
