//! A script of `sed`, read.

use super::super::regex::{Matcher, Syntax};

#[derive(Clone, Debug)]
pub enum Address {
    Line(usize),
    Last,
    /// `None`: the pattern that was used last.
    Pattern(Option<Matcher>),
    /// `first~step`
    Step(usize, usize),
}

/// Where a range ends.
#[derive(Clone, Debug)]
pub enum End {
    At(Address),
    /// `addr,+N`
    After(usize),
    /// `addr,~N`
    Multiple(usize),
}

#[derive(Clone, Debug)]
pub struct Command {
    pub from: Option<Address>,
    pub to: Option<End>,
    pub negate: bool,
    pub act: Act,
}

#[derive(Clone, Debug)]
pub enum Act {
    /// `{`: where its end is.
    Block(usize),
    Close,
    Append(String),
    Insert(String),
    Change(String),
    Branch(Option<String>),
    BranchIf(Option<String>),
    BranchUnless(Option<String>),
    Label(String),
    Substitute(Box<Substitute>),
    Translate(Vec<(char, char)>),
    ReadFile(String),
    WriteFile(String),
    Quit(i32, bool),
    List,
    /// What a letter alone says: `d D g G h H n N p P x = z F`.
    Plain(char),
}

#[derive(Clone, Debug)]
pub struct Substitute {
    pub pattern: Option<Matcher>,
    pub with: Vec<Part>,
    pub global: bool,
    pub nth: usize,
    pub print: bool,
    pub write: Option<String>,
}

/// A piece of a replacement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    Text(String),
    Group(usize),
    /// `\U`, `\L`, `\E`, `\u`, `\l`
    Case(char),
}

pub struct Parser {
    chars: Vec<char>,
    at: usize,
    extended: bool,
    /// busybox knows less.
    gnu: bool,
}

/// Commands of a script at most.
const MOST: usize = 10_000;

pub fn parse(text: &str, extended: bool, gnu: bool) -> Result<Vec<Command>, String> {
    let mut p = Parser { chars: text.chars().collect(), at: 0, extended, gnu };
    let (mut out, mut open): (Vec<Command>, Vec<usize>) = (vec![], vec![]);
    loop {
        p.skip(|c| c.is_whitespace() || c == ';');
        if p.peek().is_none() {
            break;
        }
        if p.peek() == Some('#') {
            p.skip(|c| c != '\n');
            continue;
        }
        let c = p.command()?;
        match c.act {
            Act::Block(_) => open.push(out.len()),
            Act::Close => {
                let begin = open.pop().ok_or("unexpected '}'")?;
                out[begin].act = Act::Block(out.len());
            }
            _ => {}
        }
        out.push(c);
        if out.len() > MOST {
            return Err("script is too long".into());
        }
    }
    if open.is_empty() { Ok(out) } else { Err("unmatched '{'".into()) }
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn skip(&mut self, what: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&what) {
            self.at += 1;
        }
    }

    fn blanks(&mut self) {
        self.skip(|c| c == ' ' || c == '\t');
    }

    fn number(&mut self) -> Option<usize> {
        let from = self.at;
        self.skip(|c| c.is_ascii_digit());
        self.chars[from..self.at].iter().collect::<String>().parse().ok()
    }

    /// Text up to a letter that is not escaped. `\n` is a line end; an escaped delimiter is the letter itself.
    fn until(&mut self, delimiter: char, pattern: bool) -> Result<String, String> {
        let mut out = String::new();
        let mut in_set = false;
        while let Some(c) = self.next() {
            match c {
                '\\' => match self.next() {
                    Some(c) if c == delimiter && c != '\\' => {
                        // In a pattern, a delimiter that means something else would mean it again.
                        out.push(c);
                    }
                    Some('\n') if pattern => out.push_str("\\n"),
                    Some(c) => out.extend(['\\', c]),
                    None => break,
                },
                '[' if pattern && !in_set => {
                    in_set = true;
                    out.push(c);
                    for first in ['^', ']'] {
                        if self.peek() == Some(first) {
                            out.extend(self.next());
                        }
                    }
                }
                '[' if in_set && matches!(self.peek(), Some(':' | '.' | '=')) => {
                    out.push(c);
                    let kind = self.next().unwrap_or(':');
                    out.push(kind);
                    while let Some(c) = self.next() {
                        out.push(c);
                        if c == kind && self.peek() == Some(']') {
                            out.extend(self.next());
                            break;
                        }
                    }
                }
                ']' if in_set => {
                    in_set = false;
                    out.push(c);
                }
                '\n' if in_set => break,
                c if c == delimiter && !in_set => return Ok(out),
                c => out.push(c),
            }
        }
        Err(String::new())
    }

    fn matcher(&self, text: &str, ignore_case: bool) -> Result<Option<Matcher>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        let syntax = if self.extended { Syntax::Extended } else { Syntax::Basic };
        Matcher::new(text, syntax, ignore_case).map(Some).map_err(String::from)
    }

    fn address(&mut self) -> Result<Option<Address>, String> {
        Ok(match self.peek() {
            Some('$') => {
                self.at += 1;
                Some(Address::Last)
            }
            Some(c) if c.is_ascii_digit() => {
                let n = self.number().ok_or("number too large")?;
                if self.peek() == Some('~') && self.gnu {
                    self.at += 1;
                    Some(Address::Step(n, self.number().unwrap_or(0)))
                } else {
                    Some(Address::Line(n))
                }
            }
            Some(c @ ('/' | '\\')) => {
                self.at += 1;
                let delimiter = if c == '\\' { self.next().ok_or("unexpected end")? } else { '/' };
                let text = self.until(delimiter, true).map_err(|_| "unterminated address regex".to_string())?;
                let mut ignore = false;
                while let Some('I' | 'M') = self.peek().filter(|_| self.gnu) {
                    ignore |= self.next() == Some('I');
                }
                Some(Address::Pattern(self.matcher(&text, ignore)?))
            }
            _ => None,
        })
    }

    fn command(&mut self) -> Result<Command, String> {
        let from = self.address()?;
        self.blanks();
        let mut to = None;
        if from.is_some() && self.peek() == Some(',') {
            self.at += 1;
            self.blanks();
            to = Some(match self.peek() {
                Some('+') => {
                    self.at += 1;
                    End::After(self.number().ok_or("expected number")?)
                }
                Some('~') => {
                    self.at += 1;
                    End::Multiple(self.number().ok_or("expected number")?)
                }
                _ => End::At(self.address()?.ok_or("unexpected ','")?),
            });
        }
        self.skip(char::is_whitespace);
        let mut negate = false;
        while self.peek() == Some('!') {
            self.at += 1;
            negate = true;
            self.blanks();
        }
        let letter = self.next().ok_or("missing command")?;
        let act = self.act(letter)?;
        if matches!(act, Act::Label(_)) && from.is_some() {
            return Err(": doesn't want any addresses".into());
        }
        Ok(Command { from, to, negate, act })
    }

    fn act(&mut self, letter: char) -> Result<Act, String> {
        let act = match letter {
            '{' => return Ok(Act::Block(0)),
            '}' => Act::Close,
            'a' | 'i' | 'c' => {
                let text = self.text();
                return Ok(match letter {
                    'a' => Act::Append(text),
                    'i' => Act::Insert(text),
                    _ => Act::Change(text),
                });
            }
            ':' => {
                self.blanks();
                let name = self.word(|c| c == '\n' || c == ';');
                if name.is_empty() {
                    return Err("\":\" lacks a label".into());
                }
                return Ok(Act::Label(name));
            }
            'b' | 't' | 'T' => {
                self.blanks();
                let name = Some(self.word(|c| c == '\n' || c == ';' || c == '}')).filter(|n| !n.is_empty());
                return Ok(match letter {
                    'b' => Act::Branch(name),
                    't' => Act::BranchIf(name),
                    _ => Act::BranchUnless(name),
                });
            }
            's' => Act::Substitute(Box::new(self.substitute()?)),
            'y' => self.translate()?,
            'r' | 'w' => {
                self.blanks();
                let path = self.word(|c| c == '\n');
                if path.is_empty() {
                    return Err("missing filename in r/R/w/W commands".into());
                }
                return Ok(if letter == 'r' { Act::ReadFile(path) } else { Act::WriteFile(path) });
            }
            'q' | 'Q' => {
                self.blanks();
                let code = Some(self.gnu)
                    .filter(|g| *g)
                    .and_then(|_| self.number())
                    .and_then(|n| i32::try_from(n).ok())
                    .unwrap_or(0);
                Act::Quit(code, letter == 'q')
            }
            'l' => {
                self.blanks();
                self.number();
                Act::List
            }
            c if "dDgGhHnNpPx=zF".contains(c) => Act::Plain(c),
            c => return Err(format!("unknown command: '{c}'")),
        };
        self.blanks();
        match self.peek() {
            None | Some(';' | '\n' | '}' | '#') => Ok(act),
            Some(_) => Err("extra characters after command".into()),
        }
    }

    fn word(&mut self, ends: impl Fn(char) -> bool) -> String {
        let from = self.at;
        self.skip(|c| !ends(c));
        self.chars[from..self.at].iter().collect::<String>().trim_end().to_string()
    }

    /// What `a`, `i` and `c` put: the rest of the line, or lines after a backslash.
    fn text(&mut self) -> String {
        self.blanks();
        if self.peek() == Some('\\') {
            self.at += 1;
            self.blanks();
            if self.peek() == Some('\n') {
                self.at += 1;
            }
        }
        let mut out = String::new();
        while let Some(c) = self.next() {
            match c {
                '\\' => match self.next() {
                    Some('t') => out.push('\t'),
                    Some(c) => out.push(c),
                    None => {}
                },
                '\n' => break,
                c => out.push(c),
            }
        }
        out + "\n"
    }

    fn translate(&mut self) -> Result<Act, String> {
        const BAD: &str = "unterminated 'y' command";
        let delimiter = self.next().ok_or(BAD)?;
        let unescaped = |t: String| {
            let mut out = vec![];
            let mut chars = t.chars();
            while let Some(c) = chars.next() {
                out.push(match c {
                    '\\' => match chars.next() {
                        Some('n') => '\n',
                        Some('t') => '\t',
                        Some(c) => c,
                        None => '\\',
                    },
                    c => c,
                });
            }
            out
        };
        let from = unescaped(self.until(delimiter, false).map_err(|_| BAD)?);
        let to = unescaped(self.until(delimiter, false).map_err(|_| BAD)?);
        if from.len() != to.len() {
            return Err("strings for 'y' command are different lengths".into());
        }
        Ok(Act::Translate(from.into_iter().zip(to).collect()))
    }

    fn substitute(&mut self) -> Result<Substitute, String> {
        const BAD: &str = "unterminated 's' command";
        let delimiter = self.next().filter(|c| *c != '\n' && *c != '\\').ok_or(BAD)?;
        let pattern = self.until(delimiter, true).map_err(|_| BAD)?;
        let with = self.until(delimiter, false).map_err(|_| BAD)?;
        let mut s = Substitute { pattern: None, with: parts(&with), global: false, nth: 1, print: false, write: None };
        let mut ignore = false;
        loop {
            match self.peek() {
                Some('g') => {
                    s.global = true;
                    // To busybox, all are all.
                    s.nth = if self.gnu { s.nth } else { 1 };
                }
                Some('p') => s.print = true,
                Some('i' | 'I') => ignore = true,
                Some('m' | 'M' | 'e') => {}
                Some(c) if c.is_ascii_digit() => {
                    s.nth = self.number().filter(|n| *n > 0).ok_or("number option to 's' command may not be zero")?;
                    continue;
                }
                Some('w') => {
                    self.at += 1;
                    self.blanks();
                    s.write = Some(self.word(|c| c == '\n'));
                    break;
                }
                _ => break,
            }
            self.at += 1;
        }
        s.pattern = self.matcher(&pattern, ignore)?;
        Ok(s)
    }
}

/// A replacement in its pieces.
fn parts(text: &str) -> Vec<Part> {
    let (mut out, mut plain) = (vec![], String::new());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let special = match c {
            '&' => Part::Group(0),
            '\\' => match chars.next() {
                Some(d) if d.is_ascii_digit() => Part::Group(d as usize - '0' as usize),
                Some(c @ ('U' | 'L' | 'E' | 'u' | 'l')) => Part::Case(c),
                other => {
                    plain.push(match other {
                        Some('n') => '\n',
                        Some('t') => '\t',
                        Some('r') => '\r',
                        Some(c) => c,
                        None => '\\',
                    });
                    continue;
                }
            },
            c => {
                plain.push(c);
                continue;
            }
        };
        if !plain.is_empty() {
            out.push(Part::Text(std::mem::take(&mut plain)));
        }
        out.push(special);
    }
    if !plain.is_empty() {
        out.push(Part::Text(plain));
    }
    out
}
