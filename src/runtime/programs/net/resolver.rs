//! Asking for names: `/etc/hosts`, then the name servers of `/etc/resolv.conf`, with its search list.
//! In real containers this is the C library.

use std::net::Ipv4Addr;

use crate::api::dns::Kind;
use crate::api::{Duration, Time};
use crate::runtime::kernel::net::{Address, Protocol};
use crate::runtime::kernel::{Errno, Fd, Read, Sys, Wait};

const PORT: u16 = 53;
const PATIENCE: Duration = Duration::from_secs(5);
const TRIES: u32 = 2;

/// What `/etc/resolv.conf` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub servers: Vec<Ipv4Addr>,
    pub search: Vec<String>,
    pub ndots: usize,
}

impl Settings {
    pub fn read(sys: &mut Sys<'_>) -> Settings {
        let text =
            sys.read_file("/etc/resolv.conf").map(|b| String::from_utf8_lossy(&b).to_string()).unwrap_or_default();
        let mut s = Settings { servers: vec![], search: vec![], ndots: 1 };
        for l in text.lines() {
            let mut words = l.split_whitespace();
            match words.next() {
                Some("nameserver") => s.servers.extend(words.next().and_then(|w| w.parse::<Ipv4Addr>().ok())),
                Some("search" | "domain") => s.search = words.map(String::from).collect(),
                Some("options") => {
                    let n = words.find_map(|w| w.strip_prefix("ndots:")?.parse().ok());
                    s.ndots = n.unwrap_or(s.ndots);
                }
                _ => {}
            }
        }
        s
    }
}

/// What a server answered, line by line: `NAME TYPE DATA`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Found(Vec<(String, String, String)>),
    NoSuchName,
    Failed,
}

/// The text of a question and of an answer. (Real Kubernetes: RFC 1035's format, in bytes.)
pub fn question(kind: Kind, name: &str) -> Vec<u8> {
    format!("{} {name}", kind.name()).into_bytes()
}

fn read_reply(data: &[u8]) -> Reply {
    let text = String::from_utf8_lossy(data).to_string();
    let mut lines = text.lines();
    match lines.next() {
        Some("NOERROR") => {
            let line = |l: &str| {
                let mut w = l.splitn(3, ' ');
                Some((w.next()?.to_string(), w.next()?.to_string(), w.next()?.to_string()))
            };
            Reply::Found(lines.filter_map(line).collect())
        }
        Some("NXDOMAIN") => Reply::NoSuchName,
        _ => Reply::Failed,
    }
}

/// One question to one server after the other.
#[derive(Clone, Debug)]
pub struct Query {
    pub kind: Kind,
    pub name: String,
    servers: Vec<Address>,
    tries: u32,
    fd: Option<Fd>,
    sent: bool,
    until: Option<Time>,
    /// A server's machine said that nobody listens there.
    pub refused: bool,
}

impl Query {
    pub fn new(kind: Kind, name: &str, servers: &[Address]) -> Query {
        Query {
            kind,
            name: name.into(),
            servers: servers.to_vec(),
            tries: 0,
            fd: None,
            sent: false,
            until: None,
            refused: false,
        }
    }

    /// `Err`: it has to wait. `Ok(None)`: nobody answered.
    pub fn poll(&mut self, sys: &mut Sys<'_>) -> Result<Option<Reply>, Wait> {
        loop {
            let rounds = u32::try_from(self.servers.len()).unwrap_or(1).saturating_mul(TRIES);
            if self.tries >= rounds {
                return Ok(None);
            }
            let server = self.servers[self.tries as usize % self.servers.len()];
            let fd = *self.fd.get_or_insert_with(|| sys.connect(Protocol::Udp, server));
            let until = *self.until.get_or_insert(sys.now + PATIENCE);
            let failed = match sys.connected(fd) {
                None if sys.now < until => return Err(Wait::writable(fd).or_until(Some(until))),
                None => Some(Errno::TimedOut),
                Some(Err(e)) => Some(e),
                Some(Ok(())) => {
                    if !std::mem::replace(&mut self.sent, true) {
                        let _ = sys.write(fd, &question(self.kind, &self.name));
                    }
                    match sys.read(fd, 65_536) {
                        Ok(Read::Data(d)) => {
                            sys.close(fd);
                            return Ok(Some(read_reply(&d)));
                        }
                        Ok(Read::Empty) if sys.now < until => return Err(Wait::readable(fd).or_until(Some(until))),
                        Ok(_) => Some(Errno::TimedOut),
                        Err(e) => Some(e),
                    }
                }
            };
            self.refused |= failed == Some(Errno::Refused);
            sys.close(fd);
            (self.fd, self.sent, self.until, self.tries) = (None, false, None, self.tries + 1);
        }
    }
}

/// What became of a search for a name's addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    Found(Vec<Ipv4Addr>),
    NotFound,
    /// Nobody answered, or somebody could not: it may be there all the same.
    TryAgain,
}

/// The addresses of a name.
#[derive(Clone, Debug)]
pub struct Lookup {
    name: String,
    /// Names to ask for, the last one first.
    candidates: Option<Vec<String>>,
    servers: Vec<Address>,
    query: Option<Query>,
    failed: bool,
    /// What it was found as.
    found: Option<String>,
}

impl Lookup {
    pub fn new(name: &str) -> Lookup {
        Lookup { name: name.into(), candidates: None, servers: vec![], query: None, failed: false, found: None }
    }

    /// The same at servers that are named, not those of `/etc/resolv.conf`.
    pub fn at(name: &str, servers: Vec<Address>) -> Lookup {
        Lookup { servers, ..Lookup::new(name) }
    }

    /// The name in full that had the addresses.
    pub fn found_as(&self) -> &str {
        self.found.as_ref().unwrap_or(&self.name)
    }

    /// What needs no server: an address, or a name of `/etc/hosts`.
    fn known(&self, sys: &mut Sys<'_>) -> Option<Vec<Ipv4Addr>> {
        if let Ok(ip) = self.name.parse() {
            return Some(vec![ip]);
        }
        let text = sys.read_file("/etc/hosts").map(|b| String::from_utf8_lossy(&b).to_string()).unwrap_or_default();
        let found = text.lines().filter(|l| !l.starts_with('#')).find_map(|l| {
            let mut words = l.split_whitespace();
            let ip = words.next()?.parse::<Ipv4Addr>().ok()?;
            words.any(|w| w.eq_ignore_ascii_case(&self.name)).then_some(ip)
        });
        let is_self = self.name.eq_ignore_ascii_case("localhost");
        found.or(is_self.then_some(Ipv4Addr::LOCALHOST)).map(|ip| vec![ip])
    }

    fn candidates(&self, s: &Settings) -> Vec<String> {
        if let Some(absolute) = self.name.strip_suffix('.') {
            return vec![absolute.into()];
        }
        let mut all: Vec<String> = s.search.iter().map(|d| format!("{}.{d}", self.name)).collect();
        if self.name.matches('.').count() >= s.ndots {
            all.insert(0, self.name.clone())
        } else {
            all.push(self.name.clone())
        }
        all.reverse();
        all
    }

    /// `Err`: it has to wait.
    pub fn poll(&mut self, sys: &mut Sys<'_>) -> Result<Looked, Wait> {
        if self.candidates.is_none() {
            if let Some(ips) = self.known(sys) {
                return Ok(Looked::Found(ips));
            }
            let s = Settings::read(sys);
            if self.servers.is_empty() {
                self.servers = s.servers.iter().map(|ip| Address { ip: *ip, port: PORT }).collect();
            }
            self.candidates = Some(self.candidates(&s));
        }
        loop {
            if self.query.is_none() {
                let Some(name) = self.candidates.as_mut().and_then(Vec::pop) else {
                    return Ok(if self.failed { Looked::TryAgain } else { Looked::NotFound });
                };
                self.query = Some(Query::new(Kind::A, &name, &self.servers));
            }
            let Some(q) = &mut self.query else { return Ok(Looked::TryAgain) };
            let reply = q.poll(sys)?;
            let asked = std::mem::take(&mut q.name);
            self.query = None;
            match reply {
                Some(Reply::Found(lines)) => {
                    let ips: Vec<Ipv4Addr> =
                        lines.iter().filter(|(_, k, _)| k == "A").filter_map(|(_, _, d)| d.parse().ok()).collect();
                    if !ips.is_empty() {
                        // Where names stand for one another, the last one has them.
                        let last = lines.into_iter().find(|(_, k, _)| k == "A").map(|(name, ..)| name);
                        self.found = last.or(Some(asked));
                        return Ok(Looked::Found(ips));
                    }
                }
                Some(Reply::NoSuchName) => {}
                Some(Reply::Failed) => self.failed = true,
                // Who does not answer once is not asked again.
                None => return Ok(Looked::TryAgain),
            }
        }
    }
}
