//! What a request asks for, in the words of authorization.

use std::borrow::Cow;

use super::authorization::Attributes;
use crate::api::request::{Method, Request};
use crate::api::selector::{FieldTerm, parse_fields};

/// What a request wants, as authorization sees it: read off its path, whether that leads anywhere or not.
/// Real Kubernetes: apiserver/pkg/endpoints/request/requestinfo.go.
pub(super) struct Asked<'a> {
    pub(super) verb: &'static str,
    pub(super) group: &'a str,
    pub(super) version: &'a str,
    pub(super) resource: &'a str,
    subresource: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: Cow<'a, str>,
    /// Set for what is no resource.
    pub(super) path: Option<&'a str>,
    fields: Vec<FieldTerm>,
}

impl<'a> Asked<'a> {
    pub(super) fn of(request: &'a Request, watch: bool) -> Asked<'a> {
        let parts: Vec<&'a str> = request.path.split('?').next().unwrap_or("").trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
            _ => return Asked::about_path(request),
        };
        let (namespace, rest) = match rest {
            ["namespaces", ns, resource, ..] if !matches!(*resource, "status" | "finalize") => (*ns, &rest[2..]),
            ["namespaces", ns, ..] => (*ns, rest),
            _ => ("", rest),
        };
        let text = |i: usize| rest.get(i).copied().unwrap_or("");
        let fields = request.param("fieldSelector").and_then(|f| parse_fields(f).ok()).unwrap_or_default();
        let mut name = Cow::Borrowed(text(1));
        let verb = match (request.method, name.is_empty()) {
            (Method::Get, _) if watch => "watch",
            (Method::Get, false) => "get",
            (Method::Get, true) => "list",
            (Method::Post, _) => "create",
            (Method::Put, _) => "update",
            (Method::Patch(_), _) => "patch",
            (Method::Delete, false) => "delete",
            (Method::Delete, true) => "deletecollection",
        };
        // Who selects one object by its name asks for that one.
        if let Some(one) = fields.iter().find(|f| f.field == "metadata.name" && f.equal).filter(|_| name.is_empty()) {
            name = Cow::Owned(one.value.clone());
        }
        Asked { verb, group, version, resource: text(0), subresource: text(2), namespace, name, path: None, fields }
    }

    fn about_path(request: &'a Request) -> Asked<'a> {
        let verb = match request.method {
            Method::Get => "get",
            Method::Post => "post",
            Method::Put => "put",
            Method::Patch(_) => "patch",
            Method::Delete => "delete",
        };
        Asked {
            verb,
            group: "",
            version: "",
            resource: "",
            subresource: "",
            namespace: "",
            name: Cow::Borrowed(""),
            path: Some(&request.path),
            fields: vec![],
        }
    }

    pub(super) fn attributes(&self) -> Attributes<'_> {
        Attributes {
            verb: self.verb,
            group: self.group,
            resource: self.resource,
            subresource: self.subresource,
            namespace: self.namespace,
            name: &self.name,
            path: self.path,
            fields: &self.fields,
        }
    }
}
