//! What mounts and devices of a container may not say.
//! Real Kubernetes: pkg/apis/core/validation/validation.go ValidateVolumeMounts, ValidateVolumeDevices.

use k8s_openapi::api::core::v1::VolumeMount;

use super::containers::Fields;
use super::text;
use super::volumes::{Volumes, validate_descending_path};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::volume_sources::has_backstep;

/// Whether a path is among those that were given by name, where of several of one name the last counts.
fn is_taken<T>(list: &[T], name: fn(&T) -> &str, path: fn(&T) -> &str, wanted: &str) -> bool {
    let mut later = list.iter().enumerate();
    later.any(|(i, x)| path(x) == wanted && !list[i + 1..].iter().any(|y| name(y) == name(x)))
}

pub fn validate_mounts(c: Fields<'_>, volumes: &Volumes<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    let mounts = c.volume_mounts;
    for (i, m) in mounts.iter().enumerate() {
        let here = at.index(i);
        if m.name.is_empty() {
            errors.required(&here.child("name"), "");
        }
        if volumes.get(&m.name).is_none() {
            errors.push_not_found(&here.child("name"), m.name.as_str());
        }
        if m.mount_path.is_empty() {
            errors.required(&here.child("mountPath"), "");
        }
        if mounts[..i].iter().any(|before| before.mount_path == m.mount_path) {
            errors.invalid(&here.child("mountPath"), m.mount_path.as_str(), "must be unique");
        }
        if c.volume_devices.iter().any(|d| d.name == m.name) {
            errors.invalid(&here.child("name"), m.name.as_str(), "must not already exist in volumeDevices");
        }
        if is_taken(c.volume_devices, |d| &d.name, |d| &d.device_path, &m.mount_path) {
            let why = "must not already exist as a path in volumeDevices";
            errors.invalid(&here.child("mountPath"), m.mount_path.as_str(), why);
        }
        let (path, expr) = (text(&m.sub_path), text(&m.sub_path_expr));
        // From here on most errors name the list, as Kubernetes does.
        if !path.is_empty() {
            validate_descending_path(path, &at.child("subPath"), errors);
        }
        if !expr.is_empty() {
            if !path.is_empty() {
                errors.invalid(&here.child("subPathExpr"), expr, "subPathExpr and subPath are mutually exclusive");
            }
            validate_descending_path(expr, &at.child("subPathExpr"), errors);
        }
        validate_propagation(m, c, &at.child("mountPropagation"), errors);
        validate_recursive(m, &at.child("recursiveReadOnly"), errors);
    }
}

fn validate_propagation(m: &VolumeMount, c: Fields<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(p) = &m.mount_propagation else { return };
    errors.one_of(at, p, &["Bidirectional", "HostToContainer", "None"]);
    let privileged = c.security_context.and_then(|s| s.privileged) == Some(true);
    if p == "Bidirectional" && !privileged {
        errors.forbidden(at, "Bidirectional mount propagation is available only to privileged containers");
    }
}

fn validate_recursive(m: &VolumeMount, at: &Path<'_>, errors: &mut FieldErrors) {
    match m.recursive_read_only.as_deref() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if m.read_only != Some(true) {
                errors.forbidden(at, "may only be specified when readOnly is true");
            }
            if m.mount_propagation.as_deref().is_some_and(|p| p != "None") {
                errors.forbidden(at, "may only be specified when mountPropagation is None or not specified");
            }
        }
        Some(other) => errors.not_supported(at, other, &["Disabled", "Enabled", "IfPossible"]),
    }
}

pub fn validate_devices(c: Fields<'_>, volumes: &Volumes<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    let devices = c.volume_devices;
    for (i, d) in devices.iter().enumerate() {
        let here = at.index(i);
        let (name, path) = (d.name.as_str(), d.device_path.as_str());
        if name.is_empty() {
            errors.required(&here.child("name"), "");
        }
        if !name.is_empty() && devices[..i].iter().any(|before| before.name == name) {
            errors.invalid(&here.child("name"), name, "must be unique");
        }
        match volumes.get(name) {
            None => errors.push_not_found(&here.child("name"), name),
            Some(v) if v.persistent_volume_claim.is_none() && v.ephemeral.is_none() => {
                let why = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.invalid(&here.child("name"), name, why);
            }
            Some(_) => {}
        }
        if path.is_empty() {
            errors.required(&here.child("devicePath"), "");
        }
        if devices[..i].iter().any(|before| before.device_path == path && !has_backstep(path)) {
            errors.invalid(&here.child("devicePath"), path, "must be unique");
        }
        if has_backstep(path) {
            errors.invalid(&here.child("devicePath"), path, "can not contain backsteps ('..')");
        }
        if c.volume_mounts.iter().any(|m| m.name == name) {
            errors.invalid(&here.child("name"), name, "must not already exist in volumeMounts");
        }
        if is_taken(c.volume_mounts, |m| &m.name, |m| &m.mount_path, path) {
            let why = "must not already exist as a path in volumeMounts";
            errors.invalid(&here.child("devicePath"), path, why);
        }
    }
}
