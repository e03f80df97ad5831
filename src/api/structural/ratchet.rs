//! The old value beside the new one, as far as they belong together: what was wrong before and is unchanged is let be.
//! Real Kubernetes: k8s.io/apiserver/pkg/cel/common/equality.go CorrelatedObject, pkg/apiserver/validation/ratcheting.go.

use serde_json::Value;

use super::Structural;

/// A value, what it was, and the schema of both.
#[derive(Clone, Copy)]
pub struct Correlated<'a> {
    pub new: &'a Value,
    pub old: &'a Value,
    pub schema: &'a Structural,
}

impl<'a> Correlated<'a> {
    pub fn field(&self, name: &str) -> Option<Correlated<'a>> {
        Some(Correlated { new: self.new.get(name)?, old: self.old.get(name)?, schema: self.schema.field(name)? })
    }

    /// Items belong together in lists that are maps only.
    pub fn index(&self, i: usize) -> Option<Correlated<'a>> {
        let (new, old) = (self.new.as_array()?.get(i)?, self.old.as_array()?);
        if !self.is_map() || self.schema.types.first().map(String::as_str) != Some("array") {
            return None;
        }
        let key = self.key(new)?;
        let old = old.iter().find(|item| self.key(item).is_some_and(|k| k == key))?;
        Some(Correlated { new, old, schema: self.schema.items.as_deref()? })
    }

    fn is_map(&self) -> bool {
        self.schema.extensions.list_type.as_deref() == Some("map")
    }

    /// What tells an item apart, if each part of it is a plain value.
    fn key<'v>(&self, item: &'v Value) -> Option<Vec<&'v Value>> {
        let keys = &self.schema.extensions.list_map_keys;
        if keys.is_empty() {
            return None;
        }
        let plain = |v: &&Value| v.is_boolean() || v.is_number() || v.is_string();
        keys.iter().map(|k| item.get(k).filter(plain)).collect()
    }

    /// Whether nothing has changed. What the schema does not know does not count as unchanged.
    pub fn same(&self) -> bool {
        match (self.new, self.old) {
            (Value::Array(new), Value::Array(old)) => {
                new.len() == old.len()
                    && if self.is_map() {
                        (0..new.len()).all(|i| self.index(i).is_some_and(|c| c.same()))
                    } else {
                        new == old
                    }
            }
            (Value::Object(new), Value::Object(old)) => {
                new.len() == old.len() && new.keys().all(|k| self.field(k).is_some_and(|c| c.same()))
            }
            (new, old) => new == old,
        }
    }
}
