//! POSIX regular expressions, basic and extended, in the words of the crate `regex`. Patterns that refer back to what they have
//! matched go to `fancy-regex`, which gives up after a bounded number of steps.
//!
//! Simplified: of several alternatives the first that fits is taken, where POSIX asks for the longest.

use regex::bytes::RegexBuilder;

/// Which letters mean something without a backslash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Syntax {
    Basic,
    Extended,
    /// Every letter stands for itself.
    Fixed,
    /// `grep -P`: handed on as it is.
    Perl,
}

#[derive(Clone, Debug)]
pub enum Matcher {
    Plain(regex::bytes::Regex),
    Referring(Box<fancy_regex::Regex>),
}

/// Where groups matched: the whole is the first.
pub type Groups = Vec<Option<(usize, usize)>>;

/// What a compiled pattern may take.
const MOST_BYTES: usize = 2 << 20;
const MOST_STEPS: usize = 100_000;

impl Matcher {
    /// The error is what the C library says of it.
    pub fn new(pattern: &str, syntax: Syntax, ignore_case: bool) -> Result<Matcher, &'static str> {
        let (text, refers) = match syntax {
            Syntax::Fixed => (regex::escape(pattern), false),
            Syntax::Perl => (pattern.to_string(), true),
            Syntax::Basic | Syntax::Extended => translate(pattern, syntax == Syntax::Extended)?,
        };
        if !refers {
            let built = RegexBuilder::new(&text)
                .case_insensitive(ignore_case)
                .dot_matches_new_line(true)
                .size_limit(MOST_BYTES)
                .dfa_size_limit(MOST_BYTES)
                .nest_limit(100)
                .build();
            return built.map(Matcher::Plain).map_err(|_| "Invalid regular expression");
        }
        let flags = if ignore_case { "(?si)" } else { "(?s)" };
        fancy_regex::RegexBuilder::new(&format!("{flags}{text}"))
            .backtrack_limit(MOST_STEPS)
            .delegate_size_limit(MOST_BYTES)
            .build()
            .map(|r| Matcher::Referring(Box::new(r)))
            .map_err(|_| "Invalid regular expression")
    }

    pub fn is_match(&self, text: &[u8]) -> bool {
        match self {
            Matcher::Plain(r) => r.is_match(text),
            Matcher::Referring(_) => self.find_at(text, 0).is_some(),
        }
    }

    /// The first match from a place on.
    pub fn find_at(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        match self {
            Matcher::Plain(r) => r.find_at(text, from).map(|m| (m.start(), m.end())),
            Matcher::Referring(_) => self.groups_at(text, from)?.first().copied().flatten(),
        }
    }

    /// The same with what its groups matched.
    pub fn groups_at(&self, text: &[u8], from: usize) -> Option<Groups> {
        match self {
            Matcher::Plain(r) => {
                let c = r.captures_at(text, from)?;
                Some(c.iter().map(|g| g.map(|m| (m.start(), m.end()))).collect())
            }
            Matcher::Referring(r) => {
                let text = std::str::from_utf8(text).ok()?;
                let c = r.captures_from_pos(text, from).ok().flatten()?;
                Some(c.iter().map(|g| g.map(|m| (m.start(), m.end()))).collect())
            }
        }
    }
}

/// A pattern in the words of `regex`, and whether it refers back.
pub fn translate(pattern: &str, extended: bool) -> Result<(String, bool), &'static str> {
    let mut t = Translation { out: String::new(), atom: None, quantified: false, refers: false, open: vec![] };
    let chars: Vec<char> = pattern.chars().collect();
    let mut i = 0;
    while let Some(c) = chars.get(i).copied() {
        i += 1;
        let next = chars.get(i).copied();
        // In a basic expression it is the backslash that makes these mean something.
        let (escaped, c) = match (c, next) {
            ('\\', Some(n)) => {
                i += 1;
                (true, n)
            }
            ('\\', None) => return Err("Trailing backslash"),
            _ => (false, c),
        };
        let special = escaped != extended;
        match c {
            '[' if !escaped => i += t.bracket(&chars[i..])?,
            '(' if special => t.open(),
            ')' if special && (!extended || !t.open.is_empty()) => t.close()?,
            '|' if special => t.bar(),
            '{' if special && (!extended || t.atom.is_some()) => match interval(&chars[i..], extended) {
                Some((text, n)) => {
                    i += n;
                    t.quantify(&text);
                }
                None if extended => t.letter('{'),
                None => return Err("Invalid content of \\{\\}"),
            },
            '+' | '?' if special && t.atom.is_some() => t.quantify(&c.to_string()),
            '*' if !escaped && t.atom.is_some() => t.quantify("*"),
            '^' if !escaped && (extended || t.at_start()) => t.anchor("^"),
            '$' if !escaped && (extended || ends_here(&chars[i..])) => t.anchor("$"),
            '.' if !escaped => t.atom("."),
            c if escaped => t.escape(c),
            c => t.letter(c),
        }
    }
    if t.open.is_empty() { Ok((t.out, t.refers)) } else { Err("Unmatched ( or \\(") }
}

/// Whether a `$` of a basic expression stands at an end.
fn ends_here(rest: &[char]) -> bool {
    matches!(rest, [] | ['\\', ')' | '|', ..])
}

/// `{2,5}` after its opening: as `regex` writes it, and how many letters it takes.
fn interval(rest: &[char], extended: bool) -> Option<(String, usize)> {
    let end = rest.iter().position(|c| *c == '}')?;
    let inner: String = rest[..end].iter().collect();
    let inner = if extended { inner.as_str() } else { inner.strip_suffix('\\')? };
    let (least, most) = inner.split_once(',').unwrap_or((inner, inner));
    let least: u32 = if least.is_empty() { 0 } else { least.parse().ok()? };
    let text = match most {
        "" => format!("{{{least},}}"),
        m => format!("{{{least},{}}}", m.parse::<u32>().ok().filter(|m| *m >= least && *m <= 255)?),
    };
    Some((text, end + 1))
}

struct Translation {
    out: String,
    /// Where the last thing that can be repeated begins.
    atom: Option<usize>,
    quantified: bool,
    refers: bool,
    /// Where the groups that are open begin.
    open: Vec<usize>,
}

impl Translation {
    fn atom(&mut self, text: &str) {
        (self.atom, self.quantified) = (Some(self.out.len()), false);
        self.out.push_str(text);
    }

    fn letter(&mut self, c: char) {
        self.atom(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }

    fn anchor(&mut self, text: &str) {
        self.out.push_str(text);
        self.atom = None;
    }

    fn at_start(&self) -> bool {
        self.out.is_empty() || self.out.ends_with('(') && !self.out.ends_with("\\(") || self.out.ends_with('|')
    }

    fn open(&mut self) {
        self.open.push(self.out.len());
        self.out.push('(');
        self.atom = None;
    }

    fn close(&mut self) -> Result<(), &'static str> {
        let from = self.open.pop().ok_or("Unmatched ) or \\)")?;
        self.out.push(')');
        (self.atom, self.quantified) = (Some(from), false);
        Ok(())
    }

    fn bar(&mut self) {
        self.out.push('|');
        self.atom = None;
    }

    fn quantify(&mut self, text: &str) {
        let Some(from) = self.atom else { return };
        // `a+?` is a repetition of a repetition here, nothing about greed.
        if self.quantified {
            self.out.insert_str(from, "(?:");
            self.out.push(')');
        }
        self.out.push_str(text);
        self.quantified = true;
    }

    fn escape(&mut self, c: char) {
        match c {
            '<' => self.anchor(r"\b{start}"),
            '>' => self.anchor(r"\b{end}"),
            'b' | 'B' => self.anchor(&format!("\\{c}")),
            '`' => self.anchor(r"\A"),
            '\'' => self.anchor(r"\z"),
            'w' | 'W' | 's' | 'S' => self.atom(&format!("\\{c}")),
            'n' => self.atom(r"\n"),
            't' => self.atom(r"\t"),
            'r' => self.atom(r"\r"),
            'f' => self.atom(r"\f"),
            'v' => self.atom(r"\v"),
            '1'..='9' => {
                self.refers = true;
                self.atom(&format!("(?:\\{c})"));
            }
            c => self.letter(c),
        }
    }

    /// A bracket after its opening: how many letters it takes.
    fn bracket(&mut self, rest: &[char]) -> Result<usize, &'static str> {
        const OPEN: &str = "Unmatched [, [^, [:, [., or [=";
        let mut out = String::from("[");
        let mut i = 0;
        if rest.first() == Some(&'^') {
            out.push('^');
            i = 1;
        }
        let first = i;
        loop {
            let c = *rest.get(i).ok_or(OPEN)?;
            i += 1;
            match c {
                ']' if i - 1 > first => break,
                '[' if matches!(rest.get(i), Some(':' | '.' | '=')) => {
                    let kind = rest[i];
                    let end =
                        (i + 1..rest.len()).find(|e| rest[*e] == kind && rest.get(e + 1) == Some(&']')).ok_or(OPEN)?;
                    let name: String = rest[i + 1..end].iter().collect();
                    match kind {
                        ':' => out.push_str(&format!("[:{name}:]")),
                        _ => name.chars().for_each(|c| push_in_set(&mut out, c)),
                    }
                    i = end + 2;
                }
                // `\n` and `\t` mean what they mean elsewhere; busybox and GNU agree on that.
                '\\' if matches!(rest.get(i), Some('n' | 't')) => {
                    out.extend(['\\', rest[i]]);
                    i += 1;
                }
                c => {
                    push_in_set(&mut out, c);
                    if rest.get(i) == Some(&'-') && rest.get(i + 1).is_some_and(|n| *n != ']') {
                        out.push('-');
                        let to = rest[i + 1];
                        if to < c {
                            return Err("Invalid range end");
                        }
                        push_in_set(&mut out, to);
                        i += 2;
                    }
                }
            }
        }
        out.push(']');
        self.atom(&out);
        Ok(i)
    }
}

fn push_in_set(out: &mut String, c: char) {
    if "\\[]^-&~".contains(c) {
        out.push('\\');
    }
    out.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_posix_says() {
        for (pattern, extended, text, want) in [
            ("a*b", false, "xaab", Some((1, 4))),
            ("*a", false, "x*a", Some((1, 3))),
            ("a+", false, "aa+", Some((1, 3))),
            ("a\\+", false, "baa", Some((1, 3))),
            ("\\(a\\)\\1", false, "xaa", Some((1, 3))),
            ("a\\{2\\}", false, "aaa", Some((0, 2))),
            ("a{2}", true, "aaa", Some((0, 2))),
            ("a{,2}b", true, "aab", Some((0, 3))),
            ("{x", true, "a{x", Some((1, 3))),
            ("^a|b$", true, "cb", Some((1, 2))),
            ("a^b$c", false, "a^b$c", Some((0, 5))),
            ("[]a]+", true, "x]a]", Some((1, 4))),
            ("[^]]", true, "]x", Some((1, 2))),
            ("[[:digit:]]+", true, "ab12", Some((2, 4))),
            ("[a\\.]", true, "\\", Some((0, 1))),
            ("\\<is\\>", false, "this is", Some((5, 7))),
            ("(a|ab)(c|bcd)", true, "abcd", Some((0, 4))),
            ("a+?b", true, "aab", Some((0, 3))),
            ("\\.", true, "a.b", Some((1, 2))),
            ("a|b", false, "a|b", Some((0, 3))),
            ("x\\{", false, "", None),
        ] {
            let syntax = if extended { Syntax::Extended } else { Syntax::Basic };
            let found = Matcher::new(pattern, syntax, false).ok().and_then(|m| m.find_at(text.as_bytes(), 0));
            assert_eq!(found, want, "{pattern}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_pattern_is_read_or_refused(p in "[a-c*+?(){}|\\\\\\[\\]^$.,1-3:-]{0,16}", t in "[a-c]{0,12}", e: bool) {
            let syntax = if e { Syntax::Extended } else { Syntax::Basic };
            if let Ok(m) = Matcher::new(&p, syntax, false) {
                let _ = m.groups_at(t.as_bytes(), 0);
            }
        }
    }
}
