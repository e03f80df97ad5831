//! v1 PersistentVolumeClaim: defaults, columns; [`validation`] says what is wrong with one, [`update`] what a change may do.
//! Real Kubernetes: pkg/apis/core/v1/defaults.go SetDefaults_PersistentVolumeClaim, pkg/api/persistentvolumeclaim,
//! pkg/registry/core/persistentvolumeclaim.

mod update;
pub mod validation;

use k8s_openapi::api::core::v1::{
    PersistentVolumeClaimSpec, PersistentVolumeClaimStatus, TypedLocalObjectReference, TypedObjectReference,
};

use super::PersistentVolumeClaim;
use super::persistentvolume::{CLASS_ANNOTATION, short_modes};
use super::resources::{amount_of, round_up};
use super::updates::keep;
use crate::api::kind::{Kind, Subresource};
use crate::api::object::Resource;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<PersistentVolumeClaim> = Kind {
    short_names: &["pvc"],
    subresources: &[Subresource::Status],
    returns_deleted: true,
    defaults,
    prepare_create: |c| {
        let phase = Some("Pending".into());
        c.status = Some(PersistentVolumeClaimStatus { phase, ..PersistentVolumeClaimStatus::default() });
        arrange_sources(c.spec.get_or_insert_default(), None);
    },
    prepare_update: |new, old| {
        new.status.clone_from(&old.status);
        arrange_sources(new.spec.get_or_insert_default(), old.spec.as_ref());
    },
    prepare_status: |new, old| {
        keep(&mut new.spec, &old.spec);
        default_status(new);
    },
    validate: |c, errors| validation::validate(c, None, errors),
    validate_update: update::validate,
    update_judges_alone: true,
    validate_status: validation::validate_status,
    warnings: |c, _| warnings(c),
    columns: &[
        Column::name(),
        Column::text("Status", "phase represents the current phase of PersistentVolumeClaim.", |c, _| Cell::from(shown_phase(c))),
        Column::text("Volume", "volumeName is the binding reference to the PersistentVolume backing this claim.", |c, _| Cell::from(volume(c))),
        Column::text("Capacity", "capacity represents the actual resources of the underlying volume.", |c, _| Cell::from(capacity(c))),
        Column::text("Access Modes", "accessModes contains the actual access modes the volume backing the PVC has. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes-1", |c, _| Cell::from(modes(c))),
        Column::text("StorageClass", "StorageClass of the pvc", |c, _| Cell::from(class(c))),
        Column::text("VolumeAttributesClass", "VolumeAttributesClass of the pvc", |c, _| Cell::from(c.spec.as_ref().and_then(|s| s.volume_attributes_class_name.as_deref()).unwrap_or("<unset>"))),
        Column::age(),
        Column::wide_text("VolumeMode", "volumeMode defines what type of volume is required by the claim. Value of Filesystem is implied when not included in claim spec.", |c, _| Cell::from(c.spec.as_ref().and_then(|s| s.volume_mode.as_deref()).unwrap_or("<unset>"))),
    ],
    ..Kind::new(("", "v1"), "PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaim")
};

/// What a claim's spec says where its author said nothing; templates of claims are filled in the same way.
pub fn default_spec(s: &mut PersistentVolumeClaimSpec) {
    s.volume_mode.get_or_insert_with(|| "Filesystem".into());
    if let Some(r) = &mut s.resources {
        round_up(&mut r.limits);
        round_up(&mut r.requests);
    }
}

fn defaults(c: &mut PersistentVolumeClaim) {
    default_spec(c.spec.get_or_insert_default());
    default_status(c);
}

fn default_status(c: &mut PersistentVolumeClaim) {
    let status = c.status.get_or_insert_default();
    if status.phase.as_deref().unwrap_or("").is_empty() {
        status.phase = Some("Pending".into());
    }
    round_up(&mut status.capacity);
    round_up(&mut status.allocated_resources);
}

/// The older field takes claims and snapshots only; what else it names is dropped. The newer one takes anything, but
/// nothing of another namespace. Whichever is given fills in the other.
fn arrange_sources(new: &mut PersistentVolumeClaimSpec, old: Option<&PersistentVolumeClaimSpec>) {
    let had_reference = old.is_some_and(|o| o.data_source_ref.is_some());
    let had_source = old.is_some_and(|o| o.data_source.is_some());
    if !had_reference && new.data_source_ref.as_ref().is_some_and(is_elsewhere) {
        new.data_source_ref = None;
    }
    if !had_reference && !had_source && new.data_source_ref.is_none() {
        new.data_source = new.data_source.take().filter(is_claim_or_snapshot);
    }
    match (&new.data_source, &new.data_source_ref) {
        (Some(s), None) => {
            new.data_source_ref = Some(TypedObjectReference {
                api_group: s.api_group.clone(),
                kind: s.kind.clone(),
                name: s.name.clone(),
                namespace: None,
            });
        }
        (None, Some(r)) if !is_elsewhere(r) => {
            new.data_source = Some(TypedLocalObjectReference {
                api_group: r.api_group.clone(),
                kind: r.kind.clone(),
                name: r.name.clone(),
            });
        }
        _ => {}
    }
}

fn is_elsewhere(r: &TypedObjectReference) -> bool {
    r.namespace.as_deref().is_some_and(|n| !n.is_empty())
}

fn is_claim_or_snapshot(s: &TypedLocalObjectReference) -> bool {
    matches!(
        (s.kind.as_str(), s.api_group.as_deref().unwrap_or("")),
        ("PersistentVolumeClaim", "") | ("VolumeSnapshot", "snapshot.storage.k8s.io")
    )
}

fn warnings(c: &PersistentVolumeClaim) -> Vec<String> {
    let mut out = vec![];
    if c.annotation(CLASS_ANNOTATION).is_some() {
        let why = "deprecated since v1.8; use \"storageClassName\" attribute instead";
        out.push(format!("metadata.annotations[{CLASS_ANNOTATION}]: {why}"));
    }
    let resources = c.spec.as_ref().and_then(|s| s.resources.as_ref());
    for (name, list) in [
        ("requests", resources.and_then(|r| r.requests.as_ref())),
        ("limits", resources.and_then(|r| r.limits.as_ref())),
    ] {
        let bytes = amount_of(list, "storage");
        if !bytes.is_whole() {
            out.push(format!(
                "spec.resources.{name}[storage]: fractional byte value \"{bytes}\" is invalid, must be an integer"
            ));
        }
    }
    out
}

fn shown_phase(c: &PersistentVolumeClaim) -> &str {
    if c.is_deleting() {
        return "Terminating";
    }
    c.status.as_ref().and_then(|s| s.phase.as_deref()).unwrap_or("")
}

fn volume(c: &PersistentVolumeClaim) -> &str {
    c.spec.as_ref().and_then(|s| s.volume_name.as_deref()).unwrap_or("")
}

/// What the volume has, once there is one.
fn capacity(c: &PersistentVolumeClaim) -> String {
    if volume(c).is_empty() {
        return String::new();
    }
    amount_of(c.status.as_ref().and_then(|s| s.capacity.as_ref()), "storage").to_string()
}

fn modes(c: &PersistentVolumeClaim) -> String {
    if volume(c).is_empty() {
        return String::new();
    }
    short_modes(c.status.as_ref().and_then(|s| s.access_modes.as_deref()))
}

pub fn class(c: &PersistentVolumeClaim) -> &str {
    let field = || c.spec.as_ref().and_then(|s| s.storage_class_name.as_deref());
    c.annotation(CLASS_ANNOTATION).or_else(field).unwrap_or("")
}
