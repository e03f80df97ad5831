//! An HTTP request on its way, and what comes back.

use crate::api::Time;
use crate::runtime::kernel::net::{Address, Protocol};
use crate::runtime::kernel::{Errno, Fd, Read, Sys, Wait};
use crate::runtime::tls::{self, Distrust};

/// `http://user@host:8080/path?query`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    pub scheme: String,
    pub host: String,
    pub port: u16,
    pub path: String,
    pub user: Option<String>,
}

impl Url {
    pub fn parse(text: &str) -> Option<Url> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.split('#').next().unwrap_or("");
        let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(u, h)| (Some(u.to_string()), h));
        let default = if scheme == "https" { 443 } else { 80 };
        let (host, port) = match host.rsplit_once(':') {
            Some((h, p)) => (h, p.parse().ok().filter(|p| *p > 0)?),
            None => (host, default),
        };
        if host.is_empty() || host.contains(' ') {
            return None;
        }
        let path = if path.starts_with('/') { path.to_string() } else { format!("/{path}") };
        Some(Url { scheme: scheme.to_ascii_lowercase(), host: host.into(), port, path, user })
    }

    /// As the header `Host` has it.
    pub fn authority(&self) -> String {
        let default = if self.scheme == "https" { 443 } else { 80 };
        if self.port == default { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Where a redirection leads from here.
    pub fn join(&self, location: &str) -> Option<Url> {
        if location.contains("://") {
            return Url::parse(location);
        }
        let path = match location.starts_with('/') {
            true => location.into(),
            false => format!("{}/{location}", self.path.rsplit_once('/').map_or("", |(d, _)| d)),
        };
        Some(Url { path, ..self.clone() })
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Response {
    /// `HTTP/1.1 200 OK`
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn code(&self) -> u16 {
        self.line.split(' ').nth(1).and_then(|c| c.parse().ok()).unwrap_or(0)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Reads one from what came so far. `ended`: nothing more will come.
    fn parse(text: &[u8], ended: bool, head_only: bool) -> Option<Result<Response, Failed>> {
        if text.is_empty() {
            return ended.then_some(Err(Failed::Empty));
        }
        if !b"HTTP/".starts_with(&text[..text.len().min(5)]) {
            return Some(Err(Failed::NoHttp));
        }
        let Some(end) = text.windows(4).position(|w| w == b"\r\n\r\n") else {
            return ended.then_some(Err(Failed::Empty));
        };
        let head = String::from_utf8_lossy(&text[..end]).to_string();
        let mut lines = head.lines();
        let line = lines.next().unwrap_or_default().to_string();
        let header = |l: &str| l.split_once(':').map(|(n, v)| (n.trim().to_string(), v.trim().to_string()));
        let mut r = Response { line, headers: lines.filter_map(header).collect(), body: text[end + 4..].to_vec() };
        let length = r.header("content-length").and_then(|l| l.parse::<usize>().ok());
        // Some answers have no body, whatever their head says.
        let empty = head_only || matches!(r.code(), 100..=199 | 204 | 304);
        match length {
            _ if empty => r.body.clear(),
            Some(n) if r.body.len() >= n => r.body.truncate(n),
            Some(_) if !ended => return None,
            None if !ended => return None,
            _ => {}
        }
        Some(Ok(r))
    }
}

/// Why nothing came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    Connect(Errno),
    /// Nothing at all came.
    Empty,
    /// Something came that is no HTTP.
    NoHttp,
    Reset,
    /// What came is no TLS.
    NoTls,
    Distrusted(Distrust),
    TimedOut {
        connected: bool,
    },
}

/// A request on its way.
#[derive(Clone, Debug)]
pub struct Exchange {
    to: Address,
    request: Vec<u8>,
    head_only: bool,
    fd: Option<Fd>,
    pub connected_at: Option<Time>,
    came: Vec<u8>,
    /// When it is given up.
    until: Option<Time>,
    /// When connecting is given up.
    connect_until: Option<Time>,
    tls: Option<Tls>,
}

/// A connection on which one wants to know with whom one speaks.
#[derive(Clone, Debug)]
struct Tls {
    host: String,
    /// Certificates of authorities, as PEM; `None`: anybody will do.
    trusted: Option<String>,
    greeted: bool,
    shown: bool,
}

impl Exchange {
    pub fn new(
        to: Address,
        request: Vec<u8>,
        head_only: bool,
        until: Option<Time>,
        connect_until: Option<Time>,
    ) -> Exchange {
        Exchange { to, request, head_only, fd: None, connected_at: None, came: vec![], until, connect_until, tls: None }
    }

    /// The same over TLS. `trusted`: certificates of authorities, as PEM; without, nobody asks who has signed.
    pub fn over_tls(self, host: &str, trusted: Option<String>) -> Exchange {
        Exchange { tls: Some(Tls { host: host.into(), trusted, greeted: false, shown: false }), ..self }
    }

    pub fn is_for_head(&self) -> bool {
        self.head_only
    }

    /// `Some`: it is not done, or goes no further.
    fn shake_hands(&mut self, fd: Fd, sys: &mut Sys<'_>) -> Option<Result<Result<Response, Failed>, Wait>> {
        let t = self.tls.as_mut().filter(|t| !t.shown)?;
        if !t.greeted {
            t.greeted = true;
            let _ = sys.write(fd, &tls::client_hello(&t.host));
        }
        let ended = match sys.read(fd, 65_536) {
            Ok(Read::Data(d)) => {
                self.came.extend(d);
                false
            }
            Ok(Read::Empty) => false,
            Ok(Read::End) | Err(_) => true,
        };
        let failed = match tls::take_server_hello(&mut self.came) {
            Some(Ok(who)) => {
                t.shown = true;
                match t.trusted.as_ref().map(|trusted| tls::verify(&who, trusted, &t.host)) {
                    Some(Err(why)) => Failed::Distrusted(why),
                    _ => return None,
                }
            }
            Some(Err(())) => Failed::NoTls,
            None if ended => Failed::Empty,
            None if self.until.is_some_and(|t| sys.now >= t) => Failed::TimedOut { connected: true },
            None => return Some(Err(Wait::readable(fd).or_until(self.until))),
        };
        sys.close(fd);
        Some(Ok(Err(failed)))
    }

    /// `Err`: it has to wait.
    pub fn poll(&mut self, sys: &mut Sys<'_>) -> Result<Result<Response, Failed>, Wait> {
        let to = self.to;
        let fd = *self.fd.get_or_insert_with(|| sys.connect(Protocol::Tcp, to));
        let late = |t: Option<Time>, sys: &Sys<'_>| t.is_some_and(|t| sys.now >= t);
        match sys.connected(fd) {
            None => {
                let until = match (self.until, self.connect_until) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
                if !late(until, sys) {
                    return Err(Wait::writable(fd).or_until(until));
                }
                sys.close(fd);
                return Ok(Err(Failed::TimedOut { connected: false }));
            }
            Some(Err(e)) => {
                sys.close(fd);
                return Ok(Err(Failed::Connect(e)));
            }
            Some(Ok(())) => {}
        }
        self.connected_at.get_or_insert(sys.now);
        if let Some(step) = self.shake_hands(fd, sys) {
            return step;
        }
        match sys.drain(fd, &mut self.request) {
            Ok(true) => {}
            Ok(false) => return Err(Wait::writable(fd).or_until(self.until)),
            Err(_) => {
                sys.close(fd);
                return Ok(Err(Failed::Reset));
            }
        }
        let mut ended = false;
        loop {
            match sys.read(fd, 65_536) {
                Ok(Read::Data(d)) => self.came.extend(d),
                Ok(Read::Empty) => break,
                Ok(Read::End) | Err(_) => {
                    ended = true;
                    break;
                }
            }
        }
        if let Some(answer) = Response::parse(&self.came, ended, self.head_only) {
            sys.close(fd);
            return Ok(answer);
        }
        if late(self.until, sys) {
            sys.close(fd);
            return Ok(Err(Failed::TimedOut { connected: true }));
        }
        Err(Wait::readable(fd).or_until(self.until))
    }
}
