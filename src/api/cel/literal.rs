//! Numbers, strings and bytes as they are written in an expression.
//! Real Kubernetes: cel-go/parser/unescape.go.

use super::lexer::Token;
use super::value::Value;

pub fn read(token: Token, text: &str) -> Result<Value, &'static str> {
    match token {
        Token::Int => integer(text).map(Value::Int).ok_or("invalid int literal"),
        Token::Uint => unsigned(&text[..text.len() - 1]).map(Value::Uint).ok_or("invalid uint literal"),
        Token::Float => match text.parse::<f64>() {
            Ok(f) if f.is_finite() => Ok(Value::Double(f)),
            _ => Err("invalid double literal"),
        },
        Token::String => {
            let bytes = unescape(text, false)?;
            Ok(Value::string(&String::from_utf8_lossy(&bytes)))
        }
        Token::Bytes => Ok(Value::Bytes(unescape(&text[1..], true)?.into())),
        _ => Err("unexpected literal"),
    }
}

fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |d| ("-", d));
    match digits.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(&format!("{sign}{hex}"), 16).ok(),
        None => text.parse().ok(),
    }
}

fn unsigned(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The text between the quotes, with its escapes read. In bytes an escaped number is a byte, else a character.
fn unescape(text: &str, bytes: bool) -> Result<Vec<u8>, &'static str> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (raw, text) = match text.strip_prefix(['r', 'R']) {
        Some(rest) => (true, rest),
        None => (false, text.as_str()),
    };
    let long = text.len() >= 6 && (text.starts_with("'''") || text.starts_with("\"\"\""));
    let quotes = if long { 3 } else { 1 };
    let inner = text.get(quotes..text.len().saturating_sub(quotes)).unwrap_or("");
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        let tail = &rest[c.len_utf8()..];
        if c != '\\' || raw {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            rest = tail;
        } else {
            rest = escaped(tail, bytes, &mut out)?;
        }
    }
    Ok(out)
}

fn escaped<'t>(tail: &'t str, bytes: bool, out: &mut Vec<u8>) -> Result<&'t str, &'static str> {
    const BROKEN: &str = "unable to unescape string";
    let letter = tail.chars().next().ok_or(BROKEN)?;
    let after = tail.get(letter.len_utf8()..).ok_or(BROKEN)?;
    let (digits, radix) = match letter {
        'x' | 'X' => (2, 16),
        'u' | 'U' if bytes => return Err(BROKEN),
        'u' => (4, 16),
        'U' => (8, 16),
        '0'..='3' => (2, 8),
        _ => {
            out.push(match letter {
                'a' => 7,
                'b' => 8,
                'f' => 12,
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                'v' => 11,
                '\\' | '\'' | '"' | '`' | '?' => letter as u8,
                _ => return Err(BROKEN),
            });
            return Ok(after);
        }
    };
    let number = after.get(..digits).ok_or(BROKEN)?;
    let lead = if radix == 8 { letter.to_digit(8).unwrap_or(0) * 64 } else { 0 };
    let code = lead + u32::from_str_radix(number, radix).map_err(|_| BROKEN)?;
    if bytes {
        out.push(u8::try_from(code).map_err(|_| BROKEN)?);
    } else {
        let c = char::from_u32(code).ok_or("invalid unicode code point")?;
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Ok(&after[digits..])
}
