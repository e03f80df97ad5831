//! `printf`: a format that is used again as long as there are arguments.

use super::conversion::{Conversion, MOST_COLUMNS};
use super::echo::unescape;

pub struct Formatted {
    pub out: Vec<u8>,
    /// What is said of arguments that do not fit.
    pub errors: Vec<String>,
}

pub fn format(format: &str, args: &[String]) -> Formatted {
    let mut done = Formatted { out: vec![], errors: vec![] };
    let mut args = args.iter();
    loop {
        let before = args.len();
        if !once(format, &mut args, &mut done) || args.len() == 0 || args.len() == before {
            return done;
        }
    }
}

/// Whether printing goes on.
fn once(format: &str, args: &mut std::slice::Iter<'_, String>, done: &mut Formatted) -> bool {
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        if !unescape(&rest[..at], false, &mut done.out) {
            return false;
        }
        let Some((d, after)) = directive(&rest[at + 1..], args) else {
            done.errors.push(format!("{}: invalid format", &rest[at..]));
            return false;
        };
        rest = after;
        if !print(&d, args, done) {
            return false;
        }
    }
    unescape(rest, false, &mut done.out)
}

fn directive<'t>(text: &'t str, args: &mut std::slice::Iter<'_, String>) -> Option<(Conversion, &'t str)> {
    let flags: String = text.chars().take_while(|c| "-+ #0".contains(*c)).collect();
    let mut rest = &text[flags.len()..];
    let mut number = |rest: &mut &'t str| {
        if let Some(r) = rest.strip_prefix('*') {
            *rest = r;
            return args.next().and_then(|a| a.parse::<i64>().ok());
        }
        let n = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = rest.split_at(n);
        *rest = after;
        digits.parse::<i64>().ok()
    };
    let width = number(&mut rest);
    let precision = match rest.strip_prefix('.') {
        Some(r) => {
            rest = r;
            Some(number(&mut rest).unwrap_or(0))
        }
        None => None,
    };
    let letter = rest.chars().next()?;
    let flags = if width.is_some_and(|w| w < 0) { flags + "-" } else { flags };
    let limit = |n: i64| usize::try_from(n.unsigned_abs()).unwrap_or(MOST_COLUMNS).min(MOST_COLUMNS);
    let precision = precision.filter(|p| *p >= 0).map(limit);
    let plain = flags.is_empty() && width.is_none() && precision.is_none();
    ("diouxXcsbeEfFgG".contains(letter) || (letter == '%' && plain))
        .then(|| (Conversion { flags, width: width.map_or(0, limit), precision, letter }, &rest[letter.len_utf8()..]))
}

fn print(d: &Conversion, args: &mut std::slice::Iter<'_, String>, done: &mut Formatted) -> bool {
    if d.letter == '%' {
        done.out.push(b'%');
        return true;
    }
    let arg = args.next();
    let word = arg.cloned().unwrap_or_default();
    let cut = |t: Vec<u8>| match d.precision {
        Some(p) => t.into_iter().take(p).collect(),
        None => t,
    };
    let mut padded = |t: &[u8]| done.out.extend(d.padded(t, t.len()));
    match d.letter {
        'c' => padded(word.chars().next().map(String::from).unwrap_or_default().as_bytes()),
        's' => padded(&cut(word.into_bytes())),
        'b' => {
            let mut text = vec![];
            let goes_on = unescape(&word, true, &mut text);
            padded(&cut(text));
            return goes_on;
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let n = float(&word, done);
            done.out.extend(d.float(n).bytes());
        }
        _ => {
            let n = integer(&word, done);
            done.out.extend(d.integer(n).bytes());
        }
    }
    true
}

fn integer(word: &str, done: &mut Formatted) -> i64 {
    let text = word.trim_start();
    // A quote before a letter asks for its number.
    if let Some(c) = text.strip_prefix(['\'', '"']) {
        return c.chars().next().map_or(0, |c| i64::from(u32::from(c)));
    }
    if text.is_empty() {
        return 0;
    }
    let end = |t: &str, radix: u32| t.find(|c: char| !c.is_digit(radix)).unwrap_or(t.len());
    let (sign, digits) = match text.strip_prefix('-') {
        Some(d) => ("-", d),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = match digits {
        d if d.starts_with("0x") || d.starts_with("0X") => (&d[2..], 16),
        d if d.starts_with('0') => (d, 8),
        d => (d, 10),
    };
    let n = end(digits, radix);
    let value = i64::from_str_radix(&format!("{sign}{}", &digits[..n]), radix);
    if n < digits.len() || n == 0 {
        done.errors.push(match n {
            0 => format!("{word}: expected numeric value"),
            _ => format!("{word}: not completely converted"),
        });
    }
    value.unwrap_or(if n == 0 { 0 } else { i64::MAX })
}

fn float(word: &str, done: &mut Formatted) -> f64 {
    let text = word.trim();
    if text.is_empty() {
        return 0.0;
    }
    text.parse().unwrap_or_else(|_| {
        done.errors.push(format!("{word}: expected numeric value"));
        0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printf_prints_as_the_real_one_does() {
        for (f, args, want) in [
            ("%s\\n", vec!["a", "b"], "a\nb\n"),
            ("%5d|%-5d|%05d\\n", vec!["42", "42", "42"], "   42|42   |00042\n"),
            ("%x %o %X\\n", vec!["255", "8", "255"], "ff 10 FF\n"),
            ("%.2f\\n", vec!["3.14159"], "3.14\n"),
            ("%s %s\\n", vec!["a", "b", "c"], "a b\nc \n"),
            ("no newline", vec![], "no newline"),
            ("%b", vec!["a\\tb"], "a\tb"),
            ("%%|%c|%5s|%-5s|\\n", vec!["xyz", "ab", "cd"], "%|x|   ab|cd   |\n"),
            ("%g %e\\n", vec!["0.0001", "12345.678"], "0.0001 1.234568e+04\n"),
            ("%d\\n", vec!["'A"], "65\n"),
            ("\\101\\x42\\n", vec![], "AB\n"),
            ("%+d %.3d\\n", vec!["5", "7"], "+5 007\n"),
        ] {
            let args: Vec<String> = args.into_iter().map(String::from).collect();
            assert_eq!(String::from_utf8_lossy(&format(f, &args).out), want, "{f}");
        }
        assert_eq!(format("%d\\n", &["x".to_string()]).errors.len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_format_prints_or_is_refused(f in "[%a-z0-9.*#+ \\\\-]{0,20}", a in "[a-z0-9.'-]{0,8}") {
            let _ = format(&f, &[a]);
        }
    }
}
