//! The routes of a kind that is built in: what its verbs and its subresources make of paths.
//! Real Kubernetes: apiserver/pkg/endpoints/installer.go registerResourceHandlers.

use super::actions::{Action, Of, named};
use super::options::{parameters, pretty};
use super::root_of;
use super::route::{Content, Method, Route, Subject, title};
use crate::api::KindRef;
use crate::api::definitions;
use crate::api::kind::Subresource;

/// The forms of an object, and of a stream of them.
const FORMS: [&str; 3] = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const STREAMS: [&str; 2] = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];
const PATCHES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];
const ANY: &[&str] = &["*/*"];
/// With what a stream is opened, and what a proxy hands on.
const STREAM_METHODS: &[Method] = &[Method::Get, Method::Post];
const PROXY_METHODS: &[Method] =
    &[Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Head, Method::Options];

/// Every route of a kind and its subresources.
pub fn routes(kind: KindRef) -> Vec<Route> {
    let mut all = Resource::of(kind, None).routes();
    for sub in kind.subresources() {
        all.extend(Resource::of(kind, Some(*sub)).routes());
    }
    all
}

/// A resource, or one of its subresources.
struct Resource {
    of: KindRef,
    sub: Option<Subresource>,
    /// What is read and written there.
    group: &'static str,
    version: &'static str,
    kind: String,
}

impl Resource {
    fn of(of: KindRef, sub: Option<Subresource>) -> Resource {
        let (kind, other) = sub.map_or((of.name().to_string(), None), |s| s.kind_of(of));
        let (group, version) = other.unwrap_or((of.group(), of.version()));
        Resource { of, sub, group, version, kind }
    }

    fn routes(&self) -> Vec<Route> {
        match self.sub {
            None => self.resource(),
            Some(Subresource::Attach | Subresource::Exec | Subresource::PortForward) => {
                self.connections(STREAM_METHODS, "")
            }
            Some(Subresource::Proxy) => {
                [self.connections(PROXY_METHODS, ""), self.connections(PROXY_METHODS, "/{path}")].concat()
            }
            Some(sub) => {
                let item = self.item();
                let verbs =
                    [("get", Action::Get), ("create", Action::Post), ("update", Action::Put), ("patch", Action::Patch)];
                let able = verbs.into_iter().filter(|(verb, _)| sub.verbs().contains(verb));
                able.map(|(_, action)| self.route(action, &item)).collect()
            }
        }
    }

    fn resource(&self) -> Vec<Route> {
        let can = |verb: &str| self.of.verbs().contains(&verb);
        let (item, plural) = (self.item(), self.of.plural());
        let collection = item.trim_end_matches("/{name}").to_string();
        let watched = can("watch");
        let mut all = vec![];
        let mut add = |able: bool, action: Action, path: &str| {
            if able {
                all.push(self.route(action, path));
            }
        };
        add(can("list"), Action::List, &collection);
        add(can("create"), Action::Post, &collection);
        add(can("deletecollection"), Action::DeleteCollection, &collection);
        add(watched, Action::WatchList, &format!("watch/{collection}"));
        add(can("get"), Action::Get, &item);
        add(can("update"), Action::Put, &item);
        add(can("patch"), Action::Patch, &item);
        add(can("delete"), Action::Delete, &item);
        add(watched, Action::Watch, &format!("watch/{item}"));
        if self.of.namespaced() {
            add(can("list"), Action::List, plural);
            add(watched, Action::WatchList, &format!("watch/{plural}"));
        }
        all
    }

    /// `namespaces/{namespace}/pods/{name}/status`
    fn item(&self) -> String {
        let namespace = if self.of.namespaced() { "namespaces/{namespace}/" } else { "" };
        let sub = self.sub.map_or_else(String::new, |s| format!("/{}", s.name()));
        format!("{namespace}{}/{{name}}{sub}", self.of.plural())
    }

    fn route(&self, action: Action, path: &str) -> Route {
        let status = || Content::meta("Status");
        let object = || Content::Defined(definitions::name(self.group, self.version, &self.kind));
        // A namespace is returned as well, but its own way of deletion hides that from whoever asks beforehand.
        let hidden = self.of.subresources().contains(&Subresource::Finalize);
        let deleted = || if self.of.returns_deleted() && !hidden { object() } else { status() };
        let (name, method, verb) = action.words();
        let options = match action {
            Action::Get if self.sub == Some(Subresource::Log) => "PodLogOptions",
            Action::Get => "",
            Action::List | Action::Watch | Action::WatchList => "ListOptions",
            Action::Post => "CreateOptions",
            Action::Put => "UpdateOptions",
            Action::Patch => "PatchOptions",
            Action::Delete | Action::DeleteCollection => "DeleteOptions",
        };
        let answers = match action {
            Action::Get if self.sub == Some(Subresource::Log) => vec![("200", "OK", Content::Text)],
            Action::Get => vec![("200", "OK", object())],
            Action::List => vec![("200", "OK", self.list())],
            Action::Post => vec![("200", "OK", object()), ("201", "Created", object()), ("202", "Accepted", object())],
            Action::Put | Action::Patch => vec![("200", "OK", object()), ("201", "Created", object())],
            Action::Delete => vec![("200", "OK", deleted()), ("202", "Accepted", deleted())],
            Action::DeleteCollection => vec![("200", "OK", status())],
            Action::Watch | Action::WatchList => vec![("200", "OK", Content::meta("WatchEvent"))],
        };
        let body = match action {
            Action::DeleteCollection => Action::Delete.body(object()),
            _ => action.body(object()),
        };
        let mut parameters = parameters(options);
        if action == Action::DeleteCollection {
            let chosen = super::options::parameters("ListOptions").into_iter();
            parameters.extend(chosen.filter(|p| !matches!(p.name.as_str(), "watch" | "allowWatchBookmarks")));
        }
        parameters.push(pretty());
        parameters.extend(named(path, &self.kind));
        let forms: &[&'static str] = match action {
            Action::List | Action::Watch | Action::WatchList => &STREAMS,
            _ => &[],
        };
        let text: &[&'static str] = if self.sub == Some(Subresource::Log) { &["text/plain"] } else { &[] };
        let everywhere = self.of.namespaced() && !path.contains("{namespace}");
        let sub = self.sub.map_or("", Subresource::name);
        let list = if action == Action::WatchList { "List" } else { "" };
        Route {
            method,
            path: self.root(path),
            doc: action.doc(&Of { kind: self.of.name(), sub, or_watch: self.of.verbs().contains(&"watch") }),
            operation: self.operation(verb, everywhere, list),
            parameters,
            body,
            consumes: if action == Action::Patch { PATCHES } else { ANY },
            produces: [text, &FORMS, forms].concat(),
            answers,
            subject: Some(self.subject(name)),
            guarded: true,
        }
    }

    /// Routes through which bytes go both ways.
    fn connections(&self, methods: &[Method], below: &str) -> Vec<Route> {
        let path = format!("{}{below}", self.item());
        let sub = self.sub.map_or("", Subresource::name);
        let route = |method: &Method| {
            let word = title(method.name());
            let suffix = if below.is_empty() { "" } else { "WithPath" };
            Route {
                method: *method,
                path: self.root(&path),
                doc: format!("connect {} requests to {sub} of {}", word.to_uppercase(), self.of.name()),
                operation: self.operation(&format!("connect{word}"), false, suffix),
                parameters: parameters(&self.kind).into_iter().chain(named(&path, &self.kind)).collect(),
                body: None,
                consumes: ANY,
                produces: ANY.to_vec(),
                answers: vec![("200", "OK", Content::Text)],
                subject: Some(self.subject("connect")),
                guarded: true,
            }
        };
        methods.iter().map(route).collect()
    }

    fn root(&self, path: &str) -> String {
        format!("{}{path}", root_of(self.of.group(), self.of.version()))
    }

    fn subject(&self, action: &'static str) -> Subject {
        Subject { action, group: self.group.into(), version: self.version.into(), kind: self.kind.clone() }
    }

    fn list(&self) -> Content {
        Content::Defined(definitions::name(self.group, self.version, &format!("{}List", self.kind)))
    }

    /// `readNamespacedPodStatus`, `listPodForAllNamespaces`
    fn operation(&self, verb: &str, everywhere: bool, suffix: &str) -> String {
        let scope = if self.of.namespaced() && !everywhere { "Namespaced" } else { "" };
        let sub = title(self.sub.map_or("", Subresource::name));
        let all = if everywhere { "ForAllNamespaces" } else { "" };
        format!("{verb}{scope}{}{sub}{suffix}{all}", self.of.name())
    }
}
