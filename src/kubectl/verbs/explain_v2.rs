//! kubectl explain --output=plaintext-openapiv2: the documentation as older versions printed it, from the server's document of
//! OpenAPI v2.
//! Real Kubernetes: k8s.io/kubectl/pkg/explain, k8s.io/kube-openapi/pkg/util/proto/document.go.

use serde_json::{Map, Value};

use crate::api::KindRef;
use crate::api::request::Request;
use crate::kubectl::{Done, Env, Failure};

/// Where lines are folded, and how far descriptions are indented.
const WIDTH: usize = 80;
const DESCRIPTION: usize = 5;
/// How far a field is indented, and its description within it.
const FIELD: usize = 3;
const WITHIN_FIELD: usize = 2;

/// Prints a kind, or the field at the end of a path.
pub fn explain(kind: KindRef, path: &[&str], recursive: bool, env: &mut Env<'_>) -> Result<Done, Failure> {
    let answer = env.call(&Request::get("/openapi/v2"))?;
    let document: Value = serde_json::from_str(answer.as_str().unwrap_or("")).unwrap_or_default();
    let none = Map::new();
    let definitions = Definitions(document["definitions"].as_object().unwrap_or(&none));
    let missing =
        || Failure::error(format!("couldn't find resource for \"{}, Kind={}\"", kind.api_version(), kind.name()));
    let schema = definitions.of(kind).ok_or_else(missing)?;
    let found = definitions.follow(schema, path)?;
    let name = path.last().copied().unwrap_or("");
    let text = Printer { definitions: &definitions, kind, name, recursive }.page(found);
    env.out.push_str(&text);
    Ok(Done::OK)
}

struct Definitions<'a>(&'a Map<String, Value>);

/// What a schema is for a reader.
enum Shape<'a> {
    Reference(&'a Value),
    Object(&'a Map<String, Value>),
    Map(Option<&'a Value>),
    List(&'a Value),
    Plain(&'a str),
    /// Nothing is said of it.
    Anything,
}

impl<'a> Definitions<'a> {
    fn of(&self, kind: KindRef) -> Option<&'a Value> {
        let is = |k: &Value| k["group"] == kind.group() && k["version"] == kind.version() && k["kind"] == kind.name();
        let kinds = |s: &'a Value| s["x-kubernetes-group-version-kind"].as_array().into_iter().flatten();
        self.0.values().find(|s| kinds(s).any(is))
    }

    fn shape(&self, schema: &'a Value) -> Shape<'a> {
        if let Some(to) = schema["$ref"].as_str() {
            return self.0.get(to.trim_start_matches("#/definitions/")).map_or(Shape::Anything, Shape::Reference);
        }
        match (schema["type"].as_str(), schema["properties"].as_object()) {
            (None | Some("object"), Some(properties)) => Shape::Object(properties),
            (None, None) => Shape::Anything,
            (Some("object"), None) => Shape::Map(schema.get("additionalProperties").filter(|s| s.is_object())),
            (Some("array"), _) => Shape::List(&schema["items"]),
            (Some(plain), _) => Shape::Plain(plain),
        }
    }

    /// The field at the end of a path. A path that goes on below a plain value ends there.
    fn follow(&self, schema: &'a Value, path: &[&str]) -> Result<&'a Value, Failure> {
        match (self.shape(schema), path) {
            (Shape::Plain(_) | Shape::Anything | Shape::Map(None), _) | (_, []) => Ok(schema),
            (Shape::Reference(inner) | Shape::Map(Some(inner)) | Shape::List(inner), _) => self.follow(inner, path),
            (Shape::Object(properties), [first, rest @ ..]) => {
                let missing = || Failure::error(format!("field {first:?} does not exist"));
                self.follow(properties.get(*first).ok_or_else(missing)?, rest)
            }
        }
    }

    fn type_name(&self, schema: &'a Value) -> String {
        match self.shape(schema) {
            Shape::Reference(inner) => self.type_name(inner),
            Shape::Object(_) => "Object".into(),
            Shape::Map(inner) => format!("map[string]{}", inner.map_or_else(String::new, |s| self.type_name(s))),
            Shape::List(inner) => format!("[]{}", self.type_name(inner)),
            Shape::Plain(name) => name.into(),
            Shape::Anything => String::new(),
        }
    }
}

struct Printer<'a> {
    definitions: &'a Definitions<'a>,
    kind: KindRef,
    name: &'a str,
    recursive: bool,
}

impl<'a> Printer<'a> {
    fn page(&self, schema: &'a Value) -> String {
        let mut out = format!("KIND:     {}\nVERSION:  {}\n\n", self.kind.name(), self.kind.api_version());
        // What is said on the way through lists, maps and references is printed, too.
        let (mut descriptions, mut type_name, mut at) = (vec![], String::new(), schema);
        loop {
            descriptions.push(at["description"].as_str().unwrap_or(""));
            let shape = self.definitions.shape(at);
            if type_name.is_empty() && !matches!(shape, Shape::Reference(_)) {
                type_name = self.definitions.type_name(at);
            }
            match shape {
                Shape::Reference(inner) | Shape::List(inner) | Shape::Map(Some(inner)) => at = inner,
                Shape::Object(properties) => {
                    if !self.name.is_empty() {
                        out.push_str(&format!("RESOURCE: {} <{type_name}>\n\n", self.name));
                    }
                    out.push_str(&described(&descriptions));
                    out.push_str("\nFIELDS:\n");
                    if self.recursive {
                        self.tree(properties, FIELD, &mut vec![], &mut out);
                    } else {
                        self.fields(at, properties, &mut out);
                    }
                    return out;
                }
                Shape::Plain(_) => {
                    out.push_str(&format!("FIELD:    {} <{type_name}>\n\n", self.name));
                    return out + &described(&descriptions);
                }
                Shape::Map(None) => {
                    // What anything may be in is told once more for what is in it.
                    descriptions.push(at["description"].as_str().unwrap_or(""));
                    return out + &described(&descriptions);
                }
                Shape::Anything => return out + &described(&descriptions),
            }
        }
    }

    fn fields(&self, of: &Value, properties: &'a Map<String, Value>, out: &mut String) {
        let required = |name: &str| of["required"].as_array().is_some_and(|r| r.iter().any(|x| x == name));
        for (name, field) in properties {
            let must = if required(name) { " -required-" } else { "" };
            out.push_str(&format!("{}{name}\t<{}>{must}\n", " ".repeat(FIELD), self.definitions.type_name(field)));
            out.push_str(&wrapped(field["description"].as_str().unwrap_or(""), FIELD + WITHIN_FIELD));
            out.push('\n');
        }
    }

    /// All fields with theirs below them. `above`: the definitions within which this stands; none comes within itself.
    fn tree(&self, properties: &'a Map<String, Value>, indent: usize, above: &mut Vec<&'a Value>, out: &mut String) {
        for (name, field) in properties {
            out.push_str(&format!("{}{name}\t<{}>\n", " ".repeat(indent), self.definitions.type_name(field)));
            self.below(field, indent + FIELD, above, out);
        }
    }

    fn below(&self, schema: &'a Value, indent: usize, above: &mut Vec<&'a Value>, out: &mut String) {
        match self.definitions.shape(schema) {
            Shape::Reference(inner) if !above.iter().any(|a| std::ptr::eq(*a, inner)) => {
                above.push(inner);
                self.below(inner, indent, above, out);
                above.pop();
            }
            Shape::List(inner) | Shape::Map(Some(inner)) => self.below(inner, indent, above, out),
            Shape::Object(properties) => self.tree(properties, indent, above, out),
            _ => {}
        }
    }
}

fn described(descriptions: &[&str]) -> String {
    let mut out = String::from("DESCRIPTION:\n");
    for (i, text) in descriptions.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
        if i != 0 {
            out.push('\n');
        }
        out.push_str(&wrapped(text, DESCRIPTION));
    }
    if descriptions.iter().all(|text| text.is_empty()) {
        out.push_str(&format!("{}<empty>\n", " ".repeat(DESCRIPTION)));
    }
    out
}

/// Folds a text, each line indented. Lists, code and what follows a colon keep their lines.
fn wrapped(text: &str, indent: usize) -> String {
    let (mut lines, mut line, mut last): (Vec<String>, String, &str) = (vec![], String::new(), "");
    for source in text.split('\n') {
        // A blank line right after the first line does not count.
        let (blank, first) = (source.trim().is_empty(), lines.is_empty());
        let code = source.starts_with("    ");
        let apart = code || blank || last.ends_with(':') || is_item(source.trim());
        if apart && !line.is_empty() {
            last = "";
            lines.push(std::mem::take(&mut line));
        }
        if code {
            lines.push(source.into());
            continue;
        }
        if blank && !first {
            lines.push(String::new());
            continue;
        }
        for word in source.split_whitespace() {
            last = word;
            if !line.is_empty() && line.len() + 1 + word.len() > WIDTH - indent {
                last = "";
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    let pad = " ".repeat(indent);
    lines.iter().map(|l| if l.is_empty() { "\n".to_string() } else { format!("{pad}{l}\n") }).collect()
}

/// Whether a line begins an item of a list: `- one`, `* one`, `1. one`.
fn is_item(line: &str) -> bool {
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = if digits.len() < line.len() {
        Some(digits.strip_prefix('.').unwrap_or(digits))
    } else {
        line.strip_prefix(['-', '*'])
    };
    rest.is_some_and(|r| r.starts_with(|c: char| c.is_ascii_whitespace()))
}
