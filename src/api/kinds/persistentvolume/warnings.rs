//! What whoever writes a PersistentVolume should know.
//! Real Kubernetes: pkg/api/persistentvolume/util.go.

use crate::api::field::Path;
use crate::api::kinds::{PersistentVolume, node_labels};
use crate::api::object::Resource;

const ANNOTATIONS: [(&str, &str); 2] = [
    (super::CLASS_ANNOTATION, "deprecated since v1.8; use \"storageClassName\" attribute instead"),
    (super::validation::MOUNT_OPTIONS, "deprecated since v1.31; use \"mountOptions\" attribute instead"),
];

pub fn of(v: &PersistentVolume) -> Vec<String> {
    let used = ANNOTATIONS.iter().filter(|(key, _)| v.annotation(key).is_some());
    let mut out: Vec<String> = used.map(|(key, why)| format!("metadata.annotations[{key}]: {why}")).collect();
    let Some(spec) = &v.spec else { return out };
    if spec.persistent_volume_reclaim_policy.as_deref() == Some("Recycle") {
        out.push("spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.".into());
    }
    let at = Path::new("spec");
    let affinity = at.child("nodeAffinity");
    let required = affinity.child("required");
    let terms = required.child("nodeSelectorTerms");
    let wanted = spec.node_affinity.as_ref().and_then(|a| a.required.as_ref());
    for (i, t) in wanted.iter().flat_map(|r| &r.node_selector_terms).enumerate() {
        let term = terms.index(i);
        let list = term.child("matchExpressions");
        for (i, e) in t.match_expressions.iter().flatten().enumerate() {
            let why = node_labels::deprecated(&e.key);
            out.extend(why.map(|why| format!("{}: {} is {why}", list.index(i).child("key"), e.key)));
        }
    }
    let gone = [
        (spec.cephfs.is_some(), "cephfs: deprecated in v1.28, non-functional in v1.31+"),
        (spec.photon_persistent_disk.is_some(), "photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+"),
        (spec.scale_io.is_some(), "scaleIO: deprecated in v1.16, non-functional in v1.22+"),
        (spec.storageos.is_some(), "storageOS: deprecated in v1.22, non-functional in v1.25+"),
        (spec.glusterfs.is_some(), "glusterfs: deprecated in v1.25, non-functional in v1.26+"),
        (spec.rbd.is_some(), "rbd: deprecated in v1.28, non-functional in v1.31+"),
    ];
    out.extend(gone.iter().filter(|(used, _)| *used).map(|(_, why)| format!("spec.{why}")));
    out
}
