//! What roles and their bindings share, in a namespace or in the whole cluster.
//! Real Kubernetes: pkg/apis/rbac/v1/defaults.go, pkg/apis/rbac/validation, pkg/apis/rbac/helpers.go.

use k8s_openapi::api::rbac::v1::{PolicyRule, RoleRef, Subject};

use crate::api::field::{FieldErrors, Path};
use crate::api::{internal, names};

const GROUP: &str = "rbac.authorization.k8s.io";

pub fn default_binding(role: &mut RoleRef, subjects: Option<&mut [Subject]>) {
    if role.api_group.as_deref().unwrap_or("").is_empty() {
        role.api_group = Some(GROUP.into());
    }
    for s in subjects.into_iter().flatten() {
        if group(s).is_empty() && matches!(s.kind.as_str(), "User" | "Group") {
            s.api_group = Some(GROUP.into());
        }
    }
}

/// Rules of a namespace (`namespaced`) cannot speak of URLs.
pub fn validate_rules(rules: &[PolicyRule], namespaced: bool, errors: &mut FieldErrors) {
    let at = Path::new("rules");
    for (i, r) in rules.iter().enumerate() {
        validate_rule(r, namespaced, &at.index(i), errors);
    }
}

fn validate_rule(r: &PolicyRule, namespaced: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    let some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|l| !l.is_empty());
    if r.verbs.is_empty() {
        errors.required(&at.child("verbs"), "verbs must contain at least one value");
    }
    if some(&r.non_resource_urls) {
        let at = at.child("nonResourceURLs");
        let urls = r.non_resource_urls.clone().unwrap_or_default();
        if namespaced {
            errors.invalid(&at, urls.clone(), "namespaced rules cannot apply to non-resource URLs");
        }
        if some(&r.api_groups) || some(&r.resources) || some(&r.resource_names) {
            errors.invalid(&at, urls, "rules cannot apply to both regular resources and non-resource URLs");
        }
        return;
    }
    if !some(&r.api_groups) {
        errors.required(&at.child("apiGroups"), "resource rules must supply at least one api group");
    }
    if !some(&r.resources) {
        errors.required(&at.child("resources"), "resource rules must supply at least one resource");
    }
}

pub fn validate_role_ref(role: &RoleRef, kinds: &[&str], errors: &mut FieldErrors) {
    let at = Path::new("roleRef");
    errors.one_of(&at.child("apiGroup"), role.api_group.as_deref().unwrap_or(""), &[GROUP]);
    errors.one_of(&at.child("kind"), &role.kind, kinds);
    let at = at.child("name");
    if role.name.is_empty() {
        errors.required(&at, "");
    } else {
        errors.invalid_each(&at, &role.name, names::path_segment(&role.name, false));
    }
}

/// A service account is one of the binding's own namespace if it names none; in the whole cluster it must.
pub fn validate_subjects(subjects: &[Subject], namespaced: bool, errors: &mut FieldErrors) {
    let list = Path::new("subjects");
    for (i, s) in subjects.iter().enumerate() {
        let at = list.index(i);
        if s.name.is_empty() {
            errors.required(&at.child("name"), "");
        }
        match s.kind.as_str() {
            "ServiceAccount" => {
                if !s.name.is_empty() {
                    errors.invalid_each(&at.child("name"), &s.name, names::dns1123_subdomain(&s.name, false));
                }
                errors.one_of(&at.child("apiGroup"), group(s), &[""]);
                if !namespaced && s.namespace.as_deref().unwrap_or("").is_empty() {
                    errors.required(&at.child("namespace"), "");
                }
            }
            "User" | "Group" => errors.one_of(&at.child("apiGroup"), group(s), &[GROUP]),
            other => errors.not_supported(&at.child("kind"), other, &["ServiceAccount", "User", "Group"]),
        }
    }
}

/// Whoever may bind one role may not thereby come to another.
pub fn validate_same_role(new: &RoleRef, old: &RoleRef, errors: &mut FieldErrors) {
    if new != old {
        let shown = internal::shown(new, "rbac/v1.RoleRef");
        errors.invalid_struct(&Path::new("roleRef"), shown, "cannot change roleRef");
    }
}

fn group(s: &Subject) -> &str {
    s.api_group.as_deref().unwrap_or("")
}

/// `ClusterRole/view`
pub fn role_text(role: &RoleRef) -> String {
    format!("{}/{}", role.kind, role.name)
}

pub fn users(subjects: Option<&[Subject]>) -> String {
    listed(subjects, "User", |s| s.name.clone())
}

pub fn groups(subjects: Option<&[Subject]>) -> String {
    listed(subjects, "Group", |s| s.name.clone())
}

pub fn service_accounts(subjects: Option<&[Subject]>) -> String {
    listed(subjects, "ServiceAccount", |s| format!("{}/{}", s.namespace.as_deref().unwrap_or(""), s.name))
}

fn listed(subjects: Option<&[Subject]>, kind: &str, text: impl Fn(&Subject) -> String) -> String {
    let of_kind = subjects.unwrap_or_default().iter().filter(|s| s.kind == kind);
    of_kind.map(text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::RoleBinding;
    use crate::api::Time;
    use crate::api::object::Resource;
    use serde_json::{Value, json};

    #[test]
    fn columns_tell_who_is_bound() {
        let kind = RoleBinding::kind_ref();
        let binding = json!({"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [
            {"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "default"}, {"kind": "Group", "name": "g"},
            {"kind": "ServiceAccount", "name": "other", "namespace": "there"}, {"kind": "User", "name": "v"},
        ]});
        let row = kind.row(&kind.decode(binding).expect("binding"), Time::ZERO);
        assert_eq!(
            Value::from(row),
            json!(["b", "ClusterRole/view", "<unknown>", "u, v", "g", "/default, there/other"])
        );
    }
}
