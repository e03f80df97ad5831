//! The lines of a Dockerfile: comments go, continued lines become one, here-documents belong to the line that begins them.
//! Docker: moby/buildkit, frontend/dockerfile/parser/parser.go.

use super::words;

/// An instruction as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The numbers of its first and last line, from one.
    pub span: (usize, usize),
    pub text: String,
    pub documents: Vec<Document>,
}

/// A here-document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    pub name: String,
    pub content: String,
    /// Variables in it are replaced.
    pub expands: bool,
    /// Tabs before its lines have been taken away.
    pub indented: bool,
}

/// What stands before the first instruction: `# escape=` and the like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Directives {
    pub escape: char,
}

/// The error is a line's number and what is wrong with it.
pub type Wrong = (usize, String);

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// Reads directives up to the first line that is none.
fn directives(text: &str) -> Result<Directives, Wrong> {
    let mut found = Directives { escape: '\\' };
    let mut seen: Vec<String> = vec![];
    for (i, line) in text.lines().enumerate() {
        let Some((name, value)) = line.trim_start().strip_prefix('#').and_then(|l| l.split_once('=')) else { break };
        let name = name.trim().to_ascii_lowercase();
        if !["syntax", "escape", "check"].contains(&name.as_str()) {
            break;
        }
        if seen.contains(&name) {
            return Err((i + 1, format!("only one {name} parser directive can be used")));
        }
        if name == "escape" {
            found.escape = match value.trim() {
                "\\" => '\\',
                "`" => '`',
                other => return Err((i + 1, format!("invalid escape token '{other}' does not match ` or \\"))),
            };
        }
        seen.push(name);
    }
    Ok(found)
}

/// A line without the sign that continues it, if there is one.
fn continued(line: &str, escape: char) -> Option<&str> {
    let rest = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    // An escaped escape is none.
    (!rest.ends_with(escape)).then_some(rest)
}

/// The here-documents that a line of `RUN`, `COPY` or `ADD` begins: name, whether variables are replaced, whether tabs go.
fn begins(text: &str) -> Vec<(String, bool, bool)> {
    let instruction = text.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    if !["RUN", "COPY", "ADD"].contains(&instruction.as_str()) {
        return vec![];
    }
    words::split(text, '\\').iter().filter_map(|w| document(w)).collect()
}

/// `<<EOF`, `<<-"EOF"`, `3<<EOF`
pub fn document(word: &str) -> Option<(String, bool, bool)> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (rest, indented) = match rest.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let name: String = rest.chars().filter(|c| !"\"'\\".contains(*c)).collect();
    (!name.is_empty() && !rest.contains('<')).then(|| (name.clone(), name == rest, indented))
}

/// The instructions of a Dockerfile, in order, and its directives.
pub fn read(text: &str) -> Result<(Directives, Vec<Line>), Wrong> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let directives = directives(text)?;
    let all: Vec<&str> = text.lines().collect();
    let (mut out, mut i) = (vec![], 0);
    while i < all.len() {
        let first = i;
        i += 1;
        if is_comment(all[first]) || all[first].trim().is_empty() {
            continue;
        }
        let mut whole = String::new();
        let mut line = all[first].trim_start();
        while let Some(part) = continued(line, directives.escape) {
            whole.push_str(part);
            // Comments and empty lines between the parts do not count.
            while i < all.len() && (is_comment(all[i]) || all[i].trim().is_empty()) {
                i += 1;
            }
            let Some(next) = all.get(i) else {
                line = "";
                break;
            };
            line = next;
            i += 1;
        }
        whole.push_str(line);
        let mut documents = vec![];
        for (name, expands, indented) in begins(&whole) {
            let mut content = String::new();
            loop {
                let Some(line) = all.get(i) else { return Err((first + 1, "unterminated heredoc".into())) };
                i += 1;
                let line = if indented { line.trim_start_matches('\t') } else { line };
                if line == name {
                    break;
                }
                content.push_str(line);
                content.push('\n');
            }
            documents.push(Document { name, content, expands, indented });
        }
        let text = whole.trim().to_string();
        out.push(Line { span: (first + 1, i), text, documents });
    }
    Ok((directives, out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        read(text).unwrap().1.into_iter().map(|l| l.text).collect()
    }

    #[test]
    fn a_line_that_ends_with_a_backslash_goes_on_and_comments_in_between_do_not_count() {
        let text = "# a comment\nFROM a\n\nRUN one && \\\n    # why\n\n    two \\\n    three\n  # more\nCMD x";
        assert_eq!(texts(text), ["FROM a", "RUN one &&     two     three", "CMD x"]);
        assert_eq!(read(text).unwrap().1[1].span, (4, 8));
        assert_eq!(texts("RUN a \\"), ["RUN a"]);
        assert_eq!(texts("RUN a \\\\\nRUN b"), ["RUN a \\\\", "RUN b"]);
    }

    #[test]
    fn another_sign_may_continue_lines() {
        assert_eq!(texts("# escape=`\nFROM a\nRUN dir `\n c:\\\nRUN b"), ["FROM a", "RUN dir  c:\\", "RUN b"]);
        assert_eq!(read("# escape=x\nFROM a").unwrap_err().0, 1);
        // After a comment that is no directive there are no more.
        assert_eq!(texts("# hello\n# escape=`\nRUN a `\nRUN b"), ["RUN a `", "RUN b"]);
    }

    #[test]
    fn here_documents_belong_to_the_line_that_begins_them() {
        let (_, lines) = read("RUN cat <<EOF > /a && cat <<-'B' > /b\nx $Y\nEOF\n\ty\n\tB\nRUN z").unwrap();
        let docs: Vec<(&str, bool)> = lines[0].documents.iter().map(|d| (d.content.as_str(), d.expands)).collect();
        assert_eq!(docs, [("x $Y\n", true), ("y\n", false)]);
        assert_eq!(lines[1].text, "RUN z");
        assert_eq!(read("RUN <<EOF\nx").unwrap_err().1, "unterminated heredoc");
        assert!(read("ENV A=<<EOF").unwrap().1[0].documents.is_empty());
    }
}
