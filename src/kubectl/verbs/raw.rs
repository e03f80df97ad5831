//! `--raw PATH` of get, create, replace and delete: a request as it is written, and the answer as it comes.
//! Real Kubernetes: k8s.io/kubectl/pkg/rawhttp, and what each of the commands lets stand beside the flag.

use serde_json::Value;

use crate::api::request::{Method, Request};
use crate::api::{go_url, wire};
use crate::kubectl::env::Watch;
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
    let answer = env.as_it_comes(&request).map_err(|s| Failure::status(&s))?;
    Ok(show(&answer, env))
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
