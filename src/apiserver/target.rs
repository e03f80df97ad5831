//! What the path of a request names: a kind, a namespace, an object, a part of it.
//! Real Kubernetes: apiserver/pkg/endpoints/installer.go.

use super::ApiServer;
use super::read::scope;
use crate::api::kind::Subresource;
use crate::api::object::Key;
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
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", ns, plural, ..] if !matches!(*plural, "status" | "finalize") => (*ns, &rest[2..]),
            _ => ("", rest),
        };
        let kind = kind_of(group, version, rest.first()?)?;
        if !kind.namespaced() && !namespace.is_empty() {
            return None;
        }
        let text = |i: usize| rest.get(i).filter(|s| !s.is_empty()).map(|s| (*s).to_string());
        (rest.len() <= 3).then(|| Target { kind, namespace: namespace.into(), name: text(1), subresource: text(2) })
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
