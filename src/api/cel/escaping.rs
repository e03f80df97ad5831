//! Names of fields that are no identifiers, as they are written in expressions.
//! Real Kubernetes: k8s.io/apiserver/pkg/cel/escaping.go.

use std::borrow::Cow;

/// Words that CEL keeps for itself, which stand for a field between underscores.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

const SIGNS: [(&str, &str); 4] = [("__", "underscores"), (".", "dot"), ("-", "dash"), ("/", "slash")];

/// Whether a word means something in CEL.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// The field's name as an identifier, if there is one.
pub fn escape(name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if is_reserved(name) {
        return Some(format!("__{name}__"));
    }
    let mut out = String::new();
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        if let Some((sign, word)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            out.push_str(&format!("__{word}__"));
            rest = &rest[sign.len()..];
        } else if c.is_ascii_alphanumeric() || c == '_' {
            out.push(c);
            rest = &rest[1..];
        } else {
            return None;
        }
    }
    Some(out)
}

/// The field that an identifier stands for, if it stands for one.
pub fn unescape(ident: &str) -> Option<Cow<'_, str>> {
    if !ident.contains("__") {
        return Some(ident.into());
    }
    let mut out = String::new();
    let mut rest = ident;
    while let Some(start) = rest.find("__") {
        // `__word__`, where the word has no underscore in it.
        let word = rest[start + 2..].split('_').next().unwrap_or("");
        let end = start + 2 + word.len();
        if word.is_empty() || !rest[end..].starts_with("__") {
            out.push_str(&rest[..=start]);
            rest = &rest[start + 1..];
            continue;
        }
        out.push_str(&rest[..start]);
        match SIGNS.iter().find(|(_, w)| *w == word) {
            Some((sign, _)) => out.push_str(sign),
            None if is_reserved(word) && word.len() + 4 == ident.len() => out.push_str(word),
            None => return None,
        }
        rest = &rest[end + 2..];
    }
    out.push_str(rest);
    Some(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fields_are_escaped_and_back() {
        for (name, ident) in [
            ("plain", Some("plain")),
            ("in", Some("__in__")),
            ("a.b-c/d", Some("a__dot__b__dash__c__slash__d")),
            ("a__b", Some("a__underscores__b")),
            ("1a", None),
            ("a b", None),
            ("", None),
        ] {
            assert_eq!(escape(name).as_deref(), ident, "{name}");
            if let Some(ident) = ident {
                assert_eq!(unescape(ident).as_deref(), Some(name));
            }
        }
        assert_eq!(unescape("__bad__"), None);
    }
}
