//! What volumes may not say: their names, that each has one source, and paths below them. What each source may not say is in
//! [`volume_sources`](super::volume_sources).
//! Real Kubernetes: pkg/apis/core/validation/validation.go ValidateVolumes, validateVolumeSource.

use k8s_openapi::api::core::v1::{KeyToPath, PodSpec, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::projected::{validate_downward_api, validate_projected};
use super::volume_sources::*;
use super::{Options, items};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::volume_sources::{
    validate_aws, validate_azure_disk, validate_fibre_channel, validate_flocker, validate_gce, validate_host_path,
    validate_nfs, validate_no_backsteps, validate_quobyte,
};
use crate::api::names;
use crate::api::quantity::Quantity;

/// The volumes of a pod that are written well; only they can be mounted.
pub struct Volumes<'a> {
    list: &'a [Volume],
    /// The places of those that are not.
    broken: Vec<usize>,
}

impl<'a> Volumes<'a> {
    pub fn get(&self, name: &str) -> Option<&'a Volume> {
        self.good(self.list.len()).find(|v| v.name == name)
    }

    fn good(&self, count: usize) -> impl Iterator<Item = &'a Volume> {
        let list = self.list[..count].iter().enumerate();
        list.filter(|(i, _)| !self.broken.contains(i)).map(|(_, v)| v)
    }
}

/// The volume of that name, the last of several.
pub fn named<'a>(s: &'a PodSpec, name: &str) -> Option<&'a Volume> {
    items(&s.volumes).iter().rev().find(|v| v.name == name)
}

/// `meta` is the pod's own; a template has none.
pub fn validate_volumes<'a>(
    s: &'a PodSpec,
    meta: Option<&ObjectMeta>,
    options: Options,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) -> Volumes<'a> {
    let list = items(&s.volumes);
    let mut volumes = Volumes { list, broken: vec![] };
    let pod = meta.and_then(|m| m.name.as_deref()).unwrap_or("");
    for (i, v) in list.iter().enumerate() {
        let here = at.index(i);
        let before = errors.list().len();
        validate_source(v, pod, options, &here, errors);
        if v.name.is_empty() {
            errors.required(&here.child("name"), "");
        } else {
            errors.invalid_each(&here.child("name"), &v.name, names::dns1123_label(&v.name, false));
        }
        if volumes.good(i).any(|other| other.name == v.name) {
            errors.duplicate(&here.child("name"), v.name.as_str());
        }
        if errors.list().len() > before {
            volumes.broken.push(i);
        }
        if let Some(c) = &v.persistent_volume_claim
            && is_made_for_a_volume(&c.claim_name, pod, list)
        {
            let why = "must not reference a PVC that gets created for an ephemeral volume";
            errors.invalid(&here.child("persistentVolumeClaim").child("claimName"), c.claim_name.as_str(), why);
        }
    }
    volumes
}

/// Whether a claim of that name will be made for an ephemeral volume of the pod.
fn is_made_for_a_volume(claim: &str, pod: &str, list: &[Volume]) -> bool {
    let volume = claim.strip_prefix(pod).and_then(|rest| rest.strip_prefix('-'));
    !pod.is_empty() && volume.is_some_and(|name| list.iter().any(|v| v.ephemeral.is_some() && v.name == name))
}

/// How many sources a volume names; one is right.
pub fn sources(v: &Volume) -> usize {
    macro_rules! count {
        ($($source:ident)*) => {{
            // Complete by construction: a source that is not counted here does not compile.
            let Volume { name: _, $($source),* } = v;
            [$($source.is_some()),*].into_iter().filter(|named| *named).count()
        }};
    }
    count!(
        aws_elastic_block_store azure_disk azure_file cephfs cinder config_map csi downward_api empty_dir ephemeral fc
        flex_volume flocker gce_persistent_disk git_repo glusterfs host_path image iscsi nfs persistent_volume_claim
        photon_persistent_disk portworx_volume projected quobyte rbd scale_io secret storageos vsphere_volume
    )
}

/// Looks at the sources in Kubernetes' order: the first one counts, the others are in the way.
fn validate_source(v: &Volume, pod: &str, options: Options, at: &Path<'_>, errors: &mut FieldErrors) {
    let mut seen = v.empty_dir.is_some();
    if let Some(limit) = v.empty_dir.as_ref().and_then(|e| e.size_limit.as_ref())
        && Quantity::parse(&limit.0).is_some_and(Quantity::is_negative)
    {
        let why = "SizeLimit field must be a valid resource quantity";
        errors.forbidden(&at.child("emptyDir").child("sizeLimit"), why);
    }
    // The name that is said of one too many, and, where it differs, the one that is said of what is wrong in it.
    macro_rules! source {
        ($source:ident, $name:literal, $check:ident $(, $with:expr)*) => {
            source!($source, $name, $name, $check $(, $with)*)
        };
        ($source:ident, $many:literal, $name:literal, $check:ident $(, $with:expr)*) => {
            if let Some(s) = &v.$source {
                if seen {
                    errors.forbidden(&at.child($many), "may not specify more than 1 volume type");
                } else {
                    seen = true;
                    $check(s, $($with,)* &at.child($name), errors);
                }
            }
        };
    }
    source!(host_path, "hostPath", validate_host_path);
    source!(git_repo, "gitRepo", validate_git_repo);
    source!(gce_persistent_disk, "gcePersistentDisk", "persistentDisk", validate_gce);
    source!(aws_elastic_block_store, "awsElasticBlockStore", validate_aws);
    source!(secret, "secret", validate_secret);
    source!(nfs, "nfs", validate_nfs);
    source!(iscsi, "iscsi", validate_iscsi);
    if let Some(s) = &v.iscsi {
        validate_iscsi_name(s, &v.name, &at.child("name"), errors);
    }
    source!(glusterfs, "glusterfs", validate_glusterfs);
    source!(flocker, "flocker", validate_flocker);
    source!(persistent_volume_claim, "persistentVolumeClaim", validate_claim);
    source!(rbd, "rbd", validate_rbd);
    source!(cinder, "cinder", validate_cinder);
    source!(cephfs, "cephFS", "cephfs", validate_cephfs);
    source!(quobyte, "quobyte", validate_quobyte);
    source!(downward_api, "downwarAPI", "downwardAPI", validate_downward_api);
    source!(fc, "fc", validate_fibre_channel);
    source!(flex_volume, "flexVolume", validate_flex);
    source!(config_map, "configMap", validate_config_map);
    source!(azure_file, "azureFile", validate_azure_file);
    source!(vsphere_volume, "vsphereVolume", validate_vsphere);
    source!(photon_persistent_disk, "photonPersistentDisk", validate_photon_disk);
    source!(portworx_volume, "portworxVolume", validate_portworx);
    source!(azure_disk, "azureDisk", validate_azure_disk);
    source!(storageos, "storageos", validate_storageos);
    source!(projected, "projected", validate_projected, options);
    source!(scale_io, "scaleIO", validate_scale_io);
    source!(csi, "csi", validate_csi);
    let only = !seen;
    source!(ephemeral, "ephemeral", validate_ephemeral);
    if only && v.ephemeral.is_some() {
        validate_claim_of_pod(&v.name, pod, &at.child("name"), errors);
    }
    source!(image, "image", validate_image, options);
    if !seen {
        errors.required(at, "must specify a volume type");
    }
}

/// The claim that is made for an ephemeral volume is named after the pod and the volume.
fn validate_claim_of_pod(volume: &str, pod: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if pod.is_empty() || volume.is_empty() {
        return;
    }
    let name = format!("{pod}-{volume}");
    for problem in names::dns1123_subdomain(&name, false) {
        errors.invalid(at, volume, format!("PVC name {name:?}: {problem}"));
    }
}

pub fn validate_items(list: &[KeyToPath], at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, item) in list.iter().enumerate() {
        validate_item(item, &at.index(i), errors);
    }
}

pub fn validate_item(item: &KeyToPath, at: &Path<'_>, errors: &mut FieldErrors) {
    if item.key.is_empty() {
        errors.required(&at.child("key"), "");
    }
    if item.path.is_empty() {
        errors.required(&at.child("path"), "");
    }
    validate_local_path(&item.path, &at.child("path"), errors);
    validate_mode(item.mode, &at.child("mode"), errors);
}

pub fn validate_mode(mode: Option<i32>, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(m) = mode.filter(|m| !(0..=0o777).contains(m)) {
        errors.invalid(at, m, "must be a number between 0 and 0777 (octal), both inclusive");
    }
}

/// A path that stays below where it begins, and is not one of those that the kubelet keeps for itself.
pub fn validate_local_path(path: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_descending_path(path, at, errors);
    if path.starts_with("..") && !path.starts_with("../") {
        errors.invalid(at, path, "must not start with '..'");
    }
}

/// A path that stays below where it begins.
pub fn validate_descending_path(path: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if path.starts_with('/') {
        errors.invalid(at, path, "must be a relative path");
    }
    validate_no_backsteps(path, at, errors);
}
