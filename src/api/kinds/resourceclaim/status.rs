//! What the scheduler and drivers put into a claim's status: which devices it was given, who uses it, how the devices are.
//! Real Kubernetes: pkg/apis/resource/validation/validation.go ValidateResourceClaimStatusUpdate,
//! pkg/registry/resource/resourceclaim/strategy.go.

use std::collections::BTreeSet;
use std::net::IpAddr;

use k8s_openapi::api::resource::v1::{
    AllocatedDeviceStatus, AllocationResult, DeviceAllocationConfiguration, DeviceRequestAllocationResult,
    NetworkDeviceData, ResourceClaimConsumerReference, ResourceClaimStatus,
};
use serde_json::Value;

use super::super::devices::claim::{RequestNames, default_tolerations};
use super::super::devices::{
    MAX_CONFIGS, validate_binding, validate_configuration, validate_label, validate_list,
    validate_pool_name, validate_raw, validate_set, validate_uid,
};
use super::super::meta_conditions;
use super::ResourceClaim;
use crate::api::Resource;
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::pod_spec::placement::validate_node_selector;
use crate::api::{canonical, internal, names};

const MAX_USERS: usize = 256;
const MAX_RESULTS: usize = 32;
const MAX_CONDITIONS: usize = 8;
const MAX_DATA_BYTES: usize = 10 * 1024;
const MAX_IPS: usize = 16;
const MAX_INTERFACE_NAME: usize = 256;
const MAX_HARDWARE_ADDRESS: usize = 128;

/// Conditions of devices that say no time.
pub fn mark_absent_times(claim: &mut Value) {
    let devices = claim.pointer_mut("/status/devices").and_then(Value::as_array_mut);
    for conditions in devices.into_iter().flatten().filter_map(|d| d.get_mut("conditions")) {
        meta_conditions::mark_absent_times(conditions);
    }
}

pub fn defaults(c: &mut ResourceClaim) {
    let allocation = c.status.as_mut().and_then(|s| s.allocation.as_mut());
    for r in allocation.into_iter().flat_map(|a| a.devices.iter_mut()).flat_map(|d| d.results.iter_mut().flatten()) {
        default_tolerations(r.tolerations.as_deref_mut());
    }
}

/// A device, or a share of one: driver, pool, device, share.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct DeviceId([String; 4]);

impl DeviceId {
    fn of_result(r: &DeviceRequestAllocationResult) -> DeviceId {
        DeviceId([r.driver.clone(), r.pool.clone(), r.device.clone(), r.share_id.clone().unwrap_or_default()])
    }

    fn of_status(d: &AllocatedDeviceStatus) -> DeviceId {
        DeviceId([d.driver.clone(), d.pool.clone(), d.device.clone(), d.share_id.clone().unwrap_or_default()])
    }

    /// As Go writes its struct.
    fn shown(&self) -> String {
        let [driver, pool, device, share] = self.0.each_ref().map(|part| Value::from(part.as_str()).to_string());
        format!("{{\"Driver\":{driver},\"Pool\":{pool},\"Device\":{device},\"ShareID\":{share}}}")
    }
}

fn allocated(status: Option<&ResourceClaimStatus>) -> BTreeSet<DeviceId> {
    let results = status.and_then(|s| s.allocation.as_ref()).map(results).unwrap_or_default();
    results.iter().map(DeviceId::of_result).collect()
}

fn results(a: &AllocationResult) -> &[DeviceRequestAllocationResult] {
    a.devices.as_ref().and_then(|d| d.results.as_deref()).unwrap_or_default()
}

/// Of a device that is no longer the claim's, nothing more is told.
pub fn forget_devices_given_back(new: &mut ResourceClaim, old: &ResourceClaim) {
    let kept = allocated(new.status.as_ref());
    let gone: BTreeSet<DeviceId> = allocated(old.status.as_ref()).difference(&kept).cloned().collect();
    let Some(status) = &mut new.status else { return };
    if let Some(devices) = &mut status.devices {
        devices.retain(|d| !gone.contains(&DeviceId::of_status(d)));
    }
    if status.devices.as_ref().is_some_and(Vec::is_empty) {
        status.devices = None;
    }
}

pub fn validate(new: &ResourceClaim, old: &ResourceClaim, errors: &mut FieldErrors) {
    let (empty, at) = (ResourceClaimStatus::default(), Path::new("status"));
    let status = new.status.as_ref().unwrap_or(&empty);
    let before = old.status.as_ref().unwrap_or(&empty);
    let names = RequestNames::of(new.spec.devices.as_ref());
    let users = status.reserved_for.as_deref().unwrap_or_default();
    validate_set(users, MAX_USERS, |u| u.uid.clone(), &at.child("reservedFor"), errors, validate_user);
    validate_devices(status, &at.child("devices"), errors);
    if !users.is_empty() {
        let at = at.child("reservedFor");
        let earlier = before.reserved_for.as_deref().unwrap_or_default();
        if status.allocation.is_none() {
            errors.forbidden(&at, "may not be specified when `allocated` is not set");
        } else if new.is_deleting() && users.iter().any(|u| !earlier.contains(u)) {
            errors.forbidden(
                &at,
                "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set",
            );
        }
    }
    let at = at.child("allocation");
    match (&status.allocation, &before.allocation) {
        (Some(now), Some(then)) => {
            const TYPE: &str = "resource/v1.AllocationResult";
            if !canonical::equal(now, then, TYPE) {
                errors.invalid_struct(&at, internal::shown(now, TYPE), "field is immutable");
            }
        }
        (Some(now), None) => validate_allocation(now, &names, &at, errors),
        _ => {}
    }
}

fn validate_user(u: &ResourceClaimConsumerReference, at: &Path<'_>, errors: &mut FieldErrors) {
    for (name, value) in [("resource", &u.resource), ("name", &u.name), ("uid", &u.uid)] {
        if value.is_empty() {
            errors.required(&at.child(name), "");
        }
    }
}

fn validate_allocation(a: &AllocationResult, names: &RequestNames<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    let devices = at.child("devices");
    validate_list(results(a), MAX_RESULTS, &devices.child("results"), errors, |r, at, errors| {
        validate_result(r, names, at, errors);
    });
    let configs = a.devices.as_ref().and_then(|d| d.config.as_deref()).unwrap_or_default();
    // Those of the claim and those of the classes.
    validate_list(configs, 2 * MAX_CONFIGS, &devices.child("config"), errors, |c, at, errors| {
        validate_config(c, names, at, errors);
    });
    if let Some(s) = &a.node_selector {
        validate_node_selector(s, false, &at.child("nodeSelector"), errors);
    }
}

fn validate_result(
    r: &DeviceRequestAllocationResult,
    names: &RequestNames<'_>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    names.validate_ref(&r.request, &at.child("request"), errors);
    names::validate_driver_name(&r.driver, &at.child("driver"), errors);
    validate_pool_name(&r.pool, &at.child("pool"), errors);
    validate_label(&r.device, &at.child("device"), errors);
    validate_binding(r.binding_conditions.as_ref(), r.binding_failure_conditions.as_ref(), at, errors);
    if let Some(share) = &r.share_id {
        validate_uid(share, &at.child("shareID"), errors);
    }
}

fn validate_config(
    c: &DeviceAllocationConfiguration,
    names: &RequestNames<'_>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let source = at.child("source");
    match c.source.as_str() {
        "" => errors.required(&source, ""),
        text => errors.one_of(&source, text, &["FromClaim", "FromClass"]),
    }
    names.validate_refs(c.requests.as_ref(), &at.child("requests"), errors);
    validate_configuration(c.opaque.as_ref(), at, errors);
}

fn validate_devices(status: &ResourceClaimStatus, at: &Path<'_>, errors: &mut FieldErrors) {
    let own = allocated(Some(status));
    let devices = status.devices.as_deref().unwrap_or_default();
    for (i, d) in devices.iter().enumerate() {
        validate_device(d, &own, &at.index(i), errors);
    }
    let mut seen = BTreeSet::new();
    for (i, d) in devices.iter().enumerate() {
        let id = DeviceId::of_status(d);
        if seen.contains(&id) {
            errors.duplicate_struct(&at.index(i), id.shown());
        }
        seen.insert(id);
    }
}

fn validate_device(d: &AllocatedDeviceStatus, own: &BTreeSet<DeviceId>, at: &Path<'_>, errors: &mut FieldErrors) {
    names::validate_driver_name(&d.driver, &at.child("driver"), errors);
    validate_pool_name(&d.pool, &at.child("pool"), errors);
    validate_label(&d.device, &at.child("device"), errors);
    if let Some(share) = &d.share_id {
        validate_uid(share, &at.child("shareID"), errors);
    }
    let id = DeviceId::of_status(d);
    if !own.contains(&id) {
        errors.invalid_struct(at, id.shown(), "must be an allocated device in the claim");
    }
    let conditions = d.conditions.as_deref().unwrap_or_default();
    if conditions.len() > MAX_CONDITIONS {
        errors.too_many(&at.child("conditions"), conditions.len(), MAX_CONDITIONS);
    }
    meta_conditions::validate_conditions(conditions, &at.child("conditions"), errors);
    if let Some(data) = &d.data {
        validate_raw(data, MAX_DATA_BYTES, &at.child("data"), errors);
    }
    if let Some(n) = &d.network_data {
        validate_network(n, &at.child("networkData"), errors);
    }
}

fn validate_network(n: &NetworkDeviceData, at: &Path<'_>, errors: &mut FieldErrors) {
    for (name, value, max) in [
        ("interfaceName", &n.interface_name, MAX_INTERFACE_NAME),
        ("hardwareAddress", &n.hardware_address, MAX_HARDWARE_ADDRESS),
    ] {
        if value.as_ref().is_some_and(|v| v.len() > max) {
            errors.too_long(&at.child(name), max);
        }
    }
    let ips = n.ips.as_deref().unwrap_or_default();
    validate_set(ips, MAX_IPS, String::clone, &at.child("ips"), errors, |ip, at, errors| match canonical_address(ip) {
        None => errors.invalid(
            at,
            ip.as_str(),
            "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)",
        ),
        Some(c) if c != *ip => errors.invalid(at, ip.as_str(), format!("must be in canonical form ({c:?})")),
        Some(_) => {}
    });
}

/// The address of an interface with the length of its network's prefix, as Go would write it.
/// Real Kubernetes: apimachinery/pkg/util/validation/ip.go IsValidInterfaceAddress, with netutils.ParseCIDRSloppy.
fn canonical_address(text: &str) -> Option<String> {
    let (address, length) = text.split_once('/')?;
    let length: u8 = length.bytes().all(|b| b.is_ascii_digit()).then(|| length.parse().ok())??;
    // Zeros before the digits of an octet are passed over.
    let plain: Vec<&str> = address.split('.').map(|o| o.trim_start_matches('0')).collect();
    let ip = address.parse().ok().or_else(|| {
        let octets: Vec<&str> = plain.iter().map(|o| if o.is_empty() { "0" } else { o }).collect();
        octets.join(".").parse().ok().filter(|_| address.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    })?;
    match ip {
        IpAddr::V4(v4) if length <= 32 => Some(format!("{v4}/{length}")),
        IpAddr::V6(v6) if length <= 128 => match v6.to_ipv4_mapped() {
            Some(v4) if length > 32 => Some(format!("{v4}/{}", length.saturating_sub(96))),
            Some(v4) => Some(format!("{v4}/{length}")),
            None => Some(format!("{v6}/{length}")),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_has_its_address_in_one_form() {
        for (text, want) in [
            ("10.9.8.7/24", Some("10.9.8.7/24")),
            ("010.009.8.7/24", Some("10.9.8.7/24")),
            ("2001:DB8:0::1/64", Some("2001:db8::1/64")),
            ("::ffff:192.168.0.1/120", Some("192.168.0.1/24")),
            ("10.9.8.7", None),
            ("10.9.8.7/33", None),
            ("10.9.8/24", None),
            ("x/24", None),
            ("10.9.8.7/+1", None),
        ] {
            assert_eq!(canonical_address(text).as_deref(), want, "{text}");
        }
    }
}
