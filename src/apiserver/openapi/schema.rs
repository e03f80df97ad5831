//! A schema as text, its members in the order in which Go writes them.
//! Real Kubernetes: kube-openapi/pkg/validation/spec/schema.go.

use serde_json::{Map, Value};

use super::json::{Members, list, object};
use crate::api::go_text::plain_json;

/// What a member of a schema holds.
enum Holds {
    /// Anything, as it stands.
    Plain,
    /// A schema, a list of them, or a yes or no in place of one.
    Schema,
    /// Schemas that have names.
    Named,
}

/// The members in order; extensions follow, in the order of the alphabet.
const MEMBERS: [(&str, Holds); 34] = [
    ("id", Holds::Plain),
    ("description", Holds::Plain),
    ("type", Holds::Plain),
    ("nullable", Holds::Plain),
    ("format", Holds::Plain),
    ("title", Holds::Plain),
    ("default", Holds::Plain),
    ("maximum", Holds::Plain),
    ("exclusiveMaximum", Holds::Plain),
    ("minimum", Holds::Plain),
    ("exclusiveMinimum", Holds::Plain),
    ("maxLength", Holds::Plain),
    ("minLength", Holds::Plain),
    ("pattern", Holds::Plain),
    ("maxItems", Holds::Plain),
    ("minItems", Holds::Plain),
    ("uniqueItems", Holds::Plain),
    ("multipleOf", Holds::Plain),
    ("enum", Holds::Plain),
    ("maxProperties", Holds::Plain),
    ("minProperties", Holds::Plain),
    ("required", Holds::Plain),
    ("items", Holds::Schema),
    ("allOf", Holds::Schema),
    ("oneOf", Holds::Schema),
    ("anyOf", Holds::Schema),
    ("not", Holds::Schema),
    ("properties", Holds::Named),
    ("additionalProperties", Holds::Schema),
    ("patternProperties", Holds::Named),
    ("externalDocs", Holds::Plain),
    ("example", Holds::Plain),
    ("$schema", Holds::Plain),
    ("$ref", Holds::Plain),
];

const RULE: [&str; 6] = ["rule", "message", "messageExpression", "reason", "fieldPath", "optionalOldSelf"];

/// In which order the words of a rule come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rules {
    AsDeclared,
    /// A document that was read has forgotten what they are.
    Sorted,
}

/// A schema in JSON.
pub fn text(schema: &Value, rules: Rules) -> String {
    let Some(map) = schema.as_object() else { return plain_json(schema) };
    let known = MEMBERS.iter().filter_map(|(name, holds)| Some((*name, member(map.get(*name)?, holds, rules))));
    let extensions = map.iter().filter(|(name, _)| name.starts_with("x-"));
    let extensions = extensions.map(|(name, v)| (name.as_str(), extension(name, v, rules)));
    known.chain(extensions).fold(Members::new(), |m, (name, json)| m.with(name, &json)).end()
}

fn extension(name: &str, value: &Value, rules: Rules) -> String {
    match (name, value) {
        ("x-kubernetes-validations", Value::Array(all)) if rules == Rules::AsDeclared => list(all.iter().map(rule)),
        _ => plain_json(value),
    }
}

/// A rule of a custom resource, in the order of its fields.
fn rule(rule: &Value) -> String {
    let known = RULE.iter().filter_map(|name| Some((*name, plain_json(rule.get(*name)?))));
    object(known)
}

fn member(value: &Value, holds: &Holds, rules: Rules) -> String {
    let text = |s: &Value| text(s, rules);
    match (holds, value) {
        (Holds::Schema, Value::Array(items)) => list(items.iter().map(&text)),
        (Holds::Schema, Value::Object(_)) => text(value),
        (Holds::Named, Value::Object(named)) => object(named.iter().map(|(name, s)| (name, text(s)))),
        _ => plain_json(value),
    }
}

/// Calls a function for a schema and for each that stands within it, those within first.
pub fn change(schema: &mut Value, how: &impl Fn(&mut Map<String, Value>)) {
    match schema {
        Value::Object(map) => {
            for (name, holds) in &MEMBERS {
                match (holds, map.get_mut(*name)) {
                    (Holds::Schema, Some(inner)) => change(inner, how),
                    (Holds::Named, Some(Value::Object(named))) => named.values_mut().for_each(|s| change(s, how)),
                    _ => {}
                }
            }
            how(map);
        }
        Value::Array(items) => items.iter_mut().for_each(|s| change(s, how)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::definitions;

    #[test]
    fn definitions_are_written_as_they_were_published() {
        for (name, json) in definitions::all() {
            let schema: Value = serde_json::from_str(json).expect("JSON");
            assert_eq!(text(&schema, Rules::AsDeclared), *json, "{name}");
        }
    }
}
