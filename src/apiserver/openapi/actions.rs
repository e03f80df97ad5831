//! What may be done with a resource, in the words of its routes: the same for kinds that are built in and for custom ones.
//! Real Kubernetes: apiserver/pkg/endpoints/installer.go, apiextensions-apiserver/pkg/controller/openapi/builder/builder.go.

use super::route::{Body, Content, Method, Parameter, article};

const NAMESPACE: &str = "object name and auth scope, such as for teams and projects";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Get,
    List,
    Post,
    Put,
    Patch,
    Delete,
    DeleteCollection,
    Watch,
    WatchList,
}

/// Of what a route speaks.
pub struct Of<'a> {
    pub kind: &'a str,
    /// The subresource, or nothing.
    pub sub: &'a str,
    /// Whether a list says that it can be watched too.
    pub or_watch: bool,
}

impl Action {
    /// Its name in `x-kubernetes-action`, its method, and the verb with which the operation's name begins.
    pub fn words(self) -> (&'static str, Method, &'static str) {
        match self {
            Action::Get => ("get", Method::Get, "read"),
            Action::List => ("list", Method::Get, "list"),
            Action::Post => ("post", Method::Post, "create"),
            Action::Put => ("put", Method::Put, "replace"),
            Action::Patch => ("patch", Method::Patch, "patch"),
            Action::Delete => ("delete", Method::Delete, "delete"),
            Action::DeleteCollection => ("deletecollection", Method::Delete, "deletecollection"),
            Action::Watch => ("watch", Method::Get, "watch"),
            Action::WatchList => ("watchlist", Method::Get, "watch"),
        }
    }

    /// What is sent along, where that is the same for every kind: an object to create or replace, a patch, how to delete.
    pub fn body(self, object: Content) -> Option<Body> {
        match self {
            Action::Post | Action::Put => Some(Body { content: object, required: true }),
            Action::Patch => Some(Body { content: Content::meta("Patch"), required: true }),
            Action::Delete => Some(Body { content: Content::meta("DeleteOptions"), required: false }),
            Action::Get | Action::List | Action::DeleteCollection | Action::Watch | Action::WatchList => None,
        }
    }

    /// What is done, as a sentence.
    pub fn doc(self, of: &Of) -> String {
        let kind = of.kind;
        let part = if of.sub.is_empty() { String::new() } else { format!(" {} of", of.sub) };
        let one = article(kind);
        match self {
            Action::Get => format!("read{part} the specified {kind}"),
            Action::List => {
                let or_watch = if of.or_watch { " or watch" } else { "" };
                format!("list{or_watch}{part} objects of kind {kind}")
            }
            Action::Post => format!("create{part}{one}{kind}"),
            Action::Put => format!("replace{part} the specified {kind}"),
            Action::Patch => format!("partially update{part} the specified {kind}"),
            Action::Delete => format!("delete{part}{one}{kind}"),
            Action::DeleteCollection => format!("delete collection of {kind}"),
            Action::Watch => format!(
                "watch changes to{part} an object of kind {kind}. deprecated: use the 'watch' parameter with a list operation instead, filtered to a single item with the 'fieldSelector' parameter."
            ),
            Action::WatchList => format!(
                "watch individual changes to a list of{part} {kind}. deprecated: use the 'watch' parameter with a list operation instead."
            ),
        }
    }
}

/// The parameters of a path, which are its names in braces.
pub fn named(path: &str, kind: &str) -> Vec<Parameter> {
    let known = [
        ("namespace", NAMESPACE.to_string()),
        ("name", format!("name of the {kind}")),
        ("path", "path to the resource".to_string()),
    ];
    let there = known.into_iter().filter(|(name, _)| path.contains(&format!("{{{name}}}")));
    there.map(|(name, description)| Parameter::in_path(name, description)).collect()
}
