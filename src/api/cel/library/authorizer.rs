//! `authorizer.group('apps').resource('deployments').check('create').allowed()`: what a user may do.
//!
//! A query is built step by step; only `check` asks somebody, which is the evaluation's caller.
//! Real Kubernetes: k8s.io/apiserver/pkg/cel/library/authz.go.

use super::super::value::{Error, Evaluated, Value};
use super::Opaque;

/// A question in the making, or its answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// About the user of the request, or a ServiceAccount: namespace and name.
    Authorizer(Option<(String, String)>),
    Path {
        who: Option<(String, String)>,
        path: String,
    },
    Group {
        who: Option<(String, String)>,
        group: String,
    },
    Resource(Resource),
    Decision(Decision),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    pub who: Option<(String, String)>,
    pub group: String,
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    pub field_selector: String,
    pub label_selector: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    pub allowed: bool,
    pub reason: String,
    pub error: Option<String>,
}

impl Query {
    pub fn type_name(&self) -> &'static str {
        match self {
            Query::Authorizer(_) => "kubernetes.authorization.Authorizer",
            Query::Path { .. } => "kubernetes.authorization.PathCheck",
            Query::Group { .. } => "kubernetes.authorization.GroupCheck",
            Query::Resource(_) => "kubernetes.authorization.ResourceCheck",
            Query::Decision(_) => "kubernetes.authorization.Decision",
        }
    }
}

pub fn call(function: &str, args: &[Value]) -> Evaluated {
    let no = Error::no_such_overload;
    let Some(Value::Opaque(o)) = args.first() else { return Err(no()) };
    let Opaque::Query(query) = &**o else { return Err(no()) };
    let text = |i: usize| args.get(i).and_then(Value::as_str).map(str::to_string);
    let made = match (query, function, text(1)) {
        (Query::Decision(d), _, _) => {
            return Ok(match function {
                "allowed" => Value::Bool(d.allowed),
                "reason" => Value::string(&d.reason),
                "errored" => Value::Bool(d.error.is_some()),
                "error" => Value::string(d.error.as_deref().unwrap_or("")),
                _ => return Err(no()),
            });
        }
        (Query::Authorizer(who), "path", Some(path)) => {
            if path.is_empty() {
                return Err(Error::new("path must not be empty"));
            }
            Query::Path { who: who.clone(), path }
        }
        (Query::Authorizer(who), "group", Some(group)) => Query::Group { who: who.clone(), group },
        (Query::Authorizer(_), "serviceAccount", Some(namespace)) => {
            service_account(namespace, text(2).ok_or_else(no)?)?
        }
        (Query::Group { .. }, "resource", Some(resource)) if resource.is_empty() => {
            return Err(Error::new("resource must not be empty"));
        }
        (Query::Group { who, group }, "resource", Some(resource)) => {
            Query::Resource(Resource { who: who.clone(), group: group.clone(), resource, ..Resource::default() })
        }
        (Query::Resource(r), _, Some(value)) => {
            let mut r = r.clone();
            match function {
                "subresource" => r.subresource = value,
                "namespace" => r.namespace = value,
                "name" => r.name = value,
                "fieldSelector" => r.field_selector = value,
                "labelSelector" => r.label_selector = value,
                _ => return Err(no()),
            }
            Query::Resource(r)
        }
        _ => return Err(no()),
    };
    Ok(Value::opaque(Opaque::Query(made)))
}

fn service_account(namespace: String, name: String) -> Result<Query, Error> {
    if !crate::api::names::dns1123_subdomain(&name, false).is_empty() {
        return Err(Error::new("Invalid service account name"));
    }
    if !crate::api::names::dns1123_label(&namespace, false).is_empty() {
        return Err(Error::new("Invalid service account namespace"));
    }
    Ok(Query::Authorizer(Some((namespace, name))))
}
