//! nginx: what it serves is what its configuration says, with files, redirections, other servers behind it, and TLS.
//!
//! [`syntax`] takes a configuration apart, [`site`] makes sense of it, [`answering`] is what becomes of a request: a file ([`files`]) or
//! somebody else's answer ([`onward`]); [`words`] fills in variables, [`writing`] keeps the logs.
//! What nginx knows and does not do here it says when it begins.

mod answering;
mod files;
mod onward;
mod site;
mod syntax;
mod words;
mod writing;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use answering::{Answering, Outcome};
use site::{Served, Site};
use syntax::Directive;
use writing::{append, stamp};

use super::net::http::{Failed, Response};
use super::net::{Looked, Lookup};
use super::options::Options;
use super::serving::{Pages, Serving, Speech};
use super::{Printing, Start};
use crate::api::served::Identity;
use crate::runtime::kernel::{Errno, Program, Reaction, STDERR, Signal, Step, Sys, Wait};
use crate::runtime::web::{Answer, Request};

const CONF: &str = "/etc/nginx/nginx.conf";
const BYTES: u64 = 8 << 20;

type Addresses = BTreeMap<String, Vec<Ipv4Addr>>;

fn text_of(path: &str, sys: &mut Sys<'_>) -> Result<String, String> {
    let refused = |e: Errno| {
        let number = if e == Errno::Denied { 13 } else { 2 };
        format!("open() \"{path}\" failed ({number}: {})", e.text())
    };
    sys.read_file(path).map(|text| String::from_utf8_lossy(&text).into_owned()).map_err(refused)
}

/// Reads a configuration with all that it includes. `wanted` is what it includes.
fn load(path: &str, wanted: &mut Vec<String>, sys: &mut Sys<'_>) -> Result<Vec<Directive>, String> {
    let text = text_of(path, sys)?;
    parse(path, &text, wanted, sys, 0)
}

/// The files that are meant by what stands after `include`.
fn included(wanted: &str, sys: &mut Sys<'_>) -> Vec<String> {
    let wanted = if wanted.starts_with('/') { wanted.to_string() } else { format!("/etc/nginx/{wanted}") };
    let (directory, name) = wanted.rsplit_once('/').unwrap_or(("", &wanted));
    let Some((begin, end)) = name.split_once('*') else { return vec![wanted] };
    let names = sys.view(|v| v.names(directory)).unwrap_or_default();
    let fits = |n: &&String| {
        n.len() >= begin.len() + end.len() && n.starts_with(begin) && n.ends_with(end) && !n.starts_with('.')
    };
    names.iter().filter(fits).map(|n| format!("{directory}/{n}")).collect()
}

fn parse(
    path: &str,
    text: &str,
    wanted: &mut Vec<String>,
    sys: &mut Sys<'_>,
    depth: usize,
) -> Result<Vec<Directive>, String> {
    const DEEPEST: usize = 10;
    syntax::parse(path, text, &mut |d| {
        if depth >= DEEPEST {
            return Err(d.wrong("too many levels of \"include\""));
        }
        wanted.push(d.arg(0).into());
        let mut all = vec![];
        for f in included(d.arg(0), sys) {
            let text = text_of(&f, sys).map_err(|why| d.wrong(&why))?;
            all.extend(parse(&f, &text, wanted, sys, depth + 1)?);
        }
        Ok(all)
    })
}

/// All text that a configuration is read from.
fn source(path: &str, text: &str, wanted: &[String], sys: &mut Sys<'_>) -> String {
    let mut all = format!("nginx {path}\n{text}\n");
    for w in wanted {
        for f in included(w, sys) {
            let text = text_of(&f, sys).unwrap_or_else(|why| why);
            all.push_str(&format!("{f}\n{text}\n"));
        }
    }
    all
}

/// What a configuration means. The pods of a Deployment have the same one: it is worked out once.
fn understood(path: &str, sys: &mut Sys<'_>) -> Result<Arc<Site>, String> {
    let text = text_of(path, sys)?;
    let first = format!("nginx includes {path}\n{text}");
    if let Some(wanted) = sys.sockets.shared.get::<Vec<String>>(&first) {
        let source = source(path, &text, &wanted, sys);
        if let Some(site) = sys.sockets.shared.get::<Site>(&source) {
            return Ok(site);
        }
    }
    let mut wanted = vec![];
    let site = site::read(&load(path, &mut wanted, sys)?)?;
    let source = source(path, &text, &wanted, sys);
    sys.sockets.shared.put(&first, wanted);
    Ok(sys.sockets.shared.put(&source, site))
}

/// All that is wrong with a configuration before it is served: its certificates must be there.
fn check(site: &Site, sys: &mut Sys<'_>) -> Result<(), String> {
    for s in site.servers.iter().filter(|s| s.listens.iter().any(|l| l.tls)) {
        let Some((file, _)) = &s.certificate else { continue };
        if sys.read_file(file).is_err() {
            return Err(format!(
                "cannot load certificate \"{file}\": BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory:calling fopen({file}, r) error:10000080:BIO routines::no such file)"
            ));
        }
    }
    Ok(())
}

/// The hosts whose addresses must be known before anything is served.
fn hosts(site: &Site) -> Vec<(String, String)> {
    let mut all = vec![];
    for b in site.upstreams.values().flatten() {
        all.push((b.host.clone(), b.at.clone()));
    }
    let mut places: Vec<&site::Location> = site.servers.iter().flat_map(|s| &s.locations).collect();
    while let Some(l) = places.pop() {
        places.extend(&l.nested);
        let Some(to) = l.own.proxy.as_deref().filter(|p| !p.contains('$')) else { continue };
        let authority = to.split_once("://").map_or(to, |(_, r)| r).split('/').next().unwrap_or_default();
        if let Some((host, _)) = site::place(authority, 80)
            && !site.upstreams.contains_key(&host)
        {
            all.push((host, CONF.into()));
        }
    }
    all
}

/// What a server serves.
#[derive(Clone)]
struct Nginx {
    site: Served,
    addresses: Arc<Addresses>,
    identity: Option<Arc<Identity>>,
    version: Arc<str>,
    turn: usize,
}

impl Nginx {
    /// An answer says which server it comes from.
    fn signed(&self, mut answer: Answer) -> Answer {
        if let Answer::Full { headers, .. } = &mut answer {
            headers.insert(0, ("Server".into(), format!("nginx/{}", self.version)));
        }
        answer
    }

    fn answering<'a>(
        site: &'a Site,
        addresses: &'a dyn Fn(&str) -> Option<Vec<Ipv4Addr>>,
        version: &'a str,
        turn: &'a mut usize,
        (port, request): (u16, &'a Request),
        sys: &Sys<'_>,
    ) -> Answering<'a> {
        let tls = site.ports().get(&port).copied().unwrap_or(false);
        Answering { site, version, addresses, turn, port, tls, request, now: sys.now, depth: Cell::new(0) }
    }
}

impl Pages for Nginx {
    fn answer(&mut self, port: u16, r: &Request, sys: &mut Sys<'_>) -> Answer {
        let (site, known, version, mut turn) =
            (self.site.clone(), self.addresses.clone(), self.version.clone(), self.turn);
        let addresses = |host: &str| host.parse().map(|ip| vec![ip]).ok().or_else(|| known.get(host).cloned());
        let mut a = Nginx::answering(&site, &addresses, &version, &mut turn, (port, r), sys);
        let Outcome { answer, scope } = a.answer(sys);
        a.note_down(&answer, scope, sys);
        self.turn = turn;
        self.signed(answer)
    }

    fn came_back(&mut self, port: u16, r: &Request, came: Result<Response, Failed>, sys: &mut Sys<'_>) -> Answer {
        let (site, version, mut turn) = (self.site.clone(), self.version.clone(), self.turn);
        let a = Nginx::answering(&site, &|_| None, &version, &mut turn, (port, r), sys);
        let Outcome { answer, scope } = a.came_back(came, sys);
        a.note_down(&answer, scope, sys);
        self.signed(answer)
    }

    fn malformed(&self) -> Answer {
        let text = format!(
            "<html>\r\n<head><title>400 Bad Request</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<hr><center>nginx/{}</center>\r\n</body>\r\n</html>\r\n",
            self.version
        );
        Answer::Full { code: 400, headers: vec![("Content-Type".into(), "text/html".into())], body: text.into_bytes() }
    }

    fn identity(&self) -> Option<Arc<Identity>> {
        self.identity.clone()
    }

    fn memory(&self) -> u64 {
        BYTES
    }

    fn clone_box(&self) -> Box<dyn Pages> {
        Box::new(self.clone())
    }
}

/// A server that is started, or reads its configuration anew.
#[derive(Clone)]
struct Master {
    conf: Arc<str>,
    version: Arc<str>,
    /// What is to be served once all its hosts are found.
    next: Option<Next>,
    serving: Option<Serving>,
    reload: bool,
}

#[derive(Clone)]
struct Next {
    site: Served,
    left: Vec<(String, String, Lookup)>,
    found: Addresses,
}

fn emergency(why: &str, sys: &Sys<'_>) -> String {
    format!("{} [emerg] {pid}#{pid}: {why}\nnginx: [emerg] {why}\n", stamp(sys.now), pid = sys.pid())
}

impl Master {
    /// Reads the configuration.
    fn read(&self, sys: &mut Sys<'_>) -> Result<Next, String> {
        let site = understood(&self.conf, sys)?;
        check(&site, sys)?;
        let left = hosts(&site).into_iter().map(|(host, at)| (host.clone(), at, Lookup::new(&host))).collect();
        Ok(Next { site, left, found: Addresses::new() })
    }

    /// Looks for the hosts that are named. `Ok(None)`: all are found.
    fn look(next: &mut Next, sys: &mut Sys<'_>) -> Result<Option<Wait>, String> {
        while let Some((host, at, lookup)) = next.left.last_mut() {
            match lookup.poll(sys) {
                Err(wait) => return Ok(Some(wait)),
                Ok(Looked::Found(ips)) => {
                    next.found.insert(host.clone(), ips);
                    next.left.pop();
                }
                Ok(_) => return Err(format!("host not found in upstream \"{host}\" in {at}")),
            }
        }
        Ok(None)
    }

    fn serve(&mut self, next: Next, sys: &mut Sys<'_>) {
        let tls =
            next.site.servers.iter().find(|s| s.listens.iter().any(|l| l.tls)).and_then(|s| s.certificate.as_ref());
        let pem = tls.and_then(|(file, _)| sys.read_file(file).ok());
        let identity = pem.map(|pem| Arc::new(crate::api::pki::identity(&String::from_utf8_lossy(&pem))));
        let ports = next.site.ports();
        // Its logs are there from the beginning.
        for log in ["/var/log/nginx/error.log", "/var/log/nginx/access.log"] {
            append(log, "", sys);
        }
        for idle in &next.site.idle {
            let line = format!("{} [warn] {pid}#{pid}: kubetutor: {idle}\n", stamp(sys.now), pid = sys.pid());
            append("/var/log/nginx/error.log", &line, sys);
        }
        let pages = Nginx {
            site: next.site,
            addresses: Arc::new(next.found),
            identity,
            version: self.version.clone(),
            turn: 0,
        };
        let ports: Vec<(u16, Speech)> =
            ports.into_iter().map(|(p, tls)| (p, if tls { Speech::Https } else { Speech::Http })).collect();
        if let Some(old) = &mut self.serving {
            old.becomes(Box::new(pages), ports, sys);
        } else {
            self.serving = Some(Serving::new(Box::new(pages), ports));
        }
    }
}

impl Program for Master {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if self.serving.is_none() && self.next.is_none() || std::mem::take(&mut self.reload) {
            match self.read(sys) {
                Ok(next) => self.next = Some(next),
                Err(why) => {
                    let _ = sys.write(STDERR, emergency(&why, sys).as_bytes());
                    if self.serving.is_none() {
                        return Step::Exit(1);
                    }
                }
            }
        }
        let mut looks = None;
        if let Some(mut next) = self.next.take() {
            match Master::look(&mut next, sys) {
                Ok(None) => self.serve(next, sys),
                Ok(Some(wait)) => {
                    self.next = Some(next);
                    looks = Some(wait);
                }
                Err(why) => {
                    let _ = sys.write(STDERR, emergency(&why, sys).as_bytes());
                    if self.serving.is_none() {
                        return Step::Exit(1);
                    }
                }
            }
        }
        let step = self.serving.as_mut().map(|s| s.run(sys));
        match (step, looks) {
            // It goes on serving while it looks for what it is to serve next.
            (Some(Step::Wait(mut wait)), Some(looks)) => {
                wait.readable.extend(looks.readable);
                wait.writable.extend(looks.writable);
                wait.until = wait.until.into_iter().chain(looks.until).min();
                Step::Wait(wait)
            }
            (Some(step), _) => step,
            (None, Some(looks)) => Step::Wait(looks),
            (None, None) => Step::Exit(1),
        }
    }

    fn signal(&mut self, signal: Signal) -> Reaction {
        if signal == Signal::HUP {
            self.reload = true;
            return Reaction::Noted;
        }
        // Its logs are opened anew: they are so for each line.
        if signal == Signal(10) {
            return Reaction::Noted;
        }
        self.serving.as_mut().map_or(Reaction::Default, |s| s.signal(signal))
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

fn said(text: String, code: i32) -> Box<dyn Program> {
    Box::new(Printing { out: vec![], err: text.into_bytes(), code })
}

pub fn start(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let o = match Options::parse(s.words, "hvVtTq", "cgspe", &[]) {
        Ok(o) => o,
        Err(_) => {
            let bad = s.words.get(1).map_or("", String::as_str);
            return said(format!("nginx: invalid option: \"{}\"\n", bad.trim_start_matches('-')), 1);
        }
    };
    let version: Arc<str> = version(s.sys).into();
    let conf: Arc<str> = o.value('c').unwrap_or(CONF).into();
    if o.has('v') || o.has('V') || o.has('h') {
        let more = if o.has('V') {
            "built by gcc 12.2.0 (Debian 12.2.0-14) \nbuilt with OpenSSL 3.0.16 11 Feb 2025\nTLS SNI support enabled\n"
        } else {
            ""
        };
        return said(format!("nginx version: nginx/{version}\n{more}"), 0);
    }
    if let Some(word) = o.value('s') {
        return told(word, s.sys);
    }
    let master = Master { conf: conf.clone(), version, next: None, serving: None, reload: false };
    if o.has('t') || o.has('T') {
        return match master.read(s.sys) {
            Ok(_) => {
                let fine = format!(
                    "nginx: the configuration file {conf} syntax is ok\nnginx: configuration file {conf} test is successful\n"
                );
                let dump = if o.has('T') { dumped(&conf, s.sys) } else { String::new() };
                Box::new(Printing { out: dump.into_bytes(), err: fine.into_bytes(), code: 0 })
            }
            Err(why) => said(format!("nginx: [emerg] {why}\nnginx: configuration file {conf} test failed\n"), 1),
        };
    }
    if let Some(why) = refused(s.sys) {
        return said(emergency(&why, s.sys), 1);
    }
    Box::new(master)
}

/// The places that a server writes to when it begins. They are looked at and not written: thousands of pods share their image's files.
fn refused(sys: &mut Sys<'_>) -> Option<String> {
    let path = "/var/cache/nginx";
    if sys.view(|v| v.is_directory(path)) && !sys.view(|v| v.access(path, 'w')) {
        let read_only = sys.root().is_some_and(|r| r.read_only) && sys.who().user == 0;
        let why = if read_only { "30: Read-only file system" } else { "13: Permission denied" };
        return Some(format!("mkdir() \"{path}/client_temp\" failed ({why})"));
    }
    None
}

/// `nginx -s reload`: a signal for the server that runs.
fn told(word: &str, sys: &mut Sys<'_>) -> Box<dyn Program> {
    let signal = match word {
        "reload" => Signal::HUP,
        "stop" => Signal::TERM,
        "quit" => Signal::QUIT,
        "reopen" => Signal(10),
        other => return said(format!("nginx: invalid option: \"-s {other}\"\n"), 1),
    };
    let is_server = |words: &[String]| {
        words.first().is_some_and(|w| w.rsplit('/').next() == Some("nginx"))
            && !words.iter().any(|w| w == "-s" || w == "-t")
    };
    let server = sys.processes().into_iter().find(|p| is_server(&p.words) && p.id != sys.id).map(|p| p.id);
    let pid = server.map(|id| sys.pid_of(id));
    match pid.map(|pid| sys.kill(pid, signal)) {
        Some(Ok(())) => {
            said(format!("{} [notice] {pid}#{pid}: signal process started\n", stamp(sys.now), pid = sys.pid()), 0)
        }
        _ => said("nginx: [error] invalid PID number \"\" in \"/run/nginx.pid\"\n".into(), 1),
    }
}

/// Every file that was read, as `-T` shows it.
fn dumped(conf: &str, sys: &mut Sys<'_>) -> String {
    let mut files: Vec<String> = vec![conf.into()];
    if let Ok(all) = load(conf, &mut vec![], sys) {
        let mut waiting: Vec<&Directive> = all.iter().collect();
        while let Some(d) = waiting.pop() {
            if !files.iter().any(|f| **f == *d.at.file) {
                files.push(d.at.file.to_string());
            }
            waiting.extend(d.inner());
        }
    }
    files[1..].sort();
    let mut out = String::new();
    for f in files {
        let text = sys.read_file(&f).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default();
        out.push_str(&format!("# configuration file {f}:\n{text}\n"));
    }
    out
}

/// The version that the image's tag stands for.
fn version(sys: &Sys<'_>) -> String {
    let Some(root) = sys.root() else { return "1.29.4".into() };
    let tag = root.spec.image.rsplit_once(':').map_or("latest", |(_, t)| t);
    // The stable line is the one with an even number.
    let tag = if tag.starts_with("stable") { "1.28" } else { tag };
    root.image.as_ref().and_then(|i| i.newest(tag)).unwrap_or_else(|| "1.29.4".into())
}
