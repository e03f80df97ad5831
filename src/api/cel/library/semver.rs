//! Versions of software: `1.2.3-beta.1+build`.
//! Real Kubernetes: k8s.io/apiserver/pkg/cel/library/semverlib.go; github.com/blang/semver.

use std::cmp::Ordering;

use super::super::value::{Error, Evaluated, Value};
use super::Opaque;
use crate::api::go_text::quoted;

/// Build metadata does not count in comparisons and is not kept.
#[derive(Clone, Debug)]
pub struct Semver {
    numbers: [u64; 3],
    before: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Word(String),
}

impl Semver {
    pub fn order(&self, other: &Semver) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.before.is_empty(), other.before.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            _ => self.before.cmp(&other.before),
        })
    }
}

fn number(text: &str, what: &str) -> Result<u64, String> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("Invalid character(s) found in {what} number {}", quoted(text)));
    }
    if text.len() > 1 && text.starts_with('0') {
        let what = what[..1].to_uppercase() + &what[1..];
        return Err(format!("{what} number must not contain leading zeroes {}", quoted(text)));
    }
    text.parse().map_err(|_| {
        let why = if text.is_empty() { "invalid syntax" } else { "value out of range" };
        format!("strconv.ParseUint: parsing {}: {why}", quoted(text))
    })
}

fn word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn parse(text: &str) -> Result<Semver, String> {
    if text.is_empty() {
        return Err("Version string empty".into());
    }
    let parts: Vec<&str> = text.splitn(3, '.').collect();
    let [major, minor, rest] = parts.as_slice() else { return Err("No Major.Minor.Patch elements found".into()) };
    let (major, minor) = (number(major, "major")?, number(minor, "minor")?);
    let (rest, build) = rest.split_once('+').map_or((*rest, None), |(r, b)| (r, Some(b)));
    let (patch, before) = rest.split_once('-').map_or((rest, None), |(p, b)| (p, Some(b)));
    let numbers = [major, minor, number(patch, "patch")?];
    let mut kept = vec![];
    for part in before.into_iter().flat_map(|b| b.split('.')) {
        kept.push(match part {
            "" => return Err("Prerelease is empty".into()),
            p if p.bytes().all(|b| b.is_ascii_digit()) => {
                if p.len() > 1 && p.starts_with('0') {
                    return Err(format!("Numeric PreRelease version must not contain leading zeroes {}", quoted(p)));
                }
                Part::Number(
                    p.parse().map_err(|_| format!("strconv.ParseUint: parsing {}: value out of range", quoted(p)))?,
                )
            }
            p if word(p) => Part::Word(p.into()),
            p => return Err(format!("Invalid character(s) found in prerelease {}", quoted(p))),
        });
    }
    for part in build.into_iter().flat_map(|b| b.split('.')) {
        if part.is_empty() {
            return Err("Build meta data is empty".into());
        }
        if !word(part) {
            return Err(format!("Invalid character(s) found in build meta data {}", quoted(part)));
        }
    }
    Ok(Semver { numbers, before: kept })
}

/// Also reads `v1.2` and `01.2.3`.
fn parse_loosely(text: &str) -> Result<Semver, String> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut parts: Vec<String> = text.splitn(3, '.').map(Into::into).collect();
    for p in parts.iter_mut().filter(|p| p.len() > 1) {
        let rest = p.trim_start_matches('0');
        *p = if rest.starts_with(|c: char| c.is_ascii_digit()) { rest.into() } else { format!("0{rest}") };
    }
    if parts.len() < 3 && parts.last().is_some_and(|p| p.contains(['+', '-'])) {
        return Err("short version cannot contain PreRelease/Build meta data".into());
    }
    parts.resize(3, "0".into());
    parse(&parts.join("."))
}

fn of(value: &Value) -> Option<&Semver> {
    match value {
        Value::Opaque(o) => match &**o {
            Opaque::Semver(v) => Some(v),
            _ => None,
        },
        _ => None,
    }
}

pub fn call(function: &str, args: &[Value]) -> Evaluated {
    let no = Error::no_such_overload;
    let read = |text: &str, loosely: bool| if loosely { parse_loosely(text) } else { parse(text) };
    let made = |v: Result<Semver, String>| match function {
        "isSemver" => Ok(Value::Bool(v.is_ok())),
        _ => Ok(Value::opaque(Opaque::Semver(v.map_err(Error::new)?))),
    };
    match args {
        [Value::String(s)] => made(read(s, false)),
        [Value::String(s), Value::Bool(loosely)] => made(read(s, *loosely)),
        [one] => {
            let v = of(one).ok_or_else(no)?;
            let number = match function {
                "major" => v.numbers[0],
                "minor" => v.numbers[1],
                _ => v.numbers[2],
            };
            Ok(Value::Int(number as i64))
        }
        [one, other] => {
            let order = of(one).ok_or_else(no)?.order(of(other).ok_or_else(no)?);
            Ok(match function {
                "isGreaterThan" => Value::Bool(order.is_gt()),
                "isLessThan" => Value::Bool(order.is_lt()),
                _ => Value::Int(order as i64),
            })
        }
        _ => Err(no()),
    }
}
