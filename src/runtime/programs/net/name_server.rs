//! CoreDNS: it answers from what it has heard of Services, and asks others for the rest.

use crate::api::dns::{self, Answer, Data, Kind};
use crate::runtime::kernel::net::Protocol;
use crate::runtime::kernel::{Fd, Program, Reaction, Read, Signal, Step, Sys, Wait};
use crate::runtime::programs::{Printing, Start};

/// Where it tells of its health, and of its being ready.
const HEALTH: [u16; 2] = [8080, 8181];
/// How many names may stand for one another.
const MOST_ALIASES: usize = 8;

#[derive(Clone)]
struct NameServer {
    port: u16,
    listeners: Vec<Fd>,
    connections: Vec<(Fd, bool)>,
    stopped: bool,
}

impl NameServer {
    fn answer(&self, question: &[u8], sys: &Sys<'_>) -> Vec<u8> {
        let text = String::from_utf8_lossy(question).to_string();
        let Some((kind, name)) = text.trim().split_once(' ') else { return b"FORMERR\n".to_vec() };
        let (kind, mut name) = (Kind::parse(kind), name.to_string());
        let mut out = String::from("NOERROR\n");
        for _ in 0..MOST_ALIASES {
            let lines = match dns::answer(&sys.sockets.names, &name, kind) {
                Answer::Found(lines) => lines,
                Answer::NoSuchName => return b"NXDOMAIN\n".to_vec(),
                Answer::Elsewhere | Answer::Failed => return self.upstream(sys),
            };
            let mut alias = None;
            for l in lines {
                match l.data {
                    Data::Address(ip) => out.push_str(&format!("{} A {ip}\n", l.name)),
                    Data::Name(to) if kind == Kind::Ptr => out.push_str(&format!("{} PTR {to}\n", l.name)),
                    Data::Name(to) => {
                        out.push_str(&format!("{} CNAME {to}\n", l.name));
                        alias = Some(to);
                    }
                    Data::Service { port, target } => out.push_str(&format!("{} SRV 0 100 {port} {target}\n", l.name)),
                }
            }
            match alias {
                Some(to) => name = to,
                None => break,
            }
        }
        out.into_bytes()
    }

    /// Names that are not the cluster's: there is nobody behind it to ask.
    fn upstream(&self, sys: &Sys<'_>) -> Vec<u8> {
        if sys.sockets.upstream { b"NXDOMAIN\n".to_vec() } else { b"SERVFAIL\n".to_vec() }
    }

    fn serve(&mut self, fd: Fd, is_health: bool, sys: &mut Sys<'_>) -> bool {
        loop {
            match sys.read(fd, 65_536) {
                Ok(Read::Data(_)) if is_health => {
                    let _ = sys.write(fd, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK");
                    return false;
                }
                Ok(Read::Data(d)) => {
                    let answer = self.answer(&d, sys);
                    let _ = sys.write(fd, &answer);
                }
                Ok(Read::Empty) => return true,
                Ok(Read::End) | Err(_) => return false,
            }
        }
    }
}

impl Program for NameServer {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if self.stopped {
            return Step::Exit(0);
        }
        if sys.sockets.names_down {
            let all = self.listeners.drain(..).chain(self.connections.drain(..).map(|(fd, _)| fd));
            all.collect::<Vec<_>>().into_iter().for_each(|fd| sys.close(fd));
            return Step::Wait(Wait::default());
        }
        if self.listeners.is_empty() {
            let own = [(Protocol::Udp, self.port), (Protocol::Tcp, self.port)];
            let health = HEALTH.map(|p| (Protocol::Tcp, p));
            for (protocol, port) in own.into_iter().chain(health) {
                self.listeners.extend(sys.listen(protocol, port, false));
            }
        }
        for (i, l) in self.listeners.clone().into_iter().enumerate() {
            while let Some(fd) = sys.accept(l) {
                self.connections.push((fd, i >= 2));
            }
        }
        let mut all = std::mem::take(&mut self.connections);
        all.retain(|(fd, is_health)| {
            let stays = self.serve(*fd, *is_health, sys);
            if !stays {
                sys.close(*fd);
            }
            stays
        });
        self.connections = all;
        let readable = self.listeners.iter().copied().chain(self.connections.iter().map(|(fd, _)| *fd)).collect();
        Step::Wait(Wait { readable, ..Wait::default() })
    }

    fn signal(&mut self, signal: Signal) -> Reaction {
        if signal.asks_to_end() {
            self.stopped = true;
            return Reaction::Noted;
        }
        Reaction::Default
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

/// `coredns [-dns.port PORT]`
pub fn start(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let port =
        s.words.iter().position(|w| w == "-dns.port").and_then(|i| s.words.get(i + 1)).map_or(Ok(53), |p| p.parse());
    match port {
        Ok(port) => Box::new(NameServer { port, listeners: vec![], connections: vec![], stopped: false }),
        Err(_) => Box::new(Printing::error("invalid port\n", 1)),
    }
}
