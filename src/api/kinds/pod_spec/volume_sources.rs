//! What each source of a volume may not say; those that persistent volumes name as well are in
//! [`kinds::volume_sources`](crate::api::kinds::volume_sources).
//! Real Kubernetes: pkg/apis/core/validation/validation.go validateHostPathVolumeSource and its neighbours.

use k8s_openapi::api::core::v1::{
    AzureFileVolumeSource, CSIVolumeSource, CephFSVolumeSource, CinderVolumeSource, ConfigMapVolumeSource,
    EphemeralVolumeSource, FlexVolumeSource, GitRepoVolumeSource, GlusterfsVolumeSource, ISCSIVolumeSource,
    ImageVolumeSource, LocalObjectReference, PersistentVolumeClaimVolumeSource, PhotonPersistentDiskVolumeSource,
    PortworxVolumeSource, RBDVolumeSource, ScaleIOVolumeSource, SecretVolumeSource, StorageOSVolumeSource,
    VsphereVirtualDiskVolumeSource,
};

use super::claim_template::validate_claim_template;
use super::containers::{PULL_POLICIES, must_be_one_of};
use super::volumes::{validate_descending_path, validate_items, validate_mode};
use super::{Options, items, text};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::volume_sources::{require, validate_lun};
use crate::api::names;

fn validate_secret_ref(secret: Option<&LocalObjectReference>, at: &Path<'_>, errors: &mut FieldErrors) {
    if secret.is_some_and(|s| s.name.is_empty()) {
        errors.required(&at.child("secretRef").child("name"), "");
    }
}

pub fn validate_git_repo(s: &GitRepoVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("repository", &s.repository)], at, errors);
    validate_descending_path(text(&s.directory), &at.child("directory"), errors);
}

pub fn validate_secret(s: &SecretVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("secretName", text(&s.secret_name))], at, errors);
    validate_mode(s.default_mode, &at.child("defaultMode"), errors);
    validate_items(items(&s.items), &at.child("items"), errors);
}

pub fn validate_config_map(s: &ConfigMapVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("name", &s.name)], at, errors);
    validate_mode(s.default_mode, &at.child("defaultMode"), errors);
    validate_items(items(&s.items), &at.child("items"), errors);
}

/// Why this is no name of an iSCSI target or initiator.
fn iscsi_name_problem(name: &str) -> Option<&'static str> {
    let alphanumeric = |rest: &str, count: usize| {
        rest.chars().count() == count + 1 && rest.chars().skip(1).all(|c| c.is_ascii_alphanumeric())
    };
    let good = match name.get(..3) {
        Some("iqn") => is_iqn(name),
        Some("eui") => alphanumeric(&name[3..], 16),
        Some("naa") => alphanumeric(&name[3..], 32),
        _ => return Some("must be valid format starting with iqn, eui, or naa"),
    };
    (!good).then_some("must be valid format")
}

/// `iqn.2001-04.com.example:disk`, or a text that ends in one.
fn is_iqn(text: &str) -> bool {
    text.match_indices("iqn.").any(|(i, start)| {
        let rest = &text[i + start.len()..];
        let fits = |(b, of): (u8, u8)| if of == b'0' { b.is_ascii_digit() } else { b == of };
        if rest.len() < DATE.len() || !rest.bytes().zip(DATE.bytes()).all(fits) {
            return false;
        }
        let Some((authority, name)) = rest[DATE.len()..].split_once(':') else { return false };
        let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        let ends = |c: char| matches!(c, ',' | ';' | '*' | '&' | '$' | '|' | '\t' | '\n' | '\u{c}' | '\r' | ' ');
        !authority.is_empty() && authority.bytes().all(part) && !name.is_empty() && !name.contains(ends)
    })
}

/// Year and month, each digit a zero.
const DATE: &str = "0000-00.";

pub fn validate_iscsi(s: &ISCSIVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("targetPortal", &s.target_portal), ("iqn", &s.iqn)], at, errors);
    if let Some(why) = iscsi_name_problem(&s.iqn).filter(|_| !s.iqn.is_empty()) {
        errors.invalid(&at.child("iqn"), s.iqn.as_str(), why);
    }
    validate_lun(s.lun, at, errors);
    let authenticates = s.chap_auth_discovery == Some(true) || s.chap_auth_session == Some(true);
    if authenticates && s.secret_ref.is_none() {
        errors.required(&at.child("secretRef"), "");
    }
    if let Some(name) = &s.initiator_name
        && let Some(why) = iscsi_name_problem(name)
    {
        errors.invalid(&at.child("initiatorname"), name.as_str(), why);
    }
}

/// An initiator is told apart by the volume's name and the portal together.
pub fn validate_iscsi_name(s: &ISCSIVolumeSource, volume: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if s.initiator_name.is_some() && volume.len() + 1 + s.target_portal.len() > 64 {
        let why = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";
        errors.invalid(at, volume, why);
    }
}

pub fn validate_glusterfs(s: &GlusterfsVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("endpoints", &s.endpoints), ("path", &s.path)], at, errors);
}

pub fn validate_claim(s: &PersistentVolumeClaimVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("claimName", &s.claim_name)], at, errors);
}

pub fn validate_rbd(s: &RBDVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    if s.monitors.is_empty() {
        errors.required(&at.child("monitors"), "");
    }
    require(&[("image", &s.image)], at, errors);
}

pub fn validate_cinder(s: &CinderVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("volumeID", &s.volume_id)], at, errors);
    validate_secret_ref(s.secret_ref.as_ref(), at, errors);
}

pub fn validate_cephfs(s: &CephFSVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    if s.monitors.is_empty() {
        errors.required(&at.child("monitors"), "");
    }
}

pub fn validate_flex(s: &FlexVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("driver", &s.driver)], at, errors);
    for key in s.options.iter().flatten().map(|(k, _)| k) {
        let namespace = key.split('/').next().unwrap_or("").to_lowercase();
        let of = |domain: &str| namespace == domain || namespace.ends_with(&format!(".{domain}"));
        if of("kubernetes.io") || of("k8s.io") {
            let why = "kubernetes.io and k8s.io namespaces are reserved";
            errors.invalid(&at.child("options").key(key), key.as_str(), why);
        }
    }
}

pub fn validate_azure_file(s: &AzureFileVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("secretName", &s.secret_name), ("shareName", &s.share_name)], at, errors);
}

pub fn validate_vsphere(s: &VsphereVirtualDiskVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("volumePath", &s.volume_path)], at, errors);
}

pub fn validate_photon_disk(s: &PhotonPersistentDiskVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("pdID", &s.pd_id)], at, errors);
}

pub fn validate_portworx(s: &PortworxVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("volumeID", &s.volume_id)], at, errors);
}

pub fn validate_storageos(s: &StorageOSVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    let (name, namespace) = (text(&s.volume_name), text(&s.volume_namespace));
    if name.is_empty() {
        errors.required(&at.child("volumeName"), "");
    } else {
        errors.invalid_each(&at.child("volumeName"), name, names::dns1123_label(name, false));
    }
    if !namespace.is_empty() {
        errors.invalid_each(&at.child("volumeNamespace"), namespace, names::dns1123_label(namespace, false));
    }
    validate_secret_ref(s.secret_ref.as_ref(), at, errors);
}

pub fn validate_scale_io(s: &ScaleIOVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("gateway", &s.gateway), ("system", &s.system), ("volumeName", text(&s.volume_name))], at, errors);
}

/// The name of a CSI driver.
pub fn validate_driver(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if name.is_empty() {
        return errors.required(at, "");
    }
    if name.len() > 63 {
        errors.too_long(at, 63);
    }
    errors.invalid_each(at, name, names::dns1123_subdomain(&name.to_lowercase(), false));
}

pub fn validate_csi(s: &CSIVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_driver(&s.driver, &at.child("driver"), errors);
    match &s.node_publish_secret_ref {
        None => {}
        Some(r) if r.name.is_empty() => errors.required(&at.child("nodePublishSecretRef").child("name"), ""),
        Some(r) => errors.invalid_each(&at.child("name"), &r.name, names::dns1123_subdomain(&r.name, false)),
    }
}

pub fn validate_ephemeral(s: &EphemeralVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    match &s.volume_claim_template {
        None => errors.required(&at.child("volumeClaimTemplate"), ""),
        Some(t) => validate_claim_template(t, &at.child("volumeClaimTemplate"), errors),
    }
}

pub fn validate_image(s: &ImageVolumeSource, options: Options, at: &Path<'_>, errors: &mut FieldErrors) {
    if options.resource_is_pod && text(&s.reference).is_empty() {
        errors.required(&at.child("reference"), "");
    }
    must_be_one_of(text(&s.pull_policy), &PULL_POLICIES, &at.child("pullPolicy"), errors);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iscsi_names() {
        for good in
            ["iqn.2001-04.com.example:storage.disk1", "eui.0123456789abcdef", "naa.0123456789abcdef0123456789abcdef"]
        {
            assert_eq!(iscsi_name_problem(good), None, "{good}");
        }
        for bad in [
            "iqn.2001-04.com.example",
            "iqn.2001-4.com:x",
            "iqn.2001-04.c:a b",
            "eui.0123",
            "naa.",
            "iqn",
            "iqn.2001-0é.c:a",
        ] {
            assert_eq!(iscsi_name_problem(bad), Some("must be valid format"), "{bad}");
        }
        assert_eq!(iscsi_name_problem("x"), Some("must be valid format starting with iqn, eui, or naa"));
    }
}
