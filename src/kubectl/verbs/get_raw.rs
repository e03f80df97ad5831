//! `kubectl get --raw PATH`: what the API server answers, as it comes.
//! Real Kubernetes: k8s.io/kubectl/pkg/rawhttp.

use serde_json::Value;

use crate::api::request::Request;
use crate::api::wire;
use crate::kubectl::env::{Course, Watch};
use crate::kubectl::{Done, Env, Failure, Follow, Progress};

pub fn get(address: &str, env: &mut Env<'_>) -> Result<Done, Failure> {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut request = Request::get(path);
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (k, v) = pair.split_once('=').unwrap_or((pair, ""));
        request = request.query(unescaped(k).as_str(), unescaped(v));
    }
    if request.is_watch() {
        let watch = env.api.watch(&request).map_err(|s| Failure::status(&s))?;
        return Ok(Done::Follow(Box::new(Stream { watch, ends: request.param("timeoutSeconds").is_some() })));
    }
    let answer = env.as_it_comes(request).map_err(|s| Failure::status(&s))?;
    env.out.push_str(&match &*answer {
        Value::String(s) => s.clone(),
        other => wire::body(other),
    });
    Ok(Done::OK)
}

fn unescaped(text: &str) -> String {
    let mut out = vec![];
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        let mut rest = bytes.clone();
        let hex = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        match (b, hex(rest.next()), hex(rest.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                bytes = rest;
            }
            (b'+', ..) => out.push(b' '),
            _ => out.push(b),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
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
        Ok(after(course))
    }

    fn stop(&mut self, env: &mut Env<'_>) {
        env.api.close(self.watch);
    }

    fn ends(&self) -> bool {
        self.ends
    }
}

/// What is to be done when a watch has told all it has: one that is over ends the command, and well.
pub fn after(course: Course) -> Progress {
    match course {
        Course::On(due) => Progress::Waiting(due),
        Course::Over => Progress::Exit(0),
    }
}
