//! How a volume is given to a claim: the volume controller does it, and the scheduler for a claim that waited for its pod.
//! Real Kubernetes: component-helpers/storage/volume/pv_helpers.go GetBindVolumeToClaim.

use super::recorder::reference;
use crate::api::Resource;
use crate::api::kinds::{PersistentVolume, PersistentVolumeClaim};
use crate::api::volumes::{BOUND_BY_CONTROLLER, is_meant_for};

/// The volume as it is when it names the claim.
pub fn name_claim(v: &PersistentVolume, c: &PersistentVolumeClaim) -> PersistentVolume {
    let own_choice = !is_meant_for(v, c);
    let mut new = v.clone();
    let spec = new.spec.get_or_insert_default();
    let named = spec.claim_ref.as_ref();
    let right = named.is_some_and(|r| {
        r.name.as_deref() == Some(c.name())
            && r.namespace.as_deref() == Some(c.namespace())
            && r.uid.as_deref() == Some(c.uid())
    });
    if !right {
        spec.claim_ref = Some(reference(c, None));
    }
    if own_choice && v.annotation(BOUND_BY_CONTROLLER).is_none() {
        new.metadata.annotations.get_or_insert_default().insert(BOUND_BY_CONTROLLER.into(), "yes".into());
    }
    new
}
