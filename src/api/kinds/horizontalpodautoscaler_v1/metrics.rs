//! Metrics, what there is of them, and conditions: between the annotations of autoscaling/v1 and the version that is stored.
//! Real Kubernetes: pkg/apis/autoscaling/v1/conversion.go.

use k8s_openapi::api::autoscaling::v2;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as RawQuantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use super::annotations::{
    Amount, Condition, ContainerResourceCurrent, ContainerResourceSource, Current, ExternalCurrent, ExternalSource,
    ObjectCurrent, ObjectSource, PodsCurrent, PodsSource, Reference, Requirement, ResourceCurrent, ResourceSource,
    Selector, Source,
};

fn amount(q: Option<&RawQuantity>) -> Amount {
    q.map(Into::into).unwrap_or_default()
}

fn maybe(q: Option<&RawQuantity>) -> Option<Amount> {
    q.map(Into::into)
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.into())
}

impl From<Selector> for LabelSelector {
    fn from(s: Selector) -> LabelSelector {
        let requirement = |r: Requirement| LabelSelectorRequirement { key: r.key, operator: r.operator, values: r.values };
        LabelSelector {
            match_labels: s.match_labels,
            match_expressions: s.match_expressions.map(|l| l.into_iter().map(requirement).collect()),
        }
    }
}

impl From<&LabelSelector> for Selector {
    fn from(s: &LabelSelector) -> Selector {
        let requirement = |r: &LabelSelectorRequirement| Requirement {
            key: r.key.clone(),
            operator: r.operator.clone(),
            values: r.values.clone(),
        };
        Selector {
            match_labels: s.match_labels.clone(),
            match_expressions: s.match_expressions.as_ref().map(|l| l.iter().map(requirement).collect()),
        }
    }
}

impl From<Reference> for v2::CrossVersionObjectReference {
    fn from(r: Reference) -> v2::CrossVersionObjectReference {
        v2::CrossVersionObjectReference { kind: r.kind, name: r.name, api_version: r.api_version }
    }
}

impl From<&v2::CrossVersionObjectReference> for Reference {
    fn from(r: &v2::CrossVersionObjectReference) -> Reference {
        let api_version = some(r.api_version.as_deref().unwrap_or(""));
        Reference { kind: r.kind.clone(), name: r.name.clone(), api_version }
    }
}

fn identifier(name: String, selector: Option<Selector>) -> v2::MetricIdentifier {
    v2::MetricIdentifier { name, selector: selector.map(Into::into) }
}

/// A target by its type: so much for each pod, or so much in all.
fn target(value: Option<Amount>, average: Option<Amount>) -> v2::MetricTarget {
    let type_ = if value.is_none() { "AverageValue" } else { "Value" };
    v2::MetricTarget {
        type_: type_.into(),
        value: value.map(Into::into),
        average_value: average.map(Into::into),
        average_utilization: None,
    }
}

fn resource_target(utilization: Option<i32>, average: Option<Amount>) -> v2::MetricTarget {
    let type_ = if utilization.is_none() { "AverageValue" } else { "Utilization" };
    let average_value = average.map(Into::into);
    v2::MetricTarget { type_: type_.into(), average_value, average_utilization: utilization, value: None }
}

impl From<Source> for v2::MetricSpec {
    fn from(s: Source) -> v2::MetricSpec {
        v2::MetricSpec {
            type_: s.kind,
            object: s.object.map(|o| v2::ObjectMetricSource {
                target: object_target(o.target_value, o.average_value),
                described_object: o.target.into(),
                metric: identifier(o.metric_name, o.selector),
            }),
            pods: s.pods.map(|p| v2::PodsMetricSource {
                metric: identifier(p.metric_name, p.selector),
                target: target(None, Some(p.target_average_value)),
            }),
            resource: s.resource.map(|r| v2::ResourceMetricSource {
                name: r.name,
                target: resource_target(r.target_average_utilization, r.target_average_value),
            }),
            container_resource: s.container_resource.map(|r| v2::ContainerResourceMetricSource {
                name: r.name,
                container: r.container,
                target: resource_target(r.target_average_utilization, r.target_average_value),
            }),
            external: s.external.map(|e| v2::ExternalMetricSource {
                metric: identifier(e.metric_name, e.metric_selector),
                target: target(e.target_value, e.target_average_value),
            }),
        }
    }
}

/// This version cannot leave out the amount in all: beside an average, none is meant.
fn object_target(value: Amount, average: Option<Amount>) -> v2::MetricTarget {
    let value = Some(value).filter(|v| average.is_none() || *v != Amount::default());
    let type_ = if average.is_none() { "Value" } else { "AverageValue" };
    v2::MetricTarget { type_: type_.into(), ..target(value, average) }
}

impl From<&v2::MetricSpec> for Source {
    fn from(m: &v2::MetricSpec) -> Source {
        let selector = |id: &v2::MetricIdentifier| id.selector.as_ref().map(Into::into);
        Source {
            kind: m.type_.clone(),
            object: m.object.as_ref().map(|o| ObjectSource {
                target: (&o.described_object).into(),
                metric_name: o.metric.name.clone(),
                target_value: amount(o.target.value.as_ref()),
                selector: selector(&o.metric),
                average_value: maybe(o.target.average_value.as_ref()),
            }),
            pods: m.pods.as_ref().map(|p| PodsSource {
                metric_name: p.metric.name.clone(),
                target_average_value: amount(p.target.average_value.as_ref()),
                selector: selector(&p.metric),
            }),
            resource: m.resource.as_ref().map(|r| ResourceSource {
                name: r.name.clone(),
                target_average_utilization: r.target.average_utilization,
                target_average_value: maybe(r.target.average_value.as_ref()),
            }),
            container_resource: m.container_resource.as_ref().map(|r| ContainerResourceSource {
                name: r.name.clone(),
                target_average_utilization: r.target.average_utilization,
                target_average_value: maybe(r.target.average_value.as_ref()),
                container: r.container.clone(),
            }),
            external: m.external.as_ref().map(|e| ExternalSource {
                metric_name: e.metric.name.clone(),
                metric_selector: selector(&e.metric),
                target_value: maybe(e.target.value.as_ref()),
                target_average_value: maybe(e.target.average_value.as_ref()),
            }),
        }
    }
}

fn current(value: Option<Amount>, average: Option<Amount>, utilization: Option<i32>) -> v2::MetricValueStatus {
    v2::MetricValueStatus {
        value: value.map(Into::into),
        average_value: average.map(Into::into),
        average_utilization: utilization,
    }
}

impl From<Current> for v2::MetricStatus {
    fn from(c: Current) -> v2::MetricStatus {
        v2::MetricStatus {
            type_: c.kind,
            object: c.object.map(|o| v2::ObjectMetricStatus {
                current: current(Some(o.current_value), o.average_value, None),
                described_object: o.target.into(),
                metric: identifier(o.metric_name, o.selector),
            }),
            pods: c.pods.map(|p| v2::PodsMetricStatus {
                current: current(None, Some(p.current_average_value), None),
                metric: identifier(p.metric_name, p.selector),
            }),
            resource: c.resource.map(|r| v2::ResourceMetricStatus {
                name: r.name,
                current: current(None, Some(r.current_average_value), r.current_average_utilization),
            }),
            container_resource: c.container_resource.map(|r| v2::ContainerResourceMetricStatus {
                name: r.name,
                container: r.container,
                current: current(None, Some(r.current_average_value), r.current_average_utilization),
            }),
            external: c.external.map(|e| v2::ExternalMetricStatus {
                current: current(Some(e.current_value), e.current_average_value, None),
                metric: identifier(e.metric_name, e.metric_selector),
            }),
        }
    }
}

impl From<&v2::MetricStatus> for Current {
    fn from(m: &v2::MetricStatus) -> Current {
        let selector = |id: &v2::MetricIdentifier| id.selector.as_ref().map(Into::into);
        Current {
            kind: m.type_.clone(),
            object: m.object.as_ref().map(|o| ObjectCurrent {
                target: (&o.described_object).into(),
                metric_name: o.metric.name.clone(),
                current_value: amount(o.current.value.as_ref()),
                selector: selector(&o.metric),
                average_value: maybe(o.current.average_value.as_ref()),
            }),
            pods: m.pods.as_ref().map(|p| PodsCurrent {
                metric_name: p.metric.name.clone(),
                current_average_value: amount(p.current.average_value.as_ref()),
                selector: selector(&p.metric),
            }),
            resource: m.resource.as_ref().map(|r| ResourceCurrent {
                name: r.name.clone(),
                current_average_utilization: r.current.average_utilization,
                current_average_value: amount(r.current.average_value.as_ref()),
            }),
            container_resource: m.container_resource.as_ref().map(|r| ContainerResourceCurrent {
                name: r.name.clone(),
                current_average_utilization: r.current.average_utilization,
                current_average_value: amount(r.current.average_value.as_ref()),
                container: r.container.clone(),
            }),
            external: m.external.as_ref().map(|e| ExternalCurrent {
                metric_name: e.metric.name.clone(),
                metric_selector: selector(&e.metric),
                current_value: amount(e.current.value.as_ref()),
                current_average_value: maybe(e.current.average_value.as_ref()),
            }),
        }
    }
}

impl From<Condition> for v2::HorizontalPodAutoscalerCondition {
    fn from(c: Condition) -> v2::HorizontalPodAutoscalerCondition {
        v2::HorizontalPodAutoscalerCondition {
            type_: c.kind,
            status: c.status,
            last_transition_time: c.last_transition_time,
            reason: c.reason,
            message: c.message,
        }
    }
}

impl From<&v2::HorizontalPodAutoscalerCondition> for Condition {
    fn from(c: &v2::HorizontalPodAutoscalerCondition) -> Condition {
        Condition {
            kind: c.type_.clone(),
            status: c.status.clone(),
            last_transition_time: c.last_transition_time.clone(),
            reason: some(c.reason.as_deref().unwrap_or("")),
            message: some(c.message.as_deref().unwrap_or("")),
        }
    }
}
