//! An expression is read as Go reads it, and written anew for Rust's engine.

use super::signs::{MOST_COPIES, Refusal, count, escaped, literal};

const MISSING_ARGUMENT: &str = "missing argument to repetition operator";
const BAD_REPEAT_SIZE: &str = "invalid repeat count";
const BAD_RANGE: &str = "invalid character class range";
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// The expression in Rust's syntax, or why Go refuses it.
pub fn to_rust(text: &str) -> Result<String, String> {
    let mut t = Translator { whole: text, rest: text, out: String::new(), groups: vec![], last: None, repeated: None };
    t.run().map_err(|(code, part)| format!("error parsing regexp: {code}: `{part}`"))?;
    Ok(t.out)
}

struct Translator<'a> {
    whole: &'a str,
    rest: &'a str,
    out: String,
    /// For each open group, the most copies that were asked for within it.
    groups: Vec<u32>,
    /// How often the last operand repeats its parts; `None` if there is none to repeat.
    last: Option<u32>,
    /// What was left when the repetition was read that stands directly before.
    repeated: Option<&'a str>,
}

impl<'a> Translator<'a> {
    fn run(&mut self) -> Result<(), Refusal> {
        while let Some(c) = self.rest.chars().next() {
            let before = self.rest;
            let mut repeats = false;
            match c {
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    self.plain("|");
                    self.last = None;
                }
                '^' | '$' | '.' => {
                    self.plain(&self.rest[..1]);
                    self.operand(1);
                }
                '[' => self.class()?,
                '*' | '+' | '?' => {
                    self.repeat(1, 1)?;
                    repeats = true;
                }
                '{' => match count(self.rest) {
                    Some((length, copies)) => {
                        if copies.is_none() {
                            return Err((BAD_REPEAT_SIZE, self.rest[..length].into()));
                        }
                        self.repeat(length, copies.unwrap_or(1))?;
                        repeats = true;
                    }
                    None => self.literal_here(),
                },
                '\\' => self.escape()?,
                _ => self.literal_here(),
            }
            self.repeated = repeats.then_some(before);
        }
        if self.groups.is_empty() { Ok(()) } else { Err(("missing closing )", self.whole.into())) }
    }

    fn plain(&mut self, part: &str) {
        self.out.push_str(part);
        self.rest = &self.rest[part.len()..];
    }

    fn operand(&mut self, copies: u32) {
        self.last = Some(copies);
    }

    fn literal_here(&mut self) {
        if let Some(c) = self.rest.chars().next() {
            literal(c, &mut self.out);
            self.rest = &self.rest[c.len_utf8()..];
            self.operand(1);
        }
    }

    fn open(&mut self) -> Result<(), Refusal> {
        if let Some(after) = self.rest.strip_prefix("(?") {
            let named = after.strip_prefix("P<").or_else(|| after.strip_prefix('<'));
            return match named.filter(|n| !n.is_empty()) {
                Some(name) => self.named_group(name),
                None => self.flags(after),
            };
        }
        self.begin_group("(?:", &self.rest[1..]);
        Ok(())
    }

    fn begin_group(&mut self, as_rust: &str, rest: &'a str) {
        self.out.push_str(as_rust);
        self.rest = rest;
        self.groups.push(1);
        self.last = None;
    }

    fn named_group(&mut self, name: &'a str) -> Result<(), Refusal> {
        let bad = |part: &str| Err(("invalid named capture", part.to_string()));
        let Some((name, rest)) = name.split_once('>') else { return bad(self.rest) };
        if name.is_empty() || !name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
            return bad(&self.rest[..self.rest.len() - rest.len()]);
        }
        self.begin_group("(?:", rest);
        Ok(())
    }

    /// `(?i)`, `(?i:…)`, `(?:…)`.
    fn flags(&mut self, after: &'a str) -> Result<(), Refusal> {
        let (mut negated, mut saw) = (false, false);
        for (i, c) in after.char_indices() {
            let rest = &after[i + c.len_utf8()..];
            match c {
                'i' | 'm' | 's' | 'U' => saw = true,
                '-' if !negated => (negated, saw) = (true, false),
                ':' | ')' if !negated || saw => {
                    let flags = &after[..i];
                    if c == ':' {
                        self.begin_group(&format!("(?{flags}:"), rest);
                    } else {
                        if !flags.is_empty() {
                            self.out.push_str(&format!("(?{flags})"));
                        }
                        self.rest = rest;
                    }
                    return Ok(());
                }
                _ => return self.no_flag(rest),
            }
        }
        self.no_flag("")
    }

    fn no_flag(&self, rest: &str) -> Result<(), Refusal> {
        Err(("invalid or unsupported Perl syntax", self.rest[..self.rest.len() - rest.len()].into()))
    }

    fn close(&mut self) -> Result<(), Refusal> {
        let Some(copies) = self.groups.pop() else { return Err(("unexpected )", self.whole.into())) };
        self.plain(")");
        self.within(copies);
        self.operand(copies);
        Ok(())
    }

    /// Puts down that something of the open group asks for so many copies.
    fn within(&mut self, copies: u32) {
        if let Some(group) = self.groups.last_mut() {
            *group = copies.max(*group);
        }
    }

    fn repeat(&mut self, length: usize, copies: u32) -> Result<(), Refusal> {
        let lazy = self.rest[length..].starts_with('?');
        let end = length + usize::from(lazy);
        if let Some(before) = self.repeated {
            return Err((
                "invalid nested repetition operator",
                before[..before.len() - (self.rest.len() - end)].into(),
            ));
        }
        let part = self.rest[..end].to_string();
        let Some(inner) = self.last else { return Err((MISSING_ARGUMENT, part)) };
        let all = inner.saturating_mul(copies.max(1));
        if copies >= 2 && all > MOST_COPIES {
            return Err((BAD_REPEAT_SIZE, part));
        }
        self.plain(&part);
        self.within(all);
        self.operand(all);
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Refusal> {
        let rest = self.rest;
        let as_rust = match rest.as_bytes().get(1) {
            Some(b'A') => r"\A",
            Some(b'z') => r"\z",
            Some(b'b') => r"(?-u:\b)",
            Some(b'B') => r"\B",
            Some(b'C') => return Err(("invalid escape sequence", rest[..2].into())),
            Some(b'Q') => {
                let (quoted, rest) = rest[2..].split_once(r"\E").unwrap_or((&rest[2..], ""));
                quoted.chars().for_each(|c| literal(c, &mut self.out));
                self.rest = rest;
                if !quoted.is_empty() {
                    self.operand(1);
                }
                return Ok(());
            }
            _ => "",
        };
        if !as_rust.is_empty() {
            self.out.push_str(as_rust);
            self.rest = &rest[2..];
        } else if !self.named_class()? {
            let (c, rest) = escaped(rest)?;
            literal(c, &mut self.out);
            self.rest = rest;
        }
        self.operand(1);
        Ok(())
    }

    /// `\d` or `\p{Greek}`, in a class or by itself.
    fn named_class(&mut self) -> Result<bool, Refusal> {
        let rest = self.rest;
        let as_rust = match rest.as_bytes().get(..2) {
            Some(b"\\d") => "[0-9]",
            Some(b"\\D") => "[^0-9]",
            Some(b"\\s") => r"[\t\n\f\r ]",
            Some(b"\\S") => r"[^\t\n\f\r ]",
            Some(b"\\w") => "[0-9A-Za-z_]",
            Some(b"\\W") => "[^0-9A-Za-z_]",
            Some(b"\\p" | b"\\P") => {
                let Some(c) = rest[2..].chars().next() else { return Ok(false) };
                let end = match (c, rest.find('}')) {
                    ('{', None) => return Err((BAD_RANGE, rest.into())),
                    ('{', Some(end)) => end + 1,
                    _ => 2 + c.len_utf8(),
                };
                self.plain(&rest[..end]);
                return Ok(true);
            }
            _ => return Ok(false),
        };
        self.out.push_str(as_rust);
        self.rest = &rest[2..];
        Ok(true)
    }

    fn class(&mut self) -> Result<(), Refusal> {
        let whole = self.rest;
        self.plain("[");
        if self.rest.starts_with('^') {
            self.plain("^");
        }
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            first = false;
            if self.rest.starts_with("[:")
                && let Some(end) = self.rest[2..].find(":]")
            {
                let part = &self.rest[..end + 4];
                let name = &part[2..end + 2];
                if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
                    return Err((BAD_RANGE, part.into()));
                }
                self.plain(part);
                continue;
            }
            if self.named_class()? {
                continue;
            }
            let start = self.rest;
            let from = self.class_sign(whole)?;
            if self.rest.starts_with('-') && self.rest.len() >= 2 && !self.rest.starts_with("-]") {
                self.rest = &self.rest[1..];
                let to = self.class_sign(whole)?;
                if to < from {
                    return Err((BAD_RANGE, start[..start.len() - self.rest.len()].into()));
                }
                literal(from, &mut self.out);
                self.out.push('-');
                literal(to, &mut self.out);
            } else {
                literal(from, &mut self.out);
            }
        }
        self.plain("]");
        self.operand(1);
        Ok(())
    }

    fn class_sign(&mut self, whole: &str) -> Result<char, Refusal> {
        let Some(c) = self.rest.chars().next() else { return Err(("missing closing ]", whole.into())) };
        if c == '\\' {
            let (c, rest) = escaped(self.rest)?;
            self.rest = rest;
            return Ok(c);
        }
        self.rest = &self.rest[c.len_utf8()..];
        Ok(c)
    }
}
