//! `dig`, and `nslookup` as that of BIND's tools, which Debian images have.

use std::net::Ipv4Addr;

use super::resolver::{Query, Reply, Settings};
use super::{Looked, Lookup, reversed};
use crate::api::dns::Kind;
use crate::runtime::kernel::net::Address;
use crate::runtime::kernel::{Program, Step, Sys};
use crate::runtime::programs::{Printing, Start};

const PORT: u16 = 53;
/// As the cluster's DNS says of its own names.
const TTL: u32 = 30;
const TIMED_OUT: &str = ";; connection timed out; no servers could be reached\n";

#[derive(Clone)]
enum Shown {
    NsLookup,
    Dig { short: bool, only_answers: bool, line: String },
}

#[derive(Clone)]
struct Bind {
    shown: Shown,
    name: String,
    kinds: Vec<Kind>,
    /// Asked instead of those of `/etc/resolv.conf`.
    server: Option<Lookup>,
    searches: bool,
    address: Option<Ipv4Addr>,
    /// Names to ask for, the last one first.
    candidates: Option<Vec<String>>,
    /// Kinds of the present name that are not answered yet.
    left: Vec<Kind>,
    query: Option<Query>,
    found: Vec<(String, String, String)>,
    exists: bool,
    failed: bool,
}

pub fn nslookup(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let kind = s.words.iter().find_map(|w| w.strip_prefix("-type=").or_else(|| w.strip_prefix("-query=")));
    let kinds = kind.map_or(vec![Kind::A, Kind::Aaaa], |k| vec![Kind::parse(k)]);
    let words: Vec<&String> = s.words[1..].iter().filter(|w| !w.starts_with('-')).collect();
    let Some(name) = words.first() else {
        return Box::new(Printing::error("nslookup: nobody types here: nslookup NAME [SERVER]\n", 1));
    };
    let server = words.get(1).map(|w| Lookup::new(w));
    Box::new(Bind::new(Shown::NsLookup, name, kinds, server, true))
}

pub fn dig(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let (mut short, mut all, mut answer, mut searches) = (false, true, false, false);
    let (mut name, mut kind, mut server) = (None, Kind::A, None);
    let mut words = s.words[1..].iter();
    while let Some(w) = words.next() {
        match w.as_str() {
            "+short" => short = true,
            "+noall" => all = false,
            "+answer" => answer = true,
            "+search" => searches = true,
            "-x" => {
                name = words.next().and_then(|ip| ip.parse().ok()).map(reversed);
                kind = Kind::Ptr;
            }
            "-t" => kind = words.next().map_or(kind, |k| Kind::parse(k)),
            w if w.starts_with('@') => server = Some(Lookup::new(&w[1..])),
            w if w.starts_with(['+', '-']) => {}
            w if name.is_some() || ["A", "AAAA", "SRV", "PTR", "CNAME"].contains(&w.to_ascii_uppercase().as_str()) => {
                kind = Kind::parse(w);
            }
            w => name = Some(w.to_string()),
        }
    }
    let line = s.words[1..].join(" ");
    let shown = Shown::Dig { short, only_answers: !all && answer, line };
    Box::new(Bind::new(shown, name.as_deref().unwrap_or("."), vec![kind], server, searches))
}

impl Bind {
    fn new(shown: Shown, name: &str, kinds: Vec<Kind>, server: Option<Lookup>, searches: bool) -> Bind {
        let (name, kinds) = match name.parse() {
            Ok(ip) => (reversed(ip), vec![Kind::Ptr]),
            Err(_) => (name.to_string(), kinds),
        };
        Bind {
            shown,
            name,
            kinds,
            server,
            searches,
            address: None,
            candidates: None,
            left: vec![],
            query: None,
            found: vec![],
            exists: false,
            failed: false,
        }
    }

    /// As it is, or with the domains of the list: whichever is likelier first.
    fn names(&self, settings: &Settings) -> Vec<String> {
        let own = self.name.trim_end_matches('.').to_string();
        if !self.searches || self.name.ends_with('.') || self.kinds == [Kind::Ptr] {
            return vec![own];
        }
        let mut all: Vec<String> = settings.search.iter().map(|d| format!("{own}.{d}")).collect();
        let first = own.matches('.').count() >= settings.ndots;
        all.insert(if first { 0 } else { all.len() }, own);
        all
    }

    fn end(&self, sys: &Sys<'_>) -> Step {
        let (out, code) = match &self.shown {
            Shown::NsLookup => self.as_nslookup(),
            Shown::Dig { short, only_answers, line } => (self.as_dig(*short, *only_answers, line, sys), 0),
        };
        Step::Become(Box::new(Printing { out: out.into_bytes(), err: vec![], code }), sys.words(), Default::default())
    }

    fn as_nslookup(&self) -> (String, i32) {
        let server = self.address.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let mut out = format!("Server:\t\t{server}\nAddress:\t{server}#{PORT}\n\n");
        if !self.exists {
            let name = self.name.trim_end_matches('.');
            let why = if self.failed { "SERVFAIL" } else { "NXDOMAIN" };
            out.push_str(&format!("** server can't find {name}: {why}\n\n"));
            return (out, 1);
        }
        for (of, kind, data) in &self.found {
            out.push_str(&match kind.as_str() {
                "A" | "AAAA" => format!("Name:\t{of}\nAddress: {data}\n"),
                "CNAME" => format!("{of}\tcanonical name = {data}.\n"),
                "PTR" => format!("{of}\tname = {data}.\n"),
                "SRV" => format!("{of}\tservice = {data}.\n"),
                _ => String::new(),
            });
        }
        (out + "\n", 0)
    }

    fn as_dig(&self, short: bool, only_answers: bool, line: &str, sys: &Sys<'_>) -> String {
        let dotted = |kind: &str, data: &str| match kind {
            "A" | "AAAA" => data.to_string(),
            _ => format!("{data}."),
        };
        if short {
            return self.found.iter().map(|(_, kind, data)| dotted(kind, data) + "\n").collect();
        }
        let answer =
            |(of, kind, data): &(String, String, String)| format!("{of}.\t{TTL}\tIN\t{kind}\t{}\n", dotted(kind, data));
        let answers: String = self.found.iter().map(answer).collect();
        if only_answers {
            return answers;
        }
        let status = match () {
            () if self.exists => "NOERROR",
            () if self.failed => "SERVFAIL",
            () => "NXDOMAIN",
        };
        let (id, n) = (sys.now.nanos() / 1_000 % 65_536, self.found.len());
        let asked = self.candidates.iter().flatten().last().map_or(self.name.as_str(), String::as_str);
        let name = asked.trim_end_matches('.');
        let kind = self.kinds.first().map_or("A", |k| k.name());
        let server = self.address.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let section = if answers.is_empty() { String::new() } else { format!(";; ANSWER SECTION:\n{answers}\n") };
        format!(
            "\n; <<>> DiG 9.18.33 <<>> {line}\n;; global options: +cmd\n;; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: {status}, id: {id}\n;; flags: qr aa rd; QUERY: 1, ANSWER: {n}, AUTHORITY: 0, ADDITIONAL: 1\n;; WARNING: recursion requested but not available\n\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n;; QUESTION SECTION:\n;{name}.\t\tIN\t{kind}\n\n{section};; Query time: 0 msec\n;; SERVER: {server}#{PORT}({server}) (UDP)\n;; WHEN: {}\n;; MSG SIZE  rcvd: {}\n\n",
            sys.now.http_date().replace(',', "").replace(" GMT", " UTC"),
            40 + name.len() + n * 40,
        )
    }
}

impl Program for Bind {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        let settings = Settings::read(sys);
        if let Some(lookup) = &mut self.server {
            match lookup.poll(sys) {
                Err(wait) => return Step::Wait(wait),
                Ok(Looked::Found(ips)) => self.address = ips.first().copied(),
                Ok(_) => {
                    let text = format!("{}: couldn't get address for the server: not found\n", sys.words()[0]);
                    return Step::Become(Box::new(Printing::error(text, 10)), sys.words(), Default::default());
                }
            }
            self.server = None;
        }
        let address = *self.address.get_or_insert(settings.servers.first().copied().unwrap_or(Ipv4Addr::LOCALHOST));
        if self.candidates.is_none() {
            let mut names = self.names(&settings);
            names.reverse();
            self.candidates = Some(names);
            self.left = self.kinds.clone();
        }
        loop {
            let Some(name) = self.candidates.as_ref().and_then(|c| c.last().cloned()) else { return self.end(sys) };
            let Some(kind) = self.left.first().copied() else {
                // The next name is asked for only if this one does not exist.
                if self.exists {
                    return self.end(sys);
                }
                self.left = self.kinds.clone();
                self.candidates.as_mut().map(Vec::pop);
                continue;
            };
            let to = Address { ip: address, port: PORT };
            let query = self.query.get_or_insert_with(|| Query::new(kind, &name, &[to]));
            match query.poll(sys) {
                Err(wait) => return Step::Wait(wait),
                Ok(None) => {
                    let printing = Printing {
                        out: TIMED_OUT.into(),
                        err: vec![],
                        code: if matches!(self.shown, Shown::NsLookup) { 1 } else { 9 },
                    };
                    return Step::Become(Box::new(printing), sys.words(), Default::default());
                }
                Ok(Some(Reply::Found(lines))) => {
                    self.exists = true;
                    self.found.extend(lines);
                }
                Ok(Some(Reply::Failed)) => self.failed = true,
                Ok(Some(Reply::NoSuchName)) => {}
            }
            self.query = None;
            self.left.remove(0);
        }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
