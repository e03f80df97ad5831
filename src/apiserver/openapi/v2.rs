//! The document of OpenAPI v2: one for everything that is served.
//! Real Kubernetes: kube-openapi/pkg/builder/openapi.go, pkg/builder/parameters.go, pkg/handler/default_pruning.go.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Map, Value};

use super::json::{Members, list, object};
use super::paths::{PathItem, by_path};
use super::route::{Body, Content, Parameter, Place, Route};
use super::schema::{self, Rules};
use super::schemas::Schemas;
use super::v3::{Title, contents};
use crate::api::go_text;

/// The group of the server that puts the document together: all others it has read, and what was read is in the alphabet's order.
const AGGREGATOR: &str = "apiregistration.k8s.io";
const REF: &str = "#/definitions/";
const REF_OF_V3: &str = "#/components/schemas/";

/// The document of all routes, with every definition that they need.
pub fn document(routes: Vec<Route>, title: &Title, schemas: &Schemas<'_>) -> String {
    let needed = schemas.closure(routes.iter().flat_map(contents).map(String::from));
    let definitions = needed.iter().map(|(name, json)| (name, definition(json)));
    let mut shared = Shared::default();
    let paths = object(by_path(routes).iter().map(|(path, item)| (path, path_item(item, &mut shared))));
    let token = Members::new()
        .text("description", "Bearer Token authentication")
        .text("type", "apiKey")
        .text("name", "authorization")
        .text("in", "header");
    Members::new()
        .text("swagger", "2.0")
        .with("info", &Members::new().text("title", title.title).text("version", title.version).end())
        .with("paths", &paths)
        .with("definitions", &object(definitions))
        .with("parameters", &object(shared.by_name))
        .with("securityDefinitions", &Members::new().with("BearerToken", &token.end()).end())
        .with("security", &list([Members::new().with("BearerToken", "[]").end()]))
        .end()
}

/// Parameters that stand in the document once; paths refer to them.
#[derive(Default)]
struct Shared {
    by_name: BTreeMap<String, String>,
}

impl Shared {
    /// What stands for a parameter where it is used: itself, if it tells of the kind.
    fn place(&mut self, name: &str, json: String, own: bool) -> String {
        if own {
            return json;
        }
        let known = format!("{name}-{}", hash(&go_text::escaped(&json)));
        let reference = Members::new().text("$ref", &format!("#/parameters/{known}")).end();
        self.by_name.insert(known, json);
        reference
    }

    fn parameter(&mut self, p: &Parameter) -> String {
        let json = Members::new()
            .truth("uniqueItems", true)
            .text("type", &p.kind)
            .text_unless_empty("description", &p.description)
            .text("name", &p.name)
            .text("in", p.place.name())
            .truth("required", p.is_required())
            .end();
        // Old clients look for these two where they are used.
        let own =
            p.name == "name" || p.place == Place::Query && matches!(p.name.as_str(), "fieldValidation" | "dryRun");
        self.place(&p.name, json, own)
    }

    fn body(&mut self, body: &Body) -> String {
        let json = Members::new()
            .text("name", "body")
            .text("in", Place::Body.name())
            .truth("required", body.required)
            .with("schema", &reference(&body.content))
            .end();
        let own = !matches!(&body.content, Content::Defined(name) if name.starts_with("io.k8s.apimachinery"));
        self.place("body", json, own)
    }
}

/// FNV-1, shortened to eight letters.
fn hash(json: &str) -> String {
    let sum = json.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| h.wrapping_mul(0x0100_0000_01b3) ^ u64::from(b));
    URL_SAFE.encode(&sum.to_be_bytes()[..6])
}

fn path_item(item: &PathItem, shared: &mut Shared) -> String {
    let methods = item.routes.iter().fold(Members::new(), |m, r| m.with(r.method.name(), &operation(r, shared)));
    methods.list("parameters", item.common.iter().map(|p| shared.parameter(p))).end()
}

fn operation(r: &Route, shared: &mut Shared) -> String {
    // The body stands among the others, by its name.
    let before = r.parameters.iter().take_while(|p| p.name.as_str() < "body").count();
    let mut parameters: Vec<String> = r.parameters.iter().map(|p| shared.parameter(p)).collect();
    if let Some(body) = &r.body {
        parameters.insert(before, shared.body(body));
    }
    let mut out = Members::new()
        .text("description", &r.doc)
        .texts("consumes", r.consumes.iter().copied())
        .texts("produces", r.produces.iter().copied())
        .texts("schemes", ["https"])
        .texts("tags", [r.tag().as_str()])
        .text("operationId", &r.id())
        .list("parameters", parameters)
        .with("responses", &answers(r));
    if let Some(subject) = &r.subject {
        out = out.text("x-kubernetes-action", subject.action);
        let kind = if subject.group == AGGREGATOR { subject.json() } else { subject.sorted_json() };
        out = out.with("x-kubernetes-group-version-kind", &kind);
    }
    out.end()
}

fn answers(r: &Route) -> String {
    let known = r.answers.iter().map(|(code, text, content)| {
        (*code, Members::new().text("description", text).with("schema", &reference(content)).end())
    });
    let refused = r.guarded.then(|| ("401", Members::new().text("description", "Unauthorized").end()));
    object(known.chain(refused))
}

fn reference(content: &Content) -> String {
    match content {
        Content::Text => Members::new().text("type", "string").end(),
        Content::Defined(name) => Members::new().text("$ref", &format!("{REF}{name}")).end(),
    }
}

/// A definition of v3 in the words of v2: references may have neighbours, and nothing has a default.
fn definition(json: &str) -> String {
    let mut value: Value = serde_json::from_str(json).unwrap_or_default();
    schema::change(&mut value, &plain);
    schema::text(&value, Rules::Sorted)
}

fn plain(map: &mut Map<String, Value>) {
    map.remove("default");
    // What may be one or the other is a text for clients that know no alternatives.
    if map.remove("oneOf").is_some() {
        map.insert("type".into(), "string".into());
    }
    let wrapped = map.get("allOf").and_then(|all| all[0]["$ref"].as_str()).map(String::from);
    if wrapped.is_some() {
        map.remove("allOf");
    }
    let to = wrapped.or_else(|| map.get("$ref")?.as_str().map(String::from));
    if let Some(to) = to {
        map.insert("$ref".into(), to.replace(REF_OF_V3, REF).into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_parameters_have_the_names_that_a_real_server_gives_them() {
        let bookmarks =
            super::super::options::parameters("ListOptions").into_iter().find(|p| p.name == "allowWatchBookmarks");
        let placed = Shared::default().parameter(&bookmarks.expect("a parameter"));
        assert_eq!(placed, r##"{"$ref":"#/parameters/allowWatchBookmarks-HC2hJt-J"}"##);
    }
}
