//! scheduling.k8s.io/v1 PriorityClass.

use super::PriorityClass;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<PriorityClass> = Kind {
    short_names: &["pc"],
    namespaced: false,
    columns: &[
        Column::name(),
        // COLUMN {"name": "Value", "type": "integer", "format": "", "description": "value represents the integer value of this priority class. This is the actual priority that pods receive when they have the name of this class in their pod spec.", "priority": 0}
        // COLUMN {"name": "Global-Default", "type": "boolean", "format": "", "description": "globalDefault specifies whether this PriorityClass should be considered as the default priority for pods that do not have any priority class. Only one PriorityClass can be marked as `globalDefault`. However, if more than one PriorityClasses exists with their `globalDefault` field set to true, the smallest value of such global default PriorityClasses will be used as the default priority.", "priority": 0}
        Column::age(),
        // COLUMN {"name": "PreemptionPolicy", "type": "string", "format": "", "description": "preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, PreemptLowerPriority. Defaults to PreemptLowerPriority if unset.", "priority": 0}
    ],
    ..Kind::new(("scheduling.k8s.io", "v1"), "PriorityClass", "priorityclasses", "priorityclass")
};
