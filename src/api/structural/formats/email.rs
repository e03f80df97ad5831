//! Addresses of mail, with a name before them or not.
//! Real Kubernetes: Go's net/mail ParseAddress.

/// Whether the text is one address: `a@b.example` or `A B <a@b.example>`.
pub fn is_address(text: &str) -> bool {
    let text = text.trim_start_matches(space);
    if let Some(rest) = after_spec(text) {
        return only_comments(rest);
    }
    let named = after_phrase(text).unwrap_or(text).trim_start_matches(space);
    let inner = named.strip_prefix('<').and_then(after_spec).and_then(|rest| rest.strip_prefix('>'));
    inner.is_some_and(only_comments)
}

fn space(c: char) -> bool {
    c == ' ' || c == '\t'
}

fn atom_sign(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || (!c.is_ascii() && !c.is_control())
}

/// What follows a word of atoms and dots. Strictly read, a dot stands between atoms only.
fn after_atom(text: &str, strict: bool) -> Option<&str> {
    let end = text.find(|c| !atom_sign(c) && c != '.').unwrap_or(text.len());
    let (atom, rest) = text.split_at(end);
    let misplaced = strict && (atom.starts_with('.') || atom.ends_with('.') || atom.contains(".."));
    (!atom.is_empty() && !misplaced).then_some(rest)
}

/// What follows a text in quotes.
fn after_quoted(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('"')?;
    let mut escaped = false;
    for (i, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(&inner[i + 1..]),
            c if c.is_control() && c != '\t' => return None,
            _ => {}
        }
    }
    None
}

/// What follows `local@domain`.
fn after_spec(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(space);
    let rest = if text.starts_with('"') {
        let rest = after_quoted(text)?;
        // An empty name is none.
        (text.len() - rest.len() > 2).then_some(rest)?
    } else {
        after_atom(text, true)?
    };
    let rest = rest.strip_prefix('@')?.trim_start_matches(space);
    match rest.strip_prefix('[') {
        Some(literal) => {
            let (address, rest) = literal.split_once(']')?;
            address.parse::<std::net::IpAddr>().ok().map(|_| rest)
        }
        None => after_atom(rest, true),
    }
}

/// What follows the words of a name.
fn after_phrase(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        let word = rest.trim_start_matches(space);
        match if word.starts_with('"') { after_quoted(word) } else { after_atom(word, false) } {
            Some(after) => rest = after,
            None => return (rest.len() < text.len()).then_some(rest),
        }
    }
}

/// Whether nothing follows but `(comments)`.
fn only_comments(text: &str) -> bool {
    let mut depth = 0_u32;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            c if depth == 0 && !space(c) => return false,
            _ => {}
        }
    }
    depth == 0
}

#[cfg(test)]
mod tests {
    #[test]
    fn addresses_are_told_from_other_texts() {
        for good in ["a@b", "a.b+c@b.example", "A B <a@b>", "\"A, B\" <a@b>", "a@b (comment)", "\"x y\"@b", "ä@ö.de"]
        {
            assert!(super::is_address(good), "{good}");
        }
        for bad in ["", "a", "a@", "@b", "a..b@c", ".a@b", "a@b, c@d", "<a@b", "a b", "A B", "a@b)"] {
            assert!(!super::is_address(bad), "{bad}");
        }
    }
}
