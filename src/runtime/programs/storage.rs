//! What disks hold: `df`, `du`, `mount`.

use super::Call;
use super::files::{DEEPEST, options};
use crate::api::Time;
use crate::runtime::kernel::proc;
use crate::runtime::kernel::tree::{Kind, join};

/// The disk of a node, in kilobytes: as `df` shows it in every container.
const DISK_KILOBYTES: u64 = 61_202_244;
/// What the system itself takes of it.
const SYSTEM_KILOBYTES: u64 = 9_437_184;
const DEV_KILOBYTES: u64 = 65_536;

/// A file system that is mounted: its source, its place, kilobytes in all and used.
struct Mount {
    source: String,
    place: String,
    kind: String,
    total: u64,
    used: u64,
}

fn mounts(c: &mut Call<'_, '_>) -> Vec<Mount> {
    let own = c.sys.root().map_or(0, |r| r.tree.bytes() as u64 / 1024);
    let memory = proc::memory(c.sys).total;
    let text = proc::mounts(c.sys);
    let mut out = vec![];
    for line in text.lines() {
        let w: Vec<&str> = line.split(' ').collect();
        let [source, place, kind, ..] = w.as_slice() else { continue };
        let (total, used) = match (*kind, *place) {
            ("proc" | "sysfs" | "cgroup2" | "mqueue" | "devpts", _) => continue,
            ("tmpfs", "/dev") => (DEV_KILOBYTES, 0),
            ("tmpfs", p) => (memory, below(c, p) / 1024 + 4),
            _ => (DISK_KILOBYTES, SYSTEM_KILOBYTES + own),
        };
        out.push(Mount { source: (*source).into(), place: (*place).into(), kind: (*kind).into(), total, used });
    }
    out
}

/// Bytes of the files below a path.
fn below(c: &mut Call<'_, '_>, path: &str) -> u64 {
    let mut total = 0;
    let mut waiting = vec![path.to_string()];
    while let Some(p) = waiting.pop() {
        let Ok(n) = c.sys.view(|v| v.link_stat(&p)) else { continue };
        if n.is_directory() && waiting.len() < 10_000 {
            waiting.extend(c.sys.view(|v| v.names(&p)).unwrap_or_default().iter().map(|n| join(&p, n)));
        } else {
            total += n.size() as u64;
        }
    }
    total
}

/// Kilobytes as people read them: `58.4G`.
fn human(kilobytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "one digit is shown")]
    let mut n = kilobytes as f64;
    if kilobytes == 0 {
        return "0".into();
    }
    for unit in ["K", "M", "G"] {
        if n < 1024.0 {
            return format!("{n:.1}{unit}");
        }
        n /= 1024.0;
    }
    format!("{n:.1}T")
}

/// GNU shows no more than two digits that matter, and rounds up.
fn human_gnu(kilobytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "two digits are shown")]
    let mut n = kilobytes as f64;
    if kilobytes == 0 {
        return "0".into();
    }
    for unit in ["K", "M", "G"] {
        if n < 1024.0 {
            return if n < 10.0 && unit != "K" {
                format!("{:.1}{unit}", (n * 10.0).ceil() / 10.0)
            } else {
                format!("{:.0}{unit}", n.ceil())
            };
        }
        n /= 1024.0;
    }
    format!("{n:.1}T")
}

pub fn df(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "hkmPTaiH", "tB", &[("human-readable", 'h'), ("all", 'a'), ("print-type", 'T')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let all = mounts(c);
    let mut shown = vec![];
    let mut code = 0;
    for p in &o.rest {
        let path = c.sys.path(p);
        match c.sys.view(|v| v.resolve(&path, true).and_then(|r| v.stat(&r).map(|_| r))) {
            Ok(r) => {
                let covers = |m: &&Mount| r == m.place || m.place == "/" || r.starts_with(&join(&m.place, ""));
                shown.extend(all.iter().filter(covers).max_by_key(|m| m.place.len()));
            }
            Err(e) => {
                c.complain(format!("{p}: {}", e.text()));
                code = 1;
            }
        }
    }
    if o.rest.is_empty() {
        shown = all.iter().collect();
    }
    if shown.is_empty() {
        return code;
    }
    let gnu = c.is_gnu();
    let size = |kb: u64| match (o.last_of("hkmH"), gnu) {
        (Some('h' | 'H'), true) => human_gnu(kb),
        (Some('h' | 'H'), false) => human(kb),
        (Some('m'), _) => kb.div_ceil(1024).to_string(),
        _ => kb.to_string(),
    };
    let unit = match (o.last_of("hkmH"), gnu) {
        (Some('h' | 'H'), _) => "Size",
        (Some('m'), _) => "1M-blocks",
        _ if o.has('P') && gnu => "1024-blocks",
        _ => "1K-blocks",
    };
    let kind = |m: &Mount| if o.has('T') { format!(" {:<8}", m.kind) } else { String::new() };
    let title = if o.has('T') { " Type    " } else { "" };
    let (available, percent) = if o.has('h') && gnu { ("Avail", "Use%") } else { ("Available", "Use%") };
    match gnu {
        true => {
            c.line(format!("{:<14}{title} {unit:>9} {:>9} {available:>9} {percent} Mounted on", "Filesystem", "Used"))
        }
        false => {
            c.line(format!("{:<20}{title} {unit:>9} {:>9} {available:>9} {percent} Mounted on", "Filesystem", "Used"))
        }
    }
    for m in shown {
        let share = (m.used * 100).div_ceil(m.total.max(1));
        let (total, used, free) = (size(m.total), size(m.used), size(m.total - m.used.min(m.total)));
        let wide = if gnu { 14 } else { 20 };
        c.line(format!("{:<wide$}{} {total:>9} {used:>9} {free:>9} {share:>3}% {}", m.source, kind(m), m.place));
    }
    code
}

/// What `du` prints: how, and how deep.
struct Du {
    all: bool,
    deepest: usize,
    unit: fn(u64) -> String,
    bytes: bool,
}

pub fn du(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "ahskmcbxlHLd", "d", &[("max-depth", 'd'), ("summarize", 's'), ("human-readable", 'h')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let unit: fn(u64) -> String = match (o.last_of("hkmb"), c.is_gnu()) {
        (Some('h'), true) => |b| human_gnu(b.div_ceil(1024)),
        (Some('h'), false) => |b| human(b.div_ceil(1024)),
        (Some('m'), _) => |b| b.div_ceil(1 << 20).to_string(),
        (Some('b'), _) => |b| b.to_string(),
        _ => |b| b.div_ceil(1024).to_string(),
    };
    let deepest = if o.has('s') { 0 } else { o.value('d').and_then(|d| d.parse().ok()).unwrap_or(usize::MAX) };
    let how = Du { all: o.has('a'), deepest, unit, bytes: o.has('b') };
    let paths = if o.rest.is_empty() { vec![".".to_string()] } else { o.rest.clone() };
    let (mut code, mut total) = (0, 0);
    for p in paths {
        let full = c.sys.path(&p);
        match c.sys.view(|v| v.link_stat(&full).map(|_| ())) {
            Ok(()) => total += measure(c, &p, 0, &how),
            Err(e) => {
                c.cannot(format!("cannot access '{p}': {}", e.text()), format!("{p}: {}", e.text()));
                code = 1;
            }
        }
    }
    if o.has('c') {
        c.line(format!("{}\ttotal", (how.unit)(total)));
    }
    code
}

fn measure(c: &mut Call<'_, '_>, p: &str, depth: usize, how: &Du) -> u64 {
    let full = c.sys.path(p);
    let Ok(n) = c.sys.view(|v| v.link_stat(&full)) else { return 0 };
    let mut size = match (&n.kind, how.bytes) {
        (Kind::Device(_), _) => 0,
        (_, true) => n.size() as u64,
        (Kind::Link(_), _) => 0,
        _ => n.size().div_ceil(4096) as u64 * 4096,
    };
    if n.is_directory() && depth < DEEPEST {
        for name in c.sys.view(|v| v.names(&full)).unwrap_or_default() {
            size += measure(c, &join(p, &name), depth + 1, how);
        }
    }
    if depth <= how.deepest && (n.is_directory() || how.all || depth == 0) {
        c.line(format!("{}\t{p}", (how.unit)(size)));
    }
    size
}

pub fn mount(c: &mut Call<'_, '_>) -> i32 {
    if c.args().iter().any(|a| !a.starts_with('-')) {
        c.cannot("only root can do that", "permission denied (are you root?)");
        return if c.is_gnu() { 32 } else { 1 };
    }
    for line in proc::mounts(c.sys).lines() {
        let w: Vec<&str> = line.split(' ').collect();
        if let [source, place, kind, how, ..] = w.as_slice() {
            c.line(format!("{source} on {place} type {kind} ({how})"));
        }
    }
    0
}

pub fn umount(c: &mut Call<'_, '_>) -> i32 {
    let Some(p) = c.args().iter().find(|a| !a.starts_with('-')).cloned() else { return c.no_operand() };
    let known = proc::mounts(c.sys).lines().any(|l| l.split(' ').nth(1) == Some(&p));
    match known {
        true => c.cannot(
            format!("{p}: must be superuser to unmount."),
            format!("can't unmount {p}: Operation not permitted"),
        ),
        false => c.cannot(format!("{p}: not mounted."), format!("can't unmount {p}: Invalid argument")),
    }
    if c.is_gnu() { 32 } else { 1 }
}

/// How long the machine has been up, in seconds.
pub fn up(now: Time) -> u64 {
    // A node was there before the cluster was.
    now.since(Time::ZERO).as_secs() + 600
}
