//! What the API server does with a request that somebody behind it answers: it sends it on, and gives back what comes, with the links
//! of pages bent so that they lead through the API again.
//! Real Kubernetes: apimachinery/pkg/util/proxy/{upgradeaware,transport}.go.

use std::sync::LazyLock;

use fancy_regex::{Captures, Regex};

use super::http::{Exchange, Failed, Response};
use crate::api::served::{Passage, ServedCall};
use crate::api::{Duration, Reason, Status, Time, wire};
use crate::runtime::kernel::{Errno, Program, Step, Sys};
use crate::runtime::programs::flush;

/// So long Go's dialer waits for a connection.
const DIAL: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub struct Passing {
    exchange: Exchange,
    to: String,
    below: String,
    /// As whom the server was called.
    host: String,
    to_people: bool,
    said: Vec<u8>,
    done: bool,
}

impl Passing {
    pub fn new(passage: &Passage, now: Time) -> Passing {
        let Passage { to, tls, call, below, to_people, .. } = passage;
        let to_people = *to_people;
        let plain = Exchange::new(*to, in_bytes(call), call.method == "HEAD", None, Some(now + DIAL));
        let exchange = if *tls { plain.over_tls(&to.ip.to_string(), None) } else { plain };
        Passing {
            exchange,
            to: to.to_string(),
            below: below.clone(),
            host: call.header("host").unwrap_or_default().into(),
            to_people,
            said: vec![],
            done: false,
        }
    }
}

fn in_bytes(call: &ServedCall) -> Vec<u8> {
    let mut text = format!("{} {} HTTP/1.1\r\n", call.method, call.target);
    for (name, value) in &call.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut bytes = (text + "\r\n").into_bytes();
    bytes.extend(&call.body);
    bytes
}

/// Why nothing came back, in the words of Go's client.
fn why(failed: Failed, to: &str) -> String {
    match failed {
        Failed::Connect(Errno::Refused) => format!("dial tcp {to}: connect: connection refused"),
        Failed::Connect(Errno::Unreachable) => format!("dial tcp {to}: connect: no route to host"),
        Failed::Connect(_) | Failed::TimedOut { .. } => format!("dial tcp {to}: i/o timeout"),
        Failed::Empty => "EOF".into(),
        Failed::NoHttp => "net/http: HTTP/1.x transport connection broken: malformed HTTP response".into(),
        Failed::Reset => format!("read tcp {to}: read: connection reset by peer"),
        Failed::NoTls => "http: server gave HTTP response to HTTPS client".into(),
        Failed::Distrusted(_) => "tls: failed to verify certificate".into(),
    }
}

fn unavailable(why: &str, to_people: bool) -> Vec<u8> {
    let why = Status::new(Reason::ServiceUnavailable, format!("error trying to reach service: {why}")).to_json();
    let body = if to_people { wire::pretty(&why) } else { wire::body(&why) };
    let head = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json";
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Attributes of HTML that hold an address.
static LINKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = "href|src|action|formaction|cite|codebase|background|poster|data|longdesc|usemap|manifest";
    Regex::new(&format!(r#"(?i)(<[a-z][^<>]*?\s(?:{names})=["']?)(/[^"'\s>]*|https?://[^"'\s>]*)"#)).ok()
});

/// An address on the same server leads through the API.
fn bent(address: &str, hosts: &[&str], below: &str) -> String {
    let path = match address.split_once("://") {
        Some((_, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            if !hosts.contains(&&rest[..end]) {
                return address.into();
            }
            &rest[end..]
        }
        None if address.starts_with("//") => return address.into(),
        None => address,
    };
    if !path.starts_with('/') || path.starts_with(below) { path.into() } else { format!("{below}{path}") }
}

/// What is given back of what came.
fn passed_back(mut r: Response, hosts: &[&str], below: &str, head_only: bool) -> Vec<u8> {
    let elsewhere = r.header("location").is_some();
    let is_page = r.header("content-type").is_some_and(|t| t.split(';').next().unwrap_or("").trim() == "text/html");
    if let Some(links) = LINKS.as_ref().filter(|_| is_page && !elsewhere) {
        let page = String::from_utf8_lossy(&r.body).into_owned();
        let changed = |c: &Captures<'_, str>| {
            let part = |i| c.get(i).map_or("", |m: fancy_regex::Match<'_>| m.as_str());
            format!("{}{}", part(1), bent(part(2), hosts, below))
        };
        r.body = links.replace_all(&page, changed).into_owned().into_bytes();
    }
    let mut text = format!("{}\r\n", r.line);
    for (name, value) in &r.headers {
        let lower = name.to_ascii_lowercase();
        // Whose pages may ask the API is not for a page behind it to say.
        if ["connection", "content-length"].contains(&lower.as_str()) || lower.starts_with("access-control-allow-") {
            continue;
        }
        let value = if lower == "location" { bent(value, hosts, below) } else { value.clone() };
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = match r.header("content-length") {
        Some(length) if head_only => length.to_string(),
        _ => r.body.len().to_string(),
    };
    let mut bytes = format!("{text}Content-Length: {length}\r\n\r\n").into_bytes();
    bytes.extend(r.body);
    bytes
}

impl Program for Passing {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if !self.done {
            let came = match self.exchange.poll(sys) {
                Err(wait) => return Step::Wait(wait),
                Ok(came) => came,
            };
            self.done = true;
            self.said = match came {
                Ok(r) => passed_back(r, &[&self.to, &self.host], &self.below, self.exchange.is_for_head()),
                Err(failed) => unavailable(&why(failed, &self.to), self.to_people),
            };
        }
        flush(&mut self.said, &mut vec![], sys).unwrap_or(Step::Exit(0))
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_the_same_server_lead_through_the_api() {
        let below = "/api/v1/namespaces/x/services/web/proxy";
        let page = "<a href=\"/a\">x</a> <a class=b href='/c/'>y</a><img src=\"z.png\"><a href=\"http://10.0.0.1:80/d\">/e</a><a href=\"http://other/\">";
        let headers = vec![("Content-Type".into(), "text/html; charset=utf-8".into())];
        let r = Response { line: "HTTP/1.1 200 OK".into(), headers, body: page.into() };
        let text = String::from_utf8(passed_back(r, &["10.0.0.1:80"], below, false)).unwrap();
        assert!(text.ends_with(&format!(
            "\r\n\r\n<a href=\"{below}/a\">x</a> <a class=b href='{below}/c/'>y</a><img src=\"z.png\"><a href=\"{below}/d\">/e</a><a href=\"http://other/\">"
        )), "{text}");
        assert!(text.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: "));
    }

    #[test]
    fn what_is_elsewhere_is_elsewhere_below_the_api() {
        assert_eq!(bent("/login", &["h:1"], "/p"), "/p/login");
        assert_eq!(bent("/p/login", &["h:1"], "/p"), "/p/login");
        assert_eq!(bent("http://h:1/login", &["h:1"], "/p"), "/p/login");
        assert_eq!(bent("http://g/login", &["h:1"], "/p"), "http://g/login");
        assert_eq!(bent("login", &["h:1"], "/p"), "login");
    }
}
