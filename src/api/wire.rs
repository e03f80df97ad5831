//! JSON in the order in which Go writes it: the fields of its structs as they are declared, the keys of maps by the alphabet.
//!
//! Values are kept without that order, as nobody who reads JSON asks for it; it is seen where JSON is shown as it comes.

use serde_json::Value;

use super::go_text;
use super::kind::KindRef;
use super::schema::{Base, Shape, TypeId};

/// The body in which the API server answers.
pub fn body(v: &Value) -> String {
    let mut out = String::new();
    let to_read = Some(Indent { blanks: "  ", level: 0 });
    match (v["kind"].is_string(), TypeId::by_name("version.Info")) {
        (true, _) => return line(v) + "\n",
        // Two answers are no objects, and meant for people.
        (_, Some(version)) if v["gitVersion"].is_string() => write(v, Known::Struct(version), to_read, &mut out),
        _ if v["paths"].is_array() => write(v, Known::Nothing, to_read, &mut out),
        _ => write(v, Known::Nothing, None, &mut out),
    }
    out
}

/// The same for people: in lines, as Go's MarshalIndent sets them.
pub fn pretty(v: &Value) -> String {
    if !v["kind"].is_string() {
        return body(v);
    }
    let mut out = String::new();
    write(v, Known::by_itself(v), Some(Indent { blanks: "  ", level: 0 }), &mut out);
    out
}

/// An object in one line.
fn line(v: &Value) -> String {
    let mut out = String::new();
    write(v, Known::by_itself(v), None, &mut out);
    out
}

/// An event of a watch, in one line.
pub fn event(kind: &str, object: &Value) -> String {
    format!("{{\"type\":{},\"object\":{}}}", Value::from(kind), line(object))
}

/// JSON of an object that kubectl holds as Go's type of it, as kubectl prints JSON.
pub fn declared(kind: KindRef, v: &Value) -> String {
    let known = match kind.layout() {
        Some(t) if v["items"].is_array() => Known::Answer(t),
        Some(t) => Known::Struct(t),
        None => Known::Nothing,
    };
    as_kubectl(v, known)
}

/// The same of a list of anything.
pub fn bundle(v: &Value) -> String {
    as_kubectl(v, Known::Bundle)
}

fn as_kubectl(v: &Value, known: Known) -> String {
    let mut out = String::new();
    write(v, known, Some(Indent { blanks: "    ", level: 0 }), &mut out);
    out.push('\n');
    out
}

/// What Go knows of a value.
#[derive(Clone, Copy)]
enum Known {
    Struct(TypeId),
    /// The list that a server answers with, and what is in it.
    Answer(TypeId),
    /// A list of anything, as kubectl puts it together.
    Bundle,
    /// An object of any kind.
    Any,
    Items(Base),
    Values(Base),
    Nothing,
}

/// What a server answers that is no object of a kind.
const ANSWERS: [&str; 8] = [
    "APIGroup",
    "APIGroupList",
    "APIResourceList",
    "APIVersions",
    "PartialObjectMetadata",
    "PartialObjectMetadataList",
    "Status",
    "Table",
];

impl Known {
    fn of(base: Base) -> Known {
        match base {
            Base::Struct(t) => Known::Struct(t),
            Base::Raw => Known::Any,
            _ => Known::Nothing,
        }
    }

    /// What an object says of itself.
    fn by_itself(v: &Value) -> Known {
        let (version, kind) = (v["apiVersion"].as_str().unwrap_or(""), v["kind"].as_str().unwrap_or(""));
        let layout = |kind: &str| KindRef::by_gvk(version, kind).and_then(KindRef::layout);
        let answer = || match kind {
            "APIGroupDiscoveryList" => TypeId::by_name("apidiscovery/v2.APIGroupDiscoveryList"),
            _ if ANSWERS.contains(&kind) => TypeId::by_name(&format!("meta/v1.{kind}")),
            _ => None,
        };
        let list = || kind.strip_suffix("List").filter(|_| v["items"].is_array()).and_then(layout);
        if let Some(t) = answer().or_else(|| layout(kind)) {
            Known::Struct(t)
        } else {
            list().map_or(Known::Nothing, Known::Answer)
        }
    }

    fn order(self) -> Vec<&'static str> {
        match self {
            Known::Struct(t) => t.declared(),
            Known::Answer(_) | Known::Bundle => vec!["kind", "apiVersion", "metadata", "items"],
            _ => vec![],
        }
    }

    /// What is known of a field, or of an item.
    fn below(self, name: &str) -> Known {
        match self {
            Known::Struct(t) => match t.field(name) {
                Some(f) => match f.shape {
                    Shape::Plain | Shape::Pointer => Known::of(f.base),
                    Shape::List => Known::Items(f.base),
                    Shape::Map(_) => Known::Values(f.base),
                },
                None => Known::Nothing,
            },
            Known::Answer(_) if name == "metadata" => {
                TypeId::by_name("meta/v1.ListMeta").map_or(Known::Nothing, Known::Struct)
            }
            Known::Answer(t) if name == "items" => Known::Items(Base::Struct(t)),
            Known::Items(base) | Known::Values(base) => Known::of(base),
            Known::Answer(_) | Known::Bundle | Known::Any | Known::Nothing => Known::Nothing,
        }
    }
}

#[derive(Clone, Copy)]
struct Indent {
    blanks: &'static str,
    level: usize,
}

impl Indent {
    fn deeper(self) -> Indent {
        Indent { level: self.level + 1, ..self }
    }
}

fn write(v: &Value, known: Known, indent: Option<Indent>, out: &mut String) {
    let known = if matches!(known, Known::Any) { Known::by_itself(v) } else { known };
    let colon = if indent.is_some() { ": " } else { ":" };
    let (open, close, parts): (char, char, Vec<(String, &Value, &str)>) = match v {
        Value::Object(m) if !m.is_empty() => {
            let mut entries: Vec<(&String, &Value)> = m.iter().collect();
            let order = known.order();
            entries.sort_by_key(|(k, _)| order.iter().position(|d| d == k).unwrap_or(order.len()));
            let named = |k: &str| format!("{}{colon}", go_text::json(&Value::from(k)));
            ('{', '}', entries.into_iter().map(|(k, v)| (named(k), v, k.as_str())).collect())
        }
        Value::Array(a) if !a.is_empty() => ('[', ']', a.iter().map(|x| (String::new(), x, "")).collect()),
        other => {
            out.push_str(&go_text::json(other));
            return;
        }
    };
    let new_line = |indent: Option<Indent>, out: &mut String| {
        if let Some(i) = indent {
            out.push('\n');
            out.push_str(&i.blanks.repeat(i.level));
        }
    };
    let inner = indent.map(Indent::deeper);
    out.push(open);
    for (i, (head, part, name)) in parts.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        new_line(inner, out);
        out.push_str(head);
        write(part, known.below(name), inner, out);
    }
    new_line(indent, out);
    out.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Resource, kinds};
    use serde_json::json;

    #[test]
    fn answers_are_one_line_as_go_declares_them() {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"b": "<", "a": "x"}, "metadata": {"uid": "u", "name": "n"}});
        let shown =
            r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"n","uid":"u"},"data":{"a":"x","b":"\u003c"}}"#;
        assert_eq!(line(&map), shown);
        assert_eq!(event("ADDED", &map), format!(r#"{{"type":"ADDED","object":{shown}}}"#));
        let list = json!({"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {"resourceVersion": "1", "continue": "c"}, "items": [{"data": {}, "metadata": {}}]});
        assert_eq!(
            line(&list),
            r#"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"1","continue":"c"},"items":[{"metadata":{},"data":{}}]}"#
        );
        let table = json!({"apiVersion": "meta.k8s.io/v1", "kind": "Table", "rows": [{"object": {"metadata": {}, "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata"}, "cells": ["x", 1]}]});
        assert_eq!(
            line(&table),
            r#"{"kind":"Table","apiVersion":"meta.k8s.io/v1","rows":[{"cells":["x",1],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{}}}]}"#
        );
        let custom = json!({"kind": "Rock", "apiVersion": "a.b/v1", "metadata": {"uid": "u", "name": "n"}});
        assert_eq!(line(&custom), r#"{"apiVersion":"a.b/v1","kind":"Rock","metadata":{"name":"n","uid":"u"}}"#);
        let version = json!({"minor": "36", "major": "1", "gitVersion": "v1"});
        assert_eq!(body(&version), "{\n  \"major\": \"1\",\n  \"minor\": \"36\",\n  \"gitVersion\": \"v1\"\n}");
    }

    #[test]
    fn generated_objects_are_printed_as_they_are_declared() {
        let line = |kind: KindRef, v: Value| -> String {
            declared(kind, &v).lines().map(|l| l.trim()).collect::<Vec<_>>().join("")
        };
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "labels": {"name": "1", "app": "x"}},
            "spec": {"ports": [{"name": "80", "port": 80, "protocol": "TCP"}], "selector": {"name": "b", "app": "a"}, "type": "ClusterIP"}});
        assert_eq!(
            line(kinds::Service::kind_ref(), service),
            "{\"kind\": \"Service\",\"apiVersion\": \"v1\",\"metadata\": {\"name\": \"x\",\"labels\": {\"app\": \"x\",\"name\": \"1\"}},\"spec\": {\"ports\": [{\"name\": \"80\",\"protocol\": \"TCP\",\"port\": 80}],\"selector\": {\"app\": \"a\",\"name\": \"b\"},\"type\": \"ClusterIP\"}}"
        );
        let events = json!({"apiVersion": "v1", "kind": "EventList", "metadata": {}, "items": [{"reason": "r", "count": 1, "metadata": {}}]});
        assert_eq!(
            line(kinds::Event::kind_ref(), events),
            "{\"kind\": \"EventList\",\"apiVersion\": \"v1\",\"metadata\": {},\"items\": [{\"metadata\": {},\"reason\": \"r\",\"count\": 1}]}"
        );
    }
}
