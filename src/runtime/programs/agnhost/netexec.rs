//! `netexec`: a server that tells who and where it is, calls others, runs commands and ends, as its requests say.
//! Real Kubernetes: test/images/agnhost/netexec/netexec.go.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Flags, elsewhere, log_line, not_found, page, serve};
use crate::api::time::{go_duration, parse_go_duration};
use crate::api::{Duration, Time};
use crate::runtime::kernel::{Program, STDERR, Sys};
use crate::runtime::programs::Start;
use crate::runtime::programs::serving::{Pages, Speech};
use crate::runtime::shell::simple::quoted;
use crate::runtime::web::{Answer, Request};

/// What stands between the answers of several calls.
const BETWEEN: char = '\u{1}';
const MOST_TRIES: u32 = 1_000;

#[derive(Clone)]
struct NetExec {
    udp: bool,
    /// What is answered whatever is asked.
    instead: Option<String>,
    ends: Option<(Time, i32)>,
}

pub fn netexec(f: &Flags, s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let http = f.port("http-port");
    let _ = s.sys.write(STDERR, log_line(s.sys.now, &format!("Started HTTP server on port {http}")).as_bytes());
    let udp = f.port("udp-port");
    let mut ports = vec![(http, Speech::Http)];
    if udp != 0 {
        let _ = s.sys.write(STDERR, log_line(s.sys.now, &format!("Started UDP server on port  {udp}")).as_bytes());
        ports.push((udp, Speech::Datagrams));
    }
    let instead = Some(f.text("http-override").to_string()).filter(|t| !t.is_empty());
    serve(NetExec { udp: udp != 0, instead, ends: None }, ports)
}

/// A datagram's answer.
fn datagram(r: &Request, sys: &Sys<'_>) -> Answer {
    let asked = String::from_utf8_lossy(&r.body).into_owned();
    let mut words = asked.trim().splitn(2, ' ');
    let said = match (words.next().unwrap_or_default().to_lowercase().as_str(), words.next()) {
        ("hostname", _) => sys.hostname(),
        ("echo", Some(text)) => text.to_string(),
        ("clientip", _) => format!("{}:{}", r.client, r.client_port),
        ("echo", None) | ("", _) => String::new(),
        _ => asked.trim().to_string(),
    };
    page(200, said)
}

impl NetExec {
    fn echo(r: &Request) -> Answer {
        let (said, code) = (r.value("msg"), r.value("code"));
        match code.as_str() {
            "" => page(200, said),
            given => match given.parse() {
                Ok(code) => page(code, said),
                Err(_) => page(200, format!("argument 'code' must be an integer or empty, got {given:?}\n")),
            },
        }
    }

    fn exit(&mut self, r: &Request, sys: &mut Sys<'_>) -> Answer {
        let wrong = |what: &str, form: &str, got: &str| {
            page(200, format!("argument '{what}' must be {form} or empty, got {got:?}\n"))
        };
        let (wait, timeout, code) = (r.value("wait"), r.value("timeout"), r.value("code"));
        let duration = |t: &str| if t.is_empty() { Some(Duration::ZERO) } else { parse_go_duration(t) };
        let Some(within) = duration(&timeout) else { return wrong("timeout", "a valid golang duration", &timeout) };
        let Some(after) = duration(&wait) else { return wrong("wait", "a valid golang duration", &wait) };
        let Ok(with) = (if code.is_empty() { Ok(0) } else { code.parse::<i32>() }) else {
            return wrong("code", "an integer [0-127]", &code);
        };
        let line = format!(
            "Will begin shutdown in {}, allowing {} for connections to close, then will exit with {with}",
            go_duration(after),
            go_duration(within)
        );
        let _ = sys.write(STDERR, log_line(sys.now, &line).as_bytes());
        self.ends = Some((sys.now + after, with));
        Answer::HungUp
    }

    fn shell(r: &Request) -> Answer {
        let command = [r.value("shellCommand"), r.value("cmd")].into_iter().find(|c| !c.is_empty()).unwrap_or_default();
        Answer::Of(["/bin/sh", "-c", &command].map(String::from).to_vec(), printed)
    }

    fn dial(r: &Request) -> Answer {
        let (host, port, request) = (r.value("host"), r.value("port"), r.value("request"));
        let tries = match r.value("tries").as_str() {
            "" => Ok(1),
            given => given.parse::<u32>().map(|n| n.min(MOST_TRIES)),
        };
        let Ok(tries) = tries else { return page(400, "tries parameter is invalid.\n") };
        if request.is_empty() {
            return page(400, "request parameter not specified. <nil>\n");
        }
        let call = match r.value("protocol").to_lowercase().as_str() {
            "" | "http" => format!("curl -s -S -m 5 {}", quoted(&format!("http://{host}:{port}/{request}"))),
            "udp" => format!("printf %s {} | nc -u -w 5 {} {}", quoted(&request), quoted(&host), quoted(&port)),
            other => return page(400, format!("unsupported protocol. {other}\n")),
        };
        let script = format!("i=0; while [ $i -lt {tries} ]; do {call}; printf '\\1%s\\1' $?; i=$((i+1)); done");
        Answer::Of(["/bin/sh", "-c", &script].map(String::from).to_vec(), dialled)
    }
}

/// What a command came to.
fn printed(text: &[u8], code: i32) -> Answer {
    let mut said = BTreeMap::new();
    if !text.is_empty() {
        said.insert("output", String::from_utf8_lossy(text).into_owned());
    }
    if code != 0 {
        said.insert("error", format!("exit status {code}"));
    }
    page(200, json!(said).to_string())
}

/// What several calls came to: what each printed, and its code after it.
fn dialled(printed: &[u8], _: i32) -> Answer {
    let printed = String::from_utf8_lossy(printed);
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let parts: Vec<&str> = printed.split(BETWEEN).collect();
    for pair in parts.chunks_exact(2) {
        let which = if pair[1] == "0" { "responses" } else { "errors" };
        all.entry(which).or_default().push(pair[0].trim_end_matches('\n'));
    }
    page(200, json!(all).to_string())
}

impl Pages for NetExec {
    fn answer(&mut self, port: u16, r: &Request, sys: &mut Sys<'_>) -> Answer {
        if r.method.is_empty() {
            return datagram(r, sys);
        }
        let instead = self.instead.clone().map(|target| Request { target, ..r.clone() });
        let r = instead.as_ref().unwrap_or(r);
        let _ = sys.write(STDERR, log_line(sys.now, &format!("GET {}", r.target)).as_bytes());
        match r.path() {
            "/" => page(200, format!("NOW: {}", sys.now.go_time())),
            "/clientip" => page(200, format!("{}:{}", r.client, r.client_port)),
            "/serverport" => page(200, port.to_string()),
            "/header" => page(200, r.header(&r.value("key")).unwrap_or_default()),
            "/hostname" | "/hostName" => page(200, sys.hostname()),
            "/healthz" => page(if self.udp { 200 } else { 412 }, ""),
            "/echo" => NetExec::echo(r),
            "/redirect" => {
                let code = r.value("code").parse().unwrap_or(302);
                elsewhere(code, r.value("location"))
            }
            "/exit" => self.exit(r, sys),
            "/shutdown" => {
                self.ends = Some((sys.now, 0));
                Answer::HungUp
            }
            "/shell" => NetExec::shell(r),
            "/dial" => NetExec::dial(r),
            "/upload" => page(200, "{\"error\":\"Unable to upload file.\"}"),
            _ => not_found(),
        }
    }

    fn ends(&self) -> Option<(Time, i32)> {
        self.ends
    }

    fn clone_box(&self) -> Box<dyn Pages> {
        Box::new(self.clone())
    }
}
