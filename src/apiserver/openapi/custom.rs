//! The routes and definitions of a kind that a CustomResourceDefinition made.
//! Real Kubernetes: apiextensions-apiserver/pkg/controller/openapi/builder/builder.go.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::install::NAMESPACE;
use super::options::{parameters, pretty};
use super::route::{Body, Content, Method, Parameter, Route, Subject, article, title};
use super::{META, root_of};
use crate::api::KindRef;
use crate::api::definitions;
use crate::api::kind::Subresource;

const FORMS: &[&str] = &["application/json", "application/yaml"];
const PATCHES: &[&str] =
    &["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];

/// The definition's name: the group's parts from the last to the first, such as `io.example.stable.v1.CronTab`.
fn name(kind: KindRef, of: &str) -> String {
    let group: Vec<&str> = kind.group().rsplit('.').collect();
    format!("{}.{}.{of}", group.join("."), kind.version())
}

/// Which of the two forms of a schema is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    V3,
    V2,
}

/// The definitions of a custom kind and of its list; references are those of v3.
pub fn definitions_of(kind: KindRef, form: Form) -> BTreeMap<String, Value> {
    let Some(custom) = kind.custom() else { return BTreeMap::new() };
    let schema = match form {
        Form::V3 => custom.published(),
        Form::V2 => custom.published_v2(),
    };
    let one = name(kind, kind.name());
    BTreeMap::from([
        (name(kind, custom.list_kind()), list(kind, custom.list_kind(), &one, schema)),
        (one, schema.clone()),
    ])
}

fn list(kind: KindRef, list_kind: &str, item: &str, schema: &Value) -> Value {
    let described =
        |name: &str| definitions::schema(&format!("{META}APIGroup")).unwrap_or_default()["properties"][name].take();
    let mut list = json!({
        "description": format!("{list_kind} is a list of {}", kind.name()),
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": described("apiVersion"),
            "kind": described("kind"),
            "items": {
                "description": format!("List of {}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md", kind.plural()),
                "type": "array",
                "items": {"$ref": format!("#/components/schemas/{item}")},
            },
            "metadata": {
                "description": "Standard list metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds",
                "allOf": [{"$ref": format!("#/components/schemas/{META}ListMeta")}],
            },
        },
        "x-kubernetes-group-version-kind": [{"group": kind.group(), "version": kind.version(), "kind": list_kind}],
    });
    if let Some(fields) = schema.get("x-kubernetes-selectable-fields") {
        list["x-kubernetes-selectable-fields"] = fields.clone();
    }
    list
}

/// Every route of a custom kind.
pub fn routes(kind: KindRef) -> Vec<Route> {
    let Some(custom) = kind.custom() else { return vec![] };
    let one = Content::Defined(name(kind, kind.name()));
    let many = Content::Defined(name(kind, custom.list_kind()));
    let scale = Content::Defined(definitions::name("autoscaling", "v1", "Scale"));
    let (items, status) = (kind.plural(), Content::meta("Status"));
    let namespace = if kind.namespaced() { "namespaces/{namespace}/" } else { "" };
    let (collection, item) = (format!("{namespace}{items}"), format!("{namespace}{items}/{{name}}"));
    let at = |path: &str, sub: &'static str| Place { kind, path: path.into(), sub };
    let mut all = vec![];
    if kind.namespaced() {
        let everywhere = at(items, "").route(Verb::List, &many);
        all.push(Route { operation: format!("list{}ForAllNamespaces", kind.name()), ..everywhere });
    }
    let place = at(&collection, "");
    all.extend(
        [(Verb::List, &many), (Verb::Post, &one), (Verb::DeleteCollection, &status)].map(|(v, c)| place.route(v, c)),
    );
    let place = at(&item, "");
    let verbs = [(Verb::Get, &one), (Verb::Put, &one), (Verb::Delete, &status), (Verb::Patch, &one)];
    all.extend(verbs.map(|(v, c)| place.route(v, c)));
    for sub in kind.subresources() {
        let content = if *sub == Subresource::Scale { &scale } else { &one };
        let place = at(&format!("{item}/{}", sub.name()), sub.name());
        all.extend([Verb::Get, Verb::Put, Verb::Patch].map(|v| place.route(v, content)));
    }
    all
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Get,
    List,
    Post,
    Put,
    Patch,
    Delete,
    DeleteCollection,
}

/// Where something may be done.
struct Place {
    kind: KindRef,
    path: String,
    sub: &'static str,
}

impl Place {
    fn route(&self, verb: Verb, content: &Content) -> Route {
        let (action, method, operation, options) = match verb {
            Verb::Get => ("get", Method::Get, "read", "GetOptions"),
            Verb::List => ("list", Method::Get, "list", "ListOptions"),
            Verb::Post => ("post", Method::Post, "create", "CreateOptions"),
            Verb::Put => ("put", Method::Put, "replace", "UpdateOptions"),
            Verb::Patch => ("patch", Method::Patch, "patch", "PatchOptions"),
            Verb::Delete => ("delete", Method::Delete, "delete", "DeleteOptions"),
            Verb::DeleteCollection => ("deletecollection", Method::Delete, "deletecollection", "ListOptions"),
        };
        let codes: &[(&'static str, &'static str)] = match verb {
            Verb::Post => &[("200", "OK"), ("201", "Created"), ("202", "Accepted")],
            Verb::Put => &[("200", "OK"), ("201", "Created")],
            Verb::Delete => &[("200", "OK"), ("202", "Accepted")],
            _ => &[("200", "OK")],
        };
        let body = match verb {
            Verb::Post | Verb::Put => Some(Body { content: content.clone(), required: true }),
            Verb::Patch => Some(Body { content: Content::meta("Patch"), required: true }),
            Verb::Delete => Some(Body { content: Content::meta("DeleteOptions"), required: false }),
            _ => None,
        };
        let scope = if self.kind.namespaced() { "Namespaced" } else { "" };
        Route {
            method,
            path: format!("{}{}", root_of(self.kind.group(), self.kind.version()), self.path),
            doc: self.doc(verb),
            operation: format!("{operation}{scope}{}{}", self.kind.name(), title(self.sub)),
            parameters: self.parameters(options),
            body,
            consumes: if verb == Verb::Patch { PATCHES } else { FORMS },
            produces: FORMS.to_vec(),
            answers: codes.iter().map(|(code, text)| (*code, *text, content.clone())).collect(),
            subject: Some(Subject {
                action,
                group: self.kind.group().into(),
                version: self.kind.version().into(),
                kind: self.kind.name().into(),
            }),
            guarded: true,
        }
    }

    fn parameters(&self, options: &str) -> Vec<Parameter> {
        let known = [("namespace", NAMESPACE.to_string()), ("name", format!("name of the {}", self.kind.name()))];
        let named = known.into_iter().filter(|(name, _)| self.path.contains(&format!("{{{name}}}")));
        let named = named.map(|(name, description)| Parameter::in_path(name, description));
        // Who gets one object may say how old it may be, as who lists many.
        let all = match options {
            "GetOptions" => parameters("ListOptions").into_iter().filter(|p| p.name == "resourceVersion").collect(),
            other => parameters(other),
        };
        all.into_iter().chain([pretty()]).chain(named).collect()
    }

    /// What is done, in words.
    fn doc(&self, verb: Verb) -> String {
        let kind = self.kind.name();
        let of = if self.sub.is_empty() { String::new() } else { format!(" {} of", self.sub) };
        let one = article(kind);
        match verb {
            Verb::Get => format!("read{of} the specified {kind}"),
            Verb::List => format!("list objects of kind {kind}"),
            Verb::Post => format!("create{one}{kind}"),
            Verb::Put => format!("replace{of} the specified {kind}"),
            Verb::Patch => format!("partially update{of} the specified {kind}"),
            Verb::Delete => format!("delete{one}{kind}"),
            Verb::DeleteCollection => format!("delete collection of {kind}"),
        }
    }
}
