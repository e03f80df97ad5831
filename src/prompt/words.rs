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
    /// A here-document, a loop, a pipe: something has to follow.
    Line,
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
        }
    }
}
