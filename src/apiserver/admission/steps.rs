//! What each plugin does to a request, for the ledger.
//!
//! Where a plugin changed an object is found by looking at the object before and after it. That costs a little, so it is done only for
//! what people ask for, not for the writes of components.

use std::sync::Arc;

use serde_json::Value;

use super::Plugin;
use crate::api::Object;
use crate::apiserver::caller::Caller;
use crate::ledger::record::{AdmissionStep, Admitted};

/// Looks at an object between the plugins.
pub struct Witness {
    before: Option<Arc<Value>>,
}

impl Witness {
    pub fn of(o: &Object, who: &Caller<'_>) -> Witness {
        Witness { before: who.owners_at_once.then(|| o.json().clone()) }
    }

    /// Notes what a plugin has made of the object.
    pub fn note(&mut self, plugin: &Plugin, o: &Object, who: &mut Caller<'_>) {
        let Some(before) = &mut self.before else { return };
        let now = o.json();
        if Arc::ptr_eq(before, now) {
            return;
        }
        let mut places = vec![];
        differences(before, now, "", &mut places);
        *before = now.clone();
        if !places.is_empty() {
            who.admission.push(AdmissionStep { plugin: plugin.name, did: Admitted::Changed(places) });
        }
    }
}

/// Notes who refused.
pub fn note_refusal(plugin: &Plugin, who: &mut Caller<'_>) {
    who.admission.push(AdmissionStep { plugin: plugin.name, did: Admitted::Refused });
}

/// The outermost places in which two values differ.
fn differences(before: &Value, now: &Value, at: &str, out: &mut Vec<String>) {
    match (before, now) {
        (Value::Object(a), Value::Object(b)) => {
            let gone = a.keys().filter(|k| !b.contains_key(*k));
            for key in b.keys().chain(gone) {
                let here = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                match (a.get(key), b.get(key)) {
                    (Some(x), Some(y)) => differences(x, y, &here, out),
                    _ => out.push(here),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (x, y)) in a.iter().zip(b).enumerate() {
                differences(x, y, &format!("{at}[{i}]"), out);
            }
        }
        _ if before != now => out.push(at.into()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_outermost_places_that_differ_are_named() {
        let before =
            json!({"metadata": {"name": "a"}, "spec": {"list": [{"x": 1, "y": 2}], "gone": true, "grown": [1]}});
        let now =
            json!({"metadata": {"name": "a"}, "spec": {"list": [{"x": 1, "y": 3}], "new": {"in": 1}, "grown": [1, 2]}});
        let mut places = vec![];
        differences(&before, &now, "", &mut places);
        places.sort();
        assert_eq!(places, ["spec.gone", "spec.grown", "spec.list[0].y", "spec.new"]);
    }
}
