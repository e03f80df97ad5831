//! `diff` and `cmp`.

use similar::{Algorithm, DiffOp};

use super::Call;
use super::files::options;
use super::options::Options;
use super::sort::parted;
use crate::runtime::kernel::tree::{join, name};

/// Files with more lines than these are not searched for the smallest difference.
const MOST_LINES: usize = 5_000;

pub fn cmp(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "ls", "n", &[("silent", 's'), ("quiet", 's'), ("verbose", 'l')]) {
        Ok(o) => o,
        Err(_) => return 2,
    };
    let Some(a) = o.rest.first().cloned() else {
        c.no_operand();
        return 2;
    };
    let b = o.rest.get(1).cloned().unwrap_or_else(|| "-".into());
    let mut both = vec![];
    for f in [&a, &b] {
        match c.read(f) {
            Ok(content) => both.push(content),
            Err(e) => {
                c.cannot(format!("{f}: {}", e.text()), format!("can't open '{f}': {}", e.text()));
                return 2;
            }
        }
    }
    let (x, y) = (&both[0], &both[1]);
    let differing: Vec<usize> = (0..x.len().min(y.len())).filter(|i| x[*i] != y[*i]).take(100_000).collect();
    match differing.first() {
        Some(_) if o.has('s') => return 1,
        Some(_) if o.has('l') => {
            let lines: Vec<String> =
                differing.iter().map(|i| format!("{} {:>3o} {:>3o}", i + 1, x[*i], y[*i])).collect();
            lines.iter().for_each(|l| c.line(l));
            return 1;
        }
        Some(i) => {
            let line = x[..*i].iter().filter(|b| **b == b'\n').count() + 1;
            let (unit, i) = (if c.is_gnu() { "byte" } else { "char" }, i + 1);
            c.line(format!("{a} {b} differ: {unit} {i}, line {line}"));
            return 1;
        }
        None => {}
    }
    if x.len() == y.len() {
        return 0;
    }
    if !o.has('s') {
        let short = if x.len() < y.len() { &a } else { &b };
        c.cannot(format!("EOF on {short} after byte {}", x.len().min(y.len())), format!("EOF on {short}"));
    }
    1
}

pub fn diff(c: &mut Call<'_, '_>) -> i32 {
    let long = [
        ("unified", 'u'),
        ("brief", 'q'),
        ("recursive", 'r'),
        ("new-file", 'N'),
        ("ignore-case", 'i'),
        ("ignore-all-space", 'w'),
        ("ignore-space-change", 'b'),
        ("ignore-blank-lines", 'B'),
        ("report-identical-files", 's'),
    ];
    let o = match options(c, "abBdiNqrTtuws", "ULS", &long) {
        Ok(o) => o,
        Err(_) => return 2,
    };
    let [a, b] = o.rest.as_slice() else {
        c.no_operand();
        return 2;
    };
    let (x, y) = (c.sys.path(a), c.sys.path(b));
    match (c.sys.view(|v| v.is_directory(&x)), c.sys.view(|v| v.is_directory(&y))) {
        (true, true) => directories(c, a, b, &o, 0),
        // A directory beside a file means the file of that name in it.
        (true, false) => files(c, &join(a, name(b)), b, &o, false),
        (false, true) => files(c, a, &join(b, name(a)), &o, false),
        _ => files(c, a, b, &o, false),
    }
}

fn directories(c: &mut Call<'_, '_>, a: &str, b: &str, o: &Options, depth: usize) -> i32 {
    let names = |c: &mut Call<'_, '_>, d: &str| {
        let full = c.sys.path(d);
        c.sys.view(|v| v.names(&full)).unwrap_or_default()
    };
    let (x, y) = (names(c, a), names(c, b));
    let mut all: Vec<&String> = x.iter().chain(&y).collect();
    all.sort();
    all.dedup();
    let mut code = 0;
    for n in all {
        let (p, q) = (join(a, n), join(b, n));
        let is_directory = |c: &mut Call<'_, '_>, p: &str| {
            let full = c.sys.path(p);
            c.sys.view(|v| v.is_directory(&full))
        };
        code = code.max(match (x.contains(n), y.contains(n)) {
            (true, false) if !o.has('N') => {
                c.line(format!("Only in {a}: {n}"));
                1
            }
            (false, true) if !o.has('N') => {
                c.line(format!("Only in {b}: {n}"));
                1
            }
            _ if is_directory(c, &p) || is_directory(c, &q) => match o.has('r') && depth < 100 {
                true => directories(c, &p, &q, o, depth + 1),
                false => {
                    c.line(format!("Common subdirectories: {p} and {q}"));
                    0
                }
            },
            _ => files(c, &p, &q, o, true),
        });
    }
    code
}

fn files(c: &mut Call<'_, '_>, a: &str, b: &str, o: &Options, titled: bool) -> i32 {
    let mut both = vec![];
    for f in [a, b] {
        match c.read(f) {
            Ok(content) => both.push(content),
            Err(_) if o.has('N') => both.push(Default::default()),
            Err(e) => {
                c.cannot(format!("{f}: {}", e.text()), format!("can't stat '{f}': {}", e.text()));
                return 2;
            }
        }
    }
    let (x, y) = (&both[0], &both[1]);
    let (p, q) = (parted(x), parted(y));
    let seen = |l: &Vec<u8>| -> Vec<u8> {
        let mut t: Vec<u8> = if o.has('i') { l.to_ascii_lowercase() } else { l.clone() };
        if o.has('w') {
            t.retain(|b| !b.is_ascii_whitespace());
        } else if o.has('b') {
            let words: Vec<&[u8]> = t.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).collect();
            t = words.join(&b' ');
        }
        t
    };
    let (s, t): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (p.iter().map(seen).collect(), q.iter().map(seen).collect());
    let endings = x.ends_with(b"\n") == y.ends_with(b"\n") || x.is_empty() || y.is_empty();
    if s == t && (endings || o.has('w') || o.has('b')) {
        if o.has('s') {
            c.line(format!("Files {a} and {b} are identical"));
        }
        return 0;
    }
    if o.has('q') {
        c.line(format!("Files {a} and {b} differ"));
        return 1;
    }
    if titled {
        let flags: Vec<String> = c.args().iter().filter(|w| w.starts_with('-')).cloned().collect();
        c.line(format!("diff {} {a} {b}", flags.join(" ")));
    }
    // A last line without its end is another line.
    let marked = |mut l: Vec<Vec<u8>>, whole: bool| {
        if let Some(last) = l.last_mut().filter(|_| !whole) {
            last.push(0);
        }
        l
    };
    let (s, t) = (marked(s, x.ends_with(b"\n")), marked(t, y.ends_with(b"\n")));
    let ops = match s.len() + t.len() > MOST_LINES {
        true => whole_difference(&s, &t),
        false => similar::capture_diff_slices(Algorithm::Myers, &s, &t),
    };
    let show = |sign: &str, l: &[u8], last: bool, whole: bool| {
        let missing = if last && !whole { "\n\\ No newline at end of file" } else { "" };
        format!("{sign}{}{missing}\n", String::from_utf8_lossy(l))
    };
    let old = |sign: &str, i: usize| show(sign, &p[i], i + 1 == p.len(), x.ends_with(b"\n"));
    let new = |sign: &str, j: usize| show(sign, &q[j], j + 1 == q.len(), y.ends_with(b"\n"));
    let text = match o.has('u') || o.has('U') || !c.is_gnu() {
        true => unified(&ops, a, b, o.value('U').and_then(|n| n.parse().ok()).unwrap_or(3), &old, &new, o),
        false => normal(&ops, &old, &new),
    };
    c.out.extend(text.bytes());
    1
}

/// What long files have in common at their ends, and all between as one difference.
fn whole_difference(s: &[Vec<u8>], t: &[Vec<u8>]) -> Vec<DiffOp> {
    let front = s.iter().zip(t).take_while(|(a, b)| a == b).count();
    let back = s[front..].iter().rev().zip(t[front..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_len, new_len) = (s.len() - front - back, t.len() - front - back);
    vec![
        DiffOp::Equal { old_index: 0, new_index: 0, len: front },
        DiffOp::Replace { old_index: front, old_len, new_index: front, new_len },
        DiffOp::Equal { old_index: s.len() - back, new_index: t.len() - back, len: back },
    ]
}

fn unified(
    ops: &[DiffOp],
    a: &str,
    b: &str,
    around: usize,
    old: &dyn Fn(&str, usize) -> String,
    new: &dyn Fn(&str, usize) -> String,
    o: &Options,
) -> String {
    let labels = o.values('L');
    let mut out = format!("--- {}\n+++ {}\n", labels.first().unwrap_or(&a), labels.get(1).unwrap_or(&b));
    for group in similar::group_diff_ops(ops.to_vec(), around) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let range = |from: usize, to: usize| match to - from {
            0 => format!("{from},0"),
            1 => format!("{}", from + 1),
            n => format!("{},{n}", from + 1),
        };
        let (i, j) = (first.old_range().start, first.new_range().start);
        let (k, l) = (last.old_range().end, last.new_range().end);
        out.push_str(&format!("@@ -{} +{} @@\n", range(i, k), range(j, l)));
        for op in group {
            match op {
                DiffOp::Equal { old_index, len, .. } => {
                    (old_index..old_index + len).for_each(|i| out.push_str(&old(" ", i)))
                }
                op => {
                    op.old_range().for_each(|i| out.push_str(&old("-", i)));
                    op.new_range().for_each(|j| out.push_str(&new("+", j)));
                }
            }
        }
    }
    out
}

/// `3c3`, as `diff` of GNU prints it if nothing is asked for.
fn normal(ops: &[DiffOp], old: &dyn Fn(&str, usize) -> String, new: &dyn Fn(&str, usize) -> String) -> String {
    let mut out = String::new();
    let range = |r: &std::ops::Range<usize>| match r.len() {
        0 => r.start.to_string(),
        1 => (r.start + 1).to_string(),
        _ => format!("{},{}", r.start + 1, r.end),
    };
    for op in ops.iter().filter(|o| !matches!(o, DiffOp::Equal { .. })) {
        let (a, b) = (op.old_range(), op.new_range());
        let letter = match (a.is_empty(), b.is_empty()) {
            (true, _) => 'a',
            (_, true) => 'd',
            _ => 'c',
        };
        out.push_str(&format!("{}{letter}{}\n", range(&a), range(&b)));
        a.clone().for_each(|i| out.push_str(&old("< ", i)));
        if letter == 'c' {
            out.push_str("---\n");
        }
        b.for_each(|j| out.push_str(&new("> ", j)));
    }
    out
}
