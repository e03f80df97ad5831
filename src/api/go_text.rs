//! Texts and JSON as Go writes them, where that differs from Rust's way: quoted strings and escaped characters.
//!
//! Real Kubernetes: Go's `strconv.Quote` and `encoding/json`.

use std::fmt::Write;

use serde_json::Value;

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

/// Rust escapes what cannot be printed, and marks that combine with the letter before, which Go prints.
fn is_printable(c: char) -> bool {
    (' '..='~').contains(&c) || (!c.is_ascii() && c.escape_debug().len() == 1)
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

/// JSON in one line. Go also escapes what could end a script in an HTML page.
pub fn json(value: &Value) -> String {
    escaped(&value.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_go_quotes_them() {
        for (text, want) in [
            ("a b", r#""a b""#),
            ("a\"b\\", r#""a\"b\\""#),
            ("\u{1}\u{7f}\u{0}", r#""\x01\x7f\x00""#),
            ("가 é", "\"가 é\""),
            ("\u{a0}\u{200b}\n", r#""\u00a0\u200b\n""#),
            ("it's", "\"it's\""),
        ] {
            assert_eq!(quoted(text), want);
        }
    }

    #[test]
    fn json_is_safe_in_html() {
        assert_eq!(json(&serde_json::json!(["<a>&"])), r#"["\u003ca\u003e\u0026"]"#);
    }
}
