//! The programs of containers: busybox's, those of a Debian image, servers and clients.
//!
//! Start with [`TABLE`]: a name, which tool sets have it, and how it begins. A program that needs no input is a function
//! ([`Kind::Simple`]); one that reads files or its standard input piece by piece is a [`filter::Filter`]; all others are
//! [`Program`](super::kernel::Program)s of their own. To add one: its file, and its line in the table.
//!
//! In real images these are files below `/bin` and `/usr/bin`; here they are too, with this table behind them.

mod absent;
mod agnhost;
pub mod api;
mod archives;
mod asking;
mod awk;
mod basic;
mod bc;
mod children;
mod columns;
mod compare;
mod conversion;
mod copying;
mod dates;
mod dd;
mod dumping;
pub mod echo;
mod files;
pub mod filter;
mod find;
mod grep;
mod gzip;
mod jq;
mod listing;
mod machine;
mod merging;
mod moments;
pub mod net;
mod nginx;
mod numbers;
mod openssl;
pub mod options;
mod paths;
mod perl;
pub mod printf;
mod redis;
mod regex;
mod rights;
mod sed;
mod server;
mod serving;
mod shells;
pub mod signals;
mod sleeping;
mod sort;
mod source;
mod splitting;
mod storage;
mod stress;
mod terminal;
mod texts;
mod translating;
pub mod users;
mod wrapping;
mod xargs;

pub use storage::up;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::kernel::tree::{Bytes, Kind as NodeKind, join, name};
use super::kernel::{Environment, Errno, Program, Read, STDERR, STDIN, STDOUT, Step, Sys, Wait};
use filter::Filter;

/// The number that a text begins with, as `awk` and `sort` take it.
fn awk_number(text: &str) -> f64 {
    awk::number(text)
}

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

/// A program that is done at once, or as soon as its standard input is at its end.
pub struct Call<'a, 'b> {
    pub words: &'a [String],
    pub sys: &'a mut Sys<'b>,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
    /// All of the standard input, if it was asked for and has come.
    stdin: Option<Bytes>,
    wants_stdin: bool,
}

impl Call<'_, '_> {
    /// A whole file; `-` is the standard input. If that has not come yet, the program is begun anew when it has: it must not have
    /// changed anything before it reads.
    pub fn read(&mut self, name: &str) -> Result<Bytes, Errno> {
        if !["-", "/dev/stdin"].contains(&name) {
            let path = self.sys.path(name);
            return match self.sys.view(|v| v.is_directory(&path)) {
                true => Err(Errno::IsDirectory),
                false => self.sys.read_file(name),
            };
        }
        self.wants_stdin = true;
        self.stdin.clone().ok_or(Errno::Again)
    }

    /// Whether the messages are those of the GNU programs.
    pub fn is_gnu(&self) -> bool {
        tools(self.sys) == Tools::Debian
    }

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

/// Which collection of programs runs here.
pub fn tools(sys: &Sys<'_>) -> Tools {
    sys.root().and_then(|r| r.image.as_ref()).map_or(Tools::Busybox, |i| i.tools)
}

/// A filter, or what is said and the exit code.
pub type Made = Result<Box<dyn Filter>, (String, i32)>;

/// How a program begins.
#[derive(Clone, Copy)]
pub enum Kind {
    Simple(fn(&mut Call<'_, '_>) -> i32),
    /// The error is what it says before it ends with a code.
    Filter(fn(&[String]) -> Made),
    Program(fn(&mut Start<'_, '_>) -> Box<dyn Program>),
}

pub struct Executable {
    pub name: &'static str,
    pub kind: Kind,
    /// Whether Debian's images have it.
    pub debian: bool,
    /// Whether it is one of busybox's.
    pub busybox: bool,
    /// The directory that it lies in.
    pub place: &'static str,
}

const fn at(place: &'static str, name: &'static str, kind: Kind) -> Executable {
    Executable { name, kind, debian: true, busybox: true, place }
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

/// What busybox does not have.
const fn debian_only(e: Executable) -> Executable {
    Executable { busybox: false, ..e }
}

/// What images may bring beside their collection.
const fn extra(e: Executable) -> Executable {
    Executable { debian: false, busybox: false, ..e }
}

pub static TABLE: &[Executable] = &[
    usr("[", Kind::Simple(basic::test)),
    usr("arch", Kind::Simple(machine::arch)),
    busybox_only(at("/sbin", "arp", Kind::Simple(net::ifconfig::busybox_arp))),
    busybox_only(bin("ash", Kind::Program(shells::start))),
    usr("awk", Kind::Program(awk::awk)),
    bin("base64", Kind::Simple(dumping::base64)),
    usr("basename", Kind::Simple(basic::basename)),
    debian_only(bin("bash", Kind::Program(shells::start))),
    busybox_only(usr("bc", Kind::Simple(bc::bc))),
    busybox_only(bin("busybox", Kind::Program(basic::busybox))),
    busybox_only(usr("cal", Kind::Simple(numbers::cal))),
    bin("cat", Kind::Filter(texts::cat)),
    bin("chgrp", Kind::Simple(rights::chown)),
    bin("chmod", Kind::Simple(rights::chmod)),
    bin("chown", Kind::Simple(rights::chown)),
    usr("chroot", Kind::Program(wrapping::chroot)),
    usr("cksum", Kind::Simple(dumping::cksum)),
    usr("clear", Kind::Simple(terminal::clear)),
    usr("cmp", Kind::Simple(compare::cmp)),
    extra(usr("column", Kind::Simple(columns::column))),
    usr("comm", Kind::Simple(merging::comm)),
    bin("cp", Kind::Simple(copying::cp)),
    usr("cut", Kind::Filter(columns::cut)),
    debian_only(bin("dash", Kind::Program(shells::start))),
    debian_only(usr("curl", Kind::Program(net::curl::start))),
    bin("date", Kind::Simple(dates::date)),
    bin("dd", Kind::Program(dd::dd)),
    bin("df", Kind::Simple(storage::df)),
    usr("diff", Kind::Simple(compare::diff)),
    usr("dirname", Kind::Simple(basic::dirname)),
    bin("dmesg", Kind::Simple(machine::dmesg)),
    usr("du", Kind::Simple(storage::du)),
    bin("echo", Kind::Simple(basic::echo)),
    bin("egrep", Kind::Program(grep::grep)),
    usr("env", Kind::Program(basic::env)),
    usr("expand", Kind::Filter(columns::expand)),
    usr("expr", Kind::Simple(numbers::expr)),
    usr("factor", Kind::Simple(numbers::factor)),
    bin("false", Kind::Simple(|_| 1)),
    bin("fgrep", Kind::Program(grep::grep)),
    usr("find", Kind::Program(find::find)),
    usr("fold", Kind::Filter(columns::fold)),
    busybox_only(usr("free", Kind::Simple(machine::free))),
    bin("grep", Kind::Program(grep::grep)),
    debian_only(usr("getent", Kind::Program(net::getent::getent))),
    usr("groups", Kind::Simple(terminal::groups)),
    bin("gunzip", Kind::Simple(gzip::gzip)),
    bin("gzip", Kind::Simple(gzip::gzip)),
    busybox_only(usr("hd", Kind::Simple(dumping::hexdump))),
    usr("head", Kind::Filter(texts::head)),
    busybox_only(usr("hexdump", Kind::Simple(dumping::hexdump))),
    usr("hostid", Kind::Simple(machine::hostid)),
    bin("hostname", Kind::Simple(basic::hostname)),
    busybox_only(at("/usr/sbin", "httpd", Kind::Program(server::httpd))),
    usr("id", Kind::Simple(users::id)),
    busybox_only(at("/sbin", "ifconfig", Kind::Simple(net::ifconfig::busybox_ifconfig))),
    usr("install", Kind::Simple(copying::install)),
    usr("ionice", Kind::Program(wrapping::instead)),
    busybox_only(at("/sbin", "ip", Kind::Simple(net::ip::busybox))),
    extra(usr("jq", Kind::Simple(jq::jq))),
    debian_only(usr("join", Kind::Simple(merging::join))),
    busybox_only(bin("kill", Kind::Simple(signals::kill_program))),
    busybox_only(usr("killall", Kind::Simple(signals::killall))),
    usr("last", Kind::Simple(terminal::nobody)),
    busybox_only(usr("less", Kind::Filter(terminal::pager))),
    bin("ln", Kind::Simple(copying::ln)),
    usr("logname", Kind::Simple(terminal::logname)),
    bin("ls", Kind::Simple(listing::ls)),
    debian_only(usr("mawk", Kind::Program(awk::awk))),
    usr("md5sum", Kind::Simple(dumping::sum)),
    bin("mkdir", Kind::Simple(files::mkdir)),
    bin("mktemp", Kind::Simple(paths::mktemp)),
    bin("more", Kind::Filter(terminal::pager)),
    bin("mount", Kind::Simple(storage::mount)),
    bin("mv", Kind::Simple(copying::mv)),
    extra(usr("nano", Kind::Simple(terminal::editor))),
    busybox_only(usr("nc", Kind::Program(net::netcat::nc))),
    busybox_only(bin("netstat", Kind::Program(net::sockets::busybox_netstat))),
    usr("nice", Kind::Program(wrapping::instead)),
    usr("nl", Kind::Filter(columns::nl)),
    usr("nohup", Kind::Program(wrapping::instead)),
    usr("nproc", Kind::Simple(machine::nproc)),
    busybox_only(usr("nslookup", Kind::Program(net::nslookup::start))),
    usr("od", Kind::Simple(dumping::od)),
    extra(usr("openssl", Kind::Program(openssl::start))),
    usr("paste", Kind::Simple(columns::paste)),
    busybox_only(usr("pgrep", Kind::Simple(signals::pgrep))),
    bin("pidof", Kind::Simple(signals::pidof)),
    busybox_only(bin("ping", Kind::Program(net::ping::busybox))),
    busybox_only(usr("pkill", Kind::Simple(signals::pgrep))),
    usr("printenv", Kind::Simple(basic::printenv)),
    usr("printf", Kind::Simple(basic::printf)),
    busybox_only(bin("ps", Kind::Simple(terminal::ps))),
    bin("pwd", Kind::Simple(basic::pwd)),
    usr("readlink", Kind::Simple(paths::readlink)),
    usr("realpath", Kind::Simple(paths::realpath)),
    usr("reset", Kind::Simple(terminal::reset)),
    usr("rev", Kind::Filter(columns::rev)),
    bin("rm", Kind::Simple(files::rm)),
    bin("rmdir", Kind::Simple(files::rmdir)),
    busybox_only(at("/sbin", "route", Kind::Simple(net::ifconfig::busybox_route))),
    bin("sed", Kind::Program(sed::sed)),
    usr("seq", Kind::Simple(basic::seq)),
    usr("setsid", Kind::Program(wrapping::instead)),
    bin("sh", Kind::Program(shells::start)),
    usr("sha1sum", Kind::Simple(dumping::sum)),
    usr("sha256sum", Kind::Simple(dumping::sum)),
    usr("sha512sum", Kind::Simple(dumping::sum)),
    usr("shuf", Kind::Simple(merging::shuf)),
    bin("sleep", Kind::Program(sleeping::sleep)),
    usr("sort", Kind::Simple(sort::sort)),
    usr("split", Kind::Simple(splitting::split)),
    bin("stat", Kind::Simple(paths::stat)),
    busybox_only(usr("strings", Kind::Simple(dumping::strings))),
    bin("stty", Kind::Simple(terminal::stty)),
    bin("su", Kind::Program(wrapping::su)),
    bin("sync", Kind::Simple(terminal::sync)),
    usr("tac", Kind::Simple(sort::tac)),
    usr("tail", Kind::Program(texts::tail)),
    bin("tar", Kind::Simple(archives::tar)),
    usr("tee", Kind::Filter(texts::tee)),
    busybox_only(usr("telnet", Kind::Program(net::netcat::telnet))),
    usr("test", Kind::Simple(basic::test)),
    busybox_only(usr("time", Kind::Program(wrapping::time))),
    usr("timeout", Kind::Program(wrapping::timeout)),
    busybox_only(usr("top", Kind::Simple(machine::top))),
    bin("touch", Kind::Simple(files::touch)),
    usr("tr", Kind::Filter(translating::tr)),
    busybox_only(usr("traceroute", Kind::Program(net::traceroute::busybox))),
    bin("true", Kind::Simple(|_| 0)),
    usr("truncate", Kind::Simple(paths::truncate)),
    usr("tty", Kind::Simple(terminal::tty)),
    bin("umount", Kind::Simple(storage::umount)),
    bin("uname", Kind::Simple(basic::uname)),
    usr("unexpand", Kind::Filter(columns::unexpand)),
    usr("uniq", Kind::Simple(merging::uniq)),
    usr("unlink", Kind::Simple(files::unlink)),
    busybox_only(usr("uptime", Kind::Simple(machine::uptime))),
    busybox_only(bin("usleep", Kind::Program(sleeping::usleep))),
    busybox_only(usr("uuidgen", Kind::Simple(machine::uuidgen))),
    busybox_only(bin("vi", Kind::Simple(terminal::editor))),
    extra(usr("vim", Kind::Simple(terminal::editor))),
    busybox_only(usr("w", Kind::Simple(machine::w))),
    busybox_only(usr("watch", Kind::Program(wrapping::watch))),
    usr("wc", Kind::Filter(texts::wc)),
    busybox_only(usr("wget", Kind::Program(net::wget::start))),
    usr("which", Kind::Simple(basic::which_program)),
    usr("who", Kind::Simple(terminal::nobody)),
    usr("whoami", Kind::Simple(users::whoami)),
    usr("xargs", Kind::Program(xargs::xargs)),
    busybox_only(usr("xxd", Kind::Simple(dumping::xxd))),
    usr("yes", Kind::Program(sleeping::yes)),
    bin("zcat", Kind::Simple(gzip::gzip)),
];

/// What images bring themselves.
static OWN: &[Executable] = &[
    at("/", "own server", Kind::Program(server::own)),
    at("/", "own nginx", Kind::Program(nginx::start)),
    at("/", "sudo", Kind::Program(wrapping::sudo)),
    at("/", "stress", Kind::Program(stress::stress)),
    at("/", "stress of vish", Kind::Program(stress::vish)),
    at("/", "http-echo", Kind::Program(server::http_echo)),
    at("/", "agnhost", Kind::Program(agnhost::start)),
    at("/", "pause", Kind::Program(agnhost::pause)),
    at("/", "dig", Kind::Program(net::bind::dig)),
    at("/", "nslookup of BIND", Kind::Program(net::bind::nslookup)),
    at("/", "old nslookup", Kind::Program(net::old_nslookup::start)),
    at("/", "nc of OpenBSD", Kind::Program(net::netcat::openbsd)),
    at("/", "ping of iputils", Kind::Program(net::ping::iputils)),
    at("/", "traceroute of Linux", Kind::Program(net::traceroute::linux)),
    at("/", "ip of iproute2", Kind::Simple(net::ip::iproute2)),
    at("/", "ss", Kind::Program(net::sockets::ss)),
    at("/", "netstat of net-tools", Kind::Program(net::sockets::netstat_of_net_tools)),
    at("/", "ifconfig of net-tools", Kind::Simple(net::ifconfig::ifconfig_of_net_tools)),
    at("/", "route of net-tools", Kind::Simple(net::ifconfig::route_of_net_tools)),
    at("/", "arp of net-tools", Kind::Simple(net::ifconfig::arp_of_net_tools)),
    at("/", "iptables", Kind::Program(net::iptables::iptables)),
    at("/", "iptables-save", Kind::Program(net::iptables::save)),
    at("/", "ipvsadm", Kind::Program(net::iptables::ipvsadm)),
    at("/", "nft", Kind::Program(net::iptables::nft)),
    at("/", "perl", Kind::Program(perl::start)),
    at("/", "api server", Kind::Program(api::start)),
    at("/", "asking", Kind::Program(asking::start)),
    at("/", "own words", Kind::Program(server::says)),
    at("/", "redis-server", Kind::Program(redis::server)),
    at("/", "redis-cli", Kind::Program(redis::cli)),
    at("/", "name server", Kind::Program(net::name_server::start)),
    at("/", "stand-in", Kind::Program(absent::start)),
    at("/", "tool", Kind::Program(absent::tool)),
];

pub fn find(name: &str) -> Option<&'static Executable> {
    TABLE.iter().chain(OWN).find(|e| e.name == name)
}

/// The files of a collection of programs.
pub fn of_tools(tools: Tools) -> impl Iterator<Item = &'static Executable> {
    TABLE.iter().filter(move |e| if tools == Tools::Busybox { e.busybox } else { e.debian })
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
        Kind::Simple(run) => Box::new(Simple { run, printing: None, stdin: None }),
        Kind::Filter(make) => match make(start.words) {
            Ok(f) => Box::new(filter::Running::new(f)),
            Err((text, code)) => Box::new(Printing { out: vec![], err: text.into_bytes(), code }),
        },
        Kind::Program(begin) => begin(start),
    }
}

/// Where programs are looked for if nobody says where.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Another program in place of this one, found as a shell finds it. The error is what is to be said, and the exit code.
pub fn replace(
    words: &[String],
    env: &Arc<BTreeMap<String, String>>,
    sys: &mut Sys<'_>,
) -> Result<Step, (String, i32)> {
    let name = words.first().cloned().unwrap_or_default();
    let path = env.get("PATH").map_or(DEFAULT_PATH, String::as_str).to_string();
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

/// What a program that needs all of its input at once takes of it at most.
const MOST_INPUT: usize = 32 << 20;

#[derive(Clone)]
struct Simple {
    run: fn(&mut Call<'_, '_>) -> i32,
    /// What it printed, and its code.
    printing: Option<Printing>,
    /// What came of the input, if the program wants it.
    stdin: Option<Vec<u8>>,
}

impl Simple {
    fn call(&mut self, stdin: Option<Bytes>, sys: &mut Sys<'_>) {
        let words = sys.words();
        let mut call = Call { words: &words, sys, out: vec![], err: vec![], stdin, wants_stdin: false };
        let code = (self.run)(&mut call);
        if call.wants_stdin && call.stdin.is_none() {
            self.stdin = Some(vec![]);
        } else {
            self.printing = Some(Printing { code, out: call.out, err: call.err });
        }
    }

    /// Reads on. `Some`: it has to wait.
    fn gather(&mut self, mut data: Vec<u8>, sys: &mut Sys<'_>) -> Option<Step> {
        let step = match sys.read(STDIN, 65_536) {
            Ok(Read::Data(d)) => {
                data.extend(d);
                Step::Again
            }
            Ok(Read::Empty) => Step::Wait(Wait::readable(STDIN)),
            Ok(Read::End) | Err(_) => {
                self.call(Some(Arc::new(data)), sys);
                return None;
            }
        };
        if data.len() > MOST_INPUT {
            let name = sys.words().first().map(|w| name(w).to_string()).unwrap_or_default();
            self.printing = Some(Printing::error(format!("{name}: out of memory\n"), 1));
            return None;
        }
        self.stdin = Some(data);
        Some(step)
    }
}

impl Program for Simple {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        loop {
            if let Some(p) = &mut self.printing {
                return p.run(sys);
            }
            match self.stdin.take() {
                None => self.call(None, sys),
                Some(data) => {
                    if let Some(step) = self.gather(data, sys) {
                        return step;
                    }
                }
            }
        }
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
