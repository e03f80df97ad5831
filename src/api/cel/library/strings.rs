//! Texts.
//! Real Kubernetes: cel-go/ext/strings.go (version 2), k8s.io/apiserver/pkg/cel/library/jsonpatch.go.

use super::super::value::{Error, Evaluated, HEAVIEST, Value};
use super::format_text::{format, shown};

fn out_of_range(index: i64) -> Error {
    Error::new(format!("index out of range: {index}"))
}

pub fn call(function: &str, args: &[Value]) -> Evaluated {
    let flag = |b: bool| Ok(Value::Bool(b));
    let text = |t: &str| Ok(Value::string(t));
    match (function, args) {
        ("contains", [Value::String(s), Value::String(t)]) => flag(s.contains(&**t)),
        ("startsWith", [Value::String(s), Value::String(t)]) => flag(s.starts_with(&**t)),
        ("endsWith", [Value::String(s), Value::String(t)]) => flag(s.ends_with(&**t)),
        ("lowerAscii", [Value::String(s)]) => text(&s.to_ascii_lowercase()),
        ("upperAscii", [Value::String(s)]) => text(&s.to_ascii_uppercase()),
        ("trim", [Value::String(s)]) => text(s.trim()),
        ("strings.quote", [Value::String(s)]) => text(&quote(s)),
        ("jsonpatch.escapeKey", [Value::String(s)]) => text(&s.replace('~', "~0").replace('/', "~1")),
        ("format", [Value::String(s), Value::List(l)]) => format(s, l).map(|t| Value::string(&t)).map_err(Error::new),
        ("charAt", [Value::String(s), Value::Int(i)]) => char_at(s, *i),
        ("substring", [Value::String(s), Value::Int(from)]) => substring(s, *from, None),
        ("substring", [Value::String(s), Value::Int(from), Value::Int(to)]) => substring(s, *from, Some(*to)),
        ("replace", [Value::String(s), Value::String(old), Value::String(new), ..])
            if (s.matches(&**old).count() as u64).saturating_mul(new.len() as u64) / 16 > HEAVIEST =>
        {
            Err(Error::TooCostly)
        }
        ("replace", [Value::String(s), Value::String(old), Value::String(new)]) => text(&s.replace(&**old, new)),
        ("replace", [Value::String(s), Value::String(old), Value::String(new), Value::Int(n)]) => {
            text(&match usize::try_from(*n) {
                Ok(n) => s.replacen(&**old, new, n),
                Err(_) => s.replace(&**old, new),
            })
        }
        ("split", [Value::String(s), Value::String(by)]) => Ok(split(s, by, -1)),
        ("split", [Value::String(s), Value::String(by), Value::Int(n)]) => Ok(split(s, by, *n)),
        ("join", [Value::List(l), Value::String(by)])
            if (l.items.len() as u64).saturating_mul(by.len() as u64) / 16 > HEAVIEST =>
        {
            Err(Error::TooCostly)
        }
        ("join", [Value::List(l)]) => join(l.items.iter(), ""),
        ("join", [Value::List(l), Value::String(by)]) => join(l.items.iter(), by),
        ("indexOf", [Value::String(s), Value::String(t)]) => index_of(s, t, 0),
        ("indexOf", [Value::String(s), Value::String(t), Value::Int(from)]) => index_of(s, t, *from),
        ("lastIndexOf", [Value::String(s), Value::String(t)]) => {
            let size = i64::try_from(s.chars().count()).unwrap_or(i64::MAX);
            match () {
                () if t.is_empty() => Ok(Value::Int(size)),
                () if s.len() < t.len() => Ok(Value::Int(-1)),
                () => last_index_of(s, t, size - 1),
            }
        }
        ("lastIndexOf", [Value::String(s), Value::String(t), Value::Int(from)]) => last_index_of(s, t, *from),
        _ => Err(Error::no_such_overload()),
    }
}

fn char_at(s: &str, i: i64) -> Evaluated {
    let size = s.chars().count();
    match usize::try_from(i) {
        Ok(i) if i <= size => Ok(Value::string(&s.chars().skip(i).take(1).collect::<String>())),
        _ => Err(out_of_range(i)),
    }
}

fn substring(s: &str, from: i64, to: Option<i64>) -> Evaluated {
    let size = i64::try_from(s.chars().count()).unwrap_or(i64::MAX);
    let end = to.unwrap_or(size);
    if to.is_some() && from > end {
        return Err(Error::new(format!("invalid substring range. start: {from}, end: {end}")));
    }
    for i in [from, end] {
        if i < 0 || i > size {
            return Err(out_of_range(i));
        }
    }
    let (skip, take) = (usize::try_from(from).unwrap_or(0), usize::try_from(end - from).unwrap_or(0));
    Ok(Value::string(&s.chars().skip(skip).take(take).collect::<String>()))
}

/// Go's SplitN: at most `n` pieces, all of them if it is negative.
fn split(s: &str, by: &str, n: i64) -> Value {
    let pieces: Vec<String> = match (n, by) {
        (0, _) => vec![],
        (_, "") => {
            let mut all: Vec<String> = s.chars().map(String::from).collect();
            if let Some(most) = usize::try_from(n).ok().filter(|most| *most < all.len()) {
                let rest = all.split_off(most - 1).concat();
                all.push(rest);
            }
            all
        }
        (n, by) if n < 0 => s.split(by).map(Into::into).collect(),
        (n, by) => s.splitn(usize::try_from(n).unwrap_or(usize::MAX), by).map(Into::into).collect(),
    };
    Value::list(pieces.iter().map(|p| Value::string(p)))
}

fn join<'v>(items: impl Iterator<Item = &'v Value>, by: &str) -> Evaluated {
    let mut out = String::new();
    for (i, item) in items.enumerate() {
        let Value::String(s) = item else {
            return Err(Error::new(format!("join: invalid input: {}", shown(item))));
        };
        if i > 0 {
            out.push_str(by);
        }
        out.push_str(s);
    }
    Ok(Value::string(&out))
}

fn index_of(s: &str, t: &str, from: i64) -> Evaluated {
    if t.is_empty() {
        return Ok(Value::Int(from));
    }
    let skip = usize::try_from(from).map_err(|_| out_of_range(from))?;
    let Some((start, _)) = s.char_indices().nth(skip) else { return Ok(Value::Int(-1)) };
    Ok(Value::Int(match s[start..].find(t) {
        Some(at) => from + i64::try_from(s[start..start + at].chars().count()).unwrap_or(0),
        None => -1,
    }))
}

fn last_index_of(s: &str, t: &str, from: i64) -> Evaluated {
    if t.is_empty() {
        return Ok(Value::Int(from));
    }
    let skip = usize::try_from(from).map_err(|_| out_of_range(from))?;
    let Some((start, _)) = s.char_indices().nth(skip) else { return Ok(Value::Int(-1)) };
    // A find may start there at the latest.
    let end = (start + t.len()).min(s.len());
    let end = (end..=s.len()).find(|e| s.is_char_boundary(*e)).unwrap_or(s.len());
    let last = s[..end].rmatch_indices(t).map(|(at, _)| at).find(|at| *at <= start);
    Ok(Value::Int(last.and_then(|at| i64::try_from(s[..at].chars().count()).ok()).unwrap_or(-1)))
}

fn quote(s: &str) -> String {
    let mut out = String::from("\"");
    for c in s.chars() {
        match c {
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
