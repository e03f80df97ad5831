//! What is written down: a line for each answer, and what went wrong.
//! Real nginx: ngx_http_log_module.c, ngx_log.c.

use super::answering::{Answering, Course};
use super::site::{Scope, Server};
use crate::api::Time;
use crate::runtime::kernel::{Errno, Mode, Sys};
use crate::runtime::web::Answer;

impl Answering<'_> {
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

    pub(super) fn complain(&self, c: &Course<'_>, sys: &mut Sys<'_>, why: &str) {
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

pub(super) fn number(e: Errno) -> u32 {
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
