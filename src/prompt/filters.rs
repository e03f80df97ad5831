//! Small programs for the end of a pipe: what people put behind `kubectl … |` most. To add one: its function, and its
//! line in [`TABLE`].

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use regex::{Regex, RegexBuilder};

/// What a filter prints, and its exit code.
pub struct Printed {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

/// Letters with their values.
type Options = Vec<(char, String)>;

type Filter = fn(&[String], &str) -> Result<(String, i32), String>;

static TABLE: &[(&str, Filter)] = &[
    ("base64", base64),
    ("cut", cut),
    ("echo", echo),
    ("grep", grep),
    ("head", |args, input| ends(args, input, true)),
    ("less", |_, input| Ok((input.into(), 0))),
    ("more", |_, input| Ok((input.into(), 0))),
    ("sort", sort),
    ("tail", |args, input| ends(args, input, false)),
    ("uniq", uniq),
    ("wc", wc),
];

/// Runs a filter over what came through the pipe. `None`: there is none of that name.
pub fn run(words: &[String], input: &str) -> Option<Printed> {
    let (name, filter) = TABLE.iter().find(|(name, _)| words.first().is_some_and(|w| w == name))?;
    Some(match filter(&words[1..], input) {
        Ok((stdout, code)) => Printed { stdout, stderr: String::new(), code },
        Err(e) => Printed { stdout: String::new(), stderr: format!("{name}: {e}\n"), code: 2 },
    })
}

/// Options and the rest. Those of `valued` take a value, in the same word or the next.
fn options(args: &[String], flags: &str, valued: &str) -> Result<(Options, Vec<String>), String> {
    let (mut out, mut rest) = (vec![], vec![]);
    let mut args = args.iter();
    while let Some(a) = args.next() {
        let Some(letters) = a.strip_prefix('-').filter(|l| !l.is_empty() && !l.starts_with('-')) else {
            if a != "--" {
                rest.push(a.clone());
            }
            continue;
        };
        let mut letters = letters.chars();
        while let Some(c) = letters.next() {
            if valued.contains(c) {
                let here: String = letters.by_ref().collect();
                let missing = || format!("option requires an argument -- '{c}'");
                let value = if here.is_empty() { args.next().cloned().ok_or_else(missing)? } else { here };
                out.push((c, value));
            } else if flags.contains(c) {
                out.push((c, String::new()));
            } else {
                return Err(format!("invalid option -- '{c}'"));
            }
        }
    }
    Ok((out, rest))
}

fn has(options: &[(char, String)], flag: char) -> bool {
    options.iter().any(|(f, _)| *f == flag)
}

fn number(options: &[(char, String)], flag: char) -> Result<Option<usize>, String> {
    let Some((_, value)) = options.iter().rev().find(|(f, _)| *f == flag) else { return Ok(None) };
    value.trim_start_matches('+').parse().map(Some).map_err(|_| format!("invalid number: '{value}'"))
}

/// A basic regular expression in the words of an extended one: `+ ? | ( ) { }` are plain letters unless escaped.
fn extended(basic: &str) -> String {
    let mut out = String::new();
    let mut chars = basic.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c) if "+?|(){}".contains(c) => out.push(c),
                Some(c) => out.extend(['\\', c]),
                None => out.push_str("\\\\"),
            },
            c if "+?|(){}".contains(c) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

fn pattern(options: &[(char, String)], text: &str) -> Result<Regex, String> {
    let text = match (has(options, 'F'), has(options, 'E')) {
        (true, _) => regex::escape(text),
        (_, true) => text.to_string(),
        _ => extended(text),
    };
    let text = if has(options, 'w') { format!(r"\b(?:{text})\b") } else { text };
    RegexBuilder::new(&text)
        .case_insensitive(has(options, 'i'))
        .build()
        .map_err(|_| "Invalid regular expression".into())
}

fn grep(args: &[String], input: &str) -> Result<(String, i32), String> {
    let (options, mut rest) = options(args, "EFGcinoqvw", "ABCem")?;
    let mut patterns: Vec<String> = options.iter().filter(|(f, _)| *f == 'e').map(|(_, v)| v.clone()).collect();
    if patterns.is_empty() && !rest.is_empty() {
        patterns.push(rest.remove(0));
    }
    if patterns.is_empty() || !rest.is_empty() {
        return Err("usage: grep [-EFcinoqvw] [-A N] [-B N] [-C N] PATTERN".into());
    }
    let patterns = patterns.iter().map(|p| pattern(&options, p)).collect::<Result<Vec<_>, _>>()?;
    let around = number(&options, 'C')?.unwrap_or(0);
    let (before, after) = (number(&options, 'B')?.unwrap_or(around), number(&options, 'A')?.unwrap_or(around));
    let lines: Vec<&str> = input.lines().collect();
    let matching = |l: &str| patterns.iter().any(|p| p.is_match(l)) != has(&options, 'v');
    let most = number(&options, 'm')?.unwrap_or(usize::MAX);
    let found: Vec<usize> = (0..lines.len()).filter(|i| matching(lines[*i])).take(most).collect();
    let code = i32::from(found.is_empty());
    if has(&options, 'q') {
        return Ok((String::new(), code));
    }
    if has(&options, 'c') {
        return Ok((format!("{}\n", found.len()), code));
    }
    if has(&options, 'o') && !has(&options, 'v') {
        let parts = found.iter().flat_map(|i| patterns.iter().flat_map(|p| p.find_iter(lines[*i])));
        return Ok((parts.map(|m| format!("{}\n", m.as_str())).collect(), code));
    }
    let (mut out, mut next) = (String::new(), 0);
    for i in &found {
        let from = i.saturating_sub(before).max(next);
        if next > 0 && from > next && before + after > 0 {
            out.push_str("--\n");
        }
        for (n, l) in lines.iter().enumerate().take((i + after + 1).min(lines.len())).skip(from) {
            let sign = if found.contains(&n) { ':' } else { '-' };
            let number = if has(&options, 'n') { format!("{}{sign}", n + 1) } else { String::new() };
            out.push_str(&format!("{number}{l}\n"));
        }
        next = next.max(i + after + 1);
    }
    Ok((out, code))
}

/// `head` and `tail`.
fn ends(args: &[String], input: &str, first: bool) -> Result<(String, i32), String> {
    // `-3` is short for `-n 3`.
    let short =
        |a: &String| a.strip_prefix('-').is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
    let args: Vec<String> = args.iter().map(|a| if short(a) { format!("-n{}", &a[1..]) } else { a.clone() }).collect();
    let (options, rest) = options(&args, "", "nc")?;
    if let Some(f) = rest.first() {
        return Err(format!("cannot open '{f}' for reading: put it in front: cat {f} | …"));
    }
    // Bytes, where they are asked for last.
    let unit = options.last().map_or('n', |(unit, _)| *unit);
    let n = number(&options, unit)?.unwrap_or(10);
    let from_start = options.iter().any(|(f, v)| *f == unit && v.starts_with('+'));
    let wanted = |length: usize| match (first, from_start) {
        (true, _) => 0..n.min(length),
        (false, true) => n.saturating_sub(1).min(length)..length,
        (false, false) => length.saturating_sub(n)..length,
    };
    if unit == 'c' {
        return Ok((String::from_utf8_lossy(&input.as_bytes()[wanted(input.len())]).into_owned(), 0));
    }
    let lines: Vec<&str> = input.split_inclusive('\n').collect();
    Ok((lines[wanted(lines.len())].concat(), 0))
}

fn wc(args: &[String], input: &str) -> Result<(String, i32), String> {
    let (options, _) = options(args, "clmw", "")?;
    let counts = [
        ('l', input.matches('\n').count()),
        ('w', input.split_whitespace().count()),
        ('m', input.chars().count()),
        ('c', input.len()),
    ];
    let shown: Vec<usize> = match options.is_empty() {
        true => counts.iter().filter(|(f, _)| *f != 'm').map(|(_, n)| *n).collect(),
        false => counts.iter().filter(|(f, _)| has(&options, *f)).map(|(_, n)| *n).collect(),
    };
    Ok(match shown.as_slice() {
        [one] => (format!("{one}\n"), 0),
        several => (several.iter().map(|n| format!("{n:>7} ")).collect::<String>().trim_end().to_string() + "\n", 0),
    })
}

fn sort(args: &[String], input: &str) -> Result<(String, i32), String> {
    let (options, _) = options(args, "nru", "k")?;
    let field = number(&options, 'k')?.unwrap_or(0);
    let key = |l: &str| -> String {
        if field == 0 { l.into() } else { l.split_whitespace().skip(field - 1).collect::<Vec<_>>().join(" ") }
    };
    let value = |l: &str| {
        let digits = key(l);
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse::<u64>().unwrap_or(0)
    };
    let mut lines: Vec<&str> = input.lines().collect();
    if has(&options, 'n') {
        lines.sort_by_key(|l| (value(l), key(l)))
    } else {
        lines.sort_by_key(|l| key(l))
    }
    if has(&options, 'u') {
        lines.dedup();
    }
    if has(&options, 'r') {
        lines.reverse();
    }
    Ok((lines.iter().map(|l| format!("{l}\n")).collect(), 0))
}

fn uniq(args: &[String], input: &str) -> Result<(String, i32), String> {
    let (options, _) = options(args, "c", "")?;
    let mut groups: Vec<(usize, &str)> = vec![];
    for l in input.lines() {
        match groups.last_mut().filter(|(_, last)| *last == l) {
            Some((n, _)) => *n += 1,
            None => groups.push((1, l)),
        }
    }
    let line = |(n, l): &(usize, &str)| if has(&options, 'c') { format!("{n:>7} {l}\n") } else { format!("{l}\n") };
    Ok((groups.iter().map(line).collect(), 0))
}

fn cut(args: &[String], input: &str) -> Result<(String, i32), String> {
    let (options, _) = options(args, "", "df")?;
    let value = |flag: char| options.iter().find(|(f, _)| *f == flag).map(|(_, v)| v.as_str());
    let delimiter = value('d').unwrap_or("\t");
    let wanted: Option<Vec<usize>> =
        value('f').and_then(|v| v.split(',').map(|n| n.parse().ok().filter(|n| *n > 0)).collect());
    let Some(wanted) = wanted else { return Err("you must specify a list of fields: -f 1,2".into()) };
    let line = |l: &str| {
        if !l.contains(delimiter) {
            return format!("{l}\n");
        }
        let all: Vec<&str> = l.split(delimiter).collect();
        let chosen: Vec<&str> = wanted.iter().filter_map(|n| all.get(n - 1).copied()).collect();
        format!("{}\n", chosen.join(delimiter))
    };
    Ok((input.lines().map(line).collect(), 0))
}

fn echo(args: &[String], _: &str) -> Result<(String, i32), String> {
    let plain = args.first().is_some_and(|a| a == "-n");
    let text = args[usize::from(plain)..].join(" ");
    Ok((if plain { text } else { text + "\n" }, 0))
}

fn base64(args: &[String], input: &str) -> Result<(String, i32), String> {
    let decode = args.iter().any(|a| matches!(a.as_str(), "-d" | "-D" | "--decode"));
    let one_line =
        args.iter().any(|a| matches!(a.as_str(), "-w0" | "--wrap=0")) || args.windows(2).any(|w| w == ["-w", "0"]);
    if decode {
        let text: String = input.split_whitespace().collect();
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| "invalid input")?;
        return Ok((String::from_utf8_lossy(&bytes).into_owned(), 0));
    }
    let text = BASE64_STANDARD.encode(input);
    if one_line {
        return Ok((text, 0));
    }
    let chars: Vec<char> = text.chars().collect();
    Ok((chars.chunks(76).map(|c| c.iter().collect::<String>() + "\n").collect(), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(line: &str, input: &str) -> (String, i32) {
        let words: Vec<String> = line.split(' ').map(String::from).collect();
        let p = run(&words, input).unwrap();
        (p.stdout + &p.stderr, p.code)
    }

    #[test]
    fn filters_print_what_the_real_ones_print() {
        let pods = "NAME READY\nweb-1 1/1\nweb-2 0/1\ndb 1/1\n";
        for (line, input, want, code) in [
            ("grep web", pods, "web-1 1/1\nweb-2 0/1\n", 0),
            ("grep -v web", pods, "NAME READY\ndb 1/1\n", 0),
            ("grep -c 1/1", pods, "2\n", 0),
            ("grep -iE name|db", pods, "NAME READY\ndb 1/1\n", 0),
            ("grep a+", "a+\naa\n", "a+\n", 0),
            ("grep -A1 web-2", pods, "web-2 0/1\ndb 1/1\n", 0),
            ("grep -n db", pods, "4:db 1/1\n", 0),
            ("grep -o web-.", pods, "web-1\nweb-2\n", 0),
            ("grep nothing", pods, "", 1),
            ("head -1", pods, "NAME READY\n", 0),
            ("head -n 2", pods, "NAME READY\nweb-1 1/1\n", 0),
            ("tail -n1", pods, "db 1/1\n", 0),
            ("head -c 6", pods, "NAME R", 0),
            ("tail -c5", pods, " 1/1\n", 0),
            ("tail -n +4", pods, "db 1/1\n", 0),
            ("wc -l", pods, "4\n", 0),
            ("sort -r", "a\nc\nb\n", "c\nb\na\n", 0),
            ("sort -n", "10\n9\n", "9\n10\n", 0),
            ("sort -k2", "a 2\nb 1\n", "b 1\na 2\n", 0),
            ("uniq -c", "a\na\nb\n", "      2 a\n      1 b\n", 0),
            ("cut -d/ -f2", "a/b/c\nd\n", "b\nd\n", 0),
            ("base64 -d", "czNjcjN0\n", "s3cr3t", 0),
            ("base64", "s3cr3t", "czNjcjN0\n", 0),
            ("base64 -d", "%", "base64: invalid input\n", 2),
            ("grep -Z x", "", "grep: invalid option -- 'Z'\n", 2),
            ("echo -n a b", "", "a b", 0),
        ] {
            assert_eq!(through(line, input), (want.to_string(), code), "{line}");
        }
    }
}
