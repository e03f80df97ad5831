//! v1 PersistentVolume: defaults, columns; [`validation`] and [`sources`] say what is wrong with one, [`warnings`] what its
//! author should know.
//! Real Kubernetes: pkg/apis/core/v1/defaults.go SetDefaults_PersistentVolume, pkg/registry/core/persistentvolume.

mod sources;
pub mod validation;
mod warnings;

use k8s_openapi::api::core::v1::PersistentVolumeStatus;

use super::PersistentVolume;
use super::resources::{amount_of, round_up};
use super::updates::keep;
use crate::api::kind::{Kind, Subresource};
use crate::api::object::Resource;
use crate::api::table::{Cell, Column};
use crate::api::time::Time;

pub static KIND: Kind<PersistentVolume> = Kind {
    short_names: &["pv"],
    namespaced: false,
    subresources: &[Subresource::Status],
    returns_deleted: true,
    defaults,
    prepare_create: |v| {
        v.status = Some(PersistentVolumeStatus {
            phase: Some("Pending".into()),
            last_phase_transition_time: v.metadata.creation_timestamp.clone(),
            ..PersistentVolumeStatus::default()
        });
    },
    prepare_update: |new, old| new.status.clone_from(&old.status),
    prepare_status: |new, old| {
        keep(&mut new.spec, &old.spec);
        default_phase(new);
    },
    validate: validation::validate,
    validate_update: validation::validate_update,
    update_judges_alone: true,
    warnings: |v, _| warnings::of(v),
    columns: &[
        Column::name(),
        Column::text("Capacity", "capacity is the description of the persistent volume's resources and capacity. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#capacity", |v, _| Cell::from(amount_of(v.spec.as_ref().and_then(|s| s.capacity.as_ref()), "storage").to_string())),
        Column::text("Access Modes", "accessModes contains all ways the volume can be mounted. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes", |v, _| Cell::from(short_modes(v.spec.as_ref().and_then(|s| s.access_modes.as_deref())))),
        Column::text("Reclaim Policy", "persistentVolumeReclaimPolicy defines what happens to a persistent volume when released from its claim. Valid options are Retain (default for manually created PersistentVolumes), Delete (default for dynamically provisioned PersistentVolumes), and Recycle (deprecated). Recycle must be supported by the volume plugin underlying this PersistentVolume. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#reclaiming", |v, _| Cell::from(v.spec.as_ref().and_then(|s| s.persistent_volume_reclaim_policy.as_deref()).unwrap_or(""))),
        Column::text("Status", "phase indicates if a volume is available, bound to a claim, or released by a claim. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#phase", |v, _| Cell::from(shown_phase(v))),
        Column::text("Claim", "claimRef is part of a bi-directional binding between PersistentVolume and PersistentVolumeClaim. Expected to be non-nil when bound. claim.VolumeName is the authoritative bind between PV and PVC. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#binding", |v, _| Cell::from(claim(v))),
        Column::text("StorageClass", "StorageClass of the pv", |v, _| Cell::from(class(v))),
        Column::text("VolumeAttributesClass", "VolumeAttributesClass of the pv", |v, _| Cell::from(v.spec.as_ref().and_then(|s| s.volume_attributes_class_name.as_deref()).unwrap_or("<unset>"))),
        Column::text("Reason", "reason is a brief CamelCase string that describes any failure and is meant for machine parsing and tidy display in the CLI.", |v, _| Cell::from(v.status.as_ref().and_then(|s| s.reason.as_deref()).unwrap_or(""))),
        Column::age(),
        Column::wide_text("VolumeMode", "volumeMode defines if a volume is intended to be used with a formatted filesystem or to remain in raw block state. Value of Filesystem is implied when not included in spec.", |v, _| Cell::from(v.spec.as_ref().and_then(|s| s.volume_mode.as_deref()).unwrap_or("<unset>"))),
    ],
    ..Kind::new(("", "v1"), "PersistentVolume", "persistentvolumes", "persistentvolume")
};

/// Where a storage class was named before it had a field.
pub const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

fn defaults(v: &mut PersistentVolume) {
    let spec = v.spec.get_or_insert_default();
    if spec.persistent_volume_reclaim_policy.as_deref().unwrap_or("").is_empty() {
        spec.persistent_volume_reclaim_policy = Some("Retain".into());
    }
    spec.volume_mode.get_or_insert_with(|| "Filesystem".into());
    round_up(&mut spec.capacity);
    sources::default(spec);
    default_phase(v);
}

fn default_phase(v: &mut PersistentVolume) {
    let status = v.status.get_or_insert_default();
    if phase(Some(status)).is_empty() {
        status.phase = Some("Pending".into());
    }
}

fn phase(s: Option<&PersistentVolumeStatus>) -> &str {
    s.and_then(|s| s.phase.as_deref()).unwrap_or("")
}

/// Puts down when the phase of a volume changed, unless whoever changed it has.
pub fn note_transition(new: &mut PersistentVolume, old: &PersistentVolume, now: Time) {
    let before = old.status.as_ref().and_then(|s| s.last_phase_transition_time.as_ref());
    let changed = phase(new.status.as_ref()) != phase(old.status.as_ref());
    let Some(status) = &mut new.status else { return };
    match (changed, &status.last_phase_transition_time) {
        (false, None) => status.last_phase_transition_time = before.cloned(),
        (true, given) if given.is_none() || given.as_ref() == before => {
            status.last_phase_transition_time = Some(now.meta());
        }
        _ => {}
    }
}

/// `RWO,ROX`, always in the same order.
pub fn short_modes(modes: Option<&[String]>) -> String {
    const NAMES: [(&str, &str); 4] =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let modes = modes.unwrap_or_default();
    let known = NAMES.iter().filter(|(name, _)| modes.iter().any(|m| m == name));
    known.map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}

fn shown_phase(v: &PersistentVolume) -> &str {
    if v.is_deleting() { "Terminating" } else { phase(v.status.as_ref()) }
}

fn claim(v: &PersistentVolume) -> String {
    let text = |t: &'_ Option<String>| t.clone().unwrap_or_default();
    let claim = v.spec.as_ref().and_then(|s| s.claim_ref.as_ref());
    claim.map(|c| format!("{}/{}", text(&c.namespace), text(&c.name))).unwrap_or_default()
}

pub fn class(v: &PersistentVolume) -> &str {
    let field = || v.spec.as_ref().and_then(|s| s.storage_class_name.as_deref());
    v.annotation(CLASS_ANNOTATION).or_else(field).unwrap_or("")
}
