//! Patterns of the shell: `*`, `?`, `[a-z]`, against texts and against the names of files.

use crate::runtime::kernel::Sys;
use crate::runtime::kernel::tree::join;

/// A pattern, piece by piece. A letter that was quoted stands for itself.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Letter(char),
    Any,
    One,
    /// Ranges of letters, or all but those.
    Set {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pattern(Vec<Piece>);

const CLASSES: [(&str, &[(char, char)]); 9] = [
    ("alpha", &[('a', 'z'), ('A', 'Z')]),
    ("digit", &[('0', '9')]),
    ("alnum", &[('a', 'z'), ('A', 'Z'), ('0', '9')]),
    ("upper", &[('A', 'Z')]),
    ("lower", &[('a', 'z')]),
    ("space", &[(' ', ' '), ('\t', '\r')]),
    ("blank", &[(' ', ' '), ('\t', '\t')]),
    ("xdigit", &[('0', '9'), ('a', 'f'), ('A', 'F')]),
    ("punct", &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
];

/// A set after its `[`: its ranges, and how many letters it takes. `None`: it is not closed.
fn set(rest: &[char]) -> Option<(Piece, usize)> {
    let negated = matches!(rest.first(), Some('!' | '^'));
    let mut i = usize::from(negated);
    let (first, mut ranges) = (i, vec![]);
    loop {
        match *rest.get(i)? {
            ']' if i > first => return Some((Piece::Set { ranges, negated }, i + 1)),
            '[' if rest.get(i + 1) == Some(&':') => {
                let end = (i + 2..rest.len()).find(|e| rest[*e] == ':' && rest.get(e + 1) == Some(&']'))?;
                let name: String = rest[i + 2..end].iter().collect();
                let (_, class) = CLASSES.iter().find(|(n, _)| *n == name)?;
                ranges.extend_from_slice(class);
                i = end + 2;
            }
            c => {
                let c = if c == '\\' && rest.get(i + 1).is_some() {
                    i += 1;
                    rest[i]
                } else {
                    c
                };
                match (rest.get(i + 1), rest.get(i + 2)) {
                    (Some('-'), Some(to)) if *to != ']' => {
                        ranges.push((c, *to));
                        i += 3;
                    }
                    _ => {
                        ranges.push((c, c));
                        i += 1;
                    }
                }
            }
        }
    }
}

impl Pattern {
    /// Backslashes quote.
    pub fn parse(text: &str) -> Pattern {
        let chars: Vec<char> = text.chars().collect();
        let (mut out, mut i) = (vec![], 0);
        while let Some(c) = chars.get(i) {
            i += 1;
            out.push(match c {
                '*' => Piece::Any,
                '?' => Piece::One,
                '\\' if i < chars.len() => {
                    i += 1;
                    Piece::Letter(chars[i - 1])
                }
                '[' => match set(&chars[i..]) {
                    Some((piece, n)) => {
                        i += n;
                        piece
                    }
                    None => Piece::Letter('['),
                },
                c => Piece::Letter(*c),
            });
        }
        Pattern(out)
    }

    /// Whether it says more than the letters it is written with.
    fn is_plain(&self) -> bool {
        self.0.iter().all(|p| matches!(p, Piece::Letter(_)))
    }

    pub fn matches(&self, text: &str) -> bool {
        let (p, t): (&[Piece], Vec<char>) = (&self.0, text.chars().collect());
        let (mut i, mut j, mut star) = (0, 0, None);
        while j < t.len() {
            match p.get(i) {
                Some(Piece::Any) => {
                    star = Some((i, j));
                    i += 1;
                }
                Some(piece) if one(piece, t[j]) => {
                    i += 1;
                    j += 1;
                }
                _ => match star {
                    Some((s, mark)) => {
                        star = Some((s, mark + 1));
                        i = s + 1;
                        j = mark + 1;
                    }
                    None => return false,
                },
            }
        }
        p[i..].iter().all(|c| *c == Piece::Any)
    }
}

fn one(piece: &Piece, c: char) -> bool {
    match piece {
        Piece::Letter(l) => *l == c,
        Piece::One => true,
        Piece::Any => false,
        Piece::Set { ranges, negated } => ranges.iter().any(|(a, b)| (*a..=*b).contains(&c)) != *negated,
    }
}

/// The paths that a pattern stands for, in order; nothing if there are none, or if it is no pattern.
pub fn paths(pattern: &str, sys: &mut Sys<'_>) -> Vec<String> {
    if !pattern.contains(['*', '?', '[']) || Pattern::parse(pattern).is_plain() {
        return vec![];
    }
    let absolute = pattern.starts_with('/');
    let mut found = vec![String::from(if absolute { "/" } else { "" })];
    let parts: Vec<&str> = pattern.split('/').filter(|p| !p.is_empty()).collect();
    for (i, part) in parts.iter().enumerate() {
        let pattern = Pattern::parse(part);
        let last = i + 1 == parts.len();
        let mut next = vec![];
        for base in &found {
            let at = |name: &str| if base.is_empty() { name.to_string() } else { join(base, name) };
            let here = sys.path(if base.is_empty() { "." } else { base });
            if pattern.is_plain() {
                let name: String =
                    pattern.0.iter().filter_map(|p| if let Piece::Letter(c) = p { Some(*c) } else { None }).collect();
                let path = sys.path(&at(&name));
                if sys.view(|v| v.link_stat(&path)).is_ok() {
                    next.push(at(&name));
                }
                continue;
            }
            let names = super::super::kernel::proc::names(sys, &here).or_else(|| sys.view(|v| v.names(&here)).ok());
            for name in names.unwrap_or_default() {
                let hidden = name.starts_with('.') && !part.starts_with('.');
                let path = join(&here, &name);
                if !hidden && pattern.matches(&name) && (last || sys.view(|v| v.is_directory(&path))) {
                    next.push(at(&name));
                }
            }
        }
        found = next;
    }
    if pattern.ends_with('/') {
        found.retain(|p| {
            let path = sys.path(p);
            sys.view(|v| v.is_directory(&path))
        });
        found.iter_mut().for_each(|p| p.push('/'));
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_a_shell_matches_them() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("?", "", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[^a]", "b", true),
            ("[]]", "]", true),
            ("[[:digit:]]*", "7x", true),
            ("[a", "[a", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("*.*.*", "a.b.c", true),
            ("*a*b", "xaybab", true),
        ] {
            assert_eq!(Pattern::parse(pattern).matches(text), want, "{pattern} {text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_pattern_is_matched(p in "[a-c*?\\[\\]!^:\\\\-]{0,20}", t in "[a-c]{0,20}") {
            let _ = Pattern::parse(&p).matches(&t);
        }
    }
}
