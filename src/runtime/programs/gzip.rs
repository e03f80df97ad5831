//! `gzip`, `gunzip`, `zcat`.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::Call;
use super::files::options;
use super::options::Options;
use crate::runtime::kernel::Errno;

/// What an archive may unfold to.
pub const MOST_BYTES: u64 = 64 << 20;

pub fn packed(data: &[u8]) -> Vec<u8> {
    let mut e = GzEncoder::new(vec![], Compression::default());
    let _ = e.write_all(data);
    e.finish().unwrap_or_default()
}

pub fn unpacked(data: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![];
    MultiGzDecoder::new(data).take(MOST_BYTES).read_to_end(&mut out).ok()?;
    Some(out)
}

pub fn gzip(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(
        c,
        "cdfknqtv123456789lr",
        "",
        &[("decompress", 'd'), ("stdout", 'c'), ("force", 'f'), ("keep", 'k'), ("best", '9'), ("fast", '1')],
    ) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let unpacks = o.has('d') || o.has('t') || ["gunzip", "zcat"].contains(&c.name());
    let to_stdout = o.has('c') || c.name() == "zcat" || o.rest.is_empty();
    let files = if o.rest.is_empty() { vec!["-".to_string()] } else { o.rest.clone() };
    let mut code = 0;
    for f in files {
        if let Err(text) = one_gzip(c, &o, &f, unpacks, to_stdout || f == "-") {
            c.complain(text);
            code = 1;
        }
    }
    code
}

fn one_gzip(c: &mut Call<'_, '_>, o: &Options, f: &str, unpacks: bool, to_stdout: bool) -> Result<(), String> {
    let data = c.read(f).map_err(|e| match e {
        Errno::IsDirectory => format!("{f} is a directory -- ignored"),
        e => format!("{f}: {}", e.text()),
    })?;
    let made = match unpacks {
        true => unpacked(&data).ok_or_else(|| match f {
            "-" => "invalid magic".to_string(),
            f => format!("{f}: not in gzip format"),
        })?,
        false => packed(&data),
    };
    if o.has('t') {
        return Ok(());
    }
    if to_stdout {
        c.out.extend(made);
        return Ok(());
    }
    let to = match unpacks {
        true => match (f.strip_suffix(".gz"), f.strip_suffix(".tgz")) {
            (Some(s), _) => s.to_string(),
            (_, Some(s)) => format!("{s}.tar"),
            _ => return Err(format!("{f}: unknown suffix -- ignored")),
        },
        false => format!("{f}.gz"),
    };
    let (source, target) = (c.sys.path(f), c.sys.path(&to));
    if c.sys.view(|v| v.exists(&target)) && !o.has('f') {
        return Err(format!("{to} already exists"));
    }
    let mode = c.sys.view(|v| v.stat(&source)).map_or(0o644, |n| n.mode);
    c.sys
        .view(|v| {
            v.write(&target, &made)?;
            v.change(&target, |n| n.mode = mode)?;
            if o.has('k') { Ok(()) } else { v.unlink(&source) }
        })
        .map_err(|e| format!("{to}: {}", e.text()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_can_be_unpacked() {
        let data = b"some text, some text".repeat(100);
        assert!(packed(&data).len() < data.len());
        assert_eq!(unpacked(&packed(&data)), Some(data));
        assert_eq!(unpacked(b"no archive"), None);
    }
}
