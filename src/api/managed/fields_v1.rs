//! `fieldsV1`: how a set of paths is written inside `metadata.managedFields`.
//!
//! Real Kubernetes: sigs.k8s.io/structured-merge-diff/fieldpath/serialize.go.

use serde_json::{Map, Value};

use super::element::PathElement;
use super::set::{FieldSet, Node};

/// Stands inside a node for the node itself, where there are members below it too.
const SELF: &str = ".";

impl FieldSet {
    /// Reads the JSON of `fieldsV1`. Elements of an unknown sort are left out.
    pub fn from_value(v: &Value) -> Result<FieldSet, String> {
        Ok(read(v)?.0)
    }

    pub fn from_json(text: &str) -> Result<FieldSet, String> {
        FieldSet::from_value(&serde_json::from_str(text).map_err(|e| e.to_string())?)
    }

    /// The same as JSON. Its keys are in the order of their letters, which is how everybody shows them who has read
    /// them as JSON; [`FieldSet::to_json`] writes Kubernetes' order.
    pub fn to_value(&self) -> Value {
        self.value_of(false)
    }

    fn value_of(&self, with_self: bool) -> Value {
        let mut map = Map::new();
        if with_self && !self.is_empty() {
            map.insert(SELF.into(), Value::Object(Map::new()));
        }
        for n in &self.nodes {
            map.insert(n.at.notation(), n.below.value_of(n.member));
        }
        Value::Object(map)
    }

    /// The text that Kubernetes writes, in the order of the elements.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(false, &mut out);
        out
    }

    fn write(&self, with_self: bool, out: &mut String) {
        out.push('{');
        let mut parts = (with_self && !self.is_empty()).then(|| out.push_str("\".\":{}")).is_some();
        for Node { at, member, below } in &self.nodes {
            if parts {
                out.push(',');
            }
            parts = true;
            out.push_str(&Value::from(at.notation()).to_string());
            out.push(':');
            below.write(*member, out);
        }
        out.push('}');
    }
}

/// What stands there, and whether the place itself is a member: it is if it says so, and if it says nothing else.
fn read(v: &Value) -> Result<(FieldSet, bool), String> {
    let mut set = FieldSet::default();
    let mut member = false;
    let map = match v {
        Value::Object(map) => map,
        Value::Null => return Ok((set, true)),
        _ => return Err("ReadMapCB: expect { or n, but found something else".into()),
    };
    for (key, inner) in map {
        if key == SELF {
            member = true;
            continue;
        }
        let Some(at) = PathElement::parse(key)? else { continue };
        let (below, here) = read(inner)?;
        let node = set.node_mut(&at);
        node.member |= here;
        if !below.is_empty() {
            node.below = below;
        }
    }
    let member = member || set.is_empty();
    Ok((set, member))
}
