//! Whether a text is JSON, and what Go says if it is not.
//!
//! Real Kubernetes: Go's `encoding/json` scanner.go.

/// What a JSON text is, as Go's decoder calls it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

impl Word {
    pub fn name(self) -> &'static str {
        match self {
            Word::Object => "object",
            Word::Array => "array",
            Word::String => "string",
            Word::Number => "number",
            Word::Bool => "bool",
            Word::Null => "null",
        }
    }
}

/// Lists and objects within each other.
const DEEPEST: usize = 10_000;
const END: &str = "unexpected end of JSON input";

/// Reads the whole text.
pub fn scan(text: &[u8]) -> Result<Word, String> {
    let mut s = Scanner { text, at: 0 };
    let word = s.document()?;
    match s.peek_after_space() {
        None => Ok(word),
        Some(c) => Err(unexpected(c, "after top-level value")),
    }
}

/// What Go says of a text that is no object although it should be one. `null` is none, but will do.
pub fn scan_map(text: &[u8]) -> Result<(), String> {
    match scan(text)? {
        Word::Object | Word::Null => Ok(()),
        other => {
            Err(format!("json: cannot unmarshal {} into Go value of type map[string]interface {{}}", other.name()))
        }
    }
}

fn unexpected(c: u8, context: &str) -> String {
    let shown = match c {
        b'\'' => "\\'".to_string(),
        b'"' => "\"".to_string(),
        c => {
            let quoted = super::go_text::quoted(&char::from(c).to_string());
            quoted.trim_start_matches('"').trim_end_matches('"').to_string()
        }
    };
    format!("invalid character '{shown}' {context}")
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn peek_after_space(&mut self) -> Option<u8> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.peek()
    }

    /// The next letter, which has to be there.
    fn next(&mut self) -> Result<u8, String> {
        let c = self.peek().ok_or(END)?;
        self.at += 1;
        Ok(c)
    }

    fn next_after_space(&mut self) -> Result<u8, String> {
        self.peek_after_space();
        self.next()
    }

    /// A value with all that is in it. What it stands in is kept in a list, so that no text can nest too deeply for us.
    fn document(&mut self) -> Result<Word, String> {
        let mut open: Vec<u8> = vec![];
        let mut first = None;
        loop {
            let c = self.next_after_space()?;
            let (word, ended) = self.value(c, &mut open)?;
            first.get_or_insert(word);
            if ended && self.close(&mut open)? {
                return Ok(first.unwrap_or(word));
            }
        }
    }

    /// Reads a value that begins with `c`, or only the beginning of a list or object that is not empty.
    fn value(&mut self, c: u8, open: &mut Vec<u8>) -> Result<(Word, bool), String> {
        match c {
            b'{' | b'[' => {
                if open.len() >= DEEPEST {
                    return Err("exceeded max depth".into());
                }
                let (word, end) = if c == b'{' { (Word::Object, b'}') } else { (Word::Array, b']') };
                if self.peek_after_space().ok_or(END)? == end {
                    self.at += 1;
                    return Ok((word, true));
                }
                open.push(c);
                if c == b'{' {
                    self.key()?;
                }
                Ok((word, false))
            }
            b'"' => self.string().map(|()| (Word::String, true)),
            b't' => self.literal("true").map(|()| (Word::Bool, true)),
            b'f' => self.literal("false").map(|()| (Word::Bool, true)),
            b'n' => self.literal("null").map(|()| (Word::Null, true)),
            b'-' | b'0'..=b'9' => self.number(c).map(|()| (Word::Number, true)),
            c => Err(unexpected(c, "looking for beginning of value")),
        }
    }

    /// After a value: a comma and the next one, or the end of what it stands in. Whether everything is closed.
    fn close(&mut self, open: &mut Vec<u8>) -> Result<bool, String> {
        while let Some(outer) = open.last().copied() {
            let c = self.next_after_space()?;
            match (outer, c) {
                (b'{', b',') => {
                    self.peek_after_space();
                    self.key()?;
                    return Ok(false);
                }
                (b'[', b',') => return Ok(false),
                (b'{', b'}') | (b'[', b']') => drop(open.pop()),
                (b'{', c) => return Err(unexpected(c, "after object key:value pair")),
                (_, c) => return Err(unexpected(c, "after array element")),
            }
        }
        Ok(true)
    }

    fn key(&mut self) -> Result<(), String> {
        match self.next_after_space()? {
            b'"' => self.string()?,
            c => return Err(unexpected(c, "looking for beginning of object key string")),
        }
        match self.next_after_space()? {
            b':' => Ok(()),
            c => Err(unexpected(c, "after object key")),
        }
    }

    fn string(&mut self) -> Result<(), String> {
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => match self.next()? {
                    b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {}
                    b'u' => {
                        for _ in 0..4 {
                            let c = self.next()?;
                            if !c.is_ascii_hexdigit() {
                                return Err(unexpected(c, "in \\u hexadecimal character escape"));
                            }
                        }
                    }
                    c => return Err(unexpected(c, "in string escape code")),
                },
                c if c < b' ' => return Err(unexpected(c, "in string literal")),
                _ => {}
            }
        }
    }

    /// The rest of a word whose first letter is read.
    fn literal(&mut self, word: &str) -> Result<(), String> {
        for want in word.bytes().skip(1) {
            let c = self.next()?;
            if c != want {
                return Err(unexpected(c, &format!("in literal {word} (expecting '{}')", char::from(want))));
            }
        }
        Ok(())
    }

    fn number(&mut self, first: u8) -> Result<(), String> {
        let lead = if first == b'-' { self.digit("in numeric literal")? } else { first };
        if lead != b'0' {
            self.digits();
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digit("after decimal point in numeric literal")?;
            self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digit("in exponent of numeric literal")?;
            self.digits();
        }
        Ok(())
    }

    fn digit(&mut self, context: &str) -> Result<u8, String> {
        match self.next()? {
            c if c.is_ascii_digit() => Ok(c),
            c => Err(unexpected(c, context)),
        }
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_told_as_go_tells_it() {
        for (text, want) in [
            ("", END),
            ("{", END),
            ("[1,", END),
            ("hello", "invalid character 'h' looking for beginning of value"),
            ("{} x", "invalid character 'x' after top-level value"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\": 1 \"b\": 2}", "invalid character '\"' after object key:value pair"),
            ("{a}", "invalid character 'a' looking for beginning of object key string"),
            ("[1 2]", "invalid character '2' after array element"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("tru]", "invalid character ']' in literal true (expecting 'e')"),
            ("\"\\q\"", "invalid character 'q' in string escape code"),
            ("\"\\u12x4\"", "invalid character 'x' in \\u hexadecimal character escape"),
            ("\"\n\"", "invalid character '\\n' in string literal"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
            ("01", "invalid character '1' after top-level value"),
        ] {
            assert_eq!(scan(text.as_bytes()), Err(want.to_string()), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn it_accepts_what_is_json(text in r#"[\[\]{}:,"a1 ]{0,12}"#) {
            proptest::prop_assert_eq!(scan(text.as_bytes()).is_ok(), serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }
}
