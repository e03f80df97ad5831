//! The programs that every image has: a small part of busybox, and the servers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::files::Files;
use super::web::{REQUEST, Server, Site};
use crate::api::image::ImageRef;
use crate::api::ops::ContainerSpec;
use crate::api::path::absolute;
use crate::api::{Duration, Time};

/// What a program can reach.
pub struct System<'a> {
    pub files: Files<'a>,
    pub stdin: String,
    pub stdout: &'a mut String,
    pub stderr: &'a mut String,
    pub now: Time,
    pub container: &'a ContainerSpec,
    /// What the image's own program serves.
    pub server: Option<&'static Arc<Server>>,
    /// Signals sent to process 1 of this container.
    pub signals: &'a mut Vec<i32>,
}

/// What a program did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Run {
    Done(i32),
    Sleep(Duration),
    Serve(Arc<Server>),
    /// `sh -c …`: the script and its arguments.
    Script {
        text: String,
        args: Vec<String>,
    },
}

/// Whether an executable of that name exists.
pub fn exists(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    let place_ok = !name.contains('/')
        || ["/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/", "/usr/local/bin/"]
            .iter()
            .any(|p| name.strip_prefix(p) == Some(base));
    place_ok && NAMES.contains(&base)
}

const NAMES: &[&str] = &[
    "sh",
    "bash",
    "ash",
    "true",
    "false",
    ":",
    "echo",
    "printf",
    "cat",
    "sleep",
    "ls",
    "touch",
    "rm",
    "mkdir",
    "pwd",
    "hostname",
    "env",
    "printenv",
    "date",
    "id",
    "whoami",
    "uname",
    "test",
    "[",
    "grep",
    "head",
    "tail",
    "wc",
    "kill",
    "ps",
    "seq",
    "nginx",
    "httpd",
    "web",
    "redis-server",
    "busybox",
    "sort",
    "tee",
    "basename",
    "dirname",
    "which",
    "yes",
];

pub fn run(words: &[String], env: &BTreeMap<String, String>, cwd: &str, sys: &mut System<'_>) -> Run {
    let Some(name) = words.first() else { return Run::Done(0) };
    if !exists(name) {
        sys.stderr.push_str(&format!("sh: {name}: not found\n"));
        return Run::Done(127);
    }
    let base = name.rsplit('/').next().unwrap_or(name);
    let args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    match base {
        "busybox" => return run(&words[1..], env, cwd, sys),
        "sh" | "bash" | "ash" => return shell(&args, sys),
        "sleep" => return sleep(&args, sys),
        "nginx" | "httpd" | "web" | "redis-server" => {
            return Run::Serve(sys.server.cloned().unwrap_or_else(|| Arc::new(busybox_httpd(&args, cwd))));
        }
        _ => {}
    }
    Run::Done(match base {
        "true" | ":" => 0,
        "false" => 1,
        "echo" => echo(&args, sys),
        "printf" => printf(&args, sys),
        "cat" => cat(&args, cwd, sys),
        "ls" => ls(&args, cwd, sys),
        "touch" => each(&args, sys, |p, sys| {
            sys.files.write(&absolute(cwd, p), String::new(), true).map_err(|e| format!("touch: {p}: {}", e.text()))
        }),
        "mkdir" => each(&args, sys, |p, sys| {
            sys.files
                .write(&format!("{}/.keep", absolute(cwd, p)), String::new(), true)
                .map_err(|e| format!("mkdir: can't create directory '{p}': {}", e.text()))
        }),
        "rm" => {
            let forced = args.iter().any(|a| a.starts_with('-') && a.contains('f'));
            each(&args, sys, |p, sys| match sys.files.remove(&absolute(cwd, p)) {
                Err(e) if !forced => Err(format!("rm: can't remove '{p}': {}", e.text())),
                _ => Ok(()),
            })
        }
        "pwd" => say(sys, cwd),
        "hostname" => {
            let h = sys.container.hostname.to_string();
            say(sys, &h)
        }
        "env" | "printenv" => match args.first() {
            Some(k) => env.get(*k).map_or(1, |v| say(sys, v)),
            None => {
                for (k, v) in env {
                    sys.stdout.push_str(&format!("{k}={v}\n"));
                }
                0
            }
        },
        "date" => {
            let t = if args.first() == Some(&"+%s") {
                (sys.now.nanos() / 1_000_000_000).to_string()
            } else {
                sys.now.rfc1123z()
            };
            say(sys, &t)
        }
        "whoami" => say(sys, "root"),
        "id" => say(sys, "uid=0(root) gid=0(root) groups=0(root)"),
        "uname" => say(sys, "Linux"),
        "test" | "[" => i32::from(!test(&args, base == "[", cwd, sys)),
        "grep" => grep(&args, cwd, sys),
        "head" | "tail" => ends(&args, base == "head", cwd, sys),
        "wc" => {
            let text = input(&args, cwd, sys);
            let n = if args.contains(&"-c") { text.len() } else { text.lines().count() };
            say(sys, &n.to_string())
        }
        "sort" => {
            let text = input(&args, cwd, sys);
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            lines.iter().for_each(|l| sys.stdout.push_str(&format!("{l}\n")));
            0
        }
        "tee" => {
            let text = sys.stdin.clone();
            sys.stdout.push_str(&text);
            each(&args, sys, |p, sys| {
                sys.files.write(&absolute(cwd, p), text.clone(), false).map_err(|e| format!("tee: {p}: {}", e.text()))
            })
        }
        "seq" => {
            let n: Vec<i64> = args.iter().filter_map(|a| a.parse().ok()).collect();
            let (from, to) = if n.len() > 1 { (n[0], n[1]) } else { (1, n.first().copied().unwrap_or(0)) };
            (from..=to.min(from + 10_000)).for_each(|i| sys.stdout.push_str(&format!("{i}\n")));
            0
        }
        "basename" => say(sys, args.first().map_or("", |p| p.rsplit('/').next().unwrap_or(p))),
        "dirname" => say(sys, args.first().map_or(".", |p| p.rsplit_once('/').map_or(".", |(d, _)| d))),
        "which" => args.first().map_or(1, |p| if exists(p) { say(sys, &format!("/bin/{p}")) } else { 1 }),
        "ps" => {
            let main = main_program(sys.container);
            let list = format!(
                "PID   USER     TIME  COMMAND\n    1 root      0:00 {main}\n    7 root      0:00 {}",
                words.join(" ")
            );
            say(sys, &list)
        }
        "kill" => kill(&args, sys),
        _ => 0,
    })
}

/// Process 1 as `ps` shows it: the command asked for, or the image's own program, for which its name stands.
fn main_program(c: &ContainerSpec) -> String {
    if c.command.is_empty() && c.args.is_empty() {
        let image = ImageRef::parse(&c.image).map(|i| i.path).unwrap_or_default();
        return image.rsplit('/').next().unwrap_or_default().to_string();
    }
    [c.command.as_slice(), &c.args].concat().join(" ")
}

/// busybox's `httpd -p PORT -h DIRECTORY`.
fn busybox_httpd(args: &[&str], cwd: &str) -> Server {
    let option = |name: &str| args.iter().position(|a| *a == name).and_then(|i| args.get(i + 1));
    let port = option("-p").and_then(|p| p.rsplit(':').next()?.parse().ok()).unwrap_or(80);
    let root = absolute(cwd, option("-h").copied().unwrap_or("."));
    Server { port, site: Site::Files { root, lists: false }, cost: REQUEST }
}

fn say(sys: &mut System<'_>, text: &str) -> i32 {
    sys.stdout.push_str(text);
    sys.stdout.push('\n');
    0
}

/// Does something with each path; the first failure is printed and counts.
fn each(args: &[&str], sys: &mut System<'_>, mut f: impl FnMut(&str, &mut System<'_>) -> Result<(), String>) -> i32 {
    let mut code = 0;
    for p in args.iter().filter(|a| !a.starts_with('-')) {
        if let Err(e) = f(p, sys) {
            sys.stderr.push_str(&format!("{e}\n"));
            code = 1;
        }
    }
    code
}

fn shell(args: &[&str], sys: &mut System<'_>) -> Run {
    match args {
        ["-c", text, rest @ ..] => {
            Run::Script { text: (*text).into(), args: rest.iter().skip(1).map(|s| (*s).to_string()).collect() }
        }
        [flags, text, rest @ ..] if flags.starts_with('-') && flags.ends_with('c') => {
            Run::Script { text: (*text).into(), args: rest.iter().skip(1).map(|s| (*s).to_string()).collect() }
        }
        [path, ..] if !path.starts_with('-') => match sys.files.read(path) {
            Ok(text) => Run::Script { text: text.into(), args: vec![] },
            Err(_) => {
                sys.stderr.push_str(&format!("sh: can't open '{path}': No such file or directory\n"));
                Run::Done(2)
            }
        },
        _ => Run::Script { text: std::mem::take(&mut sys.stdin), args: vec![] },
    }
}

fn sleep(args: &[&str], sys: &mut System<'_>) -> Run {
    let mut total = 0.0;
    for a in args {
        let (number, unit) = match a.char_indices().last() {
            Some((i, 's')) => (&a[..i], 1.0),
            Some((i, 'm')) => (&a[..i], 60.0),
            Some((i, 'h')) => (&a[..i], 3600.0),
            Some((i, 'd')) => (&a[..i], 86_400.0),
            _ if *a == "infinity" => return Run::Sleep(Duration::from_secs(86_400 * 365)),
            _ => (*a, 1.0),
        };
        match number.parse::<f64>() {
            Ok(n) if n >= 0.0 && n.is_finite() => total += n * unit,
            _ => {
                sys.stderr.push_str(&format!("sleep: invalid number '{a}'\n"));
                return Run::Done(1);
            }
        }
    }
    Run::Sleep(Duration::try_from_secs_f64(total).unwrap_or(Duration::from_secs(86_400 * 365)))
}

fn echo(args: &[&str], sys: &mut System<'_>) -> i32 {
    let (newline, args) = match args {
        ["-n", rest @ ..] => (false, rest),
        ["-e", rest @ ..] => (true, rest),
        all => (true, all),
    };
    sys.stdout.push_str(&args.join(" "));
    if newline {
        sys.stdout.push('\n');
    }
    0
}

fn printf(args: &[&str], sys: &mut System<'_>) -> i32 {
    let Some((format, mut rest)) = args.split_first() else { return 1 };
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('n')) => {
                chars.next();
                sys.stdout.push('\n');
            }
            ('\\', Some('t')) => {
                chars.next();
                sys.stdout.push('\t');
            }
            ('%', Some('s' | 'd')) => {
                chars.next();
                if let Some((first, tail)) = rest.split_first() {
                    sys.stdout.push_str(first);
                    rest = tail;
                }
            }
            ('%', Some('%')) => {
                chars.next();
                sys.stdout.push('%');
            }
            _ => sys.stdout.push(c),
        }
    }
    0
}

fn cat(args: &[&str], cwd: &str, sys: &mut System<'_>) -> i32 {
    if args.is_empty() {
        let text = sys.stdin.clone();
        sys.stdout.push_str(&text);
        return 0;
    }
    each(args, sys, |p, sys| {
        let text = sys
            .files
            .read(&absolute(cwd, p))
            .map(String::from)
            .map_err(|e| format!("cat: can't open '{p}': {}", e.text()))?;
        sys.stdout.push_str(&text);
        Ok(())
    })
}

fn ls(args: &[&str], cwd: &str, sys: &mut System<'_>) -> i32 {
    let paths: Vec<&str> = args.iter().copied().filter(|a| !a.starts_with('-')).collect();
    let paths = if paths.is_empty() { vec![cwd] } else { paths };
    each(&paths, sys, |p, sys| {
        let path = absolute(cwd, p);
        if sys.files.is_file(&path) {
            sys.stdout.push_str(&format!("{p}\n"));
        } else if sys.files.is_directory(&path) {
            for n in sys.files.list(&path).iter().filter(|n| !n.starts_with('.')) {
                sys.stdout.push_str(&format!("{n}\n"));
            }
        } else {
            return Err(format!("ls: {p}: No such file or directory"));
        }
        Ok(())
    })
}

fn test(args: &[&str], bracket: bool, cwd: &str, sys: &System<'_>) -> bool {
    let args = match args {
        [rest @ .., "]"] if bracket => rest,
        all => all,
    };
    let number = |s: &str| s.trim().parse::<i64>().unwrap_or(0);
    match args {
        ["!", rest @ ..] => !test(rest, false, cwd, sys),
        [a, "-a", b] => test(&[a], false, cwd, sys) && test(&[b], false, cwd, sys),
        ["-f", p] => sys.files.is_file(&absolute(cwd, p)),
        ["-d", p] => sys.files.is_directory(&absolute(cwd, p)),
        ["-e" | "-r" | "-w", p] => sys.files.is_file(&absolute(cwd, p)) || sys.files.is_directory(&absolute(cwd, p)),
        ["-s", p] => sys.files.read(&absolute(cwd, p)).is_ok_and(|t| !t.is_empty()),
        ["-n", s] => !s.is_empty(),
        ["-z", s] => s.is_empty(),
        [a, "=" | "==", b] => a == b,
        [a, "!=", b] => a != b,
        [a, "-eq", b] => number(a) == number(b),
        [a, "-ne", b] => number(a) != number(b),
        [a, "-lt", b] => number(a) < number(b),
        [a, "-le", b] => number(a) <= number(b),
        [a, "-gt", b] => number(a) > number(b),
        [a, "-ge", b] => number(a) >= number(b),
        [s] => !s.is_empty(),
        _ => false,
    }
}

/// The text that a filter reads: its files, else its input.
fn input(args: &[&str], cwd: &str, sys: &System<'_>) -> String {
    let paths: Vec<&&str> = args.iter().filter(|a| !a.starts_with('-') && a.parse::<i64>().is_err()).collect();
    if paths.is_empty() {
        return sys.stdin.clone();
    }
    paths.iter().filter_map(|p| sys.files.read(&absolute(cwd, p)).ok()).collect()
}

fn grep(args: &[&str], cwd: &str, sys: &mut System<'_>) -> i32 {
    let plain: Vec<&str> = args.iter().copied().filter(|a| !a.starts_with('-')).collect();
    let flag = |c: char| args.iter().any(|a| a.starts_with('-') && a.contains(c));
    let Some((pattern, files)) = plain.split_first() else { return 2 };
    let text = input(files, cwd, sys);
    let fold = |s: &str| if flag('i') { s.to_lowercase() } else { s.to_string() };
    let mut found = false;
    for l in text.lines().filter(|l| fold(l).contains(&fold(pattern)) != flag('v')) {
        found = true;
        if !flag('q') {
            sys.stdout.push_str(&format!("{l}\n"));
        }
    }
    i32::from(!found)
}

fn ends(args: &[&str], head: bool, cwd: &str, sys: &mut System<'_>) -> i32 {
    let n = args
        .iter()
        .find_map(|a| a.trim_start_matches("-n").trim_start_matches('-').parse::<usize>().ok())
        .unwrap_or(10);
    let text = input(args, cwd, sys);
    let lines: Vec<&str> = text.lines().collect();
    let part = if head { &lines[..n.min(lines.len())] } else { &lines[lines.len().saturating_sub(n)..] };
    part.iter().for_each(|l| sys.stdout.push_str(&format!("{l}\n")));
    0
}

fn kill(args: &[&str], sys: &mut System<'_>) -> i32 {
    let signal = match args.first().copied() {
        Some("-9" | "-KILL" | "-SIGKILL") => 9,
        Some("-2" | "-INT") => 2,
        _ => 15,
    };
    let pid = args.iter().copied().rfind(|a| !a.starts_with('-'));
    if pid == Some("1") {
        sys.signals.push(signal);
        return 0;
    }
    sys.stderr.push_str(&format!("sh: can't kill pid {}: No such process\n", pid.unwrap_or("")));
    1
}
