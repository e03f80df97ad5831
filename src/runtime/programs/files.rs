//! Programs that make files and directories, and remove them.

use super::Call;
use super::options::Options;
use super::{moments, rights};
use crate::runtime::kernel::Errno;
use crate::runtime::kernel::tree::{join, parent};

/// The options of a call, or its exit code after it has complained.
pub fn options(c: &mut Call<'_, '_>, flags: &str, valued: &str, long: &[(&str, char)]) -> Result<Options, i32> {
    Options::parse(c.words, flags, valued, long).map_err(|e| {
        c.err.extend(e.as_bytes());
        1
    })
}

/// The same of a program that has nothing to do where nothing is named.
pub fn operands(c: &mut Call<'_, '_>, flags: &str, valued: &str, long: &[(&str, char)]) -> Result<Options, i32> {
    let o = options(c, flags, valued, long)?;
    if o.rest.is_empty() { Err(c.no_operand()) } else { Ok(o) }
}

/// How deep directories may lie in one another for what goes through them.
pub const DEEPEST: usize = 200;

impl Call<'_, '_> {
    /// Complains in the words of the collection that runs.
    pub fn cannot(&mut self, gnu: impl AsRef<str>, busybox: impl AsRef<str>) {
        if self.is_gnu() { self.complain(gnu) } else { self.complain(busybox) }
    }

    /// Nothing was named to work on.
    pub fn no_operand(&mut self) -> i32 {
        if self.is_gnu() {
            self.complain("missing operand");
            let name = self.name().to_string();
            self.err.extend(format!("Try '{name} --help' for more information.\n").bytes());
        } else {
            self.complain("missing operand");
        }
        1
    }
}

pub fn touch(c: &mut Call<'_, '_>) -> i32 {
    let o = match operands(c, "acmhf", "drt", &[("no-create", 'c'), ("date", 'd'), ("reference", 'r')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let mut at = c.sys.now;
    if let Some(r) = o.value('r') {
        let path = c.sys.path(r);
        match c.sys.view(|v| v.stat(&path)) {
            Ok(n) => at = n.modified,
            Err(e) => {
                c.complain(format!("{r}: {}", e.text()));
                return 1;
            }
        }
    }
    if let Some(d) = o.value('d') {
        match moments::parse(d, moments::of_time(at)) {
            Some(t) => at = moments::to_time(t),
            None => {
                c.complain(format!("invalid date '{d}'"));
                return 1;
            }
        }
    }
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
            v.change(&path, |n| n.modified = at)
        });
        if let Err(e) = done {
            c.cannot(format!("cannot touch '{p}': {}", e.text()), format!("{p}: {}", e.text()));
            code = 1;
        }
    }
    code
}

pub fn mkdir(c: &mut Call<'_, '_>) -> i32 {
    let o = match operands(c, "pv", "m", &[("parents", 'p'), ("mode", 'm'), ("verbose", 'v')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let mode = o.value('m').and_then(|m| rights::changed(m, 0o777, true, c.sys.umask()));
    let mut code = 0;
    for p in &o.rest {
        let path = c.sys.path(p);
        let done = c.sys.view(|v| {
            if o.has('p') {
                let mut above = vec![];
                let mut at = path.trim_end_matches('/').to_string();
                while !v.exists(&at) && at != "/" {
                    above.push(at.clone());
                    at = parent(&at).to_string();
                }
                if !v.is_directory(&at) {
                    return Err(if above.is_empty() { Errno::Exists } else { Errno::NotDirectory });
                }
                above.iter().rev().try_for_each(|d| v.make_directory(d, 0o777))
            } else {
                v.make_directory(&path, 0o777)
            }?;
            match mode {
                Some(m) => v.change(&path, |n| n.mode = m),
                None => Ok(()),
            }
        });
        match done {
            Ok(()) if o.has('v') => c.line(format!("created directory: '{p}'")),
            Ok(()) => {}
            Err(e) => {
                let gnu = format!("cannot create directory '{p}': {}", e.text());
                c.cannot(gnu, format!("can't create directory '{p}': {}", e.text()));
                code = 1;
            }
        }
    }
    code
}

pub fn rmdir(c: &mut Call<'_, '_>) -> i32 {
    let o = match operands(c, "pv", "", &[("parents", 'p'), ("ignore-fail-on-non-empty", 'i')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let mut code = 0;
    for p in &o.rest {
        let mut at = p.trim_end_matches('/').to_string();
        loop {
            let path = c.sys.path(&at);
            if let Err(e) = c.sys.view(|v| v.remove_directory(&path)) {
                if !(e == Errno::NotEmpty && o.has('i')) {
                    c.cannot(format!("failed to remove '{at}': {}", e.text()), format!("'{at}': {}", e.text()));
                    code = 1;
                }
                break;
            }
            match at.rfind('/') {
                Some(i) if o.has('p') && i > 0 => at.truncate(i),
                _ => break,
            }
        }
    }
    code
}

/// Removes a path with all below it. What could not be removed is told one by one; the paths are as they were given.
fn remove_all(c: &mut Call<'_, '_>, shown: &str, depth: usize) -> bool {
    let path = c.sys.path(shown);
    let removed = match c.sys.view(|v| v.link_stat(&path)) {
        Ok(n) if n.is_directory() && depth < DEEPEST => {
            let names = c.sys.view(|v| v.names(&path)).unwrap_or_default();
            let mut all = true;
            for name in names {
                all &= remove_all(c, &join(shown, &name), depth + 1);
            }
            if !all {
                return false;
            }
            c.sys.view(|v| v.remove_directory(&path))
        }
        Ok(_) => c.sys.view(|v| v.unlink(&path)),
        Err(e) => Err(e),
    };
    if let Err(e) = removed {
        c.cannot(format!("cannot remove '{shown}': {}", e.text()), format!("can't remove '{shown}': {}", e.text()));
    }
    removed.is_ok()
}

pub fn rm(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "fiRrvd", "", &[("force", 'f'), ("recursive", 'r'), ("verbose", 'v'), ("dir", 'd')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    if o.rest.is_empty() {
        return if o.has('f') { 0 } else { c.no_operand() };
    }
    let all = o.has('r') || o.has('R');
    let mut code = 0;
    for p in &o.rest {
        let path = c.sys.path(p);
        let base = p.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let well = match c.sys.view(|v| v.link_stat(&path)) {
            Err(Errno::NotFound) if o.has('f') => true,
            Ok(_) if base == "." || base == ".." => {
                let gnu = format!("refusing to remove '.' or '..' directory: skipping '{p}'");
                c.cannot(gnu, "can't remove '.' or '..'");
                false
            }
            Ok(n) if n.is_directory() && !all => {
                c.cannot(format!("cannot remove '{p}': Is a directory"), format!("'{p}' is a directory"));
                false
            }
            _ => remove_all(c, p, 0),
        };
        if well && o.has('v') {
            c.line(format!("removed '{p}'"));
        }
        code |= i32::from(!well);
    }
    code
}

/// `unlink` and `link`: the calls of those names.
pub fn unlink(c: &mut Call<'_, '_>) -> i32 {
    let Some(p) = c.args().first().cloned() else { return c.no_operand() };
    let path = c.sys.path(&p);
    match c.sys.view(|v| v.unlink(&path)) {
        Ok(()) => 0,
        Err(e) => {
            c.cannot(format!("cannot unlink '{p}': {}", e.text()), format!("can't remove file '{p}': {}", e.text()));
            1
        }
    }
}
