//! Single signs of an expression: what `\n` or `\x41` stands for, and how often `{2,5}` repeats.

/// No more than this many copies of anything may be asked for.
pub const MOST_COPIES: u32 = 1000;

/// Why Go refuses an expression, and the part of it that is shown.
pub type Refusal = (&'static str, String);

/// A sign that stands for itself, inside of a class and outside.
pub fn literal(c: char, out: &mut String) {
    if c.is_ascii_alphanumeric() || !c.is_ascii() {
        out.push(c);
    } else {
        out.push_str(&format!("\\x{{{:X}}}", u32::from(c)));
    }
}

/// The sign that `\n` or `\x41` at the front stands for, and what follows.
pub fn escaped(text: &str) -> Result<(char, &str), Refusal> {
    let bad = |rest: &str| Err(("invalid escape sequence", text[..text.len() - rest.len()].to_string()));
    let mut signs = text[1..].chars();
    let Some(c) = signs.next() else {
        return Err(("trailing backslash at end of expression", String::new()));
    };
    let rest = signs.as_str();
    let octal = |r: &str| r.starts_with(|d: char| ('0'..='7').contains(&d));
    match c {
        '0'..='7' if c == '0' || octal(rest) => {
            let more = rest.chars().take(2).take_while(|d| ('0'..='7').contains(d)).count();
            let value = u32::from_str_radix(&text[1..2 + more], 8).ok().and_then(char::from_u32);
            value.map_or_else(|| bad(rest), |v| Ok((v, &rest[more..])))
        }
        'x' => hexadecimal(rest).map_or_else(bad, Ok),
        'a' => Ok(('\u{7}', rest)),
        'f' => Ok(('\u{c}', rest)),
        'n' => Ok(('\n', rest)),
        'r' => Ok(('\r', rest)),
        't' => Ok(('\t', rest)),
        'v' => Ok(('\u{b}', rest)),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok((c, rest)),
        _ => bad(rest),
    }
}

/// What follows `\x`: two digits, or any number of them in braces. The error is what was not read.
fn hexadecimal(text: &str) -> Result<(char, &str), &str> {
    let digits = match text.strip_prefix('{') {
        Some(inner) => {
            let end = inner.find(|c: char| !c.is_ascii_hexdigit()).ok_or("")?;
            let (digits, rest) = inner.split_at(end);
            let Some(rest) = rest.strip_prefix('}') else {
                return Err(rest.get(rest.chars().next().map_or(0, char::len_utf8)..).unwrap_or(""));
            };
            (digits, rest)
        }
        None => {
            let end: usize = text.chars().take(2).map(char::len_utf8).sum();
            if text.chars().take(2).count() < 2 {
                return Err(&text[end..]);
            }
            text.split_at(end)
        }
    };
    let value = u32::from_str_radix(digits.0, 16).ok().filter(|_| !digits.0.starts_with('+'));
    value.and_then(char::from_u32).map_or(Err(digits.1), |c| Ok((c, digits.1)))
}

/// `{2}`, `{2,}` or `{2,5}` at the front: its length and how many copies it asks for, unless those are too many.
pub fn count(text: &str) -> Option<(usize, Option<u32>)> {
    let end = text.find('}')?;
    let (least, most) = match text[1..end].split_once(',') {
        None => (&text[1..end], None),
        Some((least, most)) => (least, Some(most)),
    };
    let number = |s: &str| {
        let plain = !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit()) && (s == "0" || !s.starts_with('0'));
        plain.then(|| s.parse::<u32>().unwrap_or(u32::MAX))
    };
    let least = number(least)?;
    let most = match most {
        None => least,
        Some("") => least.max(1),
        Some(most) => number(most)?,
    };
    let open = text[1..end].ends_with(',');
    let fits = least <= MOST_COPIES && most <= MOST_COPIES && (open || least <= most);
    Some((end + 1, fits.then_some(most)))
}
