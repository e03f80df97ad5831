//! Which webhooks are to be asked about a request, and in which version of its kind.
//! Real Kubernetes: apiserver/pkg/admission/plugin/webhook/generic/webhook.go ShouldCallHook, predicates/.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::RuleWithOperations;

use crate::api::kind::Subresource;
use crate::api::kinds::Namespace;
use crate::api::kinds::admission_webhooks::Webhook;
use crate::api::object::Resource;
use crate::api::selector::Selector;
use crate::api::{KindRef, Status};

pub type Labels = BTreeMap<String, String>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    Create,
    Update,
    Delete,
}

impl Operation {
    pub fn name(self) -> &'static str {
        match self {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
        }
    }
}

/// What of a request rules and selectors look at.
#[derive(Clone, Copy)]
pub struct Attributes<'a> {
    pub operation: Operation,
    pub kind: KindRef,
    pub part: Option<Subresource>,
    /// Of a namespace that is there, its own name.
    pub namespace: &'a str,
    pub name: &'a str,
    /// The labels of the object as it shall be and as it was, each if there is one.
    pub objects: [Option<Option<&'a Labels>>; 2],
}

/// The version of the kind in which the webhook wants to be asked; `None` if it is not to be asked.
/// `labels_of`: the labels of a namespace that must be there.
pub fn wanted<'a>(
    hook: &Webhook<'_>,
    asked: &Attributes<'a>,
    labels_of: impl FnOnce(&str) -> Result<Option<&'a Labels>, Status>,
) -> Result<Option<KindRef>, Status> {
    let namespaces = hook.namespace_selector.map(Selector::of).filter(|s| *s != Selector::everything());
    // What is in no namespace is excused by none.
    let concerned = !asked.namespace.is_empty() || is_namespace(asked.kind);
    let in_namespace = match namespaces.filter(|_| concerned) {
        None => Ok(true),
        Some(selector) => {
            let own = is_namespace(asked.kind) && asked.part.is_none() && asked.operation != Operation::Delete;
            let labels = if own { Ok(asked.objects[0].flatten()) } else { labels_of(asked.namespace) };
            labels.map(|l| selector.matches(l))
        }
    };
    if matches!(in_namespace, Ok(false)) {
        return Ok(None);
    }
    if let Some(selector) = hook.object_selector.map(Selector::of).filter(|s| *s != Selector::everything())
        && !asked.objects.iter().flatten().any(|labels| selector.matches(*labels))
    {
        return Ok(None);
    }
    let exactly = |kind: KindRef| hook.rules.iter().any(|r| concerns(r, kind, asked));
    let others = || KindRef::built_in().filter(|k| *k != asked.kind && k.stored() == asked.kind.stored());
    let found = if exactly(asked.kind) {
        Some(asked.kind)
    } else if hook.match_policy == Some("Equivalent") {
        // An earlier rule counts before a better version.
        hook.rules.iter().find_map(|r| others().find(|k| concerns(r, *k, asked)))
    } else {
        None
    };
    match found {
        None => Ok(None),
        Some(kind) => in_namespace.map(|_| Some(kind)),
    }
}

fn is_namespace(kind: KindRef) -> bool {
    kind == Namespace::kind_ref()
}

fn concerns(rule: &RuleWithOperations, kind: KindRef, asked: &Attributes<'_>) -> bool {
    let has = |list: &Option<Vec<String>>, one: &str| list.iter().flatten().any(|i| i == "*" || i == one);
    let cluster_wide = is_namespace(asked.kind) || asked.namespace.is_empty();
    let in_scope = match rule.scope.as_deref() {
        None | Some("*") => true,
        Some("Namespaced") => !cluster_wide,
        Some("Cluster") => cluster_wide,
        Some(_) => false,
    };
    let part = asked.part.map_or("", Subresource::name);
    let resource = rule.resources.iter().flatten().any(|wanted| {
        let (whole, sub) = wanted.split_once('/').unwrap_or((wanted, ""));
        (whole == "*" || whole == kind.plural()) && (sub == "*" || sub == part)
    });
    in_scope
        && has(&rule.operations, asked.operation.name())
        && has(&rule.api_groups, kind.group())
        && has(&rule.api_versions, kind.version())
        && resource
}
