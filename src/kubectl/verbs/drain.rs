//! kubectl drain: cordons nodes and sends their pods away, one node after the other.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/drain/drain.go, pkg/drain/drain.go.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::cordon::{self, NODES, Wanted};
use super::drain_pods::{self, Allowed, Verdict};
use crate::api::request::{Method, Request};
use crate::api::selector::Selector;
use crate::api::time::go_duration;
use crate::api::{Duration, Reason, Resource, Status, Time, kinds};
use crate::kubectl::args::{DRY_RUN_FLAG, DryRun, Type};
use crate::kubectl::resources::{Found, collection, joined, object};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static DRAIN: Verb = Verb {
    name: "drain",
    summary: "Drain node in preparation for maintenance",
    flags: &[&[
        DRY_RUN_FLAG,
        NODES,
        Flag::new("force", Type::Bool),
        Flag::new("ignore-daemonsets", Type::Bool),
        Flag::new("delete-emptydir-data", Type::Bool),
        Flag::new("grace-period", Type::Int).default("-1"),
        Flag::new("timeout", Type::Duration).default("0s"),
        Flag::new("pod-selector", Type::Text),
        Flag::new("disable-eviction", Type::Bool),
        Flag::new("skip-wait-for-delete-timeout", Type::Int).default("0"),
        Flag::new("chunk-size", Type::Int).default("500"),
    ]],
    completes: Completes::Objects,
    run: drain,
};

/// An eviction that was refused for now is asked for again after this.
const RETRY: Duration = Duration::from_secs(5);
/// How often drain looks whether a pod is gone.
const LOOK: Duration = Duration::from_secs(1);
/// What a server wants repeated later is repeated without a word, so often.
const SILENT_RETRIES: u32 = 10;

fn drain(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let pods = args.text("pod-selector");
    let (dry, nodes) = cordon::nodes(args, env)?;
    if !pods.is_empty() && Selector::parse(pods).is_err() {
        return Err(Failure::error("--pod-selector=<pod_selector> must be a valid label selector"));
    }
    cordon::mark(&nodes, Wanted::Cordoned, dry, env);
    let timeout = args.duration("timeout");
    let how = How {
        dry,
        allowed: Allowed {
            unmanaged: args.flag("force"),
            daemonsets: args.flag("ignore-daemonsets"),
            local_data: args.flag("delete-emptydir-data"),
            patience_secs: u64::try_from(args.int("skip-wait-for-delete-timeout")).unwrap_or(0),
        },
        way: if args.flag("disable-eviction") { Way::Delete } else { Way::Evict },
        grace_secs: u64::try_from(args.int("grace-period")).ok(),
        timeout: (!timeout.is_zero()).then_some(timeout),
        pods: pods.to_string(),
    };
    Ok(Done::Follow(Box::new(Draining { how, nodes: nodes.into(), at: None, left: vec![] })))
}

/// What the command line asks for.
struct How {
    dry: DryRun,
    allowed: Allowed,
    way: Way,
    /// `None`: as each pod wishes.
    grace_secs: Option<u64>,
    /// For the pods of one node.
    timeout: Option<Duration>,
    /// A label selector.
    pods: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Evict,
    Delete,
}

struct Draining {
    how: How,
    nodes: VecDeque<Found>,
    at: Option<Node>,
    /// Nodes that could not be drained.
    left: Vec<(String, Trouble)>,
}

/// The node that is being drained.
struct Node {
    node: Found,
    deadline: Option<Time>,
    going: Vec<Going>,
    troubles: Vec<String>,
    /// What ended it before its time.
    fatal: Option<Trouble>,
}

struct Going {
    pod: Value,
    step: Step,
    /// When it is looked at again.
    due: Time,
}

enum Step {
    Evict { refused: bool, retries: u32 },
    Wait,
}

/// Why a node could not be drained: beside the other lines, and at the end.
struct Trouble {
    shown: String,
    failure: Failure,
}

impl Trouble {
    fn status(s: &Status) -> Trouble {
        Trouble { shown: s.message.clone(), failure: Failure::status(s) }
    }

    /// Several reasons; at the end each has its line.
    fn all(reasons: &[String]) -> Trouble {
        let mut once: Vec<&str> = vec![];
        reasons.iter().for_each(|r| {
            if !once.contains(&r.as_str()) {
                once.push(r)
            }
        });
        let shown = if let [one] = once.as_slice() { (*one).to_string() } else { format!("[{}]", once.join(", ")) };
        let failure = Failure { among: Some(shown.clone()), ..Failure::plain(reasons.join("\n")) };
        Trouble { shown, failure }
    }
}

impl Follow for Draining {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        loop {
            if let Some(node) = &mut self.at {
                if let Some(due) = node.go_on(&self.how, env) {
                    return Ok(Progress::Waiting(Some(due)));
                }
            } else {
                let Some(node) = self.nodes.pop_front() else { return self.end(env) };
                match self.how.begin(node, env) {
                    Ok(begun) => self.at = Some(begun),
                    Err((name, why)) => self.give_up(name, why, env),
                }
            }
            // Where nothing is left to wait for, the next node's turn has come.
            if let Some(done) = self.at.take_if(|n| n.is_done()) {
                match done.outcome(&self.how, env) {
                    Ok(name) => env.line(format!("node/{name} drained{}", self.how.dry.note())),
                    Err((name, why)) => self.give_up(name, why, env),
                }
            }
        }
    }

    /// Where everything that is left is refused again and again, it may be refused for ever.
    fn ends(&self) -> bool {
        let refused = |g: &Going| matches!(g.step, Step::Evict { refused: true, .. });
        self.how.timeout.is_some() || !self.at.as_ref().is_some_and(|n| n.going.iter().all(refused))
    }
}

impl Draining {
    fn give_up(&mut self, node: String, why: Trouble, env: &mut Env<'_>) {
        env.error_line(format!(
            "error: unable to drain node {node:?} due to error: {}, continuing command...",
            why.shown
        ));
        self.left.push((node, why));
    }

    fn end(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        if self.left.is_empty() {
            return Ok(Progress::Exit(0));
        }
        env.error_line("There are pending nodes to be drained:");
        self.left.iter().for_each(|(name, _)| env.error_line(format!(" {name}")));
        Err(joined(std::mem::take(&mut self.left).into_iter().map(|(_, why)| why.failure).collect()))
    }
}

impl How {
    /// The pods of a node that are to go, with what is to be warned of.
    fn pods_of(&self, node: &str, env: &mut Env<'_>) -> Result<(Vec<Value>, String), (Vec<Value>, Trouble)> {
        let mut request = Request::get(collection(kinds::Pod::kind_ref(), ""))
            .query("fieldSelector", format!("spec.nodeName={node}"));
        if !self.pods.is_empty() {
            request = request.query("labelSelector", self.pods.as_str());
        }
        let list = env.try_call(&request).map_err(|s| (vec![], Trouble::status(&s)))?;
        let now = env.now();
        let mut judged = vec![];
        for pod in list["items"].as_array().into_iter().flatten() {
            let mut daemonset = |namespace: &str, name: &str| {
                env.try_call(&Request::get(object(kinds::DaemonSet::kind_ref(), namespace, name))).map(|_| ())
            };
            judged.push((pod, drain_pods::judge(pod, self.allowed, now, &mut daemonset)));
        }
        let goes = judged.iter().filter(|(_, v)| matches!(v, Verdict::Goes { .. }));
        let pods: Vec<Value> = goes.map(|(p, _)| (*p).clone()).collect();
        let blocking = drain_pods::grouped(judged.iter().filter_map(|(p, v)| match v {
            Verdict::Blocks { why } => Some((why.as_str(), *p)),
            _ => None,
        }));
        if !blocking.is_empty() {
            let reasons: Vec<String> = blocking.iter().map(|b| format!("cannot delete {b}")).collect();
            return Err((pods, Trouble::all(&reasons)));
        }
        let warnings = drain_pods::grouped(judged.iter().filter_map(|(p, v)| match v {
            Verdict::Goes { warning } | Verdict::Stays { warning } => warning.map(|w| (w, *p)),
            Verdict::Blocks { .. } => None,
        }));
        Ok((pods, warnings.join("; ")))
    }

    /// Looks at the pods of a node and sends the first of them away.
    fn begin(&self, node: Found, env: &mut Env<'_>) -> Result<Node, (String, Trouble)> {
        let (pods, warnings) = self.pods_of(&node.name, env).map_err(|(_, why)| (node.name.clone(), why))?;
        if !warnings.is_empty() {
            env.error_line(format!("Warning: {warnings}"));
        }
        let now = env.now();
        let deadline = self.timeout.map(|t| now + t);
        let mut begun = Node { node, deadline, going: vec![], troubles: vec![], fatal: None };
        if self.dry == DryRun::Client {
            for p in &pods {
                let (namespace, name) = names(p);
                env.line(format!("evicting pod {namespace}/{name} (dry run)"));
            }
            return Ok(begun);
        }
        match self.way {
            // Each pod has a thread of its own there, and the youngest one runs first.
            Way::Evict => {
                let step = |pod| Going { pod, step: Step::Evict { refused: false, retries: 0 }, due: now };
                begun.going = pods.into_iter().map(step).collect();
                let rotated = begun.going.len().min(1);
                begun.going.rotate_right(rotated);
            }
            Way::Delete => {
                for p in &pods {
                    match env.try_call(&self.dried(Request::new(Method::Delete, path(p)).body(self.options()))) {
                        Err(s) if !s.is(Reason::NotFound) => {
                            begun.fatal = Some(Trouble::status(&s));
                            return Ok(begun);
                        }
                        _ => {}
                    }
                }
                begun.going = pods.into_iter().map(|pod| Going { pod, step: Step::Wait, due: now }).collect();
            }
        }
        Ok(begun)
    }

    fn options(&self) -> Value {
        let mut options = json!({});
        if let Some(secs) = self.grace_secs {
            options["gracePeriodSeconds"] = secs.into();
        }
        if self.dry == DryRun::Server {
            options["dryRun"] = json!(["All"]);
        }
        options
    }

    fn dried(&self, r: Request) -> Request {
        if self.dry == DryRun::Server { r.query("dryRun", "All") } else { r }
    }

    fn evict(&self, pod: &Value, env: &mut Env<'_>) -> Result<(), Status> {
        let (namespace, name) = names(pod);
        let eviction = json!({
            "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace},
            "deleteOptions": self.options(),
        });
        env.try_call(&Request::new(Method::Post, format!("{}/eviction", path(pod))).body(eviction)).map(|_| ())
    }
}

impl Node {
    fn is_done(&self) -> bool {
        self.going.is_empty() || self.fatal.is_some()
    }

    /// Does what is due; tells when the next thing is.
    fn go_on(&mut self, how: &How, env: &mut Env<'_>) -> Option<Time> {
        let now = env.now();
        for mut g in std::mem::take(&mut self.going) {
            if self.fatal.is_none() && (g.due > now || self.next(&mut g, how, now, env)) {
                self.going.push(g);
            }
        }
        if self.fatal.is_some() {
            return None;
        }
        self.going.iter().map(|g| g.due).min()
    }

    /// One pod's turn. Returns whether it is to be looked at again.
    fn next(&mut self, g: &mut Going, how: &How, now: Time, env: &mut Env<'_>) -> bool {
        if let Step::Evict { refused, retries } = g.step {
            if !self.evict(g, refused, retries, how, now, env) {
                return false;
            }
            if matches!(g.step, Step::Evict { .. }) {
                return true;
            }
        }
        self.wait(g, how, now, env)
    }

    fn evict(&mut self, g: &mut Going, refused: bool, retries: u32, how: &How, now: Time, env: &mut Env<'_>) -> bool {
        if refused && let Ok(fresh) = env.try_call(&Request::get(path(&g.pod))) {
            g.pod = (*fresh).clone();
        }
        let (namespace, name) = names(&g.pod);
        let (namespace, name) = (namespace.to_string(), name.to_string());
        let about = format!("error when evicting pods/{name:?} -n {namespace:?}");
        if retries == 0 {
            let note = if how.dry == DryRun::Server { how.dry.note() } else { "" };
            env.line(format!("evicting pod {namespace}/{name}{note}"));
            if self.deadline.is_some_and(|d| now >= d) {
                let timeout = how.timeout.map(go_duration).unwrap_or_default();
                self.troubles.push(format!("{about}: global timeout reached: {timeout}"));
                return false;
            }
        }
        let ending = !g.pod["metadata"]["deletionTimestamp"].is_null();
        match how.evict(&g.pod, env) {
            Ok(()) if how.dry == DryRun::Server => return false,
            Ok(()) => g.step = Step::Wait,
            Err(s) if s.is(Reason::NotFound) => return false,
            Err(s) if s.is(Reason::TooManyRequests) => {
                // The library below kubectl obeys a server that names a time.
                let after = s.details.as_ref().map_or(0, |d| d.retry_after_seconds);
                if after > 0 && retries < SILENT_RETRIES {
                    g.step = Step::Evict { refused: false, retries: retries + 1 };
                    g.due = now + Duration::from_secs(after.into());
                    return true;
                }
                env.error_line(format!("{about} (will retry after {}): {}", go_duration(RETRY), s.message));
                g.step = Step::Evict { refused: true, retries: 0 };
                g.due = now + RETRY;
            }
            // It is on its way out already, with its whole namespace.
            Err(s) if is_terminating(&s) && ending => g.step = Step::Wait,
            Err(s) if is_terminating(&s) => {
                env.error_line(format!(
                    "error when evicting pod {name:?} from terminating namespace {namespace:?} (will retry after {}): {}",
                    go_duration(RETRY),
                    s.message
                ));
                g.step = Step::Evict { refused: true, retries: 0 };
                g.due = now + RETRY;
            }
            Err(s) => {
                self.troubles.push(format!("{about}: {}", s.message));
                return false;
            }
        }
        true
    }

    fn wait(&mut self, g: &mut Going, how: &How, now: Time, env: &mut Env<'_>) -> bool {
        let (namespace, name) = names(&g.pod);
        let (done, failed) = match how.way {
            Way::Evict => ("evicted", "eviction failed"),
            Way::Delete => ("deleted", "deletion failed"),
        };
        let note = how.dry.note();
        match env.try_call(&Request::get(path(&g.pod))) {
            Err(s) if s.is(Reason::NotFound) => env.line(format!("pod/{name} {done}{note}")),
            Ok(p) if p["metadata"]["uid"] != g.pod["metadata"]["uid"] => env.line(format!("pod/{name} {done}{note}")),
            Err(s) => {
                env.line(format!("pod/{name} {failed}{note}"));
                self.give_up_waiting(how, namespace, name, &s.message, Trouble::status(&s));
            }
            Ok(p) if drain_pods::is_given_up(&p, how.allowed.patience_secs, now) => env.line(format!(
                "pod {name:?} has DeletionTimestamp older than {} seconds, skipping",
                how.allowed.patience_secs
            )),
            Ok(_) if self.deadline.is_some_and(|d| now >= d) => {
                let late = "context deadline exceeded";
                let whole = Trouble { shown: late.into(), failure: Failure::error(late) };
                self.give_up_waiting(how, namespace, name, late, whole);
            }
            Ok(_) => {
                g.due = self.deadline.map_or(now + LOOK, |d| d.min(now + LOOK));
                return true;
            }
        }
        false
    }

    /// Who evicts waits for each pod by itself, who deletes for all at once.
    fn give_up_waiting(&mut self, how: &How, namespace: &str, name: &str, why: &str, whole: Trouble) {
        match how.way {
            Way::Evict => self
                .troubles
                .push(format!("error when waiting for pod {name:?} in namespace {namespace:?} to terminate: {why}")),
            Way::Delete => self.fatal = Some(whole),
        }
    }

    /// Its name, and what kept it from being drained; which pods are still there is said at once.
    fn outcome(self, how: &How, env: &mut Env<'_>) -> Result<String, (String, Trouble)> {
        let name = self.node.name;
        let trouble = match (self.fatal, self.troubles.as_slice()) {
            (None, []) => return Ok(name),
            (Some(fatal), _) => fatal,
            (None, some) => Trouble::all(some),
        };
        let (pods, more) = match how.pods_of(&name, env) {
            Ok((pods, _)) => (pods, None),
            Err((pods, why)) => (pods, Some(why)),
        };
        if !pods.is_empty() {
            env.error_line(format!(
                "There are pending pods in node {name:?} when an error occurred: {}",
                trouble.shown
            ));
            pods.iter().for_each(|p| env.error_line(format!("pod/{}", names(p).1)));
        }
        if let Some(why) = more {
            env.error_line("Following errors occurred while getting the list of pods to delete:");
            env.err.push_str(&why.shown);
        }
        Err((name, trouble))
    }
}

fn is_terminating(s: &Status) -> bool {
    let causes = s.details.iter().flat_map(|d| &d.causes);
    s.is(Reason::Forbidden) && causes.into_iter().any(|c| c.reason == "NamespaceTerminating")
}

/// Namespace and name.
fn names(pod: &Value) -> (&str, &str) {
    (pod["metadata"]["namespace"].as_str().unwrap_or(""), pod["metadata"]["name"].as_str().unwrap_or(""))
}

fn path(pod: &Value) -> String {
    let (namespace, name) = names(pod);
    object(kinds::Pod::kind_ref(), namespace, name)
}
