//! What resources there are: those that Kubernetes knows, huge pages of any size, and those that others add.
//! Real Kubernetes: pkg/apis/core/helper/helpers.go.

use crate::api::field::{FieldErrors, Path};
use crate::api::names;
use crate::api::quantity::Quantity;

const HUGE_PAGES: &str = "hugepages-";

const STANDARD: [&str; 20] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];

/// Counted in whole numbers.
const COUNTED: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

pub fn is_huge_page(name: &str) -> bool {
    name.starts_with(HUGE_PAGES)
}

/// Of Kubernetes itself: in no namespace, or in its own.
pub fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Added by a device plugin: `nvidia.com/gpu`.
pub fn is_extended(name: &str) -> bool {
    if is_native(name) || name.starts_with("requests.") {
        return false;
    }
    names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// Whether a node may promise more of it than it has.
pub fn may_be_overcommitted(name: &str) -> bool {
    is_native(name) && !is_huge_page(name)
}

pub fn is_counted(name: &str) -> bool {
    COUNTED.contains(&name) || is_extended(name)
}

/// Whether a pod as a whole may ask for it.
pub fn is_of_pods(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || is_huge_page(name)
}

/// Whether the amount is a number of pages of that size. Anything else than huge pages divides.
pub fn divides_huge_page(name: &str, amount: &str) -> bool {
    let Some(size) = name.strip_prefix(HUGE_PAGES) else { return true };
    let Some(page) = Quantity::parse(size).filter(|p| p.is_whole() && p.units() > 0) else { return false };
    Quantity::parse(amount).is_none_or(|q| q.units() % page.units() == 0)
}

/// The name of any resource. Tells whether it is one.
fn validate_name(name: &str, at: &Path<'_>, errors: &mut FieldErrors) -> bool {
    let problems = names::qualified_name(name);
    if !problems.is_empty() {
        errors.invalid_each(at, name, problems);
        return false;
    }
    let standard = STANDARD.contains(&name) || is_huge_page(name) || name.starts_with("requests.hugepages-");
    if !name.contains('/') && !standard {
        errors.invalid(at, name, "must be a standard resource type or fully qualified");
        return false;
    }
    true
}

/// The name of a resource that a container may ask for.
pub fn validate_of_container(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    // Nearly all containers name these two alone.
    if matches!(name, "cpu" | "memory") {
        return;
    }
    validate_name(name, at, errors);
    if name.split('/').count() == 1 {
        if !matches!(name, "cpu" | "memory" | "ephemeral-storage") && !is_huge_page(name) {
            errors.invalid(at, name, "must be a standard resource for containers");
        }
    } else if !is_native(name) && !is_extended(name) {
        errors.invalid(at, name, "doesn't follow extended resource name standard");
    }
}

/// The name of a resource that a pod as a whole may ask for.
pub fn validate_of_pod(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if validate_name(name, at, errors) && !is_of_pods(name) {
        errors.not_supported(at, name, &["cpu", HUGE_PAGES, "memory"]);
    }
}

/// The amount of a resource.
pub fn validate_amount(name: &str, amount: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(q) = Quantity::parse(amount) else { return };
    if q.is_negative() {
        errors.invalid(at, q.to_string(), "must be greater than or equal to 0");
    }
    if !q.is_whole() && is_counted(name) {
        errors.invalid(at, q.to_string(), "must be an integer");
    }
}
