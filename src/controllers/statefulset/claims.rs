//! The claims of a StatefulSet's pods, and who owns them: whoever owns a claim takes it along when it goes.
//! Real Kubernetes: pkg/controller/statefulset/stateful_set_utils.go getPersistentVolumeClaims, isClaimOwnerUpToDate,
//! updateClaimOwnerRefForSetAndPod.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use super::identity;
use crate::api::kinds::{PersistentVolumeClaim, Pod, StatefulSet};
use crate::api::object::{Resource, controller_ref};

/// The templates of the set's claims.
pub fn templates(set: &StatefulSet) -> &[PersistentVolumeClaim] {
    set.spec.as_ref().and_then(|s| s.volume_claim_templates.as_deref()).unwrap_or_default()
}

/// `data-db-0`
pub fn name(set: &StatefulSet, template: &PersistentVolumeClaim, ordinal: i64) -> String {
    format!("{}-{}-{ordinal}", template.name(), set.name())
}

pub fn names(set: &StatefulSet, ordinal: i64) -> impl Iterator<Item = String> + use<'_> {
    templates(set).iter().map(move |t| name(set, t, ordinal))
}

/// The claims that the pod with that ordinal needs.
pub fn wanted(set: &StatefulSet, ordinal: i64) -> impl Iterator<Item = PersistentVolumeClaim> + use<'_> {
    let labels = set.spec.as_ref().and_then(|s| s.selector.match_labels.as_ref());
    templates(set).iter().map(move |t| {
        let mut c = t.clone();
        c.metadata.name = Some(name(set, t, ordinal));
        c.metadata.namespace = Some(set.namespace().into());
        if let Some(more) = labels {
            let own = c.metadata.labels.get_or_insert_default();
            own.extend(more.iter().map(|(k, v)| (k.clone(), v.clone())));
        }
        c
    })
}

/// Whether claims go with the set, and with a pod that is scaled away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    pub with_set: bool,
    pub with_pod: bool,
}

impl Retention {
    pub fn of(set: &StatefulSet) -> Retention {
        let policy = set.spec.as_ref().and_then(|s| s.persistent_volume_claim_retention_policy.as_ref());
        let deletes = |word: Option<&String>| word.is_some_and(|w| w == "Delete");
        Retention {
            with_set: deletes(policy.and_then(|p| p.when_deleted.as_ref())),
            with_pod: deletes(policy.and_then(|p| p.when_scaled.as_ref())),
        }
    }

    /// Whether the set and the pod should own the pod's claims.
    fn owners(self, scaled_away: bool) -> (bool, bool) {
        match (self.with_set, self.with_pod) {
            (with_set, false) => (with_set, false),
            (with_set, true) => (with_set && !scaled_away, scaled_away),
        }
    }
}

/// The reference means something of that kind and name.
fn means<T: Resource>(r: &OwnerReference, o: &T) -> bool {
    let kind = T::kind_ref();
    r.api_version == kind.api_version() && r.kind == kind.name() && r.name == o.name()
}

fn references(c: &PersistentVolumeClaim) -> &[OwnerReference] {
    c.metadata.owner_references.as_deref().unwrap_or_default()
}

fn is_owned_by(c: &PersistentVolumeClaim, uid: &str) -> bool {
    references(c).iter().any(|r| r.uid == uid)
}

/// Whether the claim belongs to an earlier object of the same name.
pub fn has_stale_owner<T: Resource>(c: &PersistentVolumeClaim, o: &T) -> bool {
    references(c).iter().find(|r| means(r, o)).is_some_and(|r| r.uid != o.uid())
}

/// Whether somebody else manages a claim that the policy speaks of.
pub fn has_other_controller(c: &PersistentVolumeClaim, set: &StatefulSet, pod: &Pod) -> bool {
    if Retention::of(set) == (Retention { with_set: false, with_pod: false }) {
        return false;
    }
    references(c).iter().any(|r| match (means(r, set), means(r, pod)) {
        (true, _) => r.uid != set.uid(),
        (_, true) => r.uid != pod.uid(),
        _ => r.controller == Some(true),
    })
}

fn should_own(set: &StatefulSet, pod: &Pod) -> (bool, bool) {
    let scaled_away = !identity::ordinal(pod).is_some_and(|n| identity::ordinals(set).contains(&n));
    Retention::of(set).owners(scaled_away)
}

/// Whether a claim's owners are those that the policy asks for. What belongs to strangers is left alone.
pub fn owners_are_right(c: &PersistentVolumeClaim, set: &StatefulSet, pod: &Pod) -> bool {
    if has_stale_owner(c, set) || has_stale_owner(c, pod) {
        return true;
    }
    let owned = (is_owned_by(c, set.uid()), is_owned_by(c, pod.uid()));
    if has_other_controller(c, set, pod) {
        return owned == (false, false);
    }
    let ours = |r: &&OwnerReference| r.uid == set.uid() || r.uid == pod.uid();
    let manages = references(c).iter().filter(ours).all(|r| r.controller == Some(true));
    manages && owned == should_own(set, pod)
}

pub fn set_owners(c: &mut PersistentVolumeClaim, set: &StatefulSet, pod: &Pod) {
    let strange = has_other_controller(c, set, pod);
    let list = c.metadata.owner_references.get_or_insert_default();
    list.retain(|r| !means(r, set) && !means(r, pod));
    if !strange {
        let (by_set, by_pod) = should_own(set, pod);
        list.extend(by_set.then(|| controller_ref(set)));
        list.extend(by_pod.then(|| controller_ref(pod)));
    }
    c.metadata.owner_references = c.metadata.owner_references.take().filter(|l| !l.is_empty());
}
