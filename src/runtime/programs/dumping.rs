//! Bytes in other letters: `od`, `hexdump`, `xxd`, `strings`, `base64`, and the sums `md5sum`, `sha256sum`, `cksum`, …

use base64::Engine;
use sha2::Digest;

use super::Call;
use super::files::options;
use super::options::Options;

/// All that was named, one after the other. `None`: it has complained.
fn content(c: &mut Call<'_, '_>, files: &[String]) -> Option<Vec<u8>> {
    let stdin = ["-".to_string()];
    let mut out = vec![];
    for f in if files.is_empty() { &stdin } else { files } {
        match c.read(f) {
            Ok(b) => out.extend(b.iter()),
            Err(e) => {
                c.cannot(format!("{f}: {}", e.text()), format!("{f}: {}", e.text()));
                return None;
            }
        }
    }
    Some(out)
}

fn limited(data: Vec<u8>, skip: Option<&str>, most: Option<&str>) -> (Vec<u8>, usize) {
    let number = |t: &str| t.strip_prefix("0x").map_or_else(|| t.parse().ok(), |h| usize::from_str_radix(h, 16).ok());
    let from = skip.and_then(number).unwrap_or(0).min(data.len());
    let to = most.and_then(number).map_or(data.len(), |n| (from.saturating_add(n)).min(data.len()));
    (data[from..to].to_vec(), from)
}

/// How numbers of some bytes are shown: how many bytes, how wide, and how.
type Unit = (usize, usize, fn(&[u8]) -> String);

fn whole(b: &[u8]) -> u64 {
    b.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))
}

fn signed(b: &[u8]) -> i64 {
    let shift = 64 - 8 * u32::try_from(b.len()).unwrap_or(8);
    (whole(b) << shift).cast_signed() >> shift
}

fn letter(b: &[u8]) -> String {
    let name = match b.first().copied().unwrap_or(0) {
        0 => "\\0",
        7 => "\\a",
        8 => "\\b",
        9 => "\\t",
        10 => "\\n",
        11 => "\\v",
        12 => "\\f",
        13 => "\\r",
        b @ 32..=126 => return char::from(b).to_string(),
        b => return format!("{b:03o}"),
    };
    name.into()
}

fn unit(kind: &str) -> Option<Unit> {
    let size = match kind.get(1..).unwrap_or("") {
        "" => 4,
        "C" => 1,
        "S" => 2,
        "I" => 4,
        "L" => 8,
        n => n.parse().ok().filter(|n| [1, 2, 4, 8].contains(n))?,
    };
    Some(match (kind.chars().next()?, size) {
        ('c', _) => (1, 3, letter),
        ('a', _) => (1, 3, |b| char::from(b[0] & 0x7f).to_string()),
        ('x', n) => (n, n * 2, |b| format!("{:0w$x}", whole(b), w = b.len() * 2)),
        ('o', n) => (n, (n * 8).div_ceil(3), |b| format!("{:0w$o}", whole(b), w = (b.len() * 8).div_ceil(3))),
        ('u', n) => (n, [3, 5, 10, 20][n.ilog2() as usize], |b| whole(b).to_string()),
        ('d', n) => (n, [4, 6, 11, 20][n.ilog2() as usize], |b| signed(b).to_string()),
        _ => return None,
    })
}

pub fn od(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "abcdeFhHiIlLoOsxXv", "AtNjwS", &[]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let mut units = vec![];
    for t in o.values('t') {
        match unit(t.trim_end_matches('z')) {
            Some(u) => units.push(u),
            None => {
                c.complain(format!("invalid type string '{t}'"));
                return 1;
            }
        }
    }
    for (l, t) in [
        ('c', "c"),
        ('x', "x2"),
        ('b', "o1"),
        ('d', "u2"),
        ('o', "o2"),
        ('a', "a"),
        ('h', "x2"),
        ('X', "x4"),
        ('i', "d4"),
    ] {
        if o.has(l) {
            units.extend(unit(t));
        }
    }
    if units.is_empty() {
        units.extend(unit("o2"));
    }
    let Some(data) = content(c, &o.rest) else { return 1 };
    let (data, from) = limited(data, o.value('j'), o.value('N'));
    let width = o.value('w').and_then(|w| w.parse().ok()).unwrap_or(16usize).clamp(1, 4096);
    let address = |n: usize| match o.value('A') {
        Some("x") => format!("{n:06x}"),
        Some("d") => format!("{n:07}"),
        Some("n") => String::new(),
        _ => format!("{n:07o}"),
    };
    // Every column of one line is as wide as the widest of its kinds needs.
    let per_byte = units.iter().map(|(n, w, _)| (w + 1).div_ceil(*n)).max().unwrap_or(4);
    let mut last: Option<&[u8]> = None;
    let mut starred = false;
    for (i, row) in data.chunks(width).enumerate() {
        if last == Some(row) && row.len() == width && !o.has('v') {
            if !std::mem::replace(&mut starred, true) {
                c.line("*");
            }
            continue;
        }
        (last, starred) = (Some(row), false);
        for (k, (n, w, show)) in units.iter().enumerate() {
            let mut text = if k == 0 { address(from + i * width) } else { " ".repeat(address(0).len()) };
            for cell in row.chunks(*n) {
                let mut cell = cell.to_vec();
                cell.resize(*n, 0);
                let shown = show(&cell);
                let wide = if units.len() == 1 { w + 1 } else { (per_byte * n).max(shown.len() + 1) };
                text.push_str(&format!("{shown:>wide$}"));
            }
            c.line(text);
        }
    }
    if o.value('A') != Some("n") {
        c.line(address(from + data.len()));
    }
    0
}

fn printable(row: &[u8]) -> String {
    row.iter().map(|b| if (32..127).contains(b) { char::from(*b) } else { '.' }).collect()
}

pub fn hexdump(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "bcCdovxR", "efns", &[]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let Some(data) = content(c, &o.rest) else { return 1 };
    let (data, from) = limited(data, o.value('s'), o.value('n'));
    let canonical = o.has('C') || c.name() == "hd";
    let address = |n: usize| if canonical { format!("{n:08x}") } else { format!("{n:07x}") };
    let mut last: Option<&[u8]> = None;
    let mut starred = false;
    for (i, row) in data.chunks(16).enumerate() {
        if last == Some(row) && row.len() == 16 && !o.has('v') {
            if !std::mem::replace(&mut starred, true) {
                c.line("*");
            }
            continue;
        }
        (last, starred) = (Some(row), false);
        let text = if canonical {
            let hex: String = (0..16)
                .map(|k| {
                    let gap = if k == 8 { " " } else { "" };
                    row.get(k).map_or_else(|| format!("{gap}   "), |b| format!("{gap}{b:02x} "))
                })
                .collect();
            format!("  {hex} |{}|", printable(row))
        } else {
            let (n, show): (usize, fn(&[u8]) -> String) = match o.last_of("bcdox") {
                Some('b') => (1, |b| format!(" {:03o}", b[0])),
                Some('c') => (1, |b| format!(" {:>3}", letter(b))),
                Some('d') => (2, |b| format!("   {:05}", whole(b))),
                Some('o') => (2, |b| format!("  {:06o}", whole(b))),
                Some('x') => (2, |b| format!("    {:04x}", whole(b))),
                _ => (2, |b| format!(" {:04x}", whole(b))),
            };
            let cells: String = row.chunks(n).map(&show).collect();
            let full = 16 / n * show(&row[..1]).len();
            format!("{cells:<full$}")
        };
        let line = address(from + i * 16) + &text;
        c.line(line);
    }
    if !data.is_empty() {
        c.line(address(from + data.len()));
    }
    0
}

pub fn xxd(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "pruia", "lscg", &[]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let Some(data) = content(c, &o.rest) else { return 1 };
    if o.has('r') {
        let text = String::from_utf8_lossy(&data).into_owned();
        for l in text.lines() {
            let hex = match o.has('p') {
                true => l,
                false => l.split_once(": ").map_or("", |(_, r)| r.split("  ").next().unwrap_or("")),
            };
            let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
            c.out.extend(digits.chunks_exact(2).map(|d| (d[0] * 16 + d[1]) as u8));
        }
        return 0;
    }
    let (data, from) = limited(data, o.value('s'), o.value('l'));
    let columns =
        o.value('c').and_then(|n| n.parse().ok()).unwrap_or(if o.has('p') { 30 } else { 16usize }).clamp(1, 256);
    let group = o.value('g').and_then(|n| n.parse().ok()).unwrap_or(2usize).clamp(1, 256);
    let hex = |b: &[u8]| {
        b.iter().map(|b| if o.has('u') { format!("{b:02X}") } else { format!("{b:02x}") }).collect::<String>()
    };
    for (i, row) in data.chunks(columns).enumerate() {
        if o.has('p') {
            c.line(hex(row));
            continue;
        }
        let cells: Vec<String> = row.chunks(group).map(hex).collect();
        let wide = columns * 2 + columns.div_ceil(group);
        c.line(format!("{:08x}: {:<wide$} {}", from + i * columns, cells.join(" "), printable(row)));
    }
    0
}

pub fn strings(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "af", "ntw", &[]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let Some(data) = content(c, &o.rest) else { return 1 };
    let least = o.value('n').and_then(|n| n.parse().ok()).unwrap_or(4usize);
    for run in data.split(|b| !(32..127).contains(b) && *b != b'\t').filter(|r| r.len() >= least.max(1)) {
        c.line(String::from_utf8_lossy(run));
    }
    0
}

pub fn base64(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "di", "w", &[("decode", 'd'), ("wrap", 'w'), ("ignore-garbage", 'i')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let Some(data) = content(c, &o.rest) else { return 1 };
    if o.has('d') {
        let (gnu, ignores) = (c.is_gnu(), o.has('i'));
        let belongs = |b: &u8| b.is_ascii_alphanumeric() || b"+/=".contains(b);
        let kept = |b: &u8| if gnu && !ignores { !b.is_ascii_whitespace() } else { belongs(b) };
        let clean: Vec<u8> = data.iter().copied().filter(kept).collect();
        let engine = base64::engine::general_purpose::GeneralPurpose::new(
            &base64::alphabet::STANDARD,
            base64::engine::GeneralPurposeConfig::new()
                .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
        );
        // What can be read is printed, whatever follows.
        let good = clean.iter().take_while(|b| b.is_ascii_alphanumeric() || b"+/".contains(b)).count();
        let whole = &clean[..good];
        let decoded = engine.decode(whole).or_else(|_| engine.decode(&whole[..good / 4 * 4]));
        c.out.extend(decoded.unwrap_or_default());
        let rest = &clean[good..];
        if rest.iter().any(|b| *b != b'=') || !(good + rest.len()).is_multiple_of(4) {
            c.cannot("invalid input", "truncated input");
            return 1;
        }
        return 0;
    }
    let text = base64::prelude::BASE64_STANDARD.encode(&data);
    let width = o.value('w').and_then(|w| w.parse().ok()).unwrap_or(76usize);
    if width == 0 {
        c.out.extend(text.bytes());
        return 0;
    }
    for row in text.as_bytes().chunks(width) {
        c.line(row_text(row));
    }
    0
}

fn row_text(row: &[u8]) -> String {
    String::from_utf8_lossy(row).into_owned()
}

fn sum_of(program: &str, data: &[u8]) -> String {
    let hex = |b: &[u8]| b.iter().map(|b| format!("{b:02x}")).collect::<String>();
    match program {
        "md5sum" => hex(&md5::Md5::digest(data)),
        "sha1sum" => hex(&sha1::Sha1::digest(data)),
        "sha512sum" => hex(&sha2::Sha512::digest(data)),
        _ => hex(&sha2::Sha256::digest(data)),
    }
}

pub fn sum(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "cbstw", "", &[("check", 'c'), ("binary", 'b'), ("status", 's'), ("text", 't')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    if o.has('c') {
        return check(c, &o);
    }
    let program = c.name().to_string();
    let files = if o.rest.is_empty() { vec!["-".to_string()] } else { o.rest.clone() };
    let mut code = 0;
    for f in files {
        match c.read(&f) {
            Ok(b) => {
                let text = format!("{}  {f}", sum_of(&program, &b));
                c.line(text);
            }
            Err(e) => {
                c.cannot(format!("{f}: {}", e.text()), format!("can't open '{f}': {}", e.text()));
                code = 1;
            }
        }
    }
    code
}

fn check(c: &mut Call<'_, '_>, o: &Options) -> i32 {
    let program = c.name().to_string();
    let Some(list) = content(c, &o.rest) else { return 1 };
    let (mut failed, mut all) = (0, 0);
    for l in String::from_utf8_lossy(&list).lines() {
        let Some((sum, file)) = l.split_once(' ') else { continue };
        let file = file.trim_start_matches([' ', '*']);
        all += 1;
        let well = c.read(file).is_ok_and(|b| sum_of(&program, &b) == sum.to_ascii_lowercase());
        if !o.has('s') || !well {
            c.line(format!("{file}: {}", if well { "OK" } else { "FAILED" }));
        }
        failed += i32::from(!well);
    }
    if failed > 0 && !o.has('s') {
        c.complain(format!("WARNING: {failed} of {all} computed checksums did NOT match"));
    }
    i32::from(failed > 0)
}

/// POSIX' sum: a CRC of the bytes and of how many they are.
fn crc(data: &[u8]) -> u32 {
    let mut length = data.len();
    let mut tail = vec![];
    while length > 0 {
        tail.push((length & 0xff) as u8);
        length >>= 8;
    }
    let step = |mut crc: u32, b: &u8| {
        crc ^= u32::from(*b) << 24;
        for _ in 0..8 {
            crc = if crc & 0x8000_0000 != 0 { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 };
        }
        crc
    };
    !data.iter().chain(&tail).fold(0, step)
}

pub fn cksum(c: &mut Call<'_, '_>) -> i32 {
    let files = if c.args().is_empty() { vec!["-".to_string()] } else { c.args().to_vec() };
    let mut code = 0;
    for f in files {
        match c.read(&f) {
            Ok(b) => {
                let named = if f == "-" { String::new() } else { format!(" {f}") };
                c.line(format!("{} {}{named}", crc(&b), b.len()));
            }
            Err(e) => {
                c.complain(format!("{f}: {}", e.text()));
                code = 1;
            }
        }
    }
    code
}
