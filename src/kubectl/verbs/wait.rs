//! kubectl wait: until a condition holds, or an object is gone.

use serde_json::Value;

use crate::api::jsonpath::{Template, show};
use crate::api::request::Request;
use crate::api::{Reason, Time};
use crate::kubectl::args::{ALL, FILES, OUTPUT, SELECT, Type};
use crate::kubectl::resources::{self, Found, joined};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static WAIT: Verb = Verb {
    name: "wait",
    summary: "Wait for a specific condition on one or many resources",
    flags: &[
        &[Flag::new("for", Type::Text), Flag::new("timeout", Type::Duration).default("30s")],
        ALL,
        SELECT,
        OUTPUT,
        FILES,
    ],
    completes: Completes::Objects,
    run: wait,
};

#[derive(Clone)]
enum Until {
    Deleted,
    Condition { kind: String, status: String },
    Path { path: Template, value: Option<String> },
}

fn until(text: &str) -> Result<Until, Failure> {
    if text.eq_ignore_ascii_case("delete") {
        return Ok(Until::Deleted);
    }
    if let Some(c) = text.strip_prefix("condition=") {
        let (kind, status) = c.split_once('=').unwrap_or((c, "true"));
        return Ok(Until::Condition { kind: kind.into(), status: status.into() });
    }
    if let Some(p) = text.strip_prefix("jsonpath=") {
        let p = p.trim_matches(['\'', '"']);
        let (path, value) = match p.rsplit_once('=').filter(|(l, _)| l.matches('{').count() == l.matches('}').count()) {
            Some((l, v)) => (l, Some(v.trim_matches(['\'', '"']).to_string())),
            None => (p, None),
        };
        return Ok(Until::Path {
            path: Template::relaxed(path.trim_matches(['\'', '"'])).map_err(Failure::error)?,
            value,
        });
    }
    Err(Failure::error(format!("unrecognized condition: {text:?}")))
}

fn wait(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if !args.is_set("for") {
        return Err(Failure::error("unrecognized condition: []"));
    }
    let until = until(args.text("for"))?;
    let (found, failures) = resources::fetch_named(args, &args.words, env)?;
    if !failures.is_empty() {
        if matches!(until, Until::Deleted) && failures.iter().all(|f| f.message.contains("(NotFound)")) {
            return Ok(Done::OK);
        }
        return Err(joined(failures));
    }
    if found.is_empty() {
        return if matches!(until, Until::Deleted) {
            Ok(Done::OK)
        } else {
            Err(Failure::error("no matching resources found"))
        };
    }
    let deadline = env.now() + args.duration("timeout");
    Ok(Done::Follow(Box::new(Waiting { todo: found, until, deadline })))
}

struct Waiting {
    todo: Vec<Found>,
    until: Until,
    deadline: Time,
}

impl Waiting {
    fn met(&self, v: &Value) -> bool {
        match &self.until {
            Until::Deleted => false,
            Until::Condition { kind, status } => {
                let list = v["status"]["conditions"].as_array();
                list.into_iter().flatten().any(|c| {
                    c["type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case(kind))
                        && c["status"].as_str().is_some_and(|s| s.eq_ignore_ascii_case(status))
                })
            }
            Until::Path { path, value } => {
                path.find(v).first().is_some_and(|f| value.as_ref().is_none_or(|w| show(f) == *w))
            }
        }
    }
}

impl Follow for Waiting {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        let mut left = vec![];
        for f in std::mem::take(&mut self.todo) {
            match env.try_call(&Request::get(f.path())) {
                Err(s) if s.is(Reason::NotFound) && matches!(self.until, Until::Deleted) => {
                    env.line(format!("{} condition met", f.full_name()))
                }
                Err(s) => return Err(Failure::status(&s)),
                Ok(o)
                    if matches!(self.until, Until::Deleted) && o["metadata"]["uid"] != f.object["metadata"]["uid"] =>
                {
                    env.line(format!("{} condition met", f.full_name()))
                }
                Ok(o) if self.met(&o) => env.line(format!("{} condition met", f.full_name())),
                Ok(_) => left.push(f),
            }
        }
        self.todo = left;
        if self.todo.is_empty() {
            return Ok(Progress::Exit(0));
        }
        if env.now() >= self.deadline {
            let all: Vec<Failure> = self
                .todo
                .iter()
                .map(|f| {
                    Failure::error(format!("timed out waiting for the condition on {}/{}", f.kind.plural(), f.name))
                })
                .collect();
            return Err(joined(all));
        }
        Ok(Progress::Waiting(Some(self.deadline)))
    }
}
