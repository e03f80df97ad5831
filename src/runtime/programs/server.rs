//! Web servers: the own program of most images, and busybox's `httpd`.

use std::sync::Arc;

use super::{Printing, Start};
use crate::api::Time;
use crate::api::path::absolute;
use crate::runtime::kernel::net::Protocol;
use crate::runtime::kernel::{Errno, Fd, Program, Reaction, Read, STDOUT, Signal, Step, Sys, Wait};
use crate::runtime::web::{Answer, REQUEST, Request, Server, Site, reason};

/// Work that is done sooner is not worth a pause.
const SHORT: std::time::Duration = std::time::Duration::from_millis(1);

#[derive(Clone)]
struct Serving {
    server: Arc<Server>,
    listener: Option<Fd>,
    connections: Vec<Connection>,
    stopped: bool,
}

#[derive(Clone)]
struct Connection {
    fd: Fd,
    came: Vec<u8>,
    /// An answer that is ready at a time.
    ready: Option<(Time, Vec<u8>)>,
    closes: bool,
    ended: bool,
}

impl Serving {
    fn new(server: Arc<Server>) -> Serving {
        Serving { server, listener: None, connections: vec![], stopped: false }
    }

    fn listen(&mut self, sys: &mut Sys<'_>) -> Result<Fd, Step> {
        if let Some(fd) = self.listener {
            return Ok(fd);
        }
        if !sys.allocate(self.server.memory) {
            return Err(Step::Exit(137));
        }
        match sys.listen(Protocol::Tcp, self.server.port, false) {
            Ok(fd) => {
                self.listener = Some(fd);
                Ok(fd)
            }
            Err(e) => {
                let number = if e == Errno::AddressInUse { 98 } else { 13 };
                let words = sys.words();
                let name = words.first().map_or("", |w| crate::runtime::kernel::tree::name(w));
                let text = format!("{name}: bind() to 0.0.0.0:{} failed ({number}: {})\n", self.server.port, e.text());
                Err(Step::Become(Box::new(Printing::error(text, 1)), sys.words(), Default::default()))
            }
        }
    }

    /// One connection goes on as far as it can. Whether it stays.
    fn serve(&self, c: &mut Connection, sys: &mut Sys<'_>) -> bool {
        loop {
            if let Some((at, answer)) = &mut c.ready {
                if *at > sys.now {
                    return true;
                }
                match sys.drain(c.fd, answer) {
                    Ok(true) => c.ready = None,
                    Ok(false) => return true,
                    Err(_) => return false,
                }
                if c.closes {
                    return false;
                }
                continue;
            }
            match Request::parse(&c.came) {
                Some(Ok((r, n))) => {
                    c.came.drain(..n);
                    self.answer(c, r, sys);
                    continue;
                }
                Some(Err(())) => {
                    c.closes = true;
                    c.came.clear();
                    let body = match &self.server.site {
                        Site::Other { says: Some(text) } => format!("{text}\r\n").into_bytes(),
                        Site::Other { says: None } => return false,
                        _ => page(
                            &self.server,
                            400,
                            "text/html",
                            self.server.error_page(400).into_bytes(),
                            None,
                            true,
                            sys,
                        ),
                    };
                    c.ready = Some((sys.now, body));
                    continue;
                }
                None if c.ended => return false,
                None => {}
            }
            match sys.read(c.fd, 65_536) {
                Ok(Read::Data(d)) => c.came.extend(d),
                Ok(Read::End) => c.ended = true,
                Ok(Read::Empty) => return true,
                Err(_) => return false,
            }
        }
    }

    fn answer(&self, c: &mut Connection, mut r: Request, sys: &mut Sys<'_>) {
        let peer = sys.peer(c.fd).map(|(peer, _)| peer);
        (r.client, r.client_port) = peer.map(|p| (p.ip.to_string(), p.port)).unwrap_or_default();
        let done = sys.work(self.server.cost);
        let at = if done.since(sys.now) < SHORT { sys.now } else { done };
        let asked_to_close = r.header("connection").is_some_and(|v| v.eq_ignore_ascii_case("close"));
        c.closes = asked_to_close || r.version == "HTTP/1.0";
        let bytes = match self.server.answer(&r, sys) {
            Answer::Page { code, kind, body, location } => {
                let n = body.len();
                let line = self.server.log_line(&r, code, n, sys);
                if let Some(line) = line {
                    let _ = sys.write(STDOUT, line.as_bytes());
                }
                let body = if r.method == "HEAD" { vec![] } else { body };
                let mut text = page(&self.server, code, kind, body, location.as_deref(), c.closes, sys);
                if r.method == "HEAD" {
                    let head =
                        String::from_utf8_lossy(&text).replace("Content-Length: 0", &format!("Content-Length: {n}"));
                    text = head.into_bytes();
                }
                text
            }
            Answer::Raw(text) => {
                c.closes = true;
                text.into_bytes()
            }
            Answer::HungUp => {
                c.closes = true;
                vec![]
            }
        };
        c.ready = Some((at, bytes));
    }
}

fn page(
    server: &Server,
    code: u16,
    kind: &str,
    body: Vec<u8>,
    location: Option<&str>,
    closes: bool,
    sys: &Sys<'_>,
) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {code} {}\r\n", reason(code));
    if !server.software.is_empty() {
        head.push_str(&format!("Server: {}\r\n", server.software));
    }
    head.push_str(&format!(
        "Date: {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n",
        sys.now.http_date(),
        body.len()
    ));
    if let Some(to) = location {
        head.push_str(&format!("Location: {to}\r\n"));
    }
    head.push_str(if closes { "Connection: close\r\n\r\n" } else { "Connection: keep-alive\r\n\r\n" });
    let mut out = head.into_bytes();
    out.extend(body);
    out
}

impl Program for Serving {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if self.stopped {
            return Step::Exit(0);
        }
        let listener = match self.listen(sys) {
            Ok(fd) => fd,
            Err(step) => return step,
        };
        while let Some(fd) = sys.accept(listener) {
            self.connections.push(Connection { fd, came: vec![], ready: None, closes: false, ended: false });
        }
        let mut connections = std::mem::take(&mut self.connections);
        connections.retain_mut(|c| {
            let stays = self.serve(c, sys);
            if !stays {
                sys.close(c.fd);
            }
            stays
        });
        let mut wait = Wait::readable(listener);
        for c in &connections {
            match &c.ready {
                Some((at, _)) if *at > sys.now => wait.until = Some(wait.until.map_or(*at, |u| u.min(*at))),
                Some(_) => wait.writable.push(c.fd),
                None => wait.readable.push(c.fd),
            }
        }
        self.connections = connections;
        Step::Wait(wait)
    }

    /// It ends at once, and well.
    fn signal(&mut self, signal: Signal) -> Reaction {
        if [Signal::TERM, Signal::INT, Signal::QUIT].contains(&signal) {
            self.stopped = true;
            return Reaction::Noted;
        }
        if signal == Signal::HUP { Reaction::Ignored } else { Reaction::Default }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

/// The image's own server.
pub fn own(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    match s.sys.root().and_then(|r| r.image.as_ref()).and_then(|i| i.server.clone()) {
        Some(server) => Box::new(Serving::new(server)),
        None => Box::new(Printing::error(format!("{}: nothing to serve\n", s.words[0]), 1)),
    }
}

/// busybox's `httpd -p PORT -h DIRECTORY`.
pub fn httpd(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let o = super::options::Options::parse(s.words, "fiv", "phcru", &[]);
    let o = match o {
        Ok(o) => o,
        Err(e) => return Box::new(Printing::error(e, 1)),
    };
    let port = o.value('p').and_then(|p| p.rsplit(':').next()?.parse().ok()).unwrap_or(80);
    let root = absolute(&s.sys.cwd(), o.value('h').unwrap_or("."));
    let site = Site::Files { root, lists: false };
    let server = Server { port, site, cost: REQUEST, software: String::new(), log: String::new(), memory: 0 };
    let serving = Serving::new(Arc::new(server));
    if o.has('f') {
        return Box::new(serving);
    }
    // It goes into the background: who called it goes on.
    Box::new(Detaching { program: Some(Box::new(serving)) })
}

/// Starts a program beside itself, and ends.
#[derive(Clone)]
struct Detaching {
    program: Option<Box<dyn Program>>,
}

impl Program for Detaching {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if let Some(program) = self.program.take() {
            let fds = sys.fds();
            sys.spawn(program, sys.words(), Default::default(), fds);
        }
        Step::Exit(0)
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

/// Says what the image is there to say, and ends.
pub fn says(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let said = s.sys.root().and_then(|r| r.image.as_ref()).and_then(|i| i.says.clone()).unwrap_or_default();
    let out: String = said.0.iter().map(|l| format!("{l}\n")).collect();
    Box::new(Printing { out: out.into_bytes(), err: vec![], code: said.1 })
}
