//! What a Node may not say.
//! Real Kubernetes: pkg/apis/core/validation ValidateNode, ValidateNodeUpdate.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{NodeStatus, Taint};
use serde::Serialize;

use super::annotations;
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::Node;
use crate::api::kinds::resources::{ResourceList, validate_amount};
use crate::api::schema::TypeId;
use crate::api::{internal, ip, names};

fn shown(value: &impl Serialize, of: &str) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    TypeId::by_name(of).map_or_else(String::new, |of| internal::compact(&json, of))
}

pub fn validate(n: &Node, errors: &mut FieldErrors) {
    annotations::validate(n, errors);
    validate_own_taints(n, errors);
    validate_resources(n, errors);
    let swap = n.status.as_ref().and_then(|s| s.node_info.as_ref()?.swap.as_ref()?.capacity);
    if let Some(bytes) = swap.filter(|bytes| *bytes <= 0) {
        let metadata = Path::new("metadata");
        errors.invalid(&metadata.child("nodeSwapStatus").child("capacity"), bytes, "must be greater than zero");
    }
    validate_features(n.status.as_ref(), errors);
    validate_ranges(n, errors);
}

fn validate_own_taints(n: &Node, errors: &mut FieldErrors) {
    // Kubernetes names them so.
    let metadata = Path::new("metadata");
    let taints = n.spec.as_ref().and_then(|s| s.taints.as_deref()).unwrap_or_default();
    validate_taints(taints, &metadata.child("taints"), errors);
}

pub fn validate_taints(taints: &[Taint], list: &Path<'_>, errors: &mut FieldErrors) {
    for (i, t) in taints.iter().enumerate() {
        let at = list.index(i);
        errors.invalid_each(&at.child("key"), &t.key, names::qualified_name(&t.key));
        let value = t.value.as_deref().unwrap_or("");
        let found = names::label_value(value);
        if !found.is_empty() {
            errors.invalid(&at.child("value"), value, found.join(";"));
        }
        if t.effect.is_empty() {
            errors.required(&at.child("effect"), "");
        } else {
            errors.one_of(&at.child("effect"), &t.effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
        }
        if taints[..i].iter().any(|b| (&b.key, &b.effect) == (&t.key, &t.effect)) {
            let taint = shown(t, "core/v1.Taint");
            errors.duplicate_struct(&at, format!("{taint}: taints must be unique by key and effect pair"));
        }
    }
}

fn validate_resources(n: &Node, errors: &mut FieldErrors) {
    let status = Path::new("status");
    let mut each = |list: Option<&ResourceList>, name: &str| {
        let at = status.child(name);
        for (k, q) in list.into_iter().flatten() {
            validate_amount(k, q, &at.child(k), errors);
        }
    };
    each(n.status.as_ref().and_then(|s| s.capacity.as_ref()), "capacity");
    each(n.status.as_ref().and_then(|s| s.allocatable.as_ref()), "allocatable");
}

fn is_feature(name: &str) -> bool {
    let segment = |s: &str, first: fn(&char) -> bool| {
        s.chars().next().is_some_and(|c| first(&c)) && s.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let mut segments = name.split('/');
    segments.next().is_some_and(|s| segment(s, char::is_ascii_uppercase))
        && segments.all(|s| segment(s, char::is_ascii_alphabetic))
}

/// Features stand in the alphabet's order, each once.
fn validate_features(status: Option<&NodeStatus>, errors: &mut FieldErrors) {
    let features = status.and_then(|s| s.declared_features.as_deref()).unwrap_or_default();
    let at = Path::new("status");
    let list = at.child("declaredFeatures");
    for (i, name) in features.iter().enumerate() {
        if name.len() > 253 {
            let why = format!("invalid feature name {name:?}: must be no more than 253 characters");
            errors.invalid(&list.index(i), name.as_str(), why);
        } else if !is_feature(name) {
            let why = format!("invalid feature name {name:?}: must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes");
            errors.invalid(&list.index(i), name.as_str(), why);
        }
        match features.get(i + 1) {
            Some(next) if next == name => errors.duplicate(&list.index(i + 1), next.as_str()),
            Some(next) if next < name => {
                errors.invalid(&list.index(i + 1), next.as_str(), "list must be sorted alphabetically");
            }
            _ => {}
        }
    }
}

fn ranges(n: &Node) -> &[String] {
    n.spec.as_ref().and_then(|s| s.pod_cidrs.as_deref()).unwrap_or_default()
}

/// One range for its pods, or one of each family.
fn validate_ranges(n: &Node, errors: &mut FieldErrors) {
    let spec = Path::new("spec");
    let list = spec.child("podCIDRs");
    let ranges = ranges(n);
    for (i, range) in ranges.iter().enumerate() {
        ip::validate_block(range, &list.index(i), errors);
    }
    if ranges.len() < 2 {
        return;
    }
    let blocks: Vec<Option<ip::Block>> = ranges.iter().map(|r| ip::Block::parse(r)).collect();
    if let Some(i) = blocks.iter().position(Option::is_none) {
        let why = format!(
            "invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[{i}]: <nil> (invalid CIDR address: {})",
            ranges[i]
        );
        errors.internal(&list, why);
    }
    let of_v4 = |wanted: bool| blocks.iter().flatten().any(|b| b.is_ipv4() == wanted);
    let both = blocks.iter().all(Option::is_some) && of_v4(true) && of_v4(false);
    if !both || ranges.len() > 2 {
        errors.invalid(&list, ranges.to_vec(), "may specify no more than one CIDR for each IP family");
    }
}

pub fn validate_update(new: &Node, old: &Node, errors: &mut FieldErrors) {
    names::validate_meta(&new.metadata, false, names::dns1123_subdomain, errors);
    validate(new, errors);
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
    validate_change(new, old, errors);
}

/// What a change of the spec or of the status may not do.
pub fn validate_change(new: &Node, old: &Node, errors: &mut FieldErrors) {
    annotations::validate(new, errors);
    validate_resources(new, errors);
    validate_features(new.status.as_ref(), errors);
    let status = Path::new("status");
    let list = status.child("addresses");
    let mut seen = BTreeMap::new();
    for (i, a) in new.status.iter().flat_map(|s| s.addresses.iter().flatten()).enumerate() {
        if seen.insert((&a.type_, &a.address), ()).is_some() {
            errors.duplicate_struct(&list.index(i), shown(a, "core/v1.NodeAddress"));
        }
    }
    validate_fixed(new, old, errors);
}

fn validate_fixed(new: &Node, old: &Node, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let (now, before) = (ranges(new), ranges(old));
    let fixed = "node updates may not change podCIDR except from \"\" to valid";
    if !before.is_empty() {
        let changes = match now.len() == before.len() {
            true => now.iter().zip(before).filter(|(n, o)| n != o).count(),
            false => 1,
        };
        (0..changes).for_each(|_| errors.forbidden(&at.child("podCIDRs"), fixed));
    }
    let provider = |n: &Node| n.spec.as_ref().and_then(|s| s.provider_id.clone()).unwrap_or_default();
    if !provider(old).is_empty() && provider(new) != provider(old) {
        let why = "node updates may not change providerID except from \"\" to valid";
        errors.forbidden(&at.child("providerID"), why);
    }
    validate_own_taints(new, errors);
    let external = |n: &Node| n.spec.as_ref().and_then(|s| s.external_id.clone()).unwrap_or_default();
    if external(new) != external(old) {
        errors.forbidden(&at.child("externalID"), "may not be updated");
    }
}
