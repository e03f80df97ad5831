//! A server that follows another one: it fetches all data, and then hears of each change.

use super::client::Client;
use super::commands::find;
use super::resp::{self, Reply};
use super::server::Server;
use crate::api::{Duration, Time};
use crate::runtime::kernel::net::{Address, Protocol};
use crate::runtime::kernel::{Errno, Fd, Read, Sys, Wait};
use crate::runtime::programs::net::{Looked, Lookup};

/// Until it tries again.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub struct Link {
    pub host: String,
    pub port: u16,
    last: Time,
    line: Option<Box<Line>>,
}

#[derive(Clone, Debug)]
struct Line {
    lookup: Lookup,
    fd: Option<Fd>,
    stage: Stage,
    came: Vec<u8>,
    /// In whose name changes are made here.
    client: Client,
    /// What it waits for.
    wait: Wait,
    resting: Option<Time>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Looking,
    Connecting,
    /// Words are exchanged; so many were answered.
    Greeting(usize),
    /// All data come: their length, if it is known.
    Fetching(Option<usize>),
    Up,
}

impl Link {
    pub fn new(host: &str, port: u16) -> Link {
        Link { host: host.into(), port, last: Time::default(), line: None }
    }

    pub fn is_up(&self) -> bool {
        self.line.as_ref().is_some_and(|l| l.stage == Stage::Up)
    }

    /// As `ROLE` names it.
    pub fn state(&self) -> &'static str {
        match self.line.as_ref().map(|l| l.stage) {
            Some(Stage::Up) => "connected",
            Some(Stage::Fetching(_)) => "sync",
            Some(Stage::Greeting(_) | Stage::Connecting) => "connecting",
            _ => "connect",
        }
    }

    pub fn idle_seconds(&self, now: Time) -> String {
        if self.is_up() { now.since(self.last).as_secs().to_string() } else { "-1".into() }
    }

    pub fn waits_for(&self, wait: &mut Wait) {
        let Some(line) = &self.line else { return };
        wait.readable.extend(&line.wait.readable);
        wait.writable.extend(&line.wait.writable);
        wait.until = wait.until.into_iter().chain(line.wait.until).min();
    }

    pub fn end(self, sys: &mut Sys<'_>) {
        if let Some(fd) = self.line.and_then(|l| l.fd) {
            sys.close(fd);
        }
    }
}

impl Line {
    fn new(host: &str, now: Time) -> Line {
        Line {
            lookup: Lookup::new(host),
            fd: None,
            stage: Stage::Looking,
            came: vec![],
            client: Client::new(1, 0, None, now),
            wait: Wait::default(),
            resting: None,
        }
    }
}

impl Server {
    /// The link goes on as far as it can.
    pub fn follow(&mut self, sys: &mut Sys<'_>) {
        let Some(link) = &mut self.link else { return };
        let (host, port) = (link.host.clone(), link.port);
        let mut line = match link.line.take() {
            Some(l) if l.resting.is_some_and(|t| t > sys.now) => {
                link.line = Some(l);
                return;
            }
            Some(l) if l.resting.is_none() => l,
            _ => {
                self.note(&format!("Connecting to MASTER {host}:{port}"), sys);
                Box::new(Line::new(&host, sys.now))
            }
        };
        loop {
            match self.advance(&mut line, port, sys) {
                Ok(None) => {}
                Ok(Some(wait)) => {
                    line.wait = wait;
                    break;
                }
                Err(why) => {
                    self.warn(&why, sys);
                    if let Some(fd) = line.fd.take() {
                        sys.close(fd);
                    }
                    let until = sys.now + PAUSE;
                    line.stage = Stage::Looking;
                    (line.wait, line.resting) = (Wait::until(until), Some(until));
                    break;
                }
            }
        }
        if let Some(link) = &mut self.link {
            link.line = Some(line);
        }
    }

    /// One step. `Some`: it has to wait. The error is what is said before it begins anew.
    fn advance(&mut self, line: &mut Line, port: u16, sys: &mut Sys<'_>) -> Result<Option<Wait>, String> {
        match (line.stage, line.fd) {
            (Stage::Looking, _) | (_, None) => match line.lookup.poll(sys) {
                Err(wait) => return Ok(Some(wait)),
                Ok(Looked::Found(ips)) if !ips.is_empty() => {
                    line.fd = Some(sys.connect(Protocol::Tcp, Address { ip: ips[0], port }));
                    line.stage = Stage::Connecting;
                    self.note("MASTER <-> REPLICA sync started", sys);
                }
                Ok(_) => return Err(format!("Unable to connect to MASTER: {}", Errno::Again.text())),
            },
            (Stage::Connecting, Some(fd)) => match sys.connected(fd) {
                None => return Ok(Some(Wait::writable(fd))),
                Some(Err(e)) => return Err(format!("Error condition on socket for SYNC: {}", e.text())),
                Some(Ok(())) => {
                    self.note("Non blocking connect for SYNC fired the event.", sys);
                    line.stage = Stage::Greeting(0);
                    self.say(fd, 0, sys);
                }
            },
            (_, Some(fd)) => {
                if self.understand(line, fd, sys)? {
                    return Ok(None);
                }
                match sys.read(fd, 65_536) {
                    Ok(Read::Data(d)) => {
                        line.came.extend(d);
                        if let Some(link) = &mut self.link {
                            link.last = sys.now;
                        }
                    }
                    Ok(Read::Empty) => return Ok(Some(Wait::readable(fd))),
                    Ok(Read::End) | Err(_) => {
                        return Err(match line.stage {
                            Stage::Up => "Connection with master lost.".into(),
                            _ => "Failed to read response from the server: Connection reset by peer".into(),
                        });
                    }
                }
            }
        }
        Ok(None)
    }

    /// What is said first, one after the other.
    fn words(&self, step: usize) -> Option<Vec<String>> {
        let text = |words: &[&str]| words.iter().map(|w| (*w).to_string()).collect();
        let password = self.config.text("masterauth");
        let auth = (!password.is_empty()).then(|| match self.config.text("masteruser") {
            "" => text(&["AUTH", password]),
            user => text(&["AUTH", user, password]),
        });
        let all = [
            Some(text(&["PING"])),
            auth,
            Some(text(&["REPLCONF", "listening-port", self.config.text("port")])),
            Some(text(&["REPLCONF", "capa", "eof", "capa", "psync2"])),
            Some(text(&["PSYNC", "?", "-1"])),
        ];
        all.into_iter().flatten().nth(step)
    }

    fn say(&self, fd: Fd, step: usize, sys: &mut Sys<'_>) {
        if let Some(words) = self.words(step) {
            let _ = sys.write(fd, &resp::command(&words));
        }
    }

    /// Makes something of what has come. Whether there was enough for that.
    fn understand(&mut self, line: &mut Line, fd: Fd, sys: &mut Sys<'_>) -> Result<bool, String> {
        match line.stage {
            Stage::Greeting(step) => {
                let Some(parsed) = Reply::parse(&line.came) else { return Ok(false) };
                let (reply, n) = parsed.map_err(|e| format!("Error reply from master: {e}"))?;
                line.came.drain(..n);
                let said = self.words(step).unwrap_or_default();
                let name = said.first().map_or("", String::as_str);
                match (name, &reply) {
                    ("PSYNC", Reply::Status(s)) if s.starts_with("FULLRESYNC ") => {
                        self.note("Partial resynchronization not possible (no cached master)", sys);
                        let mut words = s.split(' ').skip(1);
                        let (id, offset) = (words.next().unwrap_or(""), words.next().unwrap_or("0"));
                        self.note(&format!("Full resync from master: {id}:{offset}"), sys);
                        self.replication_id = id.into();
                        self.offset = offset.parse().unwrap_or(0);
                        line.stage = Stage::Fetching(None);
                        return Ok(true);
                    }
                    ("PING", Reply::Status(_)) => {
                        self.note("Master replied to PING, replication can continue...", sys);
                    }
                    ("PING", Reply::Error(e)) if e.starts_with("NOAUTH") || e.starts_with("NOPERM") => {
                        self.note("Master replied to PING, replication can continue...", sys);
                    }
                    ("PING", Reply::Error(e)) => return Err(format!("Error reply to PING from master: '-{e}'")),
                    ("AUTH", Reply::Error(e)) => return Err(format!("Unable to AUTH to MASTER: -{e}")),
                    ("REPLCONF", Reply::Error(e)) => {
                        self.note(&format!("(Non critical) Master does not understand REPLCONF: -{e}"), sys);
                    }
                    ("PSYNC", Reply::Error(e)) => return Err(format!("Unexpected reply to PSYNC from master: -{e}")),
                    _ => {}
                }
                line.stage = Stage::Greeting(step + 1);
                self.say(fd, step + 1, sys);
                Ok(true)
            }
            Stage::Fetching(None) => {
                let Some(end) = line.came.windows(2).position(|w| w == b"\r\n") else { return Ok(false) };
                let head = String::from_utf8_lossy(&line.came[..end]).to_string();
                let length = head.strip_prefix('$').and_then(|n| n.parse().ok());
                let length =
                    length.ok_or_else(|| format!("Bad protocol from MASTER, the first byte is not '$': {head}"))?;
                line.came.drain(..end + 2);
                line.stage = Stage::Fetching(Some(length));
                self.note(&format!("MASTER <-> REPLICA sync: receiving {length} bytes from master to disk"), sys);
                Ok(true)
            }
            Stage::Fetching(Some(length)) if line.came.len() >= length => {
                let data: Vec<u8> = line.came.drain(..length).collect();
                self.note("MASTER <-> REPLICA sync: Flushing old data", sys);
                self.note("MASTER <-> REPLICA sync: Loading DB in memory", sys);
                self.take_in(&data, sys)?;
                self.note("MASTER <-> REPLICA sync: Finished with success", sys);
                // What follows this one has other data than this one has now.
                self.clients.iter_mut().filter(|c| c.replica).for_each(|c| c.closes = true);
                if self.aof.is_some() {
                    self.rewrite_log(sys);
                }
                line.stage = Stage::Up;
                Ok(true)
            }
            Stage::Up => self.do_likewise(line, fd, sys),
            _ => Ok(false),
        }
    }

    /// Changes that the other one has made.
    fn do_likewise(&mut self, line: &mut Line, fd: Fd, sys: &mut Sys<'_>) -> Result<bool, String> {
        let mut at = 0;
        while let Some(request) = resp::request(&line.came[at..]) {
            let (words, n) = request.map_err(|e| format!("Protocol error from master: {e}"))?;
            at += n;
            if let Some(command) = words.first().and_then(|w| find(w)) {
                self.call(command, &mut line.client, &words, None, true, sys);
            }
        }
        line.came.drain(..at);
        if at > 0 {
            self.offset += at as u64;
            let _ = sys.write(fd, &resp::command(&["REPLCONF", "ACK", &self.offset.to_string()]));
        }
        Ok(at > 0)
    }
}
