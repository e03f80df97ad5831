//! Where a PersistentVolume's data lie: exactly one place, each with rules of its own.
//! Real Kubernetes: pkg/apis/core/validation ValidatePersistentVolumeSpec.

use k8s_openapi::api::core::v1::{
    AzureFilePersistentVolumeSource, CSIPersistentVolumeSource, CinderPersistentVolumeSource,
    FlexPersistentVolumeSource, GlusterfsPersistentVolumeSource, ISCSIPersistentVolumeSource, PersistentVolumeSpec,
    SecretReference, StorageOSPersistentVolumeSource,
};

use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::volume_sources::{
    self as shared, default_azure_disk, default_host_path, require, validate_lun, validate_no_backsteps,
};
use crate::api::kind::NameRule;
use crate::api::names;

pub fn default(s: &mut PersistentVolumeSpec) {
    let fill = |field: &mut Option<String>, value: &str| {
        if field.as_deref().unwrap_or("").is_empty() {
            *field = Some(value.into());
        }
    };
    if let Some(h) = &mut s.host_path {
        default_host_path(h);
    }
    if let Some(r) = &mut s.rbd {
        fill(&mut r.pool, "rbd");
        fill(&mut r.user, "admin");
        fill(&mut r.keyring, "/etc/ceph/keyring");
    }
    if let Some(i) = &mut s.iscsi {
        fill(&mut i.iscsi_interface, "default");
    }
    if let Some(a) = &mut s.azure_disk {
        default_azure_disk(a);
    }
    if let Some(i) = &mut s.scale_io {
        fill(&mut i.storage_mode, "ThinProvisioned");
        fill(&mut i.fs_type, "xfs");
    }
}

/// A spec of which nothing but the source is left.
pub fn only(s: &PersistentVolumeSpec) -> PersistentVolumeSpec {
    PersistentVolumeSpec {
        access_modes: None,
        capacity: None,
        claim_ref: None,
        mount_options: None,
        node_affinity: None,
        persistent_volume_reclaim_policy: None,
        storage_class_name: None,
        volume_attributes_class_name: None,
        volume_mode: None,
        ..s.clone()
    }
}

pub fn takes_mount_options(s: &PersistentVolumeSpec) -> bool {
    s.gce_persistent_disk.is_some()
        || s.aws_elastic_block_store.is_some()
        || s.glusterfs.is_some()
        || s.nfs.is_some()
        || s.rbd.is_some()
        || s.quobyte.is_some()
        || s.iscsi.is_some()
        || s.cinder.is_some()
        || s.cephfs.is_some()
        || s.azure_file.is_some()
        || s.vsphere_volume.is_some()
        || s.azure_disk.is_some()
        || s.photon_persistent_disk.is_some()
}

/// The first source counts, the others are in the way.
struct One<'a> {
    at: &'a Path<'a>,
    seen: bool,
}

impl One<'_> {
    /// `field` is how the source is called where it is in the way, `path` where it is judged: they are not always the same.
    fn next<T>(
        &mut self,
        (field, path): (&str, &str),
        source: Option<&T>,
        errors: &mut FieldErrors,
        judge: impl FnOnce(&T, &Path<'_>, &mut FieldErrors),
    ) {
        let Some(source) = source else { return };
        if self.seen {
            errors.forbidden(&self.at.child(field), "may not specify more than 1 volume type");
            return;
        }
        self.seen = true;
        judge(source, &self.at.child(path), errors);
    }
}

pub fn validate(s: &PersistentVolumeSpec, name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    let mut one = One { at, seen: false };
    let same = |name: &'static str| (name, name);
    one.next(same("hostPath"), s.host_path.as_ref(), errors, shared::validate_host_path);
    let google = ("gcePersistentDisk", "persistentDisk");
    one.next(google, s.gce_persistent_disk.as_ref(), errors, shared::validate_gce);
    one.next(same("awsElasticBlockStore"), s.aws_elastic_block_store.as_ref(), errors, shared::validate_aws);
    one.next(same("glusterfs"), s.glusterfs.as_ref(), errors, validate_glusterfs);
    one.next(same("flocker"), s.flocker.as_ref(), errors, shared::validate_flocker);
    one.next(same("nfs"), s.nfs.as_ref(), errors, shared::validate_nfs);
    one.next(same("rbd"), s.rbd.as_ref(), errors, |r, at, errors| {
        require_monitors(&r.monitors, at, errors);
        require(&[("image", &r.image)], at, errors);
    });
    one.next(same("quobyte"), s.quobyte.as_ref(), errors, shared::validate_quobyte);
    let ceph = ("cephFS", "cephfs");
    one.next(ceph, s.cephfs.as_ref(), errors, |c, at, errors| require_monitors(&c.monitors, at, errors));
    one.next(same("iscsi"), s.iscsi.as_ref(), errors, |i, at, errors| validate_iscsi(i, name, at, errors));
    one.next(same("cinder"), s.cinder.as_ref(), errors, validate_cinder);
    one.next(same("fc"), s.fc.as_ref(), errors, shared::validate_fibre_channel);
    // This one may come after another.
    if let Some(f) = &s.flex_volume {
        one.seen = true;
        validate_flex(f, &at.child("flexVolume"), errors);
    }
    one.next(same("azureFile"), s.azure_file.as_ref(), errors, validate_azure_file);
    one.next(same("vsphereVolume"), s.vsphere_volume.as_ref(), errors, |v, at, errors| {
        require(&[("volumePath", &v.volume_path)], at, errors);
    });
    one.next(same("photonPersistentDisk"), s.photon_persistent_disk.as_ref(), errors, |p, at, errors| {
        require(&[("pdID", &p.pd_id)], at, errors);
    });
    one.next(same("portworxVolume"), s.portworx_volume.as_ref(), errors, |p, at, errors| {
        require(&[("volumeID", &p.volume_id)], at, errors);
    });
    one.next(same("azureDisk"), s.azure_disk.as_ref(), errors, shared::validate_azure_disk);
    one.next(same("scaleIO"), s.scale_io.as_ref(), errors, |i, at, errors| {
        let volume = i.volume_name.as_deref().unwrap_or("");
        require(&[("gateway", &i.gateway), ("system", &i.system), ("volumeName", volume)], at, errors);
    });
    let placed = s.node_affinity.is_some();
    one.next(same("local"), s.local.as_ref(), errors, |l, here, errors| {
        require(&[("path", &l.path)], here, errors);
        validate_no_backsteps(&l.path, &here.child("path"), errors);
        if !placed {
            errors.required(&at.child("nodeAffinity"), "Local volume requires node affinity");
        }
    });
    one.next(same("storageos"), s.storageos.as_ref(), errors, validate_storageos);
    one.next(same("csi"), s.csi.as_ref(), errors, validate_csi);
    if !one.seen {
        errors.required(at, "must specify a volume type");
    }
}

fn require_monitors(monitors: &[String], at: &Path<'_>, errors: &mut FieldErrors) {
    if monitors.is_empty() {
        errors.required(&at.child("monitors"), "");
    }
}

/// A secret is named with its namespace: a volume has none.
fn require_secret(s: Option<&SecretReference>, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(s) = s {
        let (name, namespace) = (s.name.as_deref().unwrap_or(""), s.namespace.as_deref().unwrap_or(""));
        require(&[("name", name), ("namespace", namespace)], &at.child("secretRef"), errors);
    }
}

fn validate_glusterfs(g: &GlusterfsPersistentVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("endpoints", &g.endpoints), ("path", &g.path)], at, errors);
    let here = at.child("endpointsNamespace");
    match g.endpoints_namespace.as_deref() {
        None => {}
        Some("") => {
            errors.invalid(&here, "", "if the endpointnamespace is set, it must be a valid namespace name");
        }
        Some(name) => errors.invalid_each(&here, name, names::dns1123_label(name, false)),
    }
}

fn validate_iscsi(i: &ISCSIPersistentVolumeSource, volume: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    const LONGEST: usize = 64;
    require(&[("targetPortal", &i.target_portal)], at, errors);
    if i.initiator_name.is_some() && volume.len() + 1 + i.target_portal.len() > LONGEST {
        let why = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";
        errors.invalid(&at.child("targetportal"), i.target_portal.as_str(), why);
    }
    if i.iqn.is_empty() {
        errors.required(&at.child("iqn"), "");
    } else if !is_iscsi_name(&i.iqn) {
        errors.invalid(&at.child("iqn"), i.iqn.as_str(), "must be valid format");
    }
    validate_lun(i.lun, at, errors);
    let authenticated = i.chap_auth_discovery == Some(true) || i.chap_auth_session == Some(true);
    match &i.secret_ref {
        None if authenticated => errors.required(&at.child("secretRef"), ""),
        None => {}
        Some(s) => require(&[("name", s.name.as_deref().unwrap_or(""))], &at.child("secretRef"), errors),
    }
    if let Some(name) = i.initiator_name.as_deref().filter(|n| !is_iscsi_name(n)) {
        errors.invalid(&at.child("initiatorname"), name, "must be valid format");
    }
}

/// `iqn.2001-04.com.example:storage`, `eui.` and 16 letters, `naa.` and 32.
fn is_iscsi_name(name: &str) -> bool {
    let hexadecimal = |rest: &str, count: usize| {
        let mut letters = rest.chars();
        letters.next().is_some() && letters.as_str().len() == count && rest[1..].bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let ascii = |rest: &str| rest.is_char_boundary(1) && !rest.is_empty();
    if let Some(rest) = name.strip_prefix("eui") {
        return ascii(rest) && hexadecimal(rest, 16);
    }
    if let Some(rest) = name.strip_prefix("naa") {
        return ascii(rest) && hexadecimal(rest, 32);
    }
    name.starts_with("iqn") && is_qualified(name)
}

/// Whether a name has a date, a domain turned round and something of its own, somewhere at least.
fn is_qualified(name: &str) -> bool {
    name.match_indices("iqn.").any(|(i, found)| {
        let rest = &name[i + found.len()..];
        let date = rest.as_bytes();
        let dated = date.len() > 8
            && date[..8].iter().enumerate().all(|(i, b)| match i {
                4 => *b == b'-',
                7 => *b == b'.',
                _ => b.is_ascii_digit(),
            });
        let Some((domain, own)) = rest.get(8..).filter(|_| dated).and_then(|rest| rest.split_once(':')) else {
            return false;
        };
        let separates = |c: char| matches!(c, ',' | ';' | '*' | '&' | '$' | '|') || c.is_ascii_whitespace();
        !domain.is_empty()
            && domain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
            && !own.is_empty()
            && !own.contains(separates)
    })
}

fn validate_cinder(c: &CinderPersistentVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("volumeID", &c.volume_id)], at, errors);
    require_secret(c.secret_ref.as_ref(), at, errors);
}

fn validate_flex(f: &FlexPersistentVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("driver", &f.driver)], at, errors);
    for key in f.options.iter().flatten().map(|(k, _)| k) {
        let domain = format!(".{}", key.split_once('/').map_or(key.as_str(), |(domain, _)| domain).to_lowercase());
        if domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io") {
            let why = "kubernetes.io and k8s.io namespaces are reserved";
            errors.invalid(&at.child("options").key(key), key.as_str(), why);
        }
    }
}

fn validate_azure_file(a: &AzureFilePersistentVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    require(&[("secretName", &a.secret_name), ("shareName", &a.share_name)], at, errors);
    if a.secret_namespace.as_deref() == Some("") {
        errors.required(&at.child("secretNamespace"), "");
    }
}

fn validate_storageos(s: &StorageOSPersistentVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    let name = s.volume_name.as_deref().unwrap_or("");
    if name.is_empty() {
        errors.required(&at.child("volumeName"), "");
    } else {
        errors.invalid_each(&at.child("volumeName"), name, names::dns1123_label(name, false));
    }
    if let Some(namespace) = s.volume_namespace.as_deref().filter(|n| !n.is_empty()) {
        errors.invalid_each(&at.child("volumeNamespace"), namespace, names::dns1123_label(namespace, false));
    }
    if let Some(secret) = &s.secret_ref {
        let (name, namespace) = (secret.name.as_deref().unwrap_or(""), secret.namespace.as_deref().unwrap_or(""));
        require(&[("name", name), ("namespace", namespace)], &at.child("secretRef"), errors);
    }
}

fn validate_csi(c: &CSIPersistentVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    names::validate_driver_name(&c.driver, &at.child("driver"), errors);
    require(&[("volumeHandle", &c.volume_handle)], at, errors);
    for (name, secret) in [
        ("controllerPublishSecretRef", &c.controller_publish_secret_ref),
        ("controllerExpandSecretRef", &c.controller_expand_secret_ref),
        ("nodePublishSecretRef", &c.node_publish_secret_ref),
        ("nodeExpandSecretRef", &c.node_expand_secret_ref),
    ] {
        let Some(secret) = secret else { continue };
        let at = at.child(name);
        validate_named(secret.name.as_deref(), &at.child("name"), names::dns1123_subdomain, errors);
        validate_named(secret.namespace.as_deref(), &at.child("namespace"), names::dns1123_label, errors);
    }
}

fn validate_named(name: Option<&str>, at: &Path<'_>, rule: NameRule, errors: &mut FieldErrors) {
    match name.unwrap_or("") {
        "" => errors.required(at, ""),
        name => errors.invalid_each(at, name, rule(name, false)),
    }
}
