//! Texts, numbers and JSON as Go writes them, where that differs from Rust's way: quoted strings, escaped characters, exponents.
//!
//! Real Kubernetes: Go's `strconv`, `fmt` and `encoding/json`.

use std::fmt::Write;

use serde_json::{Number, Value};

/// A text in double quotes, as `%q` prints it.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if is_printable(c) => out.push(c),
            c => escape(c, &mut out),
        }
    }
    out.push('"');
    out
}

/// Whether Go prints it as it is. Rust escapes the same characters, once a mark has a letter to combine with.
pub fn is_printable(c: char) -> bool {
    (' '..='~').contains(&c) || (!c.is_ascii() && !format!("a{c}").escape_debug().any(|c| c == '\\'))
}

fn escape(c: char, out: &mut String) {
    let n = u32::from(c);
    // Writing into a String cannot fail.
    let _ = match n {
        0..0x80 => write!(out, "\\x{n:02x}"),
        0x80..0x1_0000 => write!(out, "\\u{n:04x}"),
        _ => write!(out, "\\U{n:08x}"),
    };
}

/// A number as `%v` prints it: whole ones plain, others with an exponent where they are large or small.
pub fn number(n: &Number) -> String {
    // What is too large for an int64 was read as a float64.
    if n.is_i64() { n.to_string() } else { float(n.as_f64().unwrap_or(0.0)) }
}

/// A `float64` as `%v` prints it: `0.5`, `1e+06`.
pub fn float(f: f64) -> String {
    if f == 0.0 {
        return if f.is_sign_negative() { "-0".into() } else { "0".into() };
    }
    let (mantissa, exponent) = parts(f);
    if (-4..6).contains(&exponent) { format!("{f}") } else { with_exponent(&mantissa, exponent) }
}

/// The shortest digits that read back as the number, and the power of ten: `1.5e3` is `("1.5", 3)`.
fn parts(f: f64) -> (String, i32) {
    let text = format!("{f:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.into(), exponent.parse().unwrap_or(0))
}

/// Go writes at least two digits and always a sign.
fn with_exponent(mantissa: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// JSON in one line. Go also escapes what could end a script in an HTML page.
pub fn json(value: &Value) -> String {
    escaped(&plain_json(value))
}

/// The same where Go was told not to escape that.
pub fn plain_json(value: &Value) -> String {
    match value {
        Value::Number(n) if n.is_f64() => json_float(n.as_f64().unwrap_or(0.0)),
        Value::Array(items) => format!("[{}]", items.iter().map(plain_json).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let pair = |(key, v): (&String, &Value)| format!("{}:{}", Value::from(key.as_str()), plain_json(v));
            format!("{{{}}}", map.iter().map(pair).collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}

/// A `float64` in JSON.
pub fn json_float(f: f64) -> String {
    let (mantissa, exponent) = parts(f);
    match f {
        0.0 => "0".into(),
        // JSON alone strikes the zero of `e-09`.
        _ if exponent < -6 => format!("{mantissa}e{exponent}"),
        _ if exponent >= 21 => format!("{mantissa}e+{exponent}"),
        _ => format!("{f}"),
    }
}

/// JSON that is written already, escaped as Go does. These characters stand in strings only.
pub fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Makes every whole number of a value one without a fraction, however it came: so Go writes it, and reads it again.
pub fn plain_numbers(value: &mut Value) {
    match value {
        Value::Number(n) if n.is_f64() => {
            if let Ok(plain) = json_float(n.as_f64().unwrap_or(0.0)).parse::<i64>() {
                *value = plain.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(plain_numbers),
        Value::Object(map) => map.values_mut().for_each(plain_numbers),
        _ => {}
    }
}

/// Why Go's `strconv.ParseInt` reads no `int64` from a text, if it does not.
pub fn unreadable_int(text: &str) -> Option<String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let why = match text.parse::<i64>() {
        Ok(_) => return None,
        Err(_) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => "value out of range",
        Err(_) => "invalid syntax",
    };
    Some(format!("strconv.ParseInt: parsing {}: {why}", quoted(text)))
}

/// A number as `strconv.ParseInt` reads it where the text says the base: `0x1f`, `0b1`, `017`, `1_000`.
///
/// # Errors
/// What Go says of a text that is none.
pub fn int_of_any_base(text: &str) -> Result<i64, String> {
    let refused = |why: &str| Err(format!("strconv.ParseInt: parsing {}: {why}", quoted(text)));
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    // An underscore stands between digits, or between the base and them.
    let begins = if base == 10 { digits } else { digits.strip_prefix('_').unwrap_or(digits) };
    let bare = begins.replace('_', "");
    let parted = !begins.starts_with('_') && !begins.ends_with('_') && !begins.contains("__");
    if !parted || bare.is_empty() || !bare.chars().all(|c| c.is_digit(base)) {
        return refused("invalid syntax");
    }
    i64::from_str_radix(&[sign, &bare].concat(), base).or_else(|_| refused("value out of range"))
}

/// A value as Go's `%v` prints it.
pub fn plain(v: &Value) -> String {
    match v {
        Value::Null => "<nil>".into(),
        Value::Number(n) => number(n),
        Value::String(s) => s.clone(),
        Value::Bool(b) => b.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::Object(m) => {
            format!("map[{}]", m.iter().map(|(k, v)| format!("{k}:{}", plain(v))).collect::<Vec<_>>().join(" "))
        }
    }
}

/// A value as Go's `%#v` prints it.
pub fn syntax(v: &Value) -> String {
    let many = |parts: Vec<String>| parts.join(", ");
    match v {
        Value::Null => "interface {}(nil)".into(),
        Value::String(s) => quoted(s),
        Value::Array(items) => format!("[]interface {{}}{{{}}}", many(items.iter().map(syntax).collect())),
        Value::Object(m) => {
            let entries = m.iter().map(|(k, v)| format!("{}:{}", quoted(k), syntax(v)));
            format!("map[string]interface {{}}{{{}}}", many(entries.collect()))
        }
        other => plain(other),
    }
}

/// The Go type that a value of a document has.
pub fn type_name(v: &Value) -> &'static str {
    match v {
        Value::Null => "<nil>",
        Value::Number(n) if n.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_go_quotes_them() {
        for (text, want) in [
            ("a b", r#""a b""#),
            ("a\"b\\", r#""a\"b\\""#),
            ("\u{1}\u{7f}\u{0}", r#""\x01\x7f\x00""#),
            ("가 é e\u{301}", "\"가 é e\u{301}\""),
            ("\u{a0}\u{200b}\n", r#""\u00a0\u200b\n""#),
            ("it's", "\"it's\""),
        ] {
            assert_eq!(quoted(text), want);
        }
    }

    #[test]
    fn numbers_are_printed_as_go_prints_them() {
        for (f, printed, in_json) in [
            (1.0, "1", "1"),
            (0.5, "0.5", "0.5"),
            (1e6, "1e+06", "1000000"),
            (123_456_789.0, "1.23456789e+08", "123456789"),
            (0.000_01, "1e-05", "0.00001"),
            (1e21, "1e+21", "1e+21"),
            (1.5e-7, "1.5e-07", "1.5e-7"),
            (-2.25, "-2.25", "-2.25"),
        ] {
            assert_eq!(float(f), printed);
            assert_eq!(json_float(f), in_json);
        }
    }

    #[test]
    fn json_is_safe_in_html() {
        assert_eq!(json(&serde_json::json!({"a": ["<a>&", 1.0]})), r#"{"a":["\u003ca\u003e\u0026",1]}"#);
    }
}
