//! batch/v1 Job.

use super::Job;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<Job> = Kind {
    categories: &["all"],
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Status", "type": "string", "format": "", "description": "Status of the job.", "priority": 0}
        // COLUMN {"name": "Completions", "type": "string", "format": "", "description": "The number of pods which reached phase Succeeded. The value increases monotonically for a given spec. However, it may decrease in reaction to scale down of elastic indexed jobs.", "priority": 0}
        // COLUMN {"name": "Duration", "type": "string", "format": "", "description": "Time required to complete the job.", "priority": 0}
        Column::age(),
        // COLUMN {"name": "Containers", "type": "string", "format": "", "description": "Names of each container in the template.", "priority": 1}
        // COLUMN {"name": "Images", "type": "string", "format": "", "description": "Images referenced by each container in the template.", "priority": 1}
        // COLUMN {"name": "Selector", "type": "string", "format": "", "description": "A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors", "priority": 1}
    ],
    ..Kind::new(("batch", "v1"), "Job", "jobs", "job")
};
