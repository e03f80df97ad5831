//! The text of a configuration, taken apart into directives.
//! Real nginx: src/core/ngx_conf_file.c.

use std::sync::Arc;

/// `listen 80;`, or `server { … }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    pub name: String,
    pub args: Vec<String>,
    pub block: Option<Vec<Directive>>,
    pub at: At,
}

/// Where something stands: `/etc/nginx/nginx.conf:12`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    pub file: Arc<str>,
    pub line: usize,
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl Directive {
    pub fn arg(&self, i: usize) -> &str {
        self.args.get(i).map_or("", String::as_str)
    }

    pub fn inner(&self) -> &[Directive] {
        self.block.as_deref().unwrap_or_default()
    }

    /// What its own file says of it.
    pub fn wrong(&self, why: &str) -> String {
        format!("{why} in {}", self.at)
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Ends,
    Opens,
    Closes,
}

struct Lexer<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<Option<Token>, String> {
        while let Some(c) = self.rest.peek().copied() {
            match c {
                '\n' => self.line += 1,
                c if c.is_whitespace() => {}
                '#' => {
                    while self.rest.next_if(|c| *c != '\n').is_some() {}
                    continue;
                }
                _ => break,
            }
            self.rest.next();
        }
        let Some(first) = self.rest.next() else { return Ok(None) };
        Ok(Some(match first {
            ';' => Token::Ends,
            '{' => Token::Opens,
            '}' => Token::Closes,
            '"' | '\'' => Token::Word(self.quoted(first)?),
            c => Token::Word(self.word(c)),
        }))
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut word = String::new();
        while let Some(c) = self.rest.next() {
            match c {
                c if c == quote => return Ok(word),
                '\\' => match self.rest.next() {
                    Some(c) if c == quote || c == '\\' => word.push(c),
                    Some('n') => word.push('\n'),
                    Some('t') => word.push('\t'),
                    Some('r') => word.push('\r'),
                    Some(c) => word.extend(['\\', c]),
                    None => break,
                },
                c => {
                    self.line += usize::from(c == '\n');
                    word.push(c);
                }
            }
        }
        Err("unexpected end of file, expecting \";\" or \"}\"".into())
    }

    fn word(&mut self, first: char) -> String {
        let mut word = String::from(first);
        if first == '\\' {
            word.extend(self.rest.next());
        }
        // `${name}` is part of a word.
        while let Some(c) = self.rest.peek().copied() {
            if c == '{' && word.ends_with('$') {
                for c in self.rest.by_ref() {
                    word.push(c);
                    if c == '}' {
                        break;
                    }
                }
                continue;
            }
            if c.is_whitespace() || c == ';' || c == '{' {
                break;
            }
            self.rest.next();
            word.push(c);
            if c == '\\' {
                word.extend(self.rest.next());
            }
        }
        word
    }
}

/// Blocks may stand within one another so deep.
const DEEPEST: usize = 100;

/// Takes a file apart. `include` is asked for what an `include` names.
///
/// # Errors
/// As nginx says it, with file and line.
pub fn parse(
    file: &str,
    text: &str,
    include: &mut dyn FnMut(&Directive) -> Result<Vec<Directive>, String>,
) -> Result<Vec<Directive>, String> {
    let mut lexer = Lexer { rest: text.chars().peekable(), line: 1 };
    block(&file.into(), &mut lexer, 0, include)
}

fn block(
    file: &Arc<str>,
    lexer: &mut Lexer<'_>,
    depth: usize,
    include: &mut dyn FnMut(&Directive) -> Result<Vec<Directive>, String>,
) -> Result<Vec<Directive>, String> {
    let mut all = vec![];
    let mut words: Vec<String> = vec![];
    let mut begins = 0;
    loop {
        let token = lexer.next().map_err(|why| format!("{why} in {file}:{}", lexer.line))?;
        let here = |line: usize| At { file: file.clone(), line };
        let line = lexer.line;
        match token {
            Some(Token::Word(w)) => {
                if words.is_empty() {
                    begins = line;
                }
                words.push(w);
            }
            Some(Token::Ends | Token::Opens) if words.is_empty() => {
                let sign = if token == Some(Token::Ends) { ';' } else { '{' };
                return Err(format!("unexpected \"{sign}\" in {file}:{line}"));
            }
            Some(Token::Ends) => {
                let name = words.remove(0);
                let d = Directive { name, args: std::mem::take(&mut words), block: None, at: here(begins) };
                if d.name == "include" {
                    all.extend(include(&d)?);
                } else {
                    all.push(d);
                }
            }
            Some(Token::Opens) => {
                let name = words.remove(0);
                let args = std::mem::take(&mut words);
                if depth >= DEEPEST {
                    return Err(format!("too many nested blocks in {file}:{line}"));
                }
                let inner = block(file, lexer, depth + 1, include)?;
                all.push(Directive { name, args, block: Some(inner), at: here(begins) });
            }
            Some(Token::Closes) if !words.is_empty() => {
                return Err(format!("unexpected \"}}\" in {file}:{line}"));
            }
            Some(Token::Closes) if depth > 0 => return Ok(all),
            Some(Token::Closes) => return Err(format!("unexpected \"}}\" in {file}:{line}")),
            None if !words.is_empty() => {
                return Err(format!("unexpected end of file, expecting \";\" or \"}}\" in {file}:{line}"));
            }
            None if depth > 0 => return Err(format!("unexpected end of file, expecting \"}}\" in {file}:{line}")),
            None => return Ok(all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(all: &[Directive]) -> String {
        let one = |d: &Directive| {
            let head = [vec![d.name.clone()], d.args.clone()].concat().join(" ");
            d.block.as_ref().map_or(head.clone(), |b| format!("{head} [{}]", tree(b)))
        };
        all.iter().map(one).collect::<Vec<_>>().join("; ")
    }

    fn of(text: &str) -> Result<Vec<Directive>, String> {
        parse("f", text, &mut |d| Ok(vec![Directive { name: "from".into(), ..d.clone() }]))
    }

    #[test]
    fn a_text_becomes_directives() {
        let text = "# a comment\nserver {\n  listen 80; include \"x y\";\n  location ~ \\.(png|jpg)$ { return 200 'a;b\\n'; }\n set $a ${b}c;}";
        let all = of(text).unwrap();
        assert_eq!(
            tree(&all),
            "server [listen 80; from x y; location ~ \\.(png|jpg)$ [return 200 a;b\n]; set $a ${b}c]"
        );
        assert_eq!(all[0].inner()[2].at.to_string(), "f:4");
    }

    #[test]
    fn a_broken_text_is_refused_with_its_place() {
        for (text, why) in [
            ("listen 80", "unexpected end of file, expecting \";\" or \"}\" in f:1"),
            ("server {\nlisten 80;\n", "unexpected end of file, expecting \"}\" in f:3"),
            ("}", "unexpected \"}\" in f:1"),
            ("server {\n listen 80\n}", "unexpected \"}\" in f:3"),
            (";", "unexpected \";\" in f:1"),
        ] {
            assert_eq!(of(text), Err(why.into()), "{text}");
        }
    }
}
