//! Web servers: the own program of most images, and busybox's `httpd`.

use std::sync::Arc;

use super::serving::{Pages, Serving, Speech};
use super::{Printing, Start};
use crate::api::Duration;
use crate::api::path::absolute;
use crate::runtime::kernel::{Program, STDOUT, Step, Sys};
use crate::runtime::web::{Answer, REQUEST, Request, Server, Site};

/// What an image's data say.
#[derive(Clone)]
struct AsGiven(Arc<Server>);

impl Pages for AsGiven {
    fn answer(&mut self, _: u16, r: &Request, sys: &mut Sys<'_>) -> Answer {
        self.0.answer(r, sys)
    }

    fn malformed(&self) -> Answer {
        match &self.0.site {
            Site::Other { says: Some(text) } => Answer::Raw(format!("{text}\r\n")),
            Site::Other { says: None } => Answer::HungUp,
            _ => {
                let body = self.0.error_page(400).into_bytes();
                Answer::Page { code: 400, kind: "text/html", body, location: None }
            }
        }
    }

    fn software(&self) -> &str {
        &self.0.software
    }

    fn log(&self, r: &Request, code: u16, bytes: usize, sys: &mut Sys<'_>) -> Option<String> {
        if r.method.is_empty() { None } else { self.0.log_line(r, code, bytes, sys) }
    }

    fn cost(&self) -> Duration {
        self.0.cost
    }

    fn memory(&self) -> u64 {
        self.0.memory
    }

    fn clone_box(&self) -> Box<dyn Pages> {
        Box::new(self.clone())
    }
}

pub fn serving(server: Arc<Server>) -> Serving {
    let port = server.port;
    Serving::new(Box::new(AsGiven(server)), vec![(port, Speech::Http)])
}

/// The image's own server.
pub fn own(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    match s.sys.root().and_then(|r| r.image.as_ref()).and_then(|i| i.server.clone()) {
        Some(server) => Box::new(serving(server)),
        None => Box::new(Printing::error(format!("{}: nothing to serve\n", s.words[0]), 1)),
    }
}

/// busybox's `httpd -p PORT -h DIRECTORY`.
pub fn httpd(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let o = super::options::Options::parse(s.words, "fiv", "phcru", &[]);
    let o = match o {
        Ok(o) => o,
        Err(e) => return Box::new(Printing::error(e, 1)),
    };
    let port = o.value('p').and_then(|p| p.rsplit(':').next()?.parse().ok()).unwrap_or(80);
    let root = absolute(&s.sys.cwd(), o.value('h').unwrap_or("."));
    let site = Site::Files { root, lists: false };
    let server = Server { port, site, cost: REQUEST, software: String::new(), log: String::new(), memory: 0 };
    let serving = serving(Arc::new(server));
    if o.has('f') {
        return Box::new(serving);
    }
    // It goes into the background: who called it goes on.
    Box::new(Detaching { program: Some(Box::new(serving)) })
}

/// `http-echo -text=hello -listen=:5678`. Real: github.com/hashicorp/http-echo.
pub fn http_echo(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let mut text = s.env.get("ECHO_TEXT").cloned().unwrap_or_default();
    let mut port = 5678;
    let mut words = s.words[1..].iter();
    while let Some(word) = words.next() {
        let flag = word.trim_start_matches('-');
        let (flag, own) = flag.split_once('=').map_or((flag, None), |(f, v)| (f, Some(v.to_string())));
        let value = own.or_else(|| words.next().cloned()).unwrap_or_default();
        match flag {
            "text" => text = value,
            "listen" => match value.rsplit(':').next().and_then(|p| p.parse().ok()) {
                Some(p) => port = p,
                None => return Box::new(Printing::error(format!("listen tcp: address {value}: invalid port\n"), 1)),
            },
            "status-code" => {}
            other => return Box::new(Printing::error(format!("flag provided but not defined: -{other}\n"), 127)),
        }
    }
    if text.is_empty() {
        return Box::new(Printing::error("Missing -text option or set ECHO_TEXT env var!\n", 127));
    }
    let stamp = s.sys.now.rfc3339().get(..19).unwrap_or_default().replace('-', "/").replace('T', " ");
    let _ = s.sys.write(STDOUT, format!("{stamp} [INFO] server is listening on :{port}\n").as_bytes());
    let site = Site::Program { missing: vec![], body: format!("{text}\n") };
    let log = "{client}:{port} \"{method} {target} {protocol}\" {code} {bytes}".into();
    let server = Server { port, site, cost: REQUEST, software: String::new(), log, memory: 4 << 20 };
    Box::new(serving(Arc::new(server)))
}

/// Starts a program beside itself, and ends.
#[derive(Clone)]
struct Detaching {
    program: Option<Box<dyn Program>>,
}

impl Program for Detaching {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if let Some(program) = self.program.take() {
            let fds = sys.fds();
            sys.spawn(program, sys.words(), Default::default(), fds);
        }
        Step::Exit(0)
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

/// Says what the image is there to say, and ends.
pub fn says(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let said = s.sys.root().and_then(|r| r.image.as_ref()).and_then(|i| i.says.clone()).unwrap_or_default();
    let out: String = said.0.iter().map(|l| format!("{l}\n")).collect();
    Box::new(Printing { out: out.into_bytes(), err: vec![], code: said.1 })
}
