//! `tar`: what `kubectl cp` speaks on the other end.

use std::io::Read as _;

use tar::{Archive, Builder, EntryType, Header};

use super::Call;
use super::files::DEEPEST;
use super::gzip::{MOST_BYTES, packed, unpacked};
use super::options::Options;
use super::users::{group_name, name_of};
use crate::runtime::kernel::Errno;
use crate::runtime::kernel::files::LARGEST_FILE;
use crate::runtime::kernel::tree::{Kind, Node, join, name, parent};

const MOST_ENTRIES: usize = 50_000;

/// Options of `tar`: the first word needs no dash.
fn tar_options(c: &mut Call<'_, '_>) -> Result<Options, i32> {
    let mut words = c.words.to_vec();
    if let Some(first) = words.get_mut(1).filter(|w| !w.starts_with('-')) {
        first.insert(0, '-');
    }
    // Together with others, `f` takes its value from the next word all the same.
    let long = [
        ("create", 'c'),
        ("extract", 'x'),
        ("list", 't'),
        ("file", 'f'),
        ("gzip", 'z'),
        ("verbose", 'v'),
        ("directory", 'C'),
        ("to-stdout", 'O'),
        ("exclude", 'X'),
        ("no-same-owner", 'o'),
        ("no-same-permissions", 'p'),
        ("strip-components", 'S'),
        ("warning", 'W'),
        ("no-overwrite-dir", 'k'),
    ];
    let mut fixed: Vec<String> = vec![];
    for (i, w) in words.iter().enumerate() {
        let letters = w.strip_prefix('-').filter(|l| i == 1 && !l.starts_with('-') && l.len() > 1);
        match letters.and_then(|l| l.find('f').map(|at| (l, at))) {
            Some((l, at))
                if at + 1 < l.len()
                    && l[at + 1..].chars().all(|c| "cxtzvmpOohk".contains(c))
                    && c.words.get(1).is_some_and(|w| !w.starts_with('-')) =>
            {
                fixed.push(format!("-{}{}f", &l[..at], &l[at + 1..]));
            }
            _ => fixed.push(w.clone()),
        }
    }
    Options::parse(&fixed, "cxtzvmpOohkajJP", "fCXSTW", &long).map_err(|e| {
        c.err.extend(e.bytes());
        1
    })
}

pub fn tar(c: &mut Call<'_, '_>) -> i32 {
    let o = match tar_options(c) {
        Ok(o) => o,
        Err(code) => return code,
    };
    match o.last_of("cxt") {
        Some('c') => create(c, &o),
        Some(how) => extract(c, &o, how == 't'),
        None => {
            c.cannot(
                "You must specify one of the '-Acdtrux', '--delete' or '--test-label' options",
                "need at least one of -c, -x, -t",
            );
            if c.is_gnu() { 2 } else { 1 }
        }
    }
}

/// Where relative paths begin: `-C`.
fn base(c: &mut Call<'_, '_>, o: &Options) -> Result<String, i32> {
    let dir = o.value('C').unwrap_or(".").to_string();
    let full = c.sys.path(&dir);
    if c.sys.view(|v| v.is_directory(&full)) {
        return Ok(full);
    }
    c.cannot(
        format!("{dir}: Cannot open: No such file or directory"),
        format!("can't change directory to '{dir}': No such file or directory"),
    );
    Err(if c.is_gnu() { 2 } else { 1 })
}

fn create(c: &mut Call<'_, '_>, o: &Options) -> i32 {
    let base = match base(c, o) {
        Ok(b) => b,
        Err(code) => return code,
    };
    if o.rest.is_empty() {
        c.cannot("Cowardly refusing to create an empty archive", "empty archive");
        return if c.is_gnu() { 2 } else { 1 };
    }
    let mut builder = Builder::new(vec![]);
    let (mut code, mut listed) = (0, vec![]);
    for p in &o.rest {
        let mut stripped = false;
        code = code.max(add(c, o, &mut builder, &base, p, &mut listed, &mut stripped, 0));
        if stripped {
            c.cannot("Removing leading `/' from member names", "removing leading '/' from member names");
        }
    }
    let Ok(mut data) = builder.into_inner() else { return 1 };
    // Real archives are filled up to a whole record.
    data.resize(data.len().div_ceil(10_240) * 10_240, 0);
    if o.has('z') {
        data = packed(&data);
    }
    let to_stdout = o.value('f').is_none_or(|f| f == "-");
    for l in listed {
        if to_stdout { c.err.extend(format!("{l}\n").bytes()) } else { c.line(l) }
    }
    match o.value('f').filter(|_| !to_stdout) {
        Some(f) => {
            let path = c.sys.path(f);
            if let Err(e) = c.sys.view(|v| v.write(&path, &data)) {
                c.cannot(format!("{f}: Cannot open: {}", e.text()), format!("can't open '{f}': {}", e.text()));
                return if c.is_gnu() { 2 } else { 1 };
            }
        }
        None => c.out = data,
    }
    code
}

#[allow(clippy::too_many_arguments, reason = "what goes down through the directories")]
fn add(
    c: &mut Call<'_, '_>,
    o: &Options,
    builder: &mut Builder<Vec<u8>>,
    base: &str,
    shown: &str,
    listed: &mut Vec<String>,
    stripped: &mut bool,
    depth: usize,
) -> i32 {
    let full = if shown.starts_with('/') { shown.to_string() } else { join(base, shown) };
    let excluded = |p: &&str| {
        let pattern = crate::runtime::shell::pattern::Pattern::parse(p);
        pattern.matches(shown) || pattern.matches(name(shown))
    };
    if o.values('X').iter().any(excluded) || listed.len() > MOST_ENTRIES || builder.get_ref().len() as u64 > MOST_BYTES
    {
        return 0;
    }
    let node = match c.sys.view(|v| if o.has('h') { v.stat(&full) } else { v.link_stat(&full) }) {
        Ok(n) => n,
        Err(e) => {
            c.cannot(format!("{shown}: Cannot stat: {}", e.text()), format!("{shown}: {}", e.text()));
            return if c.is_gnu() { 2 } else { 1 };
        }
    };
    let mut inside = shown.trim_start_matches('/').to_string();
    *stripped |= inside.len() != shown.len();
    if node.is_directory() && !inside.ends_with('/') {
        inside.push('/');
    }
    if o.has('v') {
        listed.push(if *stripped { shown.to_string() } else { inside.clone() });
    }
    if inside != "/" && !append(c, builder, &full, &inside, &node) {
        return 0;
    }
    let mut code = 0;
    if node.is_directory() && depth < DEEPEST {
        for n in c.sys.view(|v| v.names(&full)).unwrap_or_default() {
            code = code.max(add(c, o, builder, base, &join(shown, &n), listed, stripped, depth + 1));
        }
    }
    code
}

/// Puts one name into an archive; devices are left out.
fn append(c: &mut Call<'_, '_>, builder: &mut Builder<Vec<u8>>, full: &str, inside: &str, node: &Node) -> bool {
    let mut h = Header::new_gnu();
    h.set_mode(u32::from(node.mode));
    h.set_uid(u64::from(node.user));
    h.set_gid(u64::from(node.group));
    let (seconds, _) = node.modified.unix_seconds_and_nanos();
    h.set_mtime(u64::try_from(seconds).unwrap_or(0));
    let user = name_of(node.user, c.sys).unwrap_or_default();
    let group = group_name(node.group, c.sys).unwrap_or_default();
    let _ = h.set_username(&user);
    let _ = h.set_groupname(&group);
    h.set_size(0);
    match &node.kind {
        Kind::Directory => {
            h.set_entry_type(EntryType::Directory);
            builder.append_data(&mut h, inside, std::io::empty()).is_ok()
        }
        Kind::Link(to) => {
            h.set_entry_type(EntryType::Symlink);
            builder.append_link(&mut h, inside, &**to).is_ok()
        }
        Kind::Device(_) => false,
        Kind::File(_) | Kind::Program(_) | Kind::Token(_) => {
            let content = c.sys.read_file(full).unwrap_or_default();
            h.set_entry_type(EntryType::Regular);
            h.set_size(content.len() as u64);
            builder.append_data(&mut h, inside, content.as_slice()).is_ok()
        }
    }
}

fn extract(c: &mut Call<'_, '_>, o: &Options, lists: bool) -> i32 {
    let file = o.value('f').unwrap_or("-").to_string();
    let data = match c.read(&file) {
        Ok(d) => d,
        Err(e) => {
            c.cannot(format!("{file}: Cannot open: {}", e.text()), format!("can't open '{file}': {}", e.text()));
            return if c.is_gnu() { 2 } else { 1 };
        }
    };
    let data = if data.starts_with(&[0x1f, 0x8b]) { unpacked(&data) } else { Some(data.to_vec()) };
    let broken = |c: &mut Call<'_, '_>| {
        c.cannot(
            "This does not look like a tar archive\ntar: Exiting with failure status due to previous errors",
            "invalid tar magic",
        );
        if c.is_gnu() { 2 } else { 1 }
    };
    let Some(data) = data else { return broken(c) };
    if data.is_empty() && !c.is_gnu() {
        c.complain("short read");
        return 1;
    }
    let base = match base(c, o) {
        Ok(b) => b,
        Err(code) => return code,
    };
    let mut archive = Archive::new(data.as_slice());
    let Ok(entries) = archive.entries() else { return broken(c) };
    let (mut found, mut code) = (vec![false; o.rest.len()], 0);
    for e in entries.take(MOST_ENTRIES) {
        let Ok(mut e) = e else { return broken(c) };
        let path = String::from_utf8_lossy(&e.path_bytes()).into_owned();
        let wanted = |w: &String| {
            let (w, p) = (w.trim_end_matches('/'), path.trim_end_matches('/'));
            p == w || p.starts_with(&join(w, ""))
        };
        let which: Vec<usize> = (0..o.rest.len()).filter(|i| wanted(&o.rest[*i])).collect();
        if which.is_empty() && !o.rest.is_empty() {
            continue;
        }
        which.into_iter().for_each(|i| found[i] = true);
        if lists || o.has('v') {
            let text = if lists && o.has('v') { long(e.header(), &path) } else { path.clone() };
            c.line(text);
        }
        if lists {
            continue;
        }
        if let Err(why) = unpack(c, o, &base, &path, &mut e) {
            c.cannot(format!("{path}: Cannot open: {}", why.text()), format!("can't open '{path}': {}", why.text()));
            code = if c.is_gnu() { 2 } else { 1 };
        }
    }
    for (w, _) in o.rest.iter().zip(&found).filter(|(_, f)| !**f) {
        c.cannot(format!("{w}: Not found in archive"), format!("{w}: not found in archive"));
        code = if c.is_gnu() { 2 } else { 1 };
    }
    code
}

/// `-rw-r--r-- root/root         3 2024-01-01 00:00:00 a`
fn long(h: &Header, path: &str) -> String {
    let mode = u16::try_from(h.mode().unwrap_or(0) & 0o7777).unwrap_or(0);
    let kind = match h.entry_type() {
        EntryType::Directory => Kind::Directory,
        EntryType::Symlink => Kind::Link("".into()),
        _ => Kind::File(Default::default()),
    };
    let owner = |name: Option<&[u8]>, n: u64| match name {
        Some(b) if !b.is_empty() => String::from_utf8_lossy(b).into_owned(),
        _ => n.to_string(),
    };
    let user = owner(h.username_bytes(), h.uid().unwrap_or(0));
    let group = owner(h.groupname_bytes(), h.gid().unwrap_or(0));
    let at = jiff::Timestamp::from_second(i64::try_from(h.mtime().unwrap_or(0)).unwrap_or(0)).unwrap_or_default();
    let link = h.link_name_bytes().map(|l| format!(" -> {}", String::from_utf8_lossy(&l))).unwrap_or_default();
    format!(
        "{} {user}/{group} {:>9} {} {path}{link}",
        super::listing::permissions(&Node::new(kind, mode)),
        h.size().unwrap_or(0),
        at.strftime("%Y-%m-%d %H:%M:%S"),
    )
}

fn unpack(
    c: &mut Call<'_, '_>,
    o: &Options,
    base: &str,
    path: &str,
    e: &mut tar::Entry<'_, &[u8]>,
) -> Result<(), Errno> {
    let skip = o.value('S').and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
    // Nothing leaves the directory that is unpacked into.
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty() && *p != ".").skip(skip).collect();
    if parts.is_empty() {
        return Ok(());
    }
    if parts.contains(&"..") {
        return Err(Errno::Invalid);
    }
    let full = join(base, &parts.join("/"));
    let mut content = vec![];
    if e.header().entry_type().is_file() {
        e.take(LARGEST_FILE as u64).read_to_end(&mut content).map_err(|_| Errno::Invalid)?;
    }
    if o.has('O') {
        c.out.extend(content);
        return Ok(());
    }
    let h = e.header();
    let mode = u16::try_from(h.mode().unwrap_or(0o644) & 0o7777).unwrap_or(0o644);
    let link = h.link_name_bytes().map(|l| String::from_utf8_lossy(&l).into_owned()).unwrap_or_default();
    let (kind, owner) = (h.entry_type(), (h.uid().unwrap_or(0), h.gid().unwrap_or(0)));
    let seconds = i64::try_from(h.mtime().unwrap_or(0)).unwrap_or(0);
    let keeps_time = !o.has('m');
    c.sys.view(|v| {
        let mut above = vec![];
        let mut at = parent(&full).to_string();
        while !v.exists(&at) && at != "/" {
            above.push(at.clone());
            at = parent(&at).to_string();
        }
        above.iter().rev().try_for_each(|d| v.make_directory(d, 0o777))?;
        match kind {
            EntryType::Directory if v.is_directory(&full) => return Ok(()),
            EntryType::Directory => v.make_directory(&full, 0o777)?,
            EntryType::Symlink => {
                if v.link_stat(&full).is_ok_and(|n| !n.is_directory()) {
                    v.unlink(&full)?;
                }
                return v.make_link(&link, &full);
            }
            EntryType::Link => {
                let node = v.stat(&join(base, &link))?;
                v.put(&full, node.kind, node.mode)?;
            }
            k if k.is_file() => {
                // What stood there is replaced, not written into.
                if v.link_stat(&full).is_ok_and(|n| !n.is_directory()) {
                    v.unlink(&full)?;
                }
                v.write(&full, &content)?;
            }
            _ => return Ok(()),
        }
        let root = v.who.user == 0;
        let mask = if root { 0 } else { v.umask };
        let stamp = jiff::Timestamp::from_second(seconds).unwrap_or_default();
        v.change(&full, |n| {
            n.mode = mode & !mask;
            if keeps_time {
                n.modified = super::moments::to_time(stamp);
            }
            if root && !o.has('o') {
                (n.user, n.group) =
                    (u32::try_from(owner.0).unwrap_or(n.user), u32::try_from(owner.1).unwrap_or(n.group));
            }
        })
    })
}
