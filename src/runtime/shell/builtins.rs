//! What a shell does itself. To add one: its line in [`TABLE`] and its function.

use super::bash;
use super::input::read_line;
use super::run::Frame;
use super::simple::is_name;
use super::state::{Flavor, Options, Shell, Variable};
use super::test;
use crate::api::{Duration, Time};
use crate::runtime::kernel::{ProcessId, Read, STDIN, Signal, Step, Sys, Wait};
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
    plain("jobs", |_, _, _| Ran::Done(0)),
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

fn say(sh: &mut Shell, text: &str, sys: &mut Sys<'_>) -> Ran {
    sh.print(1, text.as_bytes(), sys);
    Ran::Done(0)
}

fn wrong(sh: &mut Shell, what: &str, sys: &mut Sys<'_>) -> Ran {
    sh.complain(what, sys);
    Ran::Done(2)
}

fn number(sh: &mut Shell, text: &str, what: &str, sys: &mut Sys<'_>) -> Result<usize, Ran> {
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

fn mark(sh: &mut Shell, words: &[String], mark: fn(&mut Variable), sys: &mut Sys<'_>) -> Ran {
    let is_option =
        |w: &&String| *w == "-p" || (sh.flavor == Flavor::Bash && ["-a", "-A", "-x", "-r"].contains(&w.as_str()));
    let args: Vec<&String> = words[1..].iter().filter(|w| !is_option(w)).collect();
    if args.is_empty() {
        let mut probe = Variable::default();
        mark(&mut probe);
        let shown = |v: &Variable| (probe.exported && v.exported) || (probe.read_only && v.read_only);
        let line = |(k, v): (&String, &Variable)| match &v.value {
            Some(value) => format!("{} {k}='{}'\n", words[0], value.replace('\'', "'\"'\"'")),
            None => format!("{} {k}\n", words[0]),
        };
        let text: String = sh.vars.iter().filter(|(_, v)| shown(v)).map(line).collect();
        return say(sh, &text, sys);
    }
    for a in args {
        let (name, value) = match a.split_once('=') {
            Some((n, v)) => (n, Some(v)),
            None => (a.as_str(), None),
        };
        if !is_name(name) {
            sh.fail(&format!("{}: {name}: bad variable name", words[0]), sys);
            return Ran::Goes;
        }
        if let Some(v) = value
            && let Err(e) = sh.set(name, v)
        {
            sh.fail(&format!("{}: {e}", words[0]), sys);
            return Ran::Goes;
        }
        mark(sh.vars.entry(name.into()).or_default());
    }
    Ran::Done(0)
}

fn set(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    if words.len() == 1 {
        let line =
            |(k, v): (&String, &Variable)| Some(format!("{k}='{}'\n", v.value.as_ref()?.replace('\'', "'\"'\"'")));
        let text: String = sh.vars.iter().filter_map(line).collect();
        return say(sh, &text, sys);
    }
    match options(&mut sh.options, &words[1..]) {
        Err(what) => {
            sh.fail(&format!("set: {what}"), sys);
            Ran::Goes
        }
        Ok(Some(args)) => {
            sh.args = args;
            Ran::Done(0)
        }
        Ok(None) => Ran::Done(0),
    }
}

/// Options as `set` and `sh` take them, and the arguments after them, if there are any or `--` says that there are none.
pub fn options(options: &mut Options, words: &[String]) -> Result<Option<Vec<String>>, String> {
    let mut i = 0;
    while let Some(w) = words.get(i) {
        let on = match w.chars().next() {
            _ if w == "--" => return Ok(Some(words[i + 1..].to_vec())),
            Some('-') if w.len() > 1 => true,
            Some('+') if w.len() > 1 => false,
            _ => break,
        };
        i += 1;
        for c in w[1..].chars() {
            if c == 'o' {
                let Some(name) = words.get(i) else { return Ok(None) };
                i += 1;
                *options.named(name).ok_or_else(|| format!("Illegal option {}o {name}", &w[..1]))? = on;
            } else {
                match options.letter(c) {
                    Some(o) => *o = on,
                    // What makes no difference here.
                    None if "bhimIE".contains(c) => {}
                    None => return Err(format!("Illegal option {}{c}", &w[..1])),
                }
            }
        }
    }
    Ok((i < words.len()).then(|| words[i..].to_vec()))
}

fn shift(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let n = match words.get(1) {
        None => 1,
        Some(n) => match number(sh, n, "shift", sys) {
            Ok(n) => n,
            Err(r) => return r,
        },
    };
    if n > sh.args.len() {
        return match sh.flavor {
            Flavor::Dash => {
                sh.fail("shift: can't shift that many", sys);
                Ran::Goes
            }
            _ => Ran::Done(1),
        };
    }
    sh.args.drain(..n);
    Ran::Done(0)
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

fn unset(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let mut functions = false;
    for w in &words[1..] {
        match w.as_str() {
            "-f" => functions = true,
            "-v" => functions = false,
            name if functions => drop(sh.functions.remove(name)),
            name if sh.vars.get(name).is_some_and(|v| v.read_only) => {
                sh.fail(&format!("unset: {name}: is read only"), sys);
                return Ran::Goes;
            }
            name if name.ends_with(']') && sh.flavor == Flavor::Bash => bash::unset_element(sh, name),
            name => drop(sh.vars.remove(name)),
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
    let (out, errors, code) = programs::signals::kill(&words[1..], sys);
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

fn local(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    if sh.flavor == Flavor::Bash && words.get(1).is_some_and(|w| w.starts_with('-')) {
        return bash::declare(sh, words, sys);
    }
    for w in &words[1..] {
        let (name, value) = match w.split_once('=') {
            Some((n, v)) => (n, Some(v)),
            None => (w.as_str(), None),
        };
        if !is_name(name) {
            return wrong(sh, &format!("local: {name}: bad variable name"), sys);
        }
        if !sh.make_local(name) {
            sh.fail("local: not in a function", sys);
            return Ran::Goes;
        }
        match value {
            Some(v) => {
                if let Err(e) = sh.set(name, v) {
                    return wrong(sh, &e, sys);
                }
            }
            // dash goes on to show the outer value; the others begin with none.
            None if sh.flavor != Flavor::Dash => drop(sh.vars.remove(name)),
            None => {}
        }
    }
    Ran::Done(0)
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

fn getopts(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let (Some(letters), Some(variable)) = (words.get(1), words.get(2)) else {
        return wrong(sh, "getopts: Usage: getopts optstring var [arg]", sys);
    };
    let args: Vec<String> = if words.len() > 3 { words[3..].to_vec() } else { sh.args.clone() };
    let index = sh.get("OPTIND").and_then(|n| n.parse::<usize>().ok()).unwrap_or(1).max(1);
    let silent = letters.starts_with(':');
    let word = args.get(index - 1).cloned().unwrap_or_default();
    let at = sh.letter.max(1);
    let give = |sh: &mut Shell, value: &str, arg: Option<String>, index: usize, letter: usize| {
        let _ = sh.set(variable, value);
        match arg {
            Some(a) => drop(sh.set("OPTARG", a)),
            None => drop(sh.vars.remove("OPTARG")),
        }
        let _ = sh.set("OPTIND", index.to_string());
        sh.letter = letter;
    };
    if !word.starts_with('-') || word.len() < 2 || word == "--" {
        let index = if word == "--" { index + 1 } else { index };
        give(sh, "?", None, index, 0);
        return Ran::Done(1);
    }
    let letter = word[at..].chars().next().unwrap_or('?');
    let next = at + letter.len_utf8();
    let (after, following) = if next < word.len() { (index, next) } else { (index + 1, 0) };
    let known = letters.find(letter).filter(|_| letter != ':');
    let takes = known.is_some_and(|i| letters[i + letter.len_utf8()..].starts_with(':'));
    match (known, takes) {
        (None, _) => {
            if !silent {
                sh.print(2, format!("Illegal option -{letter}\n").as_bytes(), sys);
            }
            give(sh, "?", silent.then(|| letter.to_string()), after, following);
        }
        (Some(_), false) => give(sh, &letter.to_string(), None, after, following),
        (Some(_), true) if next < word.len() => give(sh, &letter.to_string(), Some(word[next..].into()), index + 1, 0),
        (Some(_), true) => match args.get(index) {
            Some(a) => give(sh, &letter.to_string(), Some(a.clone()), index + 2, 0),
            None => {
                if !silent {
                    sh.print(2, format!("No arg for -{letter} option\n").as_bytes(), sys);
                }
                let (value, arg) = if silent { (":", Some(letter.to_string())) } else { ("?", None) };
                give(sh, value, arg, index + 1, 0);
            }
        },
    }
    Ran::Done(0)
}

fn read(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let (mut raw, mut most, mut until, mut i, mut into) = (false, None, None, 1, None);
    while let Some(w) = words.get(i).filter(|w| w.len() > 1 && w.starts_with('-')) {
        i += 1;
        if w == "--" {
            break;
        }
        for (at, c) in w[1..].char_indices() {
            if "rs".contains(c) {
                raw |= c == 'r';
                continue;
            }
            let rest = &w[1 + at + c.len_utf8()..];
            let value = if rest.is_empty() { words.get(i).cloned().unwrap_or_default() } else { rest.to_string() };
            i += usize::from(rest.is_empty());
            match c {
                'p' if sys.is_terminal(STDIN) => drop(sh.print(2, value.as_bytes(), sys)),
                'p' | 'd' | 'u' => {}
                'n' | 'N' => most = value.parse().ok(),
                'a' if sh.flavor == Flavor::Bash => into = Some(value),
                't' => {
                    let seconds: f64 = value.parse().unwrap_or_default();
                    until = Duration::try_from_secs_f64(seconds).ok().map(|d| sys.now + d);
                }
                _ => return wrong(sh, &format!("read: Illegal option -{c}"), sys),
            }
            break;
        }
    }
    let array = into.is_some();
    let variables: Vec<String> = match into {
        Some(name) => vec![name],
        None => words[i.min(words.len())..].to_vec(),
    };
    if let Some(bad) = variables.iter().find(|v| !is_name(v)) {
        return wrong(sh, &format!("read: {bad}: bad variable name"), sys);
    }
    let variables = match (variables.is_empty(), sh.flavor) {
        (true, Flavor::Dash) => return wrong(sh, "read: arg count", sys),
        (true, _) => vec!["REPLY".into()],
        _ => variables,
    };
    Ran::Wait(Waiting::Read { variables, raw, most, until, data: vec![], array })
}

fn wait(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let mut all = vec![];
    for w in &words[1..] {
        let found =
            w.parse::<u32>().ok().and_then(|n| sh.numbers.iter().rev().find(|(_, m)| *m == n)).map(|(id, _)| *id);
        match found {
            Some(id) => all.push(id),
            None if w.parse::<u32>().is_err() => return wrong(sh, &format!("wait: Illegal number: {w}"), sys),
            // Not one of its own.
            None => return Ran::Done(127),
        }
    }
    let report = all.last().copied();
    if words.len() == 1 {
        all = std::mem::take(&mut sh.background);
    }
    sh.status = 0;
    Ran::Wait(Waiting::Processes { all, report })
}

/// Goes on with a builtin that waited.
pub fn go_on(sh: &mut Shell, waiting: Waiting, sys: &mut Sys<'_>) -> Option<Step> {
    match waiting {
        Waiting::Processes { mut all, report } => {
            all.retain(|id| match sys.reap(Some(*id)) {
                Some((_, code)) => {
                    if Some(*id) == report {
                        sh.status = code;
                    }
                    sh.background.retain(|b| b != id);
                    false
                }
                None => sys.has_child(*id),
            });
            if all.is_empty() {
                return None;
            }
            sh.frames.push(Frame::Builtin(Waiting::Processes { all, report }));
            Some(Step::Wait(Wait::child()))
        }
        Waiting::Lines { array, keeps_ends, data } => bash::go_on_reading(sh, array, keeps_ends, data, sys),
        Waiting::Read { variables, raw, most, until, mut data, array } => {
            let enough = |d: &[u8]| most.is_some_and(|m| d.len() >= m);
            let mut ended = None;
            while ended.is_none() && !enough(&data) {
                let got = match most {
                    Some(_) => match sys.read(STDIN, 1) {
                        Ok(Read::Data(d)) if d != b"\n" => {
                            data.extend(d);
                            continue;
                        }
                        Ok(Read::Data(_)) => Ok(true),
                        Ok(other) => Err(other),
                        Err(_) => Err(Read::End),
                    },
                    None => read_line(STDIN, &mut data, sys),
                };
                match got {
                    Ok(_) if !raw && data.ends_with(b"\\\n") => data.truncate(data.len() - 2),
                    Ok(_) => ended = Some(0),
                    Err(Read::Empty) if until.is_none_or(|t| sys.now < t) => {
                        sh.frames.push(Frame::Builtin(Waiting::Read { variables, raw, most, until, data, array }));
                        return Some(Step::Wait(Wait::readable(STDIN).or_until(until)));
                    }
                    Err(_) => ended = Some(1),
                }
            }
            let text = String::from_utf8_lossy(&data).trim_end_matches('\n').to_string();
            if array {
                bash::give_array(sh, &variables[0], &text);
            } else {
                give(sh, &variables, &text, raw);
            }
            sh.status = ended.unwrap_or(0);
            None
        }
    }
}

/// Parts a line among variables; the last one takes the rest.
fn give(sh: &mut Shell, variables: &[String], line: &str, raw: bool) {
    let separators = sh.get("IFS").unwrap_or_else(|| " \t\n".into());
    let mut chars: Vec<(char, bool)> = vec![];
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' if !raw => chars.extend(rest.next().map(|c| (c, true))),
            c => chars.push((c, false)),
        }
    }
    let white = |(c, q): &(char, bool)| !q && c.is_whitespace() && separators.contains(*c);
    let parts = |(c, q): &(char, bool)| !q && separators.contains(*c);
    let text = |part: &[(char, bool)]| part.iter().map(|(c, _)| *c).collect::<String>();
    let mut at = chars.iter().take_while(|c| white(c)).count();
    for (i, name) in variables.iter().enumerate() {
        let value = if i + 1 == variables.len() {
            let mut end = chars.len();
            while end > at && white(&chars[end - 1]) {
                end -= 1;
            }
            // One field alone loses the separator that ends it.
            let fields = chars[at..end].iter().filter(|c| parts(c) && !white(c)).count();
            if fields == 1 && end > at && parts(&chars[end - 1]) {
                end -= 1;
            }
            text(&chars[at..end])
        } else {
            let end = (at..chars.len()).find(|i| parts(&chars[*i])).unwrap_or(chars.len());
            let v = text(&chars[at..end]);
            at = end;
            while at < chars.len() && white(&chars[at]) {
                at += 1;
            }
            if at < chars.len() && parts(&chars[at]) && (at == end || white(&chars[end])) && !white(&chars[at]) {
                at += 1;
                while at < chars.len() && white(&chars[at]) {
                    at += 1;
                }
            }
            v
        };
        let _ = sh.set(name, value);
    }
}
