//! kubectl rollout status.
//! Real Kubernetes: k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go, k8s.io/kubectl/pkg/cmd/rollout/rollout_status.go.

use serde_json::Value;

use super::{Rolled, gather, group_kind, revisions};
use crate::api::Time;
use crate::api::request::Request;
use crate::kubectl::env::Watch;
use crate::kubectl::resources::{Found, collection, joined};
use crate::kubectl::{Args, Done, Env, Failure, Follow, Progress};

type Told = Result<(String, bool), Failure>;

/// What `rollout status` says of an object; `true` when it is over.
fn progress(kind: Rolled, o: &Value) -> Told {
    match kind {
        Rolled::Deployment => deployment(o),
        Rolled::DaemonSet => daemon_set(o),
        Rolled::StatefulSet => stateful_set(o),
    }
}

fn number(v: &Value) -> i64 {
    v.as_i64().unwrap_or(0)
}

fn waiting(what: String) -> Told {
    Ok((what, false))
}

fn only_rolling(o: &Value) -> Result<(), Failure> {
    match o["spec"]["updateStrategy"]["type"].as_str() {
        Some("RollingUpdate") => Ok(()),
        _ => Err(Failure::error("rollout status is only available for RollingUpdate strategy type")),
    }
}

fn daemon_set(d: &Value) -> Told {
    only_rolling(d)?;
    let (name, s) = (d["metadata"]["name"].as_str().unwrap_or(""), &d["status"]);
    if number(&d["metadata"]["generation"]) > number(&s["observedGeneration"]) {
        return waiting("Waiting for daemon set spec update to be observed...".into());
    }
    let (wanted, updated, available) =
        (number(&s["desiredNumberScheduled"]), number(&s["updatedNumberScheduled"]), number(&s["numberAvailable"]));
    let unfinished = |what: String| waiting(format!("Waiting for daemon set {name:?} rollout to finish: {what}..."));
    match () {
        () if updated < wanted => unfinished(format!("{updated} out of {wanted} new pods have been updated")),
        () if available < wanted => unfinished(format!("{available} of {wanted} updated pods are available")),
        () => Ok((format!("daemon set {name:?} successfully rolled out"), true)),
    }
}

fn stateful_set(o: &Value) -> Told {
    only_rolling(o)?;
    let (spec, s) = (&o["spec"], &o["status"]);
    let observed = number(&s["observedGeneration"]);
    if observed == 0 || number(&o["metadata"]["generation"]) > observed {
        return waiting("Waiting for statefulset spec update to be observed...".into());
    }
    let (wanted, ready, updated) =
        (number(&spec["replicas"]), number(&s["readyReplicas"]), number(&s["updatedReplicas"]));
    if ready < wanted {
        return waiting(format!("Waiting for {} pods to be ready...", wanted - ready));
    }
    let rolling = &spec["updateStrategy"]["rollingUpdate"];
    if rolling.is_object() {
        let part = wanted - number(&rolling["partition"]);
        if rolling["partition"].is_i64() && updated < part {
            return waiting(format!(
                "Waiting for partitioned roll out to finish: {updated} out of {part} new pods have been updated..."
            ));
        }
        return Ok((format!("partitioned roll out complete: {updated} new pods have been updated..."), true));
    }
    let revision = |k: &str| s[k].as_str().unwrap_or("");
    if revision("updateRevision") != revision("currentRevision") {
        return waiting(format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {}...",
            revision("updateRevision")
        ));
    }
    let (pods, revision) = (number(&s["currentReplicas"]), revision("currentRevision"));
    Ok((format!("statefulset rolling update complete {pods} pods at revision {revision}..."), true))
}

fn deployment(d: &Value) -> Told {
    let name = d["metadata"]["name"].as_str().unwrap_or("");
    let n = number;
    let s = &d["status"];
    if n(&d["metadata"]["generation"]) > n(&s["observedGeneration"]) {
        return waiting("Waiting for deployment spec update to be observed...".into());
    }
    let late = s["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|c| c["type"] == "Progressing" && c["reason"] == "ProgressDeadlineExceeded");
    if late {
        return Err(Failure::error(format!("deployment {name:?} exceeded its progress deadline")));
    }
    let (wanted, updated, total, available) =
        (n(&d["spec"]["replicas"]), n(&s["updatedReplicas"]), n(&s["replicas"]), n(&s["availableReplicas"]));
    let unfinished = |what: String| waiting(format!("Waiting for deployment {name:?} rollout to finish: {what}..."));
    match () {
        () if updated < wanted => unfinished(format!("{updated} out of {wanted} new replicas have been updated")),
        () if total > updated => unfinished(format!("{} old replicas are pending termination", total - updated)),
        () if available < updated => unfinished(format!("{available} of {updated} updated replicas are available")),
        () => Ok((format!("deployment {name:?} successfully rolled out"), true)),
    }
}

pub fn status(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if args.int("revision") < 0 {
        return Err(Failure::error(format!("revision must be a positive integer: {}", args.int("revision"))));
    }
    let (found, failures) = gather(args, env)?;
    if !failures.is_empty() {
        return Err(joined(failures));
    }
    let mut todo = vec![];
    for f in found {
        let Some(kind) = Rolled::of(f.kind) else {
            let kind = group_kind(f.kind);
            return Err(Failure::error(format!("no status viewer has been implemented for {kind}")));
        };
        todo.push((kind, f));
    }
    if todo.is_empty() {
        env.error_line(format!("No resources found in {} namespace.", env.namespace));
        return Ok(Done::OK);
    }
    let deadline = match args.duration("timeout") {
        d if d.is_zero() => None,
        d => Some(env.now() + d),
    };
    todo.reverse();
    let (once, revision) = (!args.flag("watch"), args.int("revision"));
    Ok(Done::Follow(Box::new(Status { todo, watch: None, deadline, once, revision })))
}

struct Status {
    todo: Vec<(Rolled, Found)>,
    watch: Option<Watch>,
    deadline: Option<Time>,
    once: bool,
    /// The revision that is asked for; 0 is whichever runs.
    revision: i64,
}

impl Status {
    /// Says what a state of the object means; `true` when this one is over.
    fn tell(&mut self, kind: Rolled, o: &Value, env: &mut Env<'_>) -> Result<bool, Failure> {
        let running = revisions::of_deployment(o);
        // Only a Deployment tells its revision.
        if kind == Rolled::Deployment && self.revision > 0 && self.revision != running {
            return Err(Failure::error(format!(
                "desired revision ({}) is different from the running revision ({running})",
                self.revision
            )));
        }
        let (text, done) = progress(kind, o)?;
        env.line(text);
        Ok(done || self.once)
    }

    fn over(&mut self, env: &mut Env<'_>) {
        if let Some(w) = self.watch.take() {
            env.api.close(w);
        }
        self.todo.pop();
    }
}

impl Follow for Status {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        while let Some((kind, f)) = self.todo.last().cloned() {
            if self.watch.is_none() {
                let request = Request::get(collection(f.kind, &f.namespace))
                    .query("fieldSelector", format!("metadata.name={}", f.name));
                self.watch = Some(env.api.watch(&request).map_err(|s| Failure::status(&s))?);
            }
            let Some(w) = self.watch else { break };
            let mut moved = false;
            while let Some(e) = env.api.next(w) {
                if e.kind == "DELETED" {
                    return Err(Failure::error("object has been deleted"));
                }
                if self.tell(kind, &e.object, env)? {
                    self.over(env);
                    moved = true;
                    break;
                }
            }
            if !moved {
                break;
            }
        }
        if self.todo.is_empty() {
            return Ok(Progress::Exit(0));
        }
        if self.deadline.is_some_and(|d| env.now() >= d) {
            return Err(Failure::error("timed out waiting for the condition"));
        }
        Ok(Progress::Waiting(self.deadline))
    }

    fn stop(&mut self, env: &mut Env<'_>) {
        if let Some(w) = self.watch.take() {
            env.api.close(w);
        }
    }
}
