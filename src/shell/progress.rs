//! How far somebody has come: lesson → steps done. A text of lines, kept by `edge/`.

use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress(BTreeMap<String, usize>);

impl Progress {
    /// Reads `NAME STEPS` lines; others are passed over.
    pub fn parse(text: &str) -> Progress {
        Progress(
            text.lines()
                .filter_map(|l| l.split_once(' '))
                .filter_map(|(n, s)| Some((n.to_string(), s.trim().parse().ok()?)))
                .collect(),
        )
    }

    pub fn text(&self) -> String {
        self.0.iter().map(|(n, s)| format!("{n} {s}\n")).collect()
    }

    /// Steps are never taken back.
    pub fn note(&mut self, lesson: &str, steps: usize) {
        if steps > 0 {
            let s = self.0.entry(lesson.into()).or_default();
            *s = (*s).max(steps);
        }
    }

    pub fn done(&self, lesson: &str) -> usize {
        self.0.get(lesson).copied().unwrap_or(0)
    }
}
