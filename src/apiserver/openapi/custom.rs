//! The routes and definitions of a kind that a CustomResourceDefinition made.
//! Real Kubernetes: apiextensions-apiserver/pkg/controller/openapi/builder/builder.go.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::actions::{Action, Of, named};
use super::options::{parameters, pretty};
use super::route::{Content, Parameter, Route, Subject, title};
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
        let everywhere = at(items, "").route(Action::List, &many);
        all.push(Route { operation: format!("list{}ForAllNamespaces", kind.name()), ..everywhere });
    }
    let place = at(&collection, "");
    all.extend(
        [(Action::List, &many), (Action::Post, &one), (Action::DeleteCollection, &status)]
            .map(|(v, c)| place.route(v, c)),
    );
    let place = at(&item, "");
    let verbs = [(Action::Get, &one), (Action::Put, &one), (Action::Delete, &status), (Action::Patch, &one)];
    all.extend(verbs.map(|(v, c)| place.route(v, c)));
    for sub in kind.subresources() {
        let content = if *sub == Subresource::Scale { &scale } else { &one };
        let place = at(&format!("{item}/{}", sub.name()), sub.name());
        all.extend([Action::Get, Action::Put, Action::Patch].map(|v| place.route(v, content)));
    }
    all
}

/// Where something may be done.
struct Place {
    kind: KindRef,
    path: String,
    sub: &'static str,
}

impl Place {
    fn route(&self, action: Action, content: &Content) -> Route {
        let (name, method, verb) = action.words();
        let codes: &[(&'static str, &'static str)] = match action {
            Action::Post => &[("200", "OK"), ("201", "Created"), ("202", "Accepted")],
            Action::Put => &[("200", "OK"), ("201", "Created")],
            Action::Delete => &[("200", "OK"), ("202", "Accepted")],
            _ => &[("200", "OK")],
        };
        let scope = if self.kind.namespaced() { "Namespaced" } else { "" };
        Route {
            method,
            path: format!("{}{}", root_of(self.kind.group(), self.kind.version()), self.path),
            doc: action.doc(&Of { kind: self.kind.name(), sub: self.sub, or_watch: false }),
            operation: format!("{verb}{scope}{}{}", self.kind.name(), title(self.sub)),
            parameters: self.parameters(action),
            body: action.body(content.clone()),
            consumes: if action == Action::Patch { PATCHES } else { FORMS },
            produces: FORMS.to_vec(),
            answers: codes.iter().map(|(code, text)| (*code, *text, content.clone())).collect(),
            subject: Some(Subject {
                action: name,
                group: self.kind.group().into(),
                version: self.kind.version().into(),
                kind: self.kind.name().into(),
            }),
            guarded: true,
        }
    }

    fn parameters(&self, action: Action) -> Vec<Parameter> {
        let all = match action {
            // Who gets one object may say how old it may be, as who lists many.
            Action::Get => parameters("ListOptions").into_iter().filter(|p| p.name == "resourceVersion").collect(),
            Action::List | Action::DeleteCollection | Action::Watch | Action::WatchList => parameters("ListOptions"),
            Action::Post => parameters("CreateOptions"),
            Action::Put => parameters("UpdateOptions"),
            Action::Patch => parameters("PatchOptions"),
            Action::Delete => parameters("DeleteOptions"),
        };
        all.into_iter().chain([pretty()]).chain(named(&self.path, self.kind.name())).collect()
    }
}
