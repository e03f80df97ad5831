//! What a PersistentVolume may not say.
//! Real Kubernetes: pkg/apis/core/validation ValidatePersistentVolume, pkg/volume/validation.

use k8s_openapi::api::core::v1::{PersistentVolumeSpec, VolumeNodeAffinity};
use serde::Serialize;
use serde_json::Value;

use super::sources;
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::PersistentVolume;
use crate::api::kinds::pod_spec::placement::validate_node_selector;
use crate::api::kinds::resources::{validate_basic, validate_positive};
use crate::api::object::Resource;
use crate::api::quantity::canonical;
use crate::api::schema::TypeId;
use crate::api::{canonical as published, internal, names, unified_diff};

/// Where options of a mount were named before they had a field.
pub const MOUNT_OPTIONS: &str = "volume.beta.kubernetes.io/mount-options";

pub fn validate(v: &PersistentVolume, errors: &mut FieldErrors) {
    validate_spec(v, errors);
    if v.annotation(MOUNT_OPTIONS).is_some() && !v.spec.as_ref().is_some_and(sources::takes_mount_options) {
        let metadata = Path::new("metadata");
        let why = "may not specify mount options for this volume type";
        errors.forbidden(&metadata.child("annotations").child(MOUNT_OPTIONS), why);
    }
}

fn validate_spec(v: &PersistentVolume, errors: &mut FieldErrors) {
    let Some(spec) = &v.spec else { return };
    let at = Path::new("spec");
    let modes = spec.access_modes.as_deref().unwrap_or_default();
    if modes.is_empty() {
        errors.required(&at.child("accessModes"), "");
    }
    validate_modes(modes, &at, errors);
    validate_capacity(spec, &at, errors);
    let policy = spec.persistent_volume_reclaim_policy.as_deref().unwrap_or("");
    errors.one_of(&at.child("persistentVolumeReclaimPolicy"), policy, &["Delete", "Recycle", "Retain"]);
    if let Some(affinity) = &spec.node_affinity {
        validate_affinity(affinity, &at.child("nodeAffinity"), errors);
    }
    sources::validate(spec, v.name(), &at, errors);
    let root = spec.host_path.as_ref().is_some_and(|h| is_root(&h.path));
    if root && policy == "Recycle" {
        let why = "may not be 'recycle' for a hostPath mount of '/'";
        errors.forbidden(&at.child("persistentVolumeReclaimPolicy"), why);
    }
    let class = spec.storage_class_name.as_deref().unwrap_or("");
    if !class.is_empty() {
        errors.invalid_each(&at.child("storageClassName"), class, names::dns1123_subdomain(class, false));
    }
    if let Some(mode) = &spec.volume_mode {
        errors.one_of(&at.child("volumeMode"), mode, &["Block", "Filesystem"]);
    }
    if let Some(class) = &spec.volume_attributes_class_name {
        let here = at.child("volumeAttributesClassName");
        if class.is_empty() {
            errors.required(&here, "an empty string is disallowed");
        } else {
            errors.invalid_each(&here, class, names::dns1123_subdomain(class, false));
        }
        if spec.csi.is_none() {
            errors.required(&at.child("csi"), "has to be specified when using volumeAttributesClassName");
        }
    }
}

/// How a volume may be mounted; who wants it for one pod alone wants nothing else.
pub fn validate_modes(modes: &[String], at: &Path<'_>, errors: &mut FieldErrors) {
    const KNOWN: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
    let at = at.child("accessModes");
    for mode in modes {
        errors.one_of(&at, mode, &KNOWN);
    }
    let alone = |mode: &String| mode == "ReadWriteOncePod";
    if modes.iter().any(alone) && modes.iter().any(|m| !alone(m) && KNOWN.contains(&m.as_str())) {
        errors.forbidden(&at, "may not use ReadWriteOncePod with other access modes");
    }
}

fn validate_capacity(spec: &PersistentVolumeSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let at = at.child("capacity");
    let capacity = spec.capacity.as_ref();
    if capacity.is_none_or(|c| c.is_empty()) {
        errors.required(&at, "");
    }
    if !capacity.is_some_and(|c| c.contains_key("storage") && c.len() == 1) {
        let shown = capacity.map_or(Value::Null, |c| c.iter().map(|(k, q)| (k.as_str(), canonical(&q.0))).collect());
        errors.not_supported_struct(&at, shown.to_string(), &["storage"]);
    }
    for (k, q) in capacity.into_iter().flatten() {
        validate_basic(q, &at.key(k), errors);
        validate_positive(q, &at.key(k), errors);
    }
}

fn validate_affinity(affinity: &VolumeNodeAffinity, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(required) = &affinity.required else {
        errors.required(&at.child("required"), "must specify required node constraints");
        return;
    };
    validate_node_selector(required, false, &at.child("required"), errors);
}

/// Whether a path is the root, however it is written.
fn is_root(path: &str) -> bool {
    path.starts_with('/') && path.split('/').all(|step| matches!(step, "" | "." | ".."))
}

pub fn validate_update(new: &PersistentVolume, old: &PersistentVolume, errors: &mut FieldErrors) {
    let judge = |errors: &mut FieldErrors| names::validate_meta(&new.metadata, false, names::dns1123_subdomain, errors);
    judge(errors);
    validate(new, errors);
    // Kubernetes judges the volume once more.
    judge(errors);
    validate_spec(new, errors);
    let (Some(n), Some(o)) = (&new.spec, &old.spec) else { return };
    validate_fixed_source(n, o, errors);
    errors.immutable(&Path::new("volumeMode"), &n.volume_mode, &o.volume_mode);
    if let Some(before) = &o.node_affinity {
        validate_fixed_affinity(n.node_affinity.as_ref(), before, errors);
    }
    if o.volume_attributes_class_name.is_some() && n.volume_attributes_class_name.is_none() {
        let spec = Path::new("spec");
        let why = "update from non-nil value to nil is forbidden";
        errors.forbidden(&spec.child("volumeAttributesClassName"), why);
    }
}

fn validate_fixed_source(n: &PersistentVolumeSpec, o: &PersistentVolumeSpec, errors: &mut FieldErrors) {
    let mut now = sources::only(n);
    // A secret that a driver needs to expand a volume may be given later.
    if let (Some(csi), Some(before)) = (now.csi.as_mut(), o.csi.as_ref())
        && before.controller_expand_secret_ref.is_none()
    {
        csi.controller_expand_secret_ref = None;
    }
    let before = sources::only(o);
    let Some(of) = TypeId::by_name("core/v1.PersistentVolumeSource") else { return };
    if published::equal(&now, &before, "core/v1.PersistentVolumeSpec") {
        return;
    }
    let text = |s: &PersistentVolumeSpec| internal::pretty(&json(s), of);
    let spec = Path::new("spec");
    let diff = unified_diff::unified(&text(&before), &text(&now));
    let why = format!("spec.persistentvolumesource is immutable after creation\n{diff}");
    errors.forbidden(&spec.child("persistentvolumesource"), why);
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Nodes are named by labels, and some labels have got new names.
fn validate_fixed_affinity(new: Option<&VolumeNodeAffinity>, old: &VolumeNodeAffinity, errors: &mut FieldErrors) {
    const RENAMED: [(&str, &str); 5] = [
        ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
        ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
        ("beta.kubernetes.io/os", "kubernetes.io/os"),
        ("beta.kubernetes.io/arch", "kubernetes.io/arch"),
        ("beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"),
    ];
    let mut before = old.clone();
    let requirements = |a: &VolumeNodeAffinity| -> Vec<String> {
        let terms = a.required.iter().flat_map(|r| &r.node_selector_terms);
        let keys = |list: &Option<Vec<_>>| list.iter().flatten().map(|e: &k8s_openapi::api::core::v1::NodeSelectorRequirement| e.key.clone()).collect::<Vec<_>>();
        terms.flat_map(|t| [keys(&t.match_expressions), keys(&t.match_fields)]).flatten().collect()
    };
    let mut wanted = new.map(requirements).unwrap_or_default().into_iter();
    for t in before.required.iter_mut().flat_map(|r| &mut r.node_selector_terms) {
        for e in t.match_expressions.iter_mut().flatten().chain(t.match_fields.iter_mut().flatten()) {
            let now = wanted.next();
            if RENAMED.iter().any(|(old, new)| e.key == *old && now.as_deref() == Some(new)) {
                e.key = now.unwrap_or_default();
            }
        }
    }
    if new.is_some_and(|new| published::equal(new, &before, "core/v1.VolumeNodeAffinity")) {
        return;
    }
    let of = TypeId::by_name("core/v1.VolumeNodeAffinity");
    let shown = new.zip(of).map_or_else(|| "null".into(), |(new, of)| internal::compact(&json(new), of));
    errors.invalid_struct(
        &Path::new("nodeAffinity"),
        shown,
        "field is immutable, except for updating from beta label to GA",
    );
}
