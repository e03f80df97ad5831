//! resource.k8s.io/v1 ResourceSlice: names, defaults, validation, columns. Its devices are judged in [`device`].
//! The gates DRAListTypeAttributes and DRANodeAllocatableResources are off, as they are by default: what they allow is dropped.
//! Real Kubernetes: pkg/apis/resource/v1/defaults.go, pkg/apis/resource/validation, pkg/registry/resource/resourceslice.

mod capacity;
mod device;

use k8s_openapi::api::resource::v1::{CounterSet, Device, ResourcePool, ResourceSliceSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::ResourceSlice;
use super::devices::{validate_label, validate_pool_name, validate_set};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::pod_spec::placement::validate_node_selector;
use crate::api::kind::Kind;
use crate::api::table::{Cell, Column};
use crate::api::time::Time;
use crate::api::{canonical, internal, names};

pub static KIND: Kind<ResourceSlice> = Kind {
    namespaced: false,
    generation: true,
    defaults: |s| default_amounts(&mut s.spec),
    stamp,
    prepare_create: |s| drop_what_is_off(&mut s.spec),
    prepare_update: |new, _| drop_what_is_off(&mut new.spec),
    spec_changed: |new, old| !canonical::equal(&new.spec, &old.spec, "resource/v1.ResourceSliceSpec"),
    validate: |s, errors| validate(&s.spec, None, errors),
    update_judges_alone: true,
    validate_update: |new, old, errors| {
        names::validate_meta_update(&new.metadata, &old.metadata, errors);
        validate(&new.spec, Some(&old.spec), errors);
    },
    warnings: |s, _| warnings(&s.spec.driver),
    selectable: &["spec.nodeName", "spec.driver"],
    field: |s, f| Some(if f == "spec.driver" { s.spec.driver.clone() } else { s.spec.node_name.clone().unwrap_or_default() }),
    returns_deleted: true,
    columns: &[
        Column::name(),
        Column::text("Node", "NodeName identifies the node which provides the resources in this pool. A field selector can be used to list only ResourceSlice objects belonging to a certain node.\n\nThis field can be used to limit access from nodes to ResourceSlices with the same node name. It also indicates to autoscalers that adding new nodes of the same type as some old node might also make new resources available.\n\nExactly one of NodeName, NodeSelector, AllNodes, and PerDeviceNodeSelection must be set. This field is immutable.", |s, _| Cell::from(s.spec.node_name.as_deref().unwrap_or(""))),
        Column::text("Driver", "Driver identifies the DRA driver providing the capacity information. A field selector can be used to list only ResourceSlice objects with a certain driver name.\n\nMust be a DNS subdomain and should end with a DNS domain owned by the vendor of the driver. It should use only lower case characters. This field is immutable.", |s, _| Cell::from(s.spec.driver.as_str())),
        Column::text("Pool", "Name is used to identify the pool. For node-local devices, this is often the node name, but this is not required.\n\nIt must not be longer than 253 characters and must consist of one or more DNS sub-domains separated by slashes. This field is immutable.", |s, _| Cell::from(s.spec.pool.name.as_str())),
        Column::age(),
    ],
    ..Kind::new(("resource.k8s.io", "v1"), "ResourceSlice", "resourceslices", "resourceslice")
};

const MAX_DEVICES: usize = 128;
/// The most devices if any of them has taints or consumes counters.
const MAX_ADVANCED_DEVICES: usize = 64;
const MAX_COUNTER_SETS: usize = 8;
const MAX_COUNTERS: usize = 32;

/// An amount that is not said is nothing.
fn default_amounts(spec: &mut ResourceSliceSpec) {
    let nothing = |q: &mut Quantity| {
        if q.0.is_empty() {
            q.0 = "0".into();
        }
    };
    for set in spec.shared_counters.iter_mut().flatten() {
        set.counters.values_mut().for_each(|c| nothing(&mut c.value));
    }
    for d in spec.devices.iter_mut().flatten() {
        d.capacity.iter_mut().flatten().for_each(|(_, c)| nothing(&mut c.value));
        for c in d.consumes_counters.iter_mut().flatten() {
            c.counters.values_mut().for_each(|c| nothing(&mut c.value));
        }
    }
}

fn stamp(s: &mut ResourceSlice, now: Time) {
    for taint in s.spec.devices.iter_mut().flatten().flat_map(|d| d.taints.iter_mut().flatten()) {
        taint.time_added.get_or_insert_with(|| now.meta());
    }
}

fn drop_what_is_off(spec: &mut ResourceSliceSpec) {
    for d in spec.devices.iter_mut().flatten() {
        d.node_allocatable_resource_mappings = None;
        for a in d.attributes.iter_mut().flatten().map(|(_, a)| a) {
            (a.bools, a.ints, a.strings, a.versions) = (None, None, None, None);
        }
    }
}

fn validate(spec: &ResourceSliceSpec, old: Option<&ResourceSliceSpec>, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    names::validate_driver_name(&spec.driver, &at.child("driver"), errors);
    validate_pool(&spec.pool, &at.child("pool"), errors);
    if let Some(old) = old {
        errors.immutable(&at.child("pool").child("name"), &spec.pool.name, &old.pool.name);
        errors.immutable(&at.child("driver"), &spec.driver, &old.driver);
        errors.immutable(&at.child("nodeName"), &spec.node_name, &old.node_name);
    }
    validate_place(spec, &at, errors);
    if spec.shared_counters.is_some() && spec.devices.is_some() {
        errors.invalid(&at, "", "only one of `sharedCounters` or `devices` is allowed");
    }
    let devices = spec.devices.as_deref().unwrap_or_default();
    let max = if devices.iter().any(is_advanced) { MAX_ADVANCED_DEVICES } else { MAX_DEVICES };
    validate_set(devices, max, |d| d.name.clone(), &at.child("devices"), errors, |d, at, errors| {
        let before = old.and_then(|o| o.devices.iter().flatten().find(|b| b.name == d.name));
        device::validate(d, before, spec.per_device_node_selection == Some(true), at, errors);
    });
    let sets = spec.shared_counters.as_deref().unwrap_or_default();
    let at = at.child("sharedCounters");
    validate_set(sets, MAX_COUNTER_SETS, |s| s.name.clone(), &at, errors, validate_counter_set);
}

fn is_advanced(d: &Device) -> bool {
    d.taints.as_ref().is_some_and(|t| !t.is_empty()) || d.consumes_counters.as_ref().is_some_and(|c| !c.is_empty())
}

fn validate_pool(pool: &ResourcePool, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_pool_name(&pool.name, &at.child("name"), errors);
    if pool.resource_slice_count <= 0 {
        errors.invalid(&at.child("resourceSliceCount"), pool.resource_slice_count, "must be greater than zero");
    }
    if pool.generation < 0 {
        errors.invalid(&at.child("generation"), pool.generation, "must be greater than or equal to zero");
    }
}

/// The nodes from which the devices can be reached are named in one way.
fn validate_place(spec: &ResourceSliceSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    const ONE: &str = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
    let mut set = vec![];
    if let Some(node) = &spec.node_name {
        let at = at.child("nodeName");
        if node.is_empty() {
            errors.invalid(&at, "", "must be either unset or set to a non-empty string");
        } else {
            set.push("`nodeName`");
            errors.invalid_each(&at, node, names::dns1123_subdomain(node, false));
        }
    }
    if let Some(s) = &spec.node_selector {
        set.push("`nodeSelector`");
        let at = at.child("nodeSelector");
        validate_node_selector(s, false, &at, errors);
        if s.node_selector_terms.len() != 1 {
            let shown = internal::shown(&s.node_selector_terms, "core/v1.NodeSelectorTerm");
            errors.invalid_struct(&at.child("nodeSelectorTerms"), shown, "must have exactly one node selector term");
        }
    }
    for (value, name, mark) in [
        (spec.all_nodes, "allNodes", "`allNodes`"),
        (spec.per_device_node_selection, "perDeviceNodeSelection", "`perDeviceNodeSelection`"),
    ] {
        match value {
            Some(true) => set.push(mark),
            Some(false) => errors.invalid(&at.child(name), false, "must be either unset or set to true"),
            None => {}
        }
    }
    match set.len() {
        0 => errors.required(at, ONE),
        1 => {}
        _ => errors.invalid(at, format!("{{{}}}", set.join(", ")), format!("{ONE}, but multiple fields are set")),
    }
}

fn validate_counter_set(s: &CounterSet, at: &Path<'_>, errors: &mut FieldErrors) {
    if s.name.is_empty() {
        errors.required(&at.child("name"), "");
    } else {
        validate_label(&s.name, &at.child("name"), errors);
    }
    validate_counters(s.counters.keys(), &at.child("counters"), errors);
}

/// Any amount of a counter will do.
fn validate_counters<'a>(
    counters: impl ExactSizeIterator<Item = &'a String>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    match counters.len() {
        0 => errors.required(at, ""),
        n if n > MAX_COUNTERS => errors.too_many(at, n, MAX_COUNTERS),
        _ => counters.for_each(|name| validate_label(name, at, errors)),
    }
}

fn warnings(driver: &str) -> Vec<String> {
    if driver == driver.to_lowercase() {
        return vec![];
    }
    vec![format!("spec.driver: driver names should be lowercase; {driver:?} contains uppercase characters")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::AnyKind;
    use serde_json::json;

    #[test]
    fn a_taint_is_added_at_the_time_of_the_request_unless_it_says_when() {
        let taints = json!([{"key": "a", "effect": "None"},
                            {"key": "b", "effect": "None", "timeAdded": "2020-01-01T00:00:00Z"}]);
        let mut o = KIND.decode(json!({"spec": {"devices": [{"name": "d", "taints": taints}]}})).expect("slice");
        AnyKind::stamp(&KIND, &mut o, Time::ZERO);
        let taints = &o.json()["spec"]["devices"][0]["taints"];
        assert_eq!(taints[0]["timeAdded"], "2026-01-01T00:00:00Z");
        assert_eq!(taints[1]["timeAdded"], "2020-01-01T00:00:00Z");
    }

    #[test]
    fn slices_are_found_by_node_and_driver() {
        let o = KIND.decode(json!({"spec": {"driver": "d", "nodeName": "n"}})).expect("slice");
        assert_eq!(KIND.field(&o, "spec.driver").as_deref(), Some("d"));
        assert_eq!(KIND.field(&o, "spec.nodeName").as_deref(), Some("n"));
        assert_eq!(KIND.field(&o, "spec.pool.name"), None);
    }
}
