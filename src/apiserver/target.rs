//! What the path of a request names: a kind, a namespace, an object, a part of it.
//! Real Kubernetes: apiserver/pkg/endpoints/installer.go.

use super::ApiServer;
use super::read::scope;
use crate::api::kind::Subresource;
use crate::api::object::Key;
use crate::api::request::Request;
use crate::api::request_path::RequestPath;
use crate::api::status::Reason;
use crate::api::{KindRef, Status};
use crate::store::Scope;

/// What a path names.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub kind: KindRef,
    pub namespace: String,
    pub name: Option<String>,
    pub subresource: Option<String>,
}

impl Target {
    /// Reads `/api/v1/namespaces/x/pods/y/status` and the like.
    fn parse(path: &str, kind_of: impl Fn(&str, &str, &str) -> Option<KindRef>) -> Option<Target> {
        let path = RequestPath::parse(path)?;
        let kind = kind_of(path.group, path.version, path.resource())?;
        let misplaced =
            !kind.namespaced() && !path.within.is_empty() || path.watches && !kind.verbs().contains(&"watch");
        // Parts are not watched.
        if misplaced || path.rest.len() > if path.watches { 2 } else { 3 } {
            return None;
        }
        let text = |s: &str| Some(s.to_string()).filter(|s| !s.is_empty());
        let (name, subresource) = (text(path.name()), text(path.subresource()));
        Some(Target { kind, namespace: path.within.into(), name, subresource })
    }

    pub(super) fn key(&self) -> Key {
        let ns = if self.kind.namespaced() { self.namespace.as_str() } else { "" };
        Key::new(self.kind.stored(), ns, self.name.as_deref().unwrap_or(""))
    }

    /// Where its objects are stored, whichever version was asked for.
    pub(super) fn scope(&self) -> Scope {
        scope(self.kind.stored(), &self.namespace)
    }

    pub(super) fn sub(&self) -> Result<Option<Subresource>, Status> {
        match self.subresource.as_deref() {
            None => Ok(None),
            Some(name) => {
                let found = self.kind.subresources().iter().copied().find(|s| s.name() == name);
                found.map(Some).ok_or_else(|| match self.kind.custom() {
                    None => Status::no_such_resource(),
                    Some(_) => Status::not_found(self.kind, self.name.as_deref().unwrap_or("")),
                })
            }
        }
    }
}

impl ApiServer {
    /// What a path names, whether it is there or not.
    pub fn leads_to(&self, path: &str) -> Option<Target> {
        Target::parse(path, |group, version, plural| self.kind_of(group, version, plural))
    }

    /// What a path leads to.
    pub(super) fn target(&self, path: &str) -> Result<Target, Status> {
        let target = self.leads_to(path).ok_or_else(|| nowhere(path))?;
        if target.kind.is_aggregated() && self.api_service(target.kind).is_none() {
            return Err(Status::no_such_path());
        }
        if target.kind.is_aggregated() && !self.has_api_service(target.kind) {
            let why = "the server is currently unable to handle the request";
            return Err(Status::new(Reason::ServiceUnavailable, why));
        }
        Ok(target)
    }
}

/// A path that ends too early is not even a request.
/// Real Kubernetes: apiserver/pkg/endpoints/filters/requestinfo.go.
pub(super) fn told_apart(request: &Request) -> Result<(), Status> {
    let path = &request.path;
    if !RequestPath::parse(path).is_some_and(|p| p.is_cut_off()) {
        return Ok(());
    }
    let why = "failed to create RequestInfo: unable to determine kind and namespace from url";
    Err(Status::plain_error(&format!("Internal Server Error: {path:?}: {why}, {path}")))
}

/// A path that leads nowhere: among the built-in groups, or where nobody knows anything.
fn nowhere(path: &str) -> Status {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let built_in = match parts.as_slice() {
        ["api", ..] => true,
        ["apis", group, ..] => KindRef::built_in().any(|k| k.group() == *group && !k.is_aggregated()),
        _ => false,
    };
    if built_in { Status::no_such_resource() } else { Status::no_such_path() }
}
