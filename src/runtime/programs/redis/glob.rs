//! Patterns of `KEYS`, `SCAN` and `CONFIG GET`: `*`, `?`, `[a-z]`, `[^x]`, and a backslash before what stands for itself.

/// Whether a text fits. A star goes back only to the last one, so that no pattern takes long.
pub fn matches(pattern: &[u8], text: &[u8], ignores_case: bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
            continue;
        }
        match one(&pattern[p..], text[t], ignores_case) {
            Some(taken) => (p, t) = (p + taken, t + 1),
            None => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

/// How much of the pattern stands for that byte, if it does.
fn one(pattern: &[u8], byte: u8, ignores_case: bool) -> Option<usize> {
    let fold = |b: u8| if ignores_case { b.to_ascii_lowercase() } else { b };
    let is = |b: u8| fold(b) == fold(byte);
    match (*pattern.first()?, pattern.get(1)) {
        (b'?', _) => Some(1),
        (b'\\', Some(b)) => is(*b).then_some(2),
        (b'[', _) => {
            let not = pattern.get(1) == Some(&b'^');
            let (mut at, mut found) = (if not { 2 } else { 1 }, false);
            loop {
                match (pattern.get(at), pattern.get(at + 1), pattern.get(at + 2)) {
                    (None, ..) => break,
                    (Some(b']'), ..) => {
                        at += 1;
                        break;
                    }
                    (Some(b'\\'), Some(b), _) => {
                        found |= is(*b);
                        at += 2;
                    }
                    (Some(a), Some(b'-'), Some(b)) => {
                        let (a, b) = (fold(*a.min(b)), fold(*b.max(a)));
                        found |= (a..=b).contains(&fold(byte));
                        at += 3;
                    }
                    (Some(b), ..) => {
                        found |= is(*b);
                        at += 1;
                    }
                }
            }
            (found != not).then_some(at)
        }
        (b, _) => is(b).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_those_of_redis_do() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("h?llo", "hello", true),
            ("h*llo", "heeeello", true),
            ("h[ae]llo", "hillo", false),
            ("h[^e]llo", "hallo", true),
            ("h[a-b]llo", "hbllo", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("maxmemory*", "maxmemory-policy", true),
            ("a*b*c", "aXbYbZc", true),
            ("[", "x", false),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes(), false), fits, "{pattern} {text}");
        }
        assert!(matches(b"MaxMemory", b"maxmemory", true));
    }
}
