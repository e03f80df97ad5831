//! kubectl wait: until conditions hold, or objects are gone or there.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/wait/wait.go, condition.go, json.go, delete.go, create.go.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use super::create::say;
use crate::api::jsonpath::{Template, show};
use crate::api::request::Request;
use crate::api::{Duration, Reason, Time};
use crate::kubectl::args::{ALL, DEEP_FILES, DryRun, OUTPUT, SELECT, Type};
use crate::kubectl::printers::Format;
use crate::kubectl::resources::{self, Found, joined};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static WAIT: Verb = Verb {
    name: "wait",
    summary: "Wait for a specific condition on one or many resources",
    flags: &[
        &[
            Flag::new("for", Type::Array),
            Flag::new("local", Type::Bool).absent(),
            Flag::new("timeout", Type::Duration).default("30s"),
        ],
        ALL,
        SELECT,
        OUTPUT,
        DEEP_FILES,
    ],
    completes: Completes::Objects,
    run: wait,
};

#[derive(Clone, Debug, PartialEq)]
enum Until {
    Created,
    Deleted,
    Condition { kind: String, status: String },
    Path { path: Template, value: Option<String> },
}

impl Until {
    fn parse(text: &str) -> Result<Until, Failure> {
        match text.to_lowercase().as_str() {
            "delete" => return Ok(Until::Deleted),
            "create" => return Ok(Until::Created),
            _ => {}
        }
        if let Some(c) = text.strip_prefix("condition=") {
            let (kind, status) = c.split_once('=').unwrap_or((c, "true"));
            return Ok(Until::Condition { kind: kind.into(), status: status.into() });
        }
        let Some(path) = text.strip_prefix("jsonpath=") else {
            return Err(Failure::error(format!("unrecognized condition: {text:?}")));
        };
        let quotes = ['\'', '"'];
        let (path, value) = match split(path.trim_matches(quotes)).as_slice() {
            [path] => (path.clone(), None),
            [path, value] => match value.trim_matches(quotes) {
                "" => {
                    return Err(Failure::error(
                        "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
                    ));
                }
                value => (path.clone(), Some(value.to_string())),
            },
            _ => {
                return Err(Failure::error(
                    "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'",
                ));
            }
        };
        match path.trim_matches(quotes) {
            "" => Err(Failure::error("jsonpath expression cannot be empty")),
            path => Ok(Until::Path { path: Template::relaxed(path).map_err(Failure::error)?, value }),
        }
    }

    fn holds(&self, v: &Value) -> Result<bool, Failure> {
        match self {
            Until::Created => Ok(true),
            Until::Deleted => Ok(false),
            Until::Condition { kind, status } => Ok(has_condition(v, kind, status)),
            Until::Path { path, value } => match (path.find(v).as_slice(), value) {
                ([], _) => Ok(false),
                ([_, _, ..], _) => Err(Failure::error("given jsonpath expression matches more than one value")),
                ([_], None) => Ok(true),
                ([Value::Object(_) | Value::Array(_)], Some(_)) => {
                    Err(Failure::error("jsonpath leads to a nested object or list which is not supported"))
                }
                ([found], Some(wanted)) => Ok(show(found).trim() == wanted.trim()),
            },
        }
    }
}

/// Cuts at single `=`; two of them belong to the expression.
fn split(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        let Some(last) = out.last_mut() else { break };
        if c != '=' {
            last.push(c);
        } else if letters.next_if_eq(&'=').is_some() {
            last.push_str("==");
        } else {
            out.push(String::new());
        }
    }
    out
}

/// A condition of that kind counts when whoever wrote it has seen the present spec.
fn has_condition(v: &Value, kind: &str, status: &str) -> bool {
    let same = |of: &Value, wanted: &str| of.as_str().is_some_and(|t| t.eq_ignore_ascii_case(wanted));
    let mut conditions = v["status"]["conditions"].as_array().into_iter().flatten();
    let Some(c) = conditions.find(|c| same(&c["type"], kind) && c["status"].is_string()) else { return false };
    let seen = c["observedGeneration"].as_i64().or_else(|| v["status"]["observedGeneration"].as_i64());
    let old = seen.zip(v["metadata"]["generation"].as_i64()).is_some_and(|(seen, now)| seen < now);
    !old && same(&c["status"], status)
}

/// How long a negative timeout is.
const WEEK: Duration = Duration::from_secs(168 * 3600);

fn wait(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let conditions = args.list("for").iter().map(|c| Until::parse(c)).collect::<Result<Vec<_>, _>>()?;
    if conditions.is_empty() {
        return Err(Failure::error("unrecognized condition: []"));
    }
    let timeout = if args.text("timeout").starts_with('-') { WEEK } else { args.duration("timeout") };
    let waiting = Waiting {
        args: args.clone(),
        format: Format::of(args)?,
        state: State::Finding,
        once: timeout.is_zero(),
        deadline: env.now() + timeout,
        conditions,
        late: vec![],
    };
    Ok(Done::Follow(Box::new(waiting)))
}

enum State {
    /// Looking for what the command line names, which need not be there yet.
    Finding,
    /// One object after the other, and how many of the conditions of the first hold.
    Found { todo: VecDeque<Found>, held: usize },
}

struct Waiting {
    args: Args,
    format: Format,
    conditions: Vec<Until>,
    state: State,
    /// To look only once.
    once: bool,
    deadline: Time,
    /// What did not come in time.
    late: Vec<Failure>,
}

impl Waiting {
    /// The objects; nothing while they are waited for.
    fn find(&self, env: &mut Env<'_>) -> Result<Option<VecDeque<Found>>, Failure> {
        let (found, failures) = resources::fetch_named(&self.args, &self.args.words, env)?;
        let deleted = self.conditions.contains(&Until::Deleted);
        let absent = failures.iter().all(Failure::is_absence);
        if self.conditions.contains(&Until::Created) && absent && (!failures.is_empty() || found.is_empty()) {
            return if env.now() < self.deadline { Ok(None) } else { Err(Failure::error(TIMED_OUT)) };
        }
        let excused = deleted && absent;
        if !failures.is_empty() && !excused {
            return Err(joined(failures));
        }
        if found.is_empty() && !deleted {
            return Err(Failure::error("no matching resources found"));
        }
        Ok(Some(found.into()))
    }

    /// The object as it is once a condition holds.
    fn held(&self, until: &Until, f: &Found, env: &mut Env<'_>) -> Result<Option<Arc<Value>>, Failure> {
        if *until == Until::Created {
            return Ok(Some(f.object.clone()));
        }
        match env.try_call(&Request::get(f.path())) {
            Err(s) if s.is(Reason::NotFound) && *until == Until::Deleted => Ok(Some(f.object.clone())),
            Err(s) => Err(Failure::status(&s)),
            Ok(o) if *until == Until::Deleted => {
                Ok((o["metadata"]["uid"] != f.object["metadata"]["uid"]).then(|| f.object.clone()))
            }
            Ok(o) => Ok(until.holds(&o)?.then_some(o)),
        }
    }

    fn too_late(&self, f: &Found) -> Failure {
        let object = format!("{}/{}", f.kind.plural(), f.name);
        Failure::error(if self.once {
            format!("condition not met for {object}")
        } else {
            format!("{TIMED_OUT} on {object}")
        })
    }
}

const TIMED_OUT: &str = "timed out waiting for the condition";

impl Follow for Waiting {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        if matches!(self.state, State::Finding) {
            let Some(todo) = self.find(env)? else { return Ok(Progress::Waiting(Some(self.deadline))) };
            self.state = State::Found { todo, held: 0 };
        }
        let State::Found { todo, mut held } = std::mem::replace(&mut self.state, State::Finding) else {
            return Ok(Progress::Waiting(Some(self.deadline)));
        };
        let mut todo = todo;
        while let Some(f) = todo.pop_front() {
            let Some(until) = self.conditions.get(held) else {
                held = 0;
                continue;
            };
            match self.held(until, &f, env) {
                Ok(Some(object)) => {
                    say(&self.args, &self.format, f.kind, &object, "condition met", DryRun::None, env)?;
                    held += 1;
                    todo.push_front(f);
                }
                Ok(None) if env.now() < self.deadline => {
                    todo.push_front(f);
                    self.state = State::Found { todo, held };
                    return Ok(Progress::Waiting(Some(self.deadline)));
                }
                Ok(None) => {
                    self.late.push(self.too_late(&f));
                    held = 0;
                }
                Err(failure) => {
                    self.late.push(failure);
                    held = 0;
                }
            }
        }
        let late = std::mem::take(&mut self.late);
        if late.is_empty() { Ok(Progress::Exit(0)) } else { Err(joined(late)) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_are_read_as_kubectl_reads_them() {
        let message = |text| Until::parse(text).map_err(|f| f.message).err();
        assert_eq!(Until::parse("CREATE").ok(), Some(Until::Created));
        assert_eq!(
            Until::parse("condition=Ready=False").ok(),
            Some(Until::Condition { kind: "Ready".into(), status: "False".into() })
        );
        assert_eq!(message("created"), Some("error: unrecognized condition: \"created\"".into()));
        assert_eq!(message("jsonpath="), Some("error: jsonpath expression cannot be empty".into()));
        assert!(message("jsonpath={.a}=").is_some_and(|m| m.contains("has to have a value after equal sign")));
        assert!(message("jsonpath={.a}=1=2").is_some_and(|m| m.contains("jsonpath wait format must be")));
        assert_eq!(message("jsonpath={.a[?(@.b==\"c\")].d}=1"), None);
    }

    #[test]
    fn a_condition_counts_once_the_present_spec_was_seen() {
        let v = |seen: i64| {
            json!({"metadata": {"generation": 2}, "status": {"observedGeneration": seen,
                   "conditions": [{"type": "Available", "status": "True"}]}})
        };
        assert!(has_condition(&v(2), "available", "true"));
        assert!(!has_condition(&v(1), "available", "true"));
        assert!(!has_condition(&v(2), "available", "false"));
    }

    #[test]
    fn a_path_leads_to_one_value() {
        let holds = |text: &str, v: Value| Until::parse(text).and_then(|u| u.holds(&v)).map_err(|f| f.message);
        assert_eq!(holds("jsonpath={.a}", json!({"a": "x"})), Ok(true));
        assert_eq!(holds("jsonpath='{.a}'=x", json!({"a": "x"})), Ok(true));
        assert_eq!(holds("jsonpath={.a}=3", json!({"a": 3})), Ok(true));
        assert_eq!(holds("jsonpath={.b}=3", json!({"a": 3})), Ok(false));
        assert!(holds("jsonpath={.a}=3", json!({"a": {}})).is_err_and(|m| m.contains("nested object or list")));
        assert!(holds("jsonpath={.a[*]}=3", json!({"a": [1, 2]})).is_err_and(|m| m.contains("more than one value")));
    }
}
