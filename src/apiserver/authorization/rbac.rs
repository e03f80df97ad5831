//! Role-based access control: whether a rule of a role that is bound to somebody allows what they want.
//! Real Kubernetes: plugin/pkg/auth/authorizer/rbac/rbac.go, pkg/registry/rbac/validation/rule.go.

use k8s_openapi::api::rbac::v1::{PolicyRule, RoleRef, Subject};

use super::{Attributes, Verdict};
use crate::api::kinds::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use crate::api::object::{Key, Resource};
use crate::api::user::{User, as_service_account};
use crate::apiserver::ApiServer;
use crate::store::Scope;

/// Looks for the first rule that allows it.
pub fn judge(api: &ApiServer, user: &User, wish: &Attributes<'_>) -> Verdict {
    let mut missing = vec![];
    let mut found = None;
    visit(api, user, wish.namespace, &mut |step| match step {
        Step::Rule(rule, grant) if allows(rule, wish) => {
            found = Some(grant.to_string());
            false
        }
        Step::Rule(..) => true,
        Step::NoRole(error) => {
            missing.push(error);
            true
        }
    });
    match found {
        Some(grant) => Verdict::yes(format!("RBAC: allowed by {grant}")),
        None if missing.is_empty() => Verdict::no(""),
        None => Verdict::no(format!("RBAC: {}", listed(&missing))),
    }
}

/// Several errors as one, as Kubernetes joins them.
pub fn listed(errors: &[String]) -> String {
    let mut unique: Vec<&str> = vec![];
    errors.iter().for_each(|e| {
        if !unique.contains(&e.as_str()) {
            unique.push(e);
        }
    });
    match unique.as_slice() {
        [one] => (*one).to_string(),
        many => format!("[{}]", many.join(", ")),
    }
}

/// All rules that apply to somebody in a namespace (empty: to the whole cluster), and whether some could not be found.
pub fn rules_for(api: &ApiServer, user: &User, namespace: &str) -> (Vec<PolicyRule>, Vec<String>) {
    let (mut rules, mut missing) = (vec![], vec![]);
    visit(api, user, namespace, &mut |step| {
        match step {
            Step::Rule(rule, _) => rules.push(rule.clone()),
            Step::NoRole(error) => missing.push(error),
        }
        true
    });
    (rules, missing)
}

/// What is met on the way through the bindings.
enum Step<'a> {
    Rule(&'a PolicyRule, Grant<'a>),
    /// A binding to a role that is not there.
    NoRole(String),
}

/// The binding through which a rule applies.
struct Grant<'a> {
    kind: &'static str,
    name: &'a str,
    namespace: &'a str,
    role: &'a RoleRef,
    subject: &'a Subject,
}

impl std::fmt::Display for Grant<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.namespace.is_empty() { String::new() } else { format!("/{}", self.namespace) };
        let s = self.subject;
        let subject = match s.kind.as_str() {
            "ServiceAccount" => format!("{}/{}", s.name, s.namespace.as_deref().unwrap_or("")),
            _ => s.name.clone(),
        };
        let (kind, name, role) = (self.kind, self.name, self.role);
        write!(f, "{kind} \"{name}{place}\" of {} {:?} to {} {subject:?}", role.kind, role.name, s.kind)
    }
}

/// Meets every rule that applies to somebody, cluster-wide ones first, until `each` has seen enough.
fn visit(api: &ApiServer, user: &User, namespace: &str, each: &mut dyn FnMut(Step<'_>) -> bool) {
    let scope = Scope::all(ClusterRoleBinding::kind_ref());
    for b in api.store().list(&scope).filter_map(|o| o.get::<ClusterRoleBinding>()) {
        let Some(subject) = applying(b.subjects.as_deref(), user, "") else { continue };
        let grant = Grant { kind: "ClusterRoleBinding", name: b.name(), namespace: "", role: &b.role_ref, subject };
        if !visit_role(api, "", grant, each) {
            return;
        }
    }
    if namespace.is_empty() {
        return;
    }
    let scope = Scope { kind: RoleBinding::kind_ref(), namespace: Some(namespace.into()) };
    for b in api.store().list(&scope).filter_map(|o| o.get::<RoleBinding>()) {
        let Some(subject) = applying(b.subjects.as_deref(), user, namespace) else { continue };
        let grant = Grant { kind: "RoleBinding", name: b.name(), namespace, role: &b.role_ref, subject };
        if !visit_role(api, namespace, grant, each) {
            return;
        }
    }
}

fn visit_role(api: &ApiServer, namespace: &str, grant: Grant<'_>, each: &mut dyn FnMut(Step<'_>) -> bool) -> bool {
    let Grant { kind, name, role, subject, .. } = grant;
    let rules = match role_rules(api, role, namespace) {
        Ok(rules) => rules,
        Err(error) => return each(Step::NoRole(error)),
    };
    rules.iter().all(|rule| each(Step::Rule(rule, Grant { kind, name, namespace, role, subject })))
}

/// The rules of the role that a binding names.
pub fn role_rules<'a>(api: &'a ApiServer, role: &RoleRef, namespace: &str) -> Result<&'a [PolicyRule], String> {
    let rules = match role.kind.as_str() {
        "Role" => {
            let o = api.store().get(&Key::of::<Role>(namespace, &role.name));
            o.and_then(|o| o.get::<Role>()).map(|r| r.rules.as_deref())
        }
        _ => {
            let o = api.store().get(&Key::of::<ClusterRole>("", &role.name));
            o.and_then(|o| o.get::<ClusterRole>()).map(|r| r.rules.as_deref())
        }
    };
    let kind = role.kind.to_lowercase();
    rules
        .map(Option::unwrap_or_default)
        .ok_or_else(|| format!("{kind}.rbac.authorization.k8s.io {:?} not found", role.name))
}

/// The first of a binding's subjects that somebody is.
fn applying<'a>(subjects: Option<&'a [Subject]>, user: &User, namespace: &str) -> Option<&'a Subject> {
    subjects.unwrap_or_default().iter().find(|s| match s.kind.as_str() {
        "User" => user.name == s.name,
        "Group" => user.is_in(&s.name),
        "ServiceAccount" => {
            let home = s.namespace.as_deref().filter(|ns| !ns.is_empty()).unwrap_or(namespace);
            !home.is_empty() && as_service_account(&user.name) == Some((home, s.name.as_str()))
        }
        _ => false,
    })
}

/// Whether a rule allows what somebody wants.
pub fn allows(rule: &PolicyRule, wish: &Attributes<'_>) -> bool {
    let verbs = rule.verbs.iter().any(|v| v == "*" || v == wish.verb);
    if let Some(path) = wish.path {
        let urls = rule.non_resource_urls.iter().flatten();
        return verbs && urls.into_iter().any(|u| url_covers(u, path));
    }
    verbs
        && rule.api_groups.iter().flatten().any(|g| g == "*" || g == wish.group)
        && rule.resources.iter().flatten().any(|r| resource_covers(r, wish))
        && names_cover(rule, wish.name)
}

/// `*`, the resource itself, or `*/scale` for that part of any.
fn resource_covers(resource: &str, wish: &Attributes<'_>) -> bool {
    match resource.split_once('/') {
        _ if resource == "*" => true,
        None => wish.subresource.is_empty() && resource == wish.resource,
        Some((of, sub)) => sub == wish.subresource && !sub.is_empty() && (of == "*" || of == wish.resource),
    }
}

fn names_cover(rule: &PolicyRule, name: &str) -> bool {
    let names = rule.resource_names.as_deref().unwrap_or_default();
    names.is_empty() || names.iter().any(|n| n == name)
}

/// A URL, or the beginning of URLs if it ends with `*`.
pub fn url_covers(rule: &str, path: &str) -> bool {
    rule == "*" || rule == path || rule.strip_suffix('*').is_some_and(|start| path.starts_with(start))
}
