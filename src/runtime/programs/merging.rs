//! `uniq`, `comm`, `join`, `shuf`: lines that are alike.

use std::cmp::Ordering;

use super::Call;
use super::files::options;
use super::options::Options;
use super::sort::lines;

pub fn shuf(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "ezr", "nio", &[("head-count", 'n'), ("input-range", 'i'), ("echo", 'e')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let range = o
        .value('i')
        .and_then(|r| r.split_once('-'))
        .and_then(|(a, b)| Some((a.parse::<u64>().ok()?, b.parse::<u64>().ok()?)));
    let mut all = match (range, o.has('e')) {
        (Some((a, b)), _) => (a..=b.min(a.saturating_add(1_000_000))).map(|n| n.to_string().into_bytes()).collect(),
        (None, true) => o.rest.iter().map(|w| w.clone().into_bytes()).collect(),
        (None, false) => match lines(c, &o.rest) {
            Some(all) => all,
            None => return 1,
        },
    };
    let noise = c.sys.noise(all.len().saturating_mul(8).min(1 << 20));
    let draws: Vec<u64> = noise.chunks(8).map(|b| b.iter().fold(0, |n, b| n << 8 | u64::from(*b))).collect();
    for i in (1..all.len()).rev() {
        let j = draws.get(i % draws.len().max(1)).map_or(0, |d| usize::try_from(d % (i as u64 + 1)).unwrap_or(0));
        all.swap(i, j);
    }
    let most = o.value('n').and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    all.iter().take(most).for_each(|l| c.line(String::from_utf8_lossy(l)));
    0
}

pub fn uniq(c: &mut Call<'_, '_>) -> i32 {
    let long = [("count", 'c'), ("repeated", 'd'), ("unique", 'u'), ("ignore-case", 'i')];
    let o = match options(c, "cduiz", "fsw", &long) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let input: Vec<String> = o.rest.iter().take(1).cloned().collect();
    let Some(all) = lines(c, &input) else { return 1 };
    let number = |l: char| o.value(l).and_then(|n| n.parse::<usize>().ok());
    let seen = |l: &[u8]| -> Vec<u8> {
        let mut at = 0;
        for _ in 0..number('f').unwrap_or(0).min(l.len()) {
            at += l[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
            at += l[at..].iter().take_while(|b| !b.is_ascii_whitespace()).count();
        }
        let at = (at + number('s').unwrap_or(0)).min(l.len());
        let end = number('w').map_or(l.len(), |w| (at + w).min(l.len()));
        if o.has('i') { l[at..end].to_ascii_lowercase() } else { l[at..end].to_vec() }
    };
    let mut groups: Vec<(usize, &Vec<u8>)> = vec![];
    for l in &all {
        match groups.last_mut().filter(|(_, first)| seen(first) == seen(l)) {
            Some((n, _)) => *n += 1,
            None => groups.push((1, l)),
        }
    }
    let mut out = vec![];
    for (n, l) in groups.into_iter().filter(|(n, _)| (!o.has('d') || *n > 1) && (!o.has('u') || *n == 1)) {
        if o.has('c') {
            out.extend(format!("{n:>7} ").bytes());
        }
        out.extend(l);
        out.push(b'\n');
    }
    match o.rest.get(1) {
        Some(f) => {
            let path = c.sys.path(f);
            i32::from(c.sys.view(|v| v.write(&path, &out)).is_err())
        }
        None => {
            c.out = out;
            0
        }
    }
}

pub fn comm(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "123", "", &[]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let [a, b] = o.rest.as_slice() else { return c.no_operand() };
    let (Some(a), Some(b)) = (lines(c, std::slice::from_ref(a)), lines(c, std::slice::from_ref(b))) else { return 1 };
    let (mut i, mut j) = (0, 0);
    let tab = |n: usize, o: &Options| {
        "\t".repeat((1..n).filter(|k| !o.has(char::from(b'0' + u8::try_from(*k).unwrap_or(1)))).count())
    };
    while i < a.len() || j < b.len() {
        let order = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.cmp(y),
            (Some(_), None) => Ordering::Less,
            _ => Ordering::Greater,
        };
        let (column, line) = match order {
            Ordering::Less => (1, &a[i]),
            Ordering::Greater => (2, &b[j]),
            Ordering::Equal => (3, &a[i]),
        };
        if !o.has(char::from(b'0' + column)) {
            let text = tab(usize::from(column), &o) + &String::from_utf8_lossy(line);
            c.line(text);
        }
        i += usize::from(order != Ordering::Greater);
        j += usize::from(order != Ordering::Less);
    }
    0
}

pub fn join(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "i", "12jtaveo", &[]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let [a, b] = o.rest.as_slice() else { return c.no_operand() };
    let (Some(a), Some(b)) = (lines(c, std::slice::from_ref(a)), lines(c, std::slice::from_ref(b))) else { return 1 };
    let separator = o.value('t').and_then(|t| t.chars().next());
    let fields = |l: &[u8]| -> Vec<String> {
        let t = String::from_utf8_lossy(l).into_owned();
        match separator {
            Some(s) => t.split(s).map(String::from).collect(),
            None => t.split_whitespace().map(String::from).collect(),
        }
    };
    let number =
        |l: char| o.value(l).or_else(|| o.value('j')).and_then(|n| n.parse::<usize>().ok()).unwrap_or(1).max(1) - 1;
    let between = separator.map_or(" ".to_string(), String::from);
    let (m, n) = (number('1'), number('2'));
    let only = o.values('v');
    let also = o.values('a');
    let mut used = vec![false; b.len()];
    let rest = |f: &[String], k: usize| -> Vec<String> {
        f.iter().enumerate().filter(|(i, _)| *i != k).map(|(_, t)| t.clone()).collect()
    };
    let whole =
        |f: &[String], k: usize| [vec![f.get(k).cloned().unwrap_or_default()], rest(f, k)].concat().join(&between);
    let b: Vec<Vec<String>> = b.iter().map(|l| fields(l)).collect();
    for line in &a {
        let f = fields(line);
        let mut found = false;
        for (j, g) in b.iter().enumerate().filter(|(_, g)| g.get(n) == f.get(m) && f.get(m).is_some()) {
            (found, used[j]) = (true, true);
            if only.is_empty() {
                let text = [vec![f[m].clone()], rest(&f, m), rest(g, n)].concat().join(&between);
                c.line(text);
            }
        }
        if !found && (only.contains(&"1") || also.contains(&"1")) {
            c.line(whole(&f, m));
        }
    }
    if only.contains(&"2") || also.contains(&"2") {
        b.iter().zip(&used).filter(|(_, u)| !**u).for_each(|(g, _)| c.line(whole(g, n)));
    }
    0
}
