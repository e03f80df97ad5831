//! Go's text templates, for `-o go-template`.
//! Real Kubernetes: cli-runtime/pkg/printers/template.go, with what `exists` and `base64decode` are there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gotmpl::{MissingKey, Template, TemplateError};
use serde_json::Value;

use super::failure::Failure;
use crate::api::go_text;

/// Refuses a text that is no template, in Go's words.
pub fn check(text: &str) -> Result<(), Failure> {
    let why = match parsed(text) {
        Ok(_) => unbalanced(text),
        Err(e) => Some(worded(&e)),
    };
    why.map_or(Ok(()), |why| Err(unreadable(text, &why)))
}

fn unreadable(text: &str, why: &str) -> Failure {
    Failure::error(format!("error parsing template {text}, {why}"))
}

/// What begins and does not end, or ends and did not begin: the engine takes both.
fn unbalanced(text: &str) -> Option<String> {
    const OPENING: &[&str] = &["if", "range", "with", "define", "block"];
    let (mut open, mut at) = (0_usize, 0);
    while let Some(begin) = text[at..].find("{{").map(|i| at + i + 2) {
        let action = text[begin..].trim_start_matches('-').trim_start();
        let word: String = action.chars().take_while(char::is_ascii_lowercase).collect();
        at = begin + end_of_action(&text[begin..]);
        match word.as_str() {
            "end" if open == 0 => {
                let line = text[..begin].matches('\n').count() + 1;
                return Some(format!("template: output:{line}: unexpected {{{{end}}}}"));
            }
            "end" => open -= 1,
            word if OPENING.contains(&word) => open += 1,
            _ => {}
        }
    }
    let line = text.matches('\n').count() + 1;
    (open > 0).then(|| format!("template: output:{line}: unexpected EOF"))
}

/// How long an action is; braces in quotes and in comments are none.
fn end_of_action(text: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    let comment = text.trim_start_matches('-').trim_start().starts_with("/*");
    for (i, c) in text.char_indices() {
        match quote {
            Some(q) if c == q && !escaped => quote = None,
            Some(q) => escaped = c == '\\' && q != '`' && !escaped,
            None if comment && text[i..].starts_with("*/") => return i,
            None if comment => {}
            None if text[i..].starts_with("}}") => return i,
            None if matches!(c, '"' | '`' | '\'') => (quote, escaped) = (Some(c), false),
            None => {}
        }
    }
    text.len()
}

/// What a template makes of an object. A failure prints what was made so far, and what could tell why.
pub fn print(text: &str, object: &Value, allow_missing: bool) -> Result<String, Failure> {
    let missing = if allow_missing { MissingKey::Invalid } else { MissingKey::Error };
    let mut out = String::new();
    let made = parsed(text).and_then(|t| t.missing_key(missing).execute_fmt(&mut out, &value(object)));
    let why = match made {
        Ok(()) => return Ok(out),
        // Go sees that before anything is made.
        Err(TemplateError::UndefinedFunction(name)) => {
            let why = format!("template: output:1: function {} not defined", go_text::quoted(&name));
            return Err(unreadable(text, &why));
        }
        Err(TemplateError::UndefinedVariable(name)) => {
            let why = format!("template: output:1: undefined variable {}", go_text::quoted(&name));
            return Err(unreadable(text, &why));
        }
        Err(e) => worded(&e),
    };
    let seen = format!(
        "{out}Error executing template: {why}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{text}\n\traw data was:\n\t\t{}\n\tobject given to template engine was:\n\t\t{}\n\n",
        go_text::json(object),
        go_text::plain(object)
    );
    let message = format!("error executing template {}: {why}", go_text::quoted(text));
    Err(Failure { stdout: seen, ..Failure::error(message) })
}

fn parsed(text: &str) -> Result<Template, TemplateError> {
    Template::new("output").func("exists", exists).func("base64decode", base64decode).parse(text)
}

/// Go's own engine says where in the template it was; this one knows that of a template that it cannot read only.
fn worded(e: &TemplateError) -> String {
    match e {
        TemplateError::Parse { line, message, .. } | TemplateError::Lex { line, message, .. } => {
            format!("template: output:{line}: {message}")
        }
        TemplateError::Exec(why) => format!("template: output: executing \"output\": {why}"),
        TemplateError::MissingKey { key } => {
            format!("template: output: executing \"output\": map has no entry for key {}", go_text::quoted(key))
        }
        TemplateError::IndexOutOfRange { index } => {
            format!("template: output: executing \"output\": error calling index: index out of range: {index}")
        }
        TemplateError::UndefinedTemplate(name) => {
            format!("template: output: executing \"output\": template {} not defined", go_text::quoted(name))
        }
        other => format!("template: output: executing \"output\": {other}"),
    }
}

fn value(v: &Value) -> gotmpl::Value {
    use gotmpl::Value as Given;
    match v {
        Value::Null => Given::Nil,
        Value::Bool(b) => Given::Bool(*b),
        Value::Number(n) => n.as_i64().map_or_else(|| Given::Float(n.as_f64().unwrap_or(0.0)), Given::Int),
        Value::String(s) => Given::String(s.as_str().into()),
        Value::Array(items) => Given::List(items.iter().map(value).collect()),
        Value::Object(map) => {
            let entries = map.iter().map(|(k, v)| (k.as_str().into(), value(v)));
            Given::Map(std::sync::Arc::new(entries.collect()))
        }
    }
}

/// Whether a path of keys and places leads to something.
fn exists(args: &[gotmpl::Value]) -> Result<gotmpl::Value, TemplateError> {
    use gotmpl::Value as Given;
    let Some((item, path)) = args.split_first() else {
        return Err(TemplateError::Exec("wrong number of args for exists: want at least 1 got 0".into()));
    };
    let mut at = item.clone();
    for step in path {
        let next = match (&at, step) {
            (Given::Map(map), Given::String(key)) => map.get(key).cloned(),
            (Given::List(items), Given::Int(i)) => usize::try_from(*i).ok().and_then(|i| items.get(i)).cloned(),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return Ok(Given::Bool(false)),
        }
    }
    Ok(Given::Bool(!matches!(at, Given::Nil)))
}

fn base64decode(args: &[gotmpl::Value]) -> Result<gotmpl::Value, TemplateError> {
    let refused = |why: String| TemplateError::Exec(format!("error calling base64decode: {why}"));
    let [gotmpl::Value::String(text)] = args else {
        let count = args.len();
        return Err(TemplateError::Exec(format!("wrong number of args for base64decode: want 1 got {count}")));
    };
    let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| {
        let at = crate::api::canonical::bad_base64(text).unwrap_or(0);
        refused(format!("base64 decode failed: illegal base64 data at input byte {at}"))
    })?;
    Ok(gotmpl::Value::String(String::from_utf8_lossy(&bytes).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_must_end() {
        for (text, why) in [
            ("{{if .a}}x{{end}}", None),
            ("{{- range .a -}}{{/* {{end}} */}}{{ \"}}{{end}}\" }}{{- end -}}", None),
            ("{{if .a}}\nx", Some("template: output:2: unexpected EOF")),
            ("a\n{{end}}", Some("template: output:2: unexpected {{end}}")),
        ] {
            assert_eq!(unbalanced(text).as_deref(), why, "{text}");
        }
    }
}
