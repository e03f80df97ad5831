//! Which requests a policy or a webhook is for.
//! Real Kubernetes: apiserver/pkg/admission/plugin/webhook/predicates, plugin/policy/matching, plugin/webhook/generic/webhook.go.

use k8s_openapi::api::admissionregistration::v1::{MatchResources, NamedRuleWithOperations};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::request::{Operation, Request, Sent};
use crate::api::kinds::Namespace;
use crate::api::kinds::admission_rules::Rule;
use crate::api::kinds::admission_webhooks::Webhook;
use crate::api::object::{Key, Resource};
use crate::api::selector::Selector;
use crate::api::{KindRef, Status};

/// The version of the object's kind in which a webhook is to be asked; `None` if it is not.
///
/// # Errors
/// The object's namespace is not there.
pub fn by_webhook(hook: &Webhook<'_>, r: &Request<'_>) -> Result<Option<KindRef>, Status> {
    let namespace = in_namespace(hook.namespace_selector, r);
    if matches!(namespace, Ok(false)) || !has_labels(hook.object_selector, r) {
        return Ok(None);
    }
    let rules = || hook.rules.iter().map(|rule| (Rule::from(rule), &[][..]));
    match by_rules(rules, hook.match_policy == Some("Equivalent"), r) {
        None => Ok(None),
        Some(kind) => namespace.map(|_| Some(kind)),
    }
}

/// The same for a policy, or a binding of one.
pub fn by_policy(m: &MatchResources, r: &Request<'_>) -> Result<Option<KindRef>, Status> {
    let namespace = in_namespace(m.namespace_selector.as_ref(), r);
    if matches!(namespace, Ok(false)) || !has_labels(m.object_selector.as_ref(), r) {
        return Ok(None);
    }
    let equivalent = m.match_policy.as_deref() != Some("Exact");
    let excluded = m.exclude_resource_rules.as_deref().unwrap_or_default();
    let wanted = m.resource_rules.as_deref().unwrap_or_default();
    let named = |rules: &[NamedRuleWithOperations]| {
        let each = || rules.iter().map(|rule| (Rule::from(rule), rule.resource_names.as_deref().unwrap_or_default()));
        by_rules(each, equivalent, r)
    };
    if named(excluded).is_some() {
        return Ok(None);
    }
    match if wanted.is_empty() { Some(r.kind) } else { named(wanted) } {
        None => Ok(None),
        Some(kind) => namespace.map(|_| Some(kind)),
    }
}

/// Rules, each with the names of the objects that it is about; none: all.
fn by_rules<'r, I: Iterator<Item = (Rule<'r>, &'r [String])>>(
    rules: impl Fn() -> I,
    equivalent: bool,
    r: &Request<'_>,
) -> Option<KindRef> {
    let named = |names: &[String]| names.is_empty() || names.iter().any(|n| n == r.name);
    if rules().any(|(rule, names)| concerns(&rule, r.kind, r) && named(names)) {
        return Some(r.kind);
    }
    if !equivalent {
        return None;
    }
    // An earlier rule counts before a better version.
    let others = r.api.other_versions(r.kind);
    rules().find_map(|(rule, names)| others.iter().copied().find(|k| concerns(&rule, *k, r)).filter(|_| named(names)))
}

fn concerns(rule: &Rule<'_>, kind: KindRef, r: &Request<'_>) -> bool {
    let has = |list: &[String], one: &str| list.iter().any(|i| i == "*" || i == one);
    let cluster_wide = r.is_about_namespace() || r.namespace.is_empty();
    let in_scope = match rule.scope {
        None | Some("*") => true,
        Some("Namespaced") => !cluster_wide,
        Some("Cluster") => cluster_wide,
        Some(_) => false,
    };
    let resource = rule.resources.iter().any(|wanted| {
        let (whole, part) = wanted.split_once('/').unwrap_or((wanted, ""));
        (whole == "*" || whole == kind.plural()) && (part == "*" || part == r.part_name())
    });
    in_scope
        && has(rule.operations, r.operation.name())
        && has(rule.groups, kind.group())
        && has(rule.versions, kind.version())
        && resource
}

/// A selector that selects not all there is.
fn choosy(selector: Option<&LabelSelector>) -> Option<Selector> {
    selector.map(Selector::of).filter(|s| *s != Selector::everything())
}

fn has_labels(selector: Option<&LabelSelector>, r: &Request<'_>) -> bool {
    let Some(selector) = choosy(selector) else { return true };
    [r.new, r.old].into_iter().flatten().any(|sent| sent.is_selected(&selector))
}

fn in_namespace(selector: Option<&LabelSelector>, r: &Request<'_>) -> Result<bool, Status> {
    // What is in no namespace is excused by none.
    if r.namespace.is_empty() && !r.is_about_namespace() {
        return Ok(true);
    }
    let Some(selector) = choosy(selector) else { return Ok(true) };
    // Of a namespace that is written, the new labels count.
    if let Some(Sent::Object(o)) = r.new
        && r.is_about_namespace()
        && r.part.is_none()
        && r.operation != Operation::Delete
    {
        return Ok(selector.matches(o.meta().labels.as_ref()));
    }
    let found = r.api.store().get(&Key::of::<Namespace>("", r.namespace));
    let found = found.ok_or_else(|| Status::not_found(Namespace::kind_ref(), r.namespace))?;
    Ok(selector.matches(found.meta().labels.as_ref()))
}
