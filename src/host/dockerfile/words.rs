//! The words of an instruction: quotes, variables, lists in JSON.
//! Docker: moby/buildkit, frontend/dockerfile/shell/lex.go, parser/line_parsers.go.

/// Variables by name.
pub type Variables = std::collections::BTreeMap<String, String>;

/// Parts a text at white space outside of quotes. Quotes and escapes stay where they are.
pub fn split(text: &str, escape: char) -> Vec<String> {
    let (mut out, mut word, mut quote) = (vec![], String::new(), None);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match quote {
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    out.push(std::mem::take(&mut word));
                }
                continue;
            }
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(q) if c == q => quote = None,
            _ => {}
        }
        word.push(c);
        if c == escape && quote != Some('\'') {
            word.extend(chars.next());
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// A list of texts in JSON: the exec form. Anything else is a line for a shell.
pub fn list(text: &str) -> Option<Vec<String>> {
    text.trim_start().starts_with('[').then(|| serde_json::from_str(text).ok()).flatten()
}

/// A word with its variables replaced and its quotes taken away.
pub fn expand(word: &str, variables: &Variables, escape: char) -> Result<String, String> {
    let chars: Vec<char> = word.chars().collect();
    let mut lexer = Lexer { chars: &chars, at: 0, variables, escape };
    lexer.until(None)
}

/// As [`expand`], in a text whose quotes are its own: here-documents.
pub fn expand_document(text: &str, variables: &Variables, escape: char) -> Result<String, String> {
    let chars: Vec<char> = text.chars().collect();
    let mut lexer = Lexer { chars: &chars, at: 0, variables, escape };
    let mut out = String::new();
    while let Some(c) = lexer.next() {
        match c {
            '$' => out.push_str(&lexer.variable()?),
            c if c == escape && lexer.peek() == Some('$') => out.extend(lexer.next()),
            c => out.push(c),
        }
    }
    Ok(out)
}

struct Lexer<'a> {
    chars: &'a [char],
    at: usize,
    variables: &'a Variables,
    escape: char,
}

const UNEXPECTED_END: &str = "unexpected end of statement while looking for matching";

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    /// Up to a closing brace, or to the end.
    fn until(&mut self, close: Option<char>) -> Result<String, String> {
        let mut out = String::new();
        while let Some(c) = self.next() {
            match c {
                c if Some(c) == close => return Ok(out),
                '\'' => out.push_str(&self.single()?),
                '"' => out.push_str(&self.double()?),
                '$' => out.push_str(&self.variable()?),
                c if c == self.escape => out.extend(self.next()),
                c => out.push(c),
            }
        }
        close.map_or(Ok(out), |c| Err(format!("unexpected end of statement while looking for matching {c}")))
    }

    fn single(&mut self) -> Result<String, String> {
        let mut out = String::new();
        while let Some(c) = self.next() {
            if c == '\'' {
                return Ok(out);
            }
            out.push(c);
        }
        Err(format!("{UNEXPECTED_END} single-quote"))
    }

    fn double(&mut self) -> Result<String, String> {
        let mut out = String::new();
        while let Some(c) = self.next() {
            match c {
                '"' => return Ok(out),
                '$' => out.push_str(&self.variable()?),
                // Within quotes it only speaks for what means something there.
                c if c == self.escape && self.peek().is_some_and(|n| n == '"' || n == '$' || n == self.escape) => {
                    out.extend(self.next());
                }
                c => out.push(c),
            }
        }
        Err(format!("{UNEXPECTED_END} double-quote"))
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
            if name.is_empty() && c.is_ascii_digit() {
                break;
            }
            name.push(c);
            self.at += 1;
        }
        name
    }

    /// What stands for a variable, after the dollar sign.
    fn variable(&mut self) -> Result<String, String> {
        if self.peek() != Some('{') {
            let name = self.name();
            return Ok(if name.is_empty() {
                "$".into()
            } else {
                self.variables.get(&name).cloned().unwrap_or_default()
            });
        }
        self.at += 1;
        let name = self.name();
        if name.is_empty() {
            return Err("syntax error: bad substitution".into());
        }
        let value = self.variables.get(&name);
        let colon = self.peek() == Some(':');
        self.at += usize::from(colon);
        let missing = value.is_none() || (colon && value.is_some_and(String::is_empty));
        let sign = self.next();
        match sign {
            Some('}') if !colon => Ok(value.cloned().unwrap_or_default()),
            Some('-') => {
                let word = self.until(Some('}'))?;
                Ok(if missing { word } else { value.cloned().unwrap_or_default() })
            }
            Some('+') => {
                let word = self.until(Some('}'))?;
                Ok(if missing { String::new() } else { word })
            }
            Some('?') => {
                let word = self.until(Some('}'))?;
                let why = if word.is_empty() { "is not allowed to be unset".into() } else { word };
                if missing { Err(format!("{name}: {why}")) } else { Ok(value.cloned().unwrap_or_default()) }
            }
            Some(c) => Err(format!("unsupported modifier ({}{c}) in substitution", if colon { ":" } else { "" })),
            None => Err("syntax error: missing '}'".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        [("A", "apple"), ("EMPTY", "")].map(|(k, v)| (k.to_string(), v.to_string())).into()
    }

    #[test]
    fn variables_are_replaced_as_a_shell_would() {
        for (word, want) in [
            ("$A", "apple"),
            ("${A}s", "apples"),
            ("$B", ""),
            ("${B:-pear}", "pear"),
            ("${EMPTY:-pear}", "pear"),
            ("${EMPTY-pear}", ""),
            ("${A:+yes}", "yes"),
            ("${B:+yes}", ""),
            ("${B:-${A}}", "apple"),
            ("'$A'", "$A"),
            ("\"$A b\"", "apple b"),
            ("\\$A", "$A"),
            ("\"\\$A\\n\"", "$A\\n"),
            ("a$", "a$"),
            ("${A?no}", "apple"),
        ] {
            assert_eq!(expand(word, &variables(), '\\').as_deref(), Ok(want), "{word}");
        }
        for bad in ["${A", "'a", "\"a", "${B:?none}", "${A!x}", "${}"] {
            assert!(expand(bad, &variables(), '\\').is_err(), "{bad}");
        }
        let text = expand_document("\"$A\" '${A}' \\$A", &variables(), '\\');
        assert_eq!(text.as_deref(), Ok("\"apple\" 'apple' $A"));
    }

    #[test]
    fn words_are_parted_outside_of_quotes() {
        assert_eq!(split("a=\"b c\" d='e f' g\\ h", '\\'), ["a=\"b c\"", "d='e f'", "g\\ h"]);
    }

    #[test]
    fn only_a_list_of_texts_is_the_exec_form() {
        assert_eq!(list("[\"a\", \"b c\"]"), Some(vec!["a".into(), "b c".into()]));
        for shell in ["['a']", "[1]", "[\"a\"", "echo [x]", "[ -f x ]"] {
            assert_eq!(list(shell), None, "{shell}");
        }
    }
}
