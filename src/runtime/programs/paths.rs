//! Programs about paths and what stands there: `readlink`, `realpath`, `mktemp`, `truncate`, `stat`.

use super::Call;
use super::files::{operands, options};
use super::listing::permissions;
use super::moments::shown;
use super::users::{group_name, name_of};
use crate::runtime::kernel::Errno;
use crate::runtime::kernel::tree::{Device, Kind, Node, join};

pub fn readlink(c: &mut Call<'_, '_>) -> i32 {
    let o = match operands(c, "fnemqsvz", "", &[("canonicalize", 'f'), ("no-newline", 'n')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let mut code = 0;
    for p in &o.rest {
        let path = c.sys.path(p);
        let found = match ['f', 'e', 'm'].iter().any(|l| o.has(*l)) {
            true => {
                let all = o.has('e') || !(c.is_gnu() || o.has('m'));
                c.sys.view(|v| v.resolve(&path, true).and_then(|r| if all { v.stat(&r).map(|_| r) } else { Ok(r) }))
            }
            false => c.sys.view(|v| match v.link_stat(&path)?.kind {
                Kind::Link(to) => Ok(to.to_string()),
                _ => Err(Errno::Invalid),
            }),
        };
        match found {
            Ok(text) if o.has('n') => c.out.extend(text.bytes()),
            Ok(text) => c.line(text),
            Err(_) => code = 1,
        }
    }
    code
}

pub fn realpath(c: &mut Call<'_, '_>) -> i32 {
    let o = match operands(c, "eLmPqsz", "", &[]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let mut code = 0;
    for p in &o.rest {
        let path = c.sys.path(p);
        match c.sys.view(|v| v.resolve(&path, true)) {
            Ok(text) => c.line(text),
            Err(_) if o.has('m') => c.line(crate::api::path::absolute("/", &path)),
            Err(e) => {
                c.complain(format!("{p}: {}", e.text()));
                code = 1;
            }
        }
    }
    code
}

pub fn mktemp(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "dqtu", "p", &[("directory", 'd'), ("dry-run", 'u'), ("tmpdir", 'p')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let below = o.value('p').map(String::from).filter(|p| !p.is_empty());
    let temporary = below.or_else(|| c.sys.variable("TMPDIR")).unwrap_or_else(|| "/tmp".into());
    let template = match o.rest.first() {
        None if c.is_gnu() => join(&temporary, "tmp.XXXXXXXXXX"),
        None => join(&temporary, "tmp.XXXXXX"),
        Some(t) if o.has('t') || o.has('p') => join(&temporary, t),
        Some(t) => t.clone(),
    };
    let stem = template.trim_end_matches('X');
    let holes = template.len() - stem.len();
    if holes < if c.is_gnu() { 3 } else { 6 } {
        c.cannot(format!("too few X's in template '{template}'"), format!("{template}: Invalid argument"));
        return 1;
    }
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let noise = c.sys.noise(holes);
    let letters: String = noise.iter().map(|b| char::from(LETTERS[usize::from(*b) % LETTERS.len()])).collect();
    let made = format!("{stem}{letters}");
    let path = c.sys.path(&made);
    let done = c.sys.view(|v| match (o.has('u'), o.has('d')) {
        (true, _) => Ok(()),
        (_, true) => v.make_directory(&path, 0o700),
        _ => v.write(&path, b"").and_then(|()| v.change(&path, |n| n.mode = 0o600)),
    });
    match done {
        Ok(()) => {
            c.line(made);
            0
        }
        Err(e) => {
            let gnu = format!("failed to create file via template '{template}': {}", e.text());
            c.cannot(gnu, format!("{template}: {}", e.text()));
            1
        }
    }
}

/// `10`, `4k`, `1M`, `1G`.
pub fn size(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let times: u64 = match text[end..].to_ascii_lowercase().as_str() {
        "" | "c" => 1,
        "w" => 2,
        "b" => 512,
        "k" | "kib" => 1 << 10,
        "kb" => 1000,
        "m" | "mib" => 1 << 20,
        "mb" => 1_000_000,
        "g" | "gib" => 1 << 30,
        "gb" => 1_000_000_000,
        "t" => 1 << 40,
        _ => return None,
    };
    text[..end].parse::<u64>().ok()?.checked_mul(times)
}

pub fn truncate(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "c", "s", &[("size", 's'), ("no-create", 'c')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let Some(text) = o.value('s').map(String::from) else {
        c.complain("you must specify either '--size' or '--reference'");
        return 1;
    };
    let (sign, number) = match text.strip_prefix(['+', '-']) {
        Some(rest) if c.is_gnu() => (text.chars().next(), rest),
        _ => (None, text.as_str()),
    };
    let Some(n) = size(number).and_then(|n| usize::try_from(n).ok()) else {
        c.complain(format!("invalid number '{text}'"));
        return 1;
    };
    let mut code = 0;
    for p in &o.rest {
        let path = c.sys.path(p);
        let done = c.sys.view(|v| {
            if !v.exists(&path) {
                if o.has('c') {
                    return Ok(());
                }
                v.write(&path, b"")?;
            }
            let old = v.read(&path)?;
            let new = match sign {
                Some('+') => old.len().saturating_add(n),
                Some('-') => old.len().saturating_sub(n),
                _ => n,
            };
            if new > crate::runtime::kernel::files::LARGEST_FILE {
                return Err(Errno::TooLarge);
            }
            let mut content = (*old).clone();
            content.resize(new, 0);
            v.write(&path, &content)
        });
        if let Err(e) = done {
            c.cannot(format!("cannot open '{p}' for writing: {}", e.text()), format!("{p}: {}", e.text()));
            code = 1;
        }
    }
    code
}

fn kind_of(n: &Node) -> &'static str {
    match &n.kind {
        Kind::Directory => "directory",
        Kind::Link(_) => "symbolic link",
        Kind::Device(Device::Own(_)) => "symbolic link",
        Kind::Device(_) => "character special file",
        Kind::File(b) if b.is_empty() => "regular empty file",
        Kind::File(_) | Kind::Program(_) | Kind::Token(_) => "regular file",
    }
}

/// A number for a path: always the same.
fn inode(path: &str) -> u64 {
    path.bytes().fold(131_072, |n, b| (n * 31 + u64::from(b)) % 1_000_003) + 131_072
}

pub fn stat(c: &mut Call<'_, '_>) -> i32 {
    let o = match operands(c, "Lft", "c", &[("format", 'c'), ("dereference", 'L'), ("printf", 'c')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let mut code = 0;
    for p in &o.rest {
        let path = c.sys.path(p);
        match c.sys.view(|v| if o.has('L') { v.stat(&path) } else { v.link_stat(&path) }) {
            Ok(n) => {
                let text = match o.value('c') {
                    Some(f) => formatted(c, f, p, &n),
                    None => full(c, p, &n),
                };
                c.line(text);
            }
            Err(e) => {
                c.cannot(format!("cannot statx '{p}': {}", e.text()), format!("can't stat '{p}': {}", e.text()));
                code = 1;
            }
        }
    }
    code
}

const MOMENT: &str = "%Y-%m-%d %H:%M:%S.%9f %z";

fn formatted(c: &mut Call<'_, '_>, format: &str, p: &str, n: &Node) -> String {
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(ch) = chars.next() {
        if ch != '%' {
            out.push(ch);
            continue;
        }
        let (seconds, _) = n.modified.unix_seconds_and_nanos();
        match chars.next() {
            Some('n') => out.push_str(p),
            Some('N') => match &n.kind {
                Kind::Link(to) => out.push_str(&format!("'{p}' -> '{to}'")),
                _ => out.push_str(&if c.is_gnu() { format!("'{p}'") } else { p.into() }),
            },
            Some('a') => out.push_str(&format!("{:o}", n.mode)),
            Some('A') => out.push_str(&permissions(n)),
            Some('s') => out.push_str(&n.size().to_string()),
            Some('b') => out.push_str(&(n.size().div_ceil(4096) * 8).to_string()),
            Some('B') => out.push_str("512"),
            Some('o') => out.push_str("4096"),
            Some('F') => out.push_str(kind_of(n)),
            Some('u') => out.push_str(&n.user.to_string()),
            Some('g') => out.push_str(&n.group.to_string()),
            Some('U') => out.push_str(&name_of(n.user, c.sys).unwrap_or_else(|| "UNKNOWN".into())),
            Some('G') => out.push_str(&group_name(n.group, c.sys).unwrap_or_else(|| "UNKNOWN".into())),
            Some('h') => out.push_str(if n.is_directory() { "2" } else { "1" }),
            Some('i') => out.push_str(&inode(&c.sys.path(p)).to_string()),
            Some('d') => out.push_str("65"),
            Some('m') => out.push('/'),
            Some('f') => out.push_str(&format!("{:x}", if n.is_directory() { 0o40_000 } else { 0o100_000 } | n.mode)),
            Some('X' | 'Y' | 'Z') => out.push_str(&seconds.to_string()),
            Some('W') => out.push('0'),
            Some('x' | 'y' | 'z') => out.push_str(&shown(n.modified, MOMENT)),
            Some('w') => out.push('-'),
            Some('%') => out.push('%'),
            Some(other) => out.push(other),
            None => out.push('%'),
        }
    }
    out
}

fn full(c: &mut Call<'_, '_>, p: &str, n: &Node) -> String {
    let named = match &n.kind {
        Kind::Link(to) if c.is_gnu() => format!("{p} -> {to}"),
        Kind::Link(to) => format!("'{p}' -> '{to}'"),
        _ => p.into(),
    };
    let user = name_of(n.user, c.sys).unwrap_or_else(|| "UNKNOWN".into());
    let group = group_name(n.group, c.sys).unwrap_or_else(|| "UNKNOWN".into());
    let at = shown(n.modified, MOMENT);
    let links = if n.is_directory() { 2 } else { 1 };
    let birth = if c.is_gnu() { format!("\n Birth: {at}") } else { String::new() };
    format!(
        "  File: {named}\n  Size: {:<10}\tBlocks: {:<10} IO Block: 4096   {}\nDevice: {}\tInode: {:<11} Links: {links}\n\
         Access: ({:04o}/{})  Uid: ({:>5}/{user:>8})   Gid: ({:>5}/{group:>8})\nAccess: {at}\nModify: {at}\nChange: {at}{birth}",
        n.size(),
        n.size().div_ceil(4096) * 8,
        kind_of(n),
        if c.is_gnu() { "0,65" } else { "41h/65d" },
        inode(&c.sys.path(p)),
        n.mode,
        permissions(n),
        n.user,
        n.group,
    )
}
