//! `nslookup`, as busybox's.

use crate::api::dns::Kind;
use crate::runtime::kernel::net::Address;
use crate::runtime::kernel::{Program, Step, Sys};
use crate::runtime::programs::options::Options;
use crate::runtime::programs::{Printing, Start, flush};

use super::resolver::{Query, Reply, Settings};
use super::{Looked, Lookup, reversed};

#[derive(Clone)]
struct NsLookup {
    name: String,
    kind: Option<Kind>,
    /// Asked instead of those of `/etc/resolv.conf`.
    server: Option<(Lookup, u16)>,
    /// What is to be asked, the last one first.
    queries: Option<Vec<Query>>,
    shown: Address,
    answered: Vec<(String, Option<Reply>)>,
    refused: bool,
    printing: Option<Printing>,
}

pub fn start(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let words: Vec<String> =
        s.words.iter().map(|w| w.replace("-type=", "-t").replace("-query=", "-t").replace("-q=", "-t")).collect();
    let o = match Options::parse(&words, "d", "tp", &[]) {
        Ok(o) => o,
        Err(e) => return Box::new(Printing::error(e, 1)),
    };
    let Some(name) = o.rest.first() else {
        return Box::new(Printing::error("Usage: nslookup [-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]\n", 1));
    };
    let server = o.rest.get(1).map(|s| {
        let (host, port) = s.rsplit_once(':').and_then(|(h, p)| Some((h, p.parse().ok()?))).unwrap_or((s.as_str(), 53));
        (Lookup::new(host), port)
    });
    Box::new(NsLookup {
        name: name.clone(),
        kind: o.value('t').map(Kind::parse),
        server,
        queries: None,
        shown: Address { ip: std::net::Ipv4Addr::UNSPECIFIED, port: 53 },
        answered: vec![],
        refused: false,
        printing: None,
    })
}

impl NsLookup {
    fn prepare(&mut self, servers: Vec<Address>, settings: &Settings) {
        self.shown = servers.first().copied().unwrap_or(self.shown);
        let names: Vec<String> = match self.name.parse() {
            Ok(ip) => vec![reversed(ip)],
            // A name without a dot is looked for in every domain of the list.
            Err(_) if !self.name.contains('.') && !settings.search.is_empty() => {
                settings.search.iter().map(|d| format!("{}.{d}", self.name)).collect()
            }
            Err(_) => vec![self.name.trim_end_matches('.').to_string()],
        };
        let pointer = self.name.parse::<std::net::Ipv4Addr>().is_ok();
        let kinds = match self.kind {
            Some(k) => vec![k],
            None if pointer => vec![Kind::Ptr],
            None => vec![Kind::A, Kind::Aaaa],
        };
        let all = names.iter().flat_map(|n| kinds.iter().map(|k| Query::new(*k, n, &servers)));
        let mut all: Vec<Query> = all.collect();
        all.reverse();
        self.queries = Some(all);
    }

    fn report(&mut self) -> Printing {
        let nobody = self.answered.iter().all(|(_, r)| r.is_none());
        let server = if self.shown.port == 53 { self.shown.ip.to_string() } else { self.shown.to_string() };
        if nobody {
            let err = if self.refused {
                format!("nslookup: write to '{server}': Connection refused\n")
            } else {
                String::new()
            };
            return Printing {
                out: b";; connection timed out; no servers could be reached\n\n".to_vec(),
                err: err.into_bytes(),
                code: 1,
            };
        }
        let mut out = format!("Server:\t\t{server}\nAddress:\t{}\n\n", self.shown);
        let mut code = 0;
        for (name, reply) in &self.answered {
            match reply {
                Some(Reply::Found(lines)) => {
                    for (of, kind, data) in lines {
                        match kind.as_str() {
                            "A" => out.push_str(&format!("Name:\t{of}\nAddress: {data}\n")),
                            "CNAME" => out.push_str(&format!("{of}\tcanonical name = {data}\n")),
                            "PTR" => out.push_str(&format!("{of}\tname = {data}\n")),
                            "SRV" => out.push_str(&format!("{of}\tservice = {data}\n")),
                            _ => {}
                        }
                    }
                    out.push('\n');
                }
                Some(Reply::NoSuchName) => {
                    out.push_str(&format!("** server can't find {name}: NXDOMAIN\n\n"));
                    code = 1;
                }
                Some(Reply::Failed) | None => {
                    out.push_str(&format!("** server can't find {name}: SERVFAIL\n\n"));
                    code = 1;
                }
            }
        }
        Printing { out: out.into_bytes(), err: vec![], code }
    }
}

impl Program for NsLookup {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if let Some(p) = &mut self.printing {
            return flush(&mut p.out, &mut p.err, sys).unwrap_or(Step::Exit(p.code));
        }
        if self.queries.is_none() {
            let settings = Settings::read(sys);
            let servers = match &mut self.server {
                None => settings.servers.iter().map(|ip| Address { ip: *ip, port: 53 }).collect(),
                Some((lookup, port)) => match lookup.poll(sys) {
                    Err(wait) => return Step::Wait(wait),
                    Ok(Looked::Found(ips)) => ips.iter().map(|ip| Address { ip: *ip, port: *port }).collect(),
                    Ok(_) => {
                        self.printing = Some(Printing::error("nslookup: bad address\n", 1));
                        return Step::Again;
                    }
                },
            };
            self.prepare(servers, &settings);
        }
        while let Some(q) = self.queries.as_mut().and_then(|q| q.last_mut()) {
            match q.poll(sys) {
                Err(wait) => return Step::Wait(wait),
                Ok(reply) => {
                    self.refused |= q.refused;
                    let name = q.name.clone();
                    // Who does not answer once is not waited for again.
                    if reply.is_none() {
                        self.queries = Some(vec![]);
                    }
                    self.answered.push((name, reply));
                    self.queries.as_mut().map(Vec::pop);
                }
            }
        }
        self.printing = Some(self.report());
        Step::Again
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
