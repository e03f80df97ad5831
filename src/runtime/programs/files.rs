//! Programs that change files.

use super::Call;
use super::options::Options;
use crate::runtime::kernel::Errno;
use crate::runtime::kernel::tree::{join, parent};

/// The options of a call, or its exit code after it has complained.
pub fn options(c: &mut Call<'_, '_>, flags: &str, valued: &str, long: &[(&str, char)]) -> Result<Options, i32> {
    Options::parse(c.words, flags, valued, long).map_err(|e| {
        c.err.extend(e.as_bytes());
        1
    })
}

pub fn touch(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "acmhf", "drt", &[("no-create", 'c')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let mut code = 0;
    for p in &o.rest {
        let (path, now) = (c.sys.path(p), c.sys.now);
        let done = c.sys.view(|v| match v.exists(&path) {
            true => v.change(&path, |n| n.modified = now),
            false if o.has('c') => Ok(()),
            false => v.write(&path, b""),
        });
        if let Err(e) = done {
            c.complain(format!("{p}: {}", e.text()));
            code = 1;
        }
    }
    code
}

pub fn mkdir(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "pv", "m", &[("parents", 'p'), ("mode", 'm')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    if o.rest.is_empty() {
        c.complain("missing operand");
        return 1;
    }
    let mode = o.value('m').and_then(|m| u16::from_str_radix(m, 8).ok());
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
        if let Err(e) = done {
            c.complain(format!("can't create directory '{p}': {}", e.text()));
            code = 1;
        }
    }
    code
}

/// Removes a path with all below it.
pub fn remove_all(c: &mut Call<'_, '_>, path: &str) -> Result<(), Errno> {
    let node = c.sys.view(|v| v.link_stat(path))?;
    if !node.is_directory() {
        return c.sys.view(|v| v.unlink(path));
    }
    for name in c.sys.view(|v| v.names(path))? {
        remove_all(c, &join(path, &name))?;
    }
    c.sys.view(|v| v.remove_directory(path))
}

pub fn rm(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "fiRrv", "", &[("force", 'f'), ("recursive", 'r')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    if o.rest.is_empty() && !o.has('f') {
        c.complain("missing operand");
        return 1;
    }
    let all = o.has('r') || o.has('R');
    let mut code = 0;
    for p in &o.rest {
        let path = c.sys.path(p);
        let done = match c.sys.view(|v| v.link_stat(&path)) {
            Err(Errno::NotFound) if o.has('f') => Ok(()),
            Err(e) => Err(format!("can't remove '{p}': {}", e.text())),
            Ok(n) if n.is_directory() && !all => Err(format!("'{p}' is a directory")),
            Ok(_) => remove_all(c, &path).map_err(|e| format!("can't remove '{p}': {}", e.text())),
        };
        if let Err(e) = done {
            c.complain(e);
            code = 1;
        }
    }
    code
}
