//! autoscaling/v1 HorizontalPodAutoscaler: how it is made of the version that is stored, and that of it. It knows one metric, how
//! busy the pods' CPUs are; all else is kept in [`annotations`], which [`metrics`] converts.
//! Real Kubernetes: pkg/apis/autoscaling/v1/conversion.go, defaults.go.

mod annotations;
mod metrics;

use k8s_openapi::api::autoscaling::v1;
use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec,
    HorizontalPodAutoscalerStatus, MetricSpec, MetricStatus, MetricValueStatus, ResourceMetricStatus,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::annotations::{Condition, Current, Source};
use super::horizontalpodautoscaler::{
    BEHAVIOR, CONDITIONS, CURRENT_METRICS, METRICS, cpu_metric, drop_round_trip_annotations,
};
use super::{HorizontalPodAutoscaler, HorizontalPodAutoscalerV1};
use crate::api::kind::{Conversion, Kind, Subresource};
use crate::api::object::Resource;
use crate::api::schema::{Base, TypeId};
use crate::api::{canonical, go_text, internal};

/// Tables of it are those of the stored version.
pub static KIND: Kind<HorizontalPodAutoscalerV1> = Kind {
    short_names: &["hpa"],
    categories: &["all"],
    subresources: &[Subresource::Status],
    conversion: Some(Conversion { hub: HorizontalPodAutoscaler::kind_ref, to_hub, from_hub, validate: None }),
    defaults: |h| {
        h.spec.min_replicas.get_or_insert(1);
    },
    ..Kind::new(("autoscaling", "v1"), "HorizontalPodAutoscaler", "horizontalpodautoscalers", "horizontalpodautoscaler")
};

const BEHAVIOR_TYPE: &str = "autoscaling/v2.HorizontalPodAutoscalerBehavior";

fn to_hub(v: &mut Value) {
    let Ok(old) = serde_json::from_value::<HorizontalPodAutoscalerV1>(v.clone()) else { return };
    let mut hub = HorizontalPodAutoscaler {
        spec: spec_to_hub(&old),
        status: old.status.as_ref().map(|s| status_to_hub(s, &old)),
        metadata: old.metadata,
    };
    drop_round_trip_annotations(&mut hub.metadata);
    *v = serde_json::to_value(&hub).unwrap_or_default();
}

fn from_hub(v: &mut Value) {
    let Ok(hub) = serde_json::from_value::<HorizontalPodAutoscaler>(v.clone()) else { return };
    let mut old = HorizontalPodAutoscalerV1 {
        spec: spec_from_hub(&hub.spec),
        status: hub.status.as_ref().map(status_from_hub),
        metadata: hub.metadata.clone(),
    };
    drop_round_trip_annotations(&mut old.metadata);
    for (key, text) in annotations_of(&hub) {
        old.metadata.annotations.get_or_insert_default().insert(key.into(), text);
    }
    *v = serde_json::to_value(&old).unwrap_or_default();
    canonical::fill(v, crate::api::schema::type_of(HorizontalPodAutoscalerV1::kind_ref()));
}

/// What an annotation holds; nothing if it cannot be read.
fn kept<T: DeserializeOwned>(h: &HorizontalPodAutoscalerV1, key: &str) -> Option<T> {
    serde_json::from_str(h.metadata.annotations.as_ref()?.get(key)?).ok()
}

fn spec_to_hub(h: &HorizontalPodAutoscalerV1) -> HorizontalPodAutoscalerSpec {
    let target = &h.spec.scale_target_ref;
    let others: Vec<Source> = kept(h, METRICS).unwrap_or_default();
    let mut list: Vec<MetricSpec> = others.into_iter().map(Into::into).collect();
    if h.spec.target_cpu_utilization_percentage.is_some() || list.is_empty() {
        list.push(cpu_metric(h.spec.target_cpu_utilization_percentage));
    }
    let behavior: Option<Value> = kept(h, BEHAVIOR);
    HorizontalPodAutoscalerSpec {
        scale_target_ref: CrossVersionObjectReference {
            api_version: target.api_version.clone(),
            kind: target.kind.clone(),
            name: target.name.clone(),
        },
        min_replicas: h.spec.min_replicas,
        max_replicas: h.spec.max_replicas,
        metrics: Some(list),
        behavior: behavior.and_then(|b| read_behavior(&b)),
    }
}

/// The behavior is kept as the API server holds it in memory; its names may be written in any case.
fn read_behavior(v: &Value) -> Option<HorizontalPodAutoscalerBehavior> {
    let behavior = serde_json::from_value(published(v, TypeId::by_name(BEHAVIOR_TYPE)?)).ok()?;
    Some(behavior).filter(|b| *b != HorizontalPodAutoscalerBehavior::default())
}

/// Fields by their published names.
fn published(v: &Value, of: TypeId) -> Value {
    let Value::Object(map) = v else { return v.clone() };
    let fields = map.iter().filter(|(_, v)| !v.is_null()).filter_map(|(name, v)| {
        let f = of.get().fields.iter().find(|f| f.go_name.eq_ignore_ascii_case(name))?;
        let inner = |v: &Value| match f.base {
            Base::Struct(t) => published(v, t),
            _ => v.clone(),
        };
        let v = match v {
            Value::Array(items) => items.iter().map(inner).collect(),
            v => inner(v),
        };
        Some((f.json.to_string(), v))
    });
    Value::Object(fields.collect())
}

fn status_to_hub(s: &v1::HorizontalPodAutoscalerStatus, h: &HorizontalPodAutoscalerV1) -> HorizontalPodAutoscalerStatus {
    let cpu = s.current_cpu_utilization_percentage.map(|n| {
        let current = MetricValueStatus { average_utilization: Some(n), ..MetricValueStatus::default() };
        let resource = Some(ResourceMetricStatus { name: "cpu".into(), current });
        vec![MetricStatus { type_: "Resource".into(), resource, ..MetricStatus::default() }]
    });
    // What the annotation says is more.
    let told: Option<Vec<Current>> = kept(h, CURRENT_METRICS);
    let conditions: Option<Vec<Condition>> = kept(h, CONDITIONS);
    HorizontalPodAutoscalerStatus {
        observed_generation: s.observed_generation,
        last_scale_time: s.last_scale_time.clone(),
        current_replicas: Some(s.current_replicas),
        desired_replicas: s.desired_replicas,
        current_metrics: told.map(|t| t.into_iter().map(Into::into).collect()).or(cpu),
        conditions: conditions.map(|c| c.into_iter().map(Into::into).collect()),
    }
}

/// The utilization that a metric of CPUs aims at.
fn cpu_target(m: &MetricSpec) -> Option<i32> {
    let resource = m.resource.as_ref().filter(|r| m.type_ == "Resource" && r.name == "cpu")?;
    resource.target.average_utilization
}

fn spec_from_hub(s: &HorizontalPodAutoscalerSpec) -> v1::HorizontalPodAutoscalerSpec {
    let target = &s.scale_target_ref;
    v1::HorizontalPodAutoscalerSpec {
        scale_target_ref: v1::CrossVersionObjectReference {
            api_version: target.api_version.clone(),
            kind: target.kind.clone(),
            name: target.name.clone(),
        },
        min_replicas: s.min_replicas,
        max_replicas: s.max_replicas,
        target_cpu_utilization_percentage: s.metrics.iter().flatten().find_map(cpu_target),
    }
}

fn status_from_hub(s: &HorizontalPodAutoscalerStatus) -> v1::HorizontalPodAutoscalerStatus {
    let cpu = s.current_metrics.iter().flatten().filter(|m| m.type_ == "Resource");
    let mut cpu = cpu.filter_map(|m| m.resource.as_ref().filter(|r| r.name == "cpu")?.current.average_utilization);
    v1::HorizontalPodAutoscalerStatus {
        observed_generation: s.observed_generation,
        last_scale_time: s.last_scale_time.clone(),
        current_replicas: s.current_replicas.unwrap_or(0),
        desired_replicas: s.desired_replicas,
        current_cpu_utilization_percentage: cpu.next_back(),
    }
}

/// What the stored object says and this version has no field for.
fn annotations_of(h: &HorizontalPodAutoscaler) -> Vec<(&'static str, String)> {
    let others = h.spec.metrics.iter().flatten().filter(|m| cpu_target(m).is_none()).map(Source::from);
    let status = h.status.as_ref();
    let current = status.into_iter().flat_map(|s| s.current_metrics.iter().flatten()).map(Current::from);
    let conditions = status.into_iter().flat_map(|s| s.conditions.iter().flatten()).map(Condition::from);
    let behavior = h.spec.behavior.as_ref().map(|b| internal::shown(b, BEHAVIOR_TYPE));
    let lists = [
        (METRICS, list_text(&others.collect::<Vec<_>>())),
        (CURRENT_METRICS, list_text(&current.collect::<Vec<_>>())),
        (BEHAVIOR, behavior),
        (CONDITIONS, list_text(&conditions.collect::<Vec<_>>())),
    ];
    lists.into_iter().filter_map(|(key, text)| Some((key, text?))).collect()
}

/// A list as Go writes it, in the order of its structs' fields; an empty one is left out.
fn list_text<T: Serialize>(list: &[T]) -> Option<String> {
    if list.is_empty() {
        return None;
    }
    serde_json::to_string(list).ok().map(|t| go_text::escaped(&t))
}
