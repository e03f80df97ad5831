//! `tr`.

use super::Made;
use super::columns::refused;
use super::filter::{Filter, Flow, Out};
use super::options::Options;
use crate::runtime::kernel::Sys;

#[derive(Clone)]
struct Tr {
    map: Vec<Option<u8>>,
    delete: [bool; 256],
    squeeze: [bool; 256],
    last: Option<u8>,
}

/// The letters of a set: `a-z`, `[:digit:]`, `\n`.
fn letters(text: &str) -> Vec<u8> {
    let mut plain = vec![];
    // Escapes first, so that an escaped letter begins no range; it is marked.
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b'\\' && i + 1 < bytes.len() {
            let n = bytes[i + 1..].iter().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
            if n > 0 {
                let digits = std::str::from_utf8(&bytes[i + 1..i + 1 + n]).unwrap_or("0");
                plain.push((u32::from_str_radix(digits, 8).unwrap_or(0) as u8, true));
                i += 1 + n;
                continue;
            }
            let c = match bytes[i + 1] {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'a' => 7,
                b'b' => 8,
                b'f' => 12,
                b'v' => 11,
                c => c,
            };
            plain.push((c, true));
            i += 2;
        } else {
            plain.push((bytes[i], false));
            i += 1;
        }
    }
    let (mut out, mut i) = (vec![], 0);
    while let Some((c, _)) = plain.get(i).copied() {
        if c == b'[' && plain.get(i + 1) == Some(&(b':', false)) {
            let rest: String = plain[i + 2..].iter().map(|(b, _)| char::from(*b)).collect();
            if let Some((name, is)) = rest.split_once(":]").and_then(|(n, _)| Some((n, class(n)?))) {
                out.extend((0..=127u8).filter(|b| is(*b)));
                i += name.len() + 4;
                continue;
            }
        }
        match (plain.get(i + 1), plain.get(i + 2)) {
            (Some((b'-', false)), Some((to, _))) => {
                out.extend(c..=*to);
                i += 3;
            }
            _ => {
                out.push(c);
                i += 1;
            }
        }
    }
    out
}

fn class(name: &str) -> Option<fn(u8) -> bool> {
    Some(match name {
        "alpha" => |b| b.is_ascii_alphabetic(),
        "digit" => |b| b.is_ascii_digit(),
        "alnum" => |b| b.is_ascii_alphanumeric(),
        "upper" => |b| b.is_ascii_uppercase(),
        "lower" => |b| b.is_ascii_lowercase(),
        "space" => |b| b.is_ascii_whitespace() || b == 11,
        "blank" => |b| b == b' ' || b == b'\t',
        "punct" => |b| b.is_ascii_punctuation(),
        "cntrl" => |b| b.is_ascii_control(),
        "xdigit" => |b| b.is_ascii_hexdigit(),
        "print" => |b| (32..127).contains(&b),
        "graph" => |b| b.is_ascii_graphic(),
        _ => return None,
    })
}

pub fn tr(words: &[String]) -> Made {
    let o = Options::parse(words, "cCdst", "", &[("delete", 'd'), ("squeeze-repeats", 's'), ("complement", 'c')])
        .map_err(refused)?;
    let Some(first) = o.rest.first() else { return Err(("tr: missing operand\n".into(), 1)) };
    if o.rest.len() < 2 && !o.has('d') && !o.has('s') {
        return Err((format!("tr: missing operand after '{first}'\n"), 1));
    }
    let mut from = letters(first);
    if o.has('c') || o.has('C') {
        from = (0..=255u8).filter(|b| !from.contains(b)).collect();
    }
    let to = o.rest.get(1).map(|t| letters(t)).unwrap_or_default();
    let mut t = Tr { map: vec![None; 256], delete: [false; 256], squeeze: [false; 256], last: None };
    if o.has('d') {
        from.iter().for_each(|b| t.delete[usize::from(*b)] = true);
    } else if !to.is_empty() {
        for (i, b) in from.iter().enumerate() {
            t.map[usize::from(*b)] = to.get(i).or(to.last()).copied();
        }
    }
    if o.has('s') {
        let set = if to.is_empty() { &from } else { &to };
        set.iter().for_each(|b| t.squeeze[usize::from(*b)] = true);
    }
    Ok(Box::new(t))
}

impl Filter for Tr {
    fn files(&self) -> Vec<String> {
        vec![]
    }
    fn data(&mut self, data: &[u8], io: &mut Out, _: &mut Sys<'_>) -> Flow {
        for b in data.iter().filter(|b| !self.delete[usize::from(**b)]) {
            let b = self.map[usize::from(*b)].unwrap_or(*b);
            if !(self.squeeze[usize::from(b)] && self.last == Some(b)) {
                io.out.push(b);
            }
            self.last = Some(b);
        }
        Flow::More
    }
    fn finish(&mut self, _: &mut Out, _: &mut Sys<'_>) -> i32 {
        0
    }
    fn clone_box(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}
