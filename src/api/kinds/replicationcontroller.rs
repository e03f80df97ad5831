//! v1 ReplicationController.

use super::ReplicationController;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<ReplicationController> = Kind {
    short_names: &["rc"],
    categories: &["all"],
    subresources: &[Subresource::Scale, Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Desired", "type": "integer", "format": "", "description": "Replicas is the number of desired replicas. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller", "priority": 0}
        // COLUMN {"name": "Current", "type": "integer", "format": "", "description": "Replicas is the most recently observed number of replicas. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller", "priority": 0}
        // COLUMN {"name": "Ready", "type": "integer", "format": "", "description": "The number of ready replicas for this replication controller.", "priority": 0}
        Column::age(),
        // COLUMN {"name": "Containers", "type": "string", "format": "", "description": "Names of each container in the template.", "priority": 1}
        // COLUMN {"name": "Images", "type": "string", "format": "", "description": "Images referenced by each container in the template.", "priority": 1}
        // COLUMN {"name": "Selector", "type": "string", "format": "", "description": "Selector is a label query over pods that should match the Replicas count. If Selector is empty, it is defaulted to the labels present on the Pod template. Label keys and values that must match in order to be controlled by this replication controller, if empty defaulted to labels on Pod template. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors", "priority": 1}
    ],
    ..Kind::new(("", "v1"), "ReplicationController", "replicationcontrollers", "replicationcontroller")
};
