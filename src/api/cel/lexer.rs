//! An expression in tokens.
//! Real Kubernetes: cel-go/parser/gen/CEL.g4.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Ident,
    EscapedIdent,
    Int,
    Uint,
    Float,
    String,
    Bytes,
    /// An operator, bracket or one of `in`, `true`, `false`, `null`: its text tells which.
    Sign,
    End,
}

#[derive(Clone, Copy, Debug)]
pub struct Lexeme<'a> {
    pub token: Token,
    pub text: &'a str,
    /// Where it starts, in characters.
    pub place: usize,
}

const SIGNS: [&str; 24] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ":", "+", "*",
    "/", "%",
];

/// The tokens with an end after them, or none if some character has no place in an expression.
pub fn lex(text: &str) -> Option<Vec<Lexeme<'_>>> {
    let mut all = vec![];
    let (mut at, mut place) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let (token, length) = next(rest)?;
        let piece = &rest[..length];
        if let Some(token) = token {
            all.push(Lexeme { token, text: piece, place });
        }
        at += length;
        place += piece.chars().count();
    }
    all.push(Lexeme { token: Token::End, text: "", place });
    Some(all)
}

/// What stands at the start, none being space and comments, and how many bytes it takes.
fn next(rest: &str) -> Option<(Option<Token>, usize)> {
    let bytes = rest.as_bytes();
    let run = |ok: fn(&u8) -> bool| bytes.iter().take_while(|b| ok(b)).count();
    match bytes[0] {
        b'\t' | b' ' | b'\r' | b'\n' | 0x0c => {
            return Some((None, run(|b| matches!(b, b'\t' | b' ' | b'\r' | b'\n' | 0x0c))));
        }
        b'/' if bytes.get(1) == Some(&b'/') => return Some((None, rest.find('\n').unwrap_or(rest.len()))),
        b'0'..=b'9' => return Some(number(bytes)),
        b'.' if bytes.get(1).is_some_and(u8::is_ascii_digit) => return Some(number(bytes)),
        b'`' => {
            let inner = bytes[1..]
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b' '))
                .count();
            return (inner > 0 && bytes.get(inner + 1) == Some(&b'`'))
                .then_some((Some(Token::EscapedIdent), inner + 2));
        }
        _ => {}
    }
    if let Some((token, length)) = quoted(bytes) {
        return Some((Some(token), length));
    }
    if bytes[0].is_ascii_alphabetic() || bytes[0] == b'_' {
        let length = run(|b| b.is_ascii_alphanumeric() || *b == b'_');
        let word = &rest[..length];
        let token = if matches!(word, "in" | "true" | "false" | "null") { Token::Sign } else { Token::Ident };
        return Some((Some(token), length));
    }
    let sign = SIGNS.iter().find(|s| rest.starts_with(**s))?;
    Some((Some(Token::Sign), sign.len()))
}

fn number(bytes: &[u8]) -> (Option<Token>, usize) {
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    if bytes.starts_with(b"0x") {
        let hex = bytes[2..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        if hex > 0 {
            let unsigned = matches!(bytes.get(2 + hex), Some(b'u' | b'U'));
            let token = if unsigned { Token::Uint } else { Token::Int };
            return (Some(token), 2 + hex + usize::from(unsigned));
        }
    }
    let mut length = digits(0);
    let mut float = false;
    if bytes.get(length) == Some(&b'.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
        float = true;
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let exponent = bytes.get(length + 1 + sign..).map_or(0, |_| digits(length + 1 + sign));
        if exponent > 0 {
            return (Some(Token::Float), length + 1 + sign + exponent);
        }
    }
    match (float, bytes.get(length)) {
        (true, _) => (Some(Token::Float), length),
        (false, Some(b'u' | b'U')) => (Some(Token::Uint), length + 1),
        _ => (Some(Token::Int), length),
    }
}

/// A string or bytes in quotes, with its prefixes.
fn quoted(bytes: &[u8]) -> Option<(Token, usize)> {
    let mut at = 0;
    let mut token = Token::String;
    if matches!(bytes[at], b'b' | b'B') {
        token = Token::Bytes;
        at += 1;
    }
    let raw = matches!(bytes.get(at), Some(b'r' | b'R'));
    at += usize::from(raw);
    let quote = *bytes.get(at).filter(|b| matches!(b, b'"' | b'\''))?;
    let long = bytes.get(at..at + 3).is_some_and(|three| three.iter().all(|b| *b == quote));
    if long && let Some(length) = closed(bytes, at + 3, quote, raw, true) {
        return Some((token, length));
    }
    Some((token, closed(bytes, at + 1, quote, raw, false)?))
}

/// Where the text in quotes ends.
fn closed(bytes: &[u8], mut at: usize, quote: u8, raw: bool, long: bool) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            b'\\' if !raw => at += escape(&bytes[at + 1..])? + 1,
            b'\n' | b'\r' if !long => return None,
            b if b == quote && !long => return Some(at + 1),
            b if b == quote && bytes[at..].starts_with(&[quote; 3]) => return Some(at + 3),
            _ => at += 1,
        }
    }
}

/// How many bytes an escape takes after its `\`.
fn escape(rest: &[u8]) -> Option<usize> {
    let hex = |n: usize| rest.get(1..=n).filter(|d| d.iter().all(u8::is_ascii_hexdigit)).map(|_| n + 1);
    match rest.first()? {
        b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'"' | b'\'' | b'\\' | b'?' | b'`' => Some(1),
        b'x' | b'X' => hex(2),
        b'u' => hex(4),
        b'U' => hex(8),
        b'0'..=b'3' => rest.get(1..3).filter(|d| d.iter().all(|b| (b'0'..=b'7').contains(b))).map(|_| 3),
        _ => None,
    }
}
