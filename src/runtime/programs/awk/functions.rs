//! What `awk` has of functions.

use std::sync::Arc;

use super::super::moments;
use super::super::regex::{Matcher, Syntax};
use super::super::source::LONGEST;
use super::machine::{Blocked, Machine};
use super::values::{Value, formatted};
use crate::runtime::kernel::Sys;

/// A number that counts letters, from 1 on.
#[allow(clippy::cast_possible_truncation, reason = "too large numbers become the largest")]
fn rounded(n: f64) -> i64 {
    if n.is_nan() { 0 } else { (n + 0.5).floor() as i64 }
}

#[allow(clippy::cast_precision_loss, reason = "numbers of awk are floats")]
fn float(n: usize) -> f64 {
    n as f64
}

fn substr(text: &str, from: f64, length: Option<f64>) -> String {
    let from = rounded(from);
    let end = length.map_or(i64::MAX, |l| from.saturating_add(rounded(l)));
    let skip = usize::try_from((from - 1).max(0)).unwrap_or_default();
    let take = usize::try_from(end.saturating_sub(from.max(1)).max(0)).unwrap_or_default();
    text.chars().skip(skip).take(take).collect()
}

/// As busybox does it: what is before the text counts as its beginning, and parts of letters do not count.
#[allow(clippy::cast_possible_truncation, reason = "too large numbers become the largest")]
fn busybox_substr(text: &str, from: f64, length: Option<f64>) -> String {
    let skip = usize::try_from(((from - 1.0) as i64).max(0)).unwrap_or_default();
    let take = length.map_or(usize::MAX, |l| usize::try_from((l as i64).max(0)).unwrap_or_default());
    text.chars().skip(skip).take(take).collect()
}

impl Machine {
    /// Compiled once, as long as there are not too many.
    pub fn matcher(&mut self, text: &str) -> Result<Arc<Matcher>, Blocked> {
        if let Some(m) = self.matchers.get(text) {
            return Ok(m.clone());
        }
        if self.matchers.len() > 200 {
            self.matchers.clear();
        }
        let m = Matcher::new(text, Syntax::Extended, false).map_err(|e| Blocked::Error(format!("{e}: {text}")))?;
        let m = Arc::new(m);
        self.matchers.insert(text.into(), m.clone());
        Ok(m)
    }

    pub fn builtin(&mut self, name: &str, args: &[Value], sys: &mut Sys<'_>) -> Result<Value, Blocked> {
        let convfmt = self.convfmt();
        let text = |i: usize| args.get(i).map(|v| v.to_text(&convfmt)).unwrap_or_else(|| "".into());
        let number = |i: usize| args.get(i).map_or(0.0, Value::number);
        let n = |n: f64| Ok(Value::Number(n));
        match name {
            "atan2" => n(number(0).atan2(number(1))),
            "cos" => n(number(0).cos()),
            "exp" => n(number(0).exp()),
            "int" => n(number(0).trunc()),
            "log" => n(number(0).ln()),
            "sin" => n(number(0).sin()),
            "sqrt" => n(number(0).sqrt()),
            "rand" => {
                // The generator of a seed gives the same numbers every time, as the real ones do.
                self.seed.1 =
                    self.seed.1.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
                n((self.seed.1 >> 11) as f64 / (1u64 << 53) as f64)
            }
            "srand" => {
                let old = self.seed.0;
                let (seconds, _) = sys.now.unix_seconds_and_nanos();
                #[allow(clippy::cast_precision_loss, reason = "seconds")]
                let new = if args.is_empty() { seconds as f64 } else { number(0) };
                self.seed = (new, new.to_bits());
                n(old)
            }
            "systime" => {
                let (seconds, _) = sys.now.unix_seconds_and_nanos();
                #[allow(clippy::cast_precision_loss, reason = "seconds")]
                n(seconds as f64)
            }
            "strftime" => {
                let format = if args.is_empty() { "%a %b %e %H:%M:%S %Z %Y".into() } else { text(0) };
                #[allow(clippy::cast_possible_truncation, reason = "a moment")]
                let at = args.get(1).and_then(|v| jiff::Timestamp::from_second(v.number() as i64).ok());
                let at = at.unwrap_or_else(|| moments::of_time(sys.now)).to_zoned(jiff::tz::TimeZone::UTC);
                Ok(Value::text(jiff::fmt::strtime::format(&*format, &at).unwrap_or_default()))
            }
            "index" => {
                let t = text(0);
                n(t.find(&*text(1)).filter(|_| !text(1).is_empty()).map_or(0.0, |i| float(t[..i].chars().count() + 1)))
            }
            "length" => {
                let t = if args.is_empty() { self.field(0)?.to_text(&convfmt) } else { text(0) };
                n(float(t.chars().count()))
            }
            "substr" if !self.gnu => {
                Ok(Value::text(busybox_substr(&text(0), number(1), args.get(2).map(Value::number))))
            }
            "substr" => Ok(Value::text(substr(&text(0), number(1), args.get(2).map(Value::number)))),
            "tolower" => Ok(Value::text(text(0).to_lowercase())),
            "toupper" => Ok(Value::text(text(0).to_uppercase())),
            "sprintf" => match formatted(&text(0), args.get(1..).unwrap_or_default(), &convfmt) {
                made if made.len() > LONGEST => Err(Blocked::Error("out of memory".into())),
                made => Ok(Value::text(made)),
            },
            "match" => {
                let (t, m) = (text(0), self.matcher(&text(1))?);
                let (start, length) = match m.find_at(t.as_bytes(), 0) {
                    Some((a, b)) => (float(t[..a].chars().count() + 1), float(t[a..b].chars().count())),
                    None => (0.0, -1.0),
                };
                self.set_number("RSTART", start);
                self.set_number("RLENGTH", length);
                n(start)
            }
            "system" => self.system(&text(0), sys).map(Value::Number),
            "close" => self.close(&text(0), sys).map(Value::Number),
            "fflush" => self.flush_all(sys).map(|()| Value::Number(0.0)),
            _ => n(0.0),
        }
    }

    /// `sub` and `gsub`: how often, and what it made.
    pub fn substitute(&mut self, pattern: &str, with: &str, text: &str, all: bool) -> Result<(usize, String), Blocked> {
        let m = self.matcher(pattern)?;
        let bytes = text.as_bytes();
        let (mut out, mut at, mut copied, mut n): (Vec<u8>, usize, usize, usize) = (vec![], 0, 0, 0);
        while at <= bytes.len() && out.len() < LONGEST {
            let Some((from, to)) = m.find_at(bytes, at) else { break };
            // Nothing, right after something that matched, does not count.
            if to > from || n == 0 || from != copied {
                out.extend(&bytes[copied..from]);
                put(with, &bytes[from..to], &mut out);
                copied = to;
                n += 1;
                if !all {
                    break;
                }
            }
            at = if to > from { to } else { to + 1 };
        }
        out.extend(&bytes[copied..]);
        Ok((n, String::from_utf8_lossy(&out).into_owned()))
    }

    /// The pieces of a text.
    pub fn parts(&mut self, text: &str, separator: &str) -> Result<Vec<String>, Blocked> {
        if text.is_empty() {
            return Ok(vec![]);
        }
        let mut letters = separator.chars();
        Ok(match (letters.next(), letters.next()) {
            (None, _) => text.chars().map(String::from).collect(),
            (Some(' '), None) => text.split([' ', '\t', '\n']).filter(|p| !p.is_empty()).map(String::from).collect(),
            (Some('\\'), None) => text.split('\\').map(String::from).collect(),
            (Some(c), None) => text.split(c).map(String::from).collect(),
            _ => {
                let m = self.matcher(separator)?;
                let (mut out, mut at, mut from) = (vec![], 0, 0);
                while let Some((a, b)) = m.find_at(text.as_bytes(), at) {
                    if b > a {
                        out.push(text[from..a].to_string());
                        from = b;
                    }
                    at = b.max(at + 1);
                    if at > text.len() || !text.is_char_boundary(at) {
                        break;
                    }
                }
                out.push(text[from..].to_string());
                out
            }
        })
    }
}

/// A replacement: `&` is what matched, `\\&` the letter.
fn put(with: &str, matched: &[u8], out: &mut Vec<u8>) {
    let mut bytes = with.bytes().peekable();
    while let Some(b) = bytes.next() {
        match (b, bytes.peek()) {
            (b'\\', Some(b'&' | b'\\')) => out.extend(bytes.next()),
            (b'&', _) => out.extend(matched),
            _ => out.push(b),
        }
    }
}
