//! `sort` and `tac`: lines in order.

use std::cmp::Ordering;

use super::Call;
use super::files::options;

/// Lines of what was named, or of the standard input. `None`: it has complained.
pub fn lines(c: &mut Call<'_, '_>, files: &[String]) -> Option<Vec<Vec<u8>>> {
    let stdin = ["-".to_string()];
    let mut out = vec![];
    for f in if files.is_empty() { &stdin } else { files } {
        match c.read(f) {
            Ok(content) => out.extend(parted(&content)),
            Err(e) => {
                let text = e.text();
                c.cannot(format!("cannot read: {f}: {text}"), format!("{f}: {text}"));
                return None;
            }
        }
    }
    Some(out)
}

pub fn parted(content: &[u8]) -> Vec<Vec<u8>> {
    let body = content.strip_suffix(b"\n").unwrap_or(content);
    if content.is_empty() { vec![] } else { body.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect() }
}

/// One `-k`: from a field (and letter) to another, and how it is compared.
#[derive(Clone, Debug, Default)]
struct Key {
    from: (usize, usize),
    to: Option<(usize, usize)>,
    how: String,
}

fn key(text: &str) -> Option<Key> {
    let place = |t: &str| -> Option<((usize, usize), String)> {
        let end = t.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(t.len());
        let (field, letter) = t[..end].split_once('.').unwrap_or((&t[..end], "0"));
        Some(((field.parse().ok()?, letter.parse().ok()?), t[end..].to_string()))
    };
    let (from, to) = text.split_once(',').map_or((text, None), |(f, t)| (f, Some(t)));
    let (from, mut how) = place(from).filter(|((f, _), _)| *f > 0)?;
    let to = match to {
        Some(t) => {
            let (to, more) = place(t)?;
            how += &more;
            Some(to)
        }
        None => None,
    };
    Some(Key { from, to, how })
}

struct Sorting {
    keys: Vec<Key>,
    separator: Option<u8>,
    how: String,
    reverse: bool,
    stable: bool,
}

impl Sorting {
    /// Where the fields of a line begin and end.
    fn fields(&self, line: &[u8]) -> Vec<(usize, usize)> {
        let mut out = vec![];
        let mut from = 0;
        match self.separator {
            Some(s) => {
                for (i, b) in line.iter().enumerate() {
                    if *b == s {
                        out.push((from, i));
                        from = i + 1;
                    }
                }
                out.push((from, line.len()));
            }
            // Blanks before a field belong to it.
            None => {
                let mut i = 0;
                while i < line.len() {
                    let blanks = line[i..].iter().take_while(|b| b.is_ascii_whitespace()).count();
                    let word = line[i + blanks..].iter().take_while(|b| !b.is_ascii_whitespace()).count();
                    out.push((i, i + blanks + word));
                    i += blanks + word;
                }
            }
        }
        out
    }

    fn part<'l>(&self, line: &'l [u8], key: &Key) -> &'l [u8] {
        let fields = self.fields(line);
        let blanks =
            |at: usize| line[at..].iter().take_while(|b| key.how.contains('b') && b.is_ascii_whitespace()).count();
        let from = fields
            .get(key.from.0 - 1)
            .map_or(line.len(), |(a, _)| (a + blanks(*a) + key.from.1.saturating_sub(1)).min(line.len()));
        let to = match key.to {
            None => line.len(),
            Some((0, _)) => from,
            Some((f, 0)) => fields.get(f - 1).map_or(line.len(), |(_, b)| *b),
            Some((f, l)) => fields.get(f - 1).map_or(line.len(), |(a, _)| (a + blanks(*a) + l).min(line.len())),
        };
        &line[from..to.max(from)]
    }

    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        for k in &self.keys {
            let how = if k.how.is_empty() || k.how == "b" { &self.how } else { &k.how };
            let o = compared(self.part(a, k), self.part(b, k), how);
            if o != Ordering::Equal {
                return if how.contains('r') { o.reverse() } else { o };
            }
        }
        if self.keys.is_empty() {
            let o = compared(a, b, &self.how);
            if o != Ordering::Equal {
                return if self.reverse { o.reverse() } else { o };
            }
        }
        Ordering::Equal
    }

    /// What is alike by its keys goes by the whole line.
    fn last_resort(&self, a: &[u8], b: &[u8]) -> Ordering {
        match (self.stable, self.reverse) {
            (true, _) => Ordering::Equal,
            (_, true) => b.cmp(a),
            _ => a.cmp(b),
        }
    }
}

fn number(text: &[u8]) -> f64 {
    super::awk_number(&String::from_utf8_lossy(text))
}

/// `1K`, `2.5M`: with its unit.
fn human(text: &[u8]) -> f64 {
    let t = String::from_utf8_lossy(text).trim().to_string();
    let digits = t.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit =
        t[digits.len()..].chars().next().map_or(0, |u| "KMGTPE".find(u.to_ascii_uppercase()).map_or(0, |i| i + 1));
    super::awk_number(digits) * 1024f64.powi(i32::try_from(unit).unwrap_or(0))
}

fn month(text: &[u8]) -> usize {
    const NAMES: &str = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    let t: String = String::from_utf8_lossy(text).trim().chars().take(3).collect::<String>().to_ascii_uppercase();
    if t.len() == 3 { NAMES.find(&t).map_or(0, |i| i / 3 + 1) } else { 0 }
}

fn compared(a: &[u8], b: &[u8], how: &str) -> Ordering {
    if how.contains('n') || how.contains('g') {
        return number(a).total_cmp(&number(b));
    }
    if how.contains('h') {
        return human(a).total_cmp(&human(b));
    }
    if how.contains('M') {
        return month(a).cmp(&month(b));
    }
    if how.contains('V') {
        return versions(a, b);
    }
    let seen = |t: &[u8]| -> Vec<u8> {
        let t = if how.contains('b') { t.trim_ascii_start() } else { t };
        let kept = |b: &&u8| !how.contains('d') || b.is_ascii_alphanumeric() || b.is_ascii_whitespace();
        t.iter().filter(kept).map(|b| if how.contains('f') { b.to_ascii_uppercase() } else { *b }).collect()
    };
    seen(a).cmp(&seen(b))
}

/// `1.9` before `1.10`.
fn versions(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let text = |t: &[u8]| t.iter().take_while(|c| !c.is_ascii_digit()).count();
        let (n, m) = (text(a), text(b));
        let o = a[..n].cmp(&b[..m]);
        if o != Ordering::Equal {
            return o;
        }
        (a, b) = (&a[n..], &b[m..]);
        if a.is_empty() || b.is_empty() {
            return a.len().cmp(&b.len());
        }
        let digits = |t: &[u8]| t.iter().take_while(|c| c.is_ascii_digit()).count();
        let (n, m) = (digits(a), digits(b));
        let plain = |t: &[u8]| t.iter().skip_while(|c| **c == b'0').copied().collect::<Vec<u8>>();
        let (x, y) = (plain(&a[..n]), plain(&b[..m]));
        let o = x.len().cmp(&y.len()).then_with(|| x.cmp(&y));
        if o != Ordering::Equal {
            return o;
        }
        (a, b) = (&a[n..], &b[m..]);
    }
}

pub fn sort(c: &mut Call<'_, '_>) -> i32 {
    let long = [
        ("reverse", 'r'),
        ("unique", 'u'),
        ("numeric-sort", 'n'),
        ("key", 'k'),
        ("field-separator", 't'),
        ("output", 'o'),
        ("check", 'c'),
        ("version-sort", 'V'),
        ("human-numeric-sort", 'h'),
        ("ignore-case", 'f'),
        ("stable", 's'),
    ];
    let o = match options(c, "nrugMbcszVhfdiCR", "ktoST", &long) {
        Ok(o) => o,
        Err(_) => return 2,
    };
    let mut keys = vec![];
    for k in o.values('k') {
        match key(k) {
            Some(k) => keys.push(k),
            None => {
                c.complain(format!("bad field specification '{k}'"));
                return 2;
            }
        }
    }
    let separator = o.value('t').map(|t| if t == "\\t" { b'\t' } else { t.bytes().next().unwrap_or(0) });
    let how: String = "nghMVbfdr".chars().filter(|l| o.has(*l)).collect();
    let s = Sorting { keys, separator, how, reverse: o.has('r'), stable: o.has('s') || o.has('u') };
    let Some(mut all) = lines(c, &o.rest) else { return 2 };
    if o.has('c') || o.has('C') {
        let wrong = all.windows(2).position(|w| {
            let o2 = s.compare(&w[0], &w[1]);
            o2 == Ordering::Greater || (o.has('u') && o2 == Ordering::Equal)
        });
        if let Some(i) = wrong {
            let text = format!("-:{}: disorder: {}", i + 2, String::from_utf8_lossy(&all[i + 1]));
            c.complain(text);
            return 1;
        }
        return 0;
    }
    all.sort_by(|a, b| s.compare(a, b).then_with(|| s.last_resort(a, b)));
    if o.has('u') {
        all.dedup_by(|b, a| s.compare(a, b) == Ordering::Equal);
    }
    let mut out = vec![];
    for l in all {
        out.extend(l);
        out.push(b'\n');
    }
    match o.value('o') {
        Some(f) => {
            let path = c.sys.path(f);
            if let Err(e) = c.sys.view(|v| v.write(&path, &out)) {
                c.cannot(format!("open failed: {f}: {}", e.text()), format!("can't open '{f}': {}", e.text()));
                return 2;
            }
        }
        None => c.out = out,
    }
    0
}

pub fn tac(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "rb", "s", &[]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let files = if o.rest.is_empty() { vec!["-".to_string()] } else { o.rest };
    for f in files {
        let Ok(content) = c.read(&f) else {
            c.cannot(
                format!("failed to open '{f}' for reading: No such file or directory"),
                format!("{f}: No such file or directory"),
            );
            return 1;
        };
        // A last line without its end is the first one without it.
        content.split_inclusive(|b| *b == b'\n').rev().for_each(|l| c.out.extend(l));
    }
    0
}
