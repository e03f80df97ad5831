//! `traceroute`, as busybox's and as that of Linux distributions: packets that may pass one machine more each time, and who then
//! complains.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::resolver::{Query, Reply, Settings};
use super::{Looked, Lookup, reversed};
use crate::api::dns::Kind;
use crate::api::{Duration, Time};
use crate::runtime::kernel::net::{Address, Protocol};
use crate::runtime::kernel::{Errno, Fd, Program, Reaction, Signal, Step, Sys, Wait};
use crate::runtime::programs::options::Options;
use crate::runtime::programs::{Printing, Start, flush};

const FIRST_PORT: u16 = 33_434;
const BUSYBOX_USAGE: &str = "Usage: traceroute [-46Flnrv] [-f 1ST_TTL] [-m MAXTTL] [-q PROBES] [-p PORT]
\t[-t TOS] [-w WAIT_SEC] [-s SRC_IP] [-i IFACE]
\t[-z PAUSE_MSEC] HOST [BYTES]

Trace the route to HOST
";
const LINUX_USAGE: &str = "Usage:
  traceroute [ -46dFITnreAUDV ] [ -f first_ttl ] [ -g gate,... ] [ -i device ] [ -m max_ttl ] [ -N squeries ] [ -p port ] [ -t tos ] [ -l flow_label ] [ -w MAX,HERE,NEAR ] [ -q nqueries ] [ -s src_addr ] [ -z sendwait ] [ --fwmark=num ] host [ packetlen ]
";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Maker {
    Busybox,
    Linux,
}

/// What came back: from whom, after how long, and whether that was the end.
type Came = Option<(Ipv4Addr, Duration, Errno)>;

/// A packet on its way.
#[derive(Clone, Copy)]
struct Probe {
    place: usize,
    fd: Fd,
    at: Time,
}

#[derive(Clone)]
struct Trace {
    maker: Maker,
    host: String,
    lookup: Lookup,
    address: Option<Ipv4Addr>,
    protocol: Protocol,
    port: u16,
    first: u8,
    most: u8,
    each: usize,
    patience: Duration,
    numeric: bool,
    begun: bool,
    under_way: Vec<Probe>,
    sent: usize,
    came: BTreeMap<usize, Came>,
    /// The next place to be shown, and whose address stands in its line already.
    shown: usize,
    last_of_line: Option<Ipv4Addr>,
    naming: Option<(Ipv4Addr, Query)>,
    names: BTreeMap<Ipv4Addr, String>,
    out: Vec<u8>,
    err: Vec<u8>,
    code: Option<i32>,
}

pub fn busybox(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    start(s, Maker::Busybox)
}

pub fn linux(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    start(s, Maker::Linux)
}

fn start(s: &mut Start<'_, '_>, maker: Maker) -> Box<dyn Program> {
    let (flags, valued, usage, wrong) = match maker {
        Maker::Busybox => ("46FIlnrv", "fmqptwsiz", BUSYBOX_USAGE, 1),
        Maker::Linux => ("46dFITnreAUDV", "fgimNptlwqsz", LINUX_USAGE, 2),
    };
    let o = match Options::parse(s.words, flags, valued, &[("icmp", 'I'), ("tcp", 'T'), ("max-hops", 'm')]) {
        Ok(o) => o,
        Err(e) => return Box::new(Printing::error(format!("{e}{usage}"), wrong)),
    };
    let Some(host) = o.rest.first() else { return Box::new(Printing::error(usage, wrong)) };
    let mut bad = None;
    let mut number = |letter: char, otherwise: u16, least: u16, most: u16| match o.value(letter) {
        None => otherwise,
        Some(v) => v.parse().ok().filter(|n| (least..=most).contains(n)).unwrap_or_else(|| {
            bad = Some(v.to_string());
            otherwise
        }),
    };
    let small = |n: u16| u8::try_from(n).unwrap_or(u8::MAX);
    let first = small(number('f', 1, 1, 255));
    let most = small(number('m', 30, 1, 255));
    let each = usize::from(number('q', 3, 1, 10));
    let seconds = number('w', if maker == Maker::Busybox { 3 } else { 5 }, 1, 3_600);
    let port = number('p', if o.has('T') { 80 } else { FIRST_PORT }, 1, u16::MAX);
    if let Some(v) = bad {
        return Box::new(Printing::error(format!("traceroute: invalid number '{v}'\n"), wrong));
    }
    let protocol = match () {
        () if o.has('I') => Protocol::Icmp,
        () if o.has('T') => Protocol::Tcp,
        () => Protocol::Udp,
    };
    Box::new(Trace {
        maker,
        host: host.clone(),
        lookup: Lookup::new(host),
        address: None,
        protocol,
        port,
        first,
        most: most.max(first),
        each,
        patience: Duration::from_secs(u64::from(seconds)),
        numeric: o.has('n'),
        begun: false,
        under_way: vec![],
        sent: 0,
        came: BTreeMap::new(),
        shown: 0,
        last_of_line: None,
        naming: None,
        names: BTreeMap::new(),
        out: vec![],
        err: vec![],
        code: None,
    })
}

impl Trace {
    /// How many packets are on their way at once.
    fn at_once(&self) -> usize {
        if self.maker == Maker::Busybox { 1 } else { 16 }
    }

    fn resolve(&mut self, sys: &mut Sys<'_>) -> Result<Ipv4Addr, Option<Wait>> {
        if let Some(ip) = self.address {
            return Ok(ip);
        }
        let host = self.host.clone();
        match self.lookup.poll(sys) {
            Err(wait) => return Err(Some(wait)),
            Ok(Looked::Found(ips)) if !ips.is_empty() => self.address = Some(ips[0]),
            Ok(_) if self.maker == Maker::Busybox => {
                self.err.extend(format!("traceroute: bad address '{host}'\n").bytes());
                self.code = Some(1);
            }
            Ok(looked) => {
                let why = super::why_unknown(&looked, sys);
                let text = format!(
                    "{host}: {why}\nCannot handle \"host\" cmdline arg `{host}' on position 1 (argc {})\n",
                    sys.words().len() - 1
                );
                self.err.extend(text.bytes());
                self.code = Some(2);
            }
        }
        Err(None)
    }

    fn ttl(&self, place: usize) -> u8 {
        u8::try_from(usize::from(self.first) + place / self.each).unwrap_or(u8::MAX)
    }

    /// How many places there are: none after the machine that was looked for, or after one that knows no way.
    fn places(&self) -> usize {
        let all = usize::from(self.most - self.first + 1) * self.each;
        let ends = |c: &Came| c.is_some_and(|(from, _, why)| why != Errno::Expired || Some(from) == self.address);
        let last = self.came.iter().find(|(_, c)| ends(c)).map(|(p, _)| (p / self.each + 1) * self.each);
        last.map_or(all, |l| l.min(all))
    }

    fn send(&mut self, ip: Ipv4Addr, sys: &mut Sys<'_>) {
        while self.under_way.len() < self.at_once() && self.sent < self.places() {
            let step = u16::try_from(self.sent).unwrap_or(0);
            let port = match self.protocol {
                Protocol::Udp => self.port.saturating_add(step),
                Protocol::Icmp => 0,
                _ => self.port,
            };
            let fd = sys.probe(self.protocol, Address { ip, port }, self.ttl(self.sent));
            self.under_way.push(Probe { place: self.sent, fd, at: sys.now });
            self.sent += 1;
        }
    }

    /// Takes what has come back, and gives up what is too late.
    fn hear(&mut self, sys: &mut Sys<'_>) {
        for p in std::mem::take(&mut self.under_way) {
            let came = sys.connected(p.fd);
            if came.is_none() && sys.now < p.at + self.patience {
                self.under_way.push(p);
                continue;
            }
            let from = sys.answered_by(p.fd).map(|(from, _)| from);
            sys.close(p.fd);
            let late = sys.noise(1).first().map_or(0, |b| u64::from(*b) / 12);
            let took = sys.now.since(p.at) + Duration::from_micros(6 + late);
            let came = match (came, from) {
                (Some(Ok(())), Some(from)) => Some((from, took, Errno::Refused)),
                (Some(Err(why)), Some(from)) => Some((from, took, why)),
                _ => None,
            };
            self.came.insert(p.place, came);
        }
    }

    /// The name of who answered, as it stands in a line. `Err`: it has to wait.
    fn name(&mut self, ip: Ipv4Addr, sys: &mut Sys<'_>) -> Result<String, Wait> {
        if self.numeric {
            return Ok(ip.to_string());
        }
        if let Some(name) = self.names.get(&ip) {
            return Ok(format!("{name} ({ip})"));
        }
        let mut query = match self.naming.take() {
            Some((of, q)) if of == ip => q,
            _ => {
                let servers: Vec<Address> =
                    Settings::read(sys).servers.iter().map(|ip| Address { ip: *ip, port: 53 }).collect();
                Query::new(Kind::Ptr, &reversed(ip), &servers)
            }
        };
        let reply = match query.poll(sys) {
            Ok(reply) => reply,
            Err(wait) => {
                self.naming = Some((ip, query));
                return Err(wait);
            }
        };
        let found = match reply {
            Some(Reply::Found(lines)) => lines.into_iter().find(|(_, k, _)| k == "PTR").map(|(_, _, name)| name),
            _ => None,
        };
        let name = found.unwrap_or_else(|| ip.to_string());
        self.names.insert(ip, name.clone());
        Ok(format!("{name} ({ip})"))
    }

    /// Shows what is known so far, in order.
    fn show(&mut self, sys: &mut Sys<'_>) -> Result<(), Wait> {
        let gap = if self.maker == Maker::Busybox { "  " } else { " " };
        while self.shown < self.places() {
            let Some(came) = self.came.get(&self.shown).copied() else { return Ok(()) };
            let who = match came {
                Some((from, ..)) if self.last_of_line != Some(from) => Some(self.name(from, sys)?),
                _ => None,
            };
            let mut text = String::new();
            if self.shown.is_multiple_of(self.each) {
                text = format!("{:>2}{}", self.ttl(self.shown), if self.maker == Maker::Busybox { "" } else { " " });
            }
            match came {
                None => text.push_str(&format!("{gap}*")),
                Some((from, took, why)) => {
                    if let Some(who) = who {
                        text.push_str(&format!("{gap}{who}"));
                        self.last_of_line = Some(from);
                    }
                    let us = took.as_micros();
                    text.push_str(&format!("  {}.{:03} ms", us / 1_000, us % 1_000));
                    if why == Errno::Unreachable {
                        text.push_str(" !H");
                    }
                }
            }
            self.shown += 1;
            if self.shown.is_multiple_of(self.each) {
                text.push('\n');
                self.last_of_line = None;
            }
            self.out.extend(text.bytes());
        }
        self.code = Some(0);
        Ok(())
    }

    fn go_on(&mut self, ip: Ipv4Addr, sys: &mut Sys<'_>) -> Wait {
        if !std::mem::replace(&mut self.begun, true) {
            let (host, most) = (self.host.clone(), self.most);
            let bytes = if self.maker == Maker::Busybox { 46 } else { 60 };
            let head = format!("traceroute to {host} ({ip}), {most} hops max, {bytes} byte packets\n");
            self.out.extend(head.bytes());
        }
        loop {
            self.hear(sys);
            if let Err(wait) = self.show(sys) {
                return wait;
            }
            let before = self.sent;
            self.send(ip, sys);
            if self.sent == before {
                let writable = self.under_way.iter().map(|p| p.fd).collect();
                let until = self.under_way.iter().map(|p| p.at + self.patience).min();
                return Wait { writable, until, ..Wait::default() };
            }
        }
    }
}

impl Program for Trace {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        loop {
            if let Some(step) = flush(&mut self.out, &mut self.err, sys) {
                return step;
            }
            if let Some(code) = self.code {
                return Step::Exit(code);
            }
            match self.resolve(sys) {
                Err(Some(wait)) => return Step::Wait(wait),
                Err(None) => {}
                Ok(ip) => {
                    let wait = self.go_on(ip, sys);
                    if self.out.is_empty() && self.code.is_none() {
                        return Step::Wait(wait);
                    }
                }
            }
        }
    }

    fn signal(&mut self, _: Signal) -> Reaction {
        Reaction::Default
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
