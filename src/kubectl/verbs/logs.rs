//! kubectl logs: what containers printed.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::request::Request;
use crate::api::{Reason, Resource};
use crate::api::{Time, kinds};
use crate::kubectl::args::{SELECTOR, Type};
use crate::kubectl::containers;
use crate::kubectl::resources::{collection, object};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static LOGS: Verb = Verb {
    name: "logs",
    summary: "Print the logs for a container in a pod",
    flags: &[&[
        Flag::new("follow", Type::Bool).short('f'),
        Flag::new("previous", Type::Bool).short('p'),
        Flag::new("container", Type::Text).short('c'),
        Flag::new("all-containers", Type::Bool),
        Flag::new("tail", Type::Int).default("-1"),
        Flag::new("since", Type::Duration),
        Flag::new("since-time", Type::Text),
        Flag::new("timestamps", Type::Bool),
        Flag::new("prefix", Type::Bool),
        SELECTOR,
        Flag::new("limit-bytes", Type::Int),
        Flag::new("ignore-errors", Type::Bool),
        Flag::new("max-log-requests", Type::Int).default("5"),
        Flag::new("insecure-skip-tls-verify-backend", Type::Bool),
        Flag::new("all-pods", Type::Bool).absent(),
        Flag::new("pod-running-timeout", Type::Duration).default("20s"),
    ]],
    completes: Completes::Pods,
    run: logs,
};

/// The pod that a word means: its name, `pod/x`, or the first pod of `deployment/x`; and of how many it is the first.
pub fn pod_of(word: &str, env: &mut Env<'_>) -> Result<(String, usize), Failure> {
    let (kind, name) = match word.split_once('/') {
        Some((t, n)) => (env.mapped(|m| m.kind(t))?, n.to_string()),
        None => (kinds::Pod::kind_ref(), word.to_string()),
    };
    if name.is_empty() {
        return Err(Failure::error("arguments in resource/name form must have a single resource and name"));
    }
    let ns = env.namespace.clone();
    let o = env.call(&Request::get(object(kind, &ns, &name)))?;
    if kind == kinds::Pod::kind_ref() {
        return Ok((name, 1));
    }
    let labels = match kind.name() {
        "Service" => &o["spec"]["selector"],
        _ => &o["spec"]["selector"]["matchLabels"],
    };
    let selector: Vec<String> =
        labels.as_object().into_iter().flatten().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or(""))).collect();
    if selector.is_empty() {
        return Err(Failure::error(match kind.name() {
            "Service" => format!(
                "cannot get the logs from *v1.Service: invalid service '{name}': Service is defined without a selector"
            ),
            other => format!("cannot get the logs from *{}.{other}: selector is empty", kind.version()),
        }));
    }
    let pods =
        env.call(&Request::get(collection(kinds::Pod::kind_ref(), &ns)).query("labelSelector", selector.join(",")))?;
    let mut list: Vec<&Value> = pods["items"].as_array().into_iter().flatten().collect();
    // Of several pods the one that is ready and running longest.
    list.sort_by_key(|p| {
        let ready = p["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|c| c["type"] == "Ready" && c["status"] == "True");
        (
            p["spec"]["nodeName"].is_null(),
            p["status"]["phase"] != "Running",
            !ready,
            p["metadata"]["creationTimestamp"].as_str().unwrap_or("").to_string(),
        )
    });
    match list.first() {
        Some(p) => Ok((p["metadata"]["name"].as_str().unwrap_or("").to_string(), list.len())),
        None => Err(Failure::error("timed out waiting for the condition")),
    }
}

#[derive(Clone)]
struct Source {
    pod: String,
    container: String,
}

fn logs(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let selector = args.text("selector").to_string();
    if args.words.is_empty() && selector.is_empty() || args.words.len() > 2 {
        return Err(Failure::see(
            "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command",
            "logs",
        ));
    }
    if !args.words.is_empty() && !selector.is_empty() {
        return Err(Failure::see("only a selector (-l) or a POD name is allowed", "logs"));
    }
    if args.is_set("since") && args.is_set("since-time") {
        return Err(Failure::error("at most one of `sinceTime` or `sinceSeconds` may be specified"));
    }
    let ns = env.namespace.clone();
    let wanted =
        if args.is_set("container") { Some(args.text("container").to_string()) } else { args.words.get(1).cloned() };
    let pods: Vec<String> = if selector.is_empty() {
        let (pod, of) = pod_of(args.word(0), env).map_err(|f| not_found(f, env))?;
        if of > 1 {
            env.error_line(format!("Found {of} pods, using pod/{pod}"));
        }
        vec![pod]
    } else {
        let list =
            env.call(&Request::get(collection(kinds::Pod::kind_ref(), &ns)).query("labelSelector", selector.clone()))?;
        list["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|p| p["metadata"]["name"].as_str().map(String::from))
            .collect()
    };
    if pods.is_empty() {
        env.error_line(format!("No resources found in {ns} namespace."));
        return Ok(Done::OK);
    }
    let mut sources = vec![];
    for pod in pods {
        let o = env.call(&Request::get(object(kinds::Pod::kind_ref(), &ns, &pod)))?;
        let names = |list: &str| -> Vec<String> {
            o["spec"][list]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|c| c["name"].as_str().map(String::from))
                .collect()
        };
        let mains = names("containers");
        if args.flag("all-containers") {
            for container in names("initContainers").into_iter().chain(mains) {
                sources.push(Source { pod: pod.clone(), container });
            }
            continue;
        }
        let (container, note) = containers::chosen(&o, wanted.as_deref())?;
        note.into_iter().for_each(|n| env.error_line(n));
        sources.push(Source { pod: pod.clone(), container });
    }
    // With a selector, ten lines of each are enough unless asked otherwise.
    let tail = if !args.is_set("tail") && !selector.is_empty() { 10 } else { args.int("tail") };
    let since = match args.duration("since") {
        d if d.is_zero() => Time::parse(args.text("since-time")),
        d => Some(env.now() - d),
    };
    let mut f = Following { args: args.clone(), ns, sources, shown: BTreeMap::new(), tail, since };
    let most = usize::try_from(args.int("max-log-requests")).unwrap_or(0);
    if args.flag("follow") && f.sources.len() > most {
        return Err(Failure::error(format!(
            "you are attempting to follow {} log streams, but maximum allowed concurrency is {most}, use --max-log-requests to increase the limit",
            f.sources.len()
        )));
    }
    if args.flag("follow") {
        return Ok(Done::Follow(Box::new(f)));
    }
    f.print(env)?;
    Ok(Done::OK)
}

fn args_limit(args: &Args) -> usize {
    usize::try_from(args.int("limit-bytes")).unwrap_or(0)
}

/// `logs` says in which namespace it looked, and whether there is one.
fn not_found(f: Failure, env: &mut Env<'_>) -> Failure {
    let Some(message) = f.message.strip_prefix("Error from server (NotFound): ") else { return f };
    let ns = env.namespace.clone();
    let message = match env.try_call(&Request::get(object(kinds::Namespace::kind_ref(), "", &ns))) {
        Err(s) if s.is(Reason::NotFound) => s.message,
        _ => message.to_string(),
    };
    Failure::error(format!("error from server (NotFound): {message} in namespace {ns:?}"))
}

struct Following {
    args: Args,
    ns: String,
    sources: Vec<Source>,
    shown: BTreeMap<usize, usize>,
    tail: i64,
    since: Option<Time>,
}

impl Following {
    fn print(&mut self, env: &mut Env<'_>) -> Result<(), Failure> {
        let previous = self.args.flag("previous");
        for (i, s) in self.sources.clone().into_iter().enumerate() {
            let lines =
                env.api.logs(&self.ns, &s.pod, Some(&s.container), previous).map_err(|s| Failure::status(&s))?;
            let lines: Vec<(Time, String)> =
                lines.into_iter().filter(|(t, _)| self.since.is_none_or(|since| *t >= since)).collect();
            let from = match self.shown.get(&i) {
                Some(n) => *n,
                None if self.tail >= 0 => lines.len().saturating_sub(usize::try_from(self.tail).unwrap_or(0)),
                None => 0,
            };
            let mut left = match args_limit(&self.args) {
                0 => usize::MAX,
                limit => limit,
            };
            for (t, l) in lines.iter().skip(from) {
                let mut text = l.clone();
                if self.args.flag("timestamps") {
                    text = format!("{} {text}", t.rfc3339());
                }
                if self.args.flag("prefix") {
                    text = format!("[pod/{}/{}] {text}", s.pod, s.container);
                }
                text.push('\n');
                // A limit cuts through a line.
                let whole = text.len() <= left;
                let end = (0..=left.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
                env.out.push_str(&text[..end]);
                left -= end;
                if !whole {
                    break;
                }
            }
            self.shown.insert(i, lines.len());
        }
        Ok(())
    }
}

impl Follow for Following {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        self.print(env)?;
        let mut alive = false;
        for s in &self.sources {
            let o = env.try_call(&Request::get(object(kinds::Pod::kind_ref(), &self.ns, &s.pod)));
            alive |= o.is_ok_and(|o| {
                o["status"]["containerStatuses"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .any(|c| c["name"] == s.container.as_str() && c["state"]["running"].is_object())
            });
        }
        Ok(if alive { Progress::Waiting(None) } else { Progress::Exit(0) })
    }

    fn ends(&self) -> bool {
        false
    }
}
