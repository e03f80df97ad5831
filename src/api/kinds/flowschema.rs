//! flowcontrol.apiserver.k8s.io/v1 FlowSchema.

use super::FlowSchema;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<FlowSchema> = Kind {
    namespaced: false,
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "PriorityLevel", "type": "string", "format": "", "description": "`name` is the name of the priority level configuration being referenced Required.", "priority": 0}
        // COLUMN {"name": "MatchingPrecedence", "type": "string", "format": "", "description": "`matchingPrecedence` is used to choose among the FlowSchemas that match a given request. The chosen FlowSchema is among those with the numerically lowest (which we take to be logically highest) MatchingPrecedence.  Each MatchingPrecedence value must be ranged in [1,10000]. Note that if the precedence is not specified, it will be set to 1000 as default.", "priority": 0}
        // COLUMN {"name": "DistinguisherMethod", "type": "string", "format": "", "description": "`distinguisherMethod` defines how to compute the flow distinguisher for requests that match this schema. `nil` specifies that the distinguisher is disabled and thus will always be the empty string.", "priority": 0}
        Column::age(),
        // COLUMN {"name": "MissingPL", "type": "string", "format": "", "description": "references a broken or non-existent PriorityLevelConfiguration", "priority": 0}
    ],
    ..Kind::new(("flowcontrol.apiserver.k8s.io", "v1"), "FlowSchema", "flowschemas", "flowschema")
};
