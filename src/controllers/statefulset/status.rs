//! What a StatefulSet's status says.
//! Real Kubernetes: pkg/controller/statefulset/stateful_set_control.go updateStatus, computeReplicaStatus; inconsistentStatus and
//! completeRollingUpdate of stateful_set_utils.go.

use k8s_openapi::api::apps::v1::StatefulSetStatus;

use super::identity;
use super::plan::{Observed, is_running_and_ready};
use crate::api::object::Resource;

/// `replaced`: how many pods of the current revision this sync has taken away.
pub fn status(seen: &Observed<'_>, collisions: i32, replaced: i32) -> StatefulSetStatus {
    let mut s = StatefulSetStatus {
        observed_generation: Some(seen.set.generation()),
        current_revision: Some(seen.current.into()),
        update_revision: Some(seen.update.into()),
        collision_count: Some(collisions),
        ..StatefulSetStatus::default()
    };
    let (mut ready, mut available, mut current, mut updated) = (0, 0, -replaced, 0);
    for p in seen.replicas.values().copied().chain(seen.condemned.iter().copied()) {
        s.replicas += 1;
        if is_running_and_ready(p) {
            ready += 1;
            available += i32::from(seen.is_available(p));
        }
        if !p.is_deleting() {
            current += i32::from(identity::revision(p) == seen.current);
            updated += i32::from(identity::revision(p) == seen.update);
        }
    }
    let wanted = identity::replicas(seen.set);
    let strategy = seen.set.spec.as_ref().and_then(|s| s.update_strategy.as_ref()?.type_.as_deref());
    if strategy == Some("RollingUpdate") && [updated, ready, s.replicas] == [wanted; 3] {
        current = updated;
        s.current_revision.clone_from(&s.update_revision);
    }
    let positive = |n: i32| (n != 0).then_some(n);
    s.ready_replicas = positive(ready);
    s.available_replicas = Some(available);
    s.current_replicas = positive(current);
    s.updated_replicas = positive(updated);
    s
}

/// Whether a status says something new.
pub fn differs(new: &StatefulSetStatus, old: &StatefulSetStatus) -> bool {
    let numbers = |s: &StatefulSetStatus| {
        [Some(s.replicas), s.ready_replicas, s.available_replicas, s.current_replicas, s.updated_replicas]
            .map(|n| n.unwrap_or(0))
    };
    let names =
        |s: &StatefulSetStatus| [&s.current_revision, &s.update_revision].map(|n| n.clone().unwrap_or_default());
    new.observed_generation.unwrap_or(0) > old.observed_generation.unwrap_or(0)
        || numbers(new) != numbers(old)
        || names(new) != names(old)
}
