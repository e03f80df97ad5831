//! What a shell does itself. To add one: its line in [`TABLE`] and its function.

use super::bash;
use super::jobs;
use super::state::{Flavor, Shell};
use super::test;
use super::variables::{getopts, local, mark, set, shift, unset};
use super::waiting::{read, wait};
use crate::api::Time;
use crate::runtime::kernel::{ProcessId, Signal, Step, Sys};
use crate::runtime::programs::{self, echo, printf};

pub struct Builtin {
    pub name: &'static str,
    /// POSIX' special ones: an error in one ends a script, and variables before it stay.
    pub special: bool,
    pub run: fn(&mut Shell, &[String], &mut Sys<'_>) -> Ran,
}

/// What a builtin did.
pub enum Ran {
    Done(i32),
    Wait(Waiting),
    /// The frames say how it goes on, and the status.
    Goes,
    Become(Step),
    Program {
        words: Vec<String>,
        replaces: bool,
    },
    Builtin(&'static Builtin, Vec<String>),
}

/// A builtin that waits.
#[derive(Clone, Debug)]
pub enum Waiting {
    /// `wait`: all of them; the status is that of one, if one was named.
    Processes { all: Vec<ProcessId>, report: Option<ProcessId> },
    Read {
        variables: Vec<String>,
        raw: bool,
        most: Option<usize>,
        until: Option<Time>,
        data: Vec<u8>,
        /// Bash's `-a`: all words go into one array.
        array: bool,
    },
    /// All lines go into an array.
    Lines { array: String, keeps_ends: bool, data: Vec<u8> },
}

const fn special(name: &'static str, run: fn(&mut Shell, &[String], &mut Sys<'_>) -> Ran) -> Builtin {
    Builtin { name, special: true, run }
}

const fn plain(name: &'static str, run: fn(&mut Shell, &[String], &mut Sys<'_>) -> Ran) -> Builtin {
    Builtin { name, special: false, run }
}

pub static TABLE: &[Builtin] = &[
    special(":", |_, _, _| Ran::Done(0)),
    special(".", source),
    special("break", |sh, w, sys| leave(sh, w, false, sys)),
    special("continue", |sh, w, sys| leave(sh, w, true, sys)),
    special("eval", eval),
    special("exec", exec),
    special("exit", exit),
    special("export", |sh, w, sys| mark(sh, w, |v| v.exported = true, sys)),
    special("readonly", |sh, w, sys| mark(sh, w, |v| v.read_only = true, sys)),
    special("return", return_),
    special("set", set),
    special("shift", shift),
    special("times", |sh, _, sys| say(sh, "0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n", sys)),
    special("trap", trap),
    special("unset", unset),
    plain("[", test_),
    plain("alias", |_, _, _| Ran::Done(0)),
    plain("bg", |_, _, _| Ran::Done(0)),
    plain("cd", cd),
    plain("command", command),
    plain("declare", bash::declare),
    plain("echo", echo_),
    plain("false", |_, _, _| Ran::Done(1)),
    plain("fg", |_, _, _| Ran::Done(0)),
    plain("getopts", getopts),
    plain("hash", |_, _, _| Ran::Done(0)),
    plain("jobs", jobs::jobs),
    plain("kill", kill),
    plain("let", let_),
    plain("local", local),
    plain("mapfile", bash::mapfile),
    plain("printf", printf_),
    plain("pwd", |sh, words, sys| {
        let mut cwd = sys.cwd().to_string();
        if words.iter().any(|w| w == "-P") {
            cwd = sys.view(|v| v.resolve(&cwd, true)).unwrap_or(cwd);
        }
        let cwd = format!("{cwd}\n");
        say(sh, &cwd, sys)
    }),
    plain("read", read),
    plain("readarray", bash::mapfile),
    plain("shopt", |_, _, _| Ran::Done(0)),
    plain("source", source),
    plain("test", test_),
    plain("true", |_, _, _| Ran::Done(0)),
    plain("type", type_),
    plain("typeset", bash::declare),
    plain("ulimit", |sh, _, sys| say(sh, "unlimited\n", sys)),
    plain("umask", umask),
    plain("unalias", |_, _, _| Ran::Done(0)),
    plain("wait", wait),
];

pub fn find(name: &str) -> Option<&'static Builtin> {
    TABLE.iter().find(|b| b.name == name)
}

/// Some are bash's alone.
pub fn find_for(name: &str, flavor: Flavor) -> Option<&'static Builtin> {
    let of_bash = ["declare", "let", "mapfile", "readarray", "shopt", "source", "typeset"].contains(&name);
    let ash_has = ["let", "source"].contains(&name);
    find(name).filter(|_| match flavor {
        Flavor::Bash => true,
        Flavor::Ash => !of_bash || ash_has,
        Flavor::Dash => !of_bash,
    })
}

pub(super) fn say(sh: &mut Shell, text: &str, sys: &mut Sys<'_>) -> Ran {
    sh.print(1, text.as_bytes(), sys);
    Ran::Done(0)
}

pub(super) fn wrong(sh: &mut Shell, what: &str, sys: &mut Sys<'_>) -> Ran {
    sh.complain(what, sys);
    Ran::Done(2)
}

pub(super) fn number(sh: &mut Shell, text: &str, what: &str, sys: &mut Sys<'_>) -> Result<usize, Ran> {
    text.parse().map_err(|_| {
        sh.fail(&format!("{what}: Illegal number: {text}"), sys);
        Ran::Goes
    })
}

fn source(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let Some(path) = words.get(1) else { return wrong(sh, ".: filename argument required", sys) };
    match sys.read_file(path) {
        Ok(text) => {
            sh.source(&String::from_utf8_lossy(&text));
            Ran::Goes
        }
        Err(e) => {
            let what = match sh.flavor {
                Flavor::Dash => format!("{}: cannot open {path}: No such file", words[0]),
                Flavor::Ash => format!("{}: can't open '{path}': {}", words[0], e.text()),
                Flavor::Bash => format!("{path}: {}", e.text()),
            };
            sh.fail(&what, sys);
            Ran::Goes
        }
    }
}

fn leave(sh: &mut Shell, words: &[String], again: bool, sys: &mut Sys<'_>) -> Ran {
    let n = match words.get(1) {
        None => 1,
        Some(n) => match number(sh, n, &words[0], sys) {
            Ok(n) => n.max(1),
            Err(r) => return r,
        },
    };
    sh.leave_loops(n, again, sys);
    Ran::Goes
}

fn eval(sh: &mut Shell, words: &[String], _: &mut Sys<'_>) -> Ran {
    sh.status = 0;
    sh.load(&words[1..].join(" "));
    Ran::Goes
}

fn exec(_: &mut Shell, words: &[String], _: &mut Sys<'_>) -> Ran {
    match words.len() {
        1 => Ran::Done(0),
        _ => Ran::Program { words: words[1..].to_vec(), replaces: true },
    }
}

fn exit(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    match words.get(1) {
        None => sh.exiting = Some(sh.status),
        Some(n) => match n.parse::<i64>() {
            Ok(n) => sh.exiting = Some(i32::try_from(n & 0xff).unwrap_or_default()),
            Err(_) => sh.fail(&format!("exit: Illegal number: {n}"), sys),
        },
    }
    Ran::Goes
}

fn return_(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let code = match words.get(1) {
        None => sh.status,
        Some(n) => match number(sh, n, "return", sys) {
            Ok(n) => i32::try_from(n & 0xff).unwrap_or_default(),
            Err(r) => return r,
        },
    };
    sh.leave_function(code, sys);
    Ran::Goes
}

fn trap(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let words = if words.get(1).is_some_and(|w| w == "--") { &words[1..] } else { words };
    let Some(action) = words.get(1) else {
        let line = |(k, v): (&String, &String)| format!("trap -- '{}' {k}\n", v.replace('\'', "'\"'\"'"));
        let text: String = sh.traps.iter().map(line).collect();
        return say(sh, &text, sys);
    };
    // One word alone, or a number first, names what is to be forgotten.
    let resets = words.len() == 2 || action.parse::<u32>().is_ok();
    let names = if resets { &words[1..] } else { &words[2..] };
    for n in names {
        let name = match n.as_str() {
            "0" | "EXIT" => "EXIT".to_string(),
            other => match Signal::parse(other) {
                Some(s) => s.name(),
                None => return wrong(sh, &format!("trap: {other}: bad trap"), sys),
            },
        };
        if resets || action == "-" {
            sh.traps.remove(&name);
        } else {
            sh.traps.insert(name, action.clone());
        }
    }
    Ran::Done(0)
}

fn test_(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let mut args = &words[1..];
    if words[0] == "[" {
        match args.split_last() {
            Some((last, rest)) if last == "]" => args = rest,
            _ => return wrong(sh, "[: missing ]", sys),
        }
    }
    match test::evaluate(args, sys) {
        Ok(r) => Ran::Done(i32::from(!r)),
        Err(e) => wrong(sh, &format!("{}: {e}", words[0]), sys),
    }
}

fn cd(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let wanted = words[1..].iter().find(|w| !["-L", "-P", "--"].contains(&w.as_str()));
    let to = match wanted.map(String::as_str) {
        None => sh.get("HOME").unwrap_or_else(|| "/".into()),
        Some("-") => sh.get("OLDPWD").unwrap_or_else(|| "/".into()),
        Some(d) => d.into(),
    };
    if to.is_empty() {
        return Ran::Done(0);
    }
    let shows = wanted.is_some_and(|w| w == "-");
    let mut full = crate::api::path::absolute(&sys.cwd(), &to);
    if words[1..].iter().any(|w| w == "-P")
        && let Ok(resolved) = sys.view(|v| v.resolve(&full, true))
    {
        full = resolved;
    }
    let checked = sys.view(|v| match v.stat(&full) {
        Ok(n) if !n.is_directory() => Err(crate::runtime::kernel::Errno::NotDirectory),
        Ok(_) if !v.access(&full, 'x') => Err(crate::runtime::kernel::Errno::Denied),
        Ok(_) => Ok(()),
        Err(e) => Err(e),
    });
    if let Err(e) = checked {
        let what = match sh.flavor {
            Flavor::Ash => format!("cd: can't cd to {to}: {}", e.text()),
            Flavor::Dash => format!("cd: can't cd to {to}"),
            Flavor::Bash => format!("cd: {to}: {}", e.text()),
        };
        sh.complain(&what, sys);
        return Ran::Done(if sh.flavor == Flavor::Dash { 2 } else { 1 });
    }
    let old = sys.cwd().to_string();
    sys.set_cwd(&full);
    let _ = sh.set("OLDPWD", old);
    let _ = sh.set("PWD", full.clone());
    if shows { say(sh, &format!("{full}\n"), sys) } else { Ran::Done(0) }
}

fn described(sh: &mut Shell, name: &str, sys: &mut Sys<'_>) -> Option<(String, String)> {
    const RESERVED: [&str; 16] = [
        "if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "{", "}", "!", "in",
    ];
    if RESERVED.contains(&name) {
        return Some((name.into(), format!("{name} is a shell keyword")));
    }
    if sh.functions.contains_key(name) {
        return Some((name.into(), format!("{name} is a shell function")));
    }
    if let Some(b) = find(name) {
        let kind = if b.special { "special shell builtin" } else { "shell builtin" };
        return Some((name.into(), format!("{name} is a {kind}")));
    }
    let path = sh.get("PATH").unwrap_or_default();
    programs::which(name, &path, sys).ok().map(|p| (p.clone(), format!("{name} is {p}")))
}

fn command(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    match words.get(1).map(String::as_str) {
        None => Ran::Done(0),
        Some(how @ ("-v" | "-V")) => {
            let mut code = 0;
            for name in &words[2..] {
                match described(sh, name, sys) {
                    Some((short, long)) => {
                        sh.print(1, format!("{}\n", if how == "-v" { short } else { long }).as_bytes(), sys);
                    }
                    None if how == "-v" => code = 127,
                    None => {
                        sh.print(2, format!("{name}: not found\n").as_bytes(), sys);
                        code = 127;
                    }
                }
            }
            Ran::Done(code)
        }
        Some(first) => {
            let rest = words[if first == "-p" || first == "--" { 2 } else { 1 }..].to_vec();
            match rest.first().and_then(|n| find(n)) {
                Some(b) => Ran::Builtin(b, rest),
                None if rest.is_empty() => Ran::Done(0),
                None => Ran::Program { words: rest, replaces: false },
            }
        }
    }
}

fn type_(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let mut code = 0;
    for name in &words[1..] {
        let text = match described(sh, name, sys) {
            Some((_, long)) => long,
            None => {
                code = 127;
                format!("{name}: not found")
            }
        };
        sh.print(1, format!("{text}\n").as_bytes(), sys);
    }
    Ran::Done(code)
}

fn echo_(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let style = if sh.flavor == Flavor::Dash { echo::Style::AlwaysEscapes } else { echo::Style::Options };
    let text = echo::echo(&words[1..], style);
    let printed = sh.print(1, &text, sys);
    Ran::Done(i32::from(!printed))
}

fn printf_(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let words = if words.get(1).is_some_and(|w| w == "--") { &words[1..] } else { words };
    let Some(format) = words.get(1) else {
        return wrong(sh, "printf: usage: printf format [arg ...]", sys);
    };
    // dash reads no hexadecimal numbers behind backslashes.
    let format = if sh.flavor == Flavor::Dash { &without_hex(format) } else { format };
    let done = printf::format(format, &words[2..]);
    sh.print(1, &done.out, sys);
    for e in &done.errors {
        sh.complain(&format!("printf: {e}"), sys);
    }
    Ran::Done(i32::from(!done.errors.is_empty()))
}

fn without_hex(format: &str) -> String {
    let (mut out, mut chars) = (String::new(), format.chars());
    while let Some(c) = chars.next() {
        out.push(c);
        if c == '\\' {
            match chars.next() {
                Some('x') => out.push_str("\\x"),
                next => out.extend(next),
            }
        }
    }
    out
}

fn kill(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    if let (Flavor::Dash, [_, l, name, ..]) = (sh.flavor, words)
        && l == "-l"
        && name.parse::<u32>().is_err()
    {
        return wrong(sh, &format!("kill: Illegal number: {name}"), sys);
    }
    sh.yields = true;
    let mut args = words[1..].to_vec();
    for w in args.iter_mut().filter(|w| w.starts_with('%')) {
        match jobs::by_number(sh, w, sys) {
            Some(id) => *w = sys.pid_of(id).to_string(),
            None => {
                sh.complain(&format!("kill: {w}: no such job"), sys);
                return Ran::Done(1);
            }
        }
    }
    let (out, errors, code) = programs::signals::kill(&args, sys);
    sh.print(1, out.as_bytes(), sys);
    for e in errors {
        sh.complain(&format!("kill: {e}"), sys);
    }
    Ran::Done(code)
}

fn let_(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let mut last = 0;
    for w in &words[1..] {
        match super::arithmetic::evaluate(sh, w) {
            Ok(n) => last = n,
            Err(e) => return wrong(sh, &format!("let: {e}"), sys),
        }
    }
    Ran::Done(i32::from(last == 0))
}

fn umask(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    match words.get(1) {
        None => {
            let text = format!("{:04o}\n", sys.umask());
            say(sh, &text, sys)
        }
        Some(m) => match u16::from_str_radix(m, 8) {
            Ok(m) => {
                sys.set_umask(m & 0o777);
                Ran::Done(0)
            }
            Err(_) => wrong(sh, &format!("umask: Illegal number: {m}"), sys),
        },
    }
}
