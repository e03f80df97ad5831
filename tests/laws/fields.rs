//! Places in an object, and objects made of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A step on the way to a place, as field management names it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    Field(&'static str),
    /// The item of a list whose key has this value.
    Item(&'static str, &'static str),
    /// A text in a list that is a set.
    Text(&'static str),
}

pub use Step::{Field, Item, Text};

pub type Place = Vec<Step>;
/// What stands at which place.
pub type Content = BTreeMap<Place, Value>;

/// Puts a value at a place, with all that leads to it.
pub fn put(o: &mut Value, place: &[Step], value: &Value) {
    let Some((step, rest)) = place.split_first() else {
        *o = value.clone();
        return;
    };
    match step {
        Field(name) => put(&mut o[*name], rest, value),
        Item(key, id) => {
            let at = position(o, key, id).unwrap_or_else(|| push(o, json!({*key: id})));
            put(&mut o[at], rest, value);
        }
        Text(text) => {
            if !o.as_array().is_some_and(|a| a.contains(&json!(text))) {
                push(o, json!(text));
            }
        }
    }
}

fn position(o: &Value, key: &str, id: &str) -> Option<usize> {
    o.as_array()?.iter().position(|i| i[key] == *id)
}

fn push(o: &mut Value, item: Value) -> usize {
    if !o.is_array() {
        *o = json!([]);
    }
    let list = o.as_array_mut().expect("a list");
    list.push(item);
    list.len() - 1
}

pub fn look<'v>(o: &'v Value, place: &[Step]) -> Option<&'v Value> {
    let Some((step, rest)) = place.split_first() else { return Some(o) };
    match step {
        Field(name) => look(o.get(name)?, rest),
        Item(key, id) => look(&o[position(o, key, id)?], rest),
        Text(text) => o.as_array()?.iter().find(|v| **v == **text),
    }
}

/// Takes a place away; an item that is left with nothing but its key goes too.
pub fn take(o: &mut Value, place: &[Step]) {
    let Some((step, rest)) = place.split_first() else { return };
    match (step, rest) {
        (Field(name), []) => drop(o.as_object_mut().and_then(|m| m.remove(*name))),
        (Field(name), rest) => {
            if let Some(inner) = o.get_mut(name) {
                take(inner, rest);
            }
        }
        (Item(key, id), rest) => {
            if let Some(at) = position(o, key, id) {
                take(&mut o[at], rest);
                if o[at].as_object().is_some_and(|m| m.len() == 1) {
                    o.as_array_mut().expect("a list").remove(at);
                }
            }
        }
        (Text(text), _) => o.as_array_mut().into_iter().for_each(|a| a.retain(|v| v != text)),
    }
}

/// Whether `fieldsV1` holds a place.
pub fn holds(fields: &Value, place: &[Step]) -> bool {
    let Some((step, rest)) = place.split_first() else { return true };
    let name = match step {
        Field(name) => format!("f:{name}"),
        Item(key, id) => format!("k:{}", json!({*key: id})),
        Text(text) => format!("v:{}", json!(text)),
    };
    fields.get(&name).is_some_and(|inner| holds(inner, rest))
}

/// An object made of places.
pub fn object(base: &Value, content: &Content) -> Value {
    let mut o = base.clone();
    content.iter().for_each(|(place, value)| put(&mut o, place, value));
    o
}
