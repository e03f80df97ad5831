//! What every server does: it listens, takes connections, reads requests and writes answers. What the answers are, the program
//! says ([`Pages`]).

use std::sync::Arc;

use super::net::http::{Exchange, Failed, Response};
use super::{Printing, children};
use crate::api::served::Identity;
use crate::api::{Duration, Time};
use crate::runtime::grpc::{Failure, Peer, Reply};
use crate::runtime::kernel::net::Protocol;
use crate::runtime::kernel::{Errno, Fd, ProcessId, Program, Reaction, Read, STDERR, STDOUT, Signal, Step, Sys, Wait};
use crate::runtime::tls;
use crate::runtime::web::{Answer, REQUEST, Request, reason};

/// What a server answers with.
pub trait Pages: Send + Sync {
    /// A request that came to one of its ports.
    fn answer(&mut self, port: u16, r: &Request, sys: &mut Sys<'_>) -> Answer;
    /// What came back from another server that was asked for this request.
    fn came_back(&mut self, _port: u16, _r: &Request, _came: Result<Response, Failed>, _sys: &mut Sys<'_>) -> Answer {
        Answer::HungUp
    }
    /// As whom it shows itself to those who call it over TLS, if not as the API server.
    fn identity(&self) -> Option<Arc<Identity>> {
        None
    }
    /// To what is no request.
    fn malformed(&self) -> Answer {
        let body = b"400 Bad Request".to_vec();
        Answer::Page { code: 400, kind: "text/plain; charset=utf-8", body, location: None }
    }
    /// The health of a service, for those who ask in gRPC.
    fn health(&mut self, _service: &str, _sys: &mut Sys<'_>) -> Reply {
        Err(Failure::Unimplemented("unknown service grpc.health.v1.Health".into()))
    }
    /// What it calls itself.
    fn software(&self) -> &str {
        ""
    }
    /// The line of its log for a request, if it keeps one.
    fn log(&self, _r: &Request, _code: u16, _bytes: usize, _sys: &mut Sys<'_>) -> Option<String> {
        None
    }
    /// The CPU time that a request takes.
    fn cost(&self) -> Duration {
        REQUEST
    }
    fn memory(&self) -> u64 {
        8 << 20
    }
    /// It ends by itself at that time, with a code.
    fn ends(&self) -> Option<(Time, i32)> {
        None
    }
    /// What it is told to end with takes it so long.
    fn lingers(&self) -> Duration {
        Duration::ZERO
    }
    fn clone_box(&self) -> Box<dyn Pages>;
}

impl Clone for Box<dyn Pages> {
    fn clone(&self) -> Self {
        (**self).clone_box()
    }
}

/// What is spoken at a port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Speech {
    Http,
    Grpc,
    /// The same, once the server has shown who it is.
    Https,
    /// Whoever connects is told a page's body at once.
    Raw,
    /// The same for each datagram.
    Datagrams,
}

/// Go's answer to one who does not know that it is to be asked over TLS.
const NO_TLS: &str = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// Work that is done sooner is not worth a pause.
const SHORT: Duration = Duration::from_millis(1);

#[derive(Clone)]
pub struct Serving {
    pages: Box<dyn Pages>,
    ports: Vec<(u16, Speech)>,
    listeners: Vec<Fd>,
    connections: Vec<Connection>,
    stopped: bool,
    until: Option<Time>,
    /// Only the machine itself reaches it.
    loopback: bool,
}

#[derive(Clone)]
struct Connection {
    fd: Fd,
    port: u16,
    speech: Speech,
    peer: Peer,
    came: Vec<u8>,
    state: State,
    closes: bool,
    ended: bool,
    /// Whether what came through a port without requests was answered.
    told: bool,
}

#[derive(Clone)]
enum State {
    Reads,
    /// An answer that is ready at a time.
    Answers(Time, Vec<u8>),
    /// Somebody else's answer is passed on as it comes.
    Passes {
        from: Fd,
        text: Vec<u8>,
    },
    /// Another server was asked.
    Asks {
        exchange: Box<Exchange>,
        request: Request,
        wait: Wait,
    },
    /// A child works at it.
    Waits {
        child: ProcessId,
        output: Fd,
        printed: Vec<u8>,
        request: Request,
        becomes: fn(&[u8], i32) -> Answer,
    },
}

/// What one step of a connection comes to.
enum Next {
    Goes,
    Rests,
    Closes,
}

impl Serving {
    pub fn new(pages: Box<dyn Pages>, ports: Vec<(u16, Speech)>) -> Serving {
        Serving { pages, ports, listeners: vec![], connections: vec![], stopped: false, until: None, loopback: false }
    }

    pub fn for_itself(self) -> Serving {
        Serving { loopback: true, ..self }
    }

    /// From now on it answers otherwise, and at other ports. Who is connected stays so.
    pub fn becomes(&mut self, pages: Box<dyn Pages>, ports: Vec<(u16, Speech)>, sys: &mut Sys<'_>) {
        self.pages = pages;
        let same = |ports: &[(u16, Speech)]| ports.iter().map(|(p, _)| *p).collect::<Vec<_>>();
        if same(&ports) != same(&self.ports) {
            self.listeners.drain(..).for_each(|fd| sys.close(fd));
        }
        self.ports = ports;
    }

    fn listen(&mut self, sys: &mut Sys<'_>) -> Result<(), Step> {
        if !self.listeners.is_empty() {
            return Ok(());
        }
        if !sys.allocate(self.pages.memory()) {
            return Err(Step::Exit(137));
        }
        for (port, speech) in &self.ports {
            let protocol = if *speech == Speech::Datagrams { Protocol::Udp } else { Protocol::Tcp };
            match sys.listen(protocol, *port, self.loopback) {
                Ok(fd) => self.listeners.push(fd),
                Err(e) => {
                    let number = if e == Errno::AddressInUse { 98 } else { 13 };
                    let words = sys.words();
                    let name = words.first().map_or("", |w| crate::runtime::kernel::tree::name(w));
                    let text = format!("{name}: bind() to 0.0.0.0:{port} failed ({number}: {})\n", e.text());
                    return Err(Step::Become(Box::new(Printing::error(text, 1)), sys.words(), Default::default()));
                }
            }
        }
        Ok(())
    }

    /// One connection goes on as far as it can. Whether it stays.
    fn serve(&mut self, c: &mut Connection, sys: &mut Sys<'_>) -> bool {
        loop {
            match self.step(c, sys) {
                Next::Goes => {}
                Next::Rests => return true,
                Next::Closes => return false,
            }
        }
    }

    fn step(&mut self, c: &mut Connection, sys: &mut Sys<'_>) -> Next {
        match &mut c.state {
            State::Answers(at, _) if *at > sys.now => return Next::Rests,
            State::Answers(_, answer) => {
                match sys.drain(c.fd, answer) {
                    Ok(true) => c.state = State::Reads,
                    Ok(false) => return Next::Rests,
                    Err(_) => return Next::Closes,
                }
                return if c.closes { Next::Closes } else { Next::Goes };
            }
            State::Passes { from, text } => {
                let (from, ended) = match sys.read(*from, 65_536) {
                    Ok(Read::Data(d)) => {
                        text.extend(d);
                        return Next::Goes;
                    }
                    Ok(Read::Empty) => return Next::Rests,
                    Ok(Read::End) | Err(_) => (*from, std::mem::take(text)),
                };
                sys.close(from);
                c.closes |= ended.is_empty();
                c.state = State::Answers(sys.now, ended);
                return Next::Goes;
            }
            State::Asks { exchange, request, wait } => match exchange.poll(sys) {
                Err(waits) => {
                    *wait = waits;
                    return Next::Rests;
                }
                Ok(came) => {
                    let r = std::mem::take(request);
                    let answer = self.pages.came_back(c.port, &r, came, sys);
                    self.put(c, &r, answer, sys.now, sys);
                    return Next::Goes;
                }
            },
            State::Waits { output, printed, child, request, becomes } => {
                match sys.read(*output, 65_536) {
                    Ok(Read::Data(d)) => {
                        printed.extend(d);
                        return Next::Goes;
                    }
                    Ok(Read::Empty) => return Next::Rests,
                    Ok(Read::End) | Err(_) => {}
                }
                let Some((_, code)) = sys.reap(Some(*child)) else { return Next::Rests };
                let (fd, said, r, becomes) = (*output, std::mem::take(printed), std::mem::take(request), *becomes);
                sys.close(fd);
                self.put(c, &r, becomes(&said, code), sys.now, sys);
                return Next::Goes;
            }
            State::Reads => {}
        }
        match c.speech {
            Speech::Https if !c.told => match tls::take_client_hello(&mut c.came) {
                Some(Ok(_)) => {
                    c.told = true;
                    c.state = State::Answers(
                        sys.now,
                        tls::server_hello(self.pages.identity().as_deref().unwrap_or(&sys.sockets.identity)),
                    );
                    return Next::Goes;
                }
                Some(Err(())) => {
                    c.came.clear();
                    c.closes = true;
                    c.state = State::Answers(sys.now, NO_TLS.into());
                    return Next::Goes;
                }
                None => {}
            },
            Speech::Http | Speech::Https => match Request::parse(&c.came) {
                Some(Ok((r, n))) => {
                    c.came.drain(..n);
                    self.answer(c, r, sys);
                    return Next::Goes;
                }
                Some(Err(())) => {
                    c.came.clear();
                    let answer = self.pages.malformed();
                    self.put(c, &Request::default(), answer, sys.now, sys);
                    c.closes = true;
                    return Next::Goes;
                }
                None => {}
            },
            Speech::Grpc => {
                let pages = &mut self.pages;
                match c.peer.answer(&mut c.came, |service| pages.health(service, sys)) {
                    Ok(back) if back.is_empty() => {}
                    Ok(back) => {
                        c.state = State::Answers(sys.now, back);
                        return Next::Goes;
                    }
                    Err(()) => return Next::Closes,
                }
            }
            Speech::Raw if !c.told => {
                (c.told, c.closes) = (true, true);
                self.answer(c, Request::default(), sys);
                return Next::Goes;
            }
            Speech::Datagrams if !c.came.is_empty() => {
                let r = Request { body: std::mem::take(&mut c.came), ..Request::default() };
                self.answer(c, r, sys);
                return Next::Goes;
            }
            Speech::Raw | Speech::Datagrams => {}
        }
        if c.ended {
            return Next::Closes;
        }
        match sys.read(c.fd, 65_536) {
            Ok(Read::Data(d)) => c.came.extend(d),
            Ok(Read::End) => c.ended = true,
            Ok(Read::Empty) => return Next::Rests,
            Err(_) => return Next::Closes,
        }
        Next::Goes
    }

    fn answer(&mut self, c: &mut Connection, mut r: Request, sys: &mut Sys<'_>) {
        let peer = sys.peer(c.fd).map(|(peer, _)| peer);
        (r.client, r.client_port) = peer.map(|p| (p.ip.to_string(), p.port)).unwrap_or_default();
        let done = sys.work(self.pages.cost());
        let at = if done.since(sys.now) < SHORT { sys.now } else { done };
        if matches!(c.speech, Speech::Http | Speech::Https) {
            let asked_to_close = r.header("connection").is_some_and(|v| v.eq_ignore_ascii_case("close"));
            c.closes = asked_to_close || r.version == "HTTP/1.0";
        }
        let answer = self.pages.answer(c.port, &r, sys);
        self.put(c, &r, answer, at, sys);
    }

    /// An answer is on its way.
    fn put(&mut self, c: &mut Connection, r: &Request, answer: Answer, at: Time, sys: &mut Sys<'_>) {
        let bytes = match answer {
            Answer::Page { body, .. } if !matches!(c.speech, Speech::Http | Speech::Https) => body,
            Answer::Page { code, kind, body, location } => {
                let n = body.len();
                if let Some(line) = self.pages.log(r, code, n, sys) {
                    let _ = sys.write(STDOUT, line.as_bytes());
                }
                let mut text = head(self.pages.software(), code, kind, n, location.as_deref(), c.closes, sys.now);
                if r.method != "HEAD" {
                    text.extend(body);
                }
                text
            }
            Answer::Full { body, .. } if !matches!(c.speech, Speech::Http | Speech::Https) => body,
            Answer::Full { code, headers, body } => {
                let mut text = head_of(&headers, code, body.len(), c.closes, sys.now);
                if r.method != "HEAD" {
                    text.extend(body);
                }
                text
            }
            Answer::From(exchange) => {
                c.state = State::Asks { exchange, request: r.clone(), wait: Wait::default() };
                return;
            }
            Answer::Raw(text) => {
                c.closes = true;
                text.into_bytes()
            }
            Answer::HungUp => {
                c.closes = true;
                vec![]
            }
            Answer::OfApi(call) => {
                let from = sys.ask_api(*call);
                c.state = State::Passes { from, text: vec![] };
                return;
            }
            Answer::Of(words, becomes) => match self.begin(&words, sys) {
                Some((child, output)) => {
                    c.state = State::Waits { child, output, printed: vec![], request: r.clone(), becomes };
                    return;
                }
                None => return self.put(c, r, becomes(b"", 127), at, sys),
            },
        };
        c.state = State::Answers(at, bytes);
    }

    /// A child that prints into a pipe.
    fn begin(&self, words: &[String], sys: &mut Sys<'_>) -> Option<(ProcessId, Fd)> {
        let (output, input) = sys.pipe();
        let mut without = self.listeners.clone();
        without.extend(self.connections.iter().map(|c| c.fd));
        without.extend([output, input]);
        let fds = children::with(&[(STDOUT, input), (STDERR, input)], &without, sys);
        let child = children::start(words, &sys.env(), fds, sys);
        sys.close(input);
        match child {
            Ok(child) => Some((child, output)),
            Err(_) => {
                sys.close(output);
                None
            }
        }
    }
}

/// The same with headers that are given. The server itself is named first.
fn head_of(headers: &[(String, String)], code: u16, n: usize, closes: bool, now: Time) -> Vec<u8> {
    let is_server = |(n, _): &&(String, String)| n.eq_ignore_ascii_case("server");
    let mut head = format!("HTTP/1.1 {code} {}\r\n", reason(code));
    headers.iter().filter(is_server).for_each(|(n, v)| head.push_str(&format!("{n}: {v}\r\n")));
    head.push_str(&format!("Date: {}\r\n", now.http_date()));
    let kind = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case("content-type"));
    kind.into_iter().for_each(|(n, v)| head.push_str(&format!("{n}: {v}\r\n")));
    if code != 304 {
        head.push_str(&format!("Content-Length: {n}\r\n"));
    }
    head.push_str(if closes { "Connection: close\r\n" } else { "Connection: keep-alive\r\n" });
    let rest = headers.iter().filter(|h| !is_server(h) && Some(*h) != kind);
    rest.for_each(|(n, v)| head.push_str(&format!("{n}: {v}\r\n")));
    (head + "\r\n").into_bytes()
}

fn head(software: &str, code: u16, kind: &str, n: usize, to: Option<&str>, closes: bool, now: Time) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {code} {}\r\n", reason(code));
    if !software.is_empty() {
        head.push_str(&format!("Server: {software}\r\n"));
    }
    head.push_str(&format!("Date: {}\r\nContent-Type: {kind}\r\nContent-Length: {n}\r\n", now.http_date()));
    if let Some(to) = to {
        head.push_str(&format!("Location: {to}\r\n"));
    }
    head.push_str(if closes { "Connection: close\r\n\r\n" } else { "Connection: keep-alive\r\n\r\n" });
    head.into_bytes()
}

impl Program for Serving {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if self.stopped {
            let until = *self.until.get_or_insert(sys.now + self.pages.lingers());
            if sys.now >= until {
                return Step::Exit(0);
            }
        }
        if let Err(step) = self.listen(sys) {
            return step;
        }
        for (fd, (port, speech)) in self.listeners.iter().zip(&self.ports) {
            while let Some(fd) = sys.accept(*fd) {
                self.connections.push(Connection {
                    fd,
                    port: *port,
                    speech: *speech,
                    peer: Peer::default(),
                    came: vec![],
                    state: State::Reads,
                    closes: false,
                    ended: false,
                    told: false,
                });
            }
        }
        let mut connections = std::mem::take(&mut self.connections);
        connections.retain_mut(|c| {
            let stays = self.serve(c, sys);
            if !stays {
                sys.close(c.fd);
            }
            stays
        });
        let mut wait = Wait { readable: self.listeners.clone(), until: self.until, ..Wait::default() };
        let sooner = |wait: &mut Wait, at: Time| wait.until = Some(wait.until.map_or(at, |u| u.min(at)));
        if let Some((at, code)) = self.pages.ends() {
            if at <= sys.now {
                return Step::Exit(code);
            }
            sooner(&mut wait, at);
        }
        for c in &connections {
            match &c.state {
                State::Answers(at, _) if *at > sys.now => sooner(&mut wait, *at),
                State::Answers(..) => wait.writable.push(c.fd),
                State::Waits { output, .. } => {
                    wait.readable.push(*output);
                    wait.child = true;
                }
                State::Passes { from, .. } => wait.readable.push(*from),
                State::Asks { wait: own, .. } => {
                    wait.readable.extend(&own.readable);
                    wait.writable.extend(&own.writable);
                    own.until.into_iter().for_each(|at| sooner(&mut wait, at));
                }
                State::Reads => wait.readable.push(c.fd),
            }
        }
        self.connections = connections;
        Step::Wait(wait)
    }

    /// It ends, and well.
    fn signal(&mut self, signal: Signal) -> Reaction {
        if signal.asks_to_end() || signal == Signal::QUIT {
            self.stopped = true;
            return Reaction::Noted;
        }
        if signal == Signal::HUP { Reaction::Ignored } else { Reaction::Default }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
