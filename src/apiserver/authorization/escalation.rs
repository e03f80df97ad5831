//! Nobody gives away what they do not have: who writes a role must hold all its rules, who binds one too, unless they
//! were given the verb `escalate` or `bind`.
//! Real Kubernetes: pkg/registry/rbac/validation/rule.go ConfirmNoEscalation, pkg/registry/rbac/escalation_check.go.

use std::collections::BTreeSet;

use k8s_openapi::api::rbac::v1::{PolicyRule, RoleRef};

use super::{Attributes, policy, rbac};
use crate::api::kinds::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use crate::api::user::{MASTERS, User};
use crate::api::{Object, Status};
use crate::apiserver::ApiServer;

/// Refuses roles and bindings that hold more than `user` does.
pub fn check(api: &ApiServer, new: &Object, old: Option<&Object>, user: &User) -> Result<(), Status> {
    if new.kind().group() != policy::GROUP || user.is_in(MASTERS) {
        return Ok(());
    }
    if old.is_some_and(|old| only_metadata_for_collection(new, old)) {
        return Ok(());
    }
    if let Some(r) = new.get::<Role>() {
        return role(api, new, r.rules.as_deref().unwrap_or_default(), user);
    }
    if let Some(r) = new.get::<ClusterRole>() {
        role(api, new, r.rules.as_deref().unwrap_or_default(), user)?;
        let before = old.and_then(|o| o.get::<ClusterRole>());
        let aggregates = |r: &ClusterRole| {
            let selectors = r.aggregation_rule.as_ref().and_then(|a| a.cluster_role_selectors.as_ref());
            selectors.is_some_and(|s| !s.is_empty())
        };
        return if aggregates(r) || before.is_some_and(aggregates) { aggregating(api, new, user) } else { Ok(()) };
    }
    if let Some(b) = new.get::<RoleBinding>() {
        return binding(api, new, &b.role_ref, user);
    }
    if let Some(b) = new.get::<ClusterRoleBinding>() {
        return binding(api, new, &b.role_ref, user);
    }
    Ok(())
}

/// Who aggregates roles gets whatever others put into them, so they must hold everything already.
fn aggregating(api: &ApiServer, o: &Object, user: &User) -> Result<(), Status> {
    if may_escalate(api, o, user) {
        return Ok(());
    }
    let star = || vec!["*".to_string()];
    let everything = [
        PolicyRule { verbs: star(), api_groups: Some(star()), resources: Some(star()), ..PolicyRule::default() },
        PolicyRule { verbs: star(), non_resource_urls: Some(star()), ..PolicyRule::default() },
    ];
    let why = "must have cluster-admin privileges to use the aggregationRule";
    covered(api, user, "", &everything).map_err(|_| Status::forbidden(o.kind(), o.name(), why))
}

fn may_escalate(api: &ApiServer, o: &Object, user: &User) -> bool {
    let wish = Attributes { verb: "escalate", ..Attributes::of("", o.kind(), o.namespace(), o.name(), "") };
    api.judge(user, &wish).allowed
}

/// What the garbage collector changes gives nobody anything.
fn only_metadata_for_collection(new: &Object, old: &Object) -> bool {
    let mut same = new.clone();
    let meta = same.meta_mut();
    meta.owner_references.clone_from(&old.meta().owner_references);
    meta.finalizers.clone_from(&old.meta().finalizers);
    meta.resource_version.clone_from(&old.meta().resource_version);
    same.same(old)
}

fn role(api: &ApiServer, o: &Object, rules: &[PolicyRule], user: &User) -> Result<(), Status> {
    if may_escalate(api, o, user) {
        return Ok(());
    }
    covered(api, user, o.namespace(), rules).map_err(|why| Status::forbidden(o.kind(), o.name(), &why))
}

fn binding(api: &ApiServer, o: &Object, role: &RoleRef, user: &User) -> Result<(), Status> {
    let resource = if role.kind == "Role" { "roles" } else { "clusterroles" };
    let wish = Attributes {
        verb: "bind",
        group: policy::GROUP,
        resource,
        namespace: o.namespace(),
        name: &role.name,
        ..Attributes::default()
    };
    if api.judge(user, &wish).allowed {
        return Ok(());
    }
    // Whoever looks for the role takes it for one of what is written.
    let rules = rbac::role_rules(api, role, o.namespace()).map_err(|_| Status::not_found(o.kind(), &role.name))?;
    covered(api, user, o.namespace(), rules).map_err(|why| Status::forbidden(o.kind(), o.name(), &why))
}

/// Whether somebody holds all these rules; the text says which not.
fn covered(api: &ApiServer, user: &User, namespace: &str, rules: &[PolicyRule]) -> Result<(), String> {
    let (own, unresolved) = rbac::rules_for(api, user, namespace);
    let missing: Vec<Right<'_>> =
        rules.iter().flat_map(broken_down).filter(|r| !own.iter().any(|o| r.is_in(o))).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let groups: Vec<&str> = user.groups.iter().map(|g| g.as_str()).collect();
    let mut text = format!(
        "user {:?} (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}",
        user.name.as_str(),
        groups.iter().map(|g| format!("{g:?}")).collect::<Vec<_>>().join(" "),
        described(&missing).into_iter().collect::<Vec<_>>().join("\n")
    );
    if !unresolved.is_empty() {
        text.push_str(&format!("; resolution errors: [{}]", unresolved.join(", ")));
    }
    Err(text)
}

/// The smallest part of a rule: one verb on one resource, or on one URL.
#[derive(Clone, Copy, PartialEq)]
struct Right<'a> {
    verb: &'a str,
    what: What<'a>,
}

#[derive(Clone, Copy, PartialEq)]
enum What<'a> {
    Resource { group: &'a str, resource: &'a str, name: Option<&'a str> },
    Url(&'a str),
}

fn broken_down(rule: &PolicyRule) -> Vec<Right<'_>> {
    let mut out = vec![];
    let names: Vec<Option<&str>> = match rule.resource_names.as_deref() {
        Some(names) if !names.is_empty() => names.iter().map(|n| Some(n.as_str())).collect(),
        _ => vec![None],
    };
    for group in rule.api_groups.iter().flatten() {
        for resource in rule.resources.iter().flatten() {
            for verb in &rule.verbs {
                out.extend(
                    names.iter().map(|name| Right { verb, what: What::Resource { group, resource, name: *name } }),
                );
            }
        }
    }
    for url in rule.non_resource_urls.iter().flatten() {
        out.extend(rule.verbs.iter().map(|verb| Right { verb, what: What::Url(url) }));
    }
    out
}

impl Right<'_> {
    fn is_in(&self, rule: &PolicyRule) -> bool {
        let has = |list: &Option<Vec<String>>, x: &str| list.iter().flatten().any(|y| y == "*" || y == x);
        let verb = rule.verbs.iter().any(|v| v == "*" || v == self.verb);
        verb && match self.what {
            What::Url(url) => rule.non_resource_urls.iter().flatten().any(|u| rbac::url_covers(u, url)),
            What::Resource { group, resource, name } => {
                let part = resource.split_once('/').map(|(_, sub)| format!("*/{sub}"));
                let named = rule.resource_names.as_deref().unwrap_or_default();
                has(&rule.api_groups, group)
                    && (has(&rule.resources, resource) || part.is_some_and(|p| has(&rule.resources, &p)))
                    && (named.is_empty() || name.is_some_and(|n| named.iter().any(|x| x == n)))
            }
        }
    }
}

/// The missing rights, those on one resource together.
fn described(missing: &[Right<'_>]) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let mut done: Vec<What<'_>> = vec![];
    for right in missing {
        match right.what {
            What::Url(url) => {
                lines.insert(format!("{{NonResourceURLs:[{url:?}], Verbs:[{:?}]}}", right.verb));
            }
            what if done.contains(&what) => {}
            what @ What::Resource { group, resource, name } => {
                done.push(what);
                let verbs: Vec<String> =
                    missing.iter().filter(|r| r.what == what).map(|r| format!("{:?}", r.verb)).collect();
                let name = name.map_or(String::new(), |n| format!(", ResourceNames:[{n:?}]"));
                let verbs = verbs.join(" ");
                lines.insert(format!("{{APIGroups:[{group:?}], Resources:[{resource:?}]{name}, Verbs:[{verbs}]}}"));
            }
        }
    }
    lines
}
