//! `agnhost`: the program with which Kubernetes' own tests and much of its documentation try things out. One word says what it is to be.
//! To add such a word: its line in [`TABLE`] and its function.
//! Real Kubernetes: test/images/agnhost.

mod connect;
mod files;
mod netexec;
mod servers;

use super::serving::{Pages, Serving, Speech};
use super::{Printing, Start};
use crate::api::time::parse_go_duration;
use crate::api::{Duration, Time};
use crate::runtime::kernel::{Program, Reaction, Signal, Step, Sys, Wait};
use crate::runtime::web::{Answer, REQUEST, Server, Site};

struct Word {
    name: &'static str,
    short: &'static str,
    /// Its flags, and what each is where none is given. What is `true` or `false` needs no value.
    flags: &'static [(&'static str, &'static str)],
    begin: fn(&Flags, &mut Start<'_, '_>) -> Box<dyn Program>,
}

static TABLE: &[Word] = &[
    Word {
        name: "connect",
        short: "Attempts a TCP, UDP or SCTP connection and returns useful errors",
        flags: &[("timeout", "0s"), ("protocol", "tcp"), ("udp-data", "hostname")],
        begin: connect::connect,
    },
    Word { name: "dns-server-list", short: "Prints DNS Server list", flags: &[], begin: files::dns_servers },
    Word { name: "dns-suffix", short: "Prints the host's DNS suffix list", flags: &[], begin: files::dns_suffix },
    Word {
        name: "entrypoint-tester",
        short: "Prints the args it's passed and exits",
        flags: &[],
        begin: |_, s| print(format!("[{}]\n", s.words.join(" ")), 0),
    },
    Word { name: "etc-hosts", short: "Prints the host's hosts file", flags: &[], begin: files::etc_hosts },
    Word {
        name: "grpc-health-checking",
        short: "Starts a simple grpc health checking endpoint",
        flags: &[("port", "5000"), ("http-port", "8080"), ("delay-unhealthy-sec", "-1"), ("service", "")],
        begin: servers::grpc_health,
    },
    Word {
        name: "liveness",
        short: "Starts a server that is alive for 10 seconds",
        flags: &[],
        begin: servers::liveness,
    },
    Word {
        name: "mounttest",
        short: "Creates files with given permissions and outputs FS type, owner, mode, permissions, contents of files",
        flags: files::MOUNT_FLAGS,
        begin: files::mounttest,
    },
    Word {
        name: "netexec",
        short: "Creates HTTP(S), UDP, and (optionally) SCTP servers with various endpoints",
        flags: &[("http-port", "8080"), ("udp-port", "8081"), ("sctp-port", "-1"), ("http-override", "")],
        begin: netexec::netexec,
    },
    Word { name: "pause", short: "Pauses", flags: &[], begin: |_, _| Box::new(Pause { says: true, ends: false }) },
    Word {
        name: "serve-hostname",
        short: "Serves the hostname",
        flags: &[("tcp", "false"), ("udp", "false"), ("http", "true"), ("close", "false"), ("port", "9376")],
        begin: servers::hostname,
    },
    Word {
        name: "test-webserver",
        short: "Starts a simple HTTP fileserver",
        flags: &[("port", "80")],
        begin: |f, _| {
            let site = Site::Files { root: "/".into(), lists: true };
            let server = Server {
                port: f.port("port"),
                site,
                cost: REQUEST,
                software: String::new(),
                log: String::new(),
                memory: 0,
            };
            Box::new(super::server::serving(server.into()))
        },
    },
];

/// The flags of a word: `--name value`, `--name=value`.
struct Flags {
    given: Vec<(&'static str, String)>,
    words: Vec<String>,
}

impl Flags {
    fn read(word: &'static Word, args: &[String]) -> Result<Flags, String> {
        let mut out = Flags { given: word.flags.iter().map(|(n, v)| (*n, v.to_string())).collect(), words: vec![] };
        let mut args = args.iter();
        while let Some(a) = args.next() {
            if word.name == "entrypoint-tester" || !a.starts_with('-') || a == "-" {
                out.words.push(a.clone());
                continue;
            }
            if a == "--" {
                out.words.extend(args.cloned());
                break;
            }
            let bare = a.trim_start_matches('-');
            let (name, value) = bare.split_once('=').map_or((bare, None), |(n, v)| (n, Some(v.to_string())));
            let Some(flag) = out.given.iter_mut().find(|(n, _)| *n == name) else {
                return Err(format!("unknown flag: --{name}"));
            };
            let switch = ["true", "false"].contains(&flag.1.as_str());
            flag.1 = match value {
                Some(v) => v,
                None if switch => "true".into(),
                None => args.next().cloned().ok_or_else(|| format!("flag needs an argument: --{name}"))?,
            };
        }
        Ok(out)
    }

    fn text(&self, name: &str) -> &str {
        self.given.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| v)
    }

    fn number(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or(0)
    }

    fn port(&self, name: &str) -> u16 {
        self.text(name).parse().unwrap_or(0)
    }

    fn is_on(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    fn duration(&self, name: &str) -> Duration {
        parse_go_duration(self.text(name)).unwrap_or_default()
    }
}

pub fn start(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let rest = s.words.get(1..).unwrap_or_default();
    let name = rest.first().map_or("help", String::as_str);
    let Some(word) = TABLE.iter().find(|w| w.name == name) else {
        if ["help", "--help", "-h"].contains(&name) {
            return print(help(), 0);
        }
        let text = format!("Error: unknown command {name:?} for \"app\"\nRun 'app --help' for usage.\n");
        return Box::new(Printing::error(text, 1));
    };
    match Flags::read(word, &rest[1..]) {
        Ok(flags) => (word.begin)(&flags, s),
        Err(why) => Box::new(Printing::error(format!("Error: {why}\n"), 1)),
    }
}

fn help() -> String {
    let lines: String = TABLE.iter().map(|w| format!("  {:<22} {}\n", w.name, w.short)).collect();
    format!(
        "Usage:\n  app [command]\n\nAvailable Commands:\n{lines}\nUse \"app [command] --help\" for more information about a command.\n"
    )
}

fn print(text: String, code: i32) -> Box<dyn Program> {
    Box::new(Printing { out: text.into_bytes(), err: vec![], code })
}

fn serve(pages: impl Pages + 'static, ports: Vec<(u16, Speech)>) -> Box<dyn Program> {
    Box::new(Serving::new(Box::new(pages), ports))
}

fn page(code: u16, text: impl Into<Vec<u8>>) -> Answer {
    Answer::Page { code, kind: "text/plain; charset=utf-8", body: text.into(), location: None }
}

/// As Go's `http.NotFound`.
fn not_found() -> Answer {
    page(404, "404 page not found\n")
}

fn elsewhere(code: u16, to: String) -> Answer {
    Answer::Page { code, kind: "text/html; charset=utf-8", body: vec![], location: Some(to) }
}

/// A line as Go's `log.Printf` writes it.
fn log_line(now: Time, text: &str) -> String {
    format!("{} {text}\n", now.go_log_stamp())
}

/// The pause container of Kubernetes, for a container of its own.
pub fn pause(_: &mut Start<'_, '_>) -> Box<dyn Program> {
    Box::new(Pause { says: false, ends: false })
}

/// It waits to be told to end.
#[derive(Clone)]
struct Pause {
    says: bool,
    ends: bool,
}

impl Program for Pause {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if std::mem::take(&mut self.says) {
            let _ = sys.write(crate::runtime::kernel::STDOUT, b"Paused\n");
        }
        if self.ends { Step::Exit(0) } else { Step::Wait(Wait::default()) }
    }

    fn signal(&mut self, signal: Signal) -> Reaction {
        self.ends = signal.asks_to_end();
        if self.ends { Reaction::Noted } else { Reaction::Default }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
