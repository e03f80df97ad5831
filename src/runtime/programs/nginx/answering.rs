//! What becomes of a request: a file, a redirection, a text, an error's page, or a request to somebody else.
//! Real nginx: the phases of src/http/ngx_http_core_module.c.

use std::cell::Cell;
use std::net::Ipv4Addr;

use super::site::{Flag, Location, Scope, Server, Site, locate};
use crate::api::Time;
use crate::api::path::absolute;
use crate::runtime::kernel::Sys;
use crate::runtime::web::{Answer, Request, reason};

/// A request may be sent on within the server so often.
const MOST_TURNS: usize = 10;

/// What nginx knows while it answers one request.
pub struct Answering<'a> {
    pub site: &'a Site,
    pub version: &'a str,
    /// The addresses of hosts that the configuration names.
    pub addresses: &'a dyn Fn(&str) -> Option<Vec<Ipv4Addr>>,
    /// Which of several backends is next.
    pub turn: &'a mut usize,
    pub port: u16,
    pub tls: bool,
    pub request: &'a Request,
    pub now: Time,
    /// How deep one is among variables that stand for others.
    pub depth: Cell<usize>,
}

/// Where a request has come to.
pub(super) struct Course<'a> {
    pub(super) server: &'a Server,
    pub(super) scope: &'a Scope,
    /// The path without a query, which rewriting changes.
    pub(super) uri: String,
    pub(super) args: String,
    pub(super) caught: Vec<String>,
    pub(super) location: Option<&'a Location>,
}

/// What is answered, with the code that was meant, and for whom it is written down.
pub struct Outcome<'a> {
    pub answer: Answer,
    pub scope: Option<&'a Scope>,
}

pub(super) enum Turn {
    Done(Answer),
    Failed(u16),
    /// The search begins anew with another path, in the same way or for an error's page.
    Again(String),
    Named(String),
}

impl<'a> Answering<'a> {
    pub(super) fn host(&self) -> &'a str {
        let host = self.request.header("host").unwrap_or_default();
        host.rsplit_once(':').filter(|(_, p)| p.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(h, _)| h)
    }

    /// Answers the request.
    pub fn answer(&mut self, sys: &mut Sys<'_>) -> Outcome<'a> {
        let Some(server) = self.site.server(self.port, self.host()) else {
            return Outcome { answer: self.page_of(404, None), scope: None };
        };
        let (path, args) = self.request.target.split_once('?').unwrap_or((&self.request.target, ""));
        let uri = absolute("/", &decoded(path)) + if path.ends_with('/') && path.len() > 1 { "/" } else { "" };
        let mut c = Course { server, scope: &server.own, uri, args: args.into(), caught: vec![], location: None };
        let mut failed = None;
        let mut named: Option<String> = None;
        for turn in 0..MOST_TURNS {
            let place = match &named {
                Some(name) => server.locations.iter().find(|l| l.path == *name).map(|l| (l, vec![])),
                None => locate(&server.locations, &c.uri),
            };
            (c.location, c.caught) = place.map_or((None, vec![]), |(l, caught)| (Some(l), caught));
            c.scope = c.location.map_or(&server.own, |l| &l.own);
            let step = if turn == 0 && failed.is_none() {
                self.of_server(&mut c).unwrap_or_else(|| self.in_place(&mut c, sys))
            } else {
                self.in_place(&mut c, sys)
            };
            match step {
                Turn::Done(answer) => {
                    let answer = self.finished(answer, failed, &c);
                    return Outcome { answer, scope: Some(c.scope) };
                }
                Turn::Again(uri) => {
                    let (uri, args) =
                        uri.split_once('?').map_or((uri.clone(), None), |(u, a)| (u.into(), Some(a.to_string())));
                    (c.uri, named) = (uri, None);
                    c.args = args.unwrap_or(c.args);
                }
                Turn::Named(name) => named = Some(name),
                Turn::Failed(code) => {
                    let page =
                        c.scope.error_pages.iter().rev().find(|p| p.codes.contains(&code)).filter(|_| failed.is_none());
                    let Some(page) = page else {
                        let answer = self.page_of(failed.map_or(code, |(code, _)| code), Some(&c));
                        return Outcome { answer, scope: Some(c.scope) };
                    };
                    failed = Some((code, page.instead));
                    if page.uri.starts_with('@') {
                        named = Some(page.uri.clone());
                    } else if page.uri.contains("://") {
                        let to = self.filled(&page.uri, &c);
                        return Outcome { answer: self.moved(302, to), scope: Some(c.scope) };
                    } else {
                        (c.uri, named) = (page.uri.clone(), None);
                    }
                }
            }
        }
        Outcome { answer: self.page_of(500, Some(&c)), scope: Some(c.scope) }
    }

    /// An error's page is answered with the error's code, and whatever is answered has the headers that were asked for.
    pub(super) fn finished(&self, answer: Answer, failed: Option<(u16, Option<u16>)>, c: &Course<'_>) -> Answer {
        let Answer::Full { mut code, mut headers, body } = answer else { return answer };
        if let Some((was, instead)) = failed {
            code = instead.unwrap_or(was);
        }
        let good = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308].contains(&code);
        for (name, value, always) in &c.scope.added_headers {
            if good || *always {
                let value = self.filled(value, c);
                if !value.is_empty() {
                    headers.push((name.clone(), value));
                }
            }
        }
        Answer::Full { code, headers, body }
    }

    /// What the server says before any location is looked for.
    fn of_server(&self, c: &mut Course<'a>) -> Option<Turn> {
        let own = &c.server.own;
        let before = c.uri.clone();
        if let Some(done) = self.rewritten(own, c) {
            return Some(done);
        }
        if let Some((code, text)) = &own.returns {
            return Some(self.returned(*code, text, c));
        }
        (before != c.uri).then(|| Turn::Again(c.uri.clone()))
    }

    /// The rewrites of a place. `Some`: they decide what is done.
    fn rewritten(&self, own: &Scope, c: &mut Course<'_>) -> Option<Turn> {
        for r in &own.rewrites {
            let Ok(Some(found)) = r.pattern.captures(&c.uri) else { continue };
            c.caught = found.iter().map(|m| m.map_or_else(String::new, |m| m.as_str().to_string())).collect();
            let to = self.filled(&r.to, c);
            let (path, more) = to.split_once('?').map_or((to.as_str(), None), |(p, q)| (p, Some(q)));
            let args = match more {
                Some("") => String::new(),
                Some(q) if c.args.is_empty() => q.into(),
                Some(q) => format!("{q}&{}", c.args),
                None => c.args.clone(),
            };
            let whole = if args.is_empty() { path.to_string() } else { format!("{path}?{args}") };
            match r.flag {
                Flag::Found => return Some(Turn::Done(self.moved(302, self.absolute(&whole)))),
                Flag::Moved => return Some(Turn::Done(self.moved(301, self.absolute(&whole)))),
                Flag::Last => return Some(Turn::Again(whole)),
                Flag::Break => {
                    (c.uri, c.args) = (path.to_string(), args);
                    return None;
                }
            }
        }
        None
    }

    fn in_place(&mut self, c: &mut Course<'a>, sys: &mut Sys<'_>) -> Turn {
        let own = c.scope;
        if c.location.is_some()
            && let Some(done) = self.rewritten(own, c)
        {
            return done;
        }
        if let Some((code, text)) = &own.returns {
            return self.returned(*code, text, c);
        }
        if let Some((allowed, _)) = own.rights.iter().find(|(_, who)| is_from(&self.request.client, who))
            && !allowed
        {
            return Turn::Failed(403);
        }
        if own.status {
            let text =
                "Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 Writing: 1 Waiting: 0 \n";
            return Turn::Done(full(200, "text/plain", text.into()));
        }
        if let Some(to) = &own.proxy {
            return self.passed_on(to, c);
        }
        if let Some(done) = self.tried(c, sys) {
            return done;
        }
        self.file(c, sys)
    }

    fn returned(&self, code: u16, text: &str, c: &Course<'_>) -> Turn {
        let text = self.filled(text, c);
        match code {
            301 | 302 | 303 | 307 | 308 if !text.is_empty() => Turn::Done(self.moved(code, self.absolute(&text))),
            444 => Turn::Done(Answer::HungUp),
            _ if text.is_empty() && code >= 300 => Turn::Failed(code),
            _ => {
                let kind = c.scope.default_type.as_deref().unwrap_or("text/plain");
                Turn::Done(full(code, kind, text.into_bytes()))
            }
        }
    }

    /// Redirections lead to whole addresses.
    pub(super) fn absolute(&self, to: &str) -> String {
        if !to.starts_with('/') {
            return to.into();
        }
        let (scheme, usual) = if self.tls { ("https", 443) } else { ("http", 80) };
        let port = if self.port == usual { String::new() } else { format!(":{}", self.port) };
        format!("{scheme}://{}{port}{to}", self.host())
    }

    pub(super) fn moved(&self, code: u16, to: String) -> Answer {
        let Answer::Full { code, mut headers, body } = self.page_of(code, None) else { return Answer::HungUp };
        headers.push(("Location".into(), to));
        Answer::Full { code, headers, body }
    }

    pub(super) fn page_of(&self, code: u16, c: Option<&Course<'_>>) -> Answer {
        let title = format!(
            "{code} {}",
            if code == 405 {
                "Not Allowed"
            } else if code == 503 {
                "Service Temporarily Unavailable"
            } else if code == 504 {
                "Gateway Time-out"
            } else {
                reason(code)
            }
        );
        let text = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>nginx/{}</center>\r\n</body>\r\n</html>\r\n",
            self.version
        );
        let answer = full(code, "text/html", text.into_bytes());
        match c {
            Some(c) => self.finished(answer, None, c),
            None => answer,
        }
    }
}

pub(super) fn full(code: u16, kind: &str, body: Vec<u8>) -> Answer {
    Answer::Full { code, headers: vec![("Content-Type".into(), kind.into())], body }
}

/// `%20` is a blank.
fn decoded(path: &str) -> String {
    let mut bytes = vec![];
    let all = path.as_bytes();
    let mut i = 0;
    while i < all.len() {
        let code =
            (all[i] == b'%').then(|| path.get(i + 1..i + 3).and_then(|h| u8::from_str_radix(h, 16).ok())).flatten();
        bytes.push(code.unwrap_or(all[i]));
        i += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `allow 10.0.0.0/8`
fn is_from(client: &str, who: &str) -> bool {
    if who == "all" {
        return true;
    }
    let (net, bits) = who.split_once('/').map_or((who, 32), |(n, b)| (n, b.parse().unwrap_or(32)));
    let (Ok(client), Ok(net)) = (client.parse::<Ipv4Addr>(), net.parse::<Ipv4Addr>()) else { return false };
    let mask = u32::MAX.checked_shl(32 - u32::min(bits, 32)).unwrap_or(0);
    u32::from(client) & mask == u32::from(net) & mask
}
