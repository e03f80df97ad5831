//! What a request asks for, in the words of authorization.

use std::borrow::Cow;

use super::authorization::Attributes;
use crate::api::request::{Method, Request};
use crate::api::request_path::RequestPath;
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
        let Some(path) = RequestPath::parse(&request.path) else { return Asked::about_path(request) };
        let fields = request.param("fieldSelector").and_then(|f| parse_fields(f).ok()).unwrap_or_default();
        let mut name = Cow::Borrowed(path.name());
        let verb = match (request.method, name.is_empty()) {
            _ if path.watches => "watch",
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
        Asked {
            verb,
            group: path.group,
            version: path.version,
            resource: path.resource(),
            subresource: path.subresource(),
            namespace: path.namespace,
            name,
            path: None,
            fields,
        }
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
