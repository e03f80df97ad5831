//! autoscaling/v1 HorizontalPodAutoscaler.

use super::HorizontalPodAutoscalerV1;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<HorizontalPodAutoscalerV1> = Kind {
    short_names: &["hpa"],
    categories: &["all"],
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Reference", "type": "string", "format": "", "description": "scaleTargetRef points to the target resource to scale, and is used to the pods for which metrics should be collected, as well as to actually change the replica count.", "priority": 0}
        // COLUMN {"name": "Targets", "type": "string", "format": "", "description": "metrics contains the specifications for which to use to calculate the desired replica count (the maximum replica count across all metrics will be used).  The desired replica count is calculated multiplying the ratio between the target value and the current value by the current number of pods.  Ergo, metrics used must decrease as the pod count is increased, and vice-versa.  See the individual metric source types for more information about how each type of metric must respond. If not set, the default metric will be set to 80% average CPU utilization.", "priority": 0}
        // COLUMN {"name": "MinPods", "type": "string", "format": "", "description": "minReplicas is the lower limit for the number of replicas to which the autoscaler can scale down.  It defaults to 1 pod.  minReplicas is allowed to be 0 if the alpha feature gate HPAScaleToZero is enabled and at least one Object or External metric is configured.  Scaling is active as long as at least one metric value is available.", "priority": 0}
        // COLUMN {"name": "MaxPods", "type": "string", "format": "", "description": "maxReplicas is the upper limit for the number of replicas to which the autoscaler can scale up. It cannot be less that minReplicas.", "priority": 0}
        // COLUMN {"name": "Replicas", "type": "string", "format": "", "description": "currentReplicas is current number of replicas of pods managed by this autoscaler, as last seen by the autoscaler.", "priority": 0}
        Column::age(),
    ],
    conversion: Some(crate::api::kind::Conversion {
        hub: <super::HorizontalPodAutoscaler as crate::api::Resource>::kind_ref,
        to_hub: |_| {},
        from_hub: |_| {},
    }),
    ..Kind::new(("autoscaling", "v1"), "HorizontalPodAutoscaler", "horizontalpodautoscalers", "horizontalpodautoscaler")
};
