//! Which volume a claim may have. Pure.
//! Real Kubernetes: component-helpers/storage/volume/pv_helpers.go.

use std::collections::BTreeMap;

use super::kinds::resources::amount_of;
use super::kinds::{PersistentVolume, PersistentVolumeClaim, StorageClass, persistentvolume, persistentvolumeclaim};
use super::object::Resource;
use super::quantity::Quantity;
use super::selector::Selector;

pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
pub const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// The node for which a claim waits that is bound only when a pod needs it.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// Who is asked to make a volume for a claim, by the present and by an older name.
pub const PROVISIONERS: [&str; 2] =
    ["volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner"];

/// Whether a volume is meant for a claim, by somebody's wish or because it is bound to it.
pub fn is_meant_for(v: &PersistentVolume, c: &PersistentVolumeClaim) -> bool {
    let Some(r) = v.spec.as_ref().and_then(|s| s.claim_ref.as_ref()) else { return false };
    let uid = r.uid.as_deref().unwrap_or("");
    r.name.as_deref() == Some(c.name())
        && r.namespace.as_deref() == Some(c.namespace())
        && (uid.is_empty() || uid == c.uid())
}

/// Whether a class has its claims wait for the first pod.
pub fn waits_for_consumer(class: Option<&StorageClass>) -> bool {
    class.and_then(|c| c.volume_binding_mode.as_deref()) == Some("WaitForFirstConsumer")
}

pub fn mode(of: Option<&str>) -> &str {
    of.unwrap_or("Filesystem")
}

pub fn same_mode(v: &PersistentVolume, c: &PersistentVolumeClaim) -> bool {
    let of_volume = v.spec.as_ref().and_then(|s| s.volume_mode.as_deref());
    let of_claim = c.spec.as_ref().and_then(|s| s.volume_mode.as_deref());
    mode(of_volume) == mode(of_claim)
}

fn attributes<'a>(v: &'a PersistentVolume, c: &'a PersistentVolumeClaim) -> (&'a str, &'a str) {
    let of_volume = v.spec.as_ref().and_then(|s| s.volume_attributes_class_name.as_deref());
    let of_claim = c.spec.as_ref().and_then(|s| s.volume_attributes_class_name.as_deref());
    (of_volume.unwrap_or(""), of_claim.unwrap_or(""))
}

fn modes(v: &PersistentVolume) -> &[String] {
    v.spec.as_ref().and_then(|s| s.access_modes.as_deref()).unwrap_or_default()
}

/// Whether a volume can be used in all the ways that a claim asks for.
pub fn offers_modes(v: &PersistentVolume, c: &PersistentVolumeClaim) -> bool {
    c.spec.iter().flat_map(|s| s.access_modes.iter().flatten()).all(|m| modes(v).contains(m))
}

pub fn size(v: &PersistentVolume) -> Quantity {
    amount_of(v.spec.as_ref().and_then(|s| s.capacity.as_ref()), "storage")
}

pub fn wanted_size(c: &PersistentVolumeClaim) -> Quantity {
    amount_of(c.spec.as_ref().and_then(|s| s.resources.as_ref()?.requests.as_ref()), "storage")
}

fn phase(v: &PersistentVolume) -> &str {
    v.status.as_ref().and_then(|s| s.phase.as_deref()).unwrap_or("")
}

/// Why a claim can't have the volume that it names.
///
/// # Errors
/// What does not fit, in the words of the controller.
pub fn satisfies(v: &PersistentVolume, c: &PersistentVolumeClaim) -> Result<(), String> {
    let (has, wants) = attributes(v, c);
    if v.is_deleting() {
        Err(format!("the volume is marked for deletion {:?}", v.name()))
    } else if size(v) < wanted_size(c) {
        Err("requested PV is too small".into())
    } else if persistentvolume::class(v) != persistentvolumeclaim::class(c) {
        Err("storageClassName does not match".into())
    } else if has != wants {
        Err("volumeAttributesClassName does not match".into())
    } else if !same_mode(v, c) {
        Err("incompatible volumeMode".into())
    } else if !offers_modes(v, c) {
        Err("incompatible accessMode".into())
    } else {
        Ok(())
    }
}

/// Where a volume is looked for.
#[derive(Clone, Copy)]
pub enum Look<'a> {
    /// For nobody in particular; what is only bound when a pod needs it is left for then.
    Anywhere { delayed: bool },
    /// For a pod on a node: which volumes can be used there.
    At(&'a dyn Fn(&PersistentVolume) -> bool),
}

/// The smallest volume that fits a claim, or the one that is meant for it.
pub fn best<'a>(
    c: &PersistentVolumeClaim,
    volumes: impl Iterator<Item = &'a PersistentVolume>,
    look: Look<'_>,
) -> Option<&'a PersistentVolume> {
    let wanted = wanted_size(c);
    let selector = c.spec.as_ref().and_then(|s| s.selector.as_ref()).map(Selector::of);
    let mut smallest: Option<(&PersistentVolume, Quantity)> = None;
    for v in volumes {
        let taken = v.spec.as_ref().is_some_and(|s| s.claim_ref.is_some());
        let meant = is_meant_for(v, c);
        let (has, wants) = attributes(v, c);
        let has_room = size(v);
        if (taken && !meant) || has_room < wanted || !same_mode(v, c) || has != wants || v.is_deleting() {
            continue;
        }
        let reachable = match look {
            Look::At(usable) => usable(v),
            Look::Anywhere { .. } => true,
        };
        if meant {
            return reachable.then_some(v);
        }
        let fits = match look {
            Look::Anywhere { delayed } => !delayed,
            Look::At(_) => reachable && offers_modes(v, c),
        };
        let fits = fits
            && phase(v) == "Available"
            && selector.as_ref().is_none_or(|s| s.matches(v.metadata.labels.as_ref()))
            && persistentvolume::class(v) == persistentvolumeclaim::class(c);
        if fits && smallest.as_ref().is_none_or(|(_, least)| has_room < *least) {
            smallest = Some((v, has_room));
        }
    }
    smallest.map(|(v, _)| v)
}

/// The same, looked for first among volumes that offer no more ways than needed.
/// Real Kubernetes: pkg/controller/volume/persistentvolume/index.go findByClaim.
pub fn best_of_all<'a>(
    c: &PersistentVolumeClaim,
    volumes: impl Iterator<Item = &'a PersistentVolume>,
    delayed: bool,
) -> Option<&'a PersistentVolume> {
    let mut groups: BTreeMap<(usize, String), Vec<&PersistentVolume>> = BTreeMap::new();
    for v in volumes.filter(|v| offers_modes(v, c)) {
        let text = persistentvolume::short_modes(Some(modes(v)));
        groups.entry((text.split(',').count(), text)).or_default().push(v);
    }
    groups.into_values().find_map(|group| best(c, group.into_iter(), Look::Anywhere { delayed }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn volume(name: &str, size: &str, modes: Value, extra: Value) -> PersistentVolume {
        let mut spec = json!({"capacity": {"storage": size}, "accessModes": modes, "storageClassName": "a", "hostPath": {"path": "/x"}});
        spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(json!({"metadata": {"name": name, "labels": {"disk": name}}, "spec": spec, "status": {"phase": "Available"}})).unwrap()
    }

    fn claim(size: &str, extra: Value) -> PersistentVolumeClaim {
        let mut spec = json!({"accessModes": ["ReadWriteOnce"], "storageClassName": "a", "resources": {"requests": {"storage": size}}});
        spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(json!({"metadata": {"name": "c", "namespace": "d", "uid": "1"}, "spec": spec})).unwrap()
    }

    fn found(c: &PersistentVolumeClaim, all: &[PersistentVolume]) -> Option<String> {
        best_of_all(c, all.iter(), false).map(|v| v.name().to_string())
    }

    #[test]
    fn the_smallest_that_offers_no_more_than_needed_is_taken() {
        let one = json!(["ReadWriteOnce"]);
        let all = [
            volume("many", "1Gi", json!(["ReadWriteOnce", "ReadWriteMany"]), json!({})),
            volume("large", "9Gi", one.clone(), json!({})),
            volume("right", "2Gi", one.clone(), json!({})),
            volume("small", "1Mi", one.clone(), json!({})),
            volume("other", "1Gi", one.clone(), json!({"storageClassName": "b"})),
            volume("block", "1Gi", one.clone(), json!({"volumeMode": "Block"})),
            volume("taken", "1Gi", one.clone(), json!({"claimRef": {"namespace": "d", "name": "x"}})),
        ];
        assert_eq!(found(&claim("1Gi", json!({})), &all).as_deref(), Some("right"));
        assert_eq!(found(&claim("3Gi", json!({})), &all).as_deref(), Some("large"));
        assert_eq!(found(&claim("10Gi", json!({})), &all), None);
        assert_eq!(found(&claim("1Gi", json!({"accessModes": ["ReadWriteMany"]})), &all).as_deref(), Some("many"));
        let chosen = json!({"selector": {"matchLabels": {"disk": "large"}}});
        assert_eq!(found(&claim("1Gi", chosen), &all).as_deref(), Some("large"));
        assert_eq!(best_of_all(&claim("1Gi", json!({})), all.iter(), true).map(|v| v.name()), None, "left for its pod");
    }

    #[test]
    fn a_volume_that_is_meant_for_the_claim_comes_first() {
        let meant = json!({"claimRef": {"namespace": "d", "name": "c"}, "storageClassName": "other"});
        let one = json!(["ReadWriteOnce"]);
        let all = [volume("small", "1Gi", one.clone(), json!({})), volume("meant", "5Gi", one, meant)];
        assert!(is_meant_for(&all[1], &claim("1Gi", json!({}))));
        let c = claim("1Gi", json!({}));
        assert_eq!(best(&c, all.iter(), Look::Anywhere { delayed: true }).map(|v| v.name()), Some("meant"));
        assert_eq!(satisfies(&all[1], &c), Err("storageClassName does not match".into()));
        assert_eq!(satisfies(&all[0], &claim("2Gi", json!({}))), Err("requested PV is too small".into()));
        let only_small = |v: &PersistentVolume| v.name() == "small";
        assert_eq!(best(&c, all.iter(), Look::At(&only_small)).map(|v| v.name()), None, "it has its volume elsewhere");
        assert_eq!(best(&c, all[..1].iter(), Look::At(&only_small)).map(|v| v.name()), Some("small"));
    }
}
