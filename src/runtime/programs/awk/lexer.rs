//! Words of a program of `awk`.

#[derive(Clone, PartialEq, Debug)]
pub enum Token {
    Number(f64),
    Text(String),
    Name(String),
    /// A name right before a parenthesis.
    Called(String),
    /// Operators and punctuation.
    Sign(&'static str),
    Newline,
    End,
}

const SIGNS: [&str; 41] = [
    "**=", "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "**", "==", "<=", ">=", "!=", ">>", "!~", "{",
    "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!", "<", ">", "|", "?", ":", "~", "$", "=",
];

pub struct Lexer {
    chars: Vec<char>,
    pub at: usize,
    pub line: usize,
}

impl Lexer {
    pub fn new(text: &str) -> Lexer {
        Lexer { chars: text.chars().collect(), at: 0, line: 1 }
    }

    fn peek(&self, n: usize) -> Option<char> {
        self.chars.get(self.at + n).copied()
    }

    fn skip_blanks(&mut self) {
        loop {
            match self.peek(0) {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.peek(1) == Some('\n') => {
                    self.at += 2;
                    self.line += 1;
                }
                Some('\\') if self.peek(1) == Some('\r') && self.peek(2) == Some('\n') => self.at += 3,
                Some('#') => {
                    while self.peek(0).is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    pub fn next(&mut self) -> Result<Token, String> {
        self.skip_blanks();
        let Some(c) = self.peek(0) else { return Ok(Token::End) };
        if c == '\n' {
            self.at += 1;
            self.line += 1;
            return Ok(Token::Newline);
        }
        if c.is_ascii_digit() || (c == '.' && self.peek(1).is_some_and(|d| d.is_ascii_digit())) {
            return Ok(self.number());
        }
        if c.is_ascii_alphabetic() || c == '_' {
            let from = self.at;
            while self.peek(0).is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                self.at += 1;
            }
            let name: String = self.chars[from..self.at].iter().collect();
            return Ok(if self.peek(0) == Some('(') { Token::Called(name) } else { Token::Name(name) });
        }
        if c == '"' {
            self.at += 1;
            return Ok(Token::Text(escaped(&self.until('"')?)));
        }
        for s in SIGNS {
            if s.chars().enumerate().all(|(i, c)| self.peek(i) == Some(c)) {
                self.at += s.len();
                return Ok(Token::Sign(match s {
                    "**" => "^",
                    "**=" => "^=",
                    s => s,
                }));
            }
        }
        Err("Unexpected token".into())
    }

    fn number(&mut self) -> Token {
        let from = self.at;
        if self.peek(0) == Some('0') && matches!(self.peek(1), Some('x' | 'X')) {
            self.at += 2;
            while self.peek(0).is_some_and(|c| c.is_ascii_hexdigit()) {
                self.at += 1;
            }
            let text: String = self.chars[from + 2..self.at].iter().collect();
            #[allow(clippy::cast_precision_loss, reason = "numbers of awk are floats")]
            return Token::Number(u64::from_str_radix(&text, 16).unwrap_or(0) as f64);
        }
        let digits = |l: &mut Lexer| {
            while l.peek(0).is_some_and(|c| c.is_ascii_digit()) {
                l.at += 1;
            }
        };
        digits(self);
        if self.peek(0) == Some('.') {
            self.at += 1;
            digits(self);
        }
        let signed = matches!(self.peek(1), Some('+' | '-'));
        if matches!(self.peek(0), Some('e' | 'E'))
            && self.peek(1 + usize::from(signed)).is_some_and(|c| c.is_ascii_digit())
        {
            self.at += 1 + usize::from(signed);
            digits(self);
        }
        let text: String = self.chars[from..self.at].iter().collect();
        Token::Number(text.parse().unwrap_or(0.0))
    }

    /// Text up to its end, with its backslashes.
    fn until(&mut self, end: char) -> Result<String, String> {
        let mut out = String::new();
        let mut in_set = false;
        loop {
            let c = self.peek(0).filter(|c| *c != '\n').ok_or("Unexpected end of string")?;
            self.at += 1;
            match c {
                '\\' => {
                    let next = self.peek(0).ok_or("Unexpected end of string")?;
                    self.at += 1;
                    if next == '\n' {
                        self.line += 1;
                        continue;
                    }
                    out.extend(['\\', next]);
                }
                '[' if end == '/' && !in_set => {
                    in_set = true;
                    out.push(c);
                    for first in ['^', ']'] {
                        if self.peek(0) == Some(first) {
                            out.push(first);
                            self.at += 1;
                        }
                    }
                }
                '[' if in_set && self.peek(0) == Some(':') => {
                    while let Some(c) = self.peek(0).filter(|c| *c != ']' && *c != '\n') {
                        if out.ends_with('[') || c != '[' {
                            out.push(c);
                        }
                        self.at += 1;
                    }
                }
                ']' if in_set => {
                    in_set = false;
                    out.push(c);
                }
                c if c == end && !in_set => return Ok(out),
                c => out.push(c),
            }
        }
    }

    /// A regular expression after its first slash.
    pub fn regex(&mut self) -> Result<String, String> {
        Ok(self.until('/')?.replace("\\/", "/"))
    }
}

/// The letters that backslashes stand for. One that stands for nothing stays, with its backslash.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('a') => out.push('\x07'),
            Some('b') => out.push('\x08'),
            Some('f') => out.push('\x0c'),
            Some('v') => out.push('\x0b'),
            Some('"') => out.push('"'),
            Some('/') => out.push('/'),
            Some('\\') => out.push('\\'),
            Some(d @ '0'..='7') => {
                let mut n = d as u32 - '0' as u32;
                for _ in 0..2 {
                    let Some(d) = chars.peek().and_then(|c| c.to_digit(8)) else { break };
                    n = n * 8 + d;
                    chars.next();
                }
                out.push(char::from_u32(n).unwrap_or('?'));
            }
            Some(c) => out.extend(['\\', c]),
            None => out.push('\\'),
        }
    }
    out
}
