//! A stream of documents as kubectl reads it: YAML split at `---`, or JSON values one after the other.
//!
//! Each document is read by itself, so what stands before a broken one counts, and lines are numbered in each anew.
//! Real Kubernetes: k8s.io/apimachinery/pkg/util/yaml/decoder.go.

use serde_json::Value;
use serde_json::error::Category;

use super::yaml::{self, Repeated};

/// The documents of a text up to the first one that cannot be read, and why it cannot.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Documents {
    pub values: Vec<Value>,
    pub error: Option<String>,
}

pub fn read(text: &str) -> Documents {
    let mut out = Documents::default();
    let Some(Rest { text: rest, no_json }) = json(text, &mut out) else { return out };
    for (i, chunk) in chunks(rest).enumerate() {
        let read = chunk.and_then(|c| yaml::parse(&c, Repeated::LastWins).map_err(converting));
        match read {
            Ok(v) => out.values.extend(v),
            Err(e) => {
                // Where the text is neither, it is the JSON reader that complains.
                out.error = no_json.filter(|_| i == 0).or(Some(e));
                break;
            }
        }
    }
    out
}

/// What is left for the YAML reader, and what the JSON reader said of it.
struct Rest<'a> {
    text: &'a str,
    no_json: Option<String>,
}

fn converting(e: String) -> String {
    format!("error converting YAML to JSON: {e}")
}

/// Takes JSON values from the front. What follows the first of them, or begins like one and is none, may still be YAML;
/// what follows two is not.
fn json<'a>(text: &'a str, out: &mut Documents) -> Option<Rest<'a>> {
    if !text.trim_start().starts_with('{') {
        return Some(Rest { text, no_json: None });
    }
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let found = rest.trim_start();
        if found.is_empty() {
            return None;
        }
        let begin = at + rest.len() - found.len();
        let mut values = serde_json::Deserializer::from_str(found).into_iter::<Value>();
        let why = match values.next()? {
            Ok(v) => {
                at = begin + values.byte_offset();
                out.values.push(v);
                continue;
            }
            Err(e) if e.classify() == Category::Eof => "unexpected EOF".to_string(),
            Err(e) => {
                let offset = offset_of(found, &e);
                let why = worded(found, offset, &e);
                if out.values.len() > 1 { why } else { format!("json: offset {}: {why}", begin + offset) }
            }
        };
        if out.values.len() > 1 {
            out.error = Some(why);
            return None;
        }
        return Some(Rest { text: line_behind(rest), no_json: Some(why) });
    }
}

/// Without the blanks that a JSON value leaves behind, up to the end of its line.
fn line_behind(text: &str) -> &str {
    let rest = text.trim_start();
    let blanks = &text[..text.len() - rest.len()];
    blanks.find('\n').map_or(rest, |end| &text[end + 1..])
}

/// Why a text is no JSON, in the words of Go's encoding/json. `None`: it is.
pub fn json_error(text: &str) -> Option<String> {
    let e = serde_json::from_str::<Value>(text).err()?;
    match e.classify() {
        Category::Eof => Some("unexpected end of JSON input".into()),
        _ => Some(worded(text, offset_of(text, &e), &e)),
    }
}

/// How many bytes had been read when the error was seen.
fn offset_of(text: &str, e: &serde_json::Error) -> usize {
    let before: usize = text.split_inclusive('\n').take(e.line().saturating_sub(1)).map(str::len).sum();
    (before + e.column()).clamp(1, text.len())
}

/// The same error in the words of Go's encoding/json.
fn worded(text: &str, offset: usize, e: &serde_json::Error) -> String {
    let seen = text.get(offset - 1..).and_then(|t| t.chars().next()).unwrap_or(' ');
    let said = e.to_string();
    let place = match said.split(" at line").next().unwrap_or("") {
        "key must be a string" => "looking for beginning of object key string",
        "trailing comma" if seen == '}' => "looking for beginning of object key string",
        "expected `:`" => "after object key",
        "expected `,` or `}`" => "after object key:value pair",
        "expected `,` or `]`" => "after array element",
        _ => "looking for beginning of value",
    };
    format!("invalid character {seen:?} {place}")
}

/// The texts between the separators. A separator that stands first belongs to the document behind it.
pub fn chunks(text: &str) -> impl Iterator<Item = Result<String, String>> {
    let mut lines = text.lines();
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let mut chunk = String::new();
        for line in lines.by_ref() {
            if let Some(behind) = line.strip_prefix("---") {
                let behind = behind.trim();
                if !behind.is_empty() && !behind.starts_with('#') {
                    ended = true;
                    return Some(Err(format!("invalid Yaml document separator: {behind}")));
                }
                if !chunk.is_empty() {
                    return Some(Ok(chunk));
                }
            }
            chunk.push_str(line);
            chunk.push('\n');
        }
        ended = true;
        (!chunk.is_empty()).then_some(Ok(chunk))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Each as kubectl v1.36.3 reads it, recorded from the real one.
    #[test]
    fn documents_count_up_to_the_broken_one() {
        let a = || json!({"a": 1});
        for (text, values, error) in [
            (
                "a: 1\n---\nk: [\n",
                vec![a()],
                Some("error converting YAML to JSON: yaml: line 1: did not find expected node content"),
            ),
            (
                "a: 1\n---\nx: 1\nk: @c\n",
                vec![a()],
                Some("error converting YAML to JSON: yaml: line 2: found character that cannot start any token"),
            ),
            ("a: 1\n---   # more\n---\n# hi\n---\n{b: 2}\n", vec![a(), Value::Null, json!({"b": 2})], None),
            ("a: 1\n--- b\nc: 1\n", vec![], Some("invalid Yaml document separator: b")),
            ("{", vec![], Some("unexpected EOF")),
            ("{\"a\": \"x", vec![], Some("unexpected EOF")),
            ("{a: 1", vec![], Some("json: offset 2: invalid character 'a' looking for beginning of object key string")),
            ("{\"a\": 1,}", vec![a()], None),
            (" {\"a\": 1,\n \"b\": }", vec![json!({"a": 1, "b": null})], None),
            ("{\"a\": 1}{\"b\": 2}", vec![a(), json!({"b": 2})], None),
            ("{\"a\": 1}\n---\nb: 2\n", vec![a(), json!({"b": 2})], None),
            ("{\"a\": 1}}", vec![a()], Some("json: offset 9: invalid character '}' looking for beginning of value")),
            ("{\"a\": 1} x", vec![a(), json!("x")], None),
            ("{\"a\": 1}\nb: 2\n", vec![a(), json!({"b": 2})], None),
            ("{a: 1}\n---\n{b: 2}\n", vec![a(), json!({"b": 2})], None),
            (
                "{\"a\": 1}{\"b\": 2}\nc: 3\n",
                vec![a(), json!({"b": 2})],
                Some("invalid character 'c' looking for beginning of value"),
            ),
            ("", vec![], None),
        ] {
            let want = Documents { values, error: error.map(Into::into) };
            assert_eq!(read(text), want, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(s in "[a-c1{}\\[\\]:,\\-\\n \"é]{0,40}") {
            let _ = read(&s);
        }
    }
}
