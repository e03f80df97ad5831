//! KYAML: YAML in braces and quotes, which leaves nothing to guess.
//! Real Kubernetes: sigs.k8s.io/yaml/kyaml/kyaml.go.

use serde_json::Value;

use super::go_text::{self, is_printable};
use super::yaml;

/// Prints a value as `kubectl -o kyaml` does.
pub fn print(v: &Value) -> String {
    let mut out = String::from("---\n");
    node(v, 0, &mut out);
    out.push('\n');
    out
}

fn indent(by: usize, out: &mut String) {
    out.push_str(&"  ".repeat(by));
}

fn node(v: &Value, depth: usize, out: &mut String) {
    match v {
        Value::String(s) => text(s, depth + 1, out),
        Value::Number(n) if n.is_f64() => out.push_str(&go_text::json_float(n.as_f64().unwrap_or(0.0))),
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        // Brackets and braces of things that have some themselves stand together.
        Value::Array(items) if items.iter().all(|i| i.is_array() || i.is_object()) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                node(item, depth, out);
            }
            out.push(']');
        }
        Value::Array(items) => {
            out.push_str("[\n");
            for item in items {
                indent(depth + 1, out);
                node(item, depth + 1, out);
                out.push_str(",\n");
            }
            indent(depth, out);
            out.push(']');
        }
        Value::Object(map) if map.is_empty() => out.push_str("{}"),
        Value::Object(map) => {
            out.push_str("{\n");
            for (key, value) in map {
                indent(depth + 1, out);
                name(key, out);
                out.push_str(": ");
                node(value, depth + 1, out);
                out.push_str(",\n");
            }
            indent(depth, out);
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

/// A key: without quotes where nobody could take it for something else.
fn name(key: &str, out: &mut String) {
    if !key.contains('\n') && !needs_quotes(key) {
        out.push_str(key);
        return;
    }
    out.push('"');
    for c in key.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c => escaped(c, out),
        }
    }
    out.push('"');
}

/// A text in quotes; one of several lines is folded, so that its lines can be read.
fn text(s: &str, depth: usize, out: &mut String) {
    let folded = s.contains('\n');
    out.push_str(if folded { "\"\\\n" } else { "\"" });
    for c in s.chars() {
        if out.ends_with('\n') {
            indent(depth, out);
            // A blank that begins a line would be lost.
            out.push(if c.is_whitespace() && c != '\n' { '\\' } else { ' ' });
        }
        match c {
            '\n' => out.push_str("\\n\\\n"),
            '\t' => out.push('\t'),
            c => escaped(c, out),
        }
    }
    if folded {
        if !out.ends_with('\n') {
            out.push_str("\\\n");
        }
        indent(depth, out);
    }
    out.push('"');
}

fn escaped(c: char, out: &mut String) {
    let short = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        '\r' => "\\r",
        '\u{b}' => "\\v",
        '\0' => "\\0",
        '\u{1b}' => "\\e",
        '\u{85}' => "\\N",
        '\u{a0}' => "\\_",
        '\u{2028}' => "\\L",
        '\u{2029}' => "\\P",
        c if is_printable(c) => return out.push(c),
        _ => "",
    };
    match u32::from(c) {
        _ if !short.is_empty() => out.push_str(short),
        n if n < 0x20 || n == 0x7f => out.push_str(&format!("\\x{n:02x}")),
        n if n < 0x10000 => out.push_str(&format!("\\u{n:04x}")),
        n => out.push_str(&format!("\\U{n:08x}")),
    }
}

fn needs_quotes(s: &str) -> bool {
    let last = s.chars().count().saturating_sub(1);
    let plain = |(i, c): (usize, char)| {
        c.is_alphabetic() || c.is_numeric() || c == '_' || (i > 0 && i < last && matches!(c, '-' | '.' | '/'))
    };
    s.is_empty() || is_ambiguous(s) || !s.chars().enumerate().all(plain)
}

/// Whether some reader of YAML takes it for something else than a text.
fn is_ambiguous(s: &str) -> bool {
    let lower = s.to_ascii_lowercase();
    let words =
        ["null", "~", "t", "f", "1", "0", ".inf", "-.inf", "+.inf", ".nan", "inf", "+inf", "-inf", "infinity", "nan"];
    let bare = lower.replace('_', "");
    words.contains(&lower.as_str())
        || !matches!(yaml::meaning(s), Value::String(ref same) if same == s)
        || ["y", "yes", "on", "true", "n", "no", "off", "false"].contains(&lower.as_str())
        || bare.parse::<f64>().is_ok()
        || go_text::int_of_any_base(&bare).is_ok()
        || is_time(s)
}

/// A date, with a time or without.
fn is_time(s: &str) -> bool {
    let mut parts = s.splitn(3, '-');
    let digits = |p: Option<&str>, least: usize, most: usize| {
        p.is_some_and(|p| (least..=most).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
    };
    let (year, month, rest) = (parts.next(), parts.next(), parts.next().unwrap_or(""));
    let day: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let behind = &rest[day.len()..];
    digits(year, 4, 4)
        && digits(month, 1, 2)
        && digits(Some(&day), 1, 2)
        && (behind.is_empty() || behind.starts_with(['T', 't', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_quoted_where_they_could_mean_something_else() {
        for (key, quoted) in [
            ("a", false),
            ("a.b/c-d", false),
            ("y", true),
            ("1", true),
            ("0x1", true),
            ("-a", true),
            ("2001-01-01", true),
            ("a b", true),
            ("", true),
            ("a1", false),
        ] {
            assert_eq!(needs_quotes(key), quoted, "{key}");
        }
    }

    #[test]
    fn values_are_in_braces_and_quotes() {
        let v = json!({"a": [1, "x"], "b": [{"c": "d"}, {}], "e": "f\n g"});
        let wanted = "---\n{\n  a: [\n    1,\n    \"x\",\n  ],\n  b: [{\n    c: \"d\",\n  }, {}],\n  e: \"\\\n     f\\n\\\n    \\ g\\\n    \",\n}\n";
        assert_eq!(print(&v), wanted);
    }
}
