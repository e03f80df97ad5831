//! Texts taken apart: one value after the other, and where each of them ends.

use jaq_json::{Val, read};

/// How deep values may lie in one another.
const DEEPEST: usize = 256;

pub struct Item {
    /// Or what is wrong with the text from here on.
    pub value: Result<Val, String>,
    /// How many lines were read by then.
    pub line: usize,
}

/// One value, and nothing else.
pub fn single(text: &[u8]) -> Option<Val> {
    let mut all = values(text, 0).into_iter();
    let first = all.next()?.value.ok()?;
    all.next().is_none().then_some(first)
}

/// A text's values; after a broken one nothing is read.
pub fn values(text: &[u8], from: usize) -> Vec<Item> {
    let mut out = vec![];
    let mut at = from;
    // Lines that end before a place.
    let (mut lines, mut counted) = (0, 0);
    loop {
        at += text[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        if at >= text.len() {
            return out;
        }
        let (value, end) = match end_of(text, at) {
            Ok(end) => (read::parse_single(&text[at..end]).map_err(|_| wrong(text, at, end)), end),
            Err((why, end)) => (Err(format!("{why} at {}", place(text, end))), text.len()),
        };
        // jq reads line by line.
        lines += text[counted..end].iter().filter(|b| **b == b'\n').count();
        counted = end;
        let line = lines + usize::from(text[end..].contains(&b'\n'));
        let broken = value.is_err();
        out.push(Item { value, line });
        if broken {
            return out;
        }
        at = end;
    }
}

/// Where the value ends that begins here, or what is wrong, and where.
fn end_of(text: &[u8], at: usize) -> Result<usize, (&'static str, usize)> {
    match text[at] {
        b'{' | b'[' => {
            let mut open = vec![];
            let mut i = at;
            while i < text.len() {
                match text[i] {
                    b'"' => i = end_of_string(text, i)?,
                    b'{' | b'[' => {
                        open.push(text[i]);
                        if open.len() > DEEPEST {
                            return Err(("Exceeds depth limit for parsing", i + 1));
                        }
                        i += 1;
                    }
                    b @ (b'}' | b']') => {
                        let fits = open.pop().is_some_and(|o| (o == b'{') == (b == b'}'));
                        if !fits {
                            return Err((if b == b'}' { "Unmatched '}'" } else { "Unmatched ']'" }, i + 1));
                        }
                        i += 1;
                        if open.is_empty() {
                            return Ok(i);
                        }
                    }
                    _ => i += 1,
                }
            }
            Err(("Unfinished JSON term at EOF", text.len()))
        }
        b'"' => end_of_string(text, at),
        b'}' => Err(("Unmatched '}'", at + 1)),
        b']' => Err(("Unmatched ']'", at + 1)),
        b',' => Err(("Expected value before ','", at + 1)),
        b':' => Err(("':' not as part of an object", at + 1)),
        _ => {
            let ends = |b: &u8| b.is_ascii_whitespace() || b"[]{},:\"".contains(b);
            Ok(text[at..].iter().position(ends).map_or(text.len(), |n| at + n))
        }
    }
}

fn end_of_string(text: &[u8], at: usize) -> Result<usize, (&'static str, usize)> {
    let mut i = at + 1;
    while i < text.len() {
        match text[i] {
            b'\\' => i += 2,
            b'"' => return Ok(i + 1),
            _ => i += 1,
        }
    }
    Err(("Unfinished string at EOF", text.len()))
}

fn place(text: &[u8], end: usize) -> String {
    let before = &text[..end.min(text.len())];
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|b| **b != b'\n').count();
    format!("line {line}, column {column}")
}

/// A value that is whole but cannot be read: the first word that is none, or what is not parted.
fn wrong(text: &[u8], at: usize, end: usize) -> String {
    let mut i = at;
    // What stood before: a value that is at its end wants a comma next.
    let mut after_value = false;
    let mut keys: Vec<(bool, bool)> = vec![];
    while i < end {
        match text[i] {
            b if b.is_ascii_whitespace() => i += 1,
            b'"' => {
                if after_value {
                    return format!("Expected separator between values at {}", place(text, i + 1));
                }
                i = end_of_string(text, i).unwrap_or(end);
                after_value = true;
            }
            b @ (b'{' | b'[') => {
                keys.push((b == b'{', false));
                (after_value, i) = (false, i + 1);
            }
            b @ (b'}' | b']') => {
                if let Some((true, false)) = keys.pop().filter(|_| b == b'}' && after_value) {
                    return format!("Objects must consist of key:value pairs at {}", place(text, i + 1));
                }
                (after_value, i) = (true, i + 1);
            }
            b':' => {
                if let Some(k) = keys.last_mut() {
                    k.1 = true;
                }
                (after_value, i) = (false, i + 1);
            }
            b',' => {
                if !after_value {
                    return format!("Expected value before ',' at {}", place(text, i + 1));
                }
                if let Some(k) = keys.last_mut() {
                    if k.0 && !k.1 {
                        return format!("Objects must consist of key:value pairs at {}", place(text, i + 1));
                    }
                    k.1 = false;
                }
                (after_value, i) = (false, i + 1);
            }
            _ => {
                let stop = end_of(text, i).unwrap_or(end).clamp(i + 1, end.max(i + 1));
                let word = &text[i..stop];
                if read::parse_single(word).is_err() {
                    return match stop >= text.len() {
                        true => format!("Invalid numeric literal at EOF at {}", place(text, stop)),
                        false => format!("Invalid numeric literal at {}", place(text, stop + 1)),
                    };
                }
                if after_value {
                    return format!("Expected separator between values at {}", place(text, stop));
                }
                (after_value, i) = (true, stop);
            }
        }
    }
    format!("Invalid literal at {}", place(text, end))
}
