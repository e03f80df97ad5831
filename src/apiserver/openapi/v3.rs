//! A document of OpenAPI v3: that of one group and version, or of one path.
//! Real Kubernetes: kube-openapi/pkg/builder3/openapi.go, pkg/spec3.

use std::collections::BTreeMap;

use super::json::{Members, object};
use super::paths::{PathItem, by_path};
use super::route::{Content, Parameter, Route};
use super::schemas::Schemas;
use crate::api::go_text;

const REF: &str = "#/components/schemas/";

/// What a document says of itself.
pub struct Title {
    pub title: &'static str,
    pub version: &'static str,
    /// Whether it says how clients prove who they are.
    pub secured: bool,
}

/// The document of some routes, with every definition that they need.
pub fn document(routes: Vec<Route>, title: &Title, schemas: &Schemas<'_>) -> String {
    let names = routes.iter().flat_map(contents).map(String::from);
    let needed = schemas.closure(names);
    let paths = object(by_path(routes).iter().map(|(path, item)| (path, path_item(item))));
    let mut components = Members::new();
    if !needed.is_empty() {
        components = components.with("schemas", &object(needed));
    }
    if title.secured {
        let scheme = Members::new()
            .text("type", "apiKey")
            .text("description", "Bearer Token authentication")
            .text("name", "authorization")
            .text("in", "header");
        components = components.with("securitySchemes", &Members::new().with("BearerToken", &scheme.end()).end());
    }
    let info = Members::new().text("title", title.title).text("version", title.version).end();
    let document = Members::new()
        .text("openapi", "3.0.0")
        .with("info", &info)
        .with("paths", &paths)
        .with("components", &components.end())
        .end();
    go_text::escaped(&document)
}

/// The definitions that a route names.
pub fn contents(route: &Route) -> impl Iterator<Item = &str> {
    let body = route.body.iter().map(|b| &b.content);
    let answers = route.answers.iter().map(|(_, _, content)| content);
    body.chain(answers).filter_map(|content| match content {
        Content::Text => None,
        Content::Defined(name) => Some(name.as_str()),
    })
}

fn path_item(item: &PathItem) -> String {
    let methods = item.routes.iter().fold(Members::new(), |m, r| m.with(r.method.name(), &operation(r)));
    methods.list("parameters", item.common.iter().map(parameter)).end()
}

fn operation(r: &Route) -> String {
    let mut out = Members::new()
        .texts("tags", [r.tag().as_str()])
        .text("description", &r.doc)
        .text("operationId", &r.id())
        .list("parameters", r.parameters.iter().map(parameter));
    if let Some(body) = &r.body {
        let content = media(r.consumes, &body.content);
        out = out.with("requestBody", &Members::new().with("content", &content).truth("required", body.required).end());
    }
    out = out.with("responses", &answers(r));
    if let Some(subject) = &r.subject {
        out = out.text("x-kubernetes-action", subject.action).with("x-kubernetes-group-version-kind", &subject.json());
    }
    out.end()
}

fn answers(r: &Route) -> String {
    let known = r.answers.iter().map(|(code, text, content)| {
        (*code, Members::new().text("description", text).with("content", &media(&r.produces, content)).end())
    });
    let refused = r.guarded.then(|| ("401", Members::new().text("description", "Unauthorized").end()));
    object(known.chain(refused))
}

/// The same content in several forms, in the order of the alphabet.
fn media(forms: &[&'static str], content: &Content) -> String {
    let schema = Members::new().with("schema", &reference(content)).end();
    let sorted: BTreeMap<&str, String> = forms.iter().map(|f| (*f, schema.clone())).collect();
    object(sorted)
}

fn reference(content: &Content) -> String {
    match content {
        Content::Text => Members::new().text("type", "string").end(),
        Content::Defined(name) => Members::new().text("$ref", &format!("{REF}{name}")).end(),
    }
}

fn parameter(p: &Parameter) -> String {
    Members::new()
        .text("name", &p.name)
        .text("in", p.place.name())
        .text_unless_empty("description", &p.description)
        .truth("required", p.is_required())
        .with("schema", &Members::new().text("type", &p.kind).truth("uniqueItems", true).end())
        .end()
}

/// The index of all documents: their hashes and paths.
pub fn index(documents: impl Iterator<Item = (String, String)>) -> String {
    let paths = documents.map(|(hash, path)| {
        let url = format!("/openapi/v3/{path}?hash={hash}");
        (path, Members::new().text("serverRelativeURL", &url).end())
    });
    go_text::escaped(&Members::new().with("paths", &object(paths)).end())
}
