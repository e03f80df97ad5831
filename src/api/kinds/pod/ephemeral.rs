//! The subresource `ephemeralcontainers`: containers that are added to a running pod to look into it.
//! Real Kubernetes: pkg/registry/core/pod/strategy.go podEphemeralContainersStrategy,
//! pkg/apis/core/validation/validation.go ValidatePodEphemeralContainersUpdate.

use super::update::{options, published, validate_annotations};
use super::validate_meta_and_spec;
use crate::api::field::{FieldErrors, Path};
use crate::api::go_text::quoted;
use crate::api::kinds::Pod;
use crate::api::kinds::pod_spec::items;
use crate::api::kinds::pod_spec::resources::MIRROR;
use crate::api::schema::TypeId;
use crate::api::{internal, unified_diff};

const TYPE: &str = "core/v1.EphemeralContainer";

/// Only the ephemeral containers of `new` count.
pub fn prepare_ephemeral_containers(new: &mut Pod, old: &Pod) {
    let wanted = new.spec.as_ref().and_then(|s| s.ephemeral_containers.clone());
    keep_all(new, old);
    if let Some(s) = &mut new.spec {
        s.ephemeral_containers = wanted;
        crate::api::kinds::pod_spec::drop_disabled(s, old.spec.as_deref());
    }
}

/// Takes back everything but what a subresource never touches: the name, the UID, the revision.
pub(super) fn keep_all(new: &mut Pod, old: &Pod) {
    new.spec = old.spec.clone();
    new.status = old.status.clone();
    let (n, o) = (&mut new.metadata, &old.metadata);
    n.deletion_timestamp = o.deletion_timestamp.clone();
    n.generation = o.generation;
    n.self_link = o.self_link.clone();
    n.labels = o.labels.clone();
    n.annotations = o.annotations.clone();
    n.finalizers = o.finalizers.clone();
    n.owner_references = o.owner_references.clone();
}

pub fn validate_ephemeral_containers(new: &Pod, old: &Pod, errors: &mut FieldErrors) {
    if old.metadata.annotations.as_ref().is_some_and(|a| a.contains_key(MIRROR)) {
        return errors.forbidden(&Path::new(""), "static pods do not support ephemeral containers");
    }
    let options = options(old);
    validate_meta_and_spec(new, options, errors);
    validate_annotations(new, old, options, errors);
    let of = |p: &Pod| p.spec.as_ref().map(|s| items(&s.ephemeral_containers).to_vec()).unwrap_or_default();
    let (now, before) = (of(new), of(old));
    let spec = Path::new("spec");
    let at = spec.child("ephemeralContainers");
    for o in &before {
        let name = quoted(&o.name);
        // Of several of one name the last counts.
        let Some(n) = now.iter().rfind(|n| n.name == o.name) else {
            errors.forbidden(&at, format!("existing ephemeral containers {name} may not be removed\n"));
            continue;
        };
        let (was, is) = (published(o, TYPE), published(n, TYPE));
        if was != is
            && let Some(t) = TypeId::by_name(TYPE)
        {
            let is = serde_json::to_value(n).unwrap_or_default();
            let change = unified_diff::unified(&internal::pretty(&was, t), &internal::pretty(&is, t));
            errors.forbidden(&at, format!("existing ephemeral containers {name} may not be changed\n{change}"));
        }
    }
}
