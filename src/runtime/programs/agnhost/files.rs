//! What looks at files: volumes and their rights, and what kubelet has written for the pod's names.
//! Real Kubernetes: test/images/agnhost/{mounttest,dns}.

use super::{Flags, print};
use crate::api::{Duration, Time};
use crate::runtime::kernel::tree::{Kind, Node};
use crate::runtime::kernel::{Errno, Program, STDOUT, Step, Sys, Wait, proc};
use crate::runtime::programs::Start;
use crate::runtime::programs::listing::permissions;

/// The words after a name in `/etc/resolv.conf`.
fn resolver(s: &mut Start<'_, '_>, name: &str) -> Box<dyn Program> {
    let text =
        s.sys.read_file("/etc/resolv.conf").map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default();
    let of = |l: &str| l.strip_prefix(name).map(|rest| rest.split_whitespace().map(String::from).collect::<Vec<_>>());
    let all: Vec<String> = text.lines().filter_map(of).flatten().collect();
    print(format!("{}\n", all.join(",")), 0)
}

pub fn dns_servers(_: &Flags, s: &mut Start<'_, '_>) -> Box<dyn Program> {
    resolver(s, "nameserver ")
}

pub fn dns_suffix(_: &Flags, s: &mut Start<'_, '_>) -> Box<dyn Program> {
    resolver(s, "search ")
}

pub fn etc_hosts(_: &Flags, s: &mut Start<'_, '_>) -> Box<dyn Program> {
    match s.sys.read_file("/etc/hosts") {
        Ok(text) => print(String::from_utf8_lossy(&text).into_owned(), 0),
        Err(e) => print(format!("open /etc/hosts: {}\n", e.text().to_lowercase()), 1),
    }
}

pub const MOUNT_FLAGS: &[(&str, &str)] = &[
    ("fs_type", ""),
    ("file_mode", ""),
    ("file_perm", ""),
    ("file_owner", ""),
    ("new_file_0644", ""),
    ("new_file_0666", ""),
    ("new_file_0660", ""),
    ("new_file_0777", ""),
    ("file_content", ""),
    ("file_content_in_loop", ""),
    ("retry_time", "180"),
    ("break_on_expected_content", "true"),
];
const CONTENT: &str = "mount-tester new file\n";
const EXT4: u32 = 61_267;
const PAUSE: Duration = Duration::from_secs(2);

fn why(call: &str, path: &str, e: Errno) -> String {
    format!("{call} {path}: {}", e.text().to_lowercase())
}

/// What stands there, behind links too, and its mode as Go writes it.
fn stat(path: &str, sys: &mut Sys<'_>) -> Result<(Node, String), Errno> {
    let full = sys.path(path);
    let node = sys.view(|v| v.stat(&full))?;
    // Go's letters stand before, not between those of the rights.
    let text = permissions(&Node { mode: node.mode & 0o777, ..node.clone() });
    let sticky = if node.mode & 0o1000 != 0 { "t" } else { "" };
    let group = if node.mode & 0o2000 != 0 { "g" } else { "" };
    let user = if node.mode & 0o4000 != 0 { "u" } else { "" };
    let kind = if node.is_directory() { "d" } else { "" };
    let letters = format!("{kind}{user}{group}{sticky}");
    let letters = if letters.is_empty() { "-".to_string() } else { letters };
    Ok((node, format!("{letters}{}", &text[1..])))
}

fn fs_type(path: &str, sys: &mut Sys<'_>) -> (String, bool) {
    if let Err(e) = stat(path, sys) {
        return (format!("error from statfs({path:?}): {}\n", e.text().to_lowercase()), false);
    }
    let table = proc::mounts(sys);
    let below = |at: &str| path == at || at == "/" || path.starts_with(&format!("{at}/"));
    let found = table.lines().filter_map(|l| {
        let mut words = l.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let kind = found.filter(|(at, _)| below(at)).max_by_key(|(at, _)| at.len()).map_or("", |(_, kind)| kind);
    let shown = if kind == "tmpfs" { kind.to_string() } else { EXT4.to_string() };
    (format!("mount type of {path:?}: {shown}\n"), true)
}

fn content(path: &str, sys: &mut Sys<'_>) -> (String, bool) {
    match sys.read_file(path) {
        Ok(text) => (format!("content of file {path:?}: {}\n", String::from_utf8_lossy(&text)), true),
        Err(e) => (format!("error reading file content for {path:?}: {}\n", why("open", path, e)), false),
    }
}

fn new_file(path: &str, mode: u16, sys: &mut Sys<'_>) -> (String, bool) {
    let full = sys.path(path);
    let there = sys.exists(path);
    let kind = Kind::File(std::sync::Arc::new(CONTENT.into()));
    let put = sys.view(|v| {
        v.put(&full, kind, mode)?;
        if there { Ok(()) } else { v.change(&full, |n| n.mode = mode) }
    });
    match put {
        Ok(()) => content(path, sys),
        Err(e) => (format!("error writing new file {path:?}: {}\n", why("open", path, e)), false),
    }
}

fn owner(path: &str, sys: &mut Sys<'_>) -> (String, bool) {
    match stat(path, sys) {
        Ok((n, _)) => (format!("owner UID of {path:?}: {}\nowner GID of {path:?}: {}\n", n.user, n.group), true),
        Err(e) => (format!("error from stat({path:?}): {}\n", e.text().to_lowercase()), false),
    }
}

fn mode(path: &str, what: &str, sys: &mut Sys<'_>) -> (String, bool) {
    match stat(path, sys) {
        Ok((n, _)) if what == "perms" => {
            let bare = permissions(&Node { mode: n.mode & 0o777, ..n });
            (format!("perms of file {path:?}: -{}\n", &bare[1..]), true)
        }
        Ok((_, text)) => (format!("mode of file {path:?}: {text}\n"), true),
        Err(e) => (format!("error from Stat({path:?}): {}\n", why("stat", path, e)), false),
    }
}

/// Looks at all that its flags name, in a fixed order: what it writes can be read after it.
pub fn mounttest(f: &Flags, s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let (mut out, mut well) = (String::new(), true);
    let mut say = |(text, ok): (String, bool)| {
        out.push_str(&text);
        well &= ok;
    };
    let given = |name: &str| Some(f.text(name).to_string()).filter(|p| !p.is_empty());
    if let Some(p) = given("fs_type") {
        say(fs_type(&p, s.sys));
    }
    for (name, mode) in
        [("new_file_0644", 0o644), ("new_file_0666", 0o666), ("new_file_0660", 0o660), ("new_file_0777", 0o777)]
    {
        if let Some(p) = given(name) {
            say(new_file(&p, mode, s.sys));
        }
    }
    for (name, what) in [("file_mode", "mode"), ("file_perm", "perms")] {
        if let Some(p) = given(name) {
            say(mode(&p, what, s.sys));
        }
    }
    if let Some(p) = given("file_owner") {
        say(owner(&p, s.sys));
    }
    if let Some(p) = given("file_content") {
        say(content(&p, s.sys));
    }
    match given("file_content_in_loop") {
        None => print(out, i32::from(!well)),
        Some(path) => Box::new(Loop {
            path,
            until: s.sys.now + Duration::from_secs(u64::try_from(f.number("retry_time")).unwrap_or(180)),
            once: f.is_on("break_on_expected_content"),
            out: out.into_bytes(),
            next: s.sys.now,
            code: i32::from(!well),
        }),
    }
}

/// Reads a file again and again.
#[derive(Clone)]
struct Loop {
    path: String,
    until: Time,
    /// Until it holds what was expected.
    once: bool,
    out: Vec<u8>,
    next: Time,
    code: i32,
}

impl Program for Loop {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        loop {
            match sys.drain(STDOUT, &mut self.out) {
                Ok(true) => {}
                Ok(false) => return Step::Wait(Wait::writable(STDOUT)),
                Err(_) => return Step::Exit(1),
            }
            if sys.now >= self.until {
                return Step::Exit(self.code);
            }
            if sys.now < self.next {
                return Step::Wait(Wait::until(self.next));
            }
            self.next = sys.now + PAUSE;
            match sys.read_file(&self.path) {
                Err(e) => {
                    let text = format!("Error reading file {}: {}, retrying\n", self.path, why("open", &self.path, e));
                    self.out.extend(text.bytes());
                }
                Ok(bytes) => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    self.out.extend(format!("content of file {:?}: {text}\n", self.path).bytes());
                    if self.once && text == CONTENT {
                        self.until = sys.now;
                    } else if self.once {
                        self.out.extend(format!("Unexpected content. Expected: {CONTENT}. Retrying").bytes());
                    }
                }
            }
        }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
