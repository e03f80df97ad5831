//! The order in which resources are printed: as they came, or those first that others need.
//! Real Kubernetes: kustomize api/internal/builtins/SortOrderTransformer.go.

use std::cmp::Ordering;

use super::file::SortOptions;
use super::ids::ResId;
use super::resource::Resource;

const FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

fn rank<S: AsRef<str>>(kind: &str, first: &[S], last: &[S]) -> isize {
    let place = |list: &[S]| list.iter().rposition(|k| k.as_ref() == kind).and_then(|i| isize::try_from(i).ok());
    let before = isize::try_from(first.len()).unwrap_or(0);
    place(last).map(|i| i + 1).or_else(|| place(first).map(|i| i - before)).unwrap_or(0)
}

pub fn rank_by_default(kind: &str) -> isize {
    rank(kind, FIRST, LAST)
}

/// # Errors
/// The options contradict themselves.
pub fn sort(resources: &mut [Resource], options: Option<&SortOptions>, reorder: bool) -> Result<(), String> {
    let Some(options) = options else {
        if reorder {
            legacy(resources, &rank_by_default);
        }
        return Ok(());
    };
    match (options.order.as_str(), &options.legacy_sort_options) {
        ("fifo", None) => {}
        ("fifo", Some(_)) => {
            return Err(
                "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'"
                    .into(),
            );
        }
        ("legacy", None) => legacy(resources, &rank_by_default),
        ("legacy", Some(own)) => legacy(resources, &|kind| rank(kind, &own.order_first, &own.order_last)),
        _ => return Err("the field 'sortOptions.order' must be one of [fifo, legacy]".into()),
    }
    Ok(())
}

fn legacy(resources: &mut [Resource], rank: &dyn Fn(&str) -> isize) {
    resources.sort_by(|a, b| compare(&a.id(), &b.id(), rank));
}

fn compare(a: &ResId, b: &ResId, rank: &dyn Fn(&str) -> isize) -> Ordering {
    let by_kind = || {
        let texts = a.gvk.sort_text().cmp(&b.gvk.sort_text());
        // A Namespace of the core group stands before those of other groups.
        let namespaces = [a, b].iter().all(|id| id.gvk.kind == "Namespace");
        let core = [a, b].iter().any(|id| id.gvk.group.is_empty());
        if namespaces && core { texts.reverse() } else { texts }
    };
    let or = |text: &str, absent: &'static str| if text.is_empty() { absent.to_string() } else { text.to_string() };
    let place = |id: &ResId| format!("{}|{}|{}", id.gvk, or(&id.namespace, "~X"), or(&id.name, "~N"));
    rank(&a.gvk.kind).cmp(&rank(&b.gvk.kind)).then_with(by_kind).then_with(|| place(a).cmp(&place(b)))
}
