//! Programs that take their time.

use super::{Printing, Start, flush};
use crate::api::{Duration, Time};
use crate::runtime::kernel::{Program, Step, Sys, Wait};

/// A time as `sleep` takes it: `5`, `0.5`, `2m`, `infinity`.
pub fn duration(text: &str) -> Option<Duration> {
    if text == "infinity" || text == "inf" {
        return Some(Duration::from_secs(86_400 * 365 * 100));
    }
    let (number, unit) = match text.char_indices().last()? {
        (i, 's') => (&text[..i], 1.0),
        (i, 'm') => (&text[..i], 60.0),
        (i, 'h') => (&text[..i], 3_600.0),
        (i, 'd') => (&text[..i], 86_400.0),
        _ => (text, 1.0),
    };
    let seconds: f64 = number.parse().ok().filter(|n: &f64| *n >= 0.0)?;
    Some(Duration::try_from_secs_f64((seconds * unit).min(4e9)).unwrap_or(Duration::from_secs(4_000_000_000)))
}

#[derive(Clone)]
struct Sleep {
    length: Duration,
    until: Option<Time>,
}

impl Program for Sleep {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        let until = *self.until.get_or_insert(sys.now + self.length);
        if sys.now >= until { Step::Exit(0) } else { Step::Wait(Wait::until(until)) }
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

pub fn sleep(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    if s.words.len() < 2 {
        return Box::new(Printing::error("sleep: missing operand\n", 1));
    }
    let mut length = Duration::ZERO;
    for w in &s.words[1..] {
        match duration(w) {
            Some(d) => length += d,
            None => return Box::new(Printing::error(format!("sleep: invalid number '{w}'\n"), 1)),
        }
    }
    Box::new(Sleep { length, until: None })
}

/// The same in millionths of a second.
pub fn usleep(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    match s.words.get(1).and_then(|w| w.parse::<u64>().ok()) {
        Some(n) => Box::new(Sleep { length: Duration::from_micros(n), until: None }),
        None => Box::new(Printing::error("usleep: missing operand\n", 1)),
    }
}

/// `yes`: the same line for ever.
#[derive(Clone)]
struct Yes {
    line: Vec<u8>,
    out: Vec<u8>,
}

impl Program for Yes {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if let Some(step) = flush(&mut self.out, &mut vec![], sys) {
            return step;
        }
        self.out = self.line.repeat(4096usize.div_ceil(self.line.len()));
        flush(&mut self.out, &mut vec![], sys).unwrap_or(Step::Again)
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

pub fn yes(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let text = if s.words.len() > 1 { s.words[1..].join(" ") } else { "y".into() };
    Box::new(Yes { line: (text + "\n").into_bytes(), out: vec![] })
}
