//! rbac.authorization.k8s.io/v1 ClusterRole: names, validation, columns.
//! Real Kubernetes: pkg/apis/rbac/validation, pkg/registry/rbac/clusterrole.

use serde_json::Value;

use super::ClusterRole;
use super::rbac;
use super::workload::validate_label_selector;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::names;
use crate::api::table::Column;

pub static KIND: Kind<ClusterRole> = Kind {
    namespaced: false,
    create_on_update: true,
    name_rule: names::path_segment,
    validate,
    columns: &[
        Column::name(),
        Column::created_at(),
    ],
    ..Kind::new(("rbac.authorization.k8s.io", "v1"), "ClusterRole", "clusterroles", "clusterrole")
};

fn validate(r: &ClusterRole, errors: &mut FieldErrors) {
    rbac::validate_rules(r.rules.as_deref().unwrap_or_default(), false, errors);
    let Some(aggregation) = &r.aggregation_rule else { return };
    let rule = Path::new("aggregationRule");
    let at = rule.child("clusterRoleSelectors");
    let selectors = aggregation.cluster_role_selectors.as_deref().unwrap_or_default();
    if selectors.is_empty() {
        errors.required(&at, "at least one clusterRoleSelector required if aggregationRule is non-nil");
    }
    for (i, s) in selectors.iter().enumerate() {
        let before = errors.list().len();
        validate_label_selector(s, &at.index(i), errors);
        if errors.list().len() > before {
            errors.invalid(&at.index(i), Value::Null, "invalid label selector.");
        }
    }
}
