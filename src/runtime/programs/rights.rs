//! `chmod`, `chown`, `chgrp`.

use super::Call;
use super::files::{DEEPEST, options};
use super::users;
use crate::runtime::kernel::Errno;
use crate::runtime::kernel::tree::join;

/// What a mode as `chmod` takes it makes of another: `644`, `u+x,go-w`, `a=rX`. `None`: it is no mode.
pub fn changed(mode: &str, old: u16, directory: bool, umask: u16) -> Option<u16> {
    if mode.starts_with(|c: char| c.is_ascii_digit()) {
        return u16::from_str_radix(mode, 8).ok().filter(|m| *m <= 0o7777);
    }
    let mut now = old;
    for clause in mode.split(',') {
        let end = clause.find(['+', '-', '='])?;
        let (mut who, mut rest) = (0u16, &clause[end..]);
        for c in clause[..end].chars() {
            who |= match c {
                'u' => 0o4700,
                'g' => 0o2070,
                'o' => 0o1007,
                'a' => 0o7777,
                _ => return None,
            };
        }
        // Where nobody is named, the mask decides.
        let (who, allowed) = if who == 0 { (0o7777, !umask) } else { (who, 0o7777) };
        while let Some(sign) = rest.chars().next() {
            let n = rest[1..].find(['+', '-', '=']).map_or(rest.len(), |n| n + 1);
            let mut bits = 0u16;
            for c in rest[1..n].chars() {
                bits |= match c {
                    'r' => 0o444,
                    'w' => 0o222,
                    'x' => 0o111,
                    'X' if directory || now & 0o111 != 0 => 0o111,
                    'X' => 0,
                    's' => 0o6000,
                    't' => 0o1000,
                    'u' => (now >> 6 & 7) * 0o111,
                    'g' => (now >> 3 & 7) * 0o111,
                    'o' => (now & 7) * 0o111,
                    _ => return None,
                };
            }
            let bits = bits & who & allowed;
            now = match sign {
                '+' => now | bits,
                '-' => now & !bits,
                _ => now & !(who & 0o777) | bits,
            };
            rest = &rest[n..];
        }
    }
    Some(now)
}

/// Does something to each file, and to all below it if asked.
fn each(
    c: &mut Call<'_, '_>,
    path: &str,
    recursive: bool,
    act: &mut dyn FnMut(&mut Call<'_, '_>, &str) -> bool,
    depth: usize,
) -> bool {
    let full = c.sys.path(path);
    let mut well = act(c, path);
    if recursive && depth < DEEPEST && c.sys.view(|v| v.link_stat(&full)).is_ok_and(|n| n.is_directory()) {
        for n in c.sys.view(|v| v.names(&full)).unwrap_or_default() {
            let below = join(path, &n);
            let full = c.sys.path(&below);
            // Links on the way are passed over.
            let is_link = c.sys.view(|v| {
                v.link_stat(&full).is_ok_and(|n| matches!(n.kind, crate::runtime::kernel::tree::Kind::Link(_)))
            });
            if !is_link {
                well &= each(c, &below, recursive, act, depth + 1);
            }
        }
    }
    well
}

pub fn chmod(c: &mut Call<'_, '_>) -> i32 {
    // A mode may begin with a dash.
    let is_mode =
        |w: &String| w.len() > 1 && w.starts_with('-') && w[1..].chars().all(|l| "rwxXst,+=ugoa-".contains(l));
    let mut args = c.args().to_vec();
    let mode = args.iter().position(is_mode).map(|i| args.remove(i));
    let words: Vec<String> = c.words.iter().take(1).cloned().chain(args).collect();
    let parsed = super::options::Options::parse(
        &words,
        "Rvcf",
        "",
        &[("recursive", 'R'), ("verbose", 'v'), ("changes", 'c'), ("quiet", 'f')],
    );
    let mut o = match parsed {
        Ok(o) => o,
        Err(e) => {
            c.err.extend(e.bytes());
            return 1;
        }
    };
    let mode = match mode {
        Some(m) => m,
        None if o.rest.is_empty() => return c.no_operand(),
        None => o.rest.remove(0),
    };
    if o.rest.is_empty() {
        c.cannot(format!("missing operand after '{mode}'"), "missing operand");
        return 1;
    }
    let umask = c.sys.umask();
    if changed(&mode, 0, false, umask).is_none() {
        c.cannot(format!("invalid mode: '{mode}'"), format!("invalid mode '{mode}'"));
        return 1;
    }
    let mut well = true;
    for p in &o.rest {
        well &= each(c, p, o.has('R'), &mut |c, p| set_mode(c, p, &mode, umask), 0);
    }
    i32::from(!well)
}

fn set_mode(c: &mut Call<'_, '_>, p: &str, mode: &str, umask: u16) -> bool {
    let full = c.sys.path(p);
    let done = c.sys.view(|v| {
        let n = v.stat(&full)?;
        let new = changed(mode, n.mode, n.is_directory(), umask).ok_or(Errno::Invalid)?;
        v.change(&full, |n| n.mode = new)
    });
    if let Err(e) = done {
        let gnu = match e {
            Errno::NotFound => format!("cannot access '{p}': {}", e.text()),
            _ => format!("changing permissions of '{p}': {}", e.text()),
        };
        c.cannot(gnu, format!("{p}: {}", e.text()));
    }
    done.is_ok()
}

/// `user`, `user:group`, `user:`, `:group`: the numbers that are to change.
fn owners(c: &mut Call<'_, '_>, text: &str) -> Result<(Option<u32>, Option<u32>), String> {
    let (user, group) = match text.split_once([':', '.']) {
        Some((u, g)) => (u, Some(g)),
        None => (text, None),
    };
    let found = match user {
        "" => None,
        u => Some(users::find(u, c.sys).ok_or_else(|| format!("unknown user {u}"))?),
    };
    let group = match group {
        None => None,
        Some("") => found.map(|(_, g)| g),
        Some(g) => Some(users::find_group(g, c.sys).ok_or_else(|| format!("unknown group {g}"))?),
    };
    Ok((found.map(|(u, _)| u), group))
}

pub fn chown(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "RhLHPcvf", "", &[("recursive", 'R'), ("no-dereference", 'h')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    if o.rest.len() < 2 {
        return c.no_operand();
    }
    let only_group = c.name() == "chgrp";
    let text = if only_group { format!(":{}", o.rest[0]) } else { o.rest[0].clone() };
    let (user, group) = match owners(c, &text) {
        Ok(found) => found,
        Err(e) => {
            let what = if only_group { "invalid group" } else { "invalid user" };
            c.cannot(format!("{what}: '{}'", o.rest[0]), e);
            return 1;
        }
    };
    let mut act = |c: &mut Call<'_, '_>, p: &str| {
        let full = c.sys.path(p);
        let done = c.sys.view(|v| {
            let node = v.stat(&full)?;
            let who = v.who.clone();
            let mine = |g: u32| g == who.group || who.groups.contains(&g);
            if who.user != 0 && (user.is_some_and(|u| u != node.user) || group.is_some_and(|g| !mine(g))) {
                return Err(Errno::NotPermitted);
            }
            v.change(&full, |n| (n.user, n.group) = (user.unwrap_or(n.user), group.unwrap_or(n.group)))
        });
        if let Err(e) = done {
            let what = if only_group { "changing group of" } else { "changing ownership of" };
            let gnu = match e {
                Errno::NotFound => format!("cannot access '{p}': {}", e.text()),
                _ => format!("{what} '{p}': {}", e.text()),
            };
            c.cannot(gnu, format!("{p}: {}", e.text()));
        }
        done.is_ok()
    };
    let mut well = true;
    for p in &o.rest[1..] {
        well &= each(c, p, o.has('R'), &mut act, 0);
    }
    i32::from(!well)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_chmod_reads_them() {
        for (mode, old, directory, want) in [
            ("644", 0, false, Some(0o644)),
            ("u+x", 0o644, false, Some(0o744)),
            ("+x", 0o644, false, Some(0o755)),
            ("go-rwx", 0o755, false, Some(0o700)),
            ("a=r", 0o755, false, Some(0o444)),
            ("u=rwx,g=rx,o=", 0, false, Some(0o750)),
            ("a+X", 0o644, false, Some(0o644)),
            ("a+X", 0o644, true, Some(0o755)),
            ("g=u", 0o700, false, Some(0o770)),
            ("+t", 0o777, true, Some(0o1777)),
            ("nope", 0, false, None),
            ("99999", 0, false, None),
        ] {
            assert_eq!(changed(mode, old, directory, 0o022), want, "{mode}");
        }
    }
}
