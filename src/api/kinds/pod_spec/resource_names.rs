//! Which resources a pod as a whole may ask for, and whole huge pages. What resources there are is in
//! [`kinds::resources`](crate::api::kinds::resources).
//! Real Kubernetes: pkg/apis/core/helper/helpers.go, pkg/apis/core/validation validatePodResourceName.

use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::resources::{HUGE_PAGES, is_huge_pages, validate_name};
use crate::api::quantity::Quantity;

/// Whether a pod as a whole may ask for it.
pub fn is_of_pods(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || is_huge_pages(name)
}

/// Whether the amount is a number of pages of that size. Anything else than huge pages divides.
pub fn divides_huge_page(name: &str, amount: &str) -> bool {
    let Some(size) = name.strip_prefix(HUGE_PAGES) else { return true };
    let Some(page) = Quantity::parse(size).filter(|p| p.is_whole() && p.units() > 0) else { return false };
    Quantity::parse(amount).is_none_or(|q| q.units() % page.units() == 0)
}

/// The name of a resource that a pod as a whole may ask for.
pub fn validate_of_pod(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if validate_name(name, at, errors) && !is_of_pods(name) {
        errors.not_supported(at, name, &["cpu", HUGE_PAGES, "memory"]);
    }
}
