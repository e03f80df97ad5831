//! `--raw PATH` of get, create, replace and delete: a request as it is written, and the answer as it comes.
//! Real Kubernetes: k8s.io/kubectl/pkg/rawhttp, and what each of the commands lets stand beside the flag.

use serde_json::Value;

use crate::api::request::{Method, Request};
use crate::api::request_path::PassedOnPath;
use crate::api::served::ServedCall;
use crate::api::{Reason, Status, go_url, wire};
use crate::kubectl::env::Watch;
use crate::kubectl::remote::Connected;
use crate::kubectl::{Args, Done, Env, Failure, Follow, Progress};

pub fn get(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if !args.words.is_empty() {
        return Err(Failure::error("arguments may not be passed when --raw is specified"));
    }
    if args.flag("watch") || args.flag("watch-only") || !args.text("selector").is_empty() {
        let why = "--raw may not be specified with other flags that filter the server request or alter the output";
        return Err(Failure::error(why));
    }
    alone(args)?;
    let request = request(Method::Get, args.text("raw"));
    if request.is_watch() {
        let watch = env.api.watch(&request).map_err(|s| Failure::status(&s))?;
        return Ok(Done::Follow(Box::new(Stream { watch, ends: request.param("timeoutSeconds").is_some() })));
    }
    if PassedOnPath::of(&request.path).is_some() {
        return through(Method::Get, args.text("raw"), "", env);
    }
    let answer = env.as_it_comes(&request).map_err(|s| Failure::status(&s))?;
    Ok(show(&answer, env))
}

/// A request that somebody behind the server answers.
fn through(method: Method, address: &str, body: &str, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch(_) => "PATCH",
        Method::Delete => "DELETE",
    };
    let mut headers: Vec<(String, String)> =
        [("Host", ""), ("User-Agent", "kubectl/v1.36.3"), ("Accept", "application/json, */*")]
            .map(|(n, v)| (n.to_string(), v.to_string()))
            .into();
    if !body.is_empty() {
        headers.push(("Content-Type".into(), "application/json".into()));
    }
    let call =
        ServedCall { method: name.into(), target: address.into(), headers, body: body.as_bytes().into(), user: None };
    let op = env.api.ask_through(call).map_err(|s| Failure::status(&s))?;
    Ok(Done::Follow(Box::new(Through { from: Connected::new(op, false, false, env), came: String::new() })))
}

/// What comes from behind the server.
struct Through {
    from: Connected,
    came: String,
}

impl Follow for Through {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        let shown = std::mem::take(&mut env.out);
        let polled = self.from.poll(env);
        self.came.push_str(&std::mem::replace(&mut env.out, shown));
        match polled? {
            Ok(progress) => Ok(progress),
            Err(_) => {
                env.out.push_str(&body_of(&self.came)?);
                Ok(Progress::Exit(0))
            }
        }
    }

    fn stop(&mut self, env: &mut Env<'_>) {
        self.from.end(env);
    }
}

/// What an HTTP answer says, or the error that it is.
/// Real Kubernetes: client-go/rest/request.go transformResponse.
fn body_of(answer: &str) -> Result<String, Failure> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let code: u16 = head.split(' ').nth(1).and_then(|c| c.parse().ok()).unwrap_or(0);
    if (200..400).contains(&code) {
        return Ok(body.into());
    }
    let said = serde_json::from_str::<Value>(body).ok().filter(|v| v["kind"] == "Status");
    let told = said.map(|v| {
        let word = |k: &str| v[k].as_str().unwrap_or_default();
        Status::new(Reason::parse(word("reason")), word("message"))
    });
    Err(Failure::status(&told.unwrap_or_else(|| Status::of_response(code, body.trim()))))
}

/// Sends the file, or nothing where none need be given.
pub fn send(method: Method, args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let files = args.list("filename");
    let file = match files.as_slice() {
        [] if method == Method::Delete => None,
        [one] => Some(one.as_str()),
        _ => return Err(Failure::error("--raw can only use a single local file or stdin")),
    };
    if file.is_some_and(|f| f.starts_with("http://") || f.starts_with("https://")) {
        return Err(Failure::error("--raw cannot read from a url"));
    }
    if args.flag("recursive") {
        return Err(Failure::error("--raw and --recursive are mutually exclusive"));
    }
    if method == Method::Post && !args.text("selector").is_empty() {
        return Err(Failure::error("--raw and --selector (-l) are mutually exclusive"));
    }
    alone(args)?;
    let body = match file {
        None => String::new(),
        Some("-") => env.stdin.clone().unwrap_or_default(),
        Some(path) => {
            env.host.read(path).map_err(|_| Failure::error(format!("open {path}: no such file or directory")))?
        }
    };
    let request = request(method, args.text("raw"));
    if PassedOnPath::of(&request.path).is_some() {
        return through(method, args.text("raw"), &body, env);
    }
    let answer = env.send(&request, body.as_bytes()).map_err(|s| Failure::status(&s))?;
    Ok(show(&answer, env))
}

/// What may not stand beside the flag, whatever the command.
fn alone(args: &Args) -> Result<(), Failure> {
    if !args.text("output").is_empty() {
        return Err(Failure::error("--raw and --output are mutually exclusive"));
    }
    let path = go_url::parse_request_uri(args.text("raw"));
    path.map(drop).map_err(|why| Failure::error(format!("--raw must be a valid URL path: {why}")))
}

fn request(method: Method, address: &str) -> Request {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    go_url::query_pairs(query).into_iter().fold(Request::new(method, path), |r, (k, v)| r.query(&k, v))
}

fn show(answer: &Value, env: &mut Env<'_>) -> Done {
    env.out.push_str(&match answer {
        Value::String(s) => s.clone(),
        other => wire::body(other),
    });
    Done::OK
}

/// A watch: each event is a line.
struct Stream {
    watch: Watch,
    /// Whether it was asked for a while only.
    ends: bool,
}

impl Follow for Stream {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        // To ask for its course may make it tell a bookmark.
        let course = env.api.course(self.watch);
        while let Some(e) = env.api.next(self.watch) {
            env.out.push_str(&format!("{}\n", wire::event(e.kind, &e.object)));
        }
        Ok(course.into())
    }

    fn stop(&mut self, env: &mut Env<'_>) {
        env.api.close(self.watch);
    }

    fn ends(&self) -> bool {
        self.ends
    }
}
