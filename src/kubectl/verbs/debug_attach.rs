//! `kubectl debug -i`: waits until the debugging container runs, and attaches to it.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/debug/debug.go handleAttachPod.

use serde_json::Value;

use super::attach::{self, Attached};
use crate::api::ops::Talk;
use crate::api::request::Request;
use crate::api::{Resource, kinds};
use crate::kubectl::env::Streams;
use crate::kubectl::resources::object;
use crate::kubectl::{Env, Failure, Follow, Progress};

pub struct Debugging {
    pub namespace: String,
    pub pod: String,
    pub container: String,
    pub wanted: Streams,
    pub quiet: bool,
    pub stage: Stage,
}

pub enum Stage {
    /// Until it runs; the revision of the pod that was looked at last.
    Waiting(String),
    Attached(Attached),
    /// One could not attach: so many lines of its log have been shown.
    Reading(usize),
}

fn status_of<'a>(pod: &'a Value, container: &str) -> Option<&'a Value> {
    let lists = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"];
    let all = lists.into_iter().flat_map(|l| pod["status"][l].as_array().into_iter().flatten());
    all.into_iter().find(|s| s["name"] == container)
}

impl Debugging {
    fn fetch(&self, env: &mut Env<'_>) -> Result<Value, Failure> {
        let path = object(kinds::Pod::kind_ref(), &self.namespace, &self.pod);
        Ok((*env.call(&Request::get(path))?).clone())
    }

    fn wait(&mut self, seen: &str, env: &mut Env<'_>) -> Result<Progress, Failure> {
        let pod = self.fetch(env)?;
        let revision = pod["metadata"]["resourceVersion"].as_str().unwrap_or("").to_string();
        let state = status_of(&pod, &self.container).map_or(&Value::Null, |s| &s["state"]);
        if state["running"].is_object() {
            self.stage = match attach::begin(&pod, &self.container, self.wanted, self.quiet, env) {
                Ok(attached) => Stage::Attached(attached),
                Err(f) => {
                    let why = f.message.strip_prefix("error: ").unwrap_or(&f.message).to_string();
                    let pod = &self.pod;
                    env.error_line(format!(
                        "warning: couldn't attach to pod/{pod}, falling back to streaming logs: {why}"
                    ));
                    Stage::Reading(0)
                }
            };
            return self.poll(env);
        }
        if state["terminated"].is_object() {
            self.stage = Stage::Reading(0);
            return self.poll(env);
        }
        if let Some(why) =
            state["waiting"]["message"].as_str().filter(|m| !m.is_empty() && !self.quiet && revision != seen)
        {
            env.error_line(format!("Warning: container {}: {why}", self.container));
        }
        self.stage = Stage::Waiting(revision);
        Ok(Progress::Waiting(None))
    }

    fn read(&mut self, shown: usize, env: &mut Env<'_>) -> Result<Progress, Failure> {
        let lines =
            env.api.logs(&self.namespace, &self.pod, Some(&self.container), false).map_err(|s| Failure::status(&s))?;
        lines.iter().skip(shown).for_each(|(_, line)| env.line(line));
        self.stage = Stage::Reading(lines.len());
        Ok(Progress::Exit(0))
    }
}

impl Follow for Debugging {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        match &mut self.stage {
            Stage::Waiting(seen) => {
                let seen = std::mem::take(seen);
                self.wait(&seen, env)
            }
            Stage::Attached(attached) => attached.poll(env),
            Stage::Reading(shown) => {
                let shown = *shown;
                self.read(shown, env)
            }
        }
    }

    fn typed(&mut self, what: &Talk, env: &mut Env<'_>) {
        if let Stage::Attached(attached) = &mut self.stage {
            attached.typed(what, env);
        }
    }

    /// The container goes on without kubectl.
    fn stop(&mut self, env: &mut Env<'_>) {
        if let Stage::Attached(attached) = &mut self.stage {
            attached.stop(env);
        }
    }

    fn ends(&self) -> bool {
        false
    }
}
