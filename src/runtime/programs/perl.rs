//! `perl`, as far as Kubernetes' documentation goes with it: `perl -Mbignum=bpi -wle 'print bpi(2000)'`, which keeps a Job busy with
//! the digits of π, and one-liners that print texts. Other programs are not executed, and that is said.

use num_bigint::BigInt;

use super::{Printing, Start, absent};
use crate::api::{Duration, Time};
use crate::runtime::kernel::{Program, Step, Sys, Wait};

/// More digits would be no exercise.
const MOST_DIGITS: u32 = 20_000;

pub fn start(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let Some(line) = Line::read(&s.words[1..]) else { return absent::start(s) };
    if line.version {
        let text = "\nThis is perl 5, version 40, subversion 0 (v5.40.0) built for x86_64-linux-gnu\n\n";
        return Box::new(Printing { out: text.into(), err: vec![], code: 0 });
    }
    let Some(printed) =
        line.code.split(';').map(str::trim).filter(|c| !c.is_empty()).map(said).collect::<Option<Vec<_>>>()
    else {
        return absent::start(s);
    };
    let end = if line.ends_lines { "\n" } else { "" };
    let digits = printed.iter().map(|p| p.digits).max().unwrap_or(0);
    let out = printed.iter().map(|p| format!("{}{end}", p.text)).collect::<String>().into_bytes();
    Box::new(Work { cost: cost(digits), until: None, out })
}

/// The options of a one-liner.
struct Line {
    code: String,
    ends_lines: bool,
    version: bool,
}

impl Line {
    /// `None`: it is a script's name, or there is none.
    fn read(words: &[String]) -> Option<Line> {
        let mut line = Line { code: String::new(), ends_lines: false, version: false };
        let mut words = words.iter();
        while let Some(w) = words.next() {
            let letters = w.strip_prefix('-')?;
            if letters.starts_with('M') {
                continue;
            }
            for (i, c) in letters.char_indices() {
                match c {
                    'l' => line.ends_lines = true,
                    'v' => line.version = true,
                    'w' => {}
                    'e' | 'E' => {
                        let here = &letters[i + 1..];
                        line.code = if here.is_empty() { words.next()?.clone() } else { here.into() };
                        return Some(line);
                    }
                    _ => return None,
                }
            }
        }
        line.version.then_some(line)
    }
}

struct Said {
    text: String,
    digits: u32,
}

/// What a statement prints. `None`: it is one that is not known here.
fn said(statement: &str) -> Option<Said> {
    let what = statement.strip_prefix("print")?.trim();
    if let Some(n) = what.strip_prefix("bpi(").and_then(|n| n.strip_suffix(')')) {
        let digits = n.trim().parse().ok().filter(|n| (1..=MOST_DIGITS).contains(n))?;
        return Some(Said { text: pi(digits), digits });
    }
    let text = ['"', '\''].into_iter().find_map(|q| what.strip_prefix(q)?.strip_suffix(q))?;
    let plain = !text.contains(['$', '@']);
    plain.then(|| Said { text: text.replace("\\n", "\n").replace("\\t", "\t"), digits: 0 })
}

/// So long a processor takes for it with Perl's own big numbers.
fn cost(digits: u32) -> Duration {
    Duration::from_micros(u64::from(digits) * u64::from(digits) / 2)
}

/// The arc tangent of 1/n, times `one`.
fn arctan(n: u32, one: &BigInt) -> BigInt {
    let mut power = one / n;
    let mut sum = power.clone();
    let (square, mut k, mut minus) = (n * n, 3u32, true);
    while power != BigInt::ZERO {
        power /= square;
        let term = &power / k;
        if minus {
            sum -= term
        } else {
            sum += term
        }
        (k, minus) = (k + 2, !minus);
    }
    sum
}

/// π to so many digits, the last one rounded. Machin's formula.
fn pi(digits: u32) -> String {
    const GUARD: u32 = 10;
    let one = BigInt::from(10).pow(digits + GUARD);
    let pi: BigInt = (arctan(5, &one) * 4 - arctan(239, &one)) * 4;
    let half = BigInt::from(5) * BigInt::from(10).pow(GUARD);
    let text = ((pi + half) / BigInt::from(10).pow(GUARD + 1)).to_string();
    if digits == 1 { text } else { format!("{}.{}", &text[..1], &text[1..]) }
}

/// It works, prints, and ends.
#[derive(Clone)]
struct Work {
    cost: Duration,
    until: Option<Time>,
    out: Vec<u8>,
}

impl Program for Work {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        let until = match self.until {
            Some(until) => until,
            None => *self.until.insert(sys.work(self.cost)),
        };
        if sys.now < until {
            return Step::Wait(Wait::until(until));
        }
        let printing = Printing { out: std::mem::take(&mut self.out), err: vec![], code: 0 };
        Step::Become(Box::new(printing), sys.words(), Default::default())
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pi_is_what_it_is() {
        assert_eq!(
            (pi(1).as_str(), pi(2).as_str(), pi(5).as_str(), pi(8).as_str()),
            ("3", "3.1", "3.1416", "3.1415927")
        );
        // Feynman's point.
        assert!(pi(1_000).contains("134999999837297804995"));
        assert_eq!(pi(2_000).len(), 2_001);
    }

    #[test]
    fn other_programs_are_not_pretended_to_run() {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        assert!(Line::read(&words("script.pl")).is_none());
        assert!(said("print $x").is_none() && said("print \"$x\"").is_none() && said("system('ls')").is_none());
        assert_eq!(said("print \"hi\\n\"").map(|s| s.text).as_deref(), Some("hi\n"));
    }
}
