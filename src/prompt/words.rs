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

/// The variables that stand before a command, as in `EDITOR=nano kubectl …`, and the command.
pub fn assignments(words: &[String]) -> (Vec<(String, String)>, &[String]) {
    let one = |w: &String| {
        let (name, value) = w.split_once('=')?;
        let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
        let is_name = name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit());
        is_name.then(|| (name.to_string(), value.to_string()))
    };
    let found: Vec<(String, String)> = words.iter().map_while(one).collect();
    let rest = &words[found.len()..];
    (found, rest)
}

/// The line goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfinished {
    Quote(char),
    Backslash,
    Heredoc,
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

    #[test]
    fn variables_may_stand_before_a_command() {
        let words = split("KUBE_EDITOR='sed -i' A=b=c kubectl edit x=y").unwrap();
        let (variables, rest) = assignments(&words);
        let pair = |n: &str, v: &str| (n.to_string(), v.to_string());
        assert_eq!(variables, [pair("KUBE_EDITOR", "sed -i"), pair("A", "b=c")]);
        assert_eq!(rest, ["kubectl", "edit", "x=y"]);
        assert_eq!(assignments(&split("1a=b kubectl").unwrap()).0, []);
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_split_or_unfinished(s in ".{0,60}") {
            let _ = split(&s);
        }
    }
}
