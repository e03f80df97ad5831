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
    let rest = match json(text, &mut out) {
        Some(rest) if out.error.is_none() => rest,
        _ => return out,
    };
    for chunk in chunks(rest) {
        let read = chunk.and_then(|c| yaml::parse(&c, Repeated::LastWins).map_err(converting));
        match read {
            Ok(v) => out.values.extend(v),
            Err(e) => {
                out.error = Some(e);
                break;
            }
        }
    }
    out
}

fn converting(e: String) -> String {
    format!("error converting YAML to JSON: {e}")
}

/// Takes JSON values from the front. Gives what is left for the YAML reader, if anything.
fn json<'a>(text: &'a str, out: &mut Documents) -> Option<&'a str> {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let found = rest.trim_start();
        if found.is_empty() || found.starts_with("---") || !(found.starts_with('{') || at > 0) {
            return Some(rest);
        }
        let begin = at + rest.len() - found.len();
        let mut values = serde_json::Deserializer::from_str(found).into_iter::<Value>();
        match values.next() {
            Some(Ok(v)) => {
                at = begin + values.byte_offset();
                out.values.push(v);
            }
            Some(Err(e)) if e.classify() == Category::Eof => {
                out.error = Some("unexpected EOF".into());
                return None;
            }
            Some(Err(e)) => {
                let offset = offset_of(found, &e);
                let worded = format!("json: offset {}: {}", begin + offset, worded(found, offset, &e));
                // What begins like JSON may still be YAML's flow style, but only as the first of all.
                match yaml::parse(rest, Repeated::LastWins) {
                    Ok(Some(v)) if out.values.is_empty() => out.values.push(v),
                    _ => out.error = Some(worded),
                }
                return None;
            }
            None => return None,
        }
    }
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
            ("{\"a\": 1} x", vec![a()], Some("json: offset 10: invalid character 'x' looking for beginning of value")),
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
