//! One node that is being drained: its pods are sent away, asked for again, and waited for.
//! Real Kubernetes: k8s.io/kubectl/pkg/drain/drain.go evictPods, deletePods, waitForDelete.

use serde_json::{Value, json};

use super::drain::{How, Seen, Way};
use super::drain_pods;
use crate::api::request::{Method, Request};
use crate::api::time::go_duration;
use crate::api::{Duration, Reason, Resource, Status, Time, kinds};
use crate::kubectl::args::DryRun;
use crate::kubectl::resources::{Found, object};
use crate::kubectl::{Env, Failure};

/// An eviction that was refused for now is asked for again after this.
const RETRY: Duration = Duration::from_secs(5);
/// How often drain looks whether a pod is gone.
const LOOK: Duration = Duration::from_secs(1);
/// What a server wants repeated later is repeated without a word, so often.
const SILENT_RETRIES: u32 = 10;

/// The node that is being drained.
pub struct Node {
    node: Found,
    deadline: Option<Time>,
    going: Vec<Going>,
    troubles: Vec<String>,
    /// What ended it before its time.
    fatal: Option<Box<Trouble>>,
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
pub struct Trouble {
    pub shown: String,
    pub failure: Failure,
}

impl Trouble {
    pub fn status(s: &Status) -> Box<Trouble> {
        Box::new(Trouble { shown: s.message.clone(), failure: Failure::status(s) })
    }

    /// Several reasons; at the end each has its line.
    pub fn all(reasons: &[String]) -> Box<Trouble> {
        let mut once: Vec<&str> = vec![];
        reasons.iter().for_each(|r| {
            if !once.contains(&r.as_str()) {
                once.push(r)
            }
        });
        let shown = if let [one] = once.as_slice() { (*one).to_string() } else { format!("[{}]", once.join(", ")) };
        let failure = Failure { among: Some(shown.clone()), ..Failure::plain(reasons.join("\n")) };
        Box::new(Trouble { shown, failure })
    }
}

impl Node {
    /// Looks at the pods of a node and sends the first of them away.
    pub fn begin(node: Found, how: &How, env: &mut Env<'_>) -> Result<Node, (String, Box<Trouble>)> {
        let seen = how.pods_of(&node.name, env);
        let (pods, warnings) = (seen.going, seen.said.map_err(|why| (node.name.clone(), why))?);
        if !warnings.is_empty() {
            env.error_line(format!("Warning: {warnings}"));
        }
        let now = env.now();
        let deadline = how.timeout.map(|t| now + t);
        let mut begun = Node { node, deadline, going: vec![], troubles: vec![], fatal: None };
        if how.dry == DryRun::Client {
            for p in &pods {
                let (namespace, name) = names(p);
                env.line(format!("evicting pod {namespace}/{name} (dry run)"));
            }
            return Ok(begun);
        }
        match how.way {
            // Each pod has a thread of its own there, and the youngest one runs first.
            Way::Evict => {
                let step = |pod| Going { pod, step: Step::Evict { refused: false, retries: 0 }, due: now };
                begun.going = pods.into_iter().map(step).collect();
                let rotated = begun.going.len().min(1);
                begun.going.rotate_right(rotated);
            }
            Way::Delete => {
                for p in &pods {
                    match env.try_call(&deletion(p, how)) {
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

    /// Whether everything that is left has been refused, and may be refused again.
    pub fn is_refused(&self) -> bool {
        self.going.iter().all(|g| matches!(g.step, Step::Evict { refused: true, .. }))
    }

    pub fn is_done(&self) -> bool {
        self.going.is_empty() || self.fatal.is_some()
    }

    /// Does what is due; tells when the next thing is.
    pub fn go_on(&mut self, how: &How, env: &mut Env<'_>) -> Option<Time> {
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
            if !self.ask(g, refused, retries, how, now, env) {
                return false;
            }
            if matches!(g.step, Step::Evict { .. }) {
                return true;
            }
        }
        self.wait(g, how, now, env)
    }

    /// Asks for a pod to be evicted. Returns whether there is anything left to do about it.
    fn ask(&mut self, g: &mut Going, refused: bool, retries: u32, how: &How, now: Time, env: &mut Env<'_>) -> bool {
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
        match env.try_call(&eviction(&g.pod, how)) {
            Ok(_) if how.dry == DryRun::Server => return false,
            Ok(_) => g.step = Step::Wait,
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
            Err(s) if s.namespace_ends() && ending => g.step = Step::Wait,
            Err(s) if s.namespace_ends() => {
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
                let whole = Box::new(Trouble { shown: late.into(), failure: Failure::error(late) });
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
    fn give_up_waiting(&mut self, how: &How, namespace: &str, name: &str, why: &str, whole: Box<Trouble>) {
        match how.way {
            Way::Evict => self
                .troubles
                .push(format!("error when waiting for pod {name:?} in namespace {namespace:?} to terminate: {why}")),
            Way::Delete => self.fatal = Some(whole),
        }
    }

    /// Its name, and what kept it from being drained; which pods are still there is said at once.
    pub fn outcome(self, how: &How, env: &mut Env<'_>) -> Result<String, (String, Box<Trouble>)> {
        let name = self.node.name;
        let trouble = match (self.fatal, self.troubles.as_slice()) {
            (None, []) => return Ok(name),
            (Some(fatal), _) => fatal,
            (None, some) => Trouble::all(some),
        };
        let Seen { going: pods, said } = how.pods_of(&name, env);
        if !pods.is_empty() {
            env.error_line(format!(
                "There are pending pods in node {name:?} when an error occurred: {}",
                trouble.shown
            ));
            pods.iter().for_each(|p| env.error_line(format!("pod/{}", names(p).1)));
        }
        if let Err(why) = said {
            env.error_line("Following errors occurred while getting the list of pods to delete:");
            env.complain(&why.shown);
        }
        Err((name, trouble))
    }
}

/// What both ways to end a pod are told.
fn options(how: &How) -> Value {
    let mut options = json!({});
    if let Some(secs) = how.grace_secs {
        options["gracePeriodSeconds"] = secs.into();
    }
    if how.dry == DryRun::Server {
        options["dryRun"] = json!(["All"]);
    }
    options
}

fn deletion(pod: &Value, how: &How) -> Request {
    let r = Request::new(Method::Delete, path(pod)).body(options(how));
    how.dry.on(r)
}

fn eviction(pod: &Value, how: &How) -> Request {
    let (namespace, name) = names(pod);
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace},
        "deleteOptions": options(how),
    });
    Request::new(Method::Post, format!("{}/eviction", path(pod))).body(eviction)
}

/// Namespace and name.
fn names(pod: &Value) -> (&str, &str) {
    (pod["metadata"]["namespace"].as_str().unwrap_or(""), pod["metadata"]["name"].as_str().unwrap_or(""))
}

fn path(pod: &Value) -> String {
    let (namespace, name) = names(pod);
    object(kinds::Pod::kind_ref(), namespace, name)
}
