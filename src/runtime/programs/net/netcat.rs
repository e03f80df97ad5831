//! `nc` and `telnet`: what is typed goes to a connection, what comes is printed.

use std::net::Ipv4Addr;

use super::{Looked, Lookup};
use crate::api::{Duration, Time};
use crate::runtime::kernel::net::{Address, Protocol};
use crate::runtime::kernel::{Errno, Fd, Program, Read, STDIN, Step, Sys, Wait};
use crate::runtime::programs::options::Options;
use crate::runtime::programs::{Printing, Start, flush};

#[derive(Clone)]
struct Netcat {
    name: &'static str,
    host: String,
    port: u16,
    protocol: Protocol,
    lookup: Lookup,
    address: Option<Ipv4Addr>,
    listener: Option<Fd>,
    listens: bool,
    fd: Option<Fd>,
    connected: bool,
    /// Only whether one can connect.
    probe: bool,
    verbose: bool,
    numeric: bool,
    /// OpenBSD's, not busybox's.
    openbsd: bool,
    patience: Option<Duration>,
    until: Option<Time>,
    input_ended: bool,
    to_send: Vec<u8>,
    out: Vec<u8>,
    err: Vec<u8>,
    code: Option<i32>,
}

pub fn nc(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    begin(s, false)
}

/// As Debian and Alpine have it in a package of its own.
pub fn openbsd(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    begin(s, true)
}

fn begin(s: &mut Start<'_, '_>, openbsd: bool) -> Box<dyn Program> {
    let (flags, valued) = if openbsd { ("lzvnuk46tNdhDrSUCZ", "pwieqsIOoPTVXxmM") } else { ("lzvnuk4", "pwie") };
    let o = match Options::parse(s.words, flags, valued, &[]) {
        Ok(o) => o,
        Err(e) => return Box::new(Printing::error(e, 1)),
    };
    if openbsd && o.rest.is_empty() && !(o.has('l') && o.has('p')) {
        let usage = "usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]\n\t  [-m minttl] [-O length] [-P proxy_username] [-p source_port]\n\t  [-q seconds] [-s sourceaddr] [-T keyword] [-V rtable] [-W recvlimit]\n\t  [-w timeout] [-X proxy_protocol] [-x proxy_address[:port]]\n\t  [destination] [port]\n";
        return Box::new(Printing::error(usage, 1));
    }
    let listens = o.has('l');
    let port =
        if listens { o.value('p').or(o.rest.last().map(String::as_str)) } else { o.rest.get(1).map(String::as_str) };
    let Some(port) = port.and_then(|p| p.parse().ok()) else {
        let text = match port {
            Some(p) if openbsd => format!("nc: port number invalid: {p}\n"),
            None if openbsd => "nc: missing port number\n".into(),
            _ => "nc: bad port\n".into(),
        };
        return Box::new(Printing::error(text, 1));
    };
    let seconds = o.value('w').and_then(|w| w.parse().ok()).map(Duration::from_secs);
    let made = Netcat::new("nc", o.rest.first().map_or("", String::as_str), port);
    let protocol = if o.has('u') { Protocol::Udp } else { Protocol::Tcp };
    let (probe, verbose, numeric) = (o.has('z'), o.has('v'), o.has('n'));
    Box::new(Netcat { listens, probe, verbose, numeric, openbsd, patience: seconds, protocol, ..made })
}

pub fn telnet(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let Some(host) = s.words.get(1) else { return Box::new(Printing::error("Usage: telnet HOST [PORT]\n", 1)) };
    let Ok(port) = s.words.get(2).map_or(Ok(23), |p| p.parse()) else {
        return Box::new(Printing::error(format!("telnet: bad port '{}'\n", s.words[2]), 1));
    };
    Box::new(Netcat { verbose: true, ..Netcat::new("telnet", host, port) })
}

impl Netcat {
    fn new(name: &'static str, host: &str, port: u16) -> Netcat {
        Netcat {
            name,
            host: host.into(),
            port,
            protocol: Protocol::Tcp,
            lookup: Lookup::new(host),
            address: None,
            listener: None,
            listens: false,
            fd: None,
            connected: false,
            probe: false,
            verbose: false,
            numeric: false,
            openbsd: false,
            patience: None,
            until: None,
            input_ended: false,
            to_send: vec![],
            out: vec![],
            err: vec![],
            code: None,
        }
    }

    fn fail(&mut self, text: &str) {
        self.err.extend(format!("{}: {text}\n", self.name).bytes());
        self.code = Some(1);
    }

    fn cannot(&mut self, e: Errno) {
        let ip = self.address.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let quiet = self.probe && !self.verbose;
        if self.openbsd {
            return self.cannot_in_openbsd(e, ip);
        }
        match self.name {
            "telnet" => self.fail(&format!("can't connect to remote host ({ip}): {}", e.text())),
            _ if quiet => self.code = Some(1),
            _ if self.probe => {
                let (host, port) = (self.host.clone(), self.port);
                self.fail(&format!("{host} ({ip}:{port}): {}", e.text()));
            }
            _ => self.fail(&format!("can't connect to remote host ({ip}): {}", e.text())),
        }
    }

    /// `web (10.96.0.5)`: the name, and the address if that is another.
    fn called(&self, ip: Ipv4Addr) -> String {
        let same = self.numeric || self.host.parse() == Ok(ip);
        if same { self.host.clone() } else { format!("{} ({ip})", self.host) }
    }

    /// Only who wants to hear of it is told that nobody answers in time.
    fn cannot_in_openbsd(&mut self, e: Errno, ip: Ipv4Addr) {
        let (host, port, protocol) = (self.called(ip), self.port, self.protocol.lower());
        match (e, self.patience, self.verbose) {
            (_, _, false) => self.code = Some(1),
            (Errno::TimedOut, Some(_), true) => {
                self.fail(&format!("connect to {host} port {port} ({protocol}) timed out: Operation now in progress"));
            }
            _ => self.fail(&format!("connect to {host} port {port} ({protocol}) failed: {}", e.text())),
        }
    }

    fn open(&self, ip: Ipv4Addr) -> String {
        if !self.openbsd {
            return format!("{} ({ip}:{}) open\n", self.host, self.port);
        }
        let known = super::service_name(self.port, self.protocol).filter(|_| !self.numeric).unwrap_or("*");
        let (port, protocol) = (self.port, self.protocol.lower());
        format!("Connection to {} {port} port [{protocol}/{known}] succeeded!\n", self.called(ip))
    }

    /// The connection, when there is one. `Err`: it has to wait, or it is over.
    fn reach(&mut self, sys: &mut Sys<'_>) -> Result<Fd, Option<Wait>> {
        if let Some(fd) = self.fd.filter(|_| self.connected) {
            return Ok(fd);
        }
        if self.listens {
            let l = match self.listener {
                Some(l) => l,
                None => match sys.listen(self.protocol, self.port, false) {
                    Ok(l) => {
                        self.listener = Some(l);
                        l
                    }
                    Err(e) => {
                        self.fail(&format!("bind: {}", e.text()));
                        return Err(None);
                    }
                },
            };
            return match sys.accept(l) {
                Some(fd) => {
                    sys.close(l);
                    (self.fd, self.connected) = (Some(fd), true);
                    Ok(fd)
                }
                None => Err(Some(Wait::readable(l))),
            };
        }
        let Some(ip) = self.address else {
            match self.lookup.poll(sys) {
                Err(wait) => return Err(Some(wait)),
                Ok(Looked::Found(ips)) if !ips.is_empty() => self.address = Some(ips[0]),
                Ok(looked) if self.openbsd => {
                    let (host, port) = (self.host.clone(), self.port);
                    let why = super::why_unknown(&looked, sys);
                    self.fail(&format!("getaddrinfo for host \"{host}\" port {port}: {why}"));
                }
                Ok(_) => {
                    let host = self.host.clone();
                    self.fail(&format!("bad address '{host}'"));
                }
            }
            return Err(None);
        };
        let (protocol, to) = (self.protocol, Address { ip, port: self.port });
        let until = self.until.or(self.patience.map(|d| sys.now + d));
        self.until = until;
        let fd = *self.fd.get_or_insert_with(|| sys.connect(protocol, to));
        match sys.connected(fd) {
            None if until.is_some_and(|u| sys.now >= u) => {
                self.cannot(Errno::TimedOut);
                Err(None)
            }
            None => Err(Some(Wait::writable(fd).or_until(until))),
            Some(Err(e)) => {
                self.cannot(e);
                Err(None)
            }
            Some(Ok(())) => {
                self.connected = true;
                if self.name == "telnet" {
                    let host = self.host.clone();
                    self.out.extend(format!("\r\nConnected to {host}\r\n\r\nEntering character mode\r\nEscape character is '^]'.\r\n\r\n").bytes());
                } else if self.verbose {
                    self.err.extend(self.open(ip).bytes());
                }
                if self.probe {
                    self.code = Some(0);
                }
                Ok(fd)
            }
        }
    }

    fn exchange(&mut self, fd: Fd, sys: &mut Sys<'_>) -> Option<Step> {
        let mut wait = Wait::default();
        loop {
            match sys.read(fd, 65_536) {
                Ok(Read::Data(d)) => self.out.extend(d),
                Ok(Read::Empty) => {
                    wait.readable.push(fd);
                    break;
                }
                Ok(Read::End) | Err(_) => {
                    if self.name == "telnet" {
                        self.out.extend(b"Connection closed by foreign host\r\n");
                    }
                    self.code = Some(i32::from(self.name == "telnet"));
                    return None;
                }
            }
        }
        while !self.input_ended {
            match sys.read(STDIN, 65_536) {
                Ok(Read::Data(d)) => self.to_send.extend(d),
                Ok(Read::Empty) => {
                    wait.readable.push(STDIN);
                    break;
                }
                Ok(Read::End) | Err(_) => {
                    self.input_ended = true;
                    let _ = sys.drain(fd, &mut self.to_send);
                    sys.finish(fd);
                }
            }
        }
        if !matches!(sys.drain(fd, &mut self.to_send), Ok(true)) {
            wait.writable.push(fd);
        }
        if !self.out.is_empty() {
            return None;
        }
        Some(Step::Wait(wait))
    }
}

impl Program for Netcat {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        loop {
            if let Some(step) = flush(&mut self.out, &mut self.err, sys) {
                return step;
            }
            if let Some(code) = self.code {
                return Step::Exit(code);
            }
            match self.reach(sys) {
                Err(Some(wait)) => return Step::Wait(wait),
                Err(None) => {}
                Ok(fd) if self.code.is_none() => {
                    if let Some(step) = self.exchange(fd, sys) {
                        return step;
                    }
                }
                Ok(_) => {}
            }
        }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
