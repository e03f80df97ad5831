//! kubectl logs: what containers printed.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::Value;

use crate::api::request::Request;
use crate::api::selector::Selector;
use crate::api::{KindRef, Reason, Resource};
use crate::api::{Time, kinds};
use crate::kubectl::args::{SELECTOR, Type};
use crate::kubectl::containers;
use crate::kubectl::resources::{by_name, collection, named, object};
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
        Flag::new("all-pods", Type::Bool),
        Flag::new("pod-running-timeout", Type::Duration).default("20s"),
    ]],
    completes: Completes::Pods,
    run: logs,
};

/// The pod that a word means, to do something with it: its name, `pod/x`, or the first pod of `deployment/x`; and of how many it is the first.
pub fn pod_of(word: &str, doing: &str, env: &mut Env<'_>) -> Result<(String, usize), Failure> {
    let all = pods_of(word, doing, env)?;
    let of = all.len();
    all.into_iter().next().map(|first| (first, of)).ok_or_else(|| Failure::error("timed out waiting for the condition"))
}

/// All pods that a word means: that which is ready and running longest first.
fn pods_of(word: &str, doing: &str, env: &mut Env<'_>) -> Result<Vec<String>, Failure> {
    let (kind, name) = env.mapped(|m| named(word, kinds::Pod::kind_ref(), m))?;
    if name.is_empty() {
        return Err(Failure::error("resource name may not be empty"));
    }
    let ns = env.namespace.clone();
    let o = by_name(&Request::get(object(kind, &ns, &name)), &ns, env).map_err(|s| Failure::status(&s))?;
    if kind == kinds::Pod::kind_ref() {
        return Ok(vec![name]);
    }
    let chosen = selector(kind, &o)
        .map_err(|why| Failure::error(format!("cannot {doing} *{}.{}: {why}", kind.version(), kind.name())))?;
    let pods = env.call(&Request::get(collection(kinds::Pod::kind_ref(), &ns)).query("labelSelector", chosen))?;
    let mut list: Vec<&Value> = pods["items"].as_array().into_iter().flatten().collect();
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
    Ok(list.iter().map(|p| p["metadata"]["name"].as_str().unwrap_or("").to_string()).collect())
}

/// Which pods belong to an object. Real Kubernetes: k8s.io/kubectl/pkg/polymorphichelpers SelectorsForObject.
fn selector(kind: KindRef, o: &Value) -> Result<String, String> {
    let own = &o["spec"]["selector"];
    let labels =
        |v: &Value| LabelSelector { match_labels: serde_json::from_value(v.clone()).ok(), ..Default::default() };
    let chosen = match (kind.group(), kind.name()) {
        ("", "Service") if own.as_object().is_none_or(serde_json::Map::is_empty) => {
            let name = o["metadata"]["name"].as_str().unwrap_or("");
            return Err(format!("invalid service '{name}': Service is defined without a selector"));
        }
        ("", "Service" | "ReplicationController") => labels(own),
        ("apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") | ("batch", "Job") => {
            serde_json::from_value(own.clone()).unwrap_or_default()
        }
        _ => return Err(format!("selector for *{}.{} not implemented", kind.version(), kind.name())),
    };
    Ok(Selector::of(&chosen).to_string())
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
    check(args)?;
    let ns = env.namespace.clone();
    let wanted =
        if args.is_set("container") { Some(args.text("container").to_string()) } else { args.words.get(1).cloned() };
    let every = args.flag("all-pods");
    let pods: Vec<String> = if selector.is_empty() && every {
        pods_of(args.word(0), "get the logs from", env).map_err(|f| not_found(f, env))?
    } else if selector.is_empty() {
        let (pod, of) = pod_of(args.word(0), "get the logs from", env).map_err(|f| not_found(f, env))?;
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
            let ephemeral = names("ephemeralContainers");
            for container in names("initContainers").into_iter().chain(mains).chain(ephemeral) {
                sources.push(Source { pod: pod.clone(), container });
            }
            continue;
        }
        let (container, note) = containers::chosen(&o, wanted.as_deref())?;
        note.into_iter().filter(|_| !every).for_each(|n| env.error_line(n));
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
    if args.flag("follow") && f.sources.len() > most.max(1) {
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

/// What numbers and names may not be. Real Kubernetes: logs.go Validate.
fn check(args: &Args) -> Result<(), Failure> {
    let refused = |text: &str| Err(Failure::error(text));
    let inline = args.words.len() == 2;
    let container = if args.is_set("container") { args.text("container") } else { args.word(1) };
    if args.flag("all-containers") && !container.is_empty() {
        return refused(&format!("--all-containers=true should not be specified with container name {container}"));
    }
    if args.is_set("container") && inline {
        return refused("only one of -c or an inline [CONTAINER] arg is allowed");
    }
    if args.int("limit-bytes") < 0 {
        return refused("--limit-bytes must be greater than 0");
    }
    if args.text("since").starts_with('-') {
        return refused("--since must be greater than 0");
    }
    if args.int("tail") < -1 {
        return refused("--tail must be greater than or equal to -1");
    }
    Ok(())
}

fn args_limit(args: &Args) -> usize {
    usize::try_from(args.int("limit-bytes")).unwrap_or(0)
}

/// `logs` says in which namespace it looked, and whether there is one.
fn not_found(f: Failure, env: &mut Env<'_>) -> Failure {
    if !f.is_absence() {
        return f;
    }
    let message = f.message.trim_start_matches("Error from server (NotFound): ");
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
                if self.args.flag("prefix") || self.args.flag("all-pods") {
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
