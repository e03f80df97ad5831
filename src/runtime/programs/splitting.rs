//! `split`.

use super::Call;
use super::files::options;
use super::paths::size;

/// Pieces at most: names run out as well.
const MOST: usize = 17_576;

pub fn split(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(
        c,
        "d",
        "lbna",
        &[("lines", 'l'), ("bytes", 'b'), ("number", 'n'), ("suffix-length", 'a'), ("numeric-suffixes", 'd')],
    ) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let file = o.rest.first().cloned().unwrap_or_else(|| "-".into());
    let prefix = o.rest.get(1).cloned().unwrap_or_else(|| "x".into());
    let data = match c.read(&file) {
        Ok(d) => d,
        Err(e) => {
            c.cannot(
                format!("cannot open '{file}' for reading: {}", e.text()),
                format!("can't open '{file}': {}", e.text()),
            );
            return 1;
        }
    };
    let number = |l: char| o.value(l).and_then(size).and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    let pieces: Vec<&[u8]> = match (number('b'), number('n')) {
        (Some(n), _) => data.chunks(n).collect(),
        (_, Some(n)) => data.chunks(data.len().div_ceil(n).max(1)).collect(),
        _ => {
            let lines: Vec<&[u8]> = data.split_inclusive(|b| *b == b'\n').collect();
            let (mut out, mut at) = (vec![], 0);
            for group in lines.chunks(number('l').unwrap_or(1000)) {
                let n: usize = group.iter().map(|l| l.len()).sum();
                out.push(&data[at..at + n]);
                at += n;
            }
            out
        }
    };
    let width = number('a').unwrap_or(2).min(8);
    let radix = if o.has('d') { 10 } else { 26 };
    for (i, piece) in pieces.iter().enumerate() {
        let (mut n, mut letters) = (i, vec![]);
        for _ in 0..width {
            let digit = u8::try_from(n % radix).unwrap_or(0);
            letters.push(char::from(if o.has('d') { b'0' } else { b'a' } + digit));
            n /= radix;
        }
        if n > 0 || i >= MOST {
            c.cannot("output file suffixes exhausted", "suffixes exhausted");
            return 1;
        }
        let name = format!("{prefix}{}", letters.iter().rev().collect::<String>());
        let path = c.sys.path(&name);
        if let Err(e) = c.sys.view(|v| v.write(&path, piece)) {
            c.complain(format!("{name}: {}", e.text()));
            return 1;
        }
    }
    0
}
