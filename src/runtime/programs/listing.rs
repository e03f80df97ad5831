//! `ls`.

use super::Call;
use super::files::options;
use super::options::Options;
use super::users::{group_name, name_of};
use crate::runtime::kernel::proc;
use crate::runtime::kernel::tree::{Kind, Node, join};

/// What `ls` shows of one name.
struct Entry {
    name: String,
    node: Node,
}

pub fn ls(c: &mut Call<'_, '_>) -> i32 {
    let long =
        [("all", 'a'), ("almost-all", 'A'), ("color", 'z'), ("directory", 'd'), ("recursive", 'R'), ("reverse", 'r')];
    let o = match options(c, "1AaCxdLHRFplinshrSXvctukgqz", "TwI", &long) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let paths = if o.rest.is_empty() { vec![".".to_string()] } else { o.rest.clone() };
    let (mut files, mut dirs, mut code) = (vec![], vec![], 0);
    for p in &paths {
        let full = c.sys.path(p);
        let made = proc::names(c.sys, &full).is_some();
        let found = match o.has('l') || o.has('d') {
            true if !p.ends_with('/') => c.sys.view(|v| v.link_stat(&full)),
            _ => c.sys.view(|v| v.stat(&full)),
        };
        match found {
            Ok(n) if (n.is_directory() || made) && !o.has('d') => dirs.push(p.clone()),
            Ok(node) => files.push(Entry { name: p.clone(), node }),
            Err(_) if made => dirs.push(p.clone()),
            Err(_) if proc::read(c.sys, &full).is_some_and(|r| r.is_ok()) => {
                files.push(Entry { name: p.clone(), node: Node::file("") })
            }
            Err(e) => {
                c.cannot(format!("cannot access '{p}': {}", e.text()), format!("{p}: {}", e.text()));
                code = if c.is_gnu() { 2 } else { 1 };
            }
        }
    }
    let shown_before = !files.is_empty();
    sort(&mut files, &o);
    show(c, &files, &o);
    let titled = paths.len() > 1 || o.has('R');
    let mut first = !shown_before;
    dirs.sort();
    while !dirs.is_empty() {
        let d = dirs.remove(0);
        if titled {
            c.line(if first { format!("{d}:") } else { format!("\n{d}:") });
        }
        first = false;
        match entries(c, &d, &o) {
            Ok(mut all) => {
                sort(&mut all, &o);
                if o.has('l') {
                    let blocks: usize = all.iter().map(|e| e.node.size().div_ceil(4096) * 4).sum();
                    c.line(format!("total {blocks}"));
                }
                show(c, &all, &o);
                if o.has('R') {
                    let below = all.iter().filter(|e| e.node.is_directory() && e.name != "." && e.name != "..");
                    dirs.splice(0..0, below.map(|e| join(&d, &e.name)).collect::<Vec<_>>());
                }
            }
            Err(e) => {
                c.cannot(format!("cannot open directory '{d}': {e}"), format!("can't open '{d}': {e}"));
                code = if c.is_gnu() { 2 } else { 1 };
            }
        }
    }
    code
}

fn entries(c: &mut Call<'_, '_>, dir: &str, o: &Options) -> Result<Vec<Entry>, &'static str> {
    let full = c.sys.path(dir);
    let made = proc::names(c.sys, &full);
    let mut names = match made {
        Some(names) => names,
        None => c.sys.view(|v| v.names(&full)).map_err(|e| e.text())?,
    };
    if o.has('a') {
        names.extend([".".into(), "..".into()]);
    } else if !o.has('A') {
        names.retain(|n| !n.starts_with('.'));
    }
    let node = |c: &mut Call<'_, '_>, n: &str| {
        let path = join(&full, n);
        c.sys.view(|v| if o.has('L') { v.stat(&path) } else { v.link_stat(&path) })
    };
    Ok(names
        .into_iter()
        .map(|name| {
            let node = node(c, &name).unwrap_or_else(|_| Node::directory());
            Entry { name, node }
        })
        .collect())
}

fn sort(all: &mut [Entry], o: &Options) {
    all.sort_by(|a, b| match o.last_of("tS") {
        Some('t') => b.node.modified.cmp(&a.node.modified).then_with(|| a.name.cmp(&b.name)),
        Some('S') => b.node.size().cmp(&a.node.size()).then_with(|| a.name.cmp(&b.name)),
        _ => a.name.cmp(&b.name),
    });
    if o.has('r') {
        all.reverse();
    }
}

/// `drwxr-xr-x`
pub fn permissions(n: &Node) -> String {
    let kind = match n.kind {
        Kind::Directory => 'd',
        Kind::Link(_) => 'l',
        Kind::Device(_) => 'c',
        Kind::File(_) | Kind::Program(_) | Kind::Token(_) => '-',
    };
    let bits = "rwxrwxrwx".chars().enumerate().map(|(i, c)| if n.mode & (0o400 >> i) != 0 { c } else { '-' });
    let mut text: Vec<char> = std::iter::once(kind).chain(bits).collect();
    for (bit, at, letter) in [(0o4000, 3, 's'), (0o2000, 6, 's'), (0o1000, 9, 't')] {
        if n.mode & bit != 0 {
            text[at] = if text[at] == 'x' { letter } else { letter.to_ascii_uppercase() };
        }
    }
    text.into_iter().collect()
}

/// A size as people read it: `4.0K`.
pub fn human(bytes: usize) -> String {
    #[allow(clippy::cast_precision_loss, reason = "one digit is shown")]
    let mut n = bytes as f64;
    if n < 1024.0 {
        return bytes.to_string();
    }
    for unit in ["K", "M", "G", "T"] {
        n /= 1024.0;
        if n < 1024.0 {
            return format!("{n:.1}{unit}");
        }
    }
    format!("{n:.1}P")
}

fn marked(e: &Entry, o: &Options) -> String {
    let mark = match &e.node.kind {
        Kind::Directory if o.has('F') || o.has('p') => "/",
        Kind::Link(_) if o.has('F') && !o.has('l') => "@",
        Kind::Program(_) | Kind::File(_) if o.has('F') && e.node.mode & 0o111 != 0 => "*",
        _ => "",
    };
    format!("{}{mark}", e.name)
}

fn show(c: &mut Call<'_, '_>, all: &[Entry], o: &Options) {
    if !o.has('l') && !o.has('n') {
        for e in all {
            c.line(marked(e, o));
        }
        return;
    }
    let numeric = o.has('n');
    let user =
        |c: &mut Call<'_, '_>, n: u32| if numeric { None } else { name_of(n, c.sys) }.unwrap_or_else(|| n.to_string());
    let group = |c: &mut Call<'_, '_>, n: u32| {
        if numeric { None } else { group_name(n, c.sys) }.unwrap_or_else(|| n.to_string())
    };
    for e in all {
        let (u, g) = (user(c, e.node.user), group(c, e.node.group));
        let size = if o.has('h') { human(e.node.size()) } else { e.node.size().to_string() };
        let links = if e.node.is_directory() { 2 } else { 1 };
        let time = moment(e, c);
        let target = if let Kind::Link(to) = &e.node.kind { format!(" -> {to}") } else { String::new() };
        let text =
            format!("{} {links:>4} {u:<8} {g:<8} {size:>9} {time} {}{target}", permissions(&e.node), marked(e, o));
        c.line(text);
    }
}

fn moment(e: &Entry, c: &Call<'_, '_>) -> String {
    let (seconds, _) = e.node.modified.unix_seconds_and_nanos();
    let t = jiff::Timestamp::new(seconds, 0).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
    let old = c.sys.now.since(e.node.modified) > crate::api::Duration::from_secs(86_400 * 182);
    jiff::fmt::strtime::format(if old { "%b %e  %Y" } else { "%b %e %H:%M" }, &t).unwrap_or_default()
}
