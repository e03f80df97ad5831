//! Sources of volumes that pods and persistent volumes name in the same way.
//! Real Kubernetes: pkg/apis/core/validation/validation.go, pkg/apis/core/v1/defaults.go.

use k8s_openapi::api::core::v1::{
    AWSElasticBlockStoreVolumeSource, AzureDiskVolumeSource, FCVolumeSource, FlockerVolumeSource,
    GCEPersistentDiskVolumeSource, HostPathVolumeSource, NFSVolumeSource, QuobyteVolumeSource,
};

use crate::api::field::{FieldErrors, Path};

const HOST_PATH_TYPES: [&str; 8] =
    ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

/// Fields that may not be empty.
pub fn require(fields: &[(&str, &str)], at: &Path<'_>, errors: &mut FieldErrors) {
    for (name, _) in fields.iter().filter(|(_, value)| value.is_empty()) {
        errors.required(&at.child(name), "");
    }
}

/// Whether a step of a path leads back up.
pub fn has_backstep(path: &str) -> bool {
    path.split('/').any(|step| step == "..")
}

pub fn validate_no_backsteps(path: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if has_backstep(path) {
        errors.invalid(at, path, "must not contain '..'");
    }
}

pub fn default_host_path(h: &mut HostPathVolumeSource) {
    h.type_.get_or_insert_default();
}

pub fn validate_host_path(h: &HostPathVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    if h.path.is_empty() {
        errors.required(&at.child("path"), "");
        return;
    }
    validate_no_backsteps(&h.path, &at.child("path"), errors);
    errors.one_of(&at.child("type"), h.type_.as_deref().unwrap_or(""), &HOST_PATH_TYPES);
}

fn validate_partition(number: Option<i32>, at: &Path<'_>, errors: &mut FieldErrors) {
    // 0 stands for none.
    if let Some(n) = number.filter(|n| !(0..=255).contains(n)) {
        errors.invalid(&at.child("partition"), n, "must be between 1 and 255, inclusive");
    }
}

pub fn validate_gce(g: &GCEPersistentDiskVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("pdName", &g.pd_name)], at, errors);
    validate_partition(g.partition, at, errors);
}

pub fn validate_aws(a: &AWSElasticBlockStoreVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("volumeID", &a.volume_id)], at, errors);
    validate_partition(a.partition, at, errors);
}

pub fn validate_nfs(n: &NFSVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("server", &n.server), ("path", &n.path)], at, errors);
    if !n.path.starts_with('/') {
        errors.invalid(&at.child("path"), n.path.as_str(), "must be an absolute path");
    }
}

pub fn validate_flocker(f: &FlockerVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    let (name, uuid) = (f.dataset_name.as_deref().unwrap_or(""), f.dataset_uuid.as_deref().unwrap_or(""));
    if name.is_empty() && uuid.is_empty() {
        errors.required(at, "one of datasetName and datasetUUID is required");
    }
    if !name.is_empty() && !uuid.is_empty() {
        errors.invalid(at, "resource", "datasetName and datasetUUID can not be specified simultaneously");
    }
    if name.contains('/') {
        errors.invalid(&at.child("datasetName"), name, "must not contain '/'");
    }
}

/// A unit of a disk array.
pub fn validate_lun(lun: i32, at: &Path<'_>, errors: &mut FieldErrors) {
    if !(0..=255).contains(&lun) {
        errors.invalid(&at.child("lun"), lun, "must be between 0 and 255, inclusive");
    }
}

pub fn validate_fibre_channel(f: &FCVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    let filled = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|l| !l.is_empty());
    let targets = f.target_wwns.as_deref().unwrap_or_default();
    match (filled(&f.target_wwns), filled(&f.wwids)) {
        (false, false) => {
            errors.required(&at.child("targetWWNs"), "must specify either targetWWNs or wwids, but not both");
        }
        (true, true) => {
            let why = "targetWWNs and wwids can not be specified simultaneously";
            errors.invalid(&at.child("targetWWNs"), targets.to_vec(), why);
        }
        _ => {}
    }
    if !targets.is_empty() {
        match f.lun {
            None => errors.required(&at.child("lun"), "lun is required if targetWWNs is specified"),
            Some(lun) => validate_lun(lun, at, errors),
        }
    }
}

pub fn validate_quobyte(q: &QuobyteVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    const PAIRS: &str = "must be a host:port pair or multiple pairs separated by commas";
    if q.registry.is_empty() {
        errors.required(&at.child("registry"), PAIRS);
    } else if q.tenant.as_deref().is_some_and(|t| t.len() >= 65) {
        let why = "must be a UUID and may not exceed a length of 64 characters";
        errors.required(&at.child("tenant"), why);
    } else {
        for _ in q.registry.split(',').filter(|pair| !is_host_and_port(pair)) {
            errors.invalid(&at.child("registry"), q.registry.as_str(), PAIRS);
        }
    }
    require(&[("volume", &q.volume)], at, errors);
}

/// As Go's net.SplitHostPort sees it: a host with colons of its own stands in brackets.
fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let bare = match host.strip_prefix('[') {
        Some(rest) => match rest.strip_suffix(']') {
            Some(inner) => return ![inner, port].iter().any(|t| t.contains(['[', ']'])),
            None => return false,
        },
        None => host,
    };
    !bare.contains([':', '[', ']']) && !port.contains(['[', ']'])
}

pub fn default_azure_disk(a: &mut AzureDiskVolumeSource) {
    a.caching_mode.get_or_insert_with(|| "ReadWrite".into());
    a.fs_type.get_or_insert_with(|| "ext4".into());
    a.read_only.get_or_insert(false);
    a.kind.get_or_insert_with(|| "Shared".into());
}

pub fn validate_azure_disk(a: &AzureDiskVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("diskName", &a.disk_name), ("diskURI", &a.disk_uri)], at, errors);
    if let Some(mode) = &a.caching_mode {
        errors.one_of(&at.child("cachingMode"), mode, &["None", "ReadOnly", "ReadWrite"]);
    }
    let Some(kind) = &a.kind else { return };
    errors.one_of(&at.child("kind"), kind, &["Dedicated", "Managed", "Shared"]);
    let (start, example) = match kind.as_str() {
        "Managed" => (
            "/subscriptions/",
            "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
        ),
        _ => ("https://", "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"),
    };
    if !a.disk_uri.starts_with(start) {
        errors.not_supported(&at.child("diskURI"), &a.disk_uri, &[example]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_host_and_port() {
        for (pair, good) in
            [("a:1", true), ("[::1]:1", true), ("a", false), ("::1:1", false), ("[::1:1", false), (":", true)]
        {
            assert_eq!(is_host_and_port(pair), good, "{pair}");
        }
    }
}
