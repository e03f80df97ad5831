//! The programs of containers: busybox's, those of a Debian image, servers and clients.
//!
//! Start with [`TABLE`]: a name, which tool sets have it, and how it begins. A program that needs no input is a function
//! ([`Kind::Simple`]); one that reads files or its standard input piece by piece is a [`filter::Filter`]; all others are
//! [`Program`](super::kernel::Program)s of their own. To add one: its file, and its line in the table.
//!
//! In real images these are files below `/bin` and `/usr/bin`; here they are too, with this table behind them.

mod basic;
pub mod echo;
mod files;
pub mod filter;
mod listing;
pub mod net;
pub mod options;
pub mod printf;
mod server;
mod shells;
pub mod signals;
mod sleeping;
mod texts;
pub mod users;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::kernel::tree::{Kind as NodeKind, join, name};
use super::kernel::{Environment, Errno, Program, STDERR, STDOUT, Step, Sys, Wait};
use filter::Filter;

/// Which collections of programs have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tools {
    /// Everything in one program, with a link for each name.
    #[default]
    Busybox,
    /// Coreutils, dash, grep, sed and what else a small Debian image holds.
    Debian,
}

/// What a program gets when it begins.
pub struct Start<'a, 'b> {
    pub words: &'a [String],
    pub env: &'a Arc<BTreeMap<String, String>>,
    pub sys: &'a mut Sys<'b>,
}

/// A program that is done at once.
pub struct Call<'a, 'b> {
    pub words: &'a [String],
    pub sys: &'a mut Sys<'b>,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

impl Call<'_, '_> {
    pub fn args(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }

    /// The name that it was called by.
    pub fn name(&self) -> &str {
        self.words.first().map_or("", |w| name(w))
    }

    pub fn line(&mut self, text: impl AsRef<str>) {
        self.out.extend(text.as_ref().as_bytes());
        self.out.push(b'\n');
    }

    /// An error: the program's name stands before it.
    pub fn complain(&mut self, text: impl AsRef<str>) {
        let line = format!("{}: {}\n", self.name(), text.as_ref());
        self.err.extend(line.as_bytes());
    }
}

/// How a program begins.
#[derive(Clone, Copy)]
pub enum Kind {
    Simple(fn(&mut Call<'_, '_>) -> i32),
    /// The error is what it says before it ends with a code.
    Filter(fn(&[String]) -> Result<Box<dyn Filter>, (String, i32)>),
    Program(fn(&mut Start<'_, '_>) -> Box<dyn Program>),
}

pub struct Executable {
    pub name: &'static str,
    pub kind: Kind,
    /// Whether Debian's images have it too; busybox has all.
    pub debian: bool,
    /// The directory that it lies in.
    pub place: &'static str,
}

const fn at(place: &'static str, name: &'static str, kind: Kind) -> Executable {
    Executable { name, kind, debian: true, place }
}

const fn bin(name: &'static str, kind: Kind) -> Executable {
    at("/bin", name, kind)
}

const fn usr(name: &'static str, kind: Kind) -> Executable {
    at("/usr/bin", name, kind)
}

/// What Debian's small images do not have.
const fn busybox_only(e: Executable) -> Executable {
    Executable { debian: false, ..e }
}

pub static TABLE: &[Executable] = &[
    usr("[", Kind::Simple(basic::test)),
    bin("ash", Kind::Program(shells::start)),
    usr("basename", Kind::Simple(basic::basename)),
    usr("bash", Kind::Program(shells::start)),
    bin("busybox", Kind::Program(basic::busybox)),
    bin("cat", Kind::Filter(texts::cat)),
    usr("curl", Kind::Program(net::curl::start)),
    bin("date", Kind::Simple(basic::date)),
    usr("dirname", Kind::Simple(basic::dirname)),
    bin("echo", Kind::Simple(basic::echo)),
    usr("env", Kind::Program(basic::env)),
    bin("false", Kind::Simple(|_| 1)),
    usr("head", Kind::Filter(texts::head)),
    at("/usr/sbin", "httpd", Kind::Program(server::httpd)),
    bin("hostname", Kind::Simple(basic::hostname)),
    usr("id", Kind::Simple(users::id)),
    bin("kill", Kind::Simple(signals::kill_program)),
    bin("ls", Kind::Simple(listing::ls)),
    bin("mkdir", Kind::Simple(files::mkdir)),
    bin("printenv", Kind::Simple(basic::printenv)),
    busybox_only(usr("nc", Kind::Program(net::netcat::nc))),
    busybox_only(usr("nslookup", Kind::Program(net::nslookup::start))),
    usr("printf", Kind::Simple(basic::printf)),
    busybox_only(bin("ps", Kind::Simple(listing::ps))),
    bin("pwd", Kind::Simple(basic::pwd)),
    bin("rm", Kind::Simple(files::rm)),
    usr("seq", Kind::Simple(basic::seq)),
    bin("sh", Kind::Program(shells::start)),
    bin("sleep", Kind::Program(sleeping::sleep)),
    usr("tail", Kind::Program(texts::tail)),
    usr("tee", Kind::Filter(texts::tee)),
    busybox_only(usr("telnet", Kind::Program(net::netcat::telnet))),
    usr("test", Kind::Simple(basic::test)),
    bin("touch", Kind::Simple(files::touch)),
    bin("true", Kind::Simple(|_| 0)),
    bin("uname", Kind::Simple(basic::uname)),
    usr("wc", Kind::Filter(texts::wc)),
    busybox_only(usr("wget", Kind::Program(net::wget::start))),
    usr("which", Kind::Simple(basic::which_program)),
    usr("whoami", Kind::Simple(users::whoami)),
    usr("yes", Kind::Program(sleeping::yes)),
];

/// What images bring themselves.
static OWN: &[Executable] = &[
    at("/", "own server", Kind::Program(server::own)),
    at("/", "own words", Kind::Program(server::says)),
    at("/", "name server", Kind::Program(net::name_server::start)),
];

pub fn find(name: &str) -> Option<&'static Executable> {
    TABLE.iter().chain(OWN).find(|e| e.name == name)
}

/// The files of a collection of programs.
pub fn of_tools(tools: Tools) -> impl Iterator<Item = &'static Executable> {
    // curl is no part of busybox.
    TABLE.iter().filter(move |e| if tools == Tools::Busybox { e.name != "curl" } else { e.debian })
}

/// Where a program lies: a path as it is, or a name on the way that `PATH` shows.
pub fn which(name: &str, path: &str, sys: &mut Sys<'_>) -> Result<String, Errno> {
    if name.is_empty() {
        return Err(Errno::NotFound);
    }
    let check = |full: &str, sys: &mut Sys<'_>| -> Result<(), Errno> {
        let full = sys.path(full);
        sys.view(|v| match v.stat(&full)? {
            n if n.is_directory() => Err(Errno::IsDirectory),
            _ if !v.access(&full, 'x') => Err(Errno::Denied),
            _ => Ok(()),
        })
    };
    if name.contains('/') {
        return check(name, sys).map(|()| name.to_string());
    }
    let mut failed = Errno::NotFound;
    for dir in path.split(':') {
        let full = join(if dir.is_empty() { "." } else { dir }, name);
        match check(&full, sys) {
            Ok(()) => return Ok(full),
            Err(Errno::Denied) => failed = Errno::Denied,
            Err(_) => {}
        }
    }
    Err(failed)
}

/// A program that was loaded, and the words that it goes by.
pub struct Started {
    pub program: Box<dyn Program>,
    pub words: Arc<[String]>,
}

/// How many interpreters may follow one another.
const MOST_INTERPRETERS: usize = 4;

/// Loads what lies at a path: an executable, or a script with its interpreter.
pub fn load(
    path: &str,
    words: &[String],
    env: &Arc<BTreeMap<String, String>>,
    sys: &mut Sys<'_>,
) -> Result<Started, Errno> {
    let (mut path, mut words) = (sys.path(path), words.to_vec());
    for _ in 0..MOST_INTERPRETERS {
        match sys.view(|v| v.stat(&path))?.kind {
            NodeKind::Program(name) => {
                let e = find(name).ok_or(Errno::NoExec)?;
                let program = begin(e, &mut Start { words: &words, env, sys });
                return Ok(Started { program, words: words.into() });
            }
            NodeKind::File(content) => {
                let first = content.split(|b| *b == b'\n').next().unwrap_or_default();
                let first = String::from_utf8_lossy(first).to_string();
                let rest = words.get(1..).unwrap_or_default().to_vec();
                // What names no interpreter is read by the shell.
                let line = match first.strip_prefix("#!") {
                    Some(line) => line.trim().to_string(),
                    None if content.contains(&0) => return Err(Errno::NoExec),
                    None => "/bin/sh".into(),
                };
                let (interpreter, option) = match line.split_once([' ', '\t']) {
                    Some((i, o)) => (i.to_string(), Some(o.trim().to_string())),
                    None => (line, None),
                };
                words = [interpreter.clone()].into_iter().chain(option).chain([path]).chain(rest).collect();
                path = sys.path(&interpreter);
            }
            NodeKind::Directory => return Err(Errno::Denied),
            _ => return Err(Errno::NoExec),
        }
    }
    Err(Errno::Loop)
}

fn begin(e: &'static Executable, start: &mut Start<'_, '_>) -> Box<dyn Program> {
    match e.kind {
        Kind::Simple(run) => Box::new(Simple { run, printing: None }),
        Kind::Filter(make) => match make(start.words) {
            Ok(f) => Box::new(filter::Running::new(f)),
            Err((text, code)) => Box::new(Printing { out: vec![], err: text.into_bytes(), code }),
        },
        Kind::Program(begin) => begin(start),
    }
}

/// Another program in place of this one, found as a shell finds it. The error is what is to be said, and the exit code.
pub fn replace(
    words: &[String],
    env: &Arc<BTreeMap<String, String>>,
    sys: &mut Sys<'_>,
) -> Result<Step, (String, i32)> {
    let name = words.first().cloned().unwrap_or_default();
    let path = env.get("PATH").cloned().unwrap_or_default();
    let found = which(&name, &path, sys).and_then(|p| load(&p, words, env, sys));
    match found {
        Ok(Started { program, words }) => Ok(Step::Become(program, words, Environment::Own(env.clone()))),
        Err(Errno::NotFound) => Err((format!("can't execute '{name}': {}", Errno::NotFound.text()), 127)),
        Err(e) => Err((format!("can't execute '{name}': {}", e.text()), 126)),
    }
}

/// Prints, waits for room, and ends.
#[derive(Clone)]
pub struct Printing {
    pub out: Vec<u8>,
    pub err: Vec<u8>,
    pub code: i32,
}

impl Printing {
    pub fn error(text: impl Into<String>, code: i32) -> Printing {
        Printing { out: vec![], err: text.into().into_bytes(), code }
    }
}

/// Writes what is left of both outputs. `Some`: how the program goes on instead.
pub fn flush(out: &mut Vec<u8>, err: &mut Vec<u8>, sys: &mut Sys<'_>) -> Option<Step> {
    for (fd, data) in [(STDERR, err), (STDOUT, out)] {
        match sys.drain(fd, data) {
            Ok(true) => {}
            Ok(false) => return Some(Step::Wait(Wait::writable(fd))),
            Err(Errno::BrokenPipe) => return Some(Step::Exit(141)),
            // Nobody has to hear that nobody hears.
            Err(Errno::BadDescriptor) => data.clear(),
            Err(_) => return Some(Step::Exit(1)),
        }
    }
    None
}

impl Program for Printing {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        flush(&mut self.out, &mut self.err, sys).unwrap_or(Step::Exit(self.code))
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Simple {
    run: fn(&mut Call<'_, '_>) -> i32,
    /// What it printed, and its code.
    printing: Option<Printing>,
}

impl Program for Simple {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        let run = self.run;
        let printing = self.printing.get_or_insert_with(|| {
            let words = sys.words();
            let mut call = Call { words: &words, sys, out: vec![], err: vec![] };
            let code = run(&mut call);
            Printing { code, out: call.out, err: call.err }
        });
        printing.run(sys)
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
