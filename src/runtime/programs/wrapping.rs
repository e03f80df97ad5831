//! Programs that run another one: `timeout`, `nohup`, `nice`, `setsid`, `time`, `watch`, `su`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sleeping::duration;
use super::users;
use super::{Printing, Start, Tools, children, flush};
use crate::api::{Duration, Time};
use crate::runtime::kernel::files::Identity;
use crate::runtime::kernel::{Errno, ProcessId, Program, Signal, Step, Sys, Wait};

/// What a program says of another that it cannot start, in the words of its collection.
fn cannot_start(wrapper: &str, name: &str, why: Errno, sys: &Sys<'_>) -> String {
    match super::tools(sys) {
        Tools::Debian => format!("{wrapper}: failed to run command '{name}': {}\n", why.text()),
        Tools::Busybox => format!("{wrapper}: can't execute '{name}': {}\n", why.text()),
    }
}

#[derive(Clone)]
struct Timeout {
    words: Vec<String>,
    env: Arc<BTreeMap<String, String>>,
    length: Duration,
    signal: Signal,
    kill_after: Option<Duration>,
    child: Option<ProcessId>,
    until: Option<Time>,
    signalled: bool,
    gnu: bool,
    preserves: bool,
}

pub fn timeout(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let gnu = super::tools(s.sys) == Tools::Debian;
    let wrong = |text: String| Box::new(Printing::error(text, if gnu { 125 } else { 1 }));
    let (mut signal, mut kill_after, mut preserves) = (Signal::TERM, None, false);
    let mut words = s.words[1..].to_vec();
    while let Some(w) = words.first().filter(|w| w.len() > 1 && w.starts_with('-')).cloned() {
        words.remove(0);
        let mut value = |short: &str, long: &str| -> Option<String> {
            if w == short || w == long {
                return (!words.is_empty()).then(|| words.remove(0));
            }
            let rest = w
                .strip_prefix(short)
                .filter(|_| !w.starts_with("--"))
                .or_else(|| w.strip_prefix(long)?.strip_prefix('='));
            rest.map(String::from)
        };
        if let Some(v) = value("-s", "--signal") {
            match Signal::parse(&v) {
                Some(s) => signal = s,
                None => return wrong(format!("timeout: bad signal name '{v}'\n")),
            }
        } else if let Some(v) = value("-k", "--kill-after") {
            kill_after = duration(&v);
        } else if let Some(v) = value("-t", "--time") {
            words.insert(0, v);
        } else {
            preserves |= w == "--preserve-status";
            if w == "--" {
                break;
            }
        }
    }
    if words.len() < 2 {
        return wrong("timeout: missing operand\n".into());
    }
    let text = words.remove(0);
    let Some(length) = duration(&text) else {
        return wrong(format!("timeout: invalid number '{text}'\n"));
    };
    Box::new(Timeout {
        words,
        env: s.env.clone(),
        length,
        signal,
        kill_after,
        child: None,
        until: None,
        signalled: false,
        gnu,
        preserves,
    })
}

impl Program for Timeout {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        let Some(child) = self.child else {
            return match children::start(&self.words, &self.env, sys.fds(), sys) {
                Ok(child) => {
                    self.child = Some(child);
                    // No time at all is all the time.
                    self.until = (self.length > Duration::ZERO).then(|| sys.now + self.length);
                    Step::Again
                }
                Err((e, code)) => {
                    let text = cannot_start("timeout", &self.words[0], e, sys);
                    become_printing(text, code, sys)
                }
            };
        };
        if let Some((_, code)) = sys.reap(Some(child)) {
            return Step::Exit(match (self.signalled && !self.preserves, self.gnu) {
                // GNU says that the time was up, busybox what the program said.
                (true, true) if self.signal == Signal::KILL => 137,
                (true, true) => 124,
                _ => code,
            });
        }
        if self.until.is_some_and(|t| sys.now >= t) {
            let pid = sys.pid_of(child);
            let signal = if self.signalled { Signal::KILL } else { self.signal };
            let _ = sys.kill(pid, signal);
            self.until = self.kill_after.filter(|_| !self.signalled).map(|d| sys.now + d);
            self.signalled = true;
            return Step::Again;
        }
        if !sys.has_child(child) && self.signalled {
            return Step::Again;
        }
        Step::Wait(Wait::child().or_until(self.until))
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

fn become_printing(text: String, code: i32, sys: &mut Sys<'_>) -> Step {
    let env = sys.env();
    Step::Become(Box::new(Printing::error(text, code)), sys.words(), crate::runtime::kernel::Environment::Own(env))
}

/// One program after a few words of one's own.
#[derive(Clone)]
struct Instead {
    words: Vec<String>,
    env: Arc<BTreeMap<String, String>>,
    called: String,
    /// `nohup` ignores that the terminal goes.
    said: Vec<u8>,
}

impl Program for Instead {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if let Some(step) = flush(&mut vec![], &mut self.said, sys) {
            return step;
        }
        match super::replace(&self.words, &self.env, sys) {
            Ok(step) => step,
            Err((_, code)) => {
                let why = if code == 127 { Errno::NotFound } else { Errno::Denied };
                let text = cannot_start(&self.called, &self.words[0], why, sys);
                become_printing(text, code, sys)
            }
        }
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

/// `nice`, `nohup`, `setsid`, `ionice`: what they change makes no difference here.
pub fn instead(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let called = crate::runtime::kernel::tree::name(&s.words[0]).to_string();
    let mut words = s.words[1..].to_vec();
    while let Some(w) = words.first().filter(|w| w.starts_with('-')).cloned() {
        words.remove(0);
        if ["-n", "-c", "-p"].contains(&w.as_str()) && !words.is_empty() {
            words.remove(0);
        }
    }
    if words.is_empty() {
        return match called.as_str() {
            "nice" => Box::new(Printing { out: b"0\n".to_vec(), err: vec![], code: 0 }),
            name => {
                Box::new(Printing::error(format!("{name}: missing operand\n"), if name == "nohup" { 125 } else { 1 }))
            }
        };
    }
    let terminal = s.sys.is_terminal(1);
    let said = match (called.as_str(), terminal) {
        ("nohup", true) => b"nohup: appending to nohup.out\n".to_vec(),
        _ => vec![],
    };
    if !said.is_empty()
        && let Ok(fd) = s.sys.open("nohup.out", crate::runtime::kernel::Mode::Append)
    {
        let _ = s.sys.duplicate(fd, 1);
        s.sys.close(fd);
    }
    Box::new(Instead { words, env: s.env.clone(), called, said })
}

/// `chroot DIRECTORY [PROGRAM]`
pub fn chroot(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let Some(to) = s.words.get(1).cloned() else {
        return Box::new(Printing::error("chroot: missing operand\n", 125));
    };
    if let Err(e) = s.sys.enter_jail(&to) {
        let text = format!("chroot: cannot change root directory to '{to}': {}\n", e.text());
        return Box::new(Printing::error(text, 125));
    }
    let mut words = s.words[2..].to_vec();
    if words.is_empty() {
        words = vec!["/bin/sh".into(), "-i".into()];
    }
    Box::new(Instead { words, env: s.env.clone(), called: "chroot".into(), said: vec![] })
}

/// `sudo PROGRAM`: whoever is on a node may do all anyway.
pub fn sudo(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let mut words = s.words[1..].to_vec();
    let mut shell = false;
    while let Some(w) = words.first().filter(|w| w.starts_with('-') && w.len() > 1).cloned() {
        words.remove(0);
        match w.as_str() {
            "-i" | "-s" => shell = true,
            "-u" | "-g" if !words.is_empty() => {
                words.remove(0);
            }
            "--" => break,
            "-E" | "-n" | "-H" | "-S" | "-k" => {}
            other => {
                let text = format!("sudo: invalid option -- '{}'\n", other.trim_start_matches('-'));
                return Box::new(Printing::error(text, 1));
            }
        }
    }
    let mut env = (**s.env).clone();
    while let Some((name, value)) =
        words.first().and_then(|w| w.split_once('=')).map(|(n, v)| (n.to_string(), v.into()))
    {
        env.insert(name, value);
        words.remove(0);
    }
    match (words.is_empty(), shell) {
        (true, true) => words = vec!["/bin/sh".into()],
        (true, false) => {
            let text = "usage: sudo -h | -K | -k | -V\nusage: sudo [-ABbEHnPS] [-g group] [-u user] [VAR=value] [-i | -s] [command [arg ...]]\n";
            return Box::new(Printing::error(text, 1));
        }
        (false, _) => {}
    }
    Box::new(Instead { words, env: Arc::new(env), called: "sudo".into(), said: vec![] })
}

#[derive(Clone)]
struct Timed {
    words: Vec<String>,
    env: Arc<BTreeMap<String, String>>,
    posix: bool,
    child: Option<ProcessId>,
    began: Time,
    said: Vec<u8>,
    code: Option<i32>,
}

pub fn time(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let posix = s.words.get(1).is_some_and(|w| w == "-p");
    let words: Vec<String> = s.words[1..].iter().skip_while(|w| w.starts_with('-')).cloned().collect();
    if words.is_empty() {
        return Box::new(Printing::error("Usage: time [-vpao] PROG ARGS\n", 1));
    }
    let began = s.sys.now;
    Box::new(Timed { words, env: s.env.clone(), posix, child: None, began, said: vec![], code: None })
}

impl Program for Timed {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if let Some(code) = self.code {
            return flush(&mut vec![], &mut self.said, sys).unwrap_or(Step::Exit(code));
        }
        let Some(child) = self.child else {
            return match children::start(&self.words, &self.env, sys.fds(), sys) {
                Ok(child) => {
                    self.child = Some(child);
                    Step::Again
                }
                Err((e, code)) => {
                    let text = cannot_start("time", &self.words[0], e, sys);
                    become_printing(text, code, sys)
                }
            };
        };
        match sys.reap(Some(child)) {
            Some((_, code)) => {
                let t = sys.now.since(self.began).as_secs_f64();
                self.said = match self.posix {
                    true => format!("real {t:.2}\nuser 0.00\nsys 0.00\n"),
                    false => {
                        let whole = sys.now.since(self.began).as_secs() / 60;
                        #[allow(clippy::cast_precision_loss, reason = "minutes")]
                        let rest = t - whole as f64 * 60.0;
                        format!("real\t{whole}m {rest:.2}s\nuser\t0m 0.00s\nsys\t0m 0.00s\n")
                    }
                }
                .into_bytes();
                self.code = Some(code);
                Step::Again
            }
            None => Step::Wait(Wait::child()),
        }
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

/// The same program again and again; each time its title is printed first.
#[derive(Clone)]
struct Watch {
    words: Vec<String>,
    env: Arc<BTreeMap<String, String>>,
    every: Duration,
    titled: bool,
    child: Option<ProcessId>,
    next: Option<Time>,
    out: Vec<u8>,
}

pub fn watch(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let (mut every, mut titled) = (Duration::from_secs(2), true);
    let mut words = s.words[1..].to_vec();
    while let Some(w) = words.first().filter(|w| w.starts_with('-')).cloned() {
        words.remove(0);
        titled &= w != "-t";
        if let Some(v) = w.strip_prefix("-n") {
            let v = if v.is_empty() && !words.is_empty() { words.remove(0) } else { v.to_string() };
            every = duration(&v).unwrap_or(every).max(Duration::from_millis(100));
        }
    }
    if words.is_empty() {
        return Box::new(Printing::error("Usage: watch [-n SEC] [-t] PROG ARGS\n", 1));
    }
    Box::new(Watch { words, env: s.env.clone(), every, titled, child: None, next: None, out: vec![] })
}

impl Program for Watch {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if let Some(step) = flush(&mut self.out, &mut vec![], sys) {
            return step;
        }
        if let Some(child) = self.child {
            if sys.reap(Some(child)).is_none() && sys.has_child(child) {
                return Step::Wait(Wait::child());
            }
            self.child = None;
        }
        match self.next.filter(|t| sys.now < *t) {
            Some(t) => return Step::Wait(Wait::until(t)),
            None => self.next = Some(sys.now + self.every),
        }
        let command = self.words.join(" ");
        self.out.extend(b"\x1b[H\x1b[J");
        if self.titled {
            let at = super::moments::shown(sys.now, "%Y-%m-%d %H:%M:%S");
            let left = format!("Every {:.1}s: {command}", self.every.as_secs_f64());
            self.out.extend(format!("{left:<59} {at}\n\n").bytes());
        }
        let _ = sys.drain(1, &mut self.out);
        match children::shell(&command, &self.env, sys.fds(), sys) {
            Ok(child) => {
                self.child = Some(child);
                Step::Wait(Wait::child())
            }
            Err((_, code)) => Step::Exit(code),
        }
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

/// `su [-] [USER] [-c COMMAND]`: only root may, for nobody has a password.
pub fn su(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let (mut command, mut user, mut shell) = (None, None, None);
    let mut words = s.words[1..].iter();
    let mut rest = vec![];
    while let Some(w) = words.next() {
        match w.as_str() {
            "-" | "-l" | "--login" | "-m" | "-p" => {}
            "-c" => command = words.next().cloned(),
            "-s" => shell = words.next().cloned(),
            w if user.is_none() => user = Some(w.to_string()),
            w => rest.push(w.to_string()),
        }
    }
    let user = user.unwrap_or_else(|| "root".into());
    let Some((uid, gid)) = users::find(&user, s.sys).filter(|_| user.parse::<u32>().is_err()) else {
        let text = match super::tools(s.sys) {
            Tools::Debian => {
                format!("su: user {user} does not exist or the user entry does not contain all the required fields\n")
            }
            Tools::Busybox => format!("su: unknown user {user}\n"),
        };
        return Box::new(Printing::error(text, 1));
    };
    if s.sys.who().user != 0 {
        let text = if super::tools(s.sys) == Tools::Debian {
            "su: Authentication failure\n"
        } else {
            "su: must be suid to work properly\n"
        };
        return Box::new(Printing::error(text, 1));
    }
    let of_user = users::entry(&user, s.sys);
    let shell = shell.or_else(|| of_user.get(6).cloned()).filter(|s| !s.is_empty()).unwrap_or_else(|| "/bin/sh".into());
    let mut env = (**s.env).clone();
    env.insert("USER".into(), user.clone());
    env.insert("LOGNAME".into(), user);
    env.insert("HOME".into(), of_user.get(5).cloned().unwrap_or_else(|| "/".into()));
    env.insert("SHELL".into(), shell.clone());
    if let Some(p) = s.sys.machine.process_mut(s.sys.id) {
        p.who = Identity { user: uid, group: gid, groups: Arc::from([gid]) };
    }
    let mut words = vec![shell];
    words.extend(command.into_iter().flat_map(|c| ["-c".to_string(), c]));
    words.extend(rest);
    Box::new(Instead { words, env: Arc::new(env), called: "su".into(), said: vec![] })
}
