//! Which requests a policy or a binding is for.
//! Real Kubernetes: apiserver/pkg/admission/plugin/policy/matching, plugin/webhook/predicates.

use k8s_openapi::api::admissionregistration::v1::{MatchResources, NamedRuleWithOperations};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::request::Request;
use crate::api::kinds::Namespace;
use crate::api::object::Key;
use crate::api::selector::Selector;
use crate::api::{KindRef, Object};

/// Whether a request is meant.
///
/// # Errors
/// The object's namespace is not known.
pub fn matches(m: &MatchResources, r: &Request<'_>) -> Result<bool, String> {
    let namespace = in_namespace(m.namespace_selector.as_ref(), r);
    if namespace == Ok(false) || !has_labels(m.object_selector.as_ref(), r) {
        return Ok(false);
    }
    let exact = m.match_policy.as_deref() == Some("Exact");
    if named(m.exclude_resource_rules.as_deref().unwrap_or_default(), exact, r) {
        return Ok(false);
    }
    let rules = m.resource_rules.as_deref().unwrap_or_default();
    if !rules.is_empty() && !named(rules, exact, r) {
        return Ok(false);
    }
    namespace
}

fn is_empty(s: &LabelSelector) -> bool {
    s.match_labels.as_ref().is_none_or(|l| l.is_empty()) && s.match_expressions.as_ref().is_none_or(Vec::is_empty)
}

fn in_namespace(selector: Option<&LabelSelector>, r: &Request<'_>) -> Result<bool, String> {
    let Some(selector) = selector.filter(|s| !is_empty(s)) else { return Ok(true) };
    let itself = r.new.or(r.old).filter(|o| o.get::<Namespace>().is_some());
    if itself.is_none() && !r.kind.namespaced() {
        return Ok(true);
    }
    let surroundings = || r.api.store().get(&Key::of::<Namespace>("", r.namespace)).map(|o| &**o);
    let Some(namespace) = itself.or_else(surroundings) else {
        return Err(format!("namespaces {:?} not found", r.namespace));
    };
    Ok(Selector::of(selector).matches(namespace.meta().labels.as_ref()))
}

fn has_labels(selector: Option<&LabelSelector>, r: &Request<'_>) -> bool {
    let Some(selector) = selector.filter(|s| !is_empty(s)) else { return true };
    let selector = Selector::of(selector);
    // A Scale has no labels.
    let labels = |o: &'_ Object| selector.matches(o.meta().labels.as_ref().filter(|_| !r.is_scale()));
    let fits = |o: Option<&Object>| o.is_some_and(labels);
    fits(r.new) || fits(r.old)
}

/// Whether a rule names the request; unless it must be exact, a rule for another version of the same objects does too.
fn named(rules: &[NamedRuleWithOperations], exact: bool, r: &Request<'_>) -> bool {
    let any = |kind: KindRef| rules.iter().any(|rule| names(rule, kind, r));
    any(r.kind) || !exact && r.api.other_versions(r.kind).into_iter().any(any)
}

fn names(rule: &NamedRuleWithOperations, kind: KindRef, r: &Request<'_>) -> bool {
    let has = |all: &Option<Vec<String>>, one: &str| all.iter().flatten().any(|a| a == "*" || a == one);
    let scope = match rule.scope.as_deref() {
        Some("Cluster") => !kind.namespaced(),
        Some("Namespaced") => kind.namespaced(),
        _ => true,
    };
    let resource = rule.resources.iter().flatten().any(|a| {
        let (resource, sub) = a.split_once('/').unwrap_or((a, ""));
        (resource == "*" || resource == kind.plural()) && (sub == "*" || sub == r.subresource)
    });
    let name = rule.resource_names.as_ref().is_none_or(|n| n.is_empty() || n.iter().any(|n| n == r.name));
    scope
        && resource
        && name
        && has(&rule.operations, r.operation)
        && has(&rule.api_groups, kind.group())
        && has(&rule.api_versions, kind.version())
}
