//! What becomes of a request: a file, a redirection, a text, an error's page, or a request to somebody else.
//! Real nginx: the phases of src/http/ngx_http_core_module.c.

use std::net::Ipv4Addr;

use super::site::{Flag, Location, Scope, Server, Site, locate, place};
use crate::api::path::absolute;
use crate::api::{Duration, Time};
use crate::runtime::kernel::net::Address;
use crate::runtime::kernel::tree::{Kind, Node};
use crate::runtime::kernel::{Errno, Mode, Sys};
use crate::runtime::programs::net::http::{Exchange, Failed, Response};
use crate::runtime::web::{Answer, Request, kind_of, reason};

/// A request may be sent on within the server so often.
const MOST_TURNS: usize = 10;
/// So long a backend may take to be reached, and to answer.
const PATIENCE: Duration = Duration::from_secs(60);

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
}

/// Where a request has come to.
struct Course<'a> {
    server: &'a Server,
    scope: &'a Scope,
    /// The path without a query, which rewriting changes.
    uri: String,
    args: String,
    caught: Vec<String>,
    location: Option<&'a Location>,
}

/// What is answered, with the code that was meant, and for whom it is written down.
pub struct Outcome<'a> {
    pub answer: Answer,
    pub scope: Option<&'a Scope>,
}

enum Turn {
    Done(Answer),
    Failed(u16),
    /// The search begins anew with another path, in the same way or for an error's page.
    Again(String),
    Named(String),
}

impl<'a> Answering<'a> {
    fn host(&self) -> &'a str {
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
    fn finished(&self, answer: Answer, failed: Option<(u16, Option<u16>)>, c: &Course<'_>) -> Answer {
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
    fn absolute(&self, to: &str) -> String {
        if !to.starts_with('/') {
            return to.into();
        }
        let (scheme, usual) = if self.tls { ("https", 443) } else { ("http", 80) };
        let port = if self.port == usual { String::new() } else { format!(":{}", self.port) };
        format!("{scheme}://{}{port}{to}", self.host())
    }

    fn moved(&self, code: u16, to: String) -> Answer {
        let Answer::Full { code, mut headers, body } = self.page_of(code, None) else { return Answer::HungUp };
        headers.push(("Location".into(), to));
        Answer::Full { code, headers, body }
    }

    fn page_of(&self, code: u16, c: Option<&Course<'_>>) -> Answer {
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

    // ---- files --------------------------------------------------------------------------------

    /// Where a path lies on the disk.
    fn on_disk(&self, uri: &str, c: &Course<'_>) -> String {
        let own = c.scope;
        if let (Some(alias), Some(l)) = (&own.alias, c.location) {
            let rest = uri.strip_prefix(l.path.as_str()).unwrap_or(uri);
            return self.filled(alias, c) + rest;
        }
        let root = own.root.as_deref().map_or_else(|| "/etc/nginx/html".into(), |r| self.filled(r, c));
        let root = if root.starts_with('/') { root } else { format!("/etc/nginx/{root}") };
        format!("{}/{}", root.trim_end_matches('/'), uri.trim_start_matches('/'))
    }

    fn tried(&mut self, c: &mut Course<'a>, sys: &mut Sys<'_>) -> Option<Turn> {
        let (last, files) = c.scope.try_files.split_last()?;
        for f in files {
            let uri = self.filled(f, c);
            let path = self.on_disk(uri.trim_end_matches('/'), c);
            let found = sys.view(|v| v.stat(&absolute("/", &path)));
            if found.is_ok_and(|n| n.is_directory() == uri.ends_with('/')) {
                c.uri = uri;
                return None;
            }
        }
        let last = self.filled(last, c);
        Some(match last.strip_prefix('=') {
            Some(code) => Turn::Failed(code.parse().unwrap_or(404)),
            None if last.starts_with('@') => Turn::Named(last),
            None => Turn::Again(last),
        })
    }

    fn file(&mut self, c: &mut Course<'a>, sys: &mut Sys<'_>) -> Turn {
        let path = absolute("/", &self.on_disk(&c.uri, c));
        let node = match sys.view(|v| v.stat(&path)) {
            Ok(node) => node,
            Err(e) => {
                self.complain(c, sys, &format!("open() \"{path}\" failed ({}: {})", number(e), e.text()));
                return Turn::Failed(if e == Errno::Denied { 403 } else { 404 });
            }
        };
        if !["GET", "HEAD"].contains(&self.request.method.as_str()) {
            return Turn::Failed(405);
        }
        if !node.is_directory() {
            if c.uri.ends_with('/') {
                return Turn::Failed(404);
            }
            return self.sent(&path, &node, c, sys);
        }
        if !c.uri.ends_with('/') {
            let to = if c.args.is_empty() { format!("{}/", c.uri) } else { format!("{}/?{}", c.uri, c.args) };
            return Turn::Done(self.moved(301, self.absolute(&to)));
        }
        let usual = ["index.html".to_string()];
        let names = if c.scope.index.is_empty() { &usual[..] } else { &c.scope.index };
        for name in names {
            let file = format!("{}/{name}", path.trim_end_matches('/'));
            if sys.view(|v| v.stat(&file)).is_ok_and(|n| !n.is_directory()) {
                let uri = format!("{}{name}", c.uri);
                // The index is looked for as if it had been asked for.
                let elsewhere = locate(&c.server.locations, &uri).map(|(l, _)| std::ptr::from_ref(l));
                if elsewhere != c.location.map(std::ptr::from_ref) {
                    return Turn::Again(uri);
                }
                return match sys.view(|v| v.stat(&file)) {
                    Ok(node) => self.sent(&file, &node, c, sys),
                    Err(_) => Turn::Failed(404),
                };
            }
        }
        if c.scope.autoindex {
            return Turn::Done(full(200, "text/html", self.listed(&path, &c.uri, sys).into_bytes()));
        }
        self.complain(c, sys, &format!("directory index of \"{}/\" is forbidden", path.trim_end_matches('/')));
        Turn::Failed(403)
    }

    fn sent(&self, path: &str, node: &Node, c: &Course<'_>, sys: &mut Sys<'_>) -> Turn {
        let Ok(content) = sys.view(|v| v.read(path)) else {
            self.complain(c, sys, &format!("open() \"{path}\" failed (13: Permission denied)"));
            return Turn::Failed(403);
        };
        let modified = node.modified.max(Time::ZERO);
        let (seconds, _) = modified.unix_seconds_and_nanos();
        let tag = format!("\"{seconds:x}-{:x}\"", content.len());
        if self.request.header("if-none-match") == Some(&tag) {
            return Turn::Done(Answer::Full { code: 304, headers: vec![("ETag".into(), tag)], body: vec![] });
        }
        let end = path.rsplit('/').next().unwrap_or_default().rsplit_once('.').map_or("", |(_, end)| end);
        let known = self.site.types.get(end).cloned();
        let usual = || match &c.scope.default_type {
            Some(kind) if self.site.types.is_empty() => kind.clone(),
            _ if self.site.types.is_empty() => kind_of(path).into(),
            Some(kind) => kind.clone(),
            None => "text/plain".into(),
        };
        let kind = known.unwrap_or_else(usual);
        let headers = [
            ("Content-Type", kind),
            ("Last-Modified", modified.http_date()),
            ("ETag", tag),
            ("Accept-Ranges", "bytes".into()),
        ];
        let headers = headers.map(|(n, v)| (n.to_string(), v)).to_vec();
        Turn::Done(Answer::Full { code: 200, headers, body: content.to_vec() })
    }

    fn listed(&self, path: &str, uri: &str, sys: &mut Sys<'_>) -> String {
        let names = sys.view(|v| v.names(path)).unwrap_or_default();
        let mut rows = vec![];
        for name in names {
            let Ok(n) = sys.view(|v| v.stat(&format!("{}/{name}", path.trim_end_matches('/')))) else { continue };
            let size = match &n.kind {
                Kind::File(b) => b.len().to_string(),
                _ => "-".into(),
            };
            let shown = if n.is_directory() { format!("{name}/") } else { name };
            rows.push((!n.is_directory(), shown, n.modified.max(Time::ZERO).http_date(), size));
        }
        rows.sort();
        let mut text = format!(
            "<html>\r\n<head><title>Index of {uri}</title></head>\r\n<body>\r\n<h1>Index of {uri}</h1><hr><pre><a href=\"../\">../</a>\r\n"
        );
        for (_, name, date, size) in rows {
            // `Thu, 01 Jan 2026 00:00:00 GMT`: 01-Jan-2026 00:00
            let parts: Vec<&str> = date.split([' ', ',']).filter(|p| !p.is_empty()).collect();
            let date = match parts.as_slice() {
                [_, d, m, y, t, ..] => format!("{d}-{m}-{y} {}", t.get(..5).unwrap_or(t)),
                _ => date,
            };
            let pad = 51usize.saturating_sub(name.chars().count());
            text.push_str(&format!("<a href=\"{name}\">{name}</a>{:pad$}{date}{size:>20}\r\n", ""));
        }
        text + "</pre><hr></body>\r\n</html>\r\n"
    }

    // ---- others -------------------------------------------------------------------------------

    fn passed_on(&mut self, to: &str, c: &mut Course<'a>) -> Turn {
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
            (Some(path), Some(l)) if matches!(l.how, super::site::Match::Prefix { .. } | super::site::Match::Exact) => {
                format!("{path}{}", c.uri.strip_prefix(l.path.as_str()).unwrap_or_default())
            }
            _ => c.uri.clone(),
        };
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

    // ---- words --------------------------------------------------------------------------------

    /// A text with its variables.
    fn filled(&self, text: &str, c: &Course<'_>) -> String {
        if !text.contains('$') {
            return text.into();
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(i) = rest.find('$') {
            out.push_str(&rest[..i]);
            rest = &rest[i + 1..];
            let (name, after) =
                match rest.strip_prefix('{').and_then(|r| r.split_once('}')) {
                    Some(found) => found,
                    None => {
                        let digits = rest.starts_with(|c: char| c.is_ascii_digit());
                        let end = rest.find(|c: char| {
                            if digits { !c.is_ascii_digit() } else { !(c.is_ascii_alphanumeric() || c == '_') }
                        });
                        rest.split_at(end.unwrap_or(rest.len()))
                    }
                };
            match name {
                "" => out.push('$'),
                name => out.push_str(&self.variable(name, c)),
            }
            rest = after;
        }
        out + rest
    }

    fn variable(&self, name: &str, c: &Course<'_>) -> String {
        let r = self.request;
        if let Ok(i) = name.parse::<usize>() {
            return c.caught.get(i).cloned().unwrap_or_default();
        }
        if let Some((_, value)) = c.scope.variables.iter().chain(&c.server.own.variables).find(|(n, _)| n == name) {
            return self.filled(value, c);
        }
        let header = |n: &str| r.header(n).unwrap_or_default().to_string();
        match name {
            "host" if self.host().is_empty() => c.server.names.first().cloned().unwrap_or_default(),
            "host" => self.host().to_ascii_lowercase(),
            "uri" | "document_uri" => c.uri.clone(),
            "args" | "query_string" => c.args.clone(),
            "is_args" => if c.args.is_empty() { "" } else { "?" }.into(),
            "server_name" => c.server.names.first().cloned().unwrap_or_default(),
            "document_root" => c.scope.root.clone().unwrap_or_default(),
            "request_filename" => self.on_disk(&c.uri, c),
            "proxy_host" => {
                let to = c.scope.proxy.as_deref().unwrap_or_default();
                to.split_once("://").map_or("", |(_, r)| r.split('/').next().unwrap_or_default()).into()
            }
            "proxy_add_x_forwarded_for" => match r.header("x-forwarded-for") {
                Some(before) => format!("{before}, {}", r.client),
                None => r.client.clone(),
            },
            other => self.plain(other).unwrap_or_else(|| match other.split_once('_') {
                Some(("http", rest)) => header(&rest.replace('_', "-")),
                Some(("arg", rest)) => {
                    let pairs = c.args.split('&').filter_map(|p| p.split_once('='));
                    pairs.into_iter().find(|(n, _)| *n == rest).map_or(String::new(), |(_, v)| v.into())
                }
                Some(("cookie", rest)) => header("cookie")
                    .split("; ")
                    .find_map(|p| p.split_once('=').filter(|(n, _)| *n == rest))
                    .map_or(String::new(), |(_, v)| v.into()),
                _ => String::new(),
            }),
        }
    }

    /// What is the same for all of a request's course.
    fn plain(&self, name: &str) -> Option<String> {
        let r = self.request;
        Some(match name {
            "request_uri" => r.target.clone(),
            "request_method" => r.method.clone(),
            "request" => format!("{} {} {}", r.method, r.target, r.version),
            "server_protocol" => r.version.clone(),
            "remote_addr" => r.client.clone(),
            "remote_port" => r.client_port.to_string(),
            "remote_user" => String::new(),
            "server_port" => self.port.to_string(),
            "scheme" => if self.tls { "https" } else { "http" }.into(),
            "https" => if self.tls { "on" } else { "" }.into(),
            "content_type" => r.header("content-type").unwrap_or_default().into(),
            "content_length" => r.header("content-length").unwrap_or_default().into(),
            "request_body" => String::from_utf8_lossy(&r.body).into_owned(),
            "time_local" => self.now.common_log_stamp(),
            "time_iso8601" => self.now.rfc3339().replace('Z', "+00:00"),
            "msec" => {
                let (seconds, nanos) = self.now.unix_seconds_and_nanos();
                format!("{seconds}.{:03}", nanos / 1_000_000)
            }
            "nginx_version" => self.version.into(),
            "request_time" | "upstream_response_time" => "0.000".into(),
            "request_length" => (r.target.len() + 60).to_string(),
            "http_host" => r.header("host").unwrap_or_default().into(),
            _ => return None,
        })
    }

    // ---- what is written down -----------------------------------------------------------------

    /// Writes down what was answered.
    pub fn note_down(&self, answer: &Answer, scope: Option<&Scope>, sys: &mut Sys<'_>) {
        if let (Answer::Full { code, body, .. }, Some(scope)) = (answer, scope) {
            self.note(scope, *code, body.len(), sys);
        }
    }

    /// The line of the access log.
    fn note(&self, scope: &Scope, code: u16, bytes: usize, sys: &mut Sys<'_>) {
        let (path, format) = match &scope.access_log {
            Some(None) => return,
            Some(Some((path, format))) => (path.as_str(), format.as_str()),
            None => ("/var/log/nginx/access.log", "combined"),
        };
        const COMBINED: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"";
        let format = self.site.formats.get(format).map_or(COMBINED, String::as_str);
        let server = Server::default();
        let c = Course {
            server: &server,
            scope,
            uri: self.request.path().into(),
            args: String::new(),
            caught: vec![],
            location: None,
        };
        // What is empty stands as `-`.
        let mut line = String::new();
        let mut rest = format;
        while let Some(i) = rest.find('$') {
            line.push_str(&rest[..i]);
            rest = &rest[i + 1..];
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let value = match name {
                "status" => code.to_string(),
                "body_bytes_sent" | "bytes_sent" => bytes.to_string(),
                "hostname" => sys.hostname(),
                "pid" => sys.pid().to_string(),
                name => self.variable(name, &c),
            };
            line.push_str(if value.is_empty() { "-" } else { &value });
            rest = after;
        }
        line.push_str(rest);
        append(path, &format!("{line}\n"), sys);
    }

    fn complain(&self, c: &Course<'_>, sys: &mut Sys<'_>, why: &str) {
        let r = self.request;
        let server = c.server.names.first().map_or("", String::as_str);
        let text = format!(
            "{} [error] {pid}#{pid}: *1 {why}, client: {}, server: {server}, request: \"{} {} {}\", host: \"{}\"\n",
            stamp(self.now),
            r.client,
            r.method,
            r.target,
            r.version,
            r.header("host").unwrap_or_default(),
            pid = sys.pid()
        );
        append(c.scope.error_log.as_deref().unwrap_or("/var/log/nginx/error.log"), &text, sys);
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

/// `2026/01/01 00:00:00`
pub fn stamp(now: Time) -> String {
    now.rfc3339().get(..19).unwrap_or_default().replace('-', "/").replace('T', " ")
}

/// Writes to the end of a log; `/dev/stdout` is one, too.
pub fn append(path: &str, text: &str, sys: &mut Sys<'_>) {
    if let Ok(fd) = sys.open(path, Mode::Append) {
        let _ = sys.drain(fd, &mut text.as_bytes().to_vec());
        sys.close(fd);
    }
}

fn number(e: Errno) -> u32 {
    match e {
        Errno::NotFound => 2,
        Errno::Denied => 13,
        Errno::NotDirectory => 20,
        Errno::Refused => 111,
        Errno::Unreachable => 113,
        Errno::TimedOut => 110,
        _ => 5,
    }
}

fn full(code: u16, kind: &str, body: Vec<u8>) -> Answer {
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
