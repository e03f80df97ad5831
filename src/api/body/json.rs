//! JSON as Go's decoder takes it: letters that are none are replaced, fields may come twice, nothing nests without end.
//! Real Kubernetes: sigs.k8s.io/json, Go's encoding/json decode.go.

use serde_json::{Map, Number, Value};

use super::DEEPEST;
use crate::api::go_scanner;

/// Findings of strict decoding beyond this many are not told.
const MOST_REPEATED: usize = 100;

pub struct Json {
    pub value: Value,
    /// `duplicate field "a.b"`, each once.
    pub repeated: Vec<String>,
    /// What Go says of the first number that is too large for it.
    pub too_large: Option<String>,
}

/// Reads a whole text. `typed`: it is read into a struct, where what comes twice is laid over what came first.
pub fn read(text: &[u8], typed: bool) -> Result<Json, String> {
    go_scanner::scan(text)?;
    let mut builder = Builder { text, at: 0, typed, open: vec![], repeated: vec![], too_large: None };
    let value = builder.value()?;
    Ok(Json { value, repeated: builder.repeated, too_large: builder.too_large })
}

/// A list or an object that is not closed yet.
enum Open {
    List(Vec<Value>),
    Object(Map<String, Value>, String),
}

/// Makes values of a text that is JSON, without calling itself: what nests deeply takes no stack.
struct Builder<'a> {
    text: &'a [u8],
    at: usize,
    typed: bool,
    open: Vec<Open>,
    repeated: Vec<String>,
    too_large: Option<String>,
}

impl Builder<'_> {
    fn value(&mut self) -> Result<Value, String> {
        loop {
            let Some(mut done) = self.begin()? else { continue };
            // What is done goes where it belongs, which may be done with that.
            loop {
                match self.open.last_mut() {
                    None => return Ok(done),
                    Some(Open::List(items)) => items.push(done),
                    Some(Open::Object(..)) => self.put(done),
                }
                match self.next() {
                    b',' => {
                        if let Some(Open::Object(..)) = self.open.last() {
                            self.key();
                        }
                        break;
                    }
                    // The end: nothing else can follow here.
                    _ => match self.open.pop() {
                        Some(Open::List(items)) => done = items.into(),
                        Some(Open::Object(fields, _)) => done = fields.into(),
                        None => return Ok(Value::Null),
                    },
                }
            }
        }
    }

    /// Reads a whole value, or only the beginning of a list or object that holds something.
    fn begin(&mut self) -> Result<Option<Value>, String> {
        let c = self.next();
        match c {
            b'{' | b'[' => {
                if self.open.len() >= DEEPEST {
                    return Err(go_scanner::unexpected(c, "exceeded max depth"));
                }
                let empty = matches!((c, self.peek()), (b'{', b'}') | (b'[', b']'));
                if empty {
                    self.at += 1;
                    return Ok(Some(if c == b'{' { Map::new().into() } else { Value::Array(vec![]) }));
                }
                if c == b'[' {
                    self.open.push(Open::List(vec![]));
                } else {
                    self.open.push(Open::Object(Map::new(), String::new()));
                    self.key();
                }
                Ok(None)
            }
            b'"' => Ok(Some(self.string().into())),
            b't' => Ok(Some(self.word(4, Value::Bool(true)))),
            b'f' => Ok(Some(self.word(5, Value::Bool(false)))),
            b'n' => Ok(Some(self.word(4, Value::Null))),
            _ => Ok(Some(self.number())),
        }
    }

    fn peek(&mut self) -> u8 {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.text.get(self.at).copied().unwrap_or(0)
    }

    /// The next letter that means something.
    fn next(&mut self) -> u8 {
        let c = self.peek();
        self.at += 1;
        c
    }

    fn word(&mut self, length: usize, value: Value) -> Value {
        self.at += length - 1;
        value
    }

    /// Reads a key and the colon behind it.
    fn key(&mut self) {
        self.next();
        let read = self.string();
        self.next();
        if let Some(Open::Object(_, key)) = self.open.last_mut() {
            *key = read;
        }
    }

    fn put(&mut self, value: Value) {
        let Some(Open::Object(fields, key)) = self.open.last_mut() else { return };
        let before = fields.remove(key.as_str());
        let twice = before.is_some();
        let value = match before {
            Some(before) if self.typed => laid_over(before, value),
            _ => value,
        };
        fields.insert(key.clone(), value);
        if twice && self.repeated.len() < MOST_REPEATED {
            let told = format!("duplicate field \"{}\"", self.path());
            if !self.repeated.contains(&told) {
                self.repeated.push(told);
            }
        }
    }

    /// Where the reader is: `spec.containers[0].name`.
    fn path(&self) -> String {
        let mut out = String::new();
        for open in &self.open {
            match open {
                Open::List(items) => out.push_str(&format!("[{}]", items.len())),
                Open::Object(_, key) if out.is_empty() => out.push_str(key),
                Open::Object(_, key) => {
                    out.push('.');
                    out.push_str(key);
                }
            }
        }
        out
    }

    fn number(&mut self) -> Value {
        let begin = self.at - 1;
        while matches!(self.text.get(self.at), Some(b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
            self.at += 1;
        }
        let text = std::str::from_utf8(self.text.get(begin..self.at).unwrap_or_default()).unwrap_or("0");
        if let Ok(n) = text.parse::<i64>() {
            return n.into();
        }
        if let Ok(n) = text.parse::<u64>() {
            return n.into();
        }
        let n = text.parse::<f64>().unwrap_or(0.0);
        Number::from_f64(n).map_or_else(
            || {
                let told = || format!("json: cannot unmarshal number {text} into Go value of type float64");
                self.too_large.get_or_insert_with(told);
                Value::from(f64::MAX.copysign(n))
            },
            Value::Number,
        )
    }

    /// The rest of a string whose first quote is read.
    fn string(&mut self) -> String {
        let mut out = String::new();
        loop {
            let begin = self.at;
            while !matches!(self.text.get(self.at), None | Some(b'"' | b'\\')) {
                self.at += 1;
            }
            for chunk in self.text.get(begin..self.at).unwrap_or_default().utf8_chunks() {
                out.push_str(chunk.valid());
                chunk.invalid().iter().for_each(|_| out.push(char::REPLACEMENT_CHARACTER));
            }
            let escapes = self.text.get(self.at) == Some(&b'\\');
            self.at += 1;
            if !escapes {
                return out;
            }
            let c = self.text.get(self.at).copied().unwrap_or(b'"');
            self.at += 1;
            out.push(match c {
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => self.unicode(),
                c => char::from(c),
            });
        }
    }

    /// The character of `\u1234`, with a second one where two are needed; half of a pair is none.
    fn unicode(&mut self) -> char {
        let first = self.hex(self.at);
        self.at += 4;
        if let Some(c) = char::from_u32(first) {
            return c;
        }
        let pair = self.text.get(self.at..self.at + 2) == Some(b"\\u");
        let second = if pair { self.hex(self.at + 2) } else { 0 };
        if (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&second) {
            self.at += 6;
            let c = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        char::REPLACEMENT_CHARACTER
    }

    fn hex(&self, at: usize) -> u32 {
        let digits = self.text.get(at..at + 4).unwrap_or_default();
        std::str::from_utf8(digits).ok().and_then(|t| u32::from_str_radix(t, 16).ok()).unwrap_or(0)
    }
}

/// What a struct holds after it was read twice: fields of the first that the second does not name stay.
fn laid_over(before: Value, now: Value) -> Value {
    match (before, now) {
        (Value::Object(mut before), Value::Object(now)) => {
            for (k, v) in now {
                let v = match before.remove(&k) {
                    Some(old) => laid_over(old, v),
                    None => v,
                };
                before.insert(k, v);
            }
            before.into()
        }
        // To Go, null says nothing of a field that is no pointer.
        (_, now) => now,
    }
}
