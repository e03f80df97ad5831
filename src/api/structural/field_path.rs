//! Paths to fields of a schema: `.spec.replicas`, `.spec.labels['a.b']`.
//! Real Kubernetes: pkg/apiserver/schema/cel/validation.go ValidFieldPath.

use super::{Additional, Structural};

/// Where a path leads.
pub struct Found<'a> {
    /// The path in the form in which errors show it.
    pub path: String,
    /// The first step of it.
    pub root: String,
    /// The schema there; `None` if nothing is known of the values.
    pub schema: Option<&'a Structural>,
}

const NOT_A_FIELD: &str = "does not refer to a valid field";
const ENDS: &str = "unexpected end of JSON path";

/// Follows a path. `brackets` says whether steps may be written as `['name']`.
pub fn follow<'a>(path: &str, schema: &'a Structural, brackets: bool) -> Result<Found<'a>, String> {
    let mut found = Found { path: String::new(), root: String::new(), schema: Some(schema) };
    let all = tokens(path);
    let mut tokens = all.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            "." => {
                let name = tokens.next().ok_or(ENDS)?;
                step(&mut found, name)?;
            }
            "[" if !brackets => return Err("array notation is not allowed".into()),
            "[" => {
                let quoted = tokens.next().ok_or(ENDS)?;
                let inner = quoted.strip_prefix('\'').and_then(|q| q.strip_suffix('\''));
                let inner = inner.ok_or_else(|| format!("expected single quoted string but got {quoted}"))?;
                let name = unescaped(inner).map_err(|e| format!("invalid string literal: {e}"))?;
                step(&mut found, &name)?;
                match tokens.next().ok_or(ENDS)? {
                    "]" => {}
                    other => return Err(format!("expected ] but got {other}")),
                }
            }
            other => return Err(format!("expected [ or . but got: {other}")),
        }
    }
    Ok(found)
}

fn step(found: &mut Found<'_>, name: &str) -> Result<(), String> {
    let schema = found.schema.ok_or(NOT_A_FIELD)?;
    if found.root.is_empty() {
        found.root = name.into();
    }
    if !schema.properties.is_empty() {
        if !found.path.is_empty() {
            found.path.push('.');
        }
        found.path.push_str(name);
        found.schema = Some(schema.properties.get(name).ok_or(NOT_A_FIELD)?);
    } else if let Some(additional) = &schema.additional_properties {
        found.path.push_str(&format!("[{name}]"));
        found.schema = Additional::schema(additional);
    } else {
        return Err(NOT_A_FIELD.into());
    }
    Ok(())
}

/// Dots and brackets stand for themselves, texts in quotes are one token.
fn tokens(path: &str) -> Vec<&str> {
    let mut out = vec![];
    let mut rest = path;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '.' | '[' | ']' => 1,
            '\'' => quoted_end(rest),
            _ => rest.find(['.', '[', ']']).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(end);
        out.push(token);
        rest = after;
    }
    out
}

fn quoted_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    (1..bytes.len()).find(|i| bytes[*i] == b'\'' && bytes[i - 1] != b'\\').map_or(text.len(), |i| i + 1)
}

fn unescaped(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut signs = text.chars();
    while let Some(c) = signs.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match signs.next() {
            None => out.push('\\'),
            Some('a') => out.push('\u{7}'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('v') => out.push('\u{b}'),
            Some(c @ ('\'' | '\\')) => out.push(c),
            Some(other) => return Err(format!("invalid escape char \\{other}")),
        }
    }
    Ok(out)
}
