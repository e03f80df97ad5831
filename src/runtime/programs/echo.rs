//! `echo`, of which every shell has its own.

/// How options and backslashes are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// dash: backslashes mean something always, and `-n` is the only option.
    AlwaysEscapes,
    /// busybox and bash: `-e` asks for backslashes.
    Options,
}

pub fn echo(args: &[String], style: Style) -> Vec<u8> {
    let (mut newline, mut escapes, mut i) = (true, style == Style::AlwaysEscapes, 0);
    while let Some(a) = args.get(i) {
        let letters = match a.strip_prefix('-') {
            Some(l) if !l.is_empty() => l,
            _ => break,
        };
        match style {
            Style::AlwaysEscapes if letters == "n" => newline = false,
            Style::Options if letters.chars().all(|c| "neE".contains(c)) => {
                for c in letters.chars() {
                    match c {
                        'n' => newline = false,
                        c => escapes = c == 'e',
                    }
                }
            }
            _ => break,
        }
        i += 1;
    }
    let text = args[i..].join(" ");
    let mut out = vec![];
    if !escapes {
        out.extend(text.bytes());
    } else if !unescape(&text, true, &mut out) {
        return out;
    }
    if newline {
        out.push(b'\n');
    }
    out
}

/// Reads backslashes. `zeros`: octal numbers begin with one, as in `echo`. Whether printing goes on after it (`\c`).
pub fn unescape(text: &str, zeros: bool, out: &mut Vec<u8>) -> bool {
    let bytes = text.as_bytes();
    let mut i = 0;
    while let Some(b) = bytes.get(i) {
        i += 1;
        if *b != b'\\' || i >= bytes.len() {
            out.push(*b);
            continue;
        }
        let c = bytes[i];
        i += 1;
        let digits = |from: usize, most: usize, radix: u32| {
            let n = bytes[from..].iter().take(most).take_while(|b| char::from(**b).is_digit(radix)).count();
            let text = std::str::from_utf8(&bytes[from..from + n]).unwrap_or("");
            (n, u32::from_str_radix(text, radix).unwrap_or_default())
        };
        match c {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'c' => return false,
            b'e' => out.push(27),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'\\' => out.push(b'\\'),
            b'0' if zeros => {
                let (n, v) = digits(i, 3, 8);
                i += n;
                out.push((v & 0xff) as u8);
            }
            b'0'..=b'7' => {
                let (n, v) = digits(i - 1, 3, 8);
                i += n - 1;
                out.push((v & 0xff) as u8);
            }
            b'x' if digits(i, 2, 16).0 > 0 => {
                let (n, v) = digits(i, 2, 16);
                i += n;
                out.push((v & 0xff) as u8);
            }
            other => out.extend([b'\\', other]),
        }
    }
    true
}
