//! `cp`, `mv`, `ln`, `install`.

use super::Call;
use super::files::{DEEPEST, options};
use super::options::Options;
use super::rights;
use crate::runtime::kernel::Errno;
use crate::runtime::kernel::tree::{Kind, join, name};

/// Where each of the operands goes: into a directory, or the one to a name. `None`: it has complained.
fn targets(c: &mut Call<'_, '_>, o: &Options) -> Option<Vec<(String, String)>> {
    let mut from = o.rest.clone();
    let to = match o.value('t').map(String::from).or_else(|| if from.len() > 1 { from.pop() } else { None }) {
        Some(to) => to,
        None => {
            match (from.first().cloned(), c.is_gnu()) {
                (Some(f), true) => c.complain(format!("missing destination file operand after '{f}'")),
                (None, true) => c.complain("missing file operand"),
                _ => c.complain("missing operand"),
            }
            return None;
        }
    };
    let full = c.sys.path(&to);
    // `ln -n`: a link to a directory is no directory.
    let is_directory = match o.has('n') && c.name() == "ln" {
        true => c.sys.view(|v| v.link_stat(&full)).is_ok_and(|n| n.is_directory()),
        false => c.sys.view(|v| v.is_directory(&full)),
    };
    if is_directory && !o.has('T') {
        return Some(
            from.into_iter()
                .map(|f| {
                    let at = join(&to, name(f.trim_end_matches('/')));
                    (f, at)
                })
                .collect(),
        );
    }
    if from.len() > 1 {
        let why = if c.sys.view(|v| v.exists(&full)) { Errno::NotDirectory } else { Errno::NotFound };
        c.cannot(format!("target '{to}': {}", why.text()), format!("target '{to}' is not a directory"));
        return None;
    }
    if to.ends_with('/') && !is_directory && !is_source_directory(c, &from) {
        c.cannot(
            format!("cannot create regular file '{to}': Not a directory"),
            format!("can't create '{to}': Is a directory"),
        );
        return None;
    }
    Some(from.into_iter().map(|f| (f, to.clone())).collect())
}

fn is_source_directory(c: &mut Call<'_, '_>, from: &[String]) -> bool {
    from.iter().any(|f| {
        let path = c.sys.path(f);
        c.sys.view(|v| v.is_directory(&path))
    })
}

/// What `cp` keeps and follows.
#[derive(Clone, Copy)]
struct Copy {
    recursive: bool,
    keep: bool,
    /// Links are copied as links.
    links: bool,
    force: bool,
    verbose: bool,
}

pub fn cp(c: &mut Call<'_, '_>) -> i32 {
    let long = [
        ("recursive", 'r'),
        ("archive", 'a'),
        ("force", 'f'),
        ("no-clobber", 'n'),
        ("verbose", 'v'),
        ("preserve", 'p'),
        ("target-directory", 't'),
        ("no-target-directory", 'T'),
        ("update", 'u'),
    ];
    let o = match options(c, "arRdPLHpfinluvTxs", "t", &long) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let Some(all) = targets(c, &o) else { return 1 };
    let recursive = ['r', 'R', 'a'].iter().any(|l| o.has(*l));
    let how = Copy {
        recursive,
        keep: o.has('a') || o.has('p'),
        links: (recursive || o.has('d') || o.has('P')) && !o.has('L'),
        force: o.has('f'),
        verbose: o.has('v'),
    };
    let mut code = 0;
    for (from, to) in all {
        let full = c.sys.path(&to);
        if o.has('n') && c.sys.view(|v| v.exists(&full)) {
            continue;
        }
        if !copy(c, &from, &to, how, 0) {
            code = 1;
        }
    }
    code
}

/// Copies one name; whether all went well.
fn copy(c: &mut Call<'_, '_>, from: &str, to: &str, how: Copy, depth: usize) -> bool {
    let (source, target) = (c.sys.path(from), c.sys.path(to));
    let found = c.sys.view(|v| if how.links { v.link_stat(&source) } else { v.stat(&source) });
    let node = match found {
        Ok(n) => n,
        // What the kernel makes up can be copied too.
        Err(_) if c.sys.read_file(from).is_ok() => crate::runtime::kernel::tree::Node::file(""),
        Err(e) => {
            c.cannot(format!("cannot stat '{from}': {}", e.text()), format!("can't stat '{from}': {}", e.text()));
            return false;
        }
    };
    let same = c.sys.view(|v| v.resolve(&source, true).ok() == v.resolve(&target, true).ok());
    if same && !node.is_directory() {
        c.cannot(format!("'{from}' and '{to}' are the same file"), format!("'{from}' and '{to}' are the same file"));
        return false;
    }
    let well = match &node.kind {
        Kind::Directory if !how.recursive => {
            c.cannot(format!("-r not specified; omitting directory '{from}'"), format!("omitting directory '{from}'"));
            false
        }
        Kind::Directory => copy_directory(c, from, to, node.mode, how, depth),
        Kind::Link(link) => {
            let link = link.clone();
            said(
                c,
                to,
                |v, t| {
                    if v.link_stat(t).is_ok() {
                        v.unlink(t)?;
                    }
                    v.make_link(&link, t)
                },
                &target,
            )
        }
        Kind::Program(p) => {
            let (p, mode) = (*p, node.mode);
            said(c, to, |v, t| v.put(t, Kind::Program(p), mode), &target)
        }
        _ => copy_file(c, from, to, node.mode, how),
    };
    if well && how.keep && !matches!(node.kind, Kind::Link(_)) {
        let _ = c.sys.view(|v| {
            let root = v.who.user == 0;
            v.change(&target, |n| {
                (n.mode, n.modified) = (node.mode, node.modified);
                if root {
                    (n.user, n.group) = (node.user, node.group);
                }
            })
        });
    }
    if well && how.verbose {
        c.line(format!("'{from}' -> '{to}'"));
    }
    well
}

fn copy_file(c: &mut Call<'_, '_>, from: &str, to: &str, mode: u16, how: Copy) -> bool {
    let content = match c.sys.read_file(from) {
        Ok(content) => content,
        Err(e) => {
            let gnu = format!("cannot open '{from}' for reading: {}", e.text());
            c.cannot(gnu, format!("can't open '{from}': {}", e.text()));
            return false;
        }
    };
    let target = c.sys.path(to);
    let act = |v: &mut crate::runtime::kernel::files::View<'_>, t: &str| {
        let fresh = !v.exists(t);
        match v.write(t, &content) {
            Err(Errno::Denied) if how.force => {
                v.unlink(t)?;
                v.write(t, &content)?;
            }
            other => other?,
        }
        let mask = v.umask;
        if fresh { v.change(t, |n| n.mode = mode & !mask) } else { Ok(()) }
    };
    said(c, to, act, &target)
}

/// Does something to a target, and complains of it if need be.
fn said(
    c: &mut Call<'_, '_>,
    to: &str,
    act: impl FnOnce(&mut crate::runtime::kernel::files::View<'_>, &str) -> Result<(), Errno>,
    target: &str,
) -> bool {
    match c.sys.view(|v| act(v, target)) {
        Ok(()) => true,
        Err(e) => {
            let gnu = format!("cannot create regular file '{to}': {}", e.text());
            c.cannot(gnu, format!("can't create '{to}': {}", e.text()));
            false
        }
    }
}

fn copy_directory(c: &mut Call<'_, '_>, from: &str, to: &str, mode: u16, how: Copy, depth: usize) -> bool {
    let (source, target) = (c.sys.path(from), c.sys.path(to));
    let inside = c.sys.view(|v| {
        let (s, t) = (v.resolve(&source, true).unwrap_or_default(), v.resolve(&target, true).unwrap_or_default());
        t == s || t.starts_with(&join(&s, ""))
    });
    if inside && depth == 0 {
        c.cannot(
            format!("cannot copy a directory, '{from}', into itself, '{to}'"),
            format!("recursion detected, omitting directory '{from}'"),
        );
        return false;
    }
    let names = match c.sys.view(|v| v.names(&source)) {
        Ok(names) if depth < DEEPEST => names,
        Ok(_) => return false,
        Err(e) => {
            c.cannot(format!("cannot access '{from}': {}", e.text()), format!("can't open '{from}': {}", e.text()));
            return false;
        }
    };
    let mask = c.sys.umask();
    if !c.sys.view(|v| v.is_directory(&target)) {
        let make = |v: &mut crate::runtime::kernel::files::View<'_>, t: &str| {
            v.make_directory(t, 0o777)?;
            v.change(t, |n| n.mode = mode & !mask)
        };
        if !said(c, to, make, &target) {
            return false;
        }
    }
    let mut well = true;
    for n in names {
        well &= copy(c, &join(from, &n), &join(to, &n), how, depth + 1);
    }
    well
}

pub fn mv(c: &mut Call<'_, '_>) -> i32 {
    let long = [("force", 'f'), ("no-clobber", 'n'), ("verbose", 'v'), ("target-directory", 't')];
    let o = match options(c, "fintTuv", "t", &long) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let Some(all) = targets(c, &o) else { return 1 };
    let mut code = 0;
    for (from, to) in all {
        let (source, target) = (c.sys.path(&from), c.sys.path(&to));
        if o.has('n') && c.sys.view(|v| v.exists(&target)) {
            continue;
        }
        if let Err(e) = c.sys.view(|v| v.link_stat(&source)) {
            c.cannot(format!("cannot stat '{from}': {}", e.text()), format!("can't rename '{from}': {}", e.text()));
            code = 1;
            continue;
        }
        if source == target {
            c.cannot(
                format!("'{from}' and '{to}' are the same file"),
                format!("'{from}' and '{to}' are the same file"),
            );
            code = 1;
            continue;
        }
        match c.sys.view(|v| v.rename(&source, &target)) {
            Ok(()) if o.has('v') => c.line(format!("'{from}' -> '{to}'")),
            Ok(()) => {}
            Err(e) => {
                let gnu = match e {
                    Errno::Invalid => format!("cannot move '{from}' to a subdirectory of itself, '{to}'"),
                    _ => format!("cannot move '{from}' to '{to}': {}", e.text()),
                };
                c.cannot(gnu, format!("can't rename '{from}': {}", e.text()));
                code = 1;
            }
        }
    }
    code
}

pub fn ln(c: &mut Call<'_, '_>) -> i32 {
    let long = [("symbolic", 's'), ("force", 'f'), ("no-dereference", 'n'), ("verbose", 'v')];
    let mut o = match options(c, "sfnvbT", "St", &long) {
        Ok(o) => o,
        Err(code) => return code,
    };
    if o.rest.len() == 1 {
        o.rest.push(".".into());
    }
    let Some(all) = targets(c, &o) else { return 1 };
    let mut code = 0;
    for (from, to) in all {
        let (source, target) = (c.sys.path(&from), c.sys.path(&to));
        let done = c.sys.view(|v| {
            if o.has('f') && v.link_stat(&target).is_ok() {
                v.unlink(&target)?;
            }
            if o.has('s') {
                return v.make_link(&from, &target);
            }
            // There are no second names of a file: it becomes one of its own that holds the same.
            let node = v.link_stat(&source)?;
            if node.is_directory() {
                return Err(Errno::NotPermitted);
            }
            if v.link_stat(&target).is_ok() {
                return Err(Errno::Exists);
            }
            v.put(&target, node.kind.clone(), node.mode)?;
            v.change(&target, |n| n.mode = node.mode)
        });
        if let Err(e) = done {
            let kind = if o.has('s') { "symbolic link" } else { "hard link" };
            c.cannot(format!("failed to create {kind} '{to}': {}", e.text()), format!("{to}: {}", e.text()));
            code = 1;
        }
    }
    code
}

pub fn install(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "cdDpsv", "ogmt", &[("directory", 'd'), ("mode", 'm')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let mode = o.value('m').and_then(|m| rights::changed(m, 0, false, 0)).unwrap_or(0o755);
    let how = Copy { recursive: false, keep: false, links: false, force: true, verbose: o.has('v') };
    let mut code = 0;
    let all = match o.has('d') {
        true => o.rest.iter().map(|d| (String::new(), d.clone())).collect(),
        false => match targets(c, &o) {
            Some(all) => all,
            None => return 1,
        },
    };
    for (from, to) in all {
        let target = c.sys.path(&to);
        let well = match from.is_empty() {
            true => c.sys.view(|v| v.is_directory(&target)) || said(c, &to, |v, t| v.make_directory(t, 0o777), &target),
            false => copy(c, &from, &to, how, 0),
        };
        let well = well && c.sys.view(|v| v.change(&target, |n| n.mode = mode)).is_ok();
        code |= i32::from(!well);
    }
    code
}
