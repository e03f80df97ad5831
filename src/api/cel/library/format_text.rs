//! `'%d of %s'.format([1, 'x'])`.
//! Real Kubernetes: cel-go/ext/formatting.go.

use super::super::ast::{Expr, Id, Kind};
use super::super::checker::Checked;
use super::super::convert::convert;
use super::super::types::Type;
use super::super::value::{List, Value};
use crate::api::go_text::quoted;

/// Digits after the point, if nothing else is said.
const PRECISION: usize = 6;
/// More digits than this are none of a number's.
const LONGEST: usize = 1000;

/// One piece of a format: text, or a clause with its precision.
enum Piece<'t> {
    Text(&'t str),
    Clause { letter: char, precision: Option<usize> },
}

/// Splits a format at its clauses and gives each to `take`.
fn pieces<'t>(format: &'t str, mut take: impl FnMut(Piece<'t>) -> Result<(), String>) -> Result<(), String> {
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        take(Piece::Text(&rest[..at]))?;
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            take(Piece::Text("%"))?;
            rest = after;
            continue;
        }
        let wrong = |why: String| format!("could not parse formatting clause: {why}");
        let mut precision = None;
        if let Some(after) = rest.strip_prefix('.') {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            if digits == after.len() {
                let why = "error while parsing precision: could not find end of precision specifier";
                return Err(wrong(why.into()));
            }
            let number = after[..digits].parse::<usize>().map_err(|_| {
                let why =
                    "error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing";
                wrong(format!("{why} {}: invalid syntax", quoted(&after[..digits])))
            })?;
            precision = Some(number.min(LONGEST));
            rest = &after[digits..];
        }
        let letter = rest.chars().next();
        // An end here is told after the argument is asked for.
        take(Piece::Clause { letter: letter.unwrap_or('\0'), precision })?;
        let Some(letter) = letter else { return Err("unexpected end of string".into()) };
        rest = &rest[letter.len_utf8()..];
    }
    take(Piece::Text(rest))
}

pub fn format(text: &str, args: &List) -> Result<String, String> {
    let (mut out, mut next) = (String::new(), 0);
    pieces(text, |piece| {
        match piece {
            Piece::Text(t) => out.push_str(t),
            Piece::Clause { letter, precision } => {
                let arg = args.items.get(next).ok_or_else(|| format!("index {next} out of range"))?;
                next += 1;
                if letter != '\0' {
                    out.push_str(&clause(letter, precision, arg)?);
                }
            }
        }
        Ok(())
    })?;
    Ok(out)
}

fn unknown_clause(letter: char) -> String {
    format!("could not parse formatting clause: unrecognized formatting clause {}", quoted(&letter.to_string()))
}

fn refused(letter: char, type_: &str) -> String {
    let why = match letter {
        's' => {
            "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps"
        }
        'd' => "decimal clause can only be used on integers",
        'f' => "fixed-point clause can only be used on doubles",
        'e' => "scientific clause can only be used on doubles",
        'b' => "only integers and bools can be formatted as binary",
        'o' => "octal clause can only be used on integers",
        _ => "only integers, byte buffers, and strings can be formatted as hex",
    };
    format!("error during formatting: {why}, was given {type_}")
}

fn clause(letter: char, precision: Option<usize>, arg: &Value) -> Result<String, String> {
    let digits = precision.unwrap_or(PRECISION);
    let signed = |i: i64, text: String| if i < 0 { format!("-{text}") } else { text };
    let shown = match (letter, arg) {
        ('s', _) => text(arg),
        ('d', Value::Int(i)) => Some(i.to_string()),
        ('d', Value::Uint(u)) => Some(u.to_string()),
        ('f', Value::Double(f)) => Some(fixed(*f, digits)),
        ('e', Value::Double(f)) => Some(scientific(*f, digits)),
        ('f' | 'e', Value::String(s)) if matches!(&**s, "NaN" | "Infinity" | "-Infinity") => {
            Some(s.replace("Infinity", "∞"))
        }
        ('b', Value::Int(i)) => Some(signed(*i, format!("{:b}", i.unsigned_abs()))),
        ('b', Value::Uint(u)) => Some(format!("{u:b}")),
        ('b', Value::Bool(b)) => Some(u8::from(*b).to_string()),
        ('o', Value::Int(i)) => Some(signed(*i, format!("{:o}", i.unsigned_abs()))),
        ('o', Value::Uint(u)) => Some(format!("{u:o}")),
        ('x' | 'X', Value::Int(i)) => Some(signed(*i, format!("{:x}", i.unsigned_abs()))),
        ('x' | 'X', Value::Uint(u)) => Some(format!("{u:x}")),
        ('x' | 'X', Value::String(s)) => Some(s.bytes().map(|b| format!("{b:02x}")).collect()),
        ('x' | 'X', Value::Bytes(all)) => Some(all.iter().map(|b| format!("{b:02x}")).collect()),
        ('d' | 'f' | 'e' | 'b' | 'o' | 'x' | 'X', _) => None,
        _ => return Err(unknown_clause(letter)),
    };
    let shown = shown.ok_or_else(|| refused(letter, &arg.type_of().name()))?;
    Ok(if letter == 'X' { shown.to_uppercase() } else { shown })
}

/// Thousands are told apart, as in English.
fn fixed(f: f64, digits: usize) -> String {
    if f.is_nan() {
        return "NaN".into();
    }
    if f.is_infinite() {
        return if f > 0.0 { "∞".into() } else { "-∞".into() };
    }
    let text = format!("{:.digits$}", f.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::from(if f.is_sign_negative() && f != 0.0 { "-" } else { "" });
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// `1.052033 × 10⁰³`
fn scientific(f: f64, digits: usize) -> String {
    if !f.is_finite() {
        return fixed(f, digits);
    }
    let text = format!("{f:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(("", exponent), |e| ("⁻", e));
    let raised: String =
        format!("{exponent:0>2}").chars().filter_map(|c| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(c.to_digit(10)? as usize)).collect();
    format!("{mantissa}×10{sign}{raised}")
}

/// What `%s` makes of a value, if it may.
fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "null".into(),
        Value::List(l) => {
            let items: Option<Vec<_>> = l.items.iter().map(inner).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Map(m) => {
            let mut pairs = vec![];
            for (key, v) in &m.entries {
                pairs.push(format!("{}:{}", inner(&key.value())?, inner(v)?));
            }
            pairs.sort();
            format!("{{{}}}", pairs.join(", "))
        }
        Value::Type(t) => t.name(),
        Value::Opaque(_) | Value::Optional(_) | Value::Struct(_) | Value::Unknown(_) | Value::Invalid(_) => {
            return None;
        }
        other => match convert("string", other).ok()? {
            Value::String(s) => s.to_string(),
            _ => return None,
        },
    })
}

/// The same within a list or a map.
fn inner(value: &Value) -> Option<String> {
    let plain = text(value)?;
    Some(match value {
        Value::String(_) => quoted(&plain),
        Value::Bytes(_) => format!("b{}", quoted(&plain)),
        Value::Timestamp(_) => format!("timestamp({})", quoted(&plain)),
        Value::Duration(_) => format!("duration({})", quoted(&plain)),
        Value::Double(f) if f.is_finite() => format!("{f:.PRECISION$}"),
        _ => plain,
    })
}

/// A value in an error's words.
pub fn shown(value: &Value) -> String {
    text(value).unwrap_or_else(|| value.type_of().name())
}

/// Judges the arguments of a format that stands in the expression itself: where it is wrong, and the words.
pub fn check_format(call: &Expr, checked: &Checked) -> Option<(Id, String)> {
    let Kind::Call { target: Some(target), args, .. } = &call.kind else { return None };
    let (Kind::Literal(Value::String(text)), [Expr { kind: Kind::List { elements, .. }, .. }]) =
        (&target.kind, args.as_slice())
    else {
        return None;
    };
    let (mut asked, mut at) = (0, call.id);
    let outcome = pieces(text, |piece| {
        let Piece::Clause { letter, .. } = piece else { return Ok(()) };
        let Some(arg) = elements.get(asked) else { return Err(format!("index {asked} out of range")) };
        asked += 1;
        if letter == '\0' {
            return Ok(());
        }
        match unfit(letter, arg, checked) {
            Ok(None) => Ok(()),
            Ok(Some((id, t))) => {
                at = id;
                Err(refused(letter, &t.name()))
            }
            Err(why) => Err(why),
        }
    });
    match outcome {
        // Go asks beyond the end of the literal list without a look.
        Err(why) if why.starts_with("index ") => Some((call.id, why)),
        Err(why) => Some((at, why)),
        Ok(()) if elements.len() > asked => {
            let count = elements.len();
            Some((call.id, format!("too many arguments supplied to string.format (expected {asked}, got {count})")))
        }
        Ok(()) => None,
    }
}

/// The argument, or the part of it, whose type the clause does not take.
fn unfit(letter: char, arg: &Expr, checked: &Checked) -> Result<Option<(Id, Type)>, String> {
    let t = checked.type_of(arg.id);
    let fits = match letter {
        _ if t.is_dyn() => true,
        's' => !matches!(t, Type::Struct(_) | Type::Opaque(..) | Type::Error | Type::Param(_)),
        'd' | 'o' => matches!(t, Type::Int | Type::Uint),
        'f' | 'e' => matches!(t, Type::Double | Type::String),
        'b' => matches!(t, Type::Int | Type::Uint | Type::Bool),
        'x' | 'X' => matches!(t, Type::Int | Type::Uint | Type::String | Type::Bytes),
        _ => return Err(unknown_clause(letter)),
    };
    if !fits {
        return Ok(Some((arg.id, t)));
    }
    let inner: Vec<&Expr> = match (&arg.kind, letter) {
        (Kind::List { elements, .. }, 's') => elements.iter().collect(),
        (Kind::Map(entries), 's') => entries.iter().flat_map(|e| [&e.key, &e.value]).collect(),
        _ => vec![],
    };
    for e in inner {
        if let Some(found) = unfit('s', e, checked)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
