//! `date`.

use super::Call;
use super::moments;

/// What makes `date` show a moment: `%` and a letter.
fn of_date(format: &str, t: jiff::Zoned) -> String {
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(ch) = chars.next() {
        if ch != '%' {
            out.push(ch);
            continue;
        }
        match chars.next() {
            Some('N') => out.push_str(&format!("{:09}", t.subsec_nanosecond())),
            Some('n') => out.push('\n'),
            Some('3') => {
                chars.next();
                out.push_str(&format!("{:03}", t.subsec_nanosecond() / 1_000_000));
            }
            Some(flag @ ('-' | '_' | '0' | '^' | '#' | ':')) => {
                let letter = chars.next().unwrap_or(flag);
                let text = jiff::fmt::strtime::format(format!("%{flag}{letter}"), &t);
                out.push_str(&text.unwrap_or_else(|_| format!("%{flag}{letter}")));
            }
            Some(letter) => {
                let text = jiff::fmt::strtime::format(format!("%{letter}"), &t);
                out.push_str(&text.unwrap_or_else(|_| format!("%{letter}")));
            }
            None => out.push('%'),
        }
    }
    out
}

pub fn date(c: &mut Call<'_, '_>) -> i32 {
    let mut args = c.args().to_vec().into_iter();
    let (mut format, mut at) = ("%a %b %e %H:%M:%S %Z %Y".to_string(), moments::of_time(c.sys.now));
    while let Some(a) = args.next() {
        let long = a.split_once('=').filter(|(n, _)| n.starts_with("--")).map(|(n, v)| (n.to_string(), v.to_string()));
        let (name, value) = long.map_or((a.clone(), None), |(n, v)| (n, Some(v)));
        match (name.as_str(), value) {
            ("-u" | "--utc" | "--universal", _) => {}
            ("-R" | "--rfc-email", _) => format = "%a, %d %b %Y %H:%M:%S %z".into(),
            ("-Is" | "-Iseconds", _) => format = "%Y-%m-%dT%H:%M:%S%:z".into(),
            ("-Iminutes", _) => format = "%Y-%m-%dT%H:%M%:z".into(),
            ("--iso-8601", Some(v)) if v.starts_with('s') => format = "%Y-%m-%dT%H:%M:%S%:z".into(),
            ("-I" | "-Idate" | "--iso-8601", _) => format = "%Y-%m-%d".into(),
            ("-d" | "--date", value) => {
                let text = value.or_else(|| args.next()).unwrap_or_default();
                match moments::parse(&text, at) {
                    Some(t) => at = t,
                    None => {
                        c.complain(format!("invalid date '{text}'"));
                        return 1;
                    }
                }
            }
            ("-r" | "--reference", value) => {
                let file = value.or_else(|| args.next()).unwrap_or_default();
                let path = c.sys.path(&file);
                match c.sys.view(|v| v.stat(&path)) {
                    Ok(n) => at = moments::of_time(n.modified),
                    Err(e) => {
                        c.cannot(format!("{file}: {}", e.text()), format!("can't stat '{file}': {}", e.text()));
                        return 1;
                    }
                }
            }
            ("-s" | "--set", _) => {
                c.cannot("cannot set date: Operation not permitted", "can't set date: Operation not permitted");
                return 1;
            }
            (f, None) if f.starts_with('+') => format = f[1..].into(),
            (_, _) => {
                c.complain(format!("invalid date '{a}'"));
                return 1;
            }
        }
    }
    c.line(of_date(&format, at.to_zoned(jiff::tz::TimeZone::UTC)));
    0
}
