//! autoscaling/v2 HorizontalPodAutoscaler, the version that is stored: names, defaults, columns. [`validation`] says what is
//! wrong with it, with [`metrics`] for what it scales by; [`targets`] fills the column of that name.
//! Real Kubernetes: pkg/apis/autoscaling/v2/defaults.go, pkg/apis/autoscaling/validation,
//! pkg/registry/autoscaling/horizontalpodautoscaler.

mod metrics;
mod targets;
mod validation;

use k8s_openapi::api::autoscaling::v2::{
    HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscalerStatus, MetricSpec, MetricTarget, ResourceMetricSource,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::HorizontalPodAutoscaler;
use super::updates::keep;
use crate::api::names;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::{Cell, Column};

pub static KIND: Kind<HorizontalPodAutoscaler> = Kind {
    short_names: &["hpa"],
    categories: &["all"],
    subresources: &[Subresource::Status],
    defaults,
    prepare_create: |h| {
        h.status = Some(Default::default());
        drop_round_trip_annotations(&mut h.metadata);
    },
    prepare_update: |new, old| {
        new.status.clone_from(&old.status);
        drop_round_trip_annotations(&mut new.metadata);
    },
    prepare_status: |new, old| {
        keep(&mut new.spec, &old.spec);
        drop_round_trip_annotations(&mut new.metadata);
    },
    validate: |h, errors| validation::validate_spec(&h.spec, None, errors),
    validate_update: |new, old, errors| {
        names::validate_meta_update(&new.metadata, &old.metadata, errors);
        validation::validate_spec(&new.spec, Some(&old.spec), errors);
    },
    update_judges_alone: true,
    validate_status: |new, _, errors| validation::validate_status(new.status.as_ref(), errors),
    columns: &[
        Column::name(),
        Column::text("Reference", "scaleTargetRef points to the target resource to scale, and is used to the pods for which metrics should be collected, as well as to actually change the replica count.", |h, _| Cell::from(format!("{}/{}", h.spec.scale_target_ref.kind, h.spec.scale_target_ref.name))),
        Column::text("Targets", "metrics contains the specifications for which to use to calculate the desired replica count (the maximum replica count across all metrics will be used).  The desired replica count is calculated multiplying the ratio between the target value and the current value by the current number of pods.  Ergo, metrics used must decrease as the pod count is increased, and vice-versa.  See the individual metric source types for more information about how each type of metric must respond. If not set, the default metric will be set to 80% average CPU utilization.", |h, _| Cell::from(targets::column(h))),
        Column::text("MinPods", "minReplicas is the lower limit for the number of replicas to which the autoscaler can scale down.  It defaults to 1 pod.  minReplicas is allowed to be 0 if the alpha feature gate HPAScaleToZero is enabled and at least one Object or External metric is configured.  Scaling is active as long as at least one metric value is available.", |h, _| Cell::from(h.spec.min_replicas.map_or_else(|| "<unset>".into(), |n| n.to_string()))),
        Column::text("MaxPods", "maxReplicas is the upper limit for the number of replicas to which the autoscaler can scale up. It cannot be less that minReplicas.", |h, _| Cell::from(h.spec.max_replicas)),
        Column::text("Replicas", "currentReplicas is current number of replicas of pods managed by this autoscaler, as last seen by the autoscaler.", |h, _| Cell::from(current_replicas(h.status.as_ref()))),
        Column::age(),
    ],
    ..Kind::new(("autoscaling", "v2"), "HorizontalPodAutoscaler", "horizontalpodautoscalers", "horizontalpodautoscaler")
};

pub use targets::column as targets;

/// What autoscaling/v1 has no field for, it keeps in these annotations. The stored version never has them.
pub const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
pub const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
pub const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
pub const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const SCALE_DOWN_TOLERANCE: &str = "autoscaling.alpha.kubernetes.io/scale-down-tolerance";
const SCALE_UP_TOLERANCE: &str = "autoscaling.alpha.kubernetes.io/scale-up-tolerance";

pub fn drop_round_trip_annotations(meta: &mut ObjectMeta) {
    if let Some(annotations) = &mut meta.annotations {
        for key in [METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR, SCALE_DOWN_TOLERANCE, SCALE_UP_TOLERANCE] {
            annotations.remove(key);
        }
    }
}

/// The utilization of CPUs that is aimed at where nothing else is said, in percent.
const USUAL_CPU_UTILIZATION: i32 = 80;

/// A metric of how busy the pods' CPUs are.
pub fn cpu_metric(utilization: Option<i32>) -> MetricSpec {
    let average_utilization = Some(utilization.unwrap_or(USUAL_CPU_UTILIZATION));
    let target = MetricTarget { type_: "Utilization".into(), average_utilization, ..MetricTarget::default() };
    MetricSpec {
        type_: "Resource".into(),
        resource: Some(ResourceMetricSource { name: "cpu".into(), target }),
        ..MetricSpec::default()
    }
}

fn current_replicas(s: Option<&HorizontalPodAutoscalerStatus>) -> i32 {
    s.and_then(|s| s.current_replicas).unwrap_or(0)
}

fn defaults(h: &mut HorizontalPodAutoscaler) {
    h.spec.min_replicas.get_or_insert(1);
    if h.spec.metrics.as_ref().is_none_or(Vec::is_empty) {
        h.spec.metrics = Some(vec![cpu_metric(None)]);
    }
    if let Some(b) = &mut h.spec.behavior {
        const PERIOD_SECONDS: i32 = 15;
        let policy =
            |type_: &str, value| HPAScalingPolicy { type_: type_.into(), value, period_seconds: PERIOD_SECONDS };
        let up = b.scale_up.get_or_insert_default();
        up.stabilization_window_seconds.get_or_insert(0);
        default_rules(up, vec![policy("Pods", 4), policy("Percent", 100)]);
        // How long to wait before scaling down is the controller's to know.
        default_rules(b.scale_down.get_or_insert_default(), vec![policy("Percent", 100)]);
    }
}

fn default_rules(rules: &mut HPAScalingRules, policies: Vec<HPAScalingPolicy>) {
    rules.select_policy.get_or_insert_with(|| "Max".into());
    rules.policies.get_or_insert(policies);
}
