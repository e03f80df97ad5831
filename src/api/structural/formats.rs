//! Formats of texts: dates, addresses, names. A format that nobody knows judges nothing.
//! Real Kubernetes: k8s.io/kube-openapi/pkg/validation/strfmt, pkg/apiserver/validation/formats.go.

use std::net::Ipv6Addr;

use super::super::{go_url, names};
use crate::api::go_regexp::Pattern;

pub type Checker = fn(&str) -> bool;

/// Every format, written without dashes, with what judges a text.
const FORMATS: &[(&str, Checker)] = &[
    ("bsonobjectid", |s| s.len() == 24 && hex(s)),
    ("uri", |s| go_url::parse_request_uri(s).is_ok()),
    ("email", email::is_address),
    ("hostname", hostname),
    ("ipv4", |s| s.contains('.') && ip_bits(s, true).is_some()),
    ("ipv6", |s| s.contains(':') && ip_bits(s, false).is_some()),
    ("cidr", cidr),
    ("mac", mac),
    ("uuid", |s| uuid(s).is_some()),
    ("uuid3", |s| uuid(s).is_some_and(|[version, _]| version == b'3')),
    ("uuid4", |s| uuid(s).is_some_and(|[version, variant]| version == b'4' && b"89abAB".contains(&variant))),
    ("uuid5", |s| uuid(s).is_some_and(|[version, variant]| version == b'5' && b"89abAB".contains(&variant))),
    ("isbn", |s| isbn10(s) || isbn13(s)),
    ("isbn10", isbn10),
    ("isbn13", isbn13),
    ("creditcard", credit_card),
    ("ssn", |s| s.len() == 11 && Pattern::new(r"^\d{3}[- ]?\d{2}[- ]?\d{4}$").matches(s)),
    ("hexcolor", |s| Pattern::new("^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$").matches(s)),
    ("rgbcolor", rgb_color),
    ("byte", base64),
    ("password", |_| true),
    ("date", time::is_date),
    ("duration", time::is_duration),
    ("datetime", time::is_date_time),
    ("k8sshortname", |s| names::dns1123_label(s, false).is_empty()),
    ("k8slongname", |s| names::dns1123_subdomain(s, false).is_empty()),
];

pub mod email;
pub mod time;

/// What judges texts of a format, if anybody knows it.
pub fn checker(format: &str) -> Option<Checker> {
    let plain = format.replace('-', "");
    FORMATS.iter().find(|(name, _)| *name == plain).map(|(_, check)| *check)
}

/// Whether a format is known for values of that type; no type is taken for text.
pub fn known(type_: &str, format: &str) -> bool {
    match type_ {
        "" | "string" => checker(format).is_some(),
        "integer" => matches!(format, "int32" | "int64"),
        "number" => matches!(format, "float" | "double"),
        _ => false,
    }
}

fn hex(s: &str) -> bool {
    s.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Letters, digits and symbols, which is what the real expression takes for a sign of a name.
fn name_sign(c: char) -> bool {
    c.is_ascii_alphanumeric() || "$+<=>^`|~".contains(c) || (!c.is_ascii() && !c.is_whitespace() && !c.is_control())
}

/// One word with a dash as its second sign at most, or labels under a domain of letters.
fn hostname(s: &str) -> bool {
    let labels: Vec<Vec<char>> = s.split('.').map(|l| l.chars().collect()).collect();
    let short = s.len() <= 255 && s.split('.').all(|l| l.len() <= 63);
    let fits = match labels.as_slice() {
        [] => false,
        [word] => {
            let rest = word.get(1..).unwrap_or_default();
            let rest = rest.strip_prefix(&['-']).unwrap_or(rest);
            word.first().is_some_and(|c| name_sign(*c)) && rest.len() <= 62 && rest.iter().all(|c| name_sign(*c))
        }
        [labels @ .., domain] => {
            let label = |l: &Vec<char>| {
                let ends = l.first().is_some_and(|c| name_sign(*c)) && l.last().is_some_and(|c| name_sign(*c));
                ends && l.len() <= 63 && l.iter().all(|c| name_sign(*c) || *c == '-')
            };
            (2..=63).contains(&domain.len()) && domain.iter().all(|c| c.is_alphabetic()) && labels.iter().all(label)
        }
    };
    short && fits
}

/// How many bits an address has, if the text is one. Old ones may have zeros in front of their parts.
fn ip_bits(s: &str, zeros: bool) -> Option<u8> {
    let four = |s: &str| {
        let parts: Vec<&str> = s.split('.').collect();
        let part = |p: &&str| {
            let digits = !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
            digits
                && (zeros || *p == "0" || !p.starts_with('0'))
                && p.trim_start_matches('0').len() <= 3
                && p.trim_start_matches('0').parse::<u16>().unwrap_or(0) <= 255
        };
        parts.len() == 4 && parts.iter().all(part)
    };
    if !s.contains(':') {
        return four(s).then_some(32);
    }
    match s.rsplit_once(':') {
        Some((front, last)) if last.contains('.') => {
            (four(last) && format!("{front}:0:0").parse::<Ipv6Addr>().is_ok()).then_some(128)
        }
        _ => s.parse::<Ipv6Addr>().is_ok().then_some(128),
    }
}

fn cidr(s: &str) -> bool {
    let Some((ip, prefix)) = s.split_once('/') else { return false };
    let digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
    digits && ip_bits(ip, true).is_some_and(|bits| prefix.parse::<u8>().is_ok_and(|p| p <= bits))
}

/// Six, eight or twenty bytes: `00:11:…`, `00-11-…` or `0011.2233.…`.
fn mac(s: &str) -> bool {
    let fits = |separator: char, digits: usize| {
        let parts: Vec<&str> = s.split(separator).collect();
        let bytes = parts.len() * digits / 2;
        matches!(bytes, 6 | 8 | 20) && parts.iter().all(|p| p.len() == digits && hex(p))
    };
    fits(':', 2) || fits('-', 2) || fits('.', 4)
}

/// The signs that tell the version and the variant, if it is one. Dashes may be left out.
fn uuid(s: &str) -> Option<[u8; 2]> {
    let mut rest = s;
    let mut marks = vec![];
    for (i, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if i > 0 {
            rest = rest.strip_prefix('-').unwrap_or(rest);
        }
        let part = rest.get(..length).filter(|p| hex(p))?;
        marks.push(part.as_bytes()[0]);
        rest = &rest[length..];
    }
    rest.is_empty().then_some([marks[2], marks[3]])
}

fn without_dashes(s: &str) -> String {
    s.chars().filter(|c| *c != '-' && !matches!(c, '\t' | '\n' | '\u{c}' | '\r' | ' ')).collect()
}

fn isbn10(s: &str) -> bool {
    let plain = without_dashes(s);
    let Some((last, front)) = plain.as_bytes().split_last() else { return false };
    if plain.len() != 10 || !front.iter().all(u8::is_ascii_digit) || !(last.is_ascii_digit() || *last == b'X') {
        return false;
    }
    let weighted: u32 = front.iter().zip(1..).map(|(d, i)| i * u32::from(d - b'0')).sum();
    let check = if *last == b'X' { 10 } else { u32::from(last - b'0') };
    (weighted + 10 * check).is_multiple_of(11)
}

fn isbn13(s: &str) -> bool {
    let plain = without_dashes(s);
    if plain.len() != 13 || !plain.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let digits = plain.bytes().map(|b| u32::from(b - b'0'));
    digits.zip([1, 3].into_iter().cycle()).map(|(d, factor)| d * factor).sum::<u32>().is_multiple_of(10)
}

fn credit_card(s: &str) -> bool {
    const CARDS: &str = r"^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$";
    let digits: String = s.chars().filter(char::is_ascii_digit).collect();
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            let d = u32::from(b - b'0') * if i % 2 == 1 { 2 } else { 1 };
            if d >= 10 { d - 9 } else { d }
        })
        .sum();
    Pattern::new(CARDS).matches(&digits) && sum.is_multiple_of(10)
}

fn rgb_color(s: &str) -> bool {
    const PART: &str = r"\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*";
    Pattern::new(&format!(r"^rgb\({PART},{PART},{PART}\)$")).matches(s)
}

fn base64(s: &str) -> bool {
    let body = s.strip_suffix("==").or_else(|| s.strip_suffix('=')).unwrap_or(s);
    !s.is_empty()
        && s.len().is_multiple_of(4)
        && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_judged_as_the_real_formats_judge_them() {
        for (format, good, bad) in [
            ("bsonobjectid", "507f1f77bcf86cd799439011", "507f"),
            ("uri", "https://a/b", "a/b"),
            ("hostname", "a-bc", "my-host"),
            ("hostname", "my-host.example.com", "host.c0m"),
            ("ipv4", "010.0.0.1", "10.0.0.256"),
            ("ipv4", "::ffff:1.2.3.4", "1.2.3"),
            ("ipv6", "::1", "1.2.3.4"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
            ("mac", "00:00:5e:00:53:01", "00:00:5e:00:53"),
            ("mac", "0000.5e00.5301", "0000.5e00.530"),
            ("uuid", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400"),
            ("uuid4", "123e4567-e89b-42d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
            ("isbn10", "0321751043", "0321751044"),
            ("isbn", "978-0321751041", "978-0321751042"),
            ("creditcard", "4012 8888 8888 1881", "4012888888881882"),
            ("ssn", "111-22-3333", "111-22-333"),
            ("hexcolor", "#FFFFFF", "#FFFG"),
            ("rgbcolor", "rgb(1, 2,3)", "rgb(1,2)"),
            ("byte", "YWJj", "YWJ"),
            ("date", "2024-02-29", "2023-02-29"),
            ("date-time", "2014-12-15T19:30:20.000Z", "2014-12-15 19:30:20"),
            ("date-time", "2014-12-15t19:30:20+09:00", "2014-12-15T19:30:20"),
            ("date-time", "2014-12-15T19:30:20,5-01:30", "2014-12-15T24:00:00Z"),
            ("date-time", "2014-12-15T19:30:20z", "2014-12-15T19:30:20.z"),
            ("duration", "22 ns", "soon"),
            ("duration", "1h30m", ""),
            ("k8s-short-name", "a-b", "A"),
            ("k8s-long-name", "a.b", "a..b"),
            ("email", "a.b@example.com", "a b@example.com"),
        ] {
            let check = checker(format).expect(format);
            assert!(check(good), "{format} {good}");
            assert!(!check(bad), "{format} {bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_judged_without_panic(s in r".{0,30}|[0-9a-f:.-]{0,40}|[0-9:TZ.+-]{0,30}") {
            for (_, check) in FORMATS {
                check(&s);
            }
        }
    }
}
