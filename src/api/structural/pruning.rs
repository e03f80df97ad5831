//! Fields that the schema does not name are dropped, unless it preserves them.
//! Real Kubernetes: pkg/apiserver/schema/pruning/algorithm.go.

use serde_json::{Map, Value};

use super::{Additional, Structural};

/// What every object has, whatever its schema says.
const META: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Prunes a whole object. Gives the paths of what was dropped, sorted: `spec.foo`.
pub fn prune(object: &mut Value, s: &Structural) -> Vec<String> {
    run(object, s, true)
}

/// Prunes a value that is no object of its own, unless the schema calls it one.
pub fn prune_value(value: &mut Value, s: &Structural) -> Vec<String> {
    run(value, s, s.extensions.embedded_resource)
}

fn run(value: &mut Value, s: &Structural, embedded: bool) -> Vec<String> {
    let mut pruner = Pruner { trail: vec![], dropped: vec![] };
    pruner.visit(value, Some(s), embedded);
    pruner.dropped.sort();
    pruner.dropped
}

struct Pruner {
    trail: Vec<String>,
    dropped: Vec<String>,
}

impl Pruner {
    fn path(&self) -> String {
        self.trail.concat()
    }

    fn drop(&mut self, key: &str) {
        let at = self.path();
        self.dropped.push(if at.is_empty() { key.into() } else { format!("{at}.{key}") });
    }

    fn under_key(&mut self, key: &str, visit: impl FnOnce(&mut Pruner)) {
        let part = if self.trail.is_empty() { key.into() } else { format!(".{key}") };
        self.under(part, visit);
    }

    fn under(&mut self, part: String, visit: impl FnOnce(&mut Pruner)) {
        self.trail.push(part);
        visit(self);
        self.trail.pop();
    }

    /// Visits a value of which everything that is not named goes. Without a schema nothing is named.
    fn visit(&mut self, value: &mut Value, s: Option<&Structural>, embedded: bool) {
        if let Some(s) = s.filter(|s| s.extensions.preserve_unknown_fields) {
            return self.pass(value, s, embedded);
        }
        match value {
            Value::Object(map) => self.visit_object(map, s, embedded),
            Value::Array(items) => {
                let schema = s.and_then(|s| s.items.as_deref());
                for (i, item) in items.iter_mut().enumerate() {
                    self.under(format!("[{i}]"), |p| p.visit_below(item, schema));
                }
            }
            _ => {}
        }
    }

    fn visit_below(&mut self, value: &mut Value, s: Option<&Structural>) {
        self.visit(value, s, s.is_some_and(|s| s.extensions.embedded_resource));
    }

    fn visit_object(&mut self, map: &mut Map<String, Value>, s: Option<&Structural>, embedded: bool) {
        map.retain(|key, value| {
            if embedded && META.contains(&key.as_str()) {
                return true;
            }
            let known = s.and_then(|s| known_field(s, key));
            match known {
                Some(schema) => self.under_key(key, |p| p.visit_below(value, schema)),
                None if s.is_none() || !META.contains(&key.as_str()) || !self.trail.is_empty() => self.drop(key),
                None => {}
            }
            known.is_some()
        });
    }

    /// Visits a value that is kept as it is, but for what is named in it.
    fn pass(&mut self, value: &mut Value, s: &Structural, embedded: bool) {
        match value {
            Value::Object(map) => {
                for (key, value) in map.iter_mut() {
                    if embedded && META.contains(&key.as_str()) {
                        continue;
                    }
                    if let Some(schema) = known_field(s, key) {
                        self.under_key(key, |p| p.visit_below(value, schema));
                    }
                }
            }
            Value::Array(items) => {
                let Some(schema) = s.items.as_deref() else { return };
                for (i, item) in items.iter_mut().enumerate() {
                    self.under(format!("[{i}]"), |p| p.pass(item, schema, schema.extensions.embedded_resource));
                }
            }
            _ => {}
        }
    }
}

/// Whether a field has a place in the schema, and what is known of it there, if anything.
fn known_field<'a>(s: &'a Structural, key: &str) -> Option<Option<&'a Structural>> {
    match (s.properties.get(key), &s.additional_properties) {
        (Some(property), _) => Some(Some(property)),
        (None, Some(Additional::Schema(schema))) => Some(Some(schema)),
        (None, Some(Additional::Allowed(_))) => Some(None),
        (None, None) => None,
    }
}
