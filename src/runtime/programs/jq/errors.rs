//! What went wrong, in jq's words: jaq has others for the same.

use jaq_json::Val;

use super::input;
use super::print::compact;

fn kind(v: &Val) -> &'static str {
    match v {
        Val::Null => "null",
        Val::Bool(_) => "boolean",
        Val::Num(_) => "number",
        Val::TStr(_) | Val::BStr(_) => "string",
        Val::Arr(_) => "array",
        Val::Obj(_) => "object",
    }
}

/// A long value is cut off.
const LONGEST: usize = 11;

/// `number (5)`
pub fn shown(v: &Val) -> String {
    let text = compact(v);
    let text = match text.chars().count() > LONGEST {
        true => text.chars().take(LONGEST - 1).collect::<String>() + "...",
        false => text,
    };
    format!("{} ({text})", kind(v))
}

/// An error of jaq's as jq says it.
pub fn translated(text: &str) -> String {
    let value = |t: &str| input::single(t.as_bytes());
    if let Some((what, wanted)) = text.strip_prefix("cannot use ").and_then(|t| t.rsplit_once(" as "))
        && let Some(v) = value(what)
    {
        return match wanted {
            "iterable (array or object)" => match v {
                Val::Null => "Cannot iterate over null (null)".into(),
                v => format!("Cannot iterate over {}", shown(&v)),
            },
            "array" => format!("{} cannot be sorted, as it is not an array", shown(&v)),
            "number" | "integer" => format!("{} number required", shown(&v)),
            "string" => format!("{} cannot be matched, as it is not a string", shown(&v)),
            "rangeable (array or string)" => format!("Cannot index {} with object", kind(&v)),
            _ => text.into(),
        };
    }
    if let Some(rest) = text.strip_prefix("cannot index ")
        && let Some((of, by)) = parted(rest, " with ")
    {
        return indexed(&of, &by);
    }
    if let Some(rest) = text.strip_prefix("cannot calculate ") {
        let all = [("+", "added"), ("-", "subtracted"), ("*", "multiplied"), ("/", "divided"), ("%", "divided")];
        for (sign, verb) in all {
            if let Some((l, r)) = parted(rest, &format!(" {sign} ")) {
                return format!("{} and {} cannot be {verb}", shown(&l), shown(&r));
            }
        }
    }
    if let Some(v) = text.strip_suffix(" has no length").and_then(value) {
        return format!("{} has no length", shown(&v));
    }
    text.into()
}

pub fn indexed(of: &Val, by: &Val) -> String {
    match by {
        Val::TStr(s) => format!("Cannot index {} with \"{}\"", kind(of), String::from_utf8_lossy(s)),
        by => format!("Cannot index {} with {}", kind(of), kind(by)),
    }
}

/// Two values with something between: it may stand in the values as well.
fn parted(text: &str, between: &str) -> Option<(Val, Val)> {
    text.match_indices(between).find_map(|(at, _)| {
        let (l, r) = (&text[..at], &text[at + between.len()..]);
        Some((input::single(l.as_bytes())?, input::single(r.as_bytes())?))
    })
}
