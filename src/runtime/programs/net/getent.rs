//! `getent`: what the C library finds in its databases of names.

use std::net::Ipv4Addr;

use super::resolver::{Query, Reply, Settings};
use super::{Looked, Lookup, reversed};
use crate::api::dns::Kind;
use crate::runtime::kernel::net::Address;
use crate::runtime::kernel::{Program, Step, Sys};
use crate::runtime::programs::{Call, Printing, Start, flush};

/// Nothing was found.
const NOT_FOUND: i32 = 2;

/// The names to look for, one after the other.
#[derive(Clone)]
struct Hosts {
    /// `ahosts`: a line for each kind of socket.
    by_socket: bool,
    left: Vec<String>,
    lookup: Option<Lookup>,
    pointer: Option<Query>,
    out: Vec<u8>,
    code: i32,
}

pub fn getent(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let mut words = s.words.iter().skip(1).filter(|w| !w.starts_with('-'));
    let Some(database) = words.next() else {
        let text = "getent: wrong number of arguments\nTry `getent --help' or `getent --usage' for more information.\n";
        return Box::new(Printing::error(text, 1));
    };
    let mut keys: Vec<String> = words.cloned().collect();
    match database.as_str() {
        "hosts" | "ahosts" | "ahostsv4" if keys.is_empty() => file(s, "/etc/hosts", &[], ' '),
        "hosts" | "ahosts" | "ahostsv4" => {
            keys.reverse();
            let by_socket = database != "hosts";
            Box::new(Hosts { by_socket, left: keys, lookup: None, pointer: None, out: vec![], code: 0 })
        }
        "passwd" => file(s, "/etc/passwd", &keys, ':'),
        "group" => file(s, "/etc/group", &keys, ':'),
        "services" | "protocols" | "networks" | "shadow" => file(s, &format!("/etc/{database}"), &keys, ' '),
        other => {
            let text =
                format!("Unknown database: {other}\nTry `getent --help' or `getent --usage' for more information.\n");
            Box::new(Printing::error(text, 1))
        }
    }
}

/// The lines of a file, or those of some names or numbers.
fn file(s: &mut Start<'_, '_>, path: &str, keys: &[String], mark: char) -> Box<dyn Program> {
    let words = s.words.to_vec();
    let mut c = Call { words: &words, sys: s.sys, out: vec![], err: vec![], stdin: None, wants_stdin: false };
    let text = c.read(path).map(|b| String::from_utf8_lossy(&b).to_string()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    if keys.is_empty() {
        let shown = |l: &&str| match mark {
            ':' => (*l).to_string(),
            _ => spaced(l),
        };
        lines.iter().for_each(|l| c.line(shown(l)));
    }
    let mut code = 0;
    for k in keys {
        let is_it = |l: &&&str| {
            let mut parts = l.split(mark);
            parts.next() == Some(k) || parts.nth(1) == Some(k)
        };
        match lines.iter().find(is_it) {
            Some(l) => c.line(l),
            None => code = NOT_FOUND,
        }
    }
    Box::new(Printing { out: c.out, err: c.err, code })
}

/// `127.0.0.1       localhost`
fn spaced(line: &str) -> String {
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default();
    format!("{first:<15} {}", words.collect::<Vec<_>>().join(" "))
}

impl Hosts {
    fn found(&mut self, ips: &[Ipv4Addr], name: &str) {
        for ip in ips {
            let ip = ip.to_string();
            match self.by_socket {
                false => self.out.extend(format!("{ip:<15} {name}\n").bytes()),
                true => {
                    let text = format!("{ip:<15} STREAM {name}\n{ip:<15} DGRAM  \n{ip:<15} RAW    \n");
                    self.out.extend(text.bytes());
                }
            }
        }
    }
}

impl Program for Hosts {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        while let Some(key) = self.left.last().cloned() {
            if let Ok(ip) = key.parse::<Ipv4Addr>()
                && !self.by_socket
            {
                let query = self.pointer.get_or_insert_with(|| {
                    let servers = Settings::read(sys).servers;
                    let servers: Vec<Address> = servers.iter().map(|ip| Address { ip: *ip, port: 53 }).collect();
                    Query::new(Kind::Ptr, &reversed(ip), &servers)
                });
                let reply = match query.poll(sys) {
                    Ok(reply) => reply,
                    Err(wait) => return Step::Wait(wait),
                };
                let name = match reply {
                    Some(Reply::Found(lines)) => lines.into_iter().find(|(_, k, _)| k == "PTR").map(|(_, _, n)| n),
                    _ => None,
                };
                match name {
                    Some(n) => self.found(&[ip], &n),
                    None => self.code = NOT_FOUND,
                }
            } else {
                let lookup = self.lookup.get_or_insert_with(|| Lookup::new(&key));
                match lookup.poll(sys) {
                    Err(wait) => return Step::Wait(wait),
                    Ok(Looked::Found(ips)) => {
                        let name = lookup.found_as().to_string();
                        self.found(&ips, &name);
                    }
                    Ok(_) => self.code = NOT_FOUND,
                }
            }
            (self.lookup, self.pointer) = (None, None);
            self.left.pop();
        }
        flush(&mut self.out, &mut vec![], sys).unwrap_or(Step::Exit(self.code))
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
