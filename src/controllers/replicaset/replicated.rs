//! The kinds that keep a number of pods alike: ReplicaSet, and its forerunner, for which the same controller works.
//! Real Kubernetes: pkg/controller/replication/{replication_controller,conversion}.go.

use k8s_openapi::api::apps::v1::{ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::api::core::v1::{PodTemplateSpec, ReplicationControllerCondition, ReplicationControllerStatus};

use crate::api::Resource;
use crate::api::kinds::{ReplicaSet, ReplicationController, replicaset, replicationcontroller};
use crate::api::selector::Selector;

/// What the controller needs to know of such a kind, in the words of ReplicaSet.
pub trait Replicated: Resource {
    /// As the ledger and the story call its controller.
    const CONTROLLER: &'static str;
    /// The controller's service account, and the source of its Events.
    const USER: &'static str;
    /// Whether its status tells how many of its pods are ending.
    const COUNTS_ENDING: bool;

    fn wanted(&self) -> i32;
    fn selector(&self) -> Selector;
    fn template(&self) -> Option<&PodTemplateSpec>;
    /// For how many seconds a pod must have been ready to count as available.
    fn min_ready_seconds(&self) -> i32;
    fn status(&self) -> Option<ReplicaSetStatus>;
    fn set_status(&mut self, status: ReplicaSetStatus);
}

impl Replicated for ReplicaSet {
    const CONTROLLER: &'static str = "replicaset";
    const USER: &'static str = "replicaset-controller";
    const COUNTS_ENDING: bool = true;

    fn wanted(&self) -> i32 {
        replicaset::wanted(self)
    }
    fn selector(&self) -> Selector {
        replicaset::selector(self)
    }
    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref()?.template.as_ref()
    }
    fn min_ready_seconds(&self) -> i32 {
        self.spec.as_ref().and_then(|s| s.min_ready_seconds).unwrap_or(0)
    }
    fn status(&self) -> Option<ReplicaSetStatus> {
        self.status.clone()
    }
    fn set_status(&mut self, status: ReplicaSetStatus) {
        self.status = Some(status);
    }
}

impl Replicated for ReplicationController {
    const CONTROLLER: &'static str = "replicationcontroller";
    const USER: &'static str = "replication-controller";
    const COUNTS_ENDING: bool = false;

    fn wanted(&self) -> i32 {
        replicationcontroller::wanted(self)
    }
    fn selector(&self) -> Selector {
        replicationcontroller::selector(self).map_or(Selector::Nothing, Selector::of_labels)
    }
    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref()?.template.as_ref()
    }
    fn min_ready_seconds(&self) -> i32 {
        self.spec.as_ref().and_then(|s| s.min_ready_seconds).unwrap_or(0)
    }
    fn status(&self) -> Option<ReplicaSetStatus> {
        let s = self.status.as_ref()?;
        let condition = |c: &ReplicationControllerCondition| ReplicaSetCondition {
            type_: c.type_.clone(),
            status: c.status.clone(),
            reason: c.reason.clone(),
            message: c.message.clone(),
            last_transition_time: c.last_transition_time.clone(),
        };
        Some(ReplicaSetStatus {
            replicas: s.replicas,
            fully_labeled_replicas: s.fully_labeled_replicas,
            ready_replicas: s.ready_replicas,
            available_replicas: s.available_replicas,
            terminating_replicas: None,
            observed_generation: s.observed_generation,
            conditions: s.conditions.as_ref().map(|all| all.iter().map(condition).collect()),
        })
    }
    fn set_status(&mut self, s: ReplicaSetStatus) {
        let condition = |c: ReplicaSetCondition| ReplicationControllerCondition {
            type_: c.type_,
            status: c.status,
            reason: c.reason,
            message: c.message,
            last_transition_time: c.last_transition_time,
        };
        self.status = Some(ReplicationControllerStatus {
            replicas: s.replicas,
            fully_labeled_replicas: s.fully_labeled_replicas,
            ready_replicas: s.ready_replicas,
            available_replicas: s.available_replicas,
            observed_generation: s.observed_generation,
            conditions: s.conditions.map(|all| all.into_iter().map(condition).collect()),
        });
    }
}
