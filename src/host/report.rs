//! What a builder says of its progress: BuildKit's plain lines.
//! Docker: moby/buildkit, util/progress/progressui, solver/errdefs.

use std::fmt::Write as _;

use crate::api::Duration;

#[derive(Clone, Debug, Default)]
pub struct Report {
    pub text: String,
    steps: usize,
    /// The step that is under way, and what it said.
    name: String,
    said: Vec<String>,
}

fn seconds(d: Duration) -> String {
    format!("{:.1}s", d.as_secs_f64())
}

impl Report {
    pub fn new() -> Report {
        Report { text: "#0 building with \"default\" instance using docker driver\n\n".into(), ..Report::default() }
    }

    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "#{} {text}", self.steps);
    }

    pub fn begin(&mut self, name: &str) {
        self.steps += 1;
        (self.name, self.said) = (name.into(), vec![]);
        self.line(name);
    }

    pub fn say(&mut self, text: &str) {
        self.line(text);
    }

    /// What a command prints, after so long.
    pub fn print(&mut self, after: Duration, text: &str) {
        for l in text.lines() {
            let l = format!("{:.3} {l}", after.as_secs_f64());
            self.line(&l);
            self.said.push(l);
        }
    }

    pub fn done(&mut self, took: Duration) {
        self.line(&format!("DONE {}", seconds(took)));
        self.text.push('\n');
    }

    pub fn cached(&mut self) {
        self.line("CACHED");
        self.text.push('\n');
    }

    /// A step of its own that takes no time worth telling.
    pub fn note(&mut self, name: &str, said: &[&str]) {
        self.begin(name);
        said.iter().for_each(|s| self.line(s));
        self.done(Duration::ZERO);
    }

    /// The step has failed; with it, the build.
    pub fn fail(&mut self, why: &str) {
        self.line(&format!("ERROR: {why}"));
        let _ = write!(self.text, "------\n > {}:\n", self.name);
        for l in std::mem::take(&mut self.said) {
            self.text.push_str(&l);
            self.text.push('\n');
        }
        self.text.push_str("------\n");
    }

    /// Where in the Dockerfile something went wrong: the lines, with some around them.
    pub fn excerpt(&mut self, file: &str, source: &str, span: (usize, usize)) {
        const AROUND: usize = 4;
        let lines: Vec<&str> = source.split('\n').collect();
        let first = span.0.saturating_sub(AROUND).max(1);
        let last = (span.1 + AROUND).min(lines.len());
        let _ = write!(self.text, "{file}:{}\n--------------------\n", span.0);
        for n in first..=last {
            let sign = if (span.0..=span.1).contains(&n) { ">>>" } else { "   " };
            let _ = writeln!(self.text, " {n:>3} | {sign} {}", lines[n - 1].trim_end_matches('\r'));
        }
        self.text.push_str("--------------------\n");
    }

    pub fn error(&mut self, why: &str) {
        let _ = writeln!(self.text, "ERROR: failed to build: failed to solve: {why}");
    }
}
