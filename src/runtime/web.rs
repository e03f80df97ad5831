//! Programs that listen on a port: what they answer to a request, as data of their image.

use super::kernel::Sys;
use super::programs::net::http::Exchange;
use crate::api::Duration;
use crate::api::go_url::query_pairs;
use crate::api::path::absolute;
use crate::api::served::ServedCall;

/// How long a request keeps a CPU busy, where nothing else is said.
pub const REQUEST: Duration = Duration::from_micros(200);

/// A request is not read further.
const LONGEST_HEAD: usize = 64 << 10;
const LARGEST: usize = 64 << 20;

/// A program that listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    pub port: u16,
    pub site: Site,
    /// The CPU time that a request takes.
    pub cost: Duration,
    /// What it calls itself: `nginx/1.27.5`.
    pub software: String,
    /// How it writes a request down.
    pub log: String,
    pub memory: u64,
}

/// What stands behind the port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Site {
    /// A program that answers every path, but for some that it does not have.
    Program { missing: Vec<String>, body: String },
    /// The files below a directory. A directory without an index page is listed or refused.
    Files { root: String, lists: bool },
    /// No web server. What it says to an HTTP request, if it does not just hang up.
    Other { says: Option<String> },
}

/// A request as a server reads it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Who asked.
    pub client: String,
    pub client_port: u16,
    pub version: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// A value of its query; of several of that name the first.
    pub fn value(&self, name: &str) -> String {
        let query = self.target.split_once('?').map_or("", |(_, q)| q);
        query_pairs(query).into_iter().find(|(n, _)| n == name).map(|(_, v)| v).unwrap_or_default()
    }

    /// The path without a query.
    pub fn path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or("/")
    }

    /// Reads one from what came so far. `None`: it is not whole yet. The error is a line that is none.
    pub fn parse(text: &[u8]) -> Option<Result<(Request, usize), ()>> {
        // Nor does the beginning of a TLS handshake.
        if text.first() == Some(&0x16) {
            return Some(Err(()));
        }
        let end = text.windows(4).position(|w| w == b"\r\n\r\n").map(|i| i + 4);
        let end = end.or_else(|| text.windows(2).position(|w| w == b"\n\n").map(|i| i + 2));
        let Some(end) = end else {
            // What does not begin like a request never becomes one.
            let line = text.split(|b| *b == b'\n').next().unwrap_or_default();
            let whole = text.contains(&b'\n');
            if text.len() > LONGEST_HEAD {
                return Some(Err(()));
            }
            return (whole && !line.windows(5).any(|w| w == b"HTTP/")).then_some(Err(()));
        };
        let head = String::from_utf8_lossy(&text[..end]).to_string();
        let mut lines = head.lines();
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some(version)) = (first.next(), first.next(), first.next()) else {
            return Some(Err(()));
        };
        let header = |l: &str| l.split_once(':').map(|(n, v)| (n.trim().to_string(), v.trim().to_string()));
        let headers: Vec<(String, String)> = lines.filter_map(header).collect();
        let mut r = Request {
            method: method.into(),
            target: target.into(),
            version: version.into(),
            headers,
            ..Request::default()
        };
        let length = r.header("content-length").and_then(|l| l.parse::<usize>().ok()).unwrap_or(0);
        if length > LARGEST {
            return Some(Err(()));
        }
        if text.len() < end + length {
            return None;
        }
        r.body = text[end..end + length].to_vec();
        Some(Ok((r, end + length)))
    }
}

/// What comes back.
#[derive(Clone, Debug)]
pub enum Answer {
    Page {
        code: u16,
        kind: &'static str,
        body: Vec<u8>,
        location: Option<String>,
    },
    /// The same with headers of its own.
    Full {
        code: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// What another server answers; [`Pages::came_back`](super::programs::serving::Pages::came_back) makes an answer of it.
    From(Box<Exchange>),
    /// Bytes that are no HTTP.
    Raw(String),
    HungUp,
    /// What a program that is started for it prints, and its code, made into an answer.
    Of(Vec<String>, fn(&[u8], i32) -> Answer),
    /// What the API server says.
    OfApi(Box<ServedCall>),
}

pub fn reason(code: u16) -> &'static str {
    match code {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Not Allowed",
        412 => "Precondition Failed",
        417 => "Expectation Failed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}

impl Server {
    pub fn answer(&self, r: &Request, sys: &mut Sys<'_>) -> Answer {
        let page = |code, kind, body: Vec<u8>| Answer::Page { code, kind, body, location: None };
        match &self.site {
            Site::Program { missing, .. } if missing.iter().any(|m| m == r.path()) => {
                page(404, "text/plain", b"404 page not found\n".to_vec())
            }
            Site::Program { body, .. } => page(200, "text/plain", filled(body, r, sys).into_bytes()),
            Site::Files { root, lists } => self.of_files(root, *lists, r, sys),
            Site::Other { says: Some(text) } => Answer::Raw(format!("{text}\r\n")),
            Site::Other { says: None } => Answer::HungUp,
        }
    }

    fn of_files(&self, root: &str, lists: bool, r: &Request, sys: &mut Sys<'_>) -> Answer {
        let path = r.path();
        let page = |code, kind, body: Vec<u8>| Answer::Page { code, kind, body, location: None };
        let error = |code: u16| page(code, "text/html", self.error_page(code).into_bytes());
        let place = absolute("/", &format!("{root}/{path}"));
        // Nothing above the root is served.
        if place != root && !place.starts_with(&format!("{}/", root.trim_end_matches('/'))) {
            return error(400);
        }
        let node = match sys.view(|v| v.stat(&place)) {
            Ok(n) => n,
            Err(super::kernel::Errno::Denied) => return error(403),
            Err(_) => return error(404),
        };
        if !node.is_directory() {
            return match sys.read_file(&place) {
                _ if path.ends_with('/') => error(404),
                Ok(content) => page(200, kind_of(&place), content.to_vec()),
                Err(_) => error(403),
            };
        }
        if !path.ends_with('/') && place != root {
            let body = self.error_page(301).into_bytes();
            return Answer::Page { code: 301, kind: "text/html", body, location: Some(format!("{path}/")) };
        }
        let index = format!("{}/index.html", place.trim_end_matches('/'));
        match sys.view(|v| v.read(&index)) {
            Ok(content) => page(200, "text/html", content.to_vec()),
            Err(_) if lists => {
                let names = sys.view(|v| v.names(&place)).unwrap_or_default();
                let items: String = names.iter().map(|n| format!("<li><a href=\"{n}\">{n}</a></li>\n")).collect();
                page(200, "text/html", format!("<html><body><ul>\n{items}</ul></body></html>\n").into_bytes())
            }
            Err(_) => error(403),
        }
    }

    /// As nginx words it; others are near to it.
    pub fn error_page(&self, code: u16) -> String {
        let title = format!("{code} {}", reason(code));
        let software = if self.software.is_empty() { "server" } else { &self.software };
        format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>{software}</center>\r\n</body>\r\n</html>\r\n"
        )
    }

    /// The line of its log for a request, if it keeps one.
    pub fn log_line(&self, r: &Request, code: u16, bytes: usize, sys: &mut Sys<'_>) -> Option<String> {
        if self.log.is_empty() {
            return None;
        }
        let text = filled(&self.log, r, sys);
        Some(text.replace("{code}", &code.to_string()).replace("{bytes}", &bytes.to_string()) + "\n")
    }
}

pub fn kind_of(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html" | "htm") => "text/html",
        Some("css") => "text/css",
        Some("js") => "application/javascript",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("txt") => "text/plain",
        _ => "application/octet-stream",
    }
}

/// A text with `{hostname}`, `{path}` and the like in it.
fn filled(text: &str, r: &Request, sys: &mut Sys<'_>) -> String {
    if !text.contains('{') {
        return text.into();
    }
    let image =
        sys.root().map(|root| root.image.as_ref().map_or(String::new(), |i| i.name.clone())).unwrap_or_default();
    let asked = sys.root().map(|root| root.spec.image.clone()).unwrap_or_default();
    let now = sys.now.common_log_stamp();
    let ip = sys.machine.address.map(|a| a.to_string()).unwrap_or_default();
    let headers: String = r.headers.iter().map(|(n, v)| format!("{n}: {v}\n")).collect();
    let version = asked.rsplit_once(':').map_or("latest", |(_, t)| t).to_string();
    let count = sys.variable("VERSION").unwrap_or_default();
    text.replace("{hostname}", &sys.hostname())
        .replace("{image}", &image)
        .replace("{tag}", &version)
        .replace("{version}", &count)
        .replace("{path}", r.path())
        .replace("{target}", &r.target)
        .replace("{method}", &r.method)
        .replace("{protocol}", &r.version)
        .replace("{client}", &r.client)
        .replace("{port}", &r.client_port.to_string())
        .replace("{ip}", &ip)
        .replace("{time}", &now)
        .replace("{agent}", r.header("user-agent").unwrap_or("-"))
        .replace("{host}", r.header("host").unwrap_or(""))
        .replace("{headers}", &headers)
        .replace("{body}", &String::from_utf8_lossy(&r.body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_too_large_is_none() {
        let with =
            |length: &str| Request::parse(format!("GET / HTTP/1.1\r\nContent-Length: {length}\r\n\r\nab").as_bytes());
        assert!(with("2").is_some_and(|r| r.is_ok_and(|(r, _)| r.body == b"ab")));
        assert!(with("3").is_none(), "it is not whole");
        assert_eq!(with("18446744073709551615"), Some(Err(())));
        assert_eq!(Request::parse(&[b'a'; 1 << 17]), Some(Err(())));
    }
}
