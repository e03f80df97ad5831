//! policy/v1 PodDisruptionBudget.

use super::PodDisruptionBudget;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<PodDisruptionBudget> = Kind {
    short_names: &["pdb"],
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Min Available", "type": "string", "format": "", "description": "The minimum number of pods that must be available.", "priority": 0}
        // COLUMN {"name": "Max Unavailable", "type": "string", "format": "", "description": "The maximum number of pods that may be unavailable.", "priority": 0}
        // COLUMN {"name": "Allowed Disruptions", "type": "integer", "format": "", "description": "Calculated number of pods that may be disrupted at this time.", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("policy", "v1"), "PodDisruptionBudget", "poddisruptionbudgets", "poddisruptionbudget")
};
