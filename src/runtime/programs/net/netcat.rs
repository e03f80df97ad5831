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
    patience: Option<Duration>,
    until: Option<Time>,
    input_ended: bool,
    to_send: Vec<u8>,
    out: Vec<u8>,
    err: Vec<u8>,
    code: Option<i32>,
}

pub fn nc(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let o = match Options::parse(s.words, "lzvnuk4", "pwie", &[]) {
        Ok(o) => o,
        Err(e) => return Box::new(Printing::error(e, 1)),
    };
    let listens = o.has('l');
    let port =
        if listens { o.value('p').or(o.rest.last().map(String::as_str)) } else { o.rest.get(1).map(String::as_str) };
    let Some(port) = port.and_then(|p| p.parse().ok()) else {
        return Box::new(Printing::error("nc: bad port\n", 1));
    };
    let seconds = o.value('w').and_then(|w| w.parse().ok()).map(Duration::from_secs);
    let made = Netcat::new("nc", o.rest.first().map_or("", String::as_str), port);
    let protocol = if o.has('u') { Protocol::Udp } else { Protocol::Tcp };
    Box::new(Netcat { listens, probe: o.has('z'), verbose: o.has('v'), patience: seconds, protocol, ..made })
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
                    self.err.extend(format!("{} ({ip}:{}) open\n", self.host, self.port).bytes());
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
