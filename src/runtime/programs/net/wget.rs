//! `wget`, as busybox's.

use std::net::Ipv4Addr;

use super::http::{Exchange, Failed, Response, Url};
use super::{Looked, Lookup};
use crate::api::{Duration, Time};
use crate::runtime::kernel::net::Address;
use crate::runtime::kernel::{Errno, Mode, Program, Step, Sys};
use crate::runtime::programs::options::Options;
use crate::runtime::programs::{Printing, Start, flush};

const MOST_REDIRECTS: usize = 10;

#[derive(Clone)]
struct Wget {
    options: Options,
    url: Url,
    redirects: usize,
    lookup: Lookup,
    address: Option<Ipv4Addr>,
    exchange: Option<Exchange>,
    until: Option<Time>,
    out: Vec<u8>,
    err: Vec<u8>,
    code: Option<i32>,
}

pub fn start(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let long = [
        ("spider", 's'),
        ("quiet", 'q'),
        ("header", 'H'),
        ("post-data", 'D'),
        ("timeout", 'T'),
        ("output-document", 'O'),
        ("user-agent", 'U'),
        ("no-check-certificate", 'k'),
        ("server-response", 'S'),
    ];
    let o = match Options::parse(s.words, "qScsk", "OTUPHDtY", &long) {
        Ok(o) => o,
        Err(e) => return Box::new(Printing::error(e, 1)),
    };
    let Some(text) = o.rest.first() else { return Box::new(Printing::error("wget: missing URL\n", 1)) };
    let Some(url) = Url::parse(text) else {
        return Box::new(Printing::error(format!("wget: bad address '{text}'\n"), 1));
    };
    if !["http", "https"].contains(&url.scheme.as_str()) {
        return Box::new(Printing::error(format!("wget: not an http or ftp url: {text}\n"), 1));
    }
    let seconds = o.value('T').and_then(|t| t.parse::<f64>().ok()).and_then(|t| Duration::try_from_secs_f64(t).ok());
    let until = seconds.map(|d| s.sys.now + d);
    let lookup = Lookup::new(&url.host);
    Box::new(Wget {
        options: o,
        url,
        redirects: 0,
        lookup,
        address: None,
        exchange: None,
        until,
        out: vec![],
        err: vec![],
        code: None,
    })
}

impl Wget {
    fn fail(&mut self, text: String) {
        self.err.extend(format!("wget: {text}\n").bytes());
        self.code = Some(1);
    }

    fn say(&mut self, text: &str) {
        if !self.options.has('q') {
            self.err.extend(format!("{text}\n").bytes());
        }
    }

    fn request(&self) -> Vec<u8> {
        let post = self.options.value('D');
        let method = match () {
            () if post.is_some() => "POST",
            () if self.options.has('s') => "HEAD",
            () => "GET",
        };
        let mut text = format!(
            "{method} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\n",
            self.url.path,
            self.url.authority(),
            self.options.value('U').unwrap_or("Wget")
        );
        self.options.values('H').iter().for_each(|h| text.push_str(&format!("{h}\r\n")));
        if let Some(body) = post {
            text.push_str(&format!(
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
                body.len()
            ));
        }
        text.push_str("Connection: close\r\n\r\n");
        text.push_str(post.unwrap_or(""));
        text.into_bytes()
    }

    fn failed(&mut self, why: Failed) {
        let ip = self.address.unwrap_or(Ipv4Addr::UNSPECIFIED);
        match why {
            Failed::TimedOut { .. } => self.fail("download timed out".into()),
            Failed::Connect(e) => self.fail(format!("can't connect to remote host ({ip}): {}", e.text())),
            Failed::Reset => self.fail(format!("can't connect to remote host ({ip}): {}", Errno::Reset.text())),
            Failed::NoTls | Failed::Distrusted(_) => {
                self.fail("TLS error from peer (alert code 40): handshake failure".into())
            }
            Failed::Empty | Failed::NoHttp => self.fail("error getting response".into()),
        }
    }

    fn came(&mut self, r: Response, sys: &mut Sys<'_>) {
        if self.options.has('S') {
            self.err.extend(format!("  {}\n", r.line).bytes());
            r.headers.iter().for_each(|(n, v)| self.err.extend(format!("  {n}: {v}\n").bytes()));
        }
        match (r.code(), r.header("location")) {
            (301 | 302 | 303 | 307 | 308, Some(to)) if self.redirects < MOST_REDIRECTS => match self.url.join(to) {
                Some(url) => {
                    self.lookup = Lookup::new(&url.host);
                    (self.url, self.exchange, self.address) = (url, None, None);
                    self.redirects += 1;
                }
                None => self.fail(format!("bad redirection (no Location): {to}")),
            },
            (200..=299, _) => self.save(&r, sys),
            _ => self.fail(format!("server returned error: {}", r.line)),
        }
    }

    fn save(&mut self, r: &Response, sys: &mut Sys<'_>) {
        self.code = Some(0);
        if self.options.has('s') {
            return self.say("remote file exists");
        }
        let name = match self.options.value('O') {
            Some(f) => f.to_string(),
            None => match self.url.path.split('?').next().unwrap_or("").rsplit('/').next() {
                Some("") | None => "index.html".into(),
                Some(f) => f.into(),
            },
        };
        if name == "-" {
            self.say("writing to stdout");
            self.progress("-", r.body.len());
            self.out.extend(&r.body);
            return self.say("written to stdout");
        }
        if self.options.value('O').is_none() && sys.exists(&name) {
            return self.fail(format!("can't open '{name}': {}", Errno::Exists.text()));
        }
        let written = sys.open(&name, Mode::Write).and_then(|fd| {
            let mut body = r.body.clone();
            let done = sys.drain(fd, &mut body);
            sys.close(fd);
            done
        });
        match written {
            Ok(_) => {
                self.say(&format!("saving to '{name}'"));
                self.progress(&name, r.body.len());
                self.say(&format!("'{name}' saved"));
            }
            Err(e) => self.fail(format!("can't open '{name}': {}", e.text())),
        }
    }

    fn progress(&mut self, name: &str, bytes: usize) {
        let size = if bytes < 100_000 { bytes.to_string() } else { format!("{}k", bytes / 1024) };
        self.say(&format!("{name:<20.20} 100% |********************************| {size:>5}  0:00:00 ETA"));
    }
}

impl Program for Wget {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        loop {
            if let Some(step) = flush(&mut self.out, &mut self.err, sys) {
                return step;
            }
            if let Some(code) = self.code {
                return Step::Exit(code);
            }
            let Some(ip) = self.address else {
                match self.lookup.poll(sys) {
                    Err(wait) => return Step::Wait(wait.or_until(self.until)),
                    Ok(Looked::Found(ips)) if !ips.is_empty() => {
                        let ip = ips[0];
                        self.address = Some(ip);
                        let line = format!("Connecting to {} ({ip}:{})", self.url.authority(), self.url.port);
                        self.say(&line);
                    }
                    Ok(_) => {
                        let host = self.url.host.clone();
                        self.fail(format!("bad address '{host}'"));
                    }
                }
                continue;
            };
            if self.exchange.is_none() {
                let to = Address { ip, port: self.url.port };
                let mut x = Exchange::new(to, self.request(), self.options.has('s'), self.until, None);
                if self.url.scheme == "https" {
                    if !self.options.has('k') {
                        self.say("note: TLS certificate validation not implemented");
                    }
                    x = x.over_tls(&self.url.host, None);
                }
                self.exchange = Some(x);
            }
            let Some(x) = &mut self.exchange else { return Step::Exit(1) };
            match x.poll(sys) {
                Err(wait) => return Step::Wait(wait),
                Ok(Ok(r)) => self.came(r, sys),
                Ok(Err(why)) => self.failed(why),
            }
        }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
