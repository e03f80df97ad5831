//! Programs about columns of lines: `cut`, `paste`, `fold`, `expand`, `unexpand`, `nl`, `rev`, `column`.

use super::files::options;
use super::filter::{ByLine, Flow, Lines, Out};
use super::options::Options;
use super::sort::parted;
use super::{Call, Made};
use crate::runtime::kernel::Sys;

/// A list of ranges: `1,3-5,7-`.
fn ranges(text: &str) -> Option<Vec<(usize, usize)>> {
    let one = |t: &str| -> Option<(usize, usize)> {
        let (a, b) = match t.split_once('-') {
            None => (t, t),
            Some((a, b)) => (a, b),
        };
        let from = if a.is_empty() { 1 } else { a.parse().ok()? };
        let to = if b.is_empty() { usize::MAX } else { b.parse().ok()? };
        (from > 0 && to >= from && !(a.is_empty() && b.is_empty())).then_some((from, to))
    };
    text.split([',', ' ']).map(one).collect()
}

/// A line at a time becomes another: that is all there is to it.
#[derive(Clone)]
struct EachLine {
    files: Vec<String>,
    how: How,
    number: usize,
    failed: bool,
}

#[derive(Clone)]
enum How {
    Cut { options: Options, ranges: Vec<(usize, usize)> },
    Fold { width: usize, spaces: bool },
    Expand { width: usize, first: bool },
    Unexpand { width: usize, all: bool },
    Number { options: Options },
    Reverse,
}

fn each_line(files: &[String], how: How) -> Made {
    Ok(ByLine::boxed(EachLine { files: files.to_vec(), how, number: 0, failed: false }))
}

pub fn refused(e: String) -> (String, i32) {
    (e, 1)
}

pub fn cut(words: &[String]) -> Made {
    let long = [
        ("delimiter", 'd'),
        ("fields", 'f'),
        ("characters", 'c'),
        ("bytes", 'b'),
        ("only-delimited", 's'),
        ("complement", 'C'),
        ("output-delimiter", 'O'),
    ];
    let o = Options::parse(words, "snC", "dfcbO", &long).map_err(refused)?;
    let list = o.last_of("fcb").and_then(|l| o.value(l));
    let Some(list) = list else {
        return Err(("cut: expected a list of bytes, characters, or fields\n".into(), 1));
    };
    let ranges = ranges(list).ok_or((format!("cut: invalid range '{list}'\n"), 1))?;
    let files = o.rest.clone();
    each_line(&files, How::Cut { options: o, ranges })
}

pub fn fold(words: &[String]) -> Made {
    let o = Options::parse(words, "bs", "w", &[("width", 'w'), ("spaces", 's')]).map_err(refused)?;
    let width = o.value('w').unwrap_or("80").parse().ok().filter(|w| *w > 0);
    let width = width.ok_or(("fold: invalid number\n".to_string(), 1))?;
    each_line(&o.rest, How::Fold { width, spaces: o.has('s') })
}

pub fn expand(words: &[String]) -> Made {
    let o = Options::parse(words, "i", "t", &[("tabs", 't')]).map_err(refused)?;
    let width = o.value('t').unwrap_or("8").parse().unwrap_or(8).clamp(1, 1000);
    each_line(&o.rest, How::Expand { width, first: o.has('i') })
}

pub fn unexpand(words: &[String]) -> Made {
    let o = Options::parse(words, "af", "t", &[("tabs", 't'), ("all", 'a')]).map_err(refused)?;
    let width = o.value('t').unwrap_or("8").parse().unwrap_or(8).clamp(1, 1000);
    each_line(&o.rest, How::Unexpand { width, all: o.has('a') || (o.has('t') && !o.has('f')) })
}

pub fn nl(words: &[String]) -> Made {
    let o = Options::parse(words, "p", "bwsvidhflN", &[]).map_err(refused)?;
    let files = o.rest.clone();
    each_line(&files, How::Number { options: o })
}

pub fn rev(words: &[String]) -> Made {
    each_line(&words[1..], How::Reverse)
}

fn cut_line(line: &[u8], o: &Options, ranges: &[(usize, usize)]) -> Option<Vec<u8>> {
    let wanted = |n: usize| ranges.iter().any(|(a, b)| (*a..=*b).contains(&n)) != o.has('C');
    if o.last_of("fcb") != Some('f') {
        let text = String::from_utf8_lossy(line);
        let kept: String = text.chars().enumerate().filter(|(i, _)| wanted(i + 1)).map(|(_, c)| c).collect();
        return Some(kept.into_bytes());
    }
    let d = o.value('d').and_then(|d| d.bytes().next()).unwrap_or(b'\t');
    if !line.contains(&d) {
        return (!o.has('s')).then(|| line.to_vec());
    }
    let fields: Vec<&[u8]> = line.split(|b| *b == d).collect();
    let between = o.value('O').map_or_else(|| vec![d], |t| t.as_bytes().to_vec());
    let kept: Vec<&[u8]> = fields.into_iter().enumerate().filter(|(i, _)| wanted(i + 1)).map(|(_, f)| f).collect();
    Some(kept.join(&between[..]))
}

fn folded(line: &str, width: usize, spaces: bool) -> String {
    let (mut out, mut row): (String, Vec<char>) = (String::new(), vec![]);
    for c in line.chars() {
        if row.len() >= width {
            let at = row.iter().rposition(|c| *c == ' ').filter(|_| spaces).map_or(row.len(), |i| i + 1);
            let rest = row.split_off(at);
            out.extend(row);
            out.push('\n');
            row = rest;
        }
        row.push(c);
    }
    out.extend(row);
    out
}

fn expanded(line: &str, width: usize, first: bool) -> String {
    let (mut out, mut column, mut begins) = (String::new(), 0, true);
    for c in line.chars() {
        begins &= c == ' ' || c == '\t';
        if c == '\t' && (begins || !first) {
            let n = width - column % width;
            out.push_str(&" ".repeat(n));
            column += n;
        } else {
            out.push(c);
            column += 1;
        }
    }
    out
}

fn unexpanded(line: &str, width: usize, all: bool) -> String {
    let (mut out, mut column, mut blanks, mut begins) = (String::new(), 0, 0, true);
    for c in line.chars() {
        if c == ' ' && (begins || all) {
            blanks += 1;
            column += 1;
            if column % width == 0 {
                // One blank alone stays one, but at the beginning.
                if blanks > 1 || begins {
                    out.push('\t')
                } else {
                    out.push(' ')
                }
                blanks = 0;
            }
            continue;
        }
        if c == '\t' {
            blanks = 0;
            column += width - column % width;
            out.push('\t');
            continue;
        }
        out.push_str(&" ".repeat(blanks));
        (blanks, begins) = (0, false);
        out.push(c);
        column += 1;
    }
    out + &" ".repeat(blanks)
}

impl EachLine {
    fn changed(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let text = String::from_utf8_lossy(line);
        Some(match &self.how {
            How::Cut { options, ranges } => return cut_line(line, options, ranges),
            How::Fold { width, spaces } => folded(&text, *width, *spaces).into_bytes(),
            How::Expand { width, first } => expanded(&text, *width, *first).into_bytes(),
            How::Unexpand { width, all } => unexpanded(&text, *width, *all).into_bytes(),
            How::Reverse => text.chars().rev().collect::<String>().into_bytes(),
            How::Number { options: o } => {
                let number = |l: char, default: usize| o.value(l).and_then(|n| n.parse().ok()).unwrap_or(default);
                let width = number('w', 6).min(1000);
                let counts = match o.value('b').unwrap_or("t") {
                    "a" => true,
                    "n" => false,
                    _ => !line.is_empty(),
                };
                if !counts {
                    return Some([" ".repeat(width + 1).as_bytes(), line].concat());
                }
                let n = number('v', 1) + self.number * number('i', 1);
                self.number += 1;
                let shown = match o.value('n').unwrap_or("rn") {
                    "ln" => format!("{n:<width$}"),
                    "rz" => format!("{n:0>width$}"),
                    _ => format!("{n:>width$}"),
                };
                [shown.as_bytes(), o.value('s').unwrap_or("\t").as_bytes(), line].concat()
            }
        })
    }
}

impl Lines for EachLine {
    fn files(&self) -> Vec<String> {
        self.files.clone()
    }
    fn line(&mut self, line: &[u8], io: &mut Out, _: &mut Sys<'_>) -> Flow {
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        if let Some(made) = self.changed(body) {
            io.out.extend(made);
            // Only `cut` and `nl` end a line that did not end.
            if line.ends_with(b"\n") || matches!(self.how, How::Cut { .. } | How::Number { .. }) {
                io.out.push(b'\n');
            }
        }
        Flow::More
    }
    fn finish(&mut self, _: &mut Out, _: &mut Sys<'_>) -> i32 {
        i32::from(self.failed)
    }
    fn failed(&mut self) {
        self.failed = true;
    }
}

pub fn paste(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "sz", "d", &[("serial", 's'), ("delimiters", 'd')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let files = if o.rest.is_empty() { vec!["-".to_string()] } else { o.rest.clone() };
    let delimiters = {
        let mut out = vec![];
        super::echo::unescape(o.value('d').unwrap_or("\\t"), false, &mut out);
        if out.is_empty() { vec![0] } else { out }
    };
    // Several dashes take lines of the standard input in turn.
    let dashes = files.iter().filter(|f| *f == "-").count();
    let (mut all, mut nth) = (vec![], 0);
    for f in &files {
        let content = match c.read(f) {
            Ok(content) => parted(&content),
            Err(e) => {
                c.cannot(format!("{f}: {}", e.text()), format!("can't open '{f}': {}", e.text()));
                return 1;
            }
        };
        if f == "-" && dashes > 1 && !o.has('s') {
            all.push(content.into_iter().skip(nth).step_by(dashes).collect());
            nth += 1;
        } else {
            all.push(content);
        }
    }
    let n = all.iter().map(Vec::len).max().unwrap_or(0);
    let rows: Vec<Vec<Option<Vec<u8>>>> = match o.has('s') {
        true => all.into_iter().map(|f| f.into_iter().map(Some).collect()).collect(),
        false => (0..n).map(|i| all.iter().map(|f| f.get(i).cloned()).collect()).collect(),
    };
    for row in rows {
        // busybox forgets a file that is at its end, with what parts it from the next.
        let last = row.len() - 1;
        let mut parts = 0;
        for (i, cell) in row.into_iter().enumerate() {
            let gone = cell.is_none() && !c.is_gnu();
            c.out.extend(cell.unwrap_or_default());
            if i < last && !gone {
                c.out.extend(Some(delimiters[parts % delimiters.len()]).filter(|d| *d != 0));
                parts += 1;
            }
        }
        c.out.push(b'\n');
    }
    0
}

/// A table out of words: `column -t`.
pub fn column(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "txn", "sco", &[("table", 't'), ("separator", 's')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let files = if o.rest.is_empty() { vec!["-".to_string()] } else { o.rest.clone() };
    let mut rows: Vec<Vec<String>> = vec![];
    for f in files {
        let Ok(content) = c.read(&f) else { return 1 };
        for l in parted(&content) {
            let text = String::from_utf8_lossy(&l).into_owned();
            let separators: Vec<char> = o.value('s').unwrap_or(" \t").chars().collect();
            let cells: Vec<String> =
                text.split(&separators[..]).filter(|t| !t.is_empty() || o.has('s')).map(String::from).collect();
            if !cells.is_empty() {
                rows.push(if o.has('t') { cells } else { vec![text] });
            }
        }
    }
    let widest = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..widest)
        .map(|i| rows.iter().filter_map(|r| r.get(i)).map(|t| t.chars().count()).max().unwrap_or(0))
        .collect();
    for r in rows {
        let last = r.len() - 1;
        let cell = |(i, t): (usize, &String)| if i == last { t.clone() } else { format!("{t:<w$}  ", w = widths[i]) };
        let text: String = r.iter().enumerate().map(cell).collect();
        c.line(text);
    }
    0
}
