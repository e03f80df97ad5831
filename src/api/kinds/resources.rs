//! Names and amounts of resources: what quotas, limits, claims and nodes may count.
//! Real Kubernetes: pkg/apis/core/helper/helpers.go, pkg/apis/core/validation validateResourceName, ValidateResourceQuantityValue.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity as RawQuantity;

use crate::api::field::{FieldErrors, Path};
use crate::api::names::{is_extended_resource, is_native_resource, qualified_name};
use crate::api::quantity::{self, Quantity, canonical};

pub type ResourceList = BTreeMap<String, RawQuantity>;

/// What the names of huge pages begin with; their size follows.
pub const HUGE_PAGES: &str = "hugepages-";

/// What a quota counts as whole things.
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

/// What a quota measures.
const MEASURED: [&str; 10] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
];

pub fn is_huge_pages(name: &str) -> bool {
    name.starts_with(HUGE_PAGES)
}

/// A resource that a quota knows by itself.
pub fn is_for_quotas(name: &str) -> bool {
    COUNTED.contains(&name)
        || MEASURED.contains(&name)
        || is_huge_pages(name)
        || name.strip_prefix("requests.").is_some_and(is_huge_pages)
}

fn is_for_containers(name: &str) -> bool {
    ["cpu", "memory", "ephemeral-storage"].contains(&name) || is_huge_pages(name)
}

/// Whether more of it may be promised than there is.
pub fn is_overcommitted(name: &str) -> bool {
    is_native_resource(name) && !is_huge_pages(name)
}

fn is_standard(name: &str) -> bool {
    is_for_quotas(name) || name == "storage"
}

/// The name of any resource. Tells whether it is one.
pub fn validate_name(name: &str, at: &Path<'_>, errors: &mut FieldErrors) -> bool {
    let found = qualified_name(name);
    let unknown = found.is_empty() && !name.contains('/') && !is_standard(name);
    if unknown {
        errors.invalid(at, name, "must be a standard resource type or fully qualified");
    }
    let good = found.is_empty() && !unknown;
    errors.invalid_each(at, name, found);
    good
}

/// Who may have a resource: each has names of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum User {
    Anything,
    Container,
    Quota,
}

pub fn validate_name_for(user: User, name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    // Everybody may have these two, and nearly everything names them alone.
    if matches!(name, "cpu" | "memory") {
        return;
    }
    validate_name(name, at, errors);
    let plain = !name.contains('/');
    match user {
        User::Quota if plain && !is_for_quotas(name) => {
            errors.invalid(at, name, "must be a standard resource for quota");
        }
        User::Container if plain && !is_for_containers(name) => {
            errors.invalid(at, name, "must be a standard resource for containers");
        }
        User::Container if !is_native_resource(name) && !is_extended_resource(name) => {
            errors.invalid(at, name, "doesn't follow extended resource name standard");
        }
        _ => {}
    }
}

/// Amounts are kept to the thousandth; what is finer counts as one more.
pub fn round_up(list: &mut Option<ResourceList>) {
    for q in list.iter_mut().flat_map(BTreeMap::values_mut) {
        if let Some(kept) = quantity::rounded(&q.0).filter(|kept| *kept != q.0) {
            q.0 = kept;
        }
    }
}

pub fn amount(q: &RawQuantity) -> Quantity {
    Quantity::parse(&q.0).unwrap_or(Quantity::ZERO)
}

/// An amount of a list, nothing if it has none.
pub fn amount_of(list: Option<&ResourceList>, name: &str) -> Quantity {
    list.and_then(|l| l.get(name)).map_or(Quantity::ZERO, amount)
}

/// Not less than nothing, and whole where things are counted.
pub fn validate_amount(name: &str, q: &RawQuantity, at: &Path<'_>, errors: &mut FieldErrors) {
    let exact = amount(q);
    if exact.is_negative() {
        errors.invalid(at, canonical(&q.0), "must be greater than or equal to 0");
    }
    if (COUNTED.contains(&name) || is_extended_resource(name)) && !exact.is_whole() {
        errors.invalid(at, canonical(&q.0), "must be an integer");
    }
}

pub fn validate_positive(q: &RawQuantity, at: &Path<'_>, errors: &mut FieldErrors) {
    if amount(q).is_negative() || amount(q).is_zero() {
        errors.invalid(at, canonical(&q.0), "must be greater than zero");
    }
}

/// Not less than nothing, in whole units. Real Kubernetes: validateBasicResource.
pub fn validate_basic(q: &RawQuantity, at: &Path<'_>, errors: &mut FieldErrors) {
    let units = amount(q).units();
    if units < 0 {
        errors.invalid(at, units, "must be a valid resource quantity");
    }
}
