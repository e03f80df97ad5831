//! What volumes and their mounts may not say.
//! Real Kubernetes: pkg/apis/core/validation/validation.go ValidateVolumes, ValidateVolumeMounts.

use k8s_openapi::api::core::v1::{KeyToPath, PodSpec, Volume, VolumeMount};

use super::volume_sources;
use crate::api::field::{FieldErrors, Path};
use crate::api::names;

/// Checks the volumes and returns their names.
pub fn validate_volumes<'a>(s: &'a PodSpec, at: &Path<'_>, errors: &mut FieldErrors) -> Vec<&'a str> {
    let mut seen: Vec<&str> = vec![];
    for (i, v) in s.volumes.iter().flatten().enumerate() {
        let here = at.index(i);
        validate_source(v, &here, errors);
        if v.name.is_empty() {
            errors.required(&here.child("name"), "");
        } else {
            errors.invalid_each(&here.child("name"), &v.name, names::dns1123_label(&v.name, false));
            if seen.contains(&v.name.as_str()) {
                errors.duplicate(&here.child("name"), v.name.as_str());
            }
        }
        seen.push(&v.name);
    }
    seen
}

fn validate_source(v: &Volume, at: &Path<'_>, errors: &mut FieldErrors) {
    if volume_sources(v) > 1 {
        let second = [
            ("hostPath", v.host_path.is_some()),
            ("secret", v.secret.is_some()),
            ("persistentVolumeClaim", v.persistent_volume_claim.is_some()),
            ("downwardAPI", v.downward_api.is_some()),
            ("configMap", v.config_map.is_some()),
            ("projected", v.projected.is_some()),
        ]
        .into_iter()
        .filter(|(_, named)| *named)
        // An empty directory comes before all of these, so the first of them is already one too many.
        .nth(usize::from(v.empty_dir.is_none()));
        let at = second.map_or(*at, |(name, _)| at.child(name));
        errors.forbidden(&at, "may not specify more than 1 volume type");
        return;
    }
    if let Some(h) = &v.host_path {
        let at = at.child("hostPath");
        if h.path.is_empty() {
            errors.required(&at.child("path"), "");
        } else if has_backstep(&h.path) {
            errors.invalid(&at.child("path"), h.path.as_str(), "must not contain '..'");
        }
        errors.one_of(
            &at.child("type"),
            h.type_.as_deref().unwrap_or(""),
            &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"],
        );
    }
    if let Some(c) = &v.config_map {
        let at = at.child("configMap");
        if c.name.is_empty() {
            errors.required(&at.child("name"), "");
        }
        validate_mode(c.default_mode, &at.child("defaultMode"), errors);
        validate_items(c.items.as_deref(), &at.child("items"), errors);
    }
    if let Some(s) = &v.secret {
        let at = at.child("secret");
        if s.secret_name.as_deref().unwrap_or("").is_empty() {
            errors.required(&at.child("secretName"), "");
        }
        validate_mode(s.default_mode, &at.child("defaultMode"), errors);
        validate_items(s.items.as_deref(), &at.child("items"), errors);
    }
    if let Some(c) = &v.persistent_volume_claim
        && c.claim_name.is_empty()
    {
        errors.required(&at.child("persistentVolumeClaim").child("claimName"), "");
    }
}

fn validate_items(items: Option<&[KeyToPath]>, at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, item) in items.into_iter().flatten().enumerate() {
        let at = at.index(i);
        if item.key.is_empty() {
            errors.required(&at.child("key"), "");
        }
        if item.path.is_empty() {
            errors.required(&at.child("path"), "");
        } else {
            validate_local_path(&item.path, &at.child("path"), errors);
        }
        validate_mode(item.mode, &at.child("mode"), errors);
    }
}

fn validate_mode(mode: Option<i32>, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(m) = mode.filter(|m| !(0..=0o777).contains(m)) {
        errors.invalid(at, m, "must be a number between 0 and 0777 (octal), both inclusive");
    }
}

fn has_backstep(path: &str) -> bool {
    path.split('/').any(|step| step == "..")
}

/// A path below a volume.
fn validate_local_path(path: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if path.starts_with('/') {
        errors.invalid(at, path, "must be a relative path");
    } else if has_backstep(path) {
        errors.invalid(at, path, "must not contain '..'");
    }
}

pub fn validate_mounts(mounts: Option<&[VolumeMount]>, volumes: &[&str], at: &Path<'_>, errors: &mut FieldErrors) {
    let mounts = mounts.unwrap_or_default();
    for (i, m) in mounts.iter().enumerate() {
        let here = at.index(i);
        if m.name.is_empty() {
            errors.required(&here.child("name"), "");
        }
        if !volumes.contains(&m.name.as_str()) {
            errors.push_not_found(&here.child("name"), m.name.as_str());
        }
        if m.mount_path.is_empty() {
            errors.required(&here.child("mountPath"), "");
        }
        if mounts[..i].iter().any(|before| before.mount_path == m.mount_path) {
            errors.invalid(&here.child("mountPath"), m.mount_path.as_str(), "must be unique");
        }
        let (path, expr) = (m.sub_path.as_deref().unwrap_or(""), m.sub_path_expr.as_deref().unwrap_or(""));
        // These two name the list, as Kubernetes does.
        if !path.is_empty() {
            validate_local_path(path, &at.child("subPath"), errors);
        }
        if !path.is_empty() && !expr.is_empty() {
            errors.invalid(&here.child("subPathExpr"), expr, "subPathExpr and subPath are mutually exclusive");
        }
        if let Some(p) = &m.mount_propagation {
            errors.one_of(&at.child("mountPropagation"), p, &["Bidirectional", "HostToContainer", "None"]);
        }
    }
}
