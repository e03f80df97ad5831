//! `connect`: whether somebody answers at an address, and why not, in a word.
//! Real Kubernetes: test/images/agnhost/connect/connect.go.

use std::net::Ipv4Addr;

use super::{Flags, print};
use crate::api::Time;
use crate::runtime::kernel::net::{Address, Protocol};
use crate::runtime::kernel::{Errno, Fd, Program, Read, Step, Sys, Wait};
use crate::runtime::programs::net::{Looked, Lookup};
use crate::runtime::programs::{Printing, Start};

#[derive(Clone)]
struct Connect {
    lookup: Lookup,
    host: String,
    port: u16,
    protocol: Protocol,
    data: String,
    until: Option<Time>,
    address: Option<Ipv4Addr>,
    fd: Option<Fd>,
    sent: bool,
}

pub fn connect(f: &Flags, s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let [to] = f.words.as_slice() else {
        return print(format!("Error: accepts 1 arg(s), received {}\n", f.words.len()), 1);
    };
    let protocol = match f.text("protocol") {
        "" | "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        other => return Box::new(Printing::error(format!("Unsupported protocol\n{other}"), 1)),
    };
    let fail = |why: String| -> Box<dyn Program> { Box::new(Printing::error(format!("UNKNOWN: {why}\n"), 1)) };
    let Some((host, port)) = to.rsplit_once(':') else {
        return fail(format!("address {to}: missing port in address"));
    };
    let Ok(port) = port.parse() else { return fail(format!("address {port}: invalid port")) };
    let wait = f.duration("timeout");
    Box::new(Connect {
        lookup: Lookup::new(host),
        host: host.into(),
        port,
        protocol,
        data: format!("{}\n", f.text("udp-data")),
        until: (!wait.is_zero()).then(|| s.sys.now + wait),
        address: None,
        fd: None,
        sent: false,
    })
}

impl Connect {
    fn end(word: &str, sys: &mut Sys<'_>) -> Step {
        let printing = Printing::error(format!("{word}\n"), 1);
        Step::Become(Box::new(printing), sys.words(), Default::default())
    }

    fn failed(&self, e: Errno, sys: &mut Sys<'_>) -> Step {
        match e {
            Errno::Refused => Connect::end("REFUSED", sys),
            Errno::TimedOut => Connect::end("TIMEOUT", sys),
            e => {
                let ip = self.address.unwrap_or(Ipv4Addr::UNSPECIFIED);
                let why = format!("OTHER: dial tcp {ip}:{}: connect: {}", self.port, e.text().to_lowercase());
                Connect::end(&why, sys)
            }
        }
    }
}

impl Program for Connect {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if self.until.is_some_and(|until| sys.now >= until) {
            return Connect::end("TIMEOUT", sys);
        }
        let ip = match self.address {
            Some(ip) => ip,
            None => match self.lookup.poll(sys) {
                Err(wait) => return Step::Wait(wait.or_until(self.until)),
                Ok(Looked::Found(ips)) if !ips.is_empty() => *self.address.insert(ips[0]),
                Ok(_) => {
                    return Connect::end(&format!("DNS: lookup {}: no such host", self.host), sys);
                }
            },
        };
        let fd = match self.fd {
            Some(fd) => fd,
            None => *self.fd.insert(sys.connect(self.protocol, Address { ip, port: self.port })),
        };
        match sys.connected(fd) {
            None => return Step::Wait(Wait::writable(fd).or_until(self.until)),
            Some(Err(e)) => return self.failed(e, sys),
            Some(Ok(())) => {}
        }
        if self.protocol == Protocol::Tcp {
            return Step::Exit(0);
        }
        if !self.sent {
            self.sent = true;
            let _ = sys.write(fd, self.data.as_bytes());
        }
        match sys.read(fd, 1_024) {
            Ok(Read::Data(_)) => Step::Exit(0),
            Ok(Read::Empty) => Step::Wait(Wait::readable(fd).or_until(self.until)),
            Ok(Read::End) => Connect::end("REFUSED", sys),
            Err(e) => self.failed(e, sys),
        }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
