//! A line of the prompt to commands: `;`, `&&`, `||`, pipes, redirections and here-documents, as a shell reads them.
//! Variables, substitutions, wildcards and `for` are not understood; they are taken as they are written.

use super::words::{Unfinished, split};

/// Commands with what stands between them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Line {
    pub pipelines: Vec<(Join, Vec<Command>)>,
}

/// When a pipeline runs, by how the one before it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Join {
    Always,
    IfWell,
    IfNot,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Command {
    /// As it was written, without redirections.
    pub text: String,
    pub words: Vec<String>,
    pub input: Option<Input>,
    pub output: Option<Output>,
    pub errors: Errors,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    File(String),
    /// A here-document.
    Text(String),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    pub file: String,
    pub append: bool,
}

/// Where the error output goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Errors {
    #[default]
    Shown,
    /// `2>&1`
    WithOutput,
    /// `2>/dev/null`
    Dropped,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wrong {
    Unfinished(Unfinished),
    /// A sign that is not understood here, or stands where it means nothing.
    Sign(String),
}

/// A piece of the line: a sign of the shell, or text between signs.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Sign(&'static str),
}

/// Longer signs first.
const SIGNS: [&str; 14] = ["2>&1", "2>>", "2>", "&>", "<<-", "<<<", "<<", "&&", "||", ">>", ">", "<", "|", ";"];

/// Cuts a line at the signs that stand outside quotes.
fn pieces(line: &str) -> Vec<Piece> {
    let mut out = vec![];
    let (mut text, mut quote, mut i) = (String::new(), None, 0);
    while let Some(c) = line[i..].chars().next() {
        let starts_word = text.is_empty() || text.ends_with(char::is_whitespace);
        let sign = match quote {
            None => SIGNS.iter().find(|s| line[i..].starts_with(**s) && (!s.starts_with('2') || starts_word)),
            Some(_) => None,
        };
        if let Some(sign) = sign {
            out.push(Piece::Text(std::mem::take(&mut text)));
            out.push(Piece::Sign(sign));
            i += sign.len();
            continue;
        }
        if quote.is_none() && c == '#' && starts_word {
            break;
        }
        match quote {
            Some(q) if c == q => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            _ => {}
        }
        text.push(c);
        i += c.len_utf8();
        // What follows a backslash is no sign.
        if c == '\\'
            && quote != Some('\'')
            && let Some(next) = line[i..].chars().next()
        {
            text.push(next);
            i += next.len_utf8();
        }
    }
    out.push(Piece::Text(text));
    out
}

/// The words that end the here-documents of a line, in order, and whether tabs before the text are to go.
fn endings(line: &str) -> Vec<(String, bool)> {
    let pieces = pieces(line);
    let pairs = pieces.iter().zip(pieces.iter().skip(1));
    pairs
        .filter_map(|(sign, text)| match (sign, text) {
            (Piece::Sign(s @ ("<<" | "<<-")), Piece::Text(t)) => {
                Some((split(t).ok()?.into_iter().next()?, *s == "<<-"))
            }
            _ => None,
        })
        .collect()
}

/// The length of a here-document line's command: quotes may hold line breaks, so it is not simply the first line.
fn head(text: &str) -> Option<usize> {
    let ends = text.match_indices('\n').map(|(i, _)| i).chain([text.len()]);
    ends.into_iter().find(|end| split(&text[..*end]).is_ok())
}

/// The here-documents that follow a command: their texts, and what is missing.
fn documents(text: &str) -> Result<(&str, Vec<String>), Unfinished> {
    let Some(end) = head(text) else { return split(text).map(|_| (text, vec![])) };
    let line = &text[..end];
    let endings = endings(line);
    if endings.is_empty() {
        return split(text).map(|_| (text, vec![]));
    }
    let mut rest = text[end..].lines().skip(1);
    let mut out = vec![];
    for (word, indented) in endings {
        let mut body = String::new();
        loop {
            let Some(l) = rest.next() else { return Err(Unfinished::Heredoc) };
            let l = if indented { l.trim_start_matches('\t') } else { l };
            if l == word {
                break;
            }
            body.push_str(l);
            body.push('\n');
        }
        out.push(body);
    }
    Ok((line, out))
}

/// Whether the text is a whole line, or what it waits for.
pub fn unfinished(text: &str) -> Option<Unfinished> {
    documents(text).err()
}

pub fn parse(text: &str) -> Result<Line, Wrong> {
    let (line, documents) = documents(text).map_err(Wrong::Unfinished)?;
    let mut documents = documents.into_iter();
    let mut out = Line::default();
    let (mut join, mut stages, mut command) = (Join::Always, vec![], Command::default());
    let mut pieces = pieces(line).into_iter();
    let Some(Piece::Text(first)) = pieces.next() else { return Ok(out) };
    add(&mut command, &first)?;
    while let (Some(Piece::Sign(sign)), Some(Piece::Text(text))) = (pieces.next(), pieces.next()) {
        match sign {
            ";" | "&&" | "||" | "|" => {
                if command.words.is_empty() {
                    return Err(Wrong::Sign(sign.into()));
                }
                stages.push(std::mem::take(&mut command));
                if sign != "|" {
                    out.pipelines.push((join, std::mem::take(&mut stages)));
                    join = match sign {
                        "&&" => Join::IfWell,
                        "||" => Join::IfNot,
                        _ => Join::Always,
                    };
                }
                add(&mut command, &text)?;
            }
            "2>&1" => {
                command.errors = Errors::WithOutput;
                add(&mut command, &text)?;
            }
            _ => {
                let (target, rest) = target(&text).ok_or_else(|| Wrong::Sign(sign.into()))?;
                match sign {
                    "<" => command.input = Some(Input::File(target)),
                    "<<<" => command.input = Some(Input::Text(format!("{target}\n"))),
                    "<<" | "<<-" => command.input = Some(Input::Text(documents.next().unwrap_or_default())),
                    ">" | ">>" => command.output = Some(Output { file: target, append: sign == ">>" }),
                    _ if target == "/dev/null" && sign != "&>" => command.errors = Errors::Dropped,
                    _ => return Err(Wrong::Sign(sign.into())),
                }
                add(&mut command, &rest)?;
            }
        }
    }
    if !command.words.is_empty() {
        stages.push(command);
        out.pipelines.push((join, stages));
    } else if !stages.is_empty() || matches!(join, Join::IfWell | Join::IfNot) {
        return Err(Wrong::Unfinished(Unfinished::Backslash));
    }
    match out.pipelines.iter().flat_map(|(_, stages)| stages).any(|c| c.words.iter().any(|w| w == "&")) {
        true => Err(Wrong::Sign("&".into())),
        false => Ok(out),
    }
}

fn add(command: &mut Command, text: &str) -> Result<(), Wrong> {
    command.words.extend(split(text).map_err(Wrong::Unfinished)?);
    if !text.trim().is_empty() {
        command.text = [command.text.trim(), text.trim()].join(" ").trim().to_string();
    }
    Ok(())
}

/// The file that a sign points to, and what follows it.
fn target(text: &str) -> Option<(String, String)> {
    let trimmed = text.trim_start();
    let ends = trimmed.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(i, _)| i).chain([trimmed.len()]);
    let end = ends.into_iter().find(|end| split(&trimmed[..*end]).is_ok_and(|w| w.len() == 1))?;
    let word = split(&trimmed[..end]).ok()?.pop()?;
    Some((word, trimmed[end..].to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<(Join, Vec<Vec<String>>)> {
        let line = parse(line).unwrap();
        let stages = |all: Vec<Command>| all.into_iter().map(|c| c.words).collect();
        line.pipelines.into_iter().map(|(join, all)| (join, stages(all))).collect()
    }

    #[test]
    fn signs_part_commands_but_not_in_quotes() {
        let w = |s: &str| s.split(' ').map(String::from).collect::<Vec<_>>();
        assert_eq!(words("a b"), [(Join::Always, vec![w("a b")])]);
        assert_eq!(
            words("a;b && c || d | e"),
            [
                (Join::Always, vec![w("a")]),
                (Join::Always, vec![w("b")]),
                (Join::IfWell, vec![w("c")]),
                (Join::IfNot, vec![w("d"), w("e")])
            ]
        );
        assert_eq!(words("exec web -- sh -c 'ls | wc; x > y'")[0].1[0].last().unwrap(), "ls | wc; x > y");
        assert_eq!(words("a \\| b # c | d"), [(Join::Always, vec![w("a | b")])]);
        assert_eq!(words("a;"), [(Join::Always, vec![w("a")])]);
    }

    #[test]
    fn what_is_printed_goes_where_it_is_sent() {
        let one = |line: &str| parse(line).unwrap().pipelines.remove(0).1.remove(0);
        let c = one("kubectl get pods -o yaml > 'my pods.yaml' --show-labels 2>/dev/null");
        assert_eq!(c.words, ["kubectl", "get", "pods", "-o", "yaml", "--show-labels"]);
        assert_eq!(c.text, "kubectl get pods -o yaml --show-labels");
        assert_eq!(c.output, Some(Output { file: "my pods.yaml".into(), append: false }));
        assert_eq!(c.errors, Errors::Dropped);
        assert_eq!(one("a >>b 2>&1").output, Some(Output { file: "b".into(), append: true }));
        assert_eq!(one("a <b").input, Some(Input::File("b".into())));
        assert_eq!(one("a --x=2>b").words, ["a", "--x=2"]);
    }

    #[test]
    fn here_documents_are_input() {
        let text = "kubectl apply -f - <<'EOF'\nkind: Pod\n  EOF\nEOF\n";
        let line = parse(text).unwrap();
        let command = &line.pipelines[0].1[0];
        assert_eq!(command.words, ["kubectl", "apply", "-f", "-"]);
        assert_eq!(command.input, Some(Input::Text("kind: Pod\n  EOF\n".into())));
        let piped = parse("cat <<EOF | kubectl apply -f -\nkind: Pod\nEOF").unwrap();
        assert_eq!(piped.pipelines[0].1.len(), 2);
        assert_eq!(piped.pipelines[0].1[0].input, Some(Input::Text("kind: Pod\n".into())));
        assert_eq!(unfinished("cat > f <<EOF\na"), Some(Unfinished::Heredoc));
        assert_eq!(unfinished("echo 'a <<EOF"), Some(Unfinished::Quote('\'')));
        assert_eq!(unfinished("echo 'a <<EOF\n'"), None);
    }

    #[test]
    fn signs_without_a_command_are_refused() {
        for (line, sign) in [("| a", "|"), ("a | | b", "|"), ("&& a", "&&"), ("a >", ">"), ("a &", "&")] {
            assert_eq!(parse(line), Err(Wrong::Sign(sign.into())), "{line}");
        }
        assert!(parse("a &&").is_err() && parse("a |").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(s in "[a-c |&;<>2'\"\\\\#\n$-]{0,40}") {
            let _ = parse(&s);
            let _ = unfinished(&s);
        }
    }
}
