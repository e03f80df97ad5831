//! One device of a ResourceSlice: its attributes, taints, counters, and from where it can be reached.
//! Real Kubernetes: pkg/apis/resource/validation/validation.go validateDevice.

use std::sync::OnceLock;

use k8s_openapi::api::resource::v1::{Device, DeviceAttribute, DeviceCounterConsumption, DeviceTaint};
use regex::Regex;
use serde_json::Value;

use super::super::devices::{
    EFFECTS, validate_binding, validate_label, validate_list, validate_qualified_name,
    validate_set,
};
use super::capacity::validate_capacity;
use super::validate_counters;
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::pod_spec::placement::validate_node_selector;
use crate::api::{internal, names};

const MAX_ATTRIBUTES_AND_CAPACITIES: usize = 32;
const MAX_ATTRIBUTE_VALUES: usize = 48;
const MAX_VALUE_BYTES: usize = 64;
const MAX_TAINTS: usize = 16;
const MAX_CONSUMED_SETS: usize = 2;
/// Domain, slash, identifier: a longer name is shown shortened.
const MAX_NAME_SHOWN: usize = 63 + 1 + 32;

/// `before` is the device as it was; `placed` says that each device of the slice names its nodes itself.
pub fn validate(d: &Device, before: Option<&Device>, placed: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_label(&d.name, &at.child("name"), errors);
    validate_size(d, at, errors);
    let attributes = at.child("attributes");
    for (name, a) in d.attributes.iter().flatten() {
        validate_qualified_name(name, &attributes, errors);
        validate_attribute(a, &attributes.key(&shortened(name)), errors);
    }
    let shared = d.allow_multiple_allocations == Some(true);
    let capacities = at.child("capacity");
    for (name, c) in d.capacity.iter().flatten() {
        validate_qualified_name(name, &capacities, errors);
        validate_capacity(c, shared, &capacities.key(&shortened(name)), errors);
    }
    let taints = |d: &Device| d.taints.clone().unwrap_or_default();
    if before.is_none_or(|b| taints(b) != taints(d)) {
        validate_list(&taints(d), MAX_TAINTS, &at.child("taints"), errors, validate_taint);
    }
    let consumed = d.consumes_counters.as_deref().unwrap_or_default();
    let list = at.child("consumesCounters");
    validate_set(consumed, MAX_CONSUMED_SETS, |c| c.counter_set.clone(), &list, errors, validate_consumption);
    if placed {
        validate_place(d, at, errors);
    } else if d.node_name.is_some() || d.node_selector.is_some() || d.all_nodes.is_some() {
        errors.invalid(
            at,
            Value::Null,
            "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the \
             ResourceSlice spec",
        );
    }
    validate_binding(d.binding_conditions.as_ref(), d.binding_failure_conditions.as_ref(), at, errors);
}

fn validate_size(d: &Device, at: &Path<'_>, errors: &mut FieldErrors) {
    let attributes = d.attributes.as_ref().map_or(0, |a| a.len());
    let all = attributes + d.capacity.as_ref().map_or(0, |c| c.len());
    if all > MAX_ATTRIBUTES_AND_CAPACITIES {
        let why = format!(
            "the total number of attributes and capacities must not exceed {MAX_ATTRIBUTES_AND_CAPACITIES}"
        );
        errors.invalid(at, all, why);
    }
    // One value each, as lists of them are off.
    if attributes > MAX_ATTRIBUTE_VALUES {
        let why = format!("the total number of attribute values must not exceed {MAX_ATTRIBUTE_VALUES}");
        errors.invalid(at, attributes, why);
    }
}

/// The name with its middle left out, if it is too long to be one.
fn shortened(name: &str) -> String {
    let bytes = name.as_bytes();
    if bytes.len() <= MAX_NAME_SHOWN {
        return name.into();
    }
    let shown = MAX_NAME_SHOWN - "...".len();
    let (start, end) = (&bytes[..shown.div_ceil(2)], &bytes[bytes.len() - shown / 2..]);
    format!("{}...{}", String::from_utf8_lossy(start), String::from_utf8_lossy(end))
}

fn validate_attribute(a: &DeviceAttribute, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(text) = &a.string {
        validate_length(text, &at.child("string"), errors);
    }
    if let Some(version) = &a.version {
        let at = at.child("version");
        if !is_semantic_version(version) {
            errors.invalid(&at, version.as_str(), "must be a string compatible with semver.org spec 2.0.0");
        }
        validate_length(version, &at, errors);
    }
    let set = [a.bool.is_some(), a.int.is_some(), a.string.is_some(), a.version.is_some()];
    match set.into_iter().filter(|set| *set).count() {
        0 => errors.invalid(at, "", "exactly one value must be specified"),
        1 => {}
        _ => {
            let shown = internal::shown(a, "resource/v1.DeviceAttribute");
            errors.invalid_struct(at, shown, "exactly one value must be specified");
        }
    }
}

fn validate_length(text: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if text.len() > MAX_VALUE_BYTES {
        errors.too_long(at, MAX_VALUE_BYTES);
    }
}

fn is_semantic_version(text: &str) -> bool {
    const NUMBER: &str = "(0|[1-9][0-9]*)";
    const BEFORE: &str = "(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)";
    const BUILD: &str = "[0-9a-zA-Z-]+";
    static FORM: OnceLock<Option<Regex>> = OnceLock::new();
    let form = FORM.get_or_init(|| {
        let form = format!(
            r"^{NUMBER}\.{NUMBER}\.{NUMBER}(-{BEFORE}(\.{BEFORE})*)?(\+{BUILD}(\.{BUILD})*)?$"
        );
        Regex::new(&form).ok()
    });
    form.as_ref().is_some_and(|f| f.is_match(text))
}

fn validate_taint(t: &DeviceTaint, at: &Path<'_>, errors: &mut FieldErrors) {
    errors.invalid_each(&at.child("key"), &t.key, names::qualified_name(&t.key));
    if let Some(value) = &t.value {
        errors.invalid_each(&at.child("value"), value, names::label_value(value));
    }
    match t.effect.as_str() {
        "" => errors.required(&at.child("effect"), ""),
        effect => errors.one_of(&at.child("effect"), effect, &EFFECTS),
    }
}

fn validate_consumption(c: &DeviceCounterConsumption, at: &Path<'_>, errors: &mut FieldErrors) {
    if c.counter_set.is_empty() {
        errors.required(&at.child("counterSet"), "");
    } else {
        validate_label(&c.counter_set, &at.child("counterSet"), errors);
    }
    validate_counters(c.counters.keys(), &at.child("counters"), errors);
}

/// The nodes from which the device can be reached are named in one way.
fn validate_place(d: &Device, at: &Path<'_>, errors: &mut FieldErrors) {
    const ONE: &str = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when \
                       `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
    let mut set = vec![];
    if let Some(node) = &d.node_name {
        let at = at.child("nodeName");
        if node.is_empty() {
            errors.invalid(&at, "", "must not be empty");
        } else {
            set.push("`nodeName`");
            errors.invalid_each(&at, node, names::dns1123_subdomain(node, false));
        }
    }
    if let Some(s) = &d.node_selector {
        set.push("`nodeSelector`");
        validate_node_selector(s, false, &at.child("nodeSelector"), errors);
    }
    match d.all_nodes {
        Some(true) => set.push("`allNodes`"),
        Some(false) => errors.invalid(&at.child("allNodes"), false, "must be either unset or set to true"),
        None => {}
    }
    match set.len() {
        0 => errors.required(at, ONE),
        1 => {}
        _ => errors.invalid(at, format!("{{{}}}", set.join(", ")), ONE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_semver() {
        for good in ["1.2.3", "0.0.0-alpha.1+build.5", "1.0.0--"] {
            assert!(is_semantic_version(good), "{good}");
        }
        for bad in ["1.2", "01.2.3", "1.2.3-01", "v1.2.3", "1.2.3\n", ""] {
            assert!(!is_semantic_version(bad), "{bad}");
        }
    }

    #[test]
    fn a_name_that_is_too_long_loses_its_middle() {
        assert_eq!(shortened("abc"), "abc");
        let long = shortened(&format!("{}{}", "a".repeat(60), "é".repeat(60)));
        assert!(long.starts_with("aaa") && long.contains("...") && long.ends_with('é'), "{long}");
    }
}
