//! Texts with variables in them.
//! Real nginx: ngx_http_variables.c, ngx_http_script.c.

use super::answering::{Answering, Course};

/// Variables may stand for others so deep, and for so much text.
const DEEPEST: usize = 10;
const LONGEST: usize = 65_536;

impl Answering<'_> {
    /// A text with its variables.
    pub(super) fn filled(&self, text: &str, c: &Course<'_>) -> String {
        if !text.contains('$') {
            return text.into();
        }
        // Who names himself in his own value gets no further.
        if self.depth.get() >= DEEPEST {
            return String::new();
        }
        self.depth.set(self.depth.get() + 1);
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
        self.depth.set(self.depth.get() - 1);
        out.push_str(rest);
        let end = (0..=LONGEST.min(out.len())).rev().find(|i| out.is_char_boundary(*i)).unwrap_or(0);
        out.truncate(end);
        out
    }

    pub(super) fn variable(&self, name: &str, c: &Course<'_>) -> String {
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
}
