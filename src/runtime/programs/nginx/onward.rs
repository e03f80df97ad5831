//! Requests that somebody else answers, and what comes back.
//! Real nginx: ngx_http_proxy_module.c, ngx_http_upstream.c.

use super::answering::{Answering, Course, Outcome, Turn};
use super::site::{Match, locate, place};
use super::writing::number;
use crate::api::Duration;
use crate::runtime::kernel::Sys;
use crate::runtime::kernel::net::Address;
use crate::runtime::programs::net::http::{Exchange, Failed, Response};
use crate::runtime::web::Answer;

/// So long a backend may take to be reached, and to answer.
const PATIENCE: Duration = Duration::from_secs(60);

impl<'a> Answering<'a> {
    pub(super) fn passed_on(&mut self, to: &str, c: &mut Course<'a>) -> Turn {
        let to = self.filled(to, c);
        let tls = to.starts_with("https://");
        let rest = to.split_once("://").map_or(to.as_str(), |(_, r)| r);
        let (authority, path) = match rest.find('/') {
            Some(i) => (&rest[..i], Some(&rest[i..])),
            None => (rest, None),
        };
        let Some((host, port)) = place(authority, if tls { 443 } else { 80 }) else { return Turn::Failed(500) };
        let Some(address) = self.backend(&host, port) else { return Turn::Failed(502) };
        // With a path of its own the one of the location is replaced by it.
        let uri = match (path, c.location) {
            (Some(path), Some(l)) if matches!(l.how, Match::Prefix { .. } | Match::Exact) => {
                format!("{path}{}", c.uri.strip_prefix(l.path.as_str()).unwrap_or_default())
            }
            _ => c.uri.clone(),
        };
        let uri = escaped(&uri);
        let target = if c.args.is_empty() { uri } else { format!("{uri}?{}", c.args) };
        let mut headers = vec![("Host".to_string(), authority.to_string()), ("Connection".into(), "close".into())];
        let own = |n: &str| ["host", "connection", "keep-alive", "transfer-encoding", "upgrade"].contains(&n);
        headers.extend(self.request.headers.iter().filter(|(n, _)| !own(&n.to_ascii_lowercase())).cloned());
        for (name, value) in &c.scope.sent_headers {
            headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
            let value = self.filled(value, c);
            if !value.is_empty() {
                headers.insert(0, (name.clone(), value));
            }
        }
        let mut text = format!("{} {target} HTTP/1.1\r\n", self.request.method);
        headers.iter().for_each(|(n, v)| text.push_str(&format!("{n}: {v}\r\n")));
        let mut bytes = (text + "\r\n").into_bytes();
        bytes.extend(&self.request.body);
        let until = self.now + PATIENCE;
        let exchange = Exchange::new(address, bytes, self.request.method == "HEAD", Some(until), Some(until));
        let exchange = if tls { exchange.over_tls(&host, None) } else { exchange };
        Turn::Done(Answer::From(Box::new(exchange)))
    }

    /// The next of those behind a name.
    fn backend(&mut self, host: &str, port: u16) -> Option<Address> {
        let mut all: Vec<Address> = vec![];
        let mut add = |host: &str, port: u16, weight: usize| {
            for ip in (self.addresses)(host).unwrap_or_default() {
                all.extend(std::iter::repeat_n(Address { ip, port }, weight));
            }
        };
        match self.site.upstreams.get(host) {
            Some(backends) => {
                backends.iter().filter(|b| !b.backup).for_each(|b| add(&b.host, b.port, b.weight));
            }
            None => add(host, port, 1),
        }
        *self.turn += 1;
        let n = all.len();
        (n > 0).then(|| all[(*self.turn - 1) % n])
    }

    /// What came back from a backend, or why nothing did.
    pub fn came_back(&self, came: Result<Response, Failed>, sys: &mut Sys<'_>) -> Outcome<'a> {
        let Some(server) = self.site.server(self.port, self.host()) else {
            return Outcome { answer: Answer::HungUp, scope: None };
        };
        let place = locate(&server.locations, self.request.path());
        let (location, caught) = place.map_or((None, vec![]), |(l, c)| (Some(l), c));
        let scope = location.map_or(&server.own, |l| &l.own);
        let c = Course { server, scope, uri: self.request.path().into(), args: String::new(), caught, location };
        let answer = match came {
            Ok(r) => {
                let own = |n: &str| {
                    ["server", "date", "connection", "content-length", "keep-alive", "transfer-encoding"].contains(&n)
                };
                let headers = r.headers.iter().filter(|(n, _)| !own(&n.to_ascii_lowercase())).cloned().collect();
                let code = r.code();
                self.finished(Answer::Full { code, headers, body: r.body }, None, &c)
            }
            Err(Failed::TimedOut { .. }) => {
                self.complain(&c, sys, "upstream timed out (110: Connection timed out) while connecting to upstream");
                self.page_of(504, Some(&c))
            }
            Err(why) => {
                let why = match why {
                    Failed::Connect(e) => {
                        format!("connect() failed ({}: {}) while connecting to upstream", number(e), e.text())
                    }
                    Failed::NoHttp => {
                        "upstream sent no valid HTTP/1.0 header while reading response header from upstream".into()
                    }
                    _ => {
                        "upstream prematurely closed connection while reading response header from upstream".to_string()
                    }
                };
                self.complain(&c, sys, &why);
                self.page_of(502, Some(&c))
            }
        };
        Outcome { answer, scope: Some(scope) }
    }
}

/// A path as it may stand in a request.
fn escaped(uri: &str) -> String {
    let stays = |b: u8| b.is_ascii_graphic() && !b"%?#\"<>\\^`{|}".contains(&b);
    uri.bytes().map(|b| if stays(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
