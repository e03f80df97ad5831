//! Checks: CEL over the cluster's state and over the ledger since the step began.

use cel::{Context, Program, Value as CelValue};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value, json};

use super::Step;
use crate::api::RecordId;
use crate::ledger::{Fact, Facts, Root, What};
use crate::prompt::Session;
use crate::store::Scope;

/// JSON whose whole numbers are signed: CEL keeps signed and unsigned apart.
struct Signed<'a>(&'a Value);

impl Serialize for Signed<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => s.serialize_unit(),
            Value::Bool(b) => s.serialize_bool(*b),
            Value::Number(n) => match n.as_i64() {
                Some(i) => s.serialize_i64(i),
                None => s.serialize_f64(n.as_f64().unwrap_or(0.0)),
            },
            Value::String(t) => s.serialize_str(t),
            Value::Array(a) => {
                let mut q = s.serialize_seq(Some(a.len()))?;
                for x in a {
                    q.serialize_element(&Signed(x))?;
                }
                q.end()
            }
            Value::Object(m) => {
                let mut q = s.serialize_map(Some(m.len()))?;
                for (k, v) in m {
                    q.serialize_entry(k, &Signed(v))?;
                }
                q.end()
            }
        }
    }
}

/// `state.deployments["default/web"]`
fn state(session: &Session) -> Value {
    let mut out = Map::new();
    for kind in session.cluster.world.api.stored_kinds() {
        let mut objects = Map::new();
        for o in session.cluster.world.api.store().list(&Scope::all(kind)) {
            let key = if kind.namespaced() { format!("{}/{}", o.namespace(), o.name()) } else { o.name().to_string() };
            objects.insert(key, (**o.json()).clone());
        }
        out.insert(kind.plural().into(), Value::Object(objects));
    }
    Value::Object(out)
}

/// The records since a step began. A command that ended with an error is a `failed-command`: a look at something that is
/// not there has seen nothing.
fn records(session: &Session, from: RecordId) -> Value {
    let about = |k: &crate::api::Key| {
        if k.namespace.is_empty() {
            format!("{}/{}", k.kind.plural(), k.name)
        } else {
            format!("{}/{}/{}", k.kind.plural(), k.namespace, k.name)
        }
    };
    let list: Vec<Value> = session
        .cluster
        .world
        .ledger
        .since(from)
        .map(|r| {
            let (kind, message, key, facts) = match &r.what {
                What::Root(Root::Command(line)) if session.failed.contains(&r.id) => {
                    ("failed-command", line.clone(), String::new(), json!({}))
                }
                What::Root(Root::Command(line)) => ("command", line.clone(), String::new(), json!({})),
                What::Root(Root::Fault { what, broken }) => {
                    ("fault", format!("{} {what}", if *broken { "fail" } else { "heal" }), String::new(), json!({}))
                }
                What::Root(Root::Call(line)) => ("call", line.clone(), String::new(), json!({})),
                What::Root(Root::Startup) => ("startup", String::new(), String::new(), json!({})),
                What::Step(_) => ("step", String::new(), String::new(), json!({})),
                What::Op { call, .. } => ("op", (*call).to_string(), String::new(), json!({})),
                What::Read(x) => {
                    let line = r.causes.first().and_then(|c| session.cluster.world.ledger.get(*c));
                    let line = match line.map(|r| &r.what) {
                        Some(What::Root(Root::Command(line))) => line.as_str(),
                        _ => "",
                    };
                    let facts = json!({"line": line, "namespace": x.namespace, "name": x.name, "found": x.found});
                    ("read", String::new(), x.kind.plural().to_string(), facts)
                }
                What::Request(q) => {
                    ("request", q.verb.to_string(), about(&q.key), json!({"refused": q.refused().is_some()}))
                }
                What::Decision(d) => {
                    let facts = facts(d.facts());
                    ("decision", d.message().to_string(), d.about().map(|k| about(&k)).unwrap_or_default(), facts)
                }
            };
            json!({"id": r.id.0, "actor": r.actor, "kind": kind, "message": message, "about": key, "facts": facts})
        })
        .collect();
    Value::Array(list)
}

/// A cluster as checks see it: its state, and what happened since a step began.
pub struct View(Context<'static>);

impl View {
    pub fn of(session: &Session, from: RecordId) -> Result<View, String> {
        let mut context = Context::default();
        let (state, ledger) = (state(session), records(session, from));
        context.add_variable("state", Signed(&state)).map_err(|e| e.to_string())?;
        context.add_variable("ledger", Signed(&ledger)).map_err(|e| e.to_string())?;
        Ok(View(context))
    }

    /// Whether an expression holds. One that cannot be computed (an object is not there) does not.
    pub fn holds(&self, cel: &str) -> Result<bool, String> {
        let program = Program::compile(cel).map_err(|e| e.to_string())?;
        Ok(matches!(program.execute(&self.0), Ok(CelValue::Bool(true))))
    }

    /// Which checks of a step hold.
    pub fn checks(&self, step: &Step) -> Result<Vec<(String, bool)>, String> {
        let result = |c: &super::Check| {
            let holds = self.holds(&c.cel).map_err(|e| format!("check {} of step {}: {e}", c.id, step.id))?;
            Ok((c.id.clone(), holds))
        };
        step.checks.iter().map(result).collect()
    }
}

/// Facts as a check sees them. Parts of a sentence become a list, each with the name of its message.
fn facts(facts: Facts) -> Value {
    let one = |f: Fact| match f {
        Fact::Count(n) => Value::from(n),
        Fact::Text(t) => Value::from(t),
        Fact::Names(n) => Value::from(n),
        Fact::Time(t) => Value::from(t.as_secs_f64()),
        Fact::Phrases(parts) => {
            parts.into_iter().map(|(id, inner)| json!({"message": id, "facts": self::facts(inner)})).collect()
        }
    };
    Value::Object(facts.into_iter().map(|(k, f)| (k.to_string(), one(f))).collect())
}
