//! Values as jq prints them.

use jaq_json::{Num, Val};

pub struct Layout {
    /// One step to the right; without, all stands on one line.
    pub indent: Option<String>,
    pub sorted: bool,
    pub ascii: bool,
}

impl Default for Layout {
    fn default() -> Layout {
        Layout { indent: Some("  ".into()), sorted: false, ascii: false }
    }
}

/// All on one line.
pub fn compact(v: &Val) -> String {
    let mut out = vec![];
    value(&mut out, v, &Layout { indent: None, ..Layout::default() });
    String::from_utf8_lossy(&out).into_owned()
}

pub fn value(out: &mut Vec<u8>, v: &Val, layout: &Layout) {
    put(out, v, layout, 0);
}

fn line(out: &mut Vec<u8>, layout: &Layout, level: usize) {
    if let Some(indent) = &layout.indent {
        out.push(b'\n');
        (0..level).for_each(|_| out.extend(indent.bytes()));
    }
}

fn put(out: &mut Vec<u8>, v: &Val, layout: &Layout, level: usize) {
    match v {
        Val::Null => out.extend(b"null"),
        Val::Bool(b) => out.extend(b.to_string().bytes()),
        Val::Num(n) => out.extend(number(n).bytes()),
        Val::TStr(s) | Val::BStr(s) => string(out, s, layout.ascii),
        Val::Arr(a) if a.is_empty() => out.extend(b"[]"),
        Val::Obj(o) if o.is_empty() => out.extend(b"{}"),
        Val::Arr(a) => {
            out.push(b'[');
            for (i, x) in a.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                line(out, layout, level + 1);
                put(out, x, layout, level + 1);
            }
            line(out, layout, level);
            out.push(b']');
        }
        Val::Obj(o) => {
            out.push(b'{');
            let mut all: Vec<(&Val, &Val)> = o.iter().collect();
            if layout.sorted {
                all.sort_by_key(|(k, _)| *k);
            }
            for (i, (k, x)) in all.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                line(out, layout, level + 1);
                put(out, k, layout, level + 1);
                out.push(b':');
                if layout.indent.is_some() {
                    out.push(b' ');
                }
                put(out, x, layout, level + 1);
            }
            line(out, layout, level);
            out.push(b'}');
        }
    }
}

fn string(out: &mut Vec<u8>, s: &[u8], ascii: bool) {
    out.push(b'"');
    for l in String::from_utf8_lossy(s).chars() {
        match l {
            '"' => out.extend(b"\\\""),
            '\\' => out.extend(b"\\\\"),
            '\n' => out.extend(b"\\n"),
            '\t' => out.extend(b"\\t"),
            '\r' => out.extend(b"\\r"),
            '\u{8}' => out.extend(b"\\b"),
            '\u{c}' => out.extend(b"\\f"),
            l if l < ' ' || l == '\u{7f}' => out.extend(format!("\\u{:04x}", u32::from(l)).bytes()),
            l if ascii && !l.is_ascii() => {
                l.encode_utf16(&mut [0; 2]).iter().for_each(|u| out.extend(format!("\\u{u:04x}").bytes()));
            }
            l => out.extend(l.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    out.push(b'"');
}

/// What comes from a text stays as it was; what was calculated has as many digits as it needs.
pub fn number(n: &Num) -> String {
    match n {
        Num::Float(f) => float(*f),
        Num::Dec(d) if d.parse::<f64>().is_ok_and(f64::is_infinite) => float(d.parse().unwrap_or(0.0)),
        other => other.to_string(),
    }
}

fn float(f: f64) -> String {
    if f.is_nan() {
        return "null".into();
    }
    let f = f.clamp(f64::MIN, f64::MAX);
    if f == 0.0 {
        return if f.is_sign_negative() { "-0".into() } else { "0".into() };
    }
    // The digits, and where the point stands.
    let text = format!("{:e}", f.abs());
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = digits.replace('.', "");
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let sign = if f < 0.0 { "-" } else { "" };
    let count = i32::try_from(digits.len()).unwrap_or(17);
    if point <= -5 || point > count + 15 {
        let exponent = point - 1;
        let (first, rest) = digits.split_at(1);
        let rest = if rest.is_empty() { String::new() } else { format!(".{rest}") };
        let mark = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{first}{rest}e{mark}{:02}", exponent.abs());
    }
    let all = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    match point {
        p if p <= 0 => format!("{sign}0.{}{digits}", all(-p)),
        p if p >= count => format!("{sign}{digits}{}", all(p - count)),
        p => {
            let (whole, part) = digits.split_at(usize::try_from(p).unwrap_or(0));
            format!("{sign}{whole}.{part}")
        }
    }
}
