//! `ping`, as busybox's and as that of iputils: echo requests that really go through the network.

use std::net::Ipv4Addr;

use super::resolver::{Query, Reply, Settings};
use super::{Looked, Lookup, reversed};
use crate::api::dns::Kind;
use crate::api::{Duration, Time};
use crate::runtime::kernel::net::{Address, Protocol, TTL};
use crate::runtime::kernel::{Errno, Fd, Program, Reaction, Signal, Step, Sys, Wait};
use crate::runtime::programs::options::Options;
use crate::runtime::programs::{Printing, Start, flush};

/// How long the last answer is waited for if none has come.
const PATIENCE: Duration = Duration::from_secs(10);
const BUSYBOX_USAGE: &str = "Usage: ping [OPTIONS] HOST

Send ICMP ECHO_REQUESTs to HOST

\t-4,-6\t\tForce IP or IPv6 name resolution
\t-c CNT\t\tSend only CNT pings
\t-s SIZE\t\tSend SIZE data bytes in packets (default 56)
\t-i SECS\t\tInterval
\t-A\t\tPing as soon as reply is received
\t-t TTL\t\tSet TTL
\t-I IFACE/IP\tSource interface or IP address
\t-W SEC\t\tSeconds to wait for the first response (default 10)
\t\t\t(after all -c CNT packets are sent)
\t-w SEC\t\tSeconds until ping exits (default:infinite)
\t\t\t(can exit earlier with -c CNT)
\t-q\t\tQuiet, only display output at start/finish
\t-p HEXBYTE\tPayload pattern
";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Maker {
    Busybox,
    Iputils,
}

/// A request on its way.
#[derive(Clone, Copy)]
struct Echo {
    number: u64,
    fd: Fd,
    at: Time,
}

#[derive(Clone)]
struct Ping {
    maker: Maker,
    host: String,
    count: Option<u64>,
    interval: Duration,
    patience: Duration,
    deadline: Option<Duration>,
    size: usize,
    ttl: u8,
    quiet: bool,
    /// Names of those who answer are not asked for.
    numeric: bool,
    lookup: Lookup,
    address: Option<Ipv4Addr>,
    naming: Option<Query>,
    name: Option<String>,
    begun: Option<Time>,
    last: Time,
    sent: u64,
    under_way: Vec<Echo>,
    times: Vec<Duration>,
    errors: u64,
    /// How many were under way at once at most.
    pipe: u64,
    interrupted: bool,
    out: Vec<u8>,
    err: Vec<u8>,
    code: Option<i32>,
}

pub fn busybox(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    start(s, Maker::Busybox)
}

pub fn iputils(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    start(s, Maker::Iputils)
}

fn start(s: &mut Start<'_, '_>, maker: Maker) -> Box<dyn Program> {
    let (flags, usage, wrong) = match maker {
        Maker::Busybox => ("46qA", BUSYBOX_USAGE, 1),
        Maker::Iputils => ("46qAnvDOabBdfhLrRUV", "ping: usage error: Destination address required\n", 2),
    };
    let valued = if maker == Maker::Busybox { "csiItWwp" } else { "csiItWwpQSMmlFT" };
    let o = match Options::parse(s.words, flags, valued, &[]) {
        Ok(o) => o,
        Err(e) => return Box::new(Printing::error(format!("{e}{BUSYBOX_USAGE}"), wrong)),
    };
    let Some(host) = o.rest.last() else { return Box::new(Printing::error(usage, wrong)) };
    let bad = |value: &str| {
        let text = match maker {
            Maker::Busybox => format!("ping: invalid number '{value}'\n"),
            Maker::Iputils => format!("ping: invalid argument: '{value}'\n"),
        };
        Box::new(Printing::error(text, 1))
    };
    let seconds = |letter, otherwise: Option<Duration>| match o.value(letter) {
        None => Ok(otherwise),
        Some(v) => {
            let parsed = v.parse::<f64>().ok().filter(|n| *n >= 0.0).and_then(|n| Duration::try_from_secs_f64(n).ok());
            parsed.map(Some).ok_or(v.to_string())
        }
    };
    let number = |letter, least: u64, most: u64| match o.value(letter) {
        None => Ok(None),
        Some(v) => v.parse::<u64>().ok().filter(|n| (least..=most).contains(n)).map(Some).ok_or(v.to_string()),
    };
    let parsed = (|| {
        Ok::<_, String>((
            number('c', 1, u64::MAX >> 1)?,
            number('s', 0, 65_507)?,
            number('t', 1, 255)?,
            seconds('i', Some(Duration::from_secs(1)))?,
            seconds('W', Some(PATIENCE))?,
            seconds('w', None)?,
        ))
    })();
    let (count, size, ttl, interval, patience, deadline) = match parsed {
        Ok(p) => p,
        Err(value) => return bad(&value),
    };
    // Nobody but root may send faster.
    let interval = interval.unwrap_or_default().max(Duration::from_millis(2));
    Box::new(Ping {
        maker,
        host: host.clone(),
        count,
        interval,
        patience: patience.unwrap_or(PATIENCE),
        deadline,
        size: size.and_then(|n| usize::try_from(n).ok()).unwrap_or(56),
        ttl: ttl.and_then(|n| u8::try_from(n).ok()).unwrap_or(TTL),
        quiet: o.has('q'),
        numeric: o.has('n') || maker == Maker::Busybox || host.parse::<Ipv4Addr>().is_ok(),
        lookup: Lookup::new(host),
        address: None,
        naming: None,
        name: None,
        begun: None,
        last: Time::ZERO,
        sent: 0,
        under_way: vec![],
        times: vec![],
        errors: 0,
        pipe: 0,
        interrupted: false,
        out: vec![],
        err: vec![],
        code: None,
    })
}

/// `0.105`, in thousandths of a second.
fn millis(d: Duration) -> String {
    format!("{}.{:03}", d.as_micros() / 1_000, d.as_micros() % 1_000)
}

/// The same with fewer digits the longer it is.
fn rounded(d: Duration) -> String {
    let us = d.as_micros();
    match us {
        100_000.. => (us / 1_000).to_string(),
        10_000.. => format!("{}.{}", us / 1_000, us % 1_000 / 100),
        1_000.. => format!("{}.{:02}", us / 1_000, us % 1_000 / 10),
        _ => millis(d),
    }
}

/// Part of a whole in hundredths, with six digits at most.
fn percent(part: u64, whole: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "a count of packets")]
    let p = part as f64 * 100.0 / whole.max(1) as f64;
    let digits = match p {
        100.0.. => 3,
        10.0.. => 4,
        1.0.. => 5,
        _ => 6,
    };
    let text = format!("{p:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

impl Ping {
    fn say(&mut self, text: &str) {
        self.out.extend(text.bytes());
        self.out.push(b'\n');
    }

    fn fail(&mut self, text: &str, code: i32) {
        self.err.extend(format!("ping: {text}\n").bytes());
        self.code = Some(code);
    }

    /// Whom to ask, and as whom the answers will be shown. `Err`: it has to wait, or it is over.
    fn prepare(&mut self, sys: &mut Sys<'_>) -> Result<Ipv4Addr, Option<Wait>> {
        let Some(ip) = self.address else {
            let host = self.host.clone();
            match self.lookup.poll(sys) {
                Err(wait) => return Err(Some(wait)),
                Ok(Looked::Found(ips)) if !ips.is_empty() => self.address = Some(ips[0]),
                Ok(_) if self.maker == Maker::Busybox => self.fail(&format!("bad address '{host}'"), 1),
                Ok(looked) => self.fail(&format!("{host}: {}", super::why_unknown(&looked, sys)), 2),
            }
            return Err(None);
        };
        if self.numeric || self.name.is_some() {
            return Ok(ip);
        }
        if self.naming.is_none() {
            let servers: Vec<Address> =
                Settings::read(sys).servers.iter().map(|ip| Address { ip: *ip, port: 53 }).collect();
            self.naming = Some(Query::new(Kind::Ptr, &reversed(ip), &servers));
        }
        let reply = match &mut self.naming {
            Some(q) => q.poll(sys).map_err(Some)?,
            None => None,
        };
        let found = match reply {
            Some(Reply::Found(lines)) => lines.into_iter().find(|(_, k, _)| k == "PTR").map(|(_, _, name)| name),
            _ => None,
        };
        self.name = Some(found.unwrap_or_else(|| ip.to_string()));
        Ok(ip)
    }

    fn head(&mut self, ip: Ipv4Addr, now: Time) {
        (self.begun, self.last) = (Some(now), now);
        let (host, size) = (self.host.clone(), self.size);
        match self.maker {
            Maker::Busybox => self.say(&format!("PING {host} ({ip}): {size} data bytes")),
            Maker::Iputils => self.say(&format!("PING {host} ({ip}) {size}({}) bytes of data.", size + 28)),
        }
    }

    fn send(&mut self, ip: Ipv4Addr, sys: &mut Sys<'_>) {
        let fd = sys.probe(Protocol::Icmp, Address { ip, port: 0 }, self.ttl);
        self.under_way.push(Echo { number: self.sent, fd, at: sys.now });
        self.sent += 1;
        self.last = sys.now;
    }

    /// Takes what has come back.
    fn hear(&mut self, sys: &mut Sys<'_>) {
        for echo in std::mem::take(&mut self.under_way) {
            let Some(came) = sys.connected(echo.fd) else {
                self.under_way.push(echo);
                continue;
            };
            let from = sys.answered_by(echo.fd);
            sys.close(echo.fd);
            match (came, from) {
                (Ok(()), Some((from, ttl))) => self.answered(echo, from, ttl, sys),
                (Err(why), Some((from, _))) => self.complained(echo, from, why, sys.now),
                // Nothing came back.
                _ => {}
            }
        }
    }

    fn answered(&mut self, echo: Echo, from: Ipv4Addr, ttl: u8, sys: &mut Sys<'_>) {
        // Waking the program takes its time, never quite the same.
        let late = sys.noise(1).first().map_or(0, |b| u64::from(*b) / 6);
        let took = sys.now.since(echo.at) + Duration::from_micros(24 + late);
        self.times.push(took);
        self.pipe = self.pipe.max(self.sent - echo.number);
        self.last = sys.now;
        if self.quiet {
            return;
        }
        let bytes = self.size + 8;
        let text = match (self.maker, &self.name) {
            (Maker::Busybox, _) => {
                format!("{bytes} bytes from {from}: seq={} ttl={ttl} time={} ms", echo.number, millis(took))
            }
            (Maker::Iputils, name) => {
                let who = name.as_ref().map_or_else(|| from.to_string(), |n| format!("{n} ({from})"));
                let number = echo.number + 1;
                format!("{bytes} bytes from {who}: icmp_seq={number} ttl={ttl} time={} ms", rounded(took))
            }
        };
        self.say(&text);
    }

    /// Somebody on the way says that it cannot go on. Busybox does not listen to that.
    fn complained(&mut self, echo: Echo, from: Ipv4Addr, why: Errno, now: Time) {
        if self.maker == Maker::Busybox {
            return;
        }
        self.errors += 1;
        self.pipe = self.pipe.max(self.sent - echo.number);
        self.last = now;
        let what = match why {
            Errno::Unreachable => "Destination Host Unreachable",
            Errno::Refused => "Destination Port Unreachable",
            Errno::Expired => "Time to live exceeded",
            _ => return,
        };
        let who = if self.numeric { from.to_string() } else { format!("{from} ({from})") };
        if !self.quiet {
            self.say(&format!("From {who} icmp_seq={} {what}", echo.number + 1));
        }
    }

    fn received(&self) -> u64 {
        u64::try_from(self.times.len()).unwrap_or(u64::MAX)
    }

    /// When it is over. `None`: not before more is sent.
    fn end(&self) -> Option<Time> {
        let begun = self.begun?;
        let deadline = self.deadline.map(|d| begun + d);
        let sent_all = self.count.is_some_and(|c| self.sent >= c);
        let slowest = self.times.iter().max().copied();
        let left = match (slowest, self.maker) {
            (Some(t), Maker::Busybox) => (t * 2).max(Duration::from_secs(1)),
            (Some(t), Maker::Iputils) => (t * 2).max(self.interval),
            (None, _) => self.patience,
        };
        let lingered =
            sent_all.then(|| begun + self.interval * u32::try_from(self.sent.saturating_sub(1)).unwrap_or(0) + left);
        deadline.into_iter().chain(lingered).min()
    }

    fn is_over(&self, now: Time) -> bool {
        let heard = self.received() + if self.maker == Maker::Iputils { self.errors } else { 0 };
        self.interrupted || self.count.is_some_and(|c| heard >= c) || self.end().is_some_and(|t| now >= t)
    }

    fn finish(&mut self) {
        let (sent, received) = (self.sent, self.received());
        let lost = sent.saturating_sub(received);
        let host = self.host.clone();
        self.say(&format!("\n--- {host} ping statistics ---"));
        let sum: Duration = self.times.iter().sum();
        let mean = sum / u32::try_from(received.max(1)).unwrap_or(u32::MAX);
        let least = self.times.iter().min().copied().unwrap_or_default();
        let most = self.times.iter().max().copied().unwrap_or_default();
        let figures = format!("{}/{}/{}", millis(least), millis(mean), millis(most));
        match self.maker {
            Maker::Busybox => {
                let loss = lost * 100 / sent.max(1);
                self.say(&format!("{sent} packets transmitted, {received} packets received, {loss}% packet loss"));
                if received > 0 {
                    self.say(&format!("round-trip min/avg/max = {figures} ms"));
                }
            }
            Maker::Iputils => {
                let errors = if self.errors > 0 { format!(", +{} errors", self.errors) } else { String::new() };
                let took = self.begun.map_or(0, |b| self.last.since(b).as_millis());
                self.say(&format!(
                    "{sent} packets transmitted, {received} received{errors}, {}% packet loss, time {took}ms",
                    percent(lost, sent)
                ));
                let pipe = if self.pipe > 1 { format!("pipe {}", self.pipe) } else { String::new() };
                if received > 0 {
                    let off = |t: &Duration| t.as_secs_f64() - mean.as_secs_f64();
                    #[allow(clippy::cast_precision_loss, reason = "a count of packets")]
                    let spread = self.times.iter().map(|t| off(t).powi(2)).sum::<f64>() / received as f64;
                    let spread = Duration::try_from_secs_f64(spread.sqrt()).unwrap_or_default();
                    let pipe = if pipe.is_empty() { pipe } else { format!(", {pipe}") };
                    self.say(&format!("rtt min/avg/max/mdev = {figures}/{} ms{pipe}", millis(spread)));
                } else {
                    self.say(&pipe);
                }
            }
        }
        let too_few = self.deadline.is_some() && self.count.is_some_and(|c| received < c);
        self.code = Some(i32::from(received == 0 || too_few));
    }

    /// Sends and hears until it has to wait. `None`: it is over.
    fn go_on(&mut self, ip: Ipv4Addr, sys: &mut Sys<'_>) -> Option<Wait> {
        if self.begun.is_none() {
            self.head(ip, sys.now);
        }
        let begun = self.begun?;
        loop {
            self.hear(sys);
            if self.is_over(sys.now) {
                self.finish();
                return None;
            }
            let next = begun + self.interval * u32::try_from(self.sent).unwrap_or(u32::MAX);
            let more = self.count.is_none_or(|c| self.sent < c);
            if !more || sys.now < next {
                let until = more.then_some(next).into_iter().chain(self.end()).min();
                let writable = self.under_way.iter().map(|e| e.fd).collect();
                return Some(Wait { writable, until, ..Wait::default() });
            }
            self.send(ip, sys);
        }
    }
}

impl Program for Ping {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        loop {
            if let Some(step) = flush(&mut self.out, &mut self.err, sys) {
                return step;
            }
            if let Some(code) = self.code {
                return Step::Exit(code);
            }
            if self.interrupted && self.begun.is_none() {
                return Step::Exit(130);
            }
            match self.prepare(sys) {
                Err(Some(wait)) => return Step::Wait(wait),
                Err(None) => {}
                Ok(ip) => {
                    let wait = self.go_on(ip, sys);
                    if let (Some(wait), true) = (wait, self.out.is_empty()) {
                        return Step::Wait(wait);
                    }
                }
            }
        }
    }

    fn signal(&mut self, signal: Signal) -> Reaction {
        if signal != Signal::INT {
            return Reaction::Default;
        }
        self.interrupted = true;
        Reaction::Noted
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_digits_that_the_real_programs_give_them() {
        let us = Duration::from_micros;
        assert_eq!([us(84), us(1_234), us(12_345), us(123_456)].map(rounded), ["0.084", "1.23", "12.3", "123"]);
        assert_eq!(millis(us(3_007)), "3.007");
        assert_eq!(
            [(0, 3), (1, 3), (3, 3), (1, 7), (1, 200)].map(|(p, w)| percent(p, w)),
            ["0", "33.3333", "100", "14.2857", "0.5"]
        );
    }
}
