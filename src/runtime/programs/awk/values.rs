//! Values of `awk`: numbers, texts, and input that may be either.

use std::sync::Arc;

use super::super::conversion::{Conversion, MOST_COLUMNS};

#[derive(Clone, PartialEq, Debug, Default)]
pub enum Value {
    #[default]
    Unset,
    Number(f64),
    Text(Arc<str>),
    /// It came from outside: what looks like a number is one.
    Input(Arc<str>),
}

/// The number that a text begins with.
pub fn leading_number(text: &str) -> (f64, usize) {
    let t = text.trim_start_matches([' ', '\t', '\n', '\r']);
    let skipped = text.len() - t.len();
    let b = t.as_bytes();
    let digits = |from: usize| b[from.min(b.len())..].iter().take_while(|c| c.is_ascii_digit()).count();
    let mut i = usize::from(matches!(b.first(), Some(b'+' | b'-')));
    let whole = digits(i);
    i += whole;
    let mut fraction = 0;
    if b.get(i) == Some(&b'.') {
        fraction = digits(i + 1);
        if whole + fraction > 0 {
            i += 1 + fraction;
        }
    }
    if whole + fraction == 0 {
        return (0.0, 0);
    }
    if matches!(b.get(i), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(b.get(i + 1), Some(b'+' | b'-')));
        let n = digits(i + 1 + signed);
        if n > 0 {
            i += 1 + signed + n;
        }
    }
    (t[..i].parse().unwrap_or(0.0), skipped + i)
}

fn looks_like_number(text: &str) -> Option<f64> {
    let (n, end) = leading_number(text);
    (end > 0 && text[end..].trim_matches([' ', '\t', '\n', '\r']).is_empty()).then_some(n)
}

impl Value {
    pub fn text(t: impl Into<Arc<str>>) -> Value {
        Value::Text(t.into())
    }

    pub fn truth(b: bool) -> Value {
        Value::Number(if b { 1.0 } else { 0.0 })
    }

    pub fn number(&self) -> f64 {
        match self {
            Value::Unset => 0.0,
            Value::Number(n) => *n,
            Value::Text(t) | Value::Input(t) => leading_number(t).0,
        }
    }

    /// As text, numbers with a fraction by a format.
    pub fn to_text(&self, format: &str) -> Arc<str> {
        match self {
            Value::Unset => "".into(),
            Value::Number(n) => number_text(*n, format).into(),
            Value::Text(t) | Value::Input(t) => t.clone(),
        }
    }

    pub fn is_true(&self) -> bool {
        match self {
            Value::Unset => false,
            Value::Number(n) => *n != 0.0,
            Value::Text(t) => !t.is_empty(),
            Value::Input(t) => looks_like_number(t).map_or(!t.is_empty(), |n| n != 0.0),
        }
    }

    /// The number that it is, if it is one.
    fn as_number(&self) -> Option<f64> {
        match self {
            Value::Unset => Some(0.0),
            Value::Number(n) => Some(*n),
            Value::Text(_) => None,
            Value::Input(t) => looks_like_number(t),
        }
    }

    pub fn compare(&self, other: &Value, format: &str) -> std::cmp::Ordering {
        match (self.as_number(), other.as_number()) {
            (Some(a), Some(b)) => a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Greater),
            _ => self.to_text(format).as_bytes().cmp(other.to_text(format).as_bytes()),
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            Value::Text(t) | Value::Input(t) => t.len() + 32,
            _ => 32,
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "whole numbers within their bounds")]
pub fn number_text(n: f64, format: &str) -> String {
    if n.fract() == 0.0 && n.abs() < 1e16 {
        return (n as i64).to_string();
    }
    formatted(format, &[Value::Number(n)], "%.6g")
}

/// `sprintf`.
pub fn formatted(format: &str, args: &[Value], convfmt: &str) -> String {
    let mut out = String::new();
    let mut args = args.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let mut d = Conversion { flags: String::new(), width: 0, precision: None, letter: 's' };
        let n = rest.find(|c: char| !"-+ #0".contains(c)).unwrap_or(rest.len());
        d.flags = rest[..n].into();
        rest = &rest[n..];
        let mut number = |rest: &mut &str| {
            if let Some(r) = rest.strip_prefix('*') {
                *rest = r;
                #[allow(clippy::cast_possible_truncation, reason = "bounded below")]
                return args.next().map_or(0, |v| v.number() as i64);
            }
            let n = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let v = rest[..n].parse().unwrap_or(0);
            *rest = &rest[n..];
            v
        };
        let width = number(&mut rest);
        if width < 0 {
            d.flags.push('-');
        }
        d.width = usize::try_from(width.unsigned_abs()).unwrap_or(MOST_COLUMNS).min(MOST_COLUMNS);
        if let Some(r) = rest.strip_prefix('.') {
            rest = r;
            let p = number(&mut rest);
            d.precision = usize::try_from(p).ok().map(|p| p.min(MOST_COLUMNS));
        }
        rest = rest.trim_start_matches(['l', 'h', 'z', 'j', 'q']);
        let Some(letter) = rest.chars().next() else {
            out.push('%');
            break;
        };
        rest = &rest[letter.len_utf8()..];
        d.letter = letter;
        let v = args.next().cloned().unwrap_or_default();
        out.push_str(&one(&d, &v, convfmt));
    }
    out + rest
}

fn one(d: &Conversion, v: &Value, convfmt: &str) -> String {
    let text = match d.letter {
        'c' => match v {
            Value::Number(n) => {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a letter's number")]
                let n = *n as u32;
                char::from_u32(n).unwrap_or('?').to_string()
            }
            v => v.to_text(convfmt).chars().next().map(String::from).unwrap_or_default(),
        },
        's' => {
            let t = v.to_text(convfmt);
            match d.precision {
                Some(p) => t.chars().take(p).collect(),
                None => t.to_string(),
            }
        }
        'd' | 'i' | 'o' | 'x' | 'X' | 'u' => {
            #[allow(clippy::cast_possible_truncation, reason = "too large numbers become the largest")]
            let n = v.number() as i64;
            return d.integer(n);
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => return d.float(v.number()),
        other => return format!("%{other}"),
    };
    let columns = text.chars().count();
    String::from_utf8_lossy(&d.padded(text.as_bytes(), columns)).into_owned()
}

/// An array. Its order is the order of busybox: buckets by a hash of the name, in each the last one first.
#[derive(Clone, Default, Debug)]
pub struct Array {
    map: std::collections::BTreeMap<Arc<str>, (u64, Value)>,
    made: u64,
}

/// The buckets that busybox begins with, and goes on to.
const SIZES: [usize; 5] = [61, 251, 1021, 4093, 16_381];

fn hash(name: &str) -> usize {
    let h = name.bytes().fold(0u32, |h, b| h.wrapping_mul(63).wrapping_add(u32::from(b)));
    h as usize
}

impl Array {
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.map.get(key).map(|(_, v)| v)
    }

    pub fn set(&mut self, key: Arc<str>, v: Value) {
        if let Some(old) = self.map.get_mut(&key) {
            old.1 = v;
            return;
        }
        self.made += 1;
        self.map.insert(key, (self.made, v));
    }

    pub fn remove(&mut self, key: &str) {
        self.map.remove(key);
    }

    pub fn clear(&mut self) {
        self.map.clear();
    }

    pub fn len(&self) -> usize {
        self.map.len()
    }

    pub fn keys(&self) -> Vec<Arc<str>> {
        let size = SIZES.into_iter().find(|s| self.map.len() <= s * 10).unwrap_or(16_381);
        let mut all: Vec<(usize, std::cmp::Reverse<u64>, &Arc<str>)> =
            self.map.iter().map(|(k, (n, _))| (hash(k) % size, std::cmp::Reverse(*n), k)).collect();
        all.sort();
        all.into_iter().map(|(_, _, k)| k.clone()).collect()
    }
}
