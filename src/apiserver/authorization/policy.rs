//! The roles and bindings of a fresh cluster. `policy.txt` lists them; its head explains the form.
//! Real Kubernetes: plugin/pkg/auth/authorizer/rbac/bootstrappolicy, pkg/registry/rbac/rest/storage_rbac.go.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use k8s_openapi::api::rbac::v1::{AggregationRule, PolicyRule, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use crate::api::Object;
use crate::api::kinds::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};

static TEXT: &str = include_str!("policy.txt");
pub const GROUP: &str = "rbac.authorization.k8s.io";

/// Everything that the policy consists of.
pub fn objects() -> Vec<Object> {
    let mut out = vec![];
    let mut lines = TEXT.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).peekable();
    while let Some(head) = lines.next() {
        let mut body = vec![];
        while let Some(line) = lines.next_if(|l| l.starts_with(' ')) {
            body.push(line.trim_start());
        }
        out.extend(entry(head, &body));
    }
    out
}

/// What every kubelet may do, before the node authorizer looks closer.
pub fn node_rules() -> &'static [PolicyRule] {
    static RULES: OnceLock<Vec<PolicyRule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let node = objects().into_iter().find(|o| o.name() == "system:node");
        node.and_then(|o| o.get::<ClusterRole>().and_then(|r| r.rules.clone())).unwrap_or_default()
    })
}

fn entry(head: &str, body: &[&str]) -> Option<Object> {
    let mut words = head.split(' ');
    let (kind, name) = (words.next()?, words.next()?);
    let role = words.nth(1).zip(head.rsplit(' ').next());
    let (namespace, name) = name.split_once('/').filter(|_| !kind.starts_with("Cluster")).unwrap_or(("", name));
    let metadata = meta(namespace, name, body);
    Some(match (kind, role) {
        // A role that is made of others has no rules of its own: a controller fills them in.
        ("ClusterRole", None) => {
            Object::new(ClusterRole { metadata, rules: Some(rules(body)), aggregation_rule: aggregation(body) })
        }
        ("Role", None) => Object::new(Role { metadata, rules: Some(rules(body)) }),
        ("ClusterRoleBinding", Some((kind, name))) => {
            Object::new(ClusterRoleBinding { metadata, role_ref: reference(kind, name), subjects: subjects(body) })
        }
        ("RoleBinding", Some((kind, name))) => {
            Object::new(RoleBinding { metadata, role_ref: reference(kind, name), subjects: subjects(body) })
        }
        _ => return None,
    })
}

fn meta(namespace: &str, name: &str, body: &[&str]) -> ObjectMeta {
    let own = body.iter().filter_map(|l| l.strip_prefix("label ")?.split_once('='));
    let labels = own.chain([("kubernetes.io/bootstrapping", "rbac-defaults")]);
    let annotations = BTreeMap::from([("rbac.authorization.kubernetes.io/autoupdate".into(), "true".into())]);
    ObjectMeta {
        name: Some(name.into()),
        namespace: (!namespace.is_empty()).then(|| namespace.into()),
        labels: Some(labels.map(|(k, v)| (k.into(), v.into())).collect()),
        annotations: Some(annotations),
        ..ObjectMeta::default()
    }
}

fn aggregation(body: &[&str]) -> Option<AggregationRule> {
    let selectors: Vec<LabelSelector> = body
        .iter()
        .filter_map(|l| l.strip_prefix("aggregates ")?.split_once('='))
        .map(|(k, v)| LabelSelector {
            match_labels: Some(BTreeMap::from([(k.into(), v.into())])),
            ..LabelSelector::default()
        })
        .collect();
    (!selectors.is_empty()).then_some(AggregationRule { cluster_role_selectors: Some(selectors) })
}

fn rules(body: &[&str]) -> Vec<PolicyRule> {
    body.iter().filter_map(|l| rule(l)).collect()
}

fn rule(line: &str) -> Option<PolicyRule> {
    let (what, rest) = line.split_once(' ')?;
    let parts: Vec<&str> = rest.split(" | ").collect();
    let list = |i: usize| parts.get(i).map(|p| p.split(',').map(String::from).collect::<Vec<_>>());
    let core = |group: &String| if group == "-" { String::new() } else { group.clone() };
    let verbs = list(0)?;
    match what {
        "rule" => Some(PolicyRule {
            verbs,
            api_groups: list(1).map(|groups| groups.iter().map(core).collect()),
            resources: list(2),
            resource_names: list(3),
            ..PolicyRule::default()
        }),
        "path" => Some(PolicyRule { verbs, non_resource_urls: list(1), ..PolicyRule::default() }),
        _ => None,
    }
}

fn reference(kind: &str, name: &str) -> RoleRef {
    RoleRef { api_group: Some(GROUP.into()), kind: kind.into(), name: name.into() }
}

fn subjects(body: &[&str]) -> Option<Vec<Subject>> {
    let all: Vec<Subject> = body
        .iter()
        .filter_map(|l| l.split_once(' '))
        .map(|(kind, name)| match (kind, name.split_once('/')) {
            ("ServiceAccount", Some((ns, name))) => {
                Subject { kind: kind.into(), name: name.into(), namespace: Some(ns.into()), api_group: None }
            }
            _ => Subject { kind: kind.into(), name: name.into(), namespace: None, api_group: Some(GROUP.into()) },
        })
        .collect();
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_read_whole() {
        let all = objects();
        let of = |kind: &str| all.iter().filter(|o| o.kind().name() == kind).count();
        assert_eq!([of("ClusterRole"), of("Role"), of("ClusterRoleBinding"), of("RoleBinding")], [69, 7, 50, 7]);
        let admin = all.iter().find_map(|o| o.get::<ClusterRole>().filter(|_| o.name() == "cluster-admin"));
        let rules = admin.and_then(|r| r.rules.clone()).unwrap_or_default();
        assert_eq!(rules[0].api_groups, Some(vec!["*".to_string()]));
        assert_eq!(rules[1].non_resource_urls, Some(vec!["*".to_string()]));
        assert!(node_rules().len() > 10);
    }
}
