//! apps/v1 DaemonSet.

use super::DaemonSet;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<DaemonSet> = Kind {
    short_names: &["ds"],
    categories: &["all"],
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Desired", "type": "integer", "format": "", "description": "The total number of nodes that should be running the daemon pod (including nodes correctly running the daemon pod). More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/", "priority": 0}
        // COLUMN {"name": "Current", "type": "integer", "format": "", "description": "The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod. More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/", "priority": 0}
        // COLUMN {"name": "Ready", "type": "integer", "format": "", "description": "numberReady is the number of nodes that should be running the daemon pod and have one or more of the daemon pod running with a Ready Condition.", "priority": 0}
        // COLUMN {"name": "Up-to-date", "type": "integer", "format": "", "description": "The total number of nodes that are running updated daemon pod", "priority": 0}
        // COLUMN {"name": "Available", "type": "integer", "format": "", "description": "The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and available (ready for at least spec.minReadySeconds)", "priority": 0}
        // COLUMN {"name": "Node Selector", "type": "string", "format": "", "description": "NodeSelector is a selector which must be true for the pod to fit on a node. Selector which must match a node's labels for the pod to be scheduled on that node. More info: https://kubernetes.io/docs/concepts/configuration/assign-pod-node/", "priority": 0}
        Column::age(),
        // COLUMN {"name": "Containers", "type": "string", "format": "", "description": "Names of each container in the template.", "priority": 1}
        // COLUMN {"name": "Images", "type": "string", "format": "", "description": "Images referenced by each container in the template.", "priority": 1}
        // COLUMN {"name": "Selector", "type": "string", "format": "", "description": "A label query over pods that are managed by the daemon set. Must match in order to be controlled. It must match the pod template's labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors", "priority": 1}
    ],
    ..Kind::new(("apps", "v1"), "DaemonSet", "daemonsets", "daemonset")
};
