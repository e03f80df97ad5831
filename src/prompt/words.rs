//! A line to its words: quotes and backslashes as a shell reads them.

/// Splits a line; the error says what is missing.
pub fn split(line: &str) -> Result<Vec<String>, Unfinished> {
    let mut out = vec![];
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                let w = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => w.push(c),
                        None => return Err(Unfinished::Quote('\'')),
                    }
                }
            }
            '"' => {
                let w = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => match chars.next() {
                            Some(c @ ('"' | '\\' | '$' | '`')) => w.push(c),
                            Some('\n') => {}
                            Some(c) => {
                                w.push('\\');
                                w.push(c);
                            }
                            None => return Err(Unfinished::Quote('"')),
                        },
                        Some(c) => w.push(c),
                        None => return Err(Unfinished::Quote('"')),
                    }
                }
            }
            '\\' => match chars.next() {
                Some('\n') => {}
                Some(c) => word.get_or_insert_default().push(c),
                None => return Err(Unfinished::Backslash),
            },
            '#' if word.is_none() => break,
            c if c.is_whitespace() => out.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word);
    Ok(out)
}

/// The line goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfinished {
    Quote(char),
    Backslash,
    Heredoc,
}

/// `cat > FILE <<'EOF'` and its lines: the file's name, its text, and whether the end has come.
pub struct Heredoc<'a> {
    pub file: String,
    pub end: String,
    pub append: bool,
    pub body: Vec<&'a str>,
    pub closed: bool,
}

/// Reads a here-document that writes a file.
pub fn heredoc(text: &str) -> Option<Heredoc<'_>> {
    let mut lines = text.lines();
    let first = lines.next()?.trim();
    let rest = first.strip_prefix("cat")?.trim_start();
    let (append, rest) = match rest.strip_prefix(">>") {
        Some(r) => (true, r),
        None => (false, rest.strip_prefix('>')?),
    };
    let (file, end) = rest.split_once("<<")?;
    let end = end.trim_start_matches('-').trim().trim_matches(['\'', '"']).to_string();
    let mut body = vec![];
    let mut closed = false;
    for l in lines {
        if l == end {
            closed = true;
            break;
        }
        body.push(l);
    }
    let file = split(file).ok()?.into_iter().next()?;
    (!end.is_empty()).then_some(Heredoc { file, end, append, body, closed })
}

/// A sign of a larger shell that stands alone and unquoted: `|`, `&&`, `>` and the like. They are not understood here.
pub fn operator(line: &str) -> Option<&'static str> {
    const SIGNS: [&str; 8] = ["||", "|", "&&", "&", ";", ">>", ">", "<"];
    let mut quote: Option<char> = None;
    let mut before = ' ';
    for (i, c) in line.char_indices() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '#' && before.is_whitespace() => return None,
            None if before.is_whitespace() => {
                let word = line[i..].split_whitespace().next().unwrap_or("");
                if let Some(sign) = SIGNS.iter().find(|s| **s == word) {
                    return Some(sign);
                }
            }
            None => {}
        }
        before = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_read_as_a_shell_reads_them() {
        for (line, want) in [
            ("a b  c", vec!["a", "b", "c"]),
            ("a 'b c' d", vec!["a", "b c", "d"]),
            ("-o jsonpath='{.a} {.b}'", vec!["-o", "jsonpath={.a} {.b}"]),
            ("a \"b \\\"c\\\"\"", vec!["a", "b \"c\""]),
            ("a\\ b", vec!["a b"]),
            ("''", vec![""]),
            ("a # b", vec!["a"]),
            ("", vec![]),
        ] {
            assert_eq!(split(line), Ok(want.into_iter().map(String::from).collect()), "{line}");
        }
        assert_eq!(split("a 'b"), Err(Unfinished::Quote('\'')));
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_split_or_unfinished(s in ".{0,60}") {
            let _ = split(&s);
            let _ = heredoc(&s);
        }
    }

    #[test]
    fn signs_of_a_larger_shell_are_seen_outside_quotes_only() {
        for (line, want) in [
            ("kubectl get pods | grep web", Some("|")),
            ("kubectl get pods > out.txt", Some(">")),
            ("kubectl get ns && kubectl get pods", Some("&&")),
            ("kubectl get pods -o jsonpath='{.items[*]} | x'", None),
            ("kubectl get pods -l a=b", None),
            ("kubectl get pods # one > two", None),
            ("kubectl exec web -- sh -c 'ls | wc -l'", None),
        ] {
            assert_eq!(operator(line), want, "{line}");
        }
    }
}
