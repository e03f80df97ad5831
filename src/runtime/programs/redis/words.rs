//! Lines that are typed, as words: with quotes and escapes, as `redis-cli`, configuration files and inline requests read them.

use super::value::Text;

/// `None`: a quote is not closed, or something follows it closely.
pub fn split(line: &[u8]) -> Option<Vec<Text>> {
    let (mut words, mut rest) = (vec![], line);
    loop {
        let start = rest.iter().position(|b| !b.is_ascii_whitespace() && *b != 0);
        let Some(start) = start else { return Some(words) };
        let (word, taken) = word(&rest[start..])?;
        words.push(word.into());
        rest = &rest[start + taken..];
    }
}

fn word(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut word, mut at) = (vec![], 0);
    while let Some(&b) = text.get(at) {
        match b {
            b if b.is_ascii_whitespace() || b == 0 => break,
            b'"' | b'\'' => {
                at = quoted(text, at + 1, b, &mut word)?;
                // What is quoted ends a word.
                return text.get(at).is_none_or(u8::is_ascii_whitespace).then_some((word, at));
            }
            b => word.push(b),
        }
        at += 1;
    }
    Some((word, at))
}

/// Where it goes on after the quote that closes.
fn quoted(text: &[u8], mut at: usize, quote: u8, word: &mut Vec<u8>) -> Option<usize> {
    loop {
        match (text.get(at)?, text.get(at + 1)) {
            (b, _) if *b == quote => return Some(at + 1),
            (b'\\', Some(b'\'')) if quote == b'\'' => {
                word.push(b'\'');
                at += 2;
            }
            (b'\\', Some(b'x')) if quote == b'"' && hex(text.get(at + 2..at + 4)).is_some() => {
                word.extend(hex(text.get(at + 2..at + 4)));
                at += 4;
            }
            (b'\\', Some(b)) if quote == b'"' => {
                word.push(match b {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    b => *b,
                });
                at += 2;
            }
            (b, _) => {
                word.push(*b);
                at += 1;
            }
        }
    }
}

fn hex(two: Option<&[u8]>) -> Option<u8> {
    let two = two?;
    if !two.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()
}

/// The opposite: a text in quotes, with nothing in it that does not print.
pub fn quote(text: &[u8]) -> String {
    let mut out = String::from("\"");
    for b in text {
        match b {
            b'\\' | b'"' => {
                out.push('\\');
                out.push(char::from(*b));
            }
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            7 => out.push_str("\\a"),
            8 => out.push_str("\\b"),
            b if (32..127).contains(b) => out.push(char::from(*b)),
            b => out.push_str(&format!("\\x{b:02x}")),
        }
    }
    out.push('"');
    out
}
